"""The order book of a plant where people work: what is being worked on is muted, and nothing starts before its time.

`orders.book` knows orders alone; this one also asks the steps of other departments, and keeps advice on machines that
somebody works on.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Advice, Json, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.costs import ANY_HOUSE, House
from forewarn.maintenance.orders.departments import blocking, check_start
from forewarn.maintenance.orders.departments_book import locked_order, steps_of
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.orders.gate import FREE_WAY, Gate
from forewarn.maintenance.orders.muting import MuteBook
from forewarn.maintenance.orders.rules import AS_USUAL, OrderSettings
from forewarn.maintenance.records import Records


class WorkedOrders(OrderBookSql):
    """`OrderBookSql` that mutes machines under work and holds back orders that wait for another department."""

    def __init__(
        self,
        records: Records,
        settings: OrderSettings = AS_USUAL,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        gate: Callable[[sa.Connection], Gate] = lambda connection: FREE_WAY,
        house: House = ANY_HOUSE,
    ) -> None:
        super().__init__(records, settings, wall_us, gate, house)
        self.mutes = MuteBook(records)

    def advise(self, advice: Advice) -> OrderOutcome:
        """As the book does; "muted" with the order in progress while somebody works on the asset: the advice is kept
        and looked at again afterwards (`look_again`)."""
        muting = self.mutes.keep(advice)
        return OrderOutcome("muted", muting) if muting else super().advise(advice)

    def follow_up(self, advice: Advice) -> OrderOutcome:
        """Open what a failed verification asks for, whatever gate stands before alarms: the repair was approved, and it
        is not done."""
        return self.release(advice, SYSTEM, FREE_WAY)

    def look_again(self, now_us: int) -> int:
        """Look at what was kept for machines on which nobody works any more; answers how many were looked at."""
        return len(self.mutes.look_again(lambda advice: OrderBookSql.advise(self, advice).what, now_us))

    def act(
        self, order_id: str, status: Status, actor: Actor, revision: int, at_us: int, report: Json | None = None
    ) -> WorkOrder:
        """As the book does; Conflict also for work that is to begin while a required step of another department is
        open, with what it waits for and in which status."""
        if status is not Status.INPRG:
            return super().act(order_id, status, actor, revision, at_us, report)
        with self._records.write() as connection:
            self._rows(connection).room.turn()  # before the order is locked, as whoever hands parts out does
            order = locked_order(connection, order_id)
            check_start(order, status, steps_of(connection, order.id))
            return super().act(order_id, status, actor, revision, at_us, report)

    def allowed(self, order: WorkOrder, role: str) -> tuple[Status, ...]:
        """As the book says, without INPRG while a required step of another department is open."""
        found = super().allowed(order, role)
        if Status.INPRG not in found or not order.is_open:
            return found
        with self._records.read() as connection:
            waiting = blocking(steps_of(connection, order.id))
        return tuple(status for status in found if status is not Status.INPRG or not waiting)
