"""While somebody works on a machine its alarms open nothing; afterwards they are looked at again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from forewarn.core.work import Decision, Status, Verification, WorkOrder
from forewarn.maintenance.audit import history_of, verify_audit
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.muting import advice_of, subject_of
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours

OTHER = "pump-04"


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def orders(records: Records) -> WorkedOrders:
    return WorkedOrders(records)


@pytest.fixture
def worked_on(orders: WorkedOrders) -> WorkOrder:
    order = orders.advise(advice()).order
    assert order is not None
    for hour, status in enumerate((Status.APPR, Status.INPRG)):
        order = orders.act(order.id, status, ANN, order.revision, NOW_US + hours(hour))
    return order


def move(orders: WorkedOrders, order: WorkOrder, status: Status, at_h: float = 5.0) -> WorkOrder:
    told = CODES if status is Status.COMP else None
    return orders.act(order.id, status, ANN, order.revision, NOW_US + hours(at_h), told)


def actions(records: Records, asset: str = "pump-03") -> list[object]:
    with records.read() as connection:
        return [row["action"] for row in history_of(connection, subject_of(asset))]


def test_an_alarm_of_a_machine_under_work_opens_nothing_and_is_kept(
    records: Records, orders: WorkedOrders, worked_on: WorkOrder
) -> None:
    for at_h in (2.0, 2.1, 2.2):
        outcome = orders.advise(advice(IMBALANCE, at_h=at_h))
        assert outcome.what == "muted"
        assert outcome.order is not None
        assert outcome.order.number == worked_on.number
    found = orders.order(worked_on.id)
    assert found == worked_on  # no cause was added to what is being worked on
    assert [o.number for o in orders.orders()] == [worked_on.number]
    (mute,) = orders.mutes.muted()
    assert (mute.asset, mute.number, mute.since_us) == ("pump-03", worked_on.number, NOW_US + hours(1))
    (kept,) = orders.mutes.kept("pump-03")
    assert (kept.advice.fault, kept.first_at_us) == (IMBALANCE, NOW_US + hours(2))
    assert actions(records) == ["muted"]  # heard again and again, written once


def test_a_more_urgent_alarm_is_kept_in_its_place(records: Records, orders: WorkedOrders, worked_on: WorkOrder) -> None:
    orders.advise(advice(IMBALANCE, at_h=2.0, priority=3))
    orders.advise(advice(IMBALANCE, at_h=3.0, priority=1))
    orders.advise(advice(IMBALANCE, at_h=4.0, priority=2))
    (kept,) = orders.mutes.kept()
    assert (kept.advice.priority, kept.first_at_us, kept.last_at_us) == (1, NOW_US + hours(2), NOW_US + hours(3))
    assert actions(records) == ["muted", "muted"]


def test_other_machines_and_advice_that_waits_are_not_muted(orders: WorkedOrders, worked_on: WorkOrder) -> None:
    assert orders.advise(advice(asset=OTHER)).what == "opened"
    assert orders.advise(advice(IMBALANCE, decision=Decision.WAIT)).what == "waiting"
    assert orders.mutes.kept() == []


def test_while_the_work_goes_on_nothing_is_looked_at(orders: WorkedOrders, worked_on: WorkOrder) -> None:
    orders.advise(advice(IMBALANCE, at_h=2.0))
    assert orders.look_again(NOW_US + hours(3)) == 0


def test_work_that_was_broken_off_gives_its_alarms_to_the_order(
    records: Records, orders: WorkedOrders, worked_on: WorkOrder
) -> None:
    orders.advise(advice(IMBALANCE, at_h=2.0))
    move(orders, worked_on, Status.WMATL)
    assert orders.look_again(NOW_US + hours(6)) == 1
    assert orders.look_again(NOW_US + hours(6)) == 0
    found = orders.order(worked_on.id)
    assert found is not None
    assert [cause.fault for cause in found.causes] == [SPALL, IMBALANCE]
    assert actions(records) == ["muted", "looked again"]
    assert verify_audit(records) is None


@pytest.mark.parametrize(
    ("result", "open_orders"),
    [(Verification.PASSED, 0), (Verification.FAILED, 1), (Verification.WAIVED, 1)],
)
def test_finished_work_waits_for_its_verification(
    orders: WorkedOrders, worked_on: WorkOrder, result: Verification, open_orders: int
) -> None:
    orders.advise(advice(IMBALANCE, at_h=2.0))
    move(orders, worked_on, Status.COMP)
    assert orders.look_again(NOW_US + hours(6)) == 0
    orders.verify(worked_on.id, result, ANN, NOW_US + hours(30))
    assert orders.look_again(NOW_US + hours(31)) == 1
    found = orders.orders(open_only=True)
    assert [order.causes[0].fault for order in found] == [IMBALANCE] * open_orders
    assert orders.mutes.kept() == []


def test_a_sensor_is_looked_at_anew_by_itself(orders: WorkedOrders, worked_on: WorkOrder) -> None:
    assert orders.advise(advice(SENSOR, at_h=2.0)).what == "muted"
    move(orders, worked_on, Status.COMP)
    assert orders.look_again(NOW_US + hours(6)) == 1
    assert orders.orders(open_only=True) == []
    assert orders.advise(advice(SENSOR, at_h=7.0)).what == "opened"


def test_programs_that_mute_and_look_again_at_once_write_it_once(
    records: Records, orders: WorkedOrders, worked_on: WorkOrder
) -> None:
    books, told = [WorkedOrders(records) for _ in range(6)], list[object]()

    def hear(book: WorkedOrders) -> None:
        told.append(book.advise(advice(IMBALANCE, at_h=2.0)).what)

    together(hear, books)
    assert told == ["muted"] * 6
    move(orders, worked_on, Status.WMATL)
    looked = list[int]()

    def look(book: WorkedOrders) -> None:
        looked.append(book.look_again(NOW_US + hours(6)))

    together(look, books)
    assert sum(looked) == 1
    assert actions(records) == ["muted", "looked again"]


def together(work: Callable[[WorkedOrders], None], books: list[WorkedOrders]) -> None:
    threads = [threading.Thread(target=work, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_advice_survives_being_written() -> None:
    for told in (advice(), advice(IMBALANCE, start_in_h=None), advice(SENSOR)):
        assert advice_of(plain_object(told)) == told
