"""SenML (RFC 8428): measurements as an array of records with shared base values, in JSON or CBOR.

    [{"bn": "urn:dev:pump1:", "bt": 1795392000, "n": "temp", "u": "Cel", "v": 61.5},
     {"n": "speed", "u": "1/min", "v": 1480}]

The `field` of a signal is the full name of its record, base name included; `NAME#sum` is the sum (`s`) of a record.
Texts and binary values are no readings. Times below 2**28 seconds count from the arrival, as the standard has it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.formats.cbor import SELF_DESCRIBED, parse_cbor, write_cbor
from forewarn.ingest.formats.json_paths import MAX_UNKNOWN
from forewarn.ingest.formats.json_readings import MAX_READINGS, TooManyReadings
from forewarn.ingest.formats.json_strict import parse
from forewarn.ingest.formats.result import Decoded, shown
from forewarn.ingest.formats.senml_units import SENML_UNITS
from forewarn.ingest.formats.times import time_of_number
from forewarn.ingest.formats.units import UNITS, fits, mismatch
from forewarn.ingest.formats.unpack import unpacked
from forewarn.ingest.topics import Binding, SignalBinding

VERSION = 10
SUM = "#sum"
LABELS = {
    "bver": -1,
    "bn": -2,
    "bt": -3,
    "bu": -4,
    "bv": -5,
    "bs": -6,
    "n": 0,
    "u": 1,
    "v": 2,
    "vs": 3,
    "vb": 4,
    "s": 5,
    "t": 6,
    "ut": 7,
    "vd": 8,
}
"""JSON label -> CBOR label (RFC 8428, table 4)."""

_JSON_LABEL = {number: label for label, number in LABELS.items()}
_VALUES = ("v", "vb", "vs", "vd")
_RELATIVE_BELOW_S = 2**28
_LONGEST_AGO_S = 10**11  # far before every retention, and its microseconds still fit 64 bits
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_WITHOUT_UNIT = frozenset({"1", "state"})

Fields = Mapping[object, object]


class Record(NamedTuple):
    """One measurement to send. `at_us` None: now; `unit` in SenML's spelling, "" = not said."""

    name: str
    value: float | bool
    at_us: int | None = None
    unit: str = ""


class _Base(NamedTuple):
    """What the records so far have set for those that follow."""

    name: str = ""
    time: float = 0
    unit: str = ""
    value: float = -0.0  # what leaves every number as it is, -0.0 too
    sum: float = -0.0


def decode(payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded:
    """The readings of one pack, each bad record refused by itself.

    Raises Rejected when the pack cannot be read as a whole: the reasons of `unpack.unpacked`, `json_strict.parse` and
    `cbor.parse_cbor`, `wrong_format`, `too_many_readings`, `unknown_version`, `must_understand` (a label that ends
    in "_" and asks to be understood), and a base field of the wrong type. Reasons of single records: `bad_name`,
    `missing_value`, `unknown_field`, `wrong_type`, `not_a_number`, `not_finite`, `bad_time`,
    `timestamp_unit_suspect`, `unit_mismatch`.
    """
    records = _records(payload)
    if len(records) > MAX_READINGS:
        raise TooManyReadings(len(records))
    out, base = Decoded(), _Base()
    _check_versions(records)
    for record in records:
        base = _rebased(base, record)
        if record.keys() - {"bn", "bt", "bu", "bv", "bs", "bver"}:
            _take(record, base, binding, received_at_us, now_us, out)
    if not out.rows and not out.refused:
        raise Rejected("missing_value", "a pack without measurements")
    return out


def _records(payload: bytes) -> list[Fields]:
    body = _body_of(payload)
    found: object = parse(body) if _is_json(body) else _named(parse_cbor(body))
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise Rejected("wrong_format", "the format here is senml: an array of records")
    for label in {label for record in found for label in record}:
        if isinstance(label, str) and label.endswith("_"):
            raise Rejected("must_understand", f"the label {shown(label)} must be understood, and is not")
    return found


def _body_of(payload: bytes) -> bytes:
    body = unpacked(payload)
    if not body:
        raise Rejected("empty", "a message without payload (a retained delete is not a reading)")
    is_cbor = body.startswith(SELF_DESCRIBED) or 0x80 <= body[0] <= 0x9F
    if not is_cbor and not _is_json(body):
        raise Rejected("wrong_format", f"the format here is senml (a JSON or CBOR array), not {shown(body[:20])}")
    return body


def _is_json(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"[")


def _named(found: object) -> object:
    """CBOR's numbers -> the labels of JSON; numbers that nobody registered are passed over."""
    if not isinstance(found, list):
        return found
    return [
        {_JSON_LABEL.get(label, label): value for label, value in record.items()}
        if isinstance(record, dict)
        else record
        for record in found
    ]


def _check_versions(records: Sequence[Fields]) -> None:
    versions = {_number(record, "bver", VERSION) for record in records if "bver" in record}
    if len(versions) > 1 or any(not 0 < version <= VERSION for version in versions):
        raise Rejected("unknown_version", f"versions {sorted(versions)}, this decoder reads one, up to {VERSION}")


def _rebased(base: _Base, record: Fields) -> _Base:
    if not record.keys() & {"bn", "bt", "bu", "bv", "bs"}:
        return base
    return _Base(
        _text(record, "bn", base.name),
        _number(record, "bt", base.time),
        _text(record, "bu", base.unit),
        _number(record, "bv", base.value),
        _number(record, "bs", base.sum),
    )


def _take(record: Fields, base: _Base, binding: Binding, received_at_us: int, now_us: int, out: Decoded) -> None:
    """The readings of one record: its value, and its sum where a signal asks for it."""
    try:
        name = base.name + _text(record, "n", "")
        if not _NAME.fullmatch(name):
            raise Rejected("bad_name", f"{shown(name)} is no name of a record")
        at, quality = _time_of(record, base, received_at_us, now_us)
        total = binding.fields.get(name + SUM) if "s" in record else None
        if total is not None:
            _append(out, total, _number(record, "s", 0) + base.sum, at, quality)
        if total is None or any(label in record for label in _VALUES):
            _take_value(record, name, base, binding, at, quality, out)
    except Rejected as error:
        out.refused.append((error.reason, error.detail))


def _take_value(
    record: Fields, name: str, base: _Base, binding: Binding, at: int, quality: Quality, out: Decoded
) -> None:
    signal = binding.fields.get(name)
    value = _value_of(record, name, base, signal)
    if signal is None:
        if len(out.unknown) < MAX_UNKNOWN and math.isfinite(value):
            out.unknown.append((name, float(value)))
        raise Rejected("unknown_field", f"the plant file names no record {shown(name)} here")
    _check_unit(_text(record, "u", base.unit), signal)
    _append(out, signal, value, at, quality)


def _append(out: Decoded, signal: SignalBinding, value: float, at: int, quality: Quality) -> None:
    if not math.isfinite(value):
        raise Rejected("not_finite", f"{signal.field} is {value}")
    out.rows.append(signal.row)
    out.at.append(at)
    out.value.append(float(value))
    out.quality.append(int(quality))


def _value_of(record: Fields, name: str, base: _Base, signal: SignalBinding | None) -> float:
    given = [label for label in _VALUES if label in record]
    if not given:
        raise Rejected("missing_value", f"{shown(name)} has no value")
    if len(given) > 1:
        raise Rejected("wrong_type", f"{shown(name)} has several values: {', '.join(given)}")
    (label,) = given
    if label == "v":
        return _number(record, "v", 0) + base.value
    if label == "vb" and isinstance(record["vb"], bool) and signal is not None and signal.spec.quantity == "run_state":
        return float(record["vb"])
    raise Rejected("wrong_type", f"{shown(name)} has {label} {shown(record[label])}, a number (v) is expected")


def _check_unit(unit: str, signal: SignalBinding) -> None:
    """A record that names its unit names the one of the plant file, in the spelling of SenML."""
    if not unit or signal.spec.unit in _WITHOUT_UNIT:
        return
    meanings = SENML_UNITS.get(unit, UNITS.get(unit))
    if meanings is None or not fits(meanings, signal):
        raise Rejected("unit_mismatch", mismatch(unit, signal))


def _time_of(record: Fields, base: _Base, received_at_us: int, now_us: int) -> tuple[int, Quality]:
    seconds = _number(record, "t", 0, "bad_time") + base.time
    if not math.isfinite(seconds):
        raise Rejected("bad_time", f"the time is {seconds}")
    if seconds >= _RELATIVE_BELOW_S:
        return time_of_number(seconds, "s", now_us), Quality.GOOD
    return received_at_us + round(max(seconds, -_LONGEST_AGO_S) * 1_000_000), Quality.ARRIVAL_TIME


def _text(record: Fields, label: str, default: str) -> str:
    raw = record.get(label, default)
    if not isinstance(raw, str):
        raise Rejected("wrong_type", f"{label} is {shown(raw)}, a text is expected")
    return raw


def _number(record: Fields, label: str, default: float, reason: str = "") -> float:
    raw = record.get(label, default)
    if isinstance(raw, str):
        raise Rejected(reason or "not_a_number", f"{label} is the text {shown(raw)}")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Rejected(reason or "wrong_type", f"{label} is {shown(raw)}, a number is expected")
    return raw


def encode_json(records: Sequence[Record]) -> bytes:
    """A pack in JSON. Refuses (ValueError) an empty one, bad names, NaN and infinity.

    >>> encode_json([Record("urn:dev:p1:temp", 61.5, 1_795_392_000_250_000, "Cel")])
    b'[{"n":"urn:dev:p1:temp","u":"Cel","v":61.5,"bt":1795392000,"t":0.25}]'
    """
    return json.dumps(_sendable(records), separators=(",", ":"), allow_nan=False).encode()


def encode_cbor(records: Sequence[Record]) -> bytes:
    """The same in CBOR, with numbers for labels.

    >>> len(encode_cbor([Record("urn:dev:p1:temp", 61.5, 1_795_392_000_250_000, "Cel")]))
    50
    """
    return write_cbor([{LABELS[label]: value for label, value in record.items()} for record in _sendable(records)])


def _sendable(records: Sequence[Record]) -> list[dict[str, object]]:
    if not records or not all(_NAME.fullmatch(record.name) for record in records):
        raise ValueError("a pack holds records whose names begin with a letter or digit")
    base_s = next((record.at_us // 1_000_000 for record in records if record.at_us is not None), 0)
    if base_s and any(record.at_us is None for record in records):
        raise ValueError("either all records of a pack have a time, or none")
    found: list[dict[str, object]] = []
    for record in records:
        fields: dict[str, object] = {"n": record.name}
        if record.unit:
            fields["u"] = record.unit
        fields["vb" if isinstance(record.value, bool) else "v"] = record.value
        if record.at_us is not None:
            fields |= {} if found else {"bt": base_s}
            fields["t"] = (record.at_us - base_s * 1_000_000) / 1_000_000
        found.append(fields)
    return found
