"""Arithmetic of forecasts as quantiles of ln(life left): spread, mix, weigh, and the loss that judges them."""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS

GRID = 400
MIDDLE = int(np.searchsorted(LEVELS, 0.5))


def student_quantiles(centre: float, spread: float, freedom: float) -> Floats:
    """exp of Student's quantiles at `LEVELS`: what few lives allow to say of ln(life left).

    >>> student_quantiles(0.0, 1.0, 4.0).round(2).tolist()
    [0.12, 0.22, 0.48, 1.0, 2.1, 4.63, 8.43]
    """
    from scipy.special import stdtrit

    return np.asarray(np.exp(centre + spread * stdtrit(freedom, LEVELS)), np.float64)


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats = LEVELS) -> Floats:
    """Quantiles of weighted values: straight lines between the middles of their steps.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.ones(3), np.array([0.5])).tolist()
    [2.0]
    """
    order = np.argsort(values, kind="stable")
    share = weights[order] / weights.sum()
    return np.asarray(np.interp(levels, np.cumsum(share) - share / 2, values[order]), np.float64)


def pooled(quantiles: Floats, weights: Floats) -> Floats:
    """Linear opinion pool (Stone 1961): quantiles at `LEVELS` of the weighted mixture of m forecasts.

    quantiles float64[m, q] > 0 at `LEVELS`, weights float64[m]. Each is a distribution with straight lines in ln(life
    left) between its levels, and tails as long again as the way from its middle to its outermost level.

    >>> one, other = student_quantiles(0.0, 0.1, 9.0), student_quantiles(2.0, 0.1, 9.0)
    >>> both = pooled(np.stack([one, other]), np.array([0.7, 0.3]))
    >>> both.round(1).tolist()                       # the mixture keeps both opinions; an average would keep neither
    [0.8, 0.9, 1.0, 1.1, 6.6, 7.7, 8.2]
    """
    logs = np.log(quantiles)
    low = 2 * logs[:, :1] - logs[:, MIDDLE : MIDDLE + 1] - 1e-6
    high = 2 * logs[:, -1:] - logs[:, MIDDLE : MIDDLE + 1] + 1e-6
    knots = np.hstack([low, logs, high])
    levels = np.concatenate([[0.0], LEVELS, [1.0]])
    grid = np.linspace(float(low.min()), float(high.max()), GRID)
    below = sum(w * np.interp(grid, k, levels) for w, k in zip(weights / weights.sum(), knots, strict=True))
    rising = np.asarray(below) + np.arange(GRID) * 1e-12
    return np.asarray(np.exp(np.interp(LEVELS, rising, grid)), np.float64)


def log_loss(quantiles: Floats, left: Floats) -> Floats:
    """float64[m]: mean pinball loss over `LEVELS` of ln(life left): half its continuous ranked probability score
    (Laio and Tamea 2007), blind to the unit, and as strict for short lives as for long ones. NaN rows stay NaN.

    >>> log_loss(np.full((1, 7), np.e), np.array([1.0])).tolist()
    [0.5]
    """
    off = np.log(left)[:, None] - np.log(quantiles)
    return np.asarray(np.maximum(LEVELS * off, (LEVELS - 1) * off).mean(axis=1), np.float64)


def stretched(quantiles: Floats, factors: Floats) -> Floats:
    """Quantiles float64[..., q] moved away from the middle in ln(life left), factors float64[q] >= 0 by level.

    >>> stretched(np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]), np.full(7, 2.0)).round(2).tolist()
    [0.01, 0.04, 0.25, 1.0, 4.0, 25.0, 100.0]
    """
    logs = np.log(quantiles)
    middle = logs[..., MIDDLE : MIDDLE + 1]
    moved = middle + factors * (logs - middle)
    lower = np.minimum.accumulate(moved[..., MIDDLE::-1], axis=-1)[..., ::-1]
    upper = np.maximum.accumulate(moved[..., MIDDLE:], axis=-1)
    return np.asarray(np.exp(np.concatenate([lower[..., :-1], upper], axis=-1)), np.float64)
