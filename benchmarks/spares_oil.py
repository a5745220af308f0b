"""Oil's stock with its recorded levels against levels from the forecast, at the same fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.report import say
from benchmarks.spares_stock import Floats, Replayed, replay
from forewarn.maintenance.demand import LeadDemands, remainder
from forewarn.maintenance.demand.history import cleaned
from forewarn.maintenance.demand.reorder import Terms, lot
from forewarn.maintenance.demand.service import by_parts, by_value

DAYS_PER_MONTH = 365.25 / 12
WARM_UP = 12
ODDS = 2.0 ** np.arange(-8, 26, 0.5)


def oil_stock(
    table: Floats, after: Floats, prices: Floats, facts: Floats | None, other: Any, seed: int
) -> dict[str, Any]:
    """Stock value at the fill that the recorded levels give, by both ways to average the fill.

    The months before the held-out ones warm up the shelf with the same levels. Both sides look monthly and wait the
    recorded delivery time. Recorded: at or below the minimum level it is ordered up to the maximum level. Forewarn:
    reorder points from the forecast over delivery and one month, lots as `reorder.lot` chooses them on usual terms
    (50 an order, a fifth of the price for a year on the shelf) for the forecast of a year; a part that needs no piece
    has none and is bought when it is asked for. `recorded_lots` repeats it with the lots maximum - minimum.
    """
    leads = np.maximum(np.ceil(other["delivery_days"].to_numpy(np.float64) / DAYS_PER_MONTH), 1).astype(np.int64)
    low, high = (other[name].to_numpy(np.float64) for name in ("min_level", "max_level"))
    demand = cleaned(np.hstack([table, after])).values[:, -after.shape[1] - WARM_UP :]
    months = after.shape[1]
    recorded = replay(demand, months, low, np.maximum(high, low), leads)
    told = remainder(table, leads + 1, seed=seed, facts=facts)
    yearly = remainder(table, 12, seed=seed, facts=facts).means
    lots = {"own": _own_lots(prices, yearly), "recorded": np.maximum(high - low, 0.0)}
    ways: dict[str, tuple[Callable[[float], Floats], Callable[[Replayed], float]]] = {
        "by_parts": (lambda odds: by_parts(told, prices, odds), Replayed.fill_by_parts),
        "by_value": (lambda odds: by_value(len(prices), odds), lambda one: one.fill_by_value(prices)),
    }
    found: dict[str, Any] = {}
    for name, (levels, fill) in ways.items():
        wanted, value = fill(recorded), recorded.stock_value(prices)
        points = [_points(told, levels(float(odds))) for odds in ODDS]
        sides = {}
        for whose, sizes in lots.items():
            stories = [replay(demand, months, at, np.where(at < 0, 0.0, at + sizes), leads) for at in points]
            curve = [(fill(one), one.stock_value(prices), int(one.orders.sum())) for one in stories]
            needed = _at(wanted, curve)
            orders = min(curve, key=lambda point: abs(point[0] - wanted))[2]
            sides[whose] = {"value_needed": needed, "ratio": needed / value, "orders": orders, "curve": curve}
        found[name] = {
            "recorded_fill": wanted, "recorded_value": value, "recorded_orders": int(recorded.orders.sum()),
            **sides["own"], "recorded_lots": sides["recorded"],
        }  # fmt: skip
        say(
            f"oil stock {name}: fill {wanted:.3f}, {sides['own']['ratio']:.3f} of the recorded value with"
            f" {sides['own']['orders']} orders of {found[name]['recorded_orders']};"
            f" {sides['recorded']['ratio']:.3f} and {sides['recorded']['orders']} with the recorded lots"
        )
    return {
        "oil_stock": found, "stock_value_saving_at_recorded_fill": 1 - found["by_parts"]["ratio"],
        "stock_value_ratio_at_recorded_value_fill": found["by_value"]["ratio"],
    }  # fmt: skip


def _own_lots(prices: Floats, yearly: Floats) -> Floats:
    """float64[n]: the product's lot of each part for so many pieces expected in a year."""
    terms = (Terms("part", float(price)) for price in prices)
    return np.array([lot(one, float(pieces))[0] for one, pieces in zip(terms, yearly, strict=True)], np.float64)


def _points(told: LeadDemands, levels: Floats) -> Floats:
    """float64[n]: reorder points, whole pieces; -1 (order when somebody waits) where the quantile is below half."""
    found = np.array([one.quantile(float(level)) for one, level in zip(told, levels, strict=True)])
    return np.where(found < 0.5, -1.0, np.ceil(found - 1e-9) - 1)


def _at(fill: float, curve: list[tuple[float, float, int]]) -> float:
    """The least stock value on the curve that gives this fill: straight lines between its points; NaN out of reach."""
    ranked = sorted(curve)
    fills = np.maximum.accumulate([point[0] for point in ranked])
    if fill > fills[-1]:
        return float("nan")
    return float(np.interp(fill, fills, [point[1] for point in ranked]))
