"""All wire formats: golden messages, there and back, and what strangers may send."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings

from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.formats import json_readings, waveform, waveform_json
from forewarn.ingest.formats.json_strict import MAX_DEPTH, parse
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.formats.table import FORMATS
from forewarn.ingest.formats.times import time_of_iso, time_of_ms
from forewarn.ingest.formats.waveform_block import Block
from forewarn.ingest.topics import Binding, TopicTable
from tests.ingest.golden import NOW_US, NUMBERS, SIGNALS, cases, outcome

TOPICS = TopicTable(SIGNALS, NUMBERS)
PLAIN, SEVERAL, WAVE = (TOPICS.binding(topic) for topic in ("plain", "several", "wave"))

FAMILIES = ("format_json", "format_waveform", "format_senml", "format_plain")
TOPIC_OF_A_FORMAT = ("plain", "several", "nested", "wave", "senml", "homie/5/p4/motor/temp", "homie/5/p4/motor/run")

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.integers(NOW_US - 10**15, NOW_US + 10**14)
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
BLOCKS = st.builds(
    Block,
    TIMES,
    st.floats(1e-3, 1e8),
    st.lists(FLOAT32, min_size=1, max_size=50).map(lambda s: np.array(s, np.float64)),
    st.sampled_from(["", "g", "m/s^2", "µm"]),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
)


def reason_of(payload: bytes, topic: str = "plain") -> str:
    with pytest.raises(Rejected) as refused:
        FORMATS[TOPICS.binding(topic).kind](payload, TOPICS.binding(topic), NOW_US, NOW_US)
    return refused.value.reason


@pytest.mark.parametrize(
    "case", [case for family in FAMILIES for case in cases(family)], ids=lambda case: f"{case.parent.name}/{case.name}"
)
def test_golden_message(case: Path) -> None:
    assert outcome(case) == json.loads((case / "expected.json").read_text())


@given(FINITE, TIMES)
@example(-0.0, NOW_US + 1)
@example(5e-324, NOW_US - 1)
@example(1.7976931348623157e308, NOW_US)
def test_a_plain_reading_comes_back_exactly_by_both_roads(value: float, at_us: int) -> None:
    payload = json_readings.encode(value, at_us)
    decoded = json_readings.decode(payload, PLAIN, NOW_US, NOW_US)
    assert (decoded.value, decoded.at) == ([value], [at_us])
    assert np.signbit(decoded.value[0]) == np.signbit(value)
    together = json_readings.decode_plain([payload] * 3)
    assert together[0] == [value] * 3
    assert np.rint(np.array(together[1]) * 1000).astype(np.int64).tolist() == [at_us] * 3


@given(st.lists(st.tuples(FINITE, TIMES), min_size=1, max_size=20))
def test_a_batch_comes_back_exactly(pairs: list[tuple[float, int]]) -> None:
    values, times = [value for value, _ in pairs], [at for _, at in pairs]
    decoded = json_readings.decode(json_readings.encode_batch(values, times), PLAIN, NOW_US, NOW_US)
    assert (decoded.value, decoded.at, decoded.refused) == (values, times, [])


@given(FINITE, FINITE, TIMES)
def test_several_fields_come_back_exactly(temp: float, rpm: float, at_us: int) -> None:
    decoded = json_readings.decode(
        json_readings.encode_fields({"temp": temp, "rpm": rpm}, at_us), SEVERAL, NOW_US, NOW_US
    )
    assert dict(zip(decoded.rows, decoded.value, strict=True)) == {1: temp, 2: rpm}
    assert decoded.at == [at_us, at_us]


def same_block(one: Block, other: Block) -> bool:
    fields = ("at_us", "sample_rate_hz", "unit", "boot_id", "seq")
    return all(getattr(one, f) == getattr(other, f) for f in fields) and np.array_equal(one.samples, other.samples)


@given(BLOCKS)
def test_a_float_block_comes_back_exactly(block: Block) -> None:
    back = waveform.decode_block(waveform.encode(block))
    assert same_block(back, block)


@given(BLOCKS, st.booleans())
def test_a_json_block_comes_back_exactly(block: Block, as_base64: bool) -> None:
    assert same_block(waveform_json.decode_block(waveform_json.encode(block, as_base64), NOW_US), block)


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=30), st.sampled_from(["i16", "i32"]))
def test_an_integer_block_is_off_by_half_a_count_at_most(samples: list[float], dtype: str) -> None:
    block = Block(NOW_US, 1000.0, np.array(samples))
    back = waveform.decode_block(waveform.encode(block, dtype, scale=2**-11))
    assert np.abs(back.samples - block.samples).max() <= 2**-12


def test_encoders_refuse_what_decoders_would() -> None:
    bad = Block(NOW_US, 1000.0, np.array([np.nan]))
    with pytest.raises(ValueError, match="finite"):
        waveform.encode(bad)
    with pytest.raises(ValueError, match="finite"):
        waveform_json.encode(bad)
    with pytest.raises(ValueError, match="16 bits"):
        waveform.encode(Block(NOW_US, 1000.0, np.array([40_000.0])), "i16")
    with pytest.raises(ValueError, match="finite"):
        json_readings.encode(float("inf"), NOW_US)


@given(st.binary(max_size=200), st.sampled_from(TOPIC_OF_A_FORMAT))
@settings(max_examples=300)
def test_random_bytes_are_refused_or_read_and_never_anything_else(payload: bytes, topic: str) -> None:
    read_or_refused(payload, topic)


MUTATED = st.tuples(
    st.sampled_from([(case / "payload.bin").read_bytes() for family in FAMILIES for case in cases(family)]),
    st.integers(0, 400),
    st.integers(0, 8),
    st.binary(max_size=8),
)


@given(MUTATED, st.sampled_from(TOPIC_OF_A_FORMAT))
@settings(max_examples=600)
def test_damaged_messages_are_refused_or_read(damage: tuple[bytes, int, int, bytes], topic: str) -> None:
    payload, place, cut, put = damage
    read_or_refused(payload[:place] + put + payload[place + cut :], topic)


def read_or_refused(payload: bytes, topic: str) -> Decoded | str:
    binding = TOPICS.binding(topic)
    try:
        return FORMATS[binding.kind](payload, binding, NOW_US, NOW_US)
    except Rejected as error:
        return error.reason


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([1795391999000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ts", "value", "values", "temp", "rpm", "q", "x", "seq"]), inner, max_size=4)
    ),
    max_leaves=8,
)
NUMBERED = st.fixed_dictionaries(
    {"seq": st.integers(-1, 9) | st.integers() | st.floats() | st.booleans(), "ts": st.just(1795391999000)},
    optional={
        "value": st.floats() | st.integers(),
        "values": st.dictionaries(st.sampled_from(["temp", "rpm", "x"]), st.floats(), max_size=3),
        "temp": st.floats(),
        "boot": st.text(max_size=3) | st.integers() | st.floats(),
        "device": st.text(max_size=3) | st.none(),
    },
)


PAIRS = st.lists(
    st.one_of(
        st.tuples(st.just("ts"), st.just("1795391999000")),
        st.tuples(st.sampled_from(["value", "temp", "rpm"]), st.sampled_from(["1", "2.5", '"1"'])),
        st.tuples(st.just("values"), st.sampled_from(['{"temp":1}', '{"temp":1,"temp":2}', "{}"])),
        st.tuples(st.just("seq"), st.sampled_from(["7", "8.0", "-1", '"7"', "9007199254740993"])),
        st.tuples(st.sampled_from(["boot", "device"]), st.sampled_from(['"a"', "3", '"\\u0000"', '"\\""', "1e300"])),
    ),
    max_size=7,
)


@given(PAIRS, st.sampled_from(["plain", "several"]), st.booleans())
@example([("value", "1"), ("ts", "1795391999000"), ("seq", "7"), ("seq", "8")], "plain", False)
@example([("value", "1"), ("ts", "1795391999000"), ("seq", "7"), ("boot", '"a"'), ("boot", "3")], "plain", True)
@example(
    [("value", "1"), ("ts", "1795391999000"), ("seq", "7"), *[("boot", "3")] * 2, ("device", '"a"')], "plain", False
)
@example([("values", '{"temp":1}'), ("ts", "1795391999000"), ("seq", "7"), ("device", '"a"')], "several", False)
@settings(max_examples=500)
def test_the_fast_roads_see_keys_that_stand_twice(pairs: list[tuple[str, str]], topic: str, in_array: bool) -> None:
    text = "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    payload = (f"[{text}]" if in_array else text).encode()
    fast = read_or_refused(payload, topic)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_readings, "decode_typed", lambda *_: None)
        assert read_or_refused(payload, topic) == fast


@given(JSON_VALUES | NUMBERED | st.lists(NUMBERED, max_size=2), st.sampled_from([PLAIN, SEVERAL]))
@settings(max_examples=400)
def test_the_fast_roads_agree_with_the_strict_one(message: object, binding: object) -> None:
    payload = json.dumps(message).encode()
    topic = PLAIN if binding is PLAIN else SEVERAL
    fast = read_or_refused(payload, topic.topic)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_readings, "decode_typed", lambda *_: None)
        assert read_or_refused(payload, topic.topic) == fast


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"value":'])
def test_a_hundred_thousand_levels_are_refused_without_recursion(opening: bytes) -> None:
    assert reason_of(opening * 100_000) == "too_deep"
    assert reason_of(b'{"value":' + opening * 100_000) == "too_deep"


def test_brackets_inside_texts_are_no_levels() -> None:
    text = "[{" * 50 + '\\"' * 50
    assert parse(b'{"value": 1, "note": "%s"}' % text.encode()) == {"value": 1, "note": "[{" * 50 + '"' * 50}
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert isinstance(parse(deepest), list)


@pytest.mark.parametrize("number", [b"9" * 10_000, b"-" + b"9" * 10_000, b"0." + b"1" * 10_000, b"1e" + b"0" * 10_000])
def test_a_number_of_ten_thousand_digits_is_refused(number: bytes) -> None:
    assert reason_of(b'{"value":' + number + b',"ts":1795391999000}') == "number_too_long"


def test_more_than_ten_thousand_readings_are_refused_and_counted() -> None:
    batch = json_readings.encode_batch([1.0] * 10_001, [NOW_US + n for n in range(10_001)])
    with pytest.raises(json_readings.TooManyReadings) as refused:
        json_readings.decode(batch, PLAIN, NOW_US, NOW_US)
    assert (refused.value.reason, refused.value.readings) == ("too_many_readings", 10_001)
    fields = b"[" + b",".join([json_readings.encode_fields({"temp": 1, "rpm": 2}, NOW_US)] * 5_001) + b"]"
    with pytest.raises(json_readings.TooManyReadings) as refused:
        json_readings.decode(fields, SEVERAL, NOW_US, NOW_US)
    assert refused.value.readings == 10_002


PLAIN_A, PLAIN_B = json_readings.encode(1.0, NOW_US), json_readings.encode(2.0, NOW_US)


@pytest.mark.parametrize(
    "odd",
    [
        PLAIN_A[:12],
        PLAIN_A[12:],
        PLAIN_A + PLAIN_B,
        PLAIN_A + b"\n" + PLAIN_B,
        b"",
        b"[" + PLAIN_A + b"]",
        b"\xef\xbb\xbf" + PLAIN_A,
        b"\x0b" + PLAIN_A,
        b'{"value":1,"value":2,"ts":3}',
        b'{"value":NaN,"ts":1795391999000}',
        b'{"value":1e999,"ts":1795391999000}',
        b'{"value":01,"ts":1795391999000}',
        b'{"value":"1","ts":1795391999000}',
        b'{"value":null,"ts":1795391999000}',
        b'{"value":true,"ts":1795391999000}',
        b'{"value":%b,"ts":1795391999000}' % (b"1" * 129),
        b'{"value":1,"ts":"2026-11-23T00:00:00Z"}',
        b'{"value":1}',
        b'{"value":1,"ts":1,"value":2}',
        b'{"value":1,"ts":1}x',
    ],
)
def test_only_whole_plain_messages_are_read_together(odd: bytes) -> None:
    value, _, plain = json_readings.decode_plain([PLAIN_A, odd, b" \r\n" + PLAIN_B + b"\n" + b" " * 200])
    assert plain == [0, 2]
    assert len(value) == 2


def test_a_time_may_carry_microseconds_as_a_fraction_or_a_text() -> None:
    assert time_of_ms(1795391999000.001, NOW_US) == 1795391999000001
    assert time_of_iso("2026-11-22T23:59:59.000001Z") == 1795391999000001


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T00:00:00Z", "2026-11-23", "yesterday", "", "2026-11-23T25:00:00Z", "2026-11-23T00:61:60Z", "9" * 500],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="bad_time"):
        time_of_iso(text)


def test_two_signals_cannot_stand_at_one_place() -> None:
    one, two = (SignalSpec("p", name, "speed", "rpm", "t") for name in ("a", "b"))
    with pytest.raises(ValueError, match="p/b and p/a both read 'value' of topic t"):
        TopicTable([one, two], [1, 2])
    with pytest.raises(ValueError, match="waveform"):
        TopicTable([one, SignalSpec("p", "w", "acceleration", "m/s^2", "t", "waveform", field="w")], [1, 2])
    with pytest.raises(Rejected, match="unknown_topic"):
        TopicTable([one], [1]).binding("elsewhere")


def documented_nested() -> Binding:
    fields = (("temp", "state.reported.temp"), ("n", "sensors.0.n"))
    specs = [SignalSpec("p", name, "x", "u", "t", field=f, time_field="state.at", time_unit="s") for name, f in fields]
    return TopicTable(specs, [1, 2]).binding("t")


def test_the_examples_of_the_reference_are_read(root: Path) -> None:
    blocks = (root / "docs/reference/payloads.md").read_text().split("```json\n")[1:]
    for binding, block in zip((PLAIN, SEVERAL, documented_nested(), WAVE), blocks, strict=True):
        for line in block.split("\n```")[0].splitlines():
            decoded = FORMATS[binding.kind](line.encode(), binding, NOW_US, NOW_US)
            assert decoded.rows or decoded.waveforms
            assert not decoded.refused


def test_the_reference_names_every_reason(root: Path) -> None:
    text = (root / "docs/reference/payloads.md").read_text()
    sources = [*(root / "ingest/formats").glob("*.py"), root / "ingest/intake.py", root / "ingest/chunked.py"]
    reasons = {reason for source in sources for reason in re.findall(r'Rejected\(\s*"(\w+)"', source.read_text())}
    assert len(reasons) > 20
    assert [reason for reason in reasons if f"`{reason}`" not in text] == []
