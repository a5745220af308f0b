"""As much of CBOR (RFC 8949) as sensors need, read strictly: numbers, texts, arrays, maps.

Written by hand because the limits are the point: depth, fields, lengths that are checked before memory is taken, keys
that stand twice. General libraries give objects for tags and leave those limits to the caller.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence

from forewarn.core.errors import Rejected
from forewarn.ingest.formats.json_strict import MAX_DEPTH, MAX_FIELDS
from forewarn.ingest.formats.result import shown

SELF_DESCRIBED = b"\xd9\xd9\xf7"
_DECIMAL_FRACTION = 4
_MAX_EXPONENT = 400  # beyond it every mantissa of 64 bits is 0 or infinite as a double
_BREAK = object()
_FLOATS = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}
_HEADS = {24: struct.Struct(">B"), 25: struct.Struct(">H"), 26: struct.Struct(">I"), 27: struct.Struct(">Q")}
_SIMPLE: dict[int, object] = {20: False, 21: True, 22: None}
_INDEFINITE = 31

Cbor = object
"""bool, None, int, float, str, bytes, list, or dict with keys int and str."""


def parse_cbor(payload: bytes) -> Cbor:
    """The one item of a payload.

    Refuses (Rejected): `bad_cbor` (with the byte: truncated, reserved, an unknown tag, chunked texts, something behind
    the end), `too_deep` (more than 16 levels), `too_many_fields` (more than 256 in a map), `duplicate_key`,
    `bad_encoding` (a text that is not UTF-8). Decimal fractions (tag 4) come as floats.

    >>> parse_cbor(bytes([0x81, 0xA1, 0x00, 0x61, 0x61])), parse_cbor(write_cbor({"a": [1.5, True]}))
    ([{0: 'a'}], {'a': [1.5, True]})
    """
    reader = _Reader(payload.removeprefix(SELF_DESCRIBED))
    found = reader.item(0)
    if found is _BREAK or reader.at != len(reader.body):
        raise reader.bad("an end without a beginning" if found is _BREAK else "something behind the end")
    return found


class _Reader:
    """One pass over the bytes; `at` is where it stands."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def bad(self, what: str) -> Rejected:
        return Rejected("bad_cbor", f"{what} at byte {self.at}")

    def take(self, n: int) -> bytes:
        if n > len(self.body) - self.at:
            raise self.bad("the payload ends too early")
        self.at += n
        return self.body[self.at - n : self.at]

    def item(self, depth: int) -> Cbor:
        (head,) = self.take(1)
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        if major in (4, 5):
            if depth == MAX_DEPTH:
                raise Rejected("too_deep", f"more than {MAX_DEPTH} levels at byte {self.at}")
            size = None if info == _INDEFINITE else self._argument(info)
            return self._array(size, depth + 1) if major == 4 else self._map(size, depth + 1)
        return self._leaf(major, self._argument(info), depth)

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _HEADS:
            raise self.bad("a length that is reserved or open")
        head = _HEADS[info]
        (value,) = head.unpack(self.take(head.size))
        return int(value)

    def _leaf(self, major: int, argument: int, depth: int) -> Cbor:
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self._text(argument)
        if argument != _DECIMAL_FRACTION:
            raise self.bad(f"tag {argument}")
        return self._decimal(depth)

    def _text(self, size: int) -> str:
        raw = self.take(size)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Rejected("bad_encoding", f"the text before byte {self.at} is not UTF-8") from None
        if "\0" in text:
            raise Rejected("bad_encoding", f"{shown(text)} holds U+0000")
        return text

    def _decimal(self, depth: int) -> float:
        if self.body[self.at : self.at + 1] != b"\x82":
            raise self.bad("a decimal fraction that is no pair")
        pair = self.item(depth)
        match pair:
            case [int(exponent), int(mantissa)] if not (isinstance(exponent, bool) or isinstance(mantissa, bool)):
                return float(f"{mantissa}e{max(-_MAX_EXPONENT, min(_MAX_EXPONENT, exponent))}")
        raise self.bad("a decimal fraction of something else than whole numbers")

    def _simple(self, info: int) -> Cbor:
        if info in _FLOATS:
            kind = _FLOATS[info]
            (value,) = kind.unpack(self.take(kind.size))
            return float(value)
        if info == _INDEFINITE:
            return _BREAK
        if info not in _SIMPLE:
            raise self.bad(f"simple value {info}")
        return _SIMPLE[info]

    def _items(self, size: int | None, depth: int) -> Iterator[Cbor]:
        if size is not None and size > len(self.body) - self.at:  # an item takes a byte at least
            raise self.bad(f"{size} items that cannot be there")
        while size is None or size > 0:
            found = self.item(depth)
            if found is _BREAK:
                if size is None:
                    return
                raise self.bad("an end without a beginning")
            size = size if size is None else size - 1
            yield found

    def _array(self, size: int | None, depth: int) -> list[Cbor]:
        return list(self._items(size, depth))

    def _map(self, size: int | None, depth: int) -> dict[int | str, Cbor]:
        found: dict[int | str, Cbor] = {}
        for key in self._items(size, depth):
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise self.bad(f"a key that is {shown(key)}")
            if key in found:
                raise Rejected("duplicate_key", f"{shown(key)} stands twice in one map")
            if len(found) == MAX_FIELDS:
                raise Rejected("too_many_fields", f"more than {MAX_FIELDS} fields in one map")
            value = self.item(depth)
            if value is _BREAK:
                raise self.bad("a key without a value")
            found[key] = value
        return found


def write_cbor(value: object) -> bytes:
    """The CBOR of numbers, texts, arrays and maps; floats always with 64 bits, so that they come back exactly.

    Refuses (ValueError) anything else, and NaN and infinity.
    """
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float) and math.isfinite(value):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, Mapping):
        return _head(5, len(value)) + b"".join(write_cbor(key) + write_cbor(inner) for key, inner in value.items())
    if isinstance(value, Sequence):
        return _head(4, len(value)) + b"".join(write_cbor(inner) for inner in value)
    raise ValueError(f"{value!r} cannot be sent as CBOR")


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | info]) + argument.to_bytes(size, "big")
    raise ValueError(f"{argument} has more than 64 bits")
