"""Did the repair help? Every signal after the work against its healthy past and its faulty one, at comparable regime.

The detector cannot say it: its baseline starts again with a repair, and would take a fault that is still there for the
new normal. So the past that had taught it when the order was opened teaches once more, and the points since the work
are held against it: only those in a regime that this past has seen, with the same limit that raised the alarm. The
level before the work is shown as it would have been in the regime of now, so that the two can be compared. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Track, Tracks
from forewarn.core.work import Verification
from forewarn.models.assess import health, raised_limits
from forewarn.models.channels import Channel, Workshop
from forewarn.models.detectors.baseline import Lesson, learn_many
from forewarn.models.detectors.own_past import (
    RELEASE,
    DetectorSettings,
    Judged,
    Row,
    bound_of,
    decisions_per_year,
    rows_of,
    spacing_of,
)
from forewarn.models.tracks import Regime, regime_of, usable

LIMIT_PREFIX = "limit_"


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """`hours`: operating hours at comparable regime for which every signal that carried the evidence must have been
    seen. The limits are those of the detector."""

    hours: float = 24.0
    detector: DetectorSettings = field(default_factory=DetectorSettings)


@dataclass(frozen=True, slots=True)
class Times:
    """Moments of an order (UTC, microseconds): the healthy past begins at `healthy_from_us`; the advice came at
    `advised_us`; work began and ended; it is now."""

    healthy_from_us: int
    advised_us: int
    began_us: int
    ended_us: int
    now_us: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One signal before and after the work, in `unit`, all in the regime of after.

    `healthy`: what its healthy past lets expect; `before`: as it stood when work began (None: not seen then); `after`:
    median since; `limit`: from which it is abnormal. `before_ratio` and `after_ratio` are the way from healthy to that
    limit (1 = at it). A signal that carried the evidence (`carried`) has to come back to where its alarm would have
    ended, `RELEASE` of the detector's limit; the others stay within the limit itself.
    `hours` and `points`: comparable running since the work; `other_points`: running in a regime that the healthy past
    has not seen.
    """

    signal: str
    unit: str
    carried: bool
    healthy: float
    before: float | None
    after: float | None
    limit: float
    before_ratio: float | None
    after_ratio: float | None
    hours: float
    points: int
    other_points: int

    @property
    def abnormal(self) -> bool:
        """Is it beyond its limit after the work?"""
        return self.after_ratio is not None and self.after_ratio > 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Passed, failed, or pending with the reason, and what it rests on. Health in [0, 100], 100 = as new."""

    result: Verification
    reason: str
    seen_h: float
    needed_h: float
    signals: tuple[Compared, ...] = ()
    health_before: float | None = None
    health_after: float | None = None
    times: Times | None = None


def compare(
    asset: Asset,
    tracks: Tracks,
    doubted: Set[str],
    times: Times,
    carried: Set[str],
    health_before: float | None,
    settings: VerifySettings,
) -> Comparison:
    """Compare an asset's signals after a repair with their healthy past.

    `tracks` as for `assess`, from `times.healthy_from_us` on; `doubted`: signals that cannot be believed now.
    `carried`: names of the channels that the evidence rested on; of none, every scored channel counts as carried.
    Passed: all of them were seen for `settings.hours`, and no signal of the machine is beyond its limit. Failed: seen
    for so long, and one is. Else pending, with the reason: nothing fails before its time.
    """
    seen = usable(asset, tracks, doubted, times.healthy_from_us, times.now_us)
    if not seen:
        return _pending("no usable readings since the work", settings, times, health_before)
    regime = regime_of(asset, seen)
    judged = _judged(Workshop(asset, seen, regime).channels(), times, settings)
    known = carried or {one.channel.name for one, _ in judged if one.channel.scored}
    rows = [_compared(j, moments, known, settings) for j, moments in judged if j.channel.scored or _name(j) in known]
    rows += _limits(asset, seen, regime, times, known)
    after = [j for j, moments in judged if j.channel.scored and moments.after >= settings.detector.persistence]
    return Comparison(
        *_result(rows, known, doubted, settings),
        settings.hours,
        tuple(sorted(rows, key=lambda row: (not row.carried, row.signal))),
        health_before,
        health(after) if after else None,
        times,
    )


@dataclass(frozen=True, slots=True)
class _Moments:
    """Comparable points of a channel: so many before the work, after it, and in another regime after it."""

    before: int
    after: int
    other: int
    spacing_h: float
    change_before: float | None


def _judged(channels: Sequence[Channel], times: Times, settings: VerifySettings) -> list[tuple[Judged, _Moments]]:
    """Channels whose healthy past is long enough, judged by it on the points since the work."""
    found = []
    for row in rows_of(channels, settings.detector):
        lesson = _lesson(row, times)
        known = _known(row, lesson) if lesson else None
        if lesson is None or known is None or len(known.places) < row.k:
            continue
        spacing_h = spacing_of(row.channels[0])
        for place, channel in enumerate(row.channels):
            decisions = decisions_per_year(channel, len(channels), spacing_h)
            bound = bound_of(channel, lesson, place, settings.detector, decisions)
            judged = _since(
                channel, known.change[:, place], known.expected[:, place], known.places, bound, times, row.k
            )
            found.append((judged, _moments(channel, known.change[:, place], known.places, lesson.fit, times, row.k)))
    return found


def _lesson(row: Row, times: Times) -> Lesson | None:
    """What the older half of the points up to the advice taught: that half the detector had learnt from at most."""
    points = int(np.searchsorted(row.channels[0].at, times.advised_us, side="right"))
    fit = max(points // 2, row.needed)
    return learn_many(row.y, row.table, fit, row.needed // 2) if fit <= points else None


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Points in a regime that a lesson knows: places intp[m], change float64[m, c] from expected float64[m, c]."""

    places: NDArray[np.intp]
    change: Floats
    expected: Floats


def _known(row: Row, lesson: Lesson) -> _Known:
    design = row.table.design(lesson.fit)
    expected = design.matrix[design.places] @ lesson.coefficients
    return _Known(design.places, row.y[design.places] - expected, expected)


def _moments(channel: Channel, change: Floats, places: NDArray[np.intp], fit: int, times: Times, k: int) -> _Moments:
    at = channel.at[places]
    last = np.flatnonzero((at < times.began_us) & (places >= fit))[-k:]
    after, all_after = (int(np.count_nonzero(each >= times.ended_us)) for each in (at, channel.at))
    before = float(np.median(change[last])) if len(last) == k else None
    return _Moments(len(last), after, all_after - after, spacing_of(channel), before)


def _since(
    channel: Channel, change: Floats, expected: Floats, places: NDArray[np.intp], bound: float, times: Times, k: int
) -> Judged:
    """The median of all comparable points since the work (of the last ones where there are none), in the direction that
    is worse."""
    after = np.flatnonzero(channel.at[places] >= times.ended_us)
    here = after if len(after) else np.arange(len(places) - k, len(places))
    moved, usual = float(np.median(change[here])), float(np.median(expected[here]))
    direction = max(channel.limit.directions, key=lambda sign: sign * moved)
    return Judged(
        channel=channel,
        change=change,
        op_hours=channel.op_hours[places],
        ratio=direction * moved / bound,
        direction=direction,
        confirmed=direction * moved > bound,
        level=usual + moved,
        expected=usual,
        bound=bound,
    )


def _name(judged: Judged) -> str:
    return judged.channel.name


def _compared(judged: Judged, moments: _Moments, carried: Set[str], settings: VerifySettings) -> Compared:
    channel, before, mine = judged.channel, moments.change_before, judged.channel.name in carried
    bound = judged.bound * (RELEASE if mine else 1.0)
    seen = moments.after >= settings.detector.persistence
    return Compared(
        signal=channel.name,
        unit=channel.unit,
        carried=mine,
        healthy=judged.baseline,
        before=None if before is None else channel.shown(judged.expected + before),
        after=judged.value if seen else None,
        limit=channel.shown(judged.expected + judged.direction * bound),
        before_ratio=None if before is None else max(sign * before for sign in channel.limit.directions) / bound,
        after_ratio=judged.ratio * judged.bound / bound if seen else None,
        hours=moments.after * moments.spacing_h,
        points=moments.after,
        other_points=moments.other,
    )


def _limits(asset: Asset, seen: Tracks, regime: Regime, times: Times, carried: Set[str]) -> list[Compared]:
    """Limits of the plant's engineers that carried the evidence, or that are raised since the work."""
    after = {name: track.between(times.ended_us, times.now_us + 1) for name, track in seen.items()}
    raised = {one.limit.name: one for one in raised_limits(asset, after, times.now_us, ())}
    running = regime.running & (regime.start >= times.ended_us)
    hours, found = float(np.count_nonzero(running)) * regime.width_us / US_PER_HOUR, []
    for limit in asset.limits:
        bound = raised[limit.name].bound if limit.name in raised else limit.any_of[0]
        name, spec = f"{bound.signal}:{LIMIT_PREFIX}{limit.name}", asset.signal(bound.signal)
        track = after.get(bound.signal, Track.of([], []))
        if spec is None or not len(track) or (name not in carried and limit.name not in raised):
            continue
        stood = seen[bound.signal].between(0, times.began_us)
        value = raised[limit.name].value if limit.name in raised else float(np.median(track.value))
        found.append(
            Compared(
                signal=name,
                unit=spec.unit,
                carried=name in carried,
                healthy=bound.level,
                before=float(np.median(stood.value[-12:])) if len(stood) else None,
                after=value,
                limit=bound.level,
                before_ratio=None,
                after_ratio=2.0 if limit.name in raised else 0.0,
                hours=hours,
                points=len(track),
                other_points=0,
            )
        )
    return found


def _result(
    rows: Sequence[Compared], carried: Set[str], doubted: Set[str], settings: VerifySettings
) -> tuple[Verification, str, float]:
    """(result, reason, comparable hours of the signal that was seen least)."""
    mine = [row for row in rows if row.carried]
    unheard = sorted(name for name in carried if name.partition(":")[0] in doubted)
    if unheard:
        return Verification.PENDING, f"{', '.join(unheard)} cannot be believed now: its sensor has a problem", 0.0
    if not mine:
        told = "no signal that carried the evidence has a healthy past to be compared with: a person has to judge"
        return Verification.PENDING, told, 0.0
    least = min(mine, key=lambda row: row.hours)
    if least.hours < settings.hours or least.after is None:
        return Verification.PENDING, _warming(least, settings), least.hours
    abnormal = [row for row in rows if row.abnormal and row.hours >= settings.hours]
    if not abnormal:
        return Verification.PASSED, f"every signal is within its limit: {_words(mine)}", least.hours
    return Verification.FAILED, f"still abnormal: {_words(abnormal)}", least.hours


def _warming(row: Compared, settings: VerifySettings) -> str:
    said = f"warming up: {row.hours:.0f} of {settings.hours:g} operating hours at comparable load and speed"
    return f"{said} ({row.signal}; {row.other_points} points in another regime)" if row.other_points else said


def _words(rows: Sequence[Compared], most: int = 3) -> str:
    """What changed, for a person: the worst first.

    >>> row = Compared("vib:rms", "mm/s", True, 1.8, 7.1, 1.9, 2.7, 4.3, 0.1, 24.0, 12, 0)
    >>> _words([row])
    'vib:rms 7.1 -> 1.9 mm/s (healthy 1.8, limit 2.7)'
    """
    worst = sorted(rows, key=lambda row: -(row.after_ratio or 0.0))
    told = [
        f"{row.signal} {'?' if row.before is None else format(row.before, '.3g')} -> {row.after:.3g} {row.unit}"
        f" (healthy {row.healthy:.3g}, limit {row.limit:.3g})"
        for row in worst[:most]
    ]
    more = len(rows) - most
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _pending(reason: str, settings: VerifySettings, times: Times, before: float | None) -> Comparison:
    return Comparison(Verification.PENDING, reason, 0.0, settings.hours, (), before, None, times)
