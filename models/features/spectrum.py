"""Many blocks of acceleration -> spectra, and what stands in their bands and at the orders of the shaft.

One real Fourier transform serves everything: the Hann window is applied to its lines (each line loses half of its
neighbours), the envelope and the tones take the same lines without a window. Blocks come scaled to an RMS of 1, so that
single precision is enough: what is left of a sine between the lines is 1e-7 of it, as the tests see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.readings import Float32s, Floats

Complex64s = NDArray[np.complex64]
Places = NDArray[np.intp]

BANDS_HZ: dict[str, tuple[float, float]] = {
    "band_500_2000": (500.0, 2_000.0),
    "band_2000_4000": (2_000.0, 4_000.0),
    "band_4000_8000": (4_000.0, 8_000.0),
    "band_8000_up": (8_000.0, 20_000.0),
}
"""Feature -> band of its RMS acceleration, cut at 0.47 of the sample rate, and given when 0.4 of it is left."""

VELOCITY_BAND_HZ = (10.0, 1_000.0)
ORDERS = (1, 2, 3)
SUBHARMONIC_ORDERS = (0.3, 0.7)  # oil whirl stands at 0.38 to 0.48, rubbing and looseness at one half
MESH_HARMONICS = 3
SIDE_BANDS = 3
SPEED_TOLERANCE = 0.02  # a speed that is known from the name plate only
USABLE_SHARE_OF_RATE = 0.47  # above it stands the flank of the anti-aliasing filter
REACH_LINES = 2  # a Hann-windowed sine stands within so many lines


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Spectra of n blocks of `length` samples.

    lines complex64[n, k] without a window, k = length // 2 + 1; hertz float64[k]; power float32[n, k] is the mean
    square per line (Hann window, one-sided): the sum is that of the block.
    """

    lines: Complex64s
    length: int
    sample_rate_hz: float
    hertz: Floats
    power: Float32s

    @property
    def line_hz(self) -> float:
        """Distance of two lines."""
        return self.sample_rate_hz / self.length


def spectra_of(blocks: Float32s, sample_rate_hz: float) -> Spectra:
    """Spectra of float32[n, length], each block without its mean and scaled to an RMS of 1."""
    from scipy import fft  # a second at start, and only waveforms need it

    length = blocks.shape[1]
    lines = fft.rfft(blocks, axis=1, workers=1)
    hertz = np.fft.rfftfreq(length, 1 / sample_rate_hz).astype(np.float64)
    return Spectra(lines, length, sample_rate_hz, hertz, hann_power(lines, length))


def hann_power(lines: Complex64s, length: int) -> Float32s:
    """Mean square per line of a one-sided Hann periodogram float32[n, k], from lines without a window.

    The periodic Hann window has three lines of its own: w(k) = x(k) / 2 - (x(k - 1) + x(k + 1)) / 4.
    """
    above_last = lines[:, -2 if length % 2 == 0 else -1]
    around = np.empty_like(lines)
    np.add(lines[:, :-2], lines[:, 2:], out=around[:, 1:-1])
    around[:, 0] = lines[:, 1] + np.conj(lines[:, 1])
    around[:, -1] = lines[:, -2] + np.conj(above_last)
    around *= np.float32(-0.5)
    around += lines
    parts = around.view(np.float32)
    parts *= parts
    power = parts[:, ::2] + parts[:, 1::2]
    power *= np.float32(0.25 / (length * 0.375 * length))  # 3/8 is the mean square of the window
    power[:, 1 : (length + 1) // 2] *= 2
    return np.asarray(power, np.float32)


def counted_up(power: Float32s | Floats) -> Floats:
    """Sums of all lines under each line, float64[n, k + 1]: what stands in a range is a difference of two."""
    below = np.zeros((power.shape[0], power.shape[1] + 1))
    np.cumsum(power, axis=1, out=below[:, 1:], dtype=np.float64)
    return below


def between(below: Floats, first: Places, stop: Places) -> Floats:
    """Root of what stands in lines [first, stop) of each block, float64[n]; first and stop int[n]."""
    rows = np.arange(len(below))
    last = below.shape[1] - 1
    low, high = np.clip(first, 0, last), np.clip(stop, 0, last)
    return np.sqrt(np.maximum(below[rows, high] - below[rows, low], 0.0))


def band_features(spectra: Spectra) -> dict[str, Floats]:
    """RMS of every band of `BANDS_HZ` that the sample rate covers; the last one is open upwards."""
    top = USABLE_SHARE_OF_RATE * spectra.sample_rate_hz
    found = {}
    for name, (low, high) in BANDS_HZ.items():
        needed = low * 1.2 if name.endswith("_up") else low + 0.4 * (high - low)
        if top >= needed:
            first, stop = np.searchsorted(spectra.hertz, [low, min(high, top)])
            found[name] = np.sqrt(spectra.power[:, first:stop].sum(axis=1)).astype(np.float64)
    return found


def velocity_features(spectra: Spectra, shaft_hz: Floats, vanes: int | None) -> dict[str, Floats]:
    """Velocity RMS in mm/s (for blocks in m/s^2): the ISO band, and where the shaft's speed is known its orders.

    The orders need four turns of the shaft in a block; NaN for blocks without them.
    """
    low, high = VELOCITY_BAND_HZ
    if low / spectra.line_hz < 3 or spectra.hertz[-1] < high:
        return {}
    first, stop = int(np.searchsorted(spectra.hertz, low)), int(np.searchsorted(spectra.hertz, high, side="right"))
    velocity = np.zeros((len(spectra.power), stop))
    velocity[:, first:] = spectra.power[:, first:stop] * (1_000.0 / (2 * np.pi * spectra.hertz[first:stop])) ** 2
    below = counted_up(velocity)
    found = {"velocity_rms": np.sqrt(below[:, -1])}
    turning = shaft_hz >= max(4 * spectra.line_hz, low)
    if turning.any():
        for order in ORDERS:
            found[f"velocity_{order}x"] = np.where(turning, at_order(spectra, below, order, shaft_hz), np.nan)
        found["velocity_sub"] = subharmonic(spectra, below, shaft_hz)
        if vanes is not None:
            inside = turning & (vanes * shaft_hz < high)
            found["velocity_vane"] = np.where(inside, at_order(spectra, below, vanes, shaft_hz), np.nan)
    return found


def at_order(spectra: Spectra, below: Floats, order: float, shaft_hz: Floats) -> Floats:
    """RMS around an order of the shaft: two lines, and as far as an uncertain speed may have moved it."""
    reach_hz = np.minimum(REACH_LINES * spectra.line_hz + SPEED_TOLERANCE * order * shaft_hz, 0.4 * shaft_hz)
    return between(below, *lines_within(spectra, order * shaft_hz - reach_hz, order * shaft_hz + reach_hz))


def lines_within(spectra: Spectra, low_hz: Floats, high_hz: Floats) -> tuple[Places, Places]:
    """First line of a range and the one behind its last, both ends included."""
    return np.searchsorted(spectra.hertz, low_hz), np.searchsorted(spectra.hertz, high_hz, side="right")


def subharmonic(spectra: Spectra, below: Floats, shaft_hz: Floats) -> Floats:
    """RMS between 0.3 and 0.7 orders: whirl, rubbing, looseness. Needs ten turns, and one half of the speed in band."""
    low, high = SUBHARMONIC_ORDERS
    given = (shaft_hz >= 10 * spectra.line_hz) & (shaft_hz / 2 >= VELOCITY_BAND_HZ[0])
    value = between(below, *lines_within(spectra, low * shaft_hz, high * shaft_hz))
    return np.where(given, value, np.nan)


def gear_features(spectra: Spectra, shaft_hz: Floats, teeth: int) -> dict[str, Floats]:
    """Of a gear with so many teeth on this shaft: RMS at its mesh and two harmonics, and the share of the side bands.

    `gear_sidebands` is the RMS of three side bands on both sides of the mesh, a shaft's turn apart, over that of the
    mesh itself: about 0.1 to 0.3 for a good gear, more when one tooth or the shaft modulates it. Both need six lines
    between side bands and the mesh in the usable range; NaN for blocks without.
    """
    mesh_hz, top = teeth * shaft_hz, USABLE_SHARE_OF_RATE * spectra.sample_rate_hz
    given = (shaft_hz >= 6 * spectra.line_hz) & (mesh_hz + (SIDE_BANDS + 0.5) * shaft_hz <= top)
    if not given.any():
        return {}
    below = counted_up(spectra.power)
    harmonics = [
        np.where(k * mesh_hz <= top, at_order(spectra, below, k * teeth, shaft_hz), 0.0)
        for k in range(1, MESH_HARMONICS + 1)
    ]
    reach_hz = (SIDE_BANDS + 0.5) * shaft_hz
    whole = between(below, *lines_within(spectra, mesh_hz - reach_hz, mesh_hz + reach_hz))
    sides = np.sqrt(np.maximum(whole**2 - harmonics[0] ** 2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = sides / harmonics[0]
    mesh = np.sqrt(np.sum(np.square(harmonics), axis=0))
    return {"gear_mesh": np.where(given, mesh, np.nan), "gear_sidebands": np.where(given, share, np.nan)}


def order_spectra(spectra: Spectra, shaft_hz: Floats, highest: float, per_order: int) -> tuple[Floats, Floats]:
    """Orders float64[k], 1 / per_order apart, and RMS float64[n, k] of what stands nearest to each; NaN where unknown.

    The sum of squares over all orders is the mean square of the block up to the highest order.
    """
    orders = np.arange(1, round(highest * per_order) + 1) / per_order
    edges = (np.arange(len(orders) + 1) + 0.5) / per_order
    given = shaft_hz * highest <= spectra.hertz[-1]  # False for NaN too
    # a line's power is spread evenly over its width, so that narrow orders share it
    places = np.where(given, shaft_hz, 0.0)[:, None] * edges / spectra.line_hz + 0.5
    below, rows = counted_up(spectra.power), np.arange(len(places))[:, None]
    whole = np.minimum(places.astype(np.intp), below.shape[1] - 2)
    low, high = below[rows, whole], below[rows, whole + 1]
    counted = low + (places - whole) * (high - low)
    rms = np.sqrt(np.maximum(np.diff(counted, axis=1), 0.0))
    rms[~given] = np.nan
    return orders, rms
