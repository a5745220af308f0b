"""One slow signal against everything it has ever shown: for temperatures, levels, energy, where nothing explains it.

A short memory learns the fault within days; this one keeps all of the past and goes on growing. The mean of the last
hour stands so many scatters above or below the median of all such means; a scatter is read on its own side, from the
10 % and 90 % quantiles, for a process that dips is not thereby loose above. What passes one and a half scatters adds up
over the hours (CUSUM: Page 1954; Montgomery, chapter 9, for the textbook values: the reference is half of the shift
that is looked for, here three scatters, and five are the limit). Half a day far out counts as much as two days a little
out, and a short dip for little.

Promised is nothing here: hours that resemble one another make it alarm more often (see docs/explanation/detectors.md).
Where day, week or load explain the signal, they go into the regime, or `seasonal` is the better detector.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats, Int64s, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.usual import Usual, in_any, learn_usual, quotient, shares

EDGE = 0.1  # quantile on which a scatter is read
EDGE_OF_GAUSS = 1.2816  # where it lies in scatters
LEAST_SCATTER = 0.1  # of the column's ordinary one: a signal that stands still is not infinitely sharp
CAP = 2.0  # limits: a long fault does not make a long alarm after it
RELEASE = 0.5  # an alarm ends below so much of the limit, and the sum starts anew


@dataclass(frozen=True, slots=True)
class LongMemory:
    """`mean_h` hours are averaged; beyond `reference` scatters they add up; `limit_h` scatter-hours are an alarm."""

    mean_h: float = 1.0
    reference: float = 1.5
    limit_h: float = 5.0
    name: str = "long_memory"

    def learn(self, past: Window) -> MemoryJudge:
        """Remember. Raises NotReady while the past is shorter than a day."""
        usual = learn_usual(past)
        if past.at[-1] - past.at[0] < US_PER_DAY:
            raise NotReady(f"{(past.at[-1] - past.at[0]) / US_PER_HOUR:.1f} of the 24 hours that a memory needs")
        means = timed_mean(past.at, usual.deviations(past), self.span_us)
        kept = tuple(tuple(np.sort(column[~np.isnan(column)]).tolist()) for column in means.T)
        return MemoryJudge(self, usual, kept, float(np.median(np.diff(past.at))) / US_PER_HOUR)

    @property
    def span_us(self) -> int:
        """Length of the mean."""
        return round(self.mean_h * US_PER_HOUR)


@dataclass(frozen=True, slots=True, eq=False)
class MemoryJudge:
    """What `LongMemory` learnt: `kept` are the ordered means of each column; a row stands for at most `spacing_h`, so
    that a gap is no evidence."""

    settings: LongMemory
    usual: Usual
    kept: tuple[tuple[float, ...], ...]
    spacing_h: float

    def strangeness(self, window: Window) -> Strangeness:
        """Sum of the worst column over its limit: 1 is at the limit, at most 2."""
        return self._watched(window)[0]

    def alarm(self, window: Window) -> NDArray[np.bool_]:
        """bool[n]: is any column in alarm?"""
        return in_any(self._watched(window)[1])

    def _watched(self, window: Window) -> tuple[Strangeness, NDArray[np.bool_]]:
        deviations = self.usual.deviations(window)
        means = timed_mean(window.at, deviations, self.settings.span_us)
        known = ~np.isnan(deviations)
        apart = np.diff(window.at, prepend=window.at[:1] - round(self.spacing_h * US_PER_HOUR)) / US_PER_HOUR
        hours = np.clip(apart, 0.0, self.spacing_h)
        columns = [
            summed(np.where(seen, mean, np.nan), hours, list(kept), self.settings)
            for seen, mean, kept in zip(known.T, means.T, self.kept, strict=True)
        ]
        ratio = np.column_stack([sums for sums, _ in columns]) / self.settings.limit_h
        judged = in_any(known)
        distance = np.where(judged, ratio.max(axis=1), np.nan)
        pulls = shares(np.where(judged[:, None], ratio, 0.0))
        return Strangeness(distance, pulls), np.column_stack([alarm for _, alarm in columns])


def timed_mean(at: Int64s, values: Floats, span_us: int) -> Floats:
    """Mean of what is known in the last `span_us`, float64[n, k]; NaN where nothing is. Rows of one time all count, and
    each sees those that came before it."""
    known = ~np.isnan(values)
    zero = np.zeros((1, values.shape[1]))
    total = np.vstack([zero, np.cumsum(np.where(known, values, 0.0), axis=0)])
    count = np.vstack([zero, np.cumsum(known, axis=0)])
    first = np.minimum(np.searchsorted(at, at - span_us, side="right"), np.arange(len(at)))
    last = np.arange(1, len(at) + 1)
    inside = count[last] - count[first]
    return quotient(total[last] - total[first], inside)


def summed(means: Floats, hours: Floats, past: list[float], settings: LongMemory) -> tuple[Floats, NDArray[np.bool_]]:
    """Sum float64[n] in scatter-hours and alarm bool[n] of one column; `past` is ordered and grows."""
    sums, alarm = np.zeros(len(means)), np.zeros(len(means), np.bool_)
    if not past:  # a column that cannot be judged
        return sums, alarm
    total, ringing = 0.0, False
    for row, (value, weight) in enumerate(zip(means.tolist(), hours.tolist(), strict=True)):
        if value == value:  # else missing: the sum waits
            total += weight * (away(past, value) - settings.reference)
            total = min(max(total, 0.0), CAP * settings.limit_h)
            if ringing and total < RELEASE * settings.limit_h:
                total, ringing = 0.0, False
            ringing = ringing or total >= settings.limit_h
            bisect.insort(past, value)
        sums[row], alarm[row] = total, ringing
    return sums, alarm


def away(past: list[float], value: float) -> float:
    """Distance from the median in scatters of that side.

    >>> away([float(i) for i in range(101)], 100.0)
    1.602
    """
    n = len(past)
    middle, low, high = past[n // 2], past[int(EDGE * n)], past[min(n - 1, int((1 - EDGE) * n))]
    side = middle - low if value < middle else high - middle
    return abs(value - middle) / max(side / EDGE_OF_GAUSS, LEAST_SCATTER)
