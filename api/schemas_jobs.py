"""Shapes of the work of an order: job plans, steps and their results, the completion report, breakdowns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from forewarn.api.schemas import KindName, Model, OrderDetail, StatusName

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(max_length=200)]
StepKindName = Literal["task", "measure", "quality"]
OutcomeName = Literal["done", "failed", "skipped"]
LineKindName = Literal["labour", "part", "cost", "duration", "rating", "downtime"]


class PhotoIO(Model):
    """A picture or drawing by name and SHA-256 of its bytes."""

    name: Name
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SkillIO(Model):
    """A skill and the level (1 to 4) that at least one of the crew has."""

    skill: Name
    level: int = 1


class SafetyIO(Model):
    """`loto`: energy is locked out and tagged before. `permits`: such as "hot work"."""

    loto: bool = False
    permits: list[Name] = Field(default_factory=list)
    notes: Text = ""


class PartNeedIO(Model):
    """So many pieces of a part."""

    part: Name
    quantity: Annotated[int, Field(ge=1, le=100_000)] = 1


class StepIO(Model):
    """One step. `unit`, `low`, `high` (inclusive) are those of a measurement. `follow_up`: kind of the order that opens
    when the value is outside, or the check fails."""

    id: Annotated[str, Field(max_length=60)]
    text: Text
    kind: StepKindName = "task"
    hours: Amount = 0.0
    unit: Annotated[str, Field(max_length=40)] = ""
    low: float | None = None
    high: float | None = None
    required: bool = True
    sign_off: bool = False
    photo: bool = False
    follow_up: Literal["inspection", "corrective"] = "inspection"


class JobPlanIn(Model):
    """How a kind of job is done. Orders take it whose kind is among `kinds`, whose machine is of `asset_class`, whose
    fault has `mechanism` and `component`, each only where it is named; a plan that names nothing is taken by hand."""

    title: Annotated[str, Field(min_length=1, max_length=300)]
    kinds: list[KindName] = Field(default_factory=list)
    asset_class: Name = ""
    mechanism: Name = ""
    component: Name = ""
    steps: Annotated[list[StepIO], Field(max_length=200)] = Field(default_factory=list)
    hours: Amount = 0.0
    skills: list[SkillIO] = Field(default_factory=list)
    tools: list[Name] = Field(default_factory=list)
    parts: list[PartNeedIO] = Field(default_factory=list)
    safety: SafetyIO = SafetyIO()
    photos: list[PhotoIO] = Field(default_factory=list)
    other_cost: Amount = 0.0
    retired: bool = False


class JobPlanOut(JobPlanIn):
    """A version of a plan; `work_hours`: crew hours, the sum of the steps where none were said."""

    id: str
    version: int
    work_hours: float


class ResultOut(Model):
    """What became of a step, the newest. `outside`: the value is outside the limits."""

    seq: int
    outcome: OutcomeName
    value: float | None
    unit: str
    outside: bool
    note: str
    photos: list[PhotoIO]
    by: str
    told_by: str
    at: datetime
    signed_by: str | None
    signed_at: datetime | None


class JobStepOut(StepIO):
    """A step on an order with its newest result; `follow_up_order`: the order that its result opened."""

    result: ResultOut | None
    follow_up_order: str | None


class LineOut(Model):
    """A line of the completion report. `stands`: no later line (`corrects`) replaced it. `amount` in `currency`."""

    seq: int
    kind: LineKindName
    what: str
    quantity: float
    unit_cost: float
    currency: str
    amount: float
    start: datetime | None
    end: datetime | None
    note: str
    corrects: int | None
    stands: bool
    by: str
    at: datetime


class CostsOut(Model):
    """What the order cost so far and what it is planned to cost, in `currency` (ISO 4217); `hours` of labour."""

    currency: str
    labour: float
    parts: float
    other: float
    total: float
    hours: float
    planned: float
    approved: float | None
    approved_by: str | None


class OrderLink(Model):
    """Another order in short."""

    number: str
    kind: KindName
    status: StatusName
    title: str


class OrderJobOut(Model):
    """The work of an order. `plans`: id@version, frozen when the order took them. `open_steps`: required ones without a
    result; `unsigned`: those that somebody else has to confirm. `codes_asked`: ISO 14224 codes that it is completed
    with; `usual_codes`: those that the order itself knows. `needs_approval`: why the caller cannot let it begin."""

    order: str
    revision: int
    status: StatusName
    plans: list[str]
    steps: list[JobStepOut]
    open_steps: list[str]
    unsigned: list[str]
    skills: list[SkillIO]
    tools: list[str]
    safety: SafetyIO
    photos: list[PhotoIO]
    lines: list[LineOut]
    costs: CostsOut
    codes: dict[str, str]
    codes_asked: list[str]
    usual_codes: dict[str, str]
    needs_approval: str
    follows: OrderLink | None
    follow_ups: list[OrderLink]


class ResultIn(Model):
    """What became of a step: `done` (with a `value` where it is measured), `failed` (a quality check) or `skipped`; for
    the last two the note says why. `by`: who did it, where somebody else tells it."""

    outcome: OutcomeName = "done"
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    unit: Annotated[str, Field(max_length=40)] = ""
    note: Text = ""
    photos: Annotated[list[PhotoIO], Field(max_length=50)] = Field(default_factory=list)
    by: Name = ""


class SignOffIn(Model):
    """Confirm what somebody else did."""

    note: Text = ""


class LineIn(Model):
    """A line of the report: labour (`what` = person, `quantity` = hours), part (`what` = part), cost, duration (hours),
    rating (1 to 5), downtime (`what` = reason code, `start`, `end`). `corrects`: number of the line it replaces."""

    kind: LineKindName
    what: Name = ""
    quantity: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    unit_cost: Amount = 0.0
    currency: Annotated[str, Field(max_length=3)] = ""
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    note: Text = ""
    corrects: int | None = None


class LinesIn(Model):
    """Lines that are added together, all or none."""

    lines: Annotated[list[LineIn], Field(min_length=1, max_length=100)]


class TakePlanIn(Model):
    """The plan to take."""

    plan: Annotated[str, Field(min_length=1, max_length=60)]


class BreakdownIn(Model):
    """A machine stands. `since` (null: now), `reason`: a downtime reason of `GET /api/codes`; `fault`
    (component:mechanism) where it is known; `emergency`: it endangers people, environment or the plant."""

    asset: Name
    what: Annotated[str, Field(min_length=1, max_length=2000)]
    since: AwareDatetime | None = None
    reason: Name = "breakdown"
    fault: Annotated[str, Field(max_length=300)] | None = None
    emergency: bool = False


class BreakdownOut(Model):
    """`what`: opened, updated (it joined the open repair of the machine) or unchanged (told before)."""

    what: Literal["opened", "updated", "unchanged"]
    order: OrderDetail


class CodesOut(Model):
    """ISO 14224 codes with their words, and reasons of downtime."""

    failure_mode_found: dict[str, str]
    failure_mechanism: dict[str, str]
    failure_cause: dict[str, str]
    detection_method: dict[str, str]
    activity: dict[str, str]
    downtime_reasons: dict[str, str]
