"""Servers from Debian for tests: started on a free port, stopped, killed and started again on the same one."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

PATIENCE_S = 20.0
FIRST_PORT, PORTS = 20_000, 12_000  # below what the kernel gives to clients and to port 0
_given = itertools.count(os.getpid() * 97 % PORTS)  # processes side by side begin apart


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has, and that this process has not given away before.

    A port that the kernel picks may be picked again before its first asker listens: a broker that was to be away then
    turns out to be the program under test.
    """
    for n in itertools.islice(_given, PORTS):
        port = FIRST_PORT + n % PORTS
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS}")


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens; fails when the process ends before."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")


class Mosquitto:
    """One real broker. `settings` are further lines of its configuration; state lies in `folder`."""

    def __init__(self, program: str, folder: Path, settings: str = "", port: int | None = None) -> None:
        self.port = port or free_port()
        self.folder = folder
        self.config = folder / f"mosquitto-{self.port}.conf"
        owner = "user root\n" if os.geteuid() == 0 else ""  # else it becomes a user who cannot read the folder
        self.config.write_text(
            owner + settings
            if "listener " in settings
            else f"{owner}listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"max_queued_messages 0\nmax_inflight_messages 1000\n{settings}"
        )
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start; returns when it listens."""
        log = (self.folder / f"mosquitto-{self.port}.log").open("ab")
        with log:
            self._process = subprocess.Popen([self._program, "-c", str(self.config)], stderr=log)
        wait_for_port(self.port, self._process)

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        return (self.folder / f"mosquitto-{self.port}.log").read_text()

    def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing is answered."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, as a service manager does; sessions are saved where persistence is on."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)
            self._process = None
