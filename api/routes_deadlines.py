"""Routes of clocks: how long until somebody acts and until the work is done, who was called, and who is on call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from forewarn.api import views_work
from forewarn.api.auth import Caller
from forewarn.api.routes_departments import at_us, desk_of
from forewarn.api.routes_orders import known_order
from forewarn.api.schemas_work import ClocksOut, ClockStateName, OnCallIn, OnCallOut, TimedOut
from forewarn.api.state import Room

router = APIRouter(prefix="/api")


@router.get("/orders/{id}/clocks")
def get_order_clocks(id: str, room: Room, _: Caller) -> ClocksOut:
    """Clocks of an order from its status history, who was called, and its priority now with the reason."""
    order, desk, now_us = known_order(room, id), desk_of(room), room.now_us()
    urgency = desk.urgency(order, room.plant, now_us)
    return ClocksOut(
        order=order.id,
        number=order.number,
        planned=order.priority,
        priority=urgency.priority,
        priority_reason=urgency.reason,
        slack_h=urgency.slack_h,
        clocks=[views_work.clock(one) for one in desk.deadlines.clocks(order.id, now_us)],
        calls=[views_work.call(row) for row in desk.deadlines.calls(order.id)],
    )


@router.get("/clocks")
def get_clocks(
    room: Room,
    _: Caller,
    state: ClockStateName | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[TimedOut]:
    """Open orders with their clocks, the one that breaches first (or has breached longest) first; of one `state`."""
    timed = desk_of(room).deadlines.open_orders(room.now_us())
    wanted = [one for one in timed if state is None or any(clock.state.value == state for clock in one.clocks)]
    wanted.sort(key=lambda one: min((clock.due_us for clock in one.clocks if clock.due_us is not None), default=2**62))
    return [views_work.timed(one) for one in wanted[:limit]]


@router.get("/on-call")
def get_on_call(room: Room, _: Caller) -> list[OnCallOut]:
    """Who is on call now and later, by rota."""
    return [views_work.on_call(turn) for turn in desk_of(room).deadlines.rota(room.now_us())]


@router.post("/on-call")
def post_on_call(body: OnCallIn, room: Room, caller: Caller) -> OnCallOut:
    """Put somebody on a rota. 422 where somebody else is on call in that time."""
    start_us, until_us = at_us(body.start), at_us(body.until)
    turn = desk_of(room).deadlines.add_on_call(
        body.rota, body.person, body.contact, start_us, until_us, caller, room.now_us()
    )
    return views_work.on_call(turn)


@router.delete("/on-call/{id}")
def delete_on_call(id: Annotated[int, Path(ge=1, lt=2**63)], room: Room, caller: Caller) -> list[OnCallOut]:
    """Take a turn back; answers who is on call then. 422 when there is none of this number."""
    desk, now_us = desk_of(room), room.now_us()
    desk.deadlines.remove_on_call(id, caller, now_us)
    return [views_work.on_call(turn) for turn in desk.deadlines.rota(now_us)]
