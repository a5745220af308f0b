"""How good is a forecast of remaining life, on machines that did not teach it? One question per moment of a life. Pure.

Folds hold whole assets: moments of one machine resemble one another, and what has seen half of a life has seen its end
coming. A censored life teaches; only a life whose end was seen can tell whether a forecast was right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats, Int64s
from forewarn.models.life.contract import LEVELS, Forecasts, Life, LifeModel, Prognosis
from forewarn.models.training.drift import Outcomes
from forewarn.models.training.intervals import wilson
from forewarn.models.training.sets import DatedLife, TrainingSet
from forewarn.models.training.splits import by_asset

CUTS = 10
"""So many moments of each ended life are asked, evenly over its second tenth to its last row but one."""


@dataclass(frozen=True, slots=True, eq=False)
class LifeMarks:
    """Answers to the same questions, n of them: asset and moment of each; what was left (float64[n]); levels float64[q]
    and forecasts float64[n, q], NaN where the model could not tell."""

    assets: tuple[str, ...]
    at_us: Int64s
    left: Floats
    levels: Floats
    said: Floats

    @property
    def known(self) -> Floats:
        """bool[n] as float: 1 where there was a forecast."""
        return np.asarray(np.isfinite(self.said).all(axis=1), np.float64)

    def quantile(self, level: float) -> Floats:
        """float64[n] of one level."""
        return np.array([np.interp(level, self.levels, row) for row in self.said])

    @property
    def loss(self) -> Floats:
        """float64[n]: twice the mean pinball loss over the levels, in the unit of the age: what the quantiles cost, as
        CRPS does for a whole distribution (Gneiting and Raftery 2007). Low is good; NaN without a forecast."""
        missed = self.left[:, None] - self.said
        return np.asarray(2 * np.maximum(self.levels * missed, (self.levels - 1) * missed).mean(axis=1), np.float64)

    @property
    def outcomes(self) -> Outcomes:
        """Those with a forecast, as past forecasts whose end is known."""
        ok = np.isfinite(self.said).all(axis=1)
        p10, p50, p90 = (self.quantile(level)[ok] for level in (0.1, 0.5, 0.9))
        return Outcomes(p10, p50, p90, self.left[ok])

    @staticmethod
    def joined(parts: Sequence[LifeMarks]) -> LifeMarks:
        """All of them, one after the other; at least one."""
        return LifeMarks(
            tuple(a for p in parts for a in p.assets),
            np.concatenate([p.at_us for p in parts]),
            np.concatenate([p.left for p in parts]),
            parts[0].levels,
            np.concatenate([p.said for p in parts]),
        )


def questions(lives: Sequence[DatedLife], cuts: int = CUTS) -> list[tuple[DatedLife, int]]:
    """(life, row) at which every model is asked: the same for all, from ended lives only."""
    asked = []
    for dated in lives:
        n = len(dated.life.age)
        if dated.life.ended and n >= 4:
            rows = np.unique(np.linspace(max(n // 10, 1), n - 2, cuts).round().astype(int))
            asked += [(dated, int(row)) for row in rows]
    return asked


def ask(prognosis: Prognosis, asked: Sequence[tuple[DatedLife, int]]) -> LifeMarks:
    """The answers of a model that has learnt."""
    found = prognosis.forecast([dated.life.until(row) for dated, row in asked])
    return LifeMarks(
        tuple(dated.life.asset for dated, _ in asked),
        np.array([dated.at_us[row] for dated, row in asked], np.int64),
        np.array([dated.life.remaining[row] for dated, row in asked], np.float64),
        np.asarray(found.levels, np.float64),
        np.asarray(found.left, np.float64),
    )


def folds_of(assets: Sequence[str], seed: int, most: int = 5) -> list[tuple[str, ...]]:
    """Assets that are held out, fold by fold: every one once. Raises NotReady for fewer than two.

    >>> sorted(sum(folds_of(["p3", "p1", "p2"], seed=0), ()))
    ['p1', 'p2', 'p3']
    """
    names = sorted(set(assets))
    folds = by_asset(names, min(most, max(len(names), 2)), seed)
    return [tuple(names[place] for place in asked) for _, asked in folds]


def cross_validated(model: LifeModel, found: TrainingSet, seed: int = 0, most: int = 5) -> LifeMarks:
    """Every ended life asked of what the other folds taught. Where a fold has too little to teach, nothing is said of
    its lives. Raises NotReady when that is so of all of them."""
    parts, why = list[LifeMarks](), ""
    with_ends = [dated.life.asset for dated in found.lives if dated.life.ended]
    for held_out in folds_of(with_ends, seed, most):
        teaching = [dated.life for dated in found.lives if dated.life.asset not in held_out]
        asked = questions([dated for dated in found.lives if dated.life.asset in held_out])
        if asked:
            try:
                parts.append(ask(model.learn(teaching, seed), asked))
            except NotReady as error:
                why = str(error)
                parts.append(ask(Speechless(why), asked))
    if not any(part.known.any() for part in parts):
        raise NotReady(f"nothing can be held out: {why or 'no life has ended'}")
    return LifeMarks.joined(parts)


@dataclass(frozen=True, slots=True)
class Speechless:
    """A model that could not learn, and says why."""

    why: str

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        """No forecast for any of them."""
        return Forecasts(LEVELS, np.full((len(lives), len(LEVELS)), np.nan), (self.why,) * len(lives))


def life_metrics(marks: LifeMarks) -> dict[str, float]:
    """Figures for a card, hours where nothing else is said: loss, mae (of P50), bias (P50 minus left), coverage_80,
    width_80, answered (share), questions, assets."""
    outcomes = marks.outcomes
    inside = (outcomes.left >= outcomes.p10) & (outcomes.left <= outcomes.p90)
    told: dict[str, float] = {"questions": float(len(marks.left)), "assets": float(len(set(marks.assets)))}
    told["answered"] = float(marks.known.mean()) if len(marks.left) else 0.0
    if len(outcomes.left):
        kept = wilson(int(inside.sum()), len(inside))
        told |= {
            "loss": float(np.nanmean(marks.loss)),
            "mae": float(np.abs(outcomes.p50 - outcomes.left).mean()),
            "bias": float((outcomes.p50 - outcomes.left).mean()),
            "coverage_80": float(kept.value or 0.0),
            "width_80": float((outcomes.p90 - outcomes.p10).mean()),
        }
    return told
