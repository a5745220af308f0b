"""What the SQLite files of a series store have in common: how they are opened, and which errors may pass."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forewarn.core.errors import Retriable

PAGE_BYTES = 16384
_BUSY_MS = 5000
_MAY_PASS = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
}


def open_for_writing(path: Path, schema: str) -> sqlite3.Connection:
    """The one writing connection of a file: WAL, fsync at every commit. Makes file and tables when missing."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    try:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 512")
        if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'state'").fetchone()[0]:
            db.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """A read-only connection, usable while another process writes; None when there is nothing to read yet."""
    if not path.exists():
        return None
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=5
    )
    try:
        if db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'state'").fetchone()[0]:
            return db
    except BaseException:
        db.close()
        raise
    db.close()
    return None


@contextmanager
def transaction(db: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """All or nothing."""
    db.execute(begin)
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def retriable(what: Path) -> Iterator[None]:
    """Turns a full disk or a busy file into `Retriable`. An error of fsync or of the data itself stays fatal."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in _MAY_PASS or (code & 0xFF) in _MAY_PASS:
            raise Retriable(f"{what} cannot be written now: {error}") from error
        raise
