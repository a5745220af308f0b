"""Intermittent demand that no machine's condition and no plan explains: its distribution over the lead time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.maintenance.demand.counts import negative_binomial
from forewarn.maintenance.demand.croston import mean_rate
from forewarn.maintenance.demand.distribution import LeadDemands
from forewarn.maintenance.demand.features import STILL, ranked, record_scales, scales
from forewarn.maintenance.demand.history import Histories, Ints, cleaned, spread, units
from forewarn.maintenance.demand.pooled import pooled
from forewarn.maintenance.demand.quantile_model import forecast, learnt, sums_from
from forewarn.maintenance.demand.weighing import weights

USUAL: Floats = np.array([1 / 6, 1 / 6, 0.0, 1 / 3, 1 / 3])
"""Weights of what forgets nothing, what forgets, the plain mean, and the forest on either scale, before a trial."""
BANDS = 5
TRIAL = 4
"""The trial forecasts at most this part of the record, so that most of it is left to learn from."""
FORGETTING = 0.85
"""Weight of a period relative to the one after it in the pooled estimate that follows a change."""


def remainder(
    histories: npt.ArrayLike,
    lead: npt.ArrayLike,
    classes: npt.ArrayLike | None = None,
    seed: int = 1,
    facts: npt.ArrayLike | None = None,
) -> LeadDemands:
    """The sum of each part's demand over its next `lead` periods, one `LeadDemand` per row of `histories`.

    `histories` float64[n, T], pieces per period, oldest first; blanks (NaN) and returns (negative) as `cleaned` reads
    them. `lead` in periods, one for all or int[n], at least 1. `classes` [n]: labels of parts that lend what they know
    to one another. `facts` float64[n, k]: numbers that are known of the parts beside their records, the same k for all,
    NaN where one is not known: price, days of delivery, machines that hold it. Only their order among the parts counts;
    without `classes`, fifths of the first one are the classes (so give the price first).
    Works for one part and for one period; what the record cannot tell then comes from `pooled.BEFORE`. Refuses wrong
    shapes and leads (`histories`, `lead`, `classes`, `facts`).

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
    places = None if facts is None else ranked(_facts(facts, len(leads)))
    if classes is None and places is not None and places.shape[1]:
        classes = np.floor(BANDS * places[:, 0])
    return LeadDemands(leads, combined(clean, leads, classes, seed, places))


def combined(
    histories: Histories, leads: Ints, classes: npt.ArrayLike | None, seed: int, facts: Floats | None = None
) -> Floats:
    """float64[n, len(LEVELS)]: an average of quantiles with the same weights for all parts, learnt from the latest lead
    time on record (`weighing`; `USUAL` where the record is too short for that). Where the forests are silent the two
    pooled estimates share evenly; a record in which nothing moves has no change to follow, so the one that forgets
    nothing stands alone. `facts` as `ranked` gives them.
    """
    moving = spread(histories) > STILL
    steady = pooled(histories, leads, classes)
    if not moving.any():
        return steady
    told = _methods(histories, leads, classes, seed, facts)
    share = _learnt_weights(histories, leads, classes, seed, facts) if len(told) == len(USUAL) else np.array([0.5, 0.5])
    return np.where(moving[:, None], np.tensordot(share, np.stack(told), axes=1), steady)


def _methods(
    histories: Histories, leads: Ints, classes: npt.ArrayLike | None, seed: int, facts: Floats | None
) -> list[Floats]:
    """What each method tells, in the order of `USUAL`; the pooled ones alone where the forests are silent."""
    told = [pooled(histories, leads, classes), pooled(histories, leads, classes, FORGETTING)]
    forests = [learnt(histories, leads, seed, scaled, facts) for scaled in (scales, record_scales)]
    heard = [np.nan_to_num(forecast(one, histories, leads, facts)) for one in forests if one is not None]
    if len(heard) < len(forests):
        return told
    plain = negative_binomial(leads * mean_rate(histories), leads * spread(histories) ** 2, units(histories))
    return [*told, plain, *heard]


def _learnt_weights(
    histories: Histories, leads: Ints, classes: npt.ArrayLike | None, seed: int, facts: Floats | None
) -> Floats:
    """The weights that would have been best the last time; `USUAL` where no forest could have been grown before it."""
    periods = histories.values.shape[1]
    tried = np.minimum(leads, max(periods // TRIAL, 1))
    moment = periods - int(tried.max(initial=1))
    then = histories.until(moment)
    told = _methods(then, tried, classes, seed, facts)
    if len(told) < len(USUAL):
        return USUAL
    rows = np.flatnonzero(spread(then) > STILL)
    scale = record_scales(then, tried)[rows]
    return weights([table[rows] for table in told], sums_from(histories.values, moment, tried)[rows], scale)


def _facts(facts: npt.ArrayLike, count: int) -> Floats:
    table = np.asarray(facts, np.float64)
    if table.ndim != 2 or len(table) != count or np.isinf(table).any():
        raise Rejected(
            "facts",
            f"give a table of {count} rows of finite numbers, one column per fact and NaN for what is not known",
        )
    return table


def _leads(lead: npt.ArrayLike, count: int) -> Ints:
    asked = np.asarray(lead)
    if asked.shape not in ((), (count,)):
        raise Rejected("lead", f"give one lead time, or one per series ({count}), not {asked.shape}")
    if not np.issubdtype(asked.dtype, np.number) or (asked < 1).any() or (asked != np.rint(asked)).any():
        raise Rejected("lead", "a lead time is a whole number of periods, at least 1")
    return np.broadcast_to(asked, (count,)).astype(np.int64)
