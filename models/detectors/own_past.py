"""Is a channel away from its own past, at a comparable regime, for long enough? (ISO 13374: SD)

The past is long: a third to a half of everything since the last repair, and never less than the first
`baseline_points`. A short memory would learn the fault; so would one that goes on learning while the channel is in
alarm, and therefore it stops there. The expected value is a robust regression on the regime; points in a regime
that the past has not seen are not compared at all. The limit is the larger of what matters physically (`limits`) and
what noise does: so many deviations that an asset's false alarms, over all its channels and decisions of a year, stay
below `false_alarms_per_year`. An alarm needs `persistence` points in a row beyond it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.models.channels import Channel
from forewarn.models.detectors.baseline import Lesson, RegimeTable, learn_many

HOURS_PER_YEAR = 8_766.0
LEAST_DEVIATIONS = 3.0  # below it a limit would rest on an independence that nobody has measured
GROWTH = 1.7  # the baseline is learnt anew when it may be so much longer
RELEASE = 0.7  # an alarm ends when the median is below this share of its limit
DAY_H = 24.0
FEWEST_WORTH = 2.5  # independent points that a baseline is taken for at least


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """One set for every plant. `baseline_points` counts points, so that it fits a snapshot every 10 s and every 2 h."""

    baseline_points: int = 48
    persistence: int = 5
    false_alarms_per_year: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A channel against its baseline, on comparable points only: change float64[n] (judged scale, + is up).

    `ratio` is the median of the last points over the limit, in the direction that is worse (1 = at the limit).
    `confirmed`: a run of points beyond the limit has not been followed by a return. `level` is the last median,
    `expected` what the regime of now lets expect, `bound` the limit, all on the judged scale.
    """

    channel: Channel
    change: Floats
    op_hours: Floats
    ratio: float
    direction: int
    confirmed: bool
    level: float
    expected: float
    bound: float

    @property
    def value(self) -> float:
        """Level of the last points in the unit of the channel."""
        return self.channel.shown(self.level)

    @property
    def baseline(self) -> float:
        """Expected value in the unit of the channel."""
        return self.channel.shown(self.expected)

    @property
    def limit_value(self) -> float:
        """The limit in the unit of the channel."""
        return self.channel.shown(self.expected + self.direction * self.bound)


def points_needed(channel: Channel, settings: DetectorSettings) -> int:
    """Points of the shortest honest baseline; a signal that breathes with the day needs a whole one."""
    if not channel.limit.needs_day:
        return settings.baseline_points
    first_day = int(channel.at.searchsorted(channel.at[0] + round(DAY_H * US_PER_HOUR)))
    return max(settings.baseline_points, first_day)


@dataclass(slots=True)
class Memory:
    """What an asset's channels have taught, kept between assessments by the digest of the points that taught it.

    A cache and nothing more: with or without it the answer is the same, to the last bit. One assessment at a time.
    """

    kept: dict[bytes, tuple[Step, ...]] = field(default_factory=dict)
    used: dict[bytes, tuple[Step, ...]] = field(default_factory=dict)

    def recall(self, key: bytes) -> tuple[Step, ...] | None:
        """What these points taught, if it is known."""
        found = self.kept.get(key)
        if found is not None:
            self.used[key] = found
        return found

    def keep(self, key: bytes, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Keep it."""
        self.used[key] = steps
        return steps

    def turn_over(self) -> None:
        """An assessment is over: what it did not use is forgotten."""
        self.kept, self.used = self.used, {}


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One stage of a growing baseline, up to point `place`. `far` is for each channel how far a whole run of points
    went at most, upwards or downwards, after the lesson and up to there (-inf: no such run)."""

    lesson: Lesson | None
    place: int
    far: tuple[float, ...]


class Row:
    """Channels of one asset that share a regime table and the length of their shortest baseline."""

    def __init__(self, channels: Sequence[Channel], needed: int, persistence: int) -> None:
        self.channels, self.needed, self.k = tuple(channels), needed, persistence
        self.table = channels[0].regime
        self.values = np.stack([c.y for c in channels])
        self._seen: dict[int, Seen] = {}

    @cached_property
    def y(self) -> Floats:
        """The values as columns float64[n, c], for a lesson."""
        return np.ascontiguousarray(self.values.T)

    def seen(self, lesson: Lesson) -> Seen:
        """All comparable points beside what a lesson lets expect, worked out once."""
        if lesson.fit not in self._seen:
            design = self.table.design(lesson.fit)
            places, expected = design.places, design.expected(lesson.coefficients)
            change = self.values - expected
            if len(places) < change.shape[1]:
                change, expected = change[:, places], expected[:, places]
            self._seen[lesson.fit] = Seen(places, change, expected, lesson.learnt, self.k)
        return self._seen[lesson.fit]


class Seen:
    """Points in a regime that a lesson knows: places intp[m], change float64[c, m] from expected float64[c, m]; by
    channel the medians of both over the last k points, and how far it went up and down after the lesson."""

    def __init__(self, places: NDArray[np.intp], change: Floats, expected: Floats, learnt: int, k: int) -> None:
        self.places, self.change, self.enough = places, change, len(places) >= learnt + k
        if self.enough:
            self.last = np.sort(change[:, -k:], axis=1)[:, k // 2].tolist()
            self.usual = np.sort(expected[:, -k:], axis=1)[:, k // 2].tolist()
            self.most = change[:, learnt:].max(axis=1).tolist(), (-change[:, learnt:].min(axis=1)).tolist()


def judge(channel: Channel, settings: DetectorSettings, channels: int) -> Judged | None:
    """Judge one of so many channels of an asset; None while its baseline is too short."""
    return judge_all([channel], settings, of=channels)[0]


def judge_all(
    channels: Sequence[Channel], settings: DetectorSettings, memory: Memory | None = None, of: int = 0
) -> list[Judged | None]:
    """Judge the channels of an asset (some `of` so many), in their order; None where the baseline is too short.

    Replays what would have been learnt as the points came in: the baseline grows step by step, and stops growing where
    the points after it are in alarm to this day. Channels with the same regime table are learnt together. `memory`
    keeps what was learnt for the next assessment.
    """
    memory = memory if memory is not None else Memory()
    found: dict[int, Judged | None] = {}
    spacings: dict[int, float] = {}
    for row in rows_of(channels, settings):
        steps, at = steps_of(row, memory), row.channels[0].at
        spacing_h = spacings.get(id(at)) or spacings.setdefault(id(at), spacing_of(row.channels[0]))
        for place, channel in enumerate(row.channels):
            decisions = decisions_per_year(channel, of or len(channels), spacing_h)
            found[id(channel)] = judge_one(row, place, steps, settings, decisions)
    memory.turn_over()
    return [found[id(channel)] for channel in channels]


def rows_of(channels: Sequence[Channel], settings: DetectorSettings) -> list[Row]:
    """Channels sorted into rows."""
    groups: dict[tuple[int, bool], list[Channel]] = {}
    for channel in channels:
        groups.setdefault((id(channel.regime), channel.limit.needs_day), []).append(channel)
    return [Row(group, points_needed(group[0], settings), settings.persistence) for group in groups.values()]


def steps_of(row: Row, memory: Memory) -> tuple[Step, ...]:
    """The stages of the baseline that the points allow, from memory where the same points have taught before."""
    n = row.values.shape[1]
    if n < row.needed + row.k:
        return ()
    fits = [row.needed]
    while 2 * (grown := math.ceil(GROWTH * fits[-1])) <= n:
        fits.append(grown)
    taught_by = 2 * fits[-1] if len(fits) > 1 else fits[0]
    key = digest(row.values[:, :taught_by], row.table, row.needed, row.k)
    return memory.recall(key) or memory.keep(key, tuple(step_of(row, fit, 2 * nxt) for fit, nxt in pairs(fits)))


def pairs(fits: Sequence[int]) -> list[tuple[int, int]]:
    """Each fit with the next one; the last one with 0."""
    return list(zip(fits, [*fits[1:], 0], strict=True))


def digest(values: Floats, table: RegimeTable, needed: int, k: int) -> bytes:
    """Of everything that a lesson of these first points, float64[c, n], depends on."""
    told = np.ascontiguousarray(table.told[:, : values.shape[1]])
    made = hashlib.sha256(repr((values.shape, told.shape, table.form, needed, k)).encode())
    made.update(np.ascontiguousarray(values).data)
    made.update(told.data)
    return made.digest()


def step_of(row: Row, fit: int, place: int) -> Step:
    """Learn from the first `fit` points, and look how far the points after them went, up to point `place`."""
    lesson = learn_many(row.y, row.table, fit, row.needed // 2)
    none = (-math.inf,) * len(row.channels)
    if lesson is None:
        return Step(None, place, none)
    design = row.table.design(fit)
    stop = int(np.searchsorted(design.places, place))
    if stop < lesson.learnt + row.k:
        return Step(lesson, place, none)
    later = design.places[lesson.learnt : stop]
    change = row.y[later] - design.matrix[later] @ lesson.coefficients
    far = np.maximum(runs(change, row.k).max(axis=0), runs(-change, row.k).max(axis=0))
    return Step(lesson, place, tuple(far.tolist()))


def judge_one(
    row: Row, place: int, steps: Sequence[Step], settings: DetectorSettings, decisions: float
) -> Judged | None:
    """One channel of a row, by the newest lesson that knows enough, or by the one after which it was in alarm."""
    channel, best = row.channels[place], None
    for step in steps:
        if step.lesson is not None and in_alarm_ever_since(row, place, step, settings, decisions):
            best = step.lesson
            break
    if best is None:
        lessons = (step.lesson for step in reversed(steps) if step.lesson)
        best = next((known for known in lessons if row.seen(known).enough), None)
    if best is None:
        return None
    return verdict(row, place, best, bound_of(channel, best, place, settings, decisions))


def in_alarm_ever_since(row: Row, place: int, step: Step, settings: DetectorSettings, decisions: float) -> bool:
    """Was the channel in alarm when point `step.place` had come in, and has it not returned since?"""
    channel, known = row.channels[place], step.lesson
    assert known is not None
    if step.far[place] <= channel.limit.smallest_change:  # no limit is below that
        return False
    bound = bound_of(channel, known, place, settings, decisions)
    if step.far[place] <= bound:
        return False
    seen = row.seen(known)
    change, stop = seen.change[place], int(np.searchsorted(seen.places, step.place))
    for sign in channel.limit.directions:
        if still_confirmed(*rolling(sign * change[known.learnt : stop], row.k), bound):
            _, median = rolling(sign * change[stop - row.k :], row.k)
            return not np.any(median < RELEASE * bound)
    return False


def spacing_of(channel: Channel) -> float:
    """Usual hours between two points."""
    steps = np.diff(channel.at)
    half = len(steps) // 2
    steps.partition(half)
    return max(float(steps[half]) / US_PER_HOUR, 1e-3)


def decisions_per_year(channel: Channel, channels: int, spacing_h: float) -> float:
    """How often in a year one of so many channels of an asset, in one direction, can be wrong."""
    return HOURS_PER_YEAR / spacing_h * channels * len(channel.limit.directions)


def bound_of(channel: Channel, known: Lesson, place: int, settings: DetectorSettings, decisions: float) -> float:
    """The limit on the judged scale: what matters, or so many deviations that chance keeps to the promised rate.

    The yearly rate is shared by all decisions (Bonferroni); a run of k points counts as 1 + (k - 1)(1 - correlation)
    independent ones. Mean and deviation were estimated from the points learnt from, of which neighbours that resemble
    one another count as fewer: n (1 - c) / (1 + c). So it is Student's t with that many degrees of freedom, and the
    error of the mean is added.
    """
    correlation, noise = float(known.correlation[place]), float(known.noise[place])
    independent = 1 + (settings.persistence - 1) * (1 - correlation)
    single = min((settings.false_alarms_per_year / decisions) ** (1 / independent), 0.4)
    worth = max(known.learnt * (1 - correlation) / (1 + correlation), FEWEST_WORTH)
    deviations = student_quantile(single, worth - 1) * math.sqrt(1 + 1 / worth)
    return max(channel.limit.smallest_change, max(deviations, LEAST_DEVIATIONS) * noise)


@lru_cache(100_000)
def student_quantile(beyond: float, freedom: float) -> float:
    """Deviations that Student's t with so many degrees of freedom passes with this probability.

    >>> round(student_quantile(0.001, 10.0), 2), round(student_quantile(0.001, 1e6), 2)
    (4.14, 3.09)
    """
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, beyond))


def verdict(row: Row, place: int, known: Lesson, bound: float) -> Judged:
    """The worse of the allowed directions."""
    channel, seen, k = row.channels[place], row.seen(known), row.k
    change, last, usual = seen.change[place], seen.last[place], seen.usual[place]
    direction = max(channel.limit.directions, key=lambda sign: sign * last)
    now, confirmed = direction * last, False
    if seen.most[direction < 0][place] > bound:
        later = direction * change[known.learnt :]
        confirmed = bool(runs(later, k).max() > bound) and still_confirmed(*rolling(later, k), bound)
    return Judged(
        channel=channel,
        change=change,
        op_hours=channel.op_hours[seen.places],
        ratio=now / bound,
        direction=direction,
        confirmed=confirmed,
        level=usual + direction * now,
        expected=usual,
        bound=bound,
    )


def runs(values: Floats, k: int) -> Floats:
    """Smallest of every k neighbours, float64[n, ...] -> float64[n-k+1, ...]."""
    smallest = values[: len(values) - k + 1]
    for shift in range(1, k):
        smallest = np.minimum(smallest, values[shift : len(values) - k + 1 + shift])
    return smallest


def rolling(values: Floats, k: int) -> tuple[Floats, Floats]:
    """Smallest and median of every k neighbours (k odd), float64[n-k+1] each."""
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(values, k), axis=1)
    return ordered[:, 0], ordered[:, k // 2]


def still_confirmed(smallest: Floats, median: Floats, bound: float) -> bool:
    """Was there a whole run beyond the limit, and no return below `RELEASE` of it since?"""
    raised, returned = np.flatnonzero(smallest > bound), np.flatnonzero(median < RELEASE * bound)
    return bool(len(raised)) and (not len(returned) or bool(raised[-1] > returned[-1]))
