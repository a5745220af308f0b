"""SenML in both encodings: there and back, the rules of RFC 8428, and what strangers may send as CBOR."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.units import Conversion
from forewarn.ingest.formats import senml
from forewarn.ingest.formats.cbor import parse_cbor, write_cbor
from forewarn.ingest.formats.json_readings import TooManyReadings
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.formats.senml import Record
from forewarn.ingest.topics import TopicTable
from tests.ingest.golden import NOW_US, NUMBERS, SIGNALS, example_of

BINDING = TopicTable(SIGNALS, NUMBERS).binding("senml")
NAMES = tuple(BINDING.fields)
TEMP, POWER, RUN = NAMES
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(NOW_US - 10**15, NOW_US + 10**14)
RECORDS = st.lists(
    st.builds(Record, st.sampled_from([TEMP, POWER]), FINITE, TIMES, st.just("")), min_size=1, max_size=20
)


def decoded(payload: bytes) -> Decoded:
    return senml.decode(payload, BINDING, NOW_US, NOW_US)


def read(*records: dict[str, object]) -> Decoded:
    return decoded(json.dumps(records).encode())


@given(RECORDS, st.sampled_from([senml.encode_json, senml.encode_cbor]))
@example([Record(TEMP, -0.0, NOW_US + 1), Record(TEMP, 5e-324, NOW_US - 10**15 + 1)], senml.encode_cbor)
def test_a_pack_comes_back_exactly(records: list[Record], encode: object) -> None:
    assert callable(encode)
    found = decoded(encode(records))
    rows = [BINDING.fields[record.name].row for record in records]
    assert (found.rows, found.refused) == (rows, [])
    assert [struct.pack("d", value) for value in found.value] == [struct.pack("d", r.value) for r in records]
    assert found.at == [record.at_us for record in records]
    assert set(found.quality) == {0}


@given(st.booleans(), st.sampled_from([senml.encode_json, senml.encode_cbor]))
def test_a_state_without_a_time_comes_back_with_the_time_of_arrival(state: bool, encode: object) -> None:
    assert callable(encode)
    found = decoded(encode([Record(RUN, state)]))
    assert (found.value, found.at, found.quality) == ([float(state)], [NOW_US], [Quality.ARRIVAL_TIME])


def test_encoders_refuse_what_decoders_would() -> None:
    for records in ([], [Record("-x", 1.0)], [Record(TEMP, float("nan"))], [Record(TEMP, 1, NOW_US), Record(TEMP, 2)]):
        for encode in (senml.encode_json, senml.encode_cbor):
            with pytest.raises(ValueError, match=r"pack|cannot be sent|JSON compliant"):
                encode(records)


def test_base_fields_hold_until_they_are_set_anew() -> None:
    found = read(
        {"bn": TEMP[:-4], "bt": 1795391000, "bv": 20, "n": "temp", "v": 1},
        {"n": "temp", "t": 10, "v": 2},
        {"bt": 1795391500, "bv": 30, "n": "temp", "t": 10, "v": 3},
    )
    assert found.value == [21, 22, 33]
    assert [at // 10**6 for at in found.at] == [1795391000, 1795391010, 1795391510]


def test_times_below_2_to_28_count_from_the_arrival() -> None:
    records: list[dict[str, object]] = [{"n": TEMP, "t": t, "v": 1} for t in (-0.5, 0, 2**28 - 1)]
    found = read(*records)
    assert found.at == [NOW_US - 500_000, NOW_US, NOW_US + (2**28 - 1) * 10**6]
    assert set(found.quality) == {Quality.ARRIVAL_TIME}
    assert read({"n": TEMP, "t": -1e300, "v": 1}).at[0] < NOW_US - 10**15


def test_a_sum_is_a_signal_of_its_own() -> None:
    specs = [
        SignalSpec("p", "power", "power", "kW", "t", field="w", format="senml", conversion=Conversion(1e-3)),
        SignalSpec(
            "p", "energy", "energy", "kWh", "t", field="w#sum", format="senml", conversion=Conversion(1 / 3.6e6)
        ),
    ]
    binding = TopicTable(specs, [1, 2]).binding("t")
    payload = json.dumps([{"bs": 1000, "n": "w", "u": "W", "v": 5, "s": 7}, {"n": "w", "u": "W", "s": 9}]).encode()
    found = senml.decode(payload, binding, NOW_US, NOW_US)
    assert list(zip(found.rows, found.value, strict=True)) == [(1, 1007.0), (0, 5.0), (1, 1009.0)]
    assert read({"n": TEMP, "v": 1, "s": 7}).value == [1.0]
    assert [reason for reason, _ in read({"n": TEMP, "s": 7}).refused] == ["missing_value"]


@pytest.mark.parametrize(
    ("quantity", "unit", "conversion", "said", "fits"),
    [
        ("temperature", "degC", Conversion(), "Cel", True),
        ("temperature", "degC", Conversion(), "degC", True),
        ("temperature", "degC", Conversion(1.0, -273.15), "K", True),
        ("temperature", "degC", Conversion(5 / 9, -160 / 9), "Cel", False),
        ("speed", "rpm", Conversion(60.0), "Hz", True),
        ("speed", "rpm", Conversion(), "1/min", True),
        ("speed", "rpm", Conversion(), "Hz", False),
        ("acceleration", "m/s^2", Conversion(9.80665), "g", False),
        ("acceleration", "m/s^2", Conversion(), "m/s2", True),
        ("ratio", "percent", Conversion(), "%RH", True),
        ("dimensionless", "1", Conversion(), "lx", True),
        ("pressure", "bar", Conversion(1e-5), "Pa", True),
        ("current", "A", Conversion(), "V", False),
    ],
)
def test_the_unit_of_a_record_must_mean_that_of_the_plant_file(
    quantity: str, unit: str, conversion: Conversion, said: str, fits: bool
) -> None:
    spec = SignalSpec("p", "s", quantity, unit, "t", field="x", format="senml", conversion=conversion)
    payload = json.dumps([{"n": "x", "u": said, "v": 1}]).encode()
    found = senml.decode(payload, TopicTable([spec], [1]).binding("t"), NOW_US, NOW_US)
    assert [reason for reason, _ in found.refused] == ([] if fits else ["unit_mismatch"])


def test_a_record_that_nobody_named_is_a_candidate_for_adoption() -> None:
    found = read({"bn": "urn:dev:x:", "n": "torque", "v": 12}, {"n": "name", "vs": "pump"})
    assert found.unknown == [("urn:dev:x:torque", 12.0)]


def test_a_pack_has_at_most_ten_thousand_records() -> None:
    with pytest.raises(TooManyReadings) as refused:
        decoded(senml.encode_cbor([Record(TEMP, 1.0)] * 10_001))
    assert refused.value.readings == 10_001


CBOR_VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | FINITE
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-30, 300) | st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(CBOR_VALUES)
def test_cbor_comes_back_exactly(value: object) -> None:
    found = parse_cbor(write_cbor(value))
    assert (type(found), repr(found)) == (type(value), repr(value))


@given(CBOR_VALUES, st.integers(0, 60), st.integers(0, 3), st.binary(max_size=4))
@settings(max_examples=400)
def test_damaged_cbor_is_refused_or_read(value: object, place: int, cut: int, put: bytes) -> None:
    whole = write_cbor(value)
    with contextlib.suppress(Rejected):
        parse_cbor(whole[:place] + put + whole[place + cut :])


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("f93e00", 1.5), ("fa3fc00000", 1.5), ("fb3ff8000000000000", 1.5), ("f97c00", float("inf")),
        ("1b000000e8d4a51000", 10**12), ("3903e7", -1000), ("9f0102ff", [1, 2]), ("bf6161f5ff", {"a": True}),
        ("c48221196ab3", 273.15), ("c482390fff01", 0.0), ("f6", None), ("d9d9f780", []),
    ],
)  # fmt: skip
def test_cbor_of_other_encoders_is_read(encoded: str, value: object) -> None:
    assert parse_cbor(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    "encoded",
    ["", "18", "81", "a1", "a100", "a1f501", "a1f90000f5", "ff", "81ff", "bf00ff", "7f6161ff", "5f41", "1c", "f8ff",
     "f7", "c101", "c4820102ff", "c48101", "c48261610a", "9bffffffffffffffff", "5bffffffffffffffff", "0000"],
)  # fmt: skip
def test_cbor_that_is_not_whole_is_refused_with_the_byte(encoded: str) -> None:
    with pytest.raises(Rejected, match=r"bad_cbor: .* at byte \d"):
        parse_cbor(bytes.fromhex(encoded))


def test_the_example_of_the_reference_is_read(root: Path) -> None:
    names = {"temp": ("temperature", "degC"), "speed": ("speed", "rpm")}
    specs = [SignalSpec("p", name, *names[name], "t", field=f"urn:dev:pump1:{name}", format="senml") for name in names]
    found = senml.decode(example_of(root, "SenML"), TopicTable(specs, [1, 2]).binding("t"), NOW_US, NOW_US)
    assert (found.value, found.refused) == ([61.5, 1480.0], [])
