"""Baselines, limits and alarms beside their slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import SignalSpec, Track
from forewarn.models import tracks
from forewarn.models.channels import Channel
from forewarn.models.detectors.baseline import RegimeTable, learn_many, middle
from forewarn.models.detectors.own_past import RELEASE, DetectorSettings, judge, rolling, still_confirmed
from forewarn.models.life.growth import weighted_line
from forewarn.models.life.trend import LEVELS, quantiles, student_log
from forewarn.models.limits import Limit
from tests.models import oracle

values = st.lists(st.floats(-10, 10), min_size=5, max_size=60)


@given(values)
def test_rolling_agrees_with_the_slow_twin(x: list[float]) -> None:
    smallest, median = rolling(np.array(x), 5)
    assert (smallest.tolist(), median.tolist()) == oracle.rolling(x, 5)


@given(st.lists(st.sampled_from([0.0, 0.5, 0.8, 1.2, 3.0]), min_size=5, max_size=60))
def test_an_alarm_is_raised_and_ended_as_if_the_points_came_one_by_one(x: list[float]) -> None:
    assert still_confirmed(*rolling(np.array(x), 5), 1.0) == oracle.confirmed(x, 5, 1.0, RELEASE)


@given(st.lists(st.tuples(st.integers(0, 1_000), st.floats(-5, 5)), min_size=1, max_size=40, unique_by=lambda p: p[0]))
def test_bin_means_agree_with_the_slow_twin(points: list[tuple[int, float]]) -> None:
    at, value = [p[0] for p in sorted(points)], [p[1] for p in sorted(points)]
    found = tracks.bin_means(Track.of(at, value), 0, 100, 11)
    assert found == pytest.approx(oracle.bin_means(at, value, 0, 100, 11), nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=51).filter(lambda x: len(x) % 2 == 1))
def test_middle_is_the_median(x: list[float]) -> None:
    assert middle(np.array(x)) == np.median(x)


def test_the_baseline_agrees_with_a_robust_regression_of_statsmodels() -> None:
    rng = np.random.default_rng(5)
    load = rng.uniform(40, 100, 300)
    y = 3.0 + 0.05 * load + 0.1 * rng.standard_normal(300)
    y[rng.choice(300, 40, replace=False)] += 5.0
    table = RegimeTable(load[:, None])
    known = learn_many(y[:, None], table, 200, 100)
    assert known is not None
    design = table.design(200)
    intercept, slope = oracle.huber(np.column_stack([np.ones(200), load[:200]]), y[:200])
    expected = (design.matrix @ known.coefficients)[design.places, 0]
    assert expected == pytest.approx((intercept + slope * load)[design.places], abs=0.05)
    assert known.noise == pytest.approx(0.1, rel=0.5)


def test_points_in_a_regime_never_seen_before_are_not_compared() -> None:
    load = np.concatenate([np.linspace(40, 80, 100), np.full(50, 100.0), np.full(50, 60.0)])
    places = set(RegimeTable(load[:, None]).design(100).places.tolist())
    assert not set(range(100, 150)) & places
    assert set(range(150, 200)) <= places


def test_the_weighted_line_agrees_with_statsmodels() -> None:
    from statsmodels.api import WLS

    rng = np.random.default_rng(2)
    x, weight = np.sort(rng.uniform(-100, 0, 50)), rng.uniform(0.1, 1, 50)
    y = 2 + 0.03 * x + 0.2 * rng.standard_normal(50)
    slope, error, now = weighted_line(x, y, weight)
    fitted = WLS(y, np.column_stack([np.ones(50), x]), weights=weight).fit()
    assert [now, slope] == pytest.approx(fitted.params.tolist())
    assert error > fitted.bse[1], "neighbours correlate, so the error must be larger than that of independent points"


def test_quantiles_of_a_density_on_the_grid_are_those_of_the_distribution() -> None:
    grid = np.linspace(np.log(1e-3), np.log(1e5), 2_000)
    found = quantiles(grid, student_log(grid, np.log(50.0), 0.6, 5.0))
    expected = [oracle.student_quantile(np.log(50.0), 0.6, 5.0, float(level)) for level in LEVELS]
    assert found == pytest.approx(expected, rel=0.03)


def test_a_warm_body_remembers_the_load_of_the_last_hours() -> None:
    step = np.concatenate([np.zeros(50), np.full(100, 100.0)])
    column = tracks.felt({"load": step}, 600_000_000)["load_felt_0.5"]
    after_one_hour = 100 * (1 - np.exp(-1 / 0.5))
    assert column[55] == pytest.approx(after_one_hour, rel=0.02)


def noisy(correlation: float, points: int = 400, seed: int = 4) -> Channel:
    """A channel of noise alone whose neighbours resemble one another; no change is too small to matter."""
    rng, y = np.random.default_rng(seed), np.zeros(points)
    for i in range(1, points):
        y[i] = correlation * y[i - 1] + np.sqrt(1 - correlation**2) * rng.standard_normal()
    at = np.arange(points, dtype=np.int64) * US_PER_HOUR
    spec = SignalSpec("p", "x", "ratio", "percent", "t")
    limit = Limit(False, (1, -1), 1e-6, 100.0, 0.5, False)
    return Channel(
        "x", spec, "", "percent", at, y, RegimeTable(np.zeros((points, 0))), np.arange(points, dtype=np.float64), limit
    )


def bound(channel: Channel, rate: float, channels: int = 1) -> float:
    found = judge(channel, DetectorSettings(false_alarms_per_year=rate), channels)
    assert found is not None
    return found.bound


def test_the_rate_of_false_alarms_moves_the_limit_where_noise_decides() -> None:
    limits = [bound(noisy(0.9), rate) for rate in (0.001, 0.1, 1.0, 10.0)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 1.2 * limits[-1]


def test_a_rate_is_shared_by_all_channels_of_an_asset() -> None:
    assert bound(noisy(0.9), 1.0, channels=20) == pytest.approx(bound(noisy(0.9), 0.05, channels=1))


def test_neighbours_that_resemble_one_another_need_a_wider_limit() -> None:
    assert bound(noisy(0.0), 1.0) < bound(noisy(0.9), 1.0) < bound(noisy(0.97), 1.0)
