"""Routes of the work of orders: job plans, results of steps, sign-offs, the completion report, breakdowns.

As in `routes_orders`, a change of an order needs `If-Match` with its revision and may carry an `Idempotency-Key`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from pydantic import BaseModel

from forewarn.api import views, views_jobs
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, known_order, revision_of
from forewarn.api.routes_plant import known_asset
from forewarn.api.schemas_jobs import (
    BreakdownIn,
    BreakdownOut,
    CodesOut,
    JobPlanIn,
    JobPlanOut,
    LinesIn,
    OrderJobOut,
    ResultIn,
    SignOffIn,
    TakePlanIn,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.errors import Rejected
from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.jobs import Breakdown, JobPlan, NewResult, Outcome, Photo, Worked
from forewarn.core.ports import Actor, OrderOutcome

router = APIRouter(prefix="/api")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks for a change, of which revision, under which key."""

    room: Plantroom
    actor: Actor
    response: Response
    if_match: str | None
    key: str | None


def sender(
    room: Room,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
    key: Key = None,
) -> Sender:
    """Dependency of every route that changes something."""
    return Sender(room, caller, response, if_match, key)


Sent = Annotated[Sender, Depends(sender)]


@router.get("/codes")
def get_codes(_: Caller) -> CodesOut:
    """ISO 14224 codes of finished repairs, and reasons of downtime, with their words."""
    return views_jobs.codes_out()


@router.get("/orders/{id}/job")
def get_job(id: str, room: Room, caller: Caller, response: Response) -> OrderJobOut:
    """The work of an order: steps with results, skills, tools, safety, report, costs, the orders around it. `ETag` is
    the order's revision."""
    order = known_order(room, id)
    response.headers["ETag"] = f'"{order.revision}"'
    return views_jobs.job_out(room, order, caller)


@router.post("/orders/{id}/steps/{step}")
def post_result(id: str, step: str, body: ResultIn, sent: Sent) -> OrderJobOut:
    """Tell the result of a step, while the order is in progress. A value outside its limits, or a check that failed,
    opens exactly one order that follows this one."""
    photos = tuple(Photo(photo.name, photo.sha256) for photo in body.photos)
    told = NewResult(step, Outcome(body.outcome), body.value, body.unit, body.note, photos, body.by)

    def change(order_id: str, revision: int) -> Worked:
        return views_jobs.jobs(sent.room).step_done(order_id, told, sent.actor, revision, sent.room.now_us())

    return _changed(sent, id, f"steps/{step}", body, change)


@router.post("/orders/{id}/steps/{step}/sign-off")
def post_sign_off(id: str, step: str, body: SignOffIn, sent: Sent) -> OrderJobOut:
    """Confirm the result of a step that somebody else did; 409 for who did it, and before it was done."""

    def change(order_id: str, revision: int) -> Worked:
        book, now_us = views_jobs.jobs(sent.room), sent.room.now_us()
        return book.sign_off(order_id, step, sent.actor, revision, now_us, body.note)

    return _changed(sent, id, f"steps/{step}/sign-off", body, change)


@router.post("/orders/{id}/report")
def post_lines(id: str, body: LinesIn, sent: Sent) -> OrderJobOut:
    """Add lines to the completion report, all or none. Nothing is overwritten: a correction is a further line that
    names the one it replaces, also after the order was closed."""
    lines = [views_jobs.line_in(line) for line in body.lines]

    def change(order_id: str, revision: int) -> Worked:
        return views_jobs.jobs(sent.room).report(order_id, lines, sent.actor, revision, sent.room.now_us())

    return _changed(sent, id, "report", body, change)


@router.post("/orders/{id}/cost-approval")
def post_cost_approval(id: str, sent: Sent) -> OrderJobOut:
    """Approve what the order is planned to cost; 409 with who may, when the caller's role may not."""

    def change(order_id: str, revision: int) -> Worked:
        return views_jobs.jobs(sent.room).approve_cost(order_id, sent.actor, revision, sent.room.now_us())

    return _changed(sent, id, "cost-approval", None, change)


@router.post("/orders/{id}/plan")
def post_plan(id: str, body: TakePlanIn, sent: Sent) -> OrderJobOut:
    """Give an open order a job plan by hand; it is frozen on the order. 409 when the order has it already."""

    def change(order_id: str, revision: int) -> Worked:
        return views_jobs.jobs(sent.room).take_plan(order_id, body.plan, sent.actor, revision, sent.room.now_us())

    return _changed(sent, id, "plan", body, change)


@router.post("/breakdowns", status_code=201)
def post_breakdown(body: BreakdownIn, sent: Sent) -> BreakdownOut:
    """A machine stands: an emergency or corrective order opens, or its open repair becomes more urgent. The same begin
    told again changes nothing."""
    room = sent.room
    asset, now_us = known_asset(room, body.asset), room.now_us()
    since_us = views_jobs.microseconds(body.since)
    fault = _fault(body.fault)
    told = Breakdown(
        asset.id, body.what, now_us if since_us is None else since_us, now_us, body.reason, fault, body.emergency
    )
    outcomes = list[OrderOutcome]()

    def act() -> tuple[int, str]:
        outcomes.append(views_jobs.jobs(room).raise_breakdown(told, sent.actor))
        assert outcomes[0].order is not None  # a breakdown always has one
        return 201, f"{outcomes[0].what} {outcomes[0].order.id}"

    what, _, order_id = _once(sent, f"breakdowns|{body.model_dump_json()}", act).partition(" ")
    order = known_order(room, order_id)
    if outcomes and what != "unchanged":
        room.hub.publish("order", order.id)
        room.hub.publish("asset", order.asset)
    sent.response.headers["ETag"] = f'"{order.revision}"'
    return BreakdownOut(what=cast(Any, what), order=views.order_detail(room, order, sent.actor))


@router.get("/job-plans")
def get_plans(room: Room, _: Caller, retired: bool = False) -> list[JobPlanOut]:
    """The newest version of every job plan; with `retired` also those that no order takes any more."""
    plans = views_jobs.jobs(room).job_plans()
    return [views_jobs.plan_out(plan) for plan in plans if retired or not plan.retired]


@router.get("/job-plans/{id}")
def get_plan(id: str, room: Room, _: Caller, response: Response, version: int | None = None) -> JobPlanOut:
    """One job plan, the newest version or the one named. `ETag` is its version."""
    plan = _known_plan(room, id, version)
    response.headers["ETag"] = f'"{plan.version}"'
    return views_jobs.plan_out(plan)


@router.put("/job-plans/{id}")
def put_plan(id: str, body: JobPlanIn, sent: Sent) -> JobPlanOut:
    """Save a job plan as a new version. `If-Match` is the version that was read, "0" for a new plan; orders that took
    an older version keep it. The same content again is no new version."""
    version = revision_of(sent.if_match)
    plan, book = views_jobs.plan_in(id, body), views_jobs.jobs(sent.room)
    newest = book.job_plans(id)[-1:]
    if (newest[0].version if newest else 0) != version and not (newest and _same(newest[0], plan)):
        raise Stale(f"the job plan {id} is at version {newest[0].version if newest else 0}, you sent {version}")
    kept = book.save_plan(plan, sent.actor, sent.room.now_us(), version)
    sent.response.headers["ETag"] = f'"{kept.version}"'
    return views_jobs.plan_out(kept)


def _same(kept: JobPlan, told: JobPlan) -> bool:
    return views_jobs.plan_out(kept).model_dump(exclude={"version"}) == views_jobs.plan_out(told).model_dump(
        exclude={"version"}
    )


def _known_plan(room: Plantroom, id: str, version: int | None) -> JobPlan:
    versions = views_jobs.jobs(room).job_plans(id)
    found = next((plan for plan in reversed(versions) if version in (None, plan.version)), None)
    if found is None:
        raise HTTPException(404, f"There is no job plan {id!r}" + (f" of version {version}" if version else ""))
    return found


def _fault(text: str | None) -> Fault | None:
    if not text:
        return None
    try:
        fault = Fault.parse(text)
    except ValueError as error:
        raise Rejected("unknown_fault", str(error)) from error
    if fault.mechanism not in MECHANISMS:
        known = ", ".join(MECHANISMS)
        raise Rejected("unknown_fault", f"there is no mechanism {fault.mechanism!r}; known are {known}")
    return fault


def _changed(
    sent: Sender, id: str, what: str, body: BaseModel | None, change: Callable[[str, int], Worked]
) -> OrderJobOut:
    """Change the job of an order once, tell everybody who listens, and answer it."""
    room, order = sent.room, known_order(sent.room, id)
    revision = revision_of(sent.if_match)
    told = body.model_dump_json() if body else ""
    follow_ups = list[str]()

    def act() -> tuple[int, str]:
        if order.revision != revision:
            raise Stale(f"{order.number} is at revision {order.revision}, you sent {revision}")
        done = change(order.id, revision)
        if done.follow_up:
            follow_ups.append(done.follow_up.id)
        return 200, done.order.id

    _once(sent, f"{order.id}|{what}|{revision}|{told}", act)
    for changed in (order.id, *follow_ups):
        room.hub.publish("order", changed)
    room.hub.publish("asset", order.asset)
    now = known_order(room, order.id)
    sent.response.headers["ETag"] = f'"{now.revision}"'
    return views_jobs.job_out(room, now, sent.actor)


def _once(sent: Sender, request: str, act: Callable[[], tuple[int, str]]) -> str:
    """Act, under the key where there is one; answers the body that was kept with it."""
    if sent.key is None:
        return act()[1]
    digest = hashlib.sha256(request.encode()).hexdigest()
    answer = sent.room.idempotent(sent.key, sent.actor.name, digest, act)
    return str(cast(Any, answer).body)
