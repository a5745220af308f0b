"""Late readings, rollups, retention and backup of the embedded store: always what a slow look at the raw says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict
from forewarn.core.ports import Counts
from forewarn.core.readings import NOT_SCORED, Readings, Waveform
from forewarn.core.rollups import HOUR_US, MINUTE_US, Rollup
from forewarn.ingest.store.backup import MANIFEST, Pins
from forewarn.ingest.store.day_rows import day_path
from forewarn.ingest.store.merge import Span, clusters, depth
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.ingest.store.retention import Retention
from forewarn.ingest.store.rollup_files import MINUTES
from forewarn.ingest.store.verify import verify

pytestmark = pytest.mark.slow

MIDNIGHT = 20_000 * US_PER_DAY
EVER = (MIDNIGHT - 10 * US_PER_DAY, MIDNIGHT + 10 * US_PER_DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "series"


@pytest.fixture
def reader(folder: Path) -> Iterator[PackedReader]:
    made = PackedReader(folder)
    yield made
    made.close()


def opened(folder: Path, log_rows: int = 100, retention: Retention | None = None) -> PackedStore:
    store = PackedStore(folder, log_rows=log_rows, retention=retention or Retention())
    store.assign(["a", "b", "c"])
    return store


def row_of(series: int, at: list[int]) -> Readings:
    """Readings whose value and quality follow from their time."""
    times = np.array(at, np.int64)
    quality = np.where(times % 7 == 0, 1, 0).astype(np.uint8)
    return Readings(np.full(len(at), series, np.int32), times, np.round(np.sin(times / 1e8) * 50, 2), quality)


def slow_rollup(readings: Readings, step: int) -> list[tuple[int, int, int, float, float, float]]:
    """start, n, doubtful, low, high, mean: one reading after the other."""
    buckets: dict[int, list[tuple[float, int]]] = {}
    for at, value, quality in zip(*(c.tolist() for c in (readings.at, readings.value, readings.quality)), strict=True):
        buckets.setdefault(at // step * step, []).append((value, quality))
    return [
        (
            start,
            len(rows),
            sum(bool(q & NOT_SCORED) for _, q in rows),
            min(v for v, _ in rows),
            max(v for v, _ in rows),
            sum(v for v, _ in rows) / len(rows),
        )
        for start, rows in sorted(buckets.items())
    ]


def plain(rollup: Rollup) -> list[tuple[int, int, int, float, float, float]]:
    columns = (rollup.start, rollup.n, rollup.doubtful, rollup.low, rollup.high, rollup.mean)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def assert_same(rollup: Rollup, raw: Readings, step: int) -> None:
    ours, slow = plain(rollup), slow_rollup(raw, step)
    assert [row[:5] for row in ours] == [row[:5] for row in slow]
    assert [row[5] for row in ours] == pytest.approx([row[5] for row in slow])


MOMENTS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(-1, 1), st.integers(0, 300)).map(
        lambda t: (t[0], MIDNIGHT + t[1] * US_PER_DAY + t[2] * 10_000_001)
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(MOMENTS, min_size=1, max_size=6), settle_after=st.sets(st.integers(0, 5)), data=st.data())
def test_a_rollup_is_what_the_raw_readings_say_whatever_came_late_was_settled_or_is_still_in_the_log(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[int, int]]],
    settle_after: set[int],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("series")
    store, reader = opened(folder, log_rows=8), PackedReader(folder)
    step = data.draw(st.sampled_from([7_000_000, MINUTE_US, 5 * MINUTE_US, HOUR_US, 7 * HOUR_US, US_PER_DAY]))
    for position, batch in enumerate(batches, 1):
        parts = [row_of(series, [at for s, at in batch if s == series]) for series in (1, 2, 3)]
        store.write(position, Readings.joined(parts), [], [])
        if position in settle_after:
            store.settle()
        for series in (1, 2, 3):
            raw = reader.read(series, *EVER)
            assert_same(reader.rollup(series, *EVER, step), raw, step)
    assert verify(folder).damages == []
    reader.close()
    store.close()


def test_kept_rollups_are_used_and_outlive_the_raw_readings(folder: Path, reader: PackedReader) -> None:
    store = opened(folder, retention=Retention(raw_days=1))
    dense = [MIDNIGHT + k * 1_000_000 for k in range(7200)]
    store.write(1, Readings.joined([row_of(1, dense), row_of(2, dense[::1000])]), [], [])
    store.settle()
    before = {(s, step): reader.rollup(s, *EVER, step) for s in (1, 2) for step in (MINUTE_US, HOUR_US, US_PER_DAY)}
    raw = {series: reader.read(series, *EVER) for series in (1, 2)}
    counts = reader.counts()
    report = store.apply_retention(MIDNIGHT + 3 * US_PER_DAY)
    assert (report.days, report.readings) == (("2024-10-04",), counts.stored)
    assert not day_path(folder, 20_000).exists()
    assert len(reader.read(1, *EVER)) == 0
    assert reader.counts() == counts
    for (series, step), rollup in before.items():
        assert_same(rollup, raw[series], step)
        assert_same(reader.rollup(series, *EVER, step), raw[series], step)
    finer = reader.rollup(1, *EVER, 10_000_000)
    assert finer.n.tolist() == before[1, MINUTE_US].n.tolist()
    assert verify(folder).damages == []
    store.close()


def test_a_late_reading_corrects_a_kept_rollup_at_once_and_after_settling_again(
    folder: Path, reader: PackedReader
) -> None:
    store, late = opened(folder), [MIDNIGHT + 500, MIDNIGHT + 90_000_500, MIDNIGHT + 5 * HOUR_US]
    store.write(1, row_of(1, [MIDNIGHT + k * 100_000 for k in range(6000)]), [], [])
    store.settle()
    assert reader._rollups.places(MINUTES, 1, 20_000, 20_000)
    for position, at in enumerate(late, 2):
        store.write(position, row_of(1, [at]), [], [])
        assert_same(reader.rollup(1, *EVER, MINUTE_US), reader.read(1, *EVER), MINUTE_US)
        assert verify(folder).damages == []
    store.settle()
    assert_same(reader.rollup(1, *EVER, MINUTE_US), reader.read(1, *EVER), MINUTE_US)
    assert reader.rollup(1, *EVER, HOUR_US).n.tolist() == [6002, 1]
    assert verify(folder).damages == []
    store.close()


def test_what_arrives_for_a_dropped_day_is_stored_counted_and_added_to_its_rollup(
    folder: Path, reader: PackedReader
) -> None:
    store = opened(folder, retention=Retention(raw_days=1))
    store.write(1, row_of(1, [MIDNIGHT, MIDNIGHT + 1]), [], [])
    for position in (2, 3):
        assert store.apply_retention(MIDNIGHT + 3 * US_PER_DAY).readings == position - 1 + (position == 2)
        store.write(position, row_of(1, [MIDNIGHT + position, MIDNIGHT + 2 * position + HOUR_US]), [], [])
        assert reader.counts() == Counts(stored=2 * position)
        assert reader.rollup(1, *EVER, HOUR_US).n.sum() == 2 * position
    store.close()
    again = opened(folder)
    assert reader.counts() == Counts(stored=6)
    assert plain(reader.rollup(1, *EVER, HOUR_US))[0][1] == 4
    again.close()


def test_a_drop_that_was_killed_before_the_file_went_counts_once_and_is_finished_at_the_start(
    folder: Path, reader: PackedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(folder, retention=Retention(raw_days=1))
    store.write(1, row_of(1, [MIDNIGHT, MIDNIGHT + 1]), [], [])
    monkeypatch.setattr("forewarn.ingest.store.upkeep.remove_database", lambda path: None)
    store.apply_retention(MIDNIGHT + 3 * US_PER_DAY)
    monkeypatch.undo()
    assert day_path(folder, 20_000).exists()
    assert reader.counts() == Counts(stored=2)
    store.abandon()
    opened(folder).close()
    assert not day_path(folder, 20_000).exists()
    assert reader.counts() == Counts(stored=2)
    assert reader.rollup(1, *EVER, MINUTE_US).n.tolist() == [2]


def test_waveforms_go_before_raw_readings_and_the_books_stay(folder: Path, reader: PackedReader) -> None:
    store = opened(folder, retention=Retention(raw_days=10, waveform_days=1))
    waves = [Waveform(2, MIDNIGHT + k, 100.0, np.ones(64, np.float32)) for k in range(500)]
    store.write(1, row_of(1, [MIDNIGHT]), [*waves, Waveform(2, MIDNIGHT, 100.0, np.zeros(4, np.float32))], [])
    young = Waveform(2, MIDNIGHT + 2 * US_PER_DAY, 100.0, np.ones(64, np.float32))
    store.write(2, Readings.empty(), [young], [])
    counts = reader.counts()
    assert store.apply_retention(MIDNIGHT + 3 * US_PER_DAY).waveforms == 501
    assert [w.at for w in reader.waveforms(2, *EVER)] == [young.at]
    assert len(reader.read(1, *EVER)) == 1
    assert reader.counts() == counts == Counts(stored=502, conflicts=1)
    assert verify(folder).damages == []
    store.close()


def test_rollup_files_go_when_all_their_days_are_too_old(folder: Path) -> None:
    store = opened(folder, retention=Retention(raw_days=1, minute_days=60, hour_days=800))
    store.write(1, row_of(1, [MIDNIGHT]), [], [])
    store.apply_retention(MIDNIGHT + 3 * US_PER_DAY)
    assert store.apply_retention(MIDNIGHT + 80 * US_PER_DAY).rollup_files == ()
    assert store.apply_retention(MIDNIGHT + 90 * US_PER_DAY).rollup_files == ("minutes-2024-10.db",)
    assert store.apply_retention(MIDNIGHT + 900 * US_PER_DAY).rollup_files == ("hours-2024.db",)
    store.close()


def test_without_retention_nothing_goes(folder: Path, reader: PackedReader) -> None:
    store = opened(folder)
    store.write(1, row_of(1, [MIDNIGHT]), [], [])
    assert store.apply_retention(MIDNIGHT + 9000 * US_PER_DAY).days == ()
    assert len(reader.read(1, *EVER)) == 1
    store.close()


def test_waveforms_cannot_outlive_the_files_that_hold_them() -> None:
    with pytest.raises(ValueError, match="waveforms"):
        Retention(raw_days=5, waveform_days=6)


# ---- merging


def chunk_spans(folder: Path, series: int) -> list[Span]:
    db = sqlite3.connect(day_path(folder, 20_000))
    spans = [Span(*row) for row in db.execute("SELECT t0, t1, n, id FROM chunk WHERE series = ?", (series,))]
    db.close()
    return spans


def test_late_readings_leave_no_overlap_behind_once_a_day_is_settled(folder: Path, reader: PackedReader) -> None:
    rng, store = np.random.default_rng(4), opened(folder, log_rows=1000)
    at = MIDNIGHT + rng.permutation(40_000) * 1_000_000
    for position, some in enumerate(np.split(at, 40), 1):
        store.write(position, row_of(1, some.tolist()), [], [])
        assert len(reader.read(1, *EVER)) == position * 1000
        spans = chunk_spans(folder, 1)
        assert not spans or depth(spans) <= 20  # what a read has to unpack stays bounded while the day is written
    store.settle()
    spans = chunk_spans(folder, 1)
    assert all(len(cluster) == 1 for cluster in clusters(spans))
    assert len(spans) <= 6
    assert reader.read(1, *EVER).at.tolist() == sorted(at.tolist())
    assert verify(folder).damages == []
    store.close()


def test_repetitions_and_contradictions_of_merged_readings_are_told_apart(folder: Path, reader: PackedReader) -> None:
    store = opened(folder, log_rows=50)
    at = (MIDNIGHT + np.random.default_rng(1).permutation(2000) * 1000).tolist()
    for position in range(1, 21):
        store.write(position, row_of(1, at[100 * position - 100 : 100 * position]), [], [])
    store.settle()
    store.write(21, row_of(1, at), [], [])
    other = row_of(1, at)
    store.write(22, Readings(other.series, other.at, other.value + 1, other.quality), [], [])
    assert reader.counts() == Counts(stored=2000, duplicates=2000, conflicts=2000)
    store.close()
    again = opened(folder)
    again.write(23, row_of(1, at), [], [])
    assert reader.counts() == Counts(stored=2000, duplicates=4000, conflicts=2000)
    again.close()


def test_an_idle_store_settles_the_days_that_rest(folder: Path, reader: PackedReader) -> None:
    now = [0.0]
    store = PackedStore(folder, log_rows=100, monotonic=lambda: now[0])
    store.assign(["a"])
    for position, day in enumerate((0, 1), 1):
        store.write(position, row_of(1, [MIDNIGHT + day * US_PER_DAY + k * 10_000 for k in range(6000)]), [], [])
    for _ in range(20):
        store.flush()
    assert not list(folder.glob("minutes-*.db"))  # written only just
    for _ in range(20):
        now[0] += 100
        store.flush()
    assert list(folder.glob("minutes-*.db"))
    view = reader._views.get(20_000)
    newest = reader._views.get(20_001)
    assert view is not None
    assert newest is not None
    assert view.state.whole
    assert not newest.state.whole
    store.close()


# ---- backup


def test_a_backup_is_one_moment_and_goes_on_from_its_position(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PackedStore(folder, log_rows=60, catalogue_delay_s=1e9, open_days=1)
    store.assign(["a", "b", "c"])

    def batch(n: int) -> Readings:
        day = (n % 3) * US_PER_DAY
        return Readings.joined([row_of(s, [MIDNIGHT + day + n * 1000 + k for k in range(20)]) for s in (1, 2, 3)])

    for n in range(10):
        store.write(n + 1, batch(n), [], [])
    kept, take, left = tmp_path / "kept", Pins.next, iter(range(10, 20))

    def next_after_writes(self: Pins) -> tuple[Path, sqlite3.Connection] | None:
        for n in left:  # everything is pinned and nothing copied yet
            store.write(n + 1, batch(n), [], [])
        store.flush()
        return take(self)

    monkeypatch.setattr(Pins, "next", next_after_writes)
    backup = store.backup(kept)
    assert store.position == 20
    assert backup.position == 10
    assert (kept / MANIFEST).exists()
    store.close()
    assert verify(kept).damages == []
    restored = PackedStore(kept)
    assert restored.position == 10
    for n in range(10, 20):  # the journal comes again
        restored.write(n + 1, batch(n), [], [])
    restored.close()
    for where in (folder, kept):
        reader = PackedReader(where)
        assert reader.counts() == Counts(stored=20 * 60)
        assert verify(where).damages == []
        reader.close()


def test_a_backup_wants_an_empty_folder(folder: Path, tmp_path: Path) -> None:
    store = opened(folder)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "something").touch()
    with pytest.raises(Conflict):
        store.backup(tmp_path / "kept")
    store.backup(tmp_path / "other")
    store.close()


# ---- verification


def damaged(folder: Path, statement: str) -> list[str]:
    db = sqlite3.connect(day_path(folder, 20_000))
    db.execute(statement)
    db.commit()
    db.close()
    return verify(folder).damages


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE chunk SET blob = zeroblob(60) WHERE id = 1", "chunk 1"),
        ("UPDATE chunk SET vmax = vmax + 1 WHERE id = 1", "other readings"),
        ("DELETE FROM chunk WHERE id = 1", "the books say"),
        ("UPDATE state SET base = 1000000", "not of one moment"),
        ("UPDATE waveform SET blob = zeroblob(20)", "waveform 1"),
        ("UPDATE chunk SET n = 5, t1 = t1 - 1000000 WHERE id = 1", "other readings"),
    ],
)
def test_verification_names_the_first_damage(folder: Path, statement: str, told: str) -> None:
    store = opened(folder)
    wave = Waveform(2, MIDNIGHT, 100.0, np.ones(64, np.float32))
    store.write(1, row_of(1, [MIDNIGHT + k * 1_000_000 for k in range(6000)]), [wave], [])
    store.settle()
    store.close()
    assert verify(folder).damages == []
    damages = damaged(folder, statement)
    assert any(told in damage for damage in damages), damages
    assert day_path(folder, 20_000).name in damages[0]


def test_a_folder_without_a_store_is_no_store(tmp_path: Path) -> None:
    assert "no catalogue" in verify(tmp_path).damages[0]


def test_a_file_that_is_no_database_is_named(folder: Path) -> None:
    store = opened(folder)
    store.write(1, row_of(1, [MIDNIGHT]), [], [])
    store.close()
    day_path(folder, 20_000).write_bytes(b"nonsense" * 5000)
    assert any(day_path(folder, 20_000).name in damage for damage in verify(folder).damages)
