"""When a plan is due, against a slow look at every day."""

from __future__ import annotations

import calendar
import functools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plans import (
    Every,
    Plan,
    Season,
    SlotState,
    Trigger,
    Unit,
)
from tests.maintenance.plan_world import BERLIN, EPOCH, World, plan, us


def days_of_the_calendar(plan: Plan, until: date) -> Iterator[date]:
    """The slots of a fixed plan, by asking each day by itself."""
    every = plan.every
    assert every is not None
    day = plan.start
    while day <= until:
        months = (day.year - plan.start.year) * 12 + day.month - plan.start.month
        last = calendar.monthrange(day.year, day.month)[1]
        same_day = day.day == min(plan.start.day, last)
        step = {
            Unit.DAYS: (day - plan.start).days % every.count == 0,
            Unit.WEEKS: (day - plan.start).days % (7 * every.count) == 0,
            Unit.MONTHS: same_day and months % every.count == 0,
            Unit.YEARS: same_day and months % (12 * every.count) == 0,
        }[every.unit]
        if step and in_season(plan.season, day):
            yield day
        day += timedelta(days=1)


def in_season(season: Season | None, day: date) -> bool:
    return season is None or (day.month, day.day) in days_of(season)


@functools.cache
def days_of(season: Season) -> frozenset[tuple[int, int]]:
    """Walks from the first day of a season to its last, in a leap year."""
    walked, found = date(2024, *season.first), []
    while True:
        found.append((walked.month, walked.day))
        if found[-1] == season.last:
            return frozenset(found)
        walked = walked + timedelta(days=1) if found[-1] != (12, 31) else date(2024, 1, 1)


seasons = st.none() | st.builds(
    Season, st.tuples(st.integers(1, 12), st.integers(1, 28)), st.tuples(st.integers(1, 12), st.integers(1, 28))
)
everies = st.builds(Every, st.integers(1, 5), st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS]))
plans = st.builds(
    lambda every, season, at_min, start: plan(every=every, season=season, at_min=at_min, start=start),
    everies,
    seasons,
    st.integers(0, 1439),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
)
ticks = st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=40)  # hours since the last look, complete?


@given(plans, ticks)
def test_fixed_slots_are_those_of_a_slow_look_at_every_day(made: Plan, looks: list[tuple[int, bool]]) -> None:
    world, now = World(made), us(datetime.combine(made.start, datetime.min.time()))
    every = made.every
    assert every is not None
    margin_us = round(made.tolerance * every.days * US_PER_DAY)
    last = until(now + sum(hours for hours, _ in looks) * US_PER_HOUR)
    slots = [
        us(datetime.combine(day, datetime.min.time()) + timedelta(minutes=made.at_min))
        for day in days_of_the_calendar(made, last)
    ]
    for hours, complete in looks:
        now += hours * US_PER_HOUR
        passed = [instant for instant in slots if instant <= now]
        expected = None
        if passed:
            instant = passed[-1]
            known = any(slot.due_us == instant for slot in world.slots)
            early = any(slot.done_at_us is not None and slot.done_at_us >= instant - margin_us for slot in world.slots)
            expected = None if known or early else instant
        found = world.look(now)
        assert (None if found is None else found.due_us) == expected
        assert world.look(now) is None
        if complete:
            world.complete(now)
    assert len(set(world.keys)) == len(world.keys)


def until(now_us: int) -> date:
    return (EPOCH + timedelta(microseconds=now_us)).date() + timedelta(days=1)


@given(plans, ticks)
def test_floating_dates_are_those_of_a_slow_count_of_days(made: Plan, looks: list[tuple[int, bool]]) -> None:
    world = World(replace(made, trigger=Trigger.FLOATING))
    now = us(datetime.combine(made.start, datetime.min.time()))
    done: datetime | None = None
    for hours, complete in looks:
        now += hours * US_PER_HOUR
        was_open = any(slot.state is SlotState.OPEN for slot in world.slots)
        expected = None if was_open else slow_due(made, done)
        found = world.look(now)
        assert (found is not None) == (expected is not None and us(expected) <= now)
        if found is not None and expected is not None:
            assert found.due_us == us(expected)
        if complete and any(slot.state is SlotState.OPEN for slot in world.slots):
            world.complete(now)
            done = (EPOCH + timedelta(microseconds=now)).astimezone(BERLIN).replace(tzinfo=None)
    assert sum(slot.state is SlotState.OPEN for slot in world.slots) <= 1


def slow_due(made: Plan, done: datetime | None) -> datetime:
    """A day at a time: count the interval off, then wait for the season."""
    every = made.every
    assert every is not None
    day = datetime.combine(made.start, datetime.min.time()) + timedelta(minutes=made.at_min)
    if done is not None:
        day = done
        if every.unit is Unit.MONTHS:
            months_later, wanted = 0, done.day
            while months_later < every.count:
                day += timedelta(days=1)
                months_later += day.day == 1
            day = day.replace(day=min(wanted, calendar.monthrange(day.year, day.month)[1]))
        else:
            for _ in range(every.count * (7 if every.unit is Unit.WEEKS else 1)):
                day += timedelta(days=1)
    while not in_season(made.season, day.date()):
        day = datetime.combine(day.date() + timedelta(days=1), datetime.min.time()) + timedelta(minutes=made.at_min)
    return day
