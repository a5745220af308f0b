"""Slow machine signals of the Numenta Anomaly Benchmark, by the product's long memory at its one preset.

    sh run bench nab --data DIR

DIR holds `timestamp,value` files (`.csv` or `.csv.gz`; equal times may occur) and, if the windows are known,
`labels.json`. Of each file the first 15 % of the rows, at most 750, are the past that teaches (NAB's probation); the
rest is taken row after row. An event is an alarm with all that follow within 48 hours; it is false when it touches no
labelled window. The agreed keys are of the machine's temperature; every file stands under `files`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import finish, parser, say
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import ForewarnError
from forewarn.core.readings import Int64s, Window
from forewarn.models.detectors.long_memory import LongMemory

MACHINE = "machine_temperature_system_failure.csv"
PROBATION_SHARE, PROBATION_MOST = 0.15, 750
ONE_EVENT_US = 48 * US_PER_HOUR

Spans = list[tuple[int, int]]


def main(argv: Sequence[str]) -> None:
    """Judge every file and print the figures."""
    args = parser(__doc__, data="folder of the NAB files").parse_args(argv)
    if args.data is None:
        sys.exit("--data DIR: the folder of the NAB files")
    labels = read_labels(args.data / "labels.json")
    files: dict[str, Any] = {}
    started = time.process_time()
    for file in sorted({*args.data.glob("*.csv"), *args.data.glob("*.csv.gz")}):
        name = file.name.removesuffix(".gz")
        try:
            files[name] = judged(file, labels.get(name))
        except (ForewarnError, KeyError) as why:
            files[name] = {"skipped": str(why)}
        say(f"{name}: {files[name]}")
    if not files:
        sys.exit(f"{args.data} holds no .csv or .csv.gz")
    first = files.get(MACHINE) or next(iter(files.values()))
    agreed = {key: first.get(key) for key in ("windows_found", "windows", "false_alarms", "hours_before_label")}
    result = agreed | {"files": files, "settings": repr(LongMemory())}
    finish(result | {"cpu_seconds": round(time.process_time() - started, 2)}, args.out)


def read_labels(file: Path) -> dict[str, Any]:
    """Windows and points by file name; nothing where there are none."""
    return dict(json.loads(file.read_text())) if file.exists() else {}


def judged(file: Path, label: dict[str, list[Any]] | None) -> dict[str, Any]:
    """Events of one file, and how they meet the labelled windows."""
    table = pd.read_csv(file)
    at = pd.to_datetime(table["timestamp"]).to_numpy().astype("datetime64[us]").astype(np.int64)
    order = np.argsort(at, kind="stable")
    window = Window.of(at[order], ["value"], table["value"].to_numpy(np.float64)[order, None])
    probation = min(int(PROBATION_SHARE * len(window)), PROBATION_MOST)
    later = window.rows(slice(probation, None))
    alarm = LongMemory().learn(window.rows(slice(0, probation))).alarm(later)
    events = joined(later.at[alarm])
    found = {
        "rows": len(window),
        "probation_rows": probation,
        "events": [[str(np.datetime64(t, "us").astype("datetime64[s]")) for t in event] for event in events],
        "share_in_alarm": round(float(alarm.mean()), 3),
    }
    return found | (met(later.at[alarm], events, label) if label else {})


def joined(alarms: Int64s) -> Spans:
    """Alarms closer than 48 hours are one event: (first, last) in microseconds."""
    if not len(alarms):
        return []
    cuts = np.flatnonzero(np.diff(alarms) > ONE_EVENT_US) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(alarms, cuts)]


def met(alarms: NDArray[np.int64], events: Spans, label: dict[str, list[Any]]) -> dict[str, Any]:
    """Windows with an alarm inside, events that touch none, and hours from the first alarm inside to the point."""
    windows = [(moment(a), moment(b)) for a, b in label["windows"]]
    inside = [alarms[(alarms >= a) & (alarms <= b)] for a, b in windows]
    points = [moment(p) for p in label["points"]] if "points" in label else [None] * len(windows)
    false = [e for e in events if not any(e[0] <= b and e[1] >= a for a, b in windows)]
    return {
        "windows_found": sum(bool(len(hits)) for hits in inside),
        "windows": len(windows),
        "false_alarms": len(false),
        "hours_before_label": [
            round((point - int(hits[0])) / US_PER_HOUR, 1) if len(hits) and point is not None else None
            for point, hits in zip(points, inside, strict=True)
        ],
    }


def moment(text: str) -> int:
    """Microseconds since 1970 of a label's time."""
    return int(np.datetime64(pd.Timestamp(text), "us").astype(np.int64))


if __name__ == "__main__":
    main(sys.argv[1:])
