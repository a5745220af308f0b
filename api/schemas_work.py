"""Shapes of the routes of work around orders: other departments, clocks and calls, verification, what is muted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from forewarn.api.schemas import KindName, Model, StatusName

DepartmentName = Literal["production", "safety", "purchasing"]
ClockWord = Literal["response", "completion"]
ClockStateName = Literal["running", "paused", "met", "warning", "breached"]
ResultName = Literal["pending", "passed", "failed", "waived"]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class StepOut(Model):
    """A step of another department: open until it is done or dropped. `revision` is its ETag."""

    id: int
    order: str
    department: DepartmentName
    what: str
    owner: str
    required: bool
    due: datetime
    asked_at: datetime
    done_at: datetime | None
    done_by: str | None
    dropped_at: datetime | None
    note: str
    slipped: bool
    revision: int


class StepsOut(Model):
    """Steps of an order and what they do to its dates: no start before `earliest_start`, `late_h` hours after "start
    work by". While a required step is open the order `waits_in` a status, for a reason."""

    order: str
    number: str
    earliest_start: datetime
    start_by: datetime | None
    late_h: float
    can_start: bool
    waits_in: StatusName | None
    reason: str
    steps: list[StepOut]


class StepIn(Model):
    """A step to ask for; without an owner the one of the settings is asked."""

    department: DepartmentName
    what: Text
    owner: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    due: datetime
    required: bool = True


class StepsIn(Model):
    """Steps to ask for: named ones, the `usual` ones (release, permit, delivery of missing parts), or both."""

    steps: list[StepIn] = Field([], max_length=50)
    usual: bool = False


class StepDoneIn(Model):
    """The step is done; a note for the record."""

    note: Annotated[str, Field(max_length=1000)] = ""


class StepDropIn(Model):
    """The step is not needed, and why."""

    reason: Text


class StepMoveIn(Model):
    """Another due time, another owner (null: as before)."""

    due: datetime
    owner: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    note: Annotated[str, Field(max_length=1000)] = ""


class WaitingOut(Model):
    """A line of the board: what waits for whom, and how late it is."""

    step: StepOut
    number: str
    asset: str
    title: str
    priority: int
    status: StatusName
    start_by: datetime | None
    late_h: float


class ClockOut(Model):
    """One clock of an order: hours used without pauses, of how many; `due` if it runs on from now."""

    clock: ClockWord
    state: ClockStateName
    limit_h: float
    used_h: float
    paused_h: float
    due: datetime | None
    ended_at: datetime | None


class CallOut(Model):
    """Somebody was called; `person` null: nobody was on call for the rota."""

    clock: ClockWord
    level: int
    rota: str
    person: str | None
    at: datetime


class ClocksOut(Model):
    """Clocks of an order, who was called, and its priority now (`planned` is the order's own)."""

    order: str
    number: str
    planned: int
    priority: int
    priority_reason: str
    slack_h: float | None
    clocks: list[ClockOut]
    calls: list[CallOut]


class TimedOut(Model):
    """An open order with its clocks."""

    order: str
    number: str
    asset: str
    kind: KindName
    priority: int
    clocks: list[ClockOut]


class OnCallOut(Model):
    """A turn on call, half-open."""

    id: int
    rota: str
    person: str
    contact: str
    start: datetime
    until: datetime


class OnCallIn(Model):
    """Put somebody on a rota of the escalation table."""

    rota: Annotated[str, Field(min_length=1, max_length=50)]
    person: Annotated[str, Field(min_length=1, max_length=200)]
    contact: Annotated[str, Field(max_length=200)] = ""
    start: datetime
    until: datetime


class ComparedOut(Model):
    """One signal before and after the work, in `unit`, in the regime of after; ratios: 1 = at the limit. `carried`: the
    evidence of the order rested on it."""

    signal: str
    unit: str
    carried: bool
    healthy: float
    before: float | None
    after: float | None
    limit: float
    before_ratio: float | None
    after_ratio: float | None
    hours: float
    points: int
    other_points: int
    abnormal: bool


class ComparisonOut(Model):
    """What a verification rests on: `seen_h` of `needed_h` operating hours at comparable load and speed."""

    result: ResultName
    reason: str
    at: datetime
    seen_h: float
    needed_h: float
    health_before: float | None
    health_after: float | None
    signals: list[ComparedOut]


class VerificationOut(Model):
    """Verification of an order: its result, the comparison that was stored with it (`concluded`, one for each time it
    was completed), and while it is pending the one as of now."""

    order: str
    number: str
    verification: ResultName
    now: ComparisonOut | None
    concluded: list[ComparisonOut]
    follows: str | None
    follow_ups: list[str]


class MutedAdviceOut(Model):
    """An advice that came while somebody worked on the asset; it is looked at again afterwards."""

    asset: str
    fault: str
    priority: int
    reason: str
    order: str
    first_at: datetime
    last_at: datetime


class MuteOut(Model):
    """An asset is muted by an order in progress."""

    asset: str
    order: str
    number: str
    since: datetime


class MutedOut(Model):
    """What is muted, and the advice that was kept meanwhile."""

    muted: list[MuteOut]
    kept: list[MutedAdviceOut]
