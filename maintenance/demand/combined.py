"""Intermittent demand that no machine's condition and no plan explains: its distribution over the lead time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.maintenance.demand.counts import negative_binomial
from forewarn.maintenance.demand.croston import sba
from forewarn.maintenance.demand.distribution import LeadDemands
from forewarn.maintenance.demand.features import STILL
from forewarn.maintenance.demand.history import Histories, Ints, cleaned, spread, units
from forewarn.maintenance.demand.pooled import pooled
from forewarn.maintenance.demand.quantile_model import forecast, learnt

FORGETTING = 0.93
"""Weight of a period relative to the one after it in the pooled estimate."""


def remainder(
    histories: npt.ArrayLike, lead: npt.ArrayLike, classes: npt.ArrayLike | None = None, seed: int = 1
) -> LeadDemands:
    """The sum of each part's demand over its next `lead` periods, one `LeadDemand` per row of `histories`.

    `histories` float64[n, T], pieces per period, oldest first; blanks (NaN) and returns (negative) as `cleaned` reads
    them. `lead` in periods, one for all or int[n], at least 1. `classes` [n]: labels of parts that lend what they know
    to one another. Works for one part and for one period; what the record cannot tell then comes from
    `pooled.BEFORE`. Refuses wrong shapes and leads (`histories`, `lead`, `classes`).

    >>> found = remainder([[0, 0, 3, 0, 0, 2, 0, 1, 0, 0, 0, 4]], lead=3)
    >>> len(found), found[0].lead
    (1, 3)
    >>> bool(found[0].quantile(0.5) <= found[0].mean <= found[0].quantile(0.95))
    True
    """
    clean = cleaned(histories)
    leads = _leads(lead, len(clean.values))
    if classes is not None and np.shape(classes) != (len(leads),):
        raise Rejected("classes", f"give one class per series, {len(leads)}, not {np.shape(classes)}")
    return LeadDemands(leads, combined(clean, leads, classes, seed))


def combined(histories: Histories, leads: Ints, classes: npt.ArrayLike | None, seed: int) -> Floats:
    """float64[n, len(LEVELS)]: the fixed average of the methods' quantiles; without the forest where it is silent."""
    deviation = spread(histories)
    smooth = negative_binomial(leads * sba(histories), leads * deviation**2, units(histories))
    local = (2 * pooled(histories, leads, classes, FORGETTING) + smooth) / 3
    moving = (deviation > STILL)[:, None]
    local = np.where(moving, local, pooled(histories, leads, classes))
    forest = learnt(histories, leads, seed)
    if forest is None:
        return local
    return np.where(moving, (np.nan_to_num(forecast(forest, histories, leads)) + local) / 2, local)


def _leads(lead: npt.ArrayLike, count: int) -> Ints:
    asked = np.asarray(lead)
    if asked.shape not in ((), (count,)):
        raise Rejected("lead", f"give one lead time, or one per series ({count}), not {asked.shape}")
    if not np.issubdtype(asked.dtype, np.number) or (asked < 1).any() or (asked != np.rint(asked)).any():
        raise Rejected("lead", "a lead time is a whole number of periods, at least 1")
    return np.broadcast_to(asked, (count,)).astype(np.int64)
