"""Shapes of the routes of autonomy: levels, budgets, held advices, maintenance windows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from forewarn.api.schemas import KindName, Model, Share

LevelName = Literal["advise", "draft", "open", "reserve"]
WhyName = Literal["level", "window", "rate", "budget"]
ScopeName = Literal["asset", "area", "class", "plant"]
RepeatName = Literal["once", "daily", "weekly", "monthly"]


class AutonomyClassOut(Model):
    """Where a class of machines stands (`name` is `plant` for the whole plant, `instrument` for doubtful sensors) and
    what it did this week. `level` is null for the plant. `orders_per_week` null: no budget of its own."""

    name: str
    level: LevelName | None
    pinned: bool
    by: str
    reason: str
    changed_at: datetime | None
    counted_from: datetime | None
    orders_per_week: int | None
    opened_this_week: int
    overspent_this_week: int
    held_back: int
    revision: int


class AutonomyOut(Model):
    """The week, the plant as a whole, and every class."""

    week_start: datetime
    week_end: datetime
    plant: AutonomyClassOut
    classes: list[AutonomyClassOut]


class AutonomyIn(Model):
    """Set level, pin or budget; what is left out stays. `orders_per_week` null takes the own budget away."""

    level: LevelName | None = None
    pinned: bool | None = None
    orders_per_week: int | None = Field(None, ge=0, le=100_000)
    reason: str = Field(min_length=1, max_length=2000)


class AutonomyStepOut(Model):
    """One step: set, earned, lost or undone; `before` and `after` hold level, pin, budget and reason."""

    seq: int
    at: datetime
    name: str
    action: str
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]


class AutonomyMovedOut(Model):
    """Classes that moved by what was measured now."""

    moved: list[AutonomyClassOut]


class HeldAdviceOut(Model):
    """An advice that opened no order, and why. `until`: when it is looked at again, where that is known. `slack_h`: to
    the last moment to order parts; `risk_cost`: what waiting costs more than acting, in the plant's currency."""

    asset: str
    fault: str
    name: str
    state: Literal["held", "opened", "ended"]
    why: WhyName
    reason: str
    until: datetime | None
    emergency: bool
    kind: KindName
    title: str
    priority: int
    advice: str
    slack_h: float | None
    risk_cost: float | None
    rul_p10_h: float | None
    rul_p50_h: float | None
    rul_p90_h: float | None
    order_by: datetime | None
    start_by: datetime | None
    win_probability: Share | None
    first_at: datetime
    at: datetime
    order_id: str | None
    revision: int


class WindowOut(Model):
    """A maintenance window with the occurrence that stands now (null: none) and the next one."""

    id: str
    scope: ScopeName
    of: str
    start: datetime
    hours: float
    repeat: RepeatName
    every: int
    until: datetime | None
    timezone: str
    reason: str
    by: str
    stands_until: datetime | None
    next_start: datetime | None
    revision: int


class WindowIn(Model):
    """Plan a window: from `start` (null: now) for so many hours, again every so many days, weeks or months in local
    time, until a time (null: for ever). `of` names the asset, area or class; for the scope `plant` it stays empty."""

    scope: ScopeName
    of: str = Field("", max_length=200)
    start: datetime | None = None
    hours: float = Field(gt=0, le=2160)
    repeat: RepeatName = "once"
    every: int = Field(1, ge=1, le=52)
    until: datetime | None = None
    timezone: str = Field("UTC", min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=2000)
