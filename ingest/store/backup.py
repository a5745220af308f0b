"""A copy of a series store while it is written: every file as it stood at one moment, the moment of the call.

At that moment each file is pinned by a read transaction; the copying takes its time afterwards, while writes go on. The
catalogue's cursor and the cursors of the days belong together in the copy, so that a restored store takes the journal
from `position` on and counts nothing twice.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forewarn.core.errors import Conflict
from forewarn.ingest.folder_lock import sync_folder
from forewarn.ingest.store.files import open_for_reading

MANIFEST = "backup.json"
_MOST_PINNED = 128


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied: the journal position from which a restored store goes on, files and bytes."""

    position: int
    files: int
    bytes: int


class Pins:
    """The files of a store as of one moment.

    At once pinned are the catalogue, the books and rollups, the newest days and those open for writing; any other day
    is pinned before the store opens it (`before_change`), and otherwise read when its turn comes: it is the same still.
    """

    def __init__(self, folder: Path, open_now: Sequence[Path]) -> None:
        days = sorted(folder.glob("day-*.db"), reverse=True)
        others = [path for path in sorted(folder.glob("*.db")) if path not in days]
        self._waiting = [*days, *others]
        self._pinned: dict[Path, sqlite3.Connection] = {}
        for path in [*others, *open_now, *days[:_MOST_PINNED]]:
            self.before_change(path)

    def before_change(self, path: Path) -> None:
        """Keep this file's state, when it is still to be copied."""
        if path in self._waiting and path not in self._pinned and (db := open_for_reading(path)) is not None:
            db.execute("BEGIN")
            db.execute("SELECT * FROM state").fetchone()  # a transaction begins with its first read
            self._pinned[path] = db

    def next(self) -> tuple[Path, sqlite3.Connection] | None:
        """A file that is still to be copied, pinned; None at the end."""
        while self._waiting:
            path = self._waiting[0]
            self.before_change(path)
            self._waiting.pop(0)
            if (db := self._pinned.pop(path, None)) is not None:
                return path, db
        return None

    def release(self) -> None:
        """Let go of everything."""
        self._waiting.clear()
        while self._pinned:
            self._pinned.popitem()[1].close()


def copy_pinned(take: Callable[[], tuple[Path, sqlite3.Connection] | None], target: Path, position: int) -> Backup:
    """Copy what `take` hands out, one file after the other, and write the manifest last. All of it is on the disk then.

    Raises `Conflict` when the target holds something already, OSError when it cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise Conflict(f"{target} is not empty: a backup wants a folder of its own")
    files = size = 0
    while (taken := take()) is not None:
        path, source = taken
        try:
            _copy(source, target / path.name)
        finally:
            source.close()
        files, size = files + 1, size + (target / path.name).stat().st_size
    backup = Backup(position, files, size)
    manifest = target / MANIFEST
    manifest.write_text(json.dumps(asdict(backup)) + "\n")
    _sync(manifest)
    sync_folder(target)
    return backup


def _copy(source: sqlite3.Connection, path: Path) -> None:
    copy = sqlite3.connect(path, isolation_level=None)
    try:
        source.backup(copy)
    finally:
        copy.close()
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
