"""Oil's stock with its recorded levels against levels from the forecast, at the same fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.report import say
from benchmarks.spares_stock import Floats, Replayed, replay
from forewarn.maintenance.demand import LeadDemands, remainder
from forewarn.maintenance.demand.history import cleaned
from forewarn.maintenance.demand.service import by_parts, by_value

DAYS_PER_MONTH = 365.25 / 12
WARM_UP = 12
ODDS = 2.0 ** np.arange(-8, 26, 0.5)


def oil_stock(
    table: Floats, after: Floats, prices: Floats, facts: Floats | None, other: Any, seed: int
) -> dict[str, Any]:
    """Stock value at the fill that the recorded levels give, by both ways to average the fill.

    The months before the held-out ones warm up the shelf with the same levels. Both sides order the recorded lot
    (max - min level) when the position is at or below the reorder point, and wait the recorded delivery time.
    """
    leads = np.maximum(np.ceil(other["delivery_days"].to_numpy(np.float64) / DAYS_PER_MONTH), 1).astype(np.int64)
    low, high = (other[name].to_numpy(np.float64) for name in ("min_level", "max_level"))
    demand = cleaned(np.hstack([table, after])).values[:, -after.shape[1] - WARM_UP :]
    lot = np.maximum(high - low, 0.0)

    def story(points: Floats) -> Replayed:
        return replay(demand, after.shape[1], points, np.maximum(points, 0.0) + lot, leads)

    recorded = story(low)
    told = remainder(table, leads + 1, seed=seed, facts=facts)
    ways: dict[str, tuple[Callable[[float], Floats], Callable[[Replayed], float]]] = {
        "by_parts": (lambda odds: by_parts(told, prices, odds), Replayed.fill_by_parts),
        "by_value": (lambda odds: by_value(len(prices), odds), lambda one: one.fill_by_value(prices)),
    }
    found: dict[str, Any] = {}
    for name, (levels, fill) in ways.items():
        points = [story(_points(told, levels(float(odds)))) for odds in ODDS]
        curve = [(fill(one), one.stock_value(prices), int(one.orders.sum())) for one in points]
        wanted, value = fill(recorded), recorded.stock_value(prices)
        needed = _at(wanted, curve)
        found[name] = {
            "recorded_fill": wanted, "recorded_value": value, "recorded_orders": int(recorded.orders.sum()),
            "value_needed": needed, "ratio": needed / value, "curve": curve,
        }  # fmt: skip
        say(f"oil stock {name}: fill {wanted:.3f}, {needed / value:.3f} of the recorded value")
    return {
        "oil_stock": found, "stock_value_saving_at_recorded_fill": 1 - found["by_parts"]["ratio"],
        "stock_value_ratio_at_recorded_value_fill": found["by_value"]["ratio"],
    }  # fmt: skip


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
