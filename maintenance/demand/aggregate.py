"""Rates of demand from sums over several periods, which are less often zero: ADIDA and IMAPA.

ADIDA (Nikolopoulos et al. 2011) smooths the sums over blocks as long as the mean interval between demands; IMAPA
(Petropoulos and Kourentzes 2015) averages what all blocks from 1 to that length say.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.classes import interval
from forewarn.maintenance.demand.croston import SMOOTHING, mean_rate
from forewarn.maintenance.demand.history import Histories, Ints


def adida(histories: Histories, smoothing: float = SMOOTHING) -> Floats:
    """float64[n]: pieces per period, smoothed at one block length.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> adida(cleaned([[9.0, 0.0, 2.0, 0.0, 4.0]]), smoothing=0.5).tolist()  # blocks of 2 from the end: 2, 4; 3 -> 3.25
    [1.625]
    """
    blocks = _longest(histories)
    rates = np.zeros(len(blocks))
    for size in np.unique(blocks):
        rows = blocks == size
        rates[rows] = block_rate(histories.of(rows), int(size), smoothing)
    return rates


def imapa(histories: Histories, smoothing: float = SMOOTHING) -> Floats:
    """float64[n]: pieces per period, the mean of the rates at all block lengths from 1 to ADIDA's."""
    blocks = _longest(histories)
    total = np.zeros(len(blocks))
    for size in range(1, int(blocks.max(initial=1)) + 1):
        rows = blocks >= size
        total[rows] += block_rate(histories.of(rows), size, smoothing)
    return np.asarray(total / blocks, np.float64)


def block_rate(histories: Histories, size: int, smoothing: float = SMOOTHING) -> Floats:
    """Pieces per period by exponential smoothing of the sums over blocks of `size` periods, counted back from the end.

    A rest at the start that fills no block is left out; a record shorter than one block gives its plain mean.
    """
    count = histories.values.shape[1] // size
    if count == 0:
        return mean_rate(histories)
    tail = histories.values.shape[1] - count * size
    sums = histories.values[:, tail:].reshape(len(histories.values), count, size).sum(axis=2)
    whole = (tail + np.arange(count) * size) >= histories.start[:, None]
    level = np.where(whole, sums, 0.0).sum(axis=1) / np.maximum(whole.sum(axis=1), 1)
    for block in range(count):
        level = np.where(whole[:, block], level + smoothing * (sums[:, block] - level), level)
    return np.where(whole.any(axis=1), level / size, mean_rate(histories))


def _longest(histories: Histories) -> Ints:
    """int64[n]: the mean interval between demands, rounded, at least 1 and at most half the record."""
    gap = np.nan_to_num(interval(histories), posinf=1.0)
    return np.clip(np.rint(gap), 1, np.maximum(histories.length // 2, 1)).astype(np.int64)
