"""Where a state machine keeps its orders: new records for each example, and a way to break a write between two
statements."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
import sqlalchemy as sa

from forewarn.core.errors import Retriable
from forewarn.maintenance.records import Records, open_records

if TYPE_CHECKING:
    from tests.postgresql import Postgresql

WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE")


class PowerCut(Exception):
    """The program ended here."""


TORN = (PowerCut, Retriable)


class Place(Protocol):
    """Gives a new database, and takes it back."""

    def new(self) -> str:
        """Its URL."""
        ...

    def drop(self, url: str) -> None:
        """It is not used any more."""
        ...

    def cut(self, connection: sa.Connection) -> None:
        """End this connection in the middle of its transaction."""
        ...


class OnSqlite:
    """Files of a folder; copying a migrated one is faster than migrating for each example."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="forewarn-test-"))
        open_records(f"sqlite:///{self._folder}/migrated.db").close()
        self._count = 0

    def new(self) -> str:
        """See `Place`."""
        self._count += 1
        path = self._folder / f"{self._count}.db"
        shutil.copy(self._folder / "migrated.db", path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        """See `Place`."""
        for path in self._folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            path.unlink()

    def cut(self, connection: sa.Connection) -> None:
        """Nothing of a transaction is on disk before its end: leaving is dying."""
        raise PowerCut

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder)


class OnPostgresql:
    """Databases of a running server."""

    def __init__(self, server: Postgresql) -> None:
        self._server = server

    def new(self) -> str:
        """See `Place`."""
        return self._server.database()

    def drop(self, url: str) -> None:
        """See `Place`."""
        self._server.drop(url)

    def cut(self, connection: sa.Connection) -> None:
        """The server ends the session, as it does for a client that was killed; the next statement learns of it."""
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr] # psycopg's
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as admin:
            gone = admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,)).fetchone()
        assert gone == (True,)

    def close(self) -> None:
        """The server goes on."""


@contextmanager
def cut_at(place: Place, records: Records, statement: int) -> Iterator[list[str]]:
    """The connection is cut before the so-manieth statement that writes (0: the first). Gives those that were seen."""
    seen: list[str] = []
    engine = records._writer

    def count(connection: sa.Connection, cursor: object, sql: str, *rest: object) -> None:
        if sql.lstrip().upper().startswith(WRITES):
            seen.append(sql)
            if len(seen) == statement + 1:
                place.cut(connection)

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
