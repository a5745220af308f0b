"""The embedded series store: a catalogue and one SQLite file a day, written by one process, read by any.

A batch is durable day by day, then in the catalogue. Each day file keeps its own cursor in the transaction that stores
its rows, so after a crash the journal may simply be read again from `position`: nothing is stored or counted twice.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from forewarn.core.errors import Conflict, Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Quality, Readings, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.folder_lock import FolderLock
from forewarn.ingest.store.backup import Backup, Pins, copy_pinned
from forewarn.ingest.store.catalogue import Catalogue
from forewarn.ingest.store.day_files import DayFiles
from forewarn.ingest.store.day_rows import (
    FIRST_DAY,
    LAST_DAY,
    DayRows,
    day_of,
    day_path,
    days_of,
    newest_of_each,
    split_days,
)
from forewarn.ingest.store.files import open_for_reading
from forewarn.ingest.store.history import History
from forewarn.ingest.store.retention import KEEP_ALL, Report, Retention
from forewarn.ingest.store.rollup_files import RollupWriter
from forewarn.ingest.store.upkeep import Upkeep
from forewarn.ingest.store.waves import rms


class PackedStore:
    """Implements `core.ports.SeriesWriter` on a folder. One process per folder; calls are serialised by a lock.

    `journalled=False` is for a store with no journal behind it (derived series): after a crash its position is the
    highest one that any file has seen, so that a caller who counts on from `position` is never taken for a replay.
    `catalogue_delay_s` postpones the catalogue's commit (newest values, quarantine, cursor) so long at most while
    writes come; a caller that goes quiet calls `flush`. `log_rows` is when a day's log gets packed, `open_days` how
    many day files stay open, `retention` how long what is kept (`apply_retention` applies it).

    Raises `core.errors.Conflict` when another process writes there, and on every call `Retriable` when the disk is full
    or the files are busy: the same call works later. `ValueError` for NaN, infinity, and series nobody assigned.

    >>> store = PackedStore(Path("data/series"))                                              # doctest: +SKIP
    >>> (temp,) = store.assign(["pump-7/temp"])                                               # doctest: +SKIP
    >>> store.write(100, Readings.of([temp], [1_700_000_000_000_000], [71.2]), [], [])        # doctest: +SKIP
    """

    def __init__(
        self,
        folder: Path,
        *,
        journalled: bool = True,
        catalogue_delay_s: float = 0.0,
        log_rows: int = 1 << 20,
        open_days: int = 8,
        quarantine_rows: int = 50_000,
        quarantine_bytes: int = 64 << 20,
        retention: Retention = KEEP_ALL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._file_lock, self._lock = folder, FolderLock(folder), threading.RLock()
        self._delay_s, self._monotonic, self._committed_at = catalogue_delay_s, monotonic, monotonic()
        self._retention = retention
        self._pins: Pins | None = None
        try:
            self._history, self._rollups = History(folder), RollupWriter(folder)
            self._days = DayFiles(folder, log_rows, open_days, self._history.generation)
            self._upkeep = Upkeep(folder, self._days, self._history, self._rollups, self._lock, monotonic)
            self._catalogue = Catalogue(folder, quarantine_rows, quarantine_bytes)
            if not journalled:
                self._catalogue.staged = max([self._catalogue.cursor, *self._day_cursors()])
                self._catalogue.commit()
        except BaseException:
            self._file_lock.release()
            raise

    def _day_cursors(self) -> list[int]:
        cursors = []
        for day in days_of(self._folder):
            db = open_for_reading(day_path(self._folder, day))
            if db is not None:
                cursors.append(int(db.execute("SELECT cursor FROM state").fetchone()[0]))
                db.close()
        return cursors

    @property
    def position(self) -> int:
        """Position up to which everything is durable, in the catalogue too (0 at first)."""
        return self._catalogue.cursor

    def assign(self, names: Sequence[str]) -> list[int]:
        """Numbers of these series, new ones made durable before they are returned."""
        with self._lock:
            return self._catalogue.assign(names)

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        """Store a batch: everything between the last position and this one. See the class for what it raises."""
        self._check(readings, waveforms)
        with self._lock:
            if position > self._catalogue.staged:
                newest = self._write_days(position, readings, waveforms)
                self._catalogue.stage(position, newest, refused, notes)
            if self._due():
                self._commit()
            self._upkeep.step_when_overdue()

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember, as of `position`."""
        with self._lock:
            return self._catalogue.memory()

    def flush(self) -> None:
        """Commit the catalogue now; then use the pause in the writes to settle a part of an earlier day."""
        with self._lock:
            self._commit()
            self._upkeep.step_when_idle()

    def settle(self) -> None:
        """Merge and roll up everything now, also the newest day. Writes of other threads go on in between."""
        for day in days_of(self._folder):
            self._upkeep.settle(day)

    def apply_retention(self, now_us: int) -> Report:
        """Drop what is older than the store's `retention` at this plant time, in steps; what went.

        Raw days go only after their rollups are durable; counts do not change. Raises `Retriable` when the disk is
        full: what was dropped until then stays dropped, and the next call goes on.
        """
        return self._upkeep.apply(self._retention, now_us)

    def backup(self, target: Path) -> Backup:
        """Copy the store as it stands now into an empty folder, while writes go on; see `ingest.store.backup`.

        The copy is a store folder of its own: put in the place of this one, it goes on from `Backup.position` and
        needs the journal from there. Raises `Conflict` for a folder that is not empty, OSError when it is not writable.
        """
        with self._lock:
            if self._pins is not None:
                raise Conflict("a backup is under way already")
            self._commit()
            self._pins = pins = Pins(self._folder, [day_path(self._folder, day) for day in self._days.days()])
            self._days.before_change, position = pins.before_change, self.position

        def take() -> tuple[Path, sqlite3.Connection] | None:
            with self._lock:
                return pins.next()

        try:
            return copy_pinned(take, target, position)
        finally:
            with self._lock:
                self._days.before_change, self._pins = lambda path: None, None
                pins.release()

    def _commit(self) -> None:
        self._catalogue.commit()
        self._committed_at = self._monotonic()

    def _due(self) -> bool:
        waited = self._monotonic() - self._committed_at
        return waited >= self._delay_s or self._catalogue.is_laden

    def _check(self, readings: Readings, waveforms: Sequence[Waveform]) -> None:
        """Refuse before anything is written what the stages before must not let through."""
        if not np.isfinite(readings.value).all() or not all(np.isfinite(w.samples).all() for w in waveforms):
            raise ValueError("the store takes finite values only")
        known = self._catalogue.series_count
        if len(readings) and not 1 <= readings.series.min() <= readings.series.max() <= known:
            raise ValueError("a reading has a series number that was not assigned")
        if not all(1 <= w.series <= known for w in waveforms):
            raise ValueError("a waveform has a series number that was not assigned")
        if not all(FIRST_DAY <= day_of(w.at) <= LAST_DAY for w in waveforms):
            raise ValueError("a waveform lies outside the years 1 to 9999")

    def _write_days(self, position: int, readings: Readings, waveforms: Sequence[Waveform]) -> Readings:
        """Store by day; the newest of every series."""
        rows, waves = dict(split_days(readings)), defaultdict[int, list[Waveform]](list)
        for wave in waveforms:
            waves[day_of(wave.at)].append(wave)
        start, base = self._catalogue.staged, self._catalogue.cursor
        newest: list[Readings] = []
        for day in sorted({*rows, *waves}):
            of_day = rows.get(day, DayRows.joined([]))
            self._write_day(day, start, base, position, of_day, waves[day])
            newest.append(newest_of_each(_live(of_day).without_repeats()).readings(day))
        return _last_of_each(newest, [wave for wave in waveforms if not wave.quality & Quality.HISTORICAL])

    def _write_day(
        self, day: int, start: int, base: int, position: int, rows: DayRows, waveforms: Sequence[Waveform]
    ) -> None:
        try:
            self._days.get(day).write(start, base, position, rows, waveforms)
        except (Retriable, sqlite3.Error, OSError):
            self._days.discard(day)  # its memory may be ahead of the file
            raise
        self._upkeep.note_written(day)

    def close(self) -> None:
        """Commit what is staged, pack long logs, release the files; on a full disk raise `Retriable` after that."""
        with self._lock:
            try:
                self._commit()
            finally:
                self._days.close()
                self._release()

    def abandon(self) -> None:
        """Release the files without finishing anything, after an error: only what is durable counts."""
        with self._lock:
            self._days.abandon()
            self._release()

    def _release(self) -> None:
        self._catalogue.close()
        self._rollups.close()
        self._history.close()
        self._file_lock.release()


def _live(rows: DayRows) -> DayRows:
    """Without what its sender told later: that is never a newest value."""
    live = (rows.quality & np.uint8(Quality.HISTORICAL)) == 0
    return rows if live.all() else rows.take(live)


def _last_of_each(of_days: Sequence[Readings], waveforms: Sequence[Waveform]) -> Readings:
    """At most one reading of each series, as each day has them: the newest; a waveform counts as its RMS."""
    if len(of_days) == 1 and not waveforms:
        return of_days[0]
    newest = Readings.joined(of_days)
    if waveforms:
        columns = zip(*((w.series, w.at, rms(w), w.quality) for w in reversed(waveforms)), strict=True)
        newest = Readings.joined([newest, Readings.of(*(list(column) for column in columns))])
    order = np.lexsort((newest.at, newest.series))
    series = newest.series[order]
    return newest.take(order[np.append(series[1:] != series[:-1], True)]) if len(series) else newest
