"""Routes of part demand: forecasts with their causes, reorder policies, their reviews, what to order, accuracy.

Every change may carry an `Idempotency-Key`: the same request under it again does nothing and answers the same.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from forewarn.api import views_demand
from forewarn.api.auth import Caller
from forewarn.api.demand_desk import DemandDesk
from forewarn.api.routes_orders import Key
from forewarn.api.routes_people import once
from forewarn.api.schemas_demand import (
    DecideLineIn,
    DemandReviewOut,
    ForecastAccuracyOut,
    LineName,
    PartDemandOut,
    PartDemandRow,
    PolicyLineOut,
    ReorderPolicyOut,
    ReorderProposalOut,
    ReverseLineIn,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.views import moment
from forewarn.core.demand import LineState

router = APIRouter(prefix="/api/demand")
Days = Annotated[float | None, Query(gt=0, le=3660)]
PartName = Annotated[str | None, Query(min_length=1, max_length=200)]
Month = Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


def desk_of(room: Plantroom) -> DemandDesk:
    """The desk of demand, or 503 where there is none."""
    if room.demand is None:
        raise HTTPException(503, "This server forecasts no demand for parts")
    return room.demand


@router.get("")
def get_demand(
    room: Room, _: Caller, days: Days = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 200
) -> list[PartDemandRow]:
    """Every part with its demand, most expected pieces first: over so many days, else over its lead time and the time
    until the next review."""
    desk = desk_of(room)
    policies = desk.book.policies()
    found = desk.reviews.forecasts(room.now_us(), days)[:limit]
    return [views_demand.demand_row(looked, demand, policies.get(looked.part)) for looked, demand in found]


@router.get("/part")
def get_part(
    room: Room, _: Caller, part: Annotated[str, Query(min_length=1, max_length=200)], days: Days = None
) -> PartDemandOut:
    """One part in full: chances of each number of pieces, every cause, the policy in force and that of today. 404 for
    a part that nobody knows."""
    desk = desk_of(room)
    if part not in desk.reviews.demands.look(room.now_us(), part):
        raise HTTPException(404, f"There is no part {part!r}")
    looked, demand = desk.reviews.forecast(part, room.now_us(), days)
    return views_demand.demand_out(looked, demand, desk.book.policy(part))


@router.get("/policies")
def get_policies(room: Room, _: Caller) -> list[ReorderPolicyOut]:
    """Every policy in force, by part."""
    kept = desk_of(room).book.policies()
    return [views_demand.policy_out(one.standing, one) for one in kept.values()]


@router.get("/proposals")
def get_proposals(room: Room, _: Caller) -> list[ReorderProposalOut]:
    """What should be ordered now by the policies in force; those beyond the budget are marked."""
    return [views_demand.proposal_out(one) for one in desk_of(room).reviews.proposals(room.now_us())]


@router.post("/proposals")
def post_proposals(room: Room, caller: Caller, key: Key = None) -> list[ReorderProposalOut]:
    """Put what should be ordered now before the buyers; what they know already stays as it is."""

    def act() -> tuple[int, str]:
        desk_of(room).tell_buyers(caller, room.now_us())
        return 200, "told"

    once(room, key, caller, "demand|proposals", act)
    return get_proposals(room, caller)


@router.get("/reviews")
def get_reviews(room: Room, _: Caller, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[DemandReviewOut]:
    """Reviews that were held, newest first."""
    return [views_demand.review_out(held) for held in desk_of(room).book.held(limit)]


@router.post("/reviews")
def post_review(room: Room, caller: Caller, key: Key = None) -> list[PolicyLineOut]:
    """Hold a review now; its lines. 409 when a policy was changed meanwhile."""
    desk, now_us = desk_of(room), room.now_us()
    slot = f"by hand {moment(now_us).isoformat()}"[:40]

    def act() -> tuple[int, str]:
        desk.reviews.hold(slot, caller, now_us)
        return 200, slot

    once(room, key, caller, "demand|review", act)
    newest = next(iter(desk.book.held(1)), None)
    return [views_demand.line_out(line) for line in desk.book.lines(newest.slot, limit=10_000)] if newest else []


@router.get("/reviews/preview")
def get_preview(room: Room, _: Caller, part: PartName = None) -> list[PolicyLineOut]:
    """What a review would say now, of one part or of all; nothing is kept."""
    return [views_demand.preview_out(line) for line in desk_of(room).reviews.preview(room.now_us(), part)]


@router.get("/lines")
def get_lines(
    room: Room,
    _: Caller,
    slot: Annotated[str | None, Query(max_length=40)] = None,
    state: LineName | None = None,
    part: PartName = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> list[PolicyLineOut]:
    """Lines of reviews, newest first; of one review, in one state (`proposed`: those that wait), of one part."""
    wanted = LineState(state) if state else None
    return [views_demand.line_out(line) for line in desk_of(room).book.lines(slot, wanted, part, limit)]


@router.get("/lines/{id}")
def get_line(id: int, room: Room, _: Caller) -> PolicyLineOut:
    """One line of a review."""
    return _line(room, id)


@router.post("/lines/{id}/decide")
def post_decision(id: int, body: DecideLineIn, room: Room, caller: Caller, key: Key = None) -> PolicyLineOut:
    """Approve what a review proposes, or decline it. 409 for a line that does not wait for a decision, or whose policy
    has changed since."""
    _line(room, id)

    def act() -> tuple[int, str]:
        desk_of(room).book.decide(id, body.approve, caller, body.note, room.now_us())
        return 200, "decided"

    once(room, key, caller, f"demand|decide|{id}|{body.model_dump_json()}", act)
    return _line(room, id)


@router.post("/lines/{id}/reverse")
def post_reversal(id: int, body: ReverseLineIn, room: Room, caller: Caller, key: Key = None) -> PolicyLineOut:
    """Put the policy of before an applied line into force again. 409 when a later change lies over it."""
    _line(room, id)

    def act() -> tuple[int, str]:
        desk_of(room).book.reverse(id, caller, body.note, room.now_us())
        return 200, "reversed"

    once(room, key, caller, f"demand|reverse|{id}|{body.model_dump_json()}", act)
    return _line(room, id)


@router.get("/accuracy")
def get_accuracy(room: Room, _: Caller, month: Month = None, part: PartName = None) -> ForecastAccuracyOut:
    """How good the monthly forecasts were against what was issued; of one month, of one part."""
    reviews = desk_of(room).reviews
    return views_demand.accuracy_out(reviews.accuracy(month, part), reviews.scores(month, part))


def _line(room: Plantroom, id: int) -> PolicyLineOut:
    found = desk_of(room).book.line(id) if 0 < id < 2**53 else None
    if found is None:
        raise HTTPException(404, f"There is no line {id} of a review")
    return views_demand.line_out(found)
