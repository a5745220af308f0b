"""Measurements in pieces: any order, duplicates, several at a time, what is missing, limits, and restarts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.units import Conversion
from forewarn.ingest.chunk_templates import chunk_templates, load_templates, shipped_templates
from forewarn.ingest.chunked import ChunkDesk, Limits
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import Taken
from forewarn.ingest.formats import chunks
from forewarn.ingest.formats.waveform_block import Block
from forewarn.ingest.intake import Intake
from forewarn.ingest.topics import TopicTable
from tests.ingest.golden import example_of

NOW_US = 1_795_392_000_000_000
SECOND = 1_000_000
G = 9.80665
SIGNALS = (
    *(SignalSpec("p1", f"v{a}", "acceleration", "m/s^2", "ours", "waveform", field=a, format="chunked",
                 template="forewarn", conversion=Conversion(G)) for a in "xy"),
    *(SignalSpec("p2", f"v{a}", "acceleration", "m/s^2", "treon", "waveform", field=a, format="chunked",
                 template="treon-stream", conversion=Conversion(G)) for a in "XYZ"),
    SignalSpec("p3", "v", "acceleration", "m/s^2", "ncd", "waveform", field="x", format="chunked",
               template="ncd-time-domain", conversion=Conversion(G)),
    SignalSpec("p4", "v", "acceleration", "m/s^2", "open", "waveform", format="chunked", template="open"),
)  # fmt: skip
OPEN = "open: {id: m, index: i, first: 1, last: end, samples: x, interval_s: dt, time: at, time_unit: s, timeout_s: 10}"
TEMPLATES = shipped_templates() | load_templates(OPEN)
TOPICS = TopicTable(SIGNALS, range(1, len(SIGNALS) + 1))


def desk(limits: Limits | None = None) -> ChunkDesk:
    return ChunkDesk(TOPICS, TEMPLATES, limits)


def frames(topic: str, payloads: Sequence[bytes], at_us: int = NOW_US, client: str = "gw") -> list[Frame]:
    return [Frame(at_us + n, 1, client, topic, payload) for n, payload in enumerate(payloads)]


def pieces(
    topic: str = "ours", ids: Sequence[Any] = ("d", 1), axes: str = "xy", sizes: Sequence[int] = (3, 2, 4), **more: Any
) -> list[bytes]:
    template = TEMPLATES[{"ours": "forewarn", "open": "open"}[topic]]
    n, seed = sum(sizes), sum(map(ord, str(ids)))
    block = {
        a: Block(NOW_US, 1000.0, np.array([i * 0.5 + seed + k for i in range(n)]), "g") for k, a in enumerate(axes)
    }
    return chunks.encode(replace(template, **more), ids, block, sizes)


def all_taken(desk: ChunkDesk, arriving: Sequence[Frame]) -> list[Taken]:
    return [taken for frame in arriving for taken in desk.take(frame, frame.received_at_us)]


def seen(taken: Sequence[Taken]) -> list[Any]:
    """Everything that was taken, as values that can be compared."""
    return [
        (
            t.frame,
            [(w.series, w.at, w.sample_rate_hz, w.quality, w.samples.tolist()) for w in t.decoded.waveforms],
            t.decoded.refused,
        )
        for t in taken
    ]


def test_a_measurement_counts_when_its_last_piece_is_there() -> None:
    d, (first, second, third) = desk(), frames("ours", pieces())
    assert [*d.take(first, NOW_US), *d.take(second, NOW_US)] == []
    (taken,) = d.take(third, NOW_US)
    assert taken.frame == third
    x, y = taken.decoded.waveforms
    assert (x.series, y.series, x.at, x.sample_rate_hz, x.quality) == (1, 2, NOW_US, 1000.0, 0)
    assert np.allclose(y.samples - x.samples, G)
    assert d.wakes_at_us is None


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
    st.integers(0, 30),
)
@settings(max_examples=60, deadline=None)
def test_order_duplicates_and_interleaving_change_nothing(sizes: list[int], n: int, rng: Any, cut: int) -> None:
    """And neither does a restart in the middle, with the memory of before and the rest of the journal."""
    each = [pieces(ids=("d", k), sizes=sizes) for k in range(n)]
    arriving = [piece for one in each for piece in one] * 2
    rng.shuffle(arriving)
    journal = frames("ours", arriving)
    before = desk()
    found = all_taken(before, journal[:cut])
    memory = {key: row for key, row in before.changed().items() if row is not None}
    after = desk()
    after.restore(memory)
    assert after.wakes_at_us == before.wakes_at_us
    rest = seen(all_taken(after, journal[cut:]))
    assert rest == seen(all_taken(before, journal[cut:]))
    together = [waveform for taken in [*seen(found), *rest] for waveform in taken[1]]
    straight = [w for one in each for taken in seen(all_taken(desk(), frames("ours", one))) for w in taken[1]]
    assert sorted(together) == sorted(straight)
    assert len(together) == 2 * n


def test_a_last_piece_may_tell_the_end() -> None:
    payloads = pieces("open", ids=("m",), axes="v", sizes=(1, 2, 3))
    (taken,) = all_taken(desk(), frames("open", [payloads[2], payloads[0], payloads[1]]))
    assert len(taken.decoded.waveforms[0].samples) == 6


def test_what_is_missing_is_named_once_for_each_signal_when_time_is_up() -> None:
    d, (first, _, third) = desk(), frames("ours", pieces())
    assert all_taken(d, [first, third]) == []
    assert d.wakes_at_us == third.received_at_us + 60 * SECOND
    assert list(d.due(third.received_at_us + 60 * SECOND - 1)) == []
    (taken,) = d.due(third.received_at_us + 60 * SECOND)
    assert taken.frame == third
    detail = "measurement 'd/1': 1 of 3 pieces are missing: 1"
    assert taken.decoded.refused == [("incomplete_transfer", detail)] * 2


def test_a_piece_that_comes_too_late_gives_up_the_measurement_and_is_no_new_one() -> None:
    d, (first, second, third) = desk(), frames("ours", pieces())
    late = second._replace(received_at_us=NOW_US + 61 * SECOND)
    taken = all_taken(d, [first, late, third._replace(received_at_us=NOW_US + 62 * SECOND)])
    assert [reason for t in taken for reason, _ in t.decoded.refused] == ["incomplete_transfer"] * 2
    assert d.wakes_at_us is None


def test_a_piece_sent_again_after_the_end_opens_nothing() -> None:
    d, journal = desk(), frames("ours", pieces())
    assert len(all_taken(d, [*journal, *journal])) == 1
    assert d.wakes_at_us is None
    memory = {key: row for key, row in d.changed().items() if row is not None}
    again = desk()
    again.restore(memory)
    assert all_taken(again, journal) == []


def test_what_is_done_leaves_memory_after_a_while() -> None:
    d, journal = desk(), frames("ours", pieces())
    all_taken(d, journal)
    rows = dict(d.changed())
    assert len([row for row in rows.values() if row is not None]) == 1
    d.due(NOW_US + 200 * SECOND)
    rows.update(d.changed())
    assert set(rows.values()) == {None}


def test_memory_is_a_row_for_each_open_piece() -> None:
    d, journal = desk(), frames("ours", pieces())
    all_taken(d, journal[:1])
    assert len(d.changed()) == 1
    all_taken(d, journal[1:2])
    assert len(d.changed()) == 1
    assert d.changed() == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chunk": 3}, "chunk_mismatch"),
        ({"chunk": -1}, "chunk_mismatch"),
        ({"chunks": 4}, "chunk_mismatch"),
        ({"chunks": 5000}, "too_many_chunks"),
        ({"chunk": "2"}, "wrong_type"),
        ({"chunk": None}, "wrong_type"),
        ({"samples": {"x": [1.0]}}, "missing_value"),
        ({"samples": {"x": [1.0], "y": ["1,5"]}}, "not_a_number"),
        ({"samples": {"x": [1.0], "y": 5}}, "wrong_type"),
        ({"sample_rate_hz": "fast"}, "not_a_number"),
        ({"sample_rate_hz": True}, "wrong_type"),
        ({"ts": "yesterday"}, "bad_time"),
        ({"ts": 1795392000}, "timestamp_unit_suspect"),
    ],
)
def test_a_piece_that_cannot_be_read_costs_its_measurement_once(change: dict[str, Any], reason: str) -> None:
    one, two, three = pieces()
    bad = json.dumps({**json.loads(two), **change}).encode()
    d = desk()
    taken = all_taken(d, frames("ours", [one, bad, two, three]))
    assert [found for t in taken for found, _ in t.decoded.refused] == [reason] * 2
    assert d.wakes_at_us is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unit": "bar"}, "unit_mismatch"),
        ({"sample_rate_hz": 0}, "bad_sample_rate"),
        ({"sample_rate_hz": None}, "missing_value"),
    ],
)
def test_a_whole_measurement_can_still_be_refused(change: dict[str, Any], reason: str) -> None:
    payloads = [json.dumps({**json.loads(p), **change}).encode() for p in pieces()]
    (taken,) = all_taken(desk(), frames("ours", payloads))
    assert [found for found, _ in taken.decoded.refused] == [reason] * 2


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"), (b"[]", "wrong_format"), (b"\x1f\x8b", "bad_compression"), (b'{"device":"d"}', "missing_value"),
        (b'{"device":"d","measurement":{}}', "wrong_type"), (b'{"device":"d","measurement":1', "bad_json"),
    ],
)  # fmt: skip
def test_a_message_of_no_measurement_counts_for_itself(payload: bytes, reason: str) -> None:
    d, journal = desk(), frames("ours", pieces())
    taken = all_taken(d, [*journal[:2], Frame(NOW_US + 5, 1, "gw", "ours", payload), *journal[2:]])
    assert [found for t in taken for found, _ in t.decoded.refused] == [reason]
    assert len(taken[-1].decoded.waveforms) == 2


def test_a_device_has_a_bounded_number_of_measurements_open() -> None:
    d = desk(Limits(transfers=2))
    opened = [frames("ours", pieces(ids=("d", k)), client=c)[0] for k, c in enumerate(["a", "a", "b", "a"])]
    taken = all_taken(d, opened)
    assert [t.decoded.refused[0][0] for t in taken] == ["too_many_transfers"]
    assert taken[0].frame == opened[3]
    finished = all_taken(d, frames("ours", pieces(ids=("d", 0))[1:], client="a"))
    assert len(finished[0].decoded.waveforms) == 2


@pytest.mark.parametrize("limits", [Limits(device_bytes=100), Limits(total_bytes=100)])
def test_samples_in_memory_are_bounded(limits: Limits) -> None:
    taken = all_taken(desk(limits), frames("ours", pieces(sizes=(6, 6, 6))))
    assert [t.decoded.refused[0][0] for t in taken] == ["too_many_transfers"]


def test_each_axis_of_a_stream_is_a_measurement_of_its_own() -> None:
    template = TEMPLATES["treon-stream"]
    samples = np.array([n * 0.25 for n in range(-8, 8)])
    sent = [
        chunks.encode(replace(template, scale=0.25), ("n1", 7), {a: Block(NOW_US, 6400.0, samples)}, (8, 8))
        for a in "XYZW"
    ]
    payloads = [json.dumps({**json.loads(p), "Scale": 0.25}).encode() for pair in zip(*sent, strict=True) for p in pair]
    taken = all_taken(desk(), frames("treon", payloads))
    assert [w.series for t in taken for w in t.decoded.waveforms] == [3, 4, 5]
    assert all(np.allclose(w.samples, samples * G) for t in taken for w in t.decoded.waveforms)
    assert next(t.decoded.refused for t in taken if t.decoded.refused)[0][0] == "unknown_field"


def test_twelve_packets_make_a_measurement() -> None:
    head = {"addr": "00:13:a2", "received": NOW_US // 1000}
    payloads = [
        json.dumps({**head, "data": {"time_id": 5, "packet": n, "odr": "800Hz", "x": [n * 1.0, 0.5]}}).encode()
        for n in range(1, 13)
    ]
    (taken,) = all_taken(desk(), frames("ncd", payloads[::-1]))
    (waveform,) = taken.decoded.waveforms
    assert (waveform.sample_rate_hz, waveform.at, len(waveform.samples)) == (800.0, NOW_US, 24)
    assert waveform.samples[-2:].tolist() == [np.float32(12 * G), np.float32(0.5 * G)]


def test_without_a_time_a_measurement_ends_when_its_last_piece_arrives() -> None:
    payloads = [json.dumps({k: v for k, v in json.loads(p).items() if k != "ts"}).encode() for p in pieces()]
    journal = frames("ours", payloads)
    (taken,) = all_taken(desk(), journal)
    waveform = taken.decoded.waveforms[0]
    assert (waveform.at, waveform.quality) == (journal[-1].received_at_us - 9000, Quality.ARRIVAL_TIME)


FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOAT32, min_size=2, max_size=30), st.sampled_from(["list", "f32"]), st.sampled_from(["little", "big"]))
@settings(deadline=None)
def test_what_was_cut_comes_back_exactly(samples: list[float], encoding: str, byte_order: str) -> None:
    template = replace(TEMPLATES["open"], encoding=encoding, byte_order=byte_order)
    spec = replace(SIGNALS[-1], template="mine")
    block = Block(NOW_US, 4096.0, np.array(samples), "")
    payloads = chunks.encode(template, ("m",), {"value": block}, (1, len(samples) - 1))
    (taken,) = all_taken(ChunkDesk(TopicTable([spec], [1]), {"mine": template}), frames("open", payloads))
    (waveform,) = taken.decoded.waveforms
    assert (waveform.samples.tolist(), waveform.at, waveform.sample_rate_hz) == (samples, NOW_US, 4096.0)


@given(st.binary(max_size=60) | st.tuples(st.integers(0, 120), st.integers(0, 6), st.binary(max_size=6)))
@settings(max_examples=200, deadline=None)
def test_random_and_damaged_pieces_are_refused_or_taken(damage: Any) -> None:
    whole = pieces()[0]
    payload = damage if isinstance(damage, bytes) else whole[: damage[0]] + damage[2] + whole[damage[0] + damage[1] :]
    d = desk()
    all_taken(d, [Frame(NOW_US, 1, "gw", "ours", payload)])
    again = desk()
    again.restore({key: row for key, row in d.changed().items() if row is not None})
    assert again.wakes_at_us == d.wakes_at_us


def test_rows_of_others_and_of_topics_that_are_gone_are_passed_over() -> None:
    d = desk()
    all_taken(d, frames("ours", pieces())[:2])
    rows = {key: row for key, row in d.changed().items() if row is not None}
    fewer = ChunkDesk(TopicTable(SIGNALS[5:], [6, 7]), TEMPLATES)
    fewer.restore({**rows, "sparkplug/x": b"?"})
    assert fewer.wakes_at_us is None
    assert fewer.changed() == dict.fromkeys(rows)


def test_measurements_go_the_whole_road() -> None:
    intake = Intake(SIGNALS, range(1, len(SIGNALS) + 1), desks=[lambda topics: ChunkDesk(topics, TEMPLATES)])
    taken = intake.take(frames("ours", pieces()))
    assert [waveform.series for waveform in taken.waveforms] == [1, 2]
    taken = intake.take(frames("ours", pieces(ids=("d", 2))[:2], NOW_US + SECOND))
    assert (taken.waveforms, taken.refused) == ([], [])
    assert intake.wakes_at_us == NOW_US + 61 * SECOND + 1


def test_a_topic_needs_a_template_that_tells_its_signals_apart() -> None:
    with pytest.raises(ValueError, match="no chunk template nobody"):
        ChunkDesk(TopicTable([replace(SIGNALS[0], template="nobody")], [1]), TEMPLATES)
    two = [replace(SIGNALS[0], template="open"), replace(SIGNALS[1], template="open")]
    with pytest.raises(ValueError, match="cannot tell its signals apart"):
        ChunkDesk(TopicTable(two, [1, 2]), TEMPLATES)


@pytest.mark.parametrize(
    "entry",
    [
        "{index: i, total: n, samples: x, rate_hz: 1}",
        "{id: m, index: i, samples: x, rate_hz: 1}",
        "{id: m, index: i, total: n, last: e, samples: x, rate_hz: 1}",
        "{id: m, index: i, total: 5000, samples: x, rate_hz: 1}",
        "{id: m, index: i, total: n, samples: x}",
        "{id: m, index: i, total: n, samples: x, rate_hz: 1, colour: red}",
        "{id: m, index: 5, total: n, samples: x, rate_hz: 1}",
        "{id: m, index: i, total: n, samples: 'x.{field}', axis: a, rate_hz: 1}",
        "{id: m, index: i, total: n, samples: x, rate_hz: 1, encoding: f64}",
        "{id: [], index: i, total: n, samples: x, rate_hz: 1}",
        "{id: m, index: i, total: n, samples: x, rate_hz: 1, timeout_s: 0}",
        "5",
    ],
)
def test_a_template_that_contradicts_itself_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="chunk template"):
        load_templates(f"mine: {entry}")


def test_templates_say_where_their_names_come_from() -> None:
    assert all(template.source for template in shipped_templates().values())
    assert {name for name, template in shipped_templates().items() if template.checked} == {"forewarn"}


def test_a_plant_adds_its_own_gateway_beside_its_plant_file(tmp_path: Path) -> None:
    assert chunk_templates(tmp_path) == shipped_templates()
    (tmp_path / "chunk_templates.yaml").write_text(OPEN)
    assert chunk_templates(tmp_path) == shipped_templates() | {"open": TEMPLATES["open"]}
    (tmp_path / "chunk_templates.yaml").write_text("open: {")
    with pytest.raises(ValueError, match="not YAML"):
        chunk_templates(tmp_path)


def test_the_example_of_the_reference_is_a_piece(root: Path) -> None:
    d = desk()
    assert all_taken(d, frames("ours", [example_of(root, "Chunked waveforms")])) == []
    (taken,) = d.due(NOW_US + 60 * SECOND)
    assert taken.decoded.refused[0][1] == "measurement 'gw-7/12': 1 of 2 pieces are missing: 1"


def test_a_piece_out_of_the_quarantine_disturbs_no_open_measurement() -> None:
    first, second, third = frames("ours", pieces())
    asked, undisturbed = desk(), desk()
    for one in (asked, undisturbed):
        assert seen(all_taken(one, [first, second])) == []
    with pytest.raises(Rejected, match="without the others"):
        asked.read_again(third, NOW_US)
    assert asked.wakes_at_us == undisturbed.wakes_at_us
    assert asked.changed() == undisturbed.changed()
    assert seen(all_taken(asked, [third])) == seen(all_taken(undisturbed, [third])) != []


def test_a_measurement_of_one_piece_is_read_again_by_itself() -> None:
    (whole,) = frames("ours", pieces(sizes=(5,)))
    found = desk().read_again(whole, NOW_US)
    assert seen([found]) == seen(desk().take(whole, NOW_US))
    assert len(found.decoded.waveforms) == 2
