"""The store room as the book of orders meets it: `orders.store_room.StoreRoom` over a `StockStore`.

Only parts with a card concern it; an order with none of them behaves as if there were no store room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import LineKind, NewLine
from forewarn.core.ports import Actor
from forewarn.core.stock import PartKind, ReservationState
from forewarn.core.work import Status, WorkOrder
from forewarn.maintenance.orders.desk import existing
from forewarn.maintenance.stock.desk import StockStore
from forewarn.maintenance.stock.handing import CLOSED_COUNTERS, take_issue, take_use
from forewarn.maintenance.stock.line import settle, take_release, take_reservation
from forewarn.maintenance.stock.rules import in_hand


class StockRoom:
    """`StoreRoom` within a write transaction."""

    def __init__(self, store: StockStore) -> None:
        self._store = store

    def turn(self) -> None:
        """See `StoreRoom`."""
        self._store.turn()

    def wanted(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """See `StoreRoom`."""
        if not self._store.cards(line.part for line in order.parts):
            return order
        take_reservation(self._store, order.id, order.parts, actor, at_us, strict=False)
        return self._now(order)

    def check(self, order: WorkOrder, to: Status) -> None:
        """See `StoreRoom`: an order closes when its pieces are used, given back or released."""
        if to is not Status.CLOSE:
            return
        moves = self._store.moves_of(order.id)
        hands = ", ".join(f"{hand.quantity} x {hand.part}" for hand in in_hand(moves))
        if hands:
            raise Conflict(
                f"{order.number} has {hands} in hand: say that they were used, or give them back, then close it"
            )
        open_ones = self._store.reservations(order.id, open_only=True)
        held = ", ".join(f"{one.left} x {one.part} ({one.state.value})" for one in open_ones)
        if held:
            raise Conflict(f"{order.number} has {held} reserved: issue them or release them, then close it")

    def stepped(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """See `StoreRoom`: a cancelled order gives free what was put aside, an approved one waits for what is
        missing."""
        if order.status is Status.CAN and self._store.reservations(order.id, open_only=True):
            take_release(self._store, order.id, actor, at_us)
        moved = settle(self._store, [order.id], at_us)
        return self._now(order) if moved else order

    def told(self, order: WorkOrder, lines: Sequence[NewLine], actor: Actor, at_us: int) -> Sequence[NewLine]:
        """See `StoreRoom`: a part with a card that somebody reports is taken as used. What the order has in hand of it
        is used first, then what lies free is handed out and used; pieces that neither has stay a line as it was told,
        for they came from elsewhere."""
        bills = self._store.bills(order.id)
        for line in lines:
            if line.corrects in bills:
                raise Rejected(
                    "stock_line",
                    f"line {line.corrects} was written by the store room: give pieces back, or have more issued",
                )
        if order.status in CLOSED_COUNTERS:
            return lines
        return [left for line in lines for left in self._from_stock(order, line, actor, at_us)]

    def _from_stock(self, order: WorkOrder, line: NewLine, actor: Actor, at_us: int) -> list[NewLine]:
        """What is left of a line once the ledger has given what it can."""
        card = self._store.card(line.what) if line.kind is LineKind.PART and line.corrects is None else None
        if card is None or not float(line.quantity).is_integer():
            return [line]
        wanted = int(line.quantity)
        used = min(wanted, self._in_hand(order, card.id))
        if used:
            take_use(self._store, order.id, actor, at_us, card.id, used)
        fresh = min(wanted - used, self._free_for(order, card.id, at_us))
        if fresh and card.kind is PartKind.ROTABLE:
            raise Conflict(
                f"{card.id} is a rotable: have the piece with its serial number issued to {order.number} first"
            )
        if fresh:
            take_issue(self._store, order.id, card.id, fresh, actor, at_us)
            take_use(self._store, order.id, actor, at_us, card.id, fresh)
        left = wanted - used - fresh
        return [replace(line, quantity=left)] if left else []

    def _in_hand(self, order: WorkOrder, part: str) -> int:
        return sum(hand.quantity for hand in in_hand(self._store.moves_of(order.id, part)))

    def _free_for(self, order: WorkOrder, part: str, at_us: int) -> int:
        mine = self._store.reservations(order.id, part, open_only=True)
        own = sum(one.left for one in mine if one.state is ReservationState.HELD)
        return max(0, self._store.level(part, at_us).available + own)

    def _now(self, order: WorkOrder) -> WorkOrder:
        return existing(self._store.orders, order.id).order
