"""Zones of ISO 20816-3: by group and support, monotone, and the same that the limits of velocity use."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.models.limits import ISO_20816_3, Zone, velocity_limit, zone, zone_boundaries
from tests.models.machines import PUMP

powers = st.one_of(st.none(), st.floats(0.1, 5_000.0))
supports = st.sampled_from(["rigid", "flexible"])


@pytest.mark.parametrize(
    ("velocity", "power_kw", "support", "expected"),
    [
        (1.4, 30.0, "rigid", "A"), (1.5, 30.0, "rigid", "B"), (2.8, 30.0, "rigid", "B"), (2.9, 30.0, "rigid", "C"),
        (4.6, 30.0, "rigid", "D"), (4.6, 30.0, "flexible", "C"), (2.3, 301.0, "rigid", "A"), (4.6, 301.0, "rigid", "C"),
        (7.0, 301.0, "flexible", "B"), (11.1, 301.0, "flexible", "D"), (2.9, None, "rigid", "C"),
    ],
)  # fmt: skip
def test_the_zone_follows_the_table(velocity: float, power_kw: float | None, support: str, expected: str) -> None:
    assert zone(velocity, power_kw, support) is Zone(expected)


@given(powers, supports, st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_more_vibration_is_never_a_better_zone(power_kw: float | None, support: str, v: float, w: float) -> None:
    assert zone(min(v, w), power_kw, support) <= zone(max(v, w), power_kw, support)


def test_boundaries_rise_and_a_flexible_support_or_a_larger_machine_allows_more() -> None:
    for boundaries in ISO_20816_3.values():
        assert list(boundaries) == sorted(boundaries)
    assert zone_boundaries(30.0, "flexible") > zone_boundaries(30.0)
    assert zone_boundaries(400.0) > zone_boundaries(300.0)


def test_the_limit_of_a_velocity_ends_at_zone_c_d_of_its_support() -> None:
    rigid, soft = velocity_limit(PUMP, 1.0), velocity_limit(replace(PUMP, support="flexible"), 1.0)
    assert math.exp(rigid.failure_change) == pytest.approx(4.5)
    assert math.exp(soft.failure_change) == pytest.approx(7.1)


@pytest.mark.parametrize("velocity", [-0.1, math.nan, math.inf])
def test_what_is_no_velocity_has_no_zone(velocity: float) -> None:
    with pytest.raises(Rejected, match="velocity"):
        zone(velocity)


def test_a_power_or_support_that_is_none_is_refused() -> None:
    with pytest.raises(Rejected, match="power"):
        zone(1.0, 0.0)
    with pytest.raises(Rejected, match="support"):
        zone(1.0, 30.0, "soft")
