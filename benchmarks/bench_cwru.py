"""Causes named from bearing tones alone on the recorded faults of the CWRU rig: windows of one second, nothing learnt.

    python -m benchmarks.bench_cwru --data DIR --out FILE.csv

DIR holds parquet files with the columns DE and FE (12 kHz; an SKF 6205 at the drive end). The leading number of a
file's name is the shaft speed in rpm; the rest is used only to count hits, and only where it says what the fault was.
The csv has one row per window without overlap: file, window, cause (normal, inner, outer, ball, unknown). All rules and
limits are the product's own: `forewarn.models.features.naming.named_cause`.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s
from forewarn.models.features.naming import Cause, named_cause

RATE_HZ, WINDOW = 12_000.0, 12_000
SKF_6205 = BearingGeometry(9, 7.94, 39.04)
TOLD_BY_NAME = {"Normal": Cause.NORMAL, "IR": Cause.INNER, "OR": Cause.OUTER, "B": Cause.BALL}
CLEAR_FAULTS = ("Normal", "IR_7", "IR_14", "IR_21", "OR_7", "OR_21")  # that a second is enough for


def sensors_of(file: Path) -> Float32s:
    """Both accelerometers, float32[2, n]."""
    import pyarrow.parquet as pq

    table = pq.read_table(file, columns=["DE", "FE"])
    return np.stack([table[name].to_numpy() for name in ("DE", "FE")]).astype(np.float32)


def causes_of(file: Path) -> list[Cause]:
    """What each window says."""
    sensors, shaft_hz = sensors_of(file), float(file.stem.split("_")[0]) / 60.0
    starts = range(0, sensors.shape[1] - WINDOW + 1, WINDOW)
    return [named_cause(sensors[:, start : start + WINDOW], RATE_HZ, shaft_hz, SKF_6205).cause for start in starts]


def told_by_name(name: str) -> tuple[str, Cause] | None:
    """Kind of fault and the cause that a file's name tells (`1797_ORat6_14_DE12.parquet`: OR_14, outer), or None."""
    words = Path(name).stem.split("_")[1:]
    kind = next((k for k in TOLD_BY_NAME if words and words[0].startswith(k)), None)
    if kind is None:
        return None
    return "_".join([kind, *words[1:2]]), TOLD_BY_NAME[kind]


def counted(found: dict[str, list[Cause]]) -> dict[str, Any]:
    """Hits, wrong causes and silence over all files whose names tell the truth."""
    by_kind: dict[str, Counter[str]] = {}
    wrong = 0
    for name, causes in found.items():
        told = told_by_name(name)
        if told is not None:
            right = sum(cause == told[1] for cause in causes)
            silent = sum(cause == Cause.UNKNOWN for cause in causes)
            wrong += len(causes) - right - silent
            by_kind.setdefault(told[0], Counter()).update(windows=len(causes), right=right, unknown=silent)
    windows = sum(kind["windows"] for kind in by_kind.values())
    clear = [by_kind[kind] for kind in CLEAR_FAULTS if kind in by_kind]
    return {
        "right_share": sum(kind["right"] for kind in by_kind.values()) / windows if windows else None,
        "clear_right_share": sum(k["right"] for k in clear) / sum(k["windows"] for k in clear) if clear else None,
        "wrong": wrong,
        "windows": windows,
        "by_kind": {kind: dict(counts) for kind, counts in sorted(by_kind.items())},
    }


def main() -> None:
    """Name every window, write the csv, count what the names of the files tell."""
    options = parser(__doc__, "folder of parquet files", "csv to write: file, window, cause").parse_args()
    if options.data is None:
        raise SystemExit("give --data DIR, a folder of CWRU parquet files")
    found = {}
    for file in sorted(options.data.glob("*.parquet")):
        found[file.name] = causes_of(file)
        say(f"{file.name}: {dict(Counter(cause.value for cause in found[file.name]))}")
    if options.out:
        with options.out.open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["file", "window", "cause"])
            rows.writerows((name, i, cause.value) for name, causes in found.items() for i, cause in enumerate(causes))
    finish(counted(found) | {"runs": [{"files": len(found), "seed": None}]})


if __name__ == "__main__":
    main()
