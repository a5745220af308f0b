"""How long until the level of failure? A distribution, wide when little is known (ISO 13374: PA, ISO 13381-1).

Two sources are multiplied on a logarithmic grid of hours: the trend of the fault's leading channel, extrapolated to its
failure level (`limits`) with the uncertainty of the fit and of that level; and the published P-F interval of the
mechanism, of which the part already gone is read from the same channel. Both have heavy tails (Student's t), so that
where they disagree the narrower one wins instead of a middle that neither supports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.faults import Fault
from forewarn.core.health import ModelRef, RulForecast
from forewarn.core.readings import Floats
from forewarn.models.detectors.own_past import Judged
from forewarn.models.diagnosis.signatures import SIGNATURES
from forewarn.models.life.growth import weighted_line

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
HORIZON_H = 8_766.0
SHORTEST_H = 1e-3
GRID_POINTS = 600
ONSET_SHARE = 0.3  # of the limit: where the rise began
LEAST_TREND_POINTS = 8
LEAST_LEFT = 0.15  # of the way: who stands at the level and still runs will fail a little above it
TREND_SPREAD = 0.6  # of ln(hours): growth of faults is not steady, published trends miss by a factor of about two
UNCLEAR_SPREAD = 1.2
TREND_TAIL, PRIOR_TAIL = 5.0, 2.0  # degrees of freedom


@dataclass(frozen=True, slots=True)
class Trend:
    """Hours to the failure level by the trend: median and spread of its logarithm."""

    hours: float
    spread: float


def forecast(fault: Fault, judged: Sequence[Judged], model: ModelRef) -> RulForecast:
    """Remaining life with this fault in operating hours; `judged` are the channels that show it (may be empty).

    A tone says what, not how far: it has no trend.
    """
    signature = SIGNATURES[fault.mechanism]
    leading = max(judged, key=progress, default=None)
    gone = progress(leading) if leading else 0.0
    grid = np.linspace(math.log(SHORTEST_H), math.log(10 * HORIZON_H), GRID_POINTS)
    left = signature.pf_hours * max(1 - gone, LEAST_LEFT)
    log_density = student_log(grid, math.log(left), signature.pf_spread, PRIOR_TAIL)
    trend = trend_of(leading) if leading and not leading.channel.feature.startswith("tone") else None
    if trend:
        log_density += student_log(grid, math.log(max(trend.hours, SHORTEST_H)), trend.spread, TREND_TAIL)
    hours = np.minimum(quantiles(grid, log_density), HORIZON_H)
    return RulForecast(fault, LEVELS.copy(), hours, HORIZON_H, model)


def progress(j: Judged) -> float:
    """Share of the way from the usual level to failure, in [0, 1]."""
    return min(abs(j.level - j.expected) / j.channel.limit.failure_change, 1.0) if j.ratio > 0 else 0.0


def trend_of(j: Judged) -> Trend | None:
    """Weighted line through the points since the rise began, the newest third counting most; None without a rise.

    Where the line is not clear (a sudden rise, or one that has stopped) all that is known is how long the way so far
    has taken: the rest is then as long in proportion, within a factor of about `e ** UNCLEAR_SPREAD`.
    """
    change, hours = j.direction * j.change, j.op_hours
    begin = onset(change, j.bound)
    x, y = hours[begin:] - hours[-1], change[begin:]
    now = float(np.median(y[-5:]))
    if x[0] >= 0 or now <= 0:
        return None
    slope, error, fitted = weighted_line(x, y, np.exp(x / (-x[0] / 3)))
    clear = len(y) >= LEAST_TREND_POINTS and slope > 2 * error
    end = j.channel.limit.failure_change
    remaining = max(end - (fitted if clear else now), LEAST_LEFT * end)
    level_spread = math.log1p(j.channel.limit.failure_spread * end / remaining)
    if clear:
        return Trend(remaining / slope, math.hypot(error / slope, TREND_SPREAD, level_spread))
    return Trend(remaining / now * -float(x[0]), math.hypot(UNCLEAR_SPREAD, level_spread))


def onset(change: Floats, bound: float) -> int:
    """Index of the last time when the median of eleven points was still near the baseline."""
    width = min(11, len(change))
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(change, width), axis=1)
    quiet = np.flatnonzero(smooth < ONSET_SHARE * bound)
    begin = int(quiet[-1]) + width // 2 if len(quiet) else 0
    return max(0, min(begin, len(change) - LEAST_TREND_POINTS))


def student_log(grid: Floats, centre: float, spread: float, tail: float) -> Floats:
    """Logarithm of Student's density, without its constant."""
    return np.asarray(-(tail + 1) / 2 * np.log1p(((grid - centre) / spread) ** 2 / tail), np.float64)


def quantiles(grid: Floats, log_density: Floats) -> Floats:
    """Hours at `LEVELS` of a density over ln(hours)."""
    density = np.exp(log_density - log_density.max())
    below = np.cumsum(density) / density.sum()
    return np.asarray(np.exp(np.interp(LEVELS, below, grid)), np.float64)
