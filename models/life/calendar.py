"""A forecast in operating hours, told in calendar time: through the shift plan, else by hours per day.

A machine that runs two shifts from Monday to Friday and has 40 operating hours left on Friday noon does not fail on
Sunday. Each quantile moves by itself, so the distribution stays one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import RulForecast
from forewarn.core.readings import Floats, Int64s
from forewarn.core.shifts import ShiftPlan

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class CalendarForecast:
    """levels float64[q] as in the forecast; hours float64[q]: calendar hours from `at_us`, not falling."""

    at_us: int
    levels: Floats
    hours: Floats

    @property
    def instants_us(self) -> Int64s:
        """int64[q]: UTC microseconds of each quantile."""
        return np.asarray(self.at_us + np.round(self.hours * US_PER_HOUR), np.int64)

    def probability_before(self, instant_us: int) -> float:
        """Chance that the life ends before an instant; held at the outermost levels, 0 before `at_us`."""
        hours = (instant_us - self.at_us) / US_PER_HOUR
        return float(np.interp(hours, self.hours, self.levels, left=self.levels[0] / 2)) if hours > 0 else 0.0


def in_calendar(
    forecast: RulForecast, at_us: int, plan: ShiftPlan | None = None, hours_per_day: float = HOURS_PER_DAY
) -> CalendarForecast:
    """The same distribution in calendar hours from `at_us`.

    Without a plan a day brings `hours_per_day` operating hours, in (0, 24], spread evenly. With one, operation is where
    the plan has it; `hours_per_day` does not count then.

    >>> from forewarn.core.faults import Fault
    >>> from forewarn.core.health import ModelRef
    >>> told = RulForecast(Fault("b", "bearing_wear"), np.array([0.1, 0.5]), np.array([12.0, 24.0]), 99.0,
    ...                    ModelRef("m", "1", "d"))
    >>> in_calendar(told, 0, hours_per_day=12.0).hours.tolist()
    [24.0, 48.0]
    """
    if plan is None:
        hours = forecast.hours * HOURS_PER_DAY / hours_per_day
    else:
        hours = plan.calendar_hours(at_us, forecast.hours)
    return CalendarForecast(at_us, forecast.levels, np.asarray(hours, np.float64))
