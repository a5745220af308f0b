"""The wire encoding of Protocol Buffers, as much of it as one schema needs: tags, varints, lengths, fixed widths.

Bounded by construction: nothing recurses, every length is checked against the bytes that are there, a varint has at
most ten bytes. Groups are refused; they were given up before the schemas that are read here were written.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from forewarn.core.errors import Rejected

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_VARINT_BYTES = 10
MASK32, MASK64 = 2**32 - 1, 2**64 - 1

Wire = int | bytes
"""A varint as its number, everything else as its bytes."""

float_of = struct.Struct("<f").unpack
double_of = struct.Struct("<d").unpack
_WIDTHS = {FIXED64: 8, FIXED32: 4}


def refused(detail: str) -> Rejected:
    """All that can be wrong with such bytes has one reason."""
    return Rejected("bad_protobuf", detail)


def fields(data: bytes) -> Iterator[tuple[int, int, Wire]]:
    """(number, wire type, contents) of every field of one message, in the order in which they stand there.

    Raises Rejected `bad_protobuf`: cut off, a varint without end, field number 0, a group, an unknown wire type.

    >>> list(fields(bytes.fromhex("0896011202686965cdcc2c40")))
    [(1, 0, 150), (2, 2, b'hi'), (12, 5, b'\\xcd\\xcc,@')]
    """
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag > 127:
            tag, at = _varint(data, at - 1)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise refused(f"field number {number}")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, kind, value
            continue
        size, at = _varint(data, at) if kind == BYTES else (_width(kind), at)
        if size > end - at:
            raise refused(f"field {number} has {size} bytes, {end - at} are left")
        yield number, kind, data[at : at + size]
        at += size


def _width(kind: int) -> int:
    width = _WIDTHS.get(kind)
    if width is None:
        raise refused(f"wire type {kind}")
    return width


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, modulo 2^64, and the place behind it."""
    value, shift = 0, 0
    for place in range(at, min(at + MAX_VARINT_BYTES, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & MASK64, place + 1
        shift += 7
    raise refused("a varint without end")


def text_of(data: Wire) -> str:
    """A string field. Raises Rejected `bad_protobuf` for what is not UTF-8."""
    try:
        return bytes_of(data).decode()
    except UnicodeDecodeError:
        raise refused("a text is not UTF-8") from None


def bytes_of(data: Wire) -> bytes:
    """A field that has a length. Raises Rejected `bad_protobuf` for a varint."""
    if isinstance(data, int):
        raise refused("a number where bytes are expected")
    return data


def varint_of(data: Wire) -> int:
    """A number field. Raises Rejected `bad_protobuf` for bytes."""
    if isinstance(data, bytes):
        raise refused("bytes where a number is expected")
    return data


def put_varint(number: int, value: int) -> bytes:
    """A field that holds a number; negative ones as two's complement of 64 bits.

    >>> put_varint(1, 150).hex()
    '089601'
    """
    return _varint_bytes(number << 3 | VARINT) + _varint_bytes(value & MASK64)


def put_bytes(number: int, value: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return _varint_bytes(number << 3 | BYTES) + _varint_bytes(len(value)) + value


def put_float(number: int, value: float) -> bytes:
    """A field of 32 bits; a number too large for it is infinite there."""
    return _varint_bytes(number << 3 | FIXED32) + _packed_float(value)


def put_double(number: int, value: float) -> bytes:
    """A field of 64 bits."""
    return _varint_bytes(number << 3 | FIXED64) + struct.pack("<d", value)


def _packed_float(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


def _varint_bytes(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
