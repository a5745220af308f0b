"""Bearing tones in the envelope: does the machine strike at the rhythm of a spall?

A spall is passed at a rate that geometry and speed give (`BearingGeometry.tones_hz`); every passing rings the structure
at some unknown high frequency. So: make the spectrum flat (cepstral pre-whitening, Sawalhi and Randall 2011), cut it
into bands of 1.5 kHz, take the squared envelope of each, and average the logarithms of their spectra over the bands.
A tone is the mean height of its first three harmonics over the floor around them, with a common slip of up to 1.5 %
(Randall and Antoni 2011). How high chance alone gets is read from the other frequencies of the same spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats

TONES = ("bpfo", "bpfi", "bsf2", "ftf")
MECHANISM_OF_TONE = {"bpfo": "outer_race_spall", "bpfi": "inner_race_spall", "bsf2": "ball_spall"}
CARRIER_FROM_HZ = 500.0
BAND_HZ = 1_500.0
HARMONICS = 3
SLIP = 0.015
NAMING_RATIO = 4.0
NAMING_Z = 2.0  # deviations of the other frequencies of the same block
GRID_STEP = 0.0025  # distance of the frequencies tried, relative
FLOOR_LINES = 15  # the floor of a line is the mean over so many on each side


@dataclass(frozen=True, slots=True)
class Tone:
    """Height of one tone: `ratio` to the floor (1 = as any other frequency), `z` in robust deviations of the others."""

    name: str
    ratio: float
    z: float


def demodulated(x: Floats, sample_rate_hz: float) -> tuple[Floats, float] | None:
    """Envelope float64[m] of all between 500 Hz and 0.47 of the rate, and its own sample rate; None without room."""
    top_hz = 0.47 * sample_rate_hz
    if top_hz < 1.8 * CARRIER_FROM_HZ:
        return None
    spectrum = np.fft.rfft(x)
    line_hz = sample_rate_hz / len(x)
    first, last = int(np.ceil(CARRIER_FROM_HZ / line_hz)), int(top_hz / line_hz)
    return baseband_envelope(spectrum[first:last], len(x)), line_hz * 2 * (last - first)


def baseband_envelope(lines: np.ndarray[tuple[int], np.dtype[np.complex128]], n: int) -> Floats:
    """Envelope of a band of spectrum lines of an n-sample block, sampled at twice the band's width (so no aliasing)."""
    size = 2 * len(lines)
    analytic = np.fft.ifft(lines, size) * (2 * size / n)
    return np.abs(analytic)


def whitened_band_spectra(x: Floats, sample_rate_hz: float) -> tuple[Floats, Floats]:
    """Frequency in Hz and log height over the local floor, averaged over bands; float64[k], k = 0 when too short."""
    lines = np.fft.rfft(x)
    magnitude = np.abs(lines)
    lines = lines / np.maximum(magnitude, 1e-12 * magnitude.max())
    line_hz = sample_rate_hz / len(x)
    first, last = int(np.ceil(CARRIER_FROM_HZ / line_hz)), int(0.47 * sample_rate_hz / line_hz)
    width = min(int(BAND_HZ / line_hz), last - first)
    if width < 4 * FLOOR_LINES:
        return np.zeros(0), np.zeros(0)
    starts = np.linspace(first, last - width, max(1, round((last - first) / width))).astype(int)
    bands = np.stack([lines[start : start + width] for start in starts])
    squared = np.abs(np.fft.ifft(bands, 2 * width, axis=1)) ** 2
    squared -= squared.mean(axis=1, keepdims=True)
    padded = np.fft.rfft(squared * np.hanning(2 * width), 4 * width, axis=1)  # twice as fine as the block itself
    log_power = np.log(np.abs(padded[:, : int(1.4 * width)]) ** 2 + 1e-300).mean(axis=0)
    return np.arange(len(log_power)) * line_hz / 2, log_power - local_mean(log_power, 2 * FLOOR_LINES)


def local_mean(values: Floats, reach: int) -> Floats:
    """Mean over `reach` values on each side and the value itself; shorter at the ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low), np.float64)


def tones(x: Floats, sample_rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> list[Tone]:
    """Heights of the tones that this block resolves (at least five lines from 0, three harmonics inside a band)."""
    frequency_hz, height = whitened_band_spectra(x, sample_rate_hz)
    if len(height) == 0:
        return []
    line_hz = float(frequency_hz[1]) * 2
    lowest, highest = 5 * line_hz, float(frequency_hz[-1]) / HARMONICS
    if highest < 1.1 * lowest:
        return []
    grid = np.exp(np.arange(np.log(lowest), np.log(highest), GRID_STEP))
    combs = comb_heights(grid, frequency_hz, height)
    wanted = wanted_tones(shaft_hz, bearing)
    others = combs[far_from_all(grid, shaft_hz, list(wanted.values()))]
    if len(others) < 50:
        return []
    centre = float(np.median(others))
    spread = max(1.4826 * float(np.median(np.abs(others - centre))), 1e-6)
    found = {name: float(np.interp(hz, grid, combs)) for name, hz in wanted.items() if grid[0] <= hz <= grid[-1]}
    return [Tone(name, float(np.exp(h - centre)), (h - centre) / spread) for name, h in found.items()]


def comb_heights(grid: Floats, frequency_hz: Floats, height: Floats) -> Floats:
    """Mean log height of the harmonics of every grid frequency, the best within the slip around it."""
    step_hz = float(frequency_hz[1])
    lines = np.rint(np.outer(np.arange(1, HARMONICS + 1), grid) / step_hz).astype(int)
    comb = height[np.minimum(lines, len(height) - 1)].mean(axis=0)
    reach = round(SLIP / GRID_STEP)
    padded = np.pad(comb, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1), np.float64)


def wanted_tones(shaft_hz: float, bearing: BearingGeometry) -> dict[str, float]:
    """Tone -> Hz; a spall on a rolling element strikes both races, hence twice its spin."""
    tone_hz = bearing.tones_hz(shaft_hz)
    return {"bpfo": tone_hz["bpfo"], "bpfi": tone_hz["bpfi"], "bsf2": 2 * tone_hz["bsf"], "ftf": tone_hz["ftf"]}


def far_from_all(grid: Floats, shaft_hz: float, tone_hz: list[float]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which grid frequencies share no harmonic with the shaft or a tone: they show what chance alone does."""
    far = np.ones(len(grid), np.bool_)
    for hz in (shaft_hz, *tone_hz):
        for share in (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0):
            far &= np.abs(grid / (hz * share) - 1) > 2 * SLIP
    return far


def tone_ratios(x: Floats, sample_rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> dict[str, float]:
    """Tone -> ratio to the floor; a tone that the block cannot resolve is left out."""
    return {tone.name: tone.ratio for tone in tones(x, sample_rate_hz, shaft_hz, bearing)}


def strongest_tone(samples: Float32s, sample_rate_hz: float, shaft_hz: float, bearing: BearingGeometry) -> Tone | None:
    """The one race or rolling element that this block names, or None: no tone stands out, or two do.

    A second of a machine is often not enough, and no answer is better than a wrong one: see `names_one`.
    """
    x = np.asarray(samples, np.float64)
    found = [t for t in tones(x - x.mean(), sample_rate_hz, shaft_hz, bearing) if t.name in MECHANISM_OF_TONE]
    best = max(found, key=lambda tone: tone.ratio, default=None)
    ratios = {tone.name: tone.ratio for tone in found}
    return best if best is not None and best.z >= NAMING_Z and names_one(ratios) == best.name else None


def names_one(ratios: dict[str, float]) -> str | None:
    """The tone that stands `NAMING_RATIO` over the floor and half as high again (in decibels) as the next, or None.

    Chance alone reaches 2.2 on healthy recordings; a true tone drags its neighbours up by its side bands.

    >>> names_one({"bpfo": 30.0, "bpfi": 2.6, "bsf2": 1.5}), names_one({"bpfo": 2.0, "bpfi": 1.1})
    ('bpfo', None)
    """
    ranked = sorted(((r, name) for name, r in ratios.items() if name in MECHANISM_OF_TONE), reverse=True)
    if not ranked or ranked[0][0] < NAMING_RATIO:
        return None
    if len(ranked) > 1 and np.log(ranked[0][0]) < 1.5 * np.log(max(ranked[1][0], 1.0)):
        return None
    return ranked[0][1]
