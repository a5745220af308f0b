"""Shapes of the routes of models: versions and their cards, scorecard, what-if runs, drift, retraining."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from forewarn.api.schemas import Model, Share

StageName = Literal["candidate", "shadow", "challenger", "champion", "retired"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EstimateOut(Model):
    """A number with its 95 % interval; all three are null where nothing was counted. `count` of `total` cases for a
    share; `count` events in `total` asset-years (or months) for a rate; `count` cases for a mean."""

    value: float | None
    low: float | None
    high: float | None
    count: float
    total: float


class ModelRow(Model):
    """One version of a model in a list. `revision` is wanted in `If-Match` by a promotion."""

    name: str
    version: int
    task: str
    kind: str
    asset_class: str
    stage: StageName
    revision: int
    trained_at: datetime
    changed_at: datetime
    promoted_at: datetime | None
    rows: int
    assets: int
    metrics: dict[str, float]
    report_sha256: str
    failed: str
    allowed_stages: list[StageName]


class ModelNameOut(Model):
    """A model with all its versions, newest first, and the record of what was done to it, oldest first."""

    name: str
    champion: int | None
    versions: list[ModelRow]
    record: list[dict[str, Any]]


class ModelColumnOut(Model):
    """A column that a version wants."""

    name: str
    unit: str


class ModelDetail(ModelRow):
    """One version with its whole card. `what_if` holds the reports of its what-if runs, newest first."""

    columns: list[ModelColumnOut]
    data_digest: str
    data_from: datetime
    data_until: datetime
    file_sha256: str
    settings: dict[str, Any]
    libraries: dict[str, str]
    limits: str
    notes: str
    ends: int | None
    what_if: list[str]


class PromoteIn(Model):
    """Promote a version: to challenger where it is not one yet, then to champion.

    `report_sha256`: the what-if report it rests on (none: the newest of this version). `force` needs a `reason`.
    """

    report_sha256: Sha256 | None = None
    force: bool = False
    reason: str = Field("", max_length=2000)


class StageIn(Model):
    """Move a version to a stage of its `allowed_stages` that is no promotion: shadow, candidate or retired."""

    stage: Literal["candidate", "shadow", "retired"]


class ModelNew(Model):
    """A trained version that waits in the state folder to be registered (`forewarn train` beside a running server)."""

    incoming: str = Field(pattern="^[0-9a-f]{32}$")


class ScoreOut(Model):
    """One line of the scorecard; `of` is an asset class, "name version" of a model, or "" for all."""

    of: str
    orders: int
    precision: EstimateOut
    confirmed: EstimateOut
    recall: EstimateOut
    warning_days: EstimateOut
    in_time: EstimateOut
    false_alarms_per_year: EstimateOut
    set_rate: float | None
    asset_years: float
    net: float | None


class MissOut(Model):
    """A breakdown that no order had announced."""

    asset: str
    asset_class: str
    number: str
    at: datetime


class ScorecardOut(Model):
    """How good the advices were. `empty`: no order was finished with a finding in this span."""

    since: datetime
    until: datetime
    empty: bool
    waiting: int
    total: ScoreOut
    by_class: list[ScoreOut]
    by_model: list[ScoreOut]
    misses: list[MissOut]


class SkillOut(Model):
    """How good a diagnosis was: `log_loss` in nats (low is good), `right`: share with the right first cause."""

    log_loss: float
    right: Share
    claimed: Share


class FactorOut(Model):
    """By how much findings raised or lowered the odds of a mechanism on machines of a class (1 = not at all)."""

    asset_class: str
    mechanism: str
    factor: float


class LessonsOut(Model):
    """What the findings of finished orders taught the diagnosis, judged on machines that were left out. `physics` and
    `with_orders` are null while no finding names a fault; the gains are above 0 where orders helped."""

    labels: int
    confirmed: int
    partly: int
    not_found: int
    scored: int
    physics: SkillOut | None
    with_orders: SkillOut | None
    less_log_loss: EstimateOut
    more_right: EstimateOut
    factors: list[FactorOut]
    sentence: str


class SuggestionOut(Model):
    """What words speak of: `failure_mode` (ISO 14224), `fault` (component:mechanism) of the machine, `part` of its job
    plan; null where they do not tell. `model` and `version` of the reader that named the mode, null for the table."""

    failure_mode: str | None
    fault: str | None
    part: str | None
    model: str | None
    version: int | None


class WhatIfIn(Model):
    """What to change, over which span. The step is lengthened by nobody: too many looks are refused (422)."""

    since: datetime
    until: datetime | None = None
    every_h: float = Field(24.0, gt=0, le=720)
    false_alarms: float | None = Field(None, gt=0, le=1000)
    threshold: Share | None = None
    policy: dict[str, float] = Field(default_factory=dict, max_length=20)
    model: str = Field("", max_length=80)
    asset_class: str = Field("", max_length=200)
    assets: list[str] = Field(default_factory=list, max_length=10_000)


class OpenedOut(Model):
    """An order of a replay, as it was opened."""

    fault: str
    label: str
    opened_at: datetime
    order_by: datetime | None
    start_by: datetime | None
    p50_h: float | None


class OrderChangeOut(Model):
    """One order before and after. `moved_h`: opened so many hours later (negative: earlier)."""

    what: Literal["appeared", "vanished", "earlier", "later", "same"]
    asset: str
    asset_name: str
    before: OpenedOut | None
    after: OpenedOut | None
    moved_h: float


class VerdictsOut(Model):
    """What findings say of one run."""

    orders: int
    alarms_per_asset_month: EstimateOut
    confirmed: int
    false: int
    missed: int
    unknown: int
    precision: EstimateOut
    warning_days: EstimateOut


class WhatIfOut(Model):
    """A finished run. `sha256` is what a promotion refers to; `real` are the orders that were really opened; `notes`
    are what a reader has to know."""

    sha256: str
    change: dict[str, Any]
    model: str
    since: datetime
    until: datetime
    every_h: float
    assets: list[str]
    before: VerdictsOut
    after: VerdictsOut
    real: VerdictsOut
    changes: list[OrderChangeOut]
    notes: list[str]


class JobOut(Model):
    """A job that runs beside everything else. Ask again while `state` is queued or running; `report` is the SHA-256 of
    the what-if report and `trained` the version, once it is done; `problem` says why it failed."""

    id: str
    kind: Literal["whatif", "train"]
    state: JobState
    progress: Share
    doing: str
    created_at: datetime
    report: str | None
    trained: str | None
    problem: str | None


class ColumnDriftOut(Model):
    """How far a column has moved from the training data; `drifted` null: too few values to tell."""

    column: str
    psi: float
    ks: float
    moved: float
    shared: Share
    assets: int
    count: int
    drifted: bool | None


class DriftOut(Model):
    """One model in use. `version` null: the models that ship."""

    name: str
    version: int | None
    asset_class: str
    since: datetime
    at: datetime
    columns: list[ColumnDriftOut]
    coverage: EstimateOut
    residual_ratio: float | None
    reasons: list[str]
    note: str


class RetrainingOut(Model):
    """A model that wants to be trained again; open while `closed_at` is null."""

    id: int
    model: str
    asset_class: str
    opened_at: datetime
    seen_at: datetime
    reasons: list[str]
    closed_at: datetime | None
    closed_by: str


class DriftPage(Model):
    """The newest look at every model in use (`looked_at` null: none yet) and the retraining tasks that are open."""

    looked_at: datetime | None
    models: list[DriftOut]
    tasks: list[RetrainingOut]


class PolicyOut(Model):
    """A number that a what-if run may change, with its value of today."""

    name: str
    value: float
