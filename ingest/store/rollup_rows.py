"""Rollups of one series: how many readings a bucket of time holds, their smallest, largest, sum and newest. Pure.

Rollups of parts of the same readings add up to the rollup of all of them: counts, extremes and newest values exactly,
sums but for the rounding of their last bits.

Packed, little-endian: kind u8 (3), flags u8 (1: every bucket holds one reading), crc32 u32, n u32, bucket width i64;
then under zlib the columns, bytes of the same weight side by side: bucket number i64, and the values f64 of a bucket
with one reading, or n u32, doubtful u32 and low, high, sum, newest f64.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Readings

MINUTE_US, HOUR_US = 60 * US_PER_S, 3600 * US_PER_S
MAX_BUCKETS = 86_400
_HEAD = struct.Struct("<BBIIq")
_KIND, _SINGLE = 3, 1
_LEVEL = 6


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


# ---- bytes


def encode_rollup(rows: Rollup, width_us: int) -> bytes:
    """Pack 1 to 86,400 buckets of one width. Raises `ValueError` for anything else."""
    if not 0 < len(rows) <= MAX_BUCKETS or (rows.start % width_us).any():
        raise ValueError(f"a packed rollup holds 1 to {MAX_BUCKETS} buckets of one width")
    bucket = rows.start // width_us
    single = bool((rows.n == 1).all()) and not rows.doubtful.any()
    columns: list[NDArray[Any]] = [np.diff(bucket, prepend=0)]
    if single:
        columns.append(rows.newest)
    else:
        columns += [rows.n.astype(np.uint32), rows.doubtful.astype(np.uint32)]
        columns += [rows.low, rows.high, rows.total, rows.newest]
    body = zlib.compress(b"".join(_planes(column) for column in columns), _LEVEL)
    head = _HEAD.pack(_KIND, _SINGLE if single else 0, 0, len(rows), width_us)
    return _with_crc(head, body)


def decode_rollup(blob: bytes) -> Rollup:
    """Buckets out of what `encode_rollup` made. Raises `Rejected` for any other bytes."""
    if len(blob) < _HEAD.size or blob[0] != _KIND:
        raise Rejected("bad_rollup", "unknown kind or version")
    _, flags, crc, n, width_us = _HEAD.unpack_from(blob)
    if crc != _crc(blob[: _HEAD.size], blob[_HEAD.size :]):
        raise Rejected("bad_rollup", "the checksum is wrong")
    if not 0 < n <= MAX_BUCKETS or width_us <= 0 or flags > _SINGLE:
        raise Rejected("bad_rollup", "an absurd head")
    types = _SINGLE_TYPES if flags & _SINGLE else _TYPES
    body = _inflated(blob[_HEAD.size :], n * sum(np.dtype(t).itemsize for t in types))
    columns, at = [], 0
    for kind in types:
        size = np.dtype(kind).itemsize
        columns.append(np.ascontiguousarray(np.frombuffer(body, np.uint8, n * size, at).reshape(size, n).T).view(kind))
        at += n * size
    return _checked([column[:, 0] for column in columns], width_us)


_SINGLE_TYPES = (np.int64, np.float64)
_TYPES = (np.int64, np.uint32, np.uint32, np.float64, np.float64, np.float64, np.float64)


def _checked(columns: list[NDArray[Any]], width_us: int) -> Rollup:
    step = columns[0]
    far = (1 << 60) // width_us
    if (step[1:] <= 0).any() or np.abs(step.astype(np.float64)).sum() > far:
        raise Rejected("bad_rollup", "buckets do not ascend, or are not of this world")
    start = np.cumsum(step) * width_us
    if len(columns) == 2:
        ones, value = np.ones(len(start), np.int64), columns[1]
        columns = [start, ones, np.zeros_like(ones), value, value, value, value]
    rows = Rollup(start, columns[1].astype(np.int64), columns[2].astype(np.int64), *columns[3:])
    if not (np.isfinite(rows.low) & np.isfinite(rows.high) & (rows.low <= rows.high) & (rows.n > 0)).all():
        raise Rejected("bad_rollup", "a bucket that no readings make")
    return rows


def _planes(column: NDArray[Any]) -> bytes:
    return column.view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def _inflated(body: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        planes = inflater.decompress(body, size + 1)
    except zlib.error as error:
        raise Rejected("bad_rollup", str(error)) from error
    if len(planes) != size or not inflater.eof or inflater.unused_data:
        raise Rejected("bad_rollup", "the packed bytes do not end where they should")
    return planes


def _crc(head: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(head[:2] + bytes(4) + head[6:]))


def _with_crc(head: bytes, body: bytes) -> bytes:
    return head[:2] + _crc(head, body).to_bytes(4, "little") + head[6:] + body
