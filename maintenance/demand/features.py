"""What a record says about the sum over the next periods, in numbers that can be compared between parts.

Everything that counts pieces is divided by the record's standard deviation, so that one model reads them all. What
followed is divided by one of two spreads of the sum: that which `pooled` expects, which a short record does not make
too small and which follows parts that die (`scales`), and that of the whole record (`record_scales`).
"""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.croston import smoothed
from forewarn.maintenance.demand.history import Histories, Ints, spread, units
from forewarn.maintenance.demand.pooled import moments

WINDOWS = (3, 6, 12)
"""Latest periods that are looked at by themselves."""
DISCOUNTS = (1.0, 0.93, 0.85)
"""How much of a period's weight is left one period later, in the estimates of `pooled`."""
STILL = 1e-12
SCALE_DISCOUNT = 0.9


def scales(histories: Histories, leads: Ints) -> Floats:
    """float64[n]: the spread of the sum that `pooled` expects, in pieces; 0 for a record in which nothing moves."""
    variance = moments(histories, leads, None, SCALE_DISCOUNT)[1]
    return np.where(spread(histories) > STILL, np.sqrt(variance), 0.0)


def record_scales(histories: Histories, leads: Ints) -> Floats:
    """float64[n]: the spread of the sum if periods were like the record's, in pieces; 0 where nothing moves.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> record_scales(cleaned([[0.0, 2.0], [1.0, 1.0]]), np.array([4, 4])).tolist()
    [2.0, 0.0]
    """
    deviation = spread(histories)
    return np.where(deviation > STILL, deviation * np.sqrt(leads), 0.0)


def ranked(facts: Floats) -> Floats:
    """float64[n, k]: the place of each part among all parts with that fact, 0..1 (ties share the middle); below 0
    where it is not known.

    >>> ranked(np.array([[3.0], [1.0], [np.nan], [1.0]]))[:, 0].round(2).tolist()
    [0.83, 0.33, -0.5, 0.33]
    """
    places = np.full(facts.shape, -0.5)
    for column, place in zip(facts.T, places.T, strict=True):
        told = ~np.isnan(column)
        known = np.sort(column[told])
        before, until = (np.searchsorted(known, column[told], side) for side in ("left", "right"))
        place[told] = (before + until) / 2 / max(len(known), 1)
    return places


def features(histories: Histories, leads: Ints) -> Floats:
    """float64[n, k]: one row per part; rows of parts that do not move (`scales` is 0) mean nothing."""
    values, count = histories.values, np.maximum(histories.length, 1)
    hit = values > 0
    hits, rows = hit.sum(axis=1), np.arange(len(values))
    deviation = np.where(spread(histories) > STILL, spread(histories), 1.0)
    scale, piece = deviation * np.sqrt(leads), units(histories)
    mean, share = values.sum(axis=1) / count, hits / count
    size = values.sum(axis=1) / np.maximum(hits, 1)
    uneven = np.where(hit, (values - size[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(hits - 1, 1)
    since = np.where(hits > 0, hit[:, ::-1].argmax(axis=1), count)
    total = np.hstack([np.zeros((len(values), 1)), np.cumsum(values, axis=1)])
    ends = values.shape[1]
    one, two = np.maximum(ends - leads, 0), np.maximum(ends - 2 * leads, 0)
    middle = np.maximum(ends - count // 2, 0)
    late, early = total[:, -1] - total[rows, middle], total[rows, middle]
    columns = [
        mean / deviation, np.log(mean / piece + 1e-9), np.log(deviation / piece), share,
        uneven / np.maximum(size, 1e-12) ** 2, np.log(size / piece + 1e-9), since, since * share,
        values.max(axis=1, initial=0.0) / deviation, values[:, -1] / deviation, count, np.log(leads),
        (total[:, -1] - total[rows, one]) / scale, (total[rows, one] - total[rows, two]) / scale,
        np.log1p(late / piece) - np.log1p(early / piece),
    ]  # fmt: skip
    for window in WINDOWS:
        seen = np.minimum(count, window)
        columns += [values[:, -window:].sum(axis=1) / seen / deviation, hit[:, -window:].sum(axis=1) / seen]
    busy = Histories(hit.astype(np.float64), histories.start)
    for smoothing in (0.1, 0.3):
        columns += [smoothed(histories, smoothing) / deviation, smoothed(busy, smoothing)]
    for discount in DISCOUNTS:
        expected, variance = moments(histories, leads, None, discount)
        columns += [expected / scale, np.sqrt(variance) / scale]
    return np.column_stack([*columns, *_past_sums(total, leads, scale)])


def _past_sums(total: Floats, leads: Ints, scale: Floats) -> list[Floats]:
    """The largest and the upper-fifth sum that the record shows over windows of the lead time."""
    largest, upper = np.zeros(len(leads)), np.zeros(len(leads))
    for lead in np.unique(leads):
        rows = leads == lead
        width = min(int(lead), total.shape[1] - 1)
        sums = total[rows, width:] - total[rows, : total.shape[1] - width]
        largest[rows], upper[rows] = sums.max(axis=1), np.quantile(sums, 0.8, axis=1)
    return [largest / scale, upper / scale]
