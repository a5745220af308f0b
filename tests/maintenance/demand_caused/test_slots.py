"""Coming slots of plans: against the plan lived through day by day, and their uncertainty."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plans import ConditionRule, Every, MeterRule, Season, Seen, Slot, SlotState, Trigger, Unit
from forewarn.maintenance.demand.slots import coming, kept_share
from tests.maintenance.plan_world import BERLIN, World, at, plan

NOW_US = at("2026-03-10T12:00")


def spans(kind: Trigger, days: float, history: list[Slot] | None = None, **more: object) -> list[tuple[float, float]]:
    seen = more.pop("seen", {})
    per_day = more.pop("per_day", None)
    return coming(plan(kind, **more), history or [], seen, per_day, NOW_US, BERLIN, days)  # type: ignore[arg-type]


@pytest.mark.parametrize(("every", "days"), [(1, 5), (3, 20), (7, 40), (10, 9)])
def test_fixed_slots_are_those_that_come_when_one_lives_through_the_days(every: int, days: int) -> None:
    daily = plan(Trigger.FIXED, every=Every(every, Unit.DAYS))
    world = World(daily)
    world.look(NOW_US)
    world.complete(NOW_US)
    history, opened = list(world.slots), []
    for step in range(1, 4 * days):
        then_us = NOW_US + step * US_PER_DAY // 4
        found = world.look(then_us)
        if found is not None:
            day = (found.due_us - NOW_US) / US_PER_DAY
            opened.append((day, day))
            world.complete(then_us)
    assert coming(daily, history, {}, None, NOW_US, BERLIN, days - 0.2) == opened
    assert len(opened) >= days // every - 1


def test_a_floating_slot_gets_less_certain_with_each_completion_that_has_to_come_before_it() -> None:
    done = Slot("p", "pump", "first", NOW_US, SlotState.DONE, NOW_US, done_at_us=NOW_US)
    found = spans(Trigger.FLOATING, 100.0, [done], every=Every(30, Unit.DAYS), tolerance=0.1)
    assert found == [pytest.approx((27.0, 33.0), abs=0.1), pytest.approx((54.0, 66.0), abs=0.1),
                     pytest.approx((81.0, 99.0), abs=0.1)]  # fmt: skip


def test_while_its_order_is_open_the_next_floating_slot_is_an_interval_away() -> None:
    opened = Slot("p", "pump", "first", NOW_US, SlotState.OPEN, NOW_US, order_id="o")
    found = spans(Trigger.FLOATING, 40.0, [opened], every=Every(30, Unit.DAYS), tolerance=0.0)
    assert found == [(30.0, 30.0)]


def test_a_deferred_slot_comes_when_its_deferral_ends() -> None:
    put_off = Slot(
        "p", "pump", "first", NOW_US, SlotState.DEFERRED, NOW_US, until_us=NOW_US + 5 * US_PER_DAY, reason="no crane"
    )
    found = spans(Trigger.FLOATING, 20.0, [put_off], every=Every(30, Unit.DAYS), tolerance=0.0)
    assert found == [(5.0, 5.0)]


def test_a_meter_is_read_forward_a_quarter_faster_or_slower() -> None:
    rule = MeterRule("hours", 240.0)
    found = spans(Trigger.METER, 19.0, meter=rule, seen={"hours": Seen(NOW_US, 120.0)}, per_day=24.0)
    assert found == [(4.0, pytest.approx(20 / 3)), (12.0, 20.0)]
    assert spans(Trigger.METER, 20.0, meter=rule, seen={}, per_day=24.0) == []
    assert spans(Trigger.METER, 20.0, meter=rule, seen={"hours": Seen(NOW_US, 120.0)}, per_day=None) == []


def test_of_a_combined_plan_the_rule_that_comes_first_counts() -> None:
    found = spans(
        Trigger.COMBINED, 15.0, every=Every(60, Unit.DAYS), meter=MeterRule("hours", 240.0),
        seen={"hours": Seen(NOW_US, 240.0 - 24.0)}, per_day=24.0,
        history=[Slot("p", "pump", "first", NOW_US, SlotState.DONE, NOW_US, done_at_us=NOW_US)],
    )  # fmt: skip
    assert found[0] == pytest.approx((0.8, 4 / 3))


def test_what_only_a_condition_decides_asks_for_nothing_and_neither_does_a_plan_at_rest_or_out_of_season() -> None:
    assert spans(Trigger.CONDITION, 100.0, condition=ConditionRule("flow", above=3.0)) == []
    assert spans(Trigger.FIXED, 100.0, active=False) == []
    summer = spans(Trigger.FLOATING, 60.0, every=Every(10, Unit.DAYS), season=Season((6, 1), (8, 31)))
    assert summer == []
    assert spans(Trigger.FIXED, 0.0) == []


@given(st.lists(st.sampled_from(list(SlotState)), max_size=40))
def test_the_kept_share_lies_between_none_and_all_and_moves_with_what_was_done(states: list[SlotState]) -> None:
    slots = [Slot("p", "pump", str(n), 0, state, 0) for n, state in enumerate(states)]
    share = kept_share(slots)
    assert 0 < share < 1
    more = Slot("p", "pump", "more", 0, SlotState.DONE, 0)
    assert kept_share([*slots, more]) > share
    assert kept_share([*slots, replace(more, state=SlotState.SKIPPED)]) < share
