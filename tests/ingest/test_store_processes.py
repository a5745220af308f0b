"""Other processes read while the store writes, merges, drops days and is backed up; kills in the middle of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.ports import Counts
from forewarn.core.rollups import HOUR_US
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.ingest.store.retention import Retention
from forewarn.ingest.store.verify import verify

MIDNIGHT = 20_000 * US_PER_DAY
ROWS = 300
COMMON = """
import sys
from pathlib import Path
import numpy as np
from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Readings
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.ingest.store.retention import Retention
MIDNIGHT, ROWS = 20_000 * US_PER_DAY, 300

def batch(n):
    # six batches a day, a third of the rows late by half a day; every reading comes once
    at = MIDNIGHT + n * US_PER_DAY // 6 + np.arange(ROWS) * 10_000_000
    at[::3] -= US_PER_DAY // 2 + 5_000_000
    series = np.arange(ROWS, dtype=np.int32) % 3 + 1
    return Readings(series, at, np.round(np.sin(at / 1e9) * 9, 2), np.zeros(ROWS, np.uint8))
"""
WRITER = (
    COMMON
    + """
folder = Path(sys.argv[1])
store = PackedStore(folder, log_rows=500, open_days=2, retention=Retention(raw_days=2))
store.assign(["a", "b", "c"])
for n in range(store.position, int(sys.argv[2])):
    store.write(n + 1, batch(n), [], [])
    print(n + 1, flush=True)
    if n % 5 == 4:
        store.settle()
    if n % 9 == 8:
        store.apply_retention(MIDNIGHT + n * US_PER_DAY // 6)
    if len(sys.argv) > 3 and n % 12 == 11:
        store.backup(Path(sys.argv[3]) / str(n + 1))
store.close()
"""
)
READER = (
    COMMON
    + """
reader, seen, rounds = PackedReader(Path(sys.argv[1])), 0, 0
while seen < int(sys.argv[2]) * ROWS:
    stored = reader.counts().stored
    assert stored >= seen, (stored, seen)
    rolled = sum(int(reader.rollup(s, MIDNIGHT - 2**40, MIDNIGHT + 2**50, 3_600_000_000).n.sum()) for s in (1, 2, 3))
    assert rolled >= stored, (rolled, stored)
    for rows in reader.read_many([1, 2, 3], MIDNIGHT - 2**40, MIDNIGHT + 2**50).values():
        assert (np.diff(rows.at) > 0).all()
    seen, rounds = stored, rounds + 1
print(rounds)
"""
)
BATCHES = 60


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)


def totals(folder: Path) -> tuple[Counts, int]:
    """The books, and the readings in all rollups."""
    reader = PackedReader(folder)
    interval = MIDNIGHT - (1 << 40), MIDNIGHT + (1 << 50)
    rolled = sum(int(reader.rollup(series, *interval, HOUR_US).n.sum()) for series in (1, 2, 3))
    counts = reader.counts()
    reader.close()
    return counts, rolled


@pytest.mark.slow
def test_readers_in_other_processes_never_stumble_and_never_see_less_than_before(tmp_path: Path) -> None:
    folder, backups = tmp_path / "series", tmp_path / "backups"
    readers = [started(READER, folder, BATCHES) for _ in range(2)]
    writer = started(WRITER, folder, BATCHES, backups)
    _, errors = writer.communicate(timeout=120)
    assert writer.returncode == 0, errors
    for reader in readers:
        text, errors = reader.communicate(timeout=120)
        assert reader.returncode == 0, errors
        assert int(text) > 3
    assert totals(folder) == (Counts(stored=BATCHES * ROWS), BATCHES * ROWS)
    assert verify(folder).damages == []
    for kept in sorted(backups.iterdir()):
        assert verify(kept).damages == []
        assert totals(kept) == (Counts(stored=int(kept.name) * ROWS), int(kept.name) * ROWS)


@pytest.mark.slow
def test_killed_while_it_merges_rolls_up_and_drops_it_loses_nothing_and_counts_once(tmp_path: Path) -> None:
    rng, folder = random.Random(11), tmp_path / "series"
    for _ in range(8):
        writer = started(WRITER, folder, BATCHES)
        assert writer.stdout is not None
        assert writer.stderr is not None
        for _, _line in zip(range(rng.randint(2, 12)), writer.stdout, strict=False):
            pass
        try:
            writer.wait(rng.random() * 0.1)  # somewhere in the next steps
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        writer.communicate()
        counts, rolled = totals(folder)
        assert counts.stored == rolled
        assert verify(folder).damages == []
    last = started(WRITER, folder, BATCHES)
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert totals(folder) == (Counts(stored=BATCHES * ROWS), BATCHES * ROWS)
    assert verify(folder).damages == []


def test_a_reader_keeps_what_it_has_opened_when_the_day_goes_and_sees_the_next_file_of_that_day(tmp_path: Path) -> None:
    from forewarn.core.readings import Readings

    store = PackedStore(tmp_path, retention=Retention(raw_days=1))
    store.assign(["a"])
    reader = PackedReader(tmp_path)
    for position in (1, 2, 3):
        store.write(position, Readings.of([1], [MIDNIGHT + position], [1.0]), [], [])
        assert reader.read(1, MIDNIGHT, MIDNIGHT + 9).at.tolist() == [MIDNIGHT + position]
        store.apply_retention(MIDNIGHT + 3 * US_PER_DAY)
        assert len(reader.read(1, MIDNIGHT, MIDNIGHT + 9)) == 0
        assert reader.counts() == Counts(stored=position)
    reader.close()
    store.close()


def test_the_write_ahead_log_shrinks_when_a_reader_that_held_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    from forewarn.core.readings import Readings
    from forewarn.ingest.store.day_rows import day_path

    monkeypatch.setattr("forewarn.ingest.store.files._WAL_MOST_BYTES", 1 << 20)
    monkeypatch.setattr("forewarn.ingest.store.files._BUSY_MS", 10)
    store = PackedStore(tmp_path)
    store.assign(["a"])

    def write(n: int) -> None:
        at = MIDNIGHT + n * 10_000_000 + np.arange(6000) * 1000
        store.write(n + 1, Readings(np.ones(6000, np.int32), at, at / 7, np.zeros(6000, np.uint8)), [], [])

    write(0)
    reader = PackedReader(tmp_path)
    view = reader._views.get(20_000)
    assert view is not None
    wal = Path(f"{day_path(tmp_path, 20_000)}-wal")
    with view.snapshot():
        for n in range(1, 40):
            write(n)
        assert wal.stat().st_size > 3 << 20
    write(40)
    assert wal.stat().st_size <= 1 << 20
    assert len(reader.read(1, MIDNIGHT, MIDNIGHT + US_PER_DAY)) == 41 * 6000
    reader.close()
    store.close()
