"""The books of days whose files were dropped: what they had stored, so that the counts still balance."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from forewarn.ingest.store.day_rows import day_path
from forewarn.ingest.store.day_state import DayState, read_state
from forewarn.ingest.store.files import open_for_reading, open_for_writing, remove_database, retriable, transaction

FILE = "history.db"
SCHEMA = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1);
CREATE TABLE dropped (day INTEGER NOT NULL, generation INTEGER NOT NULL, stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL, dropped_at INTEGER NOT NULL,
  PRIMARY KEY (day, generation));
"""
Totals = tuple[int, int, int]
"""Stored, duplicates, conflicts."""


class History:
    """The writing side. A day is first noted here, then its file goes; a crash in between is made good at the start."""

    def __init__(self, folder: Path) -> None:
        self._folder, path = folder, folder / FILE
        with retriable(path):
            self._db = open_for_writing(path, SCHEMA)
        self._generations: dict[int, int] = dict(dropped_days(self._db))
        for day in self._generations:
            self._finish(day)

    def _finish(self, day: int) -> None:
        path = day_path(self._folder, day)
        if (db := open_for_reading(path)) is not None:
            generation = read_state(db).generation
            db.close()
            if generation < self.generation(day):
                remove_database(path)

    def generation(self, day: int) -> int:
        """How often a file of this day was dropped."""
        return self._generations.get(day, 0)

    def note(self, day: int, state: DayState, at_us: int) -> None:
        """Keep the books of a day that is about to be dropped, durably."""
        row = (day, state.generation, state.stored, state.duplicates, state.conflicts, at_us)
        with retriable(self._folder / FILE), transaction(self._db):
            self._db.execute("INSERT INTO dropped VALUES (?, ?, ?, ?, ?, ?)", row)
        self._generations[day] = state.generation + 1

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def dropped_days(db: sqlite3.Connection | None) -> dict[int, int]:
    """Day -> how many files of it were dropped."""
    return dict(db.execute("SELECT day, max(generation) + 1 FROM dropped GROUP BY day")) if db else {}


def dropped_totals(db: sqlite3.Connection | None) -> Totals:
    """What the dropped files had counted."""
    if db is None:
        return 0, 0, 0
    columns = ", ".join(f"coalesce(sum({name}), 0)" for name in ("stored", "duplicates", "conflicts"))
    stored, duplicates, conflicts = db.execute(f"SELECT {columns} FROM dropped").fetchone()
    return stored, duplicates, conflicts
