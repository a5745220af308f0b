"""What every store promises about delivery: quarantine, replays, gaps, senders, places. The twin and the real one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.ports import Refusal, SeriesWriter, StoreReader
from forewarn.core.readings import Readings
from forewarn.core.telemetry import NO_NOTES, Gap, Notes, Replayed, Sighting, SourceSeen
from forewarn.ingest.store import book_tables
from forewarn.ingest.store.memory import MemoryStore
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader

NOW_US = 1_795_392_000_000_000


class Reader(StoreReader, Protocol):
    """What the ingest process also asks."""

    def refusal(self, row: int) -> Refusal | None: ...


@dataclass
class Store:
    writer: SeriesWriter
    reader: Reader
    position: int = field(default=0)

    def put(
        self, refused: list[Refusal] | None = None, notes: Notes = NO_NOTES, readings: Readings | None = None
    ) -> None:
        self.position += 10
        self.writer.write(self.position, readings or Readings.empty(), [], refused or [], notes)
        self.writer.flush()


@pytest.fixture(params=["memory", "packed"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Store]]:
    """Opens an empty store with room for five refusals each time it is called."""
    made: list[PackedStore] = []

    def open_empty() -> Store:
        if request.param == "memory":
            twin = MemoryStore(quarantine_rows=5)
            return Store(twin, twin)
        folder = tmp_path_factory.mktemp("store")
        made.append(PackedStore(folder, quarantine_rows=5))
        return Store(made[-1], PackedReader(folder))

    yield open_empty
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


def refusal(n: int, reason: str = "bad_json", topic: str = "plant/x", readings: int = 1) -> Refusal:
    return Refusal(NOW_US + n, f"gw-{n}", topic, reason, f"at byte {n}", b'{"v":%d' % n, readings, 5)


def test_a_new_book_is_empty(store: Store) -> None:
    reader = store.reader
    assert not any([reader.quarantine(), reader.quarantine_summary(), reader.gaps(), reader.places(), reader.sources()])
    assert store.writer.memory() == {}
    assert reader.refusal(1) is None


def test_a_refusal_is_kept_whole_and_numbered(store: Store) -> None:
    store.put([refusal(1), refusal(2, readings=7)])
    newest, oldest = store.reader.quarantine()
    assert (newest.row, newest.readings, newest.payload, newest.flags, newest.cut_bytes) == (2, 7, b'{"v":2', 5, 0)
    assert store.reader.refusal(oldest.row) == oldest
    assert store.reader.counts().quarantined == 8


def test_the_quarantine_is_read_in_pages_and_searched(store: Store) -> None:
    store.put([refusal(n, "bad_time" if n % 2 else "bad_json", f"plant/50%_{n}") for n in range(5)])
    pages = [store.reader.quarantine(2, before_row=before) for before in (None, 4, 2)]
    assert [[r.row for r in page] for page in pages] == [[5, 4], [3, 2], [1]]
    assert [r.row for r in store.reader.quarantine(reason="bad_time")] == [4, 2]
    assert [r.row for r in store.reader.quarantine(search="PLANT/50%_3")] == [4]
    assert [r.row for r in store.reader.quarantine(search="gw-0")] == [1]
    assert [r.row for r in store.reader.quarantine(search="byte 2")] == [3]
    assert store.reader.quarantine(search="50__") == [], "a percent sign or underscore is a letter like any other"


def test_what_leaves_a_full_quarantine_stays_in_the_summary(store: Store) -> None:
    for n in range(8):
        store.put([refusal(n, "bad_time" if n < 2 else "bad_json", readings=10)])
    by_reason = {one.reason: one for one in store.reader.quarantine_summary()}
    assert by_reason["bad_time"].rows == 0
    assert by_reason["bad_time"].summarised == 20
    assert by_reason["bad_json"].newest_at_us == NOW_US + 7
    assert sum(one.readings + one.summarised for one in by_reason.values()) == 80
    assert store.reader.counts().acknowledged == 80


def test_a_replayed_message_leaves_the_quarantine_and_the_books_balance(store: Store) -> None:
    (number,) = store.writer.assign(["p1/temp"])
    store.put([refusal(1, "unknown_field", readings=1)], readings=Readings.of([number], [NOW_US], [1.0]))
    again = Readings.of([number, number], [NOW_US, NOW_US + 1], [1.0, 2.0])
    store.put(notes=Notes(replays=[Replayed(1, accepted=2, released=True)]), readings=again)
    counts = store.reader.counts()
    assert (counts.stored, counts.duplicates, counts.quarantined, counts.replayed) == (2, 1, 0, 1)
    assert counts.acknowledged == 2
    assert store.reader.quarantine() == []


def test_a_second_replay_of_the_same_message_changes_no_sum(store: Store) -> None:
    (number,) = store.writer.assign(["p1/temp"])
    store.put([refusal(1)])
    for _ in range(2):
        replay = Notes(replays=[Replayed(1, accepted=1, released=True)])
        store.put(notes=replay, readings=Readings.of([number], [NOW_US], [2.0]))
    counts = store.reader.counts()
    assert (counts.stored, counts.duplicates, counts.replayed, counts.acknowledged) == (1, 1, 1, 1)


def test_a_replay_that_was_refused_again_leaves_its_row(store: Store) -> None:
    store.put([refusal(1)])
    store.put(notes=Notes(replays=[Replayed(1, accepted=0, released=False)]))
    assert [r.row for r in store.reader.quarantine()] == [1]
    assert store.reader.counts().acknowledged == 1


def test_gaps_are_opened_closed_and_what_is_left_is_opened_anew(store: Store) -> None:
    whole = Gap("plant/p1", "b1", 5, 9, NOW_US)
    store.put(notes=Notes(gaps_opened=[whole, Gap("plant/p2", "", 1, 1, NOW_US + 5)]))
    left = [Gap("plant/p1", "b1", 5, 6, NOW_US), Gap("plant/p1", "b1", 8, 9, NOW_US)]
    store.put(notes=Notes(gaps_closed=[whole], gaps_opened=left))
    assert store.reader.gaps() == [Gap("plant/p2", "", 1, 1, NOW_US + 5), *left]
    assert store.reader.gaps(limit=1) == [Gap("plant/p2", "", 1, 1, NOW_US + 5)]


def test_senders_add_up_and_their_clock_error_is_smoothed(store: Store) -> None:
    store.put(notes=Notes(sources=[SourceSeen("gw", NOW_US, 10, qos0=4, without_time=1, skew_us=None)]))
    store.put(notes=Notes(sources=[SourceSeen("gw", NOW_US + 5, 2, without_sequence=2, skew_us=1000)]))
    store.put(notes=Notes(sources=[SourceSeen("gw", NOW_US + 9, 1, skew_us=2000), SourceSeen("other", NOW_US, 1)]))
    first, second = store.reader.sources()
    assert (first.source, first.first_at_us, first.last_at_us) == ("gw", NOW_US, NOW_US + 9)
    assert (first.messages, first.qos0, first.without_time, first.without_sequence) == (13, 4, 1, 2)
    assert first.skew_us == 1200
    assert second.skew_us is None


def test_places_remember_how_often_they_were_seen_and_their_range(store: Store) -> None:
    store.put(notes=Notes(sightings=[Sighting("a/b", "t", "gw", NOW_US, 5.0, '{"t":5}')]))
    store.put(notes=Notes(sightings=[Sighting("a/b", "t", "gw2", NOW_US + 9, 2.0, '{"t":2}', count=3)]))
    (place,) = store.reader.places()
    assert (place.count, place.low, place.high, place.value, place.source) == (4, 2.0, 5.0, 2.0, "gw2")
    assert (place.first_at_us, place.last_at_us, place.sample) == (NOW_US, NOW_US + 9, '{"t":2}')


def test_what_decoders_remember_is_replaced_and_forgotten_by_key(store: Store) -> None:
    store.put(notes=Notes(memory={"a": b"1", "b": b"2"}))
    store.put(notes=Notes(memory={"a": b"3", "b": None, "never": None}))
    assert store.writer.memory() == {"a": b"3"}


def test_what_decoders_remember_is_read_by_the_beginning_of_the_key(store: Store) -> None:
    rows = {"node/a": b"1", "node/ü%": b"2", "nodes": b"3", "nod": b"4", "node/": b"5"}
    store.put(notes=Notes(memory={**rows}))
    assert store.reader.memory() == rows
    assert store.reader.memory("node/") == {"node/a": b"1", "node/ü%": b"2", "node/": b"5"}
    assert store.reader.memory("x") == {}


def test_a_batch_that_comes_again_is_noted_once(store: Store) -> None:
    seen = Notes(sources=[SourceSeen("gw", NOW_US, 1)], sightings=[Sighting("a", "", "gw", NOW_US, 1.0, "1")])
    for _ in range(2):
        store.writer.write(50, Readings.empty(), [], [refusal(1)], seen)
        store.writer.flush()
    assert store.reader.sources()[0].messages == store.reader.places()[0].count == 1
    assert store.reader.counts().quarantined == 1


def test_half_a_surrogate_pair_in_a_name_is_stored(store: Store) -> None:
    broken = "gw\ud800"
    notes = Notes(
        sources=[SourceSeen(broken, NOW_US, 1)],
        sightings=[Sighting(broken, broken, broken, NOW_US, 1.0, broken)],
        gaps_opened=[Gap(broken, broken, 1, 2, NOW_US)],
    )
    store.put([Refusal(NOW_US, broken, broken, "bad_encoding", broken, b"")], notes)
    assert len(store.reader.sources()) == len(store.reader.places()) == len(store.reader.gaps()) == 1


SEEN = st.builds(
    SourceSeen, st.sampled_from("ab"), st.integers(0, 50), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2),
    st.integers(0, 2), st.none() | st.integers(-500, 500),
)  # fmt: skip
SIGHTING = st.builds(
    Sighting, st.sampled_from("xy"), st.sampled_from(["", "f"]), st.just("gw"), st.integers(0, 50),
    st.floats(-9, 9), st.sampled_from(["s1", "s2"]), st.integers(1, 3),
)  # fmt: skip
BATCH = st.tuples(st.lists(SEEN, max_size=1), st.lists(SIGHTING, max_size=2), st.integers(0, 3))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BATCH, max_size=6))
def test_both_stores_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[list[SourceSeen], list[Sighting], int]]
) -> None:
    folder, twin = tmp_path_factory.mktemp("store"), MemoryStore(quarantine_rows=5)
    real = PackedStore(folder, quarantine_rows=5)
    for n, (sources, sightings, refused) in enumerate(batches):
        for one in (twin, real):
            notes = Notes(sources=sources, sightings=sightings)
            one.write(n + 1, Readings.empty(), [], [refusal(k) for k in range(refused)], notes)
            one.flush()
    reader = PackedReader(folder)
    assert reader.sources() == twin.sources()
    assert reader.places() == twin.places()
    assert reader.counts().acknowledged == twin.counts().acknowledged
    reader.close()
    real.close()


def test_places_and_senders_with_random_names_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_tables, "PLACES_LIMIT", 10)
    monkeypatch.setattr(book_tables, "SOURCES_LIMIT", 10)
    store = Store(PackedStore(tmp_path), PackedReader(tmp_path))
    for n in range(50):
        seen = SourceSeen(f"gw-{n}", NOW_US + n, 1)
        store.put(notes=Notes(sources=[seen], sightings=[Sighting(f"t/{n}", "", "gw", NOW_US + n, 1.0, "1")]))
    assert len(store.reader.sources()) <= 10
    assert "t/49" in {place.topic for place in store.reader.places()}
    store.writer.close()


def test_the_payload_of_a_huge_message_is_cut_and_says_so(tmp_path: Path) -> None:
    store = Store(PackedStore(tmp_path), PackedReader(tmp_path))
    store.put([Refusal(NOW_US, "gw", "t", "too_big_unpacked", "", b"x" * (book_tables.PAYLOAD_BYTES + 5))])
    (kept,) = store.reader.quarantine()
    assert (len(kept.payload), kept.cut_bytes) == (book_tables.PAYLOAD_BYTES, 5)
    store.writer.close()


FIRST_VERSION = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL,
  sequence INTEGER NOT NULL, quarantine_rows INTEGER NOT NULL, quarantine_bytes INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1, 40, 4, 1, 210);
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO series VALUES (1, 'p1/temp');
CREATE TABLE last (series INTEGER PRIMARY KEY, at INTEGER NOT NULL, value REAL NOT NULL, quality INTEGER NOT NULL,
  sequence INTEGER NOT NULL);
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, source TEXT NOT NULL,
  topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, payload BLOB NOT NULL, readings INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
INSERT INTO quarantine VALUES (7, 5, 'gw', 't', 'bad_json', 'd', x'7b', 3, 210);
CREATE TABLE summary (reason TEXT PRIMARY KEY, refusals INTEGER NOT NULL, readings INTEGER NOT NULL,
  newest_at INTEGER NOT NULL);
INSERT INTO summary VALUES ('future', 2, 9, 4);
"""


def test_a_catalogue_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "catalogue.db")
    db.executescript(FIRST_VERSION)
    db.close()
    reader = PackedReader(tmp_path)
    assert reader.quarantine() == [], "until its writer has been there"
    store = Store(PackedStore(tmp_path), reader, position=40)
    store.put([refusal(1)])
    assert [(r.row, r.payload, r.readings) for r in reader.quarantine()] == [(8, b'{"v":1', 1), (7, b"{", 3)]
    assert (reader.counts().quarantined, reader.counts().summarised) == (4, 9)
    assert reader.names() == {"p1/temp": 1}
    store.writer.close()


def test_a_catalogue_of_a_newer_forewarn_is_refused(tmp_path: Path) -> None:
    PackedStore(tmp_path).close()
    db = sqlite3.connect(tmp_path / "catalogue.db")
    db.execute("UPDATE state SET version = 99")
    db.commit()
    db.close()
    with pytest.raises(Rejected, match="newer Forewarn"):
        PackedStore(tmp_path)
