"""What is believed of the life of an item, given its history: every Weibull pair that fits, weighed.

Two stories of a repair are told. *As good as new*: whatever happened, task or repair, the item begins anew; failures
depend on the time since the last event, and the task comes at its time all the same (block replacement, Barlow &
Proschan 1965). *As bad as before*: only the
task renews, a repair brings it back as it was; failures come by a power law of the time since the last task (minimal
repair; Barlow & Hunter 1960). Both have a shape and a scale, and the same history tells which of them it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.weibull import Weibull
from forewarn.pipeline.court_evidence import Lives, likeliest, log_likelihood

NEVER = math.inf
STEPS = 61
REACH = 4.5
SHAPES = np.exp(np.linspace(math.log(0.3), math.log(8.0), STEPS))
PRIOR_SHAPE, PRIOR_SPREAD = 1.0, 0.7
"""A sceptical prior: normal in ln(shape) about 1, time plays no part."""


class Repair(StrEnum):
    """What a repair makes of the item."""

    NEW = "as good as new"
    OLD = "as bad as before"


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """Pairs of shape and scale (days) with weights that add up to 1: float64[g] each. `horizon`: days for which an item
    whose repairs leave it as it was is looked at when there is no task at all."""

    shape: Floats
    scale: Floats
    weight: Floats
    repair: Repair
    horizon: float

    def quantile(self, values: Floats, level: float) -> float:
        """Weighted quantile of something that depends on the pair."""
        order = np.argsort(values)
        return float(values[order][np.searchsorted(np.cumsum(self.weight[order]), level).clip(0, len(order) - 1)])

    def around(self, values: Floats) -> Floats:
        """A grid over where the weight of shape or scale lies, float64[STEPS]; flat ends stay as they are."""
        logs = np.log(values)
        mean = float(np.sum(self.weight * logs))
        spread = max(float(np.sqrt(np.sum(self.weight * (logs - mean) ** 2))), 1e-3)
        low, high = max(mean - REACH * spread, float(logs.min())), min(mean + REACH * spread, float(logs.max()))
        step = (float(logs.max()) - float(logs.min())) / STEPS  # what lies between two points of the coarser grid
        return np.exp(np.linspace(low - step, high + step, STEPS))

    def mean(self, values: Floats) -> float:
        """Weighted mean."""
        return float(np.sum(self.weight * values))

    def rates(self, interval: float) -> tuple[Floats, Floats]:
        """(tasks, failures) per asset day under a task every `interval` days: float64[g] each."""
        from scipy.special import gamma

        if self.repair is Repair.OLD:
            run = self.horizon if interval == NEVER else interval
            failures = (run / self.scale) ** self.shape / run
            return np.full_like(failures, 0.0 if interval == NEVER else 1 / run), failures
        if interval == NEVER:
            return np.zeros_like(self.scale), 1 / (self.scale * gamma(1 + 1 / self.shape))
        failures = renewals(self.shape, interval / self.scale) / interval
        return np.full_like(failures, 1 / interval), failures


RENEWAL_STEPS = 160
RENEWAL_REACH = 6.0


def renewals(shape: Floats, until: Floats) -> Floats:
    """Expected failures within `until` scales of a new item that every failure renews: float64[n], one a pair.

    The renewal equation by Riemann-Stieltjes sums (Xie 1989); beyond `RENEWAL_REACH` scales by one a mean life.

    >>> renewals(np.array([1.0, 3.0]), np.array([2.0, 0.3])).round(2).tolist()
    [2.0, 0.03]
    """
    from scipy.special import gamma

    each, place = np.unique(shape, return_inverse=True)
    reach = min(float(np.max(until)), RENEWAL_REACH)
    grid = np.linspace(0.0, reach, RENEWAL_STEPS + 1)
    died = -np.expm1(-(grid[None, :] ** each[:, None]))
    halfway = -np.expm1(-(((grid[1:] + grid[:-1]) / 2)[None, :] ** each[:, None]))
    count = np.zeros_like(died)
    for step in range(1, RENEWAL_STEPS + 1):
        grown = np.diff(count[:, :step], axis=1)  # of the steps before the last one
        earlier = np.sum(grown * halfway[:, step - 1 : 0 : -1], axis=1)
        count[:, step] = (died[:, step] + earlier - count[:, step - 1] * halfway[:, 0]) / (1 - halfway[:, 0])
    found = np.empty_like(until)
    for row in range(len(each)):
        mine = place == row
        beyond = np.maximum(until[mine] - reach, 0.0) / gamma(1 + 1 / each[row])
        found[mine] = np.interp(until[mine], grid, count[row]) + beyond
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Lives as one story sees them: `end` and `began`, days since what renewed the item, float64[n]."""

    began: Floats
    end: Floats
    failed: NDArray[np.bool_]
    worn: NDArray[np.bool_]


def _as_told(lives: Lives, failed: NDArray[np.bool_], worn: NDArray[np.bool_], repair: Repair) -> _Told:
    if repair is Repair.NEW:
        return _Told(np.zeros(len(lives.age)), lives.age, failed, worn)
    known = np.isfinite(lives.since)
    return _Told(lives.since[known], (lives.since + lives.age)[known], failed[known], worn[known])


def believe(lives: Lives, failed: NDArray[np.bool_], worn: NDArray[np.bool_], repair: Repair, horizon: float) -> Belief:
    """Likelihood times prior. `worn` bool[n]: lives ended by a task that found something to do: of these it is only
    known that the need came before; all that neither failed nor are worn still ran."""
    told = _as_told(lives, failed, worn, repair)
    low, high = float(np.min(lives.age)) / 3, float(np.sum(lives.age)) * 10
    scales = np.exp(np.linspace(math.log(low), math.log(high), STEPS))
    belief = _weighed(told, SHAPES, scales, repair, horizon)
    for _ in range(2):  # the grid is drawn again where the weight lies
        belief = _weighed(told, belief.around(belief.shape), belief.around(belief.scale), repair, horizon)
    return belief


def _weighed(told: _Told, shapes: Floats, scales: Floats, repair: Repair, horizon: float) -> Belief:
    shape, scale = np.meshgrid(shapes, scales, indexing="ij")
    log_like = _log_like(told, shapes, scales)
    log_like = log_like - 0.5 * ((np.log(shape) - math.log(PRIOR_SHAPE)) / PRIOR_SPREAD) ** 2
    weight = np.exp(log_like - np.max(log_like))
    keep = weight > 1e-7
    return Belief(shape[keep], scale[keep], weight[keep] / np.sum(weight[keep]), repair, horizon)


def _log_like(told: _Told, shapes: Floats, scales: Floats) -> Floats:
    rest = ~told.worn
    found = np.zeros((len(shapes), len(scales)))
    if rest.any():
        found = log_likelihood(told.end[rest], told.failed[rest], shapes, scales, told.began[rest])
    shape, scale = shapes[:, None], scales[None, :]
    pairs = np.stack([told.began[told.worn], told.end[told.worn]]).round(1)
    for (began, end), times in zip(*_counted(pairs), strict=True):
        with np.errstate(over="ignore"):
            needed = np.minimum((end / scale) ** shape - (began / scale) ** shape, 700.0)
        found = found + times * np.log(-np.expm1(-np.maximum(needed, 1e-300)))
    return found


def _counted(pairs: Floats) -> tuple[Floats, NDArray[np.int64]]:
    values, counts = np.unique(pairs, axis=1, return_counts=True)
    return values.T, counts.astype(np.int64)


def better_story(lives: Lives, failed: NDArray[np.bool_]) -> float:
    """By how much the log-likelihood of "as bad as before" is above that of "as good as new", each at its best pair,
    over the lives that both can tell. 0 where there are no two failures after a task."""
    known = np.isfinite(lives.since)
    age, since, ended = lives.age[known], lives.since[known], failed[known]
    try:
        new, old = likeliest(age, ended), likeliest(since + age, ended, since)
    except NotReady:
        return 0.0
    return _at(old, since + age, ended, since) - _at(new, age, ended, None)


def _at(pair: Weibull, age: Floats, failed: NDArray[np.bool_], began: Floats | None) -> float:
    return float(log_likelihood(age, failed, np.array([pair.shape]), np.array([pair.scale]), began)[0, 0])
