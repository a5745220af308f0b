"""Child processes: started as programs of their own, with a pipe as life line, and started again when they die.

When the parent dies, even by kill -9, the pipe closes and the child ends by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

import structlog

from forewarn.core.errors import Retriable

log = structlog.get_logger(__name__)

LONGEST_PAUSE_S = 10.0


def when_parent_ends(act: Callable[[], None]) -> None:
    """Call `act` in a thread when standard input closes, which is when the parent is gone."""

    def watch() -> None:
        # os.read and not sys.stdin: a blocked buffered read aborts the interpreter at exit
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=watch, name="life-line", daemon=True).start()


class ChildDied(Retriable):
    """A program ended before it was ready. Why it did stands in its own log lines."""


class Child:
    """One supervised program `python -P -m MODULE ARGUMENTS`; its first line on stdout (JSON) says that it is ready."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self.name = name
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self.ready: dict[str, Any] = {}
        self.restarts = 0

    def start(self, keep: bool = True) -> dict[str, Any]:
        """Start it and wait for its ready line; `keep`: start it again whenever it dies."""
        self.ready = self._ready_line() or self._spawn()
        if keep:
            threading.Thread(target=self._keep, name=f"keep-{self.name}", daemon=True).start()
        return self.ready

    def launch(self) -> None:
        """Start it without waiting: `start` waits for it later, or its only line on stdout is a report at the end."""
        self._process = self._popen()

    @property
    def pid(self) -> int:
        """Process id of the running incarnation."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Is no incarnation running?"""
        return self._process is None or self._process.poll() is not None

    @property
    def stdin(self) -> IO[bytes]:
        """Its standard input."""
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin

    def stop(self, timeout_s: float = 20.0) -> str:
        """Close its life line, wait, and answer its last line of output."""
        self._stopping.set()
        process = self._process
        if process is None or process.stdin is None or process.stdout is None or process.stdout.closed:
            return ""
        process.stdin.close()
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
        reader.start()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("child_killed", child=self.name, after_s=timeout_s)
            process.kill()
            process.wait()
        reader.join(5.0)
        if not reader.is_alive():
            process.stdout.close()
        return lines[-1].decode() if lines else ""

    def _spawn(self) -> dict[str, Any]:
        """Start it and wait for its ready line. One that was killed is started again, one that gave up is not."""
        while True:
            self._process = self._popen()
            if ready := self._ready_line():
                return ready

    def _ready_line(self) -> dict[str, Any]:
        """What the running incarnation says when it is ready; empty when there is none or it was killed before."""
        if self._process is None or self._process.stdout is None:
            return {}
        line = self._process.stdout.readline()
        if line:
            ready: dict[str, Any] = json.loads(line)
            return ready
        code = self._process.wait()
        if code >= 0 or self._stopping.is_set():
            raise ChildDied(f"{self.name} ended with exit status {code} before it was ready; its reason stands above")
        log.error("child_killed_at_start", child=self.name, signal=-code)
        return {}

    def _popen(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment)

    def _keep(self) -> None:
        pause_s = 0.1
        while True:
            assert self._process is not None
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            _close_pipes(self._process)
            self.restarts += 1
            pause_s = 0.1 if time.monotonic() - started > 60 else min(2 * pause_s, LONGEST_PAUSE_S)
            log.error("child_died", child=self.name, exit_status=code, restart_in_s=pause_s)
            if self._stopping.wait(pause_s):
                return
            try:
                self.ready = self._spawn()
            except ChildDied as error:
                log.error("child_did_not_start", child=self.name, error=str(error))
            if self._stopping.is_set():  # told to stop while it started: `stop` closed the life line of the one before
                self.stdin.close()
                return


def _close_pipes(ended: subprocess.Popen[bytes]) -> None:
    for pipe in (ended.stdin, ended.stdout):
        if pipe is not None:
            pipe.close()
