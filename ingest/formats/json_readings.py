"""Readings as JSON: one, many, several fields at a time. `docs/reference/payloads.md` shows every shape.

Three roads, each a fall-back of the one before: all plain messages of a batch in one call (`decode_plain`), one message
with typed structs, and the strict parser that names what is wrong. Whatever a fast road accepts, the strict one would
accept with the same result; a test holds them together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import msgspec

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.json_strict import MAX_DIGITS, MAX_FIELDS, parse
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.times import US_PER_MS, device_time, plausible_us
from forewarn.ingest.topics import Binding, SignalBinding

MAX_READINGS = 10_000
RESERVED = ("ts", "values", "q", "quality")
"""Keys with a meaning of their own: no signal may have one of these as its field."""

_GOOD_WORDS = frozenset({"good", "ok"})
_NOT_FINITE_WORDS = frozenset({"nan", "inf", "infinity"})
_LONG_NUMBER = re.compile(rb"[-+.0-9eE]{%d}" % (MAX_DIGITS + 1))


class _Plain(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """{"value": 21.5, "ts": 1795392000000}: four quotation marks, so that a key given twice shows."""

    value: float
    ts: float


class _Several(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """{"ts": 1795392000000, "values": {"temp": 21.5, "rpm": 1480}}"""

    ts: float
    values: dict[str, float]


_PLAIN = msgspec.json.Decoder(_Plain)
_PLAINS = msgspec.json.Decoder(list[_Plain])
_SEVERAL = msgspec.json.Decoder(_Several)
_FLAT = msgspec.json.Decoder(dict[str, float])
_ENCODER = msgspec.json.Encoder()


def decode_plain(payloads: Sequence[bytes]) -> tuple[list[float], list[float]] | None:
    """Values and times (milliseconds) of plain messages, one reading each; None when any of them is not plain.

    The counts make sure that each payload is exactly one object with exactly the two keys: every boundary is `}` then
    `{`, no other line break, four quotation marks each.

    >>> decode_plain([b'{"value":21.5,"ts":1795392000000}', b'{"ts":1795392000500.25,"value":3}'])
    ([21.5, 3.0], [1795392000000.0, 1795392000500.25])
    """
    n = len(payloads)
    lines = b"\n".join(payloads)
    if not n or lines.count(b"\n") != n - 1 or lines.count(b"}\n{") != n - 1 or lines.count(b'"') != 4 * n:
        return None
    if max(map(len, payloads)) > MAX_DIGITS:
        return None
    try:
        rows = _PLAIN.decode_lines(lines)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the strict parser will say which one, and why
        return None
    return ([row.value for row in rows], [row.ts for row in rows]) if len(rows) == n else None


def decode(payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded:
    """The readings of one message, each bad one refused by itself.

    Raises Rejected when the message as a whole is unreadable: the reasons of `json_strict.parse`, and
    `too_many_readings`. Reasons of single readings: `not_finite`, `not_a_number`, `wrong_type`, `bad_time`,
    `timestamp_unit_suspect`, `unknown_field`, `missing_value`.
    """
    quick = _decode_typed(payload, binding, now_us)
    if quick is not None:
        return quick
    found = parse(payload)
    messages: list[object] = found if isinstance(found, list) else [found]
    out = Decoded()
    for message in messages:
        if isinstance(message, dict):
            _decode_object(message, binding, received_at_us, now_us, out)
        else:
            out.refused.append(("wrong_type", f"an element of the array is {shown(message)}, not an object"))
        if len(out.rows) + len(out.refused) > MAX_READINGS:
            raise TooManyReadings(sum(_readings_in(message, binding) for message in messages))
    if not out.rows and not out.refused:
        raise Rejected("missing_value", "an empty array")
    return out


class TooManyReadings(Rejected):
    """More than `MAX_READINGS` in one message; `readings` is how many the sender will have counted."""

    def __init__(self, readings: int) -> None:
        super().__init__("too_many_readings", f"{readings} in one message, the limit is {MAX_READINGS}")
        self.readings = readings


def _decode_typed(payload: bytes, binding: Binding, now_us: int) -> Decoded | None:
    """The common shapes, when nothing about them is out of the ordinary."""
    if len(payload) > MAX_DIGITS and _LONG_NUMBER.search(payload):
        return None
    try:
        if binding.plain_row >= 0:
            return _typed_plains(payload, binding.plain_row, now_us)
        return _typed_fields(payload, binding.fields, now_us)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the strict parser will name the fault
        return None


def _typed_plains(payload: bytes, row: int, now_us: int) -> Decoded | None:
    plains = _PLAINS.decode(payload) if payload.startswith(b"[") else [_PLAIN.decode(payload)]
    if not plains or len(plains) > MAX_READINGS or payload.count(b'"') != 4 * len(plains):
        return None
    at = _times([plain.ts for plain in plains], now_us)
    if at is None:
        return None
    return Decoded([row] * len(plains), at, [plain.value for plain in plains], [0] * len(plains))


def _typed_fields(payload: bytes, fields: Mapping[str, SignalBinding], now_us: int) -> Decoded | None:
    if b'"values"' in payload:
        several = _SEVERAL.decode(payload)
        ts, values, keys = several.ts, several.values, 2 + len(several.values)
    else:
        values = _FLAT.decode(payload)
        keys = len(values)
        ts = values.pop("ts", math.nan)
    if payload.count(b'"') != 2 * keys or keys > MAX_FIELDS or not values or not values.keys() <= fields.keys():
        return None
    at = _times([ts], now_us)
    if at is None:
        return None
    return Decoded([fields[key].row for key in values], at * len(values), list(values.values()), [0] * len(values))


def _times(ts: list[float], now_us: int) -> list[int] | None:
    low, high = plausible_us(now_us)
    if not all(low < ms * US_PER_MS < high for ms in ts):  # nor NaN, which stands for "no time given"
        return None
    return [round(ms * US_PER_MS) for ms in ts]


def _decode_object(
    message: dict[str, object], binding: Binding, received_at_us: int, now_us: int, out: Decoded
) -> None:
    """One object: its time and doubts hold for all its readings."""
    values = _values_of(message, binding)
    if not values:
        out.refused.append(
            ("missing_value", f"no {' or '.join(list(binding.fields)[:3])} in {shown(', '.join(message))}")
        )
        return
    try:
        at, quality = _time_of(message, received_at_us, now_us)
    except Rejected as error:
        out.refused.extend([(error.reason, error.detail)] * len(values))
        return
    if _is_doubted(message):
        quality |= Quality.UNCERTAIN
    for key, raw in values.items():
        signal = binding.fields.get(key)
        try:
            value = _finite(key, raw)
            if signal is None:
                raise Rejected("unknown_field", f"the plant file names no field {shown(key)} here")
        except Rejected as error:
            out.refused.append((error.reason, error.detail))
            continue
        out.rows.append(signal.row)
        out.at.append(at)
        out.value.append(value)
        out.quality.append(int(quality))


def _values_of(message: dict[str, object], binding: Binding) -> dict[str, object]:
    """The readings of an object. Beside the known fields, an unknown number is a reading too (and will be refused);
    unknown texts, flags and objects are what gateways say about themselves, and no reading."""
    inner = message.get("values")
    if isinstance(inner, dict):
        return inner
    plain = binding.plain_row >= 0
    return {
        key: raw
        for key, raw in message.items()
        if key in binding.fields
        or (not plain and key not in RESERVED and isinstance(raw, int | float) and not isinstance(raw, bool))
    }


def _readings_in(message: object, binding: Binding) -> int:
    return max(1, len(_values_of(message, binding))) if isinstance(message, dict) else 1


def _time_of(message: dict[str, object], received_at_us: int, now_us: int) -> tuple[int, Quality]:
    if "ts" in message:
        return device_time(message["ts"], now_us), Quality.GOOD
    return received_at_us, Quality.ARRIVAL_TIME


def _is_doubted(message: dict[str, object]) -> bool:
    """Anything but good: true, "good", "ok", or an OPC DA quality of 192 to 255."""
    said = message.get("q", message.get("quality", True))
    if isinstance(said, str):
        return said.lower() not in _GOOD_WORDS
    return not (said is True or (isinstance(said, int) and 192 <= said <= 255))


def _finite(key: str, raw: object) -> float:
    if isinstance(raw, str):
        if raw.strip().lstrip("+-").lower() in _NOT_FINITE_WORDS:
            raise Rejected("not_finite", f"{shown(key)} is {shown(raw)}")
        raise Rejected("not_a_number", f"{shown(key)} is the text {shown(raw)}, a JSON number is expected")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Rejected("wrong_type", f"{shown(key)} is {shown(raw)}, a number is expected")
    value = float(raw)
    if not math.isfinite(value):
        raise Rejected("not_finite", f"{shown(key)} is {raw}")
    return value


def encode(value: float, at_us: int) -> bytes:
    """A plain message: one reading of a signal that has its topic for itself. Refuses (ValueError) NaN and infinity.

    >>> encode(21.5, 1_795_392_000_000_250)
    b'{"value":21.5,"ts":1795392000000.25}'
    """
    return _ENCODER.encode({"value": _sendable(value), "ts": _milliseconds(at_us)})


def encode_batch(values: Sequence[float], at_us: Sequence[int]) -> bytes:
    """An array of plain messages, the readings of one signal.

    >>> encode_batch([1.0, 2.0], [1_795_392_000_000_000, 1_795_392_001_000_000])
    b'[{"value":1.0,"ts":1795392000000},{"value":2.0,"ts":1795392001000}]'
    """
    pairs = zip(values, at_us, strict=True)
    return _ENCODER.encode([{"value": _sendable(value), "ts": _milliseconds(at)} for value, at in pairs])


def encode_fields(values: Mapping[str, float], at_us: int) -> bytes:
    """Several signals measured together, for a topic whose signals have fields.

    >>> encode_fields({"temp": 21.5, "rpm": 1480.0}, 1_795_392_000_000_000)
    b'{"ts":1795392000000,"values":{"temp":21.5,"rpm":1480.0}}'
    """
    checked = {key: _sendable(value) for key, value in values.items()}
    return _ENCODER.encode({"ts": _milliseconds(at_us), "values": checked})


def _milliseconds(at_us: int) -> int | float:
    return at_us / US_PER_MS if at_us % US_PER_MS else at_us // US_PER_MS


def _sendable(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be sent: a reading is a finite number")
    return float(value)
