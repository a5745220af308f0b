"""The store room in the records, on SQLite or PostgreSQL: cards, places, the ledger of moves, reservations.

Every call is one transaction; inside another room's transaction it is a part of it (`Records.write`). A caller that
joins stock with other changes in one transaction calls `turn` of the desk first, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence

from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.stock import (
    Balance,
    Level,
    MoveReason,
    NewMove,
    OnOrder,
    PartCard,
    Place,
    Reservation,
    Serial,
    StockMove,
    Waiting,
)
from forewarn.core.work import Json
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records


class StockBookSql:
    """Signatures; the work follows."""

    def __init__(self, records: Records, orders: OrderBookSql | None = None) -> None:
        raise NotImplementedError

    def save_card(self, card: PartCard, actor: Actor, at_us: int, revision: int = 0) -> PartCard:
        """Keep a card: a new one at revision 0, else at the revision that was read. The same again writes nothing."""
        raise NotImplementedError

    def card(self, part: str) -> PartCard | None:
        """One card."""
        raise NotImplementedError

    def cards(self) -> list[PartCard]:
        """All cards by id."""
        raise NotImplementedError

    def save_place(self, place: Place, actor: Actor, at_us: int) -> Place:
        """Keep a store or shelf, new or changed."""
        raise NotImplementedError

    def places(self) -> list[Place]:
        """Stores and shelves by id, without the sides of the ledger (`core.stock.SIDES`)."""
        raise NotImplementedError

    def level(self, part: str, now_us: int) -> Level:
        """How much of a part there is at a time (what has expired depends on it)."""
        raise NotImplementedError

    def levels(self, now_us: int) -> list[Level]:
        """Of every part with a card, by id."""
        raise NotImplementedError

    def balances(self, part: str | None = None) -> list[Balance]:
        """What lies where, by part, place and batch; places with nothing are left out."""
        raise NotImplementedError

    def moves(
        self,
        part: str | None = None,
        order: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        before: int | None = None,
        limit: int = 200,
        reasons: Sequence[MoveReason] = (),
    ) -> list[StockMove]:
        """Moves, newest first; `since_us` <= at_us < `until_us`; `before` a `seq`: those that follow it in the list.
        `order`: id of a work order."""
        raise NotImplementedError

    def move(self, new: NewMove, actor: Actor) -> StockMove:
        """Book a receipt, transfer, scrap, count difference, removal, correction, or a return to the supplier."""
        raise NotImplementedError

    def reserve(
        self,
        order: str,
        lines: Sequence[PartLine],
        actor: Actor,
        at_us: int,
        needed_by_us: int | None = None,
    ) -> list[Reservation]:
        """Put so many of each part aside for an order (id or number), in total: asked again, nothing changes."""
        raise NotImplementedError

    def release(self, order: str, actor: Actor, at_us: int, part: str | None = None) -> list[Reservation]:
        """Give free what was put aside and not handed out."""
        raise NotImplementedError

    def reservations(
        self, order: str | None = None, part: str | None = None, open_only: bool = False
    ) -> list[Reservation]:
        """Reservations, oldest first. `order`: id or number."""
        raise NotImplementedError

    def waiting(self, part: str | None = None, now_us: int | None = None) -> list[Waiting]:
        """Who waits for what, in the order in which they are served: by need date, then by priority of the order."""
        raise NotImplementedError

    def refill(self, part: str, at_us: int) -> list[Reservation]:
        """Put free pieces aside for whoever waits; moves do that by themselves."""
        raise NotImplementedError

    def issue(
        self,
        order: str,
        part: str,
        quantity: int,
        actor: Actor,
        at_us: int,
        serial: str = "",
        batch: str = "",
        place: str = "",
    ) -> list[StockMove]:
        """Hand pieces out to an order, what expires first before the rest; one move for each batch and serial."""
        raise NotImplementedError

    def use(
        self,
        order: str,
        actor: Actor,
        at_us: int,
        part: str | None = None,
        quantity: int | None = None,
        serial: str = "",
    ) -> list[StockMove]:
        """Note that pieces were built in or used up: of one part, or everything that the order still has in hand."""
        raise NotImplementedError

    def give_back(
        self,
        order: str,
        part: str,
        quantity: int,
        actor: Actor,
        at_us: int,
        usable: bool = True,
        place: str = "",
        serial: str = "",
        note: str = "",
    ) -> list[StockMove]:
        """Take back pieces that an order has in hand: to where they came from, or (not usable) to quarantine."""
        raise NotImplementedError

    def in_hand(self, order: str) -> dict[str, int]:
        """Pieces handed out to an order and neither used nor given back, by part."""
        raise NotImplementedError

    def assemble(self, kit: str, quantity: int, place: str, actor: Actor, at_us: int) -> list[StockMove]:
        """Make kits of the parts that they contain."""
        raise NotImplementedError

    def take_apart(self, kit: str, quantity: int, place: str, actor: Actor, at_us: int) -> list[StockMove]:
        """The way back."""
        raise NotImplementedError

    def serials(self, part: str) -> list[Serial]:
        """Pieces of a rotable and where each one is."""
        raise NotImplementedError

    def serial_history(self, serial: str, part: str | None = None) -> list[StockMove]:
        """All moves of a piece, oldest first: shelf, machine, repair, shelf."""
        raise NotImplementedError

    def on_order(self, part: str) -> list[OnOrder]:
        """What suppliers owe, as the buyers' room tells (`knows_on_order`)."""
        raise NotImplementedError

    def history(self, part: str) -> list[Json]:
        """Audit rows of a part, oldest first."""
        raise NotImplementedError
