"""What is known of one asset in memory: the tracks of its signals and features, kept up to date from the stores.

A cache and nothing more: everything in it can be read again from the two series stores, which is what
`forewarn explain` does. Late readings inside `LATE_MARGIN_US` are picked up; later ones count after a restart. What a
sender tells later (`Quality.HISTORICAL`) counts once a live reading of its series is newer.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Quality, Readings, SignalSpec, Track
from forewarn.pipeline.recent import RECENT, RecentReadings
from forewarn.pipeline.track_news import Growth

LATE_MARGIN_US = 2 * US_PER_HOUR
FOREVER_US = 2**62

_versions = itertools.count(1)
"""Of all histories of this process: none is ever used twice."""


def _followed_by_live(readings: Readings) -> Readings:
    """Readings up to the newest live one. What a sender tells later fills gaps; it is never the newest of a track, so
    that it opens nothing by itself.

    >>> told = int(Quality.HISTORICAL)
    >>> _followed_by_live(Readings.of([1, 1, 1], [10, 20, 30], [0.1, 9.0, 9.1], [0, told, told])).at.tolist()
    [10]
    >>> _followed_by_live(Readings.of([1, 1, 1], [10, 20, 30], [0.1, 9.0, 9.1], [0, told, 0])).at.tolist()
    [10, 20, 30]
    """
    live = np.flatnonzero((readings.quality & int(Quality.HISTORICAL)) == 0)
    return readings.take(slice(0, int(live[-1]) + 1 if len(live) else 0))


class GrowingTrack:
    """A track that grows at its end in amortised constant time; `at` ascending. Notes what stays the same meanwhile."""

    def __init__(self) -> None:
        self._at: Int64s = np.empty(64, np.int64)
        self._value: Floats = np.empty(64, np.float64)
        self._n = self._gone = self._same = 0

    def replace_from(self, at_us: int, at: Int64s, value: Floats) -> None:
        """Forget everything at or after a time, then append these (ascending, none before that time)."""
        keep = int(np.searchsorted(self._at[: self._n], at_us))
        need = keep + len(at)
        self._same = min(self._same, keep + self._told_again(keep, at, value))
        if need > len(self._at):
            size = max(need, 2 * len(self._at))
            self._at, self._value = np.resize(self._at, size), np.resize(self._value, size)
        self._at[keep:need], self._value[keep:need] = at, value
        self._n = need

    def forget_before(self, at_us: int) -> None:
        """Drop the part before a time, once it is worth a copy: an eighth of the track."""
        first = int(np.searchsorted(self._at[: self._n], at_us))
        if 8 * first > self._n:
            self._at, self._value = self._at[first : self._n].copy(), self._value[first : self._n].copy()
            self._n = len(self._at)
            self._gone += min(first, self._same)
            self._same = max(self._same - first, 0)

    def same(self) -> tuple[int, int]:
        """Since this was asked last: so many points at the front are gone, and so many after them are the same."""
        found = self._gone, self._same
        self._gone, self._same = 0, self._n
        return found

    def _told_again(self, keep: int, at: Int64s, value: Floats) -> int:
        """How many of these points stand there already."""
        n = min(self._n - keep, len(at))
        news = (self._at[keep : keep + n] != at[:n]) | (self._value[keep : keep + n] != value[:n])
        return int(np.argmax(news)) if news.any() else n

    @property
    def newest_us(self) -> int | None:
        """Time of the last point."""
        return int(self._at[self._n - 1]) if self._n else None

    def view(self) -> Track:
        """The track as it is now. Valid until the next change."""
        return Track(self._at[: self._n], self._value[: self._n])


class AssetHistory:
    """Tracks and newest readings of one asset. Not thread-safe: one thread scores an asset."""

    def __init__(
        self, asset: Asset, numbers: Mapping[str, int], reader: SeriesReader, keep_us: int = 120 * US_PER_DAY
    ) -> None:
        self.asset = asset
        self._reader, self._keep_us = reader, keep_us
        self._scalars = [(s, numbers[s.name]) for s in asset.signals if s.kind == "scalar" and s.name in numbers]
        self._tracks: dict[str, GrowingTrack] = {}
        self._recent: dict[str, RecentReadings] = {}
        self._read_to: dict[str, int] = {}
        self._version: int | None = None

    def refresh(self) -> None:
        """Read what is new of every scalar signal."""
        since = [max(self._read_to.get(spec.signal, 0) - LATE_MARGIN_US, 0) for spec, _ in self._scalars]
        first = [number for (_, number), since_us in zip(self._scalars, since, strict=True) if since_us == 0]
        whole = self._reader.read_many(first, 0, FOREVER_US)  # a long past costs as many files as days: once for all
        for (spec, number), since_us in zip(self._scalars, since, strict=True):
            readings = whole[number] if number in whole else self._reader.read(number, since_us, FOREVER_US)
            if len(readings):
                self._take(spec, readings)

    def heard(self, signal: str, at_us: int, value: float, quality: int) -> None:
        """Note a reading of a waveform signal (value = RMS) for the sensor watch."""
        self._note(signal, Readings.of([0], [at_us], [value], [quality]))

    def add_features(self, at_us: int, features: Mapping[str, float]) -> None:
        """Append one point to each feature track; an older point than the newest is left out."""
        for name, value in features.items():
            track = self._tracks.setdefault(name, GrowingTrack())
            if track.newest_us is None or at_us > track.newest_us:
                track.replace_from(at_us, np.array([at_us]), np.array([value]))

    def load_features(self, reader: SeriesReader) -> None:
        """Fill the feature tracks from the derived store, at start."""
        prefix = f"{self.asset.id}/"
        named = {name.removeprefix(prefix): n for name, n in reader.names().items() if name.startswith(prefix)}
        features = {name: n for name, n in named.items() if ":" in name[1:]}  # not the machine's own, ":..."
        found = reader.read_many(list(features.values()), 0, FOREVER_US)
        for name, number in features.items():
            if len(found[number]):
                track = self._tracks.setdefault(name, GrowingTrack())
                track.replace_from(-FOREVER_US, found[number].at, found[number].value)

    def forget_old(self, now_us: int) -> None:
        """Keep memory bounded."""
        for track in self._tracks.values():
            track.forget_before(now_us - self._keep_us)

    def newest_us(self, name: str) -> int | None:
        """Time of the newest point of a track."""
        track = self._tracks.get(name)
        return track.newest_us if track else None

    def track(self, name: str) -> Track | None:
        """One track, None when nothing is known of it."""
        track = self._tracks.get(name)
        return track.view() if track else None

    @property
    def tracks(self) -> dict[str, Track]:
        """All tracks by name."""
        return {name: track.view() for name, track in self._tracks.items()}

    def growth(self) -> Growth:
        """What has become of the tracks since this was asked last."""
        before, self._version = self._version, next(_versions)
        return Growth(self._version, before, {name: track.same() for name, track in self._tracks.items()})

    @property
    def recent(self) -> dict[str, RecentReadings]:
        """Newest readings by signal, flagged ones too."""
        return self._recent

    def _take(self, spec: SignalSpec, readings: Readings) -> None:
        live = readings.take((readings.quality & int(Quality.HISTORICAL)) == 0)
        if not len(live):
            return
        good = _followed_by_live(readings.take((readings.quality & int(NOT_SCORED)) == 0))
        self._tracks.setdefault(spec.signal, GrowingTrack()).replace_from(int(readings.at[0]), good.at, good.value)
        self._read_to[spec.signal] = int(live.at[-1])
        self._note(spec.signal, live)

    def _note(self, signal: str, readings: Readings) -> None:
        before = self._recent.get(signal)
        newer = readings if before is None else readings.take(readings.at > before.at[-1])
        at, value, quality = ((), (), ()) if before is None else (before.at, before.value, before.quality)
        self._recent[signal] = RecentReadings(
            (*at, *newer.at.tolist())[-RECENT:],
            (*value, *newer.value.tolist())[-RECENT:],
            (*quality, *newer.quality.tolist())[-RECENT:],
        )
