"""Histories of demand as every method reads them: what a blank is, what a return is, and how much a series moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats

Ints = npt.NDArray[np.int64]
DUST = 1e-9
"""Less than this is nothing."""


@dataclass(frozen=True, slots=True)
class Histories:
    """n series over the same T periods, oldest first, made clean by `cleaned`.

    `values` float64[n, T] >= 0, pieces demanded per period, 0 before the start; `start` int64[n], the first period on
    record (T when there is none).
    """

    values: Floats
    start: Ints

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """bool[n, T]: is the period on record?"""
        return np.arange(self.values.shape[1]) >= self.start[:, None]

    @property
    def length(self) -> Ints:
        """int64[n]: periods on record."""
        return np.asarray(self.values.shape[1] - self.start, np.int64)

    def until(self, period: int) -> Histories:
        """The same series as they stood when `period` periods had passed; nothing later is in it."""
        return Histories(self.values[:, :period], np.minimum(self.start, period))

    def of(self, rows: npt.NDArray[np.bool_] | Ints) -> Histories:
        """Some of the series."""
        return Histories(self.values[rows], self.start[rows])


def cleaned(histories: npt.ArrayLike) -> Histories:
    """Histories from a table float64[n, T] of pieces per period, oldest first.

    NaN before the first number of a row means that there was no record yet; NaN after it means that nothing was
    booked, 0. A negative number is a return: it takes back the demand before it, the latest first, and what it cannot
    take back is dropped (it belongs to demand that is older than the record). So the sum of a row never grows by
    returns and no period is negative. Refuses a table without two dimensions, and infinite numbers (`histories`).

    >>> made = cleaned([[float("nan"), 5.0, 3.0, -4.0, 0.0], [-2.0, 0.0, 1.0, 0.0, 0.0]])
    >>> made.values.tolist()
    [[0.0, 4.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
    >>> made.start.tolist()
    [1, 0]
    """
    table = np.array(histories, np.float64)
    if table.ndim != 2:
        raise Rejected("histories", f"give a table of one row per series and one column per period, not {table.shape}")
    if np.isinf(table).any():
        row = int(np.flatnonzero(np.isinf(table).any(axis=1))[0])
        raise Rejected("histories", f"row {row} holds an infinite number; leave a period that is not known blank")
    told = ~np.isnan(table)
    start = np.where(told.any(axis=1), told.argmax(axis=1), table.shape[1]).astype(np.int64)
    table[~told] = 0.0
    table[np.abs(table) < DUST] = 0.0
    for returned in np.flatnonzero((table < 0).any(axis=1)):
        _net(table[returned])
    return Histories(table, start)


def _net(row: Floats) -> None:
    """Takes returns back from the demand before them, in place."""
    for back in np.flatnonzero(row < 0):
        owed = -row[back]
        row[back] = 0.0
        for before in range(back - 1, -1, -1):
            taken = min(owed, row[before])
            row[before] -= taken
            owed -= taken
            if owed <= 0:
                break
    row[row < DUST] = 0.0  # what subtraction leaves of numbers that are not whole


def spread(histories: Histories) -> Floats:
    """float64[n]: standard deviation over the periods on record (divided by their number); 0 when nothing moves.

    >>> spread(cleaned([[float("nan"), 0.0, 2.0], [1.0, 1.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    known, count = histories.known, np.maximum(histories.length, 1)
    mean = histories.values.sum(axis=1) / count
    square = np.where(known, (histories.values - mean[:, None]) ** 2, 0.0).sum(axis=1) / count
    return np.asarray(np.sqrt(square), np.float64)


def units(histories: Histories) -> Floats:
    """float64[n]: the piece that a series is counted in: 1 when all its numbers are whole, else its smallest demand
    (litres and metres have no piece).

    >>> units(cleaned([[0.0, 3.0, 6.0], [0.0, 0.5, 2.0], [0.0, 0.0, 0.0]])).tolist()
    [1.0, 0.5, 1.0]
    """
    whole = (histories.values == np.rint(histories.values)).all(axis=1)
    least = np.where(histories.values > 0, histories.values, np.inf).min(axis=1, initial=np.inf)
    return np.where(whole | np.isinf(least), 1.0, least)
