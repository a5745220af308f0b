"""Orders to rows and back: the SQL side of `orders.desk.OrderStore`, bound to one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.faults import Fault
from forewarn.core.jobs import JobPlan
from forewarn.core.plant import PartLine
from forewarn.core.work import OPEN_STATUSES, Advice, Cause, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance import audit, outbox
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.job_rows import job_plans, keep_job, keep_plan, read_job
from forewarn.maintenance.orders.rules import KeptOrder, shares_order
from forewarn.maintenance.orders.store_room import NO_STORE_ROOM, StoreRoom
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import ORDER_CAUSE, ORDER_PART, SEQUENCE, WORK_ORDER

IS_OPEN = WORK_ORDER.c.status.in_([status.value for status in OPEN_STATUSES])
SHARED_KINDS = WORK_ORDER.c.kind.in_([kind.value for kind in OrderKind if shares_order(kind)])
PLAIN_COLUMNS = (
    *("id", "number", "asset", "kind", "status", "priority", "title", "repair_hours", "created_at_us", "updated_at_us"),
    *("revision", "rul_p10_h", "rul_p50_h", "rul_p90_h", "order_by_us", "start_by_us", "win_probability"),
    *("verification", "report", "draft", "reserve_parts", "changed"),
    *("follows", "origin", "planned_cost", "currency", "approved_cost", "approved_by"),
)


_UPDATED = WORK_ORDER.update().where(WORK_ORDER.c.id == sa.bindparam("which"))
"""Values go beside a statement, not into it: building one with thirty values costs more than running it."""


class OrderRows:
    """`OrderStore` on the connection of one write transaction."""

    def __init__(self, connection: sa.Connection, room: StoreRoom = NO_STORE_ROOM) -> None:
        self._connection, self._room = connection, room

    @property
    def room(self) -> StoreRoom:
        """See `OrderStore`."""
        return self._room

    def joined_by(self, advice: Advice) -> KeptOrder | None:
        """See `OrderStore`. Advice on one machine is taken one after another: two faults found together share an order
        though neither finds it yet, and no index could say so."""
        in_turn(self._connection, "advice", advice.asset)
        found = self._first(_with_cause(advice, ORDER_CAUSE.c.mechanism == advice.fault.mechanism, ORDER_CAUSE.c.open))
        if found is None and shares_order(advice.kind):
            found = self._first(WORK_ORDER.c.asset == advice.asset, IS_OPEN, SHARED_KINDS)
        return found

    def finished(self, advice: Advice) -> list[KeptOrder]:
        """See `OrderStore`."""
        kinds = SHARED_KINDS if shares_order(advice.kind) else ~SHARED_KINDS
        newest = self._first(~IS_OPEN, kinds, _with_cause(advice), by=WORK_ORDER.c.finished_at_us.desc())
        return [newest] if newest else []

    def find(self, order_id: str) -> KeptOrder | None:
        """See `OrderStore`."""
        return self._first((WORK_ORDER.c.id == order_id) | (WORK_ORDER.c.number == order_id))

    def of_origin(self, origin: str) -> KeptOrder | None:
        """See `OrderStore`."""
        return self._first(WORK_ORDER.c.origin == origin)

    def repair_of(self, asset: str) -> KeptOrder | None:
        """See `OrderStore`. Breakdowns of one machine are taken one after another, as advice on it is."""
        in_turn(self._connection, "advice", asset)
        return self._first(WORK_ORDER.c.asset == asset, IS_OPEN, SHARED_KINDS)

    def plans(self, id: str | None = None) -> list[JobPlan]:
        """See `OrderStore`."""
        return job_plans(self._connection, id)

    def keep_plan(self, plan: JobPlan, by: str, at_us: int) -> None:
        """See `OrderStore`."""
        keep_plan(self._connection, plan, by, at_us)

    def next_number(self) -> str:
        """See `OrderStore`."""
        row = SEQUENCE.c.name == "work_order"
        self._connection.execute(SEQUENCE.update().where(row).values(value=SEQUENCE.c.value + 1))
        value = self._connection.execute(sa.select(SEQUENCE.c.value).where(row)).scalar_one()
        return f"WO-{value:06d}"

    def keep(self, kept: KeptOrder) -> None:
        """See `OrderStore`."""
        values = _values(kept)
        updated = self._connection.execute(_UPDATED, {**values, "which": kept.order.id})
        if updated.rowcount == 0:
            try:
                self._connection.execute(WORK_ORDER.insert(), {"id": kept.order.id, **values})
            except IntegrityError as error:
                raise Conflict(f"the order {kept.order.origin} was opened elsewhere in this moment") from error
        self._keep_causes(kept.order)
        self._keep_parts(kept.order)
        keep_job(self._connection, kept.order.id, kept.job)

    def record(self, entry: AuditEntry) -> int:
        """See `OrderStore`."""
        return audit.append(self._connection, entry)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `OrderStore`."""
        outbox.post(self._connection, kind, body, at_us)

    def _keep_causes(self, order: WorkOrder) -> None:
        """Adds the causes that are new, and lets all of them be open exactly when the order is."""
        mine = ORDER_CAUSE.c.order_id == order.id
        known = self._connection.execute(sa.select(sa.func.count()).select_from(ORDER_CAUSE).where(mine)).scalar_one()
        try:
            if known:
                self._connection.execute(ORDER_CAUSE.update().where(mine).values(open=order.is_open))
            for position, cause in list(enumerate(order.causes))[known:]:
                self._connection.execute(ORDER_CAUSE.insert(), _cause_values(order, position, cause))
        except IntegrityError as error:
            raise Conflict(f"another order is already open for a fault of {order.number}") from error

    def _keep_parts(self, order: WorkOrder) -> None:
        self._connection.execute(ORDER_PART.delete().where(ORDER_PART.c.order_id == order.id))
        rows = [
            {"order_id": order.id, "position": position, **asdict(line)} for position, line in enumerate(order.parts)
        ]
        if rows:
            self._connection.execute(ORDER_PART.insert(), rows)

    def _first(self, *where: sa.ColumnElement[bool], by: sa.ColumnElement[object] | None = None) -> KeptOrder | None:
        order_by = WORK_ORDER.c.created_at_us if by is None else by
        found = read_orders(
            self._connection, sa.select(WORK_ORDER).where(*where).order_by(order_by).limit(1).with_for_update()
        )
        return replace(found[0], job=read_job(self._connection, found[0].order.id)) if found else None


def read_orders(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], evidence: bool = True
) -> list[KeptOrder]:
    """The orders that a query on `work_order` finds, in its order; three statements in all.

    Without `evidence` that of the causes is left empty: of a long list it is nearly all of the bytes.
    """
    rows = _rows(connection, query)
    ids = [row["id"] for row in rows]
    causes: dict[str, list[Cause]] = {id: [] for id in ids}
    parts: dict[str, list[PartLine]] = {id: [] for id in ids}
    columns = [column for column in ORDER_CAUSE.c if evidence or column.name != "evidence"]
    of_these = sa.select(*columns).where(_among(connection, ORDER_CAUSE.c.order_id, ids))
    for row in _rows(connection, of_these.order_by(ORDER_CAUSE.c.position)) if ids else ():
        told = json.loads(row["evidence"]) if evidence else {}
        cause = Cause(Fault(row["component"], row["mechanism"]), row["failure_mode"], told, row["added_at_us"])
        causes[row["order_id"]].append(cause)
    lines = sa.select(ORDER_PART).where(_among(connection, ORDER_PART.c.order_id, ids)).order_by(ORDER_PART.c.position)
    for row in _rows(connection, lines) if ids else ():
        parts[row["order_id"]].append(PartLine(row["part"], row["quantity"]))
    return [_kept(row, tuple(causes[row["id"]]), tuple(parts[row["id"]])) for row in rows]


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
    """Rows by the names of their columns. From PostgreSQL each comes as one JSON: the driver, which is plain Python,
    would take longer to read thirty values of a row than the server to find it."""
    if connection.dialect.name != "postgresql":
        return cast("Sequence[Mapping[str, Any]]", connection.execute(query).mappings().all())
    found = query.subquery("found")
    told = connection.execute(sa.select(sa.func.row_to_json(sa.literal_column("found"))).select_from(found)).scalars()
    floats = [column.name for column in query.selected_columns if isinstance(column.type, sa.Float)]
    rows: list[dict[str, Any]] = list(told)
    for row in rows:  # 8.0 is 8 in PostgreSQL's JSON
        row |= {name: float(row[name]) for name in floats if row[name] is not None}
    return rows


def _among(connection: sa.Connection, column: sa.Column[Any], ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """One of these. PostgreSQL gets them as one array: two hundred placeholders take longer to write than to answer."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(ids), ARRAY(sa.String)))
    return column.in_(ids)


def _with_cause(advice: Advice, *more: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Orders with a cause in the component of the advice; found by the index on causes, never by walking all orders."""
    cause = ORDER_CAUSE.c
    same = (cause.asset == advice.asset, cause.component == advice.fault.component)
    return WORK_ORDER.c.id.in_(sa.select(cause.order_id).where(*same, *more))


def _values(kept: KeptOrder) -> dict[str, object]:
    """All columns but the id: setting a key, even to itself, lets the database look for whoever refers to it."""
    values: dict[str, object] = {name: getattr(kept.order, name) for name in PLAIN_COLUMNS if name != "id"}
    return {
        **values,
        "kind": kept.order.kind.value,
        "status": kept.order.status.value,
        "verification": kept.order.verification.value,
        "steps": list(kept.order.steps),
        "driver": str(kept.driver) if kept.driver else "",
        "refreshed_at_us": kept.refreshed_at_us,
        "finished_at_us": kept.finished_at_us,
    }


def _cause_values(order: WorkOrder, position: int, cause: Cause) -> dict[str, object]:
    return {
        "order_id": order.id,
        "position": position,
        "asset": order.asset,
        "component": cause.fault.component,
        "mechanism": cause.fault.mechanism,
        "failure_mode": cause.failure_mode,
        "evidence": canonical(cause.evidence),
        "added_at_us": cause.added_at_us,
        "open": order.is_open,
    }


def _kept(row: Mapping[str, Any], causes: tuple[Cause, ...], parts: Sequence[PartLine]) -> KeptOrder:
    fields = {name: row[name] for name in PLAIN_COLUMNS}
    fields |= {
        "kind": OrderKind(row["kind"]),
        "status": Status(row["status"]),
        "verification": Verification(row["verification"]),
        "steps": tuple(row["steps"]),
    }
    order = WorkOrder(causes=causes, parts=tuple(parts), **fields)
    driver = Fault.parse(row["driver"]) if row["driver"] else None
    return KeptOrder(order, driver, row["refreshed_at_us"], row["finished_at_us"])
