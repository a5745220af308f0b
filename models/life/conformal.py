"""Quantiles around a prediction, from the misses on assets that did not teach it, conditional on what is said.

One width for all is honest on average and useless near failure. Here the misses of cross-validation grouped by asset
are weighed by how near their prediction was to the one in question, and their weighted quantiles are the interval
(localised conformal prediction, Guan 2023; out-of-fold misses as in CV+, Barber, Candes, Ramdas and Tibshirani 2021).
The misses keep their sign, so an interval may lean to one side. Rows of one asset are no independent witnesses: an
asset's vote grows only with the root of its rows near by, and the levels are widened as for so many assets, not rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats

PLACES = 41
NEAR_SHARE = 0.06  # bandwidth as share of the range of what is said
LEAST_ASSETS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """said float64[p] rising; levels float64[q]; truth float64[p, q]: quantiles of what came where that was said.

    Between the places it is linear; beyond the ends the miss of the end is kept.
    """

    said: Floats
    levels: Floats
    truth: Floats

    def around(self, said: Floats) -> Floats:
        """float64[m, q], not below 0, rows not falling."""
        inside = np.clip(said, self.said[0], self.said[-1])
        read = np.stack([np.interp(inside, self.said, column) for column in self.truth.T], axis=1)
        moved = read + (said - inside)[:, None]
        return np.asarray(np.maximum(np.maximum.accumulate(moved, axis=1), 0.0), np.float64)


def spread_of(said: Floats, truth: Floats, assets: NDArray[np.intp], levels: Floats) -> Spread:
    """Learn from out-of-fold predictions: said, truth float64[n], assets int[n] (numbers of the assets).

    Raises NotReady for fewer than `LEAST_ASSETS` assets: the outer levels cannot be had from fewer.

    >>> said, asset = np.repeat([10.0, 20.0], 50), np.arange(100) % 25
    >>> missed = np.tile(np.arange(-2.0, 3.0), 20)
    >>> spread_of(said, said + missed, asset, np.array([0.1, 0.5, 0.9])).around(np.array([10.0])).tolist()
    [[8.0, 10.0, 12.0]]
    """
    if len(np.unique(assets)) < LEAST_ASSETS:
        raise NotReady(f"Intervals need {LEAST_ASSETS} assets that have failed.")
    low, high = float(said.min()), float(said.max())
    ranked = np.sort(said)
    places = np.unique(ranked[np.searchsorted(ranked, np.linspace(low, high, PLACES))])
    width = max(NEAR_SHARE * (high - low), 1e-9)
    rows = [_quantiles_near(place, width, said, truth, assets, levels) for place in places]
    return Spread(places, np.asarray(levels, np.float64), np.maximum.accumulate(np.array(rows), axis=1))


def _quantiles_near(
    place: float, width: float, said: Floats, truth: Floats, assets: NDArray[np.intp], levels: Floats
) -> Floats:
    near = np.maximum(1 - ((said - place) / width) ** 2, 0.0)
    rows = np.flatnonzero(near > 0)
    near, who = near[rows], assets[rows]
    of_asset = np.bincount(who, weights=near)
    share = near / np.sqrt(of_asset[who])  # between one vote a row and one vote an asset
    votes = np.sqrt(of_asset[of_asset > 0])
    independent = float(votes.sum() ** 2 / np.sum(votes**2))
    return place + weighted_quantiles(truth[rows] - said[rows], share, finite_levels(levels, independent))


def finite_levels(levels: Floats, count: float) -> Floats:
    """Levels widened for `count` witnesses: ceil((n + 1) level) / n above the middle, mirrored below, in [0, 1].

    >>> finite_levels(np.array([0.1, 0.5, 0.9]), 9).round(4).tolist()
    [0.0, 0.5, 1.0]
    """
    away = (np.abs(levels - 0.5) + 0.5) * (1 + 1 / count)
    outer = np.where(levels == 0.5, 0.5, np.minimum(away, 1.0))
    return np.asarray(np.where(levels < 0.5, 1 - outer, outer), np.float64)


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Smallest value at or below which at least `level` of the weight lies (levels below the middle: mirrored).

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), np.array([0.5, 0.9])).tolist()
    [2.0, 3.0]
    """
    order = np.argsort(values, kind="stable")
    ranked, below = values[order], np.cumsum(weights[order])
    below = below / below[-1]
    upper = np.searchsorted(below, levels - 1e-12, side="left")
    return np.asarray(ranked[np.minimum(upper, len(ranked) - 1)], np.float64)


def coverage(low: Floats, high: Floats, truth: Floats) -> float:
    """Share of truths inside, ends included."""
    return float(np.mean((low <= truth) & (truth <= high)))


def pinball(levels: Floats, said: Floats, truth: Floats) -> float:
    """Mean quantile loss; said float64[m, q]."""
    miss = truth[:, None] - said
    return float(np.mean(np.maximum(levels * miss, (levels - 1) * miss)))
