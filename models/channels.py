"""Channels: one scored column each, on the scale it is judged on, beside the regime it was measured in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Int64s, SignalSpec, Track
from forewarn.models.features_vibration import FEATURE_UNITS
from forewarn.models.limits import SCORED_FEATURES, Limit, limit_for_feature, limit_for_scalar
from forewarn.models.tracks import MOST_BINS, Regime, bin_means, value_at

SMALLEST_RATIO_VALUE = 1e-6  # below it a logarithm would speak of the sensor's noise
FEW_POINTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One signal or feature while the machine runs: at int64[n], y float64[n] (judged scale), regime float64[n, r].

    `op_hours` float64[n] counts operating hours; `limit` says what a change must be to matter.
    """

    name: str
    spec: SignalSpec
    feature: str
    unit: str
    at: Int64s
    y: Floats
    regime: Floats
    op_hours: Floats
    limit: Limit

    def shown(self, y: float) -> float:
        """A value on the judged scale, back in the unit."""
        return float(np.exp(y)) if self.limit.logarithmic else y


def channels_of(asset: Asset, tracks: dict[str, Track], regime: Regime) -> list[Channel]:
    """Every scored channel with at least a few points, in the order of the plant file."""
    found: list[Channel] = []
    for spec in asset.signals:
        if spec.kind == "waveform":
            names = [(f"{spec.signal}:{feature}", feature) for feature in SCORED_FEATURES]
            found += [
                c
                for name, f in names
                if name in tracks and (c := of_feature(asset, spec, name, f, tracks[name], regime))
            ]
        elif spec.signal in tracks and scored(asset, spec):
            channel = of_scalar(asset, spec, tracks[spec.signal], regime)
            found += [channel] if channel else []
    return found


def scored(asset: Asset, spec: SignalSpec) -> bool:
    """Measurements are scored; a speed only where a belt can slip, and then against the load alone."""
    return spec.role == "measurement" or (spec.role == "speed" and bool(asset.components_of("belt")))


def of_feature(asset: Asset, spec: SignalSpec, name: str, feature: str, track: Track, regime: Regime) -> Channel | None:
    """A waveform feature at the instants of its waveforms."""
    track = thinned(track)
    bins = regime.bins_of(track.at)
    keep = regime.running[bins] & (track.value > SMALLEST_RATIO_VALUE)
    if keep.sum() < FEW_POINTS:
        return None
    at, value = track.at[keep], track.value[keep]
    limit = limit_for_feature(asset, feature, early_median(value))
    columns = vibration_columns(asset, spec, lambda role: value_at(regime.raw[role], at), regime)
    return Channel(
        name,
        spec,
        feature,
        FEATURE_UNITS[feature],
        at,
        np.log(value),
        stacked(columns, len(at)),
        regime.op_hours[bins[keep]],
        limit,
    )


def thinned(track: Track) -> Track:
    """Neighbours averaged (as RMS values are: by their squares) until at most twice `MOST_BINS` points are left."""
    group = -(-len(track) // (2 * MOST_BINS))
    if group <= 1:
        return track
    whole = len(track) // group * group
    value = np.sqrt(np.mean(track.value[:whole].reshape(-1, group) ** 2, axis=1))
    return Track(track.at[group - 1 : whole : group], value)


def of_scalar(asset: Asset, spec: SignalSpec, track: Track, regime: Regime) -> Channel | None:
    """A scalar signal as means over the bins in which the machine ran."""
    value = bin_means(track, int(regime.start[0]), regime.width_us, len(regime.start))
    keep = regime.running & ~np.isnan(value)
    if keep.sum() < FEW_POINTS:
        return None
    value = value[keep]
    limit = limit_for_scalar(asset, spec, early_median(value))
    y = np.log(np.maximum(value, 1e-3)) if limit.logarithmic else value
    means = {name: column[keep] for name, column in (regime.means | regime.memory).items()}
    columns = (
        vibration_columns(asset, spec, means.__getitem__, regime) if limit.logarithmic else process_columns(spec, means)
    )
    return Channel(
        spec.signal, spec, "", spec.unit, regime.start[keep], y, stacked(columns, len(y)), regime.op_hours[keep], limit
    )


def early_median(value: Floats) -> float:
    """The machine's usual value: the median of its older half."""
    return float(np.median(value[: max(FEW_POINTS, len(value) // 2)]))


def vibration_columns(asset: Asset, spec: SignalSpec, mean_of: Callable[[str], Floats], regime: Regime) -> list[Floats]:
    """Vibration follows speed as a power law and load as an exponential one."""
    columns = []
    if "speed" in regime.raw:
        usual = asset.nominal_rpm or float(np.median(regime.raw["speed"].value)) or 1.0
        columns.append(np.log(np.maximum(mean_of("speed") / usual, 0.05)))
    if "load" in regime.raw:
        columns.append(mean_of("load"))
    return columns


def process_columns(spec: SignalSpec, means: dict[str, Floats]) -> list[Floats]:
    """Temperatures, flows, pressures: load and speed with their squares, ambient, and what a warm body remembers."""
    columns = []
    for name, column in means.items():
        if name == "run" or name == spec.role:
            continue
        if "felt" in name and spec.quantity != "temperature":
            continue
        columns.append(column)
        if not name.startswith("ambient"):
            columns.append(column**2)
    return columns


def stacked(columns: list[Floats], n: int) -> Floats:
    """float64[n, r]; no columns give r = 0."""
    return np.column_stack(columns) if columns else np.zeros((n, 0))
