"""JSON beyond the plain shapes: numbered messages, nested payloads, candidates for adoption, compressed payloads."""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.units import CANONICAL_UNIT
from forewarn.ingest.formats import json_readings, json_typed, waveform, waveform_json
from forewarn.ingest.formats.json_paths import MAX_UNKNOWN
from forewarn.ingest.formats.result import Counted, Decoded
from forewarn.ingest.formats.senml_units import SENML_UNITS
from forewarn.ingest.formats.times import time_of_number
from forewarn.ingest.formats.units import UNITS, Meanings
from forewarn.ingest.formats.unpack import MAX_UNPACKED, unpacked
from forewarn.ingest.formats.waveform_block import Block
from forewarn.ingest.topics import Binding, TopicTable
from forewarn.pipeline.plant_units import UnitError, resolve_unit
from tests.ingest.golden import NOW_US, NUMBERS, SIGNALS

TOPICS = TopicTable(SIGNALS, NUMBERS)
PLAIN, SEVERAL, NESTED, WAVE = (TOPICS.binding(topic) for topic in ("plain", "several", "nested", "wave"))
TS = 1795391999000


def decoded(message: Any, binding: Binding = PLAIN) -> Decoded:
    return json_readings.decode(json.dumps(message).encode(), binding, NOW_US, NOW_US)


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        (PLAIN, {"value": 1.5, "ts": TS, "seq": 7, "boot": "a1", "device": "gw"}),
        (PLAIN, [{"value": 1.5, "ts": TS, "seq": 7, "boot": "a1", "device": "gw"}]),
        (SEVERAL, {"ts": TS, "values": {"temp": 1.5}, "seq": 7, "boot": "a1", "device": "gw"}),
    ],
)
def test_a_numbered_message_takes_the_short_way_and_tells_its_number(binding: Binding, message: Any) -> None:
    typed = json_typed.decode_typed(json.dumps(message).encode(), binding, NOW_US)
    assert typed is not None
    assert (typed.value, typed.counted) == ([1.5], [Counted("gw", "a1", 7)])


def test_flat_fields_are_numbered_too() -> None:
    payload = json.dumps({"ts": TS, "temp": 1.5, "seq": 7, "boot": 3}).encode()
    typed = json_typed.decode_typed(payload, SEVERAL, NOW_US)
    assert typed is not None
    assert (typed.value, typed.counted) == ([1.5], [Counted("", "3", 7)])


def test_every_message_of_an_array_has_its_own_number() -> None:
    rows = [{"value": n, "ts": TS + n, "seq": n} for n in range(3)]
    assert [counted.sequence for counted in decoded(rows).counted] == [0, 1, 2]


@pytest.mark.parametrize("seq", [-1, 1.5, "7", True, None, 2**53, [1]])
def test_a_number_that_cannot_be_used_costs_no_reading(seq: object) -> None:
    found = decoded({"value": 1.5, "ts": TS, "seq": seq})
    assert (found.value, found.counted, found.refused) == ([1.5], [], [])


def test_a_block_tells_its_boot_and_number() -> None:
    block = Block(NOW_US, 1000.0, np.array([1.0]), "", boot_id=2**63, seq=9)
    for payload in (waveform.encode(block), waveform_json.encode(block)):
        assert waveform.decode(payload, WAVE, NOW_US, NOW_US).counted == [Counted("", str(2**63), 9)]
    without = waveform.encode(Block(NOW_US, 1000.0, np.array([1.0])))
    assert waveform.decode(without, WAVE, NOW_US, NOW_US).counted == []


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ({"value": 1, "ts": TS, "battery": 3.6, "on": True, "name": "x"}, [("battery", 3.6)]),
        ({"temp": 21.5}, [("temp", 21.5)]),
    ],
)
def test_numbers_beside_a_plain_value_are_candidates_for_adoption(message: Any, unknown: Any) -> None:
    assert decoded(message).unknown == unknown


def test_an_unknown_field_is_refused_and_a_candidate() -> None:
    for message in ({"ts": TS, "temp": 1, "oil": 55}, {"ts": TS, "values": {"temp": 1, "oil": 55}}):
        found = decoded(message, SEVERAL)
        assert found.unknown == [("oil", 55.0)]
        assert [reason for reason, _ in found.refused] == ["unknown_field"]


def test_of_a_nested_payload_the_rest_is_a_candidate_and_no_refusal() -> None:
    message = {
        "state": {"at": TS, "reported": {"temp": 61.5, "batt": [3.6, 3.5]}},
        "fft": list(range(800)),
        "rssi": -71,
    }
    found = decoded(message, NESTED)
    assert found.refused == []
    assert found.unknown == [("state.reported.batt.0", 3.6), ("state.reported.batt.1", 3.5), ("rssi", -71.0)]


def test_a_candidate_can_be_read_under_its_path() -> None:
    message = {"a": {"b": [{"c": 1.5}, {"c": 2.5}]}, "d.e": 3.5, "f": {"g.h": 4.5}}
    for path, value in decoded(message, NESTED).unknown:
        spec = SignalSpec("p", "s", "speed", "rpm", "t", field=path, time_field="time")
        assert decoded(message, TopicTable([spec], [1]).binding("t")).value == [value]
    assert len(decoded(message, NESTED).unknown) == 3


def test_candidates_are_bounded() -> None:
    rows = [{f"k{n}": n for n in range(50)} for _ in range(10)]
    assert len(decoded(rows, NESTED).unknown) == MAX_UNKNOWN


@pytest.mark.parametrize(
    ("unit", "raw"),
    [
        ("s", 1795392000.25), ("ms", 1795392000250), ("us", 1795392000250000), ("ns", 1795392000250000000),
        ("auto", 1795392000.25), ("auto", 1795392000250), ("auto", 1795392000250000), ("auto", 1795392000250000000),
        ("auto", "1795392000250"), ("s", "2026-11-23T00:00:00.250Z"), ("iso", "2026-11-23T00:00:00.250Z"),
    ],
)  # fmt: skip
def test_a_time_may_come_in_any_unit_that_the_plant_file_names(unit: str, raw: object) -> None:
    spec = SignalSpec("p", "s", "speed", "rpm", "t", time_field="head.time", time_unit=unit)
    found = decoded({"head": {"time": raw}, "value": 5}, TopicTable([spec], [1]).binding("t"))
    assert (found.at, found.quality) == ([1795392000250000], [Quality.GOOD])


@given(st.integers(NOW_US - 10**15, NOW_US + 5 * 10**14), st.sampled_from([("s", 10**6), ("ms", 10**3), ("us", 1)]))
def test_the_unit_of_a_plausible_time_is_found_without_a_hint(at_us: int, unit: tuple[str, int]) -> None:
    raw = at_us // unit[1]
    assert time_of_number(raw, "auto", NOW_US) == time_of_number(raw, unit[0], NOW_US) == raw * unit[1]
    assert time_of_number(at_us * 1000, "auto", NOW_US) == at_us


def test_a_number_is_no_time_where_only_texts_are() -> None:
    with pytest.raises(Rejected, match="bad_time"):
        time_of_number(1.0, "iso", NOW_US)


def test_a_topic_has_one_format_and_one_time() -> None:
    one = SignalSpec("p", "a", "speed", "rpm", "t", field="a")
    for other in (
        SignalSpec("p", "b", "speed", "rpm", "t", field="b", format="senml"),
        SignalSpec("p", "b", "speed", "rpm", "t", field="b", time_field="at"),
        SignalSpec("p", "b", "speed", "rpm", "t", field="b", time_unit="s"),
    ):
        with pytest.raises(ValueError, match="topic t carries one format"):
            TopicTable([one, other], [1, 2])
    assert TopicTable([SignalSpec("p", "b", "speed", "rpm", "t", format="senml")], [1]).binding("t").kind == "senml"


def test_a_packed_block_is_unpacked() -> None:
    block = Block(NOW_US, 1000.0, np.array([1.0]))
    for payload in (waveform.encode(block), waveform_json.encode(block)):
        assert len(waveform.decode(gzip.compress(payload), WAVE, NOW_US, NOW_US).waveforms) == 1


def test_unpacking_stops_at_its_limit() -> None:
    assert len(unpacked(gzip.compress(bytes(MAX_UNPACKED)))) == MAX_UNPACKED
    with pytest.raises(Rejected, match="too_big_unpacked"):
        unpacked(gzip.compress(bytes(MAX_UNPACKED + 1)))


@pytest.mark.parametrize("damage", [lambda p: p[:-9], lambda p: p[:12], lambda p: p + b"x", lambda p: p + p])
def test_a_damaged_gzip_stream_is_refused(damage: Any) -> None:
    with pytest.raises(Rejected, match="bad_compression"):
        unpacked(damage(gzip.compress(b'{"value":21.5,"ts":1795391999000}')))


@pytest.mark.parametrize("table", [UNITS, SENML_UNITS], ids=["free", "SenML"])
def test_units_that_payloads_name_mean_what_the_plant_file_means(table: dict[str, Meanings]) -> None:
    compared = 0
    for unit, meanings in table.items():
        for quantity, canonical in CANONICAL_UNIT.items():
            with contextlib.suppress(UnitError):  # a spelling that only SenML has
                if canonical in meanings:
                    named, found = resolve_unit(unit, quantity)[1], meanings[canonical]
                    assert (found.scale, found.offset) == pytest.approx((named.scale, named.offset), rel=1e-9)
                    compared += 1
    assert compared > 25
