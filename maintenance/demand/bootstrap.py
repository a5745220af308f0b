"""Demand over a lead time by resampling the part's own record (Willemain, Smart and Schwarz 2004).

Whether a period has demand follows a chain of two states with the part's own transitions; the size is one of the
part's own sizes, shaken by as much as its root, since sizes that were never seen can come too.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.distribution import LEVELS
from forewarn.maintenance.demand.history import Histories, Ints, units

PATHS = 400
"""Futures drawn per part."""
AT_ONCE = 500
"""Parts drawn together, to bound the memory."""


def bootstrap(histories: Histories, leads: Ints, rng: np.random.Generator, paths: int = PATHS) -> Floats:
    """float64[n, len(LEVELS)]: quantiles of the sum over `leads` int64[n] periods; 0 without any demand on record.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> table = bootstrap(cleaned([[0.0, 0.0, 0.0], [4.0, 4.0, 4.0]]), np.array([2, 2]), np.random.default_rng(1))
    >>> float(table[0].max()), bool(4 < table[1].mean() < 12)
    (0.0, True)
    """
    quantiles = np.zeros((len(leads), len(LEVELS)))
    rows = np.flatnonzero((histories.values > 0).any(axis=1))
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        sums = _futures(histories.of(part), leads[part], rng, paths)
        quantiles[part] = np.quantile(sums, LEVELS, axis=1).T
    return quantiles


def transitions(histories: Histories) -> tuple[Floats, Floats]:
    """(chance of demand after a period without, after one with): counted, with one period of the record's mean added.

    Here (2 + 0.5) / (2 + 1) and (0 + 0.5) / (1 + 1):

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> [chance.tolist() for chance in transitions(cleaned([[0.0, 1.0, 0.0, 1.0]]))]
    [[0.8333333333333334], [0.25]]
    """
    hit, known = histories.values > 0, histories.known
    share = hit.sum(axis=1) / np.maximum(histories.length, 1)
    pairs = known[:, :-1]
    quiet, busy = pairs & ~hit[:, :-1], pairs & hit[:, :-1]
    after_quiet = ((quiet & hit[:, 1:]).sum(axis=1) + share) / (quiet.sum(axis=1) + 1)
    after_busy = ((busy & hit[:, 1:]).sum(axis=1) + share) / (busy.sum(axis=1) + 1)
    return after_quiet, after_busy


def _futures(histories: Histories, leads: Ints, rng: np.random.Generator, paths: int) -> Floats:
    """float64[n, paths]: drawn sums."""
    after_quiet, after_busy = transitions(histories)
    order = np.argsort(-histories.values, axis=1, kind="stable")
    sizes, count = np.take_along_axis(histories.values, order, axis=1), (histories.values > 0).sum(axis=1)
    piece, rows = units(histories)[:, None], np.arange(len(leads))[:, None]
    busy = np.broadcast_to(histories.values[:, -1:] > 0, (len(leads), paths))
    sums = np.zeros((len(leads), paths))
    for period in range(int(leads.max())):
        busy = rng.random(sums.shape) < np.where(busy, after_busy[:, None], after_quiet[:, None])
        drawn = sizes[rows, (rng.random(sums.shape) * count[:, None]).astype(np.int64)] / piece
        shaken = 1 + np.floor(drawn + rng.standard_normal(sums.shape) * np.sqrt(drawn))
        size = np.where(shaken > 0, shaken, drawn) * piece
        sums += np.where(busy & (period < leads[:, None]), size, 0.0)
    return sums
