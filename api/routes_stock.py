"""Routes of the store room: parts, places, the ledger of moves, kits, and pieces with serial numbers.

A change of a card needs `If-Match` with its revision (`"0"` for a new one); every change may carry an
`Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from forewarn.api import views_stock
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.routes_people import IfMatch
from forewarn.api.schemas_stock import (
    AssetPartOut,
    CardIn,
    KindOfPart,
    KitIn,
    ReasonName,
    SerialOut,
    StockMoveIn,
    StockMoveOut,
    StockPartDetail,
    StockPartsOut,
    StockPlaceIn,
    StockPlaceOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.stock_desk import StockDesk
from forewarn.core.ports import Actor
from forewarn.core.stock import MoveReason, PartCard, Place, StockMove
from forewarn.maintenance.idempotency import Answer

router = APIRouter(prefix="/api/stock")
PartId = Annotated[str, Path(min_length=1, max_length=200)]
PartQuery = Annotated[str | None, Query(max_length=200)]
Seq = Annotated[int | None, Query(ge=1, le=2**53)]
MAX_PAGE = 500


def desk_of(room: Plantroom) -> StockDesk:
    """The desk of the store room, or 503 where there is none."""
    if room.stock is None:
        raise HTTPException(503, "This server keeps no store room")
    return room.stock


def known_card(room: Plantroom, id: str) -> PartCard:
    """The card, or 404."""
    card = desk_of(room).stock.card(id) if "\x00" not in id else None
    if card is None:
        raise HTTPException(404, f"There is no part {id!r} in the store room")
    return card


def once(room: Plantroom, key: str | None, caller: Actor, request: str, act: Callable[[], str]) -> str:
    """Act, and say what was done; the same request under the same key is not done again but told again."""
    if key is None:
        return act()
    digest = hashlib.sha256(f"stock|{request}".encode()).hexdigest()
    answer = room.idempotent(key, caller.name, digest, lambda: (200, act()))
    return answer.body if isinstance(answer, Answer) else ""


def numbers(moves: list[StockMove]) -> str:
    """Moves by their numbers, as `told_moves` reads them."""
    return ",".join(str(move.seq) for move in moves)


def told_moves(room: Plantroom, told: str) -> list[StockMoveOut]:
    """Moves of these numbers as they were booked; everybody who listens hears of their parts."""
    moves = [_move(desk_of(room), int(seq)) for seq in told.split(",") if seq]
    for part in sorted({move.part for move in moves}):
        room.hub.publish("stock", part)
    return [views_stock.move_out(move) for move in moves]


@router.get("/parts")
def get_parts(
    room: Room,
    _: Caller,
    search: Annotated[str, Query(max_length=200)] = "",
    kind: KindOfPart | None = None,
    part_class: Annotated[str, Query(max_length=60)] = "",
    short: bool = False,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> StockPartsOut:
    """Parts by id, with how much there is of each. `search` in id and name; `short`: only those of which nothing is
    free. The next page: `after=` the value of `next`."""
    rows = desk_of(room).rows(room.now_us(), search, kind or "", part_class)
    rows = [row for row in rows if not short or row.level.available <= 0]
    page = [row for row in rows if row.card.id > after]
    more = page[limit - 1].card.id if len(page) > limit else None
    return StockPartsOut(parts=[views_stock.part_out(row) for row in page[:limit]], total=len(rows), next=more)


@router.get("/parts/{id:path}/serials/{serial:path}")
def get_serial(
    id: PartId, serial: Annotated[str, Path(min_length=1, max_length=100)], room: Room, _: Caller
) -> list[StockMoveOut]:
    """The life of one piece, oldest first: shelf, machine, repair, shelf. 404 for one that was never here."""
    known_card(room, id)
    moves = desk_of(room).stock.serial_history(serial, id) if "\x00" not in serial else []
    if not moves:
        raise HTTPException(404, f"There is no piece {serial!r} of {id}")
    return [views_stock.move_out(move) for move in moves]


@router.get("/parts/{id:path}/serials")
def get_serials(id: PartId, room: Room, _: Caller) -> list[SerialOut]:
    """Pieces of a rotable and where each one is: a shelf, an order's hands, or the machine it sits in."""
    known_card(room, id)
    return [views_stock.serial_out(one) for one in desk_of(room).stock.serials(id)]


@router.get("/parts/{id:path}")
def get_part(id: PartId, room: Room, _: Caller, response: Response) -> StockPartDetail:
    """One part: its card, where it lies, what is coming, who needs it, for whom it is put aside, and its record.
    `ETag` is the revision of the card."""
    return _told(room, id, response)


@router.put("/parts/{id:path}")
def put_part(
    id: PartId,
    body: CardIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> StockPartDetail:
    """Make or change the card of a part. 428 without `If-Match`, 412 when somebody changed it since, 409 for a part
    that becomes a rotable while pieces lie in a store, 422 for a card that does not hold together."""
    desk, revision, card = desk_of(room), revision_of(if_match), views_stock.card_of(id, body)

    def act() -> str:
        before = desk.stock.card(id)
        found = before.revision if before else 0
        if found != revision:
            raise Stale(f"the card of {id} is at revision {found}, you sent {revision}")
        return desk.stock.save_card(card, caller, room.now_us(), revision).id

    once(room, key, caller, f"card|{id}|{revision}|{body.model_dump_json()}", act)
    room.hub.publish("stock", id)
    return _told(room, id, response)


@router.get("/assets/{asset:path}/parts")
def get_asset_parts(
    asset: Annotated[str, Path(max_length=200)],
    room: Room,
    _: Caller,
    mode: Annotated[str | None, Query(max_length=8)] = None,
) -> list[AssetPartOut]:
    """The parts list of an asset: from its fault plans, job plans, preventive plans and open orders, with kits and what
    may stand in. `mode`: an ISO 14224 failure mode, and only what it asks for. 404 for an unknown asset."""
    desk = desk_of(room)
    if room.plant.asset(asset) is None:
        raise HTTPException(404, f"There is no asset {asset!r}")
    cards = {card.id: card for card in desk.stock.cards()}
    levels = {level.part: level for level in desk.stock.levels(room.now_us())}
    return views_stock.asset_parts(desk.parts_of(asset, mode), cards, levels)


@router.get("/places")
def get_places(room: Room, _: Caller) -> list[StockPlaceOut]:
    """Stores and shelves by id, with what each holds."""
    desk = desk_of(room)
    balances, prices = desk.stock.balances(), {card.id: card.price for card in desk.stock.cards()}
    return [views_stock.place_out(place, balances, prices) for place in desk.stock.places()]


@router.put("/places/{id:path}")
def put_place(
    id: Annotated[str, Path(min_length=1, max_length=200)],
    body: StockPlaceIn,
    room: Room,
    caller: Caller,
    key: Key = None,
) -> list[StockPlaceOut]:
    """Make or change a store or shelf; all of them. Shelves of a room are named room/shelf, which is how a count walks.
    409 for one that becomes usable, or stops being so, while something lies there."""
    desk, place = desk_of(room), Place(id, body.name, body.usable)

    def act() -> str:
        return desk.stock.save_place(place, caller, room.now_us()).id

    once(room, key, caller, f"place|{id}|{body.model_dump_json()}", act)
    return get_places(room, caller)


@router.get("/moves")
def get_moves(
    room: Room,
    _: Caller,
    part: PartQuery = None,
    order: PartQuery = None,
    reason: Annotated[list[ReasonName] | None, Query()] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Seq = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> list[StockMoveOut]:
    """The ledger, newest first: of a part, of an order (id or number), for some reasons, of [since, until). The next
    page: `before=` the `seq` of the last one."""
    since_us, until_us = (None if at is None else views_stock.us_of(at) for at in (since, until))
    reasons = [MoveReason(one) for one in reason or ()]
    moves = desk_of(room).stock.moves(part, order, since_us, until_us, before, limit, reasons)
    return [views_stock.move_out(move) for move in moves]


@router.post("/moves")
def post_move(body: StockMoveIn, room: Room, caller: Caller, key: Key = None) -> StockMoveOut:
    """Book a receipt, a transfer, scrap, a return to the supplier, a part taken out of a machine, the opening of the
    ledger, or the correction of a move. Who waits for what came in is served at once. 409 when there are not so many,
    422 for a way that pieces do not go. What belongs to an order is issued and returned there."""
    desk = desk_of(room)
    wrong = None if body.corrects is None else _move(desk, body.corrects)
    new = views_stock.new_move(body, wrong, room.now_us())

    def act() -> str:
        return numbers([desk.stock.move(new, caller)])

    [told] = told_moves(room, once(room, key, caller, f"move|{body.model_dump_json(by_alias=True)}", act))
    return told


@router.post("/kits/{id:path}")
def post_kit(id: PartId, body: KitIn, room: Room, caller: Caller, key: Key = None) -> list[StockMoveOut]:
    """Make kits of the parts that they contain, or take them apart. 409 when there are not so many free parts, 422 for
    a part that is no kit."""
    known_card(room, id)
    make = desk_of(room).stock.take_apart if body.apart else desk_of(room).stock.assemble

    def act() -> str:
        return numbers(make(id, body.quantity, body.place, caller, room.now_us()))

    return told_moves(room, once(room, key, caller, f"kit|{id}|{body.model_dump_json()}", act))


def _move(desk: StockDesk, seq: int) -> StockMove:
    found = desk.stock.moves(before=seq + 1, limit=1)
    if not found or found[0].seq != seq:
        raise HTTPException(404, f"There is no move {seq}")
    return found[0]


def _told(room: Plantroom, id: str, response: Response) -> StockPartDetail:
    desk, card = desk_of(room), known_card(room, id)
    response.headers["ETag"] = f'"{card.revision}"'
    return views_stock.part_detail(
        desk.row(card, room.now_us()),
        desk.stock.balances(id),
        desk.needs().get(id, ()),
        desk.stock.reservations(part=id, open_only=True),
        desk.stock.history(id),
    )
