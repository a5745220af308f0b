"""Which sensors cannot be believed (NAMUR NE 107), from the quality flags of their newest readings and from silence.

A sensor problem is its own event: it opens an instrument job and takes the signal away from the models, so that it
never blames the machine. When every sensor of a machine is silent, its gateway or the machine is away: no single sensor
is accused, and the assessment says that the asset is offline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from forewarn.core.clock import US_PER_S
from forewarn.core.health import SensorProblem
from forewarn.core.readings import Quality, SignalSpec
from forewarn.pipeline.recent import RecentReadings
from forewarn.pipeline.sensor_units import UnitStep

SILENT_PERIODS = 10
GAP_PERIODS = 5
CLOCK_AHEAD_S = 60.0
_LABELS = (
    (Quality.STUCK, "stuck", 6, "{signal} has not moved since {n} readings: {value:g} {unit}"),
    (
        Quality.OUT_OF_RANGE,
        "out_of_range",
        4,
        "{signal} reads {value:g} {unit}, outside its physical limits [{low}, {high}]",
    ),
    (Quality.JUMP, "jumping", 4, "{signal} jumps faster than {rate:g} {unit}/s can be real"),
)


def sensors_of(signals: Sequence[SignalSpec]) -> list[SignalSpec]:
    """Signals that a sensor sends. What people enter is no sensor's fault: an overdue round is due, not silent."""
    return [spec for spec in signals if spec.by_hand is None]


def sensor_problems(
    signals: Sequence[SignalSpec], recent: Mapping[str, RecentReadings], now_us: int, road_delay_us: int
) -> tuple[SensorProblem, ...]:
    """Problems of an asset's sensors now. `road_delay_us` is plant time that a reading may take from sensor to here."""
    found = []
    silent = [s for s in signals if _is_silent(s, recent.get(s.signal), now_us, road_delay_us)]
    heard = [s for s in signals if s.signal in recent]
    if len(silent) < len(heard):
        found += [_silence(s, recent[s.signal], now_us) for s in silent]
    for spec in signals:
        problem = _flagged(spec, recent.get(spec.signal))
        if problem is not None:
            found.append(problem)
    return tuple(found)


def all_silent(
    signals: Sequence[SignalSpec], recent: Mapping[str, RecentReadings], now_us: int, road_delay_us: int
) -> bool:
    """Is nothing heard of the machine at all? Then nobody can tell how its sensors are."""
    heard = [s for s in signals if s.signal in recent and s.period_s]
    return bool(heard) and all(_is_silent(s, recent[s.signal], now_us, road_delay_us) for s in heard)


def sensor_notices(
    signals: Sequence[SignalSpec], recent: Mapping[str, RecentReadings], now_us: int, road_delay_us: int
) -> tuple[SensorProblem, ...]:
    """What is wrong on the way of the readings and not with their values: gaps, and a clock that runs ahead."""
    heard = [(spec, recent[spec.signal]) for spec in signals if spec.signal in recent]
    found = [_gap(spec, newest) for spec, newest in heard]
    found += [_clock(spec, newest, now_us, road_delay_us) for spec, newest in heard]
    return tuple(notice for notice in found if notice is not None)


def unit_problem(step: UnitStep, unit: str) -> SensorProblem:
    """A step by the factor between two units, as a problem of its sensor; `unit` is the canonical one."""
    leap = f"{step.signal} leapt from {step.before:g} to {step.after:g} {unit} while nothing else moved"
    text = f"{leap}, as if its unit had been changed to or from {step.unit}"
    return SensorProblem(step.signal, "unit_suspect", step.since_us, text)


def _gap(spec: SignalSpec, recent: RecentReadings) -> SensorProblem | None:
    """The longest pause among the newest readings, when it is far longer than usual."""
    if not spec.period_s or len(recent.at) < 2:
        return None
    pauses = [later - earlier for earlier, later in pairwise(recent.at)]
    longest = max(pauses)
    if longest <= GAP_PERIODS * spec.period_s * US_PER_S:
        return None
    missing = round(longest / (spec.period_s * US_PER_S)) - 1
    text = f"{spec.signal} was not heard for {longest / 3.6e9:.1f} h: about {missing} readings are missing"
    return SensorProblem(spec.signal, "gap", recent.at[pauses.index(longest)], text)


def _clock(spec: SignalSpec, recent: RecentReadings, now_us: int, road_delay_us: int) -> SensorProblem | None:
    """Readings of a time that has not come yet."""
    ahead_us = recent.at[-1] - now_us
    if ahead_us <= CLOCK_AHEAD_S * US_PER_S + road_delay_us:
        return None
    text = f"{spec.signal} sends times that lie {ahead_us / 1e6:.0f} s ahead: the clock of its device is wrong"
    return SensorProblem(spec.signal, "clock", recent.at[-1], text)


def _is_silent(spec: SignalSpec, recent: RecentReadings | None, now_us: int, road_delay_us: int) -> bool:
    if recent is None or not spec.period_s:
        return False
    patience_us = int(SILENT_PERIODS * spec.period_s * 1e6) + road_delay_us
    return now_us - recent.at[-1] > patience_us


def _silence(spec: SignalSpec, recent: RecentReadings, now_us: int) -> SensorProblem:
    hours = (now_us - recent.at[-1]) / 3.6e9
    text = f"{spec.signal} has been silent for {hours:.1f} h; it usually speaks every {spec.period_s:g} s"
    return SensorProblem(spec.signal, "silent", recent.at[-1], text)


def _flagged(spec: SignalSpec, recent: RecentReadings | None) -> SensorProblem | None:
    """The problem that the newest readings agree on: the newest is flagged, and enough others are."""
    if recent is None:
        return None
    for bit, kind, needed, template in _LABELS:
        flagged = [i for i, q in enumerate(recent.quality) if q & bit]
        if len(flagged) < needed or not any(q & bit for q in recent.quality[-2:]):
            continue
        text = template.format(
            signal=spec.signal,
            n=len(flagged),
            value=recent.value[flagged[-1]],
            unit=spec.unit,
            low=spec.low,
            high=spec.high,
            rate=spec.max_rate_per_s or 0,
        )
        return SensorProblem(spec.signal, kind, recent.at[flagged[0]], text)
    return None
