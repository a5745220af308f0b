"""Shapes of the routes of preventive maintenance: plans, what is due, the interval court, trials."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from forewarn.api.schemas import Model

TriggerName = Literal["fixed", "floating", "meter", "condition", "combined"]
UnitName = Literal["hours", "days", "weeks", "months", "years"]
VerdictName = Literal["keep", "lengthen", "shorten", "drop", "replace by condition monitoring", "not enough evidence"]
TrialName = Literal["watching", "passed", "rolled_back", "superseded"]
DayOfYear = Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class EveryModel(Model):
    """An interval of the calendar."""

    count: int = Field(ge=1, le=100_000)
    unit: UnitName


class MeterModel(Model):
    """Every so many units of "running_hours" or of a signal that counts up; `floating` from the last completion."""

    meter: Name
    every: float = Field(gt=0, le=1e12)
    since: float = 0.0
    floating: bool = True


class ConditionModel(Model):
    """When a signal is above or below a limit, in its canonical unit."""

    signal: Name
    above: float | None = None
    below: float | None = None


class SeasonModel(Model):
    """Days of the year, both included: 11-01 to 03-31."""

    first: DayOfYear
    last: DayOfYear


class PlanPart(Model):
    """So many pieces of a part."""

    part: Name
    quantity: int = Field(1, ge=1, le=100_000)


class PmPlanIn(Model):
    """A preventive plan; `docs/explanation/preventive.md` says what each field does."""

    title: str = Field(min_length=1, max_length=300)
    trigger: TriggerName
    start: date
    at: str = Field("06:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    assets: list[Name] = Field(default_factory=list, max_length=5000)
    asset_class: str | None = Field(None, max_length=200)
    kind: Literal["preventive", "inspection"] = "preventive"
    component: str = Field("", max_length=200)
    every: EveryModel | None = None
    meter: MeterModel | None = None
    condition: ConditionModel | None = None
    season: SeasonModel | None = None
    tolerance: float = Field(0.1, ge=0, le=0.5)
    ahead_h: float = Field(0.0, ge=0, le=8784)
    route: bool = False
    job_plan: str = Field("", max_length=60)
    steps: list[str] = Field(default_factory=list, max_length=200)
    parts: list[PlanPart] = Field(default_factory=list, max_length=200)
    hours: float = Field(1.0, ge=0, le=10_000)
    priority: int = Field(3, ge=1, le=5)
    open_as: Literal["WAPPR", "APPR"] = "APPR"
    failure_modes: list[str] = Field(default_factory=list, max_length=50)
    statutory: bool = False
    cost: float | None = Field(None, ge=0)
    failure_cost: float | None = Field(None, ge=0)
    active: bool = True


class PmPlanOut(PmPlanIn):
    """A plan as it is kept; `revision` is its ETag."""

    id: str
    revision: int


class SlotOut(Model):
    """One occasion of a plan for one asset."""

    asset: str
    key: str
    due: datetime
    state: Literal["open", "done", "cancelled", "skipped", "deferred"]
    order: str | None
    done_at: datetime | None
    until: datetime | None
    reason: str


class WatchOut(Model):
    """The change is taken back above `most_failures` failures before `ends`; `expected` if the court is right, `caught`
    the chance that twice the failure rate is noticed."""

    assets: list[str]
    ends: datetime
    most_failures: int
    expected: float
    caught: float


class TrialOut(Model):
    """A changed interval that is or was watched."""

    id: int
    plan: str
    state: TrialName
    before: str
    after: str
    watch: WatchOut
    started_at: datetime
    reason: str
    ended_at: datetime | None
    ended: str


class PmPlanDetail(PmPlanOut):
    """A plan with its newest slots, trials and record."""

    slots: list[SlotOut]
    trials: list[TrialOut]
    record: list[dict[str, Any]]


class ComingOut(Model):
    """What is due or comes next for an asset. `order`: it is open already. `together`: open repair orders of the same
    component, work for the same visit. `due` null: a meter or a condition decides, or a completion is awaited."""

    plan: str
    title: str
    asset: str
    due: datetime | None
    ready: bool
    why: str
    order: str | None
    together: list[str]
    deferred_until: datetime | None


class GenerateIn(Model):
    """For which asset an order is opened now; of a round any of its assets."""

    asset: Name


class SkipIn(Model):
    """The slot that is due or comes next is left out."""

    asset: Name
    reason: Reason


class DeferIn(SkipIn):
    """The slot that is due or comes next waits until a time."""

    until: datetime


class RetireIn(Model):
    """Why an asset goes out of use; null: it is in use again."""

    reason: Reason | None


class RetiredOut(Model):
    """An asset that is out of use."""

    asset: str
    reason: str


class ShareOut(Model):
    """`count` of `of`; 95 % interval of the share (null of nothing)."""

    count: int
    of: int
    share: float | None
    low: float
    high: float


class EarlyOut(Model):
    """Failures in the first fifth of the interval; `expected` by chance, `p_value` of so many or more."""

    count: int
    of: int
    expected: float
    p_value: float | None


class TrendOut(Model):
    """Laplace (above 0: ever faster) and MIL-HDBK-189 exponent (above 1: ever faster), with two-sided p-values."""

    failures: int
    laplace: float | None
    laplace_p: float | None
    ratio: float | None
    ratio_p: float | None


class ModeOut(Model):
    """Weibull life of a failure mode between renewals, days, with 95 % intervals."""

    mode: str
    failures: int
    shape: float | None
    shape_interval: tuple[float, float] | None
    scale: float | None
    scale_interval: tuple[float, float] | None


class OptionOut(Model):
    """Another interval (`factor` null: without the task): share of the cost that it saves, 90 % interval, and how
    probable it is to save."""

    factor: float | None
    saving: float
    saving_low: float
    saving_high: float
    probability: float


class IntervalReplayOut(Model):
    """The same asset days under the new interval."""

    asset_days: float
    tasks: int
    tasks_after: float
    failures: int
    failures_expected: float
    failures_after: float
    failures_after_low: float
    failures_after_high: float
    cost_before: float
    cost_after: float
    worn_missed: int
    failures_met: int


class JudgementOut(Model):
    """One plan before the interval court. `factor`: new interval as a multiple (null: no change, or without the task);
    `proposed`: the interval in words, null where nothing is proposed; `shape`: Weibull shape, 5 %, 50 %, 95 %."""

    plan: str
    verdict: VerdictName
    reason: str
    interval_days: float
    factor: float | None
    proposed: str | None
    tasks: int
    found_good: ShareOut
    early: EarlyOut
    trend: TrendOut
    modes: list[ModeOut]
    repair: Literal["as good as new", "as bad as before"] | None
    shape: tuple[float, float, float] | None
    options: list[OptionOut]
    replay: IntervalReplayOut | None
    watch: WatchOut | None
    cost: float
    failure_cost: float
    costs_from: str


class ApproveIn(Model):
    """Apply what the court proposes now; it is watched for so many days (null: three new intervals)."""

    watch_days: float | None = Field(None, gt=0, le=3660)
    note: str = Field("", max_length=1000)
