"""The peer of the feature bench: the same features, one block after the other, as one writes them with scipy.

Each feature by the function that scipy has for it: kurtosis and skew of `scipy.stats`, `welch` for levels in bands,
`butter` and `sosfiltfilt` for the band of the envelope, `hilbert` for the envelope itself. The bearing tones follow the
same recipe as `forewarn.models.features.envelope` (pre-whitening, bands of 1.5 kHz, mean logarithms, three harmonics,
slip, chance level from other frequencies), written out for one block.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, hilbert, sosfiltfilt, welch
from scipy.stats import kurtosis, skew

from forewarn.core.plant import BearingGeometry

Floats = NDArray[np.float64]

BANDS_HZ = {
    "band_500_2000": (500, 2_000),
    "band_2000_4000": (2_000, 4_000),
    "band_4000_8000": (4_000, 8_000),
    "band_8000_up": (8_000, 20_000),
}
BAND_HZ, HARMONICS, SLIP, STEP, FLOOR = 1_500.0, 3, 0.015, 0.0025, 30


@lru_cache
def band_pass(low_hz: float, high_hz: float, rate_hz: float) -> Floats:
    """Butterworth filter of order 4, designed once."""
    return np.asarray(butter(4, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos"), np.float64)


def features_of(block: Floats, rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> dict[str, float]:
    """Features of one block that is too short for velocities (0.1 s)."""
    x = block - np.mean(block)
    top_hz = 0.47 * rate_hz
    rms = float(np.sqrt(np.mean(x**2)))
    found = {
        "rms": rms,
        "peak": float(np.max(np.abs(x))),
        "crest": float(np.max(np.abs(x))) / rms,
        "kurtosis": float(kurtosis(x, fisher=False)),
        "skewness": float(skew(x)),
        "impulse": float(np.max(np.abs(x)) / np.mean(np.abs(x))),
        "peak_to_peak": float(np.ptp(x)),
    }
    hertz, density = welch(x, rate_hz, "hann", nperseg=len(x), detrend=False)
    for name, (low, high) in BANDS_HZ.items():
        inside = (hertz >= low) & (hertz < min(high, top_hz))
        found[name] = float(np.sqrt(np.sum(density[inside]) * hertz[1]))
    carried = sosfiltfilt(band_pass(500.0, top_hz, rate_hz), x)
    found["envelope_rms"] = float(np.std(np.abs(hilbert(carried))))
    return found | tones_of(x, rate_hz, shaft_hz, bearing)


def tones_of(x: Floats, rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> dict[str, float]:
    """Ratios of the bearing tones to what other frequencies of the block show."""
    lines = np.fft.fft(x)
    white = np.real(np.fft.ifft(lines / np.maximum(np.abs(lines), 1e-12)))
    logs = []
    edges = np.linspace(500.0, 0.47 * rate_hz - BAND_HZ, round((0.47 * rate_hz - 500.0) / BAND_HZ))
    for low in edges:
        squared = np.abs(hilbert(sosfiltfilt(band_pass(float(low), float(low) + BAND_HZ, rate_hz), white))) ** 2
        hertz, density = welch(squared, rate_hz, "hann", nperseg=len(x), nfft=2 * len(x), detrend="constant")
        logs.append(np.log(density[hertz < 0.7 * BAND_HZ]))
    hertz, height = hertz[hertz < 0.7 * BAND_HZ], np.mean(logs, axis=0)
    height = height - uniform_filter1d(height, 2 * FLOOR + 1)
    tried = np.exp(np.arange(np.log(5 * 2 * hertz[1]), np.log(hertz[-1] / HARMONICS), STEP))
    comb = np.mean([height[np.rint(k * tried / hertz[1]).astype(int)] for k in range(1, HARMONICS + 1)], axis=0)
    best = maximum_filter1d(comb, 2 * round(SLIP / STEP) + 1)
    tone_hz = bearing.tones_hz(shaft_hz)
    wanted = {"bpfo": tone_hz["bpfo"], "bpfi": tone_hz["bpfi"], "bsf2": 2 * tone_hz["bsf"], "ftf": tone_hz["ftf"]}
    far = np.ones(len(tried), bool)
    for hz in (shaft_hz, *wanted.values()):
        for share in (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0):
            far &= np.abs(tried / (hz * share) - 1) > 2 * SLIP
    centre = np.median(best[far])
    return {
        f"tone_{name}": float(np.exp(np.interp(hz, tried, best) - centre))
        for name, hz in wanted.items()
        if tried[0] <= hz <= tried[-1]
    }
