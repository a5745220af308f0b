"""The order book without a database: for tests, notebooks and what-if runs. Passes the same contract as the SQL one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from forewarn.core.errors import Conflict
from forewarn.core.jobs import Job, JobPlan
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Advice, Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import START, AuditEntry, AuditHead, as_history, chained
from forewarn.maintenance.orders.costs import ANY_HOUSE, House
from forewarn.maintenance.orders.desk import OrderStore, take_advice, take_result, take_step
from forewarn.maintenance.orders.job_book import JobBook
from forewarn.maintenance.orders.rules import AS_USUAL, KeptOrder, OrderSettings, shares_order
from forewarn.maintenance.orders.store_room import NO_STORE_ROOM


class MemoryOrderBook(JobBook):
    """`core.ports.OrderBook` in a dictionary; one step at a time. `messages` is its outbox: (kind, body)."""

    def __init__(self, settings: OrderSettings = AS_USUAL, house: House = ANY_HOUSE) -> None:
        self.house = house
        self.room = NO_STORE_ROOM
        self._settings = settings
        self._plans: dict[str, list[JobPlan]] = {}
        self._turn = threading.Lock()
        self._kept: dict[str, KeptOrder] = {}
        self._audit: list[dict[str, Any]] = []
        self._numbers = 0
        self.messages: list[tuple[str, Json]] = []

    def advise(self, advice: Advice) -> OrderOutcome:
        """See `core.ports.OrderBook.advise`."""
        with self._transaction():
            return take_advice(self, advice, self._settings, self.new_id, house=self.house)

    def act(
        self, order_id: str, status: Status, actor: Actor, revision: int, at_us: int, report: Json | None = None
    ) -> WorkOrder:
        """See `core.ports.OrderBook.act`."""
        with self._transaction():
            return take_step(self, order_id, status, actor, revision, at_us, report, self.house)

    def verify(self, order_id: str, result: Verification, actor: Actor, at_us: int) -> WorkOrder:
        """See `OrderBookSql.verify`."""
        with self._transaction():
            return take_result(self, order_id, result, actor, at_us)

    def order(self, order_id: str) -> WorkOrder | None:
        """See `core.ports.OrderBook.order`."""
        kept = self.find(order_id)
        return kept.order if kept else None

    def orders(
        self,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 200,
        evidence: bool = True,
        before: str | None = None,
    ) -> list[WorkOrder]:
        """See `core.ports.OrderBook.orders`."""
        wanted = (
            kept.order
            for kept in list(self._kept.values())
            if (kept.order.is_open or not open_only) and asset in (None, kept.order.asset)
        )
        newest = sorted(wanted, key=_place, reverse=True)
        if before is not None:
            last = self.find(before)
            newest = [order for order in newest if last and _place(order) < _place(last.order)]
        newest = newest[:limit]
        return newest if evidence else [_without_evidence(order) for order in newest]

    def history(self, order_id: str) -> list[Json]:
        """See `core.ports.OrderBook.history`."""
        kept = self.find(order_id)
        return [as_history(row) for row in self._audit if kept and row["subject"] == kept.order.id]

    def new_id(self) -> str:
        """Counted, so that runs can be compared."""
        return f"order-{self._numbers}"

    @contextmanager
    def writing(self) -> Iterator[OrderStore]:
        """One step at a time."""
        with self._transaction():
            yield self

    def job(self, order_id: str) -> Job | None:
        """See `JobBook.job`."""
        kept = self.find(order_id)
        return kept.job if kept else None

    def follow_ups(self, order_id: str) -> list[WorkOrder]:
        """See `JobBook.follow_ups`."""
        kept = self.find(order_id)
        grown = (k.order for k in list(self._kept.values()) if kept and k.order.follows == kept.order.id)
        return [_without_evidence(order) for order in sorted(grown, key=lambda o: (o.created_at_us, o.number))]

    def job_plans(self, id: str | None = None) -> list[JobPlan]:
        """See `JobBook.job_plans`."""
        return self.plans(id)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn:
            before = (dict(self._kept), list(self._audit), self._numbers, list(self.messages))
            plans = {id: list(versions) for id, versions in self._plans.items()}
            try:
                yield
            except BaseException:
                self._kept, self._audit, self._numbers, self.messages = before
                self._plans = plans
                raise

    # What `orders.desk.OrderStore` asks for, within a transaction.

    def joined_by(self, advice: Advice) -> KeptOrder | None:
        """See `OrderStore`."""
        alive = [kept for kept in self._kept.values() if kept.order.is_open and kept.order.asset == advice.asset]
        same_fault = (kept for kept in alive if any(c.fault == advice.fault for c in kept.order.causes))
        machine = (kept for kept in alive if shares_order(kept.order.kind) and shares_order(advice.kind))
        return next(same_fault, None) or next(machine, None)

    def finished(self, advice: Advice) -> list[KeptOrder]:
        """See `OrderStore`."""
        return [
            kept
            for kept in self._kept.values()
            if not kept.order.is_open
            and kept.order.asset == advice.asset
            and shares_order(kept.order.kind) == shares_order(advice.kind)
            and any(cause.fault.component == advice.fault.component for cause in kept.order.causes)
        ]

    def find(self, order_id: str) -> KeptOrder | None:
        """See `OrderStore`."""
        by_number = (kept for kept in self._kept.values() if kept.order.number == order_id)
        return self._kept.get(order_id) or next(by_number, None)

    def of_origin(self, origin: str) -> KeptOrder | None:
        """See `OrderStore`."""
        return next((kept for kept in self._kept.values() if kept.order.origin == origin), None)

    def repair_of(self, asset: str) -> KeptOrder | None:
        """See `OrderStore`."""
        alive = (kept for kept in self._kept.values() if kept.order.is_open and kept.order.asset == asset)
        return next((kept for kept in alive if shares_order(kept.order.kind)), None)

    def plans(self, id: str | None = None) -> list[JobPlan]:
        """See `OrderStore`."""
        if id is not None:
            return list(self._plans.get(id, ()))
        return [versions[-1] for _, versions in sorted(self._plans.items())]

    def keep_plan(self, plan: JobPlan, by: str, at_us: int) -> None:
        """See `OrderStore`."""
        self._plans.setdefault(plan.id, []).append(plan)

    def next_number(self) -> str:
        """See `OrderStore`."""
        self._numbers += 1
        return f"WO-{self._numbers:06d}"

    def keep(self, kept: KeptOrder) -> None:
        """See `OrderStore`."""
        faults = {cause.fault for cause in kept.order.causes}
        for other in self._kept.values():
            rival = other.order.is_open and other.order.asset == kept.order.asset and other.order.id != kept.order.id
            if kept.order.is_open and rival and faults & {cause.fault for cause in other.order.causes}:
                raise Conflict(f"{other.order.number} is already open for this fault")
        self._kept[kept.order.id] = kept

    def record(self, entry: AuditEntry) -> int:
        """See `OrderStore`."""
        head = AuditHead(len(self._audit), self._audit[-1]["hash"] if self._audit else START)
        self._audit.append(chained(entry, head))
        return len(self._audit)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `OrderStore`."""
        self.messages.append((kind, {**body, "at_us": at_us}))


def _place(order: WorkOrder) -> tuple[int, str]:
    return order.created_at_us, order.number


def _without_evidence(order: WorkOrder) -> WorkOrder:
    return replace(order, causes=tuple(replace(cause, evidence={}) for cause in order.causes))
