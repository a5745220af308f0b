"""Each column predicted from the others by ridge regression; the largest residual is the distance.

Columns of one machine are tied by physics (flow and current, load and temperature). A fault breaks a tie long before a
value leaves its own range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.control_charts import largest
from forewarn.models.detectors.usual import Usual, filled, in_any, learn_usual, trailing_mean

LEAST_RESIDUAL = 1e-2  # of a deviation: two copies of one signal would otherwise have no room at all


@dataclass(frozen=True, slots=True)
class CrossPrediction:
    """`smooth` rows are averaged first; `ridge` is the penalty as a share of the rows."""

    smooth: int = 1
    ridge: float = 0.01
    name: str = "cross_prediction"

    def learn(self, past: Window) -> CrossJudge:
        """Learn the ties. Raises NotReady below 24 rows."""
        usual = learn_usual(past)
        rows = usual.taught(past, self.smooth)
        weights = ties(rows, self.ridge)
        rest = rows - rows @ weights
        room = np.maximum(np.sqrt(np.mean(rest**2, axis=0)), LEAST_RESIDUAL)
        return CrossJudge(usual, self.smooth, weights, room)


@dataclass(frozen=True, slots=True, eq=False)
class CrossJudge:
    """weights float64[k, k] with a diagonal of 0: column j from the others; room float64[k]: usual residuals."""

    usual: Usual
    smooth: int
    weights: Floats
    room: Floats

    def strangeness(self, window: Window) -> Strangeness:
        """Largest residual over columns, in usual residuals; a missing column is neither judged nor believed."""
        known = trailing_mean(self.usual.deviations(window), self.smooth)
        rows = filled(known, self.usual.judged)
        rest = np.abs(rows - rows @ self.weights) / self.room
        return largest(np.nan_to_num(rest), np.where(in_any(np.isnan(rows))[:, None], np.nan, known))


def ties(rows: Floats, ridge: float) -> Floats:
    """Ridge coefficients of every column from all others, from one inverse of the penalised covariance."""
    k = rows.shape[1]
    precision = np.linalg.inv(rows.T @ rows / len(rows) + ridge * np.eye(k))
    weights = -precision / np.diag(precision)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights, np.float64)
