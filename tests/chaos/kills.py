"""sh run chaos: kill -9 of the ingest and the main process at random moments under load, then count.

A publisher with a durable ledger sends numbered readings; the simulated fleet runs beside it on the accelerated clock,
so that alarms come and orders are opened while processes die. A killed ingest process is restarted by the main
process; a killed main process by this script, as systemd would. Ends with one JSON line: nothing that was
acknowledged may be missing, nothing may be stored twice or miscounted, no cause may have two open orders, and the
audit chain must be whole.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2

from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, ClockSettings, HttpSettings, MqttSettings, ScoringSettings, Settings
from forewarn.ingest.store.reader import PackedReader
from tests.chaos.ledger import read_ledger
from tests.chaos.verdict import judged_orders, judged_readings, troubles

RATE = 10_800.0
LEDGER_SIGNALS = 8
LEDGER_RATE = 1000.0
LONGEST_PAUSE_S = 6.0
DRAIN_S = 90.0
SERVING_SHARE = 0.75
"""So many kills strike a system that serves; the others strike at any moment of its start."""


class Plant:
    """The system under test, its load, and the knife."""

    def __init__(self, folder: Path, seed: int, clock_rate: float) -> None:
        self.folder, self.random = folder, random.Random(seed)
        now_us = time.time_ns() // 1000
        self.settings = Settings(
            state_dir=folder / "state",
            plant=self._plant_file(),
            log="error",
            mqtt=MqttSettings(port=free_port("127.0.0.1", 0)),
            http=HttpSettings(port=free_port("127.0.0.1", 0)),
            clock=ClockSettings(origin_wall_us=now_us, origin_plant_us=now_us, rate=clock_rate),
            scoring=ScoringSettings(assess_every_s=6 * 3600),
        )
        self.main: subprocess.Popen[bytes] | None = None
        self.kills: Counter[str] = Counter()

    def _plant_file(self) -> Path:
        """The demo plant and one more asset for the ledger's numbers."""
        text = (files("forewarn.simulators") / "demo_plant.yaml").read_text()
        signals = [f"      n{i}: {{topic: ledger/n{i}, quantity: counter, unit: count}}" for i in range(LEDGER_SIGNALS)]
        ledger = ["  ledger:", "    name: Ledger", "    class: test", "    area: test", "    signals:"]
        file = self.folder / "plant.yaml"
        file.write_text("\n".join([text.rstrip(), *ledger, *signals]) + "\n")
        return file

    def start_main(self) -> None:
        """Start `forewarn up` and wait until the front door answers."""
        environment = {**os.environ, HANDOVER: self.settings.model_dump_json()}
        command = [sys.executable, "-P", "-m", "forewarn.api", "up"]
        with (self.folder / "main.log").open("ab") as log:
            self.main = subprocess.Popen(command, stderr=log, env=environment)

    def ingest_pid(self) -> int | None:
        """Process id of the ingest child, when it runs."""
        assert self.main is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self.main.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for pid in found:
            if b"ingest" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        return None

    def kill(self, what: str) -> bool:
        """kill -9 now; False when it does not run at this moment."""
        assert self.main is not None
        if self.main.poll() is not None:
            self.start_main()
        pid = self.main.pid if what == "main" else self.ingest_pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        self.kills[what] += 1
        if what == "main":
            self.main.wait()
            self.start_main()
        return True

    def wait_until_serving(self) -> None:
        """Until the page answers, which comes after everything else has started."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            try:
                httpx2.get(f"http://127.0.0.1:{self.settings.http.port}/api/me", timeout=2.0)
                return
            except httpx2.TransportError:
                time.sleep(0.1)
        raise TimeoutError(f"the system did not serve within {DRAIN_S} s")

    def stop(self) -> None:
        """SIGTERM, as an operator would."""
        if self.main is not None and self.main.poll() is None:
            self.main.terminate()
            self.main.wait(60)


def run(kills: int, seed: int, folder: Path, clock_rate: float = RATE) -> dict[str, Any]:
    """Load, kill, drain, count. `clock_rate`: plant seconds per second, for the fleet and the system."""
    plant = Plant(folder, seed, clock_rate)
    plant.start_main()
    port, clock = plant.settings.mqtt.port, plant.settings.clock
    where = ["--host", "127.0.0.1", "--port", str(port), "--origin-wall-us", str(clock.origin_wall_us)]
    where += ["--origin-plant-us", str(clock.origin_plant_us), "--seed", str(seed), "--rate", str(clock_rate)]
    fleet = subprocess.Popen(
        [sys.executable, "-P", "-m", "forewarn.simulators", "fleet", *where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    topics = [f"ledger/n{i}" for i in range(LEDGER_SIGNALS)]
    ledger_file = folder / "ledger"
    script = str(Path(__file__).with_name("ledger.py"))
    ledger = subprocess.Popen(
        [sys.executable, script, str(ledger_file), "127.0.0.1", str(port), str(LEDGER_RATE), *topics],
        stdin=subprocess.PIPE,
    )
    try:
        use_the_knife(plant, kills)
        time.sleep(3)
        report = finish(fleet, ledger)
        wait_until_stored(plant, len(read_ledger(ledger_file)[1]) + int(report["readings_acked"]))
    finally:
        for process in (fleet, ledger):
            process.kill()
        plant.stop()
    return count(plant, ledger_file, report, seed)


def use_the_knife(plant: Plant, kills: int) -> None:
    """`kills` of each of the two processes, in random order, at random moments."""
    victims = ["ingest", "main"] * kills
    plant.random.shuffle(victims)
    time.sleep(5)
    for i, victim in enumerate(victims):
        if plant.random.random() < SERVING_SHARE:
            plant.wait_until_serving()
        time.sleep(plant.random.uniform(0.2, LONGEST_PAUSE_S))
        while not plant.kill(victim):
            time.sleep(0.2)
        print(f"kill -9 {i + 1}/{len(victims)}: {victim}", file=sys.stderr, flush=True)


def finish(fleet: subprocess.Popen[bytes], ledger: subprocess.Popen[bytes]) -> dict[str, Any]:
    """End the publishers; each waits for its PUBACKs first."""
    assert ledger.stdin is not None
    ledger.stdin.close()
    ledger.wait(DRAIN_S)
    out, _ = fleet.communicate(timeout=DRAIN_S)
    report: dict[str, Any] = json.loads(out.splitlines()[-1])
    return report


def wait_until_stored(plant: Plant, acked: int) -> None:
    """What takes longer than this is lost."""
    reader = PackedReader(plant.settings.series_dir)
    deadline = time.monotonic() + DRAIN_S
    while reader.counts().acknowledged < acked and time.monotonic() < deadline:
        time.sleep(0.1)
    reader.close()


def count(plant: Plant, ledger_file: Path, report: dict[str, Any], seed: int) -> dict[str, Any]:
    """The verdict, from outside, after an orderly end."""
    attempted, acked = read_ledger(ledger_file)
    signals = [f"ledger/n{i}" for i in range(LEDGER_SIGNALS)]
    return {
        "kills": plant.kills.total(),
        "killed": dict(plant.kills),
        **judged_readings(plant.settings.series_dir, signals, attempted, acked, int(report["readings_acked"])),
        "fleet": {key: report[key] for key in ("readings_acked", "complete")},
        "orders": judged_orders(plant.settings.state_dir / "records.db"),
        "runs": [{"seed": seed, "rate": LEDGER_RATE, "clock_rate": plant.settings.clock.rate}],
    }


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="forewarn-chaos-"))
    try:
        result = run(arguments.kills, arguments.seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    line = json.dumps(result)
    if arguments.out:
        arguments.out.write_text(line + "\n")
    print(line)
    for trouble in (bad := troubles(result)):
        print(trouble, file=sys.stderr)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
