"""The shaken housing, looked at by an oracle that knows nothing of how it was made: filter, rectify, Fourier."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats
from forewarn.simulators.vibration import SAMPLE_RATE_HZ, SAMPLES, Housing, Motion

BEARING = BearingGeometry(8, 22.23, 95.0)
SHAFT_HZ = 24.5
HOUSING = Housing.of(BEARING, mesh_order=6.0, resonance_hz=3_300.0)


def block(mechanism: str | None, impacts: float, seed: int, shaft_hz: float = SHAFT_HZ) -> Float32s:
    motion = Motion(shaft_hz, 0.8, 0.3, 0.4, 0.5, 1.0, impacts, mechanism)
    return HOUSING.block(motion, np.random.default_rng(seed))


def envelope_spectrum(samples: Float32s) -> tuple[Floats, Floats]:
    band = butter(4, (2_300.0, 4_300.0), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    envelope = np.abs(hilbert(sosfiltfilt(band, samples.astype(np.float64))))
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(len(envelope))))
    frequency = np.fft.rfftfreq(len(envelope), 1 / SAMPLE_RATE_HZ)
    return frequency.astype(np.float64), spectrum.astype(np.float64)


def prominence(samples: Float32s, tone_hz: float) -> float:
    """Peak within 2 % (at least 2 Hz) of a tone over the median of the spectrum between 10 and 400 Hz."""
    frequency, spectrum = envelope_spectrum(samples)
    near = np.abs(frequency - tone_hz) < max(0.02 * tone_hz, 2.0)
    around = (frequency > 10) & (frequency < 400)
    return float(spectrum[near].max() / np.median(spectrum[around]))


def high_level(samples: Float32s) -> float:
    spectrum = np.fft.rfft(samples.astype(np.float64))
    spectrum[np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ) < 1_000.0] = 0.0
    return float(np.sqrt(np.mean(np.fft.irfft(spectrum) ** 2)))


@pytest.mark.parametrize(
    ("mechanism", "tone", "times"),
    [("outer_race_spall", "bpfo", 1), ("inner_race_spall", "bpfi", 1), ("ball_spall", "bsf", 2)],
)
def test_a_spall_sounds_at_its_own_tone_and_a_healthy_bearing_does_not(mechanism: str, tone: str, times: int) -> None:
    tone_hz = BEARING.tones_hz(SHAFT_HZ)[tone] * times
    damaged = [prominence(block(mechanism, 3.0, seed), tone_hz) for seed in range(10)]
    healthy = [prominence(block(None, 0.0, seed), tone_hz) for seed in range(10)]
    assert np.median(damaged) > 12.0
    assert np.median(healthy) < 6.0


def test_the_strongest_line_of_an_outer_race_spall_is_bpfo() -> None:
    for seed in range(5):
        frequency, spectrum = envelope_spectrum(block("outer_race_spall", 5.0, seed))
        audible = (frequency > 40) & (frequency < 1.4 * BEARING.tones_hz(SHAFT_HZ)["bpfo"])
        assert frequency[audible][np.argmax(spectrum[audible])] == pytest.approx(
            BEARING.tones_hz(SHAFT_HZ)["bpfo"], rel=0.02
        )


def test_the_tone_follows_the_speed() -> None:
    slow, fast = (BEARING.tones_hz(hz)["bpfo"] for hz in (20.0, 24.5))
    sample = block("outer_race_spall", 3.0, 1, shaft_hz=20.0)
    assert prominence(sample, slow) > 3 * prominence(sample, fast)


def test_an_inner_race_spall_is_modulated_by_the_shaft() -> None:
    side = {
        mechanism: np.median([prominence(block(mechanism, 4.0, seed), SHAFT_HZ) for seed in range(8)])
        for mechanism in ("inner_race_spall", "outer_race_spall")
    }
    assert side["inner_race_spall"] > 3 * side["outer_race_spall"]


def test_impacts_have_the_level_above_1_khz_that_was_asked_for() -> None:
    quiet = np.mean([high_level(block(None, 0.0, seed)) for seed in range(20)])
    loud = np.mean([high_level(block("outer_race_spall", 3.0, seed)) ** 2 for seed in range(20)])
    assert quiet == pytest.approx(1.0, rel=0.08)
    assert np.sqrt(loud - quiet**2) == pytest.approx(3.0, rel=0.15)


def test_a_block_has_its_shape_and_the_seed_decides_it() -> None:
    first, again, other = block("ball_spall", 2.0, 3), block("ball_spall", 2.0, 3), block("ball_spall", 2.0, 4)
    assert first.shape == (SAMPLES,)
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_sensor_clips_at_its_range() -> None:
    assert np.abs(block("outer_race_spall", 400.0, 1)).max() == pytest.approx(490.0)
