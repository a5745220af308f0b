"""Rollups as bytes. Pure.

Packed, little-endian: kind u8 (3), flags u8 (1: every bucket holds one reading), crc32 u32, n u32, bucket width i64;
then under zlib the columns, bytes of the same weight side by side: bucket number i64, and the values f64 of a bucket
with one reading, or n u32, doubtful u32 and low, high, sum, newest f64.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected
from forewarn.core.rollups import Rollup

MAX_BUCKETS = 86_400
_HEAD = struct.Struct("<BBIIq")
_KIND, _SINGLE = 3, 1
_LEVEL = 6


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
