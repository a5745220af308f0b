"""The weekly alarm budget: what goes out, what is held back, and that an emergency is never silent."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.autonomy import INSTRUMENTS, WEEK_US, WHOLE_PLANT, Level, week_of
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.work import Status
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.autonomy.rows import AutonomyRules, ranked, subject_of
from forewarn.maintenance.records import open_records
from tests.maintenance.autonomy_house import MONDAY_US, House, alarm
from tests.maintenance.places import Place
from tests.maintenance.samples import ANN, SENSOR, hours

# ---- the weekly budget ----


@pytest.mark.slow
def test_two_hundred_pumps_in_alarm_stay_inside_the_budget_and_what_is_held_back_is_told(house: House) -> None:
    flood = [alarm(f"pump-{n:03d}", slack_h=400.0 + (n * 37) % 200) for n in range(200)]
    outcomes = house.advise(*flood)
    opened = [outcome.order for outcome in outcomes if outcome.order is not None]
    assert len(opened) == 20  # one for ten machines, at least 20
    assert {order.asset for order in opened} == {given.asset for given in ranked(flood)[:20]}
    assert house.spent(WHOLE_PLANT) == (20, 20, 0, 180)
    held = house.autonomy.held(MONDAY_US + hours(2))
    assert len(held) == 180
    assert {(one.why, one.reason) for one in held} == {("budget", "The weekly alarm budget of the plant is used up.")}
    assert {one.until_us for one in held} == {MONDAY_US + WEEK_US}
    assert [one.advice.slack_h for one in held] == sorted(one.advice.slack_h or 0 for one in held)


def test_assessments_that_go_on_write_nothing_more_about_what_is_held(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "quiet week", orders_per_week=0)
    for minute in range(0, 120, 4):
        assert house.one(alarm(at_h=1 + minute / 60)).what == "held"
    with house.records.read() as connection:
        assert [row["action"] for row in history_of(connection, subject_of(alarm()))] == ["held"]


def test_with_a_new_week_the_most_urgent_of_those_held_comes_first(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=1)
    assert house.one(alarm("pump-000", at_h=160)).what == "opened"
    assert house.one(alarm("pump-001", at_h=160, slack_h=300)).what == "held"
    assert house.one(alarm("pump-002", at_h=160, slack_h=200)).what == "held"
    later = house.one(alarm("pump-001", at_h=169, slack_h=300))
    assert later.what == "held"
    assert "kept for 1 more urgent" in later.reason
    assert house.one(alarm("pump-002", at_h=169, slack_h=200)).what == "opened"
    (left,) = house.autonomy.held(MONDAY_US + hours(170))
    assert left.advice.asset == "pump-001"


def test_a_class_may_have_a_budget_of_its_own(house: House) -> None:
    house.autonomy.move("fan", ANN, 0, MONDAY_US, "they are being rebuilt", orders_per_week=1)
    assert [o.what for o in house.advise(alarm("fan-0"), alarm("fan-1"))] == ["opened", "held"]
    assert house.one(alarm("pump-000")).what == "opened"
    assert house.spent("fan") == (1, 1, 0, 1)
    assert "of this class" in house.autonomy.held(MONDAY_US + hours(2))[0].reason


def test_an_emergency_goes_out_beyond_the_budget_and_that_is_said(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=0)
    soon = replace(alarm("pump-001"), fails_in_h=100.0)
    urgent = alarm("pump-002", priority=1)
    after_the_week = replace(alarm("pump-003"), fails_in_h=168.0)
    assert [house.one(given).what for given in (soon, urgent, after_the_week)] == ["opened", "opened", "held"]
    assert house.spent(WHOLE_PLANT) == (0, 2, 2, 1)
    first, second = house.sent("autonomy.overspent")
    assert (first.body["asset"], first.body["budget"], first.body["opened"]) == ("pump-001", 0, 1)
    assert second.body["opened"] == 2
    order = house.orders.order("WO-000001")
    assert order is not None
    assert "opened all the same" in order.changed


def test_an_emergency_that_may_not_open_an_order_is_told_by_a_message(house: House) -> None:
    house.set(Level.ADVISE)
    for at_h in (1.0, 2.0, 3.0):
        assert house.one(alarm(priority=1, at_h=at_h)).what == "held"
    (message,) = house.sent("advice.emergency_held")
    assert (message.body["asset"], message.body["why"]) == ("pump-000", "level")


def test_sensors_are_a_class_of_their_own_and_may_be_held_without_the_machines(house: House) -> None:
    house.set(Level.ADVISE, INSTRUMENTS)
    assert house.one(alarm(fault=SENSOR)).what == "held"
    assert house.one(alarm()).what == "opened"
    assert [one.of for one in house.autonomy.held(MONDAY_US + hours(2))] == [INSTRUMENTS]


def test_one_machine_gets_at_most_so_many_orders_a_day_however_its_model_jumps(house: House) -> None:
    what = []
    for n in range(12):
        fault = Fault(f"bearing_{n}", "outer_race_spall")
        outcome = house.one(alarm(fault=fault, at_h=1 + n / 10, priority=1))
        what.append(outcome.what)
        if outcome.order is not None:
            house.orders.act(outcome.order.id, Status.CAN, ANN, 1, MONDAY_US + hours(1 + n / 10))
    assert what == ["opened"] * 4 + ["held"] * 8
    assert house.one(alarm(fault=Fault("bearing_0", "bearing_wear"), at_h=26, priority=1)).what == "cooling_down"
    assert house.one(alarm(fault=Fault("bearing_9", "bearing_wear"), at_h=26, priority=1)).what == "opened"


@pytest.mark.slow
def test_programs_that_ask_at_once_do_not_spend_the_same_place_twice(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=5)
    with ThreadPoolExecutor(8) as pool:
        given = [alarm(f"pump-{n:03d}", slack_h=400.0) for n in range(24)]
        what = Counter(outcome.what for outcome in pool.map(house.orders.advise, given))
    assert what == {"opened": 5, "held": 19}
    assert house.spent(WHOLE_PLANT) == (5, 5, 0, 19)


steps = st.lists(
    st.tuples(
        st.integers(0, 5),  # machine
        st.sampled_from(["ok", "emergency", "late", "cancel"]),
        st.floats(0.0, 40.0),  # hours since the last step
        st.integers(2, 5),  # priority
    ),
    max_size=40,
)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [0, 2])
@given(played=steps)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_a_week_opens_no_more_than_its_budget_but_for_emergencies(
    place: Place, budget: int, played: list[tuple[int, str, float, int]]
) -> None:
    """Against a count that is kept beside it, from nothing but the outcomes."""
    url = place.new()
    records = open_records(url)
    house = House(records, AutonomyRules(orders_per_week=budget, orders_per_asset_day=2))
    opened: list[tuple[int, str, bool]] = []
    at_h = 0.0
    for machine, event, later_h, priority in played:
        at_h += later_h
        asset = f"pump-{machine:03d}"
        if event == "cancel":
            for order in house.orders.orders(open_only=True, asset=asset):
                house.orders.act(order.id, Status.CAN, ANN, order.revision, MONDAY_US + hours(at_h))
            continue
        urgent = event == "emergency"
        made = alarm(asset, at_h=at_h, priority=1 if urgent else priority, slack_h=-5.0 if event == "late" else 100.0)
        outcome = house.one(made)
        assert outcome.what in ("opened", "updated", "unchanged", "cooling_down", "held")
        if outcome.what == "opened":
            opened.append((made.at_us, asset, urgent))
        if outcome.what == "held" and urgent:
            day = [one for one in opened if one[1] == asset and one[0] > made.at_us - 24 * US_PER_HOUR]
            assert len(day) == 2  # only the rate of the machine holds an emergency back
    weeks: Counter[int] = Counter()
    for at_us, _, urgent in opened:
        week = week_of(at_us)[0]
        assert weeks[week] < budget or urgent
        weeks[week] += 1
    for at_us, asset, _ in opened:
        assert sum(one[1] == asset and at_us - 24 * US_PER_HOUR < one[0] <= at_us for one in opened) <= 2
    assert verify_audit(records) is None
    records.close()
    place.drop(url)
