"""Intervals: right for every size of the prediction, and kept right when the fleet drifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady
from forewarn.models.life.adaptive import STEP, Adaptive, normal_scores
from forewarn.models.life.conformal import coverage, finite_levels, spread_of, weighted_quantiles
from forewarn.models.life.contract import LEVELS, Forecasts


def noisy(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions whose misses grow with what is said and lean to the late side."""
    rng = np.random.default_rng(seed)
    said = rng.uniform(5, 100, count)
    return said, np.maximum(said + 0.02 * said * (rng.gamma(2.0, 3.0, count) - 5.0), 0.0)


def test_eighty_percent_hold_near_failure_and_far_from_it_with_widths_of_their_own() -> None:
    said, truth = noisy(6000, seed=1)
    spread = spread_of(said, truth, np.arange(6000) % 100, LEVELS)
    new, came = noisy(6000, seed=2)
    told = spread.around(new)
    for near in (new < 30, (new >= 30) & (new < 70), new >= 70):
        assert 0.76 < coverage(told[near, 1], told[near, -2], came[near]) < 0.86
    width = told[:, -2] - told[:, 1]
    assert width[new > 80].mean() > 3 * width[new < 25].mean()
    assert np.all(np.diff(told, axis=1) >= 0)
    assert np.all(told >= 0)


def test_rows_of_one_talkative_asset_do_not_decide_alone() -> None:
    rng = np.random.default_rng(3)
    said = np.full(2000, 50.0) + rng.normal(size=2000) * 1e-3
    assets = np.concatenate([np.zeros(1000, int), 1 + np.arange(1000) % 20])
    truth = said + np.where(assets == 0, 40.0, rng.normal(size=2000))
    middle = spread_of(said, truth, assets, LEVELS).around(np.array([50.0]))[0, 3]
    assert middle < 53


def test_seven_assets_are_too_few_for_an_interval() -> None:
    with pytest.raises(NotReady):
        spread_of(np.arange(70.0), np.arange(70.0), np.arange(70) % 7, LEVELS)


def test_with_one_row_an_asset_and_one_place_it_is_split_conformal_as_mapie_does_it() -> None:
    from mapie.regression import SplitConformalRegressor
    from sklearn.dummy import DummyRegressor

    truth = np.random.default_rng(4).exponential(size=60)
    zero = DummyRegressor(strategy="constant", constant=0.0).fit(np.zeros((1, 1)), [0.0])
    mapie = SplitConformalRegressor(zero, confidence_level=0.8, prefit=True)
    mapie.conformalize(np.zeros((60, 1)), truth)
    _, interval = mapie.predict_interval(np.zeros((1, 1)))
    upper = spread_of(np.zeros(60), truth, np.arange(60), np.array([0.5, 0.8])).around(np.zeros(1))[0, 1]
    assert upper == pytest.approx(interval[0, 1, 0])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_a_weighted_quantile_with_equal_weights_is_the_one_of_numpy(values: list[float], level: float) -> None:
    row = np.array(values)
    told = weighted_quantiles(row, np.ones(len(row)), np.array([level]))[0]
    assert told in row
    assert np.mean(row <= told) >= level - 1e-9
    assert np.mean(row < told) <= level + 1e-9


def test_levels_are_widened_to_both_sides_alike() -> None:
    wide = finite_levels(LEVELS, 30)
    assert np.allclose(wide + wide[::-1], 1)
    assert wide[1] < 0.1
    assert wide[-2] > 0.9


def drifting(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What a model trained once goes on saying, and lives that get shorter and less alike under it."""
    rng = np.random.default_rng(seed)
    said = np.tile(50 + 10 * normal_scores(LEVELS), (steps, 1))
    time = np.linspace(0, 1, steps)
    return said, np.maximum(50 - 25 * time + (10 + 15 * time) * rng.normal(size=steps), 0.0)


def test_coverage_is_kept_while_the_fleet_drifts_away_from_the_model() -> None:
    said, came = drifting(2000, seed=6)
    state, inside, plain = Adaptive.start(), [], []
    for forecast, left in zip(said, came, strict=True):
        told = state.adjusted(Forecasts(LEVELS, forecast[None, :], ("",))).left[0]
        inside.append(told[1] <= left <= told[-2])
        plain.append(forecast[1] <= left <= forecast[-2])
        state = state.after(forecast, left)
    assert 0.77 < np.mean(inside) < 0.83
    assert 0.74 < np.mean(inside[1500:]) < 0.86
    assert np.mean(plain[1500:]) < 0.5
    assert state.seen == 2000


def test_a_fleet_that_stays_as_it_was_keeps_about_the_model_s_intervals() -> None:
    rng = np.random.default_rng(7)
    forecast, state = 50 + 10 * normal_scores(LEVELS), Adaptive.start()
    widths = []
    for _ in range(1500):
        told = state.adjusted(Forecasts(LEVELS, forecast[None, :], ("",))).left[0]
        widths.append(told[-2] - told[1])
        state = state.after(forecast, 50 + 10 * rng.normal())
    assert np.mean(widths[300:]) == pytest.approx(25.6, rel=0.1)


@given(st.lists(st.floats(0, 200), min_size=30, max_size=200))
def test_whatever_comes_the_share_below_each_level_stays_within_the_proven_bound(outcomes: list[float]) -> None:
    forecast, state = 50 + 10 * normal_scores(LEVELS), Adaptive.start()
    below = np.zeros(len(LEVELS))
    for left in outcomes:
        moved = state.after(forecast, left)
        below += moved.scores < state.scores
        state = moved
    reach = 15.0 + STEP + np.abs(normal_scores(LEVELS))  # outcomes of 0 to 200 are within 15 deviations of 50
    assert np.all(np.abs(below / len(outcomes) - LEVELS) <= reach / (STEP * len(outcomes)))


def test_rows_that_could_not_tell_stay_so_and_teach_nothing() -> None:
    silent = np.full((1, len(LEVELS)), np.nan)
    state = Adaptive.start()
    told = state.adjusted(Forecasts(LEVELS, silent, ("cannot tell yet",)))
    assert np.all(np.isnan(told.left))
    assert told.said == ("cannot tell yet",)
    assert state.after(silent[0], 5.0) is state


def test_an_adjusted_forecast_never_falls_with_its_level() -> None:
    forecast, state = 50 + 10 * normal_scores(LEVELS), Adaptive.start(step=1.0)
    for left in (0.0, 200.0, 0.0, 0.0, 55.0, 200.0):
        state = state.after(forecast, left)
        told = state.adjusted(Forecasts(LEVELS, forecast[None, :], ("",))).left[0]
        assert np.all(np.diff(told) >= 0)
        assert told[0] >= 0
