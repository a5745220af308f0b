"""Rollups of years: days that rest are not opened again, and a change of one is seen at once."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Readings
from forewarn.core.rollups import HOUR_US
from forewarn.ingest.store import day_view
from forewarn.ingest.store.day_rows import day_path
from forewarn.ingest.store.files import open_for_reading
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader

FIRST, DAYS = 20_000, 12
YEAR = (FIRST * US_PER_DAY, (FIRST + DAYS) * US_PER_DAY)


def put(store: PackedStore, position: int, day: int, offsets: list[int]) -> None:
    at = [(FIRST + day) * US_PER_DAY + offset for offset in offsets]
    value = [float(offset % 977) for offset in offsets]
    store.write(position, Readings.of([1] * len(at), at, value), [], [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dozen settled days of a store that is closed, an hour ago."""
    store = PackedStore(tmp_path)
    store.assign(["a"])
    for day in range(DAYS):
        put(store, day + 1, day, [minute * 60_000_000 for minute in range(1440)])
    store.settle()
    store.close()
    for day in range(DAYS):
        path = day_path(tmp_path, FIRST + day)
        os.utime(path, ns=(0, path.stat().st_mtime_ns - 3600 * 10**9))
    return tmp_path


def test_days_that_rest_are_not_opened_a_second_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, opened = PackedReader(folder), list[Path]()
    first = reader.rollup(1, *YEAR, HOUR_US)
    reader._views.close()

    def noted(path: Path) -> sqlite3.Connection | None:
        opened.append(path)
        return open_for_reading(path)

    monkeypatch.setattr(day_view, "open_for_reading", noted)
    again = reader.rollup(1, *YEAR, HOUR_US)
    assert opened == []
    assert len(first) == DAYS * 24
    assert all(map(np.array_equal, first.columns(), again.columns()))
    reader.close()


def test_a_late_reading_of_a_day_that_rested_is_seen_at_once_while_written_and_when_settled(folder: Path) -> None:
    reader = PackedReader(folder)
    assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440
    store = PackedStore(folder)
    for more, late in enumerate([30_000_000, 90_000_000, 150_000_000], 1):
        put(store, DAYS + more, 3, [late])
        assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440 + more
    store.settle()
    assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440 + 3
    store.close()
    assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440 + 3
    reader.close()


def test_a_day_that_was_dropped_and_began_anew_is_not_taken_for_the_old_one(folder: Path) -> None:
    reader = PackedReader(folder)
    assert len(reader.rollup(1, *YEAR, HOUR_US)) == DAYS * 24
    path = day_path(folder, FIRST + 3)
    told = path.stat()
    path.unlink()
    assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440  # of a dropped day the rollups remain
    path.write_bytes(b"")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert reader.rollup(1, *YEAR, HOUR_US).n.sum() == DAYS * 1440
    reader.close()
