"""One number of wear from many columns: 0 as usual, 1 where the lives that have ended ended. Causal and robust.

Each column is compared with its own running quartile (the lower one where wear raises it, the upper one where wear
lowers it), so that a machine that runs in does not count as wearing. Columns weigh by how far they had moved at the
ends over how far they move in the first part of the lives. Level of failure and the level where damage has begun are
read from the same lives, with their scatter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
BEYOND_SOUND = 1.2  # damage has begun beyond so many times what three of four sound lives do not reach
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
        used = np.flatnonzero(self.weights)
        moved = np.full((len(life.age), len(used)), np.nan)
        smooth = smoothed(life, self.logged)[:, used]
        for sign in SHARES:
            of_sign = np.array(self.signs)[used] == sign
            moved[:, of_sign] = risen(smooth[:, of_sign], sign)
        return self.gathered(moved / self.sizes[used], self.weights[used])

    @staticmethod
    def gathered(moved: Floats, weights: Floats) -> Floats:
        """float64[n]: weighted mean of the columns that are known."""
        known = ~np.isnan(moved)
        total, weight = np.where(known, moved, 0.0) @ weights, known @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            return held(np.where(weight > 0, total / weight, np.nan))

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


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How far the columns of one life moved beyond their running quartiles: sign -> float64[n, k]; rows `sound` are
    its first part. `ends` and `usual`, sign -> float64[k]: median of the last three rows, and what the first part
    passes in a tenth of its rows; NaN where there is none."""

    asset: str
    by_sign: Mapping[int, Floats]
    sound: slice
    ends: Mapping[int, Floats]
    usual: Mapping[int, Floats]

    @classmethod
    def of(cls, life: Life, logged: Sequence[bool]) -> Moved:
        """Gone through once for all folds that teach with this life."""
        smooth, sound = smoothed(life, logged), early(life)
        by_sign = {sign: risen(smooth, sign) for sign in SHARES}
        ends = {sign: known_quantile(table[-3:], 0.5) for sign, table in by_sign.items()}
        usual = {sign: known_quantile(table[sound], 0.9) for sign, table in by_sign.items()}
        return cls(life.asset, by_sign, sound, ends, usual)


def learn_index(lives: Sequence[Life]) -> HealthIndex:
    """Learn from at least three lives that have ended. NotReady below, or when no column moves towards the ends."""
    teachers = ended(lives)
    if not teachers:
        raise NotReady(f"needs {LEAST_LIVES} assets with an ended life, has none")
    logged = positive_columns(teachers)
    return index_of([Moved.of(life, logged) for life in teachers], teachers[0].names, logged)


def index_of(moved: Sequence[Moved], names: tuple[str, ...], logged: tuple[bool, ...]) -> HealthIndex:
    """The same from what was gone through before."""
    assets = len({life.asset for life in moved})
    if assets < LEAST_LIVES:
        raise NotReady(f"needs {LEAST_LIVES} assets with an ended life, has {assets}")
    found = [column_of(moved, j) for j in range(len(names))]
    signs, sizes = tuple(sign for sign, _, _ in found), np.array([size for _, size, _ in found])
    worth = np.array([ratio for _, _, ratio in found])
    worth = np.where(worth >= WORTH, np.minimum(worth, 10 * WORTH), 0.0)
    if not worth.sum():
        raise NotReady("no column moves further at the ends of these lives than before")
    weights = worth / worth.sum()
    mine = [np.stack([life.by_sign[sign][:, j] for j, sign in enumerate(signs)], axis=1) for life in moved]
    paths = [HealthIndex.gathered(table / sizes, weights) for table in mine]
    ends = np.sort([float(np.median(path[-3:])) for path in paths])
    sound = [path[life.sound] for life, path in zip(moved, paths, strict=True)]
    highest = [float(smallest_of(path, IN_A_ROW).max()) for path in sound]
    begun = max(BEYOND_SOUND * float(np.quantile(highest, 0.75)), 0.05)
    noise = float(np.median([1.4826 * np.median(np.abs(path - np.median(path))) for path in sound]))
    return HealthIndex(names, logged, signs, weights, sizes, np.maximum(ends, 1.2 * begun), begun, max(noise, 1e-6))


def column_of(moved: Sequence[Moved], j: int) -> tuple[int, float, float]:
    """Direction of wear, usual move at the end, and that over what sound lives pass in a tenth of their rows."""
    best = (1, 1.0, 0.0)
    for sign in SHARES:
        ends = np.array([life.ends[sign][j] for life in moved])
        usual = np.array([life.usual[sign][j] for life in moved])
        ends, usual = ends[~np.isnan(ends)], usual[~np.isnan(usual)]
        if len(ends) < LEAST_LIVES or not len(usual):
            continue
        size = float(np.median(ends))
        ratio = size / max(float(np.median(usual)), 1e-9) if size > 1e-9 else 0.0
        if ratio > best[2]:
            best = (sign, size, ratio)
    return best


def known_quantile(table: Floats, share: float) -> Floats:
    """float64[k]: quantile of each column over the rows that are known (linear between two), NaN where none is.

    >>> known_quantile(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]), 0.5).tolist()
    [2.0, nan]
    """
    rows = np.sort(table, axis=0)  # NaN goes to the end
    known = np.count_nonzero(~np.isnan(rows), axis=0)
    place, columns = share * np.maximum(known - 1, 0), np.arange(rows.shape[1])
    low = place.astype(np.intp)
    below, above = rows[low, columns], rows[np.minimum(low + 1, np.maximum(known - 1, 0)), columns]
    return np.asarray(below + (place - low) * (above - below), np.float64)


def smoothed(life: Life, logged: Sequence[bool]) -> Floats:
    """float64[n, k]: running medians of the columns, of logarithms where a column changes by factors."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(life.values > 0, life.values, np.nan))
    return running_median(np.where(np.array(logged, bool), logs, life.values), SMOOTH_ROWS)


def risen(smooth: Floats, sign: int) -> Floats:
    """float64[n, k]: how far smoothed columns stand beyond their running quartile in the direction of wear."""
    return sign * (smooth - running_quantile(smooth, SHARES[sign]))


def early(life: Life) -> slice:
    """Rows of the first part of a life."""
    stop = int(np.searchsorted(life.age, life.age[0] + EARLY_SHARE * (life.age[-1] - life.age[0])))
    return slice(0, max(stop, 1))


def held(values: Floats) -> Floats:
    """Missing values hold the last known one, 0 before the first."""
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
