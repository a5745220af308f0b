"""How far a sink has come in the journal, and what its decoders remember there: one small SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from forewarn.ingest.store.files import open_for_writing, transaction

_SCHEMA = """
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, cursor INTEGER NOT NULL);
INSERT INTO state VALUES (1, 1, 0);
CREATE TABLE memory (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class SinkCursor:
    """A journal position and the decoders' memory as of it. Raises `OSError` or `sqlite3.Error` when unreadable."""

    def __init__(self, path: Path) -> None:
        self._db = open_for_writing(path, _SCHEMA)
        self.position: int = self._db.execute("SELECT cursor FROM state").fetchone()[0]

    def advance(self, position: int, memory: Mapping[str, bytes | None] | None = None) -> None:
        """Remember durably that everything before a position has arrived, and what decoders knew there."""
        with transaction(self._db):
            self._db.execute("UPDATE state SET cursor = ?", (position,))
            for key, value in (memory or {}).items():
                if value is None:
                    self._db.execute("DELETE FROM memory WHERE key = ?", (key,))
                else:
                    self._db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (key, value))
        self.position = position

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember, as of the position."""
        return dict(self._db.execute("SELECT key, value FROM memory"))

    def enter(self, start: int, end: int, memory: Callable[[], Mapping[str, bytes]] = dict) -> int:
        """Go on inside what a journal still holds, [start, end]; answers how many bytes lie between, never to be read.

        0 is usual. A sink that is new or was switched off begins at what is left; one whose journal was replaced, at
        its end. What its decoders knew belongs to another place then: they go on with `memory`, that of the store
        beside it, without which data that rest on something said long ago (a Sparkplug birth) could not be read.
        """
        inside = min(max(self.position, start), end)
        missed = abs(inside - self.position)
        if missed:
            self.advance(inside, {**dict.fromkeys(self.memory()), **memory()})
        return missed

    def close(self) -> None:
        """Release the file."""
        self._db.close()
