"""The table of packed chunks of one day: adding, merging, and how a late reading is found."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Floats, Int64s
from forewarn.ingest.store.chunks import QUICKLY, THOROUGHLY, decode_chunk
from forewarn.ingest.store.day_rows import Bools, DayRows
from forewarn.ingest.store.merge import Columns, Span, cuts, merged, next_when_settled, next_while_written
from forewarn.ingest.store.packing import ChunkRow, chunk_row
from forewarn.ingest.store.recent import DecodedChunks, RecentRows

_EXAMINE_AFTER = 8
Choose = Callable[[Sequence[Span]], list[Span]]


class ChunkTable:
    """The table `chunk` of a day file, inside the caller's transactions."""

    def __init__(self, db: sqlite3.Connection, day: int) -> None:
        self._db, self._midnight = db, day * US_PER_DAY
        self._decoded = DecodedChunks()
        self._fresh: defaultdict[int, int] = defaultdict(int)
        self._to_examine: list[int] = []
        self.newest: dict[int, int] = {}
        for series, t1, count in db.execute("SELECT series, max(t1), count(*) FROM chunk GROUP BY series"):
            self.newest[series] = t1 - self._midnight
            self._count(series, count)
        self._recent = RecentRows(dict(self.newest))

    def _count(self, series: int, count: int) -> None:
        """After some new chunks a series is worth a look."""
        self._fresh[series] += count
        if self._fresh[series] >= _EXAMINE_AFTER:
            self._fresh[series] = 0
            self._to_examine.append(series)

    def put(self, chunks: list[ChunkRow]) -> None:
        """Add chunks. They may overlap older ones."""
        self._insert(chunks)
        for chunk in chunks:
            offset = chunk.t1 - self._midnight
            self.newest[chunk.series] = max(offset, self.newest.get(chunk.series, -1))
            self._count(chunk.series, 1)

    def _insert(self, chunks: list[ChunkRow]) -> None:
        columns = "series, t0, t1, n, vmin, vmax, vsum, blob"
        self._db.executemany(f"INSERT INTO chunk ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", chunks)

    def note_packed(self, rows: DayRows) -> None:
        """All of these sorted rows are in chunks now: late ones among the next are found without unpacking."""
        self._recent.add(rows)

    # ---- merging

    def merge_some(self, budget_rows: int) -> None:
        """Join what has gathered, until about this many rows were rewritten or nothing is left to do."""
        while self._to_examine and budget_rows > 0:
            series = self._to_examine[-1]
            done = self._merge(series, next_while_written, QUICKLY)
            if not done:
                self._to_examine.pop()
            budget_rows -= done

    def settle(self, series: int) -> int:
        """Join the chunks of a series until none overlap and none could share one; how many rows were rewritten."""
        total = 0
        while done := self._merge(series, next_when_settled, THOROUGHLY):
            total += done
        return total

    def _merge(self, series: int, choose: Choose, level: int) -> int:
        """One joining in the caller's transaction; how many rows it took, 0 = nothing to do."""
        spans = self.spans(series)
        some = choose(spans)
        if not some:
            return 0
        ids = {span.id for span in some}
        rest = [span.t0 for span in spans if span.id not in ids and span.t0 > some[0].t0]
        columns = merged([self._columns(id_) for id_ in sorted(ids)])  # the oldest chunk's reading stays
        self._db.executemany("DELETE FROM chunk WHERE id = ?", [(id_,) for id_ in ids])
        self._decoded.forget(ids)
        pieces = [
            (columns.at[cut], columns.value[cut], columns.quality[cut])
            for cut in cuts(columns.at, min(rest, default=None))
        ]
        self._insert([chunk_row(series, *piece, level) for piece in pieces])
        return sum(span.n for span in some)

    def spans(self, series: int) -> list[Span]:
        """Where the chunks of a series lie."""
        found = self._db.execute("SELECT t0, t1, n, id FROM chunk WHERE series = ?", (series,))
        return [Span(*row) for row in found]

    def next_series(self, after: int) -> int | None:
        """The lowest series number above this one that has a chunk."""
        found = self._db.execute("SELECT min(series) FROM chunk WHERE series > ?", (after,)).fetchone()[0]
        return None if found is None else int(found)

    def readings(self, series: int) -> Columns:
        """All packed readings of a series, ascending."""
        parts = [self._columns(span.id) for span in sorted(self.spans(series), key=lambda span: span.id)]
        empty = Columns(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))
        return merged(parts) if parts else empty

    def _columns(self, id_: int) -> Columns:
        (blob,) = self._db.execute("SELECT blob FROM chunk WHERE id = ?", (id_,)).fetchone()
        return Columns(*decode_chunk(blob))

    # ---- late readings

    def find(self, keys: Int64s) -> tuple[Bools, Floats]:
        """Which of these ascending keys are in a chunk, and their values."""
        found, values, left = self._recent.find(keys)
        if left.any():
            old_found, old_values = self._find_old(keys[left])
            found[left], values[left] = old_found, old_values
        return found, values

    def _find_old(self, keys: Int64s) -> tuple[Bools, Floats]:
        rows = DayRows(keys, np.zeros(len(keys)), np.zeros(len(keys), np.uint8))
        found, values, series, offset = np.zeros(len(keys), bool), rows.value, rows.series, rows.offset
        ends = np.append(np.flatnonzero(series[1:] != series[:-1]) + 1, len(keys)).tolist()
        start = 0
        for end in ends:
            at = offset[start:end] + self._midnight
            self._find_in_series(int(series[start]), at, found[start:end], values[start:end])
            start = end
        return found, values

    def _find_in_series(self, series: int, at: Int64s, found: Bools, values: Floats) -> None:
        overlapping = self._db.execute(
            "SELECT id FROM chunk WHERE series = ? AND t1 >= ? AND t0 <= ?", (series, int(at[0]), int(at[-1]))
        ).fetchall()
        for (id_,) in overlapping:
            times, stored = self._decoded.get(id_, self._columns)
            place = np.minimum(np.searchsorted(times, at), len(times) - 1)
            hit = times[place] == at
            found |= hit
            values[hit] = stored[place[hit]]
