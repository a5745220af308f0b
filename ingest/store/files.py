"""What the SQLite files of a series store have in common: how they are opened, and which errors may pass."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forewarn.core.errors import Retriable
from forewarn.ingest.folder_lock import sync_folder

PAGE_BYTES = 4096
_BUSY_MS = 5000
_FRESH_NS = 1_000_000_000
_WAL_KEPT_BYTES = 16 << 20
_WAL_MOST_BYTES = 64 << 20
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
    if not path.exists():
        _remove_companions(path)  # what a killed removal left would be taken for changes of the new file
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    try:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table: pages given free can leave the file
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 2048")
        db.execute("PRAGMA secure_delete = OFF")  # Debian's SQLite has it on: every log page would be written as zeros
        db.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
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
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
    except sqlite3.OperationalError:
        if path.exists():
            raise
        return None  # it went just now
    try:
        if db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'state'").fetchone()[0]:
            return db
    except BaseException as error:
        db.close()
        if isinstance(error, sqlite3.OperationalError) and not path.exists():
            return None
        raise
    db.close()
    return None


def inode_of(path: Path) -> int:
    """Identity of a file, 0 when it does not exist."""
    with suppress(FileNotFoundError):
        return path.stat().st_ino
    return 0


def unwritten(path: Path) -> tuple[int, ...] | None:
    """What changes with every change of a file that nobody writes now; None while changes wait in its log.

    A commit lies in the write-ahead log, or the file's time has moved on; a file of the last second tells nothing yet.
    """
    try:
        log = _companion(path, "-wal")
        if log.exists() and log.stat().st_size:
            return None
        told = path.stat()
    except FileNotFoundError:
        return None
    fresh = time.time_ns() - told.st_mtime_ns < _FRESH_NS
    return None if fresh else (told.st_ino, told.st_size, told.st_mtime_ns)


def bound_log(db: sqlite3.Connection, path: Path) -> None:
    """Bring a write-ahead log back to nothing when readers that never pause have let it grow.

    Waits for readers for as long as a busy file is waited for; when one still holds on, the next call tries again.
    """
    log = _companion(path, "-wal")
    if log.exists() and log.stat().st_size > _WAL_MOST_BYTES:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def close_written(db: sqlite3.Connection) -> None:
    """Close a writing connection; its write-ahead log goes, unless a reader is inside just now."""
    with suppress(sqlite3.OperationalError):  # a full disk: nothing is lost, the log waits for the next opening
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def remove_database(path: Path) -> None:
    """Delete a file that nobody writes any more, its companions last. Who has it open reads on undisturbed."""
    path.unlink(missing_ok=True)
    _remove_companions(path)
    sync_folder(path.parent)


def _remove_companions(path: Path) -> None:
    for end in ("-wal", "-shm"):
        _companion(path, end).unlink(missing_ok=True)


def _companion(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


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
