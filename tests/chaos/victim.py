"""The ingest process under test: started as a program of its own, in any surroundings, and always ended.

`Surroundings` say what stands around it: a program in front (strace, prlimit, `ip netns exec`), variables (a false
clock), another source tree (a planted bug). Its life line is the harness: when that dies, it ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, Settings
from forewarn.ingest.store.reader import PackedReader

SIGNALS = 8
START_S = 30.0
PROMISED_STOP_S = 10.0

PLANT = "\n".join(
    [
        "plant: Chaos",
        "sites:",
        "  works: {timezone: Europe/Berlin}",
        "assets:",
        "  ledger:",
        "    name: Ledger",
        "    class: test",
        "    area: test",
        "    signals:",
        *[f"      n{i}: {{topic: ledger/n{i}, quantity: counter, unit: count}}" for i in range(SIGNALS)],
        "",
    ]
)
NAMES = tuple(f"ledger/n{i}" for i in range(SIGNALS))
"""Names of the signals, and their topics."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the process."""

    wrapper: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    tree: Path | None = None

    def environment(self, settings: Settings) -> dict[str, str]:
        """Variables of the process, its settings among them."""
        found = {**os.environ, **self.variables, HANDOVER: settings.model_dump_json()}
        return {**found, "PYTHONPATH": str(self.tree)} if self.tree else found


def ledger_settings(folder: Path, host: str = "127.0.0.1", **journal: int) -> Settings:
    """Settings of an ingest process for the ledger's signals, with its files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    plant = folder / "plant.yaml"
    plant.write_text(PLANT)
    told = {"state_dir": folder / "state", "plant": plant, "log": "warning", "journal": journal}
    return Settings.model_validate({**told, "mqtt": {"host": host, "port": free_port("127.0.0.1", 0)}})


class Victim:
    """One ingest process after another on the same files and the same port."""

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        self.settings, self._around = settings, surroundings
        self._process: subprocess.Popen[bytes] | None = None
        self.log = settings.plant.with_name("ingest.log")

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Process id; with strace in front (`-D`) it is still that of the ingest process."""
        assert self._process is not None
        return self._process.pid

    def launch(self, *wrapper: str, variables: Mapping[str, str] | None = None) -> None:
        """Start it and do not wait."""
        command = [*wrapper, *self._around.wrapper, sys.executable, "-P", "-m", "forewarn.api", "ingest", "--as-child"]
        environment = {**self._around.environment(self.settings), **(variables or {})}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )

    def start(self, *wrapper: str, variables: Mapping[str, str] | None = None) -> bool:
        """Start it and wait until it is ready; False when it ended before."""
        self.launch(*wrapper, variables=variables)
        return self.is_ready()

    def is_ready(self, timeout_s: float = START_S) -> bool:
        """Wait for the ready line; False when it ended or the time is over."""
        assert self._process is not None
        assert self._process.stdout is not None
        heard, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        line = self._process.stdout.readline() if heard else b""
        return bool(line) and bool(json.loads(line).get("ready"))

    @property
    def runs(self) -> bool:
        """Is it alive?"""
        return self._process is not None and self._process.poll() is None

    def exit_code(self, timeout_s: float) -> int | None:
        """Its exit status (negative: the signal that killed it), None when it still runs after so long."""
        assert self._process is not None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.runs:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def stop(self, timeout_s: float = PROMISED_STOP_S) -> int | None:
        """SIGTERM, as an operator would; its exit status, None when it had to be killed."""
        self.signal(signal.SIGTERM)
        code = self.exit_code(timeout_s)
        self.kill()
        return code

    def peak_memory_bytes(self) -> int:
        """Most memory that it ever held, by the kernel's account."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise ProcessLookupError(f"process {self.pid} is gone")

    def said(self, words: str) -> bool:
        """Do these words stand in its log?"""
        return self.log.exists() and words in self.log.read_text(errors="replace")


def accounted(settings: Settings) -> int:
    """Readings in the books of a store that may be written at this moment."""
    reader = PackedReader(settings.series_dir)
    try:
        return reader.counts().acknowledged
    finally:
        reader.close()


def wait_until_accounted(settings: Settings, readings: int, timeout_s: float) -> bool:
    """Do so many readings come into the books in time? What takes longer counts as lost."""
    deadline = time.monotonic() + timeout_s
    while accounted(settings) < readings:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
