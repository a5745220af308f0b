"""What routes and chores of buying ask: the book, and deliveries that are followed in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forewarn.core.buying import NewReceiptLine, PurchaseOrder, PurchaseStatus, Receipt
from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, Proposal

if TYPE_CHECKING:
    from forewarn.api.state import Plantroom
    from forewarn.api.work_watch import Chore
    from forewarn.maintenance.buying.book import BuyingBookSql
    from forewarn.maintenance.buying.life import Inspection
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.records import Records
    from forewarn.pipeline.deliveries import Deliveries, Moved

LOOK_EVERY_S = 60.0
"""Plant seconds between two looks at deliveries and at orders that wait."""


@dataclass(frozen=True, slots=True)
class BuyingDesk:
    """The book, and what moves with it: a step of a purchase order and what it does to work orders are one
    transaction."""

    records: Records
    book: BuyingBookSql
    orders: OrderBookSql
    deliveries: Deliveries

    def propose(self, part: str, need: Need, actor: Actor, now_us: int) -> Proposal:
        """A need by hand; one that names a work order belongs to it. Raises Rejected for an unknown part or order, and
        where everything is bought already."""
        if self.deliveries.stock.card(part) is None:
            raise Rejected("unknown_part", f"there is no part {part!r} in the store room: make its card first")
        if need.order_id is not None:
            order = self.orders.order(need.order_id)
            if order is None:
                raise Rejected("unknown_order", f"there is no order {need.order_id}")
            need = Need(f"order:{order.id}", need.quantity, need.why, need.needed_by_us or order.start_by_us, order.id)
        found = self.book.propose(part, need, actor, now_us)
        if found is None:
            raise Rejected("bought_already", f"{need.quantity} x {part} are bought for {need.key} already")
        return found

    def act(
        self, id: str, to: PurchaseStatus, actor: Actor, revision: int, now_us: int, note: str = "", rebuy: bool = True
    ) -> tuple[PurchaseOrder, list[Moved]]:
        """Move a purchase order, and the work orders that wait for it."""
        with self.records.write():
            done = self.book.act(id, to, actor, revision, now_us, note, rebuy)
            return done, self.deliveries.follow(now_us, done.id)

    def confirm(
        self, id: str, dates: Mapping[int, int], actor: Actor, revision: int, now_us: int, why: str = ""
    ) -> tuple[PurchaseOrder, list[Moved]]:
        """Take the supplier's dates, and move the work orders that wait."""
        with self.records.write():
            done = self.book.confirm(id, dates, actor, revision, now_us, why)
            return done, self.deliveries.follow(now_us, done.id)

    def receive(
        self, id: str, note: str, lines: Sequence[NewReceiptLine], actor: Actor, now_us: int
    ) -> tuple[PurchaseOrder, Receipt]:
        """Receive goods; work orders that have all their parts stop waiting for purchasing."""
        with self.records.write():
            done = self.book.receive(id, note, lines, actor, now_us)
            self.deliveries.follow(now_us, done[0].id)
            return done

    def inspect(
        self, id: str, told: Inspection, actor: Actor, revision: int, now_us: int
    ) -> tuple[PurchaseOrder, Receipt]:
        """Pieces leave quarantine."""
        with self.records.write():
            done = self.book.inspect(id, told, actor, revision, now_us)
            self.deliveries.follow(now_us, done[0].id)
            return done


def buying_of(room: Plantroom, records: Records, orders: OrderBookSql, owner: str = "purchasing") -> Chore:
    """Give the room its desk of buying; the chore that follows deliveries. `owner`: who of purchasing is asked."""
    from forewarn.api.work_watch import Chore
    from forewarn.maintenance.buying.book import BuyingBookSql
    from forewarn.maintenance.orders.deadlines_book import DeadlineBook
    from forewarn.maintenance.orders.departments_book import DepartmentBook
    from forewarn.maintenance.stock.book import StockBookSql
    from forewarn.pipeline.deliveries import Deliveries

    stock = room.stock.stock if room.stock is not None else StockBookSql(records, orders)
    book = BuyingBookSql(records, stock, lambda: orders.house.costs)
    deliveries = Deliveries(records, book, stock, DepartmentBook(records), DeadlineBook(records), owner)
    room.buying = BuyingDesk(records, book, orders, deliveries)
    return Chore("buying", LOOK_EVERY_S, deliveries.run_once)
