"""The ledger: what may be booked, what is refused, and that nothing is ever changed."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import Part, PartLine
from forewarn.core.stock import (
    DIFFERENCE,
    MAIN_STORE,
    MOVES,
    OPENING,
    QUARANTINE,
    SCRAP,
    SIDES,
    SUPPLIER,
    USED,
    MoveReason,
    NewMove,
    PartCard,
    PartKind,
    Place,
    ReservationState,
)
from forewarn.core.work import Status
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US
from tests.maintenance.stock.store_house import KIM, SHELF, StoreHouse, unbalanced

MAIN, BAD = MAIN_STORE.id, QUARANTINE.id


@pytest.fixture
def house(any_records: Records) -> StoreHouse:
    return StoreHouse(any_records)


def days(count: float) -> int:
    """So many days in microseconds."""
    return round(count * US_PER_DAY)


def test_a_move_is_never_changed_deleted_or_emptied(house: StoreHouse) -> None:
    house.card("6205", 3)
    said = ["UPDATE stock_move SET quantity = 9", "DELETE FROM stock_move"]
    said += ["TRUNCATE stock_move CASCADE"] if house.records.dialect == "postgresql" else []
    for statement in said:
        with pytest.raises(IntegrityError, match="only ever added"), house.records.write() as connection:
            connection.execute(sa.text(statement))


def test_the_database_itself_refuses_less_than_nothing_and_more_put_aside_than_there_is(house: StoreHouse) -> None:
    house.card("6205", 3)
    for statement in ("UPDATE stock_balance SET quantity = -1", "UPDATE stock_level SET reserved = 4"):
        with pytest.raises(IntegrityError), house.records.write() as connection:
            connection.execute(sa.text(statement))


def test_only_ways_of_the_table_are_booked(sqlite_records: Records) -> None:
    house = StoreHouse(sqlite_records)
    house.card("6205", 3)
    sides = {place.id: place.side for place in (MAIN_STORE, QUARANTINE, *SIDES)}
    for reason, (source, at), (target, to) in itertools.product(MoveReason, sides.items(), sides.items()):
        if source == target or (at, to) in MOVES[reason]:
            continue
        corrects = 1 if reason is MoveReason.CORRECTION else None
        with pytest.raises(Rejected):
            house.stock.move(NewMove("6205", source, target, 1, reason, NOW_US, corrects=corrects), KIM)
    assert house.stock.level("6205", NOW_US).on_hand == 3


def test_pieces_that_are_put_aside_go_from_shelf_to_shelf(house: StoreHouse) -> None:
    house.card("seal", 2)
    house.stock.save_place(SHELF, KIM, NOW_US)
    order = house.order()
    house.stock.reserve(order.id, [PartLine("seal", 2)], ANN, NOW_US)
    house.stock.move(NewMove("seal", MAIN, SHELF.id, 2, MoveReason.TRANSFER, NOW_US), KIM)
    (held,) = house.stock.reservations(order.id)
    assert (held.state, held.left) == (ReservationState.HELD, 2)
    assert [(lot.place, lot.quantity) for lot in house.stock.balances("seal")] == [(SHELF.id, 2)]
    assert unbalanced(house.records) == []


def test_a_scrap_of_what_was_put_aside_lets_the_last_in_line_wait_again(house: StoreHouse) -> None:
    house.card("6205", 3)
    early, late = house.order(), house.order()
    house.stock.reserve(late.id, [PartLine("6205", 1)], ANN, NOW_US, NOW_US + days(9))
    house.stock.reserve(early.id, [PartLine("6205", 2)], ANN, NOW_US, NOW_US + days(2))
    with pytest.raises(Conflict, match="6205: 0 free, 1 asked for; not free are 3 put aside for orders"):
        house.stock.move(NewMove("6205", MAIN, SUPPLIER, 1, MoveReason.TO_SUPPLIER, NOW_US), KIM)
    house.stock.move(NewMove("6205", MAIN, SCRAP, 1, MoveReason.SCRAP, NOW_US), KIM)
    assert house.now(early).status is Status.APPR
    assert house.now(late).status is Status.WMATL
    assert [one.number for one in house.stock.waiting("6205", NOW_US)] == [late.number]
    house.stock.release(early.id, ANN, NOW_US)
    assert house.now(late).status is Status.APPR
    assert unbalanced(house.records) == []


def test_nobody_who_needs_it_later_is_served_before_somebody_who_waits(house: StoreHouse) -> None:
    house.card("6205", 3)
    big, small = house.order(), house.order()
    house.stock.reserve(big.id, [PartLine("6205", 5)], ANN, NOW_US, NOW_US + days(2))
    found = house.stock.reserve(small.id, [PartLine("6205", 1)], ANN, NOW_US, NOW_US + days(3))
    assert found[0].state is ReservationState.WAITING
    urgent = house.stock.reserve(house.order().id, [PartLine("6205", 1)], ANN, NOW_US, NOW_US + days(1))
    assert urgent[0].state is ReservationState.HELD
    house.receive("6205", 4)
    assert {house.now(order).status for order in (big, small)} == {Status.APPR}


def test_asking_again_for_the_same_changes_nothing_and_another_total_changes_it(house: StoreHouse) -> None:
    house.card("6205", 9)
    order = house.order()
    first = house.stock.reserve(order.id, [PartLine("6205", 4)], ANN, NOW_US)
    assert house.stock.reserve(order.id, [PartLine("6205", 4)], ANN, NOW_US) == first
    house.stock.issue(order.id, "6205", 1, KIM, NOW_US)
    for total, left in ((4, 3), (6, 5), (2, 1), (1, 0)):
        found = house.stock.reserve(order.id, [PartLine("6205", total)], ANN, NOW_US)
        assert sum(one.left for one in found) == left == house.stock.level("6205", NOW_US).reserved


def test_what_expires_first_goes_first_and_what_has_expired_never(house: StoreHouse) -> None:
    house.card("oil", 2, shelf_life_days=10.0)
    house.receive("oil", 2, at_us=NOW_US - days(5), batch="L7")
    order = house.order()
    assert [(move.batch, move.quantity) for move in house.stock.issue(order.id, "oil", 3, KIM, NOW_US)] == [
        ("L7", 2),
        ("exp 2027-01-25", 1),
    ]
    house.stock.give_back(order.id, "oil", 2, KIM, NOW_US)
    house.stock.reserve(order.id, [PartLine("oil", 4)], ANN, NOW_US)
    assert house.stock.level("oil", NOW_US).available == 0
    later = NOW_US + days(6)
    house.stock.refill("oil", later)
    level = house.stock.level("oil", later)
    assert (level.on_hand, level.expired, level.reserved, level.available) == (3, 1, 0, 2)
    assert house.now(order).status is Status.WMATL
    with pytest.raises(Conflict, match="1 expired"):
        house.stock.issue(order.id, "oil", 3, KIM, later)


def test_a_rotable_tells_where_it_is_and_where_it_was(house: StoreHouse) -> None:
    house.stock.save_place(Place("bench", "Repair bench", usable=False), KIM, NOW_US)
    house.card("motor", kind=PartKind.ROTABLE)
    with pytest.raises(Rejected, match="serial_needed"):
        house.receive("motor", 1)
    house.receive("motor", 1, serial="M1")
    order = house.order()
    house.stock.issue(order.id, "motor", 1, KIM, NOW_US)
    house.stock.use(order.id, KIM, NOW_US)
    assert [(one.place, one.asset) for one in house.stock.serials("motor")] == [(USED, "pump-03")]
    house.stock.move(NewMove("motor", USED, "bench", 1, MoveReason.REMOVE, NOW_US, serial="M1"), KIM)
    house.stock.move(NewMove("motor", "bench", MAIN, 1, MoveReason.TRANSFER, NOW_US, serial="M1"), KIM)
    assert [(one.place, one.asset) for one in house.stock.serials("motor")] == [(MAIN, "")]
    assert [move.to_place for move in house.stock.serial_history("M1")] == [MAIN, "@order", USED, "bench", MAIN]
    with pytest.raises(Conflict, match="M1 is in main already"):
        house.receive("motor", 1, serial="M1")
    assert unbalanced(house.records) == []


def test_kits_are_made_of_free_parts_and_worth_what_these_are(house: StoreHouse) -> None:
    house.card("seal", 5, price=2.0)
    house.card("bolt", 8, price=0.5)
    house.card("kit", contains=(PartLine("seal", 2), PartLine("bolt", 4)))
    made = house.stock.assemble("kit", 2, MAIN, KIM, NOW_US)
    assert (made[-1].part, made[-1].quantity, made[-1].unit_cost) == ("kit", 2, 6.0)
    with pytest.raises(Conflict, match="seal: 1 free, 2 asked for"):
        house.stock.assemble("kit", 1, MAIN, KIM, NOW_US)
    house.stock.take_apart("kit", 1, MAIN, KIM, NOW_US)
    order = house.order()
    house.stock.reserve(order.id, [PartLine("kit", 1)], ANN, NOW_US)
    assert house.stock.level("seal", NOW_US).reserved == 2
    assert [move.part for move in house.stock.issue(order.id, "kit", 1, KIM, NOW_US)] == ["kit"]
    assert [move.part for move in house.stock.issue(order.id, "kit", 1, KIM, NOW_US)] == ["seal", "bolt"]
    assert unbalanced(house.records) == []


def test_a_mistake_is_taken_back_once(house: StoreHouse) -> None:
    house.card("6205")
    wrong = house.receive("6205", 10)
    back = NewMove("6205", MAIN, SUPPLIER, 6, MoveReason.CORRECTION, NOW_US, corrects=wrong.seq)
    house.stock.move(back, KIM)
    with pytest.raises(Rejected, match="4 are left to correct"):
        house.stock.move(back, KIM)
    assert house.stock.level("6205", NOW_US).on_hand == 4


def test_parts_of_the_plant_file_open_the_ledger_once(house: StoreHouse) -> None:
    parts = [Part("6205", "Bearing", 5, 14, price=12.5, on_hand=3), Part("seal", "Seal", 1, 2)]
    assert [card.id for card in house.stock.open_cards(parts, NOW_US)] == ["6205", "seal"]
    assert house.stock.open_cards([Part("6205", "Bearing", 1, 2, on_hand=99)], NOW_US) == []
    assert [(move.from_place, move.quantity) for move in house.stock.moves("6205")] == [(OPENING, 3)]
    order = house.order(PartLine("6205", 2))
    house.stock.reserve(order.id, order.parts, ANN, NOW_US)
    there = {asset: house.stock.parts_for(asset, ["6205"], NOW_US)[0].on_hand for asset in ("pump-03", "pump-04")}
    assert there == {"pump-03": 3, "pump-04": 1}


def test_a_card_is_written_at_the_revision_that_was_read_and_names_cards_that_exist(house: StoreHouse) -> None:
    card = house.card("6205")
    assert house.stock.save_card(PartCard("6205", price=10.0), KIM, NOW_US, 1) == card
    with pytest.raises(Conflict, match="at revision 1, not 0"):
        house.stock.save_card(PartCard("6205", price=11.0), KIM, NOW_US)
    with pytest.raises(Rejected, match="make these cards first"):
        house.stock.save_card(PartCard("6206", substitutes=("nope",)), KIM, NOW_US)
    assert [row["action"] for row in house.stock.history("6205")] == ["card made"]


def test_a_place_with_something_in_it_does_not_turn_into_a_quarantine(house: StoreHouse) -> None:
    house.stock.save_place(SHELF, KIM, NOW_US)
    house.card("6205")
    house.receive("6205", 1, place=SHELF.id)
    with pytest.raises(Conflict, match="move them out"):
        house.stock.save_place(Place(SHELF.id, "Shelf 2", usable=False), KIM, NOW_US)
    house.stock.move(NewMove("6205", SHELF.id, DIFFERENCE, 1, MoveReason.COUNT, NOW_US), KIM)
    house.stock.save_place(Place(SHELF.id, "Shelf 2", usable=False), KIM, NOW_US)
    assert [place.id for place in house.stock.places() if not place.usable] == [BAD, SHELF.id]


def test_a_receipt_and_a_technician_on_the_order_that_waits_do_not_stop_each_other(house: StoreHouse) -> None:
    house.card("6205")
    order = house.order()
    house.stock.reserve(order.id, [PartLine("6205", 1)], ANN, NOW_US)
    if house.records.dialect == "sqlite":
        house.receive("6205", 1)
    else:
        with house.records.write() as connection:  # somebody writes to the order at this moment
            connection.execute(sa.text("SELECT id FROM work_order FOR UPDATE"))
            receipt = threading.Thread(target=house.receive, args=("6205", 1))
            receipt.start()
            receipt.join(20.0)
            assert not receipt.is_alive()
        assert house.now(order).status is Status.WMATL
        house.stock.settle(NOW_US)
    assert house.now(order).status is Status.APPR
    assert verify_audit(house.records) is None


def test_whoever_begins_an_order_and_whoever_hands_out_its_parts_wait_in_the_same_order(house: StoreHouse) -> None:
    house.card("6205", 40)
    works, order = WorkedOrders(house.records), house.order()
    said: list[Exception] = []

    def hand_out() -> None:
        try:
            for _ in range(20):
                house.stock.issue(order.id, "6205", 1, KIM, NOW_US)
        except Exception as error:
            said.append(error)

    issues = threading.Thread(target=hand_out)
    issues.start()
    while issues.is_alive():
        for status in (Status.INPRG, Status.WPCOND):
            with suppress(Conflict):  # its revision changes with every piece
                works.act(order.id, status, ANN, house.now(order).revision, NOW_US)
    issues.join()
    assert said == []
    assert house.stock.in_hand(order.id) == {"6205": 20}
