"""Jobs: the plan of a work order's work, what was done step by step, and what it took.

A job plan is kept in versions; an order takes a copy, frozen, so that later versions change nothing that is under way.
Results, sign-offs and lines of the report are only ever added: what was wrong is corrected by a further one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from forewarn.core.faults import Fault
from forewarn.core.job_plans import NO_SAFETY
from forewarn.core.job_plans import JobPlan as JobPlan
from forewarn.core.job_plans import JobStep as JobStep
from forewarn.core.job_plans import Photo as Photo
from forewarn.core.job_plans import PlanRef as PlanRef
from forewarn.core.job_plans import Safety as Safety
from forewarn.core.job_plans import StepKind as StepKind
from forewarn.core.people import SkillNeed
from forewarn.core.work import WorkOrder


class Outcome(StrEnum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"  # a quality check that did not pass
    SKIPPED = "skipped"  # not done; the note says why


@dataclass(frozen=True, slots=True)
class NewResult:
    """What is told of a step. `unit` "" is the step's own; `by` "" is who tells it."""

    step: str
    outcome: Outcome = Outcome.DONE
    value: float | None = None
    unit: str = ""
    note: str = ""
    photos: tuple[Photo, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step. `seq` counts results and sign-offs of an order from 1; `by` did it, `told_by` said so."""

    seq: int
    step: str
    outcome: Outcome
    at_us: int
    by: str
    told_by: str
    value: float | None = None
    unit: str = ""
    note: str = ""
    photos: tuple[Photo, ...] = ()
    outside: bool = False

    @property
    def is_bad(self) -> bool:
        """Does it ask for a follow-up?"""
        return self.outside or self.outcome is Outcome.FAILED


@dataclass(frozen=True, slots=True)
class SignOff:
    """Somebody else confirms the result numbered `result`."""

    seq: int
    step: str
    result: int
    at_us: int
    by: str
    note: str = ""


class LineKind(StrEnum):
    """What a line of a completion report tells."""

    LABOUR = "labour"  # `what` = person, `quantity` = hours, `unit_cost` per hour
    PART = "part"  # `what` = part, `quantity` = pieces, `unit_cost` each
    COST = "cost"  # `what` = what for, `quantity` = 1, `unit_cost` = amount
    DURATION = "duration"  # `quantity` = hours from begin to end of the work
    RATING = "rating"  # `quantity` = 1 (bad) to 5 (good)
    DOWNTIME = "downtime"  # `what` = reason code, `start_us`, `end_us` (None: it still lasts)


COSTING = (LineKind.LABOUR, LineKind.PART, LineKind.COST)

DOWNTIME_REASONS: dict[str, str] = {
    "breakdown": "the machine failed",
    "degraded": "stopped because it got worse",
    "planned": "stopped for planned work",
    "waiting_parts": "waiting for parts",
    "waiting_people": "waiting for people",
    "utilities": "no power, air, water or steam",
    "upstream": "the process around it stopped",
    "safety": "stopped for safety",
    "other": "another reason; the note says which",
}
"""Why a machine stood."""


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to be added; `corrects` is the `seq` of the line that it replaces. Money in `currency` (ISO 4217)."""

    kind: LineKind
    what: str = ""
    quantity: float = 1.0
    unit_cost: float = 0.0
    currency: str = ""
    start_us: int | None = None
    end_us: int | None = None
    note: str = ""
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A line of the report as it was kept; `seq` counts the lines of an order from 1."""

    seq: int
    line: NewLine
    at_us: int
    by: str

    @property
    def amount(self) -> float:
        """What it costs, to the cent."""
        return round(float(self.line.quantity * self.line.unit_cost), 2) if self.line.kind in COSTING else 0.0


def standing(lines: Iterable[ReportLine]) -> tuple[ReportLine, ...]:
    """The lines that count: those that no later one replaced.

    >>> six, seven = NewLine(LineKind.LABOUR, "ann", 6, 50), NewLine(LineKind.LABOUR, "ann", 7, 50, corrects=1)
    >>> [line.amount for line in standing([ReportLine(1, six, 0, "ann"), ReportLine(2, seven, 9, "ann")])]
    [350.0]
    """
    kept = tuple(lines)
    replaced = {line.line.corrects for line in kept}
    return tuple(line for line in kept if line.seq not in replaced)


@dataclass(frozen=True, slots=True)
class Costs:
    """What an order cost, in `currency`; `hours` of labour."""

    labour: float
    parts: float
    other: float
    hours: float
    currency: str

    @property
    def total(self) -> float:
        """All of it."""
        return round(self.labour + self.parts + self.other, 2)


@dataclass(frozen=True, slots=True)
class Job:
    """The work of one order: the frozen plans it took, results, sign-offs, lines of the report.

    Ids of `steps` are unique within the order.
    """

    plans: tuple[PlanRef, ...] = ()
    steps: tuple[JobStep, ...] = ()
    skills: tuple[SkillNeed, ...] = ()
    tools: tuple[str, ...] = ()
    safety: Safety = NO_SAFETY
    photos: tuple[Photo, ...] = ()
    other_cost: float = 0.0
    results: tuple[StepResult, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    lines: tuple[ReportLine, ...] = ()

    def step(self, id: str) -> JobStep | None:
        """The step of this id, or None."""
        return next((step for step in self.steps if step.id == id), None)

    def result(self, step: str) -> StepResult | None:
        """The newest result of a step."""
        return next((result for result in reversed(self.results) if result.step == step), None)

    def signed(self, step: str) -> SignOff | None:
        """The sign-off of the newest result of a step."""
        result = self.result(step)
        return next((s for s in self.sign_offs if result is not None and s.result == result.seq), None)

    def open_steps(self) -> tuple[JobStep, ...]:
        """Required steps without a result."""
        return tuple(step for step in self.steps if step.required and self.result(step.id) is None)

    def unsigned(self) -> tuple[JobStep, ...]:
        """Steps whose result somebody else still has to confirm."""
        return tuple(s for s in self.steps if s.sign_off and self._was_done(s.id) and self.signed(s.id) is None)

    def _was_done(self, step: str) -> bool:
        result = self.result(step)
        return result is not None and result.outcome is not Outcome.SKIPPED

    def costs(self, currency: str) -> Costs:
        """What the standing lines add up to."""
        sums = dict.fromkeys(COSTING, 0.0)
        hours = 0.0
        for line in standing(self.lines):
            if line.line.kind in sums:
                sums[line.line.kind] += line.amount
            if line.line.kind is LineKind.LABOUR:
                hours += line.line.quantity
        labour, parts, other = (round(sums[kind], 2) for kind in COSTING)
        return Costs(labour, parts, other, round(hours, 4), currency)

    def downtimes(self) -> tuple[ReportLine, ...]:
        """Standing lines of downtime."""
        return tuple(line for line in standing(self.lines) if line.line.kind is LineKind.DOWNTIME)

    def taking(self, plan: JobPlan) -> Job:
        """With another plan: its steps follow; an id that is taken gets the plan's name before it."""
        taken = {step.id for step in self.steps}
        return replace(
            self,
            plans=(*self.plans, plan.ref),
            steps=(*self.steps, *_renamed(plan, taken)),
            skills=_higher((*self.skills, *plan.skills)),
            tools=tuple(dict.fromkeys((*self.tools, *plan.tools))),
            safety=self.safety.joined(plan.safety),
            photos=tuple(dict.fromkeys((*self.photos, *plan.photos))),
            other_cost=self.other_cost + plan.other_cost,
        )


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A machine that stands, told by a person. `reason` is a key of `DOWNTIME_REASONS`; `fault` where it is known."""

    asset: str
    what: str
    since_us: int
    at_us: int
    reason: str = "breakdown"
    fault: Fault | None = None
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """An order and its job after a change; `follow_up`: the order that a bad result opened, or had opened before."""

    order: WorkOrder
    job: Job
    follow_up: WorkOrder | None = None


NO_JOB = Job()
"""The job of an order without a plan, of which nothing was told yet."""


def _renamed(plan: JobPlan, taken: set[str]) -> Iterator[JobStep]:
    for step in plan.steps:
        yield replace(step, id=f"{plan.id}-{step.id}"[:60]) if step.id in taken else step


def _higher(skills: Iterable[SkillNeed]) -> tuple[SkillNeed, ...]:
    """Each skill once, at the highest level that is asked for."""
    levels: dict[str, int] = {}
    for need in skills:
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    return tuple(SkillNeed(skill, level) for skill, level in levels.items())
