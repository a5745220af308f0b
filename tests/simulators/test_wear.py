"""Laws of wear, their effects, and where a fault counts as detectable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.faults import MECHANISMS
from forewarn.simulators.effects import AT_FAILURE, DETECTABLE, HEALTHY, HealthyVelocity, effects, severity_at_p
from forewarn.simulators.wear import LAWS, draw_path, exponential, paris

PUMP = HealthyVelocity(0.75, 0.30, 0.75)
SHARES = np.linspace(0.0, 1.0, 201)


@pytest.mark.parametrize("mechanism", LAWS)
def test_a_law_rises_from_nothing_to_failure(mechanism: str) -> None:
    severity = LAWS[mechanism](SHARES)
    assert severity[0] == pytest.approx(0.0, abs=1e-12)
    assert severity[-1] == pytest.approx(1.0)
    assert np.all(np.diff(severity) > 0)


@given(seed=st.integers(0, 10_000), mechanism=st.sampled_from(sorted(LAWS)))
def test_no_drawn_life_ever_heals(seed: int, mechanism: str) -> None:
    path = draw_path(mechanism, np.random.default_rng(seed))
    severities = [path.severity_at(float(x)) for x in SHARES]
    assert severities[0] == 0.0
    assert severities[-1] == 1.0
    assert np.all(np.diff(severities) > 0)


def test_the_seed_alone_decides_a_life() -> None:
    one, same, other = (draw_path("ball_spall", np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(one.severity, same.severity)
    assert not np.array_equal(one.severity, other.severity)


@given(severity=st.floats(0.001, 0.999), seed=st.integers(0, 100))
def test_the_share_of_life_is_the_inverse_of_the_severity(severity: float, seed: int) -> None:
    path = draw_path("inner_race_spall", np.random.default_rng(seed))
    assert path.severity_at(path.share_at(severity)) == pytest.approx(severity)


def test_paris_law_agrees_with_its_differential_equation_stepped_by_hand() -> None:
    exponent, growth, steps = 3.0, 6.0, 200_000
    span = (growth ** (1 - exponent / 2) - 1) / (1 - exponent / 2)  # so that life ends at share 1
    size, seen = 1.0, []
    for step in range(steps):
        if step % (steps // 4) == 0:
            seen.append((size - 1) / (growth - 1))
        size += span * size ** (exponent / 2) / steps
    assert paris(np.array([0.0, 0.25, 0.5, 0.75]), exponent, growth) == pytest.approx(seen, abs=1e-3)


def test_paris_law_with_exponent_two_is_the_exponential_and_both_refuse_nonsense() -> None:
    assert paris(SHARES, 2.0, 5.0) == pytest.approx(exponential(SHARES, math.log(5.0)))
    assert exponential(SHARES, 0.0) == pytest.approx(SHARES)
    with pytest.raises(ValueError, match="not above 1"):
        paris(SHARES, 3.0, 1.0)


def test_every_mechanism_is_a_word_of_the_core() -> None:
    assert set(LAWS) <= set(MECHANISMS)


@pytest.mark.parametrize("mechanism", DETECTABLE)
def test_p_lies_where_the_published_threshold_is_crossed_and_not_before(mechanism: str) -> None:
    threshold, severity = DETECTABLE[mechanism], severity_at_p(mechanism, PUMP)
    assert 0.0 < severity < 0.5, "a P-F interval needs room before F"
    assert threshold.indicator(effects(mechanism, severity), PUMP) == pytest.approx(threshold.level)
    assert threshold.indicator(effects(mechanism, 0.9 * severity), PUMP) < threshold.level
    assert threshold.source
    assert threshold.rule


def test_imbalance_is_detectable_after_a_quarter_of_the_upper_value_of_zone_b() -> None:
    severity = severity_at_p("imbalance", PUMP)
    more = AT_FAILURE["imbalance"].one_x_mm_s * severity
    before, after = math.hypot(0.75, 0.30, 0.75), math.hypot(0.75 + more, 0.30, 0.75)
    assert after - before == pytest.approx(0.7)
    assert PUMP.rms(HEALTHY) == pytest.approx(before)


def test_a_spall_is_detectable_when_the_level_above_1_khz_has_doubled() -> None:
    ratio = AT_FAILURE["outer_race_spall"].impact_ratio * severity_at_p("outer_race_spall", PUMP)
    assert ratio == pytest.approx(math.sqrt(3.0))
