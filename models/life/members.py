"""The unlike learners under boosted forecasts. Each reads the wear table of rows and says the rows that are left.

Rows of one life resemble their neighbours, so every learner is given only some of them, each its own. What is left is
cut at a horizon: further away the signals say little but "not yet", and a learner that tries anyhow gets worse near
failure. Rows of a life that has not ended still teach when it is known to have run a whole horizon from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.readings import Floats

NEAR = 10.0
"""Rows added before the logarithm: misses near failure count more, without counting the last rows endlessly."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One learner: which rows it takes (every `every`-th from `first` on), the horizon as a share of the common one,
    whether it learns the logarithm, and how it is made from a seed and the number of columns."""

    name: str
    first: int
    every: int
    horizon: float
    logarithm: bool
    make: Callable[[int, int], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A learner that has learnt; `logarithm`: it says ln(rows + NEAR)."""

    learner: Any
    horizon: float
    logarithm: bool

    def says(self, table: Floats) -> Floats:
        """float64[n]: rows left, within 0 and its horizon."""
        told = np.asarray(self.learner.predict(table), np.float64)
        return np.asarray(np.clip(np.exp(told) - NEAR if self.logarithm else told, 0.0, self.horizon), np.float64)


def taught(kind: Kind, table: Floats, left: Floats, horizon: float, seed: int) -> Member:
    """Teach one learner; left float64[n] in rows."""
    rows = slice(kind.first, None, kind.every)
    end = horizon * kind.horizon
    target = np.minimum(left[rows], end)
    learner = kind.make(seed, table.shape[1])
    learner.fit(table[rows], np.log(target + NEAR) if kind.logarithm else target)
    return Member(learner, end, kind.logarithm)


def trees(seed: int, columns: int) -> Any:
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
    )


def kernel(seed: int, columns: int) -> Any:
    """Support vectors with a wide Gaussian kernel: smooth where trees have steps."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    return make_pipeline(StandardScaler(), SVR(C=30.0, epsilon=5.0, gamma=0.3 / columns))


KINDS: tuple[Kind, ...] = (
    Kind("trees", 0, 2, 1.0, False, trees),
    Kind("trees of the logarithm", 1, 2, 1.0, True, trees),
    Kind("kernel", 0, 5, 1.0, False, kernel),
)
