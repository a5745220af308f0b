"""Steps of other departments in the records: each change with its audit row and its message, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.department_tables import DEPARTMENT_STEP
from forewarn.maintenance.orders.departments import Asked, Department, Step, checked, effect
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.orders.rows import IS_OPEN, read_orders
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER

OPEN = DEPARTMENT_STEP.c.done_at_us.is_(None) & DEPARTMENT_STEP.c.dropped_at_us.is_(None)
MOST_WARNED = 200
"""Slips told in one look; the rest follow in the next."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the board: an open step and the order that waits for it."""

    step: Step
    order: WorkOrder
    late_h: float


class DepartmentBook:
    """Steps by order, and the board of a department."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def ask(self, order_id: str, asked: Sequence[Asked], actor: Actor, at_us: int) -> list[Step]:
        """Add steps to an open order. Raises Rejected for an unknown order or a step that cannot be kept, Conflict for
        an order that is no longer open."""
        with self._records.write() as connection:
            order = locked_order(connection, order_id)
            if not order.is_open:
                raise Conflict(f"{order.number} is {order.status}: only an open order asks other departments")
            return [_added(connection, order, checked(one, at_us), actor, at_us) for one in asked]

    def done(self, step_id: int, actor: Actor, revision: int, at_us: int, note: str = "") -> Step:
        """The step is done. Raises Conflict for a stale revision or a step that has ended, Rejected for an unknown."""
        return self._changed(step_id, revision, actor, at_us, "done", done_at_us=at_us, done_by=actor.name, note=note)

    def drop(self, step_id: int, actor: Actor, revision: int, at_us: int, reason: str) -> Step:
        """The step is not needed. Raises Rejected without a reason; else as `done`."""
        if not reason.strip():
            raise Rejected("reason_needed", "who drops a step says why it is not needed")
        return self._changed(step_id, revision, actor, at_us, "dropped", dropped_at_us=at_us, note=reason)

    def move(
        self, step_id: int, actor: Actor, revision: int, at_us: int, due_us: int, owner: str, note: str = ""
    ) -> Step:
        """Another due time or owner; a slip of the new time is told anew. Raises as `ask` and `done`."""
        return self._changed(step_id, revision, actor, at_us, "moved", due_us=due_us, owner=owner, note=note)

    def step(self, step_id: int) -> Step | None:
        """One step."""
        with self._records.read() as connection:
            return _read(connection, sa.select(DEPARTMENT_STEP).where(DEPARTMENT_STEP.c.id == step_id))

    def of_order(self, order_id: str) -> list[Step]:
        """All steps of an order by its id, also those that have ended, by number."""
        with self._records.read() as connection:
            return steps_of(connection, order_id)

    def board(self, department: Department | None, now_us: int, limit: int = 500) -> list[Waiting]:
        """What waits for whom: open steps of open orders, the first due first."""
        query = sa.select(DEPARTMENT_STEP).join(WORK_ORDER).where(OPEN, IS_OPEN)
        if department is not None:
            query = query.where(DEPARTMENT_STEP.c.department == department.value)
        with self._records.read() as connection:
            ordered = query.order_by(DEPARTMENT_STEP.c.due_us, DEPARTMENT_STEP.c.id).limit(limit)
            steps = [_step(row) for row in connection.execute(ordered)]
            wanted = sa.select(WORK_ORDER).where(WORK_ORDER.c.id.in_({step.order_id for step in steps}))
            orders = {kept.order.id: kept.order for kept in read_orders(connection, wanted, evidence=False)}
        return [Waiting(one, orders[one.order_id], max(now_us - one.due_us, 0) / 3_600e6) for one in steps]

    def warn(self, now_us: int) -> list[Step]:
        """Tell every slip once: audit row and message `step.slipped` with what it does to the order's dates."""
        untold = DEPARTMENT_STEP.c.warned_due_us.is_(None) | (
            DEPARTMENT_STEP.c.warned_due_us != DEPARTMENT_STEP.c.due_us
        )
        slipped = sa.select(DEPARTMENT_STEP).join(WORK_ORDER).where(OPEN, IS_OPEN, untold)
        slipped = slipped.where(DEPARTMENT_STEP.c.due_us < now_us).order_by(DEPARTMENT_STEP.c.id).limit(MOST_WARNED)
        with self._records.read() as connection:
            if not connection.execute(slipped.limit(1)).first():
                return []
        with self._records.write() as connection:
            late = [_step(row) for row in connection.execute(slipped.with_for_update(of=DEPARTMENT_STEP))]
            return [self._warned(connection, step, now_us) for step in late]

    def _warned(self, connection: sa.Connection, step: Step, now_us: int) -> Step:
        after = replace(step, warned_due_us=step.due_us)
        order = locked_order(connection, step.order_id)
        return _keep(connection, order, step, after, SYSTEM, "slipped", now_us)

    def _changed(self, step_id: int, revision: int, actor: Actor, at_us: int, action: str, **fields: object) -> Step:
        with self._records.write() as connection:
            query = sa.select(DEPARTMENT_STEP).where(DEPARTMENT_STEP.c.id == step_id)
            before = _read(connection, query.with_for_update())
            if before is None:
                raise Rejected("unknown_step", f"there is no step {step_id}")
            if before.revision != revision:
                raise Conflict(f"step {step_id} is at revision {before.revision}, not {revision}: read it again")
            if not before.is_open:
                raise Conflict(f"step {step_id} has ended: it was {'done' if before.done_at_us else 'dropped'}")
            after = replace(before, revision=revision + 1, **fields)  # type: ignore[arg-type]  # fields of Step
            if action == "moved":
                checked(Asked(after.department, after.what, after.owner, after.due_us), at_us)
            return _keep(connection, locked_order(connection, before.order_id), before, after, actor, action, at_us)


def steps_of(connection: sa.Connection, order_id: str) -> list[Step]:
    """Steps of an order as one transaction sees them."""
    query = sa.select(DEPARTMENT_STEP).where(DEPARTMENT_STEP.c.order_id == order_id).order_by(DEPARTMENT_STEP.c.id)
    return [_step(row) for row in connection.execute(query)]


def locked_order(connection: sa.Connection, order_id: str) -> WorkOrder:
    """The order by id or number, locked against other writers. Raises Rejected when there is none."""
    named = (WORK_ORDER.c.id == order_id) | (WORK_ORDER.c.number == order_id)
    found = read_orders(connection, sa.select(WORK_ORDER).where(named).with_for_update(), evidence=False)
    if not found:
        raise Rejected("unknown_order", f"there is no order {order_id}")
    return found[0].order


def _added(connection: sa.Connection, order: WorkOrder, asked: Asked, actor: Actor, at_us: int) -> Step:
    step = Step(
        0, order.id, asked.department, asked.what.strip(), asked.owner.strip(), asked.required, asked.due_us, at_us, 1
    )
    made = connection.execute(DEPARTMENT_STEP.insert(), _values(step))
    assert made.inserted_primary_key is not None
    step = replace(step, id=int(made.inserted_primary_key[0]))
    _tell(connection, order, None, step, actor, "asked", at_us)
    return step


def _keep(
    connection: sa.Connection, order: WorkOrder, before: Step, after: Step, actor: Actor, action: str, at_us: int
) -> Step:
    connection.execute(DEPARTMENT_STEP.update().where(DEPARTMENT_STEP.c.id == after.id).values(_values(after)))
    _tell(connection, order, before, after, actor, action, at_us)
    return after


def _tell(
    connection: sa.Connection, order: WorkOrder, before: Step | None, after: Step, actor: Actor, action: str, at_us: int
) -> None:
    """The audit row of what changed, and the message with what it does to the order."""
    was, became = plain_object(before) if before else {}, plain_object(after)
    changed = [name for name in became if was.get(name) != became[name]]
    told = {name: became[name] for name in changed} | {"step": after.id}
    entry = AuditEntry(at_us, actor, subject_of(order.id), action, {n: was[n] for n in changed if n in was}, told)
    seq = append(connection, entry)
    found = effect(steps_of(connection, order.id), order.start_by_us, at_us)
    body: Json = {
        "step": after.id,
        "order": order.id,
        "number": order.number,
        "asset": order.asset,
        "department": after.department.value,
        "what": after.what,
        "owner": after.owner,
        "due_us": after.due_us,
        "earliest_start_us": found.earliest_start_us,
        "late_h": found.late_h,
        "audit": seq,
    }
    outbox.post(connection, f"step.{action}", body, at_us)


def subject_of(order_id: str) -> str:
    """Subject of the audit rows of an order's steps."""
    return f"steps:{order_id}"


def _read(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> Step | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _step(row)


def _step(row: sa.Row[tuple[object, ...]]) -> Step:
    fields = {name: getattr(row, name) for name in Step.__dataclass_fields__}
    return Step(**{**fields, "department": Department(row.department), "required": bool(row.required)})


def _values(step: Step) -> dict[str, object]:
    fields = {name: getattr(step, name) for name in Step.__dataclass_fields__ if name != "id"}
    return {**fields, "department": step.department.value}
