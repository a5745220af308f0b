"""What does a detector of a class do on machines that did not teach it: false alarms, ends announced, days before.

Healthy is what lies more than `NEAR_END_US` before an end that was seen, and every life that goes on: where a machine
ailed without an order telling it, an alarm there counts as false. That errs against the detector, never for it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.calibration import Calibrated, calibrated, yearly
from forewarn.models.detectors.contract import Detector
from forewarn.models.training.life_marks import folds_of
from forewarn.models.training.sets import DatedLife, TrainingSet

NEAR_END_US = 15 * US_PER_DAY
"""The stretch before an end in which an alarm is a warning; what lies before it is taken as healthy."""

WEEK_US = 7 * US_PER_DAY


@dataclass(frozen=True, slots=True)
class DetectorMark:
    """What a detector did in one life: alarms that began while it was healthy, years of that; whether the end (None:
    not seen) was announced within `NEAR_END_US`, and how many days before."""

    asset: str
    start_us: int
    false_alarms: int
    healthy_years: float
    found: bool | None
    lead_days: float | None


def healthy_part(found: TrainingSet, dated: DatedLife) -> Window:
    """Rows of a life that are taken as healthy: all but the stretch before an end that was seen."""
    window = found.window(dated)
    if not dated.life.ended:
        return window
    return window.rows(window.at < dated.at_us[-1] - NEAR_END_US)


def stacked(windows: Sequence[Window]) -> Window:
    """Several windows behind one another: later ones are moved by whole weeks, so that times rise and the hour of the
    day and the day of the week stay what they were. Raises NotReady when there is no row."""
    moved, end_us = list[Window](), -(2**62)
    for window in (w for w in windows if len(w)):
        behind = end_us + 1 - int(window.at[0])
        at = window.at + max(-(-behind // WEEK_US), 0) * WEEK_US
        moved.append(Window(at, window.names, window.values, window.regime))
        end_us = int(at[-1])
    if not moved:
        raise NotReady("no healthy row to learn from")
    return Window(
        np.concatenate([w.at for w in moved]),
        moved[0].names,
        np.concatenate([w.values for w in moved]),
        np.concatenate([w.regime for w in moved]),
    )


def learn_detector(detector: Detector, found: TrainingSet, false_alarms_per_year: float) -> Calibrated:
    """A detector for a class of machines, calibrated on each machine by what its sisters taught.

    Raises NotReady for too short a past, or fewer than two machines.
    """
    healthy = {asset: _healthy_of(found, asset) for asset in found.assets}
    healthy = {asset: windows for asset, windows in healthy.items() if any(len(w) for w in windows)}
    if len(healthy) < 2:
        raise NotReady("a class is learnt from at least two machines with a healthy past")
    judged = list[Floats]()
    for asset, windows in healthy.items():
        sisters = [w for other, known in healthy.items() if other != asset for w in known]
        judge = detector.learn(stacked(sisters))
        judged += [judge.strangeness(window).distance for window in windows if len(window)]
    whole = stacked([window for windows in healthy.values() for window in windows])
    return calibrated(detector.learn(whole), np.concatenate(judged), false_alarms_per_year, yearly(whole))


def _healthy_of(found: TrainingSet, asset: str) -> list[Window]:
    return [healthy_part(found, dated) for dated in found.lives if dated.life.asset == asset]


def detector_marks(learnt: Calibrated, found: TrainingSet) -> tuple[DetectorMark, ...]:
    """What a calibrated detector does over the lives of a set, each from its beginning."""
    return tuple(_mark(learnt, found, dated) for dated in found.lives)


def _mark(learnt: Calibrated, found: TrainingSet, dated: DatedLife) -> DetectorMark:
    window = found.window(dated)
    alarm = learnt.alarm(window) if len(window) else np.zeros(0, np.bool_)
    begins = np.flatnonzero(alarm & ~np.concatenate(([False], alarm[:-1])))
    end_us = int(dated.at_us[-1])
    near_us = end_us - NEAR_END_US if dated.life.ended else end_us + 1
    false = int((window.at[begins] < near_us).sum()) if len(window) else 0
    healthy = window.at[window.at < near_us]
    years = float(np.ptp(healthy)) / US_PER_DAY / 365.25 if len(healthy) > 1 else 0.0
    warned = window.at[(window.at >= near_us) & alarm] if len(window) else window.at
    lead = (end_us - int(warned[0])) / US_PER_DAY if dated.life.ended and len(warned) else None
    return DetectorMark(
        dated.life.asset,
        int(dated.at_us[0]),
        false,
        years,
        (lead is not None) if dated.life.ended else None,
        lead,
    )


def detector_cross_validated(
    detector: Detector, found: TrainingSet, false_alarms_per_year: float, most: int = 5
) -> tuple[DetectorMark, ...]:
    """Every asset judged by what the other folds taught. Raises NotReady when no fold can teach."""
    marks, why = list[DetectorMark](), "there is one machine only"
    for held_out in folds_of(found.assets, 0, most):
        teaching = [asset for asset in found.assets if asset not in held_out]
        try:
            learnt = learn_detector(detector, found.of_assets(teaching), false_alarms_per_year)
        except NotReady as error:
            why = str(error)
            continue
        marks += detector_marks(learnt, found.of_assets(held_out))
    if not marks:
        raise NotReady(f"nothing can be held out: {why}")
    return tuple(marks)


def detector_metrics(marks: Sequence[DetectorMark]) -> dict[str, float]:
    """Figures for a card: false_alarms, healthy_years, false_alarms_per_year (per asset), ends, found, found_share,
    lead_days (median)."""
    years, ends = sum(m.healthy_years for m in marks), [m for m in marks if m.found is not None]
    leads = [m.lead_days for m in ends if m.lead_days is not None]
    told: dict[str, float] = {
        "false_alarms": float(sum(m.false_alarms for m in marks)),
        "healthy_years": years,
        "ends": float(len(ends)),
        "found": float(len(leads)),
    }
    if years > 0:
        told["false_alarms_per_year"] = told["false_alarms"] / years
    if ends:
        told["found_share"] = len(leads) / len(ends)
    if leads:
        told["lead_days"] = float(np.median(leads))
    return told
