"""Distributions of counted pieces from a mean and a variance: negative binomial, and with more zeros than that."""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.distribution import LEVELS

LEAST_EXCESS = 1e-6
"""Variance over mean is kept this far above 1, where the negative binomial is a Poisson."""


def negative_binomial(mean: Floats, variance: Floats, unit: Floats | None = None, levels: Floats = LEVELS) -> Floats:
    """float64[n, len(levels)]: quantiles of the negative binomial with these moments (Poisson when the variance is
    not above the mean), counted in `unit` (default 1). A mean of 0 is 0 for certain.

    >>> negative_binomial(np.array([2.0, 0.0]), np.array([2.0, 0.0]), levels=np.array([0.5, 0.95])).tolist()
    [[2.0, 5.0], [0.0, 0.0]]
    """
    from scipy.stats import nbinom

    piece = np.ones(len(mean)) if unit is None else unit
    moving = mean > 0
    m = mean[moving] / piece[moving]
    excess = np.maximum(variance[moving] / piece[moving] ** 2 / m - 1, LEAST_EXCESS)
    quantiles = np.zeros((len(mean), len(levels)))
    found = nbinom.ppf(levels[None, :], (m / excess)[:, None], (1 / (1 + excess))[:, None])
    quantiles[moving] = found * piece[moving, None]
    return quantiles


def zero_inflated(nothing: Floats, mean: Floats, variance: Floats, unit: Floats | None = None) -> Floats:
    """float64[n, len(LEVELS)]: with chance `nothing` 0, else a negative binomial with this mean and variance.

    >>> table = zero_inflated(np.array([0.5]), np.array([4.0]), np.array([4.0]))
    >>> table[0][[LEVELS.tolist().index(0.5), LEVELS.tolist().index(0.75)]].tolist()  # the median of Poisson(4) is 4
    [0.0, 4.0]
    """
    from scipy.stats import nbinom

    piece = np.ones(len(mean)) if unit is None else unit
    m = np.maximum(mean / piece, 1e-12)
    excess = np.maximum(variance / piece**2 / m - 1, LEAST_EXCESS)
    inside = np.clip((LEVELS - nothing[:, None]) / np.maximum(1 - nothing[:, None], 1e-12), 0.0, 1 - 1e-9)
    found = nbinom.ppf(inside, (m / excess)[:, None], (1 / (1 + excess))[:, None])
    return np.asarray(np.where((inside > 0) & (mean[:, None] > 0), found, 0.0) * piece[:, None], np.float64)
