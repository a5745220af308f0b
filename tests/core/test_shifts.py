"""Operating hours to calendar time through the shift plan: by hand on plain cases, against a slow clock elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.shifts import Shift, ShiftPlan

BERLIN = ZoneInfo("Europe/Berlin")
TWO_SHIFTS = tuple(Shift(day, 6 * 60, 22 * 60) for day in range(5))


def us(year: int, month: int, day: int, hour: float = 0.0, zone: object = UTC) -> int:
    moment = datetime(year, month, day, tzinfo=zone) + timedelta(hours=hour)  # type: ignore[arg-type]
    return int(moment.timestamp() * 1_000_000)


def hours(plan: ShiftPlan, start: int, *operating: float, share: float = 1.0) -> list[float]:
    return [float(told) for told in plan.calendar_hours(start, np.array(operating), share)]


def test_a_machine_of_two_shifts_does_not_fail_at_the_weekend() -> None:
    friday_noon = us(2026, 10, 2, 12)
    assert hours(ShiftPlan(TWO_SHIFTS), friday_noon, 0.0, 10.0, 10.5, 26.0) == [0.0, 10.0, 66.5, 82.0]


def test_a_shift_over_midnight_is_two_windows_that_touch() -> None:
    plan = ShiftPlan((Shift(0, 22 * 60, 1_440), Shift(1, 0, 6 * 60)))
    monday = us(2026, 10, 5)
    assert hours(plan, monday, 1.0, 8.0, 9.0) == [23.0, 30.0, 191.0]
    assert plan.hours_per_week == 8.0


def test_nothing_begins_on_a_holiday_of_the_place_and_nothing_runs_in_a_planned_stop() -> None:
    monday = us(2026, 10, 5)
    plan = ShiftPlan(TWO_SHIFTS, holidays=frozenset({date(2026, 10, 6)}))
    assert hours(plan, monday, 16.0, 17.0) == [22.0, 55.0]
    stopped = ShiftPlan(TWO_SHIFTS, stops=((us(2026, 10, 5, 8), us(2026, 10, 5, 12)),))
    assert hours(stopped, monday, 2.0, 3.0) == [8.0, 13.0]


def test_shifts_are_of_the_local_day_and_the_night_of_the_clock_change_is_as_long_as_it_is() -> None:
    day_shift = ShiftPlan((Shift(4, 6 * 60, 14 * 60),), BERLIN)
    assert hours(day_shift, us(2026, 10, 2), 1.0) == [5.0], "6:00 in Berlin is 4:00 UTC"
    night = ShiftPlan((Shift(6, 0, 6 * 60),), BERLIN)
    assert night.operating_hours(us(2026, 10, 24, 12), us(2026, 10, 25, 12)) == 7.0
    assert night.operating_hours(us(2026, 3, 28, 12), us(2026, 3, 29, 12)) == 5.0


def test_who_runs_half_of_the_planned_time_lasts_twice_as_long() -> None:
    monday = us(2026, 10, 5, 6)
    assert hours(ShiftPlan(TWO_SHIFTS), monday, 4.0, share=0.5) == [8.0]


def test_overlapping_shifts_count_once() -> None:
    plan = ShiftPlan((Shift(0, 0, 600), Shift(0, 300, 900)))
    assert plan.hours_per_week == 15.0
    assert plan.operating_hours(us(2026, 10, 5), us(2026, 10, 6)) == 15.0


def test_beyond_two_years_the_weekly_mean_goes_on() -> None:
    plan = ShiftPlan((Shift(0, 0, 60),))
    told = hours(plan, us(2026, 10, 5), 100.0, 200.0, 300.0)
    assert told[1] - told[0] == pytest.approx(100 * 168.0, rel=0.02)
    assert told[2] - told[1] == pytest.approx(100 * 168.0, rel=0.001)


def test_a_window_that_is_none_and_a_plan_without_any_are_refused() -> None:
    for weekday, start, stop in ((7, 0, 60), (0, 60, 60), (0, -1, 60), (0, 0, 1_441)):
        with pytest.raises(Rejected):
            Shift(weekday, start, stop)
    with pytest.raises(Rejected):
        ShiftPlan(())


windows = st.tuples(st.integers(0, 6), st.integers(0, 1_380), st.integers(15, 600))
moments = st.integers(us(2026, 1, 1), us(2027, 12, 31))


@st.composite
def plans(draw: st.DrawFn) -> ShiftPlan:
    drawn = draw(st.lists(windows, min_size=1, max_size=6))
    shifts = [Shift(day, start, min(start + length, 1_440)) for day, start, length in drawn]
    off = draw(st.lists(st.dates(date(2026, 1, 1), date(2028, 1, 1)), max_size=4))
    stops = [(at, at + draw(st.integers(0, 200)) * US_PER_HOUR) for at in draw(st.lists(moments, max_size=3))]
    return ShiftPlan(tuple(shifts), draw(st.sampled_from([UTC, BERLIN])), frozenset(off), tuple(stops))


def slow_clock(plan: ShiftPlan, start_us: int, quarters: int) -> list[bool]:
    """Does it run in each quarter of an hour? Asked of the local clock on the wall, one by one."""
    told = []
    for quarter in range(quarters):
        middle = start_us + quarter * US_PER_HOUR // 4 + US_PER_HOUR // 8
        local = datetime.fromtimestamp(middle / 1e6, plan.zone)
        minute = local.hour * 60 + local.minute + local.second / 60
        planned = any(s.weekday == local.weekday() and s.start_min <= minute < s.stop_min for s in plan.shifts)
        stopped = any(first <= middle < last for first, last in plan.stops)
        told.append(planned and not stopped and local.date() not in plan.holidays)
    return told


@given(plans(), moments)
def test_operating_hours_are_those_of_a_slow_clock(plan: ShiftPlan, start: int) -> None:
    quarters = 4 * 24 * 9
    runs = slow_clock(plan, start, quarters)
    exact = plan.operating_hours(start, start + quarters * US_PER_HOUR // 4)
    edges = 2 * sum(a != b for a, b in pairwise(runs)) + 4  # a quarter may hold the edge of a shift
    assert exact == pytest.approx(sum(runs) / 4, abs=0.25 * edges)


@given(plans(), moments, st.lists(st.floats(0.01, 80.0), min_size=1, max_size=5))
def test_there_and_back_gives_the_same_hours_and_more_hours_never_end_earlier(
    plan: ShiftPlan, start: int, operating: list[float]
) -> None:
    wanted = np.sort(np.array(operating))
    told = plan.calendar_hours(start, wanted)
    assert np.all(np.diff(told) >= 0)
    assert np.all(told >= wanted - 1e-6)
    for hours_run, at in zip(wanted, told, strict=True):
        if at < 700 * 24:
            assert plan.operating_hours(start, start + round(at * US_PER_HOUR)) == pytest.approx(hours_run, abs=1e-6)
