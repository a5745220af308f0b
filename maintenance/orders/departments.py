"""Steps of other departments: production releases the machine, safety signs the permit, purchasing delivers. Pure.

Every step has an owner and a due time. While a required step is open its order cannot be started; what that does to the
order's dates is worked out here and stored nowhere, so that it is never stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.work import Status, WorkOrder

TEXT_LIMIT = 1_000


class Department(StrEnum):
    """Who has to do something before an order can start."""

    PRODUCTION = "production"  # releases the machine
    SAFETY = "safety"  # signs the permit to work
    PURCHASING = "purchasing"  # delivers what is not on the shelf


WAITS_IN: dict[Department, Status] = {
    Department.PRODUCTION: Status.WPCOND,
    Department.SAFETY: Status.WPCOND,
    Department.PURCHASING: Status.WMATL,
}
"""Status in which an order waits for a department."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that is asked for. Times are plant time (UTC, microseconds)."""

    department: Department
    what: str
    owner: str
    due_us: int
    required: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A step as stored. `revision` is checked on write; `warned_due_us` is the due time whose slip has been told."""

    id: int
    order_id: str
    department: Department
    what: str
    owner: str
    required: bool
    due_us: int
    made_at_us: int
    revision: int
    done_at_us: int | None = None
    done_by: str = ""
    dropped_at_us: int | None = None
    note: str = ""
    warned_due_us: int | None = None

    @property
    def is_open(self) -> bool:
        """Is it still to be done?"""
        return self.done_at_us is None and self.dropped_at_us is None

    def slips(self, now_us: int) -> bool:
        """Is it open although its time has come?"""
        return self.is_open and self.due_us < now_us


@dataclass(frozen=True, slots=True)
class Effect:
    """What the steps of an order do to its dates.

    `earliest_start_us`: not before every required step is done, an overdue one not before now. `late_h`: hours by which
    that lies after "start work by" (0: in time, or there is no such date). `waits_in`: WMATL or WPCOND while a required
    step is open, with the reason in words.
    """

    earliest_start_us: int
    late_h: float
    waits_in: Status | None
    reason: str


def effect(steps: Iterable[Step], start_by_us: int | None, now_us: int) -> Effect:
    """Earliest start, and how late that is.

    >>> hour = 3_600_000_000
    >>> permit = Step(1, "o", Department.SAFETY, "sign the permit", "Eva", True, 8 * hour, 0, 1)
    >>> found = effect([permit], start_by_us=6 * hour, now_us=0)
    >>> found.earliest_start_us // hour, found.late_h, found.waits_in.value
    (8, 2.0, 'WPCOND')
    >>> effect([permit], None, now_us=9 * hour).earliest_start_us // hour      # overdue: not before now
    9
    """
    required = [step for step in steps if step.required and step.dropped_at_us is None]
    waiting = blocking(required)
    earliest_us = max([now_us, *(step.due_us for step in waiting)])
    late_us = 0 if start_by_us is None else max(earliest_us - start_by_us, 0)
    return Effect(earliest_us, late_us / US_PER_HOUR, waits_in(waiting), reason_of(waiting))


def blocking(steps: Iterable[Step]) -> list[Step]:
    """Required steps that are still open, the first due first."""
    return sorted((step for step in steps if step.required and step.is_open), key=lambda step: (step.due_us, step.id))


def waits_in(waiting: Sequence[Step]) -> Status | None:
    """Status in which an order waits for these; for material only when nothing else is missing as well."""
    found = {WAITS_IN[step.department] for step in waiting}
    return Status.WPCOND if Status.WPCOND in found else Status.WMATL if found else None


def reason_of(waiting: Sequence[Step]) -> str:
    """What an order waits for, in words; "" when for nothing."""
    return "; ".join(f"{step.department.value}: {step.what} ({step.owner})" for step in waiting)


def check_start(order: WorkOrder, status: Status, steps: Iterable[Step]) -> None:
    """Raises Conflict when work is to begin although a required step is open."""
    waiting = blocking(steps)
    if status is Status.INPRG and order.is_open and waiting:
        raise Conflict(
            f"{order.number} cannot be started: it waits in {waits_in(waiting)} for {reason_of(waiting)}. Have the step"
            " done, or drop it with a reason"
        )


def checked(asked: Asked, now_us: int) -> Asked:
    """A step that can be kept. Raises Rejected without words, without an owner, or for a due time that has passed."""
    for name, text in (("what", asked.what), ("owner", asked.owner)):
        if not text.strip() or len(text) > TEXT_LIMIT:
            raise Rejected(f"step_{name}", f"a step says its {name} in 1 to {TEXT_LIMIT} letters")
    if asked.due_us <= now_us:
        raise Rejected("step_due", "a step is due in the future: whoever is asked needs time to do it")
    return asked


def usual_steps(
    order: WorkOrder, owners: dict[Department, str], delivery_us: int | None, now_us: int, notice_h: float = 24.0
) -> list[Asked]:
    """What most jobs need: production's release and the permit by the planned start, and a delivery where parts are to
    come. `delivery_us`: when the slowest part arrives (None: all are on hand). The start is "start work by" where it
    is known and in the future, else when the parts are there, and never within `notice_h` hours from now.
    """
    soonest_us = now_us + round(notice_h * US_PER_HOUR)
    start_us = max(soonest_us, delivery_us or 0, order.start_by_us or 0)
    asked = [
        Asked(Department.PRODUCTION, f"release {order.asset}", owners[Department.PRODUCTION], start_us),
        Asked(Department.SAFETY, f"sign the permit for {order.asset}", owners[Department.SAFETY], start_us),
    ]
    if delivery_us is not None:
        parts = ", ".join(f"{line.quantity} x {line.part}" for line in order.parts)
        due_us = max(delivery_us, now_us + 1)
        asked.append(Asked(Department.PURCHASING, f"deliver {parts}", owners[Department.PURCHASING], due_us))
    return asked
