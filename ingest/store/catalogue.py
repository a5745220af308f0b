"""The catalogue of a series store: series dictionary, newest values, quarantine, and the cursor of the whole store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.store.day_rows import SERIES_LIMIT
from forewarn.ingest.store.files import open_for_writing, retriable, transaction

PAYLOAD_BYTES = 4096
_ROW_OVERHEAD = 200
SCHEMA = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL,
  sequence INTEGER NOT NULL, quarantine_rows INTEGER NOT NULL, quarantine_bytes INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1, 0, 0, 0, 0);
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE last (series INTEGER PRIMARY KEY, at INTEGER NOT NULL, value REAL NOT NULL, quality INTEGER NOT NULL,
  sequence INTEGER NOT NULL);
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, source TEXT NOT NULL,
  topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, payload BLOB NOT NULL, readings INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE TABLE memory (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE summary (reason TEXT PRIMARY KEY, refusals INTEGER NOT NULL, readings INTEGER NOT NULL,
  newest_at INTEGER NOT NULL);
"""
_INSERT_REFUSAL = (
    "INSERT INTO quarantine (received_at, source, topic, reason, detail, payload, readings, bytes)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SUMMARISE = (
    "INSERT INTO summary SELECT reason, count(*), sum(readings), max(received_at) FROM quarantine WHERE id <= ?"
    " GROUP BY reason ON CONFLICT (reason) DO UPDATE SET refusals = refusals + excluded.refusals,"
    " readings = readings + excluded.readings, newest_at = max(newest_at, excluded.newest_at)"
)
_NEVER = np.iinfo(np.int64).min


class Catalogue:
    """The writing side. Changes gather in memory until `commit`; what is not committed comes again from the journal."""

    def __init__(self, folder: Path, quarantine_rows: int, quarantine_bytes: int) -> None:
        self._path, self._limits = folder / "catalogue.db", (quarantine_rows, quarantine_bytes)
        with retriable(self._path):
            self._db = open_for_writing(self._path, SCHEMA)
        self.names: dict[str, int] = dict(self._db.execute("SELECT name, id FROM series"))
        self._refused: list[Refusal] = []
        self._remember: dict[str, bytes | None] = {}
        self._load()

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
        self._refused += refused
        self._remember.update(notes.memory)
        self.staged = position

    @property
    def staged_refusals(self) -> int:
        """Refusals that wait for the commit."""
        return len(self._refused)

    def commit(self) -> None:
        """Make durable what was staged. Raises `Retriable` when the disk is full; everything stays staged then."""
        if self.staged == self.cursor:
            return
        sequence, changed = self._sequence + 1, np.flatnonzero(self._dirty)
        columns = (changed, self._at[changed], self._value[changed], self._quality[changed])
        rows = zip(*(column.tolist() for column in columns), [sequence] * len(changed), strict=True)
        with retriable(self._path), transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO last VALUES (?, ?, ?, ?, ?)", rows)
            kept_rows, kept_bytes = self._put_refused()
            self._put_memory()
            self._db.execute(
                "UPDATE state SET cursor = ?, sequence = ?, quarantine_rows = ?, quarantine_bytes = ?",
                (self.staged, sequence, kept_rows, kept_bytes),
            )
        self.cursor, self._sequence, self._rows, self._bytes = self.staged, sequence, kept_rows, kept_bytes
        self._dirty[changed] = False
        self._refused, self._remember = [], {}

    def _put_memory(self) -> None:
        kept = [(key, value) for key, value in self._remember.items() if value is not None]
        self._db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", kept)
        gone = [(key,) for key, value in self._remember.items() if value is None]
        self._db.executemany("DELETE FROM memory WHERE key = ?", gone)

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember, as of the durable cursor."""
        return dict(self._db.execute("SELECT key, value FROM memory"))

    def _put_refused(self) -> tuple[int, int]:
        """Insert the refusals; keep the quarantine inside its limits. Its rows and bytes afterwards."""
        if not self._refused:
            return self._rows, self._bytes
        rows = [_row(refusal) for refusal in self._refused]
        self._db.executemany(_INSERT_REFUSAL, rows)
        kept_rows, kept_bytes = self._rows + len(rows), self._bytes + sum(row[-1] for row in rows)
        most_rows, most_bytes = self._limits
        last, gone_rows, gone_bytes = 0, 0, 0
        if kept_rows > most_rows or kept_bytes > most_bytes:
            # a tenth more than needed, so that a flood does not come here with every batch
            for id_, size in self._db.execute("SELECT id, bytes FROM quarantine ORDER BY id"):
                if kept_rows - gone_rows <= most_rows * 9 // 10 and kept_bytes - gone_bytes <= most_bytes * 9 // 10:
                    break
                last, gone_rows, gone_bytes = id_, gone_rows + 1, gone_bytes + size
            self._db.execute(_SUMMARISE, (last,))
            self._db.execute("DELETE FROM quarantine WHERE id <= ?", (last,))
        return kept_rows - gone_rows, kept_bytes - gone_bytes

    def close(self) -> None:
        """Release the file; what is only staged is left to the journal."""
        self._db.close()


def _row(refusal: Refusal) -> tuple[int, str, str, str, str, bytes, int, int]:
    payload = refusal.payload[:PAYLOAD_BYTES]
    texts = [_sound(text) for text in (refusal.source, refusal.topic, refusal.reason, refusal.detail)]
    size = sum(map(len, texts)) + len(payload) + _ROW_OVERHEAD
    source, topic, reason, detail = texts
    return refusal.received_at_us, source, topic, reason, detail, payload, refusal.readings, size


def _sound(text: str) -> str:
    """Text without half surrogate pairs, which SQLite does not take."""
    return text.encode("utf-8", "replace").decode()
