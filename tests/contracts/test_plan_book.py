"""What every book of preventive plans keeps, whatever it keeps it in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date

import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plans import Every, MeterRule, Plan, Seen, SlotState, TrialState, Trigger, Unit, Watch
from forewarn.core.plant import PartLine
from forewarn.core.work import Json, OrderKind, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.plans.book_memory import MemoryPlanBook
from forewarn.maintenance.plans.desk import Look
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, advice

MONDAY_US = 1_772_431_200_000_000  # 2 March 2026, 6:00 UTC
WEEK_US = 7 * US_PER_DAY
WEEKLY = Plan(
    "grease", "Grease the bearings", Trigger.FIXED, date(2026, 3, 2), ("p1", "p2"), every=Every(1, Unit.WEEKS),
    component="de_bearing", steps=("Grease",), parts=(PartLine("grease"),), hours=0.5,
)  # fmt: skip


@dataclass
class Books:
    plans: PlanBook
    orders: OrderBookSql | MemoryOrderBook

    def finish(self, order: WorkOrder, at_us: int, finding: str = "not_found") -> WorkOrder:
        started = self.orders.act(order.id, Status.INPRG, ANN, order.revision, at_us)
        report: Json = {"finding": finding}
        return self.orders.act(order.id, Status.COMP, ANN, started.revision, at_us, report)


@pytest.fixture
def books(any_records_or_none: Records | None) -> Books:
    if any_records_or_none is None:
        memory = MemoryOrderBook()
        return Books(MemoryPlanBook(memory), memory)
    orders = OrderBookSql(any_records_or_none)
    return Books(PlanBookSql(any_records_or_none, orders), orders)


def look(now_us: int = MONDAY_US, **seen: float) -> Look:
    values = {name: Seen(now_us, value) for name, value in seen.items()}
    return Look({"p1": values, "p2": values}, now_us, UTC)


def opened(books: Books, plan: str = "grease", asset: str = "p1", at_us: int = MONDAY_US, **seen: float) -> WorkOrder:
    order = books.plans.open_due(plan, [asset], look(at_us, **seen))
    assert order is not None
    return order


def test_a_plan_is_kept_with_everything_and_its_changes_have_revisions(books: Books) -> None:
    kept = books.plans.save(WEEKLY, ANN, MONDAY_US)
    assert kept == replace(WEEKLY, revision=1) == books.plans.plan("grease")
    assert books.plans.save(kept, ANN, MONDAY_US, 1) == kept, "the same again writes nothing"
    slower = books.plans.save(replace(kept, every=Every(2, Unit.WEEKS)), ANN, MONDAY_US, 1)
    assert (slower.revision, slower.every) == (2, Every(2, Unit.WEEKS))
    with pytest.raises(Conflict, match="revision 2, not 1"):
        books.plans.save(kept, ANN, MONDAY_US, 1)
    with pytest.raises(Conflict, match="revision 2, not 0"):
        books.plans.save(WEEKLY, ANN, MONDAY_US)
    assert books.plans.plans() == [slower]
    made, changed = books.plans.history("grease")
    assert (made["action"], made["actor"], changed["action"]) == ("plan made", "ann", "plan changed")
    assert changed["before"] == {"every": {"count": 1, "unit": "weeks"}, "revision": 1}


def test_a_plan_that_never_comes_due_or_does_not_fit_is_refused_and_nothing_is_written(books: Books) -> None:
    from forewarn.core.plans import Season

    never = replace(WEEKLY, every=Every(1, Unit.YEARS), season=Season((6, 1), (6, 30)))
    for wrong, slug in ((never, "season_never"), (replace(WEEKLY, every=None), "plan_rules")):
        with pytest.raises(Rejected) as refused:
            books.plans.save(wrong, ANN, MONDAY_US)
        assert refused.value.reason == slug
    assert books.plans.plans() == []
    assert books.plans.history("grease") == []


def test_a_due_slot_opens_one_order_that_says_what_and_why(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    order = opened(books)
    assert (order.kind, order.status, order.asset, order.title) == (
        OrderKind.PREVENTIVE, Status.APPR, "p1", "Grease the bearings",
    )  # fmt: skip
    assert (order.start_by_us, order.steps, order.parts) == (MONDAY_US, ("Grease",), (PartLine("grease"),))
    told = order.report["pm"]
    assert isinstance(told, dict)
    assert (told["plan"], told["slot"], told["component"]) == ("grease", "2026-03-02T06:00", "de_bearing")
    assert order.causes == ()
    assert books.plans.open_due("grease", ["p1"], look()) is None
    assert [o.number for o in books.orders.orders()] == [order.number]
    assert [row["action"] for row in books.orders.history(order.id)] == ["opened", "APPR"]
    [slot] = books.plans.slots("grease")
    assert (slot.state, slot.order_id, slot.key) == (SlotState.OPEN, order.id, "2026-03-02T06:00")
    assert books.plans.history("grease")[-1]["action"] == "slot opened"


def test_each_asset_and_each_slot_has_an_order_of_its_own(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    numbers = {
        opened(books, asset=asset, at_us=MONDAY_US + week * WEEK_US).number
        for asset in ("p1", "p2")
        for week in range(3)
    }
    assert len(numbers) == 6
    assert len(books.plans.slots("grease", "p2")) == 3


def test_an_order_may_wait_for_approval_where_the_plan_says_so(books: Books) -> None:
    books.plans.save(replace(WEEKLY, open_as=Status.WAPPR, kind=OrderKind.INSPECTION), ANN, MONDAY_US)
    order = opened(books)
    assert (order.status, order.kind) == (Status.WAPPR, OrderKind.INSPECTION)


def test_advice_on_the_machine_opens_an_order_of_its_own_beside_the_planned_one(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    planned = opened(books)
    outcome = books.orders.advise(advice(asset="p1"))
    assert outcome.what == "opened"
    assert outcome.order is not None
    assert outcome.order.id != planned.id


def test_a_completion_is_noted_with_its_time_and_meter_and_taken_back_when_the_work_goes_on(books: Books) -> None:
    floating = replace(WEEKLY, trigger=Trigger.FLOATING)
    books.plans.save(floating, ANN, MONDAY_US)
    order = opened(books)
    done = books.finish(order, MONDAY_US + US_PER_HOUR)
    assert books.plans.settle(lambda plan, asset, at_us: 120.5, MONDAY_US + 2 * US_PER_HOUR) == 1
    [slot] = books.plans.slots("grease")
    assert (slot.state, slot.done_at_us, slot.meter_at_done) == (SlotState.DONE, MONDAY_US + US_PER_HOUR, 120.5)
    assert books.plans.settle(lambda plan, asset, at_us: 0.0, MONDAY_US + 3 * US_PER_HOUR) == 0
    books.orders.act(order.id, Status.INPRG, ANN, done.revision, MONDAY_US + 4 * US_PER_HOUR)
    assert books.plans.settle(lambda plan, asset, at_us: None, MONDAY_US + 5 * US_PER_HOUR) == 1
    [slot] = books.plans.slots("grease")
    assert (slot.state, slot.done_at_us) == (SlotState.OPEN, None)
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + 2 * WEEK_US)) is None


def test_a_cancelled_order_ends_its_slot(books: Books) -> None:
    books.plans.save(replace(WEEKLY, trigger=Trigger.FLOATING), ANN, MONDAY_US)
    order = opened(books)
    books.orders.act(order.id, Status.CAN, ANN, order.revision, MONDAY_US)
    assert books.plans.settle(lambda plan, asset, at_us: None, MONDAY_US) == 1
    assert books.plans.slots("grease")[0].state is SlotState.CANCELLED
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + WEEK_US - 1)) is None
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + WEEK_US)) is not None


def test_a_route_is_one_order_for_all_its_assets(books: Books) -> None:
    books.plans.save(replace(WEEKLY, route=True, steps=("Look", "Listen")), ANN, MONDAY_US)
    order = books.plans.open_due("grease", ["p1", "p2"], look())
    assert order is not None
    assert order.steps == ("p1: Look", "p1: Listen", "p2: Look", "p2: Listen")
    assert {slot.order_id for slot in books.plans.slots("grease")} == {order.id}
    assert books.plans.open_due("grease", ["p1", "p2"], look()) is None
    books.finish(order, MONDAY_US)
    assert books.plans.settle(lambda plan, asset, at_us: None, MONDAY_US) == 2


def test_a_retired_asset_gets_no_order_until_it_is_in_use_again(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    assert books.plans.retire("p1", ANN, MONDAY_US, "sold")
    assert not books.plans.retire("p1", ANN, MONDAY_US, "sold")
    assert books.plans.retired() == {"p1": "sold"}
    assert books.plans.open_due("grease", ["p1"], look()) is None
    with pytest.raises(Rejected, match="out of use"):
        books.plans.open_now("grease", ["p1"], look(), ANN)
    route = books.plans.open_due("grease", ["p1", "p2"], look())
    assert route is not None
    assert route.asset == "p2"
    assert books.plans.retire("p1", ANN, MONDAY_US, None)
    assert books.plans.open_due("grease", ["p1"], look()) is not None
    with pytest.raises(Rejected, match="reason_needed"):
        books.plans.retire("p2", ANN, MONDAY_US, " ")


def test_an_order_is_opened_now_once(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    tuesday = MONDAY_US + US_PER_DAY
    order = books.plans.open_now("grease", ["p1"], look(tuesday), ANN)
    assert books.orders.history(order.id)[0]["actor"] == "ann"
    with pytest.raises(Conflict, match="open order"):
        books.plans.open_now("grease", ["p1"], look(tuesday + 1), ANN)
    with pytest.raises(Rejected, match="unknown_plan"):
        books.plans.open_now("paint", ["p1"], look(tuesday), ANN)


def test_a_skipped_slot_opens_nothing_and_keeps_its_reason(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    skipped = books.plans.skip("grease", "p1", look(), ANN, "the line stands")
    assert (skipped.state, skipped.key, skipped.reason) == (SlotState.SKIPPED, "2026-03-02T06:00", "the line stands")
    assert books.plans.open_due("grease", ["p1"], look()) is None
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + WEEK_US)) is not None
    last = books.plans.history("grease")[-2]
    assert (last["action"], last["actor"]) == ("slot skipped", "ann")


def test_a_deferred_slot_opens_its_order_later_and_may_be_deferred_again_or_skipped(books: Books) -> None:
    books.plans.save(WEEKLY, ANN, MONDAY_US)
    day = US_PER_DAY
    books.plans.defer("grease", "p1", look(), ANN, MONDAY_US + day, "no crane")
    again = books.plans.defer("grease", "p1", look(), ANN, MONDAY_US + 2 * day, "no crane yet")
    assert again.key == "2026-03-02T06:00"
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + day)) is None
    order = opened(books, at_us=MONDAY_US + 2 * day)
    [slot] = books.plans.slots("grease")
    assert (slot.state, slot.order_id, slot.due_us) == (SlotState.OPEN, order.id, MONDAY_US)
    books.plans.defer("grease", "p2", look(), ANN, MONDAY_US + day, "no crane")
    assert books.plans.skip("grease", "p2", look(), ANN, "not worth it").state is SlotState.SKIPPED
    with pytest.raises(Rejected, match="until_passed"):
        books.plans.defer("grease", "p2", look(), ANN, MONDAY_US, "no crane")


def test_a_meter_plan_counts_from_the_completion(books: Books) -> None:
    by_hours = replace(WEEKLY, trigger=Trigger.METER, every=None, meter=MeterRule("running_hours", 500.0))
    books.plans.save(by_hours, ANN, MONDAY_US)
    assert books.plans.open_due("grease", ["p1"], look(running_hours=499.0)) is None
    order = opened(books, running_hours=505.0)
    books.finish(order, MONDAY_US)
    books.plans.settle(lambda plan, asset, at_us: 505.0, MONDAY_US)
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + 1, running_hours=1004.0)) is None
    assert books.plans.open_due("grease", ["p1"], look(MONDAY_US + 2, running_hours=1005.0)) is not None


# trials

WATCH = Watch(("p1", "p2"), MONDAY_US + 90 * US_PER_DAY, 3, 1.2, 0.4)


def slower(plan: Plan) -> Plan:
    return replace(plan, every=Every(3, Unit.WEEKS))


def test_an_approved_change_is_applied_and_watched_one_at_a_time(books: Books) -> None:
    kept = books.plans.save(WEEKLY, ANN, MONDAY_US)
    with pytest.raises(Conflict, match="revision 1, not 7"):
        books.plans.approve(slower(kept), WATCH, "found good", ANN, 7, MONDAY_US)
    with pytest.raises(Rejected, match="no_change"):
        books.plans.approve(kept, WATCH, "found good", ANN, 1, MONDAY_US)
    trial = books.plans.approve(slower(kept), WATCH, "found good", ANN, 1, MONDAY_US)
    assert books.plans.plan("grease") == replace(slower(kept), revision=2)
    assert (trial.state, trial.before, trial.watch, trial.reason) == (TrialState.WATCHING, kept, WATCH, "found good")
    assert books.plans.trials(watching=True) == [trial]
    with pytest.raises(Conflict, match="being watched"):
        books.plans.approve(replace(kept, active=False), WATCH, "drop", ANN, 2, MONDAY_US)


def test_a_watch_that_fails_gives_the_old_interval_back_and_leaves_other_changes(books: Books) -> None:
    kept = books.plans.save(WEEKLY, ANN, MONDAY_US)
    books.plans.approve(slower(kept), WATCH, "found good", ANN, 1, MONDAY_US)
    books.plans.save(replace(slower(kept), title="Grease well"), ANN, MONDAY_US + 1, 2)
    trial = books.plans.end_watch("grease", True, "5 failures, 3 were allowed", MONDAY_US + 2)
    assert trial.state is TrialState.ROLLED_BACK
    back = books.plans.plan("grease")
    assert back is not None
    assert (back.every, back.title, back.revision) == (WEEKLY.every, "Grease well", 4)
    actions = [row["action"] for row in books.plans.history("grease")]
    assert actions[-2:] == ["rolled back", "watch rolled back"]
    with pytest.raises(Conflict, match="no change"):
        books.plans.end_watch("grease", True, "again", MONDAY_US + 3)
    assert books.plans.approve(slower(back), WATCH, "another try", ANN, 4, MONDAY_US + 4).id > trial.id


def test_a_watch_that_passes_lets_the_change_stay(books: Books) -> None:
    kept = books.plans.save(WEEKLY, ANN, MONDAY_US)
    books.plans.approve(slower(kept), WATCH, "found good", ANN, 1, MONDAY_US)
    assert books.plans.end_watch("grease", False, "1 failure", MONDAY_US + 2).state is TrialState.PASSED
    now = books.plans.plan("grease")
    assert now is not None
    assert (now.every, now.revision) == (Every(3, Unit.WEEKS), 2)
    assert books.plans.trials(watching=True) == []


def test_an_interval_changed_by_hand_ends_its_watch(books: Books) -> None:
    kept = books.plans.save(WEEKLY, ANN, MONDAY_US)
    books.plans.approve(slower(kept), WATCH, "found good", ANN, 1, MONDAY_US)
    books.plans.save(replace(kept, every=Every(2, Unit.WEEKS)), ANN, MONDAY_US + 1, 2)
    [trial] = books.plans.trials("grease")
    assert (trial.state, trial.ended_at_us) == (TrialState.SUPERSEDED, MONDAY_US + 1)
