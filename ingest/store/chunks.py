"""Packed chunks: many readings of one series, or one waveform, in few bytes, without losing a bit. Pure.

Readings of sensors are decimals on a near-regular clock. A chunk stores times as distances from the smallest step in
units of their common divisor, values as scaled integers (21.53 is 2153 at two decimals) by their differences, all bytes
of the same weight side by side (byte shuffle), under zlib. Values that are no decimals are kept as float32 or float64,
whichever is exact. Bytes carry a version and a CRC; a reader refuses what it does not know.

Chunk, little-endian: kind u8 (1), flags u8, time width u8, value width u8, decimals u8, crc32 u32, n u32, first time
i64, smallest step u64, unit u64, first value i64; body. Waveform: kind u8 (2), flags, width, decimals, crc32, n; body.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected
from forewarn.core.readings import Float32s, Floats, Int64s, UInt8s

_F = TypeVar("_F", Floats, Float32s)

MAX_POINTS = 1 << 20
QUICKLY, THOROUGHLY = 1, 6
_CHUNK = struct.Struct("<BBBBBIIqQQq")
_WAVE = struct.Struct("<BBBBII")
_CHUNK_KIND, _WAVE_KIND = 1, 2
_DEFLATED, _QUALITY, _FLOAT32, _FLOAT64 = 1, 2, 4, 8
_CRC_AT = {_CHUNK_KIND: 5, _WAVE_KIND: 4}
POWERS = 10.0 ** np.arange(10)
EXACT = 1 << 53
_FARTHEST_US = 1 << 60
_WIDTHS = {0, 1, 2, 4, 8}
_SAMPLE = 16
_TASTES, _TASTED_BYTES, _WORTH_IT = 4, 512, 0.8
_INTS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_UINTS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def encode_chunk(at: Int64s, value: Floats, quality: UInt8s, level: int = QUICKLY) -> bytes:
    """Pack readings of one series: at strictly ascending, value finite, 1 to 1,048,576 of them.

    Raises `ValueError` for anything else. Typical cost: 3-4 bytes a reading for sensor-like decimals, 8 for noise in
    full float64 precision. `level` is zlib's: `THOROUGHLY` takes three times as long and saves 3 % of the bytes.

    >>> blob = encode_chunk(np.array([10, 20, 30]), np.array([0.5, 0.6, 0.5]), np.zeros(3, np.uint8))
    >>> decode_chunk(blob)[1].tolist()
    [0.5, 0.6, 0.5]
    """
    n = len(at)
    if not 0 < n <= MAX_POINTS or not n == len(value) == len(quality):
        raise ValueError(f"a chunk holds 1 to {MAX_POINTS} readings in columns of equal length")
    time_planes, time_width, smallest, unit = _pack_times(at)
    value_planes, flags, value_width, decimals, first = _pack_values(value)
    planes = [time_planes, value_planes]
    if quality.any():
        flags |= _QUALITY
        planes.append(quality.astype(np.uint8, copy=False).tobytes())
    flags, body = _deflated(flags, b"".join(planes), level)
    head = (flags, time_width, value_width, decimals)
    return _sealed(_CHUNK.pack(_CHUNK_KIND, *head, 0, n, int(at[0]), smallest, unit, first), body)


def decode_chunk(blob: bytes) -> tuple[Int64s, Floats, UInt8s]:
    """Columns (at, value, quality) of a chunk. Raises `Rejected` for bytes that no `encode_chunk` made."""
    head = _opened(blob, _CHUNK, _CHUNK_KIND)
    flags, time_width, value_width, decimals, _, n, t0, smallest, unit, first = head[1:]
    floats = flags & (_FLOAT32 | _FLOAT64)
    if time_width not in _WIDTHS or value_width not in _WIDTHS or decimals >= len(POWERS) or flags > 15:
        raise Rejected("bad_chunk", "unknown layout")
    if floats and value_width != {_FLOAT32: 4, _FLOAT64: 8}.get(floats):
        raise Rejected("bad_chunk", "a width that its numbers cannot have")
    sizes = ((n - 1) * time_width, (n if floats else n - 1) * value_width, n if flags & _QUALITY else 0)
    body = _inflated(flags, blob[_CHUNK.size :], sum(sizes))
    value_at, quality_at = sizes[0], sizes[0] + sizes[1]
    at = _unpack_times(body[:value_at], time_width, n, t0, smallest, unit)
    value = _unpack_values(body[value_at:quality_at], floats, value_width, decimals, n, first)
    quality = np.frombuffer(body[quality_at:], np.uint8).copy() if flags & _QUALITY else np.zeros(n, np.uint8)
    return at, value, quality


def encode_wave(samples: Float32s) -> bytes:
    """Pack the samples of one waveform (float32, finite, 1 to 1,048,576). Raises `ValueError` for anything else.

    Samples that came from a converter shrink to a half or two thirds; float32 noise stays as it is.
    """
    n = len(samples)
    if not 0 < n <= MAX_POINTS or not np.isfinite(samples).all():
        raise ValueError(f"a waveform holds 1 to {MAX_POINTS} finite samples")
    scaled, decimals = as_decimals(samples)
    if scaled is None:
        flags, width, planes = _FLOAT32, 4, _shuffled(samples.astype(np.float32, copy=False))
    else:
        width = _width(int(scaled.min()), int(scaled.max()))
        flags, planes = 0, _shuffled(scaled.astype(_INTS[width])) if width else b""
    flags, body = _deflated(flags, planes, QUICKLY) if _pays(planes) else (flags, planes)
    return _sealed(_WAVE.pack(_WAVE_KIND, flags, width, decimals, 0, n), body)


def decode_wave(blob: bytes) -> Float32s:
    """Samples of a waveform. Raises `Rejected` for bytes that no `encode_wave` made."""
    flags, width, decimals, _, n = _opened(blob, _WAVE, _WAVE_KIND)[1:]
    if width not in _WIDTHS or decimals >= len(POWERS) or flags & ~(_DEFLATED | _FLOAT32):
        raise Rejected("bad_chunk", "unknown layout")
    if flags & _FLOAT32 and width != 4:
        raise Rejected("bad_chunk", "a width that its numbers cannot have")
    body = _inflated(flags, blob[_WAVE.size :], n * width)
    if flags & _FLOAT32:
        return _finite(_unshuffled(body, np.dtype(np.float32)))
    if width == 0:
        return np.zeros(n, np.float32)
    scaled: Floats = _unshuffled(body, np.dtype(_INTS[width])) / POWERS[decimals]
    return scaled.astype(np.float32)


# ---- times


def _pack_times(at: Int64s) -> tuple[bytes, int, int, int]:
    """Shuffled distances from the smallest step in units of their divisor; their width; the step; the divisor."""
    if not -_FARTHEST_US < int(at[0]) <= int(at[-1]) < _FARTHEST_US:
        raise ValueError("times of a chunk ascend and are times of this world")
    if len(at) == 1:
        return b"", 0, 0, 1
    step = np.diff(at)
    smallest = int(step.min())
    if smallest <= 0:
        raise ValueError("times of a chunk ascend strictly")
    step -= smallest
    largest = int(step.max())
    if largest == 0:
        return b"", 0, smallest, 1
    unit = _common_divisor(step)
    width = _unsigned_width(largest // unit)
    return _shuffled((step // unit if unit > 1 else step).astype(_UINTS[width])), width, smallest, unit


def _common_divisor(step: Int64s) -> int:
    """Greatest common divisor; on a free-running clock a few steps show that it is 1."""
    few = int(np.gcd.reduce(step[:_SAMPLE]))
    return 1 if few == 1 else int(np.gcd.reduce(step))


def _unpack_times(planes: bytes, width: int, n: int, t0: int, smallest: int, unit: int) -> Int64s:
    at = np.empty(n, np.int64)
    at[0] = t0
    if n > 1:
        step = _unshuffled(planes, np.dtype(_UINTS[width])) if width else np.zeros(n - 1, np.uint8)
        span = float(smallest) * (n - 1) + float(unit) * float(step.sum(dtype=np.float64))
        if smallest == 0 or max(span, float(unit)) > 2.0 * _FARTHEST_US:  # a unit may be absurd while all steps are 0
            raise Rejected("bad_chunk", "times do not ascend, or are not of this world")
        np.cumsum(step.astype(np.int64) * unit + smallest, out=at[1:])
        at[1:] += t0
    if not -_FARTHEST_US < t0 < _FARTHEST_US or at[-1] >= _FARTHEST_US:
        raise Rejected("bad_chunk", "times are not of this world")
    return at


# ---- values


def _pack_values(value: Floats) -> tuple[bytes, int, int, int, int]:
    """Shuffled values; flags, width, decimals and first scaled value."""
    scaled, decimals = as_decimals(value)
    if scaled is not None:
        first, change = int(scaled[0]), np.diff(scaled)
        width = _width(int(change.min()), int(change.max())) if len(change) else 0
        return _shuffled(change.astype(_INTS[width])) if width else b"", 0, width, decimals, first
    if not np.isfinite(value).all():
        raise ValueError("values of a chunk are finite")
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is not equal
        narrow = value.astype(np.float32)
    if (narrow == value).all():
        return _shuffled(narrow), _FLOAT32, 4, 0, 0
    return _shuffled(value.astype(np.float64, copy=False)), _FLOAT64, 8, 0, 0


def as_decimals(value: Floats | Float32s) -> tuple[Int64s | None, int]:
    """Integers k and a number of decimals d such that k / 10**d gives back every value bit by bit; else None."""
    sample = value[:_SAMPLE].astype(np.float64)[:, None]
    with np.errstate(all="ignore"):  # infinite and not-a-number simply are no decimals
        fits = (np.rint(sample * POWERS) / POWERS).astype(value.dtype) == sample.astype(value.dtype)
        found = np.flatnonzero(fits.all(axis=0))
        for decimals in found[:4].tolist():
            scaled = np.rint(value.astype(np.float64) * POWERS[decimals])
            if (np.abs(scaled) < EXACT).all() and _same_bits((scaled / POWERS[decimals]).astype(value.dtype), value):
                return scaled.astype(np.int64), decimals
    return None, 0


def _same_bits(one: Floats | Float32s, other: Floats | Float32s) -> bool:
    """Equal and no negative zero, which an integer cannot tell from zero."""
    return bool((one == other).all()) and not bool((np.signbit(other) & (other == 0)).any())


def _unpack_values(planes: bytes, floats: int, width: int, decimals: int, n: int, first: int) -> Floats:
    if floats:
        return _finite(
            _unshuffled(planes, np.dtype(np.float32 if floats == _FLOAT32 else np.float64)).astype(np.float64)
        )
    scaled = np.empty(n, np.int64)
    scaled[0] = first
    if n > 1:
        scaled[1:] = _unshuffled(planes, np.dtype(_INTS[width])) if width else 0
        np.cumsum(scaled, out=scaled)
    if scaled.max() >= EXACT or scaled.min() <= -EXACT:
        raise Rejected("bad_chunk", "a scaled value is too large")
    value: Floats = scaled / POWERS[decimals]
    return value


def _finite(value: _F) -> _F:
    if not np.isfinite(value).all():
        raise Rejected("bad_chunk", "a value is not finite")
    return value


# ---- bytes


def _width(low: int, high: int) -> int:
    """Bytes that hold every whole number from low to high; 0 when all are zero."""
    if low == high == 0:
        return 0
    return next(w for w in (1, 2, 4, 8) if -(1 << (8 * w - 1)) <= low and high < 1 << (8 * w - 1))


def _unsigned_width(high: int) -> int:
    return next(w for w in (1, 2, 4, 8) if high < 1 << (8 * w))


def _shuffled(column: NDArray[Any]) -> bytes:
    """First bytes of all numbers, then all second bytes, and so on: what changes little lies together."""
    return column.view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def _unshuffled(planes: bytes, dtype: np.dtype[Any]) -> NDArray[Any]:
    rows = np.frombuffer(planes, np.uint8).reshape(dtype.itemsize, -1).T
    return np.ascontiguousarray(rows).view(dtype)[:, 0]


def _deflated(flags: int, planes: bytes, level: int) -> tuple[int, bytes]:
    """zlib, unless it does not pay."""
    if len(planes) > 64:
        small = zlib.compress(planes, level)
        if len(small) < len(planes) * 0.95:
            return flags | _DEFLATED, small
    return flags, planes


def _pays(planes: bytes) -> bool:
    """Whether packing a waveform is worth its time, by a few samples: float32 noise would shrink by an eighth at best,
    and pressing it costs ten times as much as everything else that happens to a block on its way to the disk.
    """
    if len(planes) <= _TASTED_BYTES * _TASTES:
        return True
    step = len(planes) // _TASTES
    some = b"".join(planes[at : at + _TASTED_BYTES] for at in range(step // 4, len(planes), step))
    return len(zlib.compress(some, QUICKLY)) < len(some) * _WORTH_IT


def _inflated(flags: int, body: bytes, size: int) -> bytes:
    """The planes, which must be of this size: a bomb is cut at one byte more."""
    if flags & _DEFLATED:
        inflater = zlib.decompressobj()
        try:
            body = inflater.decompress(body, size + 1)
        except zlib.error as error:
            raise Rejected("bad_chunk", str(error)) from error
        if not inflater.eof or inflater.unused_data:
            raise Rejected("bad_chunk", "the packed bytes do not end where they should")
    if len(body) != size:
        raise Rejected("bad_chunk", f"{len(body)} bytes where {size} belong")
    return body


def _sealed(head: bytes, body: bytes) -> bytes:
    """Head and body with the CRC of both put into its place."""
    crc_at = _CRC_AT[head[0]]
    crc = zlib.crc32(body, zlib.crc32(head))
    return head[:crc_at] + crc.to_bytes(4, "little") + head[crc_at + 4 :] + body


def _opened(blob: bytes, layout: struct.Struct, kind: int) -> tuple[int, ...]:
    """The fields of the head, when kind, CRC and number of points are right."""
    if len(blob) < layout.size or blob[0] != kind:
        raise Rejected("bad_chunk", "unknown kind or version")
    crc_at = _CRC_AT[kind]
    crc = zlib.crc32(blob[layout.size :], zlib.crc32(blob[:crc_at] + bytes(4) + blob[crc_at + 4 : layout.size]))
    if crc != int.from_bytes(blob[crc_at : crc_at + 4], "little"):
        raise Rejected("bad_chunk", "the checksum is wrong")
    fields: tuple[int, ...] = layout.unpack_from(blob)
    n = fields[6] if kind == _CHUNK_KIND else fields[5]
    if not 0 < n <= MAX_POINTS:
        raise Rejected("bad_chunk", f"{n} points")
    return fields
