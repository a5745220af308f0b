"""When to order, when to start, how likely it is to be in time, what waiting costs, and how urgent that makes it. Pure.

Everything that goes in is one JSON-able value (`Inputs`), kept in the evidence of an order: `Inputs.from_json` and
`numbers` give the same numbers again years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.maintenance.advice.costs import CostInputs, Weighed, weigh
from forewarn.maintenance.advice.race import (
    REPAIR_POINTS,
    Lead,
    latest,
    lead_hours,
    life_points,
    lognormal_points,
    race,
)

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
class Inputs:
    """What the numbers are made of. `levels` and `hours` (operating hours) are the forecast, empty without one.

    `calendar` are the calendar hours at which a machine with a shift plan will have run each of `hours`; empty without
    a plan, and in what was kept before there were plans: then a day brings `operating_hours_per_day`. `repair_late_h`:
    nine of ten repairs end within (None: all take `repair_hours`). `crew_*`: hours until people can begin, half and
    nine in ten times. `stops`: pauses of production that are long enough for the repair, UTC microseconds, in order.
    `costs` None: the plant does not say what an hour of it costs.
    """

    at_us: int
    criticality: str
    operating_hours_per_day: float
    repair_hours: float
    levels: tuple[float, ...] = ()
    hours: tuple[float, ...] = ()
    leads: tuple[Lead, ...] = ()
    calendar: tuple[float, ...] = ()
    repair_late_h: float | None = None
    crew_p50_h: float = 0.0
    crew_p90_h: float = 0.0
    stops: tuple[tuple[int, int], ...] = ()
    costs: CostInputs | None = None

    @staticmethod
    def from_json(kept: dict[str, Any]) -> Inputs:
        """The inverse of `evidence.plain`."""
        rows = {"levels": tuple(kept["levels"]), "hours": tuple(kept["hours"])}
        rows["calendar"] = tuple(kept.get("calendar", ()))
        leads = tuple(Lead(**lead) for lead in kept["leads"])
        stops = tuple((start, stop) for start, stop in kept.get("stops", ()))
        costs = CostInputs(**kept["costs"]) if kept.get("costs") else None
        return Inputs(**{**kept, **rows, "leads": leads, "stops": stops, "costs": costs})

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

    def lives_h(self) -> Floats:
        """Equally likely remaining lives in calendar hours."""
        return life_points(self.levels, [self.calendar_h(hours) for hours in self.hours])

    def ready_h(self) -> Floats:
        """Equally likely hours until the last part and the crew are there, ordered now."""
        crew = lognormal_points(self.crew_p50_h, self.crew_p90_h, len(lead_hours(Lead("", 0.0, 0.0))))
        return latest([*(lead_hours(lead) for lead in self.leads), crew])

    def repairs_h(self) -> Floats:
        """Equally likely hours of the repair."""
        late_h = self.repair_hours if self.repair_late_h is None else self.repair_late_h
        return lognormal_points(self.repair_hours, late_h, REPAIR_POINTS)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of an advice; those that need a forecast are None without one.

    `rul_*` in operating hours, dates in plant time, never before now. `order_late_h` and `start_late_h` are the
    calendar hours by which that moment had already passed (0: in time); `slack_h` the hours until the last moment to
    order, below 0 when it has passed. `fails_in_h`: calendar hours to P50 of failure. `stop_us`: the last stop of
    production that is long enough. `acting`, `waiting`: expected cost (`costs.weigh`), None where the plant does not
    say what it costs; `lost_if_waiting`: chance that the failure comes first when one waits.
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
    urgency: str = LIFE_UNKNOWN
    slack_h: float | None = None
    fails_in_h: float | None = None
    stop_us: tuple[int, int] | None = None
    acting: float | None = None
    waiting: float | None = None
    lost_if_waiting: float | None = None

    @property
    def risk_cost(self) -> float | None:
        """What waiting costs more than acting; below 0 when it costs less."""
        return None if self.waiting is None or self.acting is None else self.waiting - self.acting


def numbers(inputs: Inputs) -> Numbers:
    """All numbers of an advice.

    Start by = P10 of failure - late repair. Order by = start by - late (P90) delivery of the slowest part.

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
    start_in_h = fails_in_h - max(inputs.repair_late_h or 0.0, inputs.repair_hours)
    order_in_h = start_in_h - inputs.longest_lead().p90_days * 24.0
    lives_h, ready_h, repairs_h = inputs.lives_h(), inputs.ready_h(), inputs.repairs_h()
    stop_us = _stop(inputs, start_in_h, float(np.quantile(ready_h, 0.9)))
    weighed = _weighed(inputs, stop_us is not None, lives_h, ready_h, repairs_h)
    return Numbers(
        priority=PRIORITIES[inputs.criticality][urgency(fails_in_h)],
        rul_p10_h=p10_h,
        rul_p50_h=p50_h,
        rul_p90_h=p90_h,
        order_by_us=inputs.at_us + round(max(order_in_h, 0.0) * US_PER_HOUR),
        start_by_us=inputs.at_us + round(max(start_in_h, 0.0) * US_PER_HOUR),
        order_late_h=max(-order_in_h, 0.0),
        start_late_h=max(-start_in_h, 0.0),
        win_probability=1.0 - race(lives_h, ready_h, repairs_h).lost,
        urgency=urgency(fails_in_h),
        slack_h=order_in_h,
        fails_in_h=inputs.calendar_h(p50_h),
        stop_us=stop_us,
        acting=weighed.acting if weighed else None,
        waiting=weighed.waiting if weighed else None,
        lost_if_waiting=weighed.lost_if_waiting if weighed else None,
    )


def urgency(fails_in_h: float) -> str:
    """Class of the calendar hours before P10 of failure, a column of `PRIORITIES`."""
    return next((name for name, below_h in URGENCY_BELOW_H if fails_in_h < below_h), "later")


def win_probability(inputs: Inputs) -> float:
    """P(last part and crew there + repair < remaining life), all in calendar hours, taken as independent (`race`)."""
    return 1.0 - race(inputs.lives_h(), inputs.ready_h(), inputs.repairs_h()).lost


def _stop(inputs: Inputs, start_in_h: float, ready_in_h: float) -> tuple[int, int] | None:
    """The last stop of production that begins when part and crew are there (late) and before work has to start."""
    first_us, last_us = (inputs.at_us + hours * US_PER_HOUR for hours in (ready_in_h, start_in_h))
    return next((stop for stop in reversed(inputs.stops) if first_us <= stop[0] <= last_us), None)


def _weighed(inputs: Inputs, in_a_stop: bool, lives_h: Floats, ready_h: Floats, repairs_h: Floats) -> Weighed | None:
    if inputs.costs is None:
        return None
    share = inputs.operating_hours_per_day / 24.0
    return weigh(inputs.costs, inputs.repair_hours, share, in_a_stop, lives_h, ready_h, repairs_h)
