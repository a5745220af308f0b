"""The day files that a store has open for writing: a few at a time, the one used longest ago is closed first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forewarn.ingest.store.day import DayFile
from forewarn.ingest.store.day_rows import day_path


class DayFiles:
    """`generation` tells how often a file of a day was dropped; `before_change` is called with a path before it is
    opened for writing."""

    def __init__(self, folder: Path, log_rows: int, most: int, generation: Callable[[int], int]) -> None:
        self._folder, self._log_rows, self._most, self._generation = folder, log_rows, most, generation
        self._open: OrderedDict[int, DayFile] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, "pack")  # no thread before the first job
        self.before_change: Callable[[Path], None] = lambda path: None

    def get(self, day: int) -> DayFile:
        """A day, opened when it is not."""
        if day not in self._open:
            self.before_change(day_path(self._folder, day))
            self._open[day] = DayFile(self._folder, day, self._log_rows, self._worker, self._generation(day))
            self._make_room()
        self._open.move_to_end(day)
        return self._open[day]

    def _make_room(self) -> None:
        """Close what was used longest ago; what comes next is packed by then."""
        if len(self._open) > self._most:
            self._open.popitem(last=False)[1].close()
        if len(self._open) == self._most > 1:
            next(iter(self._open.values())).pack_soon()

    def days(self) -> list[int]:
        """The days that are open now."""
        return list(self._open)

    def discard(self, day: int) -> None:
        """Forget a day after an error: its memory may be ahead of the file."""
        if (broken := self._open.pop(day, None)) is not None:
            broken.abandon()

    def release(self, day: int) -> None:
        """Close a day."""
        if (file := self._open.pop(day, None)) is not None:
            file.close()

    def close(self) -> None:
        """Release all files."""
        while self._open:
            self._open.popitem()[1].close()
        self._worker.shutdown()

    def abandon(self) -> None:
        """Release all files as they are."""
        for day in self.days():
            self.discard(day)
        self._worker.shutdown(cancel_futures=True)
