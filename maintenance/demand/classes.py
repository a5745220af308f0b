"""Classes of demand by how often and how evenly pieces are asked for (Syntetos, Boylan and Croston 2005)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.history import Histories

OFTEN = 1.32
"""Periods per demand (ADI) below which demand counts as frequent."""
EVEN = 0.49
"""Squared coefficient of variation of the sizes (CV2) below which they count as even."""


def interval(histories: Histories) -> Floats:
    """float64[n]: ADI, periods on record per period with demand; infinite without demand."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = histories.length / (histories.values > 0).sum(axis=1)
    return np.where(np.isnan(found), np.inf, found)


def unevenness(histories: Histories) -> Floats:
    """float64[n]: CV2, squared coefficient of variation of the sizes of demand; 0 with fewer than two."""
    count = np.maximum((histories.values > 0).sum(axis=1), 1)
    mean = histories.values.sum(axis=1) / count
    square = (histories.values**2).sum(axis=1) / count - mean**2
    return np.where(mean > 0, np.maximum(square, 0.0) / np.where(mean > 0, mean, 1.0) ** 2, 0.0)


def demand_class(histories: Histories) -> npt.NDArray[np.str_]:
    """str[n]: smooth, erratic, intermittent or lumpy; none without any demand.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> table = [[2, 2, 3, 2, 2, 3], [0, 0, 2, 0, 0, 2], [0, 0, 1, 0, 0, 9], [1, 9, 1, 1, 9, 1], [0, 0, 0, 0, 0, 0]]
    >>> demand_class(cleaned(table)).tolist()
    ['smooth', 'intermittent', 'lumpy', 'erratic', 'none']
    """
    often, even = interval(histories) < OFTEN, unevenness(histories) < EVEN
    named = np.where(often, np.where(even, "smooth", "erratic"), np.where(even, "intermittent", "lumpy"))
    return np.where(np.isinf(interval(histories)), "none", named)
