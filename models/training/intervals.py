"""Intervals of shares, rates and paired differences: no number of the scorecard stands without one. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and what it was counted from.

    `value`, `low` and `high` are None where nothing was counted. For a share `count` of `total` cases; for a rate
    `count` events in `total` units of exposure; for a mean `count` cases and `total` their sum.
    """

    value: float | None
    low: float | None
    high: float | None
    count: float
    total: float


NOTHING = Estimate(None, None, None, 0, 0)
"""Nothing was counted yet: no number, not 0."""


def wilson(hits: int, total: int) -> Estimate:
    """Share of hits with the Wilson score interval (E. B. Wilson, 1927), which is honest for few cases and near 0 or 1.

    Raises ValueError for more hits than cases.

    >>> e = wilson(8, 10)
    >>> round(e.value, 2), round(e.low, 3), round(e.high, 3)
    (0.8, 0.49, 0.943)
    >>> wilson(0, 0).value is None
    True
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} hits of {total} cases")
    if total == 0:
        return NOTHING
    share, z2 = hits / total, Z_95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), hits, total)


def poisson_rate(events: int, exposure: float) -> Estimate:
    """Events per unit of exposure (asset-years) with the exact interval of Garwood (1936).

    Zero events have an upper bound and no lower one. Raises ValueError for less than nothing.

    >>> e = poisson_rate(3, 10.0)
    >>> round(e.value, 2), round(e.low, 3), round(e.high, 3)
    (0.3, 0.062, 0.877)
    >>> poisson_rate(0, 10.0).low
    0.0
    """
    from scipy.special import gammaincinv

    if events < 0 or exposure < 0:
        raise ValueError(f"{events} events in {exposure}")
    if exposure == 0:
        return NOTHING
    low = float(gammaincinv(events, 0.025)) / exposure if events else 0.0
    high = float(gammaincinv(events + 1, 0.975)) / exposure
    return Estimate(events / exposure, low, high, events, exposure)


def mean_of(values: Sequence[float]) -> Estimate:
    """Mean with a bootstrap interval over the cases (2,000 resamples, fixed seed); one case has no interval.

    >>> e = mean_of([8.0, 10.0, 12.0])
    >>> e.value, 8.0 <= e.low <= e.high <= 12.0
    (10.0, True)
    >>> mean_of([4.0]).low is None
    True
    """
    given = np.asarray(values, np.float64)
    if not len(given):
        return NOTHING
    mean, total = float(given.mean()), float(given.sum())
    if len(given) == 1:
        return Estimate(mean, None, None, 1, total)
    low, high = np.quantile(resampled_means(given), [0.025, 0.975])
    return Estimate(mean, float(low), float(high), len(given), total)


def resampled_means(values: Floats, resamples: int = 2_000, seed: int = 0) -> Floats:
    """float64[resamples]: means of samples drawn with replacement."""
    rng = np.random.default_rng(seed)
    return np.asarray(values[rng.integers(0, len(values), (resamples, len(values)))].mean(axis=1), np.float64)


def paired_difference(a: Floats, b: Floats, groups: Sequence[str]) -> Estimate:
    """Mean of `b - a` over the same cases, with an interval that resamples whole groups (assets): cases of one asset
    resemble one another, and counting them one by one would promise too much.

    `count` is the number of groups. Below two groups there is no interval. Raises ValueError for unequal lengths.

    >>> e = paired_difference(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]), ["p1", "p1", "p2"])
    >>> e.value, e.low, e.high, e.count
    (1.0, 1.0, 1.0, 2)
    """
    if not len(a) == len(b) == len(groups):
        raise ValueError(f"{len(a)}, {len(b)} and {len(groups)} are not pairs of the same cases")
    difference = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    known = np.isfinite(difference)
    names = np.asarray(groups)[known]
    difference = difference[known]
    if not len(difference):
        return NOTHING
    units = [difference[names == name] for name in np.unique(names)]
    value = float(difference.mean())
    if len(units) < 2:
        return Estimate(value, None, None, len(units), float(difference.sum()))
    sums, sizes = np.array([u.sum() for u in units]), np.array([len(u) for u in units], np.float64)
    drawn = np.random.default_rng(0).integers(0, len(units), (2_000, len(units)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(value, float(low), float(high), len(units), float(difference.sum()))
