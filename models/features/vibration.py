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
from forewarn.models.features.blocks import FEATURE_UNITS, Mounted, block_features
from forewarn.models.features.envelope import demodulated

__all__ = ["FEATURE_UNITS", "amplitude_spectrum", "envelope_spectrum", "waveform_features"]


def waveform_features(
    samples: Float32s,
    sample_rate_hz: float,
    shaft_hz: float | None,
    bearing: BearingGeometry | None,
    gear_teeth: int | None = None,
    vanes: int | None = None,
) -> dict[str, float]:
    """Features of one block: samples float32[n] in m/s^2, n >= 64, at `sample_rate_hz`; what `block_features` says of
    many, without what this block cannot give.

    Raises ValueError for a block that is too short or not finite.

    >>> t = np.arange(8192) / 12_800
    >>> sine = (10.0 * np.sin(2 * np.pi * 100.0 * t)).astype(np.float32)     # 10 m/s^2 at 100 Hz: 11.25 mm/s RMS
    >>> found = waveform_features(sine, 12_800.0, None, None)
    >>> round(found["rms"], 2), round(found["velocity_rms"], 1)
    (7.07, 11.3)
    """
    block = np.asarray(samples)[None, :]
    return block_features(block, sample_rate_hz, shaft_hz, Mounted(bearing, gear_teeth, vanes)).row(0)


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
