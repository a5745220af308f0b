"""An order as an advice opens it, and which step of it is allowed. Pure: values in, values out.

The books (`orders.book`, `orders.book_memory`) find and keep orders; every decision about them stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import NO_JOB, Job
from forewarn.core.plant import PartLine
from forewarn.core.work import (
    TRANSITIONS,
    Advice,
    Cause,
    Json,
    OrderKind,
    Status,
    Verification,
    WorkOrder,
)
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.findings import checked_finding, without_finding

REPORT_LIMIT = 65_536
REPAIRS = (OrderKind.CONDITION, OrderKind.CORRECTIVE, OrderKind.EMERGENCY)
"""Kinds of orders that mend a machine; what is wrong with one machine is one such order."""


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """When the book stays quiet. Hours are plant time.

    A finished order keeps its component quiet for `cool_down_h`. Dates count as moved beyond `moved_h` and beyond
    `moved_share` of the time that was left; a chance beyond `moved_probability`. A fault that drives an order's dates
    keeps them for `hold_h` against a less urgent fault of the same order.
    """

    cool_down_h: float = 72.0
    moved_h: float = 4.0
    moved_share: float = 0.10
    moved_probability: float = 0.20
    hold_h: float = 24.0


AS_USUAL = OrderSettings()


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order with what only the book knows: which fault its dates are of (None: no forecast drives it) and since
    when, its end, and its job. Lists of orders are read without their jobs and never written back."""

    order: WorkOrder
    driver: Fault | None
    refreshed_at_us: int
    finished_at_us: int | None = None
    job: Job = NO_JOB


def shares_order(kind: OrderKind) -> bool:
    """Do alarms of one machine go onto one order? Repairs do; instruments have one order per signal; preventive work and
    inspections are jobs of their own."""
    return kind in REPAIRS


def opened(advice: Advice, id: str, number: str, follows: str | None) -> KeptOrder:
    """The new order that an advice asks for."""
    order = WorkOrder(
        id=id,
        number=number,
        asset=advice.asset,
        kind=advice.kind,
        status=Status.WAPPR,
        priority=advice.priority,
        title=advice.title,
        causes=(cause_of(advice),),
        parts=together((), advice.parts),
        steps=advice.steps,
        repair_hours=advice.repair_hours,
        created_at_us=advice.at_us,
        updated_at_us=advice.at_us,
        revision=1,
        follows=follows,
    )
    return KeptOrder(dated(order, advice), advice.fault, advice.at_us)


def cause_of(advice: Advice) -> Cause:
    """The fault of an advice as a cause, its evidence frozen."""
    return Cause(advice.fault, advice.failure_mode, advice.evidence, advice.at_us)


def dated(order: WorkOrder, advice: Advice) -> WorkOrder:
    """The order with dates, chance and title of the advice."""
    return replace(
        order,
        title=advice.title,
        rul_p10_h=advice.rul_p10_h,
        rul_p50_h=advice.rul_p50_h,
        rul_p90_h=advice.rul_p90_h,
        order_by_us=advice.order_by_us,
        start_by_us=advice.start_by_us,
        win_probability=advice.win_probability,
    )


def together(ours: Sequence[PartLine], theirs: Sequence[PartLine]) -> tuple[PartLine, ...]:
    """Both lists, each part once, with the larger quantity: two faults of one machine mostly share their parts."""
    quantity: dict[str, int] = {}
    for line in (*ours, *theirs):
        quantity[line.part] = max(line.quantity, quantity.get(line.part, 0))
    return tuple(PartLine(part, count) for part, count in quantity.items())


def stepped(kept: KeptOrder, status: Status, revision: int, at_us: int, report: Json | None) -> KeptOrder:
    """The order after a step of `TRANSITIONS`. Raises Conflict for a stale revision, a forbidden step, or closing an
    order whose effect was neither verified nor waived; Rejected for a report that is no JSON, above 64 KiB, or whose
    finding is not understood (`findings`). Work taken up again forgets its finding: it is told anew."""
    order = kept.order
    if revision != order.revision:
        raise Conflict(f"{order.number} is at revision {order.revision}, not {revision}: read it again")
    if status not in TRANSITIONS[order.status]:
        allowed = ", ".join(TRANSITIONS[order.status]) or "nothing"
        raise Conflict(f"{order.number} cannot go from {order.status} to {status}; allowed: {allowed}")
    if status is Status.CLOSE and order.verification not in (Verification.PASSED, Verification.WAIVED):
        raise Conflict(f"{order.number} cannot be closed: its verification is {order.verification}")
    rework = order.status is Status.COMP and status is Status.INPRG
    kept_report = without_finding(order.report) if rework else order.report
    changed = replace(
        order,
        status=status,
        revision=order.revision + 1,
        updated_at_us=max(order.updated_at_us, at_us),
        report={**kept_report, **_checked(checked_finding(order, status, report or {}, at_us))},
        verification=Verification.PENDING if rework else order.verification,
    )
    finished_at_us = None if changed.is_open else max(at_us, kept.finished_at_us or 0)
    return replace(kept, order=changed, finished_at_us=finished_at_us)


def verified(kept: KeptOrder, result: Verification, at_us: int) -> KeptOrder:
    """The completed order with the result of its verification; the very same when it has it already.

    Raises Conflict when the order is not completed, Rejected for `pending`, which is no result.
    """
    order = kept.order
    if result is Verification.PENDING:
        raise Rejected("no_result", "a verification is passed, failed or waived")
    if order.status is not Status.COMP:
        raise Conflict(f"{order.number} is {order.status}: only a completed order is verified")
    if order.verification is result:
        return kept
    changed = replace(
        order, verification=result, revision=order.revision + 1, updated_at_us=max(order.updated_at_us, at_us)
    )
    return replace(kept, order=changed)


def _checked(report: Json) -> Json:
    try:
        text = canonical(report)
    except (TypeError, ValueError) as error:
        raise Rejected("report_not_json", str(error)) from error
    if len(text.encode()) > REPORT_LIMIT:
        raise Rejected("report_too_large", f"a report holds at most {REPORT_LIMIT} bytes")
    return report
