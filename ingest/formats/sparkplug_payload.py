"""Sparkplug B payloads: bytes <-> timestamp, sequence number and metrics. Pure, and blind to topics and births.

The schema is the one of chapter 6.4 of the Sparkplug specification 3.0. Data sets, templates, metadata and all
properties but `Quality` are stepped over unread: they carry no reading, and nothing here has to follow their nesting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forewarn.core.errors import Rejected
from forewarn.ingest.formats import protobuf_wire as wire
from forewarn.ingest.formats.protobuf_wire import BYTES, FIXED32, FIXED64, VARINT, Wire, bytes_of, refused, text_of

MAX_METRICS = 10_000
MAX_NAME_BYTES = 1_024
INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, RAW, DATASET, TEMPLATE, EXTENSION = range(10, 20)
"""Field numbers of a metric's value: which member of the union the sender filled."""

_VALUE_TYPES = {
    **dict.fromkeys((INT, LONG, BOOLEAN), VARINT),
    **dict.fromkeys((STRING, RAW, DATASET, TEMPLATE, EXTENSION), BYTES),
    FLOAT: FIXED32,
    DOUBLE: FIXED64,
}

Value = int | float | bool | str | bytes | None


@dataclass(slots=True)
class Metric:
    """One metric as sent; None = absent. `value` is that of the union's member `member` (0: none was filled).

    `timestamp_ms` is Unix time, `datatype` a number of `sparkplug_types.DataType`, `quality` that of the property
    `Quality` (0 bad, 192 good, 500 stale). Whole numbers are as on the wire: not yet two's complement.
    """

    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    quality: int | None = None
    member: int = 0
    value: Value = None


@dataclass(slots=True)
class Payload:
    """One message. `seq` is absent in NDEATH; an absent one reads as 0, as encoders leave zeros out."""

    timestamp_ms: int | None
    metrics: list[Metric]
    seq: int | None = None


class TooManyMetrics(Rejected):
    """More than `MAX_METRICS`; `readings` is how many the sender will have counted."""

    def __init__(self, readings: int) -> None:
        super().__init__("too_many_readings", f"{readings} metrics in one message, the limit is {MAX_METRICS}")
        self.readings = readings


def decode(payload: bytes) -> Payload:
    """Read one payload. Raises Rejected `bad_protobuf` or `too_many_readings`, and nothing else whatever the bytes.

    >>> decode(encode(Payload(1_795_392_000_000, [Metric(alias=7, member=DOUBLE, value=21.5)], 3))).metrics[0].value
    21.5
    """
    found = Payload(None, [])
    raw: list[bytes] = []
    for number, kind, data in wire.fields(payload):
        if number == 2:
            raw.append(bytes_of(data))
        elif number == 1:
            found.timestamp_ms = wire.varint_of(data)
        elif number == 3:
            found.seq = wire.varint_of(data)
        elif number in (4, 5) and kind != BYTES:
            raise refused(f"field {number} of a payload has wire type {kind}")
    if len(raw) > MAX_METRICS:
        raise TooManyMetrics(len(raw))
    found.metrics = [_metric(one) for one in raw]
    return found


def _metric(data: bytes) -> Metric:
    metric = Metric()
    for number, kind, contents in wire.fields(data):
        if number >= INT:
            if number <= EXTENSION:
                metric.member, metric.value = number, _value(number, kind, contents)
        elif number == 1:
            metric.name = _name(contents)
        elif number == 9:
            metric.quality = _quality(bytes_of(contents), metric.quality)
        elif number != 8:
            _set_number(metric, number, wire.varint_of(contents))
        else:
            bytes_of(contents)
    return metric


def _name(data: Wire) -> str:
    name = text_of(data)
    if len(name) > MAX_NAME_BYTES:
        raise refused(f"a metric's name has {len(name)} characters")
    return name


def _set_number(metric: Metric, number: int, value: int) -> None:
    if number == 2:
        metric.alias = value
    elif number == 3:
        metric.timestamp_ms = value
    elif number == 4:
        metric.datatype = value & wire.MASK32
    elif number == 5:
        metric.is_historical = value != 0
    elif number == 6:
        metric.is_transient = value != 0
    else:
        metric.is_null = value != 0


def _value(number: int, kind: int, data: Wire) -> Value:
    if kind != _VALUE_TYPES[number]:
        raise refused(f"field {number} of a metric has wire type {kind}")
    if isinstance(data, int):
        return data != 0 if number == BOOLEAN else data & wire.MASK32 if number == INT else data
    if number in (FLOAT, DOUBLE):
        value: float = (wire.float_of if number == FLOAT else wire.double_of)(data)[0]
        return value
    return text_of(data) if number == STRING else data


def _quality(data: bytes, before: int | None) -> int | None:
    """The property `Quality` of a metric's properties: keys and values are two lists side by side."""
    keys: list[bytes] = []
    values: list[bytes] = []
    for number, _, contents in wire.fields(data):
        if number in (1, 2):
            (keys if number == 1 else values).append(bytes_of(contents))
    if b"Quality" not in keys:
        return before
    place = keys.index(b"Quality")
    if place >= len(values):
        raise refused("a property has a key but no value")
    for number, _, contents in wire.fields(values[place]):
        if number in (3, 4):
            return wire.varint_of(contents) & wire.MASK32
    return before


def encode(payload: Payload) -> bytes:
    """The inverse of `decode`, for senders: simulators, tests, and the host's own requests.

    >>> encode(Payload(1, [], 0)).hex()
    '08011800'
    """
    parts = [] if payload.timestamp_ms is None else [wire.put_varint(1, payload.timestamp_ms)]
    parts += [wire.put_bytes(2, _encoded(metric)) for metric in payload.metrics]
    parts += [] if payload.seq is None else [wire.put_varint(3, payload.seq)]
    return b"".join(parts)


def _encoded(metric: Metric) -> bytes:
    numbers: Sequence[tuple[int, int | None]] = (
        (2, metric.alias),
        (3, metric.timestamp_ms),
        (4, metric.datatype),
        (5, metric.is_historical or None),
        (6, metric.is_transient or None),
        (7, metric.is_null or None),
    )
    parts = [] if metric.name is None else [wire.put_bytes(1, metric.name.encode())]
    parts += [wire.put_varint(number, value) for number, value in numbers if value is not None]
    if metric.quality is not None:
        said = wire.put_varint(1, 3) + wire.put_varint(3, metric.quality)  # 3: Int32, the type of this property
        parts.append(wire.put_bytes(9, wire.put_bytes(1, b"Quality") + wire.put_bytes(2, said)))
    if metric.member:
        parts.append(_encoded_value(metric.member, metric.value))
    return b"".join(parts)


def _encoded_value(member: int, value: Value) -> bytes:
    if isinstance(value, str):
        return wire.put_bytes(member, value.encode())
    if isinstance(value, bytes):
        return wire.put_bytes(member, value)
    if value is None:
        raise ValueError(f"member {member} of a metric without a value")
    if member == FLOAT:
        return wire.put_float(member, value)
    return wire.put_double(member, value) if member == DOUBLE else wire.put_varint(member, int(value))
