"""Features of one waveform: known sines, known tones, and what cannot be had is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.readings import Float32s, Floats
from forewarn.models.features.vibration import (
    FEATURE_UNITS,
    amplitude_spectrum,
    envelope_spectrum,
    waveform_features,
)
from tests.models.features import oracle
from tests.models.machines import BLOCK, RATE_HZ, SKF_6205, knocking

SHAFT_HZ = 29.95


def sine(frequency_hz: float, amplitude: float, rate_hz: float = RATE_HZ, n: int = BLOCK) -> Float32s:
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(n) / rate_hz), np.float32)


def test_shape_features_agree_with_the_definitions() -> None:
    x = np.random.default_rng(3).gamma(2.0, size=2_000).astype(np.float32)
    found = waveform_features(x, RATE_HZ, None, None)
    assert found["rms"] == pytest.approx(oracle.rms(x.tolist()), rel=1e-6)
    assert found["kurtosis"] == pytest.approx(oracle.kurtosis(x.tolist()), rel=1e-6)
    assert found["crest"] == pytest.approx(found["peak"] / found["rms"])


@given(st.floats(15.0, 950.0), st.floats(0.01, 100.0))
def test_a_sine_of_known_amplitude_has_the_right_velocity(frequency_hz: float, amplitude: float) -> None:
    found = waveform_features(sine(frequency_hz, amplitude), RATE_HZ, None, None)
    assert found["velocity_rms"] == pytest.approx(oracle.velocity_rms_of_sines([(frequency_hz, amplitude)]), rel=0.02)


def test_velocities_of_several_sines_add_up_as_squares_and_those_outside_the_band_do_not_count() -> None:
    sines = [(25.0, 0.8), (160.0, 5.0), (3_000.0, 50.0)]
    x = np.sum([sine(f, a) for f, a in sines], axis=0)
    found = waveform_features(x, RATE_HZ, None, None)
    assert found["velocity_rms"] == pytest.approx(oracle.velocity_rms_of_sines(sines), rel=0.02)


@given(st.integers(1, 3), st.floats(20.0, 100.0))
def test_each_order_sees_its_own_sine_alone(order: int, shaft_hz: float) -> None:
    found = waveform_features(sine(order * shaft_hz, 4.0), RATE_HZ, shaft_hz, None)
    expected = oracle.velocity_rms_of_sines([(order * shaft_hz, 4.0)])
    for other in (1, 2, 3):
        share = found[f"velocity_{other}x"] / expected
        assert share == pytest.approx(1.0, abs=0.03) if other == order else share < 0.03


def test_a_sine_is_counted_in_its_band_alone() -> None:
    found = waveform_features(sine(3_000.0, math.sqrt(2)), RATE_HZ, None, None)
    assert found["band_2000_4000"] == pytest.approx(1.0, rel=0.01)
    assert found["band_500_2000"] < 0.01
    assert found["band_4000_8000"] < 0.01


@given(st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_scaling_a_waveform_scales_its_levels_and_leaves_its_shape(a: float, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal(2_560)
    x[100] += 8.0
    plain = waveform_features(x.astype(np.float32), 25_600.0, 25.0, SKF_6205)
    scaled = waveform_features((a * x).astype(np.float32), 25_600.0, 25.0, SKF_6205)
    assert plain.keys() == scaled.keys()
    for name, value in plain.items():
        expected = value if FEATURE_UNITS[name] == "1" else a * value
        assert scaled[name] == pytest.approx(expected, rel=1e-3, abs=1e-6), name


def test_the_same_samples_taken_twice_as_slowly_have_tones_at_half_the_frequency() -> None:
    x = knocking(SKF_6205.tones_hz(SHAFT_HZ)["bpfo"], 6.0)
    fast = waveform_features(x, RATE_HZ, SHAFT_HZ, SKF_6205)
    slow_hz, slow = envelope_spectrum(x, RATE_HZ / 2)
    fast_hz, quick = envelope_spectrum(x, RATE_HZ)
    assert fast["tone_bpfo"] > 5
    assert slow_hz[1] == pytest.approx(fast_hz[1] / 2, rel=0.01)
    assert slow_hz[slow.argmax()] == pytest.approx(fast_hz[quick.argmax()] / 2, rel=0.02)


def test_orders_do_not_change_when_time_and_speed_are_scaled_together() -> None:
    x = sine(60.0, 1.0) + knocking(100.0, 0.0)
    once = waveform_features(x, RATE_HZ, 30.0, None)
    twice = waveform_features(x, 2 * RATE_HZ, 60.0, None)
    assert twice["velocity_2x"] == pytest.approx(once["velocity_2x"] / 2, rel=1e-6)
    assert twice["rms"] == once["rms"]


@pytest.mark.parametrize("tone", ["bpfo", "bpfi", "bsf2"])
def test_a_tenth_of_a_second_raises_the_right_tone_most(tone: str) -> None:
    hz = {**SKF_6205.tones_hz(SHAFT_HZ), "bsf2": 2 * SKF_6205.tones_hz(SHAFT_HZ)["bsf"]}[tone]
    x = knocking(hz, 15.0, rate_hz=25_600.0, n=2_560)
    found = waveform_features(x, 25_600.0, SHAFT_HZ, SKF_6205)
    tones = {name: found[f"tone_{name}"] for name in ("bpfo", "bpfi", "bsf2")}
    assert max(tones, key=lambda name: tones[name]) == tone


def test_the_tones_of_the_6205_are_those_of_the_published_table() -> None:
    tones = SKF_6205.tones_hz(1797 / 60)
    assert [round(tones[k], 1) for k in ("bpfo", "bpfi", "bsf", "ftf")] == [107.4, 162.2, 70.6, 11.9]


def test_what_a_block_cannot_give_is_left_out() -> None:
    x = knocking(100.0, 0.0)
    without = waveform_features(x, RATE_HZ, None, None)
    assert not [name for name in without if name.startswith(("tone", "velocity_1"))]
    short = waveform_features(x[:2_560], 25_600.0, 30.0, SKF_6205)
    assert not [name for name in short if name.startswith("velocity")]
    assert "tone_bpfo" in short
    assert "tone_ftf" not in short
    slow = waveform_features(x, 2_000.0, 30.0, SKF_6205)
    assert not [name for name in slow if name.startswith("band")]


def test_a_dead_sensor_has_no_ratio() -> None:
    assert waveform_features(np.zeros(4_096, np.float32), RATE_HZ, 25.0, SKF_6205) == {
        "rms": 0.0,
        "peak": 0.0,
        "peak_to_peak": 0.0,
    }


@given(
    st.integers(64, 4_000),
    st.sampled_from([1_000.0, 12_800.0, 25_600.0]),
    st.sampled_from([None, 0.5, 30.0, 400.0]),
    st.sampled_from(["noise", "steps", "spike", "line"]),
)
def test_features_are_finite_and_have_a_unit(n: int, rate_hz: float, shaft_hz: float | None, shape: str) -> None:
    t = np.arange(n)
    x = {
        "noise": np.random.default_rng(n).standard_normal(n),
        "steps": (t // 7 % 2).astype(float),
        "spike": np.where(t == n // 2, 50.0, 0.0),
        "line": t * 1e-3,
    }[shape].astype(np.float32)
    found = waveform_features(x, rate_hz, shaft_hz, SKF_6205)
    assert all(math.isfinite(v) and (v >= 0 or name == "skewness") for name, v in found.items())
    assert found.keys() <= FEATURE_UNITS.keys()


@pytest.mark.parametrize("x", [np.zeros(10), np.full(100, np.nan), np.full(100, np.inf)])
def test_blocks_that_are_too_short_or_not_finite_are_refused(x: Floats) -> None:
    with pytest.raises(ValueError, match="at least 64 finite"):
        waveform_features(x.astype(np.float32), RATE_HZ, None, None)


def test_the_amplitude_spectrum_shows_a_sine_at_its_height() -> None:
    hz, amplitude = amplitude_spectrum(sine(50.0 * RATE_HZ / BLOCK, 3.0), RATE_HZ)
    assert hz[amplitude.argmax()] == pytest.approx(50 * RATE_HZ / BLOCK)
    assert amplitude.max() == pytest.approx(3.0, rel=1e-3)
