"""Channels: one judged column each, on the scale it is judged on, beside the regime it was measured in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Int64s, SignalSpec, Track
from forewarn.core.units import COUNTING
from forewarn.models.detectors.baseline import RegimeTable, middle
from forewarn.models.features.current import CURRENT_UNITS
from forewarn.models.features.vibration import FEATURE_UNITS
from forewarn.models.limits import SCORED_FEATURES, SUPPORTING_FEATURES, Limit, limit_for_feature, limit_for_scalar
from forewarn.models.tracks import MOST_BINS, Bools, Regime, same_times, value_at

SMALLEST_RATIO_VALUE = 1e-6  # below it a logarithm would speak of the sensor's noise
FEW_POINTS = 8
UNITS = FEATURE_UNITS | CURRENT_UNITS


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One signal or feature while the machine runs: at int64[n], y float64[n] (judged scale), their regime.

    `op_hours` float64[n] counts operating hours; `limit` says what a change must be to matter.
    """

    name: str
    spec: SignalSpec
    feature: str
    unit: str
    at: Int64s
    y: Floats
    regime: RegimeTable
    op_hours: Floats
    limit: Limit

    @property
    def scored(self) -> bool:
        """May it alarm, or does it only help to tell faults apart?"""
        return self.feature not in SUPPORTING_FEATURES

    def shown(self, y: float) -> float:
        """A value on the judged scale, back in the unit."""
        return float(np.exp(y)) if self.limit.logarithmic else y


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Where a signal is judged: bins intp[n] of the grid, at int64[n], op_hours float64[n]."""

    bins: NDArray[np.intp]
    at: Int64s
    op_hours: Floats

    def only(self, keep: Bools) -> Points:
        """Some of them."""
        return Points(self.bins[keep], self.at[keep], self.op_hours[keep])


class Workshop:
    """Makes the channels of one asset in one assessment; those that share times share their points, and those that
    share law and points their regime table."""

    def __init__(self, asset: Asset, tracks: dict[str, Track], regime: Regime) -> None:
        self._asset, self._tracks, self._regime = asset, tracks, regime
        self._tables: dict[str, list[tuple[Int64s, RegimeTable]]] = {}
        self._points: dict[int, Points] = {}

    def channels(self) -> list[Channel]:
        """Every judged channel with at least a few points, in the order of the plant file."""
        found = [c for spec in self._asset.signals for c in self._of_signal(spec)]
        return [channel for channel in found if channel is not None]

    def _of_signal(self, spec: SignalSpec) -> list[Channel | None]:
        if spec.kind == "waveform":
            features = (*SCORED_FEATURES, *SUPPORTING_FEATURES)
            return [self._feature(spec, f) for f in features if f"{spec.signal}:{f}" in self._tracks]
        return [self._scalar(spec)] if spec.signal in self._tracks and scored(self._asset, spec) else []

    def _feature(self, spec: SignalSpec, feature: str) -> Channel | None:
        """A waveform feature at the instants of its waveforms."""
        name = f"{spec.signal}:{feature}"
        track = thinned(self._tracks[name])
        bins = self._regime.bins_of(track.at)
        keep = self._regime.running[bins] & (track.value > SMALLEST_RATIO_VALUE)
        if np.count_nonzero(keep) < FEW_POINTS:
            return None
        at, value = track.at[keep], track.value[keep]
        raw = self._regime.raw
        table = self._table("waveform", at, lambda: self._vibration(lambda role: value_at(raw[role], at), len(at)))
        limit = limit_for_feature(self._asset, feature, early_median(value))
        hours = self._regime.op_hours[bins[keep]]
        return Channel(name, spec, feature, UNITS[feature], at, np.log(value), table, hours, limit)

    def _scalar(self, spec: SignalSpec) -> Channel | None:
        """A scalar signal as means over the bins in which the machine ran."""
        regime, track = self._regime, self._tracks[spec.signal]
        mean = regime.binner.means(track)
        points = self._running(track)
        value = mean[points.bins]
        if np.isnan(value).any():
            points, value = points.only(~np.isnan(value)), value[~np.isnan(value)]
        if len(value) < FEW_POINTS:
            return None
        at, bins = points.at, points.bins
        limit = limit_for_scalar(self._asset, spec, early_median(value))
        if limit.logarithmic:
            made = self._vibration
            table = self._table("vibration", at, lambda: made(lambda role: regime.means[role][bins], len(at)))
            y = np.log(np.maximum(value, SMALLEST_RATIO_VALUE))
        else:
            law = "thermal" if spec.quantity == "temperature" else "process" if spec.role != "speed" else "speed"
            table, y = self._table(law, at, lambda: process_table(law, regime, bins)), value
        return Channel(spec.signal, spec, "", spec.unit, at, y, table, points.op_hours, limit)

    def _running(self, track: Track) -> Points:
        """Bins with a reading in which the machine ran."""
        found = self._points.get(id(track.at))
        if found is None:
            bins = np.flatnonzero(self._regime.running & self._regime.binner.filled(track))
            found = Points(bins, self._regime.start[bins], self._regime.op_hours[bins])
            self._points[id(track.at)] = found
        return found

    def _table(self, law: str, at: Int64s, make: Callable[[], RegimeTable]) -> RegimeTable:
        """The table of this law at these points, made once."""
        made = self._tables.setdefault(law, [])
        for points, table in made:
            if same_times(points, at):
                return table
        table = make()
        made.append((at, table))
        return table

    def _vibration(self, mean_of: Callable[[str], Floats], points: int) -> RegimeTable:
        """Vibration follows speed as a power law and load as an exponential one."""
        columns, raw = [], self._regime.raw
        if "speed" in raw:
            usual = self._asset.nominal_rpm or float(np.median(raw["speed"].value)) or 1.0
            columns.append(np.log(np.maximum(mean_of("speed") / usual, 0.05)))
        if "load" in raw:
            columns.append(mean_of("load"))
        return RegimeTable(np.stack(columns).T if columns else np.zeros((points, 0)))


def process_table(law: str, regime: Regime, bins: NDArray[np.intp]) -> RegimeTable:
    """Temperatures, flows, pressures: load and speed with their squares, ambient, and what a warm body remembers.

    A speed that is itself judged (a slipping belt) is judged by the load alone.
    """
    means = {role: mean for role, mean in regime.means.items() if role != "run" and role != law}
    columns = means | (regime.memory if law == "thermal" else {})
    told = np.empty((len(columns), len(bins)))
    rows, place = np.empty((2 * len(columns), len(bins))), 0
    for row, (name, column) in zip(told, columns.items(), strict=True):
        rows[place] = row[:] = column[bins]
        place += 1
        if not name.startswith("ambient"):
            np.multiply(row, row, out=rows[place])
            place += 1
    return RegimeTable(rows[:place].T, told, " ".join(columns))


def scored(asset: Asset, spec: SignalSpec) -> bool:
    """Measurements are scored, but not what only counts up; a speed only where a belt can slip, and then against the
    load alone."""
    if spec.quantity in COUNTING:
        return False
    return spec.role == "measurement" or (spec.role == "speed" and bool(asset.components_of("belt")))


def thinned(track: Track) -> Track:
    """Neighbours averaged (as RMS values are: by their squares) until at most twice `MOST_BINS` points are left."""
    group = -(-len(track) // (2 * MOST_BINS))
    if group <= 1:
        return track
    whole = len(track) // group * group
    value = np.sqrt(np.mean(track.value[:whole].reshape(-1, group) ** 2, axis=1))
    return Track(track.at[group - 1 : whole : group], value)


def early_median(value: Floats) -> float:
    """The machine's usual value: the median of its older half."""
    return middle(value[: max(FEW_POINTS, len(value) // 2)])
