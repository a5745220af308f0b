"""kill -9 of the ingest process, the main process or both, at random moments under load, also while they start.

The ledger's publisher sends numbered readings; the simulated fleet runs beside it on the accelerated clock, so that
alarms come and orders are opened while processes die. A killed ingest process is restarted by the main process; a
killed main process by this script, as a service manager would. Nothing acknowledged may be missing, nothing may be
stored twice or miscounted, no cause may have two open orders, and the audit chain must be whole.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from forewarn.api.main_process import free_port
from forewarn.api.settings import Settings
from tests.chaos.ledger import Ledger, Orders
from tests.chaos.load import Load
from tests.chaos.scenario import DRAIN_S, Bench, Finding, zeros
from tests.chaos.verdict import BOOKS, judged_orders, judged_readings, troubles_of_orders
from tests.chaos.victim import NAMES, SIGNALS, wait_until_accounted

RATE = 10_800.0
LONGEST_PAUSE_S = 3.0
SERVING_SHARE = 0.3
"""So many kills strike a system that serves; the others strike at any moment of its start."""
START_S = 90.0
LEAST_S = 35.0
"""The load lasts so long at least: alarms and their orders need their time too."""


class WholeSystem:
    """`forewarn up` with its child, started again whenever it was killed."""

    def __init__(self, bench: Bench, clock_rate: float) -> None:
        self._bench, self.kills = bench, Counter[str]()
        self.settings = self._settings(bench.folder, clock_rate)
        self._main: subprocess.Popen[bytes] | None = None

    def _settings(self, folder: Path, clock_rate: float) -> Settings:
        now_us = time.time_ns() // 1000
        told = {
            "state_dir": folder / "state",
            "plant": _plant_file(folder),
            "log": "error",
            "mqtt": {"port": free_port("127.0.0.1", 0)},
            "http": {"port": free_port("127.0.0.1", 0)},
            "clock": {"origin_wall_us": now_us, "origin_plant_us": now_us, "rate": clock_rate},
            "scoring": {"assess_every_s": 6 * 3600},
        }
        return Settings.model_validate(told)

    def __enter__(self) -> WholeSystem:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        environment = self._bench.surroundings().environment(self.settings)
        command = [sys.executable, "-P", "-m", "forewarn.api", "up"]
        with (self._bench.folder / "main.log").open("ab") as log:
            self._main = subprocess.Popen(command, stderr=log, env=environment)

    def _ingest_pid(self) -> int | None:
        """Process id of the ingest child, when it runs."""
        assert self._main is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self._main.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for pid in found:
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"ingest" in command.read_bytes():
                return int(pid)
        return None

    def kill(self, what: str) -> bool:
        """kill -9 now; False when the victim does not run at this moment."""
        assert self._main is not None
        if self._main.poll() is not None:
            self._start()
        ingest = self._ingest_pid() if what != "main" else None
        if what != "main" and ingest is None:
            return False
        if ingest is not None:
            os.kill(ingest, signal.SIGKILL)
        if what != "ingest":
            self._main.kill()
            self._main.wait()
            self._start()
        self.kills[what] += 1
        return True

    def wait_until_serving(self) -> None:
        """Until the page answers, which comes after everything else has started."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                httpx2.get(f"http://127.0.0.1:{self.settings.http.port}/api/me", timeout=2.0)
                return
            except httpx2.TransportError:
                time.sleep(0.1)
        raise TimeoutError(f"the system did not serve within {START_S} s")

    def stop(self) -> None:
        """SIGTERM, as an operator would."""
        if self._main is not None and self._main.poll() is None:
            self._main.terminate()
            self._main.wait(60)


def _plant_file(folder: Path) -> Path:
    """The demo plant and one more asset for the ledger's numbers."""
    text = (files("forewarn.simulators") / "demo_plant.yaml").read_text()
    signals = [f"      n{i}: {{topic: ledger/n{i}, quantity: counter, unit: count}}" for i in range(SIGNALS)]
    ledger = ["  ledger:", "    name: Ledger", "    class: test", "    area: test", "    signals:"]
    file = folder / "plant.yaml"
    file.write_text("\n".join([text.rstrip(), *ledger, *signals]) + "\n")
    return file


class Fleet:
    """The simulated fleet as a process; it prints at its end what it sent and saw acknowledged."""

    def __init__(self, settings: Settings, seed: int, port: int = 0) -> None:
        clock = settings.clock
        where = ["--port", str(port or settings.mqtt.port), "--rate", str(clock.rate), "--seed", str(seed)]
        where += ["--origin-wall-us", str(clock.origin_wall_us), "--origin-plant-us", str(clock.origin_plant_us)]
        command = [sys.executable, "-P", "-m", "forewarn.simulators", "fleet", *where]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def finish(self) -> dict[str, Any]:
        """Its report, once everything is acknowledged."""
        out, _ = self._process.communicate(timeout=START_S)
        report: dict[str, Any] = json.loads(out.splitlines()[-1])
        return report


def run(bench: Bench) -> Finding:
    """See the module."""
    return kill_under_load(bench)


def kill_under_load(bench: Bench, clock_rate: float = RATE) -> Finding:
    """Load, kill, drain, count. `clock_rate`: plant seconds per second, for the fleet and the system."""
    with WholeSystem(bench, clock_rate) as system:
        start_ms = time.time_ns() // 1_000_000 - 3_600_000
        orders = Orders(str(bench.folder / "ledger"), system.settings.mqtt.port, NAMES, start_ms)
        with Fleet(system.settings, bench.seed) as fleet, Load(orders) as load:
            ends_s = time.monotonic() + LEAST_S
            use_the_knife(bench, system)
            system.wait_until_serving()
            time.sleep(max(3.0, ends_s - time.monotonic()))
            load.finish(DRAIN_S)
            report = fleet.finish()
            ledger = load.ledger
            wait_until_accounted(system.settings, len(ledger.acked) + int(report["readings_acked"]), DRAIN_S)
    return verdict(system, ledger, report)


def use_the_knife(bench: Bench, system: WholeSystem) -> None:
    """The kills of the bench, at random moments; every second one strikes ingest, the others main or both."""
    victims = [("ingest", "main", "ingest", "both")[i % 4] for i in range(bench.kills)]
    bench.random.shuffle(victims)
    time.sleep(5)
    for i, victim in enumerate(victims):
        if bench.random.random() < SERVING_SHARE:
            system.wait_until_serving()
        time.sleep(bench.random.uniform(0.0, LONGEST_PAUSE_S))
        deadline = time.monotonic() + START_S
        while not system.kill(victim):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {victim} process within {START_S} s")
            time.sleep(0.05)
        if i % 5 == 4:
            bench.say(f"kill -9 {i + 1}/{len(victims)}")


def verdict(system: WholeSystem, ledger: Ledger, report: dict[str, Any]) -> Finding:
    """From outside, after an orderly end."""
    settings = system.settings
    judged = judged_readings(settings.series_dir, NAMES, ledger.attempted, ledger.acked, int(report["readings_acked"]))
    orders = judged_orders(settings.state_dir / "records.db")
    books = {name: int(judged[name]) for name in BOOKS}
    figures = {
        "kills": system.kills.total(),
        "killed": dict(system.kills),
        "books": judged["books"],
        "fleet": {key: report[key] for key in ("readings_acked", "complete")},
        "orders": orders,
    }
    return Finding(books, {**zeros(books), **troubles_of_orders(orders)}, figures)
