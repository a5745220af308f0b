"""sh run bench store: the embedded series store beside DuckDB on the same points, in the same run, alternating.

600 series (200 assets x 3 channels): half the points one per 155 s over 30 days, half at 10 Hz for 28 minutes; batches
of 6,000 rows, each durable before the next; microsecond jitter. Sensor-like values are a random walk and noise rounded
to 3 decimals; `doubles` are the same unrounded, `noise` has no bit that could be foreseen. Both sides read in the
process that wrote; Forewarn also from a second one while it writes, which DuckDB does not allow. Forewarn's reads are
measured after an idle store's merging (`settle_s`), and as written.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.peers.duck_store import duck_run, duck_version
from benchmarks.peers.packed_runs import late_run, merge_run, packed_run, second_process_run
from benchmarks.peers.store_points import late_points, sensor_points, with_doubles, with_noise
from benchmarks.peers.sync_counts import sync_counts


def note(what: str, result: dict[str, Any]) -> dict[str, Any]:
    """Tell how it goes on stderr."""
    print(f"{what}: {result}", file=sys.stderr, flush=True)
    return result


def in_folder(what: str, run: Any, *arguments: Any) -> dict[str, Any]:
    """One run in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        return note(what, run(Path(folder), *arguments))


def median(runs: list[dict[str, Any]], key: str) -> float:
    """Middle of a figure over the repetitions."""
    return float(statistics.median(run[key] for run in runs))


def ratios(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, float]:
    """How many times faster than the peer, by medians."""
    faster = {
        "last_hour": median(theirs, "last_hour_ms") / median(ours, "last_hour_ms"),
        "minute_rollup_30d": median(theirs, "minute_rollup_30d_ms") / median(ours, "minute_rollup_30d_ms"),
    }
    insert = median(ours, "rows_per_s") / median(theirs, "rows_per_s")
    return {"insert": round(insert, 2)} | {name: round(ratio, 1) for name, ratio in faster.items()}


def late_figures(plain: list[dict[str, Any]], late: list[dict[str, Any]]) -> dict[str, float]:
    """What 5 % late readings cost: 1 = nothing."""
    return {
        "insert_ratio": round(median(late, "rows_per_s") / median(plain, "rows_per_s"), 3),
        "last_hour_ms_before_merging": median(late, "last_hour_ms_before_merging"),
        "last_hour_ms_after_merging": median(late, "last_hour_ms"),
        "last_hour_ms_without_late": median(plain, "last_hour_ms"),
    }


def main() -> None:
    """Alternate the two sides, then print medians and every run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", type=Path, help="not used: the points are made")
    arguments = parser.parse_args()
    sensor = sensor_points(arguments.points, arguments.seed)
    runs: dict[str, list[dict[str, Any]]] = {"forewarn": [], "duckdb": [], "late": []}
    for i in range(arguments.repeats):
        runs["forewarn"].append(in_folder(f"forewarn {i + 1}", packed_run, sensor))
        runs["duckdb"].append(in_folder(f"duckdb {i + 1}", duck_run, sensor))
        runs["late"].append(in_folder(f"5 % late {i + 1}", late_run, late_points(sensor, arguments.seed)))
    second = in_folder("second process", second_process_run, sensor)
    merging = in_folder("reads during a merge", merge_run, late_points(sensor, arguments.seed))
    runs["noise"] = [in_folder("forewarn, noise", packed_run, with_noise(sensor, arguments.seed))]
    doubles = with_doubles(sensor, arguments.seed)
    del sensor
    runs["doubles"] = [in_folder("forewarn, doubles", packed_run, doubles)]
    runs["duckdb doubles"] = [in_folder("duckdb, doubles", duck_run, doubles)]
    ours = runs["forewarn"]
    result = {
        "points": arguments.points,
        "ratio_to_duckdb": ratios(ours, runs["duckdb"]),
        "rows_per_s": median(ours, "rows_per_s"),
        "last_hour_ms": median(ours, "last_hour_ms"),
        "minute_rollup_30d_ms": median(ours, "minute_rollup_30d_ms"),
        "bytes_per_point": {
            "sensor": median(ours, "bytes_per_point"),
            "doubles": median(runs["doubles"], "bytes_per_point"),
            "noise": median(runs["noise"], "bytes_per_point"),
        },
        "second_process_reads_while_writing": second,
        "late_5_percent": late_figures(ours, runs["late"]),
        "reads_during_merge": merging,
        "syncs": note("fsync and fdatasync", sync_counts()),
        "load_1_min": os.getloadavg()[0],
        "seed": arguments.seed,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": sqlite3.sqlite_version,
        "duckdb": duck_version(),
        "runs": runs,
    }
    line = json.dumps(result)
    if arguments.out:
        arguments.out.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
