"""Readings as JSON: one, many, several fields at a time. `docs/reference/payloads.md` shows every shape.

Three roads, each a fall-back of the one before: the plain messages of a batch in one call (`decode_plain`), one message
with typed structs (`json_typed`), and the strict parser that names what is wrong. Whatever a fast road accepts, the
strict one would accept with the same result; a test holds them together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.counting import counted_of, name_of
from forewarn.ingest.formats.json_paths import MAX_UNKNOWN, MISSING, found_at, other_numbers, unit_beside
from forewarn.ingest.formats.json_strict import parse
from forewarn.ingest.formats.json_typed import MAX_READINGS, decode_plain, decode_typed
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.times import US_PER_MS, device_time
from forewarn.ingest.formats.units import check_unit
from forewarn.ingest.formats.unpack import unpacked
from forewarn.ingest.topics import Binding

__all__ = [
    "MAX_READINGS",
    "RESERVED",
    "TooManyReadings",
    "decode",
    "decode_plain",
    "encode",
    "encode_batch",
    "encode_fields",
]

RESERVED = ("ts", "values", "q", "quality", "seq", "boot", "device")
"""Keys with a meaning of their own: no signal may have one of these as its field."""

_GOOD_WORDS = frozenset({"good", "ok"})
_NOT_FINITE_WORDS = frozenset({"nan", "inf", "infinity"})
_ENCODER = msgspec.json.Encoder()


def decode(payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded:
    """The readings of one message, each bad one refused by itself. A gzip stream is unpacked first.

    Raises Rejected when the message as a whole is unreadable: the reasons of `unpack.unpacked` and `json_strict.parse`,
    and `too_many_readings`. Reasons of single readings: `not_finite`, `not_a_number`, `wrong_type`, `bad_time`,
    `timestamp_unit_suspect`, `unknown_field`, `missing_value`, `unit_mismatch`.
    """
    quick = None if binding.by_path else decode_typed(payload, binding, now_us)
    if quick is not None:
        return quick
    found = parse(unpacked(payload))
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


def _decode_object(
    message: dict[str, object], binding: Binding, received_at_us: int, now_us: int, out: Decoded
) -> None:
    """One object: its time, number and doubts hold for all its readings."""
    counted = counted_of(message.get("seq"), message.get("boot", ""), message.get("device", ""))
    if counted is not None:
        out.counted.append(counted)
    elif name := name_of(message.get("device")):
        out.devices.append(name)
    _note_unknown(message, binding, out)
    values = _values_of(message, binding)
    if not values:
        out.refused.append(
            ("missing_value", f"no {' or '.join(list(binding.fields)[:3])} in {shown(', '.join(message))}")
        )
        return
    try:
        at, quality = _time_of(message, binding, received_at_us, now_us)
    except Rejected as error:
        out.refused.extend([(error.reason, error.detail)] * len(values))
        return
    if _is_doubted(message):
        quality |= Quality.UNCERTAIN
    for key, raw in values.items():
        _take(message, binding, key, raw, at, int(quality), out)


def _take(
    message: dict[str, object], binding: Binding, key: str, raw: object, at: int, quality: int, out: Decoded
) -> None:
    """One reading of an object, or its refusal."""
    try:
        value = _finite(key, raw)
        signal = binding.fields.get(key)
        if signal is None:
            raise Rejected("unknown_field", f"the plant file names no field {shown(key)} here")
        if binding.by_path and (unit := unit_beside(message, key)) is not None:
            check_unit(unit, signal)
    except Rejected as error:
        out.refused.append((error.reason, error.detail))
        return
    out.rows.append(signal.row)
    out.at.append(at)
    out.value.append(value)
    out.quality.append(quality)


def _values_of(message: dict[str, object], binding: Binding) -> dict[str, object]:
    """The readings of an object. Beside the known fields, an unknown number is a reading too (and will be refused);
    unknown texts, flags and objects are what gateways say about themselves, and no reading. Of a nested payload only
    what the plant file names is a reading."""
    if binding.by_path:
        found = {path: found_at(message, path) for path in binding.fields}
        return {path: raw for path, raw in found.items() if raw is not MISSING}
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


def _note_unknown(message: dict[str, object], binding: Binding, out: Decoded) -> None:
    """Numbers that nobody named, as candidates for adoption: at most 64 a message."""
    room = MAX_UNKNOWN - len(out.unknown)
    if room <= 0:
        return
    inner = message.get("values")
    if isinstance(inner, dict) and not binding.by_path:  # only what stands right here can become a field
        message = {key: raw for key, raw in inner.items() if not isinstance(raw, dict | list)}
    known = {*binding.fields, *RESERVED, binding.time_field or "ts"}
    out.unknown.extend(other_numbers(message, known)[:room])


def _readings_in(message: object, binding: Binding) -> int:
    return max(1, len(_values_of(message, binding))) if isinstance(message, dict) else 1


def _time_of(message: dict[str, object], binding: Binding, received_at_us: int, now_us: int) -> tuple[int, Quality]:
    raw = found_at(message, binding.time_field) if binding.time_field else message.get("ts", MISSING)
    if raw is MISSING:
        return received_at_us, Quality.ARRIVAL_TIME
    return device_time(raw, now_us, binding.time_unit), Quality.GOOD


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
