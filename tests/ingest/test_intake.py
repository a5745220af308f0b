"""Frames to readings: everything is accounted for, and nothing stops the stream."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from forewarn.core.ports import LastValue
from forewarn.core.readings import Quality
from forewarn.ingest import intake
from forewarn.ingest.delivery import DUP, RETAIN, Frame
from forewarn.ingest.formats import json_readings, table, waveform
from forewarn.ingest.formats.waveform_block import Block
from forewarn.ingest.intake import Intake, Intaken
from forewarn.ingest.refusals import QUARANTINED_BYTES
from tests.ingest.golden import NOW_US, NUMBERS, SIGNALS, written


def frame(topic: str, payload: bytes, flags: int = 1) -> Frame:
    return Frame(NOW_US, flags, "gateway", topic, payload)


def fresh() -> Intake:
    return Intake(SIGNALS, NUMBERS)


def counted(taken: Intaken) -> int:
    return len(taken.readings) + len(taken.waveforms) + sum(refusal.readings for refusal in taken.refused)


AT = st.integers(NOW_US - 10**9, NOW_US)
VALUE = st.integers(-100, 100).map(float)
WAVE = waveform.encode(Block(NOW_US, 100.0, np.ones(4), "g"))
OLD_WAVE = waveform.encode(Block(NOW_US - 10**12, 100.0, np.ones(4), "g"))
# What a publisher sends, and how many readings its ledger counts for it.
MESSAGES = st.one_of(
    st.builds(lambda v, t: ("plain", json_readings.encode(v, t), 1), VALUE, AT),
    st.builds(lambda v, t: ("plain", json_readings.encode_batch([v, v + 1], [t, t + 1]), 2), VALUE, AT),
    st.builds(lambda v, t: ("several", json_readings.encode_fields({"temp": v, "rpm": v}, t), 2), VALUE, AT),
    st.builds(lambda v, t: ("several", json_readings.encode_fields({"temp": v, "nobody": v}, t), 2), VALUE, AT),
    st.builds(lambda v: ("scaled", json_readings.encode(v, NOW_US + 10**12), 1), VALUE),
    st.builds(lambda v: ("plain", b'[{"value":1},{"value":"x"},{"value":%d,"ts":5}]' % v, 3), VALUE),
    st.sampled_from(
        [
            ("scaled", b'{"value":1.7e308,"ts":5}', 1),  # two things wrong, one reading
            ("plain", b"{", 1),
            ("plain", b"", 1),
            ("nowhere", b"1", 1),
            ("wave", WAVE, 1),
            ("wave", WAVE[:-1], 1),
            ("plain", b'{"value":NaN}', 1),
        ]
    ),
)


@given(st.lists(MESSAGES, max_size=30))
@settings(max_examples=150)
def test_every_reading_of_the_senders_is_accounted_for(messages: list[tuple[str, bytes, int]]) -> None:
    taken = fresh().take([frame(topic, payload) for topic, payload, _ in messages])
    assert counted(taken) == sum(count for _, _, count in messages)
    assert np.isfinite(taken.readings.value).all()


@given(st.lists(MESSAGES, max_size=30))
@settings(max_examples=100)
def test_the_road_of_many_plain_messages_gives_what_one_by_one_gives(messages: list[tuple[str, bytes, int]]) -> None:
    frames = [frame(topic, payload) for topic, payload, _ in messages]
    together = written(fresh().take(frames))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "decode_plain", lambda _: ([], [], []))
        assert written(fresh().take(frames)) == together


def test_bad_messages_between_good_ones_cost_only_themselves() -> None:
    frames = [frame("plain", json_readings.encode(50.0 + n, NOW_US - 1000 + n)) for n in range(100)]
    frames[10:10] = [frame("plain", b"{")] * 5
    taken = fresh().take(frames)
    assert (len(taken.readings), len(taken.refused)) == (100, 5)
    assert taken.readings.at.tolist() == [NOW_US - 1000 + n for n in range(100)]


def test_bad_messages_do_not_make_good_ones_take_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    slowly = list[bytes]()

    def decode(payload: bytes, *more: Any) -> Any:
        slowly.append(payload)
        return json_readings.decode(payload, *more)

    monkeypatch.setitem(table.FORMATS, "scalar", decode)
    odd = [b"{", json_readings.encode(50.0, 5), b'{"value":51}']
    odd += [b'{"value":%b,"ts":1}' % number for number in (b"1-2", b"01", b".5", b"1e", b"1e999", b"-", b"1" * 50)]
    frames = [frame("plain", json_readings.encode(50.0 + n, NOW_US - 1000 + n)) for n in range(100)]
    frames[::3] = [one._replace(payload=b" \r\n" + one.payload + b"\n  ") for one in frames[::3]]
    taken = fresh().take([*frames[:50], *(frame("plain", payload) for payload in odd), *frames[50:]])
    assert slowly == odd
    assert taken.readings.at.tolist() == [NOW_US - 1000 + n for n in range(50)] + [NOW_US] + [
        NOW_US - 950 + n for n in range(50)
    ]


def test_a_bug_in_a_decoder_is_a_refusal_and_a_log_entry(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("payload text that must not leak")

    monkeypatch.setitem(table.FORMATS, "waveform", broken)
    with caplog.at_level(logging.ERROR):
        taken = fresh().take([frame("wave", WAVE), frame("plain", json_readings.encode(50.0, NOW_US))])
    assert [(r.reason, r.detail) for r in taken.refused] == [("decoder_error", "ZeroDivisionError")]
    assert len(taken.readings) == 1
    assert "topic wave" in caplog.text


def test_a_refusal_keeps_the_whole_message_up_to_a_limit_and_who_sent_it() -> None:
    (refusal,) = fresh().take([frame("plain", b"x" * 10_000, RETAIN | 1)]).refused
    assert (len(refusal.payload), refusal.cut_bytes, refusal.source, refusal.topic) == (10_000, 0, "gateway", "plain")
    assert (refusal.received_at_us, refusal.flags) == (NOW_US, RETAIN | 1)
    (refusal,) = fresh().take([frame("plain", b"x" * (QUARANTINED_BYTES + 7))]).refused
    assert (len(refusal.payload), refusal.cut_bytes) == (QUARANTINED_BYTES, 7)


def test_ten_thousand_bad_readings_of_one_message_are_one_refusal() -> None:
    payload = b"[" + b",".join([b'{"value":"x","ts":1795391999000}'] * 10_000) + b"]"
    (refusal,) = fresh().take([frame("plain", payload)]).refused
    assert (refusal.reason, refusal.readings) == ("not_a_number", 10_000)


def test_values_arrive_in_canonical_units() -> None:
    taken = fresh().take([frame("plain", json_readings.encode(212.0, NOW_US))])
    assert taken.readings.value.tolist() == [pytest.approx(100.0, abs=1e-12)]


def test_the_delivery_shows_in_the_flags() -> None:
    payload = json_readings.encode(50.0, NOW_US)
    for flags, expected in ((1, Quality.GOOD), (0, Quality.QOS0), (2, Quality.GOOD), (1 | DUP, Quality.GOOD)):
        assert fresh().take([frame("plain", payload, flags)]).readings.quality.tolist() == [expected]
    old = json_readings.encode(50.0, NOW_US - 10**12)
    assert fresh().take([frame("plain", old, 1)]).readings.quality.tolist() == [Quality.GOOD]
    assert fresh().take([frame("plain", old, 1 | RETAIN)]).readings.quality.tolist() == [Quality.LATE]
    assert fresh().take([frame("plain", payload, 1 | RETAIN)]).readings.quality.tolist() == [Quality.GOOD]


def test_what_another_broker_had_kept_is_never_current() -> None:
    kept = frame("plain", b"", 1 | RETAIN)._replace(client="broker:works")
    old, new = json_readings.encode(50.0, NOW_US - 10**12), json_readings.encode(50.0, NOW_US)
    never_current = int(Quality.LATE | Quality.HISTORICAL)
    for payload, flags in ((old, never_current), (b'{"value":50}', never_current | Quality.ARRIVAL_TIME), (new, 0)):
        assert fresh().take([kept._replace(payload=payload)]).readings.quality.tolist() == [flags]
    (block,) = fresh().take([kept._replace(topic="wave", payload=OLD_WAVE)]).waveforms
    assert block.quality & never_current == never_current


def test_a_zero_keeps_its_sign() -> None:
    taken = fresh().take([frame("plain", json_readings.encode(-0.0, NOW_US)) for _ in range(2)])
    assert np.signbit(taken.readings.value).all()


def test_a_refused_time_moves_no_memory() -> None:
    one = fresh()
    one.take([frame("plain", json_readings.encode(50.0, NOW_US + 10**10))])
    one.take([frame("wave", waveform.encode(Block(NOW_US + 10**10, 100.0, np.ones(4))))])
    later = one.take([frame("plain", json_readings.encode(50.0, NOW_US)), frame("wave", WAVE)])
    assert later.readings.quality.tolist() == [Quality.GOOD]
    assert [waveform.quality for waveform in later.waveforms] == [Quality.GOOD]


def test_after_a_restart_late_readings_are_known_as_late() -> None:
    one = fresh()
    one.seed(
        [
            LastValue(11, "p1/temp", NOW_US, 10.0, 0, 1),
            LastValue(15, "w", NOW_US, 1.0, 0, 2),
            LastValue(99, "x", 0, 0.0, 0, 3),
        ]
    )
    late_wave = waveform.encode(Block(NOW_US - 1, 100.0, np.ones(4)))
    taken = one.take([frame("plain", json_readings.encode(50.0, NOW_US - 1)), frame("wave", late_wave)])
    assert taken.readings.quality.tolist() == [Quality.LATE]
    assert [waveform.quality for waveform in taken.waveforms] == [Quality.LATE]


def test_no_frames_are_no_readings() -> None:
    assert written(fresh().take([])) == {"readings": [], "waveforms": [], "refused": []}


def test_numbers_of_series_and_order_of_signals_are_independent() -> None:
    shuffled = Intake([replace(SIGNALS[0]), SIGNALS[3]], [900, 3])
    taken = shuffled.take(
        [frame("scaled", json_readings.encode(1.0, NOW_US)), frame("plain", json_readings.encode(50.0, NOW_US))]
    )
    assert taken.readings.series.tolist() == [3, 900]
    assert taken.readings.series.dtype == np.int32


def test_a_message_with_too_many_readings_is_counted_in_full() -> None:
    batch = json_readings.encode_batch([1.0] * 10_001, [NOW_US - n for n in range(10_001)])
    (refusal,) = fresh().take([frame("plain", batch)]).refused
    assert (refusal.reason, refusal.readings) == ("too_many_readings", 10_001)


def test_the_limit_of_fields_holds_also_for_known_ones() -> None:
    many = [replace(SIGNALS[1], signal=f"s{n}", field=f"f{n}") for n in range(300)]
    payload = json_readings.encode_fields({spec.field or "": 1.0 for spec in many[:257]}, NOW_US)
    flat = b"{" + payload.split(b'"values":{')[1].removesuffix(b"}")
    for message in (payload, flat):
        (refusal,) = Intake(many, range(300)).take([frame("several", message)]).refused
        assert refusal.reason == "too_many_fields"
    at_the_limit = json_readings.encode_fields({spec.field or "": 1.0 for spec in many[:256]}, NOW_US)
    assert len(Intake(many, range(300)).take([frame("several", at_the_limit)]).readings) == 256
