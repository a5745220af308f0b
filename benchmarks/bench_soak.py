"""sh run bench soak: thousands of devices over real connections for a long time: what it takes, and what is lost.

2,000 devices with 8 channels publish once a second, each on a connection of its own (one load process, whose CPU is not
counted). `--burst 60s` then goes to ten times the rate and measures how long the backlog lasts; `--stall 10m` holds the
write locks of the store at ten times the rate, with the memory of the product limited. At the end every acknowledged
reading is looked for in the store, by time and value.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.ingest_rigs import folder, wait_for_port
from benchmarks.peers.fleet import Fleet, Harvest, RunningFleet, topic_of, value_of
from benchmarks.usage import MIB, Usage, usage_of
from forewarn.api.cli import seconds
from forewarn.api.main_process import free_port
from forewarn.api.settings import Settings
from forewarn.core.errors import ForewarnError
from forewarn.ingest.control import ControlClient
from forewarn.ingest.store.reader import PackedReader
from tests.chaos.machine import memory_limit
from tests.chaos.memory import stalled

TENFOLD = 10.0
DRAIN_S = 4 * 3600.0
LOOK_EVERY_S = 1.0
TELL_EVERY = 10
FOREVER_US = 2**62
SERIES_TOGETHER = 400
Json = dict[str, Any]


class Product:
    """The ingest process, or with `whole` all of Forewarn, as a program of its own."""

    def __init__(self, place: Path, fleet: Fleet, whole: bool, wrapper: Sequence[str]) -> None:
        self.settings = Settings(state_dir=place / "state", plant=_plant_file(place, fleet))
        environment = {
            "FOREWARN_STATE_DIR": str(self.settings.state_dir),
            "FOREWARN_PLANT": str(self.settings.plant),
            "FOREWARN_MQTT__PORT": str(fleet.port),
            "FOREWARN_HTTP__PORT": str(free_port("127.0.0.1", 0)),
        }
        command = [*wrapper, sys.executable, "-m", "forewarn.api", "up" if whole else "ingest"]
        self._process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
        self._control = ControlClient(self.settings.control_socket)

    def usage(self) -> Usage:
        """CPU and memory of all its processes. Raises ChildProcessError when it has ended."""
        if self._process.poll() is not None:
            raise ChildProcessError(f"the product ended with exit status {self._process.returncode}")
        return usage_of(self._process.pid)

    def lag_bytes(self) -> float:
        """How much of the journal the store has not taken; infinite when it does not answer."""
        try:
            status: Any = self._control.ask("status")
        except (ForewarnError, OSError):
            return float("inf")
        return float(max(one["lag_bytes"] for one in status["consumers"]))

    def stop(self) -> None:
        """End it as a service manager would."""
        self._process.terminate()
        self._process.wait(60)


class Soak:
    """Phases of load, looked at once a second."""

    def __init__(self, product: Product, fleet: RunningFleet, size: int) -> None:
        self._product, self._fleet, self._a_second = product, fleet, size

    def phase(self, label: str, rounds_per_s: float, length_s: float) -> Json:
        """So long at this rate; what it took."""
        self._fleet.tell(rounds_per_s)
        started_s, before, worst = time.monotonic(), self._fleet.figures(), 0.0
        samples = [self._product.usage()]
        while (passed_s := time.monotonic() - started_s) < length_s:
            time.sleep(min(LOOK_EVERY_S, length_s - passed_s))
            now = self._fleet.figures()
            worst = max(worst, now["puback_p99_s"])
            samples.append(self._product.usage())
            if len(samples) % TELL_EVERY == 0:
                _tell(f"{label} {passed_s:.0f} s", now, samples[-1])
        return _figures(samples) | {
            "messages": now["acked"] - before["acked"],
            "owed_messages": now["due"] - now["acked"],
            "puback_p99_ms_worst_second": round(worst * 1e3, 1),
        }

    def drained(self, label: str, rounds_per_s: float) -> Json:
        """At this rate, until the devices owe less than a second's messages and the store has all of the journal."""
        self._fleet.tell(rounds_per_s)
        started_s, samples = time.monotonic(), [self._product.usage()]
        while (passed_s := time.monotonic() - started_s) < DRAIN_S:
            now = self._fleet.figures()
            samples.append(self._product.usage())
            if now["due"] - now["acked"] <= (self._a_second if rounds_per_s else 0) and self._product.lag_bytes() < MIB:
                return {"drained_in_s": round(passed_s, 1), "rss_max_mib": round(max(samples, key=_rss).rss / MIB, 1)}
            if len(samples) % TELL_EVERY == 0:
                _tell(f"{label} {passed_s:.0f} s", now, samples[-1])
            time.sleep(LOOK_EVERY_S)
        raise TimeoutError(f"not drained after {DRAIN_S} s")


def _rss(usage: Usage) -> int:
    return usage.rss


def _figures(samples: Sequence[Usage]) -> Json:
    """CPU in cores; the most memory, and how it grew after the first quarter, in which caches fill."""
    at_s, cpu_s, rss = np.array(samples, np.float64).T
    late = at_s >= at_s[0] + (at_s[-1] - at_s[0]) / 4
    slope = float(np.polyfit(at_s[late] - at_s[0], rss[late], 1)[0]) if late.sum() > 2 else 0.0
    return {
        "seconds": round(at_s[-1] - at_s[0], 1),
        "cores": round((cpu_s[-1] - cpu_s[0]) / (at_s[-1] - at_s[0]), 3),
        "rss_max_mib": round(rss.max() / MIB, 1),
        "rss_slope_mib_per_h": round(slope * 3600 / MIB, 1),
    }


def books(series_dir: Path, fleet: Fleet, harvest: Harvest) -> Json:
    """Every acknowledged reading, looked for in the store from this process."""
    reader, names = PackedReader(series_dir), list[tuple[int, int]]()
    found = {"acknowledged": int(harvest.acked.sum()), "lost": 0, "wrong": 0, "not_acknowledged_but_stored": 0}
    numbers = reader.names()
    names = [(device, channel) for device in range(fleet.devices) for channel in range(fleet.channels)]
    at = np.array(harvest.rounds_ms, np.int64) * 1000
    for first in range(0, len(names), SERIES_TOGETHER):
        some = names[first : first + SERIES_TOGETHER]
        kept = reader.read_many([numbers[_series(*name)] for name in some], 0, FOREVER_US)
        for (device, channel), readings in zip(some, kept.values(), strict=True):
            acked = at[: -(-(int(harvest.acked[device]) - channel) // fleet.channels)]
            place = np.minimum(np.searchsorted(readings.at, acked), max(0, len(readings) - 1))
            there = readings.at[place] == acked if len(readings) else np.zeros(len(acked), bool)
            said = value_of(device, channel, np.flatnonzero(there))
            found["lost"] += int((~there).sum())
            found["wrong"] += int((readings.value[place[there]] != said).sum()) if there.any() else 0
            found["not_acknowledged_but_stored"] += len(readings) - int(there.sum())
    reader.close()
    return found


def _series(device: int, channel: int) -> str:
    return f"d{device:05d}/c{channel}"


def _plant_file(place: Path, fleet: Fleet) -> Path:
    lines = ["plant: Soak", "sites:", "  site: {name: Site, timezone: UTC}", "assets:"]
    for device in range(fleet.devices):
        lines += [f"  d{device:05d}:", f"    name: D{device}", "    class: bench", "    site: site", "    area: hall"]
        lines.append("    signals:")
        for channel in range(fleet.channels):
            lines.append(f"      c{channel}: {{topic: {topic_of(device, channel)}, quantity: counter, unit: count}}")
    file = place / "plant.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _tell(label: str, now: Json, usage: Usage) -> None:
    p99_ms, owed = now["puback_p99_s"] * 1e3, now["due"] - now["acked"]
    figures = f"{now['acked']} acknowledged, {owed} owed, p99 {p99_ms:.0f} ms, {usage.rss / MIB:.0f} MiB"
    print(f"{label}: {figures}", file=sys.stderr, flush=True)


@contextmanager
def running(place: Path, fleet: Fleet, whole: bool, limit_mib: int) -> Iterator[tuple[Product, Json]]:
    """The product, listening; its memory limited when a limit is given."""
    with ExitStack() as stack:
        wrapper, means = stack.enter_context(memory_limit(limit_mib * MIB, "soak")) if limit_mib else ((), "none")
        product = Product(place, fleet, whole, wrapper)
        stack.callback(product.stop)
        wait_for_port(fleet.port, 120.0)
        yield product, {"limit_mib": limit_mib, "limited_by": means}


def soak(arguments: argparse.Namespace) -> Json:
    """All phases that were asked for, and the books."""
    fleet = Fleet(free_port("127.0.0.1", 0), arguments.devices)
    limit_mib = arguments.limit_mib if arguments.stall else 0
    with folder("soak") as place:
        with running(place, fleet, arguments.whole, limit_mib) as (product, result):
            load = RunningFleet(fleet)
            run = Soak(product, load, fleet.devices * fleet.channels)
            result["steady"] = run.phase("steady", 1.0, seconds(arguments.length))
            if arguments.burst:
                result["burst"] = run.phase("burst", TENFOLD, seconds(arguments.burst))
                result["burst"] |= run.drained("after the burst", 1.0)
            if arguments.stall:
                with stalled(product.settings.series_dir):
                    result["stall"] = run.phase("stall", TENFOLD, seconds(arguments.stall))
                result["stall"]["after"] = run.drained("after the stall", 1.0)
            result["end"] = run.drained("end", 0.0)
            harvest = load.harvest()
        result |= {"load_cpu_s": round(harvest.cpu_s, 1), "acks_in_order": harvest.in_order}
        result["lost_connections"] = harvest.lost_connections
        result["books"] = books(product.settings.series_dir, fleet, harvest)
    return result


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="length", default="10m", metavar="TIME", help="how long at the steady rate")
    parser.add_argument("--burst", default="", metavar="TIME", help="then so long at ten times the rate")
    parser.add_argument("--stall", default="", metavar="TIME", help="then so long with the store locked, at ten times")
    parser.add_argument("--limit-mib", type=int, default=512, help="memory of the product when there is a stall")
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--whole", action="store_true", help="run all of Forewarn, not the ingest process alone")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    asked = {"devices": arguments.devices, "channels": Fleet(0).channels, "whole": arguments.whole}
    print(json.dumps(asked | soak(arguments) | {"cores_here": os.cpu_count(), "python": platform.python_version()}))


if __name__ == "__main__":
    main()
