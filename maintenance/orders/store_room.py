"""What the book of orders asks the store room for spare parts (`maintenance.stock.room`), in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from forewarn.core.jobs import NewLine
from forewarn.core.ports import Actor
from forewarn.core.work import Status, WorkOrder


class StoreRoom(Protocol):
    """Puts parts of orders aside and gives them free. Only parts with a card concern it."""

    def turn(self) -> None:
        """From here on nobody else moves stock; asked before an order is read."""
        ...

    def wanted(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """Put the parts of an order aside, all of its list again when it changed; the order, which may wait now."""
        ...

    def check(self, order: WorkOrder, to: Status) -> None:
        """Raises Conflict where a step must not be done while pieces are open on the order."""
        ...

    def stepped(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """A step was done: what follows from it for parts; the order, which may have gone on by itself."""
        ...

    def told(self, order: WorkOrder, lines: Sequence[NewLine], actor: Actor, at_us: int) -> Sequence[NewLine]:
        """Lines of a report as somebody tells them, without those that the ledger writes itself."""
        ...


class NoStoreRoom:
    """Parts are only named: notebooks, what-if runs, books in memory."""

    def turn(self) -> None:
        """Nobody waits."""

    def wanted(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """Nothing is put aside."""
        return order

    def check(self, order: WorkOrder, to: Status) -> None:
        """Nothing stands in the way."""

    def stepped(self, order: WorkOrder, actor: Actor, at_us: int) -> WorkOrder:
        """Nothing follows."""
        return order

    def told(self, order: WorkOrder, lines: Sequence[NewLine], actor: Actor, at_us: int) -> Sequence[NewLine]:
        """All of them."""
        return lines


NO_STORE_ROOM = NoStoreRoom()
