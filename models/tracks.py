"""Tracks of one asset on one time axis: when it ran, in which regime, and what each signal said then.

Scalar signals come every few seconds or minutes and are averaged over bins of one grid; waveform features stay one
point per waveform. A regime is what the plant imposes on the machine: speed, load, ambient. Nothing is scored while the
machine stands still or has just started.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_HOUR, US_PER_S
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Int64s, SignalSpec, Track, Tracks

Bools = NDArray[np.bool_]

BIN_LADDER_S = (10, 60, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
MOST_BINS = 1_500
REGIME_ROLES = ("speed", "load", "ambient")
GRID_ROLES = frozenset((*REGIME_ROLES, "run"))
THERMAL_MEMORY_H = (0.5, 2.0)  # housings and windings of industrial machines settle within these time constants
RUNNING_SHARE = 0.2  # of the usual speed
LOADED_SHARE = 0.05  # of the usual load, where no speed is known


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """Grid of m bins: start int64[m], width, running bool[m], and per role the bin means float64[m] (held over gaps).

    `memory` holds the same roles as a body of that time constant feels them. `op_hours` float64[m] counts running time
    up to the end of each bin. `raw` are the tracks themselves, for instants.
    """

    start: Int64s
    width_us: int
    running: Bools
    op_hours: Floats
    means: dict[str, Floats]
    memory: dict[str, Floats]
    raw: dict[str, Track]
    binner: Binner

    def bins_of(self, at: Int64s) -> NDArray[np.intp]:
        """Bin of each instant, held at the ends."""
        return np.asarray(np.clip((at - self.start[0]) // self.width_us, 0, len(self.start) - 1), np.intp)


def usable(asset: Asset, tracks: Tracks, bad: Set[str], from_us: int, to_us: int) -> dict[str, Track]:
    """Tracks of the asset's believed signals (and their features) in [from, to], empty ones left out. Those that hold
    the same times share one array of them, so that what is worked out for one need not be for the others."""
    known = {spec.signal for spec in asset.signals} - bad
    cuts: list[Cut] = []
    found: dict[str, Track] = {}
    for name, track in tracks.items():
        if name.partition(":")[0] in known:
            cut = next((c for c in cuts if same_times(c.whole, track.at)), None)
            if cut is None:
                i, j = np.searchsorted(track.at, [from_us, to_us + 1])
                cut = Cut(track.at, slice(int(i), int(j)), track.at[i:j])
                cuts.append(cut)
            if len(cut.at):
                found[name] = Track(cut.at, track.value[cut.part])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The times of tracks that hold the same ones: whole, and the part that is used."""

    whole: Int64s
    part: slice
    at: Int64s


def same_times(one: Int64s, other: Int64s) -> bool:
    """Are they equal? Arrays that are shared need no look."""
    if one is other:
        return True
    return len(one) == len(other) and bool((one == other).all())


def regime_of(asset: Asset, tracks: Tracks) -> Regime:
    """The regime over the span of all tracks; there must be at least one point."""
    first, last = min(int(t.at[0]) for t in tracks.values()), max(int(t.at[-1]) for t in tracks.values())
    width_us = bin_width_us(last - first)
    first -= first % width_us
    start = np.arange(first, last + 1, width_us, dtype=np.int64)
    raw = {role: tracks[spec.signal] for role, spec in roles_of(asset).items() if spec.signal in tracks}
    binner = Binner(first, width_us, len(start))
    means = {role: binner.held(track) for role, track in raw.items()}
    running = running_bins(asset, means, len(start))
    hours = np.where(running, width_us / US_PER_HOUR, 0.0)
    if not {"run", "speed", "load"} & set(means):
        hours = hours * min(asset.operating_hours_per_day, 24.0) / 24.0
    settled = running & np.concatenate([running[:1], running[:-1]])
    memory = felt({role: means[role] for role in ("load", "ambient") if role in means}, width_us)
    return Regime(start, width_us, settled, np.cumsum(hours), means, memory, raw, binner)


def roles_of(asset: Asset) -> dict[str, SignalSpec]:
    """Role (one of the regime, or "run") -> its first scalar signal."""
    found: dict[str, SignalSpec] = {}
    for spec in asset.signals:
        if spec.kind == "scalar" and spec.role in GRID_ROLES:
            found.setdefault(spec.role, spec)
    return found


def bin_width_us(span_us: int) -> int:
    """The finest step of the ladder that needs at most `MOST_BINS` bins."""
    return next((s for s in BIN_LADDER_S if span_us <= s * US_PER_S * MOST_BINS), BIN_LADDER_S[-1]) * US_PER_S


def bin_means(track: Track, first_us: int, width_us: int, bins: int) -> Floats:
    """Mean per bin float64[bins]; NaN where a bin holds no reading."""
    return Binner(first_us, width_us, bins).means(track)


class Binner:
    """Means over the bins of one grid. Signals that came with one message share their times, and so their places."""

    def __init__(self, first_us: int, width_us: int, bins: int) -> None:
        self.first_us, self.width_us, self.bins = first_us, width_us, bins
        self._at: Int64s = np.empty(0, np.int64)
        self._index: NDArray[np.intp] = np.empty(0, np.intp)
        self._count: Floats = np.full(bins, np.nan)
        self._newest: NDArray[np.intp] | None = None

    def means(self, track: Track) -> Floats:
        """Mean per bin float64[bins]; NaN where a bin holds no reading."""
        self._look_at(track)
        total = np.bincount(self._index, weights=track.value, minlength=self.bins)
        return np.asarray(total / self._count, np.float64)

    def held(self, track: Track) -> Floats:
        """Means, with the last one before it in a bin without a reading (at the start: the first after)."""
        mean = self.means(track)
        if self._newest is None:
            self._newest = newest_known(self.filled(track))
        found = np.asarray(mean[self._newest], np.float64)
        return held(mean) if np.isnan(found).any() else found

    def filled(self, track: Track) -> Bools:
        """Which bins hold a reading, bool[bins]."""
        self._look_at(track)
        return ~np.isnan(self._count)

    def _look_at(self, track: Track) -> None:
        if not same_times(track.at, self._at):
            self._at, self._index = track.at, np.asarray((track.at - self.first_us) // self.width_us, np.intp)
            count = np.bincount(self._index, minlength=self.bins)
            self._count, self._newest = np.where(count > 0, count, np.nan), None


def held(values: Floats) -> Floats:
    """Gaps filled with the last value before them (at the start: the first after)."""
    known = ~np.isnan(values)
    return values if known.all() else np.asarray(values[newest_known(known)], np.float64)


def newest_known(known: Bools) -> NDArray[np.intp]:
    """Place of the last known value at or before each place (before the first: the first)."""
    first = int(known.argmax())
    found = np.where(known, np.arange(len(known)), first)
    return np.maximum.accumulate(found)


def running_bins(asset: Asset, means: dict[str, Floats], bins: int) -> Bools:
    """Does the machine run? By its run signal, else by its speed, else by its load; without any of them: always."""
    if "run" in means:
        return np.asarray(means["run"] >= 0.9, np.bool_)
    if "speed" in means:
        usual = asset.nominal_rpm or float(np.quantile(means["speed"], 0.9))
        return np.asarray(means["speed"] > RUNNING_SHARE * usual, np.bool_)
    if "load" in means:
        return np.asarray(means["load"] > LOADED_SHARE * float(np.quantile(means["load"], 0.9)), np.bool_)
    return np.ones(bins, np.bool_)


def felt(means: dict[str, Floats], width_us: int) -> dict[str, Floats]:
    """The roles behind first-order lags: a warm housing remembers the load of the last hours."""
    columns: dict[str, Floats] = {}
    for hours in THERMAL_MEMORY_H:
        keep = float(np.exp(-width_us / US_PER_HOUR / hours))
        if means and keep > 0.2:  # else the bins are so wide that the body has settled within one
            late = lagged(np.stack(list(means.values())), keep)
            columns |= {f"{role}_felt_{hours}": row for role, row in zip(means, late, strict=True)}
    return columns


def lagged(values: Floats, keep: float) -> Floats:
    """First-order lag of each row that starts settled: each step keeps this share of what was."""
    from scipy.signal import lfilter

    late, _ = lfilter([1 - keep], [1.0, -keep], values, zi=keep * values[:, :1])
    return np.asarray(late, np.float64)


def value_at(track: Track, at: Int64s) -> Floats:
    """Last value at or before each instant (before the first: the first)."""
    return np.asarray(track.value[np.maximum(np.searchsorted(track.at, at, side="right") - 1, 0)], np.float64)
