"""sh run bench ingest: messages per second acknowledged and queryable, beside Mosquitto and a paho-based ingester.

Parts (`--only` picks some): `single` 150-byte messages against Mosquitto -> mosquitto_sub and against the paho
ingester; `batch` messages of 100 readings against a raw numpy write with one fsync per message; `waveform` blocks of
64 KiB against Mosquitto and the bare disk; `windows` 1, 20 and 1000 unacknowledged messages; `half` PUBACK latency
beside fsync latency at half the peak rate; `bad` 10 % messages that cannot be read against none. The sides of a part
alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.ingest_rigs import (
    SIGNALS,
    Messages,
    folder,
    forewarn_run,
    mosquitto_run,
    mosquitto_version,
    paho_run,
    publish_in_own_process,
)
from benchmarks.peers.null_sink import start_null_sink
from forewarn.ingest.formats import waveform
from forewarn.ingest.formats.waveform_block import Block

PAYLOAD_BYTES = 150
BATCH = 100
WAVE_SAMPLES = 16_384  # 64 KiB as float32
PARTS = ("single", "batch", "waveform", "windows", "half", "bad")
Run = dict[str, Any]


def topics(count: int) -> list[bytes]:
    """Round and round over the signals."""
    return [f"bench/{i % SIGNALS:06d}".encode() for i in range(count)]


def single(count: int, bad_share: float = 0.0) -> Messages:
    """`count` messages of one reading each, one plant millisecond apart; some of them truncated JSON."""
    start_ms = time.time_ns() // 1_000_000 - count
    payloads = [f'{{"value":{i:>12d}.0,"ts":{start_ms + i}}}'.encode().ljust(PAYLOAD_BYTES) for i in range(count)]
    if bad_share:
        every = round(1 / bad_share)
        payloads[::every] = [payload.replace(b"}", b" ") for payload in payloads[::every]]
    return Messages(topics(count), payloads)


def batches(count: int) -> Messages:
    """`count` messages of 100 readings each."""
    start_ms = time.time_ns() // 1_000_000 - count * BATCH
    payloads = []
    for i in range(count):
        first = start_ms + i * BATCH
        rows = (f'{{"value":{(i * BATCH + k) % 1000 / 8},"ts":{first + k}}}' for k in range(BATCH))
        payloads.append(f"[{','.join(rows)}]".encode())
    return Messages(topics(count), payloads, readings_each=BATCH)


def waves(count: int) -> Messages:
    """`count` blocks of 64 KiB of samples."""
    rng, start_us = np.random.default_rng(0), time.time_ns() // 1000 - count * 1_000_000
    blocks = [rng.standard_normal(WAVE_SAMPLES) for _ in range(8)]
    payloads = [
        waveform.encode(Block(start_us + i * 1_000_000, 25_600.0, blocks[i % 8], "m/s^2")) for i in range(count)
    ]
    return Messages(topics(count), payloads, kind="waveform")


def numpy_run(what: Messages) -> Run:
    """The same readings as raw columns into a file, one fsync per message: what the disk alone allows."""
    columns = np.zeros((BATCH, 3))
    with folder("numpy") as place, (place / "raw").open("wb", buffering=0) as file:
        started_s = time.perf_counter()
        for _ in what.payloads:
            file.write(columns.tobytes())
            os.fsync(file.fileno())
        seconds = time.perf_counter() - started_s
    return {"readings_per_s": round(what.readings / seconds), "seconds": round(seconds, 3)}


def disk_run(what: Messages, together: int) -> Run:
    """The same payloads into one file, each once, one fsync for some `together`: as fast as this disk can be."""
    with folder("disk") as place, (place / "raw").open("wb", buffering=0) as file:
        started_s = time.perf_counter()
        for first in range(0, len(what.payloads), together):
            file.write(b"".join(what.payloads[first : first + together]))
            os.fsync(file.fileno())
        seconds = time.perf_counter() - started_s
    return {"messages_per_s": round(len(what.payloads) / seconds), "seconds": round(seconds, 3)}


class Bench:
    """Runs parts and keeps every run."""

    def __init__(self, repeats: int, window: int) -> None:
        self.repeats, self.window = repeats, window
        self.runs: dict[str, list[Run]] = {}

    def alternate(self, sides: dict[str, Callable[[], Run]], repeats: int | None = None) -> None:
        """Each side once, then again."""
        count = repeats or self.repeats
        for i in range(count):
            for name, run in sides.items():
                self.runs.setdefault(name, []).append(run())
                print(f"{name} {i + 1}/{count}: {self.runs[name][-1]}", file=sys.stderr, flush=True)

    def median(self, side: str, figure: str = "messages_per_s") -> float:
        """Middle of a figure over the runs of a side."""
        return float(statistics.median(run[figure] for run in self.runs[side]))

    def ratio(self, ours: str, theirs: str, figure: str = "messages_per_s") -> float:
        """Ours over theirs."""
        return round(self.median(ours, figure) / self.median(theirs, figure), 3)


def run_single(bench: Bench, count: int) -> Run:
    """Small messages against both peers; Mosquitto's queue gets as much as it needs."""
    what, some = single(count), single(max(count // 4, 1000))
    ceiling = publish_in_own_process(start_null_sink(what.packet_bytes), what, bench.window)().messages_per_s
    print(f"publisher alone: {ceiling:.0f}/s", file=sys.stderr, flush=True)
    bench.alternate(
        {
            "forewarn": lambda: forewarn_run(what, bench.window),
            "mosquitto": lambda: mosquitto_run(what, bench.window),
            "paho": lambda: paho_run(some, bench.window),
        }
    )
    return {
        "messages_per_s": bench.median("forewarn"),
        "mosquitto_messages_per_s": bench.median("mosquitto"),
        "ratio_to_mosquitto": bench.ratio("forewarn", "mosquitto"),
        "paho_messages_per_s": bench.median("paho"),
        "ratio_to_paho": bench.ratio("forewarn", "paho"),
        "publisher_ceiling_per_s": round(ceiling),
    }


def run_batch(bench: Bench, count: int) -> Run:
    """Messages of 100 readings against the disk alone."""
    what = batches(max(count // 20, 100))
    bench.alternate({"batch": lambda: forewarn_run(what, bench.window), "numpy": lambda: numpy_run(what)})
    rates = {name: bench.median(name, "readings_per_s") for name in ("batch", "numpy")}
    ratio = bench.ratio("batch", "numpy", "readings_per_s")
    return {
        "batch": {
            "readings_per_s": rates["batch"], "numpy_readings_per_s": rates["numpy"], "ratio_to_numpy": ratio,
            "readings_a_message": BATCH,
        }
    }  # fmt: skip


def run_waveform(bench: Bench, count: int) -> Run:
    """Blocks of 64 KiB against Mosquitto, which writes none of them, and against the disk, which takes each once."""
    what, window = waves(max(count // 100, 50)), min(bench.window, 100)
    bench.alternate(
        {
            "waveform": lambda: forewarn_run(what, window),
            "waveform_mosquitto": lambda: mosquitto_run(what, window),
            "waveform_disk": lambda: disk_run(what, window // 2),
        }
    )
    return {
        "waveform": {
            "messages_per_s": bench.median("waveform"),
            "ratio_to_mosquitto": bench.ratio("waveform", "waveform_mosquitto"),
            "disk_messages_per_s": bench.median("waveform_disk"),
            "ratio_to_disk": bench.ratio("waveform", "waveform_disk"),
            "window": window,
        }
    }


def run_windows(bench: Bench, count: int) -> Run:
    """Every window keeps flowing: acknowledged messages per second."""
    found = {}
    for window in (1, 20, 1000):
        what = single(max(min(count, 2000 * window), 200))
        bench.alternate({f"window_{window}": lambda: forewarn_run(what, window)}, 1)  # noqa: B023 # runs at once
        found[str(window)] = bench.median(f"window_{window}", "acked_per_s")
    return {"windows": found}


def run_half(bench: Bench, count: int) -> Run:
    """PUBACK latency at half of what one run could take."""
    peak = bench.median("forewarn") if "forewarn" in bench.runs else forewarn_run(single(count), 1000)["messages_per_s"]
    what = single(max(round(peak * 2.5), 1000))
    bench.alternate({"half": lambda: forewarn_run(what, bench.window, peak / 2)})
    puback, fsync = bench.median("half", "puback_p99_ms"), bench.median("half", "fsync_p99_ms")
    return {"puback_p99_ms": puback, "fsync_p99_ms": fsync, "puback_to_fsync_p99": round(puback / fsync, 2)}


def run_bad(bench: Bench, count: int) -> Run:
    """What 10 % broken messages cost: time for the same number of messages, good ones only counted on both sides."""
    good, mixed = single(count), single(count, bad_share=0.1)
    mixed_good = Messages(mixed.topics, mixed.payloads)
    bench.alternate(
        {
            "all_good": lambda: forewarn_run(good, bench.window),
            "tenth_bad": lambda: forewarn_run(mixed_good, bench.window, bad=len(range(0, count, 10))),
        }
    )
    return {"bad_10_percent": {"throughput_ratio": bench.ratio("tenth_bad", "all_good")}}


STEPS: dict[str, Callable[[Bench, int], Run]] = {
    "single": run_single,
    "batch": run_batch,
    "waveform": run_waveform,
    "windows": run_windows,
    "half": run_half,
    "bad": run_bad,
}


def main() -> None:
    """Run the parts, then print one JSON object with every run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", type=Path, help="not used: the messages are made")
    parser.add_argument("--seed", type=int, default=0, help="not used: nothing is drawn that matters")
    arguments = parser.parse_args()
    bench, result = Bench(arguments.repeats, arguments.window), dict[str, Any]()
    for part in PARTS:
        if part in arguments.only:
            result |= STEPS[part](bench, arguments.messages)
    result |= {
        "messages": arguments.messages,
        "window": arguments.window,
        "payload_bytes": PAYLOAD_BYTES,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "mosquitto": mosquitto_version(),
        "paho": version("paho-mqtt"),
        "runs": bench.runs,
    }
    line = json.dumps(result)
    if arguments.out:
        arguments.out.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
