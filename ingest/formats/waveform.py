"""Raw waveforms as binary blocks: a header of 52 bytes, the unit, little-endian samples.

    offset  type     field
    0       4 bytes  magic "FWW1"
    4       uint8    version, 1
    5       uint8    type of a sample: 1 int16, 2 int32, 3 float32
    6       uint8    length of the unit in bytes, at most 16
    7       uint8    0, reserved
    8       uint32   number of samples
    12      float64  sample rate, Hz
    20      int64    time of the first sample, Unix microseconds; 0: the sender has no clock
    28      float64  physical value of one count (1 for float32)
    36      uint64   boot id: changes when the sender restarts
    44      uint32   sequence number since boot
    48      uint32   CRC-32 (zlib) of the 48 bytes before and of everything after
    52      text     unit, UTF-8, for instance "g" or "m/s^2"; empty: as the plant file says
    52+u    samples

64 KiB of float32 samples are 64 KiB here and 110 to 200 KiB as JSON.
"""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.ingest.formats import waveform_json
from forewarn.ingest.formats.counting import counted_of
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.unpack import unpacked
from forewarn.ingest.formats.waveform_block import MAX_SAMPLES, Block, check_samples, waveform_of
from forewarn.ingest.topics import Binding

MAGIC = b"FWW1"
VERSION = 1
MAX_UNIT_BYTES = 16
_HEADER = struct.Struct("<4sBBBBIdqdQI")
_CRC = struct.Struct("<I")
_TYPES: dict[int, np.dtype[np.generic]] = {1: np.dtype("<i2"), 2: np.dtype("<i4"), 3: np.dtype("<f4")}
_CODES = {"i16": 1, "i32": 2, "f32": 3}


def decode(payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded:
    """The waveform of one message, binary or JSON, in the canonical unit of its signal.

    Raises Rejected with the reasons of `unpack.unpacked`, `decode_block` or `waveform_json.decode_block`, and of
    `waveform_block.waveform_of`.
    """
    body = unpacked(payload)
    block = decode_block(body) if body.startswith(MAGIC) else waveform_json.decode_block(body, now_us)
    counted = counted_of(block.seq, block.boot_id or "") if block.boot_id or block.seq else None
    return Decoded(
        waveforms=[waveform_of(block, binding.only, received_at_us, now_us)],
        counted=[] if counted is None else [counted],
    )


def encode(block: Block, dtype: str = "f32", scale: float = 1.0) -> bytes:
    """The binary form of a block. Integers carry `samples / scale`, rounded; the error is at most scale / 2.

    Refuses (ValueError): an unknown dtype ("i16", "i32", "f32"), an integer that overflows, what `decode` would refuse.

    >>> block = Block(1_795_392_000_000_000, 25_600.0, np.array([0.5, -0.5]), "g")
    >>> len(encode(block)), len(encode(block, "i16", scale=1e-3))
    (61, 57)
    """
    if dtype not in _CODES:
        raise ValueError(f"dtype {dtype!r} is none of {', '.join(_CODES)}")
    unit, code = block.unit.encode(), _CODES[dtype]
    if not 0 < len(block.samples) <= MAX_SAMPLES or len(unit) > MAX_UNIT_BYTES:
        raise ValueError(f"a block holds 1 to {MAX_SAMPLES} samples and a unit of at most {MAX_UNIT_BYTES} bytes")
    raw = _counts(block.samples, code, scale)
    head = _HEADER.pack(
        *(MAGIC, VERSION, code, len(unit), 0, len(raw), block.sample_rate_hz, block.at_us, scale),
        *(block.boot_id, block.seq),
    )
    rest = unit + raw.tobytes()
    return head + _CRC.pack(zlib.crc32(rest, zlib.crc32(head))) + rest


def _counts(samples: Floats, code: int, scale: float) -> NDArray[np.generic]:
    if not (np.all(np.isfinite(samples)) and math.isfinite(scale) and scale > 0):
        raise ValueError("samples and scale are finite, scale is above 0")
    counts = samples.astype(np.float64) / scale
    low, high = _range(code)
    if code != _CODES["f32"]:
        counts = np.rint(counts)
    if counts.min() < low or counts.max() > high:
        raise ValueError(f"samples / scale do not fit into {_TYPES[code].itemsize * 8} bits")
    return counts.astype(_TYPES[code])


def _range(code: int) -> tuple[float, float]:
    if code == _CODES["f32"]:
        return float(np.finfo(np.float32).min), float(np.finfo(np.float32).max)
    bits = _TYPES[code].itemsize * 8
    return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1


def decode_block(payload: bytes) -> Block:
    """The block as it was encoded.

    Raises Rejected: `wrong_format`, `unknown_version`, `unknown_dtype`, `empty`, `too_many_samples`,
    `length_mismatch`, `bad_crc`, `bad_encoding` (unit), `bad_sample_rate`, `bad_scale`, `not_finite`.
    """
    if len(payload) < _HEADER.size + _CRC.size or not payload.startswith(MAGIC):
        raise Rejected("wrong_format", f"no FWW1 block: {len(payload)} bytes that begin with {shown(payload[:8])}")
    _, version, code, unit_bytes, _, n, rate, at, scale, boot_id, seq = _HEADER.unpack_from(payload)
    _check_header(version, code, unit_bytes, n, len(payload))
    start = _HEADER.size + _CRC.size
    (crc,) = _CRC.unpack_from(payload, _HEADER.size)
    if zlib.crc32(payload[start:], zlib.crc32(payload[: _HEADER.size])) != crc:
        raise Rejected("bad_crc", "the check sum of the block does not fit its bytes")
    if not (math.isfinite(scale) and scale > 0):
        raise Rejected("bad_scale", f"one count is {scale}")
    unit = _unit_text(payload[start : start + unit_bytes])
    raw = np.frombuffer(payload, _TYPES[code], count=n, offset=start + unit_bytes)
    with np.errstate(all="ignore"):  # what overflows is infinite, and refused as such
        block = Block(at, rate, raw.astype(np.float64) * scale, unit, boot_id, seq)
    check_samples(block)
    return block


def _check_header(version: int, code: int, unit_bytes: int, n: int, length: int) -> None:
    if version != VERSION:
        raise Rejected("unknown_version", f"version {version}, this decoder reads {VERSION}")
    if code not in _TYPES:
        raise Rejected("unknown_dtype", f"sample type {code} is none of {sorted(_TYPES)}")
    if n == 0:
        raise Rejected("empty", "a block without samples")
    if n > MAX_SAMPLES or unit_bytes > MAX_UNIT_BYTES:
        raise Rejected("too_many_samples", f"{n} samples, unit of {unit_bytes} bytes: more than a block may hold")
    expected = _HEADER.size + _CRC.size + unit_bytes + n * _TYPES[code].itemsize
    if length != expected:
        raise Rejected("length_mismatch", f"{n} samples need {expected} bytes, the message has {length}")


def _unit_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected("bad_encoding", f"the unit {shown(raw)} is not UTF-8") from None
