"""Bearing tones in the envelope: does the machine strike at the rhythm of a spall?

A spall is passed at a rate that geometry and speed give (`BearingGeometry.tones_hz`); every passing rings the structure
at some unknown high frequency. So: make the spectrum flat (cepstral pre-whitening, Sawalhi and Randall 2011), cut it
into bands of 1.5 kHz, take the squared envelope of each, and average the logarithms of their spectra over the bands.
A tone is the mean height of its first three harmonics over the floor around them, with a common slip of up to 1.5 %
(Randall and Antoni 2011). How high chance alone gets is read from the other frequencies of the same spectrum.

Everything takes many blocks at once, in single precision up to the logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats

Complex64s = NDArray[np.complex64]
Bools = NDArray[np.bool_]

TONES = ("bpfo", "bpfi", "bsf2", "ftf")
CARRIER_FROM_HZ = 500.0
USABLE_SHARE_OF_RATE = 0.47
BAND_HZ = 1_500.0
HARMONICS = 3
SLIP = 0.015
GRID_STEP = 0.0025  # distance of the frequencies tried, relative
FLOOR_LINES = 15  # the floor of a line is the mean over so many on each side
FEWEST_OTHERS = 50  # frequencies that show what chance does


@dataclass(frozen=True, slots=True, eq=False)
class ToneHeights:
    """Heights of `TONES` in n blocks: `ratio` float64[n, 4] to the floor (1 = as any other frequency), `z` of the same
    shape in robust deviations of the others; NaN where a block does not resolve a tone or the speed is unknown."""

    ratio: Floats
    z: Floats


def envelopes(lines: Complex64s, length: int, sample_rate_hz: float) -> tuple[Float32s, float] | None:
    """Envelopes float32[n, m] of all between 500 Hz and 0.47 of the rate, and their own sample rate; None without room.

    `lines` complex64[n, length // 2 + 1] are transforms of blocks of `length` samples. The envelope is sampled at twice
    the band's width or a little more, so that nothing folds.
    """
    from scipy import fft

    top_hz = USABLE_SHARE_OF_RATE * sample_rate_hz
    if top_hz < 1.8 * CARRIER_FROM_HZ:
        return None
    line_hz = sample_rate_hz / length
    first, last = int(np.ceil(CARRIER_FROM_HZ / line_hz)), int(top_hz / line_hz)
    size = fft.next_fast_len(2 * (last - first))
    analytic = fft.ifft(lines[:, first:last], size, axis=1, workers=1)
    return magnitude(analytic) * np.float32(2 * size / length), line_hz * size


def envelope_rms(lines: Complex64s, length: int, sample_rate_hz: float) -> Floats | None:
    """RMS of the moving part of each envelope, float64[n]; None where the rate leaves no carrier."""
    found = envelopes(lines, length, sample_rate_hz)
    if found is None:
        return None
    moving = found[0] - found[0].mean(axis=1, keepdims=True)
    moving *= moving
    return np.asarray(np.sqrt(moving.mean(axis=1)), np.float64)


def demodulated(x: Floats, sample_rate_hz: float) -> tuple[Floats, float] | None:
    """Envelope float64[m] of one block and its own sample rate; None without room for a carrier."""
    size = float(np.abs(x).max()) or 1.0
    found = envelopes(np.fft.rfft(x / size)[None, :].astype(np.complex64), len(x), sample_rate_hz)
    return None if found is None else (found[0][0].astype(np.float64) * size, found[1])


def magnitude(values: Complex64s) -> Float32s:
    """|z|, without the care for overflow that makes numpy's own slow."""
    return np.asarray(np.sqrt(values.real**2 + values.imag**2), np.float32)


def whitened_band_spectra(
    lines: Complex64s, length: int, sample_rate_hz: float, band_hz: float = BAND_HZ, squared: bool = True
) -> tuple[Floats, Float32s]:
    """Frequency in Hz float64[k] and log height over the local floor, averaged over bands, float32[n, k]; k = 0 when
    the blocks are too short. Of the squared envelope, or of the envelope itself."""
    from scipy import fft

    line_hz = sample_rate_hz / length
    first, last = int(np.ceil(CARRIER_FROM_HZ / line_hz)), int(USABLE_SHARE_OF_RATE * sample_rate_hz / line_hz)
    width = min(int(band_hz / line_hz), last - first)
    if width < 4 * FLOOR_LINES:
        return np.zeros(0), np.zeros((len(lines), 0), np.float32)
    size = magnitude(lines)
    white = lines / np.maximum(size, np.float32(1e-12) * size.max(axis=1, keepdims=True))
    starts = np.linspace(first, last - width, max(1, round((last - first) / width))).astype(int)
    bands = white[:, starts[:, None] + np.arange(width)]
    analytic = fft.ifft(bands, 2 * width, axis=2, workers=1, overwrite_x=True)
    envelope = analytic.real**2 + analytic.imag**2
    if not squared:
        np.sqrt(envelope, out=envelope)
    envelope -= envelope.mean(axis=2, keepdims=True)
    envelope *= np.hanning(2 * width).astype(np.float32) * np.float32(length)
    kept = int(1.4 * width)
    padded = fft.rfft(envelope, 4 * width, axis=2, workers=1)[:, :, :kept]  # twice as fine as the blocks themselves
    power = padded.real**2 + padded.imag**2
    power += np.float32(1e-30)
    log_power = np.log(power, out=power).mean(axis=1)
    return np.arange(kept) * line_hz / 2, log_power - local_mean(log_power, 2 * FLOOR_LINES)


def local_mean(values: Float32s, reach: int) -> Float32s:
    """Mean over `reach` neighbours on each side and the value itself, along the last axis; shorter at the ends."""
    n = values.shape[-1]
    total = np.zeros((*values.shape[:-1], n + 1))
    np.cumsum(values.astype(np.float64), axis=-1, out=total[..., 1:])
    index = np.arange(n)
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, n)
    return np.asarray((total[..., high] - total[..., low]) / (high - low), np.float32)


def tone_heights(
    lines: Complex64s, length: int, sample_rate_hz: float, shaft_hz: Floats, bearing: BearingGeometry
) -> ToneHeights:
    """Heights of the tones of n blocks, from transforms complex64[n, length // 2 + 1] and shaft speeds float64[n].

    Tones are given that the blocks resolve: at least five lines from 0, three harmonics inside a band.
    """
    nothing = np.full((len(lines), len(TONES)), np.nan)
    hertz, height = whitened_band_spectra(lines, length, sample_rate_hz)
    grid = tried(hertz)
    if len(grid) < FEWEST_OTHERS:
        return ToneHeights(nothing, nothing)
    combs = comb_heights(grid, float(hertz[1]), height)
    wanted = wanted_tones(shaft_hz, bearing)
    alike = slice(0, 1) if (shaft_hz == shaft_hz[0]).all() else slice(None)
    centre, spread = chance(combs, far_from_all(grid, shaft_hz[alike], wanted[alike]))
    found = at_frequency(grid, combs, wanted) - centre[:, None]
    return ToneHeights(np.exp(found), found / spread[:, None])


def tried(hertz: Floats) -> Floats:
    """The frequencies at which a comb is laid over the spectrum, evenly apart on a logarithmic scale; may be empty."""
    if len(hertz) == 0:
        return hertz
    lowest, highest = 10 * float(hertz[1]), float(hertz[-1]) / HARMONICS
    if highest < 1.1 * lowest:
        return np.zeros(0)
    return np.asarray(np.exp(np.arange(np.log(lowest), np.log(highest), GRID_STEP)), np.float64)


def comb_heights(
    grid: Floats, step_hz: float, height: Float32s, weights: tuple[float, ...] = (1.0,) * HARMONICS
) -> Float32s:
    """Mean log height of the harmonics of every grid frequency, the best within the slip around it: float32[n, g]."""
    lines = np.minimum(
        np.rint(np.outer(np.arange(1, len(weights) + 1), grid) / step_hz).astype(int), height.shape[1] - 1
    )
    comb = np.zeros((len(height), len(grid)), np.float32)
    for weight, line in zip(weights, lines, strict=True):
        comb += np.float32(weight / sum(weights)) * np.take(height, line, axis=1)
    return highest_within(comb, round(SLIP / GRID_STEP))


def highest_within(values: Float32s, reach: int) -> Float32s:
    """Largest of each value and `reach` neighbours on both sides, along the last axis; widths doubled until they do."""
    best = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    width, wanted = 1, 2 * reach + 1
    while width < wanted:
        step = min(width, wanted - width)
        best = np.maximum(best[:, :-step], best[:, step:])
        width += step
    return best


def wanted_tones(shaft_hz: Floats, bearing: BearingGeometry) -> Floats:
    """Hz of `TONES` at n speeds, float64[n, 4]; a spall on a rolling element strikes both races: twice its spin."""
    of_one = bearing.tones_hz(1.0)
    return np.outer(shaft_hz, [of_one["bpfo"], of_one["bpfi"], 2 * of_one["bsf"], of_one["ftf"]])


def far_from_all(grid: Floats, shaft_hz: Floats, tone_hz: Floats) -> Bools:
    """Which grid frequencies share no harmonic with the shaft or a tone, bool[n, g]: they show what chance does."""
    hz = np.concatenate([shaft_hz[:, None], tone_hz], axis=1)
    near = (hz[:, :, None] * np.array([1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0])).reshape(len(hz), -1)
    near = np.where(np.isfinite(near), near, 0.0)
    first = np.searchsorted(grid, near * (1 - 2 * SLIP))
    stop = np.searchsorted(grid, near * (1 + 2 * SLIP), side="right")
    edges = np.zeros((len(hz), len(grid) + 1), np.int32)  # +1 where a forbidden range begins, -1 behind its end
    rows = np.broadcast_to(np.arange(len(hz))[:, None], near.shape)
    np.add.at(edges, (rows, first), 1)
    np.add.at(edges, (rows, stop), -1)
    return np.asarray(np.cumsum(edges[:, :-1], axis=1) == 0, np.bool_)


def chance(combs: Float32s, others: Bools) -> tuple[Floats, Floats]:
    """Median and robust deviation of the other frequencies of each block, float64[n]; NaN where there are too few.

    `others` bool[n, g] is one row per block, or bool[1, g] for blocks that share their speed.
    """
    count = np.broadcast_to(others.sum(axis=1), (len(combs),))
    shown = combs[:, others[0]] if len(others) == 1 else np.where(others, combs, np.float32(np.inf))
    centre = middle_of(shown, count)
    spread = 1.4826 * middle_of(np.abs(shown - centre[:, None].astype(np.float32)), count)
    return centre, np.maximum(spread, 1e-6)


def middle_of(values: Float32s, count: NDArray[np.intp]) -> Floats:
    """Median of the `count` smallest values of each row, float64[n]; NaN for fewer than `FEWEST_OTHERS`."""
    enough = count >= FEWEST_OTHERS
    if not enough.any():
        return np.full(len(values), np.nan)
    ranked, rows, known = np.sort(values, axis=1), np.arange(len(values)), np.where(enough, count, 1)
    middle = (ranked[rows, (known - 1) // 2].astype(np.float64) + ranked[rows, known // 2]) / 2
    return np.where(enough, middle, np.nan)


def at_frequency(grid: Floats, combs: Float32s, hz: Floats) -> Floats:
    """Combs between the grid's frequencies, float64[n, t]; NaN outside the grid."""
    inside = (hz >= grid[0]) & (hz <= grid[-1])
    wanted = np.where(inside, hz, grid[0])
    after = np.clip(np.searchsorted(grid, wanted), 1, len(grid) - 1)
    share = (wanted - grid[after - 1]) / (grid[after] - grid[after - 1])
    rows = np.arange(len(combs))[:, None]
    value = combs[rows, after - 1] * (1 - share) + combs[rows, after] * share
    return np.where(inside, value, np.nan)
