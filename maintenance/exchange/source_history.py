"""The table of history and the import of past orders: one road, `plans.history_file` and `plans.history_book`."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.labels import Finding as Verdict
from forewarn.core.ports import Actor
from forewarn.core.work import OrderKind
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.exchange.cells import Key, Record
from forewarn.maintenance.exchange.desk import Written
from forewarn.maintenance.exchange.kind_history import HISTORY, history_record
from forewarn.maintenance.exchange.parsing import ParsedRow
from forewarn.maintenance.exchange.preview import Draft, Finding
from forewarn.maintenance.exchange.source_people import two_parts
from forewarn.maintenance.orders.rows import read_orders
from forewarn.maintenance.plans.history_book import HistoryBook
from forewarn.maintenance.plans.history_file import FIELDS, TITLE_LIMIT, HistoryMap, Parsed, read_past
from forewarn.maintenance.plans.tables import IMPORTED_ORDER
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER

CHUNK = 500
WORDS = ("system", "part", "action", "failure_mode")


class HistorySource:
    """`desk.Intake` of past orders. They are never changed and never taken back: the record of work only grows.

    `assets` gives the ids of the plant, `currency` that of its costs.
    """

    kind = HISTORY

    def __init__(self, records: Records, assets: Callable[[], Collection[str]], currency: Callable[[], str]) -> None:
        self._records, self._book = records, HistoryBook(records)
        self._assets, self._currency = assets, currency

    def now(self, keys: Collection[Key] | None) -> dict[Key, Record]:
        """See `desk.Source`."""
        table = IMPORTED_ORDER.c
        query = sa.select(table.source, table.key, table.order_id).order_by(table.source, table.key)
        if keys is not None:
            query = query.where(table.source.in_(sorted({source for source, _ in keys})))
        with self._records.read() as connection:
            rows = connection.execute(query).all()
            wanted = {
                row.order_id: (row.source, row.key) for row in rows if keys is None or (row.source, row.key) in keys
            }
            found = {}
            ids = list(wanted)
            for start in range(0, len(ids), CHUNK):
                some = WORK_ORDER.c.id.in_(ids[start : start + CHUNK])
                for kept in read_orders(connection, sa.select(WORK_ORDER).where(some), evidence=False):
                    source, key = wanted[kept.order.id]
                    found[(source, key)] = history_record(source, key, kept.order)
        return {key: found[key] for key in wanted.values() if key in found}

    def keyed(self, rows: Sequence[ParsedRow]) -> Sequence[ParsedRow]:
        """A row without a number gets one from what it says, counted among rows that say the same."""
        seen: Counter[str] = Counter()
        return [self._keyed(row, seen) for row in rows]

    def _keyed(self, row: ParsedRow, seen: Counter[str]) -> ParsedRow:
        if row.issues:
            return row
        told = {**HISTORY.new(), **row.given}
        words = " ".join(told[name] for name in WORDS if told[name])
        told["text"] = (told["text"] or words or told["kind"])[:TITLE_LIMIT]
        if not told["key"]:
            digest = hashlib.sha256(canonical({**told, "key": ""}).encode()).hexdigest()[:40]
            seen[digest] += 1
            told["key"] = f"{digest}-{seen[digest]}"
        return replace(row, given=told, key=HISTORY.key_of(told))

    def settled(self, record: Record, before: Record | None) -> Record:
        """See `desk.Intake`."""
        return record

    def check(self, rows: Sequence[Draft]) -> list[Finding]:
        """See `desk.Intake`."""
        found = [
            Finding(row.row, "key", "is in the records and says something else there", "take the row out")
            for row in rows
            if row.before is not None
        ]
        by_row = {row.row: row.record for row in rows if row.before is None}
        for error in self._parsed(by_row.items()).errors:
            column = error.field if error.field in FIELDS else ""
            found.append(Finding(error.row, column, *two_parts(error.problem)))
        return found

    def write(self, connection: sa.Connection, rows: Sequence[Written], actor: Actor, at_us: int) -> None:
        """See `desk.Intake`."""
        by_source: dict[str, list[tuple[int, Record]]] = {}
        for place, row in enumerate(rows):
            if row.after is not None:
                by_source.setdefault(row.key[0], []).append((place, row.after))
        for source, records in sorted(by_source.items()):
            self._book.apply(self._parsed(records), self._map(source), actor, at_us)

    def keeping(self) -> AbstractContextManager[None]:
        """See `desk.Intake`."""
        return nullcontext()

    def taken_back(self, row: Written) -> Written:
        """See `desk.Intake`."""
        raise Rejected(
            "history_stays", "orders of the past are not taken back: note on the order what is wrong with it"
        )

    def _parsed(self, rows: Iterable[tuple[int, Record]]) -> Parsed:
        """Through the reader of history files: what it refuses there, it refuses here. Rows get their numbers back."""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        number_of_line = {}
        for number, record in rows:
            writer.writerow({name: "" if record.get(name) is None else record[name] for name in FIELDS})
            number_of_line[out.tell()] = number
        text = out.getvalue()
        lines, place = {}, 0
        for line, content in enumerate(text.split("\n"), 1):
            place += len(content) + 1
            if place in number_of_line:
                lines[line] = number_of_line[place]
        read = read_past(io.StringIO(text, newline=""), self._map(""), self._assets())
        return Parsed(
            tuple(replace(order, row=lines[order.row]) for order in read.orders),
            tuple(replace(error, row=lines.get(error.row, error.row)) for error in read.errors),
            read.unmapped,
        )

    def _map(self, source: str) -> HistoryMap:
        return HistoryMap(
            source,
            {name: name for name in FIELDS},
            kinds={kind.value: kind for kind in OrderKind},
            findings={verdict.value: verdict for verdict in Verdict},
            several=";",
            currency=self._currency(),
        )
