"""What a store does beside writing, in steps short enough to stand between two writes: settle days, drop old ones.

Every method takes the store's lock for one step at a time, so that writes go on in between.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forewarn.core.errors import Retriable
from forewarn.ingest.store.day import DayFile
from forewarn.ingest.store.day_files import DayFiles
from forewarn.ingest.store.day_rows import day_name, day_path, days_of
from forewarn.ingest.store.files import remove_database
from forewarn.ingest.store.history import History
from forewarn.ingest.store.retention import Report, Retention
from forewarn.ingest.store.rollup_files import HOURS, MINUTES, RollupWriter, Width

STEP_ROWS = 32_768
_STEP_WAVEFORMS = 200
_REST_AFTER_STEP = 3.0  # so many times the duration of a step: upkeep takes a quarter of one core at most
_QUIET_S = 60.0
_LONGEST_WITHOUT_STEP_S = 10.0


class Upkeep:
    """Settling and retention of the days in a folder."""

    def __init__(
        self,
        folder: Path,
        days: DayFiles,
        history: History,
        rollups: RollupWriter,
        lock: threading.RLock,
        monotonic: Callable[[], float],
    ) -> None:
        self._folder, self._days, self._history, self._rollups = folder, days, history, rollups
        self._lock, self._monotonic = lock, monotonic
        self._written_at: dict[int, float] = dict.fromkeys(days_of(folder), -_QUIET_S)
        self._last_step = self._next_step = monotonic()

    def note_written(self, day: int) -> None:
        """A day that was written has to be settled, later."""
        self._written_at[day] = self._monotonic()

    # ---- settling

    def step_when_idle(self) -> None:
        """One step of settling, unless the last one was only just. Called when writes have paused."""
        now = self._monotonic()
        if now < self._next_step:
            return
        day = self._resting_day(now - _QUIET_S)
        if day is not None:
            self._step(day)
            spent = self._monotonic() - now
            self._last_step, self._next_step = now, now + spent * (1 + _REST_AFTER_STEP)

    def step_when_overdue(self) -> None:
        """The same among writes that never pause."""
        if self._monotonic() - self._last_step > _LONGEST_WITHOUT_STEP_S:
            self._last_step = self._monotonic()
            self.step_when_idle()

    def _resting_day(self, before: float) -> int | None:
        """The earliest day that waits, has a later one, and was not written since."""
        newest = max(self._written_at, default=0)
        resting = (day for day, at in self._written_at.items() if day < newest and at <= before)
        return min(resting, default=None)

    def _step(self, day: int) -> bool:
        """Settle a part of a day; True when it is done with."""
        with self._lock, self._careful(day) as file:
            done = file is None or file.settled or file.settle_some(self._rollups, STEP_ROWS)
            if done and (day != max(self._written_at, default=day)):
                self._written_at.pop(day, None)
            return done

    @contextmanager
    def _careful(self, day: int) -> Iterator[DayFile | None]:
        """A day that has a file; forgotten after an error, because its memory may be ahead of the file."""
        try:
            yield self._days.get(day) if day_path(self._folder, day).exists() else None
        except (Retriable, sqlite3.Error, OSError):
            self._days.discard(day)
            raise

    def settle(self, day: int) -> None:
        """Merge and roll up all of a day."""
        while not self._step(day):
            pass

    # ---- retention

    def apply(self, retention: Retention, now_us: int) -> Report:
        """Drop what is older than it has to be kept. Stops at `Retriable`; the next call goes on."""
        before = _size(self._folder)
        days, readings = self._drop_raw(retention, now_us)
        waveforms = self._drop_waveforms(retention, now_us)
        files: list[Path] = []
        for width, kept_days in ((MINUTES, retention.minute_days), (HOURS, retention.hour_days)):
            if kept_days is not None:
                with self._lock:
                    files += self._rollups.drop_before(width, retention.first_kept_day(kept_days, now_us))
        freed = max(0, before - _size(self._folder))
        return Report(tuple(map(day_name, days)), readings, waveforms, tuple(path.name for path in files), freed)

    def _drop_raw(self, retention: Retention, now_us: int) -> tuple[list[int], int]:
        if retention.raw_days is None:
            return [], 0
        first_kept = retention.first_kept_day(retention.raw_days, now_us)
        old = [day for day in days_of(self._folder) if day < first_kept]
        widths = [
            width
            for width, days in ((MINUTES, retention.minute_days), (HOURS, retention.hour_days))
            if days is None or days > retention.raw_days
        ]
        return old, sum(self._drop(day, widths, now_us) for day in old)

    def _drop(self, day: int, widths: list[Width], now_us: int) -> int:
        """Roll up a whole day, note its books, delete its file; how many readings it had."""
        self.settle(day)
        with self._lock, self._careful(day) as file:
            if file is None:
                return 0
            self.settle(day)  # what came in between
            for width in widths:
                file.roll_up(self._rollups, width)
            state = file.state
            self._history.note(day, state, now_us)
            self._days.release(day)
            remove_database(day_path(self._folder, day))
            self._written_at.pop(day, None)
            return state.stored

    def _drop_waveforms(self, retention: Retention, now_us: int) -> int:
        if retention.waveform_days is None:
            return 0
        first_kept = retention.first_kept_day(retention.waveform_days, now_us)
        return sum(self._drop_waveforms_of(day) for day in days_of(self._folder) if day < first_kept)

    def _drop_waveforms_of(self, day: int) -> int:
        total = 0
        while True:
            with self._lock, self._careful(day) as file:
                gone = file.drop_waveforms(_STEP_WAVEFORMS) if file else 0
            total += gone
            if not gone:
                return total


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.db"))
