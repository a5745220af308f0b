"""Preventive maintenance: what a plan asks for and when, the slots it has filled, trials of its interval. Values only.

A *slot* is one occasion on which a plan is due for one asset. It has a key that does not depend on who looks or when,
so that each slot becomes one order, however many schedulers run and whatever their clocks do. `maintenance.plans.due`
tells which slot is due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset, PartLine, Plant
from forewarn.core.work import OrderKind, Status

MINUTES_PER_DAY = 1_440
DAYS_PER_MONTH = 365.25 / 12
PLANNED_KINDS = (OrderKind.PREVENTIVE, OrderKind.INSPECTION)
OPENED_AS = (Status.WAPPR, Status.APPR)


class Trigger(StrEnum):
    """What makes a plan due."""

    FIXED = "fixed"  # at dates of the calendar, whenever the last one was done
    FLOATING = "floating"  # so long after the last one was completed
    METER = "meter"  # running hours or a count
    CONDITION = "condition"  # a signal crosses a limit
    COMBINED = "combined"  # whichever of its rules comes first


class Unit(StrEnum):
    """Unit of a calendar interval. Hours are hours; the others are steps of the local calendar."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


_DAYS = {Unit.HOURS: 1 / 24, Unit.DAYS: 1.0, Unit.WEEKS: 7.0, Unit.MONTHS: DAYS_PER_MONTH, Unit.YEARS: 365.25}


@dataclass(frozen=True, slots=True)
class Every:
    """An interval of the calendar, at least 1.

    >>> Every(3, Unit.MONTHS).days
    91.3125
    >>> [str(Every(n, unit).times(1.5)) for n, unit in ((2, Unit.WEEKS), (1, Unit.MONTHS), (4, Unit.YEARS))]
    ['3 weeks', '46 days', '6 years']
    """

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 100_000:
            raise Rejected("interval", f"an interval is a whole number from 1 to 100,000, not {self.count}")

    def __str__(self) -> str:
        return f"{self.count} {self.unit.value if self.count != 1 else self.unit.value[:-1]}"

    @property
    def days(self) -> float:
        """Its mean length in days."""
        return self.count * _DAYS[self.unit]

    def times(self, factor: float) -> Every:
        """About `factor` (> 0) times as long: in the same unit where that is exact, else in days or hours."""
        exact = self.count * factor
        if exact >= 1 and abs(exact - round(exact)) < 1e-9:
            return Every(round(exact), self.unit)
        days = self.days * factor
        return Every(round(days), Unit.DAYS) if days >= 2 else Every(max(1, round(days * 24)), Unit.HOURS)


@dataclass(frozen=True, slots=True)
class MeterRule:
    """Due every so many units of a meter: "running_hours", or a signal of the asset that counts up.

    `floating`: counted from the reading at the last completion; else at `since` + whole multiples.
    """

    meter: str
    every: float
    since: float = 0.0
    floating: bool = True

    def __post_init__(self) -> None:
        if not (self.meter and self.every > 0):
            raise Rejected("meter", f"a meter rule names a meter and a step above 0, not {self.meter!r}, {self.every}")


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """Due when a signal reads above or below a limit (canonical unit), newer than the last completion."""

    signal: str
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if not self.signal or (self.above is None) == (self.below is None):
            raise Rejected("condition", "a condition names a signal and either `above` or `below`")

    def __str__(self) -> str:
        return f"above {self.above:g}" if self.above is not None else f"below {self.below:g}"

    def holds(self, value: float) -> bool:
        """Does a value ask for the task?"""
        return value > self.above if self.above is not None else value < (self.below or 0.0)


@dataclass(frozen=True, slots=True)
class Season:
    """Local days of the year on which the plan is active, both ends included; may run over the turn of the year.

    >>> winter = Season((11, 1), (3, 31))
    >>> winter.holds(date(2026, 1, 15)), winter.holds(date(2026, 6, 1))
    (True, False)
    """

    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            if not (1 <= month <= 12 and 1 <= day <= 31):
                raise Rejected("season", f"{month}-{day} is no day of the year: month 1-12, day 1-31")

    def holds(self, day: date) -> bool:
        """Is this day in the season?"""
        place = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= place <= self.last
        return place >= self.first or place <= self.last


@dataclass(frozen=True, slots=True)
class Plan:
    """A preventive task, for `assets`, or for every asset of a class.

    `start` is the local day of the first slot, `at_min` the minute of that day. `tolerance` is the share of the
    interval by which a task may be early and still count as the slot (0 to 0.5). `ahead_h`: its order is opened so
    many hours before it is due. `route`: one order for all assets, a round. `job_plan` names the job plan that says
    how; `steps`, `parts` and `hours` stand here where there is none. `component` and `failure_modes` say what the task
    is to prevent (empty: any). `statutory`: the law asks for it; the interval court leaves it alone. `cost` of one
    task and `failure_cost` of a failure, in the plant's currency (None: from past orders).
    """

    id: str
    title: str
    trigger: Trigger
    start: date
    assets: tuple[str, ...] = ()
    asset_class: str | None = None
    kind: OrderKind = OrderKind.PREVENTIVE
    component: str = ""
    every: Every | None = None
    at_min: int = 360
    meter: MeterRule | None = None
    condition: ConditionRule | None = None
    tolerance: float = 0.1
    ahead_h: float = 0.0
    season: Season | None = None
    route: bool = False
    job_plan: str = ""
    steps: tuple[str, ...] = ()
    parts: tuple[PartLine, ...] = ()
    hours: float = 1.0
    priority: int = 3
    open_as: Status = Status.APPR
    failure_modes: tuple[str, ...] = ()
    statutory: bool = False
    cost: float | None = None
    failure_cost: float | None = None
    active: bool = True
    revision: int = 0

    def of(self, plant: Plant) -> tuple[Asset, ...]:
        """Assets of the plant file that the plan is for, in its order. One that left the file has no more slots."""
        named = [plant.asset(id) for id in self.assets]
        chosen = [asset for asset in named if asset is not None]
        if self.asset_class is not None:
            chosen += [a for a in plant.assets if a.asset_class == self.asset_class and a not in chosen]
        return tuple(chosen)


def checked(plan: Plan) -> Plan:
    """The plan, when its parts fit together. Raises Rejected with a sentence that says what to change."""
    rules = {"every": plan.every, "meter": plan.meter, "condition": plan.condition}
    needed = {
        Trigger.FIXED: ("every",),
        Trigger.FLOATING: ("every",),
        Trigger.METER: ("meter",),
        Trigger.CONDITION: ("condition",),
        Trigger.COMBINED: (),
    }[plan.trigger]
    given = tuple(name for name, rule in rules.items() if rule is not None)
    if plan.trigger is Trigger.COMBINED:
        if len(given) < 2:
            raise Rejected("plan_rules", "a combined plan has at least two of `every`, `meter` and `condition`")
    elif given != needed:
        raise Rejected("plan_rules", f"a {plan.trigger} plan has {needed[0]!r} and no other rule, not {list(given)}")
    problems = (
        (not plan.id or len(plan.id) > 64 or not plan.id.replace("-", "").replace("_", "").isalnum(),
         "plan_id", "an id is 1 to 64 letters, digits, - and _"),
        (not plan.title.strip(), "plan_title", "a plan has a title"),
        (not (plan.assets or plan.asset_class), "plan_assets", "a plan names `assets` or an `asset_class`"),
        (plan.kind not in PLANNED_KINDS, "plan_kind", f"a plan opens orders of kind {' or '.join(PLANNED_KINDS)}"),
        (plan.open_as not in OPENED_AS, "plan_open_as", "an order is opened as WAPPR or APPR"),
        (not 0 <= plan.tolerance <= 0.5, "plan_tolerance", "the tolerance is a share of the interval, 0 to 0.5"),
        (not 0 <= plan.at_min < MINUTES_PER_DAY, "plan_at", "at_min is a minute of the day, 0 to 1439"),
        (not 0 <= plan.ahead_h <= 24 * 366, "plan_ahead", "an order is opened 0 to 8784 hours ahead"),
        (not 1 <= plan.priority <= 5, "plan_priority", "a priority is 1 to 5"),
        (not 0 <= plan.hours <= 10_000, "plan_hours", "hours of work are 0 to 10,000"),
        (plan.route and not plan.assets, "plan_route", "a route lists its assets in the order of the round"),
        (any(c is not None and c < 0 for c in (plan.cost, plan.failure_cost)), "plan_cost", "costs are 0 or more"),
    )  # fmt: skip
    for wrong, slug, text in problems:
        if wrong:
            raise Rejected(slug, text)
    return plan


class SlotState(StrEnum):
    """What became of a slot."""

    OPEN = "open"  # its order is not finished
    DONE = "done"
    CANCELLED = "cancelled"  # its order was cancelled
    SKIPPED = "skipped"  # left out on purpose
    DEFERRED = "deferred"  # its order comes later


@dataclass(frozen=True, slots=True)
class Slot:
    """One occasion of a plan for one asset. `done_at_us` is when its order was completed, `meter_at_done` the plan's
    meter then; `until_us` until when it is deferred; `reason` why it was skipped or deferred, or why it was due."""

    plan: str
    asset: str
    key: str
    due_us: int
    state: SlotState
    at_us: int
    order_id: str | None = None
    done_at_us: int | None = None
    meter_at_done: float | None = None
    until_us: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Newest value of a meter or signal."""

    at_us: int
    value: float


@dataclass(frozen=True, slots=True)
class Due:
    """A slot whose time has come, or that comes next. `why` is a sentence; `overtaken` so many earlier slots passed
    while nobody looked: they are not made up for."""

    key: str
    due_us: int
    why: str
    overtaken: int = 0


class TrialState(StrEnum):
    """Where a changed interval stands."""

    WATCHING = "watching"
    PASSED = "passed"
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"  # the plan was changed by hand in between


@dataclass(frozen=True, slots=True)
class Watch:
    """When a change is taken back: more than `most_failures` failures of `assets` between start and `ends_at_us`.

    `expected` failures if the court is right; `caught` the chance that a failure rate twice as high is noticed.
    """

    assets: tuple[str, ...]
    ends_at_us: int
    most_failures: int
    expected: float
    caught: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A change of a plan's interval that is being watched. `before` and `after` are the plan then and since; `reason`
    is the court's; `ended` says how it ended."""

    id: int
    plan: str
    state: TrialState
    before: Plan
    after: Plan
    watch: Watch
    started_at_us: int
    reason: str
    ended_at_us: int | None = None
    ended: str = ""


def with_interval_of(plan: Plan, other: Plan) -> Plan:
    """The plan with the interval of another: what a trial changes, and what a roll-back gives back."""
    return replace(
        plan, trigger=other.trigger, every=other.every, meter=other.meter, condition=other.condition,
        start=other.start, active=other.active,
    )  # fmt: skip


def same_interval(one: Plan, other: Plan) -> bool:
    """Do both come due alike?"""
    return with_interval_of(one, other) == one
