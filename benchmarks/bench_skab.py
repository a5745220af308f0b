"""Alarms on the SKAB test rig (pump, valves, eight channels at 1 Hz), by the product's detector for fast signals.

    sh run bench skab --data DIR --out DIR2

DIR holds `;`-separated files (`.csv` or `.csv.gz`, in folders or not) with a column `datetime`, eight measured columns
and, if they are known, `anomaly` and `changepoint`. The detector learns the first 400 rows of each file without labels
and then takes the others one after the other; nothing but the readings goes in. DIR2 gets one file per input with
`datetime,score,alarm`. Figures are pooled over the rows after the first 400, as the benchmark's leaderboard does.
Beside stands the rule that looks at no reading at all: always in alarm from row 550.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import finish, parser, say
from forewarn.core.errors import ForewarnError
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.level_shift import LevelShift, smallest_changes

TAUGHT = 400
TRIVIAL_FROM = 550
NOT_READINGS = ("anomaly", "changepoint")
QUANTITIES = {  # facts of the rig, from its description
    "Accelerometer1RMS": "acceleration",
    "Accelerometer2RMS": "acceleration",
    "Current": "current",
    "Pressure": "pressure",
    "Temperature": "temperature",
    "Thermocouple": "temperature",
    "Voltage": "voltage",
    "RateRMS": "flow",
    "Volume Flow RateRMS": "flow",
}

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """Rows after the taught ones of one file: alarm and truth bool[n]; truth is None where the file has no labels.
    `trivial` is the alarm of the rule that does not look."""

    file: str
    alarm: Bools
    trivial: Bools
    truth: Bools | None


def main(argv: Sequence[str]) -> None:
    """Judge every file, write its alarms, print the figures."""
    args = parser(__doc__, data="folder of the SKAB files", out="folder for one csv per file").parse_args(argv)
    if args.data is None:
        sys.exit("--data DIR: the folder of the SKAB files")
    files = found(args.data, args.out)
    if not files:
        sys.exit(f"{args.data} holds no .csv or .csv.gz with a column datetime")
    started = time.process_time()
    judged, skipped = [], []
    for file in files:
        name = file.relative_to(args.data).as_posix()
        try:
            judged.append(judge(file, name, args.out))
        except ForewarnError as why:
            skipped.append({"file": name, "why": str(why)})
        say(f"{name}: {'judged' if not skipped or skipped[-1]['file'] != name else skipped[-1]['why']}")
    finish(report(judged, skipped) | {"cpu_seconds": round(time.process_time() - started, 2)})


def found(data: Path, out: Path | None) -> list[Path]:
    """Input files, in order; what an earlier run wrote into a folder below is none."""
    files = sorted({*data.rglob("*.csv"), *data.rglob("*.csv.gz")})
    return [f for f in files if not (out and out.resolve() in f.resolve().parents) and has_readings(f)]


def has_readings(file: Path) -> bool:
    """Is it a table of the rig?"""
    head = pd.read_csv(file, sep=";", nrows=0).columns
    return "datetime" in head and any(column in QUANTITIES for column in head)


def judge(file: Path, name: str, out: Path | None) -> Judged:
    """One file. Raises NotReady when it has too few rows to learn from."""
    table = pd.read_csv(file, sep=";")
    columns = [c for c in table.columns if c != "datetime" and c not in NOT_READINGS]
    at = pd.to_datetime(table["datetime"]).to_numpy().astype("datetime64[us]").astype(np.int64)
    window = Window.of(at, columns, table[columns].to_numpy(np.float64))
    past, later = window.rows(slice(0, TAUGHT)), window.rows(slice(TAUGHT, None))
    matters = smallest_changes([QUANTITIES.get(c, "") for c in columns], past)
    learnt = LevelShift(smallest=matters).learn(past)
    ratio, alarm = learnt.strangeness(later).distance, learnt.alarm(later)
    if out:
        write(out / name, table["datetime"][TAUGHT:], ratio / (1 + ratio), alarm)
    truth = table["anomaly"].to_numpy()[TAUGHT:] > 0.5 if "anomaly" in table else None
    rows = np.arange(TAUGHT, len(table))
    return Judged(name, alarm, rows >= TRIVIAL_FROM, truth)


def write(path: Path, when: Any, score: Floats, alarm: Bools) -> None:
    """`datetime,score,alarm`; compressed when the input was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"datetime": when.to_numpy(), "score": score.round(4), "alarm": alarm.astype(int)}).to_csv(
        path, index=False
    )


def report(judged: Sequence[Judged], skipped: list[dict[str, str]]) -> dict[str, Any]:
    """The agreed figures where labels are known, by group of files too, and the alarms of each file."""
    known = [j for j in judged if j.truth is not None]
    groups = sorted({group_of(j.file) for j in known})
    figures: dict[str, Any] = {"files": len(judged), "skipped": skipped, "settings": repr(LevelShift())}
    figures["alarm_share"] = {j.file: round(float(j.alarm.mean()), 3) if len(j.alarm) else None for j in judged}
    if known:
        figures |= scores((j.alarm, j.truth) for j in known)
        figures["by_group"] = {
            group: scores((j.alarm, j.truth) for j in known if group_of(j.file) == group) for group in groups
        }
        figures[f"always_alarm_from_row_{TRIVIAL_FROM}"] = scores((j.trivial, j.truth) for j in known)
        figures["not_found"] = [j.file for j in known if j.truth is not None and j.truth.any() and not hit(j)]
    return figures


def group_of(file: str) -> str:
    """Folder of the file."""
    return file.rpartition("/")[0] or "."


def hit(judged: Judged) -> bool:
    """Was there an alarm while the fault lasted?"""
    return judged.truth is not None and bool((judged.alarm & judged.truth).any())


def scores(pairs: Iterable[tuple[Bools, Bools | None]]) -> dict[str, Any]:
    """Pooled point-wise figures; shares in per cent. Rows before a file's first anomalous one are those "before"."""
    rows = [(alarm, truth) for alarm, truth in pairs if truth is not None]
    alarm, truth = np.concatenate([a for a, _ in rows]), np.concatenate([t for _, t in rows])
    early = np.concatenate(list(before_fault(rows)))
    faults = [(a & t).any() for a, t in rows if t.any()]
    hits, false = int((alarm & truth).sum()), int((alarm & ~truth).sum())
    missed = int((~alarm & truth).sum())
    return {
        "f1": round(2 * hits / max(2 * hits + false + missed, 1), 4),
        "far": per_cent(false, int((~truth).sum())),
        "mar": per_cent(missed, int(truth.sum())),
        "far_before_fault": per_cent(int(early.sum()), len(early)),
        "faults_found": int(np.sum(faults)),
        "faults": len(faults),
        "rows": len(truth),
    }


def before_fault(rows: Sequence[tuple[Bools, Bools]]) -> Iterator[Bools]:
    """Alarms before the first anomalous row of each file."""
    for alarm, truth in rows:
        yield alarm[: int(np.argmax(truth)) if truth.any() else len(truth)]


def per_cent(part: int, whole: int) -> float | None:
    """Share in per cent, None of nothing."""
    return round(100 * part / whole, 2) if whole else None


if __name__ == "__main__":
    main(sys.argv[1:])
