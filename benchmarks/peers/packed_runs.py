"""The embedded store in the store bench: inserting, asking, reading from a second process, late readings, merging."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.duck_store import median_ms
from benchmarks.peers.store_points import SERIES, START_US, Points
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.rollups import MINUTE_US
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader

CATALOGUE_DELAY_S = 0.05  # as the product runs it
_READER = """
import json, sys, time
from pathlib import Path
from forewarn.ingest.store.reader import PackedReader
reader, spent, rows = PackedReader(Path(sys.argv[1])), [], 0
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    newest = {last.series: last.at_us for last in reader.last_values()}.get(2)
    if newest is not None:
        started_s = time.perf_counter()
        got = reader.read(2, newest - 60_000_000, newest + 1)
        spent.append((time.perf_counter() - started_s) * 1e3)
        rows += len(got)
        assert newest in got.at
    time.sleep(0.02)
print(json.dumps({"ms": spent, "rows": rows}))
"""


class SecondProcess:
    """Asks for the newest minute of a channel, again and again, while the store is written."""

    def __init__(self, folder: Path) -> None:
        self._end = folder / "end"
        command = [sys.executable, "-c", _READER, str(folder), str(self._end)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def result(self) -> dict[str, Any]:
        """How many reads, and how long they took."""
        self._end.touch()
        text, _ = self._process.communicate(timeout=60)
        if self._process.returncode:
            return {"works": False}
        told = json.loads(text)
        spent = sorted(told["ms"]) or [0.0]
        return {
            "works": bool(told["ms"]),
            "reads": len(told["ms"]),
            "p50_ms": round(statistics.median(spent), 2),
            "p99_ms": round(spent[int(len(spent) * 0.99) - 1], 2),
        }


def opened(folder: Path) -> PackedStore:
    """An empty store with the names of the bench."""
    store = PackedStore(folder, catalogue_delay_s=CATALOGUE_DELAY_S)
    store.assign([f"asset-{i // 3}/channel-{i % 3}" for i in range(SERIES)])
    return store


def filled(store: PackedStore, points: Points) -> float:
    """Write all batches, each durable before the next; seconds."""
    started_s = time.perf_counter()
    for position, batch in enumerate(points.batches(), 1):
        store.write(position, batch, [], [])
    return time.perf_counter() - started_s


def last_hour_ms(reader: PackedReader, points: Points, times: int = 7) -> float:
    """The last hour of one channel."""
    return median_ms(lambda: reader.read(2, points.end_us - US_PER_HOUR, points.end_us), times)


def packed_run(folder: Path, points: Points) -> dict[str, Any]:
    """Write, ask, settle (merge and roll up, as an idle store does), ask again."""
    store = opened(folder)
    seconds = filled(store, points)
    reader = PackedReader(folder)
    assert reader.counts().stored == len(points.readings)
    as_written = last_hour_ms(reader, points)
    started_s = time.perf_counter()
    store.settle()
    settle_s = time.perf_counter() - started_s
    month = START_US - US_PER_DAY, points.end_us
    result = {
        "rows_per_s": round(len(points.readings) / seconds),
        "settle_s": round(settle_s, 2),
        "last_hour_ms_as_written": as_written,
        "last_hour_ms": last_hour_ms(reader, points),
        "minute_rollup_30d_ms": median_ms(lambda: [reader.rollup(series, *month, MINUTE_US) for series in (1, 2, 3)]),
    }
    reader.close()
    store.close()
    started_s = time.perf_counter()
    again = PackedStore(folder)
    result["reopen_ms"] = round((time.perf_counter() - started_s) * 1e3, 1)
    again.close()
    size = sum(path.stat().st_size for path in folder.iterdir())
    return result | {"bytes_per_point": round(size / len(points.readings), 2)}


def second_process_run(folder: Path, points: Points) -> dict[str, Any]:
    """Reads of another process while this one writes as fast as it can."""
    store = opened(folder)
    second = SecondProcess(folder)
    seconds = filled(store, points)
    told = second.result()
    store.close()
    return told | {"rows_per_s_meanwhile": round(len(points.readings) / seconds)}


def late_run(folder: Path, points: Points) -> dict[str, Any]:
    """Write with late readings among the others, then merge."""
    store = opened(folder)
    seconds = filled(store, points)
    reader = PackedReader(folder)
    assert reader.counts().stored == len(points.readings)
    before = last_hour_ms(reader, points)
    started_s = time.perf_counter()
    store.settle()
    settle_s = time.perf_counter() - started_s
    result = {
        "rows_per_s": round(len(points.readings) / seconds),
        "last_hour_ms_before_merging": before,
        "settle_s": round(settle_s, 2),
        "last_hour_ms": last_hour_ms(reader, points),
    }
    reader.close()
    store.close()
    return result


def merge_run(folder: Path, points: Points) -> dict[str, Any]:
    """Reads in a second process while the store merges all its days as fast as it can."""
    store = opened(folder)
    filled(store, points)
    second = SecondProcess(folder)
    merging = threading.Thread(target=store.settle)
    started_s = time.perf_counter()
    merging.start()
    merging.join()
    told = second.result()
    store.close()
    return told | {"merged_in_s": round(time.perf_counter() - started_s, 2)}
