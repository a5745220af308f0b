"""Which sensors cannot be believed (NAMUR NE 107), from the quality flags of their newest readings and from silence.

A sensor problem is its own event: it opens an instrument job and takes the signal away from the models, so that it
never blames the machine. When every sensor of a machine is silent, its gateway or the machine is away: no single sensor
is accused, and the assessment says that the asset is offline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forewarn.core.health import SensorProblem
from forewarn.core.readings import Quality, SignalSpec

RECENT = 24
"""So many newest readings of a signal are judged."""

SILENT_PERIODS = 10
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


@dataclass(frozen=True, slots=True)
class RecentReadings:
    """The newest readings of one signal, oldest first: times (UTC us), values, `Quality` bits. At most `RECENT`."""

    at: Sequence[int]
    value: Sequence[float]
    quality: Sequence[int]


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
