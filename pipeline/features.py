"""From new waveforms to feature series: computed once, stored in the derived series store, shown to the models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader, SeriesWriter
from forewarn.core.readings import NOT_SCORED, SignalSpec, Waveform
from forewarn.models.features.vibration import waveform_features
from forewarn.pipeline.derived import DerivedSeries
from forewarn.pipeline.history import FOREVER_US, AssetHistory

LEAST_SAMPLES = 64
"""A shorter block is stored and shown, and gives no features."""

MOST_PER_PASS = 64
"""So many waveforms of one signal are taken at once, so that a backlog of one machine does not hold up the others."""


@dataclass(frozen=True, slots=True)
class FeaturePoint:
    """Features of one waveform: name (`signal:feature`) -> value, at the time of its first sample; none when its
    samples cannot be believed or are too few."""

    asset: str
    signal: str
    at_us: int
    features: dict[str, float]


class FeatureStage:
    """Knows, for each waveform signal, up to where its features are stored."""

    def __init__(self, reader: SeriesReader, derived: SeriesWriter) -> None:
        self._reader, self.derived = reader, DerivedSeries(derived)
        self._done_us: dict[str, int] = {}

    def resume(self, history: AssetHistory) -> None:
        """Go on after the features that the history was loaded with."""
        for spec in history.asset.signals:
            times = [history.newest_us(n) or 0 for n in history.tracks if n.startswith(f"{spec.signal}:")]
            if spec.kind == "waveform" and times:
                self._done_us[spec.name] = max(times)

    def new_points(self, history: AssetHistory, numbers: dict[str, int]) -> list[FeaturePoint]:
        """Features of the asset's waveforms that have none yet, oldest first, at most `MOST_PER_PASS` a signal."""
        points = []
        for spec in history.asset.signals:
            if spec.kind == "waveform" and spec.name in numbers:
                points += self._points_of(spec, history, numbers[spec.name])
        return points

    def store(self, points: list[FeaturePoint]) -> None:
        """Write the features durably in one batch. When the store refuses, the same points come again."""
        rows = [(f"{p.asset}/{name}", p.at_us, value) for p in points for name, value in p.features.items()]
        self.derived.write(rows)
        for point in points:
            self._done_us[f"{point.asset}/{point.signal}"] = point.at_us  # oldest first

    def _points_of(self, spec: SignalSpec, history: AssetHistory, number: int) -> list[FeaturePoint]:
        waveforms = self._reader.waveforms(number, self._done_us.get(spec.name, 0) + 1, FOREVER_US)[:MOST_PER_PASS]
        points = []
        for waveform in waveforms:
            rms = float(np.sqrt(np.mean(np.square(waveform.samples, dtype=np.float64))))
            history.heard(spec.signal, waveform.at, rms, waveform.quality)
            points.append(FeaturePoint(spec.asset, spec.signal, waveform.at, _features(spec, history, waveform)))
        return points


def _features(spec: SignalSpec, history: AssetHistory, waveform: Waveform) -> dict[str, float]:
    if waveform.quality & int(NOT_SCORED) or len(waveform.samples) < LEAST_SAMPLES:
        return {}
    component = history.asset.component(spec.component or "")
    bearing = component.bearing if component else None
    shaft_hz = shaft_speed_hz(history.asset, history, waveform.at)
    features = waveform_features(waveform.samples, waveform.sample_rate_hz, shaft_hz, bearing)
    return {f"{spec.signal}:{name}": value for name, value in features.items()}


def shaft_speed_hz(asset: Asset, history: AssetHistory, at_us: int) -> float | None:
    """Shaft speed when a waveform was taken: the newest speed reading before it, else the nominal speed, else None."""
    for spec in asset.signals:
        if spec.role == "speed":
            track = history.tracks.get(spec.signal)
            if track is not None and len(track):
                i = int(np.searchsorted(track.at, at_us, side="right")) - 1
                return float(track.value[max(i, 0)]) / 60.0
    return asset.nominal_rpm / 60.0 if asset.nominal_rpm else None
