"""A store room with orders, for the tests of this folder."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.stock import MAIN_STORE, SUPPLIER, MoveReason, NewMove, PartCard, Place, StockMove
from forewarn.core.work import NewOrder, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.maintenance.stock.tables import STOCK_BALANCE, STOCK_LEVEL, STOCK_MOVE, STOCK_PLACE, STOCK_RESERVATION
from tests.maintenance.samples import ANN, CODES, NOW_US

KIM = Actor("kim", "storekeeper")
SHELF = Place("shelf-2", "Shelf 2")


class StoreHouse:
    """Orders and stock on the same records."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.orders = OrderBookSql(records)
        self.stock = StockBookSql(records, self.orders)

    def card(self, part: str, pieces: int = 0, at_us: int = NOW_US, **fields: object) -> PartCard:
        """A card with so many on the shelf."""
        made = self.stock.save_card(PartCard(part, **{"price": 10.0, **fields}), KIM, at_us)  # type: ignore[arg-type]
        if pieces:
            self.receive(part, pieces, at_us)
        return made

    def receive(
        self, part: str, pieces: int, at_us: int = NOW_US, place: str = MAIN_STORE.id, **fields: object
    ) -> StockMove:
        """So many come from a supplier."""
        new = NewMove(part, SUPPLIER, place, pieces, MoveReason.RECEIPT, at_us, **fields)  # type: ignore[arg-type]
        return self.stock.move(new, KIM)

    def order(
        self, *parts: PartLine, priority: int = 3, status: Status = Status.APPR, at_us: int = NOW_US
    ) -> WorkOrder:
        """A new order, approved unless the status says WAPPR."""
        new = NewOrder("pump-03", OrderKind.CORRECTIVE, "Mend", at_us, priority=priority, parts=parts)
        made = self.orders.raise_order(new, ANN).order
        assert made is not None
        return made if status is Status.WAPPR else self.step(made, status)

    def step(self, order: WorkOrder, status: Status, at_us: int = NOW_US) -> WorkOrder:
        """Move an order, whatever its revision is by now."""
        report = CODES if status is Status.COMP else None
        return self.orders.act(order.id, status, ANN, self.now(order).revision, at_us, report)

    def waive(self, order: WorkOrder) -> None:
        """Nobody looks whether the repair shows."""
        self.orders.verify(order.id, Verification.WAIVED, ANN, NOW_US)

    def now(self, order: WorkOrder) -> WorkOrder:
        """The order as it is."""
        found = self.orders.order(order.id)
        assert found is not None
        return found


def unbalanced(records: Records) -> list[str]:
    """What does not add up in a ledger, worked out slowly from its rows; [] when all does."""
    found: list[str] = []
    with records.read() as connection:
        moves = connection.execute(sa.select(STOCK_MOVE).order_by(STOCK_MOVE.c.seq)).all()
        places = {row.id: row for row in connection.execute(sa.select(STOCK_PLACE))}
        kept = {(row.part, row.place, row.batch): row.quantity for row in connection.execute(sa.select(STOCK_BALANCE))}
        levels = connection.execute(sa.select(STOCK_LEVEL)).all()
        open_ones = connection.execute(sa.select(STOCK_RESERVATION)).all()
    if [move.seq for move in moves] != list(range(1, len(moves) + 1)):
        found.append("the moves are not numbered without a gap")
    summed: dict[tuple[str, str, str], int] = {}
    for move in moves:
        for place, pieces in ((move.from_place, -move.quantity), (move.to_place, move.quantity)):
            key = (move.part, place, move.batch)
            summed[key] = summed.get(key, 0) + pieces
    for part in {key[0] for key in summed}:
        total = sum(pieces for key, pieces in summed.items() if key[0] == part)
        if total != 0:
            found.append(f"{part}: over all places the moves come to {total}, not to 0")
    stores = {key: pieces for key, pieces in summed.items() if places[key[1]].side == "store" and pieces}
    if stores != {key: pieces for key, pieces in kept.items() if pieces}:
        found.append(f"balances {kept} are not the sums of the moves {stores}")
    for level in levels:
        mine = {key: pieces for key, pieces in stores.items() if key[0] == level.part}
        usable = sum(pieces for key, pieces in mine.items() if places[key[1]].usable)
        held = sum(one.quantity - one.taken for one in open_ones if one.part == level.part and one.state == "held")
        told = (level.usable, level.unusable, level.reserved)
        if told != (usable, sum(mine.values()) - usable, held):
            found.append(
                f"{level.part}: the level says {told}, the rows {usable}, {sum(mine.values()) - usable}, {held}"
            )
        if held > usable:
            found.append(f"{level.part}: {held} are put aside, {usable} are there")
    return found
