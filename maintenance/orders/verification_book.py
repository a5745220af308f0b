"""Orders that wait for their verification, and what was compared when they got it: stored with the order.

Result, comparison, audit rows and message are one transaction, so that no order is verified without saying by what.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import sqlalchemy as sa

from forewarn.core.errors import Conflict
from forewarn.core.ports import Actor, OrderBook
from forewarn.core.work import Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.department_tables import ORDER_VERIFICATION
from forewarn.maintenance.orders.departments_book import locked_order
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, WORK_ORDER

BY_SIGNALS = Actor("forewarn", "system")
"""Who verifies by the signals."""


@dataclass(frozen=True, slots=True)
class Worked:
    """When work on an order began first, and ended last (plant time, microseconds)."""

    began_us: int
    ended_us: int


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification by the signals: its result and the comparison that it rests on."""

    at_us: int
    result: Verification
    comparison: Json


class VerificationBook:
    """Beside an order book: what waits, and what was found."""

    def __init__(self, records: Records, orders: OrderBook) -> None:
        self._records, self._orders = records, orders

    def waiting(self) -> list[tuple[str, int]]:
        """(id, revision) of every completed order whose verification is pending, the longest completed first."""
        order = WORK_ORDER.c
        pending = (order.status == Status.COMP.value) & (order.verification == Verification.PENDING.value)
        query = sa.select(order.id, order.revision).where(pending).order_by(order.finished_at_us, order.number)
        with self._records.read() as connection:
            return [(row.id, row.revision) for row in connection.execute(query)]

    def worked(self, order_id: str) -> Worked | None:
        """When it was worked on; None for an order that was never completed."""
        steps = (Status.INPRG.value, Status.COMP.value)
        query = sa.select(AUDIT.c.action, AUDIT.c.at_us).where(AUDIT.c.subject == order_id, AUDIT.c.action.in_(steps))
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(AUDIT.c.seq)).all()
        began = [row.at_us for row in rows if row.action == Status.INPRG.value]
        ended = [row.at_us for row in rows if row.action == Status.COMP.value]
        return Worked(began[0] if began else ended[-1], ended[-1]) if ended else None

    def conclude(self, order_id: str, revision: int, result: Verification, comparison: Json, at_us: int) -> WorkOrder:
        """Write the result with what was compared at a revision. Raises Conflict when somebody changed the order since:
        what a person decided is never overwritten."""
        body = canonical(comparison)
        digest = hashlib.sha256(body.encode()).hexdigest()
        with self._records.write() as connection:
            known = locked_order(connection, order_id)
            if known.revision != revision:
                raise Conflict(f"{known.number} is at revision {known.revision}, it was compared at {revision}")
            order = self._orders.verify(order_id, result, BY_SIGNALS, at_us)
            row = {"order_id": order.id, "at_us": at_us, "result": result.value, "comparison": body}
            connection.execute(ORDER_VERIFICATION.insert(), row)
            told: Json = {"result": result.value, "reason": comparison.get("reason", ""), "comparison_sha256": digest}
            append(connection, AuditEntry(at_us, BY_SIGNALS, subject_of(order.id), "compared", {}, told))
        return order

    def found(self, order_id: str) -> list[Verified]:
        """Verifications by the signals of an order by its id, oldest first: one for each time it was completed."""
        query = sa.select(ORDER_VERIFICATION).where(ORDER_VERIFICATION.c.order_id == order_id)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(ORDER_VERIFICATION.c.at_us)).all()
        return [Verified(row.at_us, Verification(row.result), json.loads(row.comparison)) for row in rows]

    def follow_ups(self, order_id: str) -> list[str]:
        """Numbers of the orders that follow an order by its id, oldest first."""
        query = sa.select(WORK_ORDER.c.number).where(WORK_ORDER.c.follows == order_id)
        with self._records.read() as connection:
            return list(connection.execute(query.order_by(WORK_ORDER.c.created_at_us)).scalars())


def subject_of(order_id: str) -> str:
    """Subject of the audit rows about what was compared for an order."""
    return f"verification:{order_id}"
