"""Quarantined messages read again: what can be used now is stored once, the rest stays, and the books balance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from forewarn.core.errors import Rejected
from forewarn.core.ports import Refusal
from forewarn.core.readings import SignalSpec
from forewarn.ingest.delivery import WILL, Frame
from forewarn.ingest.intake import Intake
from forewarn.ingest.refusals import QUARANTINED_BYTES
from forewarn.ingest.replay import MAX_ROWS, Wanted, choose, order_of, replay_frame
from forewarn.ingest.store.memory import MemoryStore
from tests.ingest.golden import NOW_US, SIGNALS

S = 1_000_000
HOUR = 3_600 * S
GROWN = (
    *SIGNALS,
    SignalSpec("p1", "oil", "temperature", "degC", "several", field="oil"),
    replace(SIGNALS[0], signal="new", topic="new"),
)


class Road:
    """Intake and store; the plant may grow in between."""

    def __init__(self) -> None:
        self.store, self.position, self.sent = MemoryStore(), 0, 0
        self.use(SIGNALS)

    def use(self, signals: Sequence[SignalSpec]) -> None:
        self.intake = Intake(signals, self.store.assign([spec.name for spec in signals]))
        self.intake.seed(self.store.last_values())
        self.intake.restore(self.store.memory())

    def take(self, *frames: Frame) -> None:
        self.position += 1
        taken = self.intake.take(frames)
        self.store.write(self.position, taken.readings, taken.waveforms, taken.refused, taken.notes)

    def send(self, topic: str, payload: bytes, readings: int = 1) -> None:
        self.sent += readings
        self.take(Frame(NOW_US, 1, "gw", topic, payload))

    def replay(self, wanted: Wanted, at_us: int = NOW_US + HOUR) -> list[Frame]:
        frames = choose(self.store, wanted, at_us).frames
        self.take(*frames)
        return frames

    def rows(self) -> list[tuple[int, str]]:
        return [(row.row, row.reason) for row in self.store.quarantine(1000)]

    def values(self, name: str) -> list[float]:
        return [float(v) for v in self.store.read(self.store.names()[name], 0, 2**62).value]


AHEAD_MS = (NOW_US + 600 * S) // 1000
NOW_MS = NOW_US // 1000
MESSAGES = st.one_of(
    st.builds(lambda v: ("new", json.dumps({"value": v, "ts": NOW_MS + v}).encode(), 1), st.integers(0, 9)),
    st.builds(lambda v: ("several", b'{"temp":%d,"oil":%d,"ts":%d}' % (v, v, NOW_MS + v), 2), st.integers(0, 9)),
    st.builds(lambda v: ("several", b'{"temp":%d,"oil":"x","ts":%d}' % (v, AHEAD_MS + v), 1), st.integers(0, 9)),
    st.builds(lambda v: ("plain", b'[{"value":1,"ts":%d},{"value":"x"}]' % (AHEAD_MS + v), 2), st.integers(0, 9)),
    st.builds(lambda v: ("plain", b'{"value":%d,"ts":%d}' % (v, NOW_MS), 1), st.integers(50, 52)),
    st.sampled_from([("nobody", b'{"a":1}', 1), ("plain", b"{", 1), ("wave", b"?", 1), ("new", b"{", 1)]),
)


@given(st.lists(MESSAGES, max_size=15), st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=8))
@settings(max_examples=150, deadline=None)
def test_the_books_balance_whatever_is_replayed_in_whatever_order(
    messages: list[tuple[str, bytes, int]], replays: list[tuple[bool, int]]
) -> None:
    road = Road()
    for message in messages:
        road.send(*message)
    for grown, chosen in replays:
        road.use(GROWN if grown else SIGNALS)
        rows = road.rows()
        if rows:
            road.replay(Wanted(rows=[rows[chosen % len(rows)][0]]))
        assert road.store.counts().acknowledged == road.sent
    before = {name: road.values(name) for name in road.store.names()}
    road.use(GROWN)
    every = [row for row, _ in road.rows()]
    frames = road.replay(Wanted(rows=every)) if every else []
    kept, after = road.rows(), {name: road.values(name) for name in road.store.names()}
    road.take(*frames)  # a second time: as if the command had been given twice
    assert (road.rows(), {name: road.values(name) for name in road.store.names()}) == (kept, after)
    assert road.store.counts().acknowledged == road.sent
    assert all(set(before[name]) <= set(after[name]) for name in before)


def test_a_topic_that_was_adopted_brings_its_old_messages_back() -> None:
    road = Road()
    for second in range(3):
        road.send("new", json.dumps({"value": 50 + second, "ts": NOW_MS + 1000 * second}).encode())
    road.use(GROWN)
    road.replay(Wanted(reason="unknown_topic"))
    assert road.rows() == []
    assert len(road.values("p1/new")) == 3
    counts = road.store.counts()
    assert (counts.stored, counts.quarantined, counts.replayed, counts.acknowledged) == (3, 0, 0, 3)


def test_a_reading_without_a_time_keeps_the_time_of_its_first_arrival() -> None:
    road = Road()
    road.send("new", b'{"value":50}')
    road.use(GROWN)
    road.replay(Wanted(topic="new"), at_us=NOW_US + HOUR)
    (reading,) = road.store.read(road.store.names()["p1/new"], 0, 2**62).at.tolist()
    assert reading == NOW_US


def test_a_reading_from_the_future_is_taken_once_its_time_has_come() -> None:
    road = Road()
    road.send("plain", b'{"value":50,"ts":%d}' % AHEAD_MS)
    road.replay(Wanted(reason="future"), at_us=NOW_US + 60 * S)
    assert road.rows() == [(1, "future")]
    road.replay(Wanted(reason="future"), at_us=NOW_US + HOUR)
    assert road.rows() == []
    assert len(road.values("p1/temp")) == 1


def test_of_a_message_with_two_faults_the_row_whose_reason_is_gone_may_go() -> None:
    road = Road()
    road.send("several", b'{"temp":1,"oil":2,"rpm":"x","ts":%d}' % NOW_MS, 3)
    assert {reason for _, reason in road.rows()} == {"unknown_field", "not_a_number"}
    road.use(GROWN)
    road.replay(Wanted(reason="unknown_field"))
    assert [reason for _, reason in road.rows()] == ["not_a_number"]
    assert road.store.counts().acknowledged == 3


def test_a_fault_that_only_shows_now_keeps_the_row() -> None:
    road = Road()
    road.send("new", b'{"value":"x","ts":%d}' % NOW_MS)
    road.use(GROWN)
    road.replay(Wanted(reason="unknown_topic"))
    assert road.rows() == [(1, "unknown_topic")]
    assert road.store.counts().acknowledged == 1


def test_a_will_is_no_reading_the_second_time_either() -> None:
    road = Road()
    road.take(Frame(NOW_US, 1 | WILL, "gw", "plain", b'{"value":50}'))
    assert road.rows() == [(1, "will")]
    road.replay(Wanted(reason="will"))
    assert road.rows() == [(1, "will")]
    assert road.store.counts().acknowledged == 0


def test_a_message_that_was_cut_cannot_be_read_again() -> None:
    road = Road()
    road.send("nobody", b"x" * (QUARANTINED_BYTES + 1))
    chosen = choose(road.store, Wanted(rows=[1, 99]), NOW_US)
    assert (chosen.frames, chosen.cut, chosen.missing) == ([], [1], [99])
    with pytest.raises(Rejected, match="lacks 1 bytes"):
        replay_frame(road.store.quarantine()[0], [], NOW_US)


def test_many_rows_are_taken_in_pages() -> None:
    road = Road()
    for n in range(MAX_ROWS + 5):
        road.send("new", b'{"value":50,"ts":%d}' % (NOW_MS + n))
    first = choose(road.store, Wanted(reason="unknown_topic"), NOW_US)
    assert (len(first.frames), first.go_on_before) == (MAX_ROWS, 6)
    second = choose(road.store, Wanted(reason="unknown_topic", before_row=first.go_on_before), NOW_US)
    assert (len(second.frames), second.go_on_before) == (5, None)


def test_a_request_says_which_rows() -> None:
    with pytest.raises(Rejected, match="name rows"):
        choose(MemoryStore(), Wanted(), NOW_US)
    with pytest.raises(Rejected, match="too_many_rows"):
        choose(MemoryStore(), Wanted(rows=list(range(MAX_ROWS + 1))), NOW_US)


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20), st.integers(0, 15))
def test_the_frame_of_a_replay_carries_the_whole_message(payload: bytes, topic: str, client: str, flags: int) -> None:
    row = Refusal(5, client, topic, "future", "", payload, flags=flags, row=7)
    order = order_of(replay_frame(row, ["b", "a", "b"], 9))
    assert (order.row, order.reason, order.others) == (7, "future", frozenset({"a", "b"}))
    assert order.frame == Frame(5, flags, client, topic, payload)


@pytest.mark.parametrize("payload", [b"", b"\x93", b"\xff" * 40])
def test_a_damaged_replay_frame_is_refused_and_counts_nothing(payload: bytes) -> None:
    road = Road()
    road.take(Frame(NOW_US, 1, "forewarn", "$forewarn/replay/7", payload))
    road.take(Frame(NOW_US, 1, "forewarn", "$forewarn/nonsense", payload))
    assert sorted(reason for _, reason in road.rows()) == ["bad_replay", "unknown_topic"]
    assert road.store.counts().acknowledged == 0
