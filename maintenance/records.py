"""The records: one database with orders, audit, outbox, keys and assessments, and the way in and out of it.

SQLite (WAL, FULL) writes through one connection per `Records`, guarded by a lock; readers have their own, opened
read-only. PostgreSQL takes its transactions from one pool (`records_postgresql`). A write is one transaction:
everything or nothing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from forewarn.core.errors import Rejected, Retriable
from forewarn.maintenance.records_postgresql import READ_ONLY, engines, in_turn

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000
_ALEMBIC = threading.Lock()  # its `op` and `context` are one per process


class Records:
    """An opened database. Make it with `open_records`; share it between threads; close it at the end."""

    def __init__(self, writer: sa.Engine, reader: sa.Engine) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = threading.RLock() if writer.dialect.name == "sqlite" else None
        self._mine = threading.local()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One write transaction, committed when the block ends, undone when it raises.

        Inside another `write` of the same thread it is a part of that one (a savepoint). Raises `Retriable` when the
        database is locked by another process for longer than 10 s, its disk is full, its server is away, or it had to
        choose between two transactions; `Rejected` for a value that its columns cannot hold.
        """
        outer: sa.Connection | None = getattr(self._mine, "connection", None)
        if outer is not None:
            with outer.begin_nested():
                yield outer
            return
        with _own_turn(self._turn), _database_errors(), self._writer.begin() as connection:
            self._mine.connection = connection
            try:
                yield connection
            finally:
                self._mine.connection = None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view; never waits for a writer. Inside `write` of the same thread it sees what that wrote."""
        outer: sa.Connection | None = getattr(self._mine, "connection", None)
        if outer is not None:
            yield outer
            return
        with _database_errors(), self._reader.connect() as connection:
            yield connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    def close(self) -> None:
        """Give the connections back. A closed `Records` is not used again."""
        self._reader.dispose()
        self._writer.dispose()


@contextmanager
def _own_turn(turn: threading.RLock | None) -> Iterator[None]:
    if turn is None:
        yield
    else:
        with turn:
            yield


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise Retriable(f"the records cannot be used now: {getattr(error, 'orig', error)}") from error
    except DataError as error:
        raise Rejected("records_cannot_hold", f"shorten it, or leave out what is no text: {error.orig}") from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) == READ_ONLY:
            raise Retriable(f"the records cannot be used now: {error.orig}") from error
        raise


def open_records(url: str) -> Records:
    """Open the database at a SQLAlchemy URL, bring its tables to this version, and give it back.

    `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`. A SQLite file is made when it is missing (its folder is not),
    a PostgreSQL database is not. Raises `Rejected` for an in-memory SQLite (it has no second connection;
    `MemoryOrderBook` is the twin without a file), for other databases, and for tables that a newer version has written.

    >>> import tempfile
    >>> records = open_records(f"sqlite:///{tempfile.mkdtemp()}/records.db")
    >>> records.dialect
    'sqlite'
    >>> records.close()
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        records = Records(*engines(parsed))
    elif parsed.get_backend_name() != "sqlite":
        raise Rejected("records_unknown", "the records are sqlite:///FILE or postgresql://USER@HOST/DATABASE")
    else:
        if not parsed.database or parsed.database == ":memory:":
            raise Rejected("records_in_memory", "the records need a file: sqlite:///path/records.db")
        path = Path(parsed.database).absolute()
        records = Records(_sqlite_writer(path), _sqlite_reader(path))
    try:
        _bring_up_to_date(records)
    except BaseException:
        records.close()
        raise
    return records


def _sqlite_writer(path: Path) -> sa.Engine:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), pool_size=1, max_overflow=0, pool_timeout=60)

    @sa.event.listens_for(engine, "connect")
    def settings(connection: object, _record: object) -> None:
        _pragmas(connection, "synchronous=FULL", "foreign_keys=ON")
        _switch_to_wal(connection)

    # A transaction that starts as a reader and writes later meets "database is locked" without waiting.
    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_reader(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(url, pool_size=8, max_overflow=24)

    @sa.event.listens_for(engine, "connect")
    def settings(connection: object, _record: object) -> None:
        _pragmas(connection, "query_only=ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _pragmas(connection: object, *settings: str) -> None:
    """Settings of a new SQLite connection; transactions begin where we say so, not where the driver guesses."""
    raw = _sqlite(connection)
    raw.isolation_level = None
    for setting in (f"busy_timeout={BUSY_TIMEOUT_MS}", *settings):
        raw.execute(f"PRAGMA {setting}").close()


def _switch_to_wal(connection: object) -> None:
    """Two programs that switch a new file at once: SQLite refuses one of them without the wait that it was given."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            return _sqlite(connection).execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.005)


def _sqlite(connection: object) -> sqlite3.Connection:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(f"not a SQLite connection: {type(connection).__name__}")
    return connection


def migrations_config(**attributes: object) -> Config:
    """Alembic's settings for our steps. Pass `connection=` to run them, `dialect=` to print them."""
    config = Config(attributes=dict(attributes))
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _bring_up_to_date(records: Records) -> None:
    """One transaction: whoever comes second waits, and finds nothing to do. A broken-off step leaves nothing."""
    with _ALEMBIC, records.write() as connection:
        in_turn(connection, "migrations")
        config = migrations_config(connection=connection)
        ours = ScriptDirectory.from_config(config)
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {script.revision for script in ours.walk_revisions()}:
            raise Rejected(
                "records_are_newer",
                f"the database is at version {found}, this program knows up to {ours.get_current_head()}: "
                "run the version that wrote it, or a newer one",
            )
        if found != ours.get_current_head():
            command.upgrade(config, "head")
