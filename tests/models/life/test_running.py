"""Causal building blocks, against slow obvious oracles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.models.life.contract import Life
from forewarn.models.life.running import FirstSign, running_median, running_quantile, smallest_of

values = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=40)


@given(values, st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_the_running_quantile_is_the_quantile_of_all_that_came(given_values: list[float], share: float) -> None:
    told = running_quantile(np.array(given_values), share)
    for row in range(len(given_values)):
        seen = sorted(v for v in given_values[: row + 1] if v == v)
        if seen:
            assert told[row] == seen[int(share * (len(seen) - 1))]
        else:
            assert np.isnan(told[row])


@given(values, st.integers(1, 7))
def test_the_running_median_is_the_median_of_the_last_rows(given_values: list[float], width: int) -> None:
    told = running_median(np.array(given_values), width)
    for row in range(len(given_values)):
        seen = [v for v in given_values[max(0, row + 1 - width) : row + 1] if v == v]
        expected = np.median(seen) if seen else np.nan
        np.testing.assert_allclose(told[row], expected, rtol=1e-9, atol=1e-6)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.integers(1, 6))
def test_the_smallest_of_the_last_rows_waits_until_so_many_came(given_values: list[float], width: int) -> None:
    told = smallest_of(np.array(given_values), width)
    for row in range(len(given_values)):
        came = given_values[max(0, row + 1 - width) : row + 1]
        assert told[row] == (min(came) if len(came) == width else -np.inf)


def bearing(rows: int = 400, onset: int | None = 300, glitch: int | None = None) -> Life:
    """Two directions of a housing that runs in, then rings; a glitch is one direction jumping for good."""
    rng = np.random.default_rng(3)
    level = 1.0 + 2.0 * np.exp(-np.arange(rows) / 60)
    if onset is not None:
        level = level * np.where(np.arange(rows) > onset, 2.0, 1.0)
    both = np.stack([level, level], axis=1) * np.exp(0.08 * rng.normal(size=(rows, 2)))
    if glitch is not None:
        both[glitch:, 0] *= 1.9
    return Life("b", np.arange(1.0, rows + 1), ("x:band_2000_4000", "y:band_2000_4000"), both, True)


SIGN = FirstSign(("x:band_2000_4000", "y:band_2000_4000"))


def test_a_bearing_that_runs_in_shows_no_sign_and_one_that_rings_shows_it_at_once() -> None:
    assert SIGN.row(bearing(onset=None)) is None
    row = SIGN.row(bearing())
    assert row is not None
    assert 304 <= row <= 310


def test_one_direction_that_jumps_alone_is_no_sign() -> None:
    assert SIGN.row(bearing(onset=None, glitch=200)) is None
    assert FirstSign(SIGN.columns[:1]).row(bearing(onset=None, glitch=200)) is not None


def test_a_few_loud_snapshots_are_no_sign() -> None:
    life = bearing(onset=None)
    for start in (150, 220):
        life.values[start : start + 4] *= 10
    assert SIGN.row(life) is None


def test_the_sign_does_not_depend_on_what_comes_later() -> None:
    life = bearing()
    row = SIGN.row(life)
    assert row is not None
    assert SIGN.row(life.until(row)) == row
    assert SIGN.row(life.until(row - 1)) is None
