"""The batch log of one day: what is stored but not packed yet, on disk as entries and in memory as columns.

The columns in memory serve packing and the search for late readings. Many small entries are joined to one, so that a
reader meets few. Ids of entries only rise: a reader that has seen an id needs only the entries behind it.
"""

from __future__ import annotations

import sqlite3

import numpy as np

from forewarn.core.readings import Floats, Int64s
from forewarn.ingest.store.day_rows import Bools, DayRows, SortedRuns
from forewarn.ingest.store.log_entry import entry_of, rows_of

_SMALL_ENTRIES = 512  # so many small entries are joined to one
_LARGE_ENTRY_ROWS = 2048


class DayLog:
    """The table `log` of a day file. Changes happen inside the caller's transaction; after an error, open it anew."""

    def __init__(self, db: sqlite3.Connection, last_id: int) -> None:
        self._db, self.last_id = db, last_id
        self._columns, self._n = _room(4096), 0
        self._runs = SortedRuns()
        self._small_from_id, self._small_from_row, self._small = 0, 0, 0
        for id_, blob in db.execute("SELECT id, columns FROM log ORDER BY id"):
            self._keep(id_, rows_of(blob))

    def __len__(self) -> int:
        return self._n

    @property
    def rows(self) -> DayRows:
        """All rows, in order of arrival. A view: valid until the next change."""
        return self._columns.take(slice(self._n))

    def rows_up_to(self, id_: int) -> DayRows:
        """The rows of the entries up to an id."""
        (count,) = self._db.execute("SELECT coalesce(sum(n), 0) FROM log WHERE id <= ?", (id_,)).fetchone()
        return self._columns.take(slice(count))

    def put(self, rows: DayRows) -> None:
        """Append an entry."""
        if len(rows) == 0:
            return
        self.last_id += 1
        self._keep(self.last_id, rows)
        entry = rows
        if self._small >= _SMALL_ENTRIES:
            self._db.execute("DELETE FROM log WHERE id > ?", (self._small_from_id,))
            entry = self.rows.take(slice(self._small_from_row, None))
            self.seal()
        self._db.execute("INSERT INTO log VALUES (?, ?, ?)", (self.last_id, len(entry), entry_of(entry)))

    def seal(self) -> None:
        """Entries up to now are never joined with later ones."""
        self._small_from_id, self._small_from_row, self._small = self.last_id, self._n, 0

    def drop(self, upto: int, count: int) -> None:
        """Forget the entries up to an id, which hold the first `count` rows."""
        self._db.execute("DELETE FROM log WHERE id <= ?", (upto,))
        rest = self.rows.take(slice(count, None))
        self._columns, self._n, self._runs = _room(max(4096, len(rest))), 0, SortedRuns()
        self._add(rest)
        self._small_from_row -= count

    def find(self, keys: Int64s) -> tuple[Bools, Floats]:
        """Which of these ascending keys are here, and their values."""
        found, values = np.zeros(len(keys), bool), np.zeros(len(keys))
        self._runs.add(self.rows.take(slice(len(self._runs), None)))
        for run in self._runs.runs:
            place = np.minimum(np.searchsorted(run.key, keys), len(run) - 1)
            hit = run.key[place] == keys
            found |= hit
            values[hit] = run.value[place[hit]]
        return found, values

    def _keep(self, id_: int, rows: DayRows) -> None:
        self._add(rows)
        self._small += 1
        if len(rows) >= _LARGE_ENTRY_ROWS:
            self._small_from_id, self._small_from_row, self._small = id_, self._n, 0

    def _add(self, rows: DayRows) -> None:
        stop = self._n + len(rows)
        if stop > len(self._columns):
            old, self._columns = self.rows, _room(max(stop, 2 * len(self._columns)))
            _put(self._columns, 0, old)
        _put(self._columns, self._n, rows)
        self._n = stop


def _room(n: int) -> DayRows:
    return DayRows(np.empty(n, np.int64), np.empty(n, np.float64), np.empty(n, np.uint8))


def _put(columns: DayRows, at: int, rows: DayRows) -> None:
    stop = at + len(rows)
    columns.key[at:stop], columns.value[at:stop], columns.quality[at:stop] = rows.key, rows.value, rows.quality
