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
LEVEL_ROWS = (5, 30)
FLAT_ROWS = 16
FLAT_POWER = FLAT_ROWS * (FLAT_ROWS**2 - 1) / 12
WHOLE = 10**9
"""A window as long as any life."""


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
    """Least-squares slope per row over the last `rows` rows, drawn towards 0 while few have come.

    The draw is that of a ridge (Hoerl and Kennard 1970) worth `FLAT_ROWS` rows of nothing happening: two noisy rows
    have no slope to speak of, a hundred are not touched.

    >>> ramp = np.arange(200.0)[:, None]
    >>> trailing_slope(2 * ramp, 100)[[1, 15, 199], 0].round(2).tolist()
    [0.0, 1.0, 1.99]
    """
    place = np.arange(len(values), dtype=np.float64)[:, None]
    count = np.minimum(place + 1, rows)
    middle = place - (count - 1) / 2
    moment = trailing_sum(place * values, rows) - middle * trailing_sum(values, rows)
    return np.asarray(moment / (count * (count**2 - 1) / 12 + FLAT_POWER), np.float64)


def since_start(values: Floats) -> Floats:
    """Difference to the mean of the life's own first rows (as many as have come, at most `START_ROWS`).

    >>> since_start(np.array([[1.0], [3.0]])).ravel().tolist()
    [0.0, 1.0]
    """
    place = np.arange(len(values))[:, None]
    start = np.cumsum(np.where(place < START_ROWS, values, 0.0), axis=0) / np.minimum(place + 1, START_ROWS)
    return np.asarray(values - start, np.float64)


def wear_table(life: Life, frame: Frame) -> Floats:
    """float32[n, f]: everything that is read from a life at each of its rows.

    Of each moving column and each health axis: levels over 5 and 30 rows, least-squares slopes over 30, 50, 70, 100 and
    all rows. Of the axes also: way since the life's own start and its sum (CUSUM), curvature as the difference of a
    short and a long slope and as the slope of slopes. Then the age in steps of the fleet.
    """
    columns = frame.standard(life)
    axes = columns @ frame.axes
    both = np.hstack([columns, axes])
    way = since_start(axes)
    short, long = trailing_slope(axes, SLOPE_ROWS[0]), trailing_slope(axes, SLOPE_ROWS[-1])
    parts = [
        *(trailing_mean(both, rows) for rows in LEVEL_ROWS),
        *(trailing_slope(both, rows) for rows in (*SLOPE_ROWS, WHOLE)),
        trailing_mean(way, AXIS_ROWS),
        np.cumsum(way, axis=0) / AXIS_ROWS,
        short - long,
        trailing_slope(short, SLOPE_ROWS[0]),
        (life.age / frame.step)[:, None],
    ]
    return np.asarray(np.hstack(parts), np.float32)
