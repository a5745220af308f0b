"""Shapes of the routes of people, schedules, opportunities and outages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from forewarn.api.schemas import Model

Id = Annotated[str, Field(min_length=1, max_length=100)]
Level = Annotated[int, Field(ge=1, le=4)]
Text = Annotated[str, Field(max_length=2000)]


class Spanned(Model):
    """Something with `from` and `to`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime


class AbsenceShape(Spanned):
    """Somebody is not there in [from, to)."""

    reason: Text = ""


class ContractorShape(Model):
    """Somebody of another company; `may_do` holds kinds of orders, or "*" for all."""

    company: Annotated[str, Field(min_length=1, max_length=200)]
    until: datetime | None = None
    may_do: list[str] = Field(["*"], max_length=20)


class PersonIn(Model):
    """A technician. `skills` by level: 1 under guidance, 2 alone, 3 also when it goes wrong, 4 teaches it. `week` as in
    plant files: {"mon-fri": ["06:00-14:00"]}, in `timezone`. `place` is an area of the plant."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    skills: dict[Annotated[str, Field(min_length=1, max_length=100)], Level] = Field({}, max_length=100)
    week: dict[str, list[str]]
    timezone: Annotated[str, Field(max_length=100)] = "UTC"
    holidays: list[date] = Field([], max_length=1000)
    absences: list[AbsenceShape] = Field([], max_length=1000)
    place: Annotated[str, Field(max_length=200)] = ""
    rate_per_h: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    contractor: ContractorShape | None = None
    active: bool = True


class PersonOut(PersonIn):
    """A technician as kept; `revision` is the ETag."""

    id: str
    revision: int
    changed_at: datetime


class PeopleFileIn(Model):
    """The text of a people file, `yaml` or `csv`."""

    kind: Annotated[str, Field(pattern="^(yaml|csv)$")]
    text: Annotated[str, Field(min_length=1, max_length=2_000_000)]


class ImportedOut(Model):
    """How many people of a file were added, changed, or stand as they were."""

    added: int
    changed: int
    unchanged: int


class NeedShape(Model):
    """A skill at a level or above."""

    skill: Annotated[str, Field(min_length=1, max_length=100)]
    level: Level = 1


class MoreIn(Model):
    """What the caller knows of an order besides: hours, crew, skills, when its parts arrive, when the machine may be
    worked on, when it is due. What is left out is as the order has it."""

    hours: Annotated[float, Field(gt=0, le=1000)] | None = None
    crew: Annotated[int, Field(ge=1, le=10)] = 1
    needs: list[NeedShape] | None = Field(None, max_length=10)
    parts_at: datetime | None = None
    not_before: datetime | None = None
    windows: list[Spanned] | None = Field(None, max_length=200)
    due: datetime | None = None


class WishIn(Spanned):
    """What to plan. Nothing that begins within `frozen_h` hours is moved. `orders`: more about single orders, by
    number."""

    frozen_h: Annotated[float, Field(ge=0, le=2000)] = 0.0
    slot_min: Annotated[int, Field(ge=5, le=240)] = 30
    orders: dict[str, MoreIn] = Field({}, max_length=5000)


class PlanIn(WishIn):
    """A plan to be made in at most `limit_s` seconds."""

    limit_s: Annotated[float, Field(gt=0, le=45)] = 20.0
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1


class AssignmentShape(Spanned):
    """An order with its crew in [from, to)."""

    order: Id
    crew: list[Id] = Field(min_length=1, max_length=10)
    reason: Text = ""


class LeftOut(Model):
    """An order that has no place in a plan, and why."""

    order: str
    reason: str


class PlanOut(Model):
    """A proposal over the schedule at `revision`; nothing is kept yet.

    `lateness` in weighted hours (an hour of an order of priority 1 to 5 counts 16, 8, 4, 2, 1). No plan costs less than
    `bound`; `gap` is how far this one may be above the best (null: there is no bound but 0). `stopped`: the time was
    over before it was known to be the best. `changes`: what people saw and what moved.
    """

    revision: int
    assignments: list[AssignmentShape]
    left_out: list[LeftOut]
    kept: list[AssignmentShape]
    cost: float
    bound: float
    gap: float | None
    lateness: float
    greedy_lateness: float
    seconds: float
    stopped: bool
    changes: list[str]


class PublishIn(WishIn):
    """A plan to be put into force in place of what starts within its span."""

    assignments: list[AssignmentShape] = Field(max_length=5000)


class KeptOut(Spanned):
    """One person at one order. `seen`: the person has looked at it."""

    order: str
    number: str
    title: str
    place: str
    person: str
    seen: bool
    revision: int
    reason: str


class StandingOut(Model):
    """The schedule in force; `revision` is its ETag (0: none yet)."""

    revision: int
    changed_at: datetime | None
    lateness: float | None
    assignments: list[KeptOut]


class DayOut(Model):
    """Orders of a person on a day in the order of the shortest walk; `length` in the plant's units of distance."""

    person: str
    day: date
    orders: list[KeptOut]
    length: float


class OpportunityOut(Model):
    """An open order and a stop: it fits with a crew and a time, or `why` says what is in the way."""

    order: str
    number: str
    title: str
    fits: bool
    why: str
    worth: float
    crew: list[str]
    start: datetime | None
    stop: datetime | None


class OutageIn(Spanned):
    """A shutdown of assets (none named: all), and numbers of the orders put onto it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    assets: list[Id] = Field([], max_length=5000)
    orders: list[Id] = Field([], max_length=5000)


class OutageOut(OutageIn):
    """An outage as kept; `revision` is the ETag."""

    id: str
    revision: int
    changed_at: datetime


class WorkListOut(Model):
    """The jobs of an outage: what fits and when, and what does not and why."""

    outage: str
    fits: list[AssignmentShape]
    misfits: list[LeftOut]
