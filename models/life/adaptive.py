"""Intervals that keep their coverage when the fleet changes: each level moves after every failure that became known.

Conformal intervals hold for machines like those that taught them. New operators, another oil or a worse batch of
bearings break that without notice. Adaptive conformal inference (Gibbs and Candes 2021) moves the level that is read
after each outcome: far outwards after a miss, a little inwards after a hit, so that in the long run the share of
misses is the promised one whatever the world does. Here every level moves by itself, and on the scale of normal
scores, where it may pass 0 and 1 (the tracking of Angelopoulos, Candes and Tibshirani 2023): the interval then grows
past what the model ever said instead of becoming infinite.

With outcomes whose normal score lies within +-b, the share of n outcomes below a level differs from it by at most
(b + step + |start|) / (step n). Outcomes are given in the order in which they came to be known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts

STEP = 0.08
"""Of a normal score: after one failure outside an 80 % interval its edge moves by 0.07 deviations."""


def normal_scores(levels: Floats) -> Floats:
    """Deviations of a normal law at each level: 0.9 -> 1.2816."""
    from scipy.special import ndtri

    return np.asarray(ndtri(levels), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Adaptive:
    """scores float64[q]: normal score at which each level is read now; seen: outcomes so far. Values, never changed."""

    levels: Floats
    scores: Floats
    step: float = STEP
    seen: int = 0

    @classmethod
    def start(cls, levels: Floats = LEVELS, step: float = STEP) -> Adaptive:
        """Trust the model as it is."""
        return cls(np.array(levels, np.float64), normal_scores(levels), step)

    def adjusted(self, forecasts: Forecasts) -> Forecasts:
        """The same forecasts, with every level read where it has held so far. Rows without a forecast stay so.

        >>> said = Forecasts(LEVELS, np.array([[2.0, 4.0, 7.0, 10.0, 13.0, 16.0, 18.0]]), ("",))
        >>> Adaptive.start().adjusted(said).left.round(6).tolist() == said.left.tolist()
        True
        """
        left = np.array([self._read(forecasts.levels, row) for row in forecasts.left])
        return Forecasts(self.levels.copy(), left.reshape(-1, len(self.levels)), forecasts.said)

    def after(self, forecast: Floats, left: float, levels: Floats = LEVELS) -> Adaptive:
        """State after it came to be known that `left` was left where the model had said `forecast` (float64[q], before
        adjusting). A forecast that could not tell teaches nothing."""
        if not np.all(np.isfinite(forecast)):
            return self
        read = self._unsorted(levels, forecast, self.scores)
        below = (left <= read).astype(np.float64)
        return replace(self, scores=self.scores + self.step * (self.levels - below), seen=self.seen + 1)

    def after_told(self, told: Floats, hours: float, ended: bool = True) -> Adaptive:
        """State after it came to be known how a forecast ended that had been told with its levels moved already
        (float64[q] at `levels`): the life lasted `hours`, or at least so many where it was renewed in time.

        Each level goes by what was told of it, so the share of n ends below a level differs from it by (scores moved)
        / (step n), exactly, however late ends become known. Of a life that was renewed only the levels that it had
        reached are known: it lasted longer than them.

        >>> one, told = Adaptive.start(), np.array([2.0, 4.0, 7.0, 10.0, 13.0, 16.0, 18.0])
        >>> np.sign(one.after_told(told, 8.0).scores - one.scores).tolist()      # too low ones rise, too high ones fall
        [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]
        >>> np.sign(one.after_told(told, 8.0, ended=False).scores - one.scores).tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        """
        if not np.all(np.isfinite(told)):
            return self
        below = (hours <= told).astype(np.float64)
        known = np.ones(len(told)) if ended else 1.0 - below
        return replace(self, scores=self.scores + self.step * known * (self.levels - below), seen=self.seen + 1)

    def _read(self, levels: Floats, row: Floats) -> Floats:
        return self._unsorted(levels, row, np.sort(self.scores))

    @staticmethod
    def _unsorted(levels: Floats, row: Floats, scores: Floats) -> Floats:
        """Quantiles of one forecast at any normal score: linear between its levels and with the end slopes beyond."""
        known = normal_scores(levels)
        inside = np.interp(scores, known, row)
        low_slope = max((row[1] - row[0]) / (known[1] - known[0]), 0.0)
        high_slope = max((row[-1] - row[-2]) / (known[-1] - known[-2]), 0.0)
        beyond = np.maximum(scores - known[-1], 0.0) * high_slope + np.minimum(scores - known[0], 0.0) * low_slope
        return np.asarray(np.maximum(inside + beyond, 0.0), np.float64)
