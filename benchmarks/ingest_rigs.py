"""The sides that the ingest benchmark compares, each started fresh for a run: Forewarn, Mosquitto, a paho ingester.

All of them get the same pre-encoded QoS 1 messages from the same publisher in a process of its own. Forewarn's and the
paho ingester's clock stops when this process, reading the store from outside, finds every reading; Mosquitto's when
mosquitto_sub has printed every line. Mosquitto stores nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.peers.raw_publisher import PublishResult, publish
from forewarn.api.children import Child
from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, MqttSettings, Settings
from forewarn.ingest.control import ControlClient
from forewarn.ingest.store.reader import PackedReader

SIGNALS = 200
TIMEOUT_S = 180.0
FOREVER_US = 2**62


@dataclass(frozen=True)
class Messages:
    """What is published, and how many readings it holds: `readings_each` a message; a waveform counts one."""

    topics: list[bytes]
    payloads: list[bytes]
    readings_each: int = 1
    kind: str = "scalar"

    @property
    def readings(self) -> int:
        """Readings of all messages."""
        return len(self.topics) * self.readings_each

    @property
    def packet_bytes(self) -> int:
        """Size of one PUBLISH on the wire (all messages are of one size)."""
        body = 2 + len(self.topics[0]) + 2 + len(self.payloads[0])
        return 1 + (1 if body < 128 else 2 if body < 16_384 else 3) + body


def publish_in_own_process(
    port: int, what: Messages, window: int, rate_per_s: float | None = None
) -> Callable[[], PublishResult]:
    """Start publishing; the answer waits for the end."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    future = pool.submit(
        publish, "127.0.0.1", port, what.topics, what.payloads, window, timeout_s=TIMEOUT_S, rate_per_s=rate_per_s
    )

    def result() -> PublishResult:
        found = future.result(TIMEOUT_S)
        pool.shutdown()
        return found

    return result


def forewarn_run(what: Messages, window: int, rate_per_s: float | None = None, bad: int = 0) -> dict[str, Any]:
    """One run through Forewarn's front door, journal, quality and store; `bad` of the messages cannot be read."""
    with folder("forewarn") as place:
        settings = Settings(
            state_dir=place / "state",
            plant=plant_file(place, what.kind),
            mqtt=MqttSettings(port=free_port("127.0.0.1", 0)),
        )
        child = Child("ingest", "forewarn.api", ["ingest", "--as-child"], {HANDOVER: settings.model_dump_json()})
        try:
            port = int(child.start(keep=False)["mqtt_port"])
            reader = PackedReader(settings.series_dir)
            waiting = publish_in_own_process(port, what, window, rate_per_s)
            queryable_s = wait_for(lambda: reader.counts().acknowledged, what.readings)
            result = waiting()
            missing = what.readings - bad - _read_back(reader, what)
            status: Any = ControlClient(settings.control_socket).ask("status")
            reader.close()
        finally:
            child.stop()
    return figures(what, result, queryable_s) | {
        "missing": missing,
        "puback_p99_ms": round(result.ack_latency_s(0.99) * 1e3, 2),
        "fsync_p99_ms": round(status["commit"]["fsync_s"]["p99"] * 1e3, 2),
        "messages_per_fsync": round(status["commit"]["messages"] / max(1, status["commit"]["commits"]), 1),
    }


def mosquitto_run(what: Messages, window: int) -> dict[str, Any]:
    """One run through Mosquitto to mosquitto_sub with QoS 1."""
    with folder("mosquitto") as place, mosquitto(place) as port:
        # -F %l prints the length alone: a waveform's bytes would hold line breaks
        command = [program("mosquitto_sub"), "-p", str(port), "-q", "1", "-t", "bench/#", "-i", "sub", "-c", "-F", "%l"]
        subscriber = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            time.sleep(0.5)
            waiting = publish_in_own_process(port, what, window)
            assert subscriber.stdout is not None
            received_s = count_lines(subscriber.stdout.fileno(), len(what.topics))
            return figures(what, waiting(), received_s)
        finally:
            subscriber.terminate()
            subscriber.wait()


def paho_run(what: Messages, window: int) -> dict[str, Any]:
    """One run through Mosquitto to an ingester as one would write it with paho, over the same store."""
    with folder("paho") as place, mosquitto(place) as port:
        command = [sys.executable, "-m", "benchmarks.peers.paho_ingester", str(port), str(place)]
        ingester = subprocess.Popen(
            [*command, str(plant_file(place, what.kind))], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
        )
        try:
            assert ingester.stdout is not None
            assert json.loads(ingester.stdout.readline())["ready"]
            reader = PackedReader(place / "series")
            waiting = publish_in_own_process(port, what, window)
            queryable_s = wait_for(lambda: reader.counts().stored, what.readings)
            reader.close()
            return figures(what, waiting(), queryable_s)
        finally:
            ingester.terminate()
            ingester.wait()


def _read_back(reader: PackedReader, what: Messages) -> int:
    """How many different readings another process finds."""
    if what.kind == "waveform":
        return sum(len(reader.waveforms(number, 0, FOREVER_US)) for number in reader.names().values())
    return sum(len(reader.read(number, 0, FOREVER_US)) for number in reader.names().values())


def figures(what: Messages, result: PublishResult, done_s: float) -> dict[str, Any]:
    """Rate from the first byte sent to the moment when everything had arrived behind."""
    seconds = done_s - float(result.sent_at_s[0])
    return {
        "messages_per_s": round(result.acked / seconds),
        "readings_per_s": round(what.readings / seconds),
        "acked_per_s": round(result.messages_per_s),
        "acked": result.acked,
        "seconds": round(seconds, 3),
    }


def plant_file(place: Path, kind: str) -> Path:
    """A plant of one machine with SIGNALS signals, each on its own topic."""
    lines = ["plant: Bench", "sites:", "  site: {name: Site, timezone: UTC}", "assets:", "  bench:"]
    lines += ["    name: Bench", "    class: bench", "    site: site", "    area: hall", "    signals:"]
    nature = "quantity: counter, unit: count" if kind == "scalar" else "kind: waveform, unit: m/s^2"
    lines += [f"      s{i:06d}: {{topic: bench/{i:06d}, {nature}}}" for i in range(SIGNALS)]
    file = place / "plant.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """A place that is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix=f"{name}-bench-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def mosquitto(place: Path) -> Iterator[int]:
    """Mosquitto without persistence on a free port."""
    port, config = free_port("127.0.0.1", 0), place / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\n"
        "log_type error\n"
    )
    broker = subprocess.Popen([program("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield port
    finally:
        broker.terminate()
        broker.wait()


def wait_for(count: Callable[[], int], wanted: int) -> float:
    """The moment (perf_counter seconds) when the count is reached."""
    deadline = time.perf_counter() + TIMEOUT_S
    while count() < wanted:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{count()} of {wanted} readings after {TIMEOUT_S} s")
        time.sleep(0.02)
    return time.perf_counter()


def count_lines(descriptor: int, wanted: int) -> float:
    """The moment when so many lines were read."""
    seen = 0
    while seen < wanted:
        data = os.read(descriptor, 1 << 20)
        if not data:
            raise ConnectionError(f"mosquitto_sub ended after {seen} of {wanted} messages")
        seen += data.count(b"\n")
    return time.perf_counter()


def wait_for_port(port: int, patience_s: float = 10.0) -> None:
    """Until somebody listens there."""
    deadline = time.perf_counter() + patience_s
    while time.perf_counter() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


def program(name: str) -> str:
    """A program from Debian."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        sys.exit(f"{name} is missing (Debian: apt-get install mosquitto mosquitto-clients)")
    return found


def mosquitto_version() -> str:
    """Version of the peer."""
    text = subprocess.run([program("mosquitto"), "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", text)
    return found[1] if found else "unknown"
