"""A real InfluxDB 1.x from Debian on free ports of loopback, for tests marked `server`."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.servers import free_port

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[logging]
  level = "error"
"""


class Influxd:
    """One server; `stop` and `start` again as an outage."""

    def __init__(self, program: str, folder: Path) -> None:
        http, rpc = free_port(), free_port()
        self.url, self._folder = f"http://127.0.0.1:{http}", folder
        config = folder / "influxdb.conf"
        config.write_text(CONFIG.format(http=http, rpc=rpc, folder=folder))
        self._command = [program, "-config", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        while not self._answers():
            threading.Event().wait(0.02)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "influxd.log").read_text()[-2000:]
        try:
            return httpx2.get(f"{self.url}/ping", trust_env=False).is_success
        except httpx2.TransportError:
            return False

    def make_database(self, name: str) -> None:
        """An empty database."""
        for statement in (f'DROP DATABASE "{name}"', f'CREATE DATABASE "{name}"'):
            httpx2.post(f"{self.url}/query", params={"q": statement}, trust_env=False).raise_for_status()

    def stop(self, kill: bool = False) -> None:
        """End it; `kill` as by kill -9."""
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait()


@contextmanager
def running_influxd(program: str, folder: Path) -> Iterator[Influxd]:
    """A started server, ended afterwards."""
    server = Influxd(program, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
