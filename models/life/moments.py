"""Moments of lives that teach and test: which rows, and what is known of a life at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life

LEAST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Moments:
    """`many` moments of each life that has ended, at equal steps between two shares of its length.

    Nobody asks a machine in its first third how long it lasts, and on its last rows the answer is in the news: the
    middle of the forecasts is honest for machines asked between the two.
    """

    many: int = 12
    first_share: float = 0.4
    last_share: float = 0.98

    def rows(self, life: Life) -> list[int]:
        """Rows, each once; nothing of a life that goes on or is shorter than `LEAST_ROWS`.

        >>> Moments(3, 0.5, 0.9).rows(Life("a", np.arange(11.0), (), np.zeros((11, 0)), True))
        [5, 7, 9]
        """
        last = len(life.age) - 1
        if not life.ended or last < LEAST_ROWS:
            return []
        shares = np.linspace(self.first_share, self.last_share, self.many)
        ages = life.age[0] + shares * (life.age[-1] - life.age[0])
        rows = np.searchsorted(life.age, ages, side="right") - 1
        return [int(row) for row in np.unique(np.clip(rows, 1, last - 1))]

    def of(self, lives: Sequence[Life]) -> tuple[list[Life], Floats]:
        """Lives as they were known at the moments, and float64[m] what was left of each (> 0)."""
        asked = [(life, row) for life in lives for row in self.rows(life)]
        left = np.array([life.age[-1] - life.age[row] for life, row in asked])
        return [life.until(row) for life, row in asked], left


def ended(lives: Sequence[Life]) -> list[Life]:
    """Those that have ended and are long enough to learn from."""
    return [life for life in lives if life.ended and len(life.age) > LEAST_ROWS]


def equal_weights(assets: Sequence[str]) -> Floats:
    """float64[m] that add up to 1: every asset counts the same, however many moments it gives.

    >>> equal_weights(["a", "b", "b"]).tolist()
    [0.5, 0.25, 0.25]
    """
    names, place, count = np.unique(np.array(assets), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[place] / len(names), np.float64)


def leave_out(lives: Sequence[Life], most: int, seed: int) -> Iterator[tuple[list[Life], list[Life]]]:
    """Folds by asset: lives that teach and lives that are asked; every asset with an end is asked once, in at most
    `most` folds. Assets that have not ended always teach."""
    assets = sorted({life.asset for life in ended(lives)})
    order = np.random.default_rng(seed).permutation(len(assets))
    for fold in range(min(most, len(assets))):
        out = {assets[i] for i in order[fold::most]}
        yield [life for life in lives if life.asset not in out], [life for life in lives if life.asset in out]
