"""What a day file keeps in memory so that late readings are told from repeated ones without unpacking chunks."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

import numpy as np

from forewarn.core.readings import Floats, Int64s
from forewarn.ingest.store.day_rows import Bools, DayRows, newest_of_each
from forewarn.ingest.store.merge import Columns

MOST_ROWS = 1 << 21
MOST_BYTES = 16 << 20


class RecentRows:
    """The rows that were packed last, two millions of them, and up to where each series has older ones.

    `older` is the newest packed offset (microseconds since midnight) of each series that has any.
    """

    def __init__(self, older: dict[int, int]) -> None:
        self._parts: deque[DayRows] = deque()
        self._rows = 0
        self._older = np.full(max(64, *older, 0) + 1, -1, np.int64)
        for series, offset in older.items():
            self._older[series] = offset

    def add(self, rows: DayRows) -> None:
        """Remember sorted rows without repeats; the oldest part is let go when there are too many."""
        if len(rows) == 0:
            return
        self._parts.append(rows)
        self._rows += len(rows)
        while self._rows > MOST_ROWS:
            gone = self._parts.popleft()
            self._rows -= len(gone)
            last = newest_of_each(gone)
            self._reach(int(last.series[-1]))
            self._older[last.series] = np.maximum(self._older[last.series], last.offset)

    def find(self, keys: Int64s) -> tuple[Bools, Floats, Bools]:
        """Which of these ascending keys are here, values, and for which others older rows must be asked."""
        found, values = np.zeros(len(keys), bool), np.zeros(len(keys))
        for part in self._parts:
            place = np.minimum(np.searchsorted(part.key, keys), len(part) - 1)
            hit = part.key[place] == keys
            found |= hit
            values[hit] = part.value[place[hit]]
        wanted = DayRows(keys, values, values)  # type: ignore[arg-type] # qualities are not looked at
        self._reach(int(wanted.series[-1]))
        return found, values, ~found & (wanted.offset <= self._older[wanted.series])

    def _reach(self, series: int) -> None:
        if series >= len(self._older):
            more = max(series + 1, 2 * len(self._older)) - len(self._older)
            self._older = np.append(self._older, np.full(more, -1, np.int64))


class DecodedChunks:
    """Times and values of the unpacked chunks that were asked for last, within 16 MiB."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Int64s, Floats]] = OrderedDict()
        self._bytes = 0

    def get(self, id_: int, read: Callable[[int], Columns]) -> tuple[Int64s, Floats]:
        """Times and values of a chunk, by its row id."""
        if id_ in self._kept:
            self._kept.move_to_end(id_)
            return self._kept[id_]
        columns = read(id_)
        self._kept[id_] = columns.at, columns.value
        self._bytes += 2 * columns.at.nbytes
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self.forget([next(iter(self._kept))])
        return columns.at, columns.value

    def forget(self, ids: Iterable[int]) -> None:
        """These rows are gone; their ids may come again for others."""
        for id_ in ids:
            if (gone := self._kept.pop(id_, None)) is not None:
                self._bytes -= 2 * gone[0].nbytes
