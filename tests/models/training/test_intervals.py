"""Intervals hold what they promise, and nothing counted is no number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.models.training.intervals import mean_of, paired_difference, poisson_rate, wilson


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_share_lies_inside_its_interval_and_that_inside_0_to_1(hits: int, misses: int) -> None:
    found = wilson(hits, hits + misses)
    if hits + misses == 0:
        assert found.value is found.low is found.high is None
    else:
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1


def test_wilson_covers_a_rare_share_nineteen_times_of_twenty() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for hits in rng.binomial(20, 0.1, 2_000).tolist():
        found = wilson(hits, 20)
        held += found.low is not None and found.high is not None and found.low <= 0.1 <= found.high
    assert 0.93 <= held / 2_000 <= 0.99


def test_more_hits_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="3 hits of 2"):
        wilson(3, 2)


def test_a_rate_agrees_with_the_chi_square_form_of_garwood() -> None:
    from scipy.stats import chi2

    found = poisson_rate(4, 8.0)
    assert found.low == pytest.approx(chi2.ppf(0.025, 8) / 2 / 8)
    assert found.high == pytest.approx(chi2.ppf(0.975, 10) / 2 / 8)


def test_nothing_watched_has_no_rate() -> None:
    assert poisson_rate(0, 0.0).value is None


def test_two_models_that_differ_on_every_machine_are_told_apart_and_alike_ones_are_not() -> None:
    rng = np.random.default_rng(2)
    groups = [f"p{i // 10}" for i in range(80)]
    a = rng.gamma(2, 10, 80)
    better, alike = (
        paired_difference(a, a - 5 + rng.normal(0, 1, 80), groups),
        paired_difference(a, rng.permutation(a), groups),
    )
    assert better.high is not None
    assert better.high < 0
    assert alike.low is not None
    assert alike.high is not None
    assert alike.low < 0 < alike.high


def test_many_moments_of_two_machines_promise_no_more_than_two_machines() -> None:
    a = np.zeros(2_000)
    b = np.concatenate([np.full(1_000, -1.0), np.full(1_000, 3.0)])  # one machine says so, the other the contrary
    found = paired_difference(a, b, ["p1"] * 1_000 + ["p2"] * 1_000)
    assert (found.low, found.high, found.count) == (-1.0, 3.0, 2)


def test_cases_without_an_answer_of_both_are_left_out() -> None:
    found = paired_difference(np.array([1.0, np.nan, 3.0]), np.array([2.0, 5.0, np.nan]), ["a", "b", "c"])
    assert (found.value, found.count) == (1.0, 1)
    assert mean_of([]).value is None
