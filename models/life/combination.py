"""Several forecasts are pooled, each by how well it did on lives that it had not seen; then the interval is set right.

*Weights.* Every asset with an ended life is left out once. A member's loss there (pinball loss of ln(life left) over
all levels), over the mean loss of those that spoke at the same moments, gives its merit; a power of it is the weight
(Bates and Granger 1969). On few lives merit is mostly luck: weights are drawn to equal ones as if some more assets had
found all members alike, so that no single one is ever chosen. Members that cannot tell are left out for that moment.

*Interval.* The pool's own misses on the lives left out say by which factor its quantiles must move away from the
middle, in ln(life left), for each level to hold what it promises: conformal scores over assets, each asset counting
once, pooled over the folds (CV+ and jackknife+ of Barber, Candes, Ramdas and Tibshirani 2021). With so few assets an
honest interval may span a factor of forty, and it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.change_regression import ChangeRegression
from forewarn.models.life.contract import LEVELS, Forecasts, Life, LifeModel, Prognosis
from forewarn.models.life.extrapolation import Extrapolation
from forewarn.models.life.guards import refuse_leaks
from forewarn.models.life.moments import Moments, ended, equal_weights, leave_out
from forewarn.models.life.pooling import MIDDLE, log_loss, pooled, stretched
from forewarn.models.life.similarity import Similarity

LEAST_LIVES = 4
NOBODY = "cannot tell yet: "
TIGHTEST, WIDEST = 0.5, 40.0
LEAST_MOMENTS = 8


def usual_members() -> tuple[LifeModel, ...]:
    """What is pooled where nothing else is asked for."""
    return ChangeRegression("start"), ChangeRegression("half"), Similarity(), Extrapolation()


@dataclass(frozen=True, slots=True)
class Combination:
    """Settings: who is pooled, at which moments of the lives they are judged, in at most how many folds.

    `power`: half the loss counts 2 ** power times; `doubt`: so many assets are needed before merit weighs as much as
    equality.
    """

    members: tuple[LifeModel, ...] = field(default_factory=usual_members)
    moments: Moments = field(default_factory=Moments)
    folds: int = 6
    power: float = 4.0
    doubt: float = 3.0

    @property
    def name(self) -> str:
        """Key in the table."""
        return "combination"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> PooledPrognosis:
        """Learn the members, their weights and the factors. NotReady below four assets with an ended life."""
        refuse_leaks(lives)
        assets = {life.asset for life in ended(lives)}
        if len(assets) < LEAST_LIVES:
            raise NotReady(f"needs {LEAST_LIVES} assets with an ended life, has {len(assets)}")
        told, left, asked = self._left_out(lives, seed)
        share = equal_weights(asked)
        weights = self._weights(told, left, share, len(assets))
        pool = np.stack([mixed(told[:, m], weights) for m in range(len(left))])
        factors = stretches(pool, left, share, len(assets))
        learnt = [learnt_or_none(member, lives, seed) for member in self.members]
        return PooledPrognosis(tuple(m.name for m in self.members), tuple(learnt), weights, factors)

    def _left_out(self, lives: Sequence[Life], seed: int) -> tuple[Floats, Floats, list[str]]:
        """float64[members, m, levels] of every moment of a life that was left out, float64[m] left, m assets."""
        told: list[list[Floats]] = [[] for _ in self.members]
        lefts: list[Floats] = []
        assets: list[str] = []
        for teach, ask in leave_out(lives, self.folds, seed):
            asked, left = self.moments.of(ask)
            lefts.append(left)
            assets.extend(life.asset for life in asked)
            for place, member in enumerate(self.members):
                learnt = learnt_or_none(member, teach, seed)
                told[place].append(
                    learnt.forecast(asked).left if learnt else np.full((len(asked), len(LEVELS)), np.nan)
                )
        return np.stack([np.concatenate(rows) for rows in told]), np.concatenate(lefts), assets

    def _weights(self, told: Floats, left: Floats, share: Floats, assets: int) -> Floats:
        """float64[members] adding up to 1: merit on the lives left out, drawn to equality."""
        loss = np.stack([log_loss(floored(rows), left) for rows in told])
        spoke = ~np.isnan(loss)
        usual = np.where(spoke, loss, 0.0).sum(axis=0) / np.maximum(spoke.sum(axis=0), 1)
        merit = np.ones(len(told))
        for m, heard in enumerate(spoke):
            if heard.any():
                ratio = (share[heard] @ loss[m, heard]) / (share[heard] @ usual[heard])
                merit[m] = max(float(ratio), 0.05) ** -self.power
        return np.asarray((assets * merit / merit.sum() + self.doubt / len(told)) / (assets + self.doubt), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class PooledPrognosis:
    """`weights` float64[members], `factors` float64[levels]: by how much each level is moved from the middle."""

    names: tuple[str, ...]
    learnt: tuple[Prognosis | None, ...]
    weights: Floats
    factors: Floats

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """NaN only where no member can tell; the text then gives their reasons."""
        given = [member.forecast(lives) if member else None for member in self.learnt]
        silent = np.full((len(lives), len(LEVELS)), np.nan)
        told = np.stack([f.left if f else silent for f in given])
        rows, said = [], []
        for place in range(len(lives)):
            rows.append(stretched(mixed(told[:, place], self.weights), self.factors))
            reasons = dict.fromkeys(f.said[place] for f in given if f and f.said[place])
            said.append("; ".join(reasons) if np.isnan(rows[-1]).any() else "")
        return Forecasts(LEVELS, np.array(rows).reshape(len(lives), len(LEVELS)), tuple(said))


def learnt_or_none(member: LifeModel, lives: Sequence[Life], seed: int) -> Prognosis | None:
    """A member that has too little to learn from stays silent."""
    try:
        return member.learn(lives, seed)
    except NotReady:
        return None


def floored(quantiles: Floats) -> Floats:
    """Above 0, so that it has a logarithm: a ten-thousandth of the middle, or of one."""
    floor = 1e-4 * np.maximum(quantiles[..., MIDDLE : MIDDLE + 1], 1e-4)
    return np.where(np.isnan(quantiles), np.nan, np.maximum(quantiles, floor))


def mixed(quantiles: Floats, weights: Floats) -> Floats:
    """The pool of those who spoke, float64[levels]; NaN when nobody did."""
    spoke = ~np.isnan(quantiles).any(axis=1)
    if not spoke.any():
        return np.full(quantiles.shape[1], np.nan)
    return pooled(floored(quantiles[spoke]), weights[spoke])


def stretches(pool: Floats, left: Floats, share: Floats, assets: int) -> Floats:
    """float64[levels]: factors for pairs of levels, such that the pair held its share of the moments left out.

    1 where too few moments were told. Each asset is one witness, however many moments it gives: the guarantee asks for
    (assets + 1) / assets of the level, which overshoots, and the level itself falls short; the middle is taken.
    """
    told = ~np.isnan(pool).any(axis=1)
    factors = np.ones(len(LEVELS))
    if told.sum() < LEAST_MOMENTS:
        return factors
    logs, off = np.log(pool[told]), np.log(left[told])
    for low in range(MIDDLE):
        high = len(LEVELS) - 1 - low
        up = (off - logs[:, MIDDLE]) / np.maximum(logs[:, high] - logs[:, MIDDLE], 1e-9)
        down = (logs[:, MIDDLE] - off) / np.maximum(logs[:, MIDDLE] - logs[:, low], 1e-9)
        held = min((LEVELS[high] - LEVELS[low]) * (assets + 0.5) / assets, 1.0)
        score, order = np.maximum(up, down), np.argsort(np.maximum(up, down))
        reached = np.cumsum(share[told][order]) / share[told].sum()
        place = min(int(np.searchsorted(reached, held - 1e-12)), len(order) - 1)
        factors[[low, high]] = float(np.clip(score[order][place], TIGHTEST, WIDEST))
    return factors
