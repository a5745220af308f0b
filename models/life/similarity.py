"""Similar lives: where in other lives did the health index go like this, and how long did those last from there?

The newest stretch of a life is laid along every other life (Wang, Yu, Siegel and Lee 2008). Each place counts by how
well the stretch fits there; a life counts by its best place, so that a long one has no more votes than a short one.
A life that has not ended says "at least so long": it leaves the count at its last row (product limit of Kaplan and
Meier 1958, weighted), and is neither taken as an end nor thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.growth import blurred
from forewarn.models.life.guards import refuse_leaks
from forewarn.models.life.health_index import HealthIndex, learn_index
from forewarn.models.life.moments import ended
from forewarn.models.life.pooling import weighted_quantiles

LEAST_LIVES = 3
TOO_SHORT = "cannot tell yet: fewer than 10 readings"
ALONE = "cannot tell: no other life has come as far as this one"
LEAST_ROWS = 10
BEYOND = 1.5  # mass that no end accounts for is put so many times beyond the last one


@dataclass(frozen=True, slots=True)
class Similarity:
    """Settings: `stretch` share of the age that is compared, at `points` places; `reach`: how unlike in deviations of
    the index counts as like; ages count too, one e-fold being like one `reach` times `age_worth`."""

    stretch: float = 0.3
    points: int = 12
    places: int = 60
    reach: float = 8.0
    age_worth: float = 1.0
    spread: float = 0.5

    @property
    def name(self) -> str:
        """Key in the table."""
        return "similarity"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> SimilarityPrognosis:
        """Keep the lives, with the index that those with an end taught. NotReady below three of them."""
        refuse_leaks(lives)
        index = learn_index(lives)
        if len(ended(lives)) < LEAST_LIVES:
            raise NotReady(f"needs {LEAST_LIVES} lives that have ended")
        paths = [smoothed(path) for path in index.paths(lives)]
        return SimilarityPrognosis(self, index, tuple(lives), tuple(paths))


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityPrognosis:
    """The lives that are compared with, and the index of each."""

    settings: Similarity
    index: HealthIndex
    lives: tuple[Life, ...]
    paths: tuple[Floats, ...]

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """NaN for lives of fewer than ten rows, and for one that is older than all that were learnt from."""
        rows, said = [], []
        for life, path in zip(lives, self.index.paths(lives), strict=True):
            row, text = self._one(life, path)
            rows.append(row)
            said.append(text)
        return Forecasts(LEVELS, np.array(rows).reshape(len(lives), len(LEVELS)), tuple(said))

    def _one(self, life: Life, path: Floats) -> tuple[Floats, str]:
        if len(life.age) < LEAST_ROWS:
            return np.full(len(LEVELS), np.nan), TOO_SHORT
        unlike = [self._unlike(life, path, other, known) for other, known in zip(self.lives, self.paths, strict=True)]
        least = min((float(far.min()) for far, _ in unlike if len(far)), default=np.inf)
        left, weight, died = [], [], []
        for (far, remaining), other in zip(unlike, self.lives, strict=True):
            if len(far):
                like = np.exp(-(far - least) / 2)
                left.append(remaining)
                weight.append(like * float(like.max()) / float(like.sum()))
                died.append(np.full(len(far), other.ended))
        if not left or not any(bool(np.any(d)) for d in died):
            return np.full(len(LEVELS), np.nan), ALONE
        values, shares = product_limit(np.concatenate(left), np.concatenate(weight), np.concatenate(died))
        return weighted_quantiles(*blurred(np.maximum(values, 1e-9), shares, self.settings.spread)), ""

    def _unlike(self, life: Life, path: Floats, other: Life, known: Floats) -> tuple[Floats, Floats]:
        """At every place of another life: how far the stretch before it is from ours, and how much was left."""
        span = self.settings.stretch * (life.age[-1] - life.age[0])
        first, last = other.age[0] + span, other.age[-1]
        if last <= first:
            return np.zeros(0), np.zeros(0)
        places = np.linspace(first, last, self.settings.places, endpoint=not other.ended)
        steps = np.linspace(-span, 0.0, self.settings.points)
        ours = np.interp(life.age[-1] + steps, life.age, smoothed(path))
        theirs = np.interp(places[:, None] + steps, other.age, known)
        scatter = self.settings.reach * self.index.noise
        far = np.mean((theirs - ours) ** 2, axis=1) / scatter**2
        older = np.log(np.maximum(places, 1e-12) / max(float(life.age[-1]), 1e-12)) / self.settings.age_worth
        return far + older**2, other.age[-1] - places


def smoothed(path: Floats) -> Floats:
    """Trailing mean of five."""
    padded = np.concatenate([np.full(4, path[0] if len(path) else 0.0), path])
    return np.convolve(padded, np.full(5, 0.2), mode="valid")


def product_limit(left: Floats, weight: Floats, died: Floats) -> tuple[Floats, Floats]:
    """Ends and the probability of each, float64[e] each, adding up to 1; what no end accounts for lies beyond the last.

    >>> ends, chance = product_limit(np.array([1.0, 2.0, 3.0]), np.ones(3), np.array([True, False, True]))
    >>> ends.tolist(), chance.round(2).tolist()            # who left at 2 hands its third on to those after it
    ([1.0, 3.0], [0.33, 0.67])
    """
    order = np.lexsort((~np.asarray(died, bool), left))
    time, mass, end = left[order], weight[order], np.asarray(died, bool)[order]
    at_risk = np.maximum(np.cumsum(mass[::-1])[::-1], 1e-300)
    hazard = np.where(end, np.minimum(mass / at_risk, 1.0), 0.0)
    survived = np.cumprod(1.0 - hazard)
    chance = np.concatenate([[1.0], survived[:-1]]) * hazard
    ends, chances = time[end], chance[end]
    rest = 1.0 - float(chances.sum())
    if rest > 1e-9:
        ends, chances = np.append(ends, BEYOND * time[-1]), np.append(chances, rest)
    return ends, chances
