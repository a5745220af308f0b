"""The use cases around the work of an order, over whatever keeps the orders.

As in `desk`, each runs inside one transaction of its store: what changes, its audit row and its message are written
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import DOWNTIME_REASONS, Breakdown, Job, JobPlan, LineKind, NewLine, NewResult, Worked
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Advice, Cause, Decision, Json, NewOrder, OrderKind, Status, WorkOrder
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.costs import House, approved
from forewarn.maintenance.orders.desk import OrderStore, current_plan, equipped, existing, write
from forewarn.maintenance.orders.job_rules import (
    follow_up_of,
    raised_told,
    steps_of,
    with_lines,
    with_result,
    with_sign_off,
)
from forewarn.maintenance.orders.rules import KeptOrder, checked, expect, opened_by, touched, with_plan

NewId = Callable[[], str]


def take_new(store: OrderStore, new: NewOrder, actor: Actor, house: House, new_id: NewId) -> OrderOutcome:
    """Open an order that somebody asks for: `opened`, or `unchanged` with the one that is there.

    The one that is there has the same origin, or is the open order of the same fault. Raises Rejected for an unknown
    forerunner or plan.
    """
    there = store.of_origin(new.origin) if new.origin else None
    if there is None and new.fault is not None:
        joined = store.joined_by(_as_advice(new))
        there = joined if joined and any(cause.fault == new.fault for cause in joined.order.causes) else None
    if there is not None:
        return OrderOutcome("unchanged", there.order)
    return OrderOutcome("opened", _opened(store, new, actor, house, new_id).order)


def _opened(
    store: OrderStore, new: NewOrder, actor: Actor, house: House, new_id: NewId, action: str = "opened"
) -> KeptOrder:
    if new.follows is not None:
        new = replace(new, follows=existing(store, new.follows).order.id)
    kept = opened_by(new, new_id(), store.next_number(), house.costs.currency)
    kept = equipped(store, kept, house, new.plan)
    write(store, None, kept, actor, action, new.at_us, "order.opened")
    return kept


def take_breakdown(store: OrderStore, told: Breakdown, actor: Actor, house: House, new_id: NewId) -> OrderOutcome:
    """A machine stands: `opened` an emergency or corrective order, or `updated` the open repair of that machine.

    The open order becomes more urgent and gets the fault as a further cause; its kind stays, for it tells why the
    order exists. Told again with the same begin, nothing changes. Raises Rejected for an unknown reason, and a begin
    after now.
    """
    if told.reason not in DOWNTIME_REASONS:
        raise Rejected(
            "downtime_reason", f"there is no reason {told.reason!r}; known are {', '.join(DOWNTIME_REASONS)}"
        )
    if told.since_us > told.at_us:
        raise Rejected("downtime_start", "a breakdown has happened: say when it began, not later than now")
    new = _breakdown_order(told, actor)
    joined = store.joined_by(_as_advice(new)) if new.fault else store.repair_of(new.asset)
    if joined is None:
        kept = _opened(store, new, actor, house, new_id, "breakdown")
        return OrderOutcome("opened", _with_downtime(store, kept, told, actor).order)
    if _knows(joined, told):
        return OrderOutcome("unchanged", joined.order)
    order = _with_fault(joined.order, new)
    entries = [*_breakdowns(joined.order), _entry(told, actor)]
    report = checked({**joined.order.report, "breakdowns": entries})
    order = replace(touched(order, told.at_us), priority=min(order.priority, new.priority), report=report)
    job = _downtime_job(joined.job, order, told, actor, Status.INPRG)
    after = equipped(store, replace(joined, order=order, job=job), house, known=joined.order)
    write(store, joined, after, actor, "breakdown", told.at_us, "order.updated")
    return OrderOutcome("updated", after.order)


def _breakdown_order(told: Breakdown, actor: Actor) -> NewOrder:
    return NewOrder(
        asset=told.asset,
        kind=OrderKind.EMERGENCY if told.emergency else OrderKind.CORRECTIVE,
        title=f"Breakdown, {told.asset}: {told.what}"[:300],
        at_us=told.at_us,
        priority=1 if told.emergency else 2,
        fault=told.fault,
        failure_mode="BRD",
        told={"breakdowns": [_entry(told, actor)]},
    )


def _entry(told: Breakdown, actor: Actor) -> Json:
    return {**raised_told(told.what, actor, told.at_us, told.reason), "since_us": told.since_us}


def _breakdowns(order: WorkOrder) -> list[Json]:
    known = order.report.get("breakdowns", [])
    return known if isinstance(known, list) else []


def _knows(kept: KeptOrder, told: Breakdown) -> bool:
    return any(entry["since_us"] == told.since_us for entry in _breakdowns(kept.order))


def _with_fault(order: WorkOrder, new: NewOrder) -> WorkOrder:
    if new.fault is None or any(cause.fault == new.fault for cause in order.causes):
        return order
    return replace(order, causes=(*order.causes, Cause(new.fault, new.failure_mode, new.told, new.at_us)))


def _downtime_job(job: Job, order: WorkOrder, told: Breakdown, actor: Actor, status: Status) -> Job:
    """With a line of downtime, unless one lasts: a machine stands once."""
    if any(line.line.end_us is None for line in job.downtimes()):
        return job
    line = NewLine(LineKind.DOWNTIME, told.reason, start_us=told.since_us, note=told.what[:4_000])
    return with_lines(replace(order, status=status), job, [line], actor, told.at_us)


def _with_downtime(store: OrderStore, kept: KeptOrder, told: Breakdown, actor: Actor) -> KeptOrder:
    job = _downtime_job(kept.job, kept.order, told, actor, Status.INPRG)
    after = replace(kept, order=touched(kept.order, told.at_us), job=job)
    write(store, kept, after, actor, "report", told.at_us, "order.job")
    return after


def take_step_result(
    store: OrderStore,
    order_id: str,
    told: NewResult,
    actor: Actor,
    revision: int,
    at_us: int,
    house: House,
    new_id: NewId,
) -> Worked:
    """Note the result of a step. A value outside its limits, or a check that failed, opens exactly one order that
    follows this one, however often it is told."""
    kept = _current(store, order_id, revision)
    job, result = with_result(kept.order, kept.job, told, actor, at_us)
    after = replace(kept, order=touched(kept.order, at_us), job=job)
    write(store, kept, after, actor, f"step {result.outcome.value}", at_us, "order.job")
    follow_up = None
    if result.is_bad:
        step = next(step for step in steps_of(kept.order, job) if step.id == result.step)
        follow_up = take_new(store, follow_up_of(kept.order, step, result), actor, house, new_id).order
    return Worked(after.order, job, follow_up)


def take_sign_off(
    store: OrderStore, order_id: str, step: str, actor: Actor, revision: int, at_us: int, note: str
) -> Worked:
    """Confirm what somebody else did; confirmed again, nothing is written."""
    kept = _current(store, order_id, revision)
    job = with_sign_off(kept.order, kept.job, step, actor, at_us, note)
    return _told(store, kept, replace(kept, job=job), actor, "signed off", at_us)


def take_lines(
    store: OrderStore, order_id: str, lines: Sequence[NewLine], actor: Actor, revision: int, at_us: int
) -> Worked:
    """Add lines to the report of an order; all of them or none. Those that the ledger of stock writes itself are left
    to it (`store_room.StoreRoom.told`)."""
    store.room.turn()
    kept = _current(store, order_id, revision)
    with_lines(kept.order, kept.job, lines, actor, at_us)  # refused as a whole, before the ledger moves
    left = store.room.told(kept.order, lines, actor, at_us)
    if left is not lines:
        kept, lines = existing(store, order_id), left
    job = with_lines(kept.order, kept.job, lines, actor, at_us)
    return _told(store, kept, replace(kept, job=job), actor, "report", at_us)


def take_approval(store: OrderStore, order_id: str, actor: Actor, revision: int, at_us: int, house: House) -> Worked:
    """Approve what an order is planned to cost. Raises Conflict, with who may, when the actor's role may not, and for
    an order that is no longer open."""
    kept = _current(store, order_id, revision)
    if not kept.order.is_open:
        raise Conflict(f"{kept.order.number} is {kept.order.status}: there is nothing left to approve")
    order = approved(kept.order, actor, house.costs)
    return _told(store, kept, replace(kept, order=order), actor, "cost approved", at_us)


def take_plan(
    store: OrderStore, order_id: str, plan_id: str, actor: Actor, revision: int, at_us: int, house: House
) -> Worked:
    """Give an order a job plan by hand. Raises Conflict once it is completed, or when it has the plan already."""
    kept = _current(store, order_id, revision)
    if not kept.order.is_open:
        raise Conflict(f"{kept.order.number} is {kept.order.status}: it takes no plan any more")
    after = with_plan(kept, current_plan(store, plan_id))
    if after == kept:
        has = next(ref for ref in kept.job.plans if ref.id == plan_id)
        raise Conflict(f"{kept.order.number} works by {has} already; a plan is frozen on the order that took it")
    after = equipped(store, after, house, known=after.order)
    return _told(store, kept, after, actor, "plan taken", at_us)


def save_plan(store: OrderStore, plan: JobPlan, actor: Actor, at_us: int, version: int) -> JobPlan:
    """Keep a plan as a new version; `version` is the newest one that the writer knows (0: none).

    What is saved again unchanged is no new version. Raises Conflict when somebody saved another version meanwhile.
    """
    versions = store.plans(plan.id)
    newest = versions[-1].version if versions else 0
    if versions and replace(plan, version=newest) == versions[-1]:
        return versions[-1]
    if version != newest:
        raise Conflict(f"the job plan {plan.id} is at version {newest}, not {version}: read it again")
    kept = replace(plan, version=newest + 1)
    store.keep_plan(kept, actor.name, at_us)
    before = plain_object(versions[-1]) if versions else {}
    after = plain_object(kept)
    changed = [name for name in after if before.get(name) != after[name]]
    was: Json = {name: before.get(name) for name in changed} if versions else {}
    entry = AuditEntry(at_us, actor, f"job-plan:{plan.id}", "plan saved", was, {name: after[name] for name in changed})
    seq = store.record(entry)
    store.post("job_plan.saved", {"plan": plan.id, "version": kept.version, "audit": seq}, at_us)
    return kept


def _current(store: OrderStore, order_id: str, revision: int) -> KeptOrder:
    kept = existing(store, order_id)
    expect(kept.order, revision)
    return kept


def _told(store: OrderStore, before: KeptOrder, after: KeptOrder, actor: Actor, action: str, at_us: int) -> Worked:
    """Write what changed; nothing where nothing did."""
    if after != before:
        after = replace(after, order=touched(after.order, at_us))
        write(store, before, after, actor, action, at_us, "order.job")
    return Worked(after.order, after.job)


def _as_advice(new: NewOrder) -> Advice:
    """What a new order with a fault is found by."""
    assert new.fault is not None  # its callers ask
    return Advice(
        asset=new.asset,
        fault=new.fault,
        failure_mode=new.failure_mode,
        kind=new.kind,
        decision=Decision.OPEN,
        reason=new.title,
        priority=new.priority,
        title=new.title,
        at_us=new.at_us,
        evidence=new.told,
    )
