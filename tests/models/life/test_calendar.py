"""A forecast in operating hours, told in calendar time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.health import ModelRef, RulForecast
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.models.life.calendar import in_calendar

FRIDAY_NOON = int(datetime(2026, 10, 2, 12, tzinfo=UTC).timestamp() * 1e6)
PLAN = ShiftPlan(tuple(Shift(day, 6 * 60, 22 * 60) for day in range(5)))


def forecast(*hours: float) -> RulForecast:
    levels = np.linspace(0.1, 0.9, len(hours))
    return RulForecast(Fault("b", "bearing_wear"), levels, np.array(hours), 9_000.0, ModelRef("m", "1", "d"))


def test_through_the_plan_the_weekend_does_not_count() -> None:
    told = in_calendar(forecast(8.0, 20.0, 40.0), FRIDAY_NOON, PLAN)
    assert told.hours.tolist() == [8.0, 76.0, 104.0]
    assert told.instants_us[1] == FRIDAY_NOON + 76 * US_PER_HOUR
    assert told.probability_before(FRIDAY_NOON + 70 * US_PER_HOUR) < 0.5
    assert told.probability_before(FRIDAY_NOON + 76 * US_PER_HOUR) == 0.5
    assert told.probability_before(FRIDAY_NOON) == 0.0


def test_without_a_plan_hours_per_day_are_spread_evenly() -> None:
    assert in_calendar(forecast(8.0, 20.0), 0, hours_per_day=8.0).hours.tolist() == [24.0, 60.0]
    assert in_calendar(forecast(8.0, 20.0), 0).hours.tolist() == [8.0, 20.0]


@given(st.lists(st.floats(0.0, 8_766.0), min_size=2, max_size=7), st.integers(0, 2**52))
def test_it_stays_a_distribution(hours: list[float], at_us: int) -> None:
    told = in_calendar(forecast(*sorted(hours)), at_us, PLAN)
    assert np.all(np.diff(told.hours) >= 0)
    assert np.all(told.hours >= np.sort(hours) - 1e-6)
