"""How much has each feature changed since an earlier part of this life? Ridge on ln(life left), for few lives.

Every column gives one change, all are shrunk together (Hoerl and Kennard 1970), and forecasts of several strengths of
shrinking are averaged instead of choosing one; half of them do not see the age, so that it cannot rule alone. What
remains unexplained is measured on lives that were left out, and the interval is Student's with one degree of freedom
for each life beyond the first. Changes, not levels: a level depends on the mounting of a sensor, a change on the
machine. Targets are ln(life left), not shares of a life: machines of one kind lose their last hours alike, however long
they lived before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.guards import refuse_leaks
from forewarn.models.life.moments import Moments, ended, equal_weights, leave_out
from forewarn.models.life.pooling import student_quantiles

LEAST_LIVES = 3
LEAST_ASKED_ROWS = 10
SHARE_OF_NOW = 0.1
WIDEST_ROWS, NARROWEST_ROWS = 30, 5
UNSEEN = 1e9  # a strength that leaves nothing
FARTHEST = 4.0  # deviations: a change beyond all that was learnt from is not extrapolated without end
Taught = tuple[str, Floats, Floats]
"""Asset, changes and ln(life left) at its moments."""

TOO_SHORT = "cannot tell yet: fewer than 10 readings"


@dataclass(frozen=True, slots=True)
class ChangeRegression:
    """Settings: changes since when ("start" or "half" of the age), how strongly coefficients are shrunk (in units of
    the number of moments), at which moments."""

    since: str = "start"
    strengths: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    moments: Moments = field(default_factory=lambda: Moments(30))
    folds: int = 8

    @property
    def name(self) -> str:
        """Key in the table."""
        return f"change_since_{self.since}"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> ChangePrognosis:
        """Learn from at least three lives that have ended; NotReady below. Lives that go on teach nothing here."""
        refuse_leaks(lives)
        teachers = ended(lives)
        if len({life.asset for life in teachers}) < LEAST_LIVES:
            raise NotReady(f"needs {LEAST_LIVES} assets with an ended life, has {len(teachers)}")
        logged = positive_columns(teachers)
        taught = {id(life): self._moments_of(life, logged) for life in teachers}
        names = teachers[0].names
        missed: list[Floats] = []
        assets: list[str] = []
        for teach, ask in leave_out(teachers, self.folds, seed):
            inner = self._fit([taught[id(life)] for life in teach], names, logged)
            for life in ask:
                _, table, target = taught[id(life)]
                missed.append(target - inner.centres_of(table))
                assets.extend([life.asset] * len(target))
        spread = float(np.sqrt(equal_weights(assets) @ np.concatenate(missed) ** 2))
        return replace(self._fit(list(taught.values()), names, logged), spread=spread)

    def _moments_of(self, life: Life, logged: tuple[bool, ...]) -> Taught:
        asked, left = self.moments.of([life])
        return life.asset, np.stack([changes(known, logged, self.since) for known in asked]), np.log(left)

    def _fit(self, taught: Sequence[Taught], names: tuple[str, ...], logged: tuple[bool, ...]) -> ChangePrognosis:
        table, target = np.concatenate([t for _, t, _ in taught]), np.concatenate([y for _, _, y in taught])
        share = equal_weights([asset for asset, _, y in taught for _ in y])
        mean, base = share @ table, float(share @ target)
        scale = np.sqrt(share @ (table - mean) ** 2) + 1e-9
        z = (table - mean) / scale
        power, pull = (z * share[:, None]).T @ z, (z * share[:, None]).T @ (target - base)
        solved = [
            np.linalg.solve(power + strength * np.diag([age, *[1.0] * (len(power) - 1)]), pull)
            for strength in self.strengths
            for age in (1.0, UNSEEN)
        ]
        weights = np.asarray(np.mean(solved, axis=0), np.float64)
        return ChangePrognosis(names, logged, self.since, mean, scale, weights, base, 0.0, len(taught))


@dataclass(frozen=True, slots=True, eq=False)
class ChangePrognosis:
    """What was learnt: ln(life left) = base + weights . (changes - mean) / scale, with `spread` over other lives."""

    names: tuple[str, ...]
    logged: tuple[bool, ...]
    since: str
    mean: Floats
    scale: Floats
    weights: Floats
    base: float
    spread: float
    lives: int

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """NaN for lives of fewer than ten rows. Rejected when the columns are others than those learnt from."""
        if any(life.names != self.names for life in lives):
            raise Rejected("columns", f"this model learnt from {', '.join(self.names)}")
        centres, wide = self.centres(lives), self.spread * np.sqrt(1 + 1 / self.lives)
        rows, said = [], []
        for life, centre in zip(lives, centres, strict=True):
            short = len(life.age) < LEAST_ASKED_ROWS
            rows.append(np.full(len(LEVELS), np.nan) if short else student_quantiles(centre, wide, self.lives - 1))
            said.append(TOO_SHORT if short else "")
        return Forecasts(LEVELS, np.array(rows).reshape(len(lives), len(LEVELS)), tuple(said))

    def centres(self, lives: Sequence[Life]) -> Floats:
        """float64[m]: middle of ln(life left)."""
        if not lives:
            return np.zeros(0)
        return self.centres_of(np.stack([changes(life, self.logged, self.since) for life in lives]))

    def centres_of(self, table: Floats) -> Floats:
        """The same from changes float64[m, 1 + k]."""
        z = (table - self.mean) / self.scale
        return np.asarray(self.base + np.clip(z, -FARTHEST, FARTHEST) @ self.weights, np.float64)


def positive_columns(lives: Sequence[Life]) -> tuple[bool, ...]:
    """Which columns have only values above 0, and change by factors."""
    return tuple(
        all(bool(np.all(life.values[:, j][~np.isnan(life.values[:, j])] > 0)) for life in lives)
        for j in range(len(lives[0].names))
    )


def changes(life: Life, logged: Sequence[bool], since: str = "start") -> Floats:
    """float64[1 + k]: ln(age), and the change of each column since the first tenth of the life or since half its age.

    Medians over a tenth of the rows: at least 10 at the start, else 5 to 30. A column without a value has not changed.

    >>> life = Life("a", np.arange(1.0, 101.0), ("x",), np.r_[np.ones(60), np.full(40, np.e)][:, None], False)
    >>> changes(life, (True,)).round(2).tolist()
    [4.61, 1.0]
    """
    n = len(life.age)
    width = min(max(int(n * SHARE_OF_NOW), NARROWEST_ROWS), WIDEST_ROWS)
    now = middles(life, logged, n - width, n)
    if since == "start":
        then = middles(life, logged, 0, max(2 * NARROWEST_ROWS, int(n * SHARE_OF_NOW)))
    else:
        half = int(np.searchsorted(life.age, (life.age[0] + life.age[-1]) / 2))
        then = middles(life, logged, half - width // 2, half + width // 2 + 1)
    moved = now - then
    moved[~np.isfinite(moved)] = 0.0
    return np.concatenate([[np.log(max(float(life.age[-1]), 1e-9))], moved])


def middles(life: Life, logged: Sequence[bool], start: int, stop: int) -> Floats:
    """float64[k]: medians over rows [start, stop), of logarithms where the column changes by factors."""
    block = np.sort(life.values[max(start, 0) : stop], axis=0)  # NaN goes to the end
    place = np.maximum(np.count_nonzero(~np.isnan(block), axis=0) - 1, 0) // 2
    value = block[place, np.arange(block.shape[1])]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(logged, np.log(value), value), np.float64)
