"""One block of acceleration samples -> a handful of numbers that follow the wear of a machine (ISO 13374: DM).

Samples are acceleration in m/s^2. A feature that the block cannot give (too short for its lowest frequency, sampled too
slowly for its band, no shaft speed, no bearing geometry) is left out of the answer; it is never 0 and never NaN.
Standing values such as gravity or the bias of the amplifier are taken out first. RMS values of bands are had from a
Hann-windowed periodogram (Welch 1967, one segment), so that a sine inside a band is counted there alone.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats
from forewarn.models.features.envelope import TONES, demodulated, tone_ratios

BANDS_HZ: dict[str, tuple[float, float]] = {
    "band_500_2000": (500.0, 2_000.0),
    "band_2000_4000": (2_000.0, 4_000.0),
    "band_4000_8000": (4_000.0, 8_000.0),
    "band_8000_up": (8_000.0, 20_000.0),
}
"""Feature -> band of its RMS acceleration, cut at 0.47 of the sample rate, and given when 0.4 of it is left."""

VELOCITY_BAND_HZ = (10.0, 1_000.0)
ORDERS = (1, 2, 3)
USABLE_SHARE_OF_RATE = 0.47  # above it stands the flank of the anti-aliasing filter

FEATURE_UNITS: dict[str, str] = {
    "rms": "m/s^2",
    "peak": "m/s^2",
    "crest": "1",
    "kurtosis": "1",
    "velocity_rms": "mm/s",
    **dict.fromkeys(BANDS_HZ, "m/s^2"),
    "envelope_rms": "m/s^2",
    **{f"velocity_{order}x": "mm/s" for order in ORDERS},
    **{f"tone_{tone}": "1" for tone in TONES},
}
"""Every feature that `waveform_features` can give -> its unit. Tones are ratios to the floor around them."""


def waveform_features(
    samples: Float32s, sample_rate_hz: float, shaft_hz: float | None, bearing: BearingGeometry | None
) -> dict[str, float]:
    """Features of one block: samples float32[n] in m/s^2, n >= 64, at `sample_rate_hz`.

    `velocity_rms` (10 Hz to 1 kHz, ISO 20816) and `velocity_1x`.. need a block of at least 0.3 s and four turns of the
    shaft; `tone_bpfo`.. need `shaft_hz` and `bearing`. All `velocity_*` and band values are RMS, `peak` is the largest
    magnitude, `kurtosis` is 3 for Gaussian noise. Raises ValueError for a block that is too short or not finite.

    >>> t = np.arange(8192) / 12_800
    >>> sine = (10.0 * np.sin(2 * np.pi * 100.0 * t)).astype(np.float32)     # 10 m/s^2 at 100 Hz: 11.25 mm/s RMS
    >>> found = waveform_features(sine, 12_800.0, None, None)
    >>> round(found["rms"], 2), round(found["velocity_rms"], 1)
    (7.07, 11.3)
    """
    x = np.asarray(samples, np.float64)
    if len(x) < 64 or not np.all(np.isfinite(x)):
        raise ValueError("a block for features holds at least 64 finite samples")
    x = x - x.mean()
    found = shape_features(x)
    if found["rms"] == 0.0:
        return found  # a dead sensor: no ratio and no tone can be had
    frequency_hz, power = power_spectrum(x, sample_rate_hz)
    found |= band_features(frequency_hz, power, sample_rate_hz)
    found |= velocity_features(frequency_hz, power, shaft_hz)
    found |= envelope_features(x, sample_rate_hz, shaft_hz, bearing)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def shape_features(x: Floats) -> dict[str, float]:
    """RMS, peak, crest factor and kurtosis of a block without its mean. Crest and kurtosis are left out when x is 0."""
    power = float(np.mean(x**2))
    rms, peak = float(np.sqrt(power)), float(np.abs(x).max())
    if rms == 0.0:
        return {"rms": 0.0, "peak": 0.0}
    return {"rms": rms, "peak": peak, "crest": peak / rms, "kurtosis": float(np.mean(x**4)) / power**2}


def power_spectrum(x: Floats, sample_rate_hz: float) -> tuple[Floats, Floats]:
    """One-sided Hann periodogram: frequency in Hz and mean square per line, float64[n//2+1]; sum = variance."""
    window = np.hanning(len(x) + 1)[:-1]
    power = np.abs(np.fft.rfft(x * window)) ** 2 / (len(x) * float(np.sum(window**2)))
    power[1 : (len(x) + 1) // 2] *= 2
    return np.fft.rfftfreq(len(x), 1 / sample_rate_hz).astype(np.float64), power


def band_features(frequency_hz: Floats, power: Floats, sample_rate_hz: float) -> dict[str, float]:
    """RMS acceleration of every band of `BANDS_HZ` that the sample rate covers; the last one is open upwards."""
    top = USABLE_SHARE_OF_RATE * sample_rate_hz
    found = {}
    for name, (low, high) in BANDS_HZ.items():
        needed = low * 1.2 if name.endswith("_up") else low + 0.4 * (high - low)
        if top >= needed:
            inside = (frequency_hz >= low) & (frequency_hz < min(high, top))
            found[name] = float(np.sqrt(power[inside].sum()))
    return found


def velocity_features(frequency_hz: Floats, power: Floats, shaft_hz: float | None) -> dict[str, float]:
    """Velocity RMS in mm/s: the whole ISO band, and the first orders of the shaft where the block resolves them."""
    line_hz = float(frequency_hz[1])
    low, high = VELOCITY_BAND_HZ
    if low / line_hz < 3 or frequency_hz[-1] < high:
        return {}
    in_band = (frequency_hz >= low) & (frequency_hz <= high)
    velocity = np.zeros_like(power)
    velocity[in_band] = power[in_band] * (1_000.0 / (2 * np.pi * frequency_hz[in_band])) ** 2
    found = {"velocity_rms": float(np.sqrt(velocity.sum()))}
    if shaft_hz is not None and shaft_hz >= max(4 * line_hz, low):
        for order in ORDERS:
            # +-2 lines hold a Hann-windowed sine; 2 % more for a speed that is known from the name plate only
            reach_hz = min(2 * line_hz + 0.02 * order * shaft_hz, 0.4 * shaft_hz)
            near = np.abs(frequency_hz - order * shaft_hz) <= reach_hz
            found[f"velocity_{order}x"] = float(np.sqrt(velocity[near].sum()))
    return found


def envelope_features(
    x: Floats, sample_rate_hz: float, shaft_hz: float | None, bearing: BearingGeometry | None
) -> dict[str, float]:
    """RMS of the envelope's moving part, and the bearing tones as ratios to the floor."""
    envelope = demodulated(x, sample_rate_hz)
    found = {} if envelope is None else {"envelope_rms": float(np.std(envelope[0]))}
    if shaft_hz is not None and shaft_hz > 0 and bearing is not None:
        ratios = tone_ratios(x, sample_rate_hz, shaft_hz, bearing)
        found |= {f"tone_{tone}": ratio for tone, ratio in ratios.items()}
    return found


def amplitude_spectrum(samples: Float32s, sample_rate_hz: float) -> tuple[Floats, Floats]:
    """Frequency in Hz and amplitude (peak, in the unit of the samples), float64[n//2+1] each; for people to look at.

    >>> f, a = amplitude_spectrum(np.sin(2 * np.pi * 50 * np.arange(1000) / 1000).astype(np.float32), 1000.0)
    >>> int(f[a.argmax()]), round(float(a.max()), 2)
    (50, 1.0)
    """
    x = np.asarray(samples, np.float64)
    x = x - x.mean()
    window = np.hanning(len(x) + 1)[:-1]
    amplitude = 2 * np.abs(np.fft.rfft(x * window)) / window.sum()
    return np.fft.rfftfreq(len(x), 1 / sample_rate_hz).astype(np.float64), np.asarray(amplitude, np.float64)


def envelope_spectrum(samples: Float32s, sample_rate_hz: float) -> tuple[Floats, Floats]:
    """Frequency in Hz and amplitude (peak, unit of the samples) of the envelope above 500 Hz; for people to look at.

    Raises ValueError when the block is sampled too slowly to hold a carrier (under 2 kHz).
    """
    x = np.asarray(samples, np.float64)
    envelope = demodulated(x - x.mean(), sample_rate_hz)
    if envelope is None:
        raise ValueError(f"no carrier band under half of {sample_rate_hz} Hz: an envelope needs at least 2 kHz")
    values, rate_hz = envelope
    frequency_hz, amplitude = amplitude_spectrum(np.asarray(values, np.float32), rate_hz)
    shown = frequency_hz <= 1_000.0
    return frequency_hz[shown], amplitude[shown]
