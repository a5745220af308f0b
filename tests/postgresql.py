"""A private PostgreSQL from Debian on a free port of loopback: one cluster, a database of its own for whoever asks.

`fsync` is off unless asked for: what these tests kill is programs, not the machine.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa

from forewarn.maintenance.records import open_records
from tests.servers import PATIENCE_S, free_port

SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=400",
    "shared_buffers=64MB",
    "autovacuum=on",
    "log_min_messages=fatal",
)
FAST = ("fsync=off", "full_page_writes=off")
OWNER = "postgres"  # the server refuses to run as root; Debian's package makes this user
MIGRATED = "migrated"


def program(name: str) -> str | None:
    """Path of one of the server's programs: Debian keeps them outside of PATH."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(newest[-1]) if newest else shutil.which(name)


class Postgresql:
    """One running server. `stop`, `kill` and `start` again on the same port and data."""

    def __init__(self, durable: bool = False, settings: Sequence[str] = ()) -> None:
        found = program("initdb"), program("postgres")
        if found[0] is None or found[1] is None:
            raise FileNotFoundError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
        initdb, self._postgres = found[0], found[1]
        self.port = free_port()
        self._settings = (*SETTINGS, *(() if durable else FAST), *settings)
        # not below pytest's folder, which only its owner may enter
        self.folder = Path(tempfile.mkdtemp(prefix="forewarn-postgresql-"))
        self._root = os.geteuid() == 0
        if self._root:
            shutil.chown(self.folder, OWNER)
        self._names = itertools.count(1)
        self._migrated = False
        self._process: subprocess.Popen[bytes] | None = None
        self._run([initdb, "-D", self._data, "-U", "forewarn", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start; returns when it takes connections."""
        settings = [part for each in (*self._settings, f"port={self.port}") for part in ("-c", each)]
        command = [self._postgres, "-D", self._data, "-k", str(self.folder), *settings]
        with (self.folder / "log").open("ab") as log:
            # it goes with the program that started it, also when that is killed
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "QUIT", *self._as_owner(), *command], stdout=log, stderr=log, cwd="/"
            )
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def database(self, empty: bool = False) -> str:
        """URL of a new database, with the tables of this version unless it shall be `empty`."""
        name = f"forewarn_{next(self._names)}"
        if not empty and not self._migrated:
            self._sql(f"DROP DATABASE IF EXISTS {MIGRATED}")  # of a migration that did not get through
            self._sql(f"CREATE DATABASE {MIGRATED}")
            open_records(self.url(MIGRATED)).close()
            self._migrated = True
        self._sql(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else MIGRATED}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._sql(f"DROP DATABASE IF EXISTS {sa.make_url(url).database} WITH (FORCE)")

    def url(self, database: str) -> str:
        """URL of one of its databases."""
        return f"postgresql://forewarn@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Ends all connections and shuts down in order."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGQUIT: at once, without a checkpoint; it recovers at the next start."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it and remove what it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)
            self._process = None

    def _as_owner(self) -> list[str]:
        return ["--reuid", OWNER, "--regid", OWNER, "--clear-groups"] if self._root else []

    def _run(self, command: Sequence[str]) -> None:
        whole = ["setpriv", *self._as_owner(), *command] if self._root else list(command)
        done = subprocess.run(whole, capture_output=True, text=True, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
