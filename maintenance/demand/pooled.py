"""Empirical Bayes: what a part's own record cannot tell is lent by the parts beside it (Robbins 1956).

How often a period has demand is a Beta prior over the parts of a class with the part's record upon it; the size is a
mean of logarithms drawn towards the class, and so is the spread of sizes. The sum over the lead time is a negative
binomial whose variance holds chance and what is not known about the part. Few parts lend little: their prior is drawn
towards `BEFORE`, which is also all there is for a part alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.counts import negative_binomial
from forewarn.maintenance.demand.history import Histories, Ints, units

LENT = 0.2
"""Share of what the variances say of a class's sizes that is lent: sizes of parts are not normal in their logarithms
(most are 1, a few are hundreds), and full weight draws the large ones too low."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a part before its record is read.

    `share` of periods with demand, worth `periods` of a record; sizes around `size` pieces, worth `sizes` demands;
    squared coefficient of variation `unevenness` of sizes, worth `spreads` demands.
    """

    share: float
    periods: float
    size: float
    sizes: float
    unevenness: float
    spreads: float


BEFORE = Prior(share=0.1, periods=2.0, size=1.0, sizes=0.5, unevenness=0.5, spreads=2.0)
"""Without any other part: one demand in ten periods, single pieces, worth little (the middle of published sets)."""
ENOUGH = 20.0
"""A class of this many parts with demand is believed as much as `BEFORE`."""


def pooled(histories: Histories, leads: Ints, classes: npt.ArrayLike | None = None, discount: float = 1.0) -> Floats:
    """float64[n, len(LEVELS)]: quantiles of the sum over `leads` int64[n] periods.

    `classes` [n] labels the parts that lend to one another (all to all when None). `discount` is the weight of a
    period relative to the one after it: 1 forgets nothing.
    """
    mean, variance = moments(histories, leads, classes, discount)
    return negative_binomial(mean, variance, units(histories))


def moments(
    histories: Histories, leads: Ints, classes: npt.ArrayLike | None = None, discount: float = 1.0
) -> tuple[Floats, Floats]:
    """Mean and variance float64[n] of the sum, `BEFORE` < class < record.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> mean, variance = moments(cleaned([[0.0] * 18, [1.0] * 18]), np.array([10, 10]))
    >>> mean.round(2).tolist()
    [0.14, 9.33]
    """
    labels = np.zeros(len(leads), np.int64)
    if classes is not None:
        labels = np.unique(np.asarray(classes), return_inverse=True)[1].reshape(-1)
    whole = prior_of(histories, BEFORE)
    mean, variance = np.zeros(len(leads)), np.zeros(len(leads))
    for label in np.unique(labels):
        rows = labels == label
        part = histories.of(rows)
        prior = prior_of(part, whole) if classes is not None else whole
        mean[rows], variance[rows] = _sums(part, leads[rows], prior, discount)
    return mean, variance


def prior_of(histories: Histories, before: Prior) -> Prior:
    """The prior that a class of parts gives, drawn towards `before` when the parts are few."""
    hit = histories.values > 0
    count, length = hit.sum(axis=1), histories.length
    told = length > 0
    trust = told.sum() / (told.sum() + ENOUGH)
    share, periods = _beta(count[told], length[told], before)
    moving = count > 0
    if not moving.any():
        sizes = before.size, before.sizes, before.unevenness, before.spreads
        return Prior(_mix(share, before.share, trust), _between(periods, before.periods, trust), *sizes)
    trust_size = moving.sum() / (moving.sum() + ENOUGH)
    logs = np.where(hit, np.log(np.where(hit, histories.values, 1.0)), 0.0)
    centre = logs.sum(axis=1)[moving] / count[moving]
    within = np.where(hit, (logs - (logs.sum(axis=1) / np.maximum(count, 1))[:, None]) ** 2, 0.0).sum()
    inside = within / max((count[moving] - 1).sum(), 1)
    between = max(float(np.var(centre)) - inside * float(np.mean(1 / count[moving])), 0.05)
    worth = float(np.clip(LENT * inside / between, 0.01, 5.0))
    several = count > 1
    uneven = float(np.mean(_unevenness(histories, count)[several])) if several.any() else before.unevenness
    return Prior(
        share=_mix(share, before.share, trust),
        periods=_between(periods, before.periods, trust),
        size=_between(float(np.exp(centre.mean())), before.size, trust_size),
        sizes=_between(worth, before.sizes, trust_size),
        unevenness=_mix(uneven, before.unevenness, trust_size),
        spreads=before.spreads,
    )


def _mix(own: float, other: float, trust: float) -> float:
    return float(trust * own + (1 - trust) * other)


def _between(own: float, other: float, trust: float) -> float:
    return float(own**trust * other ** (1 - trust))


def _beta(count: Ints, length: Ints, before: Prior) -> tuple[float, float]:
    """Mean and worth in periods of the Beta prior, by the moments of the shares (Kleinman 1973)."""
    if not len(count):
        return before.share, before.periods
    share = float(count.sum() / length.sum())
    if len(count) == 1 or share in (0.0, 1.0):
        return share, before.periods
    chance = share * (1 - share) * float(np.mean(1 / length))
    found = float(np.mean((count / length - share) ** 2))
    rest = max(found - chance, 1e-3 * share * (1 - share))
    return share, float(np.clip(share * (1 - share) / rest - 1, 0.2, 200.0))


def _unevenness(histories: Histories, count: Ints) -> Floats:
    """Squared coefficient of variation of sizes, unbiased variance; 0 with fewer than two."""
    mean = histories.values.sum(axis=1) / np.maximum(count, 1)
    square = np.where(histories.values > 0, (histories.values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.asarray(square / np.maximum(count - 1, 1) / np.where(mean > 0, mean, 1.0) ** 2, np.float64)


def _sums(histories: Histories, leads: Ints, prior: Prior, discount: float) -> tuple[Floats, Floats]:
    """Mean and variance of the sum, given the class's prior."""
    hit, known = histories.values > 0, histories.known
    weight = discount ** np.arange(histories.values.shape[1])[::-1]
    heard, length = (hit * weight).sum(axis=1), (known * weight).sum(axis=1)
    count = hit.sum(axis=1)
    alpha = prior.share * prior.periods + heard
    worth = prior.periods + length
    share = alpha / worth
    unsure = share * (1 - share) / (worth + 1)
    own = np.log(np.maximum(histories.values.sum(axis=1), 1e-12) / np.maximum(count, 1))
    bulge = 0.5 * np.log1p(prior.unevenness)
    size = np.exp(
        (prior.sizes * (np.log(prior.size) + bulge) + count * np.where(count > 0, own, 0.0)) / (prior.sizes + count)
    )
    uneven = (prior.spreads * prior.unevenness + np.maximum(count - 1, 0) * _unevenness(histories, count)) / (
        prior.spreads + np.maximum(count - 1, 0)
    )
    mean = leads * share * size
    chance = leads * (share * size**2 * (1 + uneven) - (share * size) ** 2)
    ignorance = leads**2 * size**2 * (unsure + share**2 * uneven / (prior.sizes + count + 1))
    return mean, chance + ignorance
