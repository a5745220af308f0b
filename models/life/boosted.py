"""Remaining life from the raw columns of many lives: a team of learners, put together by those it has not seen.

1. Each row of a life becomes a row of the wear table (`degradation`).
2. In folds that hold whole assets, unlike learners (`members`) say the rows that are left of assets they did not see.
3. A small second stage reads what they have said lately (now, and on average over the last rows, each counted down to
   now) and says the rows that are left; it too is judged by assets that did not teach it (stacking, Wolpert 1992).
4. The misses that are left make the quantiles, conditional on what is said (`conformal`).

All folds' teams speak together afterwards, so nothing is taught twice. The age is read too: a prior of this fleet and
no law, so a fleet that is run differently has to be learnt again.

Ages may be hours or cycles: inside, everything counts in the fleet's usual step between rows, and the answer comes back
in the unit of the age, so a hundredfold unit gives a hundredfold answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.conformal import Spread, spread_of
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.degradation import Frame, trailing_mean, wear_table
from forewarn.models.life.guards import constant_columns, refuse_leaks
from forewarn.models.life.members import KINDS, Kind, Member
from forewarn.models.life.one_thread import one_thread
from forewarn.models.training.splits import by_asset

LEAST_ENDS = 10
LEAST_ROWS = 10
LOOK_BACK = (5, 10, 20, 40, 80)
COUNT_DOWN = (10, 20, 40)


@dataclass(frozen=True, slots=True)
class Boosted:
    """Settings. The members learn what is left up to `horizon_rows`; the second stage and the intervals are made for
    machines with up to `asked_rows` left: of one further away it says no more than that. `kinds`: who is in the team.
    """

    horizon_rows: float = 125.0
    asked_rows: float = 150.0
    folds: int = 5
    kinds: tuple[Kind, ...] = KINDS

    @property
    def name(self) -> str:
        """Key in the table."""
        return "boosted"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> BoostedPrognosis:
        """Learn from at least `LEAST_ENDS` assets that have failed. Of lives that still run, the rows teach that are
        known to have had the whole horizon before them. Raises NotReady and Rejected as the contract says."""
        with one_thread():
            return self._learnt(lives, seed)

    def _learnt(self, lives: Sequence[Life], seed: int) -> BoostedPrognosis:
        refuse_leaks(lives)
        whole = [life for life in lives if life.ended and len(life.age) >= LEAST_ROWS]
        assets = sorted({life.asset for life in whole})
        if len(assets) < LEAST_ENDS:
            raise NotReady(f"{len(assets)} assets have failed so far; {LEAST_ENDS} are needed to learn from.")
        frame = Frame.of(lives)
        tables = [wear_table(life, frame) for life in whole]
        lefts = [life.remaining / frame.step for life in whole]
        folds = by_asset([life.asset for life in whole], min(self.folds, len(assets)), seed)
        running = [life for life in lives if not life.ended]
        beyond = [_known_to_run(life, frame, self.horizon_rows) for life in running]
        teams, first = self._teams(tables, lefts, folds, [each for each in beyond if len(each)], seed)
        return self._second(whole, lefts, first, folds, teams, frame, constant_columns(lives), seed)

    def _teams(
        self,
        tables: Sequence[Floats],
        lefts: Sequence[Floats],
        folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
        beyond: Sequence[Floats],
        seed: int,
    ) -> tuple[tuple[tuple[Member, ...], ...], list[Floats]]:
        """A team for each fold, and what each life was told by the team that had not seen it."""
        told: list[Floats] = [np.zeros((0, 0))] * len(tables)
        teams = []
        for number, (teach, ask) in enumerate(folds):
            table = np.concatenate([*(tables[i] for i in teach), *beyond])
            left = np.concatenate(
                [*(lefts[i] for i in teach), *(np.full(len(b), self.horizon_rows * 2) for b in beyond)]
            )
            team = tuple(
                kind.teach(table, left, self.horizon_rows, seed + 100 * number + place)
                for place, kind in enumerate(self.kinds)
            )
            for i in ask:
                told[i] = _says(team, tables[i])
            teams.append(team)
        return tuple(teams), told

    def _second(
        self,
        whole: Sequence[Life],
        lefts: Sequence[Floats],
        first: Sequence[Floats],
        folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
        teams: tuple[tuple[Member, ...], ...],
        frame: Frame,
        dropped: tuple[str, ...],
        seed: int,
    ) -> BoostedPrognosis:
        """The second stage, and the intervals from what it says of lives that did not teach it."""
        paths = [path_table(told, life.age / frame.step) for told, life in zip(first, whole, strict=True)]
        asked = [(left <= self.asked_rows) & (np.arange(len(left)) >= LEAST_ROWS) for left in lefts]
        crossed: list[Floats] = [np.zeros(0)] * len(whole)
        stages = []
        for teach, ask in folds:
            rows, left = (np.concatenate([each[i][asked[i]] for i in teach]) for each in (paths, lefts))
            stages.append(Stage.taught(rows, left, seed))
            for i in ask:
                crossed[i] = stages[-1].says(paths[i])
        numbers = np.unique([life.asset for life in whole], return_inverse=True)[1]
        who = np.concatenate([np.full(np.count_nonzero(a), n) for a, n in zip(asked, numbers, strict=True)])
        said, truth = (
            np.concatenate([each[a] for each, a in zip(values, asked, strict=True)]) for values in (crossed, lefts)
        )
        spread = spread_of(said, truth, who, LEVELS)
        unseen = Unseen(tuple(life.asset for life in whole), tuple(crossed))
        return BoostedPrognosis(frame, teams, tuple(stages), spread, dropped, unseen)


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """What was said of the teaching lives by those that had not seen them: rows left at each row, life by life."""

    assets: tuple[str, ...]
    rows_left: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BoostedPrognosis:
    """A team that has learnt. `dropped`: columns that never moved within a life and were left out."""

    frame: Frame
    teams: tuple[tuple[Member, ...], ...]
    stages: tuple[Stage, ...]
    spread: Spread
    dropped: tuple[str, ...]
    unseen: Unseen

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """Remaining life after the last row of each. Fewer than `LEAST_ROWS` rows: "cannot tell yet"."""
        left = np.full((len(lives), len(LEVELS)), np.nan)
        known = [place for place, life in enumerate(lives) if len(life.age) >= LEAST_ROWS]
        if known:
            told = self._rows_left([lives[place] for place in known], max(LOOK_BACK))
            left[known] = self.spread.around(np.array([each[-1] for each in told])) * self.frame.step
        said = tuple("" if len(life.age) >= LEAST_ROWS else _too_early(len(life.age)) for life in lives)
        return Forecasts(LEVELS.copy(), left, said)

    def along(self, life: Life) -> Forecasts:
        """The forecast that would have been made at each row of a life, all at once: as `forecast` of `until(row)`."""
        told = self._rows_left([life], len(life.age))[0]
        left = self.spread.around(told) * self.frame.step
        left[: LEAST_ROWS - 1] = np.nan
        return Forecasts(
            LEVELS.copy(), left, tuple(_too_early(row + 1) if row + 1 < LEAST_ROWS else "" for row in range(len(left)))
        )

    def _rows_left(self, lives: Sequence[Life], rows: int) -> list[Floats]:
        """What the second stages say, on average, at the newest `rows` rows of each life; all lives at once.

        Right where the second stage can look back far enough, and from the first row on.
        """
        newest = [wear_table(life, self.frame)[-rows:] for life in lives]
        ages = [life.age[-rows:] / self.frame.step for life in lives]
        ends = np.cumsum([len(table) for table in newest])[:-1]
        everything = np.concatenate(newest)
        said = np.zeros(len(everything))
        with one_thread():
            for team, stage in zip(self.teams, self.stages, strict=True):
                told = np.split(_says(team, everything), ends)
                paths = [path_table(part, age) for part, age in zip(told, ages, strict=True)]
                said += stage.says(np.concatenate(paths)) / len(self.teams)
        return np.split(said, ends)


def path_table(told: Floats, age: Floats) -> Floats:
    """float64[n, f]: what the members said (float64[n, members]) now and lately; age float64[n] in steps.

    A mean over the last rows is taken as it was said, and also counted down to now.
    """
    middle = told.mean(axis=1, keepdims=True)
    ages = age[:, None]
    lately = [trailing_mean(middle, rows) for rows in LOOK_BACK]
    counted = [trailing_mean(middle + ages, rows) - ages for rows in COUNT_DOWN]
    return np.hstack([told, *lately, *counted, ages])


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The second stage: the mean of few, flat trees and of a ridge line. It only weighs opinions."""

    trees: Any
    line: Any

    @classmethod
    def taught(cls, rows: Floats, left: Floats, seed: int) -> Stage:
        """rows float64[n, f] of `path_table`, left float64[n]; neighbours are alike, so every other row is enough."""
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        trees = HistGradientBoostingRegressor(
            max_iter=60,
            learning_rate=0.08,
            max_leaf_nodes=6,
            min_samples_leaf=min(300, max(len(rows) // 50, 5)),
            max_bins=64,
            early_stopping=False,
            random_state=seed,
        )
        line = make_pipeline(StandardScaler(), Ridge(30.0))
        return cls(trees.fit(rows[::2], left[::2]), line.fit(rows[::2], left[::2]))

    def says(self, rows: Floats) -> Floats:
        """float64[n]: rows that are left."""
        return np.asarray((self.trees.predict(rows) + self.line.predict(rows)) / 2, np.float64)


def _says(team: Sequence[Member], table: Floats) -> Floats:
    return np.stack([member.says(table) for member in team], axis=1)


def _known_to_run(life: Life, frame: Frame, horizon_rows: float) -> Floats:
    """Rows of a life that has not ended and that was seen to run a horizon longer."""
    sure = (life.age[-1] - life.age) / frame.step >= horizon_rows
    return np.asarray(wear_table(life, frame)[sure], np.float32)


def _too_early(rows: int) -> str:
    return f"cannot tell yet: {rows} of {LEAST_ROWS} rows"
