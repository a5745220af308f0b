"""First alarm and remaining life of bearings run to failure (PRONOSTIA, the IEEE PHM 2012 challenge).

    sh run bench pronostia --train DIR [--test DIR] [--out preds.csv] [--json]

With `--test`: learns from every record in `--train` and writes one row per record of the test folder (bearing,
rul_q10, rul_q50, rul_q90, first_alarm_s, all in seconds; empty when there was no alarm). Records may be cut anywhere,
and their names mean nothing: neither condition nor speed is read from them. Without `--test` each bearing of the
training folder is left out once, cut at 50, 70 and 90 % of its life, and judged by the score of the challenge.

Everything that decides is the preset `forewarn.models.life.run_to_failure`; here files are read and answers written.
The last line of stdout is one JSON object.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.core.readings import Floats
from forewarn.models.features.blocks import block_features
from forewarn.models.life.contract import Forecasts, Life, Prognosis
from forewarn.models.life.run_to_failure import REMAINING, first_sign, wear_columns

SAMPLE_RATE_HZ = 25_600.0
SNAPSHOT_EVERY_S = 10.0
MS2_PER_MG = 9.80665e-3
CHANNELS = ("horizontal", "vertical")
CUTS = (0.5, 0.7, 0.9)
LEVELS = (0.1, 0.5, 0.9)
CONSTANTS_S = np.geomspace(100.0, 30_000.0, 400)


def read_life(file: Path, ended: bool) -> Life:
    """One record as a life in seconds; a snapshot stands for the ten seconds that it begins."""
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    features: dict[str, Floats] = {}
    for channel in CHANNELS:
        blocks = np.stack(table[f"{channel}_mg"].to_numpy()).astype(np.float32) * np.float32(MS2_PER_MG)
        found = block_features(blocks, SAMPLE_RATE_HZ)
        features |= {f"{channel}:{name}": found.column(name) for name in found.names}
    since_s = np.asarray(table["t_s"].to_numpy(), np.float64)
    return wear_columns(features, since_s + SNAPSHOT_EVERY_S, file.stem, ended)


def read_folder(folder: Path, ended: bool) -> list[Life]:
    """Every record of a folder, by name."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise SystemExit(f"{folder} holds no *.parquet")
    started = time.perf_counter()
    lives = [read_life(file, ended) for file in files]
    say(f"{len(lives)} records of {folder.name}, {sum(len(x.age) for x in lives)} snapshots: "
        f"features in {time.perf_counter() - started:.1f} s")  # fmt: skip
    return lives


def alarm_s(life: Life) -> float | None:
    """Seconds since the start of the record at which the first alarm came."""
    row = first_sign(life)
    return None if row is None else float(life.age[row] - SNAPSHOT_EVERY_S)


def challenge_score(predicted_s: Floats, actual_s: Floats) -> Floats:
    """Score of the challenge for each forecast: 1 when exact, halved by 5 % too late or 20 % too early; 0 for none.

    >>> challenge_score(np.array([100.0, 105.0, 80.0, np.nan]), np.full(4, 100.0)).round(2).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    late = 100.0 * (actual_s - predicted_s) / actual_s
    return np.nan_to_num(np.where(late <= 0, 0.5 ** (-late / 5.0), 0.5 ** (late / 20.0)), nan=0.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the answer; NaN = "cannot tell yet"."""

    bearing: str
    rul: tuple[float, float, float]
    alarm_s: float | None


def rows_of(lives: Sequence[Life], told: Forecasts) -> list[Row]:
    """Answers in the order of the lives."""
    quantiles = np.stack([told.at(level) for level in LEVELS], axis=1)
    return [Row(x.asset, (q[0], q[1], q[2]), alarm_s(x)) for x, q in zip(lives, quantiles.tolist(), strict=True)]


def write(rows: Sequence[Row], out: Path) -> None:
    """The file of answers."""
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["bearing", "rul_q10", "rul_q50", "rul_q90", "first_alarm_s"])
        for row in rows:
            numbers = ["" if np.isnan(value) else f"{value:.1f}" for value in row.rul]
            writer.writerow([row.bearing, *numbers, "" if row.alarm_s is None else f"{row.alarm_s:.0f}"])


def at_cuts(life: Life) -> list[Life]:
    """What was known of a life at each cut."""
    kept = [(cut, life.until(round(cut * len(life.age)) - 1)) for cut in CUTS]
    return [Life(f"{life.asset}@{cut:.0%}", x.age, x.names, x.values, x.ended) for cut, x in kept]


def left_out(
    lives: Sequence[Life], seed: int, learn: Callable[[list[Life], int], Prognosis]
) -> tuple[list[dict[str, Any]], list[Row]]:
    """Each bearing, asked at the cuts after the others taught: what is judged, and the lines of the answer."""
    runs: list[dict[str, Any]] = []
    rows: list[Row] = []
    for life in lives:
        prognosis = learn([other for other in lives if other is not life], seed)
        asked = at_cuts(life)
        told = prognosis.forecast(asked)
        actual = np.array([life.age[-1] - known.age[-1] for known in asked])
        alarm = alarm_s(life)
        rows.extend(rows_of(asked, told))
        runs.append(
            {
                "bearing": life.asset,
                "life_s": float(life.age[-1]),
                "first_alarm_s": alarm,
                "first_alarm_share": None if alarm is None else alarm / float(life.age[-1]),
                "actual_s": actual,
                "rul_q10_q50_q90_s": np.stack([told.at(level) for level in LEVELS], axis=1).round(1),
                "score": challenge_score(told.at(0.5), actual).round(4),
                "cannot_tell": [text for text in told.said if text],
            }
        )
        say(f"{life.asset}: first alarm {alarm}, score {runs[-1]['score']}")
    return runs, rows


def judged(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of the runs, with what needs no model beside them."""
    score = np.array([run["score"] for run in runs])
    actual = np.array([run["actual_s"] for run in runs])
    asked_at = np.array([run["life_s"] for run in runs])[:, None] - actual
    told = np.stack([run["rul_q10_q50_q90_s"] for run in runs])
    held = (told[:, :, 0] <= actual) & (actual <= told[:, :, 2])
    constants = [challenge_score(np.full_like(actual, c), actual).mean() for c in CONSTANTS_S]
    alarms = [run["first_alarm_share"] for run in runs if run["first_alarm_share"] is not None]
    leads = [run["life_s"] - run["first_alarm_s"] for run in runs if run["first_alarm_s"] is not None]
    return {
        "score": by_cut(score),
        "best_constant": {"seconds": CONSTANTS_S[int(np.argmax(constants))], "score": max(constants)},
        "age_times_043": by_cut(challenge_score(0.43 * asked_at, actual)),
        "coverage_80": held.mean(),
        "width_factor_80": float(np.exp(np.nanmedian(np.log(told[:, :, 2] / told[:, :, 0])))),
        "alarms_before_end": len(alarms),
        "bearings": len(runs),
        "earliest_alarm_share": min(alarms, default=None),
        "leads_s": leads,
    }


def by_cut(score: Floats) -> dict[str, float]:
    """Mean score of each cut and of all, scores float64[bearings, cuts]."""
    return {f"cut_{cut:.0%}".rstrip("%"): m for cut, m in zip(CUTS, score.mean(axis=0), strict=True)} | {
        "mean": float(score.mean())
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer for a test folder, or leave each training bearing out once."""
    options = parser(__doc__, data="the same as --train")
    options.add_argument("--train", type=Path, help="folder of records that end with the failure")
    options.add_argument("--test", type=Path, help="folder of records that may be cut anywhere")
    given = options.parse_args(arguments)
    folder = given.train or given.data
    if folder is None:
        options.error("--train DIR is needed: the folder of the learning set")
    started = time.perf_counter()
    train = read_folder(folder, ended=True)
    result: dict[str, Any] = {"seed": given.seed}
    if given.test is None:
        runs, rows = left_out(train, given.seed, REMAINING.learn)
        result |= judged(runs) | {"runs": runs}
    else:
        asked = read_folder(given.test, ended=False)
        rows = rows_of(asked, REMAINING.learn(train, given.seed).forecast(asked))
        told = [{"bearing": row.bearing, "rul_s": row.rul, "first_alarm_s": row.alarm_s} for row in rows]
        result |= {"bearings": len(rows), "alarms": sum(row.alarm_s is not None for row in rows), "runs": told}
    if given.out:
        write(rows, given.out)
    finish(result | {"seconds": round(time.perf_counter() - started, 1)})


if __name__ == "__main__":
    main()
