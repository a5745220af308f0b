"""A column that leaves the level of its last minutes and stays away: the default for fast signals with a short past.

A fast mean is compared with a slow one from before it. The slow one goes on learning, so that wander (a motor warming
up, a tank emptying) is no change; it stops where the column leaves its limit, so that a fault is not learnt. The limit
is a prediction interval for so many independent windows as the past really held (few rows that resemble one another
give a wide one), and never less than the smallest change that matters for the quantity.

An episode ends when the column has come back by seven tenths of the way, seen from the episode's own peak: machines
seldom return to exactly the old state. Once it stands still, wherever that is, the new level is the accepted one.
Known limit: what creeps slower than the slow mean follows is not seen here; a long memory is for that (`long_memory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.calibration import correlation_rows
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.control_charts import last_known
from forewarn.models.detectors.usual import TAILS, Usual, in_any, learn_usual, shares, trailing_mean

Bools = NDArray[np.bool_]

WINDOWS_NEEDED = 7  # lengths of the fast mean that a past must hold
FEWEST_WINDOWS = 2.0  # degrees of freedom that are assumed at least
MOST_PAST_ROWS = 5_000
STILL_LENGTHS = 3  # a column stands still when its fast mean moved by less than its limit for so many lengths of it
AGAIN = 0.8  # of the old peak: further than that an episode has not ended after all
TEMPERATURE_K = 5.0  # as in `models.limits`: less comes from the weather
VIBRATION_SHARE = 0.25  # ISO 20816-1, criterion II
OTHER_SHARE = 0.01  # accuracy class of common industrial transmitters


@dataclass(frozen=True, slots=True)
class LevelShift:
    """`fast` and `slow` are rows; `chance` is that of one healthy window of one column beyond its limit; an episode
    begins after `confirm` rows and ends below `release` of its peak. `smallest` are changes that matter, in the unit of
    each column (empty: 1 % of each level)."""

    fast: int = 15
    slow: int = 60
    chance: float = 0.005
    confirm: int = 3
    release: float = 0.3
    smallest: tuple[float, ...] = ()
    name: str = "level_shift"

    def learn(self, past: Window) -> ShiftJudge:
        """Learn how far fast and slow mean usually part. Raises NotReady below seven lengths of the fast mean."""
        if len(past) < WINDOWS_NEEDED * self.fast:
            raise NotReady(f"{len(past)} of the {WINDOWS_NEEDED * self.fast} rows that a level needs")
        usual = learn_usual(past)
        deviations = usual.deviations(past.rows(slice(-MOST_PAST_ROWS, None)))
        fast = last_known(trailing_mean(deviations, self.fast))
        parted, level = followed(fast, self.fast, self.slow)
        limit = np.maximum(limits_of(parted, self.chance), self._matters(past) / usual.spread)
        return ShiftJudge(self, usual, level, np.where(np.isnan(limit), np.inf, limit), deviations[-2 * self.fast :])

    def _matters(self, past: Window) -> Floats:
        if self.smallest and len(self.smallest) != len(past.names):
            raise Rejected("other_columns", f"{len(self.smallest)} smallest changes for {len(past.names)} columns")
        return np.array(self.smallest) if self.smallest else OTHER_SHARE * levels_of(past)


@dataclass(frozen=True, slots=True, eq=False)
class ShiftJudge:
    """What `LevelShift` learnt: level and limit float64[k] in deviations; `before` are the last rows of the past, since
    the windows asked about are taken to follow it."""

    settings: LevelShift
    usual: Usual
    level: Floats
    limit: Floats
    before: Floats

    def strangeness(self, window: Window) -> Strangeness:
        """The largest change over columns in limits: 1 is at the limit."""
        return self.watched(window)[0]

    def alarm(self, window: Window) -> Bools:
        """bool[n]: is any column in an episode, or was within the last rows that the fast mean remembers?"""
        inside = in_any(self.watched(window)[1])
        rows = np.arange(len(inside))
        last = np.maximum.accumulate(np.where(inside, rows, -len(rows) - self.settings.fast))
        return np.asarray(rows - last <= self.settings.fast, np.bool_)

    def watched(self, window: Window) -> tuple[Strangeness, Bools]:
        """Strangeness, and per column bool[n, k] whether it is in an episode."""
        deviations = self.usual.deviations(window)
        length = self.settings.fast
        mean = last_known(trailing_mean(np.vstack([self.before, deviations]), length))
        fresh = ~np.isnan(deviations)
        watch = Watch(self)
        rows = [
            watch.row(now, then, known)
            for now, then, known in zip(mean[2 * length :], mean[length:-length], fresh, strict=True)
        ]
        ratio = np.array([ratio for ratio, _ in rows]).reshape(deviations.shape)
        inside = np.array([inside for _, inside in rows], np.bool_).reshape(deviations.shape)
        known = in_any(fresh)
        distance = np.where(known, ratio.max(axis=1, initial=0.0), np.nan)
        return Strangeness(distance, shares(np.where(known[:, None], ratio**2, 0.0))), inside


class Watch:
    """The columns as the rows come in, each with its own level, episode and rest; all arrays are [k]."""

    def __init__(self, judge: ShiftJudge) -> None:
        self._settings, self._limit = judge.settings, judge.limit
        self._level = judge.level.copy()
        columns = len(judge.level)
        self._inside, self._leaving = np.zeros(columns, np.bool_), np.zeros(columns, np.bool_)
        self._peak, self._side = np.zeros(columns), np.zeros(columns)
        self._beyond, self._still = np.zeros(columns, np.int64), np.zeros(columns, np.int64)

    def row(self, now: Floats, then: Floats, known: Bools) -> tuple[Floats, Bools]:
        """Ratio float64[k] of change to limit, and who is in an episode. `then` is the fast mean of one length ago."""
        self._settle(now, then)
        change = now - self._level
        self._return(np.abs(change), np.sign(change))
        self._begin(np.abs(change), np.sign(change), known)
        learns = known & ~self._inside & ~self._leaving & (np.abs(change) < self._limit)
        self._level = np.where(learns, self._level + (then - self._level) / self._settings.slow, self._level)
        return np.abs(change) / self._limit, self._inside.copy()

    def _settle(self, now: Floats, then: Floats) -> None:
        """After an episode the level is accepted anew where the column stands still."""
        calm = self._leaving & (np.abs(now - then) < self._limit)
        self._still = np.where(calm, self._still + 1, 0)
        settled = self._leaving & (self._still >= STILL_LENGTHS * self._settings.fast)
        self._level = np.where(settled, now, self._level)
        self._leaving &= ~settled
        self._beyond[settled] = 0

    def _return(self, far: Floats, side: Floats) -> None:
        """An episode ends near its beginning, seen from its peak; and goes on when the column turns back."""
        again = self._leaving & (side == self._side) & (far >= np.maximum(self._limit, AGAIN * self._peak))
        self._inside |= again
        self._peak = np.where(self._inside, np.maximum(self._peak, far), self._peak)
        ended = self._inside & ((far < self._settings.release * self._peak) | (side != self._side))
        self._inside &= ~ended
        self._leaving = (self._leaving & ~again) | ended

    def _begin(self, far: Floats, side: Floats, known: Bools) -> None:
        """So many rows in a row beyond the limit; a row without a value neither counts nor breaks the run."""
        free = ~self._inside & ~self._leaving
        self._beyond = np.where(known, np.where(free & (far >= self._limit), self._beyond + 1, 0), self._beyond)
        begun = free & (self._beyond >= self._settings.confirm)
        self._inside |= begun
        self._peak, self._side = np.where(begun, far, self._peak), np.where(begun, side, self._side)


def followed(fast: Floats, length: int, slow: int) -> tuple[Floats, Floats]:
    """Fast mean minus the slow one before it, float64[m, k], over a past; and the slow one at its end, float64[k]."""
    level, parted = fast[length].copy(), []
    for row in range(2 * length, len(fast)):
        level = level + (fast[row - length] - level) / min(slow, row - 2 * length + 1)
        parted.append(fast[row] - level)
    return np.array(parted[length:]), level


def limits_of(parted: Floats, chance: float) -> Floats:
    """Two-sided prediction interval float64[k] for a new window, from as many as are independent (Student)."""
    from scipy.stats import t

    windows = np.array([max(FEWEST_WINDOWS, len(parted) / correlation_rows(column)) for column in parted.T])
    scatter = np.maximum(1.4826 * np.median(np.abs(parted), axis=0), TAILS * np.sqrt(np.mean(parted**2, axis=0)))
    return np.asarray(t.ppf(1 - chance / 2, windows) * scatter * np.sqrt(1 + 1 / windows), np.float64)


def smallest_changes(quantities: Sequence[str], past: Window) -> tuple[float, ...]:
    """Changes that matter in the unit of each column, by its quantity: 5 K, a quarter of a vibration, else 1 %.

    >>> past = Window.of([0, 1], ["t", "a", "q"], np.array([[60.0, 2.0, 30.0], [60.0, 2.0, 30.0]]))
    >>> [round(x, 3) for x in smallest_changes(["temperature", "acceleration", "flow"], past)]
    [5.0, 0.5, 0.3]
    """
    shares_of = {"acceleration": VIBRATION_SHARE, "vibration_velocity": VIBRATION_SHARE}
    return tuple(
        TEMPERATURE_K if quantity == "temperature" else shares_of.get(quantity, OTHER_SHARE) * float(level)
        for quantity, level in zip(quantities, levels_of(past), strict=True)
    )


def levels_of(past: Window) -> Floats:
    """float64[k]: median size of each column; 0 for one that was never seen."""
    known = [np.abs(y[~np.isnan(y)]) for y in past.values.T]
    return np.array([float(np.median(y)) if len(y) else 0.0 for y in known])
