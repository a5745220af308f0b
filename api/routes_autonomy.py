"""Routes of autonomy: levels and budgets, what is held back and its release, maintenance windows.

A change needs `If-Match` with the revision, and may carry an `Idempotency-Key`, as those of orders do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Response

from forewarn.api import views_autonomy as shown
from forewarn.api.auth import Caller
from forewarn.api.autonomy_desk import AutonomyDesk
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, known_order, revision_of
from forewarn.api.schemas import OrderDetail
from forewarn.api.schemas_autonomy import (
    AutonomyClassOut,
    AutonomyIn,
    AutonomyMovedOut,
    AutonomyOut,
    AutonomyStepOut,
    HeldAdviceOut,
    WindowIn,
    WindowOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.views import moment, order_detail
from forewarn.core.autonomy import Level, week_of
from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import Plant
from forewarn.core.windows import MaintenanceWindow, Repeat, Scope
from forewarn.maintenance.autonomy.book import Held
from forewarn.maintenance.autonomy.window_book import zone_of

router = APIRouter(prefix="/api")
IfMatch = Annotated[str | None, Header()]
Limit = Annotated[int, Query(ge=1, le=500)]


def desk_of(room: Plantroom) -> AutonomyDesk:
    """The desk, or 503 where there is none."""
    if room.autonomy is None:
        raise HTTPException(503, "This server keeps no records of autonomy")
    return room.autonomy


@router.get("/autonomy")
def get_autonomy(room: Room, _: Caller) -> AutonomyOut:
    """Levels and the weekly alarm budget: the plant as a whole and every class."""
    now_us = room.now_us()
    start_us, end_us = week_of(now_us)
    plant, *classes = map(shown.class_out, desk_of(room).book.spending(now_us))
    return AutonomyOut(week_start=moment(start_us), week_end=moment(end_us), plant=plant, classes=classes)


@router.get("/autonomy/classes/{name}")
def get_autonomy_class(name: str, room: Room, _: Caller, response: Response) -> AutonomyClassOut:
    """One class, `instrument` for sensors, or `plant` for the budget of the whole plant. `ETag` is its revision."""
    return _class(room, _known(room, name), response)


@router.patch("/autonomy/classes/{name}")
def patch_autonomy_class(
    name: str,
    body: AutonomyIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> AutonomyClassOut:
    """Set the level, pin it (only a person moves it then), or set the weekly budget, with a reason. What is left out
    stays. 428 without `If-Match`, 412 when somebody changed it since, 422 for a level of the whole plant."""
    of, revision = _known(room, name), revision_of(if_match)
    budget = body.orders_per_week if "orders_per_week" in body.model_fields_set else "keep"
    level = Level(body.level) if body.level else None

    def act() -> tuple[int, str]:
        _fresh(room, of, revision)
        desk_of(room).book.move(
            of,
            caller,
            revision,
            room.now_us(),
            body.reason,
            level=level,
            pinned=body.pinned,
            orders_per_week=budget,
        )
        return 200, of

    _once(room, key, caller.name, f"{name}|{revision}|{body.model_dump_json()}", act)
    return _class(room, of, response)


@router.post("/autonomy/classes/{name}/undo")
def post_autonomy_undo(
    name: str, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> AutonomyClassOut:
    """Take the newest step of a class back, be it a person's or measured; once more takes that back. 428 without
    `If-Match`, 412 when somebody changed it since, 422 when there was no step."""
    of, revision = _known(room, name), revision_of(if_match)

    def act() -> tuple[int, str]:
        _fresh(room, of, revision)
        desk_of(room).book.undo(of, caller, revision, room.now_us())
        return 200, of

    _once(room, key, caller.name, f"undo|{name}|{revision}", act)
    return _class(room, of, response)


@router.get("/autonomy/steps")
def get_autonomy_steps(room: Room, _: Caller, name: str | None = None, limit: Limit = 100) -> list[AutonomyStepOut]:
    """Every step of levels and budgets, newest first: by whom, why, from what to what."""
    of = None if name is None else _known(room, name)
    return [shown.step_out(row) for row in desk_of(room).book.steps(of, limit)]


@router.post("/autonomy/measure")
def post_autonomy_measure(room: Room, _: Caller) -> AutonomyMovedOut:
    """Measure the precision of every class now and let the levels follow; the server does so by itself once a day."""
    desk, now_us = desk_of(room), room.now_us()
    moved = {standing.of for standing in desk.measure(now_us)}
    spent = desk.book.spending(now_us) if moved else []
    return AutonomyMovedOut(moved=[shown.class_out(one) for one in spent if one.standing.of in moved])


@router.get("/autonomy/held")
def get_held(
    room: Room, _: Caller, name: str | None = None, asset: str | None = None, limit: Limit = 200
) -> list[HeldAdviceOut]:
    """Advices that opened no order, the most urgent first: held by level, budget, rate or window. At the level `advise`
    this is where the advice stands."""
    of = None if name is None else _known(room, name)
    found = desk_of(room).book.held(room.now_us(), of)
    return [shown.held_out(one) for one in found if asset in (None, one.advice.asset)][:limit]


@router.get("/autonomy/held/{asset}/{fault}")
def get_held_one(asset: str, fault: str, room: Room, _: Caller, response: Response) -> HeldAdviceOut:
    """One held advice, also after it was opened or ended. `fault` is `component:mechanism`; `ETag` is its revision."""
    held = _held(room, asset, fault)
    response.headers["ETag"] = f'"{held.revision}"'
    return shown.held_out(held)


@router.post("/autonomy/held/{asset}/{fault}/release")
def post_release(
    asset: str,
    fault: str,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> OrderDetail:
    """Open the order for a held advice, outside of every budget. 428 without `If-Match`, 412 when it changed since, 409
    when the component is cooling down, 422 when it is not held any more."""
    held, revision = _held(room, asset, fault), revision_of(if_match)

    def act() -> tuple[int, str]:
        now = _held(room, asset, fault)
        if now.state == "held" and now.revision != revision:
            raise Stale(f"the held advice is at revision {now.revision}, you sent {revision}")
        desk = desk_of(room)
        order = desk.book.release(desk.orders, asset, held.advice.fault, caller, revision, room.now_us())
        return 200, order.id

    _once(room, key, caller.name, f"release|{asset}|{fault}|{revision}", act)
    released = _held(room, asset, fault)
    order = known_order(room, released.order_id or "")
    room.hub.publish("order", order.id)
    room.hub.publish("asset", order.asset)
    response.headers["ETag"] = f'"{order.revision}"'
    return order_detail(room, order)


@router.get("/windows")
def get_windows(room: Room, _: Caller) -> list[WindowOut]:
    """Maintenance windows that were not taken back, by their first start."""
    return [shown.window_out(window, room.now_us()) for window in desk_of(room).windows.windows()]


@router.post("/windows", status_code=201)
def post_window(body: WindowIn, room: Room, caller: Caller, response: Response, key: Key = None) -> WindowOut:
    """Plan a maintenance window: no order is opened for its machines while it stands, and their alarms are looked at
    again when it has ended. 422 for an unknown machine, area, class or time zone, and for a window that is over."""
    made = _window(room.plant, body, room.now_us())

    def act() -> tuple[int, str]:
        return 201, desk_of(room).windows.plan(made, caller, room.now_us()).id

    return _told(room, _once(room, key, caller.name, f"window|{body.model_dump_json()}", act), response)


@router.get("/windows/{id}")
def get_window(id: str, room: Room, _: Caller, response: Response) -> WindowOut:
    """One window. `ETag` is its revision."""
    return _told(room, id, response)


@router.delete("/windows/{id}")
def delete_window(id: str, room: Room, caller: Caller, if_match: IfMatch = None) -> list[WindowOut]:
    """Take a window back; what it held is looked at again at the next assessment. 428 without `If-Match`, 412 when it
    changed since. Answers the windows that are left."""
    revision, windows = revision_of(if_match), desk_of(room).windows
    found = windows.window(id)
    if found is None:
        raise HTTPException(404, f"There is no maintenance window {id!r}")
    if found.revision != revision:
        raise Stale(f"the window is at revision {found.revision}, you sent {revision}")
    windows.end(id, caller, revision, room.now_us())
    return [shown.window_out(window, room.now_us()) for window in windows.windows()]


def _known(room: Plantroom, name: str) -> str:
    """The class of a name, or 404."""
    of = shown.of_name(name)
    try:
        desk_of(room).book.standing(of)
    except Rejected as error:
        raise HTTPException(404, error.detail) from error
    return of


def _class(room: Plantroom, of: str, response: Response) -> AutonomyClassOut:
    spent = next(one for one in desk_of(room).book.spending(room.now_us()) if one.standing.of == of)
    response.headers["ETag"] = f'"{spent.standing.revision}"'
    return shown.class_out(spent)


def _fresh(room: Plantroom, of: str, revision: int) -> None:
    now = desk_of(room).book.standing(of).revision
    if now != revision:
        raise Stale(f"{shown.name_of(of)} is at revision {now}, you sent {revision}")


def _held(room: Plantroom, asset: str, fault: str) -> Held:
    try:
        held = desk_of(room).book.held_one(asset, Fault.parse(fault))
    except (ValueError, Rejected):
        held = None
    if held is None:
        raise HTTPException(404, f"No advice on {fault!r} of {asset!r} was held back; the list is /api/autonomy/held")
    return held


def _window(plant: Plant, body: WindowIn, now_us: int) -> MaintenanceWindow:
    """The window of a request. Raises Rejected for what the plant does not have, and for times without a zone."""
    known = {
        "asset": {asset.id for asset in plant.assets},
        "area": {asset.area for asset in plant.assets},
        "class": {asset.asset_class for asset in plant.assets},
        "plant": {""},
    }[body.scope]
    if body.of not in known:
        raise Rejected(
            "window_of", f"the plant has no {body.scope} {body.of!r}; it has: {', '.join(sorted(known)[:20])}"
        )
    zone = zone_of(body.timezone)
    until_us = None if body.until is None else _us(body.until)
    repeat, scope = Repeat(body.repeat), Scope(body.scope)
    start_us = now_us if body.start is None else _us(body.start)
    return MaintenanceWindow(
        "", scope, body.of, start_us, body.hours, repeat, body.every, until_us, zone, body.timezone, body.reason
    )


def _us(at: datetime) -> int:
    if at.tzinfo is None:
        raise Rejected("time_without_zone", f"{at.isoformat()} has no zone: end it with Z")
    return round(at.timestamp() * 1e6)


def _told(room: Plantroom, id: str, response: Response) -> WindowOut:
    found = desk_of(room).windows.window(id)
    if found is None:
        raise HTTPException(404, f"There is no maintenance window {id!r}")
    response.headers["ETag"] = f'"{found.revision}"'
    return shown.window_out(found, room.now_us())


def _once(room: Plantroom, key: str | None, actor: str, request: str, act: Callable[[], tuple[int, str]]) -> str:
    """Act, at most once for a key; the text of the answer."""
    if key is None:
        return act()[1]
    answer = room.idempotent(key, actor, hashlib.sha256(request.encode()).hexdigest(), act)
    return str(getattr(answer, "body", ""))
