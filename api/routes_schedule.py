"""Routes of the schedule: propose a plan, put one into force, opportunities of a stop, outages and their work lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from forewarn.api import views_people
from forewarn.api.auth import Caller
from forewarn.api.problems import Stale
from forewarn.api.routes_departments import at_us
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.routes_people import IfMatch, desk_of, fresh, once
from forewarn.api.schemas_people import (
    OpportunityOut,
    OutageIn,
    OutageOut,
    PlanIn,
    PlanOut,
    PublishIn,
    StandingOut,
    WorkListOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.core.errors import Rejected
from forewarn.maintenance.people.desk import Document
from forewarn.maintenance.people.opportunities import Stop, outage_from, outage_json

router = APIRouter(prefix="/api")


@router.get("/schedule")
def get_schedule(room: Room, _: Caller, response: Response) -> StandingOut:
    """The schedule in force; `ETag` is its revision."""
    told = views_people.standing_out(desk_of(room))
    response.headers["ETag"] = f'"{told.revision}"'
    return told


@router.post("/schedule/plan")
def post_plan(body: PlanIn, room: Room, _: Caller) -> PlanOut:
    """Propose a plan for approved orders: who does what when, and why; nothing is kept. Takes up to `limit_s` seconds
    and says how far from the best it may be."""
    desk = desk_of(room)
    proposal = desk.propose(views_people.wish_in(body), views_people.more_in(body.orders), body.limit_s, body.seed)
    return views_people.plan_out(desk, proposal)


@router.post("/schedule")
def post_schedule(
    body: PublishIn, room: Room, caller: Caller, response: Response, if_match: IfMatch = None, key: Key = None
) -> StandingOut:
    """Put a plan into force. 428 without `If-Match`, 412 when the schedule has changed, 422 with everything about it
    that cannot be done. Its orders go from WSCH to APPR; approved ones without a place in it go to WSCH."""
    desk, revision = desk_of(room), revision_of(if_match)
    plan, reasons = views_people.assignments_in(desk, body.assignments)

    def act() -> tuple[int, str]:
        now = desk.book.schedule().revision
        if now != revision:
            raise Stale(f"the schedule is at revision {now}, you sent {revision}")
        done = desk.publish(
            views_people.wish_in(body), plan, reasons, views_people.more_in(body.orders), caller, revision
        )
        return 200, str(done.revision)

    once(room, key, caller, f"schedule|{revision}|{body.model_dump_json()}", act)
    for one in plan:
        room.hub.publish("order", one.job)
    return get_schedule(room, caller, response)


@router.get("/opportunities")
def get_opportunities(
    room: Room,
    _: Caller,
    start: Annotated[datetime, Query(alias="from")],
    stop: Annotated[datetime, Query(alias="to")],
    asset: Annotated[list[str] | None, Query(max_length=500)] = None,
) -> list[OpportunityOut]:
    """A line stands from one time to another: which open orders fit the stop, the people on shift and the parts on
    hand. Those that fit first, the most worth at the top; the others with what is in the way. `asset`, also several:
    which machines stand (none named: all)."""
    desk = desk_of(room)
    names = views_people.Names(desk)
    found = desk.fitting(Stop(at_us(start), at_us(stop), frozenset(asset or ())), {})
    return [views_people.opportunity_out(names, one) for one in found]


@router.get("/outages")
def get_outages(room: Room, _: Caller) -> list[OutageOut]:
    """Outages, by id."""
    return [views_people.outage_out(document) for document in desk_of(room).book.documents("outage")]


@router.get("/outages/{id}")
def get_outage(id: str, room: Room, _: Caller, response: Response) -> OutageOut:
    """One outage with the orders put onto it; `ETag` is its revision."""
    document = known_outage(room, id)
    response.headers["ETag"] = f'"{document.revision}"'
    return views_people.outage_out(document)


@router.put("/outages/{id}")
def put_outage(
    id: str,
    body: OutageIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> OutageOut:
    """Add an outage (`If-Match: "0"`) or change its window, machines or orders. Answers as for people."""
    desk, revision = desk_of(room), revision_of(if_match)
    if "\x00" in id:
        raise Rejected("outage", "an id has 1 to 100 letters")
    outage = views_people.outage_in(id, body)

    def act() -> tuple[int, str]:
        fresh(desk.book.document("outage", id), id, revision)
        desk.book.save_outage(id, outage_json(outage), caller, revision, room.now_us())
        return 200, id

    once(room, key, caller, f"outage|{id}|{revision}|{body.model_dump_json()}", act)
    return get_outage(id, room, caller, response)


@router.get("/outages/{id}/work-list")
def get_work_list(id: str, room: Room, _: Caller, limit_s: Annotated[float, Query(gt=0, le=45)] = 5.0) -> WorkListOut:
    """Which orders of an outage fit its window together, with whom and when, and why the others do not."""
    desk, document = desk_of(room), known_outage(room, id)
    return views_people.work_list_out(desk, desk.work_list(outage_from(id, document.body), {}, limit_s))


def known_outage(room: Plantroom, id: str) -> Document:
    """The outage as kept, or 404."""
    document = desk_of(room).book.document("outage", id) if "\x00" not in id else None
    if document is None:
        raise HTTPException(404, f"There is no outage {id!r}")
    return document
