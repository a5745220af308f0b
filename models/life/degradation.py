"""Columns of a life turned into what tells how far it has gone: levels, slopes, health axes. Causal and vectorised.

Every number of a row is made from that row and earlier ones. Windows are counted in rows; slopes are per row. Missing
values hold the last known one. Health axes are the first principal components of trailing means over the fleet's
training rows: found without labels, they gather what moves together as machines wear (Jolliffe 2002, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life

SLOPE_ROWS = (30, 50, 70, 100)
AXIS_ROWS = 10
AXES = 3
START_ROWS = 20
"""What a life's own start is taken from."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the fleet lets expect of the columns, and its health axes.

    names: the columns that the fleet was seen with; used: places of those that move within lives; centre, scale
    float64[len(used)]; axes float64[len(used), a], unit vectors; step: the fleet's usual distance of two rows, in the
    unit of the age.
    """

    names: tuple[str, ...]
    used: tuple[int, ...]
    centre: Floats
    scale: Floats
    axes: Floats
    step: float

    @classmethod
    def of(cls, lives: Sequence[Life], axes: int = AXES) -> Frame:
        """Learn from the rows of all lives, ended or not. Raises NotReady when no column moves."""
        names = lives[0].names
        if any(life.names != names for life in lives):
            raise Rejected("columns-differ", "Give every life the same columns in the same order.")
        held = [held_values(life.values) for life in lives]
        rows = np.concatenate(held)
        centre, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        inside = np.sqrt(np.nanmean(np.concatenate([(h - np.nanmean(h, axis=0)) ** 2 for h in held]), axis=0))
        least = np.maximum(0.01 * scale, 1e-9 * (np.abs(centre) + scale))
        moving = np.flatnonzero(np.isfinite(scale) & (inside > least))
        if not len(moving):
            raise NotReady("No column moves within the lives: there is nothing to learn from.")
        steps = np.concatenate([np.diff(life.age) for life in lives])
        step = float(np.median(steps)) if len(steps) else 1.0
        used = tuple(int(place) for place in moving)
        bare = cls(names, used, centre[moving], scale[moving], np.zeros((len(used), 0)), step)
        means = np.concatenate([trailing_mean(bare.standard(life), AXIS_ROWS) for life in lives])
        _, _, across = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
        turned = across[:axes] * np.where(np.sum(across[:axes], axis=1, keepdims=True) < 0, -1.0, 1.0)
        return cls(bare.names, bare.used, bare.centre, bare.scale, turned.T, step)

    def standard(self, life: Life) -> Floats:
        """float64[n, len(used)]: the moving columns in deviations from the fleet's mean, without gaps."""
        if life.names != self.names:
            raise Rejected("columns-differ", f"The model has learnt the columns {', '.join(self.names)}.")
        held = held_values(life.values[:, self.used])
        return np.asarray(np.nan_to_num((held - self.centre) / self.scale, nan=0.0), np.float64)


def held_values(values: Floats) -> Floats:
    """Missing values replaced by the last known one above them; those before the first stay NaN.

    >>> held_values(np.array([[np.nan], [2.0], [np.nan]])).ravel().tolist()
    [nan, 2.0, 2.0]
    """
    known = np.isfinite(values)
    if known.all():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], 0), axis=0)
    held = np.take_along_axis(values, last, axis=0)
    return np.asarray(np.where(np.isfinite(held), held, np.nan), np.float64)


def trailing_sum(values: Floats, rows: int) -> Floats:
    """Sum over the last `rows` rows (fewer at the start)."""
    total = np.cumsum(values, axis=0)
    total[rows:] = total[rows:] - total[:-rows].copy() if rows < len(values) else total[rows:]
    return total


def trailing_mean(values: Floats, rows: int) -> Floats:
    """Mean over the last `rows` rows (fewer at the start).

    >>> trailing_mean(np.array([[1.0], [3.0], [5.0]]), 2).ravel().tolist()
    [1.0, 2.0, 4.0]
    """
    count = np.minimum(np.arange(1, len(values) + 1), rows)[:, None]
    return np.asarray(trailing_sum(values, rows) / count, np.float64)


def trailing_slope(values: Floats, rows: int) -> Floats:
    """Least-squares slope per row over the last `rows` rows (fewer at the start; 0 for a single row).

    >>> trailing_slope(np.array([[1.0], [3.0], [5.0], [5.0]]), 3).ravel().tolist()
    [0.0, 2.0, 2.0, 1.0]
    """
    n = len(values)
    place = np.arange(n, dtype=np.float64)[:, None]
    count = np.minimum(place + 1, rows)
    middle = place - (count - 1) / 2
    moment = trailing_sum(place * values, rows) - middle * trailing_sum(values, rows)
    power = count * (count**2 - 1) / 12
    return np.asarray(np.divide(moment, power, out=np.zeros_like(moment), where=power > 0), np.float64)


def since_start(values: Floats) -> Floats:
    """Difference to the life's own first rows (as many as have come, at most `START_ROWS`)."""
    return np.asarray(values - started(values), np.float64)


def started(values: Floats) -> Floats:
    """Mean of the life's first rows, as known at each row."""
    count = np.minimum(np.arange(1, len(values) + 1), START_ROWS)[:, None]
    return np.asarray(np.cumsum(np.where(np.arange(len(values))[:, None] < START_ROWS, values, 0.0), axis=0) / count)
