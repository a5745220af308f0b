"""Demand over a lead time as a distribution: quantiles on one grid, from which mean, chances and pieces follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats

FINE = (0.925, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995, 0.999)
LEVELS: Floats = np.array([0.005, 0.01, 0.025, *np.linspace(0.05, 0.9, 18).round(2), *FINE])
"""Shares of all outcomes at which a distribution is kept; beyond the outermost it ends."""
WEIGHTS: Floats = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]]))
"""The share of all outcomes that each level stands for."""


@dataclass(frozen=True, slots=True)
class LeadDemand:
    """The sum of one part's demand over the next `lead` periods.

    `values` float64[len(LEVELS)]: its quantiles at `LEVELS`, never falling, >= 0, in pieces; between them straight
    lines. A value may lie between two whole pieces: averages of methods and of chances do.
    """

    lead: int
    values: Floats

    def quantile(self, level: float) -> float:
        """What the sum does not exceed with chance `level`, in pieces. Refuses a level outside 0..1.

        >>> LeadDemand(3, np.linspace(0.0, 10.0, len(LEVELS))).quantile(0.999)
        10.0
        """
        return float(at_levels(self.values[None], np.array([level]))[0, 0])

    def pieces(self, level: float) -> int:
        """Whole pieces that suffice with chance `level`."""
        return int(np.ceil(self.quantile(level) - 1e-9))

    @property
    def mean(self) -> float:
        """Expected pieces."""
        return float(self.values @ WEIGHTS)

    def at_most(self, pieces: float) -> float:
        """The chance that the sum is not above `pieces`, seen as whole pieces: the sum rounded to its nearest."""
        if pieces < 0:
            return 0.0
        return float(np.cumsum(self.pmf())[min(int(pieces), len(self.pmf()) - 1)])

    def pmf(self) -> Floats:
        """float64[k]: the chance of 0, 1, ... k-1 whole pieces; they sum to 1. Every outcome is rounded.

        >>> LeadDemand(1, np.where(LEVELS < 0.62, 0.0, 2.0)).pmf().round(2).tolist()
        [0.61, 0.02, 0.36]
        """
        edges = np.arange(0.5, np.floor(self.values[-1] + 0.5) + 1.0)
        below = np.concatenate([[0.0], chances(self.values, edges)])
        below[-1] = 1.0
        return np.diff(below)


class LeadDemands(Sequence[LeadDemand]):
    """Many parts' demand over their lead times, as columns; one of them is a `LeadDemand`.

    `leads` int64[n] in periods, `values` float64[n, len(LEVELS)] as in `LeadDemand`.
    """

    __slots__ = ("leads", "values")

    def __init__(self, leads: npt.NDArray[np.int64], values: Floats) -> None:
        self.leads, self.values = leads, values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> LeadDemand: ...
    @overload
    def __getitem__(self, index: slice) -> LeadDemands: ...
    def __getitem__(self, index: int | slice) -> LeadDemand | LeadDemands:
        if isinstance(index, slice):
            return LeadDemands(self.leads[index], self.values[index])
        return LeadDemand(int(self.leads[index]), self.values[index])

    def __iter__(self) -> Iterator[LeadDemand]:
        return (self[i] for i in range(len(self)))

    def quantiles(self, levels: npt.ArrayLike) -> Floats:
        """float64[n, m]: the quantiles of every part at m levels."""
        return at_levels(self.values, np.asarray(levels, np.float64))

    @property
    def means(self) -> Floats:
        """float64[n]: expected pieces of every part."""
        return np.asarray(self.values @ WEIGHTS, np.float64)


def at_levels(values: Floats, levels: Floats) -> Floats:
    """float64[n, m] from quantiles float64[n, len(LEVELS)]: straight lines between `LEVELS`, level ends outside."""
    if ((levels < 0) | (levels > 1) | np.isnan(levels)).any():
        raise Rejected("level", f"a level is a share between 0 and 1, not {levels.tolist()}")
    right = np.clip(np.searchsorted(LEVELS, levels), 1, len(LEVELS) - 1)
    low, high = LEVELS[right - 1], LEVELS[right]
    share = np.clip((levels - low) / (high - low), 0.0, 1.0)
    return np.asarray(values[:, right - 1] * (1 - share) + values[:, right] * share, np.float64)


def chances(values: Floats, edges: Floats) -> Floats:
    """float64[m]: the chance that a sum with quantiles `values` float64[len(LEVELS)] stays at or below each edge."""
    right = np.searchsorted(values, edges, side="right")
    inside = np.clip(right, 1, len(values) - 1)
    low, high = values[inside - 1], values[inside]
    share = np.clip((edges - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    between = LEVELS[inside - 1] + share * (LEVELS[inside] - LEVELS[inside - 1])
    return np.where(right == 0, 0.0, np.where(right == len(values), 1.0, between))
