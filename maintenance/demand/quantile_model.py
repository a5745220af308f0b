"""One model for all parts: the past of every part teaches what comes after a record that looks like this one.

A quantile regression forest (Meinshausen 2006) of extremely randomised trees (Geurts et al. 2006): trees are grown on
`features` at many past moments against the sum that followed, and each leaf keeps the distribution of the sums in it.
One fit gives every level, and quantiles cannot cross. What is known of a part beside its record (`facts`: its price,
how many machines hold it) is a feature too: it tells a bolt from a gearbox before the second demand does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.distribution import LEVELS
from forewarn.maintenance.demand.features import features, scales
from forewarn.maintenance.demand.history import Histories, Ints

ROWS = 40_000
"""Moments that are learnt from at most, to bound the time."""
FEWEST_ROWS = 300
"""Below this the model stays silent."""
SHORTEST = 3
"""Periods on record that a moment needs to teach."""
TREES, LEAF, COLUMNS = 50, 100, 0.5
BINS = 200
Scaling = Callable[[Histories, Ints], Floats]
"""By what sums are divided so that parts can be compared: `scales` or `record_scales`."""


@dataclass(frozen=True, slots=True)
class QuantileForest:
    """Trees, and for each the distribution of scaled sums in its leaves.

    `edges` float64[b] rising, sums divided by `scaled`; `below[t]` float64[nodes, b]: the share of a leaf's sums at or
    below each.
    """

    scaled: Scaling
    trees: Any
    edges: Floats
    below: tuple[Floats, ...]

    def quantiles(self, table: Floats) -> Floats:
        """float64[n, len(LEVELS)]: quantiles of scaled sums for rows of `features`; straight lines between `edges`."""
        leaves = self.trees.apply(table)
        share = sum(below[leaves[:, tree]] for tree, below in enumerate(self.below)) / len(self.below)
        found = np.zeros((len(table), len(LEVELS)))
        rows = np.arange(len(table))
        for column, level in enumerate(LEVELS):
            right = np.minimum((share < level - 1e-12).sum(axis=1), len(self.edges) - 1)
            left = np.maximum(right - 1, 0)
            low, high = np.where(right > 0, share[rows, left], 0.0), share[rows, right]
            part = np.clip((level - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
            found[:, column] = self.edges[left] + part * (self.edges[right] - self.edges[left])
        return found


def learnt(
    histories: Histories, leads: Ints, seed: int, scaled: Scaling = scales, facts: Floats | None = None
) -> QuantileForest | None:
    """The forest that these records teach for lead times like `leads` int64[n]; None when they teach too little.
    `facts` float64[n, k] as `ranked` gives them."""
    table, target = lessons(histories, leads, scaled, facts)
    if len(target) < FEWEST_ROWS:
        return None
    from sklearn.ensemble import ExtraTreesRegressor

    grown = ExtraTreesRegressor(
        n_estimators=TREES, min_samples_leaf=LEAF, max_features=COLUMNS, random_state=seed, n_jobs=1
    ).fit(table, np.sqrt(target))
    edges = np.unique(np.quantile(target, 1 - np.linspace(1, 0, BINS) ** 2))
    bins = np.searchsorted(edges, target)
    leaves = grown.apply(table)
    below = []
    for tree in range(TREES):
        nodes = int(leaves[:, tree].max()) + 1
        counted = np.bincount(leaves[:, tree] * len(edges) + bins, minlength=nodes * len(edges))
        heaped = counted.reshape(nodes, len(edges)).cumsum(axis=1).astype(np.float64)
        below.append(heaped / np.maximum(heaped[:, -1:], 1.0))
    return QuantileForest(scaled, grown, edges, tuple(below))


def forecast(forest: QuantileForest, histories: Histories, leads: Ints, facts: Floats | None = None) -> Floats:
    """float64[n, len(LEVELS)]: quantiles in pieces; NaN for parts that do not move. `facts` as it learnt with."""
    scale = forest.scaled(histories, leads)
    found = np.full((len(leads), len(LEVELS)), np.nan)
    moving = scale > 0
    if moving.any():
        seen = _beside(features(histories.of(moving), leads[moving]), facts, np.flatnonzero(moving))
        found[moving] = forest.quantiles(seen) * scale[moving, None]
    return found


def lessons(
    histories: Histories, leads: Ints, scaled: Scaling = scales, facts: Floats | None = None
) -> tuple[Floats, Floats]:
    """(features float64[m, k], scaled sums float64[m]) at past moments from which a whole lead time lies on record.

    Moments are spread evenly over the record, parts evenly over moments, as many as `ROWS` allows. Nothing that lies
    after a moment is in its features.
    """
    periods = histories.values.shape[1]
    moments = np.arange(SHORTEST, periods - int(leads.min()) + 1)
    if not len(moments):
        return np.zeros((0, 0)), np.zeros(0)
    most = max(ROWS // len(leads), 1)
    if len(moments) > most:
        moments = moments[np.unique(np.rint(np.linspace(0, len(moments) - 1, most)).astype(np.int64))]
    tables, targets = [], []
    for moment in moments[:: max(1, len(moments) * len(leads) // (20 * ROWS))]:
        then, whole = histories.until(int(moment)), moment + leads <= periods
        scale = scaled(then, leads)
        rows = np.flatnonzero((scale > 0) & whole & (then.length >= SHORTEST))
        if not len(rows):
            continue
        sums = sums_from(histories.values[rows], int(moment), leads[rows])
        tables.append(_beside(features(then.of(rows), leads[rows]), facts, rows))
        targets.append(sums / scale[rows])
    if not tables:
        return np.zeros((0, 0)), np.zeros(0)
    return np.vstack(tables), np.concatenate(targets)


def _beside(table: Floats, facts: Floats | None, rows: Ints) -> Floats:
    return table if facts is None else np.hstack([table, facts[rows]])


def sums_from(values: Floats, moment: int, leads: Ints) -> Floats:
    """float64[n]: the sum of each row of `values` over its `leads` periods from period `moment` on."""
    total = np.hstack([np.zeros((len(values), 1)), np.cumsum(values, axis=1)])
    return np.asarray(total[np.arange(len(values)), moment + leads] - total[:, moment], np.float64)
