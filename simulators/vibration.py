"""Acceleration of a bearing housing as an accelerometer gives it. Pure; randomness only from the generator given.

Background noise coloured by the structure's resonances, tones at multiples of shaft speed, and impacts of a damaged
bearing: each passing of the defect strikes the structure, which rings at its resonance and dies away (McFadden and
Smith 1984, doi 10.1016/0022-460X(84)90595-9). Rolling elements slip, so the distance between strikes jitters; a
defect on the turning inner race passes the load zone once per revolution, one on a rolling element with the cage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats

SAMPLE_RATE_HZ = 12_800.0
SAMPLES = 8_192
FULL_SCALE = 490.0  # m/s^2, the 50 g of a usual accelerometer: beyond it, it clips
HIGH_BAND_HZ = 1_000.0  # "above 1 kHz": where impacts are told from running noise
SLIP_JITTER = 0.012  # of the distance between two strikes
MEAN_SLIP = 0.006  # rolling elements lag behind the kinematic tone

_TIME_S = np.arange(SAMPLES) / SAMPLE_RATE_HZ
_FREQUENCY_HZ = np.fft.rfftfreq(SAMPLES, 1.0 / SAMPLE_RATE_HZ)
_HIGH_BAND = _FREQUENCY_HZ >= HIGH_BAND_HZ

# mechanism -> (tone of the geometry, strikes per period of it, tone that modulates the load, or none)
STRIKES: dict[str, tuple[str, int, str | None]] = {
    "outer_race_spall": ("bpfo", 1, None),
    "inner_race_spall": ("bpfi", 1, "shaft"),
    "ball_spall": ("bsf", 2, "ftf"),
}


def _rough_shape() -> Floats:
    """Weight per frequency of a rumble whose velocity has RMS 1 mm/s: even up to 120 Hz, then falling; m/s^2."""
    velocity = np.where(_FREQUENCY_HZ >= 10.0, 1.0 / (1.0 + (_FREQUENCY_HZ / 120.0) ** 2), 0.0)
    rms = np.sqrt(4.0 * np.sum(velocity**2)) / SAMPLES  # E|a+ib|^2 = 2, two sides
    return np.asarray(velocity / rms * 2 * math.pi * _FREQUENCY_HZ / 1000.0)


_ROUGH_SHAPE = _rough_shape()


@dataclass(frozen=True, slots=True)
class Motion:
    """How the machine moves while a block is taken: RMS mm/s at orders 1, 2 and `mesh_order` of the shaft."""

    shaft_hz: float
    one_x_mm_s: float
    two_x_mm_s: float
    mesh_mm_s: float
    rough_mm_s: float  # velocity without a tone, below some hundred Hz
    background: float  # RMS of the noise above 1 kHz, m/s^2
    impacts: float  # RMS of the strikes above 1 kHz, m/s^2
    mechanism: str | None = None  # what strikes: a key of STRIKES


def _noise_shape(resonances_hz: tuple[float, ...]) -> Floats:
    """Weight of the noise per frequency, scaled so that the part above 1 kHz has RMS 1 for unit complex normals."""
    shape = 0.25 + 0.15 * np.exp(-_FREQUENCY_HZ / 400.0)
    for centre in resonances_hz:
        ratio = _FREQUENCY_HZ / centre
        shape = shape + 0.35 / np.sqrt((1 - ratio**2) ** 2 + (0.12 * ratio) ** 2)
    shape[0] = 0.0
    rms = np.sqrt(4.0 * np.sum(shape[_HIGH_BAND] ** 2)) / SAMPLES  # E|a+ib|^2 = 2, two sides
    return np.asarray(shape / rms)


def _ringing(resonance_hz: float, damping: float = 0.035) -> NDArray[np.complex128]:
    """Spectrum of the response to one strike: a decaying sine, scaled so that the part above 1 kHz has energy (sum of
    squares) 1. The mean loss of a strike that is split between two samples (`_placed`) is made good."""
    angular = 2 * math.pi * resonance_hz
    spectrum = np.fft.rfft(np.exp(-damping * angular * _TIME_S) * np.sin(angular * _TIME_S))
    split = (2.0 + np.cos(2 * math.pi * _FREQUENCY_HZ / SAMPLE_RATE_HZ)) / 3.0
    energy = 2.0 * np.sum((np.abs(spectrum) ** 2 * split)[_HIGH_BAND]) / SAMPLES
    return np.asarray(spectrum / np.sqrt(energy))


@dataclass(frozen=True, slots=True, eq=False)
class Housing:
    """One bearing housing: its bearing, what the tones of mesh or blades are, and how the structure rings."""

    bearing: BearingGeometry
    mesh_order: float
    resonance_hz: float
    noise_shape: Floats = field(repr=False)
    ringing_spectrum: NDArray[np.complex128] = field(repr=False)

    @staticmethod
    def of(bearing: BearingGeometry, mesh_order: float, resonance_hz: float) -> Housing:
        """A housing that rings at `resonance_hz` (2 to 5 kHz) when struck; blades or teeth sound at `mesh_order`."""
        shape = _noise_shape((0.31 * resonance_hz, resonance_hz, 1.52 * resonance_hz))
        return Housing(bearing, mesh_order, resonance_hz, shape, _ringing(resonance_hz))

    def block(self, motion: Motion, rng: np.random.Generator) -> Float32s:
        """One block: float32[8192] at 12.8 kHz, m/s^2."""
        normals = rng.standard_normal((2, len(_FREQUENCY_HZ)))
        weight = np.hypot(self.noise_shape * motion.background, _ROUGH_SHAPE * motion.rough_mm_s)
        spectrum = (normals[0] + 1j * normals[1]) * weight
        strikes = self._knocks(motion, rng)
        if motion.impacts > 0 and motion.mechanism is not None:
            strikes += self._strikes(motion, motion.mechanism, rng)
        spectrum += np.fft.rfft(strikes) * self.ringing_spectrum
        felt = np.fft.irfft(spectrum, SAMPLES) + self._tones(motion, rng)
        return np.clip(felt, -FULL_SCALE, FULL_SCALE).astype(np.float32)

    def _tones(self, motion: Motion, rng: np.random.Generator) -> Floats:
        orders = (1.0, 2.0, self.mesh_order)
        velocities = (motion.one_x_mm_s, motion.two_x_mm_s, motion.mesh_mm_s)
        phases = rng.uniform(0, 2 * math.pi, len(orders))
        total = np.zeros(SAMPLES)
        for order, velocity, phase in zip(orders, velocities, phases, strict=True):
            angular = 2 * math.pi * order * motion.shaft_hz
            amplitude = math.sqrt(2) * velocity * angular / 1000.0  # mm/s RMS to m/s^2 peak
            total += amplitude * np.sin(angular * _TIME_S + phase)
        return total

    def _knocks(self, motion: Motion, rng: np.random.Generator) -> Floats:
        """A stray knock now and then, as in every plant: no tone, no fault."""
        placed = np.zeros(SAMPLES)
        where = rng.integers(0, SAMPLES, rng.poisson(0.7))
        placed[where] = motion.background * rng.uniform(5.0, 20.0, len(where))
        return placed

    def _strikes(self, motion: Motion, mechanism: str, rng: np.random.Generator) -> Floats:
        """Strike strengths on the time grid, each split between its two neighbouring samples."""
        tone, per_period, modulator = STRIKES[mechanism]
        tones_hz = {**self.bearing.tones_hz(motion.shaft_hz), "shaft": motion.shaft_hz}
        rate_hz = tones_hz[tone] * per_period * (1 - MEAN_SLIP)
        count = int(rate_hz * SAMPLES / SAMPLE_RATE_HZ) + 4
        gaps = (1.0 + SLIP_JITTER * rng.standard_normal(count)) / rate_hz
        times = np.cumsum(gaps) - rng.uniform(0, 1.0 / rate_hz) - gaps[0]
        strength = self._load_zone(times, tones_hz[modulator], rng) if modulator else np.ones(count)
        strength = strength * (1.0 + 0.15 * rng.standard_normal(count))
        scale = motion.impacts * math.sqrt(SAMPLE_RATE_HZ / (rate_hz * float(np.mean(strength**2))))
        return _placed(times * SAMPLE_RATE_HZ, strength * scale)

    @staticmethod
    def _load_zone(times_s: Floats, turns_hz: float, rng: np.random.Generator) -> Floats:
        """Strong while the defect is under load, weak on the far side: in [0.1, 1]."""
        angle = 2 * math.pi * turns_hz * times_s + rng.uniform(0, 2 * math.pi)
        return np.asarray(0.1 + 0.9 * np.maximum(np.cos(angle), 0.0))


def _placed(position: Floats, strength: Floats) -> Floats:
    """Strikes at fractional sample positions; those outside the block are left out."""
    inside = (position >= 0) & (position < SAMPLES - 1)
    position, strength = position[inside], strength[inside]
    first = position.astype(np.int64)
    part = position - first
    placed = np.bincount(first, strength * (1 - part), SAMPLES)
    return np.asarray(placed + np.bincount(first + 1, strength * part, SAMPLES))
