"""Tables that only go out, and the books that they come from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from forewarn.core.ports import OrderBook
from forewarn.core.stock import StockMove
from forewarn.core.work import WorkOrder
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.stock.book import StockBookSql

PAGE = 500
MOST = 100_000
"""Rows of a file; who needs more asks the records."""


class Exported:
    """`desk.Source` of rows that are made when they are asked for."""

    def __init__(self, kind: TableKind, rows: Callable[[], Iterable[Record]]) -> None:
        self.kind, self._rows = kind, rows

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`; the key is the place in the list."""
        found: dict[Key, Record] = {}
        for place, record in enumerate(self._rows()):
            if place >= MOST:
                break
            found[(str(place),)] = record
        return found


def all_orders(book: OrderBook) -> Iterator[WorkOrder]:
    """Every order, newest first, page by page."""
    before = None
    while page := book.orders(limit=PAGE, evidence=False, before=before):
        yield from page
        before = page[-1].id


def all_moves(book: StockBookSql) -> Iterator[StockMove]:
    """Every move, newest first, page by page."""
    before = None
    while page := book.moves(limit=PAGE, before=before):
        yield from page
        before = page[-1].seq
