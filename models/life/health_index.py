"""One number of wear from many columns: 0 as usual, 1 where the lives that have ended ended. Causal and robust.

Each column is compared with its own running quartile (the lower one where wear raises it, the upper one where wear
lowers it), so that a machine that runs in does not count as wearing. Columns weigh by how far they had moved at the
ends over how far they move in the first part of the lives. Level of failure and the level where damage has begun are
read from the same lives, with their scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.change_regression import positive_columns
from forewarn.models.life.contract import Life
from forewarn.models.life.moments import ended
from forewarn.models.life.running import running_median, running_quantile, smallest_of

LEAST_LIVES = 3
SMOOTH_ROWS = 5
IN_A_ROW = 5
LEAST_ROWS = 10
EARLY_SHARE = 0.4  # of a life: taken as sound
WORTH = 2.0  # a column counts when its move at the ends is at least so many times that of sound lives
SHARES = {1: 0.25, -1: 0.75}


@dataclass(frozen=True, slots=True, eq=False)
class HealthIndex:
    """What lives that have ended taught.

    `signs` int[k] (+1: wear raises the column), `weights` float64[k], adding up to 1, 0 for columns that say nothing;
    `sizes` float64[k]: the usual move at the end; `ends` float64[n]: the index at each end, sorted, around 1;
    `begun`: what sound lives do not reach; `noise`: one robust deviation of the index in sound lives.
    """

    names: tuple[str, ...]
    logged: tuple[bool, ...]
    signs: tuple[int, ...]
    weights: Floats
    sizes: Floats
    ends: Floats
    begun: float
    noise: float

    def of(self, life: Life) -> Floats:
        """float64[n]: the index at each row; the last known value where all columns are missing, 0 before the first.

        Rejected when the columns are others than those learnt from.
        """
        if life.names != self.names:
            raise Rejected("columns", f"this model learnt from {', '.join(self.names)}")
        total, known = np.zeros(len(life.age)), np.zeros(len(life.age))
        for j in np.flatnonzero(self.weights):
            moved = risen(life.values[:, j], self.logged[j], self.signs[j]) / self.sizes[j]
            there = ~np.isnan(moved)
            total[there] += self.weights[j] * moved[there]
            known[there] += self.weights[j]
        with np.errstate(invalid="ignore", divide="ignore"):
            return held(np.where(known > 0, total / known, np.nan))

    def paths(self, lives: Sequence[Life]) -> list[Floats]:
        """The index of each life. Moments of one life share its memory: their common past is gone through once."""
        longest: dict[tuple[int, tuple[int, ...]], Floats] = {}
        keys = [(life.values.ctypes.data, life.values.strides) for life in lives]
        for place in sorted(range(len(lives)), key=lambda place: -len(lives[place].age)):
            if keys[place] not in longest:
                longest[keys[place]] = self.of(lives[place])
        return [longest[key][: len(life.age)] for key, life in zip(keys, lives, strict=True)]

    def onset(self, index: Floats) -> int | None:
        """Row at which the index has stood above `begun` five times in a row, and since then never came back for as
        long; None while damage has not begun."""
        above = smallest_of(index, IN_A_ROW) > self.begun
        below = smallest_of(-index, IN_A_ROW) > -self.begun
        above[:LEAST_ROWS] = False
        raised, returned = np.flatnonzero(above), np.flatnonzero(below)
        if not len(raised) or (len(returned) and returned[-1] > raised[-1]):
            return None
        since = raised[raised > returned[-1]] if len(returned) else raised
        return int(since[0])


def learn_index(lives: Sequence[Life]) -> HealthIndex:
    """Learn from at least three lives that have ended. NotReady below, or when no column moves towards the ends."""
    teachers = ended(lives)
    if len({life.asset for life in teachers}) < LEAST_LIVES:
        raise NotReady(f"needs {LEAST_LIVES} assets with an ended life, has {len(teachers)}")
    names, logged = teachers[0].names, positive_columns(teachers)
    found = [column_of(teachers, j, logged[j]) for j in range(len(names))]
    signs, sizes = tuple(sign for sign, _, _ in found), np.array([size for _, size, _ in found])
    worth = np.array([ratio for _, _, ratio in found])
    worth = np.where(worth >= WORTH, np.minimum(worth, 10 * WORTH), 0.0)
    if not worth.sum():
        raise NotReady("no column moves further at the ends of these lives than before")
    bare = HealthIndex(names, logged, signs, worth / worth.sum(), sizes, np.ones(1), np.inf, 0.0)
    paths = [bare.of(life) for life in teachers]
    ends = np.sort([float(np.median(path[-3:])) for path in paths])
    sound = [path[early(life)] for life, path in zip(teachers, paths, strict=True)]
    highest = [float(smallest_of(path, IN_A_ROW).max()) for path in sound]
    begun = max(float(np.median(highest)) * 1.5, float(np.sort(highest)[-2]), 0.05)
    noise = float(np.median([1.4826 * np.median(np.abs(path - np.median(path))) for path in sound]))
    return HealthIndex(
        names, logged, signs, bare.weights, sizes, np.maximum(ends, 1.2 * begun), begun, max(noise, 1e-6)
    )


def column_of(lives: Sequence[Life], j: int, logged: bool) -> tuple[int, float, float]:
    """Direction of wear, usual move at the end, and that over the largest lasting move of sound lives."""
    best = (1, 1.0, 0.0)
    for sign in (1, -1):
        paths = [risen(life.values[:, j], logged, sign) for life in lives]
        ends = [float(np.nanmedian(path[-3:])) for path in paths if not np.all(np.isnan(path[-3:]))]
        if len(ends) < LEAST_LIVES:
            continue
        size = float(np.median(ends))
        sound = [path[early(life)] for life, path in zip(lives, paths, strict=True)]
        usual = [float(np.nanquantile(path, 0.9)) for path in sound if not np.all(np.isnan(path))]
        ratio = size / max(float(np.median(usual)), 1e-9) if usual and size > 1e-9 else 0.0
        if ratio > best[2]:
            best = (sign, size, ratio)
    return best


def risen(column: Floats, logged: bool, sign: int) -> Floats:
    """float64[n]: how far a smoothed column stands beyond its running quartile in the direction of wear."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.log(np.where(column > 0, column, np.nan)) if logged else column
    smooth = running_median(value, SMOOTH_ROWS)
    return np.asarray(sign * (smooth - running_quantile(smooth, SHARES[sign])), np.float64)


def early(life: Life) -> slice:
    """Rows of the first part of a life."""
    stop = int(np.searchsorted(life.age, life.age[0] + EARLY_SHARE * (life.age[-1] - life.age[0])))
    return slice(0, max(stop, 1))


def held(values: Floats) -> Floats:
    """Missing values hold the last known one, 0 before the first."""
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
