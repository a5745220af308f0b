"""Limits that the plant's engineers set: level, direction, duration, hysteresis, any of several (ISA-18.2). Pure.

They hold from the first reading on, need no baseline and know no regime; what they say stands beside the learnt
judgement and is told by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_S
from forewarn.core.plant_limits import Bound, PlantLimit
from forewarn.core.readings import Track, Tracks

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Passed:
    """A limit that is raised now: since when its condition has held, and the bound that is passed furthest."""

    limit: PlantLimit
    since_us: int
    bound: Bound
    value: float


def passed_limits(limits: Sequence[PlantLimit], tracks: Tracks, now_us: int) -> list[Passed]:
    """The limits that are raised at `now_us`, in their order. Signals without readings say nothing.

    Time counts up to the newest reading beyond the bound: silence raises no limit. A duration that began before the
    first reading given counts from there.

    >>> hot = PlantLimit("hot", "alarm", (Bound("temp", 90.0, 1, 5.0),), for_s=60.0)
    >>> at = [0, 60_000_000, 120_000_000]
    >>> [p.value for p in passed_limits([hot], {"temp": Track.of(at, [95.0, 88.0, 92.0])}, at[-1])]
    [92.0]
    >>> passed_limits([hot], {"temp": Track.of(at, [95.0, 84.0, 92.0])}, at[-1])
    []
    """
    found = (passed(limit, tracks, now_us) for limit in limits)
    return [one for one in found if one is not None]


def passed(limit: PlantLimit, tracks: Tracks, now_us: int) -> Passed | None:
    """One limit; None while it is not raised."""
    cut = [
        (bound, tracks[bound.signal].between(-(2**62), now_us + 1)) for bound in limit.any_of if bound.signal in tracks
    ]
    seen = [(bound, track, beyond(bound, track)) for bound, track in cut if len(track)]
    standing = [(bound, track) for bound, track, on in seen if on[-1]]
    if not standing:
        return None
    since_us = holding_since([(track, on) for _, track, on in seen])
    newest_us = max(int(track.at[-1]) for _, track in standing)
    if newest_us - since_us < limit.for_s * US_PER_S:
        return None
    worst, track = max(standing, key=lambda pair: pair[0].direction * (float(pair[1].value[-1]) - pair[0].level))
    return Passed(limit, since_us, worst, float(track.value[-1]))


def beyond(bound: Bound, track: Track) -> Bools:
    """bool[n]: passed, and not yet come back by the hysteresis."""
    over = bound.direction * (track.value - bound.level)
    told = np.where(over > 0, 1, np.where(over <= -bound.hysteresis, -1, 0))
    place = np.maximum.accumulate(np.where(told != 0, np.arange(len(told)), -1))
    return np.asarray((place >= 0) & (told[np.maximum(place, 0)] == 1), np.bool_)


def holding_since(seen: Sequence[tuple[Track, Bools]]) -> int:
    """Since when without a break at least one of them has been beyond; each holds its last word until its next."""
    times = np.unique(np.concatenate([track.at for track, _ in seen]))
    any_on = np.zeros(len(times), np.bool_)
    for track, on in seen:
        place = np.searchsorted(track.at, times, side="right") - 1
        any_on |= (place >= 0) & on[np.maximum(place, 0)]
    breaks = np.flatnonzero(~any_on)
    return int(times[breaks[-1] + 1 if len(breaks) else 0])
