"""Advice and work orders: the words, the one table of statuses, and the values that travel.

The table is the only place that knows which step is allowed: code, API `allowed_actions`, page and the diagram in the
docs come from it. Statuses are Maximo's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine


class Status(StrEnum):
    """Status of a work order."""

    WAPPR = "WAPPR"  # waiting for approval (drafts too)
    APPR = "APPR"  # approved
    WSCH = "WSCH"  # waiting for schedule
    WMATL = "WMATL"  # waiting for material
    WPCOND = "WPCOND"  # waiting for plant condition
    INPRG = "INPRG"  # in progress
    COMP = "COMP"  # completed, its effect not yet verified
    CLOSE = "CLOSE"  # final
    CAN = "CAN"  # cancelled, final


_WAITING = (Status.WSCH, Status.WMATL, Status.WPCOND)

TRANSITIONS: dict[Status, tuple[Status, ...]] = {
    Status.WAPPR: (Status.APPR, Status.CAN),
    Status.APPR: (*_WAITING, Status.INPRG, Status.CAN),
    Status.WSCH: (Status.WMATL, Status.WPCOND, Status.APPR, Status.INPRG, Status.CAN),
    Status.WMATL: (Status.WSCH, Status.WPCOND, Status.APPR, Status.INPRG, Status.CAN),
    Status.WPCOND: (Status.WSCH, Status.WMATL, Status.APPR, Status.INPRG, Status.CAN),
    Status.INPRG: (Status.COMP, Status.WMATL, Status.WPCOND),
    Status.COMP: (Status.CLOSE, Status.INPRG),
    Status.CLOSE: (),
    Status.CAN: (),
}

OPEN_STATUSES = tuple(s for s in Status if s not in (Status.COMP, Status.CLOSE, Status.CAN))
"""Open for the rule of one open order per (asset, fault)."""


class OrderKind(StrEnum):
    """Why the order exists."""

    CONDITION = "condition"
    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    EMERGENCY = "emergency"
    INSPECTION = "inspection"
    INSTRUMENT = "instrument"


class Verification(StrEnum):
    """Does the repair show in the signals?"""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"


class Decision(StrEnum):
    """What advice asks for."""

    OPEN = "open"
    DRAFT = "draft"  # prepare the order, a person decides
    WAIT = "wait"


ORIGIN_LIMIT = 200

Json = dict[str, object]
"""A JSON object of plain values (str, int, float, bool, None, list, dict)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What should be done about one fault of one asset. Times are plant time (UTC, microseconds).

    `win_probability` in [0, 1]: chance that part and crew are there before the failure (None without a forecast).
    `evidence` is what the decision rests on; it is frozen on the order. `slack_h`: hours until the last moment to order
    parts, below 0 when it has passed; `fails_in_h`: calendar hours to P50 of failure; `risk_cost`: what waiting costs
    more than acting, in the plant's currency.
    """

    asset: str
    fault: Fault
    failure_mode: str
    kind: OrderKind
    decision: Decision
    reason: str
    priority: int
    title: str
    at_us: int
    evidence: Json
    parts: tuple[PartLine, ...] = ()
    repair_hours: float = 0.0
    steps: tuple[str, ...] = ()
    rul_p10_h: float | None = None
    rul_p50_h: float | None = None
    rul_p90_h: float | None = None
    order_by_us: int | None = None
    start_by_us: int | None = None
    win_probability: float | None = None
    slack_h: float | None = None
    fails_in_h: float | None = None
    risk_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault on an order, with the evidence as it was when the cause was put there."""

    fault: Fault
    failure_mode: str
    evidence: Json
    added_at_us: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that no forecast asks for: raised by hand, by a preventive plan, by a check that failed.

    `origin` is where it comes from, in words that are never the same for two orders ("pm:lube-12:2026-11",
    "step:ORDER:gap"): asked again, the same order is answered. "" = nothing tells repeats. `plan`: id of the job plan
    to take ("" = the one that fits best). `follows`: id or number of the order that it grew out of. `told` goes into
    the report. Raises Rejected without machine or title, for a priority that is not 1 to 5, and an origin of more than
    200 letters.
    """

    asset: str
    kind: OrderKind
    title: str
    at_us: int
    origin: str = ""
    priority: int = 3
    fault: Fault | None = None
    failure_mode: str = "UNK"
    follows: str | None = None
    plan: str = ""
    parts: tuple[PartLine, ...] = ()
    repair_hours: float = 0.0
    steps: tuple[str, ...] = ()
    order_by_us: int | None = None
    start_by_us: int | None = None
    told: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.asset:
            raise Rejected("order_title", "an order names its machine and has a title")
        if self.priority not in (1, 2, 3, 4, 5):
            raise Rejected(
                "order_priority", f"a priority is 1 (emergency) to 5 (at an opportunity), not {self.priority}"
            )
        if len(self.origin) > ORIGIN_LIMIT:
            raise Rejected("order_origin", f"an origin has at most {ORIGIN_LIMIT} letters; shorten it, or use a digest")
        if self.repair_hours < 0 or any(line.quantity < 1 for line in self.parts):
            raise Rejected("order_amount", "hours are 0 or more, quantities of parts 1 or more")


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A work order as stored. `revision` counts every change and is checked on write.

    `draft`: why Forewarn only prepared it, "level" of autonomy or its own "advice"; "" when it is meant to be done.
    `reserve_parts`: its parts are asked to be put aside. `changed`: what the newest advice changed, as a sentence.
    `follows`: id of the order that it grew out of. `origin`: see `NewOrder`. `planned_cost`: hours, parts and other
    cost of the plan in `currency` (ISO 4217); `approved_cost`: up to where `approved_by` has approved it.
    """

    id: str
    number: str
    asset: str
    kind: OrderKind
    status: Status
    priority: int
    title: str
    causes: tuple[Cause, ...]
    parts: tuple[PartLine, ...]
    steps: tuple[str, ...]
    repair_hours: float
    created_at_us: int
    updated_at_us: int
    revision: int
    rul_p10_h: float | None = None
    rul_p50_h: float | None = None
    rul_p90_h: float | None = None
    order_by_us: int | None = None
    start_by_us: int | None = None
    win_probability: float | None = None
    verification: Verification = Verification.PENDING
    report: Json = field(default_factory=dict)
    draft: str = ""
    reserve_parts: bool = False
    changed: str = ""
    follows: str | None = None
    origin: str | None = None
    planned_cost: float = 0.0
    currency: str = "EUR"
    approved_cost: float | None = None
    approved_by: str | None = None

    @property
    def is_draft(self) -> bool:
        """Does it wait for a person to say whether it is done at all? Approval ends that."""
        return self.status is Status.WAPPR and self.draft != ""

    @property
    def is_open(self) -> bool:
        """Does it block a second order for the same fault?"""
        return self.status in OPEN_STATUSES

    @property
    def allowed_actions(self) -> tuple[Status, ...]:
        """Statuses that it may go to now."""
        return TRANSITIONS[self.status]
