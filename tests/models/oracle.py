"""Slow, obvious twins of the fast code in `models`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from forewarn.core.readings import Floats


def bin_means(at: Sequence[int], value: Sequence[float], first_us: int, width_us: int, bins: int) -> list[float]:
    """Mean of the readings of each bin, NaN without any."""
    found = []
    for i in range(bins):
        start = first_us + i * width_us
        inside = [v for t, v in zip(at, value, strict=True) if start <= t < start + width_us]
        found.append(sum(inside) / len(inside) if inside else math.nan)
    return found


def held(values: Sequence[float | None]) -> list[float]:
    """Each gap filled with the value before it; the first ones with the first value that is known."""
    last = next(v for v in values if v is not None)
    found = []
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found


def design(regime: Sequence[Sequence[float]], fit: int, share: float) -> tuple[list[list[float]], list[int]]:
    """Rows of a 1 and the columns that moved, from -1 to 1 over the first `fit`; and the rows that lie within."""
    reach = [(min(c[:fit]), max(c[:fit])) for c in zip(*regime, strict=True)]
    rows, places = [], []
    for place, row in enumerate(regime):
        scaled, inside = [1.0], True
        for x, (low, high) in zip(row, reach, strict=True):
            size = max(abs(low), abs(high))
            inside = inside and low <= x + share * (high - low) + 0.01 * size
            inside = inside and x <= high + share * (high - low) + 0.01 * size
            if high - low > 1e-3 * size:
                scaled.append(2 * (x - low) / (high - low) - 1)
        rows.append(scaled)
        if inside:
            places.append(place)
    return rows, places


def rolling(values: Sequence[float], k: int) -> tuple[list[float], list[float]]:
    """Smallest and median of every k neighbours."""
    windows = [values[i : i + k] for i in range(len(values) - k + 1)]
    return [min(w) for w in windows], [median(w) for w in windows]


def confirmed(values: Sequence[float], k: int, bound: float, release: float) -> bool:
    """Steps through the points as they come: raised by k in a row beyond the limit, ended by a low median."""
    raised = False
    for i in range(k, len(values) + 1):
        window = values[i - k : i]
        if median(window) < release * bound:
            raised = False
        if min(window) > bound:
            raised = True
    return raised


def huber(design: Floats, y: Floats) -> Floats:
    """Coefficients of statsmodels' robust regression with Huber's weights."""
    from statsmodels.api import RLM
    from statsmodels.robust.norms import HuberT

    fitted = RLM(y, design, M=HuberT()).fit()
    return np.asarray(fitted.params, np.float64)


def student_quantile(centre: float, spread: float, tail: float, level: float) -> float:
    """exp of a quantile of a scaled Student distribution."""
    from scipy.stats import t

    return math.exp(centre + spread * float(t.ppf(level, tail)))
