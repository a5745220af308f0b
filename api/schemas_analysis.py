"""Shapes of figures about maintenance: each with its definition, what it was divided from, and its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from forewarn.api.schemas import Model

BetterName = Literal["up", "down", ""]
VerdictName = Literal["better", "worse", "cannot_tell"]


class KpiOut(Model):
    """A figure of [from, to). `value` null: `why` says why it cannot be said. `unit` "1" is a share. `rows` counts the
    rows behind it, `left_out` things of the period that could not be judged; `low`, `high` a 95 % interval."""

    model_config = ConfigDict(populate_by_name=True)

    key: str
    name: str
    unit: str
    definition: str
    formula: str
    better: BetterName
    source: str
    from_: datetime = Field(alias="from")
    to: datetime
    value: float | None
    why: str
    note: str
    numerator: float
    denominator: float | None
    low: float | None
    high: float | None
    rows: int
    left_out: int


class KpiRowOut(Model):
    """One thing behind a figure, with what it adds to numerator and denominator; `what` says what `id` is of."""

    what: str
    id: str
    number: str
    asset: str
    at: datetime | None
    numerator: float
    denominator: float
    note: str


class KpiRowsOut(Model):
    """A page of the rows behind a figure."""

    kpi: KpiOut
    rows: list[KpiRowOut]
    offset: int
    total: int


class BadActorOut(Model):
    """A line of a Pareto list; `vital`: among the few that make 80 % of the whole."""

    what: str
    amount: float
    share: float
    cumulative: float
    vital: bool
    failures: float


class CostOut(Model):
    """Money of a period that went to `what`, in one currency."""

    what: str
    currency: str
    labour: float
    parts: float
    other: float
    total: float
    labour_hours: float
    orders: int


class LoadCellOut(Model):
    """A skill in the week that begins at `week`: hours of open work and of people who have the skill; `share` null:
    nobody has it then."""

    skill: str
    week: datetime
    load: float
    capacity: float
    share: float | None
    overdue: float
    orders: list[str]


class LoadOut(Model):
    """Open work by skill and week; the line of skill "(all)" is what the crew can do together."""

    weeks: list[datetime]
    cells: list[LoadCellOut]
    undated: float
    later: float


class RatesOut(Model):
    """Failure rates before and after; `ratio` with its exact 95 % interval, `high` null: without end."""

    before: int
    before_h: float
    after: int
    after_h: float
    ratio: float | None
    low: float
    high: float | None
    p: float
    verdict: VerdictName
    needed_h: float | None


class MoneyOut(Model):
    """Mean cost of a week before and after, and the difference with its 95 % bootstrap interval."""

    before: float | None
    before_weeks: int
    after: float | None
    after_weeks: int
    difference: float | None
    low: float | None
    high: float | None
    verdict: VerdictName


class ChangeOut(Model):
    """Did a change work? `verdict` is that of the failures, `text` says it for people."""

    model_config = ConfigDict(populate_by_name=True)

    what: str
    of: str
    at: datetime
    from_: datetime = Field(alias="from")
    to: datetime
    verdict: VerdictName
    text: str
    failures: RatesOut
    costs: MoneyOut
    currency: str
    orders_before: list[str]
    orders_after: list[str]
