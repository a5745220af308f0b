"""Reads of the embedded series store, from any process, while it is written, after a clean close and after a crash."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forewarn.core.ports import Counts
from forewarn.core.readings import Readings, Waveform
from forewarn.core.rollups import Rollup
from forewarn.ingest.store.book_reads import BookReads
from forewarn.ingest.store.book_tables import VERSION
from forewarn.ingest.store.day_rows import FIRST_DAY, LAST_DAY, DayRows, day_name, day_of, day_path, days_of
from forewarn.ingest.store.day_view import DayView, DayViews, merged_readings, named
from forewarn.ingest.store.files import open_for_reading
from forewarn.ingest.store.history import FILE as HISTORY_FILE
from forewarn.ingest.store.history import dropped_days, dropped_totals
from forewarn.ingest.store.rollup_files import RollupReader
from forewarn.ingest.store.rollup_reads import rolled_up
from forewarn.ingest.store.waves import wave_of

_FEW_DAYS = 8  # their files are asked for one by one: a folder of years takes longer to list


def _current(catalogue: sqlite3.Connection | None) -> sqlite3.Connection | None:
    """None for a catalogue that its writer has still to bring up to date: like one that does not exist yet."""
    if catalogue is not None and catalogue.execute("SELECT version FROM state").fetchone()[0] != VERSION:
        catalogue.close()
        return None
    return catalogue


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
        self._history: sqlite3.Connection | None = None
        self._views, self._rollups = DayViews(folder), RollupReader(folder)

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
            states = [(day, view.state) for day, view in self._all()]
            # asked after the days: what is dropped in between is found here, for it is noted before its file goes
            history = self._dropped()
            gone = dropped_days(history)
            alive = [state for day, state in states if state.generation >= gone.get(day, 0)]
            counters = [dropped_totals(history), *((s.stored, s.duplicates, s.conflicts) for s in alive)]
        stored, duplicates, conflicts = (sum(column) for column in zip(*counters, strict=True))
        return Counts(stored, duplicates, conflicts, *self._refused_totals())

    # ---- days

    def _dropped(self) -> sqlite3.Connection | None:
        if self._history is None:
            self._history = open_for_reading(self._folder / HISTORY_FILE)
        return self._history

    def days(self) -> list[str]:
        """Days that hold something, ascending, as `2026-11-23`."""
        return [day_name(day) for day in days_of(self._folder)]

    def _all(self) -> Iterator[tuple[int, DayView]]:
        return self._between(0, 0, days_of(self._folder))

    def _between(
        self, start_us: int, stop_us: int, days: list[int] | None = None, newest_first: bool = False
    ) -> Iterator[tuple[int, DayView]]:
        """Open days that touch [start, stop), or the given ones."""
        if days is None:
            days = self._days_between(start_us, stop_us)
        for day in reversed(days) if newest_first else days:
            if (view := self._views.get(day)) is not None:
                yield day, view

    def _days_between(self, start_us: int, stop_us: int) -> list[int]:
        first, last = day_of(start_us), day_of(stop_us - 1)
        if last - first < _FEW_DAYS:
            few = range(max(first, FIRST_DAY), min(last, LAST_DAY) + 1)
            return [day for day in few if day_path(self._folder, day).exists()]
        return [day for day in days_of(self._folder) if first <= day <= last]

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop), ascending in time."""
        return self.read_many([series], start_us, stop_us)[series]

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        """Readings of several series in [start, stop): each day file is visited once."""
        pieces: dict[int, list[Readings]] = {one: [] for one in series}
        with self._lock:
            for _, view in self._between(start_us, stop_us):
                with named(view.path), view.snapshot():
                    for one, found in pieces.items():
                        found += view.read(one, start_us, stop_us)
        return {one: merged_readings(found) for one, found in pieces.items()}

    def rollup(self, series: int, start_us: int, stop_us: int, step_us: int) -> Rollup:
        """Count, extremes and mean of one series in buckets of a step, for every bucket that touches [start, stop).

        Buckets are whole and begin at multiples of the step; empty ones are left out. Exact, also for late readings,
        while the raw readings are kept; of older days the kept minutes or hours serve, and where these are wider than
        the step, their buckets come instead. Takes from hours, minutes or raw readings whichever is least work; memory
        is bounded by a day of one series. Raises `ValueError` for a step below 1.
        """
        if step_us < 1:
            raise ValueError("the step of a rollup is at least one microsecond")
        start, stop = start_us // step_us * step_us, -(-stop_us // step_us) * step_us
        with self._lock:
            days = self._days_between(start, stop)
            return rolled_up(self._views, days, self._rollups, series, (start, stop), step_us)

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        """Waveforms of one series in [start, stop), ascending in time; only the `newest` so many when given."""
        found: list[Waveform] = []
        with self._lock:
            for _, view in self._between(start_us, stop_us, newest_first=True):
                left = -1 if newest is None else newest - len(found)
                if left == 0:
                    break
                rows = view.db.execute(
                    "SELECT series, at, rate, blob, quality FROM waveform"
                    " WHERE series = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?",
                    (series, start_us, stop_us, left),
                ).fetchall()
                with named(view.path):
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

    def close(self) -> None:
        """Release the files. The reader opens them again when asked again."""
        with self._lock:
            self._views.close()
            self._rollups.close()
            for db in (self._catalogue, self._history):
                if db is not None:
                    db.close()
            self._catalogue = self._history = None
