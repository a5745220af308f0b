"""The common JSON messages, read with typed structs, in a tenth of the time that the strict parser takes.

Whatever is out of the ordinary gets None here and goes to the strict parser, which names the fault.

The number of quotation marks tells a key given twice, which a struct would swallow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from forewarn.ingest.formats.counting import SEQUENCE_LIMIT, counted_of
from forewarn.ingest.formats.json_strict import MAX_DIGITS, MAX_FIELDS
from forewarn.ingest.formats.result import Counted, Decoded
from forewarn.ingest.formats.times import US_PER_MS, plausible_us
from forewarn.ingest.topics import Binding, SignalBinding

MAX_READINGS = 10_000
_BLANKS = b" \t\r\n"
_LONG_NUMBER = re.compile(rb"[-+.0-9eE]{%d}" % (MAX_DIGITS + 1))


class _Plain(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """{"value": 21.5, "ts": 1795392000000}: four quotation marks, so that a key given twice shows."""

    value: float
    ts: float


class _Counted(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """{"value": 21.5, "ts": 1795392000000, "seq": 4711, "boot": "a1", "device": "gw-7"}; the last two may be absent."""

    value: float
    ts: float
    seq: int
    boot: str | int | UnsetType = UNSET
    device: str | UnsetType = UNSET


class _Several(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """{"ts": 1795392000000, "values": {"temp": 21.5, "rpm": 1480}, "seq": 4711}"""

    ts: float
    values: dict[str, float]
    seq: int | UnsetType = UNSET
    boot: str | int | UnsetType = UNSET
    device: str | UnsetType = UNSET


_PLAIN = msgspec.json.Decoder(_Plain)
_PLAINS = msgspec.json.Decoder(list[_Plain])
_COUNTED = msgspec.json.Decoder(_Counted)
_COUNTEDS = msgspec.json.Decoder(list[_Counted])
_SEVERAL = msgspec.json.Decoder(_Several)
_FLAT = msgspec.json.Decoder(dict[str, float])


def decode_plain(payloads: Sequence[bytes]) -> tuple[list[float], list[float], list[int]]:
    """Values and times (milliseconds) of the plain messages, one reading each, and which of the payloads these are.

    Four quotation marks make sure that the object has exactly the two keys.

    >>> decode_plain([b'{"value":21.5,"ts":1795392000000}', b"broken", b'{"ts":1795392000500.25,"value":3}'])
    ([21.5, 3.0], [1795392000000.0, 1795392000500.25], [0, 2])
    """
    values, times, plain = list[float](), list[float](), list[int]()
    for place, payload in enumerate(payloads):
        body = payload.strip(_BLANKS)
        if body.count(b'"') != 4 or (len(body) > MAX_DIGITS and _LONG_NUMBER.search(body)):
            continue
        try:
            message = _PLAIN.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):  # the strict parser will say why
            continue
        values.append(message.value)
        times.append(message.ts)
        plain.append(place)
    return values, times, plain


def decode_typed(payload: bytes, binding: Binding, now_us: int) -> Decoded | None:
    """The readings of one message of the common shapes, when nothing about it is out of the ordinary."""
    if len(payload) > MAX_DIGITS and _LONG_NUMBER.search(payload):
        return None
    try:
        if binding.plain_row < 0:
            return _fields(payload, binding.fields, now_us)
        if b'"seq"' in payload:
            return _counteds(payload, binding.plain_row, now_us)
        return _plains(payload, binding.plain_row, now_us)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the strict parser will name the fault
        return None


def _plains(payload: bytes, row: int, now_us: int) -> Decoded | None:
    plains = _PLAINS.decode(payload) if payload.startswith(b"[") else [_PLAIN.decode(payload)]
    if not plains or len(plains) > MAX_READINGS or payload.count(b'"') != 4 * len(plains):
        return None
    at = _times([plain.ts for plain in plains], now_us)
    if at is None:
        return None
    return Decoded([row] * len(plains), at, [plain.value for plain in plains], [0] * len(plains))


def _counteds(payload: bytes, row: int, now_us: int) -> Decoded | None:
    messages = _COUNTEDS.decode(payload) if payload.startswith(b"[") else [_COUNTED.decode(payload)]
    quotes = sum(6 + _quotes_of(message) for message in messages)
    if not messages or len(messages) > MAX_READINGS or payload.count(b'"') != quotes or b"\\" in payload:
        return None
    at = _times([message.ts for message in messages], now_us)
    if at is None:
        return None
    values = [message.value for message in messages]
    out = Decoded([row] * len(values), at, values, [0] * len(values))
    out.counted = [counted for message in messages if (counted := _count(message)) is not None]
    return out if len(out.counted) == len(messages) else None


def _quotes_of(message: _Counted | _Several) -> int:
    """Quotation marks of the keys that may be absent, and of their texts."""
    boot = 0 if message.boot is UNSET else 4 if isinstance(message.boot, str) else 2
    return boot + (0 if message.device is UNSET else 4)


def _count(message: _Counted | _Several) -> Counted | None:
    return counted_of(message.seq, message.boot, message.device)


def _fields(payload: bytes, fields: Mapping[str, SignalBinding], now_us: int) -> Decoded | None:
    counted: Counted | None = None
    if b'"values"' in payload:
        several = _SEVERAL.decode(payload)
        ts, values = several.ts, several.values
        quotes = 4 + 2 * len(values) + _quotes_of(several)
        if several.seq is not UNSET:
            quotes, counted = quotes + 2, _count(several)
        elif several.device is not UNSET:
            return None  # who says this is looked at on the other road
    else:
        values = _FLAT.decode(payload)
        quotes = 2 * len(values)
        ts = values.pop("ts", math.nan)
        if "seq" in values:
            seq, boot = values.pop("seq"), values.pop("boot", -1.0)
            if boot >= SEQUENCE_LIMIT:  # no longer exact as a float
                return None
            counted = counted_of(seq, boot)
    if payload.count(b'"') != quotes or quotes > 2 * MAX_FIELDS or not values or not values.keys() <= fields.keys():
        return None
    at = _times([ts], now_us)
    if at is None or b"\\" in payload:
        return None
    out = Decoded([fields[key].row for key in values], at * len(values), list(values.values()), [0] * len(values))
    if counted is not None:
        out.counted.append(counted)
    return out


def _times(ts: list[float], now_us: int) -> list[int] | None:
    low, high = plausible_us(now_us)
    if not (low < min(ts) * US_PER_MS and max(ts) * US_PER_MS < high):  # nor NaN, which stands for "no time given"
        return None
    return [round(ms * US_PER_MS) for ms in ts]
