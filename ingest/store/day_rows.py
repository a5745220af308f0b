"""Readings of one UTC day as sorted columns under one identity key, and what is new, repeated or contradicted. Pure.

The key of a reading is `series << 37 | microseconds since midnight`: one int64 that sorts by series, then by time, and
is equal exactly for equal identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.readings import Floats, Int64s, Readings, UInt8s

OFFSET_BITS = 37  # 2**37 us are 38 hours
OFFSET_MASK = (1 << OFFSET_BITS) - 1
SERIES_LIMIT = 1 << 26
ROW_BYTES = 8 + 8 + 1
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # years 1 to 9999: what a file name can say
Bools = NDArray[np.bool_]


def day_of(at_us: int) -> int:
    """Days since 1970 of a time."""
    return at_us // US_PER_DAY


def day_name(day: int) -> str:
    """`2026-11-23` of a day number."""
    return datetime.fromtimestamp(day * US_PER_DAY / US_PER_S, UTC).strftime("%Y-%m-%d").rjust(10, "0")


def day_path(folder: Path, day: int) -> Path:
    """File of a day."""
    return folder / f"day-{day_name(day)}.db"


def days_of(folder: Path) -> list[int]:
    """Days that have a file, ascending."""
    return sorted(_named_day(path.name) for path in folder.glob("day-????-??-??.db"))


@lru_cache(4096)
def _named_day(name: str) -> int:
    at = datetime.fromisoformat(f"{name[4:14]}T00:00:00+00:00")
    return int(at.timestamp()) * US_PER_S // US_PER_DAY


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """Readings of one day: key int64[n], value float64[n], quality uint8[n]."""

    key: Int64s
    value: Floats
    quality: UInt8s

    def __len__(self) -> int:
        return len(self.key)

    def take(self, index: NDArray[np.intp] | Bools | slice) -> DayRows:
        """The rows at these places."""
        return DayRows(self.key[index], self.value[index], self.quality[index])

    @property
    def series(self) -> Int64s:
        """Series numbers."""
        return self.key >> OFFSET_BITS

    @property
    def offset(self) -> Int64s:
        """Microseconds since midnight."""
        return self.key & OFFSET_MASK

    def readings(self, day: int) -> Readings:
        """As the rest of the product knows them."""
        return Readings(self.series.astype(np.int32), self.offset + day * US_PER_DAY, self.value, self.quality)

    def to_bytes(self) -> bytes:
        """Raw columns: keys, values, qualities."""
        return self.key.tobytes() + self.value.tobytes() + self.quality.tobytes()

    @staticmethod
    def from_bytes(blob: bytes) -> DayRows:
        """Read-only columns over what `to_bytes` made."""
        n = len(blob) // ROW_BYTES
        key, value = np.frombuffer(blob, np.int64, n), np.frombuffer(blob, np.float64, n, 8 * n)
        return DayRows(key, value, np.frombuffer(blob, np.uint8, n, 16 * n))

    @staticmethod
    def joined(parts: list[DayRows]) -> DayRows:
        """All parts, one after the other."""
        if not parts:
            return DayRows(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))
        return DayRows(
            np.concatenate([p.key for p in parts]),
            np.concatenate([p.value for p in parts]),
            np.concatenate([p.quality for p in parts]),
        )

    def sorted(self) -> DayRows:
        """Ascending by key; equal keys stay in the order of arrival."""
        if (self.key[1:] >= self.key[:-1]).all():
            return self
        return self.take(np.argsort(self.key, kind="stable"))

    def without_repeats(self) -> DayRows:
        """Of sorted rows the first of each key."""
        fresh = self.key[1:] != self.key[:-1]
        return self if fresh.all() else self.take(np.concatenate(([True], fresh)))


class SortedRuns:
    """Rows that keep coming, sorted in a few runs without repeats: runs of like size are joined, so that they stay few.

    A row that comes again may be in two runs for a while.
    """

    def __init__(self) -> None:
        self.runs: list[DayRows] = []

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    def add(self, rows: DayRows) -> None:
        """Take more rows, in any order."""
        if len(rows):
            self.runs.append(rows.sorted().without_repeats())
        while len(self.runs) > 1 and 2 * len(self.runs[-1]) >= len(self.runs[-2]):
            self.runs.append(DayRows.joined([self.runs.pop(-2), self.runs.pop()]).sorted().without_repeats())


def key_of(series: int, offset: int) -> int:
    """Key of one reading."""
    return series << OFFSET_BITS | offset


def split_days(readings: Readings) -> Iterator[tuple[int, DayRows]]:
    """The readings by day, each day sorted by key. Raises `ValueError` for a time outside the years 1 to 9999."""
    if len(readings) == 0:
        return
    first, last = day_of(int(readings.at.min())), day_of(int(readings.at.max()))
    if first < FIRST_DAY or last > LAST_DAY:
        raise ValueError("a reading lies outside the years 1 to 9999")
    if first == last:
        yield first, _rows_of(readings, first)
        return
    day = readings.at // US_PER_DAY
    for one in np.unique(day).tolist():
        yield one, _rows_of(readings.take(day == one), one)


def _rows_of(readings: Readings, day: int) -> DayRows:
    key = readings.series.astype(np.int64) << OFFSET_BITS | (readings.at - day * US_PER_DAY)
    return DayRows(key, readings.value, readings.quality).sorted()


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of sorted rows: the new ones, how many only repeat, and the ones that contradict."""

    new: DayRows
    duplicates: int
    conflicts: DayRows


Lookup = Callable[[Int64s], tuple[Bools, Floats]]
"""Ascending keys without repeats -> which are stored, and their values (undefined where not)."""


def judge(rows: DayRows, newest: Int64s, lookup: Lookup) -> Judged:
    """Part sorted rows by identity. `newest` int64[series] is the newest stored offset (-1: none).

    The first of a key that arrived is the reading; the same value again is a duplicate, another value a conflict.
    """
    first = np.ones(len(rows), bool)
    np.not_equal(rows.key[1:], rows.key[:-1], out=first[1:])
    unique = rows if first.all() else rows.take(first)
    late = unique.offset <= newest[unique.series]
    if unique is rows and not late.any():
        return Judged(rows, 0, rows.take(slice(0)))
    known, reference = np.zeros(len(unique), bool), unique.value.copy()
    if late.any():
        found, values = lookup(unique.key[late])
        known[late] = found
        reference[late] = np.where(found, values, reference[late])
    is_new = np.zeros(len(rows), bool)
    is_new[first] = ~known
    agrees = rows.value == reference[np.cumsum(first) - 1]
    return Judged(unique.take(~known), int((agrees & ~is_new).sum()), rows.take(~agrees))


def newest_of_each(rows: DayRows) -> DayRows:
    """Of sorted rows without repeats the newest of every series."""
    series = rows.series
    return rows.take(np.append(series[1:] != series[:-1], True)) if len(rows) else rows
