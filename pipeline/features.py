"""From new waveforms to feature series: computed once, stored in the derived series store, shown to the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader, SeriesWriter
from forewarn.core.readings import NOT_SCORED, SignalSpec, Waveform
from forewarn.models.features.blocks import LEAST_SAMPLES, Mounted, block_features
from forewarn.models.features.current import current_features
from forewarn.pipeline.derived import DerivedSeries
from forewarn.pipeline.history import FOREVER_US, AssetHistory

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
        for waveform in waveforms:
            rms = float(np.sqrt(np.mean(np.square(waveform.samples, dtype=np.float64))))
            history.heard(spec.signal, waveform.at, rms, waveform.quality)
        found = features_of(spec, history, waveforms)
        return [
            FeaturePoint(spec.asset, spec.signal, waveform.at, features)
            for waveform, features in zip(waveforms, found, strict=True)
        ]


def features_of(spec: SignalSpec, history: AssetHistory, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
    """Features of waveforms of one signal, in their order; blocks of one shape are worked out together.

    A block that cannot be believed or is shorter than `LEAST_SAMPLES` gives none.
    """
    asset, found = history.asset, [dict[str, float]() for _ in waveforms]
    component = asset.component(spec.component or "")
    mounted = Mounted(component.bearing if component else None, asset.only("gear_teeth"), asset.only("vanes"))
    alike: dict[tuple[int, float], list[int]] = {}
    for place, waveform in enumerate(waveforms):
        if not waveform.quality & int(NOT_SCORED) and len(waveform.samples) >= LEAST_SAMPLES:
            alike.setdefault((len(waveform.samples), waveform.sample_rate_hz), []).append(place)
    for (_, rate_hz), places in alike.items():
        blocks = np.stack([waveforms[place].samples for place in places])
        speeds = [shaft_speed_hz(asset, history, waveforms[place].at) for place in places]
        if spec.quantity == "current":
            for place, block, speed in zip(places, blocks, speeds, strict=True):
                given = current_features(block, rate_hz, speed)
                found[place] = {f"{spec.signal}:{name}": value for name, value in given.items()}
            continue
        table = block_features(blocks, rate_hz, np.array(speeds, np.float64), mounted)
        for row, place in enumerate(places):
            found[place] = {f"{spec.signal}:{name}": value for name, value in table.row(row).items()}
    return found


def shaft_speed_hz(asset: Asset, history: AssetHistory, at_us: int) -> float | None:
    """Shaft speed when a waveform was taken: the newest speed reading before it, else the nominal speed, else None."""
    for spec in asset.signals:
        if spec.role == "speed":
            track = history.tracks.get(spec.signal)
            if track is not None and len(track):
                i = int(np.searchsorted(track.at, at_us, side="right")) - 1
                return float(track.value[max(i, 0)]) / 60.0
    return asset.nominal_rpm / 60.0 if asset.nominal_rpm else None
