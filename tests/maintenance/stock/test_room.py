"""What the book of orders does with the store room: parts of advice, drafts, approval, cancelled work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.autonomy import Permit
from forewarn.core.errors import Conflict
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.stock import ReservationState
from forewarn.core.work import Advice, Status
from forewarn.maintenance.orders.costs import CostLimit, CostRules, House
from forewarn.maintenance.orders.gate import FreeWay
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, advice, hours
from tests.maintenance.stock.store_house import KIM, StoreHouse, unbalanced

BOSS = Actor("boss", "manager")


class Reserves(FreeWay):
    """A gate of the highest level of autonomy."""

    def ask(self, advice: Advice) -> Permit:
        return Permit(True, reserve=True)


@pytest.fixture
def house(any_records: Records) -> StoreHouse:
    made = StoreHouse(any_records)
    made.orders.behind(lambda connection: Reserves())
    return made


def test_the_parts_of_an_order_of_its_own_are_put_aside_with_its_dates(house: StoreHouse) -> None:
    house.card("6205", 1)
    asked = advice(parts=(PartLine("6205"), PartLine("rag", 3)))
    order = house.orders.advise(asked).order
    assert order is not None
    assert order.status is Status.WAPPR
    held = house.stock.reservations(order.number, open_only=True)
    assert [(one.part, one.state, one.needed_by_us) for one in held] == [
        ("6205", ReservationState.HELD, asked.start_by_us)
    ]
    sooner = house.orders.advise(advice(at_h=30, start_in_h=60)).order
    assert sooner is not None
    assert sooner.id == order.id
    assert [one.needed_by_us for one in house.stock.reservations(order.id)] == [sooner.start_by_us]
    house.step(order, Status.CAN)
    assert house.stock.level("6205", NOW_US).available == 1
    told = [message.kind for message in pending(house.records, 100)]
    assert (told.count("parts.reserve"), told.count("parts.release")) == (1, 1)
    assert unbalanced(house.records) == []


def test_a_draft_waits_for_its_parts_as_soon_as_it_is_approved(house: StoreHouse) -> None:
    house.card("6205")
    order = house.orders.advise(advice()).order
    assert order is not None
    assert order.status is Status.WAPPR
    assert house.step(order, Status.APPR).status is Status.WMATL
    assert house.step(order, Status.INPRG).status is Status.INPRG
    assert house.step(order, Status.WMATL).status is Status.WMATL
    house.receive("6205", 1)
    assert house.now(order).status is Status.APPR


def test_a_planner_who_moves_an_order_on_without_its_parts_is_right(house: StoreHouse) -> None:
    house.card("6205")
    order = house.order()
    house.stock.reserve(order.id, [PartLine("6205")], ANN, NOW_US)
    assert house.step(order, Status.APPR).status is Status.APPR
    assert house.step(order, Status.WSCH).status is Status.WSCH
    house.stock.reserve(order.id, [PartLine("6205", 2)], ANN, NOW_US)
    house.receive("6205", 2)
    assert house.now(order).status is Status.WSCH


def test_an_order_that_costs_more_than_was_approved_stays_until_somebody_approves_it(house: StoreHouse) -> None:
    house.card("6205")
    rules = CostRules(labour_per_h=100.0, limits=(CostLimit("planner", 900.0), CostLimit("manager", None)))
    house.orders.house = House(costs=rules)
    order = house.orders.advise(advice()).order
    assert order is not None
    house.step(order, Status.APPR)
    assert house.now(order).status is Status.WMATL
    with house.orders.writing() as store:
        kept = store.find(order.id)
        assert kept is not None
        store.keep(replace(kept, order=replace(kept.order, planned_cost=5_000.0)))
    house.receive("6205", 1)
    assert house.now(order).status is Status.WMATL
    house.orders.approve_cost(order.id, BOSS, house.now(order).revision, NOW_US)
    house.stock.settle(NOW_US)
    assert house.now(order).status is Status.APPR


def test_nothing_is_handed_out_before_approval_or_after_the_end(house: StoreHouse) -> None:
    house.card("6205", 3)
    order = house.order(status=Status.WAPPR)
    with pytest.raises(Conflict, match="handed out to approved, open work"):
        house.stock.issue(order.id, "6205", 1, KIM, NOW_US)
    house.step(order, Status.APPR)
    house.stock.issue(order.id, "6205", 2, KIM, NOW_US)
    house.step(order, Status.CAN)
    with pytest.raises(Conflict, match="handed out to approved, open work"):
        house.stock.issue(order.id, "6205", 1, KIM, NOW_US)
    with pytest.raises(Conflict, match="nothing is put aside"):
        house.stock.reserve(order.id, [PartLine("6205")], ANN, NOW_US + hours(1))
    house.stock.give_back(order.id, "6205", 2, KIM, NOW_US)
    job = house.orders.job(order.id)
    assert job is not None
    assert job.costs("EUR").parts == 0.0
    assert unbalanced(house.records) == []


def test_an_order_with_pieces_put_aside_is_not_closed(house: StoreHouse) -> None:
    house.card("6205", 3)
    order = house.step(house.order(), Status.INPRG)
    house.stock.reserve(order.id, [PartLine("6205", 2)], ANN, NOW_US)
    house.step(order, Status.COMP)
    house.waive(order)
    with pytest.raises(Conflict, match=r"has 2 x 6205 \(held\) reserved: issue them or release them"):
        house.step(order, Status.CLOSE)
    house.stock.release(order.id, ANN, NOW_US)
    assert house.step(order, Status.CLOSE).status is Status.CLOSE
