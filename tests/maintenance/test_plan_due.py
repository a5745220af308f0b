"""When a plan is due: over clock jumps, summer time, seasons, tolerances, meters and conditions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plans import (
    ConditionRule,
    Every,
    MeterRule,
    Season,
    Seen,
    Slot,
    SlotState,
    Trigger,
    Unit,
    checked,
)
from forewarn.maintenance.plans.due import due, on_demand, slots_between, upcoming
from tests.maintenance.plan_world import BERLIN, EPOCH, World, at, plan, us


@pytest.mark.parametrize("at_min", [0, 90, 150, 180])
def test_each_local_day_has_one_slot_over_both_changes_of_the_clock(at_min: int) -> None:
    for first, last, days in (
        (date(2026, 3, 20), "2026-04-05T00:00", 16),
        (date(2026, 10, 15), "2026-11-05T00:00", 21),
    ):
        daily = World(plan(every=Every(1, Unit.DAYS), at_min=at_min, start=first))
        now = us(datetime.combine(first, datetime.min.time()))
        while now < at(last):
            daily.look(now)
            daily.complete(now)
            now += US_PER_HOUR
        assert len({key[:10] for key in daily.keys}) == len(daily.keys) == days
        if at_min == 150:  # 2:30 does not exist on 29 March: the slot comes at half past three
            assert ("2026-03-29T03:30" if days == 16 else "2026-10-25T02:30") in daily.keys


def test_intervals_of_hours_ignore_the_clock_on_the_wall() -> None:
    shift = World(plan(every=Every(8, Unit.HOURS), start=date(2026, 10, 24), at_min=0))
    found = []
    for hour in range(72):
        due_now = shift.look(at("2026-10-24T00:00") + hour * US_PER_HOUR)
        found += [due_now.due_us] if due_now else []
    assert [later - earlier for earlier, later in itertools.pairwise(found)] == [8 * US_PER_HOUR] * 8


def test_months_keep_the_day_of_the_start_where_they_have_it() -> None:
    assert [
        (EPOCH + timedelta(microseconds=slot)).date().isoformat()
        for slot in slots_between(plan(at_min=720), at("2026-01-01T00:00"), at("2026-06-01T00:00"), UTC)
    ] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]


def test_a_clock_that_jumps_ten_years_and_back_opens_one_order_and_loses_no_slot() -> None:
    world = World(plan(every=Every(1, Unit.WEEKS), start=date(2026, 1, 5)))
    days = [at("2026-01-05T12:00") + day * US_PER_DAY for day in range(60)]
    for place, now in enumerate(days):
        world.look(now)
        if place == 20:
            for _ in range(10):
                world.look(now + 3652 * US_PER_DAY)
            world.look(now - 3652 * US_PER_DAY)
    near = [key for key in world.keys if key < "2027"]
    assert near == [(date(2026, 1, 5) + timedelta(weeks=week)).isoformat() + "T06:00" for week in range(9)]
    assert len(world.keys) == 10


def test_a_completion_that_was_told_by_a_wrong_clock_does_not_silence_the_plan() -> None:
    world = World(plan(Trigger.FLOATING, every=Every(1, Unit.WEEKS), start=date(2026, 1, 5)))
    world.look(at("2026-01-05T12:00"))
    world.complete(at("2036-01-05T12:00"))
    assert world.look(at("2026-01-11T12:00")) is None
    found = world.look(at("2026-01-12T12:00"))
    assert found is not None
    assert found.due_us == at("2026-01-12T06:00")


def test_slots_that_passed_while_nobody_looked_are_counted_and_not_made_up_for() -> None:
    world = World(plan(every=Every(1, Unit.DAYS), start=date(2026, 3, 1)))
    assert world.look(at("2026-03-01T07:00")) is not None
    found = world.look(at("2026-03-11T07:00"))
    assert found is not None
    assert (found.key, found.overtaken) == ("2026-03-11T06:00", 9)
    assert world.look(at("2026-03-11T07:00")) is None


def test_an_early_completion_within_the_tolerance_is_the_fixed_slot_and_an_earlier_one_is_not() -> None:
    monthly = plan(every=Every(30, Unit.DAYS), start=date(2026, 3, 1), tolerance=0.1)
    done = Slot("p", "pump", "extra", at("2026-03-29T06:00"), SlotState.DONE, 0, done_at_us=at("2026-03-29T06:00"))
    assert due(monthly, [done], {}, at("2026-03-31T07:00"), BERLIN) is None
    early = replace(done, done_at_us=at("2026-03-28T04:59"))
    found = due(monthly, [early], {}, at("2026-03-31T07:00"), BERLIN)
    assert found is not None
    assert found.key == "2026-03-31T06:00"


def test_an_early_completion_moves_the_next_floating_date() -> None:
    world = World(plan(Trigger.FLOATING, every=Every(10, Unit.DAYS), start=date(2026, 3, 1)))
    world.look(at("2026-03-01T07:00"))
    world.complete(at("2026-03-01T12:00"))
    asked = on_demand(world.plan, world.slots, at("2026-03-05T08:00"), BERLIN)
    world.slots.append(Slot("p", "pump", asked.key, asked.due_us, SlotState.OPEN, asked.due_us))
    with pytest.raises(Conflict, match="open order"):
        on_demand(world.plan, world.slots, at("2026-03-05T08:01"), BERLIN)
    world.complete(at("2026-03-05T10:00"))
    assert world.look(at("2026-03-15T09:00")) is None
    found = world.look(at("2026-03-15T10:00"))
    assert found is not None
    assert found.due_us == at("2026-03-15T10:00")


def test_an_order_asked_for_within_the_tolerance_is_the_next_fixed_slot() -> None:
    monthly = plan(every=Every(30, Unit.DAYS), start=date(2026, 3, 1))
    assert on_demand(monthly, [], at("2026-03-29T06:00"), BERLIN).key == "2026-03-31T06:00"
    assert on_demand(monthly, [], at("2026-03-20T06:00"), BERLIN).key.startswith("extra ")


def test_running_hours_count_from_the_reading_at_completion() -> None:
    world = World(plan(Trigger.METER, meter=MeterRule("running_hours", 500.0)))
    now = at("2026-03-01T07:00")
    assert world.look(now) is None, "no reading, no order"
    for value, expected in ((499.0, False), (510.0, True), (900.0, False)):
        world.seen = {"running_hours": Seen(now, value)}
        assert (world.look(now) is not None) == expected
    world.complete(now + 1, meter=900.0)
    world.seen = {"running_hours": Seen(now + 2, 1399.0)}
    assert world.look(now + 2) is None
    world.seen = {"running_hours": Seen(now + 3, 1400.0)}
    assert world.look(now + 3) is not None
    world.complete(now + 3, meter=1400.0)
    world.seen = {"running_hours": Seen(now + 4, 499.0)}  # a new meter, from zero
    assert world.look(now + 4) is None
    world.seen = {"running_hours": Seen(now + 5, 500.0)}
    assert world.look(now + 5) is not None


def test_fixed_marks_of_a_meter_stay_and_an_early_task_counts() -> None:
    rule = MeterRule("strokes", 1000.0, floating=False)
    world = World(plan(Trigger.METER, meter=rule, tolerance=0.1))
    world.seen = {"strokes": Seen(5, 1030.0)}
    first = world.look(5)
    assert first is not None
    assert first.key == "strokes 1000"
    world.complete(6, meter=1950.0)
    world.seen = {"strokes": Seen(7, 2010.0)}
    assert world.look(7) is None, "done at 1950, within a tenth of 2000"
    world.seen = {"strokes": Seen(8, 3001.0)}
    third = world.look(8)
    assert third is not None
    assert third.key == "strokes 3000"


def test_a_condition_asks_once_until_it_is_seen_again_after_the_work() -> None:
    world = World(plan(Trigger.CONDITION, condition=ConditionRule("dp", above=2.0)))
    world.seen = {"dp": Seen(10, 1.9)}
    assert world.look(10) is None
    world.seen = {"dp": Seen(20, 2.1)}
    found = world.look(20)
    assert found is not None
    assert found.why == "dp is 2.1, above 2"
    assert world.look(21) is None
    world.complete(30)
    assert world.look(31) is None, "the reading is older than the work"
    world.seen = {"dp": Seen(40, 2.2)}
    assert world.look(40) is not None


def test_of_a_combined_plan_the_first_rule_that_is_met_opens_one_order_and_all_start_anew() -> None:
    both = plan(
        Trigger.COMBINED,
        every=Every(30, Unit.DAYS),
        meter=MeterRule("running_hours", 500.0),
        condition=ConditionRule("dp", above=2.0),
        start=date(2026, 3, 1),
    )
    world = World(both)
    now = at("2026-03-01T07:00")
    assert world.look(now) is not None
    world.seen = {"running_hours": Seen(now, 600.0), "dp": Seen(now, 3.0)}
    assert world.look(now) is None, "one order for all rules"
    world.complete(now + US_PER_HOUR, meter=600.0)
    assert world.look(now + US_PER_DAY) is None
    world.seen = {"running_hours": Seen(now + 5 * US_PER_DAY, 1100.0)}
    found = world.look(now + 5 * US_PER_DAY)
    assert found is not None
    assert "running_hours" in found.why
    world.complete(now + 6 * US_PER_DAY, meter=1100.0)
    assert world.look(now + 35 * US_PER_DAY) is None
    assert world.look(now + 36 * US_PER_DAY) is not None


def test_a_deferred_slot_waits_for_its_time_and_the_calendar_goes_on() -> None:
    weekly = plan(every=Every(1, Unit.WEEKS), start=date(2026, 3, 2))
    put_off = Slot("p", "pump", "2026-03-02T06:00", at("2026-03-02T06:00"), SlotState.DEFERRED, 0,
                   until_us=at("2026-03-05T06:00"), reason="harvest")  # fmt: skip
    assert due(weekly, [put_off], {}, at("2026-03-04T06:00"), BERLIN) is None
    found = due(weekly, [put_off], {}, at("2026-03-05T06:00"), BERLIN)
    assert found is not None
    assert (found.key, found.due_us) == (put_off.key, at("2026-03-05T06:00"))
    nine = due(weekly, [replace(put_off, until_us=at("2026-03-20T06:00"))], {}, at("2026-03-09T06:00"), BERLIN)
    assert nine is not None
    assert nine.key == "2026-03-09T06:00"


def test_a_skipped_floating_slot_moves_the_next_by_an_interval() -> None:
    every_ten = plan(Trigger.FLOATING, every=Every(10, Unit.DAYS), start=date(2026, 3, 1))
    skipped = Slot("p", "pump", "first", at("2026-03-01T06:00"), SlotState.SKIPPED, 0, reason="stopped")
    assert due(every_ten, [skipped], {}, at("2026-03-11T05:00"), BERLIN) is None
    assert due(every_ten, [skipped], {}, at("2026-03-11T06:00"), BERLIN) is not None


def test_an_order_is_opened_ahead_and_dated_when_it_is_due() -> None:
    found = due(plan(ahead_h=72.0), [], {}, at("2026-01-28T06:00"), BERLIN)
    assert found is not None
    assert found.due_us == at("2026-01-31T06:00")
    assert due(plan(ahead_h=72.0), [], {}, at("2026-01-28T05:59"), BERLIN) is None


def test_an_inactive_plan_asks_for_nothing() -> None:
    assert due(plan(active=False), [], {}, at("2030-01-01T00:00"), BERLIN) is None
    assert upcoming(plan(active=False), [], {}, at("2030-01-01T00:00"), BERLIN) is None


def test_what_comes_next_is_told_before_it_is_due() -> None:
    now = at("2026-02-01T00:00")
    first = Slot("p", "pump", "2026-01-31T06:00", at("2026-01-31T06:00"), SlotState.OPEN, 0)
    coming = upcoming(plan(), [first], {}, now, BERLIN)
    assert coming is not None
    assert coming.due_us == at("2026-02-28T06:00")
    floating = plan(Trigger.FLOATING)
    assert upcoming(floating, [first], {}, now, BERLIN) is None, "it counts from a completion that is still to come"
    done = replace(first, state=SlotState.DONE, done_at_us=now)
    later = upcoming(floating, [done], {}, now, BERLIN)
    assert later is not None
    assert later.due_us == at("2026-03-01T00:00")


def test_a_season_that_no_slot_ever_meets_ends_the_search() -> None:
    never = plan(every=Every(1, Unit.YEARS), season=Season((6, 1), (6, 30)))
    assert due(never, [], {}, at("2036-01-01T00:00"), BERLIN) is None
    assert upcoming(never, [], {}, at("2026-02-01T00:00"), BERLIN) is None


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"every": None}, "plan_rules"),
        ({"meter": MeterRule("m", 1.0)}, "plan_rules"),
        ({"trigger": Trigger.COMBINED}, "plan_rules"),
        ({"id": "a/b"}, "plan_id"),
        ({"title": " "}, "plan_title"),
        ({"assets": ()}, "plan_assets"),
        ({"tolerance": 0.6}, "plan_tolerance"),
        ({"at_min": 1440}, "plan_at"),
        ({"priority": 0}, "plan_priority"),
        ({"route": True, "assets": (), "asset_class": "pump"}, "plan_route"),
        ({"cost": -1.0}, "plan_cost"),
    ],
)
def test_a_plan_whose_parts_do_not_fit_is_refused(wrong: dict[str, object], slug: str) -> None:
    with pytest.raises(Rejected) as refused:
        checked(replace(plan(), **wrong))  # type: ignore[arg-type]
    assert refused.value.reason == slug
    assert checked(plan()) == plan()


def test_a_completion_counts_from_the_very_edge_of_the_tolerance_and_never_from_the_future() -> None:
    every_ten = plan(every=Every(10, Unit.DAYS), start=date(2026, 3, 1), tolerance=0.1)
    edge = at("2026-03-10T06:00")
    done = Slot("p", "pump", "extra", edge, SlotState.DONE, 0, done_at_us=edge)
    now = at("2026-03-11T06:00")
    assert due(every_ten, [done], {}, now, BERLIN) is None
    assert due(every_ten, [replace(done, done_at_us=edge - 1)], {}, now, BERLIN) is not None
    assert due(every_ten, [replace(done, done_at_us=now + 1)], {}, now, BERLIN) is not None
