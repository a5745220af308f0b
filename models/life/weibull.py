"""How long do such parts last? Weibull lives from failures and from parts that still run (censored), by class.

For machines without signals. Maximum likelihood with right censoring is scipy's (`CensoredData`, `weibull_min.fit`;
Meeker, Hahn & Escobar 2017, chapters 7 and 8). A forecast does not trust that one pair of numbers: shape and scale are
weighed on a grid by likelihood times prior, and the remaining life given the age is the mixture of all pairs, so two
failures give a wide forecast and two hundred a narrow one. The prior of a class comes from all classes pooled: the
shape is much alike for one kind of machine (ln-spread `SHAPE_SPREAD`), the scale hardly (`SCALE_SPREAD`). Profile
intervals of shape and scale are read from the likelihood alone. The unit of the age does not matter.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.guards import refuse_leaks

SHAPE_SPREAD = 0.4
SCALE_SPREAD = 1.0
USUAL_SHAPE = 2.0  # of a fleet that says nothing yet: wear-out, between random (1) and steep (3 and more)
FLEET_SHAPE_SPREAD = 0.6
GRID = 81
REACH = 4.5  # half-width of the grid in spreads
HALF_CHI2_95 = 1.9207  # a 95 % profile interval holds where the log-likelihood is within this of its maximum


@dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """hours float64[n] > 0 in operating hours (or cycles); failed bool[n]: the life ended there, else it still ran."""

    hours: Floats
    failed: NDArray[np.bool_]

    @classmethod
    def of(cls, lives: Sequence[Life]) -> Lifetimes:
        """The ages at which lives stand."""
        return cls(np.array([life.age[-1] for life in lives]), np.array([life.ended for life in lives], bool))

    def __post_init__(self) -> None:
        if self.hours.shape != self.failed.shape or not np.all(self.hours > 0):
            raise ValueError("hours are above 0, one for each mark of failure")


@dataclass(frozen=True, slots=True)
class Weibull:
    """Survival exp(-(hours / scale) ** shape): shape < 1 early failures, 1 at random, > 1 wear-out; scale in hours.

    >>> Weibull(2.0, 1000.0).survival(np.array([500.0])).round(4).tolist()
    [0.7788]
    """

    shape: float
    scale: float

    def survival(self, hours: Floats) -> Floats:
        """Share that lives longer."""
        return np.asarray(np.exp(-((hours / self.scale) ** self.shape)), np.float64)

    def left(self, age: float, levels: Floats) -> Floats:
        """Hours from `age` on at each level, given that the age was reached.

        >>> Weibull(1.0, 1000.0).left(700.0, np.array([0.5])).round(1).tolist()
        [693.1]
        """
        total = self.scale * ((age / self.scale) ** self.shape - np.log1p(-levels)) ** (1 / self.shape)
        return np.asarray(total - age, np.float64)


def fit(lifetimes: Lifetimes) -> Weibull:
    """Maximum likelihood with censoring. Raises NotReady for fewer than two different failures.

    >>> fit(Lifetimes(np.array([90.0, 100.0, 110.0, 120.0]), np.array([True, True, True, False]))).scale > 100
    True
    """
    from scipy.stats import CensoredData, weibull_min

    failures = np.unique(lifetimes.hours[lifetimes.failed])
    if len(failures) < 2:
        raise NotReady("A Weibull fit needs two failures at different ages.")
    unit = float(np.median(lifetimes.hours))
    data = CensoredData(
        uncensored=lifetimes.hours[lifetimes.failed] / unit, right=lifetimes.hours[~lifetimes.failed] / unit
    )
    shape, _, scale = weibull_min.fit(data, floc=0)
    return Weibull(float(shape), float(scale) * unit)


def log_likelihood(lifetimes: Lifetimes, shape: Floats, scale: Floats) -> Floats:
    """Of every pair of `shape` and `scale` (broadcast), up to nothing: float64 of their common form."""
    shape, scale = np.broadcast_arrays(shape, scale)
    ratio = np.log(lifetimes.hours) - np.log(scale)[..., None]
    died = np.log(shape / scale)[..., None] + (shape[..., None] - 1) * ratio
    return np.asarray(np.sum(np.where(lifetimes.failed, died, 0.0) - np.exp(shape[..., None] * ratio), axis=-1))


@dataclass(frozen=True, slots=True)
class Prior:
    """What is thought before a class has failures: normal in ln(shape) and ln(scale)."""

    shape: float
    shape_spread: float
    scale: float
    scale_spread: float

    @classmethod
    def wide(cls, lifetimes: Lifetimes) -> Prior:
        """Before anything is known but how long such lives are: failures per time run at the usual shape.

        Raises NotReady without a single failure: nothing tells the scale then.
        """
        failures = int(np.count_nonzero(lifetimes.failed))
        if not failures:
            raise NotReady("No failure yet: a Weibull life cannot be said.")
        scale = float((np.sum(lifetimes.hours**USUAL_SHAPE) / failures) ** (1 / USUAL_SHAPE))
        return cls(USUAL_SHAPE, FLEET_SHAPE_SPREAD, scale, 2 * SCALE_SPREAD)

    @classmethod
    def pooled(cls, lifetimes: Lifetimes) -> Prior:
        """For one class among several, from the lives of all of them."""
        best = Belief.of(lifetimes, cls.wide(lifetimes)).likeliest
        return cls(best.shape, SHAPE_SPREAD, best.scale, SCALE_SPREAD)


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """Pairs of shape and scale float64[g, g] with their weights, adding up to 1; log_like for the profile."""

    shape: Floats
    scale: Floats
    weight: Floats
    log_like: Floats

    @classmethod
    def of(cls, lifetimes: Lifetimes, prior: Prior) -> Belief:
        """Likelihood times prior, on a grid that is drawn twice: wide, then where the weight lies."""
        made = cls._on_grid(lifetimes, prior, prior.shape, prior.shape_spread, prior.scale, prior.scale_spread)
        for _ in range(2):
            centres, spreads = made._moments()
            made = cls._on_grid(lifetimes, prior, centres[0], spreads[0], centres[1], spreads[1])
        return made

    @classmethod
    def _on_grid(
        cls, lifetimes: Lifetimes, prior: Prior, shape: float, shape_spread: float, scale: float, scale_spread: float
    ) -> Belief:
        steps = np.linspace(-REACH, REACH, GRID)
        shapes, scales = shape * np.exp(shape_spread * steps), scale * np.exp(scale_spread * steps)
        shapes, scales = np.meshgrid(shapes, scales, indexing="ij")
        log_like = log_likelihood(lifetimes, shapes, scales)
        log_prior = -0.5 * (np.log(shapes / prior.shape) / prior.shape_spread) ** 2
        log_prior -= 0.5 * (np.log(scales / prior.scale) / prior.scale_spread) ** 2
        weight = np.exp(log_like + log_prior - np.max(log_like + log_prior))
        return cls(shapes, scales, weight / weight.sum(), log_like)

    def _moments(self) -> tuple[tuple[float, float], tuple[float, float]]:
        logs = np.log(self.shape), np.log(self.scale)
        means = [float(np.sum(self.weight * each)) for each in logs]
        spreads = [
            max(float(np.sqrt(np.sum(self.weight * (each - mean) ** 2))), 1e-3)
            for each, mean in zip(logs, means, strict=True)
        ]
        return (float(np.exp(means[0])), float(np.exp(means[1]))), (spreads[0], spreads[1])

    @property
    def likeliest(self) -> Weibull:
        """The pair with the largest weight."""
        best = np.unravel_index(np.argmax(self.weight), self.weight.shape)
        return Weibull(float(self.shape[best]), float(self.scale[best]))

    def left(self, ages: Floats, levels: Floats) -> Floats:
        """float64[m, q]: hours left at each age, by the mixture over all pairs that carry weight."""
        keep = self.weight > 1e-6 * self.weight.max()
        shape, scale, weight = self.shape[keep], self.scale[keep], self.weight[keep]
        return np.array([_mixture_left(age, levels, shape, scale, weight) for age in ages]).reshape(-1, len(levels))


def _mixture_left(age: float, levels: Floats, shape: Floats, scale: Floats, weight: Floats) -> Floats:
    """Pairs that make it unlikely to have come so far lose weight; the level is read from a grid in ln(hours)."""
    gone = (age / scale) ** shape
    alive = weight * np.exp(-(gone - gone.min()))
    alive = alive / alive.sum()
    longest = float(np.max(scale * (gone + 20.0) ** (1 / shape))) - age
    grid = np.geomspace(longest * 1e-6, longest, 400)
    dead = 1 - np.exp(gone - (((age + grid)[:, None]) / scale) ** shape) @ alive
    return np.asarray(np.interp(levels, dead, grid), np.float64)


def profile_interval(lifetimes: Lifetimes) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % profile-likelihood intervals of shape and scale (Meeker, Hahn & Escobar 2017, section 8.3).

    Raises NotReady for fewer than two different failures.
    """
    best = fit(lifetimes)
    failures = int(np.count_nonzero(lifetimes.failed))
    reach = 3.0 / np.sqrt(failures)
    shapes = best.shape * np.exp(np.linspace(-reach * 1.5, reach * 1.5, 241))
    scales = best.scale * np.exp(np.linspace(-1, 1, 241) * reach * max(1.5, 3 / best.shape))
    table = log_likelihood(lifetimes, *np.meshgrid(shapes, scales, indexing="ij"))
    top = float(log_likelihood(lifetimes, np.array(best.shape), np.array(best.scale)))
    return _within(shapes, table.max(axis=1), top), _within(scales, table.max(axis=0), top)


def _within(values: Floats, profile: Floats, top: float) -> tuple[float, float]:
    inside = values[profile >= top - HALF_CHI2_95]
    return float(inside.min()), float(inside.max())


def kaplan_meier(lifetimes: Lifetimes) -> tuple[Floats, Floats, Floats, Floats]:
    """What the lives say without any law: hours, survival, and its 95 % band (log-log), each float64[f].

    >>> kaplan_meier(Lifetimes(np.array([1.0, 2.0, 3.0]), np.array([True, False, True])))[1].round(3).tolist()
    [0.667, 0.667, 0.0]
    """
    from scipy.stats import CensoredData, ecdf

    found: Any = ecdf(CensoredData(lifetimes.hours[lifetimes.failed], right=lifetimes.hours[~lifetimes.failed])).sf
    with warnings.catch_warnings():  # the band is undefined where all or none have failed: 0 to 1 there
        warnings.simplefilter("ignore", RuntimeWarning)
        band = found.confidence_interval(confidence_level=0.95, method="log-log")
    low, high = np.nan_to_num(band.low.probabilities, nan=0.0), np.nan_to_num(band.high.probabilities, nan=1.0)
    return found.quantiles, found.probabilities, low, high


@dataclass(frozen=True, slots=True)
class WeibullAge:
    """Remaining life from the age alone. `classes`: asset -> component class ("" where not named)."""

    classes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    least_failures: int = 3

    @property
    def name(self) -> str:
        """Key in the table."""
        return "weibull"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> WeibullPrognosis:
        """One belief a class, with the pool as its prior. Needs `least_failures` in all classes together."""
        refuse_leaks(lives)
        pool = Lifetimes.of(lives)
        failures = int(np.count_nonzero(pool.failed))
        if failures < self.least_failures:
            raise NotReady(f"{failures} failures so far; {self.least_failures} are needed for a Weibull life.")
        beliefs = {"": Belief.of(pool, Prior.wide(pool))}
        named = [self.classes.get(life.asset, "") for life in lives]
        if len(set(named)) > 1:
            prior = Prior.pooled(pool)
            for each in sorted(set(named) - {""}):
                mine = [life for life, name in zip(lives, named, strict=True) if name == each]
                beliefs[each] = Belief.of(Lifetimes.of(mine), prior)
        return WeibullPrognosis(dict(self.classes), beliefs)


@dataclass(frozen=True, slots=True, eq=False)
class WeibullPrognosis:
    """Beliefs by class; an asset of a class that is not known is asked of "" (the pool)."""

    classes: Mapping[str, str]
    beliefs: Mapping[str, Belief]

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """Remaining life given the age that was reached."""
        left = np.empty((len(lives), len(LEVELS)))
        for row, life in enumerate(lives):
            belief = self.beliefs.get(self.classes.get(life.asset, ""), self.beliefs[""])
            left[row] = belief.left(life.age[-1:], LEVELS)[0]
        return Forecasts(LEVELS.copy(), left, ("",) * len(lives))
