"""One day file as readers see it, in any process: a consistent moment of its log and chunks."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.readings import Readings
from forewarn.ingest.store.chunks import decode_chunk
from forewarn.ingest.store.day_rows import DayRows, SortedRuns, day_path, key_of
from forewarn.ingest.store.day_state import DayState, read_state
from forewarn.ingest.store.files import inode_of, open_for_reading, transaction, unwritten
from forewarn.ingest.store.log_entry import rows_of

_OPEN_DAYS = 48


class DayView:
    """One day file, read-only, with the rows of its log kept in memory, sorted, and brought up to date on demand."""

    def __init__(self, db: sqlite3.Connection, path: Path, day: int) -> None:
        self.db, self.path, self._day = db, path, day
        self._log, self._seen, self._packed = SortedRuns(), 0, 0
        self._generation: int | None = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside belongs to the same moment."""
        with transaction(self.db, "BEGIN"):
            self._refresh()
            yield

    @property
    def log_rows(self) -> int:
        """How many rows of the log are in memory."""
        return len(self._log)

    @property
    def generation(self) -> int:
        """How many files of this day were dropped before it. Never changes once the file holds something."""
        if self._generation is None:
            state = self.state
            if state.cursor == 0:
                return state.generation
            self._generation = state.generation
        return self._generation

    def log_series(self) -> set[int]:
        """Series that have rows in the log."""
        return {series for run in self._log.runs for series in np.unique(run.series).tolist()}

    @property
    def state(self) -> DayState:
        """Cursor, counters, and how far the day is settled."""
        return read_state(self.db)

    @property
    def rests(self) -> bool:
        """Are all kept rollups those of all readings? Ask inside a snapshot."""
        one = "SELECT EXISTS (SELECT 1 FROM stale) OR EXISTS (SELECT 1 FROM log)"
        return self.state.whole and not self.db.execute(one).fetchone()[0]

    def is_settled(self, series: int) -> bool:
        """Are the kept rollups of a series those of all its readings? Ask inside a snapshot."""
        if series > self.state.settled:
            return False
        return not self.db.execute("SELECT count(*) FROM stale WHERE series = ?", (series,)).fetchone()[0]

    def _refresh(self) -> None:
        last_id, packed = self.db.execute("SELECT last_id, packed FROM state").fetchone()
        if packed != self._packed:
            self._log, self._seen, self._packed = SortedRuns(), packed, packed
        if last_id > self._seen:
            entries = self.db.execute("SELECT columns FROM log WHERE id > ? ORDER BY id", (self._seen,))
            self._log.add(DayRows.joined([rows_of(columns) for (columns,) in entries]))
            self._seen = last_id

    def read(self, series: int, start_us: int, stop_us: int) -> list[Readings]:
        """Pieces of one series in [start, stop), each ascending."""
        midnight = self._day * US_PER_DAY
        first, last = max(start_us, midnight), min(stop_us, midnight + US_PER_DAY)
        bounds = [key_of(series, first - midnight), key_of(series, last - midnight)]
        found = self.db.execute(
            "SELECT blob FROM chunk WHERE series = ? AND t1 >= ? AND t0 < ? ORDER BY t0", (series, first, last)
        )
        pieces = [_piece(blob, series, first, last) for (blob,) in found]
        for run in self._log.runs:
            i, j = np.searchsorted(run.key, bounds)
            if j > i:
                pieces.append(run.take(slice(i, j)).readings(self._day))
        return pieces


def _piece(blob: bytes, series: int, first: int, last: int) -> Readings:
    at, value, quality = decode_chunk(blob)
    i, j = np.searchsorted(at, [first, last])
    return Readings(np.full(j - i, series, np.int32), at[i:j], value[i:j], quality[i:j])


class DayViews:
    """Open views, some 48 at a time. A file that was dropped, or replaced, while it was open is let go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[int, tuple[int, DayView]] = OrderedDict()
        self._resting: dict[int, tuple[tuple[int, ...], int]] = {}

    def resting(self, day: int) -> int | None:
        """Generation of a day that is settled and was not changed since it was last looked at; None: look into it.

        A year is 365 files, more than may be open: that one of them is the same still is told without opening it.
        """
        seen = unwritten(day_path(self._folder, day))
        if seen is None:
            return None
        if self._resting.get(day, ((), 0))[0] != seen:
            view = self.get(day)
            if view is None:
                return None
            with view.snapshot():
                if not view.rests:
                    return None
                self._resting[day] = seen, view.state.generation
        return self._resting[day][1]

    def get(self, day: int) -> DayView | None:
        """The view of a day; None when it has no file."""
        path = day_path(self._folder, day)
        inode, kept = inode_of(path), self._open.get(day)
        if kept is not None and kept[0] != inode:
            self._open.pop(day)[1].db.close()
            kept = None
        if kept is None:
            if (db := open_for_reading(path)) is None:
                return None
            kept = self._open[day] = inode, DayView(db, path, day)
            if len(self._open) > _OPEN_DAYS:
                self._open.popitem(last=False)[1][1].db.close()
        self._open.move_to_end(day)
        return kept[1]

    def close(self) -> None:
        """Release the files."""
        while self._open:
            self._open.popitem()[1][1].db.close()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Tells which file is damaged."""
    try:
        yield
    except Rejected as error:
        raise Rejected(error.reason, f"{path}: {error.detail}") from error


def merged_readings(pieces: list[Readings]) -> Readings:
    """One ascending row of readings; where pieces overlap, the first of a time."""
    if len(pieces) == 1:
        return pieces[0]
    joined = Readings.joined(pieces)
    if (joined.at[1:] > joined.at[:-1]).all():
        return joined
    ordered = joined.take(np.argsort(joined.at, kind="stable"))
    return ordered.take(np.append(True, ordered.at[1:] != ordered.at[:-1]))
