"""sh run bench ingest: messages per second acknowledged and queryable, beside Mosquitto -> mosquitto_sub.

Both sides get the same pre-encoded QoS 1 messages from the same publisher in a process of its own, with the same
window, in the same run, alternating. Forewarn's clock stops when this process, reading the store from outside, finds
every reading; Mosquitto's when mosquitto_sub has printed every line. Mosquitto stores nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.peers.null_sink import start_null_sink
from benchmarks.peers.raw_publisher import PublishResult, publish
from forewarn.api.children import Child
from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, MqttSettings, Settings
from forewarn.ingest.store.reader import PackedReader

SIGNALS = 200
PAYLOAD_BYTES = 150
TIMEOUT_S = 180.0


@dataclass(frozen=True)
class Messages:
    """What is published: topics and payloads of fixed size; the value of message i is i."""

    topics: list[bytes]
    payloads: list[bytes]

    @property
    def packet_bytes(self) -> int:
        """Size of one PUBLISH on the wire (remaining length in two bytes)."""
        return 1 + 2 + 2 + len(self.topics[0]) + 2 + len(self.payloads[0])


def messages(count: int) -> Messages:
    """`count` messages over SIGNALS topics, one plant millisecond apart."""
    start_ms = time.time_ns() // 1_000_000 - count
    topics = [f"bench/{i % SIGNALS:06d}".encode() for i in range(count)]
    payloads = [f'{{"value":{i:>12d}.0,"ts":{start_ms + i}}}'.encode().ljust(PAYLOAD_BYTES) for i in range(count)]
    return Messages(topics, payloads)


def publish_in_own_process(port: int, what: Messages, window: int) -> Callable[[], PublishResult]:
    """Start publishing; the answer waits for the end."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    future = pool.submit(publish, "127.0.0.1", port, what.topics, what.payloads, window)

    def result() -> PublishResult:
        found = future.result(TIMEOUT_S)
        pool.shutdown()
        return found

    return result


def forewarn_run(what: Messages, window: int) -> dict[str, Any]:
    """One run through Forewarn's front door, journal, quality and store."""
    folder = Path(tempfile.mkdtemp(prefix="forewarn-bench-"))
    settings = Settings(
        state_dir=folder / "state", plant=plant_file(folder), mqtt=MqttSettings(port=free_port("127.0.0.1", 0))
    )
    child = Child("ingest", "forewarn.api", ["ingest", "--as-child"], {HANDOVER: settings.model_dump_json()})
    try:
        port = int(child.start(keep=False)["mqtt_port"])
        reader = PackedReader(settings.series_dir)
        waiting = publish_in_own_process(port, what, window)
        queryable_s = wait_for(lambda: reader.counts().stored, len(what.topics))
        result = waiting()
        ids = {int(v) for number in reader.names().values() for v in reader.read(number, 0, 2**62).value}
        missing = len(what.topics) - len(ids)
    finally:
        child.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return figures(result, queryable_s) | {
        "missing": missing,
        "puback_p99_ms": round(result.ack_latency_s(0.99) * 1e3, 2),
    }


def plant_file(folder: Path) -> Path:
    """A plant of one machine with SIGNALS plain signals."""
    lines = ["plant: Bench", "sites:", "  site: {name: Site, timezone: UTC}", "assets:", "  bench:"]
    lines += ["    name: Bench", "    class: bench", "    site: site", "    area: hall", "    signals:"]
    lines += [f"      s{i:06d}: {{topic: bench/{i:06d}, quantity: counter, unit: count}}" for i in range(SIGNALS)]
    file = folder / "plant.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def mosquitto_run(what: Messages, window: int) -> dict[str, Any]:
    """One run through Mosquitto to mosquitto_sub with QoS 1."""
    folder, port = Path(tempfile.mkdtemp(prefix="mosquitto-bench-")), free_port("127.0.0.1", 0)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\n"
        "log_type error\n"
    )
    broker = subprocess.Popen([program("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    subscriber = None
    try:
        wait_for_port(port)
        command = [program("mosquitto_sub"), "-p", str(port), "-q", "1", "-t", "bench/#", "-i", "sub", "-c"]
        subscriber = subprocess.Popen(command, stdout=subprocess.PIPE)
        time.sleep(0.5)
        waiting = publish_in_own_process(port, what, window)
        assert subscriber.stdout is not None
        received_s = count_lines(subscriber.stdout.fileno(), len(what.topics))
        return figures(waiting(), received_s)
    finally:
        for process in (subscriber, broker):
            if process is not None:
                process.terminate()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def figures(result: PublishResult, done_s: float) -> dict[str, Any]:
    """Rate from the first byte sent to the moment when everything had arrived behind."""
    seconds = done_s - float(result.sent_at_s[0])
    return {
        "messages_per_s": round(result.acked / seconds),
        "acked_per_s": round(result.messages_per_s),
        "acked": result.acked,
        "seconds": round(seconds, 3),
    }


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


def wait_for_port(port: int) -> None:
    """Until somebody listens there."""
    import socket

    for _ in range(100):
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


def main() -> None:
    """Alternate the two sides, then print medians and every run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", type=Path, help="not used: the messages are made")
    parser.add_argument("--seed", type=int, default=0, help="not used: nothing is drawn")
    arguments = parser.parse_args()
    what, window = messages(arguments.messages), arguments.window
    ceiling = publish_in_own_process(start_null_sink(what.packet_bytes), what, window)().messages_per_s
    print(f"publisher alone: {ceiling:.0f}/s", file=sys.stderr, flush=True)
    runs: dict[str, list[dict[str, Any]]] = {"forewarn": [], "mosquitto": []}
    for i in range(arguments.repeats):
        for name, run in (("forewarn", forewarn_run), ("mosquitto", mosquitto_run)):
            runs[name].append(run(what, window))
            print(f"{name} {i + 1}/{arguments.repeats}: {runs[name][-1]}", file=sys.stderr, flush=True)
    ours, theirs = (statistics.median(r["messages_per_s"] for r in runs[n]) for n in ("forewarn", "mosquitto"))
    result = {
        "messages_per_s": ours,
        "mosquitto_messages_per_s": theirs,
        "ratio_to_mosquitto": round(ours / theirs, 3),
        "puback_p99_ms": statistics.median(r["puback_p99_ms"] for r in runs["forewarn"]),
        "publisher_ceiling_per_s": round(ceiling),
        "messages": arguments.messages,
        "window": window,
        "payload_bytes": PAYLOAD_BYTES,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "mosquitto": mosquitto_version(),
        "runs": runs,
    }
    line = json.dumps(result)
    if arguments.out:
        arguments.out.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
