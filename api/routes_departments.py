"""Routes of other departments: what an order waits for, and the board of who has to do what.

A change of a step needs `If-Match` with its revision; every change may carry an `Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Response

from forewarn.api import views_work
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, known_order, revision_of
from forewarn.api.schemas_work import (
    DepartmentName,
    StepDoneIn,
    StepDropIn,
    StepIn,
    StepMoveIn,
    StepOut,
    StepsIn,
    StepsOut,
    WaitingOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.work_desk import WorkDesk
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.core.ports import Actor
from forewarn.core.work import WorkOrder
from forewarn.maintenance.orders.departments import Asked, Department, Step
from forewarn.pipeline.stock_in_use import stocked

router = APIRouter(prefix="/api")
FIRST_YEAR, LAST_YEAR = 1970, 2500
IfMatch = Annotated[str | None, Header()]


def desk_of(room: Plantroom) -> WorkDesk:
    """The desk of work, or 503 where there is none."""
    if room.work is None:
        raise HTTPException(503, "This server keeps no records of work around orders")
    return room.work


@router.get("/orders/{id}/departments")
def get_steps(id: str, room: Room, _: Caller) -> StepsOut:
    """Steps of other departments, whether the order can start, and how late they make it."""
    order = known_order(room, id)
    return views_work.steps(order, desk_of(room).departments.of_order(order.id), room.now_us())


@router.post("/orders/{id}/departments")
def post_steps(id: str, body: StepsIn, room: Room, caller: Caller, key: Key = None) -> StepsOut:
    """Ask other departments: named steps, the `usual` ones, or both. 409 for an order that is no longer open, 422 for a
    due time that has passed. The same Idempotency-Key with the same body answers again without asking twice."""
    order, desk, now_us = known_order(room, id), desk_of(room), room.now_us()

    def act() -> tuple[int, str]:
        asked = [_asked(one, desk) for one in body.steps]
        asked += desk.usual(order, _plant_for(room, order), now_us) if body.usual else []
        if not asked:
            raise Rejected("no_steps", "name a step, or ask for the usual ones")
        desk.departments.ask(order.id, asked, caller, now_us)
        return 200, order.id

    _once(room, key, caller, f"{order.id}|{body.model_dump_json()}", act)
    room.hub.publish("order", order.id)
    return views_work.steps(order, desk.departments.of_order(order.id), now_us)


def _plant_for(room: Plantroom, order: WorkOrder) -> Plant:
    """The plant with the parts of an order as the store room knows them."""
    if room.stock is None:
        return room.plant
    parts = [line.part for line in order.parts]
    return stocked(room.plant, room.stock.stock.parts_for(order.asset, parts, room.now_us()))


@router.get("/department-steps/{id}")
def get_step(id: int, room: Room, _: Caller, response: Response) -> StepOut:
    """One step; `ETag` is its revision."""
    return _told(room, _known(room, id), response)


@router.post("/department-steps/{id}/done")
def post_done(
    id: int, body: StepDoneIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> StepOut:
    """The step is done. 428 without `If-Match`, 412 when somebody changed it since, 409 when it has ended."""
    revision, now_us = revision_of(if_match), room.now_us()

    def act() -> Step:
        return desk_of(room).departments.done(id, caller, revision, now_us, body.note)

    return _changed(room, id, revision, caller, key, f"done|{body.model_dump_json()}", act, response)


@router.post("/department-steps/{id}/drop")
def post_drop(
    id: int, body: StepDropIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> StepOut:
    """The step is not needed, with the reason. Answers as done."""
    revision, now_us = revision_of(if_match), room.now_us()

    def act() -> Step:
        return desk_of(room).departments.drop(id, caller, revision, now_us, body.reason)

    return _changed(room, id, revision, caller, key, f"drop|{body.model_dump_json()}", act, response)


@router.post("/department-steps/{id}/due")
def post_due(
    id: int, body: StepMoveIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> StepOut:
    """Another due time or owner; a slip of the new time is told anew. Answers as done; 422 for a time that has
    passed."""
    revision, now_us = revision_of(if_match), room.now_us()
    owner = body.owner or _known(room, id).owner

    def act() -> Step:
        return desk_of(room).departments.move(id, caller, revision, now_us, at_us(body.due), owner, body.note)

    return _changed(room, id, revision, caller, key, f"due|{body.model_dump_json()}", act, response)


@router.get("/departments")
def get_board(
    room: Room,
    _: Caller,
    department: DepartmentName | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[WaitingOut]:
    """The board: what waits for whom, the first due first."""
    now_us, wanted = room.now_us(), Department(department) if department else None
    return [views_work.waiting(one, now_us) for one in desk_of(room).departments.board(wanted, now_us, limit)]


def at_us(at: datetime) -> int:
    """Microseconds of a time with a zone. Raises Rejected without one, and for a year that no plant sees."""
    if at.tzinfo is None:
        raise Rejected("time_without_zone", "a time ends with its zone, such as 2026-12-01T06:00:00Z")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise Rejected("time_out_of_range", f"a time lies in the years {FIRST_YEAR} to {LAST_YEAR}")
    return round(at.timestamp() * 1e6)


def _asked(one: StepIn, desk: WorkDesk) -> Asked:
    department = Department(one.department)
    return Asked(department, one.what, one.owner or desk.owners[department], at_us(one.due), one.required)


def _known(room: Plantroom, id: int) -> Step:
    found = desk_of(room).departments.step(id) if abs(id) < 2**63 else None
    if found is None:
        raise HTTPException(404, f"There is no step {id}")
    return found


def _changed(
    room: Plantroom,
    id: int,
    revision: int,
    caller: Actor,
    key: str | None,
    request: str,
    change: Callable[[], Step],
    response: Response,
) -> StepOut:
    before = _known(room, id)

    def act() -> tuple[int, str]:
        if before.revision != revision:
            raise Stale(f"step {id} is at revision {before.revision}, you sent {revision}")
        return 200, str(change().id)

    _once(room, key, caller, f"{id}|{revision}|{request}", act)
    room.hub.publish("order", before.order_id)
    return _told(room, _known(room, id), response)


def _once(room: Plantroom, key: str | None, caller: Actor, request: str, act: Callable[[], tuple[int, str]]) -> None:
    if key is None:
        act()
    else:
        room.idempotent(key, caller.name, hashlib.sha256(request.encode()).hexdigest(), act)


def _told(room: Plantroom, found: Step, response: Response) -> StepOut:
    response.headers["ETag"] = f'"{found.revision}"'
    return views_work.step(found, room.now_us())
