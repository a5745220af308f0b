"""Features of many blocks at once: the same as one by one, as slow sums say, and NaN where a block cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.readings import Floats
from forewarn.models.features import blocks as batch
from forewarn.models.features.blocks import FEATURE_UNITS, Mounted, block_features, order_spectrum
from forewarn.models.features.vibration import waveform_features
from tests.models.features import oracle
from tests.models.machines import SKF_6205, knocking

RATE_HZ = 12_800.0
EVERYTHING = Mounted(SKF_6205, gear_teeth=21, vanes=6)


def noisy(n: int, length: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, length)) * 3.0 + 9.81


def gear_and_vane(shaft_hz: float, side: float) -> Floats:
    """A gear of 21 teeth whose mesh (2 m/s^2) is modulated once per turn, and a vane pass of 6 x (4 m/s^2)."""
    t = np.arange(12_800) / RATE_HZ
    mesh = 2.0 * np.sin(2 * np.pi * 21 * shaft_hz * t) * (1 + 2 * side * np.sin(2 * np.pi * shaft_hz * t))
    return np.asarray(mesh + 4.0 * np.sin(2 * np.pi * 6 * shaft_hz * t), np.float64)


@settings(max_examples=30)
@given(
    st.integers(1, 9),
    st.sampled_from([64, 255, 1_000, 2_560]),
    st.lists(st.one_of(st.none(), st.floats(-5.0, 400.0)), min_size=9, max_size=9),
)
def test_many_blocks_say_what_each_says_alone(n: int, length: int, speeds: list[float | None]) -> None:
    x = noisy(n, length)
    table = block_features(x, RATE_HZ, np.array(speeds[:n], np.float64), EVERYTHING)
    assert table.values.shape == (n, len(FEATURE_UNITS))
    for i in range(n):
        alone = waveform_features(x[i].astype(np.float32), RATE_HZ, speeds[i], SKF_6205, 21, 6)
        assert table.row(i) == pytest.approx(alone, rel=2e-3, abs=1e-6), i


def test_the_size_of_the_groups_does_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    x, speeds = noisy(23, 2_560), np.linspace(20.0, 60.0, 23)
    whole = block_features(x, RATE_HZ, speeds, EVERYTHING).values
    monkeypatch.setattr(batch, "GROUP_SAMPLES", 4 * 2_560)
    assert np.array_equal(block_features(x, RATE_HZ, speeds, EVERYTHING).values, whole, equal_nan=True)


@settings(max_examples=20)
@given(st.integers(0, 1_000), st.sampled_from([200, 333, 400]))
def test_levels_and_bands_agree_with_slow_sums(seed: int, length: int) -> None:
    x = np.random.default_rng(seed).gamma(2.0, size=length)
    found = block_features(x[None, :], RATE_HZ).row(0)
    values = x.tolist()
    assert found["rms"] == pytest.approx(oracle.rms(values), rel=1e-9)
    assert found["kurtosis"] == pytest.approx(oracle.kurtosis(values), rel=1e-5)
    assert found["skewness"] == pytest.approx(oracle.skewness(values), rel=1e-5)
    assert found["peak_to_peak"] == pytest.approx(max(values) - min(values), rel=1e-6)
    assert found["band_500_2000"] == pytest.approx(oracle.band_rms(x, RATE_HZ, 500.0, 1_999.9), rel=1e-5)


def test_velocity_and_envelope_agree_with_slow_sums() -> None:
    rate_hz, x = 2_400.0, np.random.default_rng(4).standard_normal(960)
    found = block_features(x[None, :], rate_hz).row(0)
    assert found["velocity_rms"] == pytest.approx(oracle.band_rms(x, rate_hz, 10.0, 1_000.0, velocity=True), rel=1e-5)
    assert found["envelope_rms"] == pytest.approx(oracle.envelope_rms(x, rate_hz, 500.0, 0.47 * rate_hz), rel=0.02)


def test_tones_agree_with_the_recipe_written_out() -> None:
    rate_hz, shaft_hz = 6_000.0, 29.95
    tones = SKF_6205.tones_hz(shaft_hz)
    x = knocking(tones["bpfo"], 6.0, rate_hz=rate_hz, n=600).astype(np.float64)
    wanted = [tones["bpfo"], tones["bpfi"], 2 * tones["bsf"], tones["ftf"]]
    found = block_features(x[None, :], rate_hz, shaft_hz, Mounted(SKF_6205)).row(0)
    for name, hz in zip(("tone_bpfo", "tone_bpfi", "tone_bsf2"), wanted, strict=False):
        assert found[name] == pytest.approx(oracle.tone_height(x, rate_hz, hz, [shaft_hz, *wanted]), rel=2e-3)


@settings(max_examples=20)
@given(st.floats(20.0, 60.0))
def test_a_vane_pass_is_a_velocity_and_a_mesh_an_acceleration(shaft_hz: float) -> None:
    found = block_features(gear_and_vane(shaft_hz, 0.0)[None, :], RATE_HZ, shaft_hz, EVERYTHING).row(0)
    assert found["velocity_vane"] == pytest.approx(oracle.velocity_rms_of_sines([(6 * shaft_hz, 4.0)]), rel=0.03)
    assert found["gear_mesh"] == pytest.approx(math.sqrt(2), rel=0.03)
    assert found["gear_sidebands"] < 0.05


@pytest.mark.parametrize("side", [0.1, 0.3])
def test_side_bands_of_a_mesh_are_a_share_of_it(side: float) -> None:
    found = block_features(gear_and_vane(40.0, side)[None, :], RATE_HZ, 40.0, EVERYTHING).row(0)
    assert found["gear_sidebands"] == pytest.approx(side * math.sqrt(2), rel=0.05)  # two of them


def test_whirl_below_the_shaft_has_a_feature_of_its_own() -> None:
    t = np.arange(12_800) / RATE_HZ
    x = 1.0 * np.sin(2 * np.pi * 0.45 * 50.0 * t) + 1.0 * np.sin(2 * np.pi * 50.0 * t)
    found = block_features(x[None, :], RATE_HZ, 50.0).row(0)
    assert found["velocity_sub"] == pytest.approx(oracle.velocity_rms_of_sines([(22.5, 1.0)]), rel=0.02)
    assert found["velocity_1x"] == pytest.approx(oracle.velocity_rms_of_sines([(50.0, 1.0)]), rel=0.02)


def test_what_is_not_known_of_a_block_is_nan_in_its_row_alone() -> None:
    table = block_features(noisy(3, 8_192), RATE_HZ, np.array([25.0, np.nan, 0.0]), EVERYTHING)
    for name in ("velocity_1x", "velocity_sub", "velocity_vane", "gear_mesh", "tone_bpfo"):
        assert np.isfinite(table.column(name)).tolist() == [True, False, False], name
    for name in ("rms", "velocity_rms", "band_500_2000", "envelope_rms"):
        assert np.isfinite(table.column(name)).all(), name


def test_a_dead_sensor_among_others_changes_only_its_own_row() -> None:
    x = noisy(4, 2_560)
    x[2] = 9.81
    table, without = block_features(x, RATE_HZ, 25.0, EVERYTHING), block_features(x[:2], RATE_HZ, 25.0, EVERYTHING)
    assert table.row(2) == {"rms": 0.0, "peak": 0.0, "peak_to_peak": 0.0}
    assert table.row(1) == pytest.approx(without.row(1), rel=1e-4)


def test_the_sense_of_rotation_does_not_matter() -> None:
    x = noisy(1, 8_192)
    assert block_features(x, RATE_HZ, -25.0).row(0) == block_features(x, RATE_HZ, 25.0).row(0)


@pytest.mark.parametrize("x", [np.zeros((2, 63)), np.zeros(100), np.full((1, 100), np.nan), np.full((1, 100), np.inf)])
def test_blocks_that_are_short_flat_or_not_finite_are_refused(x: Floats) -> None:
    with pytest.raises(ValueError, match="at least 64 finite"):
        block_features(x, RATE_HZ)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, math.nan, math.inf])
def test_a_sample_rate_that_is_none_is_refused(rate_hz: float) -> None:
    with pytest.raises(ValueError, match="sample rate"):
        block_features(noisy(1, 100), rate_hz)


def test_speeds_that_do_not_fit_the_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit 3 blocks"):
        block_features(noisy(3, 100), RATE_HZ, np.array([25.0, 30.0]))


def test_a_gear_has_at_least_two_teeth() -> None:
    with pytest.raises(ValueError, match="gear_teeth"):
        Mounted(gear_teeth=1)


@settings(max_examples=30)
@given(st.floats(20.0, 80.0), st.integers(1, 9))
def test_orders_stay_where_they_are_at_any_speed(shaft_hz: float, order: int) -> None:
    x = np.sin(2 * np.pi * order * shaft_hz * np.arange(12_800) / RATE_HZ)
    orders, rms = order_spectrum(x[None, :], RATE_HZ, shaft_hz, highest=10.0, per_order=4)
    assert orders[rms[0].argmax()] == order
    assert math.sqrt(float(np.sum(rms[0] ** 2))) == pytest.approx(math.sqrt(0.5), rel=0.01)


def test_an_order_gets_its_share_of_every_line() -> None:
    rate_hz, shaft_hz, x = 640.0, 23.0, np.random.default_rng(8).standard_normal(640)
    orders, rms = order_spectrum(x[None, :], rate_hz, shaft_hz, highest=4.0, per_order=2)
    for order, found in zip(orders, rms[0], strict=True):
        low, high = (order - 0.25) * shaft_hz, (order + 0.25) * shaft_hz
        shares = [max(0.0, min(k + 0.5, high) - max(k - 0.5, low)) for k in range(321)]  # a line is 1 Hz wide
        assert found**2 == pytest.approx(float(np.dot(shares, oracle.mean_squares(x))), rel=1e-4)


def test_an_unknown_speed_has_no_orders() -> None:
    _, rms = order_spectrum(noisy(2, 4_096), RATE_HZ, np.array([25.0, np.nan]))
    assert np.isfinite(rms[0]).all()
    assert np.isnan(rms[1]).all()
