"""Readings that people enter: which rounds are due, in which unit a value was read, and what is to be asked back. Pure.

What is plainly wrong is refused; what is only unlikely is asked back once, and stored when the person confirms it (a
meter was exchanged, a machine did run that hot); what is merely far from the last values is stored with a remark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR, US_PER_S
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, SignalSpec, Track
from forewarn.core.units import COUNTING, Conversion
from forewarn.pipeline.plant_detection import detection_fault, split_unit
from forewarn.pipeline.plant_units import UnitError, resolve_unit

EARLIER_PERIODS = 30
LEAST_LOOK_BACK_US = US_PER_DAY
LOOK_BACK_US = 400 * US_PER_DAY
"""How far back earlier readings are compared: 30 periods, a day at least; what is read at no fixed time, 400 days."""

FUTURE_US = 60 * US_PER_S
FEW = 4
FAR = 8.0
SMALLEST_SCATTER = 0.01
_NORMAL = 1.4826  # median absolute deviation -> standard deviation of a normal one


@dataclass(frozen=True, slots=True)
class Round:
    """Signals of one asset that are read together; `period_s` None: at no fixed time."""

    asset: str
    name: str
    signals: tuple[SignalSpec, ...]
    period_s: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit as it stands on an instrument, and what makes the canonical one of it."""

    unit: str
    conversion: Conversion


def rounds_of(assets: Iterable[Asset]) -> Iterator[Round]:
    """The rounds of these machines, in the order of the plant file."""
    for asset in assets:
        found: dict[str, list[SignalSpec]] = {}
        for spec in asset.signals:
            if spec.by_hand is not None:
                found.setdefault(spec.by_hand.round, []).append(spec)
        for name, signals in found.items():
            yield Round(asset.id, name, tuple(signals), signals[0].period_s)


def due_since_us(round: Round, last_at_us: Mapping[str, int], now_us: int) -> tuple[bool, int | None]:
    """(is it due?, since when): a round is as old as its oldest reading. What was never read is due, since nobody knows
    when; what has no period is never due. `last_at_us`: signal -> time of its newest reading.

    >>> spec = SignalSpec("p1", "iron", "ratio", "percent", "", period_s=86_400.0)
    >>> due_since_us(Round("p1", "oil", (spec,), 86_400.0), {"iron": 0}, 100_000_000_000)
    (True, 86400000000)
    """
    if round.period_s is None:
        return False, None
    if any(spec.signal not in last_at_us for spec in round.signals):
        return True, None
    due_us = min(last_at_us[spec.signal] for spec in round.signals) + int(round.period_s * US_PER_S)
    return due_us <= now_us, due_us


def scale_of(spec: SignalSpec, unit: str | None = None) -> Scale:
    """The unit that a value was read in: the one that is named, else the one on the instrument, else the canonical one.

    Raises UnitError for a unit that does not measure the quantity, or that says another detection.

    >>> spec = SignalSpec("p1", "oil", "temperature", "degC", "")
    >>> round(scale_of(spec, "degF").conversion.apply(212.0), 6), scale_of(spec).unit
    (100.0, 'degC')
    """
    if not unit:
        return Scale(spec.by_hand.unit, spec.conversion) if spec.by_hand else Scale(spec.unit, Conversion())
    bare, of_unit = split_unit(unit)
    _, conversion = resolve_unit(bare, spec.quantity)
    wrong = detection_fault(spec.quantity, of_unit, spec.detection)
    if wrong:
        raise UnitError(wrong)
    return Scale(unit, conversion)


def time_fault(at_us: int, now_us: int, retention_us: int) -> str | None:
    """What is wrong with the time of an entry, None when nothing is."""
    if at_us > now_us + FUTURE_US:
        return f"this time lies {(at_us - now_us) / US_PER_S:.0f} s ahead"
    if at_us < now_us - retention_us:
        return "readings of this time are not kept any more: `forewarn series import` is for history"
    return None


def look_back_us(spec: SignalSpec) -> int:
    """How far around an entry other readings are looked at."""
    if spec.period_s is None:
        return LOOK_BACK_US if spec.by_hand else LEAST_LOOK_BACK_US
    return max(int(EARLIER_PERIODS * spec.period_s * US_PER_S), LEAST_LOOK_BACK_US)


def doubts(spec: SignalSpec, value: float, at_us: int, around: Track, scale: Scale) -> list[str]:
    """What is to be confirmed before a value (canonical unit) is taken. `around`: readings before and after `at_us`.

    >>> spec = SignalSpec("p1", "hours", "operating_time", "h", "")
    >>> doubts(spec, 90.0, 20, Track.of([10], [100.0]), Scale("h", Conversion()))
    ['90 h is less than the 100 h before: was the meter exchanged, or did it roll over?']
    """
    found = []
    if (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
        found.append(f"{_told(value, scale)} is outside {_limits(spec, scale)}")
    if spec.quantity in COUNTING:
        found += _against_the_meter(value, at_us, around, scale)
    return found


def remarks(spec: SignalSpec, value: float, at_us: int, around: Track, scale: Scale) -> list[str]:
    """What strikes about a value that is taken all the same: far from those before, or faster than the clock."""
    earlier = around.between(0, at_us)
    if len(earlier) == 0:
        return []
    last_at, last = int(earlier.at[-1]), float(earlier.value[-1])
    if spec.quantity == "operating_time" and value - last > (at_us - last_at) / US_PER_HOUR * 1.02 + 1.0:
        return [f"{value - last:g} h more, in {(at_us - last_at) / US_PER_HOUR:.1f} h"]
    if spec.quantity not in COUNTING and _is_far(value, earlier.value, spec):
        return [f"{_told(value, scale)} is far from the values before, of which the last is {_told(last, scale)}"]
    return []


def same_time(at_us: int, around: Track) -> float | None:
    """The value that is stored for exactly this time, None where there is none."""
    found = np.flatnonzero(around.at == at_us)
    return float(around.value[found[0]]) if len(found) else None


def _against_the_meter(value: float, at_us: int, around: Track, scale: Scale) -> Iterator[str]:
    before, after = around.between(0, at_us), around.between(at_us + 1, 2**62)
    if len(before) and value < before.value[-1]:
        was = _told(float(before.value[-1]), scale)
        yield f"{_told(value, scale)} is less than the {was} before: was the meter exchanged, or did it roll over?"
    if len(after) and value > after.value[0]:
        was = _told(float(after.value[0]), scale)
        yield f"{_told(value, scale)} is more than the {was} that was read later"


def _is_far(value: float, earlier: Floats, spec: SignalSpec) -> bool:
    """Eight deviations (robust) from the middle of the values before; of few values, half the range from the last."""
    if len(earlier) < FEW:
        return spec.low is not None and spec.high is not None and abs(value - earlier[-1]) > (spec.high - spec.low) / 2
    middle = float(np.median(earlier))
    scatter = _NORMAL * float(np.median(np.abs(earlier - middle)))
    return abs(value - middle) > FAR * max(scatter, SMALLEST_SCATTER * abs(middle), 1e-9)


def _limits(spec: SignalSpec, scale: Scale) -> str:
    ends = [None if end is None else scale.conversion.invert(end) for end in (spec.low, spec.high)]
    low, high = ("" if end is None else f"{end:.6g}" for end in ends)
    said = f"{low} to {high}" if low and high else f"{low} and more" if low else f"{high} and less"
    return f"what the plant file expects ({said} {scale.unit})"


def _told(value: float, scale: Scale) -> str:
    return f"{scale.conversion.invert(value):.6g} {scale.unit}"
