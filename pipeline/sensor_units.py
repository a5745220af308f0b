"""A value that leaps by the factor between two units (bar and psi, degC and degF, mm/s and in/s) while the machine goes
on as before: somebody has changed the unit at the gateway, and the plant file does not know.

A machine that is started or loaded moves more than one signal; a changed unit moves none but those that it was changed
for, and these by known factors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, SignalSpec
from forewarn.core.units import MISTAKEN_UNITS
from forewarn.pipeline.recent import RecentReadings

BEFORE, AFTER = 6, 3
"""So many readings at least stand on either side of the step."""

TOLERANCE = 0.03  # of the new value: how well the factor is met
QUIET_SHARE = 0.25  # of the step: how far readings on either side may scatter
UNMOVED_SHARE = 0.2  # of its value: what another signal may move meanwhile
NEWEST = 6


@dataclass(frozen=True, slots=True)
class UnitStep:
    """A signal has leapt from `before` to `after` (canonical unit) at `since_us`, as if it came in `unit` now."""

    signal: str
    since_us: int
    before: float
    after: float
    unit: str

    def lasts(self, value: Sequence[float]) -> bool:
        """Do the newest readings still stand nearer to the new level than to the old one?"""
        now = float(np.median(np.asarray(value[-NEWEST:])))
        return abs(now - self.after) < abs(now - self.before)


def unit_steps(signals: Sequence[SignalSpec], recent: Mapping[str, RecentReadings]) -> dict[str, UnitStep]:
    """Signals whose newest readings have leapt by the factor between two units, and nothing else has moved."""
    heard = [spec for spec in signals if spec.signal in recent]
    leapt = {spec.signal: step for spec in heard if (step := _leap(spec, recent[spec.signal])) is not None}
    regime = {spec.signal for spec in heard if spec.role in ("run", "speed", "load")}
    return {name: step for name, step in leapt.items() if _alone(step, leapt, recent, regime)}


def _leap(spec: SignalSpec, recent: RecentReadings) -> UnitStep | None:
    value = np.asarray(recent.value, np.float64)
    if spec.kind != "scalar" or len(value) < BEFORE + AFTER:
        return None
    place = int(np.argmax(np.abs(np.diff(value)))) + 1
    if place < BEFORE or len(value) - place < AFTER:
        return None
    before, after = value[:place], value[place:]
    unit = _unit_between(spec.quantity, before, after)
    if unit is None:
        return None
    return UnitStep(spec.signal, int(recent.at[place]), float(np.median(before)), float(np.median(after)), unit)


def _unit_between(quantity: str, before: Floats, after: Floats) -> str | None:
    """The unit that explains the step: what arrives is in it now, or was in it before."""
    old, new = float(np.median(before)), float(np.median(after))
    quiet = QUIET_SHARE * abs(new - old)
    if max(np.ptp(before), np.ptp(after)) > quiet:
        return None
    for unit, conversion in MISTAKEN_UNITS.get(quantity, {}).items():
        if _near(new, conversion.invert(old), old) or _near(new, conversion.apply(old), old):
            return unit
    return None


def _near(new: float, expected: float, old: float) -> bool:
    """Is this the expected value, and far enough from the old one to be told from it?"""
    return abs(new - expected) <= TOLERANCE * abs(expected) and abs(expected - old) > 4 * TOLERANCE * abs(expected)


def _alone(
    step: UnitStep, leapt: Mapping[str, UnitStep], recent: Mapping[str, RecentReadings], regime: Set[str]
) -> bool:
    """Nothing else moved at that time but what leapt by a factor of its own.

    A machine that was started may leap by any factor: its run state, speed or load has to witness that it was not, or
    three signals that leap by a factor each.
    """
    witnesses = {name: _moved(recent[name], step.since_us) for name in recent if name not in leapt}
    if any(witnesses.values()):
        return False
    return len(leapt) >= 3 or any(witnesses.get(name) is False for name in regime)


def _moved(recent: RecentReadings, at_us: int) -> bool | None:
    """Did a signal move then? None when it was not heard on both sides."""
    at, value = np.asarray(recent.at), np.asarray(recent.value, np.float64)
    before, after = value[at < at_us], value[at >= at_us]
    if not len(before) or not len(after):
        return None
    old, new = float(np.median(before)), float(np.median(after))
    return abs(new - old) > UNMOVED_SHARE * max(abs(old), abs(new))
