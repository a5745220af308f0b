"""How the rows of a day's log become packed chunks of one series each.

Pure but for the thread: zlib and numpy work beside the writer, which only puts what is ready into its transactions.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Floats, Int64s, UInt8s
from forewarn.ingest.store.chunks import QUICKLY, encode_chunk
from forewarn.ingest.store.day_rows import DayRows
from forewarn.ingest.store.merge import MAX_CHUNK_ROWS

SLICE_ROWS = 32_768  # so many are put in one transaction


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


def chunk_row(series: int, at: Int64s, value: Floats, quality: UInt8s, level: int = QUICKLY) -> ChunkRow:
    """Pack readings of one series, ascending in time."""
    with np.errstate(over="ignore"):  # the sum of finite numbers may pass the largest one
        total = float(value.sum())
    blob = encode_chunk(at, value, quality, level)
    return ChunkRow(series, int(at[0]), int(at[-1]), len(at), float(value.min()), float(value.max()), total, blob)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some chunks, the last key in them, and whether nothing is left."""

    chunks: list[ChunkRow]
    last_key: int
    done: bool


class PackJob:
    """The log rows up to an entry, sorted once, handed out as chunks of one series each.

    `upto` is the id of the last log entry of the job, `log_rows` how many rows these entries hold, `after_key` where an
    earlier run of the same job stopped (-1: at the begin). `packed` is the newest packed offset of each series: late
    readings get chunks of their own, so that the others do not overlap what is packed already.
    """

    def __init__(self, rows: DayRows, day: int, upto: int, packed: dict[int, int], after_key: int = -1) -> None:
        self.upto, self.log_rows, self._midnight = upto, len(rows), day * US_PER_DAY
        order = np.argsort(rows.key, kind="stable")  # copies: the columns of the log move on
        done = int(np.searchsorted(rows.key[order], after_key, side="right"))
        self.rows = rows.take(order[done:]).without_repeats()
        self._ends = iter(self._borders(packed))
        self._at, self._end, self._last_key = 0, next(self._ends), after_key

    def _borders(self, packed: dict[int, int]) -> list[int]:
        """Where a series ends, or its late readings do."""
        series = self.rows.series
        border = series[1:] != series[:-1]
        if packed and len(series):
            newest = np.full(int(series[-1]) + 1, -1, np.int64)
            for one, offset in packed.items():
                if one < len(newest):
                    newest[one] = offset
            late = self.rows.offset <= newest[series]
            border |= late[1:] != late[:-1]
        return [*(np.flatnonzero(border) + 1).tolist(), len(series)]

    def next_slice(self, budget_rows: int) -> Slice:
        """Chunks of about this many next rows."""
        chunks, enough = list[ChunkRow](), self._at + budget_rows
        while self._at < min(enough, len(self.rows)):
            stop = min(self._end, self._at + MAX_CHUNK_ROWS)
            chunks.append(self._chunk(self.rows.take(slice(self._at, stop))))
            self._at, self._last_key = stop, int(self.rows.key[stop - 1])
            if stop == self._end:
                self._end = next(self._ends, stop)
        return Slice(chunks, self._last_key, self._at == len(self.rows))

    def _chunk(self, rows: DayRows) -> ChunkRow:
        return chunk_row(int(rows.key[0]) >> 37, rows.offset + self._midnight, rows.value, rows.quality)


class PackAhead:
    """A pack job at work in another thread; the writer takes slice after slice, in order.

    Nothing of it is on the disk until the writer puts it there: after a crash the job begins again behind the last
    chunk that was put. `abandon` lets the thread end early.
    """

    def __init__(self, make: Callable[[], PackJob], worker: Executor) -> None:
        self._slices: SimpleQueue[Slice | None] = SimpleQueue()
        self._abandoned = False
        self._work = worker.submit(self._pack, make)

    def _pack(self, make: Callable[[], PackJob]) -> PackJob:
        try:
            job, done = make(), False
            while not (done or self._abandoned):
                self._slices.put(some := job.next_slice(SLICE_ROWS))
                done = some.done
            return job
        finally:
            self._slices.put(None)

    @property
    def ready(self) -> bool:
        """Whether `take` need not wait."""
        return not self._slices.empty()

    def take(self) -> Slice:
        """The next slice, waiting for it; none behind the one that is `done`. Raises what went wrong in the thread."""
        some = self._slices.get()
        if some is None:
            raise RuntimeError(f"no slice is left of a pack job of {self.job.log_rows} rows")
        return some

    @property
    def job(self) -> PackJob:
        """The job itself, when all slices are taken. Raises what went wrong in the thread."""
        return self._work.result()

    def abandon(self) -> None:
        """Nobody takes any more."""
        self._abandoned = True
