"""The side of the records that PostgreSQL needs: engines, and turns where SQLite has one writer anyway.

A write runs in READ COMMITTED with row locks and turns, a read in one snapshot. Nobody waits for a lock longer than
10 s; a program that stood still in the middle of a transaction for a minute has lost it when it wakes up, so what it
believed to know is not written any more.
"""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.errors import Rejected

LOCK_TIMEOUT_MS = 10_000
IDLE_TIMEOUT_MS = 60_000
CONNECTIONS = 10
"""Kept open; three times as many when many ask at once."""

READ_ONLY = "25006"
"""SQLSTATE of a server that takes no writes now: a standby, or a primary that was just demoted."""


def engines(url: sa.URL) -> tuple[sa.Engine, sa.Engine]:
    """Writer and reader of a PostgreSQL database; both take their connections from one pool.

    Raises Rejected without psycopg 3, or when it finds no libpq.
    """
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    limits = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS}"
    try:
        writer = sa.create_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=2 * CONNECTIONS,
            pool_pre_ping=True,  # a server that was started again in between is no error
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": 10, "options": limits},
        )
    except ImportError as error:
        raise Rejected(
            "postgresql_driver",
            f"PostgreSQL needs psycopg 3 and the system's libpq: pip install 'forewarn[postgresql]', and on Debian"
            f" apt-get install libpq5 ({error})",
        ) from error
    return writer, writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def in_turn(connection: sa.Connection, *name: str) -> None:
    """From here to the end of the transaction, whoever asks for the same name waits.

    On SQLite nothing has to be done: a write transaction is alone from its beginning. Where reading comes before
    writing and no row is there yet that could be locked, this is the lock. Take it before any row lock.
    """
    if connection.dialect.name == "postgresql":
        key = sa.func.hashtextextended("\x1f".join(name), sa.literal_column("0"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
