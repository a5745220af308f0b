"""When to order, when to start, how likely it is to be in time, and how urgent that makes it. Pure arithmetic.

Everything that goes in is one JSON-able value (`Inputs`), kept in the evidence of an order: `Inputs.from_json` and
`plan` give the same numbers again years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats

LIFE_POINTS = 2_000
LEAD_POINTS = 400
Z90 = NormalDist().inv_cdf(0.9)

# Criticality of the asset by time left before P10 of failure (as in RIME, ranking index for maintenance expenditure):
# 1 emergency, 2 urgent, 3 normal, 4 low, 5 at an opportunity.
PRIORITIES = {
    "A": {"within a day": 1, "within a week": 2, "within a month": 2, "later": 3},
    "B": {"within a day": 1, "within a week": 2, "within a month": 3, "later": 4},
    "C": {"within a day": 2, "within a week": 3, "within a month": 4, "later": 5},
}
URGENCY_BELOW_H = (("within a day", 24.0), ("within a week", 168.0), ("within a month", 720.0))
LIFE_UNKNOWN = "within a week"  # confirmed, but nobody can say how long it lasts


@dataclass(frozen=True, slots=True)
class Lead:
    """Lead time of one part in days: half of the deliveries, nine of ten. Both 0 when enough pieces are on hand."""

    part: str
    p50_days: float
    p90_days: float


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the numbers are made of. `levels` and `hours` (operating hours) are the forecast, empty without one.

    `calendar` are the calendar hours at which a machine with a shift plan will have run each of `hours`; empty without
    a plan, and in what was kept before there were plans: then a day brings `operating_hours_per_day`.
    """

    at_us: int
    criticality: str
    operating_hours_per_day: float
    repair_hours: float
    levels: tuple[float, ...] = ()
    hours: tuple[float, ...] = ()
    leads: tuple[Lead, ...] = ()
    calendar: tuple[float, ...] = ()

    @staticmethod
    def from_json(kept: dict[str, Any]) -> Inputs:
        """The inverse of `evidence.plain`."""
        rows = {"levels": tuple(kept["levels"]), "hours": tuple(kept["hours"])}
        rows["calendar"] = tuple(kept.get("calendar", ()))
        return Inputs(**{**kept, **rows, "leads": tuple(Lead(**lead) for lead in kept["leads"])})

    def longest_lead(self) -> Lead:
        """The part that comes last, judged by its late deliveries."""
        return max(self.leads, key=lambda lead: lead.p90_days, default=Lead("", 0.0, 0.0))

    def calendar_h(self, operating_h: float) -> float:
        """Hours of the calendar in which the machine runs so many hours; with a plan straight lines between `hours`.

        >>> Inputs(0, "A", 16.0, 4.0, (0.1, 0.9), (10.0, 12.0), calendar=(10.0, 68.0)).calendar_h(11.0)
        39.0
        """
        if not self.calendar:
            return operating_h * 24.0 / self.operating_hours_per_day
        beyond = max(operating_h - self.hours[-1], 0.0) * 24.0 / self.operating_hours_per_day
        return float(np.interp(operating_h, (0.0, *self.hours), (0.0, *self.calendar))) + beyond


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of an advice; those that need a forecast are None without one.

    `rul_*` in operating hours, dates in plant time, never before now. `order_late_h` and `start_late_h` are the
    calendar hours by which that moment had already passed (0: in time).
    """

    priority: int
    rul_p10_h: float | None = None
    rul_p50_h: float | None = None
    rul_p90_h: float | None = None
    order_by_us: int | None = None
    start_by_us: int | None = None
    order_late_h: float = 0.0
    start_late_h: float = 0.0
    win_probability: float | None = None


def numbers(inputs: Inputs) -> Numbers:
    """All numbers of an advice.

    Start by = P10 of failure - repair. Order by = start by - late (P90) delivery of the slowest part.

    >>> from forewarn.core.clock import US_PER_DAY
    >>> lead = Lead("6205", 5.0, 7.0)
    >>> n = numbers(Inputs(0, "A", 12.0, 24.0, (0.1, 0.5, 0.9), (120.0, 200.0, 400.0), (lead,)))
    >>> n.start_by_us / US_PER_DAY, n.order_by_us / US_PER_DAY, n.priority     # fails P10 on day 10, one day of repair
    (9.0, 2.0, 2)
    """
    if not inputs.hours:
        return Numbers(priority=PRIORITIES[inputs.criticality][LIFE_UNKNOWN])
    p10_h, p50_h, p90_h = (float(np.interp(level, inputs.levels, inputs.hours)) for level in (0.1, 0.5, 0.9))
    fails_in_h = inputs.calendar_h(p10_h)
    start_in_h = fails_in_h - inputs.repair_hours
    order_in_h = start_in_h - inputs.longest_lead().p90_days * 24.0
    return Numbers(
        priority=PRIORITIES[inputs.criticality][urgency(fails_in_h)],
        rul_p10_h=p10_h,
        rul_p50_h=p50_h,
        rul_p90_h=p90_h,
        order_by_us=inputs.at_us + round(max(order_in_h, 0.0) * US_PER_HOUR),
        start_by_us=inputs.at_us + round(max(start_in_h, 0.0) * US_PER_HOUR),
        order_late_h=max(-order_in_h, 0.0),
        start_late_h=max(-start_in_h, 0.0),
        win_probability=win_probability(inputs),
    )


def urgency(fails_in_h: float) -> str:
    """Class of the calendar hours before P10 of failure, a column of `PRIORITIES`."""
    return next((name for name, below_h in URGENCY_BELOW_H if fails_in_h < below_h), "later")


def win_probability(inputs: Inputs) -> float:
    """P(slowest part's lead time + repair < remaining life), both in calendar hours, taken as independent.

    Lead time is lognormal through its P50 and P90. Remaining life is drawn at 2,000 equally likely levels of the
    forecast: straight lines between its quantiles, down to 0 below the first, held above the last (both cautious).
    """
    chances = (np.arange(LIFE_POINTS) + 0.5) / LIFE_POINTS
    lives_h = np.interp(chances, (0.0, *inputs.levels), (0.0, *map(inputs.calendar_h, inputs.hours)))
    needs_h = lead_hours(inputs.longest_lead()) + inputs.repair_hours
    lost = np.searchsorted(lives_h, needs_h, side="right") / LIFE_POINTS  # share of lives that end before
    return float(1.0 - lost.mean())


def lead_hours(lead: Lead) -> Floats:
    """400 equally likely lead times in hours, float64[400] ascending; all the same when P50 = P90 or P50 = 0."""
    if lead.p50_days <= 0:
        return np.full(LEAD_POINTS, max(lead.p90_days, 0.0) * 24.0)
    sigma = np.log(max(lead.p90_days, lead.p50_days) / lead.p50_days) / Z90
    return np.asarray(lead.p50_days * 24.0 * np.exp(sigma * _normal_points()), np.float64)


@lru_cache(maxsize=1)
def _normal_points() -> Floats:
    levels = (np.arange(LEAD_POINTS) + 0.5) / LEAD_POINTS
    return np.array([NormalDist().inv_cdf(float(level)) for level in levels])
