"""What the figures are made of: orders with their status times, lines and stops, task slots, the schedule. Values only.

`rows` reads them from the records; everything else in this folder is computed from them and from nothing else.
Times are UTC microseconds, periods half-open; weeks and months begin at local midnight of the plant's zone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.people import Technician
from forewarn.core.shifts import ShiftPlan
from forewarn.core.work import OrderKind, Status
from forewarn.maintenance.analysis.supply import SupplyFacts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US = timedelta(microseconds=1)
FAILURE_KINDS = (OrderKind.CORRECTIVE.value, OrderKind.EMERGENCY.value)
FINISHED = (Status.COMP.value, Status.CLOSE.value)
BREAKDOWN = "breakdown"


@dataclass(frozen=True, slots=True)
class Period:
    """[from_us, to_us) in a plant whose weeks and months begin in `zone`. Refused: one that ends before it begins.

    >>> year = Period.of(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    >>> year.hours, len(year.pieces("month")), len(year.weeks())
    (8760.0, 12, 52)
    """

    from_us: int
    to_us: int
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise Rejected("period", "a period ends after it begins: give `from` and a later `to`")

    @classmethod
    def of(cls, start: datetime, stop: datetime, zone: tzinfo = UTC) -> Period:
        """The period between two aware times."""
        return cls((start - EPOCH) // ONE_US, (stop - EPOCH) // ONE_US, zone)

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.to_us - self.from_us) / US_PER_HOUR

    def holds(self, at_us: int | None) -> bool:
        """Does a moment lie in it?"""
        return at_us is not None and self.from_us <= at_us < self.to_us

    def weeks(self) -> list[Period]:
        """Whole local weeks, Monday to Monday, that begin in the period; also those that end after it."""
        day = self._local(self.from_us)
        monday = day - timedelta(days=day.weekday())
        return [week for week in self._steps(monday, lambda at: at + timedelta(days=7)) if self.holds(week.from_us)]

    def pieces(self, step: str) -> list[Period]:
        """The period cut at local weeks or months ("week", "month"); the first and the last piece may be shorter."""
        day = self._local(self.from_us)
        if step == "month":
            found = self._steps(day.replace(day=1), _next_month)
        elif step == "week":
            found = self._steps(day - timedelta(days=day.weekday()), lambda at: at + timedelta(days=7))
        else:
            raise Rejected("step", f"a trend has the step week or month, not {step!r}")
        clipped = ((max(p.from_us, self.from_us), min(p.to_us, self.to_us)) for p in found)
        return [Period(start, stop, self.zone) for start, stop in clipped if start < stop]

    def _steps(self, first: datetime, step: Callable[[datetime], datetime]) -> list[Period]:
        told, at = [], first
        while (start := self._us(at)) < self.to_us:
            at = step(at)
            told.append(Period(start, self._us(at), self.zone))
        return told

    def _local(self, at_us: int) -> datetime:
        """Local midnight before a moment, without its zone."""
        local = (EPOCH + at_us * ONE_US).astimezone(self.zone)
        return datetime(local.year, local.month, local.day)  # noqa: DTZ001

    def _us(self, local: datetime) -> int:
        return (local.replace(tzinfo=self.zone).astimezone(UTC) - EPOCH) // ONE_US


def _next_month(at: datetime) -> datetime:
    return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)


@dataclass(frozen=True, slots=True)
class Step:
    """An order came to a status at a moment."""

    at_us: int
    status: str


@dataclass(frozen=True, slots=True)
class Line:
    """A standing line of a report that costs something. A corrected line counts when the first one was told.

    `kind` is labour, part or cost; `what` a person, a part or what it was for; hours of labour in `quantity`; `amount`
    in the currency of the order.
    """

    seq: int
    kind: str
    what: str
    quantity: float
    amount: float
    at_us: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A machine stood for a reason of `core.jobs.DOWNTIME_REASONS`; `end_us` None: it still stands."""

    reason: str
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order as the figures see it. `steps` are its statuses in order of time, the first being how it was opened.

    `hours` planned; `components` and `failure_mode` (ISO 14224) of its causes, or of the finding; `no_fault`: it was
    found that nothing was wrong; `imported`: it came from another system, which told one date; `plan`: id of the
    preventive plan that asked for it; `skills` of its job plan.
    """

    id: str
    number: str
    asset: str
    kind: str
    status: str
    created_at_us: int
    hours: float
    currency: str
    components: tuple[str, ...] = ()
    failure_mode: str = ""
    no_fault: bool = False
    imported: bool = False
    plan: str = ""
    start_by_us: int | None = None
    skills: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    lines: tuple[Line, ...] = ()
    stops: tuple[Stop, ...] = ()

    def status_at(self, at_us: int) -> str | None:
        """Its status at a moment; None before it was opened."""
        known = [step.status for step in self.steps if step.at_us <= at_us]
        return known[-1] if known else None

    def completions(self) -> list[int]:
        """When it was completed; more than once where it was taken up again."""
        return [step.at_us for step in self.steps if step.status == Status.COMP.value]

    @property
    def completed_us(self) -> int | None:
        """When it was completed for good; None where it was not, or where that was not told."""
        done = self.completions()
        return done[-1] if done and self.status in FINISHED else None

    @property
    def ended_us(self) -> int | None:
        """When it was completed or cancelled."""
        gone = [step.at_us for step in self.steps if step.status == Status.CAN.value]
        return gone[-1] if gone else self.completed_us

    @property
    def breakdowns(self) -> tuple[Stop, ...]:
        """Stops because the machine failed."""
        return tuple(stop for stop in self.stops if stop.reason == BREAKDOWN)

    @property
    def is_failure(self) -> bool:
        """Did the machine fail? See `reliability.failures_of`."""
        if self.status == Status.CAN.value or self.no_fault:
            return False
        return self.kind in FAILURE_KINDS or bool(self.breakdowns)


@dataclass(frozen=True, slots=True)
class TaskSlot:
    """One occasion of a preventive plan. `done_us`: its order was completed; `tolerance_us` to either side of the due
    date, None where the plan gives no way to tell."""

    plan: str
    asset: str
    key: str
    due_us: int
    state: str
    done_us: int | None
    order_id: str | None
    number: str
    tolerance_us: int | None


@dataclass(frozen=True, slots=True)
class Placed:
    """An order stood in the published schedule at a place, for [since_us, until_us) (None: it still does)."""

    order_id: str
    person: str
    start_us: int
    stop_us: int
    since_us: int
    until_us: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """When a machine was watched, and when it was to run.

    Records of it are known in [since_us, until_us). `shifts` is when it is planned to run; without them it is
    `hours_per_day` of every day. `measured` gives the hours that it ran between two moments where a meter or signal
    tells, None where that does not cover the time. `tells_stops`: would a stop of it have been reported? Not where all
    that is known was imported.
    """

    asset: str
    since_us: int
    until_us: int
    shifts: ShiftPlan | None = None
    hours_per_day: float = 24.0
    measured: Callable[[int, int], float | None] | None = None
    tells_stops: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that figures are computed from, as of `now_us`; `places` name class and area of an asset."""

    now_us: int
    orders: tuple[PastOrder, ...] = ()
    slots: tuple[TaskSlot, ...] = ()
    placed: tuple[Placed, ...] = ()
    machines: tuple[Machine, ...] = ()
    people: tuple[Technician, ...] = ()
    classes: dict[str, str] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)
    supply: SupplyFacts = field(default_factory=SupplyFacts)
