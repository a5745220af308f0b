"""Auto-associative kernel regression, the plain form of MSET: a row beside the most similar rows of the past.

Hines and Garvey 2006; Gross et al. 1997. What no mixture of remembered rows resembles is strange. Unlike a plane it
follows several operating states and bent relations between columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.control_charts import largest
from forewarn.models.detectors.usual import Usual, filled, in_any, learn_usual, trailing_mean

LEAST_RESIDUAL = 1e-2
NEIGHBOURS = 5  # the usual distance to the fifth most similar row is the width of the kernel


@dataclass(frozen=True, slots=True)
class KernelRegression:
    """`smooth` rows are averaged first; at most `memory` rows, evenly spread over the past, are remembered."""

    smooth: int = 1
    memory: int = 200
    name: str = "kernel_regression"

    def learn(self, past: Window) -> KernelJudge:
        """Remember rows. Raises NotReady below 24 rows."""
        usual = learn_usual(past)
        rows = usual.taught(past, self.smooth)
        remembered = rows[np.unique(np.linspace(0, len(rows) - 1, min(self.memory, len(rows))).astype(int))]
        apart = squares(remembered, remembered)
        np.fill_diagonal(apart, np.inf)
        nearest = np.sort(apart, axis=1)[:, min(NEIGHBOURS, len(apart) - 1) - 1]
        width = max(float(np.median(nearest)), 1e-6)
        rest = remembered - mixture(apart, remembered, width)
        room = np.maximum(np.sqrt(np.mean(rest**2, axis=0)), LEAST_RESIDUAL)
        return KernelJudge(usual, self.smooth, remembered, width, room)


@dataclass(frozen=True, slots=True, eq=False)
class KernelJudge:
    """remembered float64[m, k], width (squared) of the kernel, room float64[k]: residuals of rows left out once."""

    usual: Usual
    smooth: int
    remembered: Floats
    width: float
    room: Floats

    def strangeness(self, window: Window) -> Strangeness:
        """Largest residual over columns, in usual residuals."""
        known = trailing_mean(self.usual.deviations(window), self.smooth)
        rows = filled(known, self.usual.judged)
        clean = np.nan_to_num(rows)
        rest = np.abs(clean - mixture(squares(clean, self.remembered), self.remembered, self.width)) / self.room
        return largest(rest, np.where(in_any(np.isnan(rows))[:, None], np.nan, known))


def squares(rows: Floats, remembered: Floats) -> Floats:
    """Squared distances float64[n, m]."""
    cross = rows @ remembered.T
    found = np.sum(rows**2, axis=1)[:, None] + np.sum(remembered**2, axis=1)[None, :] - 2 * cross
    return np.asarray(np.maximum(found, 0.0), np.float64)


def mixture(apart: Floats, remembered: Floats, width: float) -> Floats:
    """Mean of the remembered rows by a Gaussian kernel; far from all of them it is the nearest that counts."""
    nearest = apart.min(axis=1, keepdims=True)
    weights = np.exp(-(apart - nearest) / (2 * width))
    return np.asarray(weights @ remembered / weights.sum(axis=1, keepdims=True), np.float64)
