"""Remaining life of C-MAPSS turbofan engines, by the product's own model with its default settings.

    sh run bench cmapss --data DIR --subset FD001 --out preds.csv [--cv]

DIR holds train_ and test_ files of the subset: the publisher's text files or tables (parquet, csv); RUL_ answers only
if they are to be scored. The CSV has one line per test engine: unit, rul_q10, rul_q50, rul_q90 in cycles; the root mean
square error is that of rul_q50. `inner_cv` are the figures on training engines that the model keeps of itself; with
`--cv` the whole model is learnt five times more, each time without a fifth of the engines, and judged on these (rows
from cycle 31 on with at most 150 cycles left).

The answers are scored once per configuration, and each scoring is written down in benchmarks/scorings.md with the
digest that is printed here: SHA-256 of the modules that make up the model.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from forewarn.core.readings import Floats
from forewarn.models.life import boosted, conformal, degradation, members
from forewarn.models.life.boosted import Boosted, BoostedPrognosis
from forewarn.models.life.contract import Forecasts, Life
from forewarn.models.training.splits import by_asset
from forewarn.pipeline.recorded_fleets import cmapss

CAP = 125.0
NEAR = 60.0
FIRST_CYCLE, LAST_LEFT = 31, 150.0  # rows that cross-validation asks
FOLDS = 5


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Learn, forecast, write, score."""
    options = _options(arguments)
    fleet = cmapss(options.data, options.subset)
    say(f"{options.subset}: {len(fleet.train)} engines to learn from, {len(fleet.test)} to forecast")
    model = Boosted()
    cpu, wall = time.process_time(), time.perf_counter()
    prognosis = model.learn(fleet.train, options.seed)
    result: dict[str, Any] = {
        "subset": options.subset,
        "seed": options.seed,
        "digest": digest(),
        "seconds": round(time.process_time() - cpu, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "inner_cv": inner(prognosis, fleet.train),
    }
    say(f"learnt in {result['seconds']} s of CPU; on engines not seen {result['inner_cv']}")
    told = prognosis.forecast(fleet.test)
    if options.out:
        write(options.out, fleet.test, told)
    if fleet.answers is not None:
        result |= scored(fleet.test, told, fleet.answers)
    if options.cv:
        result["cv"] = crossed(model, fleet.train, options.seed)
    finish(result)
    return result


def _options(arguments: Sequence[str] | None) -> Any:
    made = parser(
        __doc__, data="folder of train_, test_ and, if they are to be scored, RUL_ files", out="CSV of forecasts"
    )
    made.add_argument("--subset", default="FD001", help="FD001 (default) to FD004")
    made.add_argument("--cv", action="store_true", help="cross-validate the whole model too (takes five times longer)")
    options = made.parse_args(arguments)
    if options.data is None:
        made.error("--data DIR is needed")
    return options


def digest() -> str:
    """Twelve characters of the SHA-256 of the modules that make up the model."""
    files = (Path(str(module.__file__)) for module in (boosted, conformal, degradation, members))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def write(path: Path, lives: Sequence[Life], told: Forecasts) -> None:
    """unit, rul_q10, rul_q50, rul_q90; a life of which nothing can be said yet has empty cells."""
    columns = [told.at(level) for level in (0.1, 0.5, 0.9)]
    lines = ["unit,rul_q10,rul_q50,rul_q90"]
    for life, *row in zip(lives, *columns, strict=True):
        lines.append(",".join([life.asset, *("" if np.isnan(value) else f"{value:.2f}" for value in row)]))
    path.write_text("\n".join(lines) + "\n")
    say(f"{len(lives)} forecasts in {path}")


def scored(lives: Sequence[Life], told: Forecasts, answers: Mapping[int, float]) -> dict[str, Any]:
    """Figures against the publisher's answers, of the engines that got a forecast."""
    left = np.array([answers[int(life.asset)] for life in lives])
    return marks(told, left) | {"unanswered": int(np.count_nonzero([bool(reason) for reason in told.said]))}


def marks(told: Forecasts, left: Floats) -> dict[str, Any]:
    """Errors in cycles and shares inside the 80 % interval; `near`: at most 60 cycles left."""
    low, middle, high = (told.at(level) for level in (0.1, 0.5, 0.9))
    known = np.isfinite(middle)
    near = known & (left <= NEAR)
    late = middle[known] - left[known]
    return {
        "rmse_raw": rms(late),
        "rmse_capped": rms(np.minimum(middle[known], CAP) - np.minimum(left[known], CAP)),
        "phm08": round(float(np.sum(np.exp(np.where(late < 0, -late / 13, late / 10)) - 1)), 1),
        "coverage_80": inside(low, high, left, known),
        "coverage_80_near": inside(low, high, left, near),
        "width_80": round(float(np.mean((high - low)[known])), 2),
        "width_80_near": round(float(np.mean((high - low)[near])), 2) if near.any() else None,
        "rows": int(known.sum()),
    }


def rms(errors: Floats) -> float:
    """Root of the mean square."""
    return round(float(np.sqrt(np.mean(errors**2))), 3)


def inside(low: Floats, high: Floats, left: Floats, rows: Any) -> float | None:
    """Share of the rows inside the interval."""
    return round(float(np.mean(((low <= left) & (left <= high))[rows])), 4) if rows.any() else None


def inner(prognosis: BoostedPrognosis, lives: Sequence[Life]) -> dict[str, Any]:
    """From what was said of each training engine by the folds that had not seen it."""
    said = dict(zip(prognosis.unseen.assets, prognosis.unseen.rows_left, strict=True))
    told = [
        Forecasts(prognosis.spread.levels, prognosis.spread.around(said[life.asset]), ("",) * len(life.age))
        for life in lives
        if life.asset in said
    ]
    return of_rows(told, [life for life in lives if life.asset in said])


def crossed(model: Boosted, lives: Sequence[Life], seed: int) -> dict[str, Any]:
    """The whole model learnt without each fifth of the engines in turn."""
    told: list[Forecasts] = []
    asked: list[Life] = []
    for number, (teach, ask) in enumerate(by_asset([life.asset for life in lives], FOLDS, seed)):
        prognosis = model.learn([lives[i] for i in teach], seed)
        told += [prognosis.along(lives[i]) for i in ask]
        asked += [lives[i] for i in ask]
        say(f"fold {number + 1} of {FOLDS}: {of_rows(told, asked)}")
    return of_rows(told, asked)


def of_rows(told: Sequence[Forecasts], lives: Sequence[Life]) -> dict[str, Any]:
    """Marks over all rows that cross-validation asks."""
    rows = [(life.age >= FIRST_CYCLE) & (life.remaining <= LAST_LEFT) for life in lives]
    left = np.concatenate([life.remaining[keep] for life, keep in zip(lives, rows, strict=True)])
    said = np.concatenate([each.left[keep] for each, keep in zip(told, rows, strict=True)])
    found = marks(Forecasts(told[0].levels, said, ("",) * len(said)), left)
    del found["phm08"]  # a sum over rows of one engine says nothing
    return found


if __name__ == "__main__":
    main()
