"""Job plans: how a kind of job is done, step by step. Values; the books keep them in versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.people import SkillNeed
from forewarn.core.plant import PartLine
from forewarn.core.work import OrderKind

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
FOLLOW_UPS = (OrderKind.INSPECTION, OrderKind.CORRECTIVE)


class StepKind(StrEnum):
    """What a step asks for."""

    TASK = "task"  # something to do
    MEASURE = "measure"  # a value with its unit, judged by limits
    QUALITY = "quality"  # a check that passes or fails


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture or drawing by its name and the SHA-256 of its bytes; the bytes are kept elsewhere."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not self.name.strip() or not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise Rejected("photo", f"a photo has a name and a SHA-256 of 64 hex digits, not {self.sha256[:80]!r}")


@dataclass(frozen=True, slots=True)
class JobStep:
    """One step. `unit`, `low` and `high` (inclusive, either may be missing) are those of a measurement.

    `required`: the order is not completed while it is open. `sign_off`: somebody else than who did it has to confirm
    it. `photo`: its result needs a picture. `follow_up`: what opens when the value is outside or the check fails.

    >>> gap = JobStep("gap", "Measure the bearing clearance", StepKind.MEASURE, unit="mm", high=0.25)
    >>> gap.is_outside(0.31), gap.is_outside(0.25)
    (True, False)
    """

    id: str
    text: str
    kind: StepKind = StepKind.TASK
    hours: float = 0.0
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = True
    sign_off: bool = False
    photo: bool = False
    follow_up: OrderKind = OrderKind.INSPECTION

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.id):
            raise Rejected("step_id", f"{self.id!r} is no step id: a-z, 0-9, - and _, such as check-gap")
        if not self.text.strip():
            raise Rejected("step_text", f"step {self.id} says nothing: give it a text")
        if self.hours < 0:
            raise Rejected("step_hours", f"step {self.id} takes {self.hours:g} h: hours are 0 or more")
        if self.kind is StepKind.MEASURE and not self.unit:
            raise Rejected("step_unit", f"step {self.id} measures something: say in which unit")
        if self.kind is not StepKind.MEASURE and (self.unit or self.low is not None or self.high is not None):
            raise Rejected("step_limits", f"step {self.id} is a {self.kind}: only a measure has unit and limits")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise Rejected("step_limits", f"step {self.id}: the lower limit {self.low:g} is above {self.high:g}")
        if self.follow_up not in FOLLOW_UPS:
            raise Rejected("step_follow_up", f"step {self.id}: a follow-up is {' or '.join(FOLLOW_UPS)}")

    def is_outside(self, value: float) -> bool:
        """Is a measured value outside the limits?"""
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)


@dataclass(frozen=True, slots=True)
class Safety:
    """What makes the work safe. `loto`: energy is locked out and tagged before. `permits`: such as "hot work"."""

    loto: bool = False
    permits: tuple[str, ...] = ()
    notes: str = ""

    def joined(self, other: Safety) -> Safety:
        """What both ask for."""
        notes = "\n".join(dict.fromkeys(text for text in (self.notes, other.notes) if text))
        return Safety(self.loto or other.loto, tuple(dict.fromkeys((*self.permits, *other.permits))), notes)


NO_SAFETY = Safety()
"""Nothing special is asked for."""


@dataclass(frozen=True, slots=True)
class PlanRef:
    """Which version of which plan an order took."""

    id: str
    version: int

    def __str__(self) -> str:
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class JobPlan:
    """How a kind of job is done. The book gives the `version`; `retired`: no order takes it any more.

    It is for orders whose kind is among `kinds`, whose asset is of `asset_class`, whose fault has `mechanism` and
    `component`, each only where it is named. A plan that names nothing is taken only by hand. `hours`: crew hours
    (0: the sum of the steps). `other_cost`: what else it costs, in the plant's currency (crane, scaffold).
    """

    id: str
    title: str
    version: int = 0
    kinds: tuple[OrderKind, ...] = ()
    asset_class: str = ""
    mechanism: str = ""
    component: str = ""
    steps: tuple[JobStep, ...] = ()
    hours: float = 0.0
    skills: tuple[SkillNeed, ...] = ()
    tools: tuple[str, ...] = ()
    parts: tuple[PartLine, ...] = ()
    safety: Safety = NO_SAFETY
    photos: tuple[Photo, ...] = ()
    other_cost: float = 0.0
    retired: bool = False

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.id):
            raise Rejected("plan_id", f"{self.id!r} is no plan id: a-z, 0-9, - and _, such as bearing-change")
        if not self.title.strip():
            raise Rejected("plan_title", f"the plan {self.id} has no title")
        ids = [step.id for step in self.steps]
        if twice := sorted({id for id in ids if ids.count(id) > 1}):
            raise Rejected("step_twice", f"the plan {self.id} has two steps called {', '.join(twice)}")
        if self.hours < 0 or self.other_cost < 0 or any(line.quantity < 1 for line in self.parts):
            raise Rejected("plan_amount", f"the plan {self.id}: hours and cost are 0 or more, quantities 1 or more")

    @property
    def ref(self) -> PlanRef:
        """Its name and version."""
        return PlanRef(self.id, self.version)

    @property
    def work_hours(self) -> float:
        """Crew hours: as said, else the sum of the steps."""
        return self.hours or sum(step.hours for step in self.steps)

    def fit(self, kind: OrderKind, asset_class: str, fault: Fault | None) -> int:
        """How closely it is meant for such an order; 0: not at all.

        >>> plan = JobPlan("bearing", "Change the bearing", asset_class="pump", mechanism="outer_race_spall")
        >>> spall = Fault("de_bearing", "outer_race_spall")
        >>> plan.fit(OrderKind.CONDITION, "pump", spall), plan.fit(OrderKind.CONDITION, "fan", spall)
        (10, 0)
        """
        named = (
            (8, self.mechanism, fault.mechanism if fault else None),
            (4, self.component, fault.component if fault else None),
            (2, self.asset_class, asset_class),
        )
        if self.retired or (self.kinds and kind not in self.kinds) or any(w and w != has for _, w, has in named):
            return 0
        return sum(weight for weight, wanted, _ in named if wanted) + bool(self.kinds)
