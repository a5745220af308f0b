"""The store room in the records, on SQLite or PostgreSQL: cards, places, the ledger of moves, reservations.

Every call is one transaction; inside another room's transaction (`Records.write`) it is a part of that one. Who joins
stock with other changes in one transaction takes `writing` first: whoever moves stock waits for the one before, and
who holds other locks by then might wait in a circle (PostgreSQL finds that after a second: Retriable).

`order` is the id or the number of a work order everywhere. Orders keep their side of it by themselves (`stock.room`):
a cancelled order releases what was put aside, one that is approved waits in WMATL while parts are missing, and none is
closed while pieces are open on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import sqlalchemy as sa

from forewarn.core.plant import Part, PartLine
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
    ReservationState,
    Serial,
    Side,
    StockMove,
    Waiting,
)
from forewarn.core.work import Json
from forewarn.maintenance.audit import history_of
from forewarn.maintenance.idempotency import Answer
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER
from forewarn.maintenance.stock import handing, kits, line
from forewarn.maintenance.stock.desk import StockStore, subject, take_card, take_place
from forewarn.maintenance.stock.moving import take_move
from forewarn.maintenance.stock.opening import parts_for, take_opening
from forewarn.maintenance.stock.rows import KnowsOnOrder, StockRows, nothing_on_order, place_of
from forewarn.maintenance.stock.rules import in_hand
from forewarn.maintenance.stock.tables import STOCK_MOVE, STOCK_PLACE


class StockBookSql:
    """The store room on records that hold work orders too. `orders`: the book of those, for its limits of cost."""

    def __init__(self, records: Records, orders: OrderBookSql | None = None) -> None:
        self._records = records
        self._orders = orders if orders is not None else OrderBookSql(records)
        self._knows_on_order: KnowsOnOrder = nothing_on_order

    def tells_on_order(self, knows_on_order: KnowsOnOrder) -> None:
        """From now on this is asked what suppliers owe, within the transaction at hand."""
        self._knows_on_order = knows_on_order

    @contextmanager
    def writing(self) -> Iterator[StockStore]:
        """One write transaction, or a part of the one that is under way, with the turn to move stock."""
        with self._records.write() as connection:
            store = self._rows(connection)
            store.turn()
            yield store

    @contextmanager
    def _reading(self) -> Iterator[StockRows]:
        with self._records.read() as connection:
            yield self._rows(connection)

    def _rows(self, connection: sa.Connection) -> StockRows:
        return StockRows(connection, self._orders.house, self._knows_on_order)

    def save_card(self, card: PartCard, actor: Actor, at_us: int, revision: int = 0) -> PartCard:
        """Keep a card: a new one at revision 0, else at the revision that was read. The same again writes nothing.

        Raises as `desk.take_card`.
        """
        with self.writing() as store:
            return take_card(store, card, actor, revision, at_us)

    def card(self, part: str) -> PartCard | None:
        """One card."""
        with self._reading() as store:
            return store.card(part)

    def cards(self) -> list[PartCard]:
        """All cards by id."""
        with self._reading() as store:
            return list(store.cards().values())

    def open_cards(self, parts: Sequence[Part], at_us: int) -> list[PartCard]:
        """Make a card of each part of a plant file that has none, with what the file says is there; the new cards."""
        with self.writing() as store:
            return take_opening(store, parts, at_us)

    def save_place(self, place: Place, actor: Actor, at_us: int) -> Place:
        """Keep a store or shelf, new or changed. Raises as `desk.take_place`."""
        with self.writing() as store:
            return take_place(store, place, actor, at_us)

    def places(self) -> list[Place]:
        """Stores and shelves by id, without the sides of the ledger (`core.stock.SIDES`)."""
        query = sa.select(STOCK_PLACE).where(STOCK_PLACE.c.side == Side.STORE.value).order_by(STOCK_PLACE.c.id)
        with self._records.read() as connection:
            return [place_of(row) for row in connection.execute(query)]

    def level(self, part: str, now_us: int) -> Level:
        """How much of a part there is at a time (what has expired depends on it)."""
        with self._reading() as store:
            return store.level(part, now_us)

    def levels(self, now_us: int) -> list[Level]:
        """Of every part with a card, by id."""
        with self._reading() as store:
            return store.levels(now_us)

    def parts_for(self, asset: str, parts: Iterable[str], now_us: int) -> list[Part]:
        """Those of these parts that have a card, as an advice on an asset reckons with them.

        `on_hand`: what is free, with what is put aside for open orders of the asset; where a substitute has more, that.
        """
        with self._reading() as store:
            return parts_for(store, asset, parts, now_us)

    def balances(self, part: str | None = None) -> list[Balance]:
        """What lies where, by part, place and batch; places with nothing are left out."""
        with self._reading() as store:
            return store.balances(part)

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
        """Moves, newest first; `since_us` <= at_us < `until_us`; `before` a `seq`: those that follow it in the list."""
        move = STOCK_MOVE.c
        query = sa.select(STOCK_MOVE).order_by(move.seq.desc()).limit(limit)
        asked = (
            (part, move.part == part),
            (order, move.order.in_(_ids(order))),
            (since_us, move.at_us >= (since_us or 0)),
            (until_us, move.at_us < (until_us or 0)),
            (before, move.seq < (before or 0)),
            (reasons or None, move.reason.in_([reason.value for reason in reasons])),
        )
        query = query.where(*(where for value, where in asked if value is not None))
        with self._reading() as store:
            return store.read_moves(query)

    def move(self, new: NewMove, actor: Actor) -> StockMove:
        """Book a receipt, transfer, scrap, count difference, removal, correction, or a return to the supplier; whoever
        waits for what came in is served. Raises as `moving.take_move`."""
        with self.writing() as store:
            return take_move(store, new, actor)

    def reserve(
        self,
        order: str,
        lines: Sequence[PartLine],
        actor: Actor,
        at_us: int,
        needed_by_us: int | None = None,
    ) -> list[Reservation]:
        """Put so many of each part aside for an order, in total: asked again, nothing changes. All its open
        reservations.

        What is short waits, or has a substitute put aside (`substitute_for` says so). `needed_by_us` None: when the
        order has to start. Raises as `line.take_reservation`.
        """
        with self.writing() as store:
            return line.take_reservation(store, order, lines, actor, at_us, needed_by_us)

    def release(self, order: str, actor: Actor, at_us: int, part: str | None = None) -> list[Reservation]:
        """Give free what was put aside, or waits, and was not handed out; what was released."""
        with self.writing() as store:
            return line.take_release(store, order, actor, at_us, part)

    def reservations(
        self, order: str | None = None, part: str | None = None, open_only: bool = False
    ) -> list[Reservation]:
        """Reservations, oldest first."""
        with self._reading() as store:
            return store.reservations(self._id(order) if order is not None else None, part, open_only)

    def waiting(self, part: str | None = None, now_us: int | None = None) -> list[Waiting]:
        """Who waits for what, in the order in which they are served: by need date, then by priority of the order.

        `now_us`: tells what of it is free (`available`); without it, what is free of pieces that keep for ever.
        """
        with self._reading() as store:
            line = store.line(None if part is None else [part])
            free = {level.part: level.available for level in store.levels(now_us or 0)}
        waiting = [one for one in line if one.reservation.state is ReservationState.WAITING]
        return [replace(one, available=free[one.reservation.part]) for one in waiting]

    def refill(self, part: str, at_us: int, actor: Actor = SYSTEM) -> list[Reservation]:
        """Put free pieces aside for whoever waits, and give up holds that expired; moves do that by themselves, so this
        is for the passing of time."""
        with self.writing() as store:
            return line.refill(store, part, actor, at_us)

    def settle(self, at_us: int) -> None:
        """Look at every order that waits for parts: one that somebody was writing to when its parts came is moved
        now."""
        with self.writing() as store:
            line.settle(store, store.waits(), at_us)

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
        """Hand pieces out to an order, what expires first before the rest; one move for each batch and serial number.

        Writes the order's cost. Raises as `handing.take_issue`.
        """
        with self.writing() as store:
            return handing.take_issue(store, order, part, quantity, actor, at_us, serial, batch, place)

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
        with self.writing() as store:
            return handing.take_use(store, order, actor, at_us, part, quantity, serial)

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
        """Take back pieces that an order has in hand: to where they came from, or (not usable) to quarantine. The order
        pays for them no longer. Raises as `handing.take_return`."""
        with self.writing() as store:
            return handing.take_return(store, order, part, quantity, actor, at_us, usable, place, serial, note)

    def in_hand(self, order: str) -> dict[str, int]:
        """Pieces handed out to an order and neither used nor given back, by part."""
        found: dict[str, int] = {}
        with self._reading() as store:
            for hand in in_hand(store.moves_of(self._id(order))):
                found[hand.part] = found.get(hand.part, 0) + hand.quantity
        return found

    def assemble(self, kit: str, quantity: int, place: str, actor: Actor, at_us: int) -> list[StockMove]:
        """Make kits of free parts. Raises as `kits.take_assembly`."""
        with self.writing() as store:
            return kits.take_assembly(store, kit, quantity, place, actor, at_us)

    def take_apart(self, kit: str, quantity: int, place: str, actor: Actor, at_us: int) -> list[StockMove]:
        """The way back. Raises as `kits.take_dismantling`."""
        with self.writing() as store:
            return kits.take_dismantling(store, kit, quantity, place, actor, at_us)

    def serials(self, part: str) -> list[Serial]:
        """Pieces of a rotable and where each one is."""
        with self._reading() as store:
            return store.serials(part)

    def serial_history(self, serial: str, part: str | None = None) -> list[StockMove]:
        """All moves of a piece, oldest first: shelf, machine, repair, shelf."""
        query = sa.select(STOCK_MOVE).where(STOCK_MOVE.c.serial == serial).order_by(STOCK_MOVE.c.seq)
        with self._reading() as store:
            return store.read_moves(query if part is None else query.where(STOCK_MOVE.c.part == part))

    def on_order(self, part: str) -> list[OnOrder]:
        """What suppliers owe, as the buyers' room tells (`tells_on_order`)."""
        with self._reading() as store:
            return list(store.on_order(part))

    def history(self, part: str) -> list[Json]:
        """Audit rows of a part, oldest first."""
        with self._records.read() as connection:
            return history_of(connection, subject(part))

    def idempotent(self, key: str, actor: str, request_hash: str, work: Callable[[], tuple[int, str]]) -> Answer:
        """See `idempotency.idempotent`: what `work` does to the store room, the key and its answer are one
        transaction."""
        return self._orders.idempotent(key, actor, request_hash, work)

    def _id(self, order: str) -> str:
        with self._records.read() as connection:
            found: str | None = connection.execute(_ids(order)).scalar()
        return found or order


def _ids(order: str | None) -> sa.Select[str]:
    return sa.select(WORK_ORDER.c.id).where((WORK_ORDER.c.id == order) | (WORK_ORDER.c.number == order))
