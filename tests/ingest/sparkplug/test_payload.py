"""Sparkplug payloads: read what Google's library writes, written so that it reads them, and any bytes whatever."""

from __future__ import annotations

import math
import struct
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from forewarn.core.errors import Rejected
from forewarn.ingest.formats import sparkplug_payload as spb
from forewarn.ingest.formats.sparkplug_payload import BOOLEAN, DOUBLE, FLOAT, INT, LONG, RAW, STRING, Metric
from forewarn.ingest.formats.sparkplug_types import NUMBERS, DataType, metric_of, number_of
from tests.ingest.sparkplug.independent import Payload

U64 = st.integers(0, 2**64 - 1)
MEMBERS = {
    INT: ("int_value", st.integers(0, 2**32 - 1)),
    LONG: ("long_value", U64),
    FLOAT: ("float_value", st.floats(width=32, allow_nan=False)),
    DOUBLE: ("double_value", st.floats(allow_nan=False)),
    BOOLEAN: ("boolean_value", st.booleans()),
    STRING: ("string_value", st.text(max_size=20)),
    RAW: ("bytes_value", st.binary(max_size=20)),
}
FLAGS = ("is_historical", "is_transient", "is_null")


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    member = draw(st.sampled_from([0, *MEMBERS]))
    value = draw(MEMBERS[member][1]) if member else None
    optional: list[Any] = [
        draw(st.none() | strategy) for strategy in (st.text(max_size=20), U64, U64, st.integers(0, 2**32 - 1))
    ]
    flags: list[Any] = [draw(st.booleans()) for _ in FLAGS]
    quality = draw(st.none() | st.sampled_from([0, 192, 500]))
    fields: list[Any] = [*optional, *flags, quality, member, value]
    return Metric(*fields)


PAYLOADS = st.builds(spb.Payload, st.none() | U64, st.lists(metrics(), max_size=5), st.none() | U64)


def as_read_by_google(payload: bytes) -> spb.Payload:
    found = Payload.FromString(payload)

    def given_(message: Any, field: str) -> Any:
        return getattr(message, field) if message.HasField(field) else None

    def metric(one: Any) -> Metric:
        filled = one.WhichOneof("value")
        member = next((n for n, (name, _) in MEMBERS.items() if name == filled), 0)
        quality = one.properties.values[0].int_value if one.HasField("properties") else None
        fields: list[Any] = [given_(one, field) for field in ("name", "alias", "timestamp", "datatype")]
        fields += [getattr(one, flag) for flag in FLAGS]
        fields += [quality, member, getattr(one, filled) if filled else None]
        return Metric(*fields)

    return spb.Payload(given_(found, "timestamp"), [metric(m) for m in found.metrics], given_(found, "seq"))


def reason_of(payload: bytes) -> str:
    """Why it is refused, "" when it is read. Any other error is a failure of the test."""
    try:
        spb.decode(payload)
    except Rejected as error:
        return error.reason
    return ""


@given(PAYLOADS)
def test_what_is_encoded_is_read_back_by_us_and_by_google(payload: spb.Payload) -> None:
    data = spb.encode(payload)
    assert spb.decode(data) == payload
    assert as_read_by_google(data) == payload


@given(PAYLOADS, st.binary(max_size=40), st.text(max_size=5))
def test_what_google_writes_is_read_with_all_that_we_step_over(payload: spb.Payload, body: bytes, name: str) -> None:
    written = Payload.FromString(spb.encode(payload))
    written.uuid, written.body = name, body
    for metric in written.metrics:
        if metric.HasField("properties"):
            metric.properties.keys.append(name)
            metric.properties.values.add().int_value = 7
    set_of_data = written.metrics.add().dataset_value
    set_of_data.num_of_columns = 1
    set_of_data.columns.append(name)
    set_of_data.types.append(9)
    written.metrics.add().template_value.metrics.add().int_value = 3
    assert spb.decode(written.SerializeToString()).metrics[:-2] == payload.metrics


@given(st.binary(max_size=200))
@example(b"\x0a\xff\xff\xff\xff\x0f")
@example(b"\x08" + b"\xff" * 11)
@example(b"\x12\x02\x55\x00")
@example(b"\x12\x05\x4a\x03\x0a\x01\xff")
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    assert reason_of(data) in {"", "bad_protobuf"}


@given(PAYLOADS, st.data())
def test_a_damaged_payload_is_read_or_rejected(payload: spb.Payload, data: st.DataObject) -> None:
    damaged = bytearray(spb.encode(payload) or b"\x00")
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] ^= data.draw(st.integers(1, 255))
    for candidate in (bytes(damaged), bytes(damaged[:place])):
        assert reason_of(candidate) in {"", "bad_protobuf"}


@given(st.binary(max_size=60))
def test_what_google_refuses_we_refuse(data: bytes) -> None:
    """Not the other way round: a field of the wrong wire type is an unknown one to Google, and an error here."""
    try:
        read = spb.decode(data)
    except Rejected:
        return
    if all(metric.member < 16 and metric.quality is None for metric in read.metrics):
        assert len(Payload.FromString(data).metrics) == len(read.metrics)


def test_a_payload_taken_down_by_hand() -> None:
    written_down = bytes.fromhex("0880a0cfada034 120f 0a0454656d70 1007 2009 650000ac41 1803")
    temperature = Metric("Temp", 7, None, 9, member=FLOAT, value=21.5)
    assert spb.decode(written_down) == spb.Payload(1_795_392_000_000, [temperature], 3)


def test_too_many_metrics_are_counted_but_not_read() -> None:
    with pytest.raises(spb.TooManyMetrics) as refused:
        spb.decode(b"\x12\x00" * 10_001)
    assert refused.value.readings == 10_001


RANGES = {
    DataType.INT8: (-(2**7), 2**7 - 1),
    DataType.INT16: (-(2**15), 2**15 - 1),
    DataType.INT32: (-(2**31), 2**31 - 1),
    DataType.INT64: (-(2**63), 2**63 - 1),
    DataType.UINT8: (0, 2**8 - 1),
    DataType.UINT16: (0, 2**16 - 1),
    DataType.UINT32: (0, 2**32 - 1),
    DataType.UINT64: (0, 2**64 - 1),
}


@pytest.mark.parametrize("datatype", RANGES)
def test_whole_numbers_of_every_width_come_back_with_their_sign(datatype: DataType) -> None:
    for value in (*RANGES[datatype], 0, 1, RANGES[datatype][0] // 2):
        sent = spb.encode(spb.Payload(None, [metric_of("m", datatype, value, 1)]))
        assert number_of(spb.decode(sent).metrics[0], datatype) == float(value)


@pytest.mark.parametrize("datatype", [d for d in RANGES if RANGES[d][0] < 0])
def test_a_sign_extended_to_the_width_of_its_field_is_understood(datatype: DataType) -> None:
    width = 2**64 if datatype == DataType.INT64 else 2**32
    metric = Metric(member=LONG if datatype == DataType.INT64 else INT, value=width - 3)
    assert number_of(metric, datatype) == -3.0
    assert number_of(Metric(member=LONG, value=2**64 - 3), datatype) == -3.0


@pytest.mark.parametrize(
    ("metric", "datatype", "reason"),
    [
        (Metric(member=INT, value=256), DataType.UINT8, "wrong_type"),
        (Metric(member=INT, value=200_000), DataType.INT16, "wrong_type"),
        (Metric(member=FLOAT, value=1.0), DataType.INT16, "wrong_type"),
        (Metric(member=BOOLEAN, value=True), DataType.UINT8, "wrong_type"),
        (Metric(member=STRING, value="21.5"), DataType.DOUBLE, "wrong_type"),
        (Metric(member=DOUBLE, value=math.nan), DataType.DOUBLE, "not_finite"),
        (Metric(member=FLOAT, value=math.inf), DataType.FLOAT, "not_finite"),
        (Metric(is_null=True), DataType.FLOAT, "missing_value"),
        (Metric(), DataType.INT8, "missing_value"),
        (Metric(member=INT, value=1), None, "unsupported_datatype"),
        (Metric(member=INT, value=1), 0, "unsupported_datatype"),
        (Metric(member=INT, value=1), 4711, "unsupported_datatype"),
    ],
)
def test_a_value_that_is_no_reading_is_refused_by_its_reason(metric: Metric, datatype: int | None, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        number_of(metric, datatype)
    assert refused.value.reason == reason


@pytest.mark.parametrize("datatype", [d for d in DataType if d not in NUMBERS])
def test_texts_times_tables_files_and_arrays_are_refused_by_name(datatype: DataType) -> None:
    with pytest.raises(Rejected, match=f"unsupported_datatype: {datatype.name}"):
        number_of(Metric(member=RAW, value=struct.pack("<2h", 1, 2)), datatype)


def test_booleans_are_0_and_1() -> None:
    assert [number_of(Metric(member=BOOLEAN, value=v), DataType.BOOLEAN) for v in (False, True)] == [0.0, 1.0]
