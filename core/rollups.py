"""Rollups of one series: how many readings a bucket of time holds, their smallest, largest, sum and newest. Pure.

Rollups of parts of the same readings add up to the rollup of all of them: counts, extremes and newest values exactly,
sums but for the rounding of their last bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_S
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Readings

MINUTE_US, HOUR_US = 60 * US_PER_S, 3600 * US_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Rollup:
    """Columns of equal length, one row per bucket that holds a reading, ascending.

    start int64 (UTC, microseconds, a multiple of the bucket's width), n int64 (readings, doubtful ones too), doubtful
    int64 (of these, how many have a bit of `NOT_SCORED`), low, high, total, newest float64 (of all readings).
    """

    start: Int64s
    n: Int64s
    doubtful: Int64s
    low: Floats
    high: Floats
    total: Floats
    newest: Floats

    def __len__(self) -> int:
        return len(self.start)

    @property
    def mean(self) -> Floats:
        """Arithmetic mean of each bucket, never outside its low and high."""
        return np.clip(self.total / self.n, self.low, self.high)

    def take(self, index: slice) -> Rollup:
        """Some buckets."""
        return Rollup(*(column[index] for column in self.columns()))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """All columns, in the order of the fields."""
        return self.start, self.n, self.doubtful, self.low, self.high, self.total, self.newest

    def between(self, start_us: int, stop_us: int) -> Rollup:
        """Buckets that begin in [start, stop)."""
        i, j = np.searchsorted(self.start, [start_us, stop_us])
        return self.take(slice(int(i), int(j)))


def rollup_of(readings: Readings, step_us: int) -> Rollup:
    """Roll up readings of one series, ascending in time, into buckets of a width.

    >>> two = rollup_of(Readings.of([1] * 3, [0, 10, 70_000_000], [1.0, 3.0, 5.0], [0, 1, 0]), MINUTE_US)
    >>> two.start.tolist(), two.n.tolist(), two.doubtful.tolist(), two.mean.tolist()
    ([0, 60000000], [2, 1], [1, 0], [2.0, 5.0])
    """
    ones = np.ones(len(readings), np.int64)
    doubtful = ((readings.quality & np.uint8(NOT_SCORED)) != 0).astype(np.int64)
    value = readings.value
    return coarser(Rollup(readings.at, ones, doubtful, value, value, value, value), step_us)


def coarser(fine: Rollup, step_us: int) -> Rollup:
    """Join ascending rows (several may share a bucket) into wider buckets; of equal starts the last is the newest."""
    if len(fine) == 0:
        return fine
    start = fine.start // step_us * step_us
    first = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
    with np.errstate(over="ignore"):  # the sum of finite numbers may pass the largest one
        total = np.add.reduceat(fine.total, first)
    return Rollup(
        start[first],
        np.add.reduceat(fine.n, first),
        np.add.reduceat(fine.doubtful, first),
        np.minimum.reduceat(fine.low, first),
        np.maximum.reduceat(fine.high, first),
        total,
        fine.newest[np.append(first[1:], len(start)) - 1],
    )


def joined(parts: list[Rollup], step_us: int) -> Rollup:
    """One ascending rollup of several, in buckets of this width at least."""
    if not parts:
        return NO_ROLLUP
    columns = [np.concatenate(pieces) for pieces in zip(*(part.columns() for part in parts), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return coarser(Rollup(*(column[order] for column in columns)), step_us)


_NO_INTS, _NO_FLOATS = np.empty(0, np.int64), np.empty(0)
NO_ROLLUP = Rollup(_NO_INTS, _NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS)
