"""Routes of the parts of an order: put aside, handed out, brought back, built in; and who waits for what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from forewarn.api import views_stock
from forewarn.api.auth import Caller
from forewarn.api.routes_orders import Key, known_order
from forewarn.api.routes_stock import desk_of, numbers, once, told_moves
from forewarn.api.schemas_stock import (
    IssueIn,
    OrderStockOut,
    PartWaitingOut,
    ReleaseIn,
    ReserveIn,
    ReturnIn,
    StockMoveOut,
    UseIn,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.errors import Rejected
from forewarn.core.plant import PartLine

router = APIRouter(prefix="/api/stock")
MOST_MOVES = 500


@router.get("/orders/{id}")
def get_order_parts(id: str, room: Room, _: Caller) -> OrderStockOut:
    """The parts of an order (id or number): put aside and waited for, in hand, and moved."""
    return _told(room, id)


@router.post("/orders/{id}/reserve")
def post_reserve(id: str, body: ReserveIn, room: Room, caller: Caller, key: Key = None) -> OrderStockOut:
    """Put parts aside, in total; nothing named: all parts of the order. What is short waits, and the order in WMATL
    with it. Asked again, nothing changes. 409 for an order that is not open, 422 for a part without a card."""
    order = known_order(room, id)
    lines = [PartLine(line.part, line.quantity) for line in body.lines] or list(order.parts)
    needed_us = None if body.needed_by is None else views_stock.us_of(body.needed_by)
    if not lines:
        raise Rejected("nothing_to_reserve", f"{order.number} asks for no parts: name them in `lines`")

    def act() -> str:
        desk_of(room).stock.reserve(order.id, lines, caller, room.now_us(), needed_us)
        return order.id

    once(room, key, caller, f"reserve|{order.id}|{body.model_dump_json()}", act)
    return _changed(room, order.id)


@router.post("/orders/{id}/release")
def post_release(id: str, body: ReleaseIn, room: Room, caller: Caller, key: Key = None) -> OrderStockOut:
    """Give free what was put aside for an order, or waits, and was not handed out; of one part or of all."""
    order = known_order(room, id)

    def act() -> str:
        desk_of(room).stock.release(order.id, caller, room.now_us(), body.part)
        return order.id

    once(room, key, caller, f"release|{order.id}|{body.model_dump_json()}", act)
    return _changed(room, order.id)


@router.post("/orders/{id}/issue")
def post_issue(id: str, body: IssueIn, room: Room, caller: Caller, key: Key = None) -> list[StockMoveOut]:
    """Hand pieces out, what expires first before the rest; the cost goes onto the order. 409 when there are not so many
    free (with what there is), or the order takes no parts now; 422 for a rotable without its serial number."""
    order = known_order(room, id)

    def act() -> str:
        stock, now_us = desk_of(room).stock, room.now_us()
        return numbers(
            stock.issue(order.id, body.part, body.quantity, caller, now_us, body.serial, body.batch, body.place)
        )

    told = once(room, key, caller, f"issue|{order.id}|{body.model_dump_json()}", act)
    _changed(room, order.id)
    return told_moves(room, told)


@router.post("/orders/{id}/return")
def post_return(id: str, body: ReturnIn, room: Room, caller: Caller, key: Key = None) -> list[StockMoveOut]:
    """Take back what an order has in hand and did not use: to where it came from, or to quarantine. The order pays for
    it no longer. 409 when it has not so many in hand."""
    order = known_order(room, id)

    def act() -> str:
        stock, at_us = desk_of(room).stock, room.now_us()
        moves = stock.give_back(
            order.id, body.part, body.quantity, caller, at_us, body.usable, body.place, body.serial, body.note
        )
        return numbers(moves)

    told = once(room, key, caller, f"return|{order.id}|{body.model_dump_json()}", act)
    _changed(room, order.id)
    return told_moves(room, told)


@router.post("/orders/{id}/use")
def post_use(id: str, body: UseIn, room: Room, caller: Caller, key: Key = None) -> list[StockMoveOut]:
    """Note that pieces were built in or used up; no part: all that the order still has in hand."""
    order = known_order(room, id)

    def act() -> str:
        used = desk_of(room).stock.use(order.id, caller, room.now_us(), body.part, body.quantity, body.serial)
        return numbers(used)

    told = once(room, key, caller, f"use|{order.id}|{body.model_dump_json()}", act)
    _changed(room, order.id)
    return told_moves(room, told)


@router.get("/waiting")
def get_waiting(
    room: Room, _: Caller, part: Annotated[str | None, Query(max_length=200)] = None
) -> list[PartWaitingOut]:
    """Who waits for what, in the order in which they are served: by need date, then by priority of the order."""
    return [views_stock.waiting_out(one) for one in desk_of(room).stock.waiting(part, room.now_us())]


def _changed(room: Plantroom, id: str) -> OrderStockOut:
    """The parts of an order after a change, told to everybody who listens."""
    order = known_order(room, id)
    room.hub.publish("order", order.id)
    room.hub.publish("asset", order.asset)
    return _told(room, id)


def _told(room: Plantroom, id: str) -> OrderStockOut:
    order, stock = known_order(room, id), desk_of(room).stock
    moves = stock.moves(order=order.id, limit=MOST_MOVES)
    return views_stock.order_stock(order, stock.reservations(order=order.id), stock.in_hand(order.id), moves)
