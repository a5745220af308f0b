"""Routes of counting, and of the looks over all stock: classes, losses, dead stock.

Posting and cancelling a sheet need `If-Match` with its revision; every change may carry an `Idempotency-Key`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from forewarn.api import views_counts
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.routes_people import IfMatch
from forewarn.api.routes_stock import desk_of, once
from forewarn.api.schemas_counts import (
    CancelCountIn,
    CountIn,
    DeadStockOut,
    DrawIn,
    DueCountsOut,
    LossByName,
    LossesOut,
    PartClassOut,
    SheetOut,
    SheetRow,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.views_stock import us_of
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict
from forewarn.core.stock import PartCard
from forewarn.maintenance.stock.counting import Count, Sheet
from forewarn.maintenance.stock.dead import DeadRules
from forewarn.maintenance.stock.losses import By

router = APIRouter(prefix="/api/stock")
SheetId = Annotated[int, Path(ge=1, le=2**53)]
LineNumber = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("/counts")
def get_counts(
    room: Room,
    _: Caller,
    under_way: bool = False,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[SheetRow]:
    """Count sheets, the newest first; the next page: `before=` the `id` of the last one."""
    return [views_counts.sheet_row(sheet) for sheet in desk_of(room).counts.sheets(under_way, before, limit)]


@router.get("/counts/due")
def get_due(room: Room, _: Caller, days: Annotated[float, Query(ge=0, le=3660)] = 0.0) -> DueCountsOut:
    """What the rolling count asks for: the walks that are due now, and every part and place whose count is due within
    so many days, the most urgent first. What is being counted is left out."""
    desk, now_us = desk_of(room), room.now_us()
    due = desk.counts.due(desk.abc(now_us), now_us)
    soon = [one for one in due if one.due_us <= now_us + round(days * US_PER_DAY)]
    return views_counts.due_out(soon, desk.counts.walks_of(due))


@router.post("/counts")
def post_count(body: DrawIn, room: Room, caller: Caller, response: Response, key: Key = None) -> SheetOut:
    """Draw a sheet: of places, or of the next walk that is due. 409 when nothing is due, or while some of it is being
    counted; 422 when nothing lies there."""
    desk, now_us = desk_of(room), room.now_us()

    def act() -> str:
        classes = desk.abc(now_us)
        if body.places:
            area = body.area or body.places[0]
            return str(desk.counts.draw(area, body.places, classes, caller, now_us, body.parts).id)
        sheet = desk.counts.draw_next(classes, caller, now_us, body.area)
        if sheet is None:
            raise Conflict(f"nothing is due{' in ' + body.area if body.area else ''}: name the places to count anyway")
        return str(sheet.id)

    return _told(room, int(once(room, key, caller, f"draw|{body.model_dump_json()}", act)), response)


@router.get("/counts/{id}")
def get_count(id: SheetId, room: Room, _: Caller, response: Response) -> SheetOut:
    """One sheet, blind while somebody has to count. `ETag` is its revision."""
    return _told(room, id, response)


@router.post("/counts/{id}/lines/{line}")
def post_line(
    id: SheetId, line: LineNumber, body: CountIn, room: Room, caller: Caller, response: Response, key: Key = None
) -> SheetOut:
    """Note what was counted on a line. Who typed it wrong tells it again while first counts go on; a second count is
    told by somebody else. 409 for a line that is settled and for who counted it before, 422 for a count without the
    serial numbers of a rotable."""
    known_sheet(room, id)
    now_us = room.now_us()
    at_us = now_us if body.at is None else us_of(body.at)
    count = Count(body.pieces, body.by or caller.name, at_us, tuple(body.serials), body.note)

    def act() -> str:
        desk_of(room).counts.count(id, line, count, caller, now_us)
        return str(id)

    once(room, key, caller, f"count|{id}|{line}|{body.model_dump_json()}", act)
    return _told(room, id, response)


@router.post("/counts/{id}/post")
def post_posting(
    id: SheetId, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> SheetOut:
    """Book the differences of a sheet, all or none, once. 428 without `If-Match`, 412 when it changed since, 409 while
    lines wait for a count and for a sheet that ended."""
    desk, revision = desk_of(room), revision_of(if_match)

    def act() -> str:
        _fresh(known_sheet(room, id), revision)
        return str(desk.counts.post(id, caller, revision, room.now_us()).id)

    once(room, key, caller, f"post|{id}|{revision}", act)
    told = _told(room, id, response)
    for part in sorted({line.part for line in told.lines if line.moves}):
        room.hub.publish("stock", part)
    return told


@router.post("/counts/{id}/cancel")
def post_cancel(
    id: SheetId,
    body: CancelCountIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> SheetOut:
    """Give a count up without booking anything. 428 without `If-Match`, 412 when it changed since, 409 for a sheet that
    ended."""
    desk, revision = desk_of(room), revision_of(if_match)

    def act() -> str:
        _fresh(known_sheet(room, id), revision)
        return str(desk.counts.cancel(id, caller, revision, body.reason, room.now_us()).id)

    once(room, key, caller, f"cancel|{id}|{revision}|{body.model_dump_json()}", act)
    return _told(room, id, response)


@router.get("/classes")
def get_classes(room: Room, _: Caller, days: Annotated[float, Query(ge=12, le=3660)] = 365.0) -> list[PartClassOut]:
    """ABC, XYZ and VED of every part, from the issues of so many days, the dearest first."""
    desk = desk_of(room)
    cards = _cards(room)
    return [views_counts.class_out(one, cards) for one in desk.classes(room.now_us(), days)]


@router.get("/losses")
def get_losses(
    room: Room,
    _: Caller,
    by: LossByName = "part",
    since: datetime | None = None,
    until: datetime | None = None,
    handled: bool = False,
) -> LossesOut:
    """What counts of [since, until) (default: the last year) found missing, against what was issued, with the rows
    behind. `handled`: each row that is not explained also says who moved the part in that place since it was counted
    before."""
    desk, now_us = desk_of(room), room.now_us()
    to_us = now_us + 1 if until is None else us_of(until)
    from_us = to_us - 365 * US_PER_DAY if since is None else us_of(since)
    found = desk.losses(from_us, to_us, By(by), now_us)
    return views_counts.losses_out(found, desk.handled if handled else None)


@router.get("/dead")
def get_dead(
    room: Room,
    _: Caller,
    still_days: Annotated[float | None, Query(gt=0, le=36_500)] = None,
    cover_years: Annotated[float | None, Query(gt=0, le=1000)] = None,
) -> DeadStockOut:
    """Slow and dead stock with advice and reason, the most money first; who still needs a part stands beside it. The
    limits are those of the settings unless they are named."""
    desk = desk_of(room)
    usual = desk.dead_rules
    rules = DeadRules(
        usual.still_days if still_days is None else still_days,
        usual.cover_years if cover_years is None else cover_years,
        usual.long_lead_days,
        usual.least_sale,
    )
    return views_counts.dead_out(desk.dead(room.now_us(), rules), _cards(room))


def known_sheet(room: Plantroom, id: int) -> Sheet:
    """The sheet, or 404."""
    sheet = desk_of(room).counts.sheet(id)
    if sheet is None:
        raise HTTPException(404, f"There is no count sheet {id}")
    return sheet


def _fresh(sheet: Sheet, revision: int) -> None:
    if sheet.revision != revision:
        raise Stale(f"{sheet.number} is at revision {sheet.revision}, you sent {revision}")


def _told(room: Plantroom, id: int, response: Response) -> SheetOut:
    sheet = known_sheet(room, id)
    response.headers["ETag"] = f'"{sheet.revision}"'
    return views_counts.sheet_out(sheet, desk_of(room).counts.judged(sheet), _cards(room))


def _cards(room: Plantroom) -> dict[str, PartCard]:
    return {card.id: card for card in desk_of(room).stock.cards()}
