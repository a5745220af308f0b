"""Forecasts pooled by past performance: arithmetic of the pool, weights, and intervals that hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.change_regression import ChangeRegression
from forewarn.models.life.combination import Combination
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.extrapolation import Extrapolation
from forewarn.models.life.moments import Moments, equal_weights, leave_out
from forewarn.models.life.pooling import log_loss, pooled, stretched, student_quantiles
from tests.models.life.fleets import cut_fleet, worn_fleet


@dataclass(frozen=True)
class Rule:
    """A member that takes this share of the age for what is left, times a spread; silent for lives younger than so."""

    name: str
    share: float
    spread: float = 0.3
    silent_below: float = 0.0

    def learn(self, lives: Sequence[Life], seed: int = 0) -> Rule:
        return self

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        rows = [student_quantiles(np.log(self.share * life.age[-1]), self.spread, 5.0) for life in lives]
        quiet = [life.age[-1] < self.silent_below for life in lives]
        told = np.array([np.full(len(LEVELS), np.nan) if q else row for q, row in zip(quiet, rows, strict=True)])
        return Forecasts(LEVELS, told.reshape(-1, len(LEVELS)), tuple("too young" if q else "" for q in quiet))


def bare_lives(ages: Sequence[float]) -> list[Life]:
    rng = np.random.default_rng(1)
    return [
        Life(f"m{i}", np.linspace(age / 50, age, 50), ("x",), rng.random((50, 1)), True) for i, age in enumerate(ages)
    ]


def cdf(quantiles: Floats, at: float) -> float:
    """Probability below a value, from quantiles with straight lines in its logarithm, by a slow road."""
    logs = np.log(quantiles)
    knots = np.concatenate([[2 * logs[0] - logs[3]], logs, [2 * logs[-1] - logs[3]]])
    return float(np.interp(np.log(at), knots, [0.0, *LEVELS, 1.0]))


centres = st.floats(-3.0, 3.0)


@given(st.lists(st.tuples(centres, st.floats(0.05, 1.0), st.floats(0.1, 5.0)), min_size=1, max_size=4))
def test_the_pool_is_the_weighted_mixture_of_its_members(members: list[tuple[float, float, float]]) -> None:
    quantiles = np.stack([student_quantiles(c, s, 6.0) for c, s, _ in members])
    weights = np.array([w for _, _, w in members])
    found = pooled(quantiles, weights)
    assert np.all(np.diff(found) >= 0)
    for level, value in zip(LEVELS, found, strict=True):
        mixture = sum(w * cdf(q, float(value)) for w, q in zip(weights / weights.sum(), quantiles, strict=True))
        assert mixture == pytest.approx(level, abs=0.02)


@given(centres, st.floats(0.05, 2.0), st.lists(st.floats(0.5, 3.0), min_size=7, max_size=7))
def test_stretching_keeps_the_middle_and_the_order(centre: float, spread: float, factors: list[float]) -> None:
    found = stretched(student_quantiles(centre, spread, 6.0), np.array(factors))
    assert found[3] == pytest.approx(np.exp(centre))
    assert np.all(np.diff(found) >= 0)


def test_the_loss_is_least_for_the_true_distribution_and_blind_to_the_unit() -> None:
    truth = np.exp(0.5 * np.random.default_rng(2).normal(size=4_000))
    losses = {
        (centre, spread): log_loss(np.tile(student_quantiles(centre, spread, 1e6), (4_000, 1)), truth).mean()
        for centre in (-0.3, 0.0, 0.3)
        for spread in (0.2, 0.5, 1.2)
    }
    assert min(losses, key=lambda key: losses[key]) == (0.0, 0.5)
    one = student_quantiles(0.0, 0.5, 5.0)[None]
    assert log_loss(one, np.array([2.0]))[0] == pytest.approx(log_loss(one * 24, np.array([48.0]))[0])


def test_who_did_better_weighs_more_but_few_lives_never_choose_one_alone() -> None:
    lives = bare_lives([90, 100, 110, 95, 105])
    good, poor = Rule("good", 0.45), Rule("poor", 9.0)
    learnt = Combination((good, poor)).learn(lives)
    assert learnt.weights[0] > 0.6
    assert learnt.weights[1] > 0.1
    assert learnt.weights.sum() == pytest.approx(1.0)
    more = Combination((good, poor)).learn(bare_lives(list(np.linspace(90, 110, 30))))
    assert more.weights[0] > learnt.weights[0]


def test_the_order_of_the_members_does_not_matter() -> None:
    lives = bare_lives([90, 100, 110, 95, 105])
    members = (Rule("a", 0.3), Rule("b", 0.7))
    one = Combination(members).learn(lives).forecast([lives[0].until(30)])
    other = Combination(members[::-1]).learn(lives).forecast([lives[0].until(30)])
    np.testing.assert_allclose(one.left, other.left, rtol=1e-6)


def test_who_cannot_tell_is_left_out_and_when_nobody_can_the_reasons_are_given() -> None:
    lives = bare_lives([90, 100, 110, 95, 105])
    quiet, open_ = Rule("quiet", 0.2, silent_below=50.0), Rule("open", 0.8)
    learnt = Combination((quiet, open_)).learn(lives)
    young, old = lives[0].until(20), lives[0].until(40)
    told = learnt.forecast([young, old])
    assert told.said == ("", "")
    assert told.left[0, 3] == pytest.approx(0.8 * young.age[-1], rel=1e-3), "only the one who speaks"
    assert told.left[1, 3] < 0.8 * old.age[-1]
    alone = Combination((quiet, quiet)).learn(lives).forecast([young])
    assert alone.said == ("too young",)
    assert np.isnan(alone.left).all()


def test_too_narrow_members_are_widened_until_the_interval_holds() -> None:
    rng = np.random.default_rng(5)
    lives = bare_lives(list(100 * np.exp(0.5 * rng.normal(size=40))))
    narrow = Combination((Rule("narrow", 0.45, spread=0.02),)).learn(lives[:20])
    asked, left = Moments().of(lives[20:])
    told = narrow.forecast(asked)
    held = np.mean((told.at(0.1) <= left) & (left <= told.at(0.9)))
    assert narrow.factors[1] > 2
    assert np.all(np.diff(told.left, axis=1) >= 0)
    before = Rule("narrow", 0.45, spread=0.02).forecast(asked)
    assert held > np.mean((before.at(0.1) <= left) & (left <= before.at(0.9))) + 0.2


@pytest.mark.slow
def test_on_lives_that_did_not_teach_the_interval_holds_about_what_it_promises() -> None:
    pool = Combination((ChangeRegression("start"), ChangeRegression("half"), Extrapolation()), folds=5)
    held: list[bool] = []
    for seed in range(4):
        prognosis = pool.learn(worn_fleet(7, seed=seed, usual=80.0))
        asked, left = cut_fleet(worn_fleet(40, seed=100 + seed, usual=80.0))
        told = prognosis.forecast(asked)
        assert not any(told.said)
        held.extend((told.at(0.1) <= left) & (left <= told.at(0.9)))
    assert 0.68 <= np.mean(held) <= 0.95


def test_three_assets_are_too_few_for_weights() -> None:
    with pytest.raises(NotReady):
        Combination((Rule("a", 0.5),)).learn(bare_lives([90, 100, 110]))


def test_lives_of_one_asset_are_left_out_together() -> None:
    lives = bare_lives([90, 100, 110, 95])
    twice = [*lives, Life("m0", lives[1].age, ("x",), lives[1].values, True)]
    for teach, ask in leave_out(twice, 8, 0):
        assert not {life.asset for life in teach} & {life.asset for life in ask}
    assert sum(len(ask) for _, ask in leave_out(twice, 8, 0)) == 5


def test_every_asset_counts_the_same_however_often_it_was_asked() -> None:
    weights = equal_weights(["a"] * 3 + ["b"])
    assert weights[:3].sum() == pytest.approx(weights[3])


def test_shrunk_changes_find_what_follows_the_wear() -> None:
    lives = worn_fleet(12, noise=0.05)
    prognosis = ChangeRegression().learn(lives)
    asked, left = cut_fleet(worn_fleet(20, seed=9, noise=0.05))
    told = prognosis.forecast(asked)
    blind = np.full(len(left), np.median(left))
    assert np.abs(np.log(told.at(0.5) / left)).mean() < 0.8 * np.abs(np.log(blind / left)).mean()
    assert prognosis.weights[1] < 0, "more of it, less life"
    assert abs(prognosis.weights[4]) < 0.3 * abs(prognosis.weights[1]), "the column that says nothing"
