"""Deliveries move the work orders that wait for them, and waiting orders become needs: on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forewarn.core.buying import PurchaseStatus
from forewarn.core.errors import Conflict
from forewarn.core.plant import PartLine
from forewarn.core.quotes import Proposal, ProposalState
from forewarn.core.work import WorkOrder
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.evidence import plain
from forewarn.maintenance.orders.deadlines_book import DeadlineBook
from forewarn.maintenance.orders.departments import Asked, Department, effect
from forewarn.maintenance.orders.departments_book import DepartmentBook
from forewarn.maintenance.records import Records, open_records
from forewarn.pipeline.deliveries import Deliveries
from tests.maintenance.buying.test_compare import RACE
from tests.maintenance.buying.world import BEARING, BEN, World, days
from tests.maintenance.samples import ANN, NOW_US, advice

S = PurchaseStatus


class Yard(World):
    """A buyers' room whose deliveries are followed."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.departments, self.rota = DepartmentBook(records), DeadlineBook(records)
        self.deliveries = Deliveries(records, self.buying, self.stock, self.departments, self.rota, "Paul")

    def pressed(self) -> WorkOrder:
        """An order that a forecast drives, with the inputs of its race."""
        told = advice(evidence={"inputs": plain(RACE)})
        order = self.orders.advise(replace(told, start_by_us=days(8), win_probability=0.7)).order
        assert order is not None
        return order

    def waits(self, order: WorkOrder, quantity: int = 1) -> None:
        self.stock.reserve(order.id, [PartLine(BEARING, quantity)], ANN, NOW_US, days(8))

    def bought_for(self, order: WorkOrder, quantity: int = 1) -> str:
        """The id of the purchase order that the supplier was sent."""
        return self.sent(quantity, key=f"order:{order.id}", order_id=order.id).id

    def now(self, order: WorkOrder) -> WorkOrder:
        found = self.orders.order(order.id)
        assert found is not None
        return found

    def confirm(self, purchase: str, due: float, why: str = "") -> None:
        order = self.buying.purchase(purchase)
        assert order is not None
        self.buying.confirm(purchase, {1: days(due)}, BEN, order.revision, NOW_US, why)


@pytest.fixture
def yard(any_records: Records) -> Iterator[Yard]:
    yield Yard(any_records)
    assert verify_audit(any_records) is None


@pytest.fixture
def quick(tmp_path: Path, migrated_records: Path) -> Iterator[Yard]:
    shutil.copy(migrated_records, tmp_path / "records.db")
    opened = open_records(f"sqlite:///{tmp_path}/records.db")
    yield Yard(opened)
    opened.close()


def test_a_slipped_delivery_moves_the_order_that_waits_and_tells_its_planner(yard: Yard) -> None:
    yard.rota.add_on_call("planner", "Eva", "555", NOW_US - 1, days(100), ANN, NOW_US)
    order = yard.pressed()
    purchase = yard.bought_for(order)
    yard.confirm(purchase, 6.0)
    [asked] = yard.deliveries.follow(NOW_US)
    [step] = yard.departments.of_order(order.id)
    assert (asked.what, asked.late_h, step.department, step.owner) == ("asked", 0.0, Department.PURCHASING, "Paul")
    assert (step.due_us, step.what) == (days(6), f"deliver 1 x {BEARING} (PO-000001 of acme)")
    was = yard.now(order)
    yard.confirm(purchase, 15.0, "strike at the works")
    [moved] = yard.deliveries.follow(NOW_US)
    [step] = yard.departments.of_order(order.id)
    after = yard.now(order)
    assert (moved.what, step.due_us, moved.late_h) == ("moved", days(15), 7 * 24.0)
    assert effect([step], after.start_by_us, NOW_US).earliest_start_us == days(15)
    assert was.win_probability is not None
    assert after.win_probability is not None
    assert after.win_probability < was.win_probability
    assert after.revision == was.revision + 1
    assert "9.0 days later: strike at the works" in after.changed
    assert f"chance to be in time {after.win_probability:.0%} instead of {was.win_probability:.0%}" in after.changed
    assert "7.0 days after start work by" in after.changed
    told = [m for m in outbox.pending(yard.records, 1000) if m.kind == "purchase.delivery_moved"]
    assert [(m.body["person"], m.body["contact"], m.body["late_h"]) for m in told] == [("Eva", "555", 168.0)]
    assert [row["action"] for row in yard.orders.history(order.id)] == ["opened", "delivery", "delivery"]
    assert yard.deliveries.follow(NOW_US) == []


def test_an_order_starts_when_its_parts_are_here_and_not_before(yard: Yard) -> None:
    order = yard.pressed()
    purchase = yard.bought_for(order, 2)
    yard.deliveries.follow(NOW_US)
    sent = yard.buying.purchase(purchase)
    assert sent is not None
    partly, _ = yard.came(sent, 1, at_us=days(3))
    assert yard.deliveries.follow(days(3)) == []
    yard.came(partly, 1, "LS-2", at_us=days(4))
    [here] = yard.deliveries.follow(days(4))
    [step] = yard.departments.of_order(order.id)
    assert (here.what, step.is_open, step.done_at_us) == ("here", False, days(4))
    assert yard.deliveries.follow(days(5)) == []


def test_a_step_that_was_asked_for_before_is_taken_over(quick: Yard) -> None:
    order = quick.order()
    quick.departments.ask(
        order.id, [Asked(Department.PURCHASING, f"deliver 1 x {BEARING}", "Rita", days(3))], ANN, NOW_US
    )
    quick.bought_for(order)
    quick.deliveries.follow(NOW_US)
    [step] = quick.departments.of_order(order.id)
    assert (step.owner, step.due_us) == ("Rita", days(9))


def test_a_cancelled_purchase_is_told_and_the_next_one_takes_its_place(quick: Yard) -> None:
    order = quick.order()
    quick.waits(order)
    quick.bought_for(order)
    quick.deliveries.follow(NOW_US)
    [sent] = quick.buying.purchases()
    quick.buying.act(sent.id, S.CANCELLED, BEN, sent.revision, NOW_US, "bankrupt")
    [lost] = quick.deliveries.follow(NOW_US)
    assert (lost.what, lost.due_us) == ("lost", None)
    assert "will not come: PO-000001 is CANCELLED (bankrupt)" in quick.now(order).changed
    quick.deliveries.propose_waiting(NOW_US)  # its need is on a proposal again already: this only says why
    assert quick.deliveries.propose_waiting(NOW_US) == 0
    [opened] = quick.buying.proposals(BEARING, [ProposalState.OPEN])
    agreed = quick.buying.settle_proposal(opened.id, ProposalState.APPROVED, ANN, opened.revision, NOW_US)
    again = _sent(quick, agreed)
    quick.confirm(again, 12.0)
    [asked] = quick.deliveries.follow(NOW_US)
    [step] = quick.departments.of_order(order.id)
    assert (asked.what, asked.purchase, step.due_us) == ("asked", "PO-000002", days(12))


def _sent(yard: Yard, proposal: Proposal) -> str:
    from forewarn.maintenance.buying.desk import Terms

    made = yard.buying.order_directly(
        [proposal.id], "best", {proposal.part: Terms(31.0, 4.0, 8.0)}, "urgent", BEN, NOW_US
    )
    made = yard.buying.act(made.id, S.APPROVED, ANN, made.revision, NOW_US)
    return yard.buying.act(made.id, S.SENT, BEN, made.revision, NOW_US).id


def test_orders_that_wait_for_what_nobody_ordered_become_needs_once(yard: Yard) -> None:
    first, second = yard.order("one"), yard.order("two")
    yard.waits(first, 2)
    yard.waits(second, 3)
    assert yard.deliveries.propose_waiting(NOW_US) == 2
    assert yard.deliveries.propose_waiting(NOW_US) == 0
    [opened] = yard.buying.proposals(BEARING, [ProposalState.OPEN])
    assert (opened.quantity, len(opened.needs), opened.needed_by_us) == (5, 2, days(8))
    yard.stock.release(second.id, ANN, NOW_US)
    assert yard.deliveries.propose_waiting(NOW_US) == 1
    [opened] = yard.buying.proposals(BEARING, [ProposalState.OPEN])
    assert [need.order_id for need in opened.needs] == [first.id]


def test_pieces_that_come_for_nobody_in_particular_are_not_bought_twice(quick: Yard) -> None:
    quick.sent(4, key="reorder")
    order = quick.order()
    quick.waits(order, 3)
    assert quick.deliveries.propose_waiting(NOW_US) == 0
    other = quick.order("two")
    quick.waits(other, 3)
    quick.deliveries.propose_waiting(NOW_US)
    [opened] = quick.buying.proposals(BEARING, [ProposalState.OPEN])
    assert (opened.quantity, opened.needs[0].order_id) == (2, other.id)


def test_an_order_that_ended_is_not_followed_any_more(quick: Yard) -> None:
    from forewarn.core.work import Status

    order = quick.order()
    quick.bought_for(order)
    quick.deliveries.follow(NOW_US)
    order = quick.now(order)
    quick.orders.act(order.id, Status.CAN, ANN, order.revision, NOW_US)
    [sent] = quick.buying.purchases()
    quick.confirm(sent.id, 30.0)
    assert quick.deliveries.follow(NOW_US) == []
    with pytest.raises(Conflict):
        quick.buying.act(sent.id, S.DRAFT, BEN, sent.revision, NOW_US)
