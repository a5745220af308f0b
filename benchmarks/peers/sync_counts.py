"""How often each side of the store bench asks the disk to be durable, counted by strace: the same promise, or no race.

As a program it writes some batches with one side: `python -m benchmarks.peers.sync_counts forewarn 100`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.duck_store import filled as duck_filled
from benchmarks.peers.duck_store import opened as duck_opened
from benchmarks.peers.packed_runs import filled, opened
from benchmarks.peers.store_points import BATCH_ROWS, Points, sensor_points

_SYNC = re.compile(r"\b(?:fsync|fdatasync)\(")


def sync_counts(batches: int = 100) -> dict[str, Any]:
    """Calls of fsync and fdatasync of either side for so many batches, opening included; else why there is no count."""
    if shutil.which("strace") is None:
        return {"not_counted": "strace is not installed"}
    return {"batches": batches} | {side: _traced(side, batches) for side in SIDES}


def _traced(side: str, batches: int) -> int:
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        trace = Path(folder) / "trace"
        tracer = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(trace)]
        program = [sys.executable, "-m", "benchmarks.peers.sync_counts", side, str(batches)]
        subprocess.run([*tracer, *program], check=True)
        return len(_SYNC.findall(trace.read_text()))


def _forewarn(folder: Path, points: Points) -> None:
    store = opened(folder)
    filled(store, points)
    store.abandon()


def _duckdb(folder: Path, points: Points) -> None:
    duck_filled(duck_opened(folder), points)


SIDES: dict[str, Callable[[Path, Points], None]] = {"forewarn": _forewarn, "duckdb": _duckdb}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as place:
        SIDES[sys.argv[1]](Path(place), sensor_points(int(sys.argv[2]) * BATCH_ROWS, 1))
