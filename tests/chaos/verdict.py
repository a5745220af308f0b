"""What the system kept, set against what its senders saw acknowledged: the verdict of a run with kills.

It looks at the files behind the reader's back too. A reader gives each reading once, even one that was stored twice.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.core.ports import Refusal
from forewarn.core.readings import Int64s
from forewarn.ingest.store.chunks import decode_chunk
from forewarn.ingest.store.day_rows import key_of
from forewarn.ingest.store.log_entry import rows_of
from forewarn.ingest.store.reader import PackedReader

_VALUE = re.compile(rb'\{"value":(\d+),"ts":\d+')
NOBODY = -1
"""Stands for a value that no id can be."""
MUST_BE_ZERO = ("lost", "duplicates", "phantoms", "miscounted")
BOOKS = ("acked", "stored", "quarantined", "conflicts", *MUST_BE_ZERO)
"""What every scenario reports."""
MUST_BE_ZERO_IN_ORDERS = ("causes_with_two_open_orders", "audit_rows_that_do_not_fit")


def judged_readings(
    series_dir: Path, signals: Sequence[str], attempted: set[int], acked: set[int], fleet_acked: int
) -> dict[str, Any]:
    """Ids on the signals of the ledger, and the books of the whole store. Call it when the writer has ended."""
    reader = PackedReader(series_dir)
    books, names = reader.counts(), reader.names()
    read = [reader.read(names[signal], 0, 2**62).value for signal in signals if signal in names]
    stored = Counter(int(value) if math.isfinite(value) else NOBODY for values in read for value in values)
    readable = sum(len(reader.read(number, 0, 2**62)) for number in names.values())
    waveforms = sum(len(reader.waveforms(number, 0, 2**62)) for number in names.values())
    reader.close()
    expected, missing = len(acked) + fleet_acked, len(acked - set(stored))
    return {
        "acked": len(acked),
        "stored": len(stored),
        "quarantined": books.quarantined + books.summarised,
        "conflicts": books.conflicts,
        "lost": max(missing, expected - books.acknowledged),  # by name, or one of the fleet's, which have no names
        "duplicates": sum(n - 1 for n in stored.values()) + rows_on_disk_twice(series_dir),
        "phantoms": len(set(stored) - attempted),
        "miscounted": abs(books.stored - readable - waveforms),
        "books": {"acked_at_least": expected, "accounted": books.acknowledged, "duplicates": books.duplicates},
    }


def stored_ids(series_dir: Path, signals: Sequence[str]) -> set[int]:
    """Ids that a reader finds on the signals of the ledger."""
    reader = PackedReader(series_dir)
    try:
        names = reader.names()
        read = [reader.read(names[signal], 0, 2**62).value for signal in signals if signal in names]
    finally:
        reader.close()
    return {int(value) for values in read for value in values if math.isfinite(value)}


def good_ids_of(rows: Sequence[Refusal], reason: str) -> set[int]:
    """Ids of well-formed messages of the ledger that were refused for a reason."""
    return {int(found[1]) for row in rows if row.reason == reason and (found := _VALUE.match(row.payload))}


def rows_on_disk_twice(series_dir: Path) -> int:
    """Rows whose series and time stand twice in a day's log, or twice in its chunks."""
    twice = 0
    for file in sorted(series_dir.glob("day-*.db")):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as day:
            log = [rows_of(blob).key for (blob,) in day.execute("SELECT columns FROM log")]
            chunks = [key_of(series, 0) + decode_chunk(blob)[0] for series, blob in _chunks(day)]
            waves = day.execute("SELECT count(*) - count(DISTINCT series || ' ' || at) FROM waveform").fetchone()[0]
        twice += _repeats(log) + _repeats(chunks) + int(waves)
    return twice


def _chunks(day: sqlite3.Connection) -> list[tuple[int, bytes]]:
    return day.execute("SELECT series, blob FROM chunk").fetchall()


def _repeats(keys: list[Int64s]) -> int:
    joined = np.concatenate(keys) if keys else np.empty(0, np.int64)
    return len(joined) - len(np.unique(joined))


def judged_orders(file: Path) -> dict[str, Any]:
    """Orders, causes with two open ones, and whether file and audit chain are whole."""
    from forewarn.maintenance.audit import verify_audit
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.records import open_records

    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        integrity = connection.execute("pragma integrity_check").fetchone()[0]
    records = open_records(f"sqlite:///{file}")
    try:
        orders = OrderBookSql(records).orders(limit=10_000)
        bad_row = verify_audit(records)
    finally:
        records.close()
    open_causes = Counter((o.asset, str(c.fault)) for o in orders if o.is_open for c in o.causes)
    return {
        "orders": len(orders),
        "open": sum(o.is_open for o in orders),
        "causes_with_two_open_orders": sum(n > 1 for n in open_causes.values()),
        "audit_rows_that_do_not_fit": 0 if bad_row is None else 1,
        "integrity": integrity,
    }


def troubles_of_orders(orders: dict[str, Any]) -> dict[str, int]:
    """What must be zero in the answer of `judged_orders`, by name."""
    found = {name: int(orders[name]) for name in MUST_BE_ZERO_IN_ORDERS}
    return {**found, "records_file_damaged": int(orders["integrity"] != "ok")}
