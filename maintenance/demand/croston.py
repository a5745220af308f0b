"""Rates of demand by smoothing: Croston 1972, SBA (Syntetos and Boylan 2005), TSB (Teunter, Syntetos, Babai 2011).

Every function takes `Histories` and gives float64[n], expected pieces per period from now on. All start from the mean
of the record's sizes and intervals (or shares), so that a short record is not ruled by its first demand.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.history import Histories

SMOOTHING = 0.1
"""Weight of the newest demand; the literature's usual one for spare parts lies between 0.05 and 0.2."""
SLOW = 0.05
"""TSB's weight of the newest size."""


def mean_rate(histories: Histories) -> Floats:
    """Plain mean of the record; 0 without one."""
    return np.asarray(histories.values.sum(axis=1) / np.maximum(histories.length, 1), np.float64)


def croston(histories: Histories, smoothing: float = SMOOTHING) -> Floats:
    """Smoothed size over smoothed interval, both renewed only when there is demand. Never forgets a dead part.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> croston(cleaned([[0.0, 2.0, 0.0, 4.0]]), smoothing=0.5).tolist()  # sizes 3, 2.5, 3.25; intervals 2, 2, 2
    [1.625]
    """
    values, known = histories.values, histories.known
    count = (values > 0).sum(axis=1)
    size = values.sum(axis=1) / np.maximum(count, 1)
    gap = np.maximum(histories.length / np.maximum(count, 1), 1.0)
    since = np.zeros(len(values))
    for period in range(values.shape[1]):
        since += known[:, period]
        hit = values[:, period] > 0
        size = np.where(hit, size + smoothing * (values[:, period] - size), size)
        gap = np.where(hit, gap + smoothing * (since - gap), gap)
        since = np.where(hit, 0.0, since)
    return np.where(count > 0, size / gap, 0.0)


def sba(histories: Histories, smoothing: float = SMOOTHING) -> Floats:
    """Croston without its upward bias: times 1 - smoothing / 2."""
    return np.asarray((1 - smoothing / 2) * croston(histories, smoothing), np.float64)


def tsb(histories: Histories, smoothing: float = SMOOTHING, size_smoothing: float = SLOW) -> Floats:
    """Smoothed size times smoothed chance of demand; the chance falls with every period without, so a dead part fades.

    >>> from forewarn.maintenance.demand.history import cleaned
    >>> tsb(cleaned([[2.0, 0.0]]), smoothing=0.5).tolist()  # chance 0.5, 0.75, 0.375; size 2
    [0.75]
    """
    values, known = histories.values, histories.known
    count = (values > 0).sum(axis=1)
    size = values.sum(axis=1) / np.maximum(count, 1)
    chance = count / np.maximum(histories.length, 1)
    for period in range(values.shape[1]):
        hit = values[:, period] > 0
        chance = np.where(known[:, period], chance + smoothing * (hit - chance), chance)
        size = np.where(hit, size + size_smoothing * (values[:, period] - size), size)
    return np.asarray(chance * size, np.float64)


def smoothed(histories: Histories, smoothing: float = SMOOTHING) -> Floats:
    """Simple exponential smoothing of every period, from the mean of the record."""
    level = mean_rate(histories)
    for period in range(histories.values.shape[1]):
        step = smoothing * (histories.values[:, period] - level)
        level = np.where(histories.known[:, period], level + step, level)
    return level
