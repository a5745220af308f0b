"""Entries of the batch log, and the packing that goes on beside the writer."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.ports import Counts
from forewarn.core.readings import Readings
from forewarn.ingest.store.day_rows import DayRows, day_path, key_of
from forewarn.ingest.store.log_entry import entry_of, rows_of
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.packing import PackAhead, PackJob, Slice
from forewarn.ingest.store.reader import PackedReader

MIDNIGHT = 20_000 * US_PER_DAY
COUNTS = st.sampled_from([1, 2, 127, 128, 129, 170, 1000])
GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "series_store" / "log_entries.json").read_text())


@st.composite
def some_rows(draw: st.DrawFn) -> DayRows:
    """Rows of every width and form; the first values are hypothesis' own."""
    n, rng = draw(COUNTS), np.random.default_rng(draw(st.integers(0, 999)))
    series = rng.integers(1, draw(st.sampled_from([2, 200, 60_000, 1 << 25])), n)
    offset = rng.integers(0, draw(st.sampled_from([1, 200, 70_000, US_PER_DAY])), n)
    noise = rng.normal(size=n)
    forms = (noise, noise.astype(np.float32).astype(np.float64), noise.round(2))
    value = draw(st.sampled_from(forms))
    some = draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=min(n, 3)))
    value[: len(some)] = some
    quality = rng.integers(0, draw(st.sampled_from([1, 256])), n).astype(np.uint8)
    return DayRows(series << 37 | offset, value, quality)


def same(one: DayRows, other: DayRows) -> bool:
    columns = zip(*((r.key.tobytes(), r.value.tobytes(), r.quality.tobytes()) for r in (one, other)), strict=True)
    return all(a == b for a, b in columns)


@given(some_rows())
def test_an_entry_gives_its_rows_back_bit_by_bit_and_is_never_longer_than_raw_columns(rows: DayRows) -> None:
    entry = entry_of(rows)
    assert same(rows_of(entry), rows)
    assert len(entry) <= len(rows.to_bytes())


def test_readings_of_sensors_take_half_the_room_of_raw_columns() -> None:
    rng = np.random.default_rng(1)
    key = np.arange(1, 6001) << 37 | rng.integers(0, 10**6, 6000)
    rows = DayRows(key, rng.normal(50, 2, 6000).round(3), np.where(rng.random(6000) < 0.01, 8, 64).astype(np.uint8))
    assert len(entry_of(rows)) < 0.6 * len(rows.to_bytes())


@given(some_rows(), st.data())
def test_a_changed_byte_of_a_packed_entry_is_refused(rows: DayRows, data: st.DataObject) -> None:
    entry = bytearray(entry_of(rows))
    if len(entry) % 17 == 0:
        return  # raw columns: SQLite's pages are all that covers them
    entry[data.draw(st.integers(0, len(entry) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Rejected):
        rows_of(bytes(entry))


@given(st.binary(max_size=200))
def test_bytes_that_no_entry_is_made_of_are_refused_or_raw(blob: bytes) -> None:
    if len(blob) % 17 == 0:
        assert len(rows_of(blob)) == len(blob) // 17
    else:
        with pytest.raises(Rejected):
            rows_of(blob)


@pytest.mark.parametrize("name", GOLDEN)
def test_entries_of_earlier_versions_stay_readable(name: str) -> None:
    case = GOLDEN[name]
    rows = rows_of(bytes.fromhex(case["entry"]))
    assert (rows.series[:3].tolist(), rows.offset[:3].tolist()) == (case["series"], case["offset"])
    assert (len(rows), float(rows.value.sum()), int(rows.quality.sum())) == tuple(case["sums"])


# ---- packing beside the writer


@pytest.fixture
def worker() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def rows_of_series(series: int, n: int) -> DayRows:
    return DayRows(key_of(series, 0) + np.arange(n) * 1000, np.arange(n) / 10, np.zeros(n, np.uint8))


def test_slices_come_in_order_and_hold_every_row_once(worker: Executor) -> None:
    rows = DayRows.joined([rows_of_series(series, 20_000) for series in (1, 2, 3)])
    ahead, slices = PackAhead(lambda: PackJob(rows, 20_000, 7, {}), worker), list[Slice]()
    while not slices or not slices[-1].done:
        slices.append(ahead.take())
    assert len(slices) > 1
    assert sum(chunk.n for some in slices for chunk in some.chunks) == 60_000
    assert [chunk.series for some in slices for chunk in some.chunks] == sorted([1, 2, 3] * 3)
    assert (ahead.job.upto, ahead.job.log_rows) == (7, 60_000)


def test_an_error_in_the_thread_reaches_the_writer(worker: Executor) -> None:
    def broken() -> PackJob:
        raise MemoryError("no room to sort")

    ahead = PackAhead(broken, worker)
    with pytest.raises(MemoryError, match="no room"):
        ahead.take()


def test_writes_go_on_while_a_long_log_is_packed_and_wait_when_it_grows_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_pack, pack = threading.Event(), PackJob.next_slice
    monkeypatch.setattr(PackJob, "next_slice", lambda job, rows: may_pack.wait() and pack(job, rows))
    store, reader = PackedStore(tmp_path, log_rows=100), PackedReader(tmp_path)
    store.assign(["a"])
    for n in range(19):
        store.write(n + 1, readings_at(n), [], [])
    assert chunks_in(tmp_path) == 0  # 100 rows made a job, 90 more wait in the log
    assert len(reader.read(1, MIDNIGHT, MIDNIGHT + US_PER_DAY)) == 190
    waiting = threading.Thread(target=store.write, args=(20, readings_at(19), [], []))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    may_pack.set()
    waiting.join()
    assert chunks_in(tmp_path) == 1
    assert reader.counts() == Counts(200, 0, 0, 0, 0)
    assert len(reader.read(1, MIDNIGHT, MIDNIGHT + US_PER_DAY)) == 200
    store.close()
    reader.close()


def readings_at(n: int) -> Readings:
    return Readings.of([1] * 10, [MIDNIGHT + 10 * n + i for i in range(10)], [float(i) for i in range(10)])


def chunks_in(folder: Path) -> int:
    db = sqlite3.connect(day_path(folder, 20_000))
    (count,) = db.execute("SELECT count(*) FROM chunk").fetchone()
    db.close()
    return int(count)
