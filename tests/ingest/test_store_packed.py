"""The embedded store on disk: crashes, replays, packing, full disks, readers in other processes."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.core.ports import Counts, Refusal
from forewarn.core.readings import Readings, Waveform
from forewarn.ingest.store.day import DayFile
from forewarn.ingest.store.day_rows import day_path, days_of
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader

MIDNIGHT = 20_000 * US_PER_DAY
EVER = (-(1 << 50), 1 << 55)
NAMES = [f"pump-{n}/temp" for n in range(1, 6)]


def batch(n: int, rows: int = 20) -> Readings:
    """Readings of five series around a midnight; the last three repeat or contradict ones of the batch before."""
    at = MIDNIGHT - 50_000 + (n * rows + np.arange(rows)) * 100
    series = np.arange(rows) % 5 + 1
    at[-3:], series[-3:] = at[:3] - rows * 100, series[:3]
    value = np.round(np.sin(at / 1e6) * 50, 2)
    value[-1] += 1
    return Readings(series.astype(np.int32), at, value, np.zeros(rows, np.uint8))


def extras(n: int) -> tuple[list[Waveform], list[Refusal]]:
    waves = [Waveform(1, MIDNIGHT - 100 + 10 * (n // 2), 100.0, np.full(4, n // 2, np.float32))] if n % 4 < 2 else []
    return waves, [Refusal(n, "g", "t", "bad_json", "", b"{", 1)]


def write(store: PackedStore, numbers: range) -> None:
    for n in numbers:
        store.write(n + 1, batch(n), *extras(n))


def stored(reader: PackedReader) -> list[tuple[int, int, float]]:
    parts = [reader.read(series, *EVER) for series in range(1, 6)]
    rows = Readings.joined(parts)
    return list(zip(rows.series.tolist(), rows.at.tolist(), rows.value.tolist(), strict=True))


def oracle(count: int) -> tuple[list[tuple[int, int, float]], Counts]:
    first: dict[tuple[int, int], float] = {}
    total = duplicates = conflicts = 0
    for n in range(count):
        b = batch(n)
        for s, t, v in zip(b.series.tolist(), b.at.tolist(), b.value.tolist(), strict=True):
            total += 1
            known = first.setdefault((s, t), v)
            conflicts += known != v
    waves = [w for n in range(count) for w in extras(n)[0]]
    different = {w.at for w in waves}
    duplicates = total - len(first) - conflicts + len(waves) - len(different)
    return sorted((s, t, v) for (s, t), v in first.items()), Counts(
        len(first) + len(different), duplicates, conflicts, quarantined=count
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PackedStore]:
    made = PackedStore(tmp_path / "series", log_rows=100)
    made.assign(NAMES)
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[PackedReader]:
    made = PackedReader(tmp_path / "series")
    yield made
    made.close()


def test_everything_is_there_while_it_is_packed_after_a_close_and_after_opening_again(
    store: PackedStore, reader: PackedReader, tmp_path: Path
) -> None:
    for n in range(40):
        write(store, range(n, n + 1))
        if n % 7 == 0:
            assert (stored(reader), reader.counts()) == oracle(n + 1)
            assert max(view.log_rows for _, view in reader._views._open.values()) < 120  # packed rows leave its memory
    assert reader.days() == ["2024-10-03", "2024-10-04"]
    store.close()
    assert (stored(reader), reader.counts()) == oracle(40)
    fresh = PackedReader(tmp_path / "series")
    assert (stored(fresh), fresh.counts()) == oracle(40)
    fresh.close()
    again = PackedStore(tmp_path / "series", log_rows=100)
    assert again.position == 40
    write(again, range(40, 60))
    assert (stored(reader), reader.counts()) == oracle(60)
    again.close()


def test_a_day_file_ahead_of_the_catalogue_counts_nothing_twice_however_the_replay_is_cut(tmp_path: Path) -> None:
    for ahead in (1, 3):
        for replayed_until in range(12, 20, 3):
            folder = tmp_path / f"{ahead}-{replayed_until}"
            crashed = PackedStore(folder, catalogue_delay_s=1e9, log_rows=100)
            crashed.assign(NAMES)
            write(crashed, range(10))
            crashed.flush()
            write(crashed, range(10, 10 + ahead))
            crashed.abandon()  # as a kill would: day files are durable, the catalogue is not
            replay = PackedStore(folder, log_rows=100)
            assert replay.position == 10
            joined = Readings.joined([batch(n) for n in range(10, replayed_until)])
            waves, refused = zip(*(extras(n) for n in range(10, replayed_until)), strict=True)
            replay.write(replayed_until, joined, list(chain(*waves)), list(chain(*refused)))
            write(replay, range(replayed_until, 25))
            replay.close()
            reader = PackedReader(folder)
            assert (stored(reader), reader.counts()) == oracle(25)
            conflicts = sum(len(day.readings) for day in reader.conflicts())
            assert conflicts == reader.counts().conflicts
            reader.close()


WRITER = """
import sys
from pathlib import Path
from forewarn.ingest.store.packed import PackedStore
from tests.ingest.test_store_packed import NAMES, write
store = PackedStore(Path(sys.argv[1]), log_rows=200, open_days=1, catalogue_delay_s=float(sys.argv[2]))
store.assign(NAMES)
for n in range(store.position, 100_000):
    write(store, range(n, n + 1))
    print(n + 1, flush=True)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.02])
def test_killed_at_random_moments_it_loses_nothing_and_doubles_nothing(
    tmp_path: Path, root: Path, delay_s: float
) -> None:
    rng, folder, command = random.Random(7), tmp_path / "series", [sys.executable, "-c", WRITER]
    acknowledged = 0
    for _ in range(3):
        child = subprocess.Popen(
            [*command, str(folder), str(delay_s)], stdout=subprocess.PIPE, text=True, cwd=root, process_group=0
        )
        assert child.stdout is not None
        wanted = rng.randint(1, 60)
        for _, line in zip(range(wanted), child.stdout, strict=False):
            acknowledged = max(acknowledged, int(line))
        child.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        reader = PackedReader(folder)
        rows = stored(reader)
        assert len({row[:2] for row in rows}) == len(rows)
        assert set(oracle(acknowledged)[0]) <= set(rows)
        reader.close()
    assert acknowledged > 10
    recovered = PackedStore(folder, log_rows=200)
    position = recovered.position
    write(recovered, range(position, acknowledged + 10))
    recovered.close()
    reader = PackedReader(folder)
    assert (stored(reader), reader.counts()) == oracle(acknowledged + 10)
    reader.close()
    for path in folder.glob("*.db"):
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()


def test_a_reader_works_right_after_a_writer_was_killed(tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "series"
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), "0"], stdout=subprocess.PIPE, text=True, cwd=root, process_group=0
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) == 30:
            break
    before = PackedReader(folder)
    assert set(oracle(30)[0]) <= set(stored(before))
    child.kill()
    child.wait()
    child.stdout.close()
    assert set(oracle(30)[0]) <= set(stored(before))
    after = PackedReader(folder)
    assert set(oracle(30)[0]) <= set(stored(after))
    assert after.position >= 30
    before.close()
    after.close()


def test_a_full_disk_is_retriable_and_the_same_call_works_after_room_was_made(
    store: PackedStore, reader: PackedReader
) -> None:
    write(store, range(30))
    noise = np.random.default_rng(1).normal(size=50_000)
    large = Readings(
        np.full(50_000, 1, np.int32), MIDNIGHT + 10**9 + np.arange(50_000), noise, np.zeros(50_000, np.uint8)
    )
    limit_pages(store, 10)
    for _ in range(2):
        with pytest.raises(Retriable):
            store.write(31, large, *extras(30))
        limit_pages(store, 10)
    assert (stored(reader), reader.counts()) == oracle(30)
    assert store.position == 30
    limit_pages(store, 1 << 30)
    store.write(31, large, *extras(30))
    assert store.position == 31
    assert len(reader.read(1, MIDNIGHT + 10**9, MIDNIGHT + 2 * 10**9)) == 50_000


def limit_pages(store: PackedStore, pages: int) -> None:
    """Let SQLite say "disk is full" when a day file would grow past so many pages."""
    for day in days_of(store._folder):
        store._days.get(day)._db.execute(f"PRAGMA max_page_count = {pages}")


def test_an_error_at_the_end_of_a_transaction_leaves_nothing_behind_in_memory(
    store: PackedStore, reader: PackedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, range(3))
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def refuse(*_: object) -> None:
        raise full

    monkeypatch.setattr(DayFile, "_put_state", refuse)
    with pytest.raises(Retriable):
        write(store, range(3, 4))
    monkeypatch.undo()
    write(store, range(3, 40))
    assert (stored(reader), reader.counts()) == oracle(40)


def test_a_full_disk_at_the_catalogue_keeps_everything_for_the_next_try(
    store: PackedStore, reader: PackedReader
) -> None:
    write(store, range(3))
    store._catalogue._db.execute("PRAGMA max_page_count = 1")
    many = [Refusal(9, "g", "t", "bad_json", "x" * 3000, bytes(4096), 1) for _ in range(40)]
    with pytest.raises(Retriable):
        store.write(4, batch(3), [], many)
    assert store.position == 3
    store._catalogue._db.execute("PRAGMA max_page_count = 1000000")
    store.write(4, batch(3), [], many)
    assert store.position == 4
    assert reader.counts().quarantined == 43
    assert reader.counts().stored == len(oracle(4)[0]) + 1


def test_one_process_writes(store: PackedStore, tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        PackedStore(tmp_path / "series")


def test_more_days_than_may_be_open_are_written_and_read(tmp_path: Path) -> None:
    store = PackedStore(tmp_path, open_days=2, log_rows=50)
    store.assign(["a"])
    days = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    for n, day in enumerate(days):
        at = MIDNIGHT + day * US_PER_DAY + n * 1000 + np.arange(100)
        store.write(n + 1, Readings(np.ones(100, np.int32), at, np.arange(100.0), np.zeros(100, np.uint8)), [], [])
    reader = PackedReader(tmp_path)
    assert len(reader.read(1, *EVER)) == 1000
    assert reader.counts().stored == 1000
    assert len(reader.days()) == len(set(days))
    reader.close()
    store.close()


def test_late_readings_in_the_reach_of_a_packed_chunk_are_told_apart(store: PackedStore, reader: PackedReader) -> None:
    even = MIDNIGHT + 2000 * np.arange(500)
    store.write(1, Readings.of([1] * 500, even.tolist(), np.arange(500.0).tolist()), [], [])
    for position in range(2, 6):  # a slice is packed with every write
        store.write(position, Readings.of([2], [MIDNIGHT + position], [1.0]), [], [])
    late = [MIDNIGHT + 2000, MIDNIGHT + 2001, MIDNIGHT + 4000]
    store.write(6, Readings.of([1, 1, 1], late, [1.0, 77.0, 88.0]), [], [])
    assert reader.counts() == Counts(stored=505, duplicates=1, conflicts=1)
    assert reader.read(1, MIDNIGHT + 2000, MIDNIGHT + 4001).value.tolist() == [1.0, 77.0, 2.0]
    (conflicted,) = reader.conflicts()
    assert conflicted.readings.value.tolist() == [88.0]


def test_many_small_writes_leave_few_log_rows(tmp_path: Path) -> None:
    store = PackedStore(tmp_path, catalogue_delay_s=1e9)
    store.assign(["a"])
    reader = PackedReader(tmp_path)
    for n in range(600):
        store.write(n + 1, Readings.of([1], [MIDNIGHT + n], [float(n)]), [], [])
        if n % 100 == 0:
            assert len(reader.read(1, *EVER)) == n + 1
    db = sqlite3.connect(day_path(tmp_path, 20_000))
    assert db.execute("SELECT count(*) FROM log").fetchone()[0] < 100
    db.close()
    assert reader.read(1, *EVER).value.tolist() == list(range(600))
    store.close()
    reader.close()


def test_a_store_without_a_journal_goes_on_behind_everything_it_has_seen(tmp_path: Path) -> None:
    crashed = PackedStore(tmp_path, catalogue_delay_s=1e9)
    crashed.assign(["a"])
    crashed.write(7, Readings.of([1], [MIDNIGHT], [1.0]), [], [])
    crashed.abandon()
    store = PackedStore(tmp_path, journalled=False)
    assert store.position == 7
    store.write(store.position + 1, Readings.of([1], [MIDNIGHT + 1], [2.0]), [], [])
    reader = PackedReader(tmp_path)
    assert reader.counts() == Counts(stored=2)
    reader.close()
    store.close()


def test_a_postponed_catalogue_keeps_its_old_position_until_the_delay_or_a_flush(tmp_path: Path) -> None:
    now = [0.0]
    store = PackedStore(tmp_path, catalogue_delay_s=0.05, monotonic=lambda: now[0])
    store.assign(["a"])
    reader = PackedReader(tmp_path)
    for position, time_s, expected in ((1, 0.01, 0), (2, 0.06, 2), (3, 0.07, 2)):
        now[0] = time_s
        store.write(position, Readings.of([1], [MIDNIGHT + position], [1.0]), [], [])
        assert (store.position, reader.position) == (expected, expected)
        assert reader.counts().stored == position
    store.flush()
    assert store.position == 3
    assert [v.at_us for v in reader.last_values()] == [MIDNIGHT + 3]
    store.close()
    reader.close()


def test_readers_in_threads_beside_a_writer_see_only_whole_growing_states(
    store: PackedStore, reader: PackedReader
) -> None:
    sizes: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            rows = reader.read_many([1, 2, 3, 4, 5], *EVER)
            assert all((np.diff(r.at) > 0).all() for r in rows.values())
            sizes.append(sum(map(len, rows.values())))

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    write(store, range(100))
    done.set()
    for thread in threads:
        thread.join()
    assert sizes
    assert (stored(reader), reader.counts()) == oracle(100)


def test_a_damaged_chunk_is_named_and_not_guessed(store: PackedStore, tmp_path: Path) -> None:
    store.write(1, Readings.of([1] * 5000, (MIDNIGHT + np.arange(5000)).tolist(), [1.0] * 5000), [], [])
    store.close()
    path = day_path(tmp_path / "series", 20_000)
    db = sqlite3.connect(path)
    db.execute("UPDATE chunk SET blob = zeroblob(100)")
    db.commit()
    db.close()
    reader = PackedReader(tmp_path / "series")
    with pytest.raises(Rejected, match=path.name):
        reader.read(1, *EVER)
    reader.close()


def test_a_time_that_no_calendar_knows_is_refused(store: PackedStore) -> None:
    for at in (-(1 << 62), 1 << 60):
        with pytest.raises(ValueError, match="years"):
            store.write(1, Readings.of([1], [at], [1.0]), [], [])
        with pytest.raises(ValueError, match="years"):
            store.write(1, Readings.empty(), [Waveform(1, at, 1.0, np.ones(1, np.float32))], [])
