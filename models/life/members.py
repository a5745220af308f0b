"""The unlike learners under boosted forecasts. Each reads the wear table of rows and says the rows that are left.

Rows of one life resemble their neighbours, so a learner may be given only some of them. What is left is cut at a
horizon: further away the signals say little but "not yet", and a learner that tries anyhow gets worse near failure.
Trees find thresholds and bear any scale; a small net and a wide kernel are smooth where trees have steps. They miss in
different ways, and that is what a second stage lives on. They read the table in deviations, cut at `CUT`: a row unlike
any that taught must not be followed to wherever a slope points.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.readings import Floats

NEAR = 10.0
"""Rows added before the logarithm: misses near failure count more, without counting the last rows endlessly."""
CUT = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """One hidden layer of rectified units, taught by scikit-learn and kept as numbers: float64[f, h] and float64[h]."""

    inner: Floats
    inner_shift: Floats
    outer: Floats
    outer_shift: float

    def predict(self, table: Floats) -> Floats:
        """float64[n]"""
        hidden = np.maximum(table @ self.inner + self.inner_shift, 0.0)
        return np.asarray(hidden @ self.outer + self.outer_shift, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A learner that has learnt to say (rows - middle) / stretch, or with `logarithm` ln(rows + NEAR); centre and scale
    float64[f] of the table, empty for one that bears any scale; horizon: no more rows are said."""

    learner: Any
    centre: Floats
    scale: Floats
    logarithm: bool
    middle: float
    stretch: float
    horizon: float

    def says(self, table: Floats) -> Floats:
        """float64[n]: rows left, within 0 and the horizon."""
        told = np.asarray(self.learner.predict(standing(table, self.centre, self.scale)), np.float64)
        told = told * self.stretch + self.middle
        return np.asarray(np.clip(np.exp(told) - NEAR if self.logarithm else told, 0.0, self.horizon), np.float64)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to learn: every `every`-th row from `first` on; the logarithm or the rows themselves; in deviations or
    as it is; `fit` makes a learner from a seed, a table and a target in [-1, 1] or a logarithm."""

    name: str
    first: int
    every: int
    logarithm: bool
    deviations: bool
    fit: Callable[[int, Floats, Floats], Any]

    def teach(self, table: Floats, left: Floats, horizon: float, seed: int) -> Member:
        """Teach one learner; left float64[n] in rows, cut at the horizon here."""
        rows = slice(self.first, None, self.every)
        centre = scale = np.zeros(0)
        if self.deviations:
            centre, scale = table.mean(axis=0, dtype=np.float64), table.std(axis=0, dtype=np.float64)
            scale = np.where(scale > 0, scale, 1.0)
        target = np.minimum(left[rows], horizon)
        middle, stretch = (0.0, 1.0) if self.logarithm else (horizon / 2, horizon / 2)
        wanted = np.log(target + NEAR) if self.logarithm else (target - middle) / stretch
        learner = self.fit(seed, standing(table[rows], centre, scale), wanted)
        return Member(learner, centre, scale, self.logarithm, middle, stretch, horizon)


def standing(table: Floats, centre: Floats, scale: Floats) -> Floats:
    """The table in deviations, cut at `CUT`; as it is where no scale is given.

    >>> standing(np.array([[3.0], [90.0]]), np.array([1.0]), np.array([2.0])).ravel().tolist()
    [1.0, 4.0]
    """
    if not len(scale):
        return table
    return np.asarray(np.clip((table - centre) / scale, -CUT, CUT), np.float64)


def trees(seed: int, table: Floats, target: Floats) -> Any:
    """Boosted trees on histograms; a third of the columns at each split, since many say nearly the same."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=200,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        l2_regularization=3.0,
        max_features=0.3,
        max_bins=64,
        early_stopping=False,
        random_state=seed,
    ).fit(table, target)


def net(seed: int, table: Floats, target: Floats) -> Net:
    """64 units, stopped after twelve rounds, before it knows single lives by heart."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    learner = MLPRegressor(
        hidden_layer_sizes=(64,), alpha=1.0, learning_rate_init=2e-3, max_iter=12, batch_size=128, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        learner.fit(table, target)
    (inner, outer), (inner_shift, outer_shift) = learner.coefs_, learner.intercepts_
    return Net(inner, inner_shift, outer[:, 0], float(outer_shift[0]))


def kernel(seed: int, table: Floats, target: Floats) -> Any:
    """Support vectors with a wide Gaussian kernel. Nothing is drawn: the seed is not used."""
    from sklearn.svm import SVR

    return SVR(C=0.5, epsilon=0.08, gamma=1.0 / table.shape[1]).fit(table, target)


KINDS: tuple[Kind, ...] = (
    Kind("trees", 0, 2, False, False, trees),
    Kind("trees of the logarithm", 1, 2, True, False, trees),
    Kind("net", 0, 1, False, True, net),
    Kind("another net", 0, 1, False, True, net),
    Kind("kernel", 0, 5, False, True, kernel),
)
"""Who is in the team. Two nets differ only in how they were begun, and that is enough for them to differ."""
