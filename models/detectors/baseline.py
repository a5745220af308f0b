"""What a channel is expected to show in a regime, learnt from its oldest points, and how far it scatters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forewarn.core.readings import Floats

HUBER = 1.345
ROUNDS = 8
RIDGE = 1e-3
MARGIN_OF_REGIME = 0.1
MOST_FIT_POINTS = 400
WANDER_BLOCKS = 6
MOST_ALIKE = 0.995


class Design:
    """A regression on the regime that has seen the first `fit` points.

    matrix float64[n, r]: a 1, and the columns that moved, from -1 to 1 over the first `fit` points; every `step`-th of
    those rows teaches. `places` are the points in a regime that they have seen: no further than a tenth of its range
    beyond it.
    """

    def __init__(self, columns: Floats, fit: int) -> None:
        self.fit, self.step = fit, max(1, fit // MOST_FIT_POINTS)
        self._given = np.ascontiguousarray(columns.T)  # columns one after the other in memory are quicker
        low, high = self._given[:, :fit].min(axis=1), self._given[:, :fit].max(axis=1)
        size, reach = np.maximum(np.abs(low), np.abs(high)) + 1e-9, high - low
        self._moving = reach > 1e-3 * size
        self._low, self._high, self._reach = low[self._moving], high[self._moving], reach[self._moving]
        margin = MARGIN_OF_REGIME * reach + 0.01 * size
        inside = (self._given >= (low - margin)[:, None]) & (self._given <= (high + margin)[:, None])
        self.places: NDArray[np.intp] = np.flatnonzero(inside.all(axis=0))

    @cached_property
    def matrix(self) -> Floats:
        """All rows, made when they are first asked for."""
        rows = np.ones((1 + len(self._reach), self._given.shape[1]))
        twice = 2 * self._given[self._moving]
        rows[1:] = (twice - self._high[:, None] - self._low[:, None]) / self._reach[:, None]
        return rows.T

    @property
    def solver(self) -> Floats:
        """float64[r, m]: gives least-squares coefficients of the taught values. Lightly ridged."""
        taught = self.matrix[: self.fit : self.step]
        ridge = RIDGE * len(taught) * np.eye(self.matrix.shape[1])
        ridge[0, 0] = 0.0
        return np.asarray(np.linalg.solve(taught.T @ taught + ridge, taught.T), np.float64)

    def expected(self, coefficients: Floats) -> Floats:
        """`(matrix @ coefficients).T`, float64[c, n], without making the matrix."""
        steps = coefficients[1:] / self._reach[:, None]
        slopes = np.zeros((coefficients.shape[1], len(self._moving)))
        slopes[:, self._moving] = 2 * steps.T
        level = coefficients[0] - (self._low + self._high) @ steps
        return np.asarray(slopes @ self._given + level[:, None], np.float64)


class RegimeTable:
    """Regime of n points as columns float64[n, r] (r may be 0). Channels that share it share its regressions.

    `told` float64[t, n] are the rows that all columns were made from by a law of this `form` (None: the columns
    themselves).
    """

    def __init__(self, columns: Floats, told: Floats | None = None, form: str = "") -> None:
        self.columns, self.form = columns, form
        self.told = columns.T if told is None else told
        self._designs: dict[int, Design] = {}

    def design(self, fit: int) -> Design:
        """The regression on the first `fit` points, worked out once."""
        if fit not in self._designs:
            self._designs[fit] = design_of(self.columns, fit)
        return self._designs[fit]


def design_of(columns: Floats, fit: int) -> Design:
    """The regression on columns float64[n, r] that has seen the first `fit` points."""
    return Design(columns, fit)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What the first `fit` points taught about c channels that share a regime table.

    coefficients float64[r, c] on `Design.matrix`; `learnt` comparable points taught it. `noise` float64[c] is one
    robust deviation including slow wander, `correlation` float64[c] that of neighbours in [0, 1).
    """

    fit: int
    learnt: int
    coefficients: Floats
    noise: Floats
    correlation: Floats


def learn_many(y: Floats, regime: RegimeTable, fit: int, fewest: int) -> Lesson | None:
    """Learn y float64[n, c] from its first `fit` points; None when fewer than `fewest` of them are comparable with one
    another."""
    design = regime.design(fit)
    learnt = int(np.searchsorted(design.places, fit))
    if learnt < fewest:
        return None
    coefficients = huber_many(design.matrix[: fit : design.step], design.solver, y[: fit : design.step])
    past = design.places[:learnt]
    noise, correlation = noise_of(y[past] - design.matrix[past] @ coefficients, len(coefficients))
    return Lesson(fit, learnt, coefficients, noise, correlation)


def huber_coefficients(matrix: Floats, solver: Floats, y: Floats) -> Floats:
    """`huber_many` of one column float64[n]."""
    return huber_many(matrix, solver, y[:, None])[:, 0]


def huber_many(matrix: Floats, solver: Floats, y: Floats) -> Floats:
    """Huber's M-estimate by modified residuals (Huber 1981, 7.8): what is further off than the knee is pulled to it.

    y float64[n, c], each column on its own -> float64[r, c].
    """
    coefficients = solver @ y
    for _ in range(ROUNDS):
        fitted = matrix @ coefficients
        residual = y - fitted
        knee = HUBER * 1.4826 * middles(np.abs(residual))
        coefficients = solver @ (fitted + np.minimum(np.maximum(residual, -knee), knee))
    return np.asarray(coefficients, np.float64)


def middle(values: Floats) -> float:
    """Median, the upper one of an even count (numpy's own spends most of its time on checks)."""
    half, ordered = len(values) // 2, values.copy()
    ordered.partition(half)
    return float(ordered[half])


def middles(values: Floats) -> Floats:
    """`middle` of every column: float64[n, c] -> float64[c]."""
    half = len(values) // 2
    rows = values.T.copy()  # columns one after the other: ten times quicker to partition
    rows.partition(half, axis=1)
    return rows[:, half]


def noise_of(change: Floats, coefficients: int) -> tuple[Floats, Floats]:
    """Robust deviation of the baseline, with its slow wander, and the correlation of neighbours in [0, 1).

    change float64[n, c] -> float64[c] each.
    """
    n = len(change)
    moved = change - middles(change)
    deviation = 1.4826 * middles(np.abs(moved)) * math.sqrt(n / max(n - coefficients, 1))
    length = max(1, n // WANDER_BLOCKS)
    blocks = moved[: length * (n // length)].T.reshape(moved.shape[1], -1, length)
    blocks = np.partition(blocks, length // 2, axis=2)[:, :, length // 2]
    wander = blocks.std(axis=1, ddof=1) if blocks.shape[1] > 1 else np.zeros(len(blocks))
    bounded = np.minimum(np.maximum(moved, -3 * deviation), 3 * deviation)
    power = np.einsum("ij,ij->j", bounded, bounded)
    neighbours = np.einsum("ij,ij->j", bounded[1:], bounded[:-1])
    correlation = np.divide(neighbours, power, out=np.zeros_like(power), where=power > 0)
    unbiased = correlation + (1 + 3 * correlation) / n  # a short past makes neighbours look less alike (Kendall 1954)
    careful = unbiased + np.sqrt(np.maximum(1 - unbiased**2, 0.0) / n)  # by one standard error
    return np.hypot(deviation, wander), np.clip(careful, 0.0, MOST_ALIKE)
