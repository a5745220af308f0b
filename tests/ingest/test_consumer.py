"""From the journal to the store: goes on where it stood, repeats what was refused, counts nothing twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from forewarn.core.errors import Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.consumer import Consumer, Progress, refusal_frame, split_refusals
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import Command
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import Journal
from forewarn.ingest.store.memory import MemoryStore

NOW_US = 1_795_392_000_000_000
SPEC = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")


def frame(i: int, topic: str = "plant/p1/temp") -> Frame:
    payload = json.dumps({"value": 20 + i, "ts": (NOW_US + i * 1_000_000) // 1000}).encode()
    return Frame(NOW_US + i * 1_000_000, 1, "gw", topic, payload)


class Reluctant(MemoryStore):
    """A store that refuses so many times, or breaks for good."""

    def __init__(self, refusals: int = 0, fatal: Exception | None = None) -> None:
        super().__init__()
        self.refusals, self.fatal, self.writes = refusals, fatal, 0
        self.refused = threading.Event()

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        self.writes += 1
        if self.fatal is not None:
            raise self.fatal
        if self.refusals:
            self.refusals -= 1
            self.refused.set()
            raise Retriable("the disk is full")
        super().write(position, readings, waveforms, refused, notes)


def consumer_of(journal: Journal, store: MemoryStore, fatal: list[BaseException] | None = None) -> Consumer:
    intake = Intake([SPEC], store.assign([SPEC.name]))
    errors: list[BaseException] = [] if fatal is None else fatal
    return Consumer(journal, intake, store, errors.append)


def consume(journal: Journal, store: MemoryStore) -> None:
    """Everything that is durable now."""
    consumer = consumer_of(journal, store)
    consumer.start()
    consumer.stop()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def values(store: MemoryStore) -> list[float]:
    return [float(v) for v in store.read(store.names()[SPEC.name], 0, 2**62).value]


def test_everything_durable_is_stored_before_a_stop_returns(journal: Journal) -> None:
    store = MemoryStore()
    for i in range(50):
        journal.append([frame(i)])
    consume(journal, store)
    assert values(store) == [20 + i for i in range(50)]
    assert store.position == journal.end
    journal.close()


def test_what_is_appended_while_it_runs_is_stored_when_it_is_woken(journal: Journal) -> None:
    store = MemoryStore()
    consumer = consumer_of(journal, store)
    consumer.start()
    for i in range(5):
        journal.append([frame(i)])
        consumer.wake()
    while store.position < journal.end:
        threading.Event().wait(0.005)
    consumer.stop()
    assert len(values(store)) == 5
    journal.close()


def test_after_a_restart_it_goes_on_at_the_position_of_the_store(journal: Journal, tmp_path: Path) -> None:
    store = Reluctant()
    journal.append([frame(0), frame(1)])
    consume(journal, store)
    journal.append([frame(2)])
    journal.close()
    again = Journal(tmp_path / "journal")
    again.append([frame(3)])
    consume(again, store)
    assert values(store) == [20, 21, 22, 23]
    assert store.counts().duplicates == 0
    again.close()


def test_frames_that_a_crash_made_it_read_twice_are_stored_once(journal: Journal) -> None:
    store, lost = MemoryStore(), MemoryStore()
    journal.append([frame(0), frame(1)])
    consume(journal, lost)  # died before its store was durable
    consume(journal, store)
    consumer = consumer_of(journal, store)
    consumer._next = 0  # as if the position had not been written yet
    consumer.start()
    consumer.stop()
    counts = store.counts()
    assert (counts.stored, counts.duplicates, counts.conflicts) == (2, 0, 0)
    journal.close()


def test_a_store_that_cannot_write_for_now_is_asked_again_and_nothing_is_lost(journal: Journal) -> None:
    store = Reluctant(refusals=3)
    journal.append([frame(0), frame(1)])
    consumer = consumer_of(journal, store)
    consumer.start()
    journal.append([frame(2)])
    consumer.wake()
    while store.position < journal.end:
        threading.Event().wait(0.01)
    consumer.stop()
    assert values(store) == [20, 21, 22]
    assert store.counts().acknowledged == 3
    journal.close()


def test_a_stop_does_not_wait_for_a_store_that_never_takes_anything(journal: Journal) -> None:
    store = Reluctant(refusals=10**9)
    journal.append([frame(0)])
    consumer = consumer_of(journal, store)
    consumer.start()
    store.refused.wait()
    consumer.stop()
    assert not consumer._thread.is_alive()
    store.refusals = 0
    consume(journal, store)
    assert values(store) == [20]
    journal.close()


def test_what_the_front_door_turned_away_becomes_a_quarantine_row_that_counts_no_reading(journal: Journal) -> None:
    store = MemoryStore()
    note = refusal_frame(NOW_US, "meter-9", "plant/\x00bad", "topic_not_allowed", 12)
    journal.append([frame(0), note, frame(1)])
    consume(journal, store)
    (row,) = store.quarantine()
    assert (row.reason, row.source, row.topic, row.readings) == ("topic_not_allowed", "meter-9", "plant/\x00bad", 0)
    assert "never acknowledged" in row.detail
    assert "12 bytes" in row.detail
    assert store.counts().acknowledged == 2
    journal.close()


def test_a_message_of_an_unknown_topic_is_counted_and_the_stream_goes_on(journal: Journal) -> None:
    store = MemoryStore()
    journal.append([frame(0, "plant/nobody"), frame(1)])
    consume(journal, store)
    counts = store.counts()
    assert (counts.stored, counts.quarantined, counts.acknowledged) == (1, 1, 2)
    journal.close()


def test_frames_without_notes_are_passed_on_as_they_are() -> None:
    frames = [frame(0), frame(1)]
    kept, notes = split_refusals(frames)
    assert kept is frames
    assert notes == []


def test_an_error_that_waiting_does_not_cure_is_reported_once_and_ends_the_thread(journal: Journal) -> None:
    broken, fatal = OSError(5, "Input/output error"), list[BaseException]()
    store = Reluctant(fatal=broken)
    journal.append([frame(0)])
    consumer = consumer_of(journal, store, fatal)
    consumer.start()
    consumer._thread.join()
    assert fatal == [broken]
    assert store.writes == 1
    journal.close()


def test_segments_that_the_store_has_are_given_back_to_the_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "small", segment_bytes=65_536)
    store = MemoryStore()
    for start in range(0, 6_000, 500):
        journal.append([frame(start + i) for i in range(500)])
    consume(journal, store)
    assert journal.start > 0
    assert store.counts().acknowledged == 6_000
    journal.close()


class Lazy(MemoryStore):
    """A store whose position follows at a flush, as that of the embedded one does."""

    flushed = 0

    @property
    def position(self) -> int:
        return self.flushed

    def flush(self) -> None:
        self.flushed = super().position


def fill(journal: Journal, messages: int) -> None:
    for start in range(0, messages, 500):
        journal.append([frame(start + i) for i in range(500)])


def test_a_journal_that_was_full_takes_more_once_the_store_has_caught_up(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "small", segment_bytes=65_536, limit_bytes=262_144)
    with pytest.raises(Retriable):
        fill(journal, 60_000)
    consume(journal, Lazy())
    assert journal.append([frame(60_000 + i) for i in range(500)]) == journal.end
    journal.close()


def numbered(i: int) -> Frame:
    payload = json.dumps({"value": 20 + i, "ts": (NOW_US + i * 1_000_000) // 1000, "seq": i}).encode()
    return Frame(NOW_US + i * 1_000_000, 1, "gw", SPEC.topic, payload)


def test_senders_are_told_only_after_the_store_has_taken_the_batch(journal: Journal) -> None:
    store, told = Reluctant(refusals=2), list[tuple[int, int]]()
    intake = Intake([SPEC], store.assign([SPEC.name]))

    def hear(commands: Sequence[Command]) -> None:
        told.extend((store.position, json.loads(command.payload)["seq"]) for command in commands)

    journal.append([numbered(1), numbered(2)])
    consumer = Consumer(journal, intake, store, lambda _: None, on_commands=hear)
    consumer.start()
    while store.position < journal.end:
        threading.Event().wait(0.005)
    consumer.stop()
    assert told == [(journal.end, 2)]
    journal.close()


def test_what_the_store_remembers_is_gone_on_with_after_a_restart(journal: Journal) -> None:
    store = MemoryStore()
    journal.append([numbered(1), numbered(4)])
    consume(journal, store)
    journal.append([numbered(2), numbered(3)])
    consume(journal, store)
    assert store.gaps() == []
    assert store.counts().stored == 4
    journal.close()


def test_another_plant_is_taken_up_between_two_batches_and_nothing_is_forgotten(journal: Journal) -> None:
    store = MemoryStore()
    consumer = consumer_of(journal, store)
    consumer.start()
    journal.append([numbered(1), numbered(3), frame(5, "plant/p1/new")])
    consumer.wake()
    grown = [SignalSpec("p1", "new", "temperature", "degC", "plant/p1/new"), SPEC]

    def swap() -> None:
        consumer.replace_intake(Intake(grown, store.assign([spec.name for spec in grown])))

    while store.position < journal.end:
        threading.Event().wait(0.005)
    consumer.between_batches(swap).result()
    journal.append([numbered(2), frame(6, "plant/p1/new")])
    consumer.stop()
    assert (store.counts().stored, store.counts().quarantined, store.gaps()) == (4, 1, [])
    assert store.read(store.names()["p1/temp"], 0, 2**62).quality.tolist() == [0, 16, 0]  # the newest is still known
    journal.close()


def test_a_job_that_fails_tells_whoever_asked_and_stops_nothing(journal: Journal) -> None:
    store = MemoryStore()
    consumer = consumer_of(journal, store)
    consumer.start()
    with pytest.raises(ZeroDivisionError):
        consumer.between_batches(lambda: 1 // 0).result()
    assert consumer.between_batches(lambda: 7).result() == 7
    journal.append([frame(0)])
    consumer.stop()
    assert values(store) == [20]
    assert consumer.progress == Progress(journal.end, 0, None)
    journal.close()
