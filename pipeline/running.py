"""When an asset ran, and for how many hours: from a signal, a load or an hours meter. Pure, but for `running_of`.

What is not known is not running: between two readings further apart than the rule's resolution nothing is claimed. A
meter counts by itself, so a gap between its readings is known; a meter that falls back was reset or has rolled over,
and one that leaps was set by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR, US_PER_S
from forewarn.core.plant import Asset, RunRule
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Track
from forewarn.core.running import RunningState

METER_STEP_H = 1.0
"""The coarsest meter: it may be so far behind or ahead of the clock between two readings."""

WINDOW_DAYS = 30
LEAST_KNOWN_H = 72.0
"""Known hours in the window below which no hours per day are claimed."""

LEAST_HOURS_PER_DAY = 0.5
"""A machine that stood all month is not expected to live for ever."""

TAIL_US = 2 * US_PER_DAY


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Intervals in which it is known how much of the time an asset ran: [start, stop) int64[n] (UTC, microseconds),
    ascending and apart; share float64[n] in [0, 1]. Outside of them nothing is known."""

    start: Int64s
    stop: Int64s
    share: Floats


def known_of(rule: RunRule, track: Track) -> Known:
    """What the readings of the rule's signal say.

    >>> track = Track.of([0, 600_000_000, 1_200_000_000], [1.0, 0.0, 0.0])   # ten minutes apart
    >>> known_of(RunRule("signal", "run"), track).share.tolist()
    [1.0, 0.0]
    """
    start, stop = track.at[:-1], track.at[1:]
    if rule.kind == "counter":
        hours, ok = _metered(track)
        elapsed_h = (stop - start) / US_PER_HOUR
        share = np.divide(hours, elapsed_h, out=np.zeros_like(hours), where=elapsed_h > 0)
    else:
        ok = stop - start <= rule.resolution_s * US_PER_S
        share = runs(rule, track.value[:-1]).astype(np.float64)
    return Known(start[ok], stop[ok], share[ok])


def runs(rule: RunRule, value: Floats) -> NDArray[np.bool_]:
    """Does the asset run at these readings? Not for meters: these tell only over time."""
    return np.asarray(value >= rule.above if rule.kind == "load" else value != 0, np.bool_)


def _metered(track: Track) -> tuple[Floats, NDArray[np.bool_]]:
    """Hours run between neighbouring readings of a meter, and where that is known.

    A coarse meter shows an hour late: what does not fit between two readings is moved to the time before them.
    """
    elapsed_h = np.diff(track.at) / US_PER_HOUR
    step = np.diff(track.value)
    step = np.where(step < 0, track.value[1:], step)  # after a reset or a roll-over it counts from 0
    ok = (step >= 0) & (step <= elapsed_h + METER_STEP_H)
    hours, late = np.zeros(len(step)), 0.0
    for i in range(len(step) - 1, -1, -1):
        late = late + float(step[i]) if ok[i] else 0.0
        hours[i] = min(late, float(elapsed_h[i])) if ok[i] else 0.0
        late -= hours[i]
    return hours, ok


def hours_between(known: Known, edges: Int64s) -> tuple[Floats, Floats]:
    """(hours run, hours known) in each interval between neighbouring edges (int64[m], ascending): float64[m - 1] each.

    >>> known = Known(np.array([0]), np.array([7_200_000_000]), np.array([0.5]))
    >>> [hours.tolist() for hours in hours_between(known, np.array([0, 3_600_000_000, 10_800_000_000]))]
    [[0.5, 0.5], [1.0, 1.0]]
    """
    if not len(known.start):
        return np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    times = np.column_stack((known.start, known.stop)).ravel()
    lasted_h = (known.stop - known.start) / US_PER_HOUR
    return _risen(times, lasted_h * known.share, edges), _risen(times, lasted_h, edges)


def _risen(times: Int64s, amount: Floats, edges: Int64s) -> Floats:
    """Growth between edges of the sum that rises by each amount inside its interval."""
    total = np.concatenate(([0.0], np.cumsum(amount)))
    heights = np.column_stack((total[:-1], total[1:])).ravel()
    origin = times[0]  # small numbers interpolate exactly
    return np.asarray(np.diff(np.interp(edges - origin, times - origin, heights)), np.float64)


def state_at(rule: RunRule, track: Track, now_us: int) -> tuple[str, int | None]:
    """("running", "standing" or "unknown", since when as far as the track reaches)."""
    seen = track.between(-(2**62), now_us + 1)
    if not len(seen):
        return "unknown", None
    patience_us = round(rule.resolution_s * US_PER_S)
    if now_us - int(seen.at[-1]) > patience_us:
        return "unknown", int(seen.at[-1])
    if rule.kind == "counter":
        return _metered_state(seen, now_us, patience_us)
    running = runs(rule, seen.value)
    breaks = (running[1:] != running[:-1]) | (np.diff(seen.at) > patience_us)
    first = int(np.flatnonzero(breaks)[-1]) + 1 if breaks.any() else 0
    return ("running" if running[-1] else "standing"), int(seen.at[first])


def _metered_state(seen: Track, now_us: int, patience_us: int) -> tuple[str, int | None]:
    """A meter that has risen within the resolution runs."""
    rises = np.flatnonzero(np.diff(seen.value) > 0) + 1
    if len(rises) and now_us - int(seen.at[rises[-1]]) <= patience_us:
        pauses = np.flatnonzero(np.diff(seen.at[rises]) > patience_us)
        return "running", int(seen.at[rises[int(pauses[-1]) + 1 if len(pauses) else 0]])
    if int(seen.at[-1] - seen.at[0]) < patience_us:
        return "unknown", int(seen.at[0])  # not watched for long enough
    return "standing", int(seen.at[rises[-1]]) if len(rises) else int(seen.at[0])


def hours_per_day(run_h: float, known_h: float) -> float | None:
    """Measured operating hours per day, None where too little is known.

    >>> hours_per_day(200.0, 600.0), hours_per_day(10.0, 48.0), hours_per_day(0.0, 700.0)
    (8.0, None, 0.5)
    """
    if known_h < LEAST_KNOWN_H:
        return None
    return max(24.0 * min(run_h / known_h, 1.0), LEAST_HOURS_PER_DAY)


def with_hours(asset: Asset, measured: float | None) -> Asset:
    """The asset with its measured operating hours per day in the place of those of the plant file, where known."""
    return asset if measured is None else replace(asset, operating_hours_per_day=measured)


def run_series(asset: str) -> str:
    """Derived series: hours run, one point per clock hour; points of the same hour add up (late data corrects)."""
    return f"{asset}/:operating_hours"


def known_series(asset: str) -> str:
    """Derived series: hours of each clock hour in which it is known whether the asset ran; points add up."""
    return f"{asset}/:known_hours"


def running_of(asset: Asset, reader: SeriesReader, derived: SeriesReader, now_us: int) -> RunningState:
    """How an asset runs, from the stored series: settled hours from the derived store, the newest from the readings.

    "unknown" with nothing else where the plant file gives no way to know.
    """
    rule = asset.running
    number = reader.names().get(f"{asset.id}/{rule.signal}") if rule else None
    if rule is None or number is None:
        return RunningState("unknown", None, None, None, None)
    run, known = (_stored(derived, name) for name in (run_series(asset.id), known_series(asset.id)))
    settled_us = _slot_end(known) if len(known) else now_us - WINDOW_DAYS * US_PER_DAY
    from_us = min(settled_us, now_us - TAIL_US) - round(rule.resolution_s * US_PER_S)
    readings = reader.read(number, max(from_us, 0), now_us + 1)
    good = readings.take((readings.quality & int(NOT_SCORED)) == 0)
    track = Track(good.at, good.value)
    spans = known_of(rule, track)

    def hours(from_us: int) -> tuple[float, float]:
        edges = np.array([max(from_us, settled_us), max(now_us, settled_us)])
        tail_run, tail_known = (float(part[0]) for part in hours_between(spans, edges))
        return _sum_from(run, from_us) + tail_run, _sum_from(known, from_us) + tail_known

    total_h = float(track.value[-1]) if rule.kind == "counter" and len(track) else hours(0)[0]
    day = hours_between(spans, np.array([now_us - US_PER_DAY, now_us]))
    day_h, day_known_h = (float(part[0]) for part in day)
    month_h, month_known_h = hours(now_us - WINDOW_DAYS * US_PER_DAY)
    return RunningState(
        *state_at(rule, track, now_us),
        hours_total=total_h,
        hours_24h=day_h if day_known_h else None,
        share_30d=month_h / month_known_h if month_known_h else None,
    )


def _stored(derived: SeriesReader, name: str) -> Track:
    number = derived.names().get(name)
    if number is None:
        return Track.of([], [])
    readings = derived.read(number, 0, 2**62)
    return Track(readings.at, readings.value)


def _slot_end(track: Track) -> int:
    return (int(track.at[-1]) // US_PER_HOUR + 1) * US_PER_HOUR


def _sum_from(track: Track, from_us: int) -> float:
    """Sum of the hours that begin at or after a time."""
    return float(track.value[np.searchsorted(track.at, from_us) :].sum())
