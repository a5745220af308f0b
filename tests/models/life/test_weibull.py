"""Censored Weibull lives against a slow likelihood, and forecasts against the law that made the lives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forewarn.core.errors import NotReady
from forewarn.models.life.contract import LEVELS, Life
from forewarn.models.life.weibull import (
    Belief,
    Lifetimes,
    Prior,
    Weibull,
    WeibullAge,
    fit,
    kaplan_meier,
    log_likelihood,
    profile_interval,
)


def drawn(count: int, shape: float, scale: float, stop: float, seed: int) -> Lifetimes:
    """Lives of one law; those beyond an age drawn up to `stop` still run."""
    rng = np.random.default_rng(seed)
    lives, seen = scale * rng.weibull(shape, count), rng.uniform(0.2, stop, count) * scale
    return Lifetimes(np.minimum(lives, seen), lives <= seen)


def slow_log_likelihood(lifetimes: Lifetimes, shape: float, scale: float) -> float:
    """One life at a time, by the formula of the density and of the survival."""
    total = 0.0
    for hours, failed in zip(lifetimes.hours, lifetimes.failed, strict=True):
        survival = math.exp(-((hours / scale) ** shape))
        density = shape / scale * (hours / scale) ** (shape - 1) * survival
        total += math.log(density if failed else survival)
    return total


def as_lives(lifetimes: Lifetimes) -> list[Life]:
    return [
        Life(f"P-{i}", np.array([0.5 * hours, hours]), (), np.zeros((2, 0)), bool(failed))
        for i, (hours, failed) in enumerate(zip(lifetimes.hours, lifetimes.failed, strict=True))
    ]


def test_no_pair_near_by_is_likelier_than_the_fit() -> None:
    lifetimes = drawn(60, 2.3, 900.0, 1.5, seed=4)
    best = fit(lifetimes)
    top = slow_log_likelihood(lifetimes, best.shape, best.scale)
    for shape in (0.97 * best.shape, best.shape, 1.03 * best.shape):
        for scale in (0.97 * best.scale, best.scale, 1.03 * best.scale):
            assert slow_log_likelihood(lifetimes, shape, scale) <= top + 1e-6


def test_the_likelihood_of_a_whole_grid_is_the_slow_one() -> None:
    lifetimes = drawn(15, 1.4, 300.0, 1.2, seed=8)
    shapes, scales = np.meshgrid([0.8, 1.5, 3.0], [200.0, 400.0], indexing="ij")
    table = log_likelihood(lifetimes, shapes, scales)
    for place in np.ndindex(table.shape):
        assert table[place] == pytest.approx(slow_log_likelihood(lifetimes, float(shapes[place]), float(scales[place])))


def test_what_still_runs_is_not_read_as_failed() -> None:
    lifetimes = drawn(80, 2.0, 1000.0, 0.8, seed=2)
    as_failed = Lifetimes(lifetimes.hours, np.ones(len(lifetimes.hours), bool))
    assert fit(lifetimes).scale > 1.3 * fit(as_failed).scale
    assert 750 < fit(lifetimes).scale < 1300


@pytest.mark.slow
def test_profile_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = np.zeros(2)
    for seed in range(25):
        (low_shape, high_shape), (low_scale, high_scale) = profile_interval(drawn(30, 2.0, 1000.0, 1.6, seed))
        inside += low_shape <= 2.0 <= high_shape, low_scale <= 1000.0 <= high_scale
    assert np.all(inside >= 20)


def test_two_edges_of_the_profile_stand_where_the_likelihood_has_fallen_by_half_the_chi_square() -> None:
    lifetimes = drawn(40, 2.0, 1000.0, 1.5, seed=3)
    (low, high), _ = profile_interval(lifetimes)
    best = fit(lifetimes)
    top = slow_log_likelihood(lifetimes, best.shape, best.scale)
    for edge in (low, high):
        profile = max(slow_log_likelihood(lifetimes, edge, float(scale)) for scale in np.linspace(600, 1600, 400))
        assert top - profile == pytest.approx(1.92, abs=0.12)


def test_few_failures_give_a_wide_forecast_and_many_come_to_the_law() -> None:
    law = Weibull(2.5, 500.0)
    few, many = drawn(5, 2.5, 500.0, 3.0, seed=6), drawn(600, 2.5, 500.0, 3.0, seed=6)
    told = [Belief.of(each, Prior.wide(each)).left(np.array([300.0]), LEVELS)[0] for each in (few, many)]
    assert told[0][-1] - told[0][0] > 1.15 * (told[1][-1] - told[1][0])
    assert told[1] == pytest.approx(law.left(300.0, LEVELS), rel=0.12)


def test_a_class_with_one_failure_borrows_from_the_others_and_one_with_many_speaks_for_itself() -> None:
    pumps, fans = drawn(60, 3.0, 1000.0, 3.0, seed=1), drawn(40, 3.0, 250.0, 3.0, seed=2)
    rare = Lifetimes(np.array([400.0, 500.0]), np.array([True, False]))
    lives, classes = [], {}
    for name, group in (("pump", pumps), ("fan", fans), ("rare", rare)):
        for life in as_lives(group):
            lives.append(Life(f"{name}-{life.asset}", life.age, life.names, life.values, life.ended))
            classes[lives[-1].asset] = name
    prognosis = WeibullAge(classes).learn(lives)
    new = [Life(f"{name}-P-0", np.array([1.0]), (), np.zeros((1, 0)), False) for name in ("pump", "fan", "rare")]
    middle = prognosis.forecast(new).at(0.5)
    assert middle[0] == pytest.approx(Weibull(3.0, 1000.0).left(1.0, np.array([0.5]))[0], rel=0.15)
    assert middle[1] == pytest.approx(Weibull(3.0, 250.0).left(1.0, np.array([0.5]))[0], rel=0.15)
    assert middle[1] < middle[2] < middle[0]


def test_eighty_percent_of_the_ends_lie_in_the_interval_at_every_age() -> None:
    prognosis = WeibullAge().learn(as_lives(drawn(40, 2.0, 1000.0, 1.5, seed=11)))
    ends = 1000.0 * np.random.default_rng(12).weibull(2.0, 3000)
    for age in (100.0, 700.0):
        asked = Life("new", np.array([age]), (), np.zeros((1, 0)), False)
        low, high = (prognosis.forecast([asked]).at(level)[0] for level in (0.1, 0.9))
        left = ends[ends > age] - age
        assert 0.70 < np.mean((left >= low) & (left <= high)) < 0.92


def test_without_a_failure_nothing_is_said() -> None:
    running = Lifetimes(np.array([10.0, 20.0, 30.0]), np.zeros(3, bool))
    with pytest.raises(NotReady):
        fit(running)
    with pytest.raises(NotReady):
        Prior.wide(running)
    with pytest.raises(NotReady):
        WeibullAge().learn(as_lives(running))


def test_kaplan_meier_is_the_product_over_those_who_were_left() -> None:
    lifetimes = drawn(25, 2.0, 100.0, 1.2, seed=9)
    hours, survival, low, high = kaplan_meier(lifetimes)
    product = 1.0
    for at, share in zip(hours, survival, strict=True):
        alive = np.count_nonzero(lifetimes.hours >= at)
        product *= 1 - np.count_nonzero(lifetimes.failed & (lifetimes.hours == at)) / alive
        assert share == pytest.approx(product)
    assert np.all((low <= survival) & (survival <= high))
