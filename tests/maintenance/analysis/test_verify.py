"""Did the change work: intervals that hold what they promise, and no verdict where nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.analysis.verify import in_words, money, rates, sides, weekly

counts, hours = st.integers(0, 60), st.floats(1.0, 1e5)


@given(counts, hours, counts, hours)
def test_the_ratio_lies_in_its_interval_and_the_other_way_round_is_the_other_verdict(
    before: int, before_h: float, after: int, after_h: float
) -> None:
    there, back = rates(before, before_h, after, after_h), rates(after, after_h, before, before_h)
    if there.ratio is not None:
        assert there.low <= there.ratio <= (np.inf if there.high is None else there.high)
    other = {"better": "worse", "worse": "better", "cannot_tell": "cannot_tell"}
    assert back.verdict == other[there.verdict]
    if there.high is not None and back.low > 0:
        assert there.high == pytest.approx(1 / back.low, rel=1e-6)


@given(counts, counts, hours)
def test_a_verdict_is_what_the_exact_binomial_test_says(before: int, after: int, side_h: float) -> None:
    """With the same hours on both sides, Clopper-Pearson and twice the smaller tail agree; summed here by hand."""
    from math import comb

    told, n = rates(before, side_h, after, side_h), before + after
    tail = sum(comb(n, k) for k in range(min(before, after) + 1)) / 2**n
    sure = 2 * tail < 0.05
    assert (told.verdict != "cannot_tell") == sure


def test_the_interval_covers_the_true_ratio_at_least_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        before, after = rng.poisson(12.0), rng.poisson(0.5 * 20.0)
        told = rates(int(before), 1_200.0, int(after), 2_000.0)
        held += told.low <= 0.5 <= (np.inf if told.high is None else told.high)
    assert held >= 0.94 * 400


def test_without_a_failure_before_nothing_is_called_better() -> None:
    assert rates(0, 10_000.0, 0, 10_000.0).verdict == "cannot_tell"
    assert rates(0, 10_000.0, 0, 0.0).ratio is None
    assert rates(0, 10_000.0, 9, 10_000.0).verdict == "worse"
    with pytest.raises(Rejected):
        rates(-1, 1.0, 0, 1.0)


def test_how_long_it_takes_to_see_half_as_many_is_when_it_shows() -> None:
    told = rates(30, 10_000.0, 3, 2_000.0)
    assert told.verdict == "cannot_tell"
    assert told.needed_h is not None
    expected = round(told.needed_h * 0.5 * 30 / 10_000.0)
    assert rates(30, 10_000.0, expected, told.needed_h).verdict == "better"
    assert rates(30, 10_000.0, expected - 1, told.needed_h * (expected - 1) / expected).verdict == "cannot_tell"
    assert "more days of running" in in_words(told, money([], [], np.random.default_rng(1)), "EUR", 2)
    few = rates(5, 10_000.0, 1, 1_000.0)
    assert few.needed_h is None
    assert "too few to ever show" in in_words(few, money([], [], np.random.default_rng(1)), "EUR", 2)


def test_costs_that_fell_and_costs_that_only_wobble() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.gamma(2.0, 500.0, 26), rng.gamma(2.0, 120.0, 26)
    assert money(before.tolist(), after.tolist(), np.random.default_rng(1)).verdict == "better"
    assert money(after.tolist(), before.tolist(), np.random.default_rng(1)).verdict == "worse"
    same = money(before[:13].tolist(), before[13:].tolist(), np.random.default_rng(1))
    assert same.verdict == "cannot_tell"
    assert same.low is not None
    assert same.high is not None
    assert same.low < 0 < same.high
    assert "cannot be told apart" in in_words(rates(1, 9.0, 1, 9.0), same, "EUR", 1)


def test_weeks_are_counted_from_the_change_to_both_sides() -> None:
    at = 100 * US_PER_DAY
    before, after = sides(at, 20, 110 * US_PER_DAY)
    assert (before, after) == ((80 * US_PER_DAY, at), (at, 110 * US_PER_DAY))
    amounts = [(at - US_PER_DAY, 1.0), (at - 8 * US_PER_DAY, 2.0), (at, 4.0), (at - 19 * US_PER_DAY, 8.0)]
    assert weekly(amounts, *before, backwards=True) == [2.0, 1.0]
    assert weekly(amounts, *after) == [4.0]
    with pytest.raises(Rejected, match="still to come"):
        sides(at, 20, at)
