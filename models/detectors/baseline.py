"""What a channel is expected to show in a regime, learnt from its oldest points, and how far it scatters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.readings import Floats

HUBER = 1.345
ROUNDS = 8
RIDGE = 1e-3
MARGIN_OF_REGIME = 0.1
MOST_FIT_POINTS = 400
WANDER_BLOCKS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A regression on the regime that has seen the first `fit` points.

    matrix float64[n, r]; `solver` float64[r, m] gives least-squares coefficients of every `step`-th of the first `fit`
    values; `places` are the points in a regime that those have seen: no further than a tenth of its range beyond it.
    """

    matrix: Floats
    solver: Floats
    step: int
    places: NDArray[np.intp]


class RegimeTable:
    """Regime of n points as columns float64[n, r] (r may be 0). Channels that share it share its regressions."""

    def __init__(self, columns: Floats) -> None:
        self.columns = columns
        self._designs: dict[int, Design] = {}

    def design(self, fit: int) -> Design:
        """The regression on the first `fit` points, worked out once."""
        if fit not in self._designs:
            self._designs[fit] = design_of(self.columns, fit)
        return self._designs[fit]


def design_of(columns: Floats, fit: int) -> Design:
    """Columns scaled to what the first `fit` points saw; those that did not move are left out; lightly ridged."""
    low, high = columns[:fit].min(axis=0), columns[:fit].max(axis=0)
    size = np.maximum(np.abs(low), np.abs(high)) + 1e-9
    moving = high - low > 1e-3 * size
    matrix = np.ones((len(columns), 1 + int(moving.sum())))
    matrix[:, 1:] = (2 * columns[:, moving] - high[moving] - low[moving]) / (high - low)[moving]
    step = max(1, fit // MOST_FIT_POINTS)
    taught = matrix[:fit:step]
    ridge = RIDGE * len(taught) * np.eye(matrix.shape[1])
    ridge[0, 0] = 0.0
    solver = np.asarray(np.linalg.solve(taught.T @ taught + ridge, taught.T), np.float64)
    margin = MARGIN_OF_REGIME * (high - low) + 0.01 * size
    comparable = ((columns >= low - margin) & (columns <= high + margin)).all(axis=1)
    return Design(matrix, solver, step, np.flatnonzero(comparable))


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Learnt from the first points of a channel. `change` float64[m] and `expected` float64[m] are of all comparable
    points, of which the first `learnt` taught it; `places` are their indices in the channel.

    `noise` is one robust deviation including slow wander, `correlation` that of neighbours in [0, 1).
    """

    change: Floats
    expected: Floats
    places: NDArray[np.intp]
    learnt: int
    noise: float
    correlation: float


def learn(y: Floats, regime: RegimeTable, fit: int, fewest: int) -> Baseline | None:
    """Learn y from its first `fit` points; None when fewer than `fewest` of them are comparable with one another."""
    design = regime.design(fit)
    learnt = int(np.searchsorted(design.places, fit))
    if learnt < fewest:
        return None
    taught = design.matrix[: fit : design.step]
    expected = design.matrix[design.places] @ huber_coefficients(taught, design.solver, y[: fit : design.step])
    change = y[design.places] - expected
    noise, correlation = noise_of(change[:learnt], design.matrix.shape[1])
    return Baseline(change, expected, design.places, learnt, noise, correlation)


def huber_coefficients(matrix: Floats, solver: Floats, y: Floats) -> Floats:
    """Huber's M-estimate by modified residuals (Huber 1981, 7.8): what is further off than the knee is pulled to it."""
    coefficients = solver @ y
    for _ in range(ROUNDS):
        fitted = matrix @ coefficients
        residual = y - fitted
        knee = HUBER * 1.4826 * middle(np.abs(residual))
        coefficients = solver @ (fitted + np.minimum(np.maximum(residual, -knee), knee))
    return coefficients


def middle(values: Floats) -> float:
    """Median, the upper one of an even count (numpy's own spends most of its time on checks)."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])


def noise_of(change: Floats, coefficients: int) -> tuple[float, float]:
    """Robust deviation of the baseline, with its slow wander, and the correlation of neighbours in [0, 1)."""
    n = len(change)
    moved = change - middle(change)
    deviation = 1.4826 * middle(np.abs(moved)) * math.sqrt(n / max(n - coefficients, 1))
    length = max(1, n // WANDER_BLOCKS)
    blocks = np.sort(moved[: length * (n // length)].reshape(-1, length), axis=1)[:, length // 2]
    wander = float(blocks.std(ddof=1)) if len(blocks) > 1 else 0.0
    bounded = np.minimum(np.maximum(moved, -3 * deviation), 3 * deviation)
    power = float(bounded @ bounded)
    correlation = float(bounded[1:] @ bounded[:-1]) / power if power > 0 else 0.0
    return math.hypot(deviation, wander), min(max(correlation, 0.0), 0.99)
