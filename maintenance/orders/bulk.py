"""Many new orders in a few statements: what `orders.rows` keeps one by one, for the import of years of history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from forewarn.core.work import Json
from forewarn.maintenance.bulk_insert import insert_many
from forewarn.maintenance.orders.job_rows import line_row
from forewarn.maintenance.orders.rows import _cause_values, _values
from forewarn.maintenance.orders.rules import KeptOrder
from forewarn.maintenance.orders.tables import ORDER_LINE
from forewarn.maintenance.records_tables import ORDER_CAUSE, ORDER_PART, SEQUENCE, WORK_ORDER


def next_numbers(connection: sa.Connection, count: int) -> list[str]:
    """So many human numbers at once, without gaps."""
    row = SEQUENCE.c.name == "work_order"
    connection.execute(SEQUENCE.update().where(row).values(value=SEQUENCE.c.value + count))
    last = connection.execute(sa.select(SEQUENCE.c.value).where(row)).scalar_one()
    return [f"WO-{value:06d}" for value in range(last - count + 1, last + 1)]


def insert_orders(connection: sa.Connection, orders: Sequence[KeptOrder], told: Sequence[Json]) -> None:
    """New orders with their causes, parts and lines of their reports; no job plans, results or sign-offs. `told` are
    their snapshots (`desk.snapshot`), which have the lines as JSON already."""
    tables = {
        WORK_ORDER: [{"id": kept.order.id, **_values(kept)} for kept in orders],
        ORDER_CAUSE: [_cause_values(k.order, place, c) for k in orders for place, c in enumerate(k.order.causes)],
        ORDER_PART: [
            {"order_id": kept.order.id, "position": place, **asdict(line)}
            for kept in orders
            for place, line in enumerate(kept.order.parts)
        ],
        ORDER_LINE: [
            line_row(kept.order.id, line, snapshot[f"line {line.seq}"])
            for kept, snapshot in zip(orders, told, strict=True)
            for line in kept.job.lines
        ],
    }
    for table, rows in tables.items():
        insert_many(connection, table, rows)
