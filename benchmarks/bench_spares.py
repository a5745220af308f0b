"""Demand for spare parts over the lead time: quantile loss, bias, and fill rate against stock value.

    sh run bench spares --data DIR [--sets raf,auto,carparts,oil] [--out FILE]
    sh run bench spares --file F --lead N --out QUANTILES.csv

DIR holds `raf_monthly.parquet`, `auto_monthly.parquet`, `carparts_monthly.parquet`, `oil_monthly.parquet`. The last 12
months (6 of auto) are held out; every method sees what lies before and tells the sum over the held-out months as a
distribution. Carparts: complete series only. Oil: blank is no consumption, 1997-11 is left out as its origin advises.
Loss of a series: mean over the levels 0.9, 0.95, 0.98 of the quantile (pinball) loss of the sum, divided by the
standard deviation of its history times the root of the months; series whose history does not move are left out. Bias:
expected minus actual sum on the same scale.

Peers are rates per month; each becomes a distribution in four usual ways, normal or negative binomial with the
variance of the history or that of its errors about the rate, and **the best of the four on the answers** is what
stands under its name (all four under `ways`). Forewarn is the product's `remainder`, one configuration for all; it
reads what the files say of a part beside its record (raf: price, lead time; oil: price, delivery days, in how many
machines it is), which the peers cannot. `ratio_without_facts` is its loss over the best peer's when it may not either.

Fill and stock: a part starts the held-out months with its 0.95 quantile and gets nothing more; `fill_rate` is the
share of pieces filled (mean over parts asked for), `stock_value` the mean value on hand (pieces, where there is no
price); `curve` repeats that for other levels. Oil is also replayed with its recorded levels, lots and delivery times
(`oil_stock`).

The second form forecasts a file that it has not seen: parquet or csv, one row per series, its name first, one column
per period, oldest first; blank before the first number is no record, blank after it 0, a negative number a return.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import finish, parser, say
from benchmarks.spares_oil import oil_stock
from benchmarks.spares_stock import Floats, replay
from forewarn.core.errors import Rejected
from forewarn.maintenance.demand import LeadDemands, remainder
from forewarn.maintenance.demand.aggregate import imapa
from forewarn.maintenance.demand.counts import negative_binomial
from forewarn.maintenance.demand.croston import croston, mean_rate, sba, tsb
from forewarn.maintenance.demand.distribution import LEVELS, at_levels
from forewarn.maintenance.demand.history import Histories, cleaned, spread, units

SCORED = np.array([0.9, 0.95, 0.98])
CURVE = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
ASKED = {"q50": 0.5, "q90": 0.9, "q95": 0.95, "q98": 0.98}
RATES: dict[str, Callable[[Histories], Floats]] = {
    "croston": croston, "sba": sba, "tsb": tsb, "imapa": imapa, "mean": mean_rate,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A set cut in two: `table` as recorded float64[n, T], the `actual` sums over the `months` after it, `prices`
    (1 without), `facts` of the parts float64[n, k] (None without), and the rest of the columns."""

    table: Floats
    after: Floats
    prices: Floats
    facts: Floats | None
    other: Any

    @property
    def months(self) -> int:
        """How long the sum is."""
        return int(self.after.shape[1])

    @property
    def actual(self) -> Floats:
        """float64[n]: the held-out sums; returns take back what was demanded inside the held-out months."""
        return np.asarray(cleaned(self.after).values.sum(axis=1), np.float64)


HELD_OUT = {"raf": 12, "auto": 6, "carparts": 12, "oil": 12}
PRICE = {"raf": "price_gbp", "oil": "price"}
FACTS = {
    "raf": ["price_gbp", "lead_time_months"],
    "oil": ["price", "delivery_days", "n_high", "n_medium", "n_low", "n_total"],
}
UNRELIABLE = {"oil": "1997-11"}


def held(name: str, folder: Path) -> Held:
    """One of the four sets, as its README reads it."""
    import pandas as pd

    file = folder / f"{name}_monthly.parquet"
    if not file.is_file():
        raise SystemExit(f"{folder} holds no {file.name}; --data is the folder of the spare-part sets")
    frame = pd.read_parquet(file)
    periods = [c for c in map(str, frame.columns) if c[:4].isdigit() or (c[0] == "m" and c[1:].isdigit())]
    periods = [c for c in periods if c != UNRELIABLE.get(name)]
    if name == "carparts":
        frame = frame[frame[periods].notna().all(axis=1)].reset_index(drop=True)
    table = frame[periods].fillna(0.0).to_numpy(np.float64)
    prices = frame[PRICE[name]].to_numpy(np.float64) if name in PRICE else np.ones(len(frame))
    months = HELD_OUT[name]
    told = [column for column in FACTS.get(name, []) if column in frame]
    facts = frame[told].to_numpy(np.float64) if told else None
    return Held(table[:, :-months], table[:, -months:], prices, facts, frame.drop(columns=periods))


def quantile_loss(told: Floats, actual: Floats, scale: Floats) -> Floats:
    """float64[n]: mean pinball loss at `SCORED` of quantiles float64[n, 3], over the scale.

    >>> quantile_loss(np.array([[4.0, 5.0, 6.0]]), np.array([6.0]), np.array([2.0])).round(3).tolist()
    [0.458]
    """
    short = actual[:, None] - told
    return np.asarray(np.maximum(SCORED * short, (SCORED - 1) * short).mean(axis=1) / scale, np.float64)


def ways(histories: Histories, rate: Floats, months: int) -> dict[str, Floats]:
    """float64[n, len(LEVELS)] for each usual way to make a rate a distribution of the sum."""
    from scipy.special import ndtri

    errors = np.where(histories.known, (histories.values - rate[:, None]) ** 2, 0.0)
    about = errors.sum(axis=1) / np.maximum(histories.length - 1, 1)
    found = {}
    for name, variance in (("history", spread(histories) ** 2), ("errors", about)):
        mean, around = months * rate, months * variance
        bell = mean[:, None] + ndtri(LEVELS) * np.sqrt(around)[:, None]
        found[f"normal_{name}"] = np.maximum(bell, 0.0)
        found[f"negative_binomial_{name}"] = negative_binomial(mean, around, units(histories))
    return found


def scored(told: Floats, expected: Floats, of: Held, scale: Floats) -> dict[str, Any]:
    """Loss, bias and the replay's figures of one method; `told` float64[n, len(LEVELS)]."""
    moves = scale > 0
    loss = quantile_loss(at_levels(told[moves], SCORED), of.actual[moves], scale[moves])
    demand = cleaned(of.after).values
    curve = []
    for level in CURVE:
        start = np.ceil(at_levels(told, np.array([level]))[:, 0] - 1e-9)
        never = np.full(len(start), of.months, np.int64)
        story = replay(demand, of.months, np.full(len(start), -np.inf), start, never)
        fills = {"fill_rate": story.fill_by_parts(), "fill_rate_by_value": story.fill_by_value(of.prices)}
        curve.append({"level": level, "stock_value": story.stock_value(of.prices)} | fills)
    chosen = next(point for point in curve if point["level"] == 0.95)
    return {
        "quantile_loss": float(loss.mean()),
        "bias": float(((expected - of.actual)[moves] / scale[moves]).mean()),
        "covered": (of.actual[moves, None] <= at_levels(told[moves], SCORED)).mean(axis=0),
        "fill_rate": chosen["fill_rate"], "stock_value": chosen["stock_value"], "curve": curve,
    }  # fmt: skip


def judged(name: str, of: Held, seed: int) -> dict[str, Any]:
    """Every method on one set."""
    histories, months, started = cleaned(of.table), of.months, time.perf_counter()
    scale = spread(histories) * np.sqrt(months)
    told = remainder(of.table, months, seed=seed, facts=of.facts)
    found: dict[str, Any] = {"forewarn": scored(told.values, told.means, of, scale)}
    found["seconds"] = time.perf_counter() - started
    for peer, rated in RATES.items():
        rate = rated(histories)
        tried = {way: scored(table, months * rate, of, scale) for way, table in ways(histories, rate, months).items()}
        best = min(tried, key=lambda way: float(tried[way]["quantile_loss"]))
        found[peer] = tried[best] | {"way": best, "ways": {way: one["quantile_loss"] for way, one in tried.items()}}
    rival = min(RATES, key=lambda peer: float(found[peer]["quantile_loss"]))
    found |= {"best_peer": rival, "series": int((scale > 0).sum())}
    found["ratio_to_best_peer"] = found["forewarn"]["quantile_loss"] / found[rival]["quantile_loss"]
    if of.facts is not None:
        blind = remainder(of.table, months, seed=seed)
        without = scored(blind.values, blind.means, of, scale)["quantile_loss"]
        found["ratio_without_facts"] = without / found[rival]["quantile_loss"]
    say(f"{name:9} loss {found['forewarn']['quantile_loss']:.4f}, {found['ratio_to_best_peer']:.3f} of {rival}'s")
    if name == "oil":
        found |= oil_stock(of.table, of.after, of.prices, of.facts, of.other, seed)
    return found


def read_series(file: Path) -> tuple[list[str], Floats]:
    """(names, float64[n, T]) of a file with one row per series."""
    import pandas as pd

    readers: dict[str, Callable[[Path], Any]] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    if file.suffix.lower() not in readers:
        raise SystemExit(f"{file.name}: give a .csv or a .parquet file")
    if not file.is_file():
        raise SystemExit(f"{file} is not there")
    try:
        frame = readers[file.suffix.lower()](file)
    except Exception as error:  # readers raise many kinds; each means that the file cannot be read
        raise SystemExit(f"{file.name} cannot be read: {error}") from error
    if frame.shape[1] < 2 or not len(frame):
        raise SystemExit(f"{file.name}: it needs a row per series, its name first, then one column per period")
    columns = []
    for column in frame.columns[1:]:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & frame[column].notna())
        if len(wrong):
            raise SystemExit(
                f"{file.name}: row {wrong[0] + 1}, column {column}: {frame[column].iloc[wrong[0]]!r} is not a number; "
                "leave out what is no period, and leave a cell without a record blank"
            )
        columns.append(numbers.to_numpy(np.float64))
    return [str(name) for name in frame.iloc[:, 0]], np.column_stack(columns)


def written(file: Path, lead: int, out: Path, seed: int) -> dict[str, Any]:
    """Forecasts a file and writes the quantiles as csv."""
    names, table = read_series(file)
    started = time.perf_counter()
    try:
        told: LeadDemands = remainder(table, lead, seed=seed)
    except Rejected as error:
        raise SystemExit(f"{file.name}: {error}") from error
    import pandas as pd

    frame = pd.DataFrame(told.quantiles(list(ASKED.values())).round(4), columns=list(ASKED))
    frame.insert(0, "series", names)
    frame.to_csv(out, index=False)
    return {"series": len(names), "periods": table.shape[1], "lead": lead, "seconds": time.perf_counter() - started}


def main() -> None:
    """Score the four sets, or forecast a file."""
    options = parser(__doc__, data="folder of the spare-part sets", out="the result, or with --file the quantiles")
    options.add_argument("--sets", default="raf,auto,carparts,oil", help="which sets, with commas between")
    options.add_argument("--file", type=Path, help="forecast this csv or parquet file instead")
    options.add_argument("--lead", type=int, help="with --file: over how many periods")
    asked = options.parse_args()
    if asked.file is not None:
        if asked.lead is None or asked.out is None:
            raise SystemExit("--file needs --lead N and --out FILE.csv")
        finish(written(asked.file, asked.lead, asked.out, asked.seed))
        return
    if asked.data is None:
        raise SystemExit("--data DIR is needed, or --file F --lead N --out FILE.csv")
    sets = asked.sets.split(",")
    if unknown := set(sets) - set(HELD_OUT):
        raise SystemExit(f"--sets knows {', '.join(HELD_OUT)}, not {', '.join(sorted(unknown))}")
    result = {name: judged(name, held(name, asked.data), asked.seed) for name in sets}
    finish({"sets": result, "runs": [{"seed": asked.seed}]}, asked.out)


if __name__ == "__main__":
    main()
