"""The book of count sheets in the records, on SQLite or PostgreSQL, beside the ledger that it corrects."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.ports import Actor
from forewarn.core.stock import MoveReason, NewMove, PartCard, PartKind, StockMove
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry, append, history_of
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.outbox import post
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.maintenance.stock.count_desk import subject, take_cancelling, take_count, take_drawing, take_posting
from forewarn.maintenance.stock.count_tables import COUNT_ENTRY, COUNT_LINE, COUNT_SHEET
from forewarn.maintenance.stock.counting import (
    UNDER_WAY,
    Count,
    CountLine,
    Sheet,
    SheetState,
    Spot,
    Verdict,
    number_of,
    verdicts,
)
from forewarn.maintenance.stock.figures import StockFigures
from forewarn.maintenance.stock.losses import Difference
from forewarn.maintenance.stock.tables import STOCK_BALANCE, STOCK_MOVE, STOCK_SERIAL
from forewarn.maintenance.stock.walks import CountRules, DueSpot, Walk, due_spots, walks

CHUNK = 500


class CountBook:
    """Sheets and the rolling programme. Each call is one transaction, also for the moves that a posting books.

    `rules`: rhythm and tolerance by class.
    """

    def __init__(self, records: Records, stock: StockBookSql, rules: CountRules | None = None) -> None:
        self._records, self._stock = records, stock
        self._figures = StockFigures(records)
        self.rules = rules or CountRules()

    def spots(self, classes: Mapping[str, str], places: Collection[str] | None = None) -> list[Spot]:
        """Everything that can be counted, as the ledger has it now: a part in a place and batch, also where nothing is
        left of what lay there. `classes`: A, B or C by part (C where it is not said)."""
        cards = {card.id: card for card in self._stock.cards()}
        came = self._figures.came_to()
        with self._records.read() as connection:
            rows = connection.execute(sa.select(STOCK_BALANCE)).all()
            serials = _serials(connection)
        found = []
        for row in rows:
            key = (row.part, row.place, row.batch)
            if (row.quantity or not row.batch) and (places is None or row.place in places):
                found.append(_spot(row, cards[row.part], classes, came, serials.get(key, ())))
        return found

    def due(self, classes: Mapping[str, str], now_us: int) -> list[DueSpot]:
        """Every spot that is on no sheet under way, with the time when its count is due, the most urgent first."""
        with self._records.read() as connection:
            busy = {(row.part, row.place, row.batch) for row in connection.execute(_BUSY)}
            last = {(row.part, row.place): int(row.last) for row in connection.execute(_LAST)}
        free = [spot for spot in self.spots(classes) if spot.key not in busy]
        return due_spots(free, last, now_us, self.rules)

    def walks(self, classes: Mapping[str, str], now_us: int) -> list[Walk]:
        """The walks that count all that is due now, the one with the most to do first."""
        return self.walks_of(self.due(classes, now_us))

    def walks_of(self, due: Sequence[DueSpot]) -> list[Walk]:
        """The walks of spots that `due` told."""
        return walks(due, self.rules)

    def draw_next(self, classes: Mapping[str, str], actor: Actor, at_us: int, area: str = "") -> Sheet | None:
        """A sheet of the first walk that is due, of one room where it is named; None: nothing is due there."""
        with self._writing() as store:
            store.position()
            chosen = [walk for walk in self.walks(classes, at_us) if area in ("", walk.area)]
            return take_drawing(store, chosen[0].area, chosen[0].spots, actor, at_us, self.rules) if chosen else None

    def draw(
        self,
        area: str,
        places: Collection[str],
        classes: Mapping[str, str],
        actor: Actor,
        at_us: int,
        parts: Collection[str] = (),
    ) -> Sheet:
        """A sheet of all that lies in these places, due or not, or of these parts there only. Raises Rejected when
        nothing does, Conflict while some of it is being counted."""
        with self._writing() as store:
            store.position()
            spots = [spot for spot in self.spots(classes, places) if not parts or spot.part in parts]
            return take_drawing(store, area, spots, actor, at_us, self.rules)

    def count(self, id: int, line: int, count: Count, actor: Actor, at_us: int) -> Sheet:
        """Note what was counted on a line; see `count_desk.take_count`."""
        with self._writing() as store:
            return take_count(store, id, line, count, actor, at_us)

    def post(self, id: int, actor: Actor, revision: int, at_us: int) -> Sheet:
        """Book the differences, once; see `count_desk.take_posting`."""
        with self._writing() as store:
            return take_posting(store, id, actor, revision, at_us)

    def cancel(self, id: int, actor: Actor, revision: int, reason: str, at_us: int) -> Sheet:
        """Give a count up; see `count_desk.take_cancelling`."""
        with self._writing() as store:
            return take_cancelling(store, id, actor, revision, reason, at_us)

    def sheet(self, id: int) -> Sheet | None:
        """One sheet with its lines and counts."""
        with self._records.read() as connection:
            return _read(connection, id)

    def judged(self, sheet: Sheet) -> list[Verdict]:
        """What each line waits for or came to, with the moves up to now (of an ended sheet: up to its end)."""
        with self._records.read() as connection:
            moves = _moves(connection, sheet)
        booked = {seq for line in sheet.lines for seq in line.moves}
        last = min(booked, default=None)
        return verdicts(sheet, moves if last is None else [move for move in moves if move.seq < last])

    def sheets(self, under_way: bool = False, before: int | None = None, limit: int = 100) -> list[Sheet]:
        """Sheets, the newest first, without their lines; `before` an id: those that follow it in the list."""
        query = sa.select(COUNT_SHEET).order_by(COUNT_SHEET.c.id.desc()).limit(limit)
        if under_way:
            query = query.where(COUNT_SHEET.c.state.in_([state.value for state in UNDER_WAY]))
        if before is not None:
            query = query.where(COUNT_SHEET.c.id < before)
        with self._records.read() as connection:
            return [_sheet(row, ()) for row in connection.execute(query)]

    def differences(self, from_us: int, to_us: int) -> list[Difference]:
        """Every line that was counted in [from_us, to_us) and posted, those without a difference too."""
        of = COUNT_LINE.c
        query = sa.select(COUNT_LINE).where(of.counted_at_us >= from_us, of.counted_at_us < to_us)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(of.counted_at_us, of.sheet, of.seq)).all()
        return [_difference(row) for row in rows]

    def counted_before(self, found: Difference) -> int | None:
        """When the part was last counted in that place before; None: never."""
        of = COUNT_LINE.c
        mine = (of.part == found.part) & (of.place == found.place) & (of.counted_at_us < found.at_us)
        with self._records.read() as connection:
            last = connection.execute(sa.select(sa.func.max(of.counted_at_us)).where(mine)).scalar()
        return None if last is None else int(last)

    def history(self, id: int) -> list[Json]:
        """Audit rows of a sheet, oldest first."""
        with self._records.read() as connection:
            return history_of(connection, subject(id))

    @contextmanager
    def _writing(self) -> Iterator[CountRows]:
        with self._records.write() as connection:
            yield CountRows(connection, self._stock)


class CountRows:
    """`count_desk.CountStore` over one transaction."""

    def __init__(self, connection: sa.Connection, stock: StockBookSql) -> None:
        self._connection, self._stock = connection, stock

    def position(self) -> int:
        """See `CountStore`."""
        in_turn(self._connection, "stock")
        return int(self._connection.execute(sa.select(sa.func.max(STOCK_MOVE.c.seq))).scalar() or 0)

    def sheet(self, id: int) -> Sheet | None:
        """See `CountStore`."""
        return _read(self._connection, id, lock=True)

    def add(self, sheet: Sheet) -> Sheet:
        """See `CountStore`."""
        busy = {(row.part, row.place, row.batch): row.sheet for row in self._connection.execute(_BUSY)}
        twice = next((line.spot for line in sheet.lines if line.spot.key in busy), None)
        if twice is not None:
            where = f"{twice.part} in {twice.place} is being counted on {number_of(busy[twice.key])}"
            raise Conflict(f"{where}: post or cancel that sheet first")
        values = {name: value for name, value in _sheet_values(sheet).items() if name != "id"}
        made = self._connection.execute(COUNT_SHEET.insert(), values).inserted_primary_key
        kept = replace(sheet, id=int(made[0]) if made else 0)
        try:
            self._connection.execute(COUNT_LINE.insert(), [_line_values(kept, line) for line in kept.lines])
        except IntegrityError as error:
            raise Conflict("some of it is being counted on a sheet that was drawn just now: draw again") from error
        return kept

    def keep(self, sheet: Sheet, verdicts: Sequence[Verdict]) -> None:
        """See `CountStore`."""
        self._connection.execute(COUNT_SHEET.update().where(COUNT_SHEET.c.id == sheet.id).values(_sheet_values(sheet)))
        self._keep_counts(sheet)
        if sheet.state in UNDER_WAY:
            return
        mine = COUNT_LINE.c.sheet == sheet.id
        self._connection.execute(COUNT_LINE.update().where(mine).values(under_way=False))
        for line, judged in zip(sheet.lines, verdicts, strict=True) if sheet.state is SheetState.POSTED else ():
            last = line.standing[-1]
            told = {"difference": judged.difference, "counted_at_us": last.at_us, "counted_by": last.by}
            moves = canonical(list(line.moves))
            one = COUNT_LINE.update().where(mine, COUNT_LINE.c.seq == line.seq)
            self._connection.execute(one.values(**told, moves=moves))

    def moves_since(self, sheet: Sheet) -> list[StockMove]:
        """See `CountStore`."""
        return _moves(self._connection, sheet)

    def book(self, new: NewMove, actor: Actor) -> StockMove:
        """See `CountStore`."""
        return self._stock.move(new, actor)

    def record(self, entry: AuditEntry) -> int:
        """See `CountStore`."""
        return append(self._connection, entry)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `CountStore`."""
        post(self._connection, kind, body, at_us)

    def _keep_counts(self, sheet: Sheet) -> None:
        """Counts are added; one that is kept changes only by being replaced."""
        of = COUNT_ENTRY.c
        kept = {
            (row.line, row.n): row.replaced
            for row in self._connection.execute(sa.select(of.line, of.n, of.replaced).where(of.sheet == sheet.id))
        }
        for line in sheet.lines:
            for n, count in enumerate(line.counts, 1):
                if (line.seq, n) not in kept:
                    self._connection.execute(COUNT_ENTRY.insert(), _entry_values(sheet, line, n, count))
                elif kept[line.seq, n] != count.replaced:
                    this = (of.sheet == sheet.id) & (of.line == line.seq) & (of.n == n)
                    self._connection.execute(COUNT_ENTRY.update().where(this).values(replaced=count.replaced))


_BUSY = sa.select(COUNT_LINE.c.part, COUNT_LINE.c.place, COUNT_LINE.c.batch, COUNT_LINE.c.sheet).where(
    COUNT_LINE.c.under_way
)
_LAST = (
    sa.select(COUNT_LINE.c.part, COUNT_LINE.c.place, sa.func.max(COUNT_LINE.c.counted_at_us).label("last"))
    .where(COUNT_LINE.c.counted_at_us.is_not(None))
    .group_by(COUNT_LINE.c.part, COUNT_LINE.c.place)
)


def _read(connection: sa.Connection, id: int, lock: bool = False) -> Sheet | None:
    query = sa.select(COUNT_SHEET).where(COUNT_SHEET.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    counts: dict[int, list[Count]] = {}
    entries = sa.select(COUNT_ENTRY).where(COUNT_ENTRY.c.sheet == id).order_by(COUNT_ENTRY.c.line, COUNT_ENTRY.c.n)
    for entry in connection.execute(entries):
        serials = tuple(json.loads(entry.serials))
        told = Count(entry.pieces, entry.by, entry.at_us, serials, entry.note, entry.replaced)
        counts.setdefault(entry.line, []).append(told)
    lines = connection.execute(sa.select(COUNT_LINE).where(COUNT_LINE.c.sheet == id).order_by(COUNT_LINE.c.seq))
    return _sheet(row, [_line(line, counts.get(line.seq, ())) for line in lines])


def _moves(connection: sa.Connection, sheet: Sheet) -> list[StockMove]:
    """Moves of the sheet's parts after it was drawn, oldest first."""
    parts = sorted({line.spot.part for line in sheet.lines})
    found: list[StockMove] = []
    for start in range(0, len(parts), CHUNK):
        mine = STOCK_MOVE.c.part.in_(parts[start : start + CHUNK]) & (STOCK_MOVE.c.seq > sheet.position)
        found += [_move(row) for row in connection.execute(sa.select(STOCK_MOVE).where(mine))]
    return sorted(found, key=lambda move: move.seq)


def _serials(connection: sa.Connection) -> dict[tuple[str, str, str], tuple[str, ...]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in connection.execute(sa.select(STOCK_SERIAL).order_by(STOCK_SERIAL.c.serial)):
        found.setdefault((row.part, row.place, row.batch), []).append(row.serial)
    return {key: tuple(serials) for key, serials in found.items()}


def _spot(
    row: sa.Row[Any],
    card: PartCard,
    classes: Mapping[str, str],
    came: Mapping[tuple[str, str], int],
    serials: Iterable[str],
) -> Spot:
    return Spot(
        row.part, row.place, row.batch, row.quantity, classes.get(row.part, "C"), card.price, tuple(serials),
        came.get((row.part, row.place), 0), card.kind is PartKind.ROTABLE, row.expires_us,
    )  # fmt: skip


def _difference(row: sa.Row[Any]) -> Difference:
    at_us, pieces = row.counted_at_us, row.difference
    number = number_of(row.sheet)
    return Difference(number, row.seq, row.part, row.place, at_us, pieces, row.price, row.abc, row.counted_by)


def _move(row: sa.Row[Any]) -> StockMove:
    told = {name: getattr(row, name) for name in StockMove.__slots__}
    return StockMove(**told | {"reason": MoveReason(row.reason)})


def _sheet(row: sa.Row[Any], lines: Iterable[CountLine]) -> Sheet:
    return Sheet(
        row.id, row.area, SheetState(row.state), row.position, row.made_at_us, row.made_by, tuple(lines), row.revision,
        row.ended_at_us, row.ended_by, row.note,
    )  # fmt: skip


def _sheet_values(sheet: Sheet) -> dict[str, Any]:
    return {column.name: getattr(sheet, column.name) for column in COUNT_SHEET.c} | {"state": sheet.state.value}


def _line(row: sa.Row[Any], counts: Iterable[Count]) -> CountLine:
    spot = Spot(
        row.part, row.place, row.batch, row.pieces, row.abc, row.price, tuple(json.loads(row.serials)), 0,
        row.is_rotable, row.expires_us,
    )  # fmt: skip
    return CountLine(row.seq, spot, row.tolerance, tuple(counts), tuple(json.loads(row.moves)))


def _line_values(sheet: Sheet, line: CountLine) -> dict[str, Any]:
    spot = line.spot
    return {
        "sheet": sheet.id, "seq": line.seq, "part": spot.part, "place": spot.place, "batch": spot.batch,
        "abc": spot.abc, "price": spot.price, "pieces": spot.pieces, "serials": canonical(list(spot.serials)),
        "is_rotable": spot.is_rotable, "expires_us": spot.expires_us, "tolerance": line.tolerance,
        "moves": canonical(list(line.moves)), "under_way": True,
    }  # fmt: skip


def _entry_values(sheet: Sheet, line: CountLine, n: int, count: Count) -> dict[str, Any]:
    return {
        "sheet": sheet.id, "line": line.seq, "n": n, "pieces": count.pieces, "by": count.by, "at_us": count.at_us,
        "serials": canonical(list(count.serials)), "note": count.note, "replaced": count.replaced,
    }  # fmt: skip
