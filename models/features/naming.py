"""What one look at a bearing says by itself, with nothing learnt: a race, the rolling elements, healthy, or unknown.

Unlike the features, which are compared with a machine's own past, this must stand on one block of all accelerometers
near a bearing. The envelope's spectra of `features.envelope` are averaged over three widths of bands and over the
sensors. The envelope itself is taken, not its square: a spall on a ball strikes only while the ball turns it to the
races, and the square would hear the loudest blow alone. The first harmonic counts most, since jitter blurs the others.

A tone is named when three things hold, each against another way to be wrong:
- it stands `NAMING_DEVIATIONS` above the floor, in deviations of white noise of the same shape: not chance;
- hardly any other frequency of the same block stands as high: not an impulsive machine that shows peaks everywhere;
- the next tone of the bearing stands at two thirds of it or less: a true tone drags its neighbours up by side bands.

Healthy is said of a machine without a tone, without blows, and with less than a tenth of its vibration above 2 kHz,
where the blows of a rolling bearing ring (ISO 13373-3: a healthy machine is ruled by its orders). A machine that is
loud up there for other reasons gets no such praise, only `unknown`. No answer is better than a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats
from forewarn.models.features.blocks import checked, standing_taken_out
from forewarn.models.features.envelope import (
    CARRIER_FROM_HZ,
    USABLE_SHARE_OF_RATE,
    Complex64s,
    at_frequency,
    comb_heights,
    far_from_all,
    tried,
    wanted_tones,
    whitened_band_spectra,
)
from forewarn.models.features.spectrum import spectra_of

BAND_WIDTHS = (1.0, 1.5, 2.6)  # times the narrowest band
NARROWEST_BAND_HZ = 1_000.0
BAND_PER_TONE = 4.5  # the narrowest band holds so many times the highest tone: three harmonics of it are seen
HARMONIC_WEIGHTS = (11.0, 5.0, 2.0)  # the mean of the first, the first two and the first three harmonics
NAMING_DEVIATIONS = 4.5  # of 20,000 frequencies in noise none passed 4
OTHERS_AS_HIGH = 0.005
OTHERS_FROM = 0.4  # times the lowest tone: under it stand the cage and the shaft, which modulate much
NEXT_TONE = 0.67
QUIET_ABOVE_HZ, QUIET_SHARE = 2_000.0, 0.10
QUIET_KURTOSIS = 4.0  # 3 is noise
NOISE_BLOCKS = 24


class Cause(StrEnum):
    """What one look can say."""

    NORMAL = "normal"
    INNER = "inner"
    OUTER = "outer"
    BALL = "ball"
    UNKNOWN = "unknown"


CAUSE_OF_TONE = {"bpfo": Cause.OUTER, "bpfi": Cause.INNER, "bsf2": Cause.BALL}
MECHANISM_OF_CAUSE = {
    Cause.OUTER: "outer_race_spall",
    Cause.INNER: "inner_race_spall",
    Cause.BALL: "ball_spall",
}
"""Cause -> its word in `core.faults.MECHANISMS`."""


@dataclass(frozen=True, slots=True)
class Named:
    """`deviations`: tone -> how far it stands above the floor, in deviations of white noise; `others_as_high`: share of
    other frequencies that reach the highest tone; empty and 1 where the block cannot show tones."""

    cause: Cause
    deviations: dict[str, float]
    others_as_high: float


def named_cause(sensors: Float32s | Floats, sample_rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> Named:
    """What float32 or float64[c, n] of c accelerometers near one bearing, taken at the same time, say of it.

    A second at some 12 kHz resolves a motor's bearing; a tenth of one does not, and the answer is `unknown`. Raises
    ValueError for blocks that are too short or not finite.

    >>> rng, t = np.random.default_rng(1), np.arange(12_000) / 12_000
    >>> at = np.concatenate([[0.0], np.cumsum(rng.normal(1, 0.01, 120)) / 107.4])       # outer race of an SKF 6205
    >>> since = t - at[np.searchsorted(at, t, side="right") - 1]
    >>> blows = 8 * np.exp(-900 * since) * np.sin(2 * np.pi * 3_100 * since)
    >>> x = blows + rng.normal(size=12_000)
    >>> found = named_cause(x[None, :], 12_000.0, 29.95, BearingGeometry(9, 7.94, 39.04))
    >>> found.cause.value, max(found.deviations, key=found.deviations.get)
    ('outer', 'bpfo')
    """
    x, rms = standing_taken_out(checked(sensors, sample_rate_hz))
    alive = rms > 0.0
    if not alive.any() or not shaft_hz > 0:
        return Named(Cause.UNKNOWN, {}, 1.0)
    scaled = np.asarray(x[alive] / rms[alive][:, None], np.float32)
    lines = spectra_of(scaled, sample_rate_hz).lines
    length, hz = scaled.shape[1], wanted_tones(np.array([shaft_hz]), bearing)
    base_hz = max(NARROWEST_BAND_HZ, BAND_PER_TONE * float(hz[0, : len(CAUSE_OF_TONE)].max()))
    lowest_hz = OTHERS_FROM * float(hz[0, : len(CAUSE_OF_TONE)].min())
    grid, combs = combs_of(lines, length, sample_rate_hz, base_hz, lowest_hz)
    if len(grid) == 0:
        return Named(Cause.UNKNOWN, {}, 1.0)
    others = combs[far_from_all(grid, np.array([shaft_hz]), hz)[0]]
    if len(others) < 1 / OTHERS_AS_HIGH:
        return Named(Cause.UNKNOWN, {}, 1.0)
    above = at_frequency(grid, combs[None, :], hz)[0] - float(np.median(others))
    noise = noise_deviation(len(lines), length, sample_rate_hz, base_hz, lowest_hz)
    found = {tone: float(above[i]) / noise for i, tone in enumerate(CAUSE_OF_TONE) if np.isfinite(above[i])}
    if not found:
        return Named(Cause.UNKNOWN, {}, 1.0)
    best = max(found, key=lambda tone: found[tone])
    as_high = float(np.mean(others - np.median(others) >= found[best] * noise))
    if found[best] < NAMING_DEVIATIONS:
        cause = Cause.NORMAL if quiet(lines, length, sample_rate_hz) else Cause.UNKNOWN
    else:
        next_best = max([0.0, *(value for tone, value in found.items() if tone != best)])
        alone = as_high <= OTHERS_AS_HIGH and next_best <= NEXT_TONE * found[best]
        cause = CAUSE_OF_TONE[best] if alone else Cause.UNKNOWN
    return Named(cause, found, as_high)


def combs_of(
    lines: Complex64s, length: int, rate_hz: float, base_hz: float, lowest_hz: float
) -> tuple[Floats, Float32s]:
    """Frequencies tried float64[g] and their mean log height float32[g] over bands of all widths and all sensors."""
    spectra = [whitened_band_spectra(lines, length, rate_hz, base_hz * w, squared=False) for w in BAND_WIDTHS]
    shortest = min(len(hertz) for hertz, _ in spectra)
    hertz = spectra[0][0][:shortest]
    grid = tried(hertz)
    grid = grid[grid >= lowest_hz]
    if len(grid) == 0:
        return grid, np.zeros(0, np.float32)
    rows = np.stack([height[:, :shortest].mean(axis=0) for _, height in spectra]).mean(axis=0, keepdims=True)
    return grid, comb_heights(grid, float(hertz[1]), rows, HARMONIC_WEIGHTS)[0]


@lru_cache(maxsize=64)
def noise_deviation(sensors: int, length: int, rate_hz: float, base_hz: float, lowest_hz: float) -> float:
    """Robust deviation of the mean log heights of white noise in blocks of this shape: what chance alone scatters.

    Worked out once for each shape from the same made-up noise: bands of several widths overlap, so that no formula
    says it.
    """
    rng = np.random.default_rng(0)
    found: list[Float32s] = []
    for _ in range(NOISE_BLOCKS):
        noise = rng.standard_normal((sensors, length)).astype(np.float32)
        combs = combs_of(spectra_of(noise, rate_hz).lines, length, rate_hz, base_hz, lowest_hz)[1]
        found.append(combs - np.median(combs))
    return 1.4826 * float(np.median(np.abs(found)))


def quiet(lines: Complex64s, length: int, rate_hz: float) -> bool:
    """Has every sensor less than a tenth of its mean square above 2 kHz, and no blows above 500 Hz?

    False where the sample rate does not show half of an octave above 2 kHz.
    """
    if USABLE_SHARE_OF_RATE * rate_hz < 1.5 * QUIET_ABOVE_HZ:
        return False
    power = lines.real.astype(np.float64) ** 2 + lines.imag.astype(np.float64) ** 2
    share = power[:, int(QUIET_ABOVE_HZ * length / rate_hz) :].sum(axis=1) / power.sum(axis=1)
    carried = lines.copy()
    carried[:, : int(CARRIER_FROM_HZ * length / rate_hz)] = 0
    moving = np.fft.irfft(carried, length, axis=1)
    kurtosis = np.mean(moving**4, axis=1) / np.maximum(np.mean(moving**2, axis=1), 1e-300) ** 2
    return bool((share < QUIET_SHARE).all() and (kurtosis < QUIET_KURTOSIS).all())
