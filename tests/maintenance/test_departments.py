"""Steps of other departments: what they hold back, what they do to dates, and what is told when one slips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Status, WorkOrder
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.orders.departments import Asked, Department, Step, effect, usual_steps
from forewarn.maintenance.orders.departments_book import DepartmentBook, subject_of
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, advice, hours

EVA = Actor("eva", "safety")
PERMIT = Asked(Department.SAFETY, "sign the permit", "Eva", NOW_US + hours(8))
RELEASE = Asked(Department.PRODUCTION, "release the pump", "Paul", NOW_US + hours(30))
PARTS = Asked(Department.PURCHASING, "deliver 1 x 6205", "Buyer", NOW_US + hours(50))


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def orders(records: Records) -> WorkedOrders:
    return WorkedOrders(records)


@pytest.fixture
def board(records: Records) -> DepartmentBook:
    return DepartmentBook(records)


@pytest.fixture
def order(orders: WorkedOrders) -> WorkOrder:
    made = orders.advise(advice(start_in_h=40)).order
    assert made is not None
    return orders.act(made.id, Status.APPR, ANN, made.revision, NOW_US)


def start(orders: WorkedOrders, id: str) -> WorkOrder:
    found = orders.order(id)
    assert found is not None
    return orders.act(id, Status.INPRG, ANN, found.revision, NOW_US)


def test_work_cannot_begin_while_a_required_step_is_open_and_the_refusal_says_what_it_waits_for(
    orders: WorkedOrders, board: DepartmentBook, order: WorkOrder
) -> None:
    (permit, parts) = board.ask(order.number, [PERMIT, PARTS], ANN, NOW_US)
    with pytest.raises(Conflict, match=r"WPCOND for safety: sign the permit \(Eva\); purchasing"):
        start(orders, order.id)
    assert Status.INPRG not in orders.allowed(order, "planner")
    board.done(permit.id, EVA, 1, NOW_US + hours(1))
    with pytest.raises(Conflict, match="WMATL for purchasing"):
        start(orders, order.id)
    board.drop(parts.id, ANN, 1, NOW_US + hours(1), "a used one will do")
    assert Status.INPRG in orders.allowed(order, "planner")
    assert start(orders, order.id).status is Status.INPRG


def test_a_step_that_is_not_required_holds_nothing_back(
    orders: WorkedOrders, board: DepartmentBook, order: WorkOrder
) -> None:
    board.ask(order.id, [replace(PERMIT, required=False)], ANN, NOW_US)
    assert start(orders, order.id).status is Status.INPRG


def test_an_order_that_waits_may_still_go_anywhere_else(
    orders: WorkedOrders, board: DepartmentBook, order: WorkOrder
) -> None:
    board.ask(order.id, [PERMIT], ANN, NOW_US)
    waiting = orders.act(order.id, Status.WPCOND, ANN, order.revision, NOW_US)
    assert orders.act(order.id, Status.CAN, ANN, waiting.revision, NOW_US).status is Status.CAN
    assert board.board(None, NOW_US) == []
    with pytest.raises(Conflict, match="only an open order"):
        board.ask(order.id, [RELEASE], ANN, NOW_US)


def test_a_slip_is_told_once_and_again_for_another_due_time(
    records: Records, board: DepartmentBook, order: WorkOrder
) -> None:
    (permit, _) = board.ask(order.id, [PERMIT, RELEASE], ANN, NOW_US)
    assert board.warn(NOW_US + hours(8)) == []
    assert [step.id for step in board.warn(NOW_US + hours(9))] == [permit.id]
    assert board.warn(NOW_US + hours(10)) == []
    moved = board.move(permit.id, ANN, permit.revision, NOW_US + hours(10), NOW_US + hours(60), "Eva")
    assert [step.id for step in board.warn(NOW_US + hours(61))] == [permit.id, permit.id + 1]
    told = [cast(Any, message.body) for message in pending(records, 100) if message.kind == "step.slipped"]
    assert [(body["step"], body["owner"]) for body in told] == [
        (permit.id, "Eva"), (permit.id, "Eva"), (permit.id + 1, "Paul")
    ]  # fmt: skip
    assert told[1]["earliest_start_us"] == NOW_US + hours(61)
    assert told[1]["late_h"] == pytest.approx(21.0)  # "start work by" was in 40 hours
    assert moved.revision == 2
    with records.read() as connection:
        actions = [row["action"] for row in history_of(connection, subject_of(order.id))]
    assert actions == ["asked", "asked", "slipped", "moved", "slipped", "slipped"]
    assert verify_audit(records) is None


def test_a_stale_revision_an_ended_step_and_an_unknown_one_change_nothing(
    board: DepartmentBook, order: WorkOrder
) -> None:
    (permit,) = board.ask(order.id, [PERMIT], ANN, NOW_US)
    with pytest.raises(Conflict, match="revision 1, not 7"):
        board.done(permit.id, EVA, 7, NOW_US)
    with pytest.raises(Rejected, match="says why"):
        board.drop(permit.id, EVA, 1, NOW_US, "  ")
    done = board.done(permit.id, EVA, 1, NOW_US + hours(2), "signed")
    assert (done.done_by, done.done_at_us, done.note) == ("eva", NOW_US + hours(2), "signed")
    with pytest.raises(Conflict, match="it was done"):
        board.done(permit.id, EVA, 2, NOW_US)
    with pytest.raises(Rejected, match="no step 99"):
        board.done(99, EVA, 1, NOW_US)
    assert board.of_order(order.id) == [done]


@pytest.mark.parametrize("wrong", [{"what": " "}, {"owner": ""}, {"due_us": NOW_US}])
def test_a_step_without_words_owner_or_time_is_refused(
    board: DepartmentBook, order: WorkOrder, wrong: dict[str, object]
) -> None:
    with pytest.raises(Rejected, match="step"):
        board.ask(order.id, [PERMIT, replace(PERMIT, **wrong)], ANN, NOW_US)  # type: ignore[arg-type]
    assert board.of_order(order.id) == []  # all or nothing


def test_the_board_says_what_waits_for_whom_the_first_due_first(board: DepartmentBook, order: WorkOrder) -> None:
    board.ask(order.id, [PARTS, RELEASE, PERMIT], ANN, NOW_US)
    lines = board.board(None, NOW_US + hours(10))
    assert [(line.step.owner, line.late_h, line.order.number) for line in lines] == [
        ("Eva", 2.0, order.number), ("Paul", 0.0, order.number), ("Buyer", 0.0, order.number)
    ]  # fmt: skip
    assert [line.step.owner for line in board.board(Department.PURCHASING, NOW_US)] == ["Buyer"]


def test_the_usual_steps_are_release_permit_and_a_delivery_of_what_is_missing(order: WorkOrder) -> None:
    owners = dict.fromkeys(Department, "somebody")
    asked = usual_steps(order, owners, None, NOW_US)
    assert [one.department for one in asked] == [Department.PRODUCTION, Department.SAFETY]
    assert {one.due_us for one in asked} == {order.start_by_us}
    late = usual_steps(order, owners, NOW_US + hours(100), NOW_US)
    assert [one.due_us for one in late] == [NOW_US + hours(100)] * 3
    assert late[2].what == "deliver 1 x 6205"


steps = st.builds(
    Step,
    id=st.integers(1, 9),
    order_id=st.just("o"),
    department=st.sampled_from(Department),
    what=st.just("x"),
    owner=st.just("y"),
    required=st.booleans(),
    due_us=st.integers(0, 100),
    made_at_us=st.just(0),
    revision=st.just(1),
    done_at_us=st.none() | st.integers(0, 100),
)


@given(st.lists(steps, max_size=6), st.none() | st.integers(0, 100), st.integers(0, 100))
def test_the_earliest_start_is_the_last_of_now_and_of_what_is_waited_for(
    given_steps: list[Step], start_by_us: int | None, now_us: int
) -> None:
    found = effect(given_steps, start_by_us, now_us)
    waited = [step for step in given_steps if step.required and step.done_at_us is None]
    slow = now_us
    for step in waited:
        slow = step.due_us if step.due_us > slow else slow
    assert found.earliest_start_us == slow
    assert (found.waits_in is None) == (not waited)
    assert (found.late_h > 0) == (start_by_us is not None and slow > start_by_us)
    assert all(step.owner in found.reason for step in waited)
