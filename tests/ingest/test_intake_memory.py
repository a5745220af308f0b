"""What an intake remembers between batches: desks, gaps, strangers. Cut and restarted anywhere, it decides the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import TICK_TOPIC, Command, Taken
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.intake import Intake
from forewarn.ingest.store.memory import MemoryStore
from forewarn.ingest.topics import TopicTable
from tests.ingest.golden import NOW_US, SIGNALS

S = 1_000_000
HALF = SignalSpec("p1", "sum", "temperature", "degC", "sums/p1", format="sums")
PLANT = (*SIGNALS, HALF)
PATIENCE_US = 10 * S


class Sums:
    """A small desk for these tests: a value comes in two messages, and their sum is the reading, on account of the
    first; a half without its other half is refused after ten seconds."""

    kinds = frozenset({"sums"})
    prefix = "halves/"

    def __init__(self, topics: TopicTable) -> None:
        self._topics = topics
        self._held: dict[str, Frame] = {}
        self._changed: dict[str, bytes | None] = {}
        self._said: list[Command] = []

    def take(self, frame: Frame, now_us: int) -> Sequence[Taken]:
        if frame.payload == b"bad":
            raise Rejected("bad_half", "neither half")
        if frame.payload == b"bug":
            raise ZeroDivisionError
        first = self._held.pop(frame.topic, None)
        self._changed["sums:" + frame.topic] = (
            None if first else json.dumps([*frame[:4], frame.payload.decode()]).encode()
        )
        if first is None:
            self._held[frame.topic] = frame
            return []
        binding = self._topics.find(frame.topic)
        if binding is None:
            return [Taken(first, Decoded(refused=[("not_named", "")])), Taken(frame, Decoded())]
        row, value = binding.only.row, float(first.payload) + float(frame.payload)
        return [Taken(first, Decoded([row], [first.received_at_us], [value], [0]))]

    def read_again(self, frame: Frame, now_us: int) -> Taken:
        raise Rejected("half", "a half is nothing by itself")

    def due(self, now_us: int) -> Sequence[Taken]:
        late = [frame for frame in self._held.values() if frame.received_at_us + PATIENCE_US <= now_us]
        for frame in late:
            del self._held[frame.topic]
            self._changed["sums:" + frame.topic] = None
            self._said.append(Command("forewarn/sums", frame.topic.encode()))
        return [Taken(frame, Decoded(refused=[("other_half_missing", "")])) for frame in late]

    @property
    def wakes_at_us(self) -> int | None:
        return min((frame.received_at_us + PATIENCE_US for frame in self._held.values()), default=None)

    def commands(self) -> list[Command]:
        said, self._said = self._said, []
        return said

    def changed(self) -> Mapping[str, bytes | None]:
        changed, self._changed = self._changed, {}
        return changed

    def restore(self, memory: Mapping[str, bytes]) -> None:
        for key, row in memory.items():
            if key.startswith("sums:"):
                at, flags, client, topic, payload = json.loads(row)
                self._held[topic] = Frame(at, flags, client, topic, payload.encode())


class Road:
    """Intake and store, as a consumer joins them."""

    def __init__(self, signals: Sequence[SignalSpec] = PLANT) -> None:
        self.store, self.signals, self.position = MemoryStore(), signals, 0
        self.intake = self._fresh()

    def _fresh(self) -> Intake:
        found = Intake(self.signals, self.store.assign([spec.name for spec in self.signals]), desks=[Sums])
        found.seed(self.store.last_values())
        found.restore(self.store.memory())
        return found

    def restart(self, signals: Sequence[SignalSpec] | None = None) -> None:
        self.signals = signals or self.signals
        self.intake = self._fresh()

    def take(self, *frames: Frame) -> None:
        self.position += 1
        taken = self.intake.take(frames)
        self.store.write(self.position, taken.readings, taken.waveforms, taken.refused, taken.notes)

    def outcome(self) -> dict[str, Any]:
        """Everything that must not depend on where batches end."""
        store = self.store
        readings = [store.read(number, 0, 2**62) for number in store.names().values()]
        return {
            "readings": [list(zip(r.at.tolist(), r.value.tolist(), r.quality.tolist(), strict=True)) for r in readings],
            "refused": Counter(replace(refusal, row=0) for refusal in store.quarantine(10_000)),
            "gaps": set(store.gaps(10_000)),
            "sources": [(s.source, s.messages, s.qos0, s.without_time, s.without_sequence) for s in store.sources()],
            "places": Counter({(place.topic, place.field): place.count for place in store.places(10_000)}),
            "memory": dict(store.memory()),
            "counts": store.counts(),
        }


def frame(topic: str, payload: bytes, second: int = 0, client: str = "gw", flags: int = 1) -> Frame:
    return Frame(NOW_US + second * S, flags, client, topic, payload)


def counted(seq: int, second: int, **more: object) -> Frame:
    message = {"value": 50 + second, "ts": (NOW_US + second * S) // 1000, "seq": seq, **more}
    return frame("plain", json.dumps(message).encode(), second)


PAYLOADS = st.one_of(
    st.builds(lambda v: ("plain", b'{"value":%d,"ts":1795392000000}' % v), st.integers(50, 60)),
    st.builds(lambda s: ("plain", b'{"value":1,"ts":1795391000000,"seq":%d,"boot":"b"}' % s), st.integers(0, 30)),
    st.builds(lambda s: ("several", b'{"temp":1,"seq":%d,"device":"gw-3"}' % s), st.integers(0, 30)),
    st.builds(lambda n: (f"nobody/{n}", b"21.5"), st.integers(0, 3)),
    st.builds(lambda v: ("sums/p1", b"%d" % v), st.integers(0, 9)),
    st.builds(lambda v: ("halves/x", b"%d" % v), st.integers(0, 9)),
    st.sampled_from([("sums/p1", b"bad"), ("sums/p1", b"bug"), ("plain", b"{"), (TICK_TOPIC, b"")]),
    st.just(("plain", b'{"value":1,"ts":1795392600000}')),  # ten minutes ahead of the first arrival
)
STREAMS = st.lists(st.tuples(PAYLOADS, st.integers(0, 7)), max_size=40)


@given(STREAMS, st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40), max_size=5))
@settings(max_examples=150, deadline=None)
def test_where_batches_end_and_the_process_dies_decides_nothing(
    stream: list[tuple[tuple[str, bytes], int]], ends: set[int], deaths: set[int]
) -> None:
    frames, second = list[Frame](), 0
    for (topic, payload), pause in stream:
        second += pause
        frames.append(frame(topic, payload, second, flags=second % 2))
    whole, parts = Road(), Road()
    whole.take(*frames)
    waiting: list[Frame] = []
    for place, one in enumerate(frames):
        waiting.append(one)
        if place in ends | deaths or place == len(frames) - 1:
            parts.take(*waiting)
            waiting = []
        if place in deaths:
            parts.restart()
    assert parts.outcome() == whole.outcome()


# ---- desks


def test_a_reading_of_a_desk_stands_on_account_of_the_frame_that_it_names() -> None:
    road = Road()
    road.take(frame("sums/p1", b"20", flags=0))
    road.restart()
    road.take(frame("sums/p1", b"1.5", 3, flags=1))
    (series,) = [road.store.read(road.store.names()["p1/sum"], 0, 2**62)]
    assert (series.at.tolist(), series.value.tolist(), series.quality.tolist()) == ([NOW_US], [21.5], [64])
    assert road.intake.wakes_at_us is None


def test_a_tick_lets_a_desk_finish_what_waited_for_nothing() -> None:
    road = Road()
    road.take(frame("sums/p1", b"20"))
    assert road.intake.wakes_at_us == NOW_US + PATIENCE_US
    road.take(frame(TICK_TOPIC, b"", 9))
    assert road.store.counts().acknowledged == 0
    road.take(frame(TICK_TOPIC, b"", 10))
    (row,) = road.store.quarantine()
    assert (row.reason, row.topic, row.payload, row.received_at_us) == ("other_half_missing", "sums/p1", b"20", NOW_US)
    assert road.intake.commands() == [Command("forewarn/sums", b"sums/p1")]
    assert road.intake.commands() == []


def test_a_bug_in_a_desk_costs_one_message(caplog: pytest.LogCaptureFixture) -> None:
    road = Road()
    road.take(frame("sums/p1", b"1"), frame("sums/p1", b"bug"), frame("sums/p1", b"2"))
    assert [row.reason for row in road.store.quarantine()] == ["decoder_error"]
    assert road.store.counts().stored == 1
    assert "sums/p1" in caplog.text


def test_a_desk_claims_its_prefix_also_where_the_plant_file_names_nothing() -> None:
    road = Road()
    road.take(frame("halves/x", b"1"), frame("halves/x", b"2"))
    assert [row.reason for row in road.store.quarantine()] == ["not_named"]
    assert road.store.places() == []


# ---- what senders count


def test_lost_messages_are_gaps_until_they_come() -> None:
    road = Road()
    road.take(counted(1, 1), counted(5, 5))
    road.restart()
    (gap,) = road.store.gaps()
    assert (gap.stream, gap.first, gap.last, gap.noticed_at_us) == ("plain", 2, 4, NOW_US + 5 * S)
    road.take(*(counted(n, n) for n in (3, 2, 4)))
    assert road.store.gaps() == []


def test_senders_hear_up_to_where_they_are_stored_at_most_once_a_second() -> None:
    road = Road()
    road.take(counted(1, 0), counted(2, 0))
    (told,) = road.intake.commands()
    assert (told.topic, told.retain) == ("forewarn/watermark/plain", True)
    assert json.loads(told.payload) == {"stream": "plain", "boot": "", "seq": 2, "ts": NOW_US // 1000}
    road.take(replace_at(counted(3, 0), 900_000))
    assert road.intake.commands() == []
    assert road.intake.wakes_at_us == NOW_US + S
    road.take(frame(TICK_TOPIC, b"", 1))
    assert json.loads(road.intake.commands()[0].payload)["seq"] == 3
    road.take(counted(5, 2), counted(6, 3))
    assert road.intake.commands() == []  # 4 is missing: nothing new is contiguous
    assert road.intake.wakes_at_us is None


def replace_at(one: Frame, later_us: int) -> Frame:
    return one._replace(received_at_us=one.received_at_us + later_us)


def test_after_a_start_every_stream_is_told_again() -> None:
    road = Road()
    road.take(counted(1, 0, device="gw-1"), counted(9, 0, device="gw 2"))
    road.intake.commands()
    road.restart()
    assert road.intake.wakes_at_us == 0
    road.take(frame(TICK_TOPIC, b""))
    assert sorted(told.topic for told in road.intake.commands()) == [
        "forewarn/watermark/gw%202",
        "forewarn/watermark/gw-1",
    ]


def test_a_message_that_names_another_machine_as_its_sender_is_not_believed() -> None:
    signals = [replace(SIGNALS[0], asset=asset, topic=f"site/{asset}/temp") for asset in ("pump-1", "pump-2")]
    road = Road(signals)
    counts: tuple[dict[str, object], ...] = ({"seq": 1}, {"seq": "one"}, {"seq": -1}, {})
    for number, seq in enumerate(counts):
        message = {"value": 50, "ts": NOW_US // 1000 + number} | seq
        for topic, device in (("pump-1", "pump-2"), ("pump-1", "pump-1"), ("pump-2", "gw")):
            road.take(frame(f"site/{topic}/temp", json.dumps({**message, "device": device}).encode()))
    found = [(row.reason, row.topic, row.readings) for row in road.store.quarantine()]
    assert found == [("identity_mismatch", "site/pump-1/temp", 1)] * 4
    assert road.store.counts().stored == 8


def test_a_message_of_several_fields_that_names_another_machine_is_not_believed() -> None:
    signals = [replace(SIGNALS[0], asset=asset, topic=f"site/{asset}/all", field="a") for asset in ("pump-1", "pump-2")]
    road = Road(signals)
    message = {"values": {"a": 50}, "ts": NOW_US // 1000, "device": "pump-2"}
    road.take(frame("site/pump-1/all", json.dumps(message).encode()))
    road.take(frame("site/pump-2/all", json.dumps(message).encode()))
    assert [row.reason for row in road.store.quarantine()] == ["identity_mismatch"]
    assert road.store.counts().stored == 1


# ---- senders and strangers


def test_what_each_sender_did_is_counted() -> None:
    road = Road()
    ahead = json.dumps({"value": 50, "ts": (NOW_US + 400 * S) // 1000}).encode()
    behind = json.dumps({"value": 50, "ts": (NOW_US - 3 * S) // 1000, "seq": 1}).encode()
    road.take(
        frame("plain", ahead, client="fast"),
        frame("plain", behind, client="slow"),
        frame("plain", behind, 1, client="slow", flags=0),
        frame("plain", b'{"value":50}', client="dumb"),
        frame("nobody", b"x", client="lost"),
        frame(TICK_TOPIC, b""),
    )
    seen = {s.source: (s.messages, s.qos0, s.without_time, s.without_sequence, s.skew_us) for s in road.store.sources()}
    assert seen == {
        "fast": (1, 0, 0, 1, -400 * S),
        "slow": (2, 1, 0, 0, 3 * S),
        "dumb": (1, 0, 1, 1, None),
        "lost": (1, 0, 0, 0, None),
    }
    assert [row.reason for row in road.store.quarantine() if row.source == "fast"] == ["future"]


def test_numbers_of_strangers_are_offered_for_adoption() -> None:
    road = Road()
    road.take(frame("new/temp", b"20"), frame("new/temp", b"21.5", 1), frame("new/env", b'{"a":{"t":1.5},"ok":true}'))
    road.take(frame("several", b'{"temp":1,"rpm":2,"oil":3.5,"ts":1795392000000}'))
    places = {(place.topic, place.field): (place.value, place.count) for place in road.store.places()}
    assert places == {("new/temp", ""): (21.5, 2), ("new/env", "a.t"): (1.5, 1), ("several", "oil"): (3.5, 1)}


def test_a_sender_that_makes_up_a_topic_for_every_message_fills_no_list() -> None:
    road = Road()
    road.take(*(frame(f"x/{n}", b"1", client="bomb") for n in range(150)), frame("good/one", b"1"))
    road.restart()
    road.take(*(frame(f"x/{n}", b"1", client="bomb") for n in range(150, 400)), frame("good/two", b"1"))
    reasons = Counter(row.reason for row in road.store.quarantine(1000))
    assert reasons == {"unknown_topic": 202, "too_many_series": 200}
    assert len(road.store.places(1000)) == 202
    road.take(frame("x/1", b"1", client="bomb"), frame("x/399", b"1", 7 * 86_400, client="bomb"))
    assert [row.reason for row in road.store.quarantine(2)] == ["unknown_topic"] * 2


def test_a_hundred_per_cent_of_bad_messages_stop_nothing() -> None:
    road = Road()
    bad = [b"{", b"", b"\xff", b'{"value":NaN}', b"[" * 1000, b'{"value":"x"}', b'{"value":1,"ts":5}', b"null"]
    for second in range(50):
        road.take(*(frame("plain", payload, second) for payload in bad), frame("sums/p1", b"bad", second))
    road.take(*(counted(n, n) for n in range(60)))
    counts = road.store.counts()
    assert (counts.stored, counts.quarantined) == (60, 50 * (len(bad) + 1))
    assert counts.acknowledged == 60 + 50 * (len(bad) + 1)
