"""The files of rollups: minutes by month, hours by year. They outlive the raw readings that they were made from.

A row is the rollup of one series on one day. `generation` tells apart what a day file held that was dropped from what
came after: the rows of all generations add up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from forewarn.core.rollups import HOUR_US, MINUTE_US, Rollup
from forewarn.ingest.store.day_rows import FIRST_DAY, LAST_DAY, day_name
from forewarn.ingest.store.files import (
    inode_of,
    open_for_reading,
    open_for_writing,
    remove_database,
    retriable,
    transaction,
)
from forewarn.ingest.store.rollup_rows import decode_rollup, encode_rollup

SCHEMA = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1);
CREATE TABLE rollup (series INTEGER NOT NULL, day INTEGER NOT NULL, generation INTEGER NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (series, day, generation)) WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO rollup VALUES (?, ?, ?, ?)"
_GET = "SELECT day, generation, blob FROM rollup WHERE series = ? AND day BETWEEN ? AND ? ORDER BY day, generation"


@dataclass(frozen=True, slots=True)
class Width:
    """A family of rollup files: name, width of a bucket, and how much of a day's name tells the file."""

    name: str
    bucket_us: int
    digits: int

    def path(self, folder: Path, day: int) -> Path:
        """File that keeps a day."""
        return folder / f"{self.name}-{day_name(day)[: self.digits]}.db"

    def files(self, folder: Path) -> list[Path]:
        """All files of the family, oldest first."""
        return sorted(folder.glob(f"{self.name}-*.db"))

    def last_day_name(self, path: Path) -> str:
        """Text that sorts behind every day of a file and before every day of the next one."""
        return f"{path.stem.removeprefix(self.name + '-')}~"


MINUTES, HOURS = Width("minutes", MINUTE_US, 7), Width("hours", HOUR_US, 4)
WIDTHS = (MINUTES, HOURS)
Row = tuple[int, int, Rollup]
"""Day, generation, buckets."""


class RollupWriter:
    """The writing side, one open file of each width."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, dict[str, tuple[Path, sqlite3.Connection]]()

    def put(self, width: Width, day: int, generation: int, rows: Iterable[tuple[int, Rollup]]) -> None:
        """Keep the rollups (series, buckets) of a day, durably; those of the same series, day and generation go."""
        packed = [(series, day, generation, encode_rollup(rollup, width.bucket_us)) for series, rollup in rows]
        if packed:
            path = width.path(self._folder, day)
            with retriable(path), transaction(self._at(width, path)) as db:
                db.executemany(_PUT, packed)

    def _at(self, width: Width, path: Path) -> sqlite3.Connection:
        kept = self._open.get(width.name)
        if kept is not None and kept[0] == path:
            return kept[1]
        if kept is not None:
            kept[1].close()
            del self._open[width.name]
        db = open_for_writing(path, SCHEMA)
        self._open[width.name] = path, db
        return db

    def drop_before(self, width: Width, day: int) -> list[Path]:
        """Delete the files whose days all lie before this one; which."""
        gone = [path for path in width.files(self._folder) if width.last_day_name(path) < day_name(day)]
        for path in gone:
            if self._open.get(width.name, (None,))[0] == path:
                self._open.pop(width.name)[1].close()
            remove_database(path)
        return gone

    def close(self) -> None:
        """Release the files."""
        while self._open:
            self._open.popitem()[1][1].close()


class RollupReader:
    """The reading side, from any process. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, dict[Path, tuple[int, sqlite3.Connection]]()

    def places(self, width: Width, series: int, first: int, last: int) -> set[tuple[int, int]]:
        """Day and generation of the kept rollups of one series on the days first to last."""
        return {(day, generation) for day, generation, _ in self._found(width, series, first, last)}

    def rows(self, width: Width, series: int, first: int, last: int) -> list[Row]:
        """Kept rollups of one series on the days first to last, ascending."""
        found = self._found(width, series, first, last)
        return [(day, generation, decode_rollup(blob)) for day, generation, blob in found]

    def _found(self, width: Width, series: int, first: int, last: int) -> list[tuple[int, int, bytes]]:
        found: list[tuple[int, int, bytes]] = []
        for path in self._paths(width, first, last):
            if (db := self._at(path)) is not None:
                found += db.execute(_GET, (series, first, last)).fetchall()
        return found

    def _paths(self, width: Width, first: int, last: int) -> list[Path]:
        """Files of these days, also some that do not exist when that is told quicker than by a look into the folder."""
        ends = [width.path(self._folder, min(max(day, FIRST_DAY), LAST_DAY)) for day in (first, last)]
        if ends[0] == ends[1]:
            return ends[:1]
        return [path for path in width.files(self._folder) if ends[0].name <= path.name <= ends[1].name]

    def _at(self, path: Path) -> sqlite3.Connection | None:
        """The file, opened anew when it was replaced; None when it has gone."""
        inode = inode_of(path)
        kept = self._open.get(path)
        if kept is not None and kept[0] == inode:
            return kept[1]
        if kept is not None:
            self._open.pop(path)[1].close()
        db = open_for_reading(path)
        if db is not None:
            self._open[path] = inode, db
        return db

    def close(self) -> None:
        """Release the files."""
        while self._open:
            self._open.popitem()[1][1].close()
