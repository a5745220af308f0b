"""Slow signals: slopes with an honest interval, changes of level where they were made, what the regime leaves over."""

from __future__ import annotations

from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Track, Window
from forewarn.models.features.slow import change_points, regime_residual, running_median, slope

values = st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=40)


def daily(value: Floats) -> Track:
    return Track(np.arange(len(value), dtype=np.int64) * US_PER_DAY, np.asarray(value, np.float64))


def alike_noise(n: int, keep: float, seed: int) -> Floats:
    """Noise of deviation 1 whose neighbours correlate with `keep`."""
    rng, noise = np.random.default_rng(seed), [0.0]
    for step in rng.standard_normal(n):
        noise.append(keep * noise[-1] + (1 - keep**2) ** 0.5 * step)
    return np.array(noise[1:])


@given(values)
def test_the_slope_is_the_median_over_all_pairs(x: list[float]) -> None:
    pairs = [(x[j] - x[i]) / (j - i) for i, j in combinations(range(len(x)), 2)]
    found = slope(daily(np.array(x)))
    assert found.per_day == pytest.approx(median(pairs), abs=1e-9)
    assert found.low <= found.per_day <= found.high


def test_a_quarter_of_outliers_does_not_turn_the_slope() -> None:
    x = 0.5 * np.arange(40.0) + np.random.default_rng(0).normal(0, 0.1, 40)
    x[3::4] += 500.0 * np.random.default_rng(1).choice([-1, 1], 10)
    assert slope(daily(x)).per_day == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("keep", "fewest"), [(0.0, 0.88), (0.7, 0.80)])
def test_the_interval_holds_the_true_slope_also_where_neighbours_are_alike(keep: float, fewest: float) -> None:
    held = [s.low <= 0.02 <= s.high for s in (slope(daily(0.02 * np.arange(120) + alike_noise(120, keep, i)))
            for i in range(60))]  # fmt: skip
    assert np.mean(held) >= fewest


def test_many_points_are_put_together_and_keep_their_slope() -> None:
    at = np.arange(20_000, dtype=np.int64) * US_PER_HOUR // 10
    found = slope(Track(at, 3.0 * at / US_PER_DAY + np.random.default_rng(2).normal(0, 1, 20_000)))
    assert found.points <= 400
    assert found.per_day == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_too_few_points_are_not_ready_and_never_a_zero(n: int) -> None:
    for ask in (slope, change_points):
        with pytest.raises(NotReady):
            ask(daily(np.ones(n)))


def test_values_that_are_not_finite_are_refused() -> None:
    for ask in (slope, change_points):
        with pytest.raises(Rejected, match="not_finite"):
            ask(daily(np.where(np.arange(20) == 5, np.nan, 1.0)))


def test_a_constant_has_no_slope_and_no_change() -> None:
    found = slope(daily(np.full(30, 7.0)))
    assert (found.per_day, found.low, found.high, found.sure) == (0.0, 0.0, 0.0, False)
    assert change_points(daily(np.full(30, 7.0))) == ()


@settings(max_examples=30)
@given(st.integers(20, 80), st.floats(4.0, 50.0), st.integers(0, 10_000))
def test_a_step_is_found_where_it_was_made(place: int, height: float, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal(100) + height * (np.arange(100) >= place)
    found = change_points(daily(x))
    assert any(abs(c.at_us / US_PER_DAY - place) <= 2 for c in found)
    assert max(abs(c.after - c.before) for c in found) == pytest.approx(height, rel=0.35)


def test_noise_without_a_step_has_hardly_ever_one() -> None:
    seen = [len(change_points(daily(alike_noise(200, 0.5, seed)))) for seed in range(40)]
    assert np.mean([n > 0 for n in seen]) <= 0.1


def test_a_single_outlier_is_no_change() -> None:
    x = np.random.default_rng(3).standard_normal(100)
    x[50] = 80.0
    assert change_points(daily(x)) == ()


@given(st.lists(st.floats(-9, 9), min_size=5, max_size=30))
def test_the_running_median_agrees_with_the_slow_twin(x: list[float]) -> None:
    padded = [x[0]] * 2 + x + [x[-1]] * 2
    assert running_median(np.array(x), 5).tolist() == [median(padded[i : i + 5]) for i in range(len(x))]


def regime_window(n: int = 300) -> Window:
    load = 50 + 20 * np.sin(np.arange(n) / 7.0)
    value = 3 + 0.2 * load + np.random.default_rng(5).normal(0, 0.1, n) + np.where(np.arange(n) >= 200, 2.0, 0.0)
    value[::11] = np.nan
    return Window.of(np.arange(n) * US_PER_HOUR, ["temp"], value[:, None], load[:, None])


def test_what_the_regime_explains_is_taken_off_and_a_change_stays() -> None:
    residual = regime_residual(regime_window(), 150 * US_PER_HOUR).values[:, 0]
    assert np.nanstd(residual[:150]) == pytest.approx(0.1, rel=0.2)
    assert np.nanmean(residual[200:]) == pytest.approx(2.0, abs=0.1)
    assert np.isnan(residual[::11]).all()


def test_a_regime_that_the_baseline_never_saw_is_left_out() -> None:
    window = regime_window()
    window.regime[250:, 0] = 200.0
    residual = regime_residual(window, 150 * US_PER_HOUR).values[:, 0]
    assert np.isnan(residual[250:]).all()


def test_a_baseline_of_a_few_points_is_not_ready() -> None:
    with pytest.raises(NotReady, match="temp has 4 points"):
        regime_residual(regime_window(), 5 * US_PER_HOUR)
