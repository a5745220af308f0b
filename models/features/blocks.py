"""Features of many blocks at once: the one road of the live stream, of training tables and of notebooks.

Blocks of one length and sample rate share their transforms and go through in groups that stay in the processor's cache.
`features.vibration.waveform_features` is this function for one block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s, Floats
from forewarn.models.features.envelope import TONES, envelope_rms, tone_heights
from forewarn.models.features.spectrum import (
    BANDS_HZ,
    ORDERS,
    band_features,
    gear_features,
    order_spectra,
    spectra_of,
    velocity_features,
)

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
    "skewness": "1",
    "impulse": "1",
    "peak_to_peak": "m/s^2",
    "velocity_sub": "mm/s",
    "velocity_vane": "mm/s",
    "gear_mesh": "m/s^2",
    "gear_sidebands": "1",
}
"""Every feature that a block can give -> its unit. Tones are ratios to the floor around them."""

LEAST_SAMPLES = 64
GROUP_SAMPLES = 131_072  # of one group of blocks: half a megabyte in single precision, so that it stays in the cache


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """names k, values float64[n, k]: one row per block, NaN where the block cannot give the feature."""

    names: tuple[str, ...]
    values: Floats

    def column(self, name: str) -> Floats:
        """One feature of all blocks, float64[n]."""
        return self.values[:, self.names.index(name)]

    def row(self, place: int) -> dict[str, float]:
        """What one block gives; what it cannot give is left out."""
        return {n: v for n, v in zip(self.names, self.values[place].tolist(), strict=True) if np.isfinite(v)}


@dataclass(frozen=True, slots=True)
class Mounted:
    """What turns under the accelerometer, as far as it is known: a bearing, the teeth of a gear, the vanes of a pump
    or the blades of a fan, all on the shaft whose speed is given."""

    bearing: BearingGeometry | None = None
    gear_teeth: int | None = None
    vanes: int | None = None

    def __post_init__(self) -> None:
        for what, count in (("gear_teeth", self.gear_teeth), ("vanes", self.vanes)):
            if count is not None and count < 2:
                raise ValueError(f"{what} counts at least 2, not {count}")


NOTHING_KNOWN = Mounted()


def block_features(
    blocks: Float32s | Floats,
    sample_rate_hz: float,
    shaft_hz: float | Floats | None = None,
    mounted: Mounted = NOTHING_KNOWN,
) -> FeatureTable:
    """Features of n blocks: float32 or float64[n, m] in m/s^2, m >= 64, all taken at `sample_rate_hz`.

    `shaft_hz` is one speed for all or float64[n]; None or NaN = unknown. Every name of `FEATURE_UNITS` is a column; NaN
    says that a block is too short, too slowly sampled or too little known for it. `velocity_*` (10 Hz to 1 kHz, ISO
    20816) need 0.3 s, the orders four turns of the shaft as well, tones a bearing and five lines below them. Levels are
    RMS, `peak` is the largest magnitude, `impulse` that over the mean magnitude, `kurtosis` is 3 for Gaussian noise.
    Raises ValueError for blocks that are too short or not finite, and for a sample rate that is not above 0.

    >>> t = np.arange(8192) / 12_800
    >>> sines = np.stack([10.0 * np.sin(2 * np.pi * hz * t) for hz in (100.0, 200.0)])   # 11.25 and 5.63 mm/s RMS
    >>> table = block_features(sines, 12_800.0, np.array([100.0, np.nan]))
    >>> table.column("velocity_rms").round(1).tolist(), table.column("velocity_1x").round(1).tolist()
    ([11.3, 5.6], [11.3, nan])
    """
    given = checked(blocks, sample_rate_hz)
    speeds = speeds_of(shaft_hz, len(given))
    values = np.full((len(given), len(FEATURE_UNITS)), np.nan)
    group = max(1, GROUP_SAMPLES // given.shape[1])
    for start in range(0, len(given), group):
        part = slice(start, start + group)
        fill(values[part], given[part], sample_rate_hz, speeds[part], mounted)
    values[~np.isfinite(values)] = np.nan
    return FeatureTable(tuple(FEATURE_UNITS), values)


def order_spectrum(
    blocks: Float32s | Floats,
    sample_rate_hz: float,
    shaft_hz: float | Floats,
    highest: float = 20.0,
    per_order: int = 10,
) -> tuple[Floats, Floats]:
    """Spectrum over multiples of the shaft's speed: machines at any speed side by side.

    Orders float64[k] and RMS float64[n, k] in the unit of the samples, 1 / per_order apart up to `highest`. A block
    whose speed is unknown or whose highest order lies beyond half of the sample rate is NaN. Refuses as
    `block_features` does.

    >>> t = np.arange(4096) / 4096.0
    >>> orders, rms = order_spectrum(np.stack([np.sin(2 * np.pi * 2 * s * t) for s in (25.0, 40.0)]), 4096.0,
    ...     np.array([25.0, 40.0]))
    >>> orders[rms.argmax(axis=1)].tolist(), rms.max(axis=1).round(1).tolist()
    ([2.0, 2.0], [0.7, 0.7])
    """
    given = checked(blocks, sample_rate_hz)
    x, rms = standing_taken_out(given)
    scaled = np.asarray(x / np.where(rms > 0, rms, 1.0)[:, None], np.float32)
    orders, found = order_spectra(
        spectra_of(scaled, sample_rate_hz), speeds_of(shaft_hz, len(given)), highest, per_order
    )
    return orders, found * rms[:, None]


def checked(blocks: Float32s | Floats, sample_rate_hz: float) -> Float32s | Floats:
    """The blocks as rows of real numbers, or a refusal."""
    given = blocks if blocks.dtype == np.float32 else np.asarray(blocks, np.float64)
    if given.ndim != 2 or given.shape[1] < LEAST_SAMPLES or not np.isfinite(given).all():
        raise ValueError(f"a block for features holds at least {LEAST_SAMPLES} finite samples")
    if not (sample_rate_hz > 0 and np.isfinite(sample_rate_hz)):
        raise ValueError(f"a sample rate is above 0 Hz, not {sample_rate_hz}")
    return given


def speeds_of(shaft_hz: float | Floats | None, n: int) -> Floats:
    """One speed per block, NaN where unknown. The sense of rotation does not matter, and a standing shaft has no
    orders."""
    given = np.asarray(np.nan if shaft_hz is None else shaft_hz, np.float64)
    if given.shape not in ((), (n,)):
        raise ValueError(f"{given.shape} speeds do not fit {n} blocks: give one for all, or one for each")
    speeds = np.abs(np.broadcast_to(given, (n,)))
    return np.where((speeds > 0) & np.isfinite(speeds), speeds, np.nan)


def standing_taken_out(blocks: Float32s | Floats) -> tuple[Floats, Floats]:
    """Blocks without their mean (gravity, the bias of the amplifier) float64[n, m], and their RMS float64[n]."""
    x = np.array(blocks, np.float64)
    x -= x.mean(axis=1, keepdims=True)
    return x, np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1])


def fill(values: Floats, blocks: Float32s | Floats, rate_hz: float, shaft_hz: Floats, mounted: Mounted) -> None:
    """Features of one group of blocks into its rows of the table."""
    x, rms = standing_taken_out(blocks)
    alive = rms > 0.0  # a dead sensor has levels of 0, and neither ratio nor tone
    put(values, ~alive, {"rms": rms, "peak": rms, "peak_to_peak": rms})
    if not alive.all():
        x, rms, shaft_hz = x[alive], rms[alive], shaft_hz[alive]
    if len(x) == 0:
        return
    scaled = np.asarray(np.divide(x, rms[:, None], out=x), np.float32)
    spectra = spectra_of(scaled, rate_hz)
    relative = band_features(spectra) | velocity_features(spectra, shaft_hz, mounted.vanes) | shape_features(scaled)
    if mounted.gear_teeth is not None:
        relative |= gear_features(spectra, shaft_hz, mounted.gear_teeth)
    envelope = envelope_rms(spectra.lines, spectra.length, rate_hz)
    relative |= {} if envelope is None else {"envelope_rms": envelope}
    found = {n: v if FEATURE_UNITS[n] == "1" else v * rms for n, v in relative.items()}
    if mounted.bearing is not None and np.isfinite(shaft_hz).any():
        heights = tone_heights(spectra.lines, spectra.length, rate_hz, shaft_hz, mounted.bearing)
        found |= {f"tone_{tone}": heights.ratio[:, i] for i, tone in enumerate(TONES)}
    put(values, alive, found)


def put(values: Floats, rows: NDArray[np.bool_], found: dict[str, Floats]) -> None:
    """Columns into the table; `found` holds all rows, or those that are asked for."""
    names = list(FEATURE_UNITS)
    for name, column in found.items():
        values[rows, names.index(name)] = column if len(column) == np.count_nonzero(rows) else column[rows]


def shape_features(x: Float32s) -> dict[str, Floats]:
    """Shape of blocks without mean and of RMS 1, float32[n, m]: crest factor, kurtosis, skewness, impulse factor."""
    high, low = x.max(axis=1).astype(np.float64), x.min(axis=1).astype(np.float64)
    peak = np.maximum(high, -low)
    squares = x * x
    fourth = (squares * squares).mean(axis=1)  # numpy adds pairwise along a row: single precision is enough
    squares *= x
    return {
        "rms": np.ones(len(x)),
        "peak": peak,
        "peak_to_peak": high - low,
        "crest": peak,
        "kurtosis": fourth.astype(np.float64),
        "skewness": squares.mean(axis=1).astype(np.float64),
        "impulse": peak / np.abs(x).mean(axis=1),
    }
