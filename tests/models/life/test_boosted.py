"""The team of learners: as good along a life as at one moment, causal, and better than the age alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady, Rejected
from forewarn.models.life.boosted import LEAST_ROWS, Boosted, BoostedPrognosis
from forewarn.models.life.contract import Life
from forewarn.models.life.degradation import (
    FLAT_POWER,
    Frame,
    held_values,
    trailing_mean,
    trailing_slope,
    wear_table,
)
from forewarn.models.life.weibull import WeibullAge
from forewarn.models.registry.files import dumps, loads
from tests.models.life.fleets import cut_fleet, worn_fleet

QUICK = Boosted(folds=2)

pytestmark = pytest.mark.slow


@cache
def learnt() -> BoostedPrognosis:
    return QUICK.learn(worn_fleet(24, seed=1), 3)


def test_the_forecast_at_a_row_is_the_one_along_the_life() -> None:
    for life in worn_fleet(2, seed=9):
        along = learnt().along(life)
        for row in (LEAST_ROWS - 2, LEAST_ROWS - 1, len(life.age) - 1):
            then = learnt().forecast([life.until(row)])
            assert np.allclose(then.left[0], along.left[row], equal_nan=True, atol=1e-4)
            assert then.said[0] == along.said[row]


def test_on_lives_it_has_not_seen_it_errs_far_less_than_the_age_alone() -> None:
    lives, left = cut_fleet(worn_fleet(40, seed=8))
    by_age = WeibullAge().learn(worn_fleet(24, seed=1))
    errors = [np.sqrt(np.mean((model.forecast(lives).at(0.5) - left) ** 2)) for model in (learnt(), by_age)]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.slow
def test_its_interval_holds_about_what_it_promises_on_lives_it_has_not_seen() -> None:
    lives, left = cut_fleet(worn_fleet(100, seed=18))
    told = learnt().forecast(lives)
    assert 0.68 <= np.mean((told.at(0.1) <= left) & (left <= told.at(0.9))) <= 0.95


def test_what_it_keeps_of_itself_was_said_by_those_who_had_not_seen_the_life() -> None:
    unseen = learnt().unseen
    lives = {life.asset: life for life in worn_fleet(24, seed=1)}
    missed = np.concatenate(
        [said - lives[asset].remaining for asset, said in zip(unseen.assets, unseen.rows_left, strict=True)]
    )
    seen = np.concatenate(
        [learnt().along(life).at(0.5)[LEAST_ROWS:] - life.remaining[LEAST_ROWS:] for life in lives.values()]
    )
    assert np.sqrt(np.mean(missed**2)) > np.sqrt(np.mean(seen**2))


@pytest.mark.slow
def test_a_running_life_teaches_where_it_is_known_to_have_run_the_whole_horizon() -> None:
    lives = worn_fleet(12, seed=1, usual=60.0)
    rng = np.random.default_rng(2)
    healthy = [
        Life(f"H-{i}", np.arange(1.0, 301.0), lives[0].names, 3 + 0.15 * rng.normal(size=(300, 4)), False)
        for i in range(3)
    ]
    asked = Life("new", np.arange(1.0, 61.0), lives[0].names, 3 + 0.15 * rng.normal(size=(60, 4)), False)
    without, with_them = (QUICK.learn(each, 1).forecast([asked]).at(0.5)[0] for each in (lives, [*lives, *healthy]))
    assert with_them > without


def test_what_has_learnt_becomes_a_file_without_code_and_says_the_same_from_it() -> None:
    again = loads(dumps(learnt()))
    assert isinstance(again, BoostedPrognosis)
    lives, _ = cut_fleet(worn_fleet(3, seed=8))
    assert np.array_equal(again.forecast(lives).left, learnt().forecast(lives).left)


def test_columns_that_name_the_asset_are_left_out_and_told() -> None:
    lives = [
        Life(
            life.asset, life.age, ("site", *life.names), np.column_stack([np.full(len(life.age), i), life.values]), True
        )
        for i, life in enumerate(worn_fleet(12, seed=1, usual=60.0))
    ]
    assert QUICK.learn(lives).dropped == ("site",)


def test_other_columns_than_those_it_learnt_are_refused() -> None:
    life = worn_fleet(1, seed=9)[0]
    with pytest.raises(Rejected, match="columns"):
        learnt().forecast([Life(life.asset, life.age, ("a", "b", "c", "d"), life.values, False)])


def test_columns_that_never_move_teach_nothing() -> None:
    lives = [Life(life.asset, life.age, ("site",), np.ones((len(life.age), 1)), True) for life in worn_fleet(12)]
    with pytest.raises(NotReady, match="No column moves"):
        QUICK.learn(lives)


@given(st.integers(0, 99), st.integers(5, 60))
def test_what_is_read_from_a_life_does_not_depend_on_later_rows(seed: int, row: int) -> None:
    lives = worn_fleet(2, seed=seed, usual=90.0)
    frame, life = Frame.of(lives), lives[0]
    row = min(row, len(life.age) - 1)
    assert np.allclose(wear_table(life, frame)[: row + 1], wear_table(life.until(row), frame), atol=1e-5)


@given(st.integers(0, 99), st.integers(2, 40), st.integers(1, 50))
def test_slopes_and_means_are_those_of_a_slow_fit_of_each_window(seed: int, rows: int, at: int) -> None:
    values = np.random.default_rng(seed).normal(size=(51, 1))
    window = values[max(at + 1 - rows, 0) : at + 1, 0]
    place = np.arange(len(window)) - (len(window) - 1) / 2
    slope = np.sum(place * window) / (np.sum(place**2) + FLAT_POWER)
    assert trailing_slope(values, rows)[at, 0] == pytest.approx(slope, abs=1e-9)
    assert trailing_mean(values, rows)[at, 0] == pytest.approx(window.mean())


def test_a_gap_holds_the_last_known_value_and_never_a_later_one() -> None:
    gappy = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan], [5.0, 4.0]])
    assert held_values(gappy)[1:].tolist() == [[2.0, 1.0], [2.0, 1.0], [5.0, 4.0]]
    assert np.isnan(held_values(gappy)[0, 0])
