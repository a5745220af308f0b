"""Reads of the embedded series store, from any process, while it is written, after a clean close and after a crash."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.ports import Counts
from forewarn.core.readings import Readings, Waveform
from forewarn.ingest.store.book_reads import BookReads
from forewarn.ingest.store.book_tables import VERSION
from forewarn.ingest.store.chunks import decode_chunk
from forewarn.ingest.store.day_rows import DayRows, day_name, day_of, day_path, days_of, key_of
from forewarn.ingest.store.files import open_for_reading, transaction
from forewarn.ingest.store.waves import wave_of

_OPEN_DAYS = 16


class _DayView:
    """One day file, read-only, with the rows of its log kept in memory, sorted, and brought up to date on demand."""

    def __init__(self, db: sqlite3.Connection, day: int) -> None:
        self.db, self._day = db, day
        self._log, self._seen, self._packed = DayRows.joined([]), 0, 0

    @contextmanager
    def snapshot(self) -> Iterator[DayRows]:
        """The log as it stands now; what is read inside belongs to the same moment."""
        with transaction(self.db, "BEGIN"):
            self._refresh()
            yield self._log

    def _refresh(self) -> None:
        last_id, packed = self.db.execute("SELECT last_id, packed FROM state").fetchone()
        if packed != self._packed:
            self._log, self._seen, self._packed = DayRows.joined([]), packed, packed
        if last_id > self._seen:
            entries = self.db.execute("SELECT columns FROM log WHERE id > ? ORDER BY id", (self._seen,))
            parts = [self._log, *(DayRows.from_bytes(columns) for (columns,) in entries)]
            self._log, self._seen = DayRows.joined(parts).sorted().without_repeats(), last_id

    def read(self, log: DayRows, series: int, start_us: int, stop_us: int) -> list[Readings]:
        """Pieces of one series in [start, stop), each ascending."""
        midnight = self._day * US_PER_DAY
        first, last = max(start_us, midnight), min(stop_us, midnight + US_PER_DAY)
        bounds = [key_of(series, first - midnight), key_of(series, last - midnight)]
        i, j = np.searchsorted(log.key, bounds)
        found = self.db.execute(
            "SELECT blob FROM chunk WHERE series = ? AND t1 >= ? AND t0 < ? ORDER BY t0", (series, first, last)
        )
        pieces = [_piece(blob, series, first, last) for (blob,) in found]
        return [*pieces, log.take(slice(i, j)).readings(self._day)] if j > i else pieces


def _current(catalogue: sqlite3.Connection | None) -> sqlite3.Connection | None:
    """None for a catalogue that its writer has still to bring up to date: like one that does not exist yet."""
    if catalogue is not None and catalogue.execute("SELECT version FROM state").fetchone()[0] != VERSION:
        catalogue.close()
        return None
    return catalogue


def _piece(blob: bytes, series: int, first: int, last: int) -> Readings:
    at, value, quality = decode_chunk(blob)
    i, j = np.searchsorted(at, [first, last])
    return Readings(np.full(j - i, series, np.int32), at[i:j], value[i:j], quality[i:j])


@dataclass(frozen=True, slots=True)
class Conflicted:
    """Readings that contradict a stored one of the same series and time; the stored one stayed."""

    day: str
    readings: Readings


class PackedReader(BookReads):
    """Implements `core.ports.SeriesReader` on the folder of a `PackedStore`. Thread-safe: calls are serialised.

    What does not exist yet reads as empty. Needs write permission on the folder (SQLite's shared-memory files), but
    never changes data. Raises `Rejected` when a stored chunk is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.RLock()
        self._catalogue: sqlite3.Connection | None = None
        self._views: OrderedDict[int, _DayView] = OrderedDict()

    # ---- catalogue

    def _query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of the catalogue; none while it does not exist."""
        with self._lock:
            if self._catalogue is None:
                self._catalogue = _current(open_for_reading(self._folder / "catalogue.db"))
            return self._catalogue.execute(sql, parameters).fetchall() if self._catalogue else []

    def counts(self) -> Counts:
        """The books, by a query."""
        with self._lock:
            read = "SELECT stored, duplicates, conflicts FROM state"
            counters = [view.db.execute(read).fetchone() for _, view in self._all()]
        stored, duplicates, conflicts = (sum(column) for column in zip((0, 0, 0), *counters, strict=True))
        return Counts(stored, duplicates, conflicts, *self._refused_totals())

    # ---- days

    def days(self) -> list[str]:
        """Days that hold something, ascending, as `2026-11-23`."""
        return [day_name(day) for day in days_of(self._folder)]

    def _all(self) -> Iterator[tuple[int, _DayView]]:
        return self._between(0, 0, days_of(self._folder))

    def _between(
        self, start_us: int, stop_us: int, days: list[int] | None = None, newest_first: bool = False
    ) -> Iterator[tuple[int, _DayView]]:
        """Open days that touch [start, stop), or the given ones."""
        if days is None:
            first, last = day_of(start_us), day_of(stop_us - 1)
            days = [day for day in days_of(self._folder) if first <= day <= last]
        for day in reversed(days) if newest_first else days:
            if (view := self._view(day)) is not None:
                yield day, view

    def _view(self, day: int) -> _DayView | None:
        if day not in self._views:
            db = open_for_reading(day_path(self._folder, day))
            if db is None:
                return None
            self._views[day] = _DayView(db, day)
            if len(self._views) > _OPEN_DAYS:
                self._views.popitem(last=False)[1].db.close()
        self._views.move_to_end(day)
        return self._views[day]

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop), ascending in time."""
        return self.read_many([series], start_us, stop_us)[series]

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        """Readings of several series in [start, stop): each day file is visited once."""
        pieces: dict[int, list[Readings]] = {one: [] for one in series}
        with self._lock:
            for day, view in self._between(start_us, stop_us):
                with self._named(day), view.snapshot() as log:
                    for one, found in pieces.items():
                        found += view.read(log, one, start_us, stop_us)
        return {one: _merged(found) for one, found in pieces.items()}

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        """Waveforms of one series in [start, stop), ascending in time; only the `newest` so many when given."""
        found: list[Waveform] = []
        with self._lock:
            for day, view in self._between(start_us, stop_us, newest_first=True):
                left = -1 if newest is None else newest - len(found)
                if left == 0:
                    break
                rows = view.db.execute(
                    "SELECT series, at, rate, blob, quality FROM waveform"
                    " WHERE series = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?",
                    (series, start_us, stop_us, left),
                ).fetchall()
                with self._named(day):
                    found += [wave_of(row) for row in rows]
        return found[::-1]

    def conflicts(self) -> list[Conflicted]:
        """Every reading that contradicts a stored one, by day."""
        found = []
        with self._lock:
            for day, view in self._all():
                blobs = view.db.execute("SELECT columns FROM conflict ORDER BY id").fetchall()
                rows = DayRows.joined([DayRows.from_bytes(blob) for (blob,) in blobs])
                if len(rows):
                    found.append(Conflicted(day_name(day), rows.readings(day)))
        return found

    @contextmanager
    def _named(self, day: int) -> Iterator[None]:
        """Tells which file is damaged."""
        try:
            yield
        except Rejected as error:
            raise Rejected(error.reason, f"{day_path(self._folder, day)}: {error.detail}") from error

    def close(self) -> None:
        """Release the files. The reader opens them again when asked again."""
        with self._lock:
            while self._views:
                self._views.popitem()[1].db.close()
            if self._catalogue is not None:
                self._catalogue.close()
                self._catalogue = None


def _merged(pieces: list[Readings]) -> Readings:
    """One ascending row of readings; where pieces overlap, the first of a time."""
    if len(pieces) == 1:
        return pieces[0]
    joined = Readings.joined(pieces)
    if (joined.at[1:] > joined.at[:-1]).all():
        return joined
    ordered = joined.take(np.argsort(joined.at, kind="stable"))
    return ordered.take(np.append(True, ordered.at[1:] != ordered.at[:-1]))
