"""Tables and the one row of state of a day file, as this version and those before know them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields, replace

from forewarn.core.errors import Rejected
from forewarn.ingest.store.day_rows import SERIES_LIMIT

VERSION = 3
_NEW_IN_2 = """
ALTER TABLE state ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN waves_dropped INTEGER NOT NULL DEFAULT 0;
CREATE TABLE stale (series INTEGER PRIMARY KEY);
"""
_NEW_IN_3 = "UPDATE state SET version = 3;"  # log entries may be packed: an older program must not touch them
_FIRST = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL,
  stored INTEGER NOT NULL, duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  base INTEGER NOT NULL, base_stored INTEGER NOT NULL, base_duplicates INTEGER NOT NULL,
  base_conflicts INTEGER NOT NULL,
  last_id INTEGER NOT NULL, packed INTEGER NOT NULL, pack_upto INTEGER NOT NULL, pack_key INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1);
CREATE TABLE log (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, columns BLOB NOT NULL);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,
  n INTEGER NOT NULL, vmin REAL, vmax REAL, vsum REAL, blob BLOB NOT NULL);
CREATE INDEX chunk_span ON chunk (series, t1, t0);
CREATE TABLE conflict (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, n INTEGER NOT NULL, columns BLOB NOT NULL);
CREATE TABLE waveform (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, at INTEGER NOT NULL, rate REAL NOT NULL,
  n INTEGER NOT NULL, quality INTEGER NOT NULL, rms REAL NOT NULL, blob BLOB NOT NULL);
CREATE UNIQUE INDEX waveform_identity ON waveform (series, at);
CREATE TABLE waveform_conflict (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, series INTEGER NOT NULL,
  at INTEGER NOT NULL, rate REAL NOT NULL, quality INTEGER NOT NULL, blob BLOB NOT NULL);
"""
SCHEMA = _FIRST + _NEW_IN_2 + _NEW_IN_3


@dataclass(frozen=True, slots=True)
class DayState:
    """The row `state`.

    The day's cursor and counters, the counters as they were at the catalogue's durable cursor `base`, the newest log
    id, the id up to which the log is packed, and how far the running pack job is. `generation`: how many files of this
    day were dropped before it. `settled`: the series up to this number are merged and rolled up, except the `stale`.
    `waves_dropped`: how many of the stored waveforms retention has taken.
    """

    cursor: int
    stored: int
    duplicates: int
    conflicts: int
    base: int
    base_stored: int
    base_duplicates: int
    base_conflicts: int
    last_id: int
    packed: int
    pack_upto: int
    pack_key: int
    generation: int
    settled: int
    waves_dropped: int

    @property
    def whole(self) -> bool:
        """Every series has been settled once."""
        return self.settled >= SERIES_LIMIT

    def at_base(self, base: int) -> DayState:
        """Remember the counters when the catalogue has moved on."""
        if base == self.base:
            return self
        counters = (self.stored, self.duplicates, self.conflicts)
        return replace(self, base=base, **dict(zip(_BASE_COUNTERS, counters, strict=True)))

    def counted(self, stored: int, duplicates: int, conflicts: int) -> DayState:
        """More of each."""
        return replace(
            self,
            stored=self.stored + stored,
            duplicates=self.duplicates + duplicates,
            conflicts=self.conflicts + conflicts,
        )

    def counted_again(self, stored: int, duplicates: int, conflicts: int) -> DayState:
        """The same for a batch that holds everything since `base`, when part of it was taken before a crash.

        What was stored then looks like a repetition now and is no duplicate; its conflicts come a second time.
        """
        taken_then = self.stored - self.base_stored
        then = replace(self, duplicates=self.base_duplicates, conflicts=self.base_conflicts)
        return then.counted(stored, duplicates - taken_then, conflicts)


_BASE_COUNTERS = ("base_stored", "base_duplicates", "base_conflicts")
_NAMES = [f.name for f in fields(DayState)]
_READ = f"SELECT {', '.join(_NAMES)} FROM state"
_READ_FIRST = _READ.replace("generation, settled, waves_dropped", "0, 0, 0")
_WRITE = f"UPDATE state SET {', '.join(f'{name} = ?' for name in _NAMES)}"


def read_state(db: sqlite3.Connection) -> DayState:
    """The row, also of a file that version 1 wrote. Raises `Rejected` for one of a later version."""
    (version,) = db.execute("SELECT version FROM state").fetchone()
    if not 1 <= version <= VERSION:
        raise Rejected("unknown_version", f"a day file of version {version}; this program knows 1 to {VERSION}")
    return DayState(*db.execute(_READ if version > 1 else _READ_FIRST).fetchone())


def stale_series(db: sqlite3.Connection, state: DayState) -> set[int]:
    """Series whose readings changed after they were settled."""
    return {series for (series,) in db.execute("SELECT series FROM stale")} if state.settled else set()


def write_state(db: sqlite3.Connection, state: DayState) -> None:
    """Put the row, inside the caller's transaction."""
    db.execute(_WRITE, [getattr(state, name) for name in _NAMES])


def upgrade(db: sqlite3.Connection) -> None:
    """Bring a file of version 1 to this one. Must not run inside a transaction."""
    (version,) = db.execute("SELECT version FROM state").fetchone()
    steps = {1: _NEW_IN_2 + _NEW_IN_3, 2: _NEW_IN_3}
    if version in steps:
        db.executescript(f"BEGIN IMMEDIATE; {steps[version]} COMMIT;")
