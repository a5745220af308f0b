"""What every model of remaining life promises. `tests/models/life` runs one suite over `table.LIFE_MODELS`.

A model learns from the lives of several assets, of which some have not ended (censored), and then says for a moment of
another life how long it lasts: always quantiles, never one number. Splits are by asset; a column that was made from a
schedule ("days until the next PM") knows the answer and is refused (`guards`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forewarn.core.readings import Floats

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
"""Levels of every forecast."""


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """One asset from new (or from its last repair) on: age float64[n] strictly rising, in operating hours or cycles;
    values float64[n, k] in the order of `names` (NaN = missing). `ended`: the last row is the failure; else the life
    is censored, it was still running then."""

    asset: str
    age: Floats
    names: tuple[str, ...]
    values: Floats
    ended: bool

    def until(self, row: int) -> Life:
        """What was known when `row` (0-based, included) came: a life that has not ended."""
        return Life(self.asset, self.age[: row + 1], self.names, self.values[: row + 1], False)

    @property
    def remaining(self) -> Floats:
        """float64[n]: age that was left at each row; NaN for a censored life."""
        left = self.age[-1] - self.age
        return left if self.ended else np.full(len(left), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """levels float64[q]; left float64[m, q] in the unit of the age, rows not falling, >= 0; NaN rows: "cannot tell
    yet", with the reason in `said` (one text a row, "" where there is a forecast)."""

    levels: Floats
    left: Floats
    said: tuple[str, ...]

    def at(self, level: float) -> Floats:
        """float64[m] of one level, linear between the given ones."""
        return np.array([np.interp(level, self.levels, row) for row in self.left])


class Prognosis(Protocol):
    """A model that has learnt. Pure and causal: what it says of a life depends on the rows given and nothing later."""

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """Remaining life after the last row of each life."""
        ...


class LifeModel(Protocol):
    """Settings of one way to forecast. `name` is its key in `table.LIFE_MODELS`."""

    @property
    def name(self) -> str:
        """Key in the table."""
        ...

    def learn(self, lives: Sequence[Life], seed: int = 0) -> Prognosis:
        """Learn from lives. Raises NotReady for too few ends, Rejected for columns that know the answer."""
        ...


Splits = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""Places of the assets that teach and of those that are asked, for each fold."""
