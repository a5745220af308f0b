"""Shapes of the routes of part demand: forecasts with their traces, reorder policies, reviews, accuracy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from forewarn.api.schemas import Model, Share

CauseName = Literal["fault", "plan", "order", "unexplained"]
LineName = Literal["kept", "proposed", "applied", "declined", "reversed", "overtaken"]
Note = Annotated[str, Field(max_length=2000)]


class DemandTraceOut(Model):
    """Expected pieces of one cause inside the window; all traces add up to the mean. `probability`: that it asks for
    any piece. `when`: the middle of the time at which it asks first. `text`: the cause in words."""

    kind: CauseName
    asset: str
    cause: str
    pieces: float
    probability: Share
    when: datetime | None
    text: str
    why: str


class PartDemandRow(Model):
    """A part with its demand over `window_days` (mean length), what is there and what comes. `reorder_point` None: the
    part has no policy, or is not kept. `main_cause`: what asks for most of it."""

    part: str
    name: str
    window_days: float
    mean: float
    p50: int
    p90: int
    on_hand: int
    available: int
    on_order: int
    reorder_point: int | None
    order_up_to: int | None
    main_cause: str


class LeadTimeOut(Model):
    """Days from order to shelf, half and nine in ten; learnt from so many deliveries."""

    p50_days: float
    p90_days: float
    deliveries: int


class ReorderPolicyOut(Model):
    """How a part is reordered; `reasons` say why, with their numbers. `reorder_point` None: it is not kept."""

    part: str
    level: Share
    reorder_point: int | None
    order_up_to: int
    lot: int
    mean: float
    chance_enough: Share
    yearly: float
    is_insurance: bool
    missing_cost: float | None
    price: float
    currency: str
    lead: LeadTimeOut
    reasons: list[str]
    since: datetime | None = None
    revision: int = 0


class PartDemandOut(PartDemandRow):
    """A part in full. `chances`: of 0, 1, 2 ... pieces. `text`: the demand in words. `policy`: the one in force,
    `now`: the one that would follow from today."""

    chances: list[Share]
    traces: list[DemandTraceOut]
    text: str
    asked: int
    policy: ReorderPolicyOut | None
    now: ReorderPolicyOut


class MovedOut(Model):
    """Expected pieces of one cause, before and after."""

    kind: CauseName
    asset: str
    cause: str
    before: float
    after: float
    text: str


class PolicyStepOut(Model):
    """One thing that changed and by how much it moves reorder point (-1: not kept) and the level ordered up to."""

    name: str
    what: str
    point_before: int
    point_after: int
    up_to_before: int
    up_to_after: int
    moved: list[MovedOut]
    text: str


class PolicyLineOut(Model):
    """One part of a review: the policy in force against that of the day, why they differ, and what became of it.
    `money`: how much more a full shelf is worth. `id` None: only a preview."""

    id: int | None
    slot: str
    part: str
    state: LineName
    before: ReorderPolicyOut | None
    after: ReorderPolicyOut
    money: float
    currency: str
    steps: list[PolicyStepOut]
    text: str
    at: datetime
    decided_at: datetime | None
    decided_by: str
    note: str
    actions: list[Literal["approve", "decline", "reverse"]]


class DemandReviewOut(Model):
    """A review that was held: its month, or the moment of one by hand, and its lines by state."""

    slot: str
    at: datetime
    by: str
    counts: dict[str, int]


class DecideLineIn(Model):
    """Approve (true) or decline (false) what a review proposes."""

    approve: bool
    note: Note = ""


class ReverseLineIn(Model):
    """Put the policy of before into force again."""

    note: Note = ""


class ReorderProposalOut(Model):
    """Pieces to order now, why, and what missing pieces they save; `held_back`: beyond the budget."""

    part: str
    quantity: int
    money: float
    saves: float
    reason: str
    held_back: bool


class ForecastScoreOut(Model):
    """A month's forecast of a part against what was issued, in pieces: P50, P90, P95 and their quantile losses."""

    part: str
    month: str
    expected: float
    issued: float
    p50: int
    p90: int
    p95: int
    loss_p50: float
    loss_p90: float
    loss_p95: float


class ForecastAccuracyOut(Model):
    """All judged forecasts together: mean quantile loss in pieces and share of months covered, by level; `bias`:
    expected less issued as a share of issued (None: nothing was issued)."""

    count: int
    expected: float
    issued: float
    bias: float | None
    losses: dict[str, float]
    covered: dict[str, Share]
    scores: list[ForecastScoreOut]
