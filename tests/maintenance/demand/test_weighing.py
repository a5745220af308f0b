"""Learnt weights of methods: the worth of each on the latest lead time, and what happens without one."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.readings import Floats
from forewarn.maintenance.demand.combined import USUAL, _learnt_weights
from forewarn.maintenance.demand.distribution import LEVELS
from forewarn.maintenance.demand.history import cleaned
from forewarn.maintenance.demand.weighing import WARMTH, weights


def slow(told: list[Floats], actual: Floats, scale: Floats) -> Floats:
    """Two methods, fifth by fifth, level by level, part by part."""
    tried, losses = [(k / 5, 1 - k / 5) for k in range(6)], []
    for one, other in tried:
        total = 0.0
        for i, came in enumerate(actual):
            for level in (0.9, 0.95, 0.98):
                at = LEVELS.tolist().index(level)
                short = (came - one * told[0][i, at] - other * told[1][i, at]) / scale[i]
                total += level * short if short > 0 else (level - 1) * short
        losses.append(total / 3 / len(actual))
    counts = [np.exp(-(loss - min(losses)) / (WARMTH * min(losses))) for loss in losses]
    mean = sum(count * np.array(one) for count, one in zip(counts, tried, strict=True)) / sum(counts)
    return np.asarray(mean, np.float64)


def test_weights_equal_a_slow_recomputation_and_sum_to_one() -> None:
    rng = np.random.default_rng(1)
    actual = rng.poisson(2.0, 50).astype(float)
    told = [np.sort(rng.gamma(2.0, spread, (50, len(LEVELS))), axis=1) for spread in (1.0, 1.6)]
    scale = rng.uniform(0.5, 2.0, 50)
    found = weights(told, actual, scale)
    np.testing.assert_allclose(found, slow(told, actual, scale))
    assert found.sum() == pytest.approx(1.0)


def test_a_method_that_says_nonsense_gets_nothing_and_order_does_not_matter() -> None:
    actual = np.random.default_rng(2).poisson(3.0, 400).astype(float)
    good = np.tile(np.quantile(actual, LEVELS), (400, 1))
    found = weights([good, good * 9.0, good * 0.0], actual, np.ones(400))
    assert found[0] > 0.95
    np.testing.assert_allclose(weights([good * 0.0, good, good * 9.0], actual, np.ones(400)), found[[2, 0, 1]])


def test_a_record_too_short_for_a_trial_keeps_the_usual_weights() -> None:
    table = np.random.default_rng(3).poisson(1.0, (200, 5)).astype(float)
    found = _learnt_weights(cleaned(table), np.full(200, 3), None, 1, None)
    np.testing.assert_array_equal(found, USUAL)
