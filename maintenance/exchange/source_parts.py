"""The tables of part cards, stock and suppliers, and the books that keep them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import DIFFERENCE, OPENING, MoveReason, NewMove, PartCard, PartKind
from forewarn.maintenance.buying.asking import take_supplier
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.desk import Written
from forewarn.maintenance.exchange.kind_parts import (
    PARTS,
    STOCK,
    SUPPLIERS,
    card_of,
    card_record,
    expires_us,
    lot_key,
    lot_record,
    supplier_of,
    supplier_record,
)
from forewarn.maintenance.exchange.parsing import ParsedRow
from forewarn.maintenance.exchange.preview import Draft, Finding, alike
from forewarn.maintenance.exchange.source_people import finding
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.maintenance.stock.desk import StockStore, record, take_card
from forewarn.maintenance.stock.moving import take_move
from forewarn.maintenance.stock.tables import STOCK_CARD, STOCK_LEVEL

COLUMN_OF = {
    "part_id": "id", "part_text": "name", "part_price": "price", "part_lead_time": "lead_p90_days",
    "part_shelf_life": "shelf_life_days", "part_substitutes": "substitutes", "part_contains": "contains",
    "supplier_name": "name",
}  # fmt: skip
"""What the book says is wrong -> the column to change."""


class Plainly:
    """What intakes have in common that give no keys and keep nothing elsewhere."""

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """See `desk.Intake`."""
        return rows

    def keeping(self) -> AbstractContextManager[None]:
        """See `desk.Intake`."""
        return nullcontext()

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        return Written(row.key, row.after, row.before)


class PartsSource(Plainly):
    """`desk.Intake` of part cards. Undoing a new card takes it out again while nothing was ever moved of it."""

    kind = PARTS

    def __init__(self, book: StockBookSql) -> None:
        self._book = book

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        cards = {(card.id,): card for card in self._book.cards()}
        return {key: card_record(card) for key, card in cards.items() if keys is None or key in keys}

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        return card_record(card_of(record))

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        cards: dict[str, PartCard] = {card.id: card for card in self._book.cards()}
        found, drafted = [], {}
        for row in rows:
            try:
                drafted[row.row] = card_of(row.record)
                cards[row.key[0]] = drafted[row.row]
            except Rejected as error:
                found.append(finding(row, COLUMN_OF.get(error.reason, ""), error))
        told = self._strange(rows, drafted, cards)
        while told:  # a row that is wrong is not there for those that name it
            found += told
            for one in told:
                cards.pop(drafted.pop(one.row).id, None)
            told = self._strange(rows, drafted, cards)
        return found

    def _strange(
        self, rows: Sequence[Draft], drafted: Mapping[int, PartCard], cards: Mapping[str, PartCard]
    ) -> list[Finding]:
        found = []
        inside = {line.part for card in cards.values() for line in card.contains}
        for row in (row for row in rows if row.row in drafted):
            card = drafted[row.row]
            named = {"substitutes": list(card.substitutes), "contains": [line.part for line in card.contains]}
            missing = [(column, part) for column, parts in named.items() for part in parts if part not in cards]
            kits = [part for part in named["contains"] if part in cards and cards[part].is_kit]
            if missing:
                column, part = missing[0]
                found.append(
                    Finding(row.row, column, f"names {part}, which has no card", "add a row for it, or mend it")
                )
            elif kits or (card.is_kit and card.id in inside):
                told = "a kit contains parts, not kits"
                found.append(Finding(row.row, "contains", told, "name the parts one by one"))
        return found

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`: cards that name new ones get their names when all are there."""
        with self._book.writing() as store:
            known = {card.id: card.revision for card in self._book.cards()}
            later = []
            for row in rows:
                if row.after is None:
                    _take_out(connection, store, row.key[0], actor, at_us)
                    continue
                card = card_of(row.after, known.get(row.key[0], 0))
                if any(part not in known for part in _named(card)):
                    later.append(card)
                    card = replace(card, substitutes=(), contains=())
                known[card.id] = take_card(store, card, actor, card.revision, at_us).revision
            for card in later:
                revision = known[card.id]
                take_card(store, replace(card, revision=revision), actor, revision, at_us)
        self._refuse_gaps({row.key[0] for row in rows if row.after is None})

    def _refuse_gaps(self, gone: set[str]) -> None:
        for card in self._book.cards() if gone else ():
            missing = gone & set(_named(card))
            if missing:
                raise Conflict(f"{card.id} names {', '.join(sorted(missing))} since: change that card first")


def _named(card: PartCard) -> list[str]:
    return [*card.substitutes, *(line.part for line in card.contains)]


def _take_out(connection: sa.Connection, store: StockStore, part: str, actor: Actor, at_us: int) -> None:
    before = store.card(part)
    if before is None:
        return
    try:
        with connection.begin_nested():
            connection.execute(STOCK_LEVEL.delete().where(STOCK_LEVEL.c.part == part))
            connection.execute(STOCK_CARD.delete().where(STOCK_CARD.c.id == part))
    except IntegrityError:
        raise Conflict(f"something was done with {part} since: its card stays") from None
    record(store, part, actor, "card taken out", plain_object(before), {}, at_us)


@dataclass(frozen=True, slots=True)
class _Known:
    """Cards and places that a table of stock may name."""

    cards: Mapping[str, PartCard]
    places: Collection[str]


class StockSource(Plainly):
    """`desk.Intake` of what lies where: each row is a count, and the difference is booked as a move. The first pieces
    of a part in the ledger are its opening."""

    kind = STOCK

    def __init__(self, book: StockBookSql, now_us: Callable[[], int]) -> None:
        self._book, self._now_us = book, now_us

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`: where nothing lies of a known part in a known place, there are 0."""
        lots = {lot_key(lot): lot_record(lot_key(lot), lot.quantity, lot.expires_us) for lot in self._book.balances()}
        if keys is None:
            return lots
        known = self._known()
        empty = {key: lot_record(key, 0, None) for key in keys if key[0] in known.cards and key[1] in known.places}
        return {key: lots.get(key, one) for key, one in empty.items()}

    def _known(self) -> _Known:
        cards = {card.id: card for card in self._book.cards()}
        return _Known(cards, {place.id for place in self._book.places()})

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`: where nothing lies, nothing expires."""
        return {**record, "expires": ""} if record["on_hand"] == 0 else record

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        known = self._known()
        return [one for row in rows if (one := _against(row, known)) is not None]

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        with self._book.writing() as store:
            for row in rows:
                before = row.before["on_hand"] if row.before else 0
                after = row.after["on_hand"] if row.after else 0
                if after != before:
                    take_move(store, self._move(row, after - before, at_us), actor)

    def _move(self, row: Written, more: int, at_us: int) -> NewMove:
        part, place, batch = row.key
        first = more > 0 and not self._book.moves(part, limit=1)
        other, reason = (OPENING, MoveReason.OPENING) if first else (DIFFERENCE, MoveReason.COUNT)
        ends = (other, place) if more > 0 else (place, other)
        last = expires_us(row.after) if row.after and more > 0 else None
        note = "from a table"
        return NewMove(part, *ends, abs(more), reason, at_us, batch=batch, expires_us=last, note=note)


def _against(row: Draft, known: _Known) -> Finding | None:
    part, place, batch = row.key
    card = known.cards.get(part)
    if card is None:
        return Finding(row.row, "part", "has no card", "bring in the table of parts first, or mend the number")
    if place not in known.places:
        return Finding(
            row.row, "place", "is no place of the store room", f"make it first; there are {_some(known.places)}"
        )
    if card.kind is PartKind.ROTABLE:
        return Finding(row.row, "part", "has serial numbers", "book its pieces one by one in the store room")
    more = row.record["on_hand"] - (row.before["on_hand"] if row.before else 0)
    if more > 0 and card.shelf_life_days is not None and not (batch and row.record["expires"]):
        column = "expires" if batch else "batch"
        return Finding(row.row, column, f"{part} does not keep for ever", "write its batch and last day")
    was = row.before["expires"] if row.before and row.before["on_hand"] else row.record["expires"]
    if row.record["on_hand"] and not alike(was, row.record["expires"]):
        return Finding(row.row, "expires", f"the batch expires on {was or 'no day'}", "name a batch of its own")
    return None


def _some(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:8])


class SuppliersSource(Plainly):
    """`desk.Intake` of suppliers. Nobody is deleted: undoing a new one makes it not active."""

    kind = SUPPLIERS

    def __init__(self, book: BuyingBookSql) -> None:
        self._book = book

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        found = {(supplier.id,): supplier for supplier in self._book.suppliers()}
        return {key: supplier_record(one) for key, one in found.items() if keys is None or key in keys}

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        return supplier_record(supplier_of(record))

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        found = []
        for row in rows:
            try:
                supplier_of(row.record)
            except Rejected as error:
                found.append(finding(row, COLUMN_OF.get(error.reason, ""), error))
        return found

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        with self._book.writing() as store:
            for row in rows:
                before = store.supplier(row.key[0])
                revision = before.revision if before else 0
                if row.after is not None:
                    take_supplier(store, supplier_of(row.after, revision), actor, revision, at_us)

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        if row.before is None and row.after is not None:
            return Written(row.key, row.after, {**row.after, "active": False})
        return Written(row.key, row.after, row.before)
