"""The table of packed chunks of one day: how log rows become chunks, and how a late reading is found."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Floats, Int64s
from forewarn.ingest.store.chunks import decode_chunk, encode_chunk
from forewarn.ingest.store.day_rows import Bools, DayRows

MAX_CHUNK_ROWS = 8192
_DECODED_CHUNKS = 1024


class ChunkRow(NamedTuple):
    """A row of the table `chunk`; times are UTC microseconds."""

    series: int
    t0: int
    t1: int
    n: int
    vmin: float
    vmax: float
    vsum: float
    blob: bytes


@dataclass(frozen=True, slots=True)
class Slice:
    """Some chunks, the last key in them, and whether nothing is left."""

    chunks: list[ChunkRow]
    last_key: int
    done: bool


class PackJob:
    """The log rows up to an entry, sorted once, handed out as chunks of one series each.

    `upto` is the id of the last log entry of the job, `log_rows` how many rows these entries hold, `after_key` where an
    earlier run of the same job stopped (-1: at the begin).
    """

    def __init__(self, rows: DayRows, day: int, upto: int, after_key: int = -1) -> None:
        self.upto, self.log_rows, self._midnight = upto, len(rows), day * US_PER_DAY
        order = np.argsort(rows.key, kind="stable")  # copies: the columns of the log move on
        done = int(np.searchsorted(rows.key[order], after_key, side="right"))
        self._rows = rows.take(order[done:]).without_repeats()
        series = self._rows.series
        self._ends = iter(np.append(np.flatnonzero(series[1:] != series[:-1]) + 1, len(series)).tolist())
        self._at, self._end, self._last_key = 0, next(self._ends), after_key

    def next_slice(self, budget_rows: int) -> Slice:
        """Chunks of about this many next rows."""
        chunks, enough = list[ChunkRow](), self._at + budget_rows
        while self._at < min(enough, len(self._rows)):
            stop = min(self._end, self._at + MAX_CHUNK_ROWS)
            chunks.append(self._chunk(self._rows.take(slice(self._at, stop))))
            self._at, self._last_key = stop, int(self._rows.key[stop - 1])
            if stop == self._end:
                self._end = next(self._ends, stop)
        return Slice(chunks, self._last_key, self._at == len(self._rows))

    def _chunk(self, rows: DayRows) -> ChunkRow:
        at, value = rows.offset + self._midnight, rows.value
        with np.errstate(over="ignore"):  # the sum of finite numbers may pass the largest one
            total = float(value.sum())
        blob = encode_chunk(at, value, rows.quality)
        low, high = float(value.min()), float(value.max())
        return ChunkRow(int(rows.key[0]) >> 37, int(at[0]), int(at[-1]), len(rows), low, high, total, blob)


class ChunkTable:
    """The table `chunk` of a day file, inside the caller's transactions."""

    def __init__(self, db: sqlite3.Connection, day: int) -> None:
        self._db, self._midnight = db, day * US_PER_DAY
        self._decoded: OrderedDict[int, tuple[Int64s, Floats]] = OrderedDict()
        spans = db.execute("SELECT series, max(t1) FROM chunk GROUP BY series")
        self.newest = {series: t1 - self._midnight for series, t1 in spans}

    def put(self, chunks: list[ChunkRow]) -> None:
        """Add chunks. They may overlap older ones."""
        columns = "series, t0, t1, n, vmin, vmax, vsum, blob"
        self._db.executemany(f"INSERT INTO chunk ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", chunks)
        for chunk in chunks:
            offset = chunk.t1 - self._midnight
            self.newest[chunk.series] = max(offset, self.newest.get(chunk.series, -1))

    def find(self, keys: Int64s) -> tuple[Bools, Floats]:
        """Which of these ascending keys are in a chunk, and their values."""
        rows = DayRows(keys, np.zeros(len(keys)), np.zeros(len(keys), np.uint8))
        found, values, series, offset = np.zeros(len(keys), bool), rows.value, rows.series, rows.offset
        ends = np.append(np.flatnonzero(series[1:] != series[:-1]) + 1, len(keys)).tolist()
        start = 0
        for end in ends:
            if offset[start] <= self.newest.get(int(series[start]), -1):
                at = offset[start:end] + self._midnight
                self._find_in_series(int(series[start]), at, found[start:end], values[start:end])
            start = end
        return found, values

    def _find_in_series(self, series: int, at: Int64s, found: Bools, values: Floats) -> None:
        overlapping = self._db.execute(
            "SELECT id FROM chunk WHERE series = ? AND t1 >= ? AND t0 <= ?", (series, int(at[0]), int(at[-1]))
        ).fetchall()
        for (id_,) in overlapping:
            times, stored = self._decode(id_)
            place = np.minimum(np.searchsorted(times, at), len(times) - 1)
            hit = times[place] == at
            found |= hit
            values[hit] = stored[place[hit]]

    def _decode(self, id_: int) -> tuple[Int64s, Floats]:
        if (kept := self._decoded.get(id_)) is None:
            (blob,) = self._db.execute("SELECT blob FROM chunk WHERE id = ?", (id_,)).fetchone()
            kept = self._decoded[id_] = decode_chunk(blob)[:2]
            if len(self._decoded) > _DECODED_CHUNKS:
                self._decoded.popitem(last=False)
        self._decoded.move_to_end(id_)
        return kept
