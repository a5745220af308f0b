"""One UTC day of a series store, as its one writer sees it: a SQLite file with a batch log, packed chunks, waveforms.

Every write puts readings, conflicts, counters and the day's own cursor into one transaction. New rows go to the log;
when the log is long, it is packed into chunks, some at every write, so that no write waits for all of it. A day that
rests is settled: chunks that overlap or are small are merged, and every series is rolled up.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from forewarn.core.errors import Retriable
from forewarn.core.readings import Floats, Int64s, Readings, Waveform
from forewarn.core.rollups import Rollup, rollup_of
from forewarn.ingest.store.chunk_table import ChunkTable
from forewarn.ingest.store.day_rows import SERIES_LIMIT, Bools, DayRows, day_path, judge, newest_of_each
from forewarn.ingest.store.day_state import SCHEMA, DayState, read_state, stale_series, upgrade, write_state
from forewarn.ingest.store.files import bound_log, close_written, open_for_writing, retriable, transaction
from forewarn.ingest.store.log import DayLog
from forewarn.ingest.store.packing import PackAhead, PackJob
from forewarn.ingest.store.rollup_files import HOURS, MINUTES, RollupWriter, Width
from forewarn.ingest.store.waves import WaveTable

_PACK_AT_CLOSE_ROWS = 4096
_MERGED_ROWS = 8192
_MOST_WAITING = 2  # when the log is so many times as long as it should be, the writer waits for the packing
_KEPT_FREE_PAGES = 8
_PAYS = 48  # so many readings a bucket make a rollup worth its room while the readings are there
SeriesRollup = tuple[int, Rollup]


class DayFile:
    """The writing side of one day. After an error throw the object away: only the file is right then."""

    def __init__(self, folder: Path, day: int, log_rows: int, worker: Executor, generation: int = 0) -> None:
        self._path, self._day, self._log_rows = day_path(folder, day), day, log_rows
        self._worker = worker
        with retriable(self._path):
            self._db = open_for_writing(self._path, SCHEMA)
            try:
                upgrade(self._db)
                self._load(generation)
            except BaseException:
                self._db.close()
                raise

    def _load(self, generation: int) -> None:
        self._state = read_state(self._db)
        if self._state.cursor == 0:  # becomes durable with the first batch
            self._state = replace(self._state, generation=generation)
        self._stale = stale_series(self._db, self._state)
        self._log = DayLog(self._db, self._state.last_id)
        self._chunks, self._waves = ChunkTable(self._db, self._day), WaveTable(self._db)
        self._newest = np.full(max(64, *self._chunks.newest, 0) + 1, -1, np.int64)
        for series, offset in self._chunks.newest.items():
            self._newest[series] = offset
        self._note_newest(self._log.rows.sorted())
        upto = self._state.pack_upto
        self._job = self._pack_job(upto, self._state.pack_key) if upto else None

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
            state = self._packed(replace(state, cursor=position), max(_MERGED_ROWS, 2 * len(rows)))
            self._put_state(replace(state, last_id=self._log.last_id))
        bound_log(self._db, self._path)

    def _put_state(self, state: DayState) -> None:
        write_state(self._db, state)
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
        self._note_stale(judged.new)
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

    def _note_stale(self, rows: DayRows) -> None:
        """These series have to be settled again."""
        if self._state.settled and len(rows):
            series = {one for one in np.unique(rows.series).tolist() if one <= self._state.settled} - self._stale
            self._db.executemany("INSERT INTO stale VALUES (?)", [(one,) for one in series])
            self._stale |= series

    def _find(self, keys: Int64s) -> tuple[Bools, Floats]:
        """Which of these keys are stored, in log or chunks, and their values."""
        found, values = self._log.find(keys)
        if not found.all():
            in_chunks, chunk_values = self._chunks.find(keys[~found])
            values[~found] = chunk_values
            found[~found] = in_chunks
        return found, values

    # ---- packing

    def _packed(self, state: DayState, merged_rows: int) -> DayState:
        """Begin to pack when the log is long; put what is packed; else merge about so many rows."""
        if self._job is None:
            if len(self._log) >= max(1, self._log_rows):
                return self._begun(state)
            self._chunks.merge_some(merged_rows)
            return state
        if not self._job.ready and len(self._log) < _MOST_WAITING * self._log_rows:
            return state
        some = self._job.take()
        self._chunks.put(some.chunks)
        return self._ended(state) if some.done else replace(state, pack_key=some.last_key)

    def _begun(self, state: DayState) -> DayState:
        self._job = self._pack_job(self._log.last_id)
        return replace(state, pack_upto=self._log.last_id, pack_key=-1)

    def _ended(self, state: DayState) -> DayState:
        assert self._job is not None
        job, self._job = self._job.job, None
        self._log.drop(job.upto, job.log_rows)
        self._chunks.note_packed(job.rows)
        return replace(state, packed=job.upto, pack_upto=0, pack_key=-1)

    def _pack_job(self, upto: int, after_key: int = -1) -> PackAhead:
        self._log.seal()
        rows, newest = self._log.rows_up_to(upto), dict(self._chunks.newest)
        return PackAhead(lambda: PackJob(rows, self._day, upto, newest, after_key), self._worker)

    def pack_soon(self) -> None:
        """Begin to pack a log that is worth it: the day is to be closed."""
        if self._job is None and len(self._log) >= _PACK_AT_CLOSE_ROWS:
            try:
                with retriable(self._path), transaction(self._db):
                    self._put_state(self._begun(self._state))
            except BaseException:
                self._stop_packing()
                raise

    def close(self) -> None:
        """Pack a log that is worth it, give its room back and release the file."""
        try:
            if self._job is not None or len(self._log) >= _PACK_AT_CLOSE_ROWS:
                with suppress(Retriable), retriable(self._path):  # else it stays in the log
                    with transaction(self._db):
                        self._pack_everything()
                    self._give_back()
        finally:
            self._stop_packing()
            close_written(self._db)

    def _stop_packing(self) -> None:
        if self._job is not None:
            self._job.abandon()
            self._job = None

    def _pack_everything(self) -> None:
        state = self._state
        self._log_rows = 0
        while self._job is not None or len(self._log):
            state = self._packed(state, 0)
        self._put_state(state)

    def _give_back(self) -> None:
        """Let pages that are no longer used leave the file."""
        if self._db.execute("PRAGMA freelist_count").fetchone()[0] > _KEPT_FREE_PAGES:
            self._db.executescript("PRAGMA incremental_vacuum")  # execute() would end it after one page

    # ---- settling

    @property
    def settled(self) -> bool:
        """Nothing waits in the log, every series is merged and rolled up."""
        return self._state.whole and not self._stale and not len(self._log)

    def settle_some(self, rollups: RollupWriter, budget_rows: int) -> bool:
        """Pack, merge and roll up about this many rows; True when nothing is left to do."""
        with retriable(self._path):
            if len(self._log):
                with transaction(self._db):
                    self._log_rows, wanted = 0, self._log_rows
                    self._put_state(self._packed(self._state, budget_rows))
                    self._log_rows = wanted
                return False
            with transaction(self._db):
                self._put_state(self._settle_series(rollups, budget_rows))
            if self.settled:
                self._give_back()
        return self.settled

    def _settle_series(self, rollups: RollupWriter, budget_rows: int) -> DayState:
        """Settle the next series. Rollups are durable before this file says so."""
        state, minutes, hours = self._state, list[SeriesRollup](), list[SeriesRollup]()
        done = set[int]()
        while budget_rows > 0 and (series := self._next_to_settle(state)) is not None:
            budget_rows -= self._chunks.settle(series)
            readings = self._readings(series)
            for width, kept in ((MINUTES, minutes), (HOURS, hours)):
                rollup = rollup_of(readings, width.bucket_us)
                if len(readings) >= _PAYS * len(rollup) or state.generation:
                    kept.append((series, rollup))
            done.add(series)
            budget_rows -= len(readings)
            self._stale.discard(series)
            state = replace(state, settled=max(state.settled, series))
        rollups.put(MINUTES, self._day, state.generation, minutes)
        rollups.put(HOURS, self._day, state.generation, hours)
        self._db.executemany("DELETE FROM stale WHERE series = ?", [(series,) for series in done])
        return state if self._next_to_settle(state) is not None else replace(state, settled=SERIES_LIMIT)

    def _next_to_settle(self, state: DayState) -> int | None:
        return min(self._stale) if self._stale else self._chunks.next_series(state.settled)

    def _readings(self, series: int) -> Readings:
        columns = self._chunks.readings(series)
        return Readings(np.full(len(columns.at), series, np.int32), columns.at, columns.value, columns.quality)

    def roll_up(self, rollups: RollupWriter, width: Width) -> None:
        """Keep the rollup of every series, before this settled day is dropped."""
        series = self._chunks.next_series(0)
        while series is not None:
            rollup = rollup_of(self._readings(series), width.bucket_us)
            rollups.put(width, self._day, self._state.generation, [(series, rollup)])
            series = self._chunks.next_series(series)

    def drop_waveforms(self, most: int) -> int:
        """Delete some waveforms of this day, also contradicting ones; how many. The books still count them."""
        with retriable(self._path):
            with transaction(self._db):
                gone = self._delete_some("waveform", most)
                self._put_state(replace(self._state, waves_dropped=self._state.waves_dropped + gone))
                aside = self._delete_some("waveform_conflict", most)
            if gone + aside:
                self._give_back()
        return gone + aside

    def _delete_some(self, table: str, most: int) -> int:
        return self._db.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} LIMIT ?)", (most,)).rowcount

    @property
    def state(self) -> DayState:
        """Cursor and counters."""
        return self._state

    def abandon(self) -> None:
        """Release the file after an error."""
        self._stop_packing()
        self._db.close()
