"""The order book in the records: `core.ports.OrderBook` on SQLite or PostgreSQL.

Several programs may use it at once: a unique index decides which of them opens the order for a fault, and the others
are given the winner's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from forewarn.core.errors import Conflict
from forewarn.core.jobs import Job, JobPlan
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Advice, Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import history_of
from forewarn.maintenance.idempotency import Answer, idempotent
from forewarn.maintenance.orders.costs import ANY_HOUSE, House
from forewarn.maintenance.orders.desk import OrderStore, take_advice, take_result, take_step
from forewarn.maintenance.orders.gate import FREE_WAY, Gate
from forewarn.maintenance.orders.job_book import JobBook
from forewarn.maintenance.orders.job_rows import job_plans, read_job
from forewarn.maintenance.orders.rows import IS_OPEN, OrderRows, read_orders
from forewarn.maintenance.orders.rules import AS_USUAL, OrderSettings
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER
from forewarn.maintenance.stock.room import StockRoom
from forewarn.maintenance.stock.rows import StockRows

RACES = 5


class OrderBookSql(JobBook):
    """Work orders with their causes, audit rows and messages; every change is one transaction."""

    def __init__(
        self,
        records: Records,
        settings: OrderSettings = AS_USUAL,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        gate: Callable[[sa.Connection], Gate] = lambda connection: FREE_WAY,
        house: House = ANY_HOUSE,
    ) -> None:
        self.house = house
        self._records, self._gate = records, gate
        self._settings = settings
        self._wall_us = wall_us

    def behind(self, gate: Callable[[sa.Connection], Gate]) -> None:
        """From now on this gate is asked before an order is opened."""
        self._gate = gate

    def advise(self, advice: Advice) -> OrderOutcome:
        """Open an order, or update the open one; see `orders.judging.judge` for which. "held" with the reason where the
        gate holds it back.

        Who loses a race for the same fault is given the winner's order. Nothing is written for advice that waits, that
        cools down, or that brings nothing new. Raises Retriable when the records cannot be used now.
        """
        for _ in range(RACES - 1):
            try:
                return self._advise_once(advice)
            except Conflict:
                continue  # the winner's order is there now: look again
        return self._advise_once(advice)

    def _advise_once(self, advice: Advice) -> OrderOutcome:
        with self._records.write() as connection:
            store, gate = self._rows(connection), self._gate(connection)
            return take_advice(store, advice, self._settings, new_id, gate, house=self.house)

    def release(self, advice: Advice, actor: Actor, gate: Gate) -> OrderOutcome:
        """Open what was held back, because a person says so; an order that is open by now is only updated."""
        with self._records.write() as connection:
            return take_advice(self._rows(connection), advice, self._settings, new_id, gate, actor, self.house)

    def act(
        self, order_id: str, status: Status, actor: Actor, revision: int, at_us: int, report: Json | None = None
    ) -> WorkOrder:
        """Move an order (id or number) to a status; `report` is added to what was reported before.

        Raises Conflict for a stale revision, a step that `TRANSITIONS` forbids, closing without a passed or waived
        verification, and taking up again an order whose fault another open order has by now; Rejected for an unknown
        order or a report above 64 KiB.
        """
        with self._records.write() as connection:
            return take_step(self._rows(connection), order_id, status, actor, revision, at_us, report, self.house)

    def verify(self, order_id: str, result: Verification, actor: Actor, at_us: int) -> WorkOrder:
        """Note whether the repair shows in the signals, on a completed order.

        passed or waived: it may be closed. failed: the next advice on its component opens an order that follows it.
        Raises Conflict when it is not completed, Rejected for an unknown order or `pending`.
        """
        with self._records.write() as connection:
            return take_result(OrderRows(connection), order_id, result, actor, at_us)

    def order(self, order_id: str) -> WorkOrder | None:
        """One order by id or number."""
        found = self._read(sa.select(WORK_ORDER).where(_named(order_id)))
        return found[0] if found else None

    def orders(
        self,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 200,
        evidence: bool = True,
        before: str | None = None,
    ) -> list[WorkOrder]:
        """Orders, newest first; without `evidence` that of the causes is left empty, which makes long lists fast.
        `before` an order (id or number): those that follow it."""
        query = sa.select(WORK_ORDER)
        at, number = WORK_ORDER.c.created_at_us, WORK_ORDER.c.number
        if before is not None:
            with self._records.read() as connection:
                place = connection.execute(sa.select(at, number).where(_named(before))).one_or_none()
            if place is None:
                return []
            query = query.where(sa.tuple_(at, number) < sa.tuple_(*map(sa.literal, place)))
        if open_only:
            query = query.where(IS_OPEN)
        if asset is not None:
            query = query.where(WORK_ORDER.c.asset == asset)
        newest = query.order_by(at.desc(), number.desc()).limit(limit)
        return self._read(newest, evidence)

    def history(self, order_id: str) -> list[Json]:
        """Audit rows of an order, oldest first: seq, at_us, actor, role, action, before, after, prev, hash."""
        with self._records.read() as connection:
            id = connection.execute(sa.select(WORK_ORDER.c.id).where(_named(order_id))).scalar()
            return history_of(connection, id) if id is not None else []

    def new_id(self) -> str:
        """A random UUID."""
        return str(uuid.uuid4())

    @contextmanager
    def writing(self) -> Iterator[OrderStore]:
        """One write transaction of the records."""
        with self._records.write() as connection:
            yield self._rows(connection)

    def job(self, order_id: str) -> Job | None:
        """See `JobBook.job`."""
        with self._records.read() as connection:
            id = connection.execute(sa.select(WORK_ORDER.c.id).where(_named(order_id))).scalar()
            return read_job(connection, id) if id is not None else None

    def follow_ups(self, order_id: str) -> list[WorkOrder]:
        """See `JobBook.follow_ups`."""
        parent = sa.select(WORK_ORDER.c.id).where(_named(order_id)).scalar_subquery()
        grown = sa.select(WORK_ORDER).where(WORK_ORDER.c.follows == parent)
        return self._read(grown.order_by(WORK_ORDER.c.created_at_us, WORK_ORDER.c.number), evidence=False)

    def job_plans(self, id: str | None = None) -> list[JobPlan]:
        """See `JobBook.job_plans`."""
        with self._records.read() as connection:
            return job_plans(connection, id)

    def idempotent(self, key: str, actor: str, request_hash: str, work: Callable[[], tuple[int, str]]) -> Answer:
        """See `idempotency.idempotent`: what `work` does to the book, the key and its answer are one transaction."""
        return idempotent(self._records, key, actor, request_hash, work, self._wall_us())

    def _rows(self, connection: sa.Connection) -> OrderRows:
        return OrderRows(connection, StockRoom(StockRows(connection, self.house)))

    def _read(self, query: sa.Select[tuple[object, ...]], evidence: bool = True) -> list[WorkOrder]:
        with self._records.read() as connection:
            return [kept.order for kept in read_orders(connection, query, evidence)]


def new_id() -> str:
    """An id that no other program gives."""
    return str(uuid.uuid4())


def _named(order_id: str) -> sa.ColumnElement[bool]:
    return (WORK_ORDER.c.id == order_id) | (WORK_ORDER.c.number == order_id)
