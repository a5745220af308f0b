"""The catalogue of a series store: series dictionary, newest values, quarantine, and the cursor of the whole store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.store.book_tables import SCHEMA as BOOK_SCHEMA
from forewarn.ingest.store.book_tables import UPGRADE_1_TO_2, VERSION, BookTables, Waiting
from forewarn.ingest.store.day_rows import SERIES_LIMIT
from forewarn.ingest.store.files import open_for_writing, retriable, transaction

SCHEMA = f"""
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL,
  sequence INTEGER NOT NULL, quarantine_rows INTEGER NOT NULL, quarantine_bytes INTEGER NOT NULL,
  replayed INTEGER NOT NULL DEFAULT 0);
INSERT INTO state VALUES (1, {VERSION}, 0, 0, 0, 0, 0);
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE last (series INTEGER PRIMARY KEY, at INTEGER NOT NULL, value REAL NOT NULL, quality INTEGER NOT NULL,
  sequence INTEGER NOT NULL);
{BOOK_SCHEMA}"""
_MANY_REFUSALS, _MANY_REFUSED_BYTES = 20_000, 16 << 20
_NEVER = np.iinfo(np.int64).min


class Catalogue:
    """The writing side. Changes gather in memory until `commit`; what is not committed comes again from the journal."""

    def __init__(self, folder: Path, quarantine_rows: int, quarantine_bytes: int) -> None:
        self._path = folder / "catalogue.db"
        with retriable(self._path):
            self._db = open_for_writing(self._path, SCHEMA)
            self._upgrade()
        self._book = BookTables(self._db, quarantine_rows, quarantine_bytes)
        self.names: dict[str, int] = dict(self._db.execute("SELECT name, id FROM series"))
        self._waiting = Waiting()
        self._load()

    def _upgrade(self) -> None:
        """Older catalogues get what they lack. Raises `Rejected` for one of a newer Forewarn."""
        (version,) = self._db.execute("SELECT version FROM state").fetchone()
        if version > VERSION:
            raise Rejected("store_is_newer", f"{self._path} was written by a newer Forewarn (version {version})")
        if version < VERSION:
            self._db.executescript(f"BEGIN IMMEDIATE; {UPGRADE_1_TO_2} COMMIT;")

    def _load(self) -> None:
        read = "SELECT cursor, sequence, quarantine_rows, quarantine_bytes FROM state"
        self.cursor: int
        self.cursor, self._sequence, self._rows, self._bytes = self._db.execute(read).fetchone()
        self.staged = self.cursor
        n = max(self.names.values(), default=0) + 1
        self._at, self._value = np.full(n, _NEVER, np.int64), np.zeros(n)
        self._quality, self._dirty = np.zeros(n, np.uint8), np.zeros(n, bool)
        for series, at, value, quality in self._db.execute("SELECT series, at, value, quality FROM last"):
            self._at[series], self._value[series], self._quality[series] = at, value, quality

    @property
    def series_count(self) -> int:
        """Numbers up to this one are given out."""
        return len(self._at) - 1

    def assign(self, names: Sequence[str]) -> list[int]:
        """Numbers of these series; new ones are durable before they are returned."""
        fresh = [name for name in dict.fromkeys(names) if name not in self.names]
        if "" in fresh:
            raise ValueError("a series has a name")
        first = self.series_count + 1
        if first + len(fresh) >= SERIES_LIMIT:
            raise ValueError(f"a store holds fewer than {SERIES_LIMIT} series")
        if fresh:
            rows = [(number, name) for number, name in enumerate(fresh, first)]
            with retriable(self._path), transaction(self._db):
                self._db.executemany("INSERT INTO series VALUES (?, ?)", rows)
            self.names.update((name, number) for number, name in rows)
            self._make_room(len(fresh))
        return [self.names[name] for name in names]

    def _make_room(self, n: int) -> None:
        self._at = np.append(self._at, np.full(n, _NEVER, np.int64))
        self._value, self._quality = (
            np.append(self._value, np.zeros(n)),
            np.append(self._quality, np.zeros(n, np.uint8)),
        )
        self._dirty = np.append(self._dirty, np.zeros(n, bool))

    def stage(self, position: int, newest: Readings, refused: Sequence[Refusal], notes: Notes = NO_NOTES) -> None:
        """Take what a batch says: at most one reading of a series, and its refusals."""
        later = newest.take(newest.at > self._at[newest.series])
        self._at[later.series], self._value[later.series] = later.at, later.value
        self._quality[later.series] = later.quality
        self._dirty[later.series] = True
        self._waiting.add(refused, notes)
        self.staged = position

    @property
    def is_laden(self) -> bool:
        """Whether so many refusals wait for the commit that it should not be put off."""
        return len(self._waiting.refused) >= _MANY_REFUSALS or self._waiting.refused_bytes >= _MANY_REFUSED_BYTES

    def commit(self) -> None:
        """Make durable what was staged. Raises `Retriable` when the disk is full; everything stays staged then."""
        if self.staged == self.cursor:
            return
        sequence, changed = self._sequence + 1, np.flatnonzero(self._dirty)
        columns = (changed, self._at[changed], self._value[changed], self._quality[changed])
        rows = zip(*(column.tolist() for column in columns), [sequence] * len(changed), strict=True)
        with retriable(self._path), transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?)", rows)
            kept_rows, kept_bytes, replayed = self._book.put(self._waiting, self._rows, self._bytes)
            self._db.execute(
                "UPDATE state SET cursor = ?, sequence = ?, quarantine_rows = ?, quarantine_bytes = ?,"
                " replayed = replayed + ?",
                (self.staged, sequence, kept_rows, kept_bytes, replayed),
            )
        self.cursor, self._sequence, self._rows, self._bytes = self.staged, sequence, kept_rows, kept_bytes
        self._dirty[changed] = False
        self._waiting = Waiting()

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember, as of the durable cursor."""
        return self._book.memory()

    def close(self) -> None:
        """Release the file; what is only staged is left to the journal."""
        self._db.close()
