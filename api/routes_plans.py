"""Routes of preventive maintenance: plans, what is due, slots, the interval court and its trials.

A change of a plan needs `If-Match` with its revision (`"0"` for a new one); every change may carry an
`Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path, Query, Response

from forewarn.api import views, views_plans
from forewarn.api.auth import Caller
from forewarn.api.plans_desk import PlansDesk
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.schemas import OrderDetail
from forewarn.api.schemas_plans import (
    ApproveIn,
    ComingOut,
    DeferIn,
    GenerateIn,
    JudgementOut,
    PmPlanDetail,
    PmPlanIn,
    PmPlanOut,
    RetiredOut,
    RetireIn,
    SkipIn,
    SlotOut,
    TrialOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plans import Plan
from forewarn.core.ports import Actor
from forewarn.core.work import WorkOrder

router = APIRouter(prefix="/api/pm")
IfMatch = Annotated[str | None, Header()]
PlanId = Annotated[str, Path(max_length=64)]


def desk_of(room: Plantroom) -> PlansDesk:
    """The desk of plans, or 503 where there is none."""
    if room.plans is None:
        raise HTTPException(503, "This server keeps no preventive plans")
    return room.plans


def known_plan(room: Plantroom, id: str) -> Plan:
    """The plan, or 404."""
    plan = desk_of(room).plans.plan(id)
    if plan is None:
        raise HTTPException(404, f"There is no preventive plan {id!r}")
    return plan


@router.get("/plans")
def get_plans(room: Room, _: Caller) -> list[PmPlanOut]:
    """Every plan, by id."""
    return [views_plans.plan_out(plan) for plan in desk_of(room).plans.plans()]


@router.get("/plans/{id}")
def get_plan(id: PlanId, room: Room, _: Caller, response: Response) -> PmPlanDetail:
    """One plan with its newest slots, trials and record. `ETag` is its revision."""
    return _told(room, id, response)


@router.put("/plans/{id}")
def put_plan(
    id: PlanId,
    body: PmPlanIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> PmPlanDetail:
    """Make or change a plan. 428 without `If-Match`, 412 when somebody changed it since, 422 when its rules do not hold
    together. An interval changed by hand ends the watch of a trial."""
    desk, revision, plan = desk_of(room), revision_of(if_match), views_plans.plan_of(id, body)

    def act() -> None:
        _fresh(room, id, revision)
        desk.plans.save(plan, caller, room.now_us(), revision)

    _once(room, key, caller, f"put|{id}|{revision}|{body.model_dump_json()}", act)
    return _told(room, id, response)


@router.get("/due")
def get_due(
    room: Room,
    _: Caller,
    days: Annotated[float, Query(gt=0, le=3660)] = 30.0,
    plan: Annotated[str | None, Query(max_length=64)] = None,
) -> list[ComingOut]:
    """What is due, open, or comes within so many days, soonest first, with repairs that the same visit could do."""
    now_us = room.now_us()
    coming = desk_of(room).rounds.coming(now_us, now_us + round(days * US_PER_DAY), plan)
    return [views_plans.coming_out(one) for one in coming]


@router.post("/plans/{id}/generate")
def post_generate(id: PlanId, body: GenerateIn, room: Room, caller: Caller, key: Key = None) -> OrderDetail:
    """Open an order now; within the tolerance of the next fixed slot it is that slot's. 409 while one is open for the
    asset, 422 for an asset that is retired or that the plan is not for."""
    known_plan(room, id)
    made: list[str] = []

    def act() -> None:
        made.append(desk_of(room).generate(id, body.asset, caller, room.now_us()).id)

    _once(room, key, caller, f"generate|{id}|{body.model_dump_json()}", act)
    order = room.orders.order(made[0]) if made else _newest_of(room, id, body.asset)
    if order is None:
        raise HTTPException(404, "The order is not there any more")
    room.hub.publish("order", order.id)
    room.hub.publish("asset", order.asset)
    return views.order_detail(room, order)


@router.post("/plans/{id}/skip")
def post_skip(id: PlanId, body: SkipIn, room: Room, caller: Caller, key: Key = None) -> SlotOut:
    """Leave out the slot that is due or comes next, with the reason. 409 while its order is open."""
    known_plan(room, id)

    def act() -> None:
        desk_of(room).skip(id, body.asset, caller, room.now_us(), body.reason)

    _once(room, key, caller, f"skip|{id}|{body.model_dump_json()}", act)
    return _slot(room, id, body.asset)


@router.post("/plans/{id}/defer")
def post_defer(id: PlanId, body: DeferIn, room: Room, caller: Caller, key: Key = None) -> SlotOut:
    """Let the slot that is due or comes next wait until a time; its order is opened then. 409 while its order is open,
    422 for a time that has passed."""
    known_plan(room, id)
    until_us = _us(body.until)

    def act() -> None:
        desk_of(room).defer(id, body.asset, caller, room.now_us(), until_us, body.reason)

    _once(room, key, caller, f"defer|{id}|{body.model_dump_json()}", act)
    return _slot(room, id, body.asset)


@router.get("/court")
def get_court(room: Room, _: Caller) -> list[JudgementOut]:
    """The interval court on every active plan that has an interval."""
    return [views_plans.judgement_out(ruling) for ruling in desk_of(room).court(room.now_us())]


@router.get("/plans/{id}/court")
def get_judgement(
    id: PlanId, room: Room, _: Caller, watch_days: Annotated[float | None, Query(gt=0, le=3660)] = None
) -> JudgementOut:
    """The interval court on one plan: verdict, numbers, the change replayed over history, and how it would be watched.
    422 for a plan by condition alone."""
    known_plan(room, id)
    [ruling] = desk_of(room).court(room.now_us(), id, watch_days)
    return views_plans.judgement_out(ruling)


@router.post("/plans/{id}/approve")
def post_approve(
    id: PlanId,
    body: ApproveIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> PmPlanDetail:
    """Apply what the court proposes now and watch it; it is rolled back by itself when the watch fails. 428 without
    `If-Match`, 412 when the plan changed since, 409 where the court proposes nothing or a change is being watched."""
    known_plan(room, id)
    revision = revision_of(if_match)

    def act() -> None:
        _fresh(room, id, revision)
        desk_of(room).approve(id, caller, revision, room.now_us(), body.watch_days, body.note)

    _once(room, key, caller, f"approve|{id}|{revision}|{body.model_dump_json()}", act)
    return _told(room, id, response)


@router.get("/trials")
def get_trials(room: Room, _: Caller, watching: bool = False) -> list[TrialOut]:
    """Changed intervals that are or were watched, newest first."""
    return [views_plans.trial_out(trial) for trial in desk_of(room).plans.trials(watching=watching)]


@router.get("/retired")
def get_retired(room: Room, _: Caller) -> list[RetiredOut]:
    """Assets that are out of use: no plan opens an order for them."""
    return [RetiredOut(asset=asset, reason=reason) for asset, reason in desk_of(room).plans.retired().items()]


@router.put("/retired/{asset}")
def put_retired(asset: str, body: RetireIn, room: Room, caller: Caller) -> list[RetiredOut]:
    """Take an asset out of use for a reason, or (null) into use again; the same again changes nothing."""
    if body.reason is not None and room.plant.asset(asset) is None:
        raise HTTPException(404, f"There is no asset {asset!r}")
    desk_of(room).plans.retire(asset, caller, room.now_us(), body.reason)
    room.hub.publish("asset", asset)
    return get_retired(room, caller)


def _once(room: Plantroom, key: str | None, caller: Actor, request: str, act: Callable[[], object]) -> None:
    """Act, or where the same request came before under this key, do nothing."""

    def done() -> tuple[int, str]:
        act()
        return 200, "done"

    if key is None:
        act()
    else:
        room.idempotent(key, caller.name, hashlib.sha256(f"pm|{request}".encode()).hexdigest(), done)


def _fresh(room: Plantroom, id: str, revision: int) -> None:
    plan = desk_of(room).plans.plan(id)
    found = plan.revision if plan else 0
    if found != revision:
        raise Stale(f"the plan {id} is at revision {found}, you sent {revision}")


def _told(room: Plantroom, id: str, response: Response) -> PmPlanDetail:
    plan, book = known_plan(room, id), desk_of(room).plans
    response.headers["ETag"] = f'"{plan.revision}"'
    return views_plans.plan_detail(plan, book.slots(id), book.trials(id), book.history(id))


def _slot(room: Plantroom, id: str, asset: str) -> SlotOut:
    """The slot that was skipped or deferred last."""
    slots = [slot for slot in desk_of(room).plans.slots(id, asset) if slot.state in ("skipped", "deferred")]
    if not slots:
        raise HTTPException(404, "The slot is not there any more")
    return views_plans.slot_out(max(slots, key=lambda slot: slot.at_us))


def _newest_of(room: Plantroom, id: str, asset: str) -> WorkOrder | None:
    slots = [slot for slot in desk_of(room).plans.slots(id, asset) if slot.order_id is not None]
    newest = max(slots, key=lambda slot: slot.at_us, default=None)
    return room.orders.order(newest.order_id) if newest and newest.order_id else None


def _us(at: datetime) -> int:
    if at.tzinfo is None:
        raise Rejected("time_without_zone", f"{at.isoformat()} has no zone: end it with Z")
    return round(at.timestamp() * 1e6)
