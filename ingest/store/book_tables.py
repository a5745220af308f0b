"""The tables of a catalogue that tell about delivery: quarantine, gaps, places to adopt, senders, decoders' memory.

All changes happen inside the caller's transaction, the one that moves the store's cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from forewarn.core.ports import Refusal
from forewarn.core.telemetry import Gap, Notes, Replayed, Sighting, SourceSeen

VERSION = 2
PAYLOAD_BYTES = 256 * 1024
PLACES_LIMIT = 5_000
SOURCES_LIMIT = 20_000
SKEW_WEIGHT = 0.2
_ROW_OVERHEAD = 200

SCHEMA = """
CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, source TEXT NOT NULL,
  topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, readings INTEGER NOT NULL, flags INTEGER NOT NULL,
  cut INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX quarantine_reason ON quarantine (reason, readings, received_at);
CREATE TABLE quarantine_payload (id INTEGER PRIMARY KEY, payload BLOB NOT NULL);
CREATE TABLE summary (reason TEXT PRIMARY KEY, refusals INTEGER NOT NULL, readings INTEGER NOT NULL,
  newest_at INTEGER NOT NULL);
CREATE TABLE memory (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE gap (stream TEXT NOT NULL, boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  noticed_at INTEGER NOT NULL, PRIMARY KEY (stream, boot, first)) WITHOUT ROWID;
CREATE TABLE place (topic TEXT NOT NULL, field TEXT NOT NULL, source TEXT NOT NULL, first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL, count INTEGER NOT NULL, value REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
  sample TEXT NOT NULL, PRIMARY KEY (topic, field));
CREATE TABLE source (source TEXT PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  messages INTEGER NOT NULL, qos0 INTEGER NOT NULL, without_time INTEGER NOT NULL, without_sequence INTEGER NOT NULL,
  skew INTEGER);
"""

UPGRADE_1_TO_2 = f"""
ALTER TABLE quarantine RENAME TO quarantine_1;
ALTER TABLE summary RENAME TO summary_1;
DROP TABLE IF EXISTS memory;
{SCHEMA}
INSERT INTO quarantine SELECT id, received_at, source, topic, reason, detail, readings, 1, length(payload) = 4096, bytes
  FROM quarantine_1;
INSERT INTO quarantine_payload SELECT id, payload FROM quarantine_1;
INSERT INTO summary SELECT * FROM summary_1;
DROP TABLE quarantine_1;
DROP TABLE summary_1;
ALTER TABLE state ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
UPDATE state SET version = 2;
"""

_INSERT_REFUSAL = (
    "INSERT INTO quarantine (id, received_at, source, topic, reason, detail, readings, flags, cut, bytes)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SUMMARISE = (
    "INSERT INTO summary SELECT reason, count(*), sum(readings), max(received_at) FROM quarantine WHERE id <= ?"
    " GROUP BY reason ON CONFLICT (reason) DO UPDATE SET refusals = refusals + excluded.refusals,"
    " readings = readings + excluded.readings, newest_at = max(newest_at, excluded.newest_at)"
)
_PUT_PLACE = (
    "INSERT INTO place VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (topic, field) DO UPDATE SET"
    " source = ?3, first_at = min(first_at, ?4), last_at = max(last_at, ?5), count = count + ?6, value = ?7,"
    " low = min(low, ?8), high = max(high, ?9), sample = ?10"
)
_PUT_SOURCE = (
    "INSERT INTO source VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (source) DO UPDATE SET"
    " last_at = max(last_at, ?2), messages = messages + ?3, qos0 = qos0 + ?4, without_time = without_time + ?5,"
    " without_sequence = without_sequence + ?6,"
    f" skew = CASE WHEN skew IS NULL OR ?7 IS NULL THEN coalesce(?7, skew)"
    f" ELSE CAST(skew + {SKEW_WEIGHT} * (?7 - skew) AS INTEGER) END"
)


@dataclass(slots=True)
class _Place:
    """Sightings of one place since the last commit."""

    newest: Sighting
    first_at_us: int
    last_at_us: int
    count: int
    low: float
    high: float


@dataclass(slots=True)
class Waiting:
    """What was said since the last commit, gathered so that a busy second costs one row a sender and place."""

    refused: list[Refusal] = field(default_factory=list)
    refused_bytes: int = 0
    gaps: list[tuple[Gap, bool]] = field(default_factory=list)  # in order; True = opened
    replays: list[Replayed] = field(default_factory=list)
    memory: dict[str, bytes | None] = field(default_factory=dict)
    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    sources: dict[str, SourceSeen] = field(default_factory=dict)

    def add(self, refused: Sequence[Refusal], notes: Notes) -> None:
        """Take what one batch says."""
        self.refused += refused
        self.refused_bytes += sum(len(refusal.payload) for refusal in refused)
        self.gaps += [(gap, False) for gap in notes.gaps_closed]
        self.gaps += [(gap, True) for gap in notes.gaps_opened]
        self.replays += notes.replays
        self.memory.update(notes.memory)
        for sighting in notes.sightings:
            self._see(sighting)
        for seen in notes.sources:
            before = self.sources.get(seen.source)
            self.sources[seen.source] = together(before, seen) if before else seen

    def _see(self, sighting: Sighting) -> None:
        kept = self.places.get((sighting.topic, sighting.field))
        if kept is None:
            place = _Place(sighting, sighting.at_us, sighting.at_us, sighting.count, sighting.value, sighting.value)
            self.places[sighting.topic, sighting.field] = place
        else:
            kept.count += sighting.count
            kept.first_at_us = min(kept.first_at_us, sighting.at_us)
            kept.last_at_us = max(kept.last_at_us, sighting.at_us)
            kept.low, kept.high = min(kept.low, sighting.value), max(kept.high, sighting.value)
            kept.newest = sighting


def together(before: SourceSeen, then: SourceSeen) -> SourceSeen:
    """Two observations of one sender as one."""
    skews = [skew for skew in (before.skew_us, then.skew_us) if skew is not None]
    return replace(
        then,
        at_us=max(before.at_us, then.at_us),
        messages=before.messages + then.messages,
        qos0=before.qos0 + then.qos0,
        without_time=before.without_time + then.without_time,
        without_sequence=before.without_sequence + then.without_sequence,
        skew_us=min(skews, default=None),
    )


class BookTables:
    """The writing side. Holds how full the quarantine is, which the catalogue keeps in its `state` row."""

    def __init__(self, db: sqlite3.Connection, most_rows: int, most_bytes: int) -> None:
        self._db, self._most = db, (most_rows, most_bytes)

    def put(self, waiting: Waiting, rows: int, size: int) -> tuple[int, int, int]:
        """Store everything that waits. Given and answered: rows and bytes of the quarantine; and readings replayed."""
        rows, size = self._put_refused(waiting.refused, rows, size)
        rows, size, replayed = self._put_replays(waiting.replays, rows, size)
        self._put_gaps(waiting.gaps)
        self._put_places(waiting.places)
        self._put_sources(waiting.sources)
        self._put_memory(waiting.memory)
        return rows, size, replayed

    def _put_refused(self, refused: Sequence[Refusal], rows: int, size: int) -> tuple[int, int]:
        if not refused:
            return rows, size
        newest = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'quarantine'"  # ids are never reused
        (last,) = self._db.execute(newest).fetchone()
        made = [_row(id_, refusal) for id_, refusal in enumerate(refused, last + 1)]
        self._db.executemany(_INSERT_REFUSAL, [row for row, _ in made])
        payloads = [(row[0], payload) for row, payload in made if payload]
        self._db.executemany("INSERT INTO quarantine_payload VALUES (?, ?)", payloads)
        return self._bounded(rows + len(made), size + sum(row[-1] for row, _ in made))

    def _bounded(self, rows: int, size: int) -> tuple[int, int]:
        """Let the oldest go when there are too many: they stay in the summary."""
        most_rows, most_bytes = self._most
        if rows <= most_rows and size <= most_bytes:
            return rows, size
        last, gone_rows, gone_bytes = 0, 0, 0
        # a tenth more than needed, so that a flood does not come here with every batch
        for id_, bytes_ in self._db.execute("SELECT id, bytes FROM quarantine ORDER BY id"):
            if rows - gone_rows <= most_rows * 9 // 10 and size - gone_bytes <= most_bytes * 9 // 10:
                break
            last, gone_rows, gone_bytes = id_, gone_rows + 1, gone_bytes + bytes_
        self._db.execute(_SUMMARISE, (last,))
        self._delete("id <= ?", last)
        return rows - gone_rows, size - gone_bytes

    def _delete(self, where: str, id_: int) -> None:
        self._db.execute(f"DELETE FROM quarantine_payload WHERE {where}", (id_,))
        self._db.execute(f"DELETE FROM quarantine WHERE {where}", (id_,))

    def _put_replays(self, replays: Sequence[Replayed], rows: int, size: int) -> tuple[int, int, int]:
        total = 0
        for replay in replays:
            total += replay.accepted
            find = "SELECT readings, bytes FROM quarantine WHERE id = ?"
            kept = self._db.execute(find, (replay.row,)).fetchone()
            if kept is not None and replay.released:
                self._delete("id = ?", replay.row)
                rows, size, total = rows - 1, size - kept[1], total - kept[0]
        return rows, size, total

    def _put_gaps(self, gaps: Sequence[tuple[Gap, bool]]) -> None:
        for gap, opened in gaps:
            key = (_sound(gap.stream), _sound(gap.boot), gap.first)
            if opened:
                row = (*key, gap.last, gap.noticed_at_us)
                self._db.execute("INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?, ?)", row)
            else:
                self._db.execute("DELETE FROM gap WHERE stream = ? AND boot = ? AND first = ?", key)

    def _put_places(self, places: Mapping[tuple[str, str], _Place]) -> None:
        for (topic, path), place in places.items():
            new = place.newest
            names = (_sound(topic), _sound(path), _sound(new.source))
            figures = (place.first_at_us, place.last_at_us, place.count, new.value, place.low, place.high)
            self._db.execute(_PUT_PLACE, (*names, *figures, _sound(new.sample)))
        if places:
            self._keep_newest("place", PLACES_LIMIT)

    def _put_sources(self, sources: Mapping[str, SourceSeen]) -> None:
        for name, seen in sources.items():
            figures = (seen.at_us, seen.messages, seen.qos0, seen.without_time, seen.without_sequence, seen.skew_us)
            self._db.execute(_PUT_SOURCE, (_sound(name), *figures))
        if sources:
            self._keep_newest("source", SOURCES_LIMIT)

    def _keep_newest(self, table: str, limit: int) -> None:
        """Let the longest unseen go when there are too many: names made of random ids must not fill the disk."""
        (n,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone()
        if n > limit:
            oldest = f"SELECT rowid FROM {table} ORDER BY last_at LIMIT ?"
            self._db.execute(f"DELETE FROM {table} WHERE rowid IN ({oldest})", (n - limit * 9 // 10,))

    def _put_memory(self, memory: Mapping[str, bytes | None]) -> None:
        kept = [(key, value) for key, value in memory.items() if value is not None]
        self._db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", kept)
        gone = [(key,) for key, value in memory.items() if value is None]
        self._db.executemany("DELETE FROM memory WHERE key = ?", gone)

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember."""
        return dict(self._db.execute("SELECT key, value FROM memory"))


def _row(id_: int, refusal: Refusal) -> tuple[tuple[int, int, str, str, str, str, int, int, int, int], bytes]:
    """A row of the quarantine, and the payload that is kept beside it."""
    payload = refusal.payload[:PAYLOAD_BYTES]
    cut = refusal.cut_bytes + len(refusal.payload) - len(payload)
    source, topic, reason, detail = map(_sound, (refusal.source, refusal.topic, refusal.reason, refusal.detail))
    size = len(source) + len(topic) + len(reason) + len(detail) + len(payload) + _ROW_OVERHEAD
    row = (id_, refusal.received_at_us, source, topic, reason, detail, refusal.readings, refusal.flags, cut, size)
    return row, payload


def _sound(text: str) -> str:
    """Text without half surrogate pairs, which SQLite does not take."""
    return text.encode("utf-8", "replace").decode()
