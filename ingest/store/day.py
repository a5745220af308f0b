"""One UTC day of a series store, as its one writer sees it: a SQLite file with a batch log, packed chunks, waveforms.

Every write puts readings, conflicts, counters and the day's own cursor into one transaction. New rows go to the log;
when the log is long, it is packed into chunks, some at every write, so that no write waits for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from forewarn.core.errors import Retriable
from forewarn.core.readings import Floats, Int64s, Waveform
from forewarn.ingest.store.chunk_table import ChunkTable, PackJob
from forewarn.ingest.store.day_rows import Bools, DayRows, day_path, judge, newest_of_each
from forewarn.ingest.store.files import open_for_writing, retriable, transaction
from forewarn.ingest.store.log import DayLog
from forewarn.ingest.store.waves import WaveTable

SCHEMA = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL,
  stored INTEGER NOT NULL, duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  base INTEGER NOT NULL, base_stored INTEGER NOT NULL, base_duplicates INTEGER NOT NULL,
  base_conflicts INTEGER NOT NULL,
  last_id INTEGER NOT NULL, packed INTEGER NOT NULL, pack_upto INTEGER NOT NULL, pack_key INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1);
CREATE TABLE log (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, columns BLOB NOT NULL);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,
  n INTEGER NOT NULL, vmin REAL, vmax REAL, vsum REAL, blob BLOB NOT NULL);
CREATE INDEX chunk_span ON chunk (series, t1, t0);
CREATE TABLE conflict (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, n INTEGER NOT NULL, columns BLOB NOT NULL);
CREATE TABLE waveform (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, at INTEGER NOT NULL, rate REAL NOT NULL,
  n INTEGER NOT NULL, quality INTEGER NOT NULL, rms REAL NOT NULL, blob BLOB NOT NULL);
CREATE UNIQUE INDEX waveform_identity ON waveform (series, at);
CREATE TABLE waveform_conflict (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, series INTEGER NOT NULL,
  at INTEGER NOT NULL, rate REAL NOT NULL, quality INTEGER NOT NULL, blob BLOB NOT NULL);
"""
_PACK_AT_CLOSE_ROWS = 4096
_MIN_SLICE_ROWS = 8192


@dataclass(frozen=True, slots=True)
class DayState:
    """The row `state`: the day's cursor and counters, the counters as they were at the catalogue's durable cursor
    `base`, the newest log id, the id up to which the log is packed, and how far the running pack job is."""

    cursor: int
    stored: int
    duplicates: int
    conflicts: int
    base: int
    base_stored: int
    base_duplicates: int
    base_conflicts: int
    last_id: int
    packed: int
    pack_upto: int
    pack_key: int

    def at_base(self, base: int) -> DayState:
        """Remember the counters when the catalogue has moved on."""
        if base == self.base:
            return self
        counters = (self.stored, self.duplicates, self.conflicts)
        return replace(self, base=base, **dict(zip(_BASE_COUNTERS, counters, strict=True)))

    def counted(self, stored: int, duplicates: int, conflicts: int) -> DayState:
        """More of each."""
        return replace(
            self,
            stored=self.stored + stored,
            duplicates=self.duplicates + duplicates,
            conflicts=self.conflicts + conflicts,
        )

    def counted_again(self, stored: int, duplicates: int, conflicts: int) -> DayState:
        """The same for a batch that holds everything since `base`, when part of it was taken before a crash.

        What was stored then looks like a repetition now and is no duplicate; its conflicts come a second time.
        """
        taken_then = self.stored - self.base_stored
        then = replace(self, duplicates=self.base_duplicates, conflicts=self.base_conflicts)
        return then.counted(stored, duplicates - taken_then, conflicts)


_BASE_COUNTERS = ("base_stored", "base_duplicates", "base_conflicts")
_NAMES = [f.name for f in fields(DayState)]
READ_STATE = f"SELECT {', '.join(_NAMES)} FROM state"
_WRITE_STATE = f"UPDATE state SET {', '.join(f'{name} = ?' for name in _NAMES)}"


class DayFile:
    """The writing side of one day. After an error throw the object away: only the file is right then."""

    def __init__(self, folder: Path, day: int, log_rows: int) -> None:
        self._path, self._day, self._log_rows = day_path(folder, day), day, log_rows
        with retriable(self._path):
            self._db = open_for_writing(self._path, SCHEMA)
            try:
                self._load()
            except BaseException:
                self._db.close()
                raise

    def _load(self) -> None:
        self._state = DayState(*self._db.execute(READ_STATE).fetchone())
        self._log = DayLog(self._db, self._state.last_id)
        self._chunks, self._waves = ChunkTable(self._db, self._day), WaveTable(self._db)
        self._newest = np.full(max(64, *self._chunks.newest, 0) + 1, -1, np.int64)
        for series, offset in self._chunks.newest.items():
            self._newest[series] = offset
        self._note_newest(self._log.rows.sorted())
        upto = self._state.pack_upto
        self._job = PackJob(self._log.rows_up_to(upto), self._day, upto, self._state.pack_key) if upto else None
        if upto:
            self._log.seal()

    @property
    def cursor(self) -> int:
        """Position up to which this day has everything."""
        return self._state.cursor

    # ---- writing

    def write(self, start: int, base: int, position: int, rows: DayRows, waveforms: Sequence[Waveform]) -> None:
        """Take sorted rows and waveforms of this day out of a batch [start, position); once, however often it comes.

        `base` is the catalogue's durable cursor. Raises `Retriable` when the disk is full; then nothing was taken.
        """
        if position <= self._state.cursor:
            return
        with retriable(self._path), transaction(self._db):
            again = self._state.cursor > start
            state = self._state if again else self._state.at_base(base)
            if again:
                self._forget_conflicts(state.base)
            counts = self._take(position, rows, waveforms)
            state = state.counted_again(*counts) if again else state.counted(*counts)
            state = self._packed(replace(state, cursor=position), max(_MIN_SLICE_ROWS, 2 * len(rows)))
            self._put_state(replace(state, last_id=self._log.last_id))

    def _put_state(self, state: DayState) -> None:
        self._db.execute(_WRITE_STATE, [getattr(state, name) for name in _NAMES])
        self._state = state

    def _forget_conflicts(self, base: int) -> None:
        """They come again with the rest of the batch."""
        self._db.execute("DELETE FROM conflict WHERE position > ?", (base,))
        self._db.execute("DELETE FROM waveform_conflict WHERE position > ?", (base,))

    def _take(self, position: int, rows: DayRows, waveforms: Sequence[Waveform]) -> tuple[int, int, int]:
        """Put everything into its table; how many were stored, repeated and contradicting."""
        if len(rows):
            self._reach(int(rows.key[-1] >> 37))
        judged, waves = judge(rows, self._newest, self._find), self._waves.judge(waveforms)
        self._log.put(judged.new)
        self._note_newest(judged.new)
        if len(judged.conflicts):
            row = (position, len(judged.conflicts), judged.conflicts.to_bytes())
            self._db.execute("INSERT INTO conflict (position, n, columns) VALUES (?, ?, ?)", row)
        self._waves.put(position, waves)
        stored, duplicates = len(judged.new) + len(waves.new), judged.duplicates + waves.duplicates
        return stored, duplicates, len(judged.conflicts) + len(waves.conflicts)

    def _reach(self, series: int) -> None:
        if series >= len(self._newest):
            more = max(series + 1, 2 * len(self._newest)) - len(self._newest)
            self._newest = np.append(self._newest, np.full(more, -1, np.int64))

    def _note_newest(self, rows: DayRows) -> None:
        last = newest_of_each(rows)
        if len(last):
            self._reach(int(last.key[-1] >> 37))
            self._newest[last.series] = np.maximum(self._newest[last.series], last.offset)

    def _find(self, keys: Int64s) -> tuple[Bools, Floats]:
        """Which of these keys are stored, in log or chunks, and their values."""
        found, values = self._log.find(keys)
        if not found.all():
            in_chunks, chunk_values = self._chunks.find(keys[~found])
            values[~found] = chunk_values
            found[~found] = in_chunks
        return found, values

    # ---- packing

    def _packed(self, state: DayState, budget_rows: int) -> DayState:
        """Pack a slice of the running job; begin one when the log is long."""
        if self._job is None:
            if len(self._log) < self._log_rows:
                return state
            self._job = PackJob(self._log.rows, self._day, self._log.last_id)
            self._log.seal()
            return replace(state, pack_upto=self._log.last_id, pack_key=-1)
        some = self._job.next_slice(budget_rows)
        self._chunks.put(some.chunks)
        if not some.done:
            return replace(state, pack_key=some.last_key)
        self._log.drop(self._job.upto, self._job.log_rows)
        packed, self._job = self._job.upto, None
        return replace(state, packed=packed, pack_upto=0, pack_key=-1)

    def close(self) -> None:
        """Pack a log that is worth it and release the file."""
        try:
            if self._job is not None or len(self._log) >= _PACK_AT_CLOSE_ROWS:
                with suppress(Retriable), retriable(self._path), transaction(self._db):  # else it stays in the log
                    self._pack_everything()
        finally:
            self._db.close()

    def _pack_everything(self) -> None:
        state = self._state
        self._log_rows = 1
        while self._job is not None or len(self._log):
            state = self._packed(state, 1 << 62)
        self._put_state(state)

    def abandon(self) -> None:
        """Release the file after an error."""
        self._db.close()
