"""Degradation extrapolation: the health index goes on growing until it reaches the level at which others failed.

Three laws of growth (straight, exponential, power of the time since onset) are fitted from the onset of damage, newest
points counting most; each law counts by how well it fits, the slope scatters by its error (of a third of the points,
for neighbours correlate) and the level of failure as it did in the lives that have ended (Gebraeel et al. 2005; Coble
and Hines 2011). Laws miss: a further factor is read from lives that were left out. Before damage has begun there is
nothing to extrapolate, and the answer is "cannot tell yet".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.growth import blurred, reached
from forewarn.models.life.guards import refuse_leaks
from forewarn.models.life.health_index import LEAST_LIVES, HealthIndex, Moved, index_of, learn_index
from forewarn.models.life.moments import Moments, ended, equal_weights, leave_out
from forewarn.models.life.pooling import MIDDLE, weighted_quantiles

NOT_BEGUN = "cannot tell yet: damage has not begun"
TOO_NEW = "cannot tell yet: damage has just begun"
LEAST_POINTS = 8
LONGEST = 3.0  # times the longest life that was seen
SPREAD = 0.6  # of ln(life left) where no life could be left out to measure it: published trends miss by two
LEAST_MISSES = 6


@dataclass(frozen=True, slots=True)
class Extrapolation:
    """Settings: at which moments the laws are tried on lives that were left out."""

    moments: Moments = field(default_factory=lambda: Moments(12, 0.5, 0.98))
    folds: int = 6

    @property
    def name(self) -> str:
        """Key in the table."""
        return "extrapolation"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> ExtrapolationPrognosis:
        """Learn index, level of failure and how far extrapolation misses. NotReady below three ended lives."""
        refuse_leaks(lives)
        teachers = ended(lives)
        index, longest = learn_index(lives), longest_of(lives)
        moved = {id(life): Moved.of(life, index.logged) for life in teachers}
        missed: list[float] = []
        assets: list[str] = []
        if len({life.asset for life in teachers}) > LEAST_LIVES:
            for teach, ask in leave_out(teachers, self.folds, seed):
                middle, asked, left = self._tried([moved[id(life)] for life in teach], teach, ask, index)
                told = ~np.isnan(middle)
                missed.extend(np.log(left[told]) - np.log(middle[told]))
                assets.extend(life.asset for life, t in zip(asked, told, strict=True) if t)
        if len(missed) < LEAST_MISSES:
            return ExtrapolationPrognosis(index, longest, SPREAD)
        spread = float(np.sqrt(equal_weights(assets) @ np.array(missed) ** 2))
        return ExtrapolationPrognosis(index, longest, max(spread, SPREAD / 2))

    def _tried(
        self, moved: list[Moved], teach: list[Life], ask: list[Life], known: HealthIndex
    ) -> tuple[Floats, list[Life], Floats]:
        """Middle of the forecasts for lives that did not teach, the lives, and what was left of them."""
        asked, left = self.moments.of(ask)
        try:
            bare = ExtrapolationPrognosis(index_of(moved, known.names, known.logged), longest_of(teach), 0.0)
        except NotReady:
            return np.full(len(asked), np.nan), asked, left
        return bare.forecast(asked).left[:, MIDDLE], asked, left


@dataclass(frozen=True, slots=True, eq=False)
class ExtrapolationPrognosis:
    """`longest`: the longest age seen; `spread`: deviation of ln(life left) beyond what the fit explains."""

    index: HealthIndex
    longest: float
    spread: float

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """NaN before damage has begun and for eight rows after that."""
        rows, said = [], []
        for life, path in zip(lives, self.index.paths(lives), strict=True):
            row, text = self._one(life, path)
            rows.append(row)
            said.append(text)
        return Forecasts(LEVELS, np.array(rows).reshape(len(lives), len(LEVELS)), tuple(said))

    def _one(self, life: Life, path: Floats) -> tuple[Floats, str]:
        onset = self.index.onset(path)
        if onset is None:
            return np.full(len(LEVELS), np.nan), NOT_BEGUN
        begin = max(onset - LEAST_POINTS, 0)
        if len(path) - begin < LEAST_POINTS + 3:
            return np.full(len(LEVELS), np.nan), TOO_NEW
        left, weights = reached(life.age[begin:], path[begin:], self.index.ends)
        left = np.clip(left, 1e-6 * self.longest, LONGEST * self.longest)
        return weighted_quantiles(*blurred(left, weights, self.spread)), ""


def longest_of(lives: Sequence[Life]) -> float:
    """The longest age that any of the lives has reached."""
    return max(float(life.age[-1]) for life in lives)
