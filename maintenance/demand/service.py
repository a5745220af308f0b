"""Which chance of not running out each part deserves when stock costs money: the same for all, or more for cheap parts.

One more piece of a part whose stock covers the demand with chance F gains the fill of that piece when it is asked for,
chance 1 - F, and lies about else, chance F. Where gain and cost balance stands the level (the newsvendor's rule):
F / (1 - F) = gain / cost.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.maintenance.demand.distribution import LeadDemands, chances


def by_value(count: int, odds: float) -> Floats:
    """float64[count]: the level that fills the most value for the money in stock: the same for every part.

    `odds` > 0: money filled per money that lies about.

    >>> by_value(2, 19.0).tolist()
    [0.95, 0.95]
    """
    return np.full(count, odds / (1 + odds))


def by_parts(demands: LeadDemands, prices: Floats, odds: float) -> Floats:
    """float64[n]: the levels that fill the largest share of demand, averaged over the parts that are asked for.

    A piece of a part adds 1 / (pieces asked for) to the average and costs its price, so cheap and rare parts get more.
    `prices` float64[n] >= 0 (of no price: 1 - 1e-6). `odds` > 0: the price of a part that gets even chances when a
    single piece is asked for. Refuses prices that are negative or not one per part (`prices`).

    >>> two = LeadDemands(np.array([3, 3]), np.tile(np.linspace(0.6, 1.4, 31), (2, 1)))
    >>> by_parts(two, np.array([10.0, 1000.0]), 100.0).round(2).tolist()
    [0.92, 0.1]
    """
    if prices.shape != (len(demands),) or not (prices >= 0).all():
        raise Rejected("prices", f"give one price of at least 0 per part ({len(demands)})")
    nothing = np.array([chances(values, np.array([0.5]))[0] for values in demands.values])
    asked = demands.means / np.maximum(1 - nothing, 1e-3)
    return np.asarray(1 / (1 + np.maximum(asked, 1e-9) * prices / odds), np.float64).clip(1e-6, 1 - 1e-6)
