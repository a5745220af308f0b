"""Pieces put aside, handed out, used and given back, and what orders pay and wait for."""

from __future__ import annotations

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import LineKind, NewLine, standing
from forewarn.core.plant import PartLine
from forewarn.core.stock import OnOrder, ReservationState
from forewarn.core.work import Status, Verification
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US
from tests.maintenance.stock.store_house import KIM, StoreHouse, unbalanced


@pytest.fixture
def house(any_records: Records) -> StoreHouse:
    return StoreHouse(any_records)


def test_an_order_goes_from_its_shelf_to_its_cost_and_closes_only_when_its_pieces_are_settled(
    house: StoreHouse,
) -> None:
    house.card("6205", 5)
    order = house.order(PartLine("6205", 2))
    house.stock.reserve(order.id, order.parts, ANN, NOW_US)
    level = house.stock.level("6205", NOW_US)
    assert (level.on_hand, level.reserved, level.available) == (5, 2, 3)
    house.stock.issue(order.number, "6205", 2, KIM, NOW_US)
    assert house.stock.in_hand(order.id) == {"6205": 2}
    house.stock.give_back(order.id, "6205", 1, KIM, NOW_US)
    house.step(order, Status.INPRG)
    house.step(order, Status.COMP)
    house.orders.verify(order.id, Verification.WAIVED, ANN, NOW_US)
    with pytest.raises(Conflict, match="1 x 6205 in hand: say that they were used, or give them back"):
        house.step(order, Status.CLOSE)
    house.stock.use(order.id, KIM, NOW_US)
    assert house.step(order, Status.CLOSE).status is Status.CLOSE
    job = house.orders.job(order.id)
    assert job is not None
    assert job.costs("EUR").parts == 10.0
    assert unbalanced(house.records) == []


def test_an_approved_order_waits_for_what_is_missing_and_comes_back_when_all_is_there(house: StoreHouse) -> None:
    house.card("6205", 1)
    order = house.step(house.order(), Status.WSCH)
    house.stock.reserve(order.id, [PartLine("6205", 2)], ANN, NOW_US)
    waiting = house.now(order)
    assert (waiting.status, waiting.changed) == (Status.WMATL, "Waits for 2 x 6205.")
    assert [row["actor"] for row in house.orders.history(order.id)][-1] == "forewarn"
    house.receive("6205", 1)
    assert house.now(order).status is Status.WSCH
    assert house.stock.level("6205", NOW_US).available == 0
    assert house.step(order, Status.CAN).status is Status.CAN
    assert house.stock.level("6205", NOW_US).available == 2
    assert unbalanced(house.records) == []


def test_too_few_pieces_are_refused_with_what_is_there_what_does_instead_and_what_comes(house: StoreHouse) -> None:
    house.card("6205-2RS", 4)
    house.card("6205", 1, substitutes=("6205-2RS",))
    house.stock.tells_on_order(lambda connection, part: [OnOrder(part, 5, NOW_US, "PO-7")])
    with pytest.raises(Conflict) as refused:
        house.stock.issue(house.order().id, "6205", 2, KIM, NOW_US)
    assert str(refused.value) == (
        "6205: 1 free, 2 asked for; instead of it does 6205-2RS (4 free); on order are 5 (PO-7, expected 2027-01-15)"
    )


def test_a_part_that_a_technician_reports_is_paid_once(house: StoreHouse) -> None:
    house.card("6205", 3)
    order = house.order()
    house.stock.issue(order.id, "6205", 1, KIM, NOW_US)
    lines = [NewLine(LineKind.PART, "6205", 5, 99.0), NewLine(LineKind.PART, "rag", 1, 2.0)]
    worked = house.orders.report(order.id, lines, ANN, house.now(order).revision, NOW_US)
    told = {(line.line.what, line.line.quantity, line.amount) for line in standing(worked.job.lines)}
    assert told == {("6205", 3, 30.0), ("6205", 2, 198.0), ("rag", 1, 2.0)}
    assert house.stock.in_hand(order.id) == {}
    assert house.stock.level("6205", NOW_US).on_hand == 0
    written = next(line.seq for line in standing(worked.job.lines) if line.line.quantity == 3)
    wrong = NewLine(LineKind.PART, "6205", 1, 1.0, corrects=written)
    with pytest.raises(Rejected, match="written by the store room"):
        house.orders.report(order.id, [wrong], ANN, worked.order.revision, NOW_US)
    assert unbalanced(house.records) == []


def test_a_substitute_is_put_aside_and_says_for_what(house: StoreHouse) -> None:
    house.card("6205-2RS", 2)
    house.card("6205", substitutes=("6205-2RS",))
    found = house.stock.reserve(house.order().id, [PartLine("6205", 2)], ANN, NOW_US)
    assert [(one.part, one.substitute_for, one.state) for one in found] == [("6205-2RS", "6205", ReservationState.HELD)]
