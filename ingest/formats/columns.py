"""Readings of one series as columns: how history that is imported stands in the journal. Never on the wire.

offset  type     field
0       4 bytes  magic "FWC1"
4       uint16   length of the series' name in bytes
6       uint16   1: values are in the canonical unit; 0: in the unit on the wire
8       uint32   number of readings n, at most 10,000
12      uint32   CRC-32 (zlib) of everything behind
16      text     name of the series, UTF-8
16+k    zlib     int64[n] times (UTC, microseconds), float64[n] values, uint8[n] quality bits
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Int64s, UInt8s

MAGIC = b"FWC1"
MAX_READINGS = 10_000
_HEADER = struct.Struct("<4sHHII")
_ROW_BYTES = 8 + 8 + 1


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Readings of one series: at int64[n] (UTC, microseconds), value float64[n], quality uint8[n].

    `canonical`: the values are in the canonical unit of the signal, else in its unit on the wire.
    """

    name: str
    at: Int64s
    value: Floats
    quality: UInt8s
    canonical: bool = True

    def __len__(self) -> int:
        return len(self.at)


def encode(column: Column) -> bytes:
    """One frame's payload. Refuses (ValueError) more than 10,000 readings.

    >>> column = Column("p1/temp", np.array([5, 6]), np.array([1.5, 2.5]), np.zeros(2, np.uint8))
    >>> decode(encode(column)).value.tolist()
    [1.5, 2.5]
    """
    if len(column) > MAX_READINGS:
        raise ValueError(f"{len(column)} readings in one frame, the limit is {MAX_READINGS}")
    name = column.name.encode()
    rows = column.at.astype("<i8").tobytes() + column.value.astype("<f8").tobytes() + column.quality.tobytes()
    body = name + zlib.compress(rows, 1)
    return _HEADER.pack(MAGIC, len(name), column.canonical, len(column), zlib.crc32(body)) + body


def decode(payload: bytes) -> Column:
    """What `encode` wrote. Raises Rejected `bad_columns` for anything else; unpacks no more than the header says."""
    try:
        magic, name_bytes, canonical, n, checksum = _HEADER.unpack_from(payload)
    except struct.error as error:
        raise Rejected("bad_columns", f"{len(payload)} bytes are no header") from error
    body = payload[_HEADER.size :]
    if magic != MAGIC or canonical > 1 or n > MAX_READINGS or zlib.crc32(body) != checksum:
        raise Rejected("bad_columns", "magic, size or checksum is wrong")
    try:
        rows = zlib.decompressobj().decompress(body[name_bytes:], n * _ROW_BYTES + 1)
        name = body[:name_bytes].decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise Rejected("bad_columns", str(error)) from error
    if len(rows) != n * _ROW_BYTES:
        raise Rejected("bad_columns", f"{len(rows)} bytes are not {n} rows")
    at, value = np.frombuffer(rows, "<i8", n), np.frombuffer(rows, "<f8", n, 8 * n)
    quality = np.frombuffer(rows, np.uint8, n, 16 * n)
    if not np.isfinite(value).all():
        raise Rejected("not_finite", "a value of the column is not finite")
    return Column(name, at.astype(np.int64), value.astype(np.float64), quality, bool(canonical))
