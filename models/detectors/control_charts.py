"""EWMA and CUSUM: a small change that lasts, in any one column (Montgomery, Statistical Quality Control, chapter 9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.usual import Usual, in_all, learn_usual, shares

NO_SCATTER = 1e-3  # of a deviation: a chart that never moved would otherwise divide by nothing


@dataclass(frozen=True, slots=True)
class Ewma:
    """Exponentially weighted mean of the deviations; `weight` is that of the newest row.

    The distance is the largest mean over columns, in deviations that this mean has shown in the past, so that
    neighbours which resemble one another are allowed for.
    """

    weight: float = 0.1
    name: str = "ewma"

    def learn(self, past: Window) -> EwmaJudge:
        """Learn level and scatter. Raises NotReady below 24 rows."""
        usual = learn_usual(past)
        means = smooth(usual.deviations(past), self.weight)
        memory = min(round(3 / self.weight), len(past) // 2)
        usually = np.maximum(np.sqrt(np.mean(means[memory:] ** 2, axis=0)), NO_SCATTER)
        return EwmaJudge(usual, self.weight, usually)


@dataclass(frozen=True, slots=True, eq=False)
class EwmaJudge:
    """What `Ewma` learnt: usual values, and usually float64[k], the scatter of the mean itself."""

    usual: Usual
    weight: float
    usually: Floats

    def strangeness(self, window: Window) -> Strangeness:
        """The chart starts at the usual level with the first row; a missing value repeats the one before."""
        deviations = self.usual.deviations(window)
        return largest(np.abs(smooth(deviations, self.weight)) / self.usually, deviations)


@dataclass(frozen=True, slots=True)
class Cusum:
    """Two-sided cumulative sum of what deviates by more than `slack` (Page 1954). No cap: it falls as it rose."""

    slack: float = 0.5
    name: str = "cusum"

    def learn(self, past: Window) -> CusumJudge:
        """Learn level and scatter. Raises NotReady below 24 rows."""
        return CusumJudge(learn_usual(past), self.slack)


@dataclass(frozen=True, slots=True, eq=False)
class CusumJudge:
    """What `Cusum` learnt."""

    usual: Usual
    slack: float

    def strangeness(self, window: Window) -> Strangeness:
        """The sums start at 0 with the first row; a missing value leaves them as they are."""
        deviations = self.usual.deviations(window)
        return largest(np.maximum(climbed(deviations, self.slack), climbed(-deviations, self.slack)), deviations)


def climbed(deviations: Floats, slack: float) -> Floats:
    """float64[n, k]: S = max(0, S + x - slack), by its closed form: the sum less its lowest point so far."""
    path = np.cumsum(np.nan_to_num(deviations - slack, nan=0.0), axis=0)
    return path - np.minimum(np.minimum.accumulate(path, axis=0), 0.0)


def smooth(deviations: Floats, weight: float) -> Floats:
    """First-order mean that starts at 0; missing values hold the last one, before the first one 0."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([weight], [1.0, weight - 1.0], last_known(deviations), axis=0), np.float64)


def last_known(values: Floats) -> Floats:
    """Gaps filled from before, never from after; 0 where nothing came before."""
    rows = np.arange(len(values))[:, None]
    place = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    taken = np.take_along_axis(values, np.maximum(place, 0), axis=0)
    return np.where(place < 0, 0.0, taken)


def largest(charts: Floats, deviations: Floats) -> Strangeness:
    """The column that moved most decides; rows in which nothing is known are not judged."""
    parts = np.where(np.isnan(deviations), 0.0, charts)
    unknown = in_all(np.isnan(deviations))
    distance = np.where(unknown, np.nan, parts.max(axis=1, initial=0.0))
    return Strangeness(distance, shares(np.where(unknown[:, None], 0.0, parts**2)))
