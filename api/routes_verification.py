"""Routes of verification by the signals, and of what is muted while somebody works on a machine."""

from __future__ import annotations

from fastapi import APIRouter

from forewarn.api import views_work
from forewarn.api.auth import Caller
from forewarn.api.routes_departments import desk_of
from forewarn.api.routes_orders import known_order
from forewarn.api.routes_plant import known_asset
from forewarn.api.schemas_work import MutedOut, VerificationOut
from forewarn.api.state import Room
from forewarn.core.work import Verification

router = APIRouter(prefix="/api")


@router.get("/orders/{id}/verification")
def get_verification(id: str, room: Room, _: Caller) -> VerificationOut:
    """Did the repair help? Every signal before and after at comparable load and speed: as of now while it is pending,
    and as it was concluded."""
    from forewarn.pipeline.verification import comparison_json

    order, desk, now_us = known_order(room, id), desk_of(room), room.now_us()
    pending = order.verification is Verification.PENDING
    now = views_work.comparison(comparison_json(desk.verifier.look(order, now_us)), now_us) if pending else None
    follows = room.orders.order(order.follows) if order.follows else None
    return VerificationOut(
        order=order.id,
        number=order.number,
        verification=order.verification.value,
        now=now,
        concluded=[views_work.comparison(one.comparison, one.at_us) for one in desk.verified.found(order.id)],
        follows=follows.number if follows else None,
        follow_ups=desk.verified.follow_ups(order.id),
    )


@router.get("/muted")
def get_all_muted(room: Room, _: Caller) -> MutedOut:
    """Every machine that somebody works on, by which order and since when, and the advice that was kept meanwhile."""
    desk = desk_of(room)
    return views_work.muted(desk.mutes.muted(), desk.mutes.kept())


@router.get("/assets/{id}/muted")
def get_muted(id: str, room: Room, _: Caller) -> MutedOut:
    """Is a machine muted, by which order and since when? Advice that came meanwhile waits to be looked at again."""
    asset, desk = known_asset(room, id), desk_of(room)
    return views_work.muted(desk.mutes.muted(asset.id), desk.mutes.kept(asset.id))
