"""Is a channel away from its own past, at a comparable regime, for long enough? (ISO 13374: SD)

The past is long: a third to a half of everything since the last repair, and never less than the first
`baseline_points`. A short memory would learn the fault; so would one that goes on learning while the channel is in
alarm, and therefore it stops there. The expected value is a robust regression on the regime; points in a regime
that the past has not seen are not compared at all. The limit is the larger of what matters physically (`limits`) and
what noise does: so many deviations that an asset's false alarms, over all its channels and decisions of a year, stay
below `false_alarms_per_year`. An alarm needs `persistence` points in a row beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.models.channels import Channel
from forewarn.models.detectors.baseline import Baseline, learn

HOURS_PER_YEAR = 8_766.0
LEAST_DEVIATIONS = 3.0  # below it a limit would rest on an independence that nobody has measured
GROWTH = 1.7  # the baseline is learnt anew when it may be so much longer
RELEASE = 0.7  # an alarm ends when the median is below this share of its limit
DAY_H = 24.0


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
    first_day = int(np.searchsorted(channel.at, channel.at[0] + DAY_H * US_PER_HOUR))
    return max(settings.baseline_points, first_day)


def judge(channel: Channel, settings: DetectorSettings, channels: int) -> Judged | None:
    """Judge one of so many channels of an asset; None while its baseline is too short.

    Replays what would have been learnt as the points came in: the baseline grows step by step, and stops growing where
    the points after it are in alarm to this day.
    """
    n, k, needed = len(channel.y), settings.persistence, points_needed(channel, settings)
    decisions = decisions_per_year(channel, channels)
    fit, best = needed, None
    while n >= fit + k:
        next_fit = math.ceil(GROWTH * fit)
        known = learn(channel.y, channel.regime, fit, needed // 2)
        if known and len(known.change) >= known.learnt + k:
            best = known, bound_of(channel, known, settings, decisions)
            if in_alarm_ever_since(channel, *best, 2 * next_fit, k):
                break
        if 2 * next_fit > n:
            break
        fit = next_fit
    return verdict(channel, *best, k) if best else None


def in_alarm_ever_since(channel: Channel, known: Baseline, bound: float, place: int, k: int) -> bool:
    """Was the channel in alarm when point `place` had come in, and has it not returned since?"""
    stop = int(np.searchsorted(known.places, place))
    if stop < known.learnt + k:
        return False
    for sign in channel.limit.directions:
        if still_confirmed(*rolling(sign * known.change[known.learnt : stop], k), bound):
            _, median = rolling(sign * known.change[stop - k :], k)
            return not np.any(median < RELEASE * bound)
    return False


def decisions_per_year(channel: Channel, channels: int) -> float:
    """How often in a year one of so many channels of an asset, in one direction, can be wrong."""
    spacing_h = max(float(np.median(np.diff(channel.at))) / US_PER_HOUR, 1e-3)
    return HOURS_PER_YEAR / spacing_h * channels * len(channel.limit.directions)


def bound_of(channel: Channel, known: Baseline, settings: DetectorSettings, decisions: float) -> float:
    """The limit on the judged scale: what matters, or so many deviations that chance keeps to the promised rate.

    The yearly rate is shared by all decisions (Bonferroni); a run of k points counts as 1 + (k - 1)(1 - correlation)
    independent ones; the deviation was estimated from the points learnt from (Student's correction).
    """
    independent = 1 + (settings.persistence - 1) * (1 - known.correlation)
    single = min((settings.false_alarms_per_year / decisions) ** (1 / independent), 0.4)
    z = NormalDist().inv_cdf(1 - single)
    student = 1 + (z**2 + 1) / (4 * max(known.learnt * (1 - known.correlation), 8.0))
    return max(channel.limit.smallest_change, max(z * student, LEAST_DEVIATIONS) * known.noise)


def verdict(channel: Channel, baseline: Baseline, bound: float, k: int) -> Judged:
    """The worse of the allowed directions."""
    runs = {sign: rolling(sign * baseline.change[baseline.learnt :], k) for sign in channel.limit.directions}
    direction = max(runs, key=lambda sign: float(runs[sign][1][-1]))
    smallest, median = runs[direction]
    usual, now = float(np.median(baseline.expected[-k:])), float(median[-1])
    return Judged(
        channel=channel,
        change=baseline.change,
        op_hours=channel.op_hours[baseline.places],
        ratio=now / bound,
        direction=direction,
        confirmed=still_confirmed(smallest, median, bound),
        level=usual + direction * now,
        expected=usual,
        bound=bound,
    )


def rolling(values: Floats, k: int) -> tuple[Floats, Floats]:
    """Smallest and median of every k neighbours (k odd), float64[n-k+1] each."""
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(values, k), axis=1)
    return ordered[:, 0], ordered[:, k // 2]


def still_confirmed(smallest: Floats, median: Floats, bound: float) -> bool:
    """Was there a whole run beyond the limit, and no return below `RELEASE` of it since?"""
    raised, returned = np.flatnonzero(smallest > bound), np.flatnonzero(median < RELEASE * bound)
    return bool(len(raised)) and (not len(returned) or bool(raised[-1] > returned[-1]))
