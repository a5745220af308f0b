"""Isolation forest (Liu, Ting, Zhou 2008; scikit-learn): rows that few random cuts set apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.readings import Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.usual import Usual, learn_usual, shares


@dataclass(frozen=True, slots=True)
class Forest:
    """`smooth` rows are averaged first. The random numbers are fixed: the same past gives the same forest."""

    smooth: int = 5
    trees: int = 100
    name: str = "isolation_forest"

    def learn(self, past: Window) -> ForestJudge:
        """Grow the forest. Raises NotReady below 24 rows."""
        from sklearn.ensemble import IsolationForest

        usual = learn_usual(past)
        rows = usual.taught(past, self.smooth)
        return ForestJudge(usual, self.smooth, IsolationForest(n_estimators=self.trees, random_state=0).fit(rows))


@dataclass(frozen=True, slots=True, eq=False)
class ForestJudge:
    """What `Forest` learnt."""

    usual: Usual
    smooth: int
    forest: Any  # scikit-learn has no types

    def strangeness(self, window: Window) -> Strangeness:
        """The forest's score in (0, 1). It cannot say why: the pulls are the squared deviations of the columns."""
        rows = self.usual.smoothed(window, self.smooth)
        known = ~np.isnan(rows).any(axis=1)
        distance = np.full(len(window), np.nan)
        if known.any():
            distance[known] = -self.forest.score_samples(rows[known])
        return Strangeness(distance, shares(rows**2))
