"""What the use cases of the store room need of whatever keeps it, and those of cards and places.

Each runs inside one transaction of its `StockStore`: moves, balances, audit row and message are written together. Rows
of a part stand in the audit under `part:ID`, those of a place under `place:ID`. Who joins stock with changes of another
room in one transaction calls `StockStore.turn` first, before it locks, audits or posts anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import (
    Balance,
    Level,
    MoveReason,
    NewMove,
    OnOrder,
    PartCard,
    PartKind,
    Place,
    Reservation,
    Serial,
    StockMove,
    Waiting,
)
from forewarn.core.work import Json, Status
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.orders.desk import OrderStore
from forewarn.maintenance.orders.rules import KeptOrder
from forewarn.maintenance.stock.rules import too_few


class StockStore(Protocol):
    """The store room as one transaction sees it."""

    @property
    def orders(self) -> OrderStore:
        """Orders in the same transaction."""
        ...

    @property
    def house(self) -> House:
        """What is known of the plant: limits of cost."""
        ...

    def turn(self) -> None:
        """From here to the end of the transaction nobody else moves stock. Take it before any row lock."""
        ...

    def card(self, part: str) -> PartCard | None:
        """One card."""
        ...

    def cards(self, parts: Iterable[str]) -> dict[str, PartCard]:
        """Those of these parts that have one."""
        ...

    def instead(self, part: str) -> list[str]:
        """Parts that this one is a substitute for."""
        ...

    def in_kit(self, part: str) -> str | None:
        """A kit that contains this part."""
        ...

    def keep_card(self, card: PartCard, at_us: int) -> None:
        """Insert (revision 1) or replace. Raises Conflict when somebody was faster."""
        ...

    def place(self, id: str) -> Place | None:
        """One place, sides too."""
        ...

    def keep_place(self, place: Place) -> None:
        """Insert or replace."""
        ...

    def is_empty(self, place: str) -> bool:
        """Does nothing lie there?"""
        ...

    def lots(self, part: str, usable: bool = True) -> list[Balance]:
        """What lies in stores of one kind, by batch; empty ones left out."""
        ...

    def lots_at(self, part: str, place: str) -> list[Balance]:
        """What lies at one place."""
        ...

    def batch(self, part: str, batch: str) -> Balance | None:
        """Any lot of this batch, also one that is used up: it knows the last day."""
        ...

    def level(self, part: str, now_us: int) -> Level:
        """How much there is."""
        ...

    def book(self, new: NewMove, actor: Actor, asset: str = "") -> StockMove:
        """Write a move with its balances; raises Conflict when a balance would fall below 0. `asset`: where its piece
        with a serial number goes. Refuses nothing else: the desk does."""
        ...

    def move_of(self, seq: int) -> StockMove | None:
        """One move."""
        ...

    def corrected(self, seq: int) -> int:
        """Pieces of a move that corrections took back."""
        ...

    def moves_of(self, order: str, part: str | None = None) -> list[StockMove]:
        """Moves of an order (its id), oldest first."""
        ...

    def serial(self, part: str, serial: str) -> Serial | None:
        """Where a piece is."""
        ...

    def serials(self, part: str) -> list[Serial]:
        """All pieces of a rotable, by number."""
        ...

    def reservations(
        self, order: str | None = None, part: str | None = None, open_only: bool = False
    ) -> list[Reservation]:
        """Reservations of an order (its id) or a part, oldest first."""
        ...

    def add_reservation(self, reservation: Reservation) -> Reservation:
        """A new one, with its id."""
        ...

    def change_reservation(self, before: Reservation, after: Reservation) -> None:
        """In its place; what is put aside of a part follows."""
        ...

    def line(self, parts: Sequence[str]) -> list[Waiting]:
        """Open reservations of these parts, in the order in which they are served; `available` is left at 0."""
        ...

    def order_if_free(self, order: str) -> KeptOrder | None:
        """An order by its id, locked; None while somebody else holds it."""
        ...

    def wait_of(self, order: str) -> tuple[bool, Status | None]:
        """Is an order to wait for parts, and where does it go back to?"""
        ...

    def keep_wait(self, order: str, back_to: Status | None) -> None:
        """It is."""
        ...

    def drop_wait(self, order: str) -> None:
        """It is not any more."""
        ...

    def waits(self) -> list[str]:
        """Ids of orders that are to wait."""
        ...

    def bill(self, order: str, part: str) -> int | None:
        """The line of an order's report that the store room wrote for a part."""
        ...

    def keep_bill(self, order: str, part: str, line: int) -> None:
        """The line that stands now."""
        ...

    def bills(self, order: str) -> set[int]:
        """All such lines of an order."""
        ...

    def on_order(self, part: str) -> Sequence[OnOrder]:
        """What suppliers owe."""
        ...


def subject(part: str) -> str:
    """Under what the audit keeps rows of a part."""
    return f"part:{part}"


def known_card(store: StockStore, part: str) -> PartCard:
    """The card. Raises Rejected for a part that has none."""
    card = store.card(part)
    if card is None:
        raise Rejected("unknown_part", f"there is no part {part!r} in the store room: make its card first")
    return card


def known_place(store: StockStore, id: str) -> Place:
    """The place. Raises Rejected when there is none."""
    place = store.place(id)
    if place is None:
        raise Rejected(
            "unknown_place", f"there is no place {id!r} in the store room: make it first, or name another one"
        )
    return place


def take_card(store: StockStore, card: PartCard, actor: Actor, revision: int, at_us: int) -> PartCard:
    """Keep a card: a new one at revision 0, else at the revision that was read. The same card again writes nothing.

    Raises Rejected for parts that it names and that have no card, kits inside kits, and Conflict for a stale revision
    and for a part that becomes a rotable, or stops being one, while pieces of it lie in a store.
    """
    store.turn()
    before = store.card(card.id)
    found = before.revision if before else 0
    if before is not None and replace(card, revision=found) == before:
        return before
    if revision != found:
        raise Conflict(f"the card of {card.id} is at revision {found}, not {revision}: read it again")
    _check_names(store, card)
    rotable = PartKind.ROTABLE in (card.kind, before.kind if before else card.kind)
    if before is not None and rotable and card.kind is not before.kind and store.level(card.id, at_us).on_hand:
        raise Conflict(f"{card.id}: pieces lie in a store; move them out before the part becomes {card.kind.value}")
    kept = replace(card, revision=found + 1)
    store.keep_card(kept, at_us)
    was, became = plain_object(before) if before else {}, plain_object(kept)
    changed = [name for name in became if was.get(name) != became[name]]
    was = {name: was[name] for name in changed if name in was}
    action = "card changed" if before else "card made"
    record(store, card.id, actor, action, was, {name: became[name] for name in changed}, at_us)
    return kept


def _check_names(store: StockStore, card: PartCard) -> None:
    inside = [line.part for line in card.contains]
    named = store.cards([*card.substitutes, *inside])
    missing = [part for part in (*card.substitutes, *inside) if part not in named]
    if missing:
        raise Rejected("unknown_part", f"{card.id} names {', '.join(missing)}: make these cards first")
    kits = [part for part in inside if named[part].is_kit]
    if kits or (card.is_kit and store.in_kit(card.id)):
        told = ", ".join(kits) or f"{card.id} in {store.in_kit(card.id)}"
        raise Rejected("kit_in_kit", f"{told}: a kit contains parts, not kits; name their parts one by one")


def take_place(store: StockStore, place: Place, actor: Actor, at_us: int) -> Place:
    """Keep a store or shelf. Raises Rejected for a side of the ledger, Conflict for one that becomes usable, or stops
    being so, while something lies there."""
    if not place.is_store:
        raise Rejected("place_side", f"{place.id} is a side of the ledger: it is there already and never changes")
    store.turn()
    before = store.place(place.id)
    if before == place:
        return place
    if before is not None and before.usable != place.usable and not store.is_empty(place.id):
        raise Conflict(f"pieces lie in {place.id}: move them out before it changes whether they can be used")
    store.keep_place(place)
    was: Json = {"name": before.name, "usable": before.usable} if before else {}
    entry = AuditEntry(
        at_us, actor, f"place:{place.id}", "place kept", was, {"name": place.name, "usable": place.usable}
    )
    store.orders.record(entry)
    return place


def booked(store: StockStore, new: NewMove, actor: Actor, asset: str = "") -> StockMove:
    """Write a move with its audit row and its message; who calls has checked it."""
    move = store.book(new, actor, asset)
    told: Json = {
        "seq": move.seq,
        "part": move.part,
        "quantity": move.quantity,
        "from": move.from_place,
        "to": move.to_place,
        "unit_cost": move.unit_cost,
        **{name: value for name in ("order", "batch", "serial", "note", "corrects") if (value := getattr(move, name))},
    }
    seq = record(store, move.part, actor, move.reason.value.replace("_", " "), {}, told, new.at_us)
    if move.reason is not MoveReason.OPENING:
        store.orders.post("stock.moved", {**told, "reason": move.reason.value, "audit": seq}, new.at_us)
    return move


def order_id(store: StockStore, order: str) -> str:
    """Id of an order, locked, by id or number. Raises Rejected when there is none."""
    kept = store.orders.find(order)
    if kept is None:
        raise Rejected("unknown_order", f"there is no order {order}")
    return kept.order.id


def shortage(store: StockStore, card: PartCard, wanted: int, free: int, at_us: int) -> Conflict:
    """Why so many cannot be had: what is there, what does instead, what comes."""
    level = store.level(card.id, at_us)
    words = (("put aside for orders", level.reserved), ("unusable", level.unusable), ("expired", level.expired))
    elsewhere = [f"{pieces} {what}" for what, pieces in words if pieces]
    others = {part: store.level(part, at_us).available for part in card.substitutes}
    return too_few(card, wanted, free, elsewhere, others, store.on_order(card.id))


def record(store: StockStore, part: str, actor: Actor, action: str, was: Json, became: Json, at_us: int) -> int:
    """An audit row of a part; its number."""
    return store.orders.record(AuditEntry(at_us, actor, subject(part), action, was, became))
