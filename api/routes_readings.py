"""Routes of readings that people enter: rounds that are due, the form, who entered what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, cast

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import JSONResponse

from forewarn.api import views_readings as views
from forewarn.api.auth import Caller
from forewarn.api.problems import problem
from forewarn.api.readings import Doubtful, ReadingDesk, Wanted
from forewarn.api.routes_orders import Key
from forewarn.api.routes_plant import known_asset
from forewarn.api.schemas_readings import EntryRow, ReadingsIn, ReadingsOut, RoundRow
from forewarn.api.state import Plantroom, Room
from forewarn.maintenance.idempotency import Answer

router = APIRouter(prefix="/api")
US_PER_MS = 1000


def desk_of(room: Plantroom) -> ReadingDesk:
    """Where readings are entered, or 503 where there is no ingest process."""
    if room.readings is None:
        raise HTTPException(503, "This server has no ingest process to ask")
    return room.readings


@router.get("/rounds")
def get_rounds(room: Room, _: Caller, due: bool = True, asset: str | None = None) -> list[RoundRow]:
    """Rounds that are due, longest first; `due=false`: also the others."""
    return views.rounds(room, due, asset)


@router.post("/assets/{id}/readings", status_code=201, response_model=ReadingsOut)
def post_readings(id: str, body: ReadingsIn, room: Room, caller: Caller, key: Key = None) -> Response:
    """Enter readings of a machine; 201 when they are durable.

    422 tells by field what is wrong. With the field `confirm` it asks back: the same again with `confirm: true` is
    taken. 409 where another value is stored for this very time. The same again is not stored twice.
    """
    asset, desk = known_asset(room, id), desk_of(room)
    now_us = room.now_us()
    request = hashlib.sha256(f"{asset.id}|{body.model_dump_json()}".encode()).hexdigest()

    def act() -> tuple[int, str]:
        at_us = now_us if body.at is None else round(body.at.timestamp() * 1e6)
        wanted = Wanted(at_us // US_PER_MS * US_PER_MS, body.values, body.units, body.note, body.confirm)
        readings = desk.enter(asset, wanted, caller, now_us)
        return 201, views.entered(asset.id, wanted.at_us, caller.name, readings).model_dump_json()

    try:
        status, text = act() if key is None else _once(room, key, caller.name, request, act)
    except Doubtful as doubt:
        return _asked_back(doubt)
    room.hub.publish("asset", asset.id)
    return Response(text, status, media_type="application/json")


@router.get("/assets/{id}/readings")
def get_readings(id: str, room: Room, _: Caller, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[EntryRow]:
    """Who entered which readings of a machine, newest first."""
    asset = known_asset(room, id)
    return [views.entry_row(row) for row in room.readings.book.entries(asset.id, limit)] if room.readings else []


def _once(room: Plantroom, key: str, actor: str, request: str, act: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    answer = cast(Answer, room.idempotent(key, actor, request, act))
    return answer.status, answer.body


def _asked_back(doubt: Doubtful) -> JSONResponse:
    errors = [{"pointer": f"body/{name}", "detail": text} for name, text in doubt.fields.items()]
    errors.append({"pointer": "body/confirm", "detail": "send it again with `confirm: true` if it is right"})
    return problem(422, "confirm", "Is this right?", str(doubt), errors)
