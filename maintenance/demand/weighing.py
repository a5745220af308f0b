"""How much each method counts: what it would have been worth the last time, over all parts together.

The same methods forecast the latest lead time that lies on record, from what was on record before it. Every average of
theirs on a grid of weights is judged by its loss there, and the weights are the mean of the grid in which an average
counts exp(-its loss above the least, in `WARMTH` of the least): a Gibbs posterior (Catoni 2007). A few large losses
decide such a trial, so the single best average would be a matter of luck; near ties share. One set of weights serves
all parts: choosing a method part by part is worse than choosing none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.distribution import at_levels

JUDGED: Floats = np.array([0.9, 0.95, 0.98])
"""Levels that stock is set by."""
WARMTH = 0.01
"""An average whose loss is this share above the least counts 1/e of it."""
STEPS = 5
"""Weights are tried in fifths."""


def weights(told: Sequence[Floats], actual: Floats, scale: Floats) -> Floats:
    """float64[k], they sum to 1: the weight of each of k methods from what they told, float64[n, len(LEVELS)] each, of
    sums that came to be `actual` float64[n]; losses count in units of `scale` float64[n] > 0.

    >>> from forewarn.maintenance.demand.distribution import LEVELS
    >>> right, wrong = np.full((9, len(LEVELS)), 4.0), np.full((9, len(LEVELS)), 9.0)
    >>> weights([right, wrong], np.full(9, 4.0), np.ones(9)).round(3).tolist()
    [1.0, 0.0]
    >>> weights([right, right], np.full(9, 5.0), np.ones(9)).round(3).tolist()
    [0.5, 0.5]
    """
    tried = _grid(len(told))
    seen = np.stack([at_levels(table, JUDGED) for table in told]) / scale[:, None]
    came = (actual / scale)[:, None]
    losses = np.array([_loss(np.tensordot(one, seen, axes=1), came) for one in tried])
    least = float(losses.min())
    counts = np.exp(-(losses - least) / max(WARMTH * least, 1e-12))
    return np.asarray(counts @ tried / counts.sum(), np.float64)


def _grid(methods: int) -> Floats:
    """float64[g, methods]: all weights in steps of 1 / `STEPS` that sum to 1."""
    steps = [one for one in product(range(STEPS + 1), repeat=methods) if sum(one) == STEPS]
    return np.array(steps, np.float64) / STEPS


def _loss(told: Floats, came: Floats) -> float:
    short = came - told
    return float(np.maximum(JUDGED * short, (JUDGED - 1) * short).mean())
