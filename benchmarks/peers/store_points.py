"""The points of the store bench: what 600 sensors would say, as columns, and the same with late or arbitrary ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.readings import Floats, Int64s, Readings

SERIES, BATCH_ROWS = 600, 6000
START_US = 20_000 * US_PER_DAY
_SLOW_US, _FAST_US, _JITTER_US = 155 * US_PER_S, US_PER_S // 10, 2000


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Readings in order of arrival; `end_us` lies behind all of them."""

    readings: Readings
    end_us: int

    def batches(self) -> Iterator[Readings]:
        """Slices of 6,000 rows."""
        for start in range(0, len(self.readings), BATCH_ROWS):
            yield self.readings.take(slice(start, start + BATCH_ROWS))


def sensor_points(points: int, seed: int) -> Points:
    """Half of them slow over 30 days, then half fast; values are decimals."""
    rng, ticks = np.random.default_rng(seed), -(-points // SERIES)
    slow = min(ticks // 2, 30 * US_PER_DAY // _SLOW_US)
    first_fast = START_US + slow * _SLOW_US
    tick_at = np.concatenate((START_US + np.arange(slow) * _SLOW_US, first_fast + np.arange(ticks - slow) * _FAST_US))
    at: Int64s = np.repeat(tick_at, SERIES) + rng.integers(-_JITTER_US, _JITTER_US + 1, ticks * SERIES)
    series = np.tile(np.arange(1, SERIES + 1, dtype=np.int32), ticks)
    quality = np.where(rng.random(ticks * SERIES) < 0.01, 8, 64).astype(np.uint8)
    value: Floats = _unrounded(rng, ticks).round(3).reshape(-1)
    readings = Readings(series, at, value, quality).take(slice(points))
    return Points(readings, int(readings.at.max()) + 1)


def _unrounded(rng: np.random.Generator, ticks: int) -> Floats:
    """A random walk and noise around 50, [ticks, series]."""
    value: Floats = rng.normal(0, 0.01, (ticks, SERIES)).cumsum(axis=0)
    value += rng.normal(0, 0.05, (ticks, SERIES)) + 50
    return value


def with_doubles(points: Points, seed: int) -> Points:
    """The same walk with all the bits of a double: nothing is rounded."""
    rng, n = np.random.default_rng(seed), len(points.readings)
    return replace(points, readings=replace(points.readings, value=_unrounded(rng, -(-n // SERIES)).reshape(-1)[:n]))


def with_noise(points: Points, seed: int) -> Points:
    """The same times with values of which no bit can be foreseen."""
    noise: Floats = np.random.default_rng(seed).normal(size=len(points.readings))
    return replace(points, readings=replace(points.readings, value=noise))


def late_points(points: Points, seed: int) -> Points:
    """The same points, of which 5 % arrive later: by up to 8 h in the slow half, by up to 5 minutes in the fast one."""
    rng, n = np.random.default_rng(seed), len(points.readings)
    place = np.arange(n, dtype=np.int64)
    late = rng.random(n) < 0.05
    batches = np.where(np.arange(n)[late] < n // 2, 20, 300)
    place[late] += (rng.random(len(batches)) * batches * BATCH_ROWS).astype(np.int64)
    return replace(points, readings=points.readings.take(np.argsort(place, kind="stable")))
