"""The use cases of the order book, over whatever keeps the orders.

Each runs inside one transaction of its `OrderStore`: the order, its audit row and its message are written together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import NO_JOB, Job, JobPlan
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Advice, Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.evidence import canonical, plain
from forewarn.maintenance.orders.costs import ANY_HOUSE, House, priced
from forewarn.maintenance.orders.gate import FREE_WAY, Gate
from forewarn.maintenance.orders.job_json import bare
from forewarn.maintenance.orders.job_rules import best_plan
from forewarn.maintenance.orders.judging import judge
from forewarn.maintenance.orders.rules import KeptOrder, OrderSettings, opened, stepped, verified, with_plan
from forewarn.maintenance.orders.store_room import StoreRoom

SYSTEM = Actor("forewarn", "system")
"""Who opens and refreshes orders."""


class OrderStore(Protocol):
    """Orders as one transaction sees them. Implemented on SQL and in memory."""

    @property
    def room(self) -> StoreRoom:
        """The store room for spare parts, in the same transaction."""
        ...

    def joined_by(self, advice: Advice) -> KeptOrder | None:
        """The open order that an advice belongs to: the one with its fault, else the open order of its machine."""
        ...

    def finished(self, advice: Advice) -> list[KeptOrder]:
        """Orders no longer open that dealt with the advice's component, at least the one finished last."""
        ...

    def find(self, order_id: str) -> KeptOrder | None:
        """One order by id or number, locked against other writers."""
        ...

    def of_origin(self, origin: str) -> KeptOrder | None:
        """The order of an origin (`core.work.NewOrder`)."""
        ...

    def repair_of(self, asset: str) -> KeptOrder | None:
        """The open order that mends a machine."""
        ...

    def plans(self, id: str | None = None) -> list[JobPlan]:
        """Every version of one job plan, oldest first; without an id the newest version of each."""
        ...

    def keep_plan(self, plan: JobPlan, by: str, at_us: int) -> None:
        """Add a version of a job plan. Raises Conflict when there is one of this number."""
        ...

    def next_number(self) -> str:
        """The next human number, without gaps: WO-000001, ..."""
        ...

    def keep(self, kept: KeptOrder) -> None:
        """Insert or replace. Raises Conflict when another open order has one of its faults."""
        ...

    def record(self, entry: AuditEntry) -> int:
        """Append to the audit; its number."""
        ...

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        ...


def take_advice(
    store: OrderStore,
    advice: Advice,
    settings: OrderSettings,
    new_id: Callable[[], str],
    gate: Gate = FREE_WAY,
    actor: Actor = SYSTEM,
    house: House = ANY_HOUSE,
) -> OrderOutcome:
    """Open, update, or leave alone, as `orders.judging.judge` says; what would open is held back where the gate says
    so."""
    store.room.turn()
    joined = store.joined_by(advice)
    finished = [] if joined is not None else store.finished(advice)
    verdict = judge(advice, joined, finished, settings)
    if verdict.what == "opened":
        if verdict.follows is not None:  # a repair that failed goes on: no budget and no level stands in its way
            gate = FREE_WAY
        permit = gate.ask(advice)
        if not permit.open:
            gate.held(advice, permit)
            return OrderOutcome("held", None, permit.reason)
        kept = equipped(store, opened(advice, new_id(), store.next_number(), verdict.follows), house)
        order = replace(kept.order, draft=permit.draft, reserve_parts=permit.reserve, changed=permit.reason)
        write(store, None, replace(kept, order=order), actor, "opened", advice.at_us, "order.opened")
        gate.opened(advice, order.id, permit)
        return OrderOutcome("opened", _ask_for_parts(store, None, order, advice.at_us), permit.reason)
    if verdict.what == "updated" and verdict.kept is not None and joined is not None:
        after = equipped(store, verdict.kept, house, known=joined.order)
        write(store, joined, after, SYSTEM, "updated", advice.at_us, "order.updated")
        return OrderOutcome("updated", _ask_for_parts(store, joined.order, after.order, advice.at_us))
    return OrderOutcome(verdict.what, verdict.kept.order if verdict.kept else None)


def equipped(
    store: OrderStore, kept: KeptOrder, house: House, plan_id: str = "", known: WorkOrder | None = None
) -> KeptOrder:
    """The order with the job plans of its faults (of those that `known` had not), or the one that is named, and its
    planned cost. Raises Rejected for a named plan that there is not, or that was retired."""
    if known is None:
        kept = replace(kept, order=replace(kept.order, currency=house.costs.currency))
    for plan in _plans_for(store, kept.order, house, plan_id, known):
        kept = with_plan(kept, plan, instead=known is None)
    return replace(kept, order=priced(kept.order, kept.job, house.costs, house.facts))


def _plans_for(
    store: OrderStore, order: WorkOrder, house: House, plan_id: str, known: WorkOrder | None
) -> Iterator[JobPlan]:
    if plan_id:
        yield current_plan(store, plan_id)
        return
    old = {cause.fault for cause in known.causes} if known else set()
    faults: list[Fault | None] = [cause.fault for cause in order.causes if cause.fault not in old]
    if not faults and known is not None:
        return
    plans, asset_class, taken = store.plans(), house.facts.asset_class(order.asset), set[str]()
    for fault in faults or [None]:
        plan = best_plan(plans, order.kind, asset_class, fault)
        if plan is not None and plan.id not in taken:
            taken.add(plan.id)
            yield plan


def current_plan(store: OrderStore, id: str) -> JobPlan:
    """The newest version of a job plan. Raises Rejected when there is none, or when it was retired."""
    versions = store.plans(id)
    if not versions:
        raise Rejected("unknown_plan", f"there is no job plan {id!r}")
    if versions[-1].retired:
        raise Rejected("plan_retired", f"the job plan {id} was retired: choose another one, or save it anew")
    return versions[-1]


def take_step(
    store: OrderStore,
    order_id: str,
    status: Status,
    actor: Actor,
    revision: int,
    at_us: int,
    report: Json | None,
    house: House = ANY_HOUSE,
) -> WorkOrder:
    """Move an order; Rejected when there is none of this id or number. The store room may move it on at once: an
    approved order whose parts are missing waits in WMATL."""
    store.room.turn()
    kept = existing(store, order_id)
    after = stepped(kept, status, revision, at_us, report, actor, house.costs)
    store.room.check(kept.order, status)
    write(store, kept, after, actor, status.value, at_us, "order.status")
    if status is Status.CAN and after.order.reserve_parts:
        store.post("parts.release", {"order": after.order.id, "number": after.order.number}, at_us)
    return store.room.stepped(after.order, actor, at_us)


def _ask_for_parts(store: OrderStore, before: WorkOrder | None, order: WorkOrder, at_us: int) -> WorkOrder:
    """Ask the store room to put the parts of an order aside; the whole list again when it changed. Other systems are
    told of a changed list, not of another date."""
    if not order.reserve_parts or not order.parts:
        return order
    if before is None or before.parts != order.parts:
        lines = [{"part": line.part, "quantity": line.quantity} for line in order.parts]
        told: Json = {"order": order.id, "number": order.number, "asset": order.asset}
        store.post("parts.reserve", {**told, "needed_by_us": order.start_by_us, "parts": lines}, at_us)
    elif before.start_by_us == order.start_by_us:
        return order
    return store.room.wanted(order, SYSTEM, at_us)


def take_result(store: OrderStore, order_id: str, result: Verification, actor: Actor, at_us: int) -> WorkOrder:
    """Note the result of a verification; the same result again writes nothing."""
    kept = existing(store, order_id)
    after = verified(kept, result, at_us)
    if after != kept:
        write(store, kept, after, actor, f"verification {result.value}", at_us, "order.verified")
    return after.order


def existing(store: OrderStore, order_id: str) -> KeptOrder:
    """The order; Rejected when there is none of this id or number."""
    kept = store.find(order_id)
    if kept is None:
        raise Rejected("unknown_order", f"there is no order {order_id}")
    return kept


def write(
    store: OrderStore, before: KeptOrder | None, after: KeptOrder, actor: Actor, action: str, at_us: int, kind: str
) -> None:
    """Keep an order with its audit row and its message."""
    store.keep(after)
    was, became = changes(before, after)
    seq = store.record(AuditEntry(at_us, actor, after.order.id, action, was, became))
    order = after.order
    told: Json = {"order": order.id, "number": order.number, "asset": order.asset, "kind": order.kind.value}
    store.post(kind, {**told, "status": order.status.value, "revision": order.revision, "audit": seq}, at_us)


def snapshot(kept: KeptOrder) -> Json:
    """Everything about an order as JSON, the evidence by its SHA-256: what the audit rows of an order add up to."""
    order = kept.order
    causes = [
        {
            "fault": str(cause.fault),
            "failure_mode": cause.failure_mode,
            "added_at_us": cause.added_at_us,
            "evidence_sha256": hashlib.sha256(canonical(cause.evidence).encode()).hexdigest(),
        }
        for cause in order.causes
    ]
    fields = {name: plain(getattr(order, name)) for name in order.__dataclass_fields__ if name not in ("id", "causes")}
    return {
        **fields,
        "causes": causes,
        "driver": str(kept.driver) if kept.driver else None,
        "refreshed_at_us": kept.refreshed_at_us,
        "finished_at_us": kept.finished_at_us,
        **_job_snapshot(kept.job),
    }


def _job_snapshot(job: Job) -> Json:
    """Each result and line under a key of its own: adding one makes an audit row of one, however many there are."""
    entries = [("result", result) for result in job.results] + [("sign_off", signed) for signed in job.sign_offs]
    told = {f"{name} {entry.seq}": plain(entry) for name, entry in entries}
    told |= {f"line {line.seq}": plain(line) for line in job.lines}
    if bare(job) != NO_JOB:
        told["job"] = plain(bare(job))
    return told


def changes(before: KeptOrder | None, after: KeptOrder) -> tuple[Json, Json]:
    """The fields that differ, as they were and as they became; of a new order nothing and everything."""
    became = snapshot(after)
    if before is None:
        return {}, became
    was = snapshot(before)
    differing = [name for name in became if was.get(name) != became[name]]
    return {name: was.get(name) for name in differing}, {name: became[name] for name in differing}
