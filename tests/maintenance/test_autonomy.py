"""How far Forewarn goes by itself: levels, the weekly budget, windows, what is held back, and how it gets out again."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.autonomy import INSTRUMENTS, WEEK_US, WHOLE_PLANT, Level, Measured, week_of
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine, Plant
from forewarn.core.ports import OrderOutcome
from forewarn.core.windows import MaintenanceWindow, Repeat, Scope
from forewarn.core.work import Advice, Decision, OrderKind, Status
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.autonomy.book import AutonomyBook
from forewarn.maintenance.autonomy.rows import AutonomyRules, ranked, subject_of
from forewarn.maintenance.autonomy.window_book import WindowBook
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from tests.conftest import new_database
from tests.maintenance.samples import ANN, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours, pump

MONDAY_US, _ = week_of(NOW_US + WEEK_US)


@dataclass
class House:
    """Records with an order book behind its gate, for 200 pumps and 5 fans."""

    records: Records
    rules: AutonomyRules = field(default_factory=AutonomyRules)

    def __post_init__(self) -> None:
        pumps = tuple(replace(pump(), id=f"pump-{n:03d}") for n in range(200))
        fans = tuple(replace(pump(), id=f"fan-{n}", asset_class="fan", area="roof") for n in range(5))
        self.plant = Plant("works", (), pumps + fans)
        self.autonomy = AutonomyBook(self.records, lambda: self.plant, self.rules)
        self.windows = WindowBook(self.records)
        self.orders = OrderBookSql(self.records, gate=self.autonomy.gate)

    def advise(self, *given: Advice) -> list[OrderOutcome]:
        return [self.orders.advise(one) for one in ranked(given)]

    def one(self, given: Advice) -> OrderOutcome:
        (outcome,) = self.advise(given)
        return outcome

    def sent(self, kind: str) -> list[outbox.Message]:
        return [message for message in outbox.pending(self.records, 10_000) if message.kind == kind]

    def spent(self, of: str) -> tuple[int | None, int, int, int]:
        found = next(s for s in self.autonomy.spending(MONDAY_US) if s.standing.of == of)
        return found.budget, found.opened, found.overspent, found.held

    def set(self, level: Level, of: str = "pump") -> None:
        revision = self.autonomy.standing(of).revision
        self.autonomy.move(of, ANN, revision, MONDAY_US, "as agreed", level=level)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records without anything in them, migrated once."""
    file = tmp_path_factory.mktemp("empty") / "records.db"
    open_records(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.server, pytest.mark.slow])])
def house(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[House]:
    """Once on SQLite, once on PostgreSQL."""
    shutil.copy(empty, tmp_path / "records.db")
    for url in new_database(request, request.param, tmp_path):
        records = open_records(url)
        yield House(records)
        assert verify_audit(records) is None
        records.close()


def alarm(
    asset: str = "pump-000", fault: Fault = SPALL, *, at_h: float = 1.0, slack_h: float = 400.0, priority: int = 3
) -> Advice:
    """Failure expected in 90 days, `at_h` hours after a Monday midnight."""
    kind = OrderKind.INSTRUMENT if fault.mechanism == "sensor_fault" else OrderKind.CONDITION
    made = advice(fault, asset=asset, priority=priority, evidence={"asset": asset})
    at_us = MONDAY_US + hours(at_h)
    order_by_us, start_by_us = at_us + hours(max(slack_h, 0)), at_us + hours(slack_h + 20)
    made = replace(made, kind=kind, at_us=at_us, order_by_us=order_by_us, start_by_us=start_by_us)
    return replace(made, slack_h=slack_h, fails_in_h=2160.0, risk_cost=0.0)


# ---- levels ----


def test_a_class_without_a_past_opens_orders_as_ever(house: House) -> None:
    outcome = house.one(alarm())
    assert outcome.what == "opened"
    assert outcome.order is not None
    assert (outcome.order.status, outcome.order.is_draft, outcome.order.reserve_parts) == (Status.WAPPR, False, False)
    assert house.sent("parts.reserve") == []


def test_at_the_lowest_level_the_advice_is_shown_and_no_order_is_there(house: House) -> None:
    house.set(Level.ADVISE)
    outcome = house.one(alarm())
    assert (outcome.what, outcome.order) == ("held", None)
    (held,) = house.autonomy.held(MONDAY_US + hours(2))
    assert (held.advice, held.why, held.of) == (alarm(), "level", "pump")
    assert house.orders.orders() == []
    assert house.one(alarm("fan-1")).what == "opened"  # another class


def test_a_draft_waits_for_a_person_and_approval_makes_it_an_order(house: House) -> None:
    house.set(Level.DRAFT)
    order = house.one(alarm()).order
    assert order is not None
    assert (order.status, order.draft, order.is_draft) == (Status.WAPPR, "level", True)
    assert not house.orders.act(order.id, Status.APPR, ANN, 1, MONDAY_US + hours(3)).is_draft


def test_an_advice_that_only_prepares_makes_a_draft_until_it_asks_for_the_order(house: House) -> None:
    order = house.one(replace(alarm(), decision=Decision.DRAFT)).order
    assert order is not None
    assert order.draft == "advice"
    after = house.one(alarm(at_h=2)).order
    assert after is not None
    assert (after.draft, after.changed) == ("", "No longer a draft: acting costs less than waiting.")


def test_the_highest_level_asks_for_the_parts_and_gives_them_back_when_the_order_is_cancelled(house: House) -> None:
    house.set(Level.RESERVE)
    order = house.one(alarm()).order
    assert order is not None
    assert order.reserve_parts
    (asked,) = house.sent("parts.reserve")
    assert asked.body["parts"] == [{"part": "6205", "quantity": 1}]
    more = replace(alarm(fault=IMBALANCE, at_h=2), parts=(PartLine("weight", 2),))
    assert house.one(more).what == "updated"
    assert house.one(replace(more, at_us=more.at_us + 1)).what == "unchanged"
    again = house.sent("parts.reserve")[1:]
    assert [message.body["parts"] for message in again] == [
        [{"part": "6205", "quantity": 1}, {"part": "weight", "quantity": 2}]
    ]
    house.orders.act(order.id, Status.CAN, ANN, 2, MONDAY_US + hours(3))
    assert [message.body["number"] for message in house.sent("parts.release")] == ["WO-000001"]


def test_a_level_is_earned_lost_set_and_taken_back_and_every_step_is_told(house: House) -> None:
    book, at_us = house.autonomy, MONDAY_US
    asked: list[int] = []

    def all_right(since_us: int) -> Measured:
        asked.append(since_us)
        return Measured(20, 20, 0.839, 1.0)

    risen = book.measure("pump", all_right, at_us)
    assert risen is not None
    assert (risen.level, risen.by) == (Level.RESERVE, "forewarn")
    assert book.measure("pump", all_right, at_us + 1) is None  # there is nothing above
    fallen = book.measure("pump", lambda since_us: Measured(1, 12, 0.015, 0.354), at_us + 2)
    assert fallen is not None
    assert fallen.level is Level.OPEN
    back = book.undo("pump", ANN, fallen.revision, at_us + 3)
    assert (back.level, back.counted_from_us) == (Level.RESERVE, at_us + 3)
    pinned = book.move(
        "pump", ANN, back.revision, at_us + 4, "the new sensors are tried", level=Level.DRAFT, pinned=True
    )
    assert book.measure("pump", all_right, at_us + 5) is None  # pinned
    assert asked == [0, at_us, at_us + 4]
    rows = book.steps("pump")
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("set", "ann"),
        ("undone", "ann"),
        ("lost", "forewarn"),
        ("earned", "forewarn"),
    ]
    assert pinned.revision == 4
    assert book.steps("fan") == []


def test_a_step_needs_a_reason_a_known_class_and_the_newest_revision(house: House) -> None:
    book = house.autonomy
    with pytest.raises(Rejected, match="reason_needed"):
        book.move("pump", ANN, 0, MONDAY_US, " ", level=Level.DRAFT)
    with pytest.raises(Rejected, match="unknown_class"):
        book.move("pumps", ANN, 0, MONDAY_US, "why", level=Level.DRAFT)
    with pytest.raises(Rejected, match="plant_level"):
        book.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "why", level=Level.DRAFT)
    with pytest.raises(Rejected, match="no_step"):
        book.undo("pump", ANN, 0, MONDAY_US)
    house.set(Level.DRAFT)
    with pytest.raises(Conflict, match="revision 1, not 0"):
        book.move("pump", ANN, 0, MONDAY_US, "why", pinned=True)


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
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_a_week_opens_no_more_than_its_budget_but_for_emergencies(
    empty: Path, tmp_path: Path, budget: int, played: list[tuple[int, str, float, int]]
) -> None:
    """Against a count that is kept beside it, from nothing but the outcomes."""
    file = tmp_path / f"{uuid.uuid4()}.db"
    shutil.copy(empty, file)
    records = open_records(f"sqlite:///{file}")
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


# ---- getting out again ----


def test_a_person_releases_what_is_held_outside_of_the_budget(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=0)
    house.one(alarm(slack_h=-5))
    (held,) = house.autonomy.held(MONDAY_US + hours(2))
    now_us = MONDAY_US + hours(3)
    with pytest.raises(Conflict, match="read it again"):
        house.autonomy.release(house.orders, "pump-000", SPALL, ANN, held.revision + 1, now_us)
    order = house.autonomy.release(house.orders, "pump-000", SPALL, ANN, held.revision, now_us)
    assert (order.asset, order.created_at_us, order.order_by_us) == ("pump-000", now_us, now_us)
    assert order.causes[0].evidence == {"asset": "pump-000"}
    assert house.orders.history(order.id)[0]["actor"] == "ann"
    assert house.spent(WHOLE_PLANT) == (0, 0, 0, 0)
    settled = house.autonomy.held_one("pump-000", SPALL)
    assert settled is not None
    assert (settled.state, settled.order_id) == ("opened", order.id)
    with pytest.raises(Rejected, match="not_held"):
        house.autonomy.release(house.orders, "pump-000", SPALL, ANN, settled.revision, now_us)


def test_what_is_not_given_again_for_two_days_has_ended(house: House) -> None:
    house.set(Level.ADVISE)
    house.one(alarm())
    assert house.autonomy.end_stale(MONDAY_US + hours(48)) == 0
    assert house.autonomy.end_stale(MONDAY_US + hours(50)) == 1
    assert house.autonomy.held(MONDAY_US + hours(50)) == []
    house.one(alarm(at_h=60))
    (again,) = house.autonomy.held(MONDAY_US + hours(61))
    assert again.first_at_us == MONDAY_US + hours(60)


# ---- maintenance windows ----


def window(scope: Scope, of: str, start_h: float = 0.0, length_h: float = 8.0, **more: object) -> MaintenanceWindow:
    made = MaintenanceWindow("", scope, of, MONDAY_US + hours(start_h), length_h, reason="bearings are greased")
    return replace(made, **more)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("scope", "of"), [(Scope.ASSET, "pump-000"), (Scope.AREA, "boilers"), (Scope.CLASS, "pump"), (Scope.PLANT, "")]
)
def test_in_a_window_no_order_is_opened_and_after_it_the_alarm_is_looked_at_again(
    house: House, scope: Scope, of: str
) -> None:
    house.windows.plan(window(scope, of), ANN, MONDAY_US)
    outcome = house.one(alarm(at_h=7.9))
    assert outcome.what == "held"
    assert "bearings are greased" in outcome.reason
    (held,) = house.autonomy.held(MONDAY_US + hours(7.9))
    assert (held.why, held.until_us) == ("window", MONDAY_US + hours(8))
    assert house.one(alarm("fan-0", at_h=7.9)).what == ("held" if scope is Scope.PLANT else "opened")
    assert house.one(alarm(at_h=8)).what == "opened"
    assert [one.advice.asset for one in house.autonomy.held(MONDAY_US + hours(9))] == (
        ["fan-0"] if scope is Scope.PLANT else []
    )


def test_an_order_that_is_open_goes_on_in_a_window(house: House) -> None:
    house.one(alarm())
    house.windows.plan(window(Scope.PLANT, ""), ANN, MONDAY_US)
    assert house.one(alarm(at_h=2, slack_h=100)).what == "updated"


def test_a_window_repeats_until_its_end_and_can_be_taken_back(house: House) -> None:
    until_us = MONDAY_US + 3 * WEEK_US
    made = house.windows.plan(window(Scope.CLASS, "pump", repeat=Repeat.WEEKLY, until_us=until_us), ANN, MONDAY_US)
    assert house.one(alarm(at_h=2 * 168 + 7)).what == "held"
    assert house.one(alarm("pump-001", at_h=3 * 168 + 1)).what == "opened"
    with pytest.raises(Conflict):
        house.windows.end(made.id, ANN, 2, MONDAY_US)
    house.windows.end(made.id, ANN, 1, MONDAY_US)
    assert house.windows.windows() == []
    assert house.one(alarm(at_h=2 * 168 + 7.5)).what == "opened"
    with house.records.read() as connection:
        assert [row["action"] for row in history_of(connection, f"window:{made.id}")] == ["planned", "ended"]


def test_a_window_needs_a_reason_and_a_time_to_come(house: House) -> None:
    with pytest.raises(Rejected, match="reason_needed"):
        house.windows.plan(window(Scope.PLANT, "", reason=""), ANN, MONDAY_US)
    with pytest.raises(Rejected, match="window_over"):
        house.windows.plan(window(Scope.PLANT, ""), ANN, MONDAY_US + 9 * US_PER_HOUR)
