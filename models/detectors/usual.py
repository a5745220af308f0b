"""What every column usually shows in a regime, and by how much it scatters: the ground that all detectors stand on.

Columns become deviations: what the regime (speed, load, ambient) explains is taken out, the rest is divided by the
column's own robust scatter. Detectors therefore never see a unit, and a change of regime that the past has shown is no
change at all. A regime that it has not shown gives NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.baseline import MOST_FIT_POINTS, RIDGE, design_of, huber_coefficients, middle

FEWEST_ROWS = 24
"""Rows below which nothing is learnt."""

ONE_PER_CENT = 0.01  # of the level: one deviation of a column that has never moved
TAILS = 0.5  # a scatter below so much of the standard deviation would call a column with rare steps quiet


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """Learnt from a past: ends float64[2, r] of the regime, coefficients float64[1 + 2 r', k] (r' columns of the regime
    that moved), spread float64[k], NaN for a column that cannot be judged (never seen, or always exactly 0)."""

    names: tuple[str, ...]
    ends: Floats
    coefficients: Floats
    spread: Floats

    @property
    def judged(self) -> int:
        """Columns that can be judged."""
        return int(np.count_nonzero(~np.isnan(self.spread)))

    def smoothed(self, window: Window, rows: int) -> Floats:
        """float64[n, k]: deviations averaged over the last so many rows; missing columns count as usual, and a row of
        which less than half is known is NaN as a whole."""
        return filled(trailing_mean(self.deviations(window), rows), self.judged)

    def taught(self, past: Window, rows: int) -> Floats:
        """float64[m, k]: the rows of `smoothed` that are known. Raises NotReady when they are too few."""
        known = self.smoothed(past, rows)
        known = known[~np.isnan(known).any(axis=1)]
        if len(known) < FEWEST_ROWS:
            raise NotReady(f"{len(known)} of the {FEWEST_ROWS} rows that a baseline needs")
        return known

    def deviations(self, window: Window) -> Floats:
        """float64[n, k]: distance from what is usual in the row's regime, in scatters; signed.

        NaN where a value is missing, where the regime is unknown, and in a column that cannot be judged. Raises
        Rejected when the columns are not those that were learnt.
        """
        matrix, seen = regime_matrix(self.ends, checked(window, self.names).regime)
        away = (window.values - matrix @ self.coefficients) / self.spread
        away[~seen] = np.nan
        return np.asarray(away, np.float64)


def checked(window: Window, names: tuple[str, ...]) -> Window:
    """The window, if its columns are these."""
    if window.names != names:
        raise Rejected("other_columns", f"learnt on {', '.join(names)}; asked about {', '.join(window.names)}")
    return window


def learn_usual(past: Window, fewest: int = FEWEST_ROWS) -> Usual:
    """Huber's robust regression of each column on the regime and its squares, and the scatter around it.

    Raises NotReady when no column has `fewest` values.

    >>> past = Window.of(range(60), ["flow"], np.array([[10.0 + (i % 3)] for i in range(60)]))
    >>> usual = learn_usual(past)
    >>> usual.deviations(Window.of([60], ["flow"], np.array([[21.0]]))).round(1).tolist()
    [[6.7]]
    """
    counts = np.count_nonzero(~np.isnan(past.values), axis=0)
    if not len(counts) or counts.max() < fewest:
        raise NotReady(f"{counts.max() if len(counts) else 0} of the {fewest} rows that a baseline needs")
    ends = np.vstack([past.regime.min(axis=0), past.regime.max(axis=0)])
    matrix, _ = regime_matrix(ends, past.regime)
    columns = [column_of(matrix, y, fewest) for y in past.values.T]
    spread = np.array([s for _, s in columns])
    if np.isnan(spread).all():
        raise NotReady("no column has moved yet, or all are 0")
    return Usual(past.names, ends, np.column_stack([c for c, _ in columns]), spread)


def regime_matrix(ends: Floats, regime: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Columns 1, x, x^2 of the regime, scaled to [-1, 1] between its ends; and which rows lie between them."""
    design = design_of(np.vstack([ends, regime]), 2)
    linear = design.matrix[2:]
    seen = np.zeros(len(regime) + 2, np.bool_)
    seen[design.places] = True
    return np.hstack([linear, linear[:, 1:] ** 2]), seen[2:]


def column_of(matrix: Floats, y: Floats, fewest: int) -> tuple[Floats, float]:
    """Coefficients of one column and the scatter of what they leave."""
    known = np.flatnonzero(~np.isnan(y))
    if len(known) < fewest:
        return np.zeros(matrix.shape[1]), np.nan
    taught = known[:: max(1, len(known) // MOST_FIT_POINTS)]
    coefficients = robust(matrix[taught], y[taught])
    return coefficients, scatter(y[known] - matrix[known] @ coefficients, float(np.abs(y[known]).max()))


def robust(matrix: Floats, y: Floats) -> Floats:
    """Huber's coefficients, lightly ridged except for the level."""
    ridge = RIDGE * len(y) * np.eye(matrix.shape[1])
    ridge[0, 0] = 0.0
    solver = np.asarray(np.linalg.solve(matrix.T @ matrix + ridge, matrix.T), np.float64)
    return huber_coefficients(matrix, solver, y)


def scatter(rest: Floats, size: float) -> float:
    """One robust deviation; of a column that never moved, one per cent of its level (NaN when that is 0)."""
    found = max(1.4826 * middle(np.abs(rest - middle(rest))), TAILS * float(rest.std()))
    if found > 1e-9 * size:
        return found
    return ONE_PER_CENT * size if size > 0 else np.nan


def filled(deviations: Floats, judged: int) -> Floats:
    """Missing columns count as usual; a row with less than half of its `judged` columns is NaN as a whole."""
    known = ~np.isnan(deviations)
    rows = np.where(known, deviations, 0.0)
    rows[known.sum(axis=1) < max(1.0, judged / 2)] = np.nan
    return rows


def shares(parts: Floats) -> Floats:
    """float64[n, k] >= 0 -> rows that add up to 1; rows without a part, or with NaN, become 0."""
    clean = np.nan_to_num(parts, nan=0.0, posinf=0.0)
    total = clean.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(clean, total, out=np.zeros_like(clean), where=total > 0), np.float64)


def trailing_mean(values: Floats, rows: int) -> Floats:
    """Mean of the known ones among the last so many rows, float64[n, k]; NaN where none is known. Causal.

    >>> trailing_mean(np.array([[1.0], [3.0], [5.0]]), 2).ravel().tolist()
    [1.0, 2.0, 4.0]
    """
    if rows <= 1:
        return values
    known = ~np.isnan(values)
    total, count = (running(np.where(known, values, 0.0), rows), running(known.astype(np.float64), rows))
    return quotient(total, count)


def quotient(total: Floats, count: Floats) -> Floats:
    """total / count, NaN where nothing was counted."""
    found = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0.5)
    return np.asarray(found, np.float64)


def in_any(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[n]: is it true in any column of the row?"""
    return np.asarray(columns.any(axis=1), np.bool_)


def in_all(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[n]: is it true in every column of the row?"""
    return np.asarray(columns.all(axis=1), np.bool_)


def running(values: Floats, rows: int) -> Floats:
    """Sum over the last so many rows (fewer at the start)."""
    whole = np.cumsum(values, axis=0)
    whole[rows:] -= whole[:-rows].copy()
    return whole
