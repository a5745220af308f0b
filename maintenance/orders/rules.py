"""An order as an advice opens it, and which step of it is allowed. Pure: values in, values out.

The books (`orders.book`, `orders.book_memory`) find and keep orders; every decision about them stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import NO_JOB, Job, JobPlan
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.work import (
    TRANSITIONS,
    Advice,
    Cause,
    Json,
    NewOrder,
    OrderKind,
    Status,
    Verification,
    WorkOrder,
)
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.costs import CHECKED_AT, NO_LIMITS, CostRules, approved
from forewarn.maintenance.orders.findings import checked_finding, without_finding
from forewarn.maintenance.orders.job_rules import finished

REPORT_LIMIT = 65_536
NOBODY = Actor("forewarn", "system")
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
    """Do alarms of one machine go onto one order? Repairs do; instruments have one per signal; preventive work and
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


def opened_by(new: NewOrder, id: str, number: str, currency: str) -> KeptOrder:
    """The order that somebody asks for; a fault becomes its cause, with what was told as its evidence."""
    causes = (Cause(new.fault, new.failure_mode, new.told, new.at_us),) if new.fault else ()
    order = WorkOrder(
        id=id,
        number=number,
        asset=new.asset,
        kind=new.kind,
        status=Status.WAPPR,
        priority=new.priority,
        title=new.title,
        causes=causes,
        parts=together((), new.parts),
        steps=new.steps,
        repair_hours=new.repair_hours,
        created_at_us=new.at_us,
        updated_at_us=new.at_us,
        revision=1,
        order_by_us=new.order_by_us,
        start_by_us=new.start_by_us,
        report=checked(dict(new.told)),
        follows=new.follows,
        origin=new.origin or None,
        currency=currency,
    )
    return KeptOrder(order, new.fault, new.at_us)


def with_plan(kept: KeptOrder, plan: JobPlan, instead: bool = False) -> KeptOrder:
    """The order with a frozen copy of a job plan: parts joined, hours the longer ones, its steps after those that are
    there (`instead`: in their place). The very same when it has this plan already."""
    if any(ref.id == plan.id for ref in kept.job.plans):
        return kept
    order = kept.order
    there = kept.job.steps if instead and plan.steps else ()
    texts = [step.text for step in there] if instead and plan.steps else list(order.steps)
    changed = replace(
        order,
        parts=together(order.parts, plan.parts),
        steps=(*texts, *(step.text for step in plan.steps if step.text not in texts)),
        repair_hours=max(order.repair_hours, plan.work_hours),
    )
    return replace(kept, order=changed, job=kept.job.taking(plan))


def expect(order: WorkOrder, revision: int) -> None:
    """Raises Conflict when somebody changed the order since it was read."""
    if revision != order.revision:
        raise Conflict(f"{order.number} is at revision {order.revision}, not {revision}: read it again")


def touched(order: WorkOrder, at_us: int) -> WorkOrder:
    """The order after a change that moves it to no other status."""
    return replace(order, revision=order.revision + 1, updated_at_us=max(order.updated_at_us, at_us))


def stepped(
    kept: KeptOrder,
    status: Status,
    revision: int,
    at_us: int,
    report: Json | None,
    actor: Actor = NOBODY,
    costs: CostRules = NO_LIMITS,
) -> KeptOrder:
    """The order after a step of `TRANSITIONS`.

    Raises Conflict for a stale revision, a forbidden step, closing an order whose effect was neither verified nor
    waived, and beginning one whose cost the actor's role may not approve; Rejected for a report that is no JSON, above
    64 KiB, or whose finding is not understood (`findings`), and for completing an order with open steps
    (`job_rules.finished`). Work taken up again forgets its finding: it is told anew.
    """
    order = kept.order
    expect(order, revision)
    if status not in TRANSITIONS[order.status]:
        allowed = ", ".join(TRANSITIONS[order.status]) or "nothing"
        raise Conflict(f"{order.number} cannot go from {order.status} to {status}; allowed: {allowed}")
    if status is Status.CLOSE and order.verification not in (Verification.PASSED, Verification.WAIVED):
        raise Conflict(f"{order.number} cannot be closed: its verification is {order.verification}")
    if status in CHECKED_AT:
        order = approved(order, actor, costs)
    told, job = dict(report or {}), kept.job
    if status is Status.COMP:
        job = finished(order, job, told.pop("skipped", {}), actor, at_us)
    rework = order.status is Status.COMP and status is Status.INPRG
    kept_report = without_finding(order.report) if rework else order.report
    changed = replace(
        touched(order, at_us),
        status=status,
        report={**kept_report, **checked(checked_finding(order, status, told, at_us))},
        verification=Verification.PENDING if rework else order.verification,
    )
    finished_at_us = None if changed.is_open else max(at_us, kept.finished_at_us or 0)
    return replace(kept, order=changed, finished_at_us=finished_at_us, job=job)


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
    return replace(kept, order=replace(touched(order, at_us), verification=result))


def checked(report: Json) -> Json:
    """The report; Rejected when it is no JSON or above 64 KiB."""
    try:
        text = canonical(report)
    except (TypeError, ValueError) as error:
        raise Rejected("report_not_json", str(error)) from error
    if len(text.encode()) > REPORT_LIMIT:
        raise Rejected("report_too_large", f"a report holds at most {REPORT_LIMIT} bytes")
    return report
