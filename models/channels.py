"""Channels: one judged column each, on the scale it is judged on, beside the regime it was measured in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

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
Made = TypeVar("Made")


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
    """Where a signal is judged: places intp[n] (of the grid, or of a track), at int64[n], op_hours float64[n]."""

    places: NDArray[np.intp]
    at: Int64s
    op_hours: Floats

    def only(self, keep: Bools) -> Points:
        """Some of them."""
        return Points(self.places[keep], self.at[keep], self.op_hours[keep])


class Workshop:
    """Makes the channels of one asset in one assessment; those that share times share their points, and those that
    share law and points their regime table."""

    def __init__(self, asset: Asset, tracks: dict[str, Track], regime: Regime) -> None:
        self._asset, self._tracks, self._regime = asset, tracks, regime
        self._tables: dict[str, list[tuple[Int64s, RegimeTable]]] = {}
        self._bins: list[tuple[Int64s, Points]] = []
        self._instants: list[tuple[Int64s, Points]] = []

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
        points = self._running_instants(track.at)
        value = track.value.take(points.places)
        heard = value > SMALLEST_RATIO_VALUE
        if not heard.all():
            points, value = points.only(heard), value[heard]
        if len(value) < FEW_POINTS:
            return None
        at, raw = points.at, self._regime.raw
        table = self._table("waveform", at, lambda: self._vibration(lambda role: value_at(raw[role], at), len(at)))
        limit = limit_for_feature(self._asset, feature, early_median(value))
        return Channel(name, spec, feature, UNITS[feature], at, np.log(value), table, points.op_hours, limit)

    def _scalar(self, spec: SignalSpec) -> Channel | None:
        """A scalar signal as means over the bins in which the machine ran."""
        regime, track = self._regime, self._tracks[spec.signal]
        mean = regime.binner.means(track)
        points = self._running_bins(track)
        value = mean.take(points.places)
        if np.isnan(value).any():
            points, value = points.only(~np.isnan(value)), value[~np.isnan(value)]
        if len(value) < FEW_POINTS:
            return None
        at, bins = points.at, points.places
        limit = limit_for_scalar(self._asset, spec, early_median(value))
        if limit.logarithmic:
            made = self._vibration
            table = self._table("vibration", at, lambda: made(lambda role: regime.means[role][bins], len(at)))
            y = np.log(np.maximum(value, SMALLEST_RATIO_VALUE))
        else:
            law = "thermal" if spec.quantity == "temperature" else "process" if spec.role != "speed" else "speed"
            table, y = self._table(law, at, lambda: process_table(law, regime, bins)), value
        return Channel(spec.signal, spec, "", spec.unit, at, y, table, points.op_hours, limit)

    def _running_bins(self, track: Track) -> Points:
        """Bins with a reading in which the machine ran."""
        found, regime = shared(self._bins, track.at), self._regime
        if found is None:
            bins = np.flatnonzero(regime.running & regime.binner.filled(track))
            found = Points(bins, regime.start[bins], regime.op_hours[bins])
            self._bins.append((track.at, found))
        return found

    def _running_instants(self, at: Int64s) -> Points:
        """Points of a track at which the machine ran."""
        found, regime = shared(self._instants, at), self._regime
        if found is None:
            bins = regime.bins_of(at)
            places = np.flatnonzero(regime.running[bins])
            found = Points(places, at[places], regime.op_hours[bins[places]])
            self._instants.append((at, found))
        return found

    def _table(self, law: str, at: Int64s, make: Callable[[], RegimeTable]) -> RegimeTable:
        """The table of this law at these points, made once."""
        made = self._tables.setdefault(law, [])
        table = shared(made, at)
        if table is None:
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


def shared(made: Sequence[tuple[Int64s, Made]], at: Int64s) -> Made | None:
    """What was made for these times, None where nothing was."""
    return next((thing for times, thing in made if same_times(times, at)), None)


def process_table(law: str, regime: Regime, bins: NDArray[np.intp]) -> RegimeTable:
    """Temperatures, flows, pressures: load and speed with their squares, ambient, and what a warm body remembers.

    A speed that is itself judged (a slipping belt) is judged by the load alone.
    """
    means = {role: mean for role, mean in regime.means.items() if role != "run" and role != law}
    columns = means | (regime.memory if law == "thermal" else {})
    told = np.empty((len(columns), len(bins)))
    rows, place = np.empty((2 * len(columns), len(bins))), 0
    for row, (name, column) in zip(told, columns.items(), strict=True):
        rows[place] = row[:] = column.take(bins)
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
