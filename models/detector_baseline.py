"""Is a channel away from its own past, at a comparable regime, for long enough? (ISO 13374: SD)

The past is long: the older half of everything since the last repair, and never less than the first `baseline_points`.
A short memory would learn the fault. The expected value is a robust regression on the regime; points in a regime that
the past has not seen are not compared at all. The limit is the larger of what matters physically (`limits`) and what
noise does: so many deviations that an asset's false alarms, over all its channels and decisions of a year, stay below
`false_alarms_per_year`. An alarm needs `persistence` points in a row beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.models.channels import Channel
from forewarn.models.tracks import Bools

HOURS_PER_YEAR = 8_766.0
LEAST_DEVIATIONS = 3.0  # below it a limit would rest on an independence that nobody has measured
HUBER = 1.345
ROUNDS = 6
RIDGE = 1e-3
MARGIN_OF_REGIME = 0.1
MOST_FIT_POINTS = 600
RELEASE = 0.7  # an alarm ends when the median is below this share of its limit
WANDER_BLOCKS = 6
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
    fit_points: int
    ratio: float
    direction: int
    confirmed: bool
    level: float
    expected: float
    bound: float
    noise: float

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
    """Judge one of so many channels of an asset; None while its baseline is too short."""
    needed, n = points_needed(channel, settings), len(channel.y)
    if n < needed + settings.persistence:
        return None
    fit = max(needed, n // 2)
    expected, comparable = expectation(channel.y, channel.regime, fit)
    change = (channel.y - expected)[comparable]
    fit = int(comparable[:fit].sum())
    if len(change) - fit < settings.persistence or fit < needed // 2:
        return None
    noise, correlation = noise_of(change[:fit], channel.regime.shape[1])
    deviations = deviations_for(channel, settings, channels, correlation, fit)
    bound = max(channel.limit.smallest_change, deviations * noise)
    return verdict(channel, change, comparable, expected, fit, bound, noise, settings.persistence)


def expectation(y: Floats, regime: Floats, fit: int) -> tuple[Floats, Bools]:
    """Expected y at every point, and which points lie in a regime that the first `fit` points have seen."""
    moving = regime[:, np.ptp(regime[:fit], axis=0) > 1e-3 * (np.abs(regime[:fit]).max(axis=0, initial=0) + 1e-9)]
    step = max(1, fit // MOST_FIT_POINTS)
    centre, scale = moving[:fit].mean(axis=0), moving[:fit].std(axis=0)
    design = np.column_stack([np.ones(len(y)), (moving - centre) / scale])
    expected = design @ huber_regression(design[:fit:step], y[:fit:step])
    return expected, comparable_points(regime, fit)


def comparable_points(regime: Floats, fit: int) -> Bools:
    """Points no further than a tenth of its range beyond what the first `fit` points saw, in every column."""
    if regime.shape[1] == 0:
        return np.ones(len(regime), np.bool_)
    low, high = regime[:fit].min(axis=0), regime[:fit].max(axis=0)
    margin = MARGIN_OF_REGIME * (high - low) + 0.01 * np.maximum(np.abs(low), np.abs(high))
    return np.asarray(((regime >= low - margin) & (regime <= high + margin)).all(axis=1), np.bool_)


def huber_regression(design: Floats, y: Floats) -> Floats:
    """Coefficients float64[r] of a Huber M-estimate by reweighted least squares, lightly ridged (Huber 1981, 7.8)."""
    ridge = RIDGE * len(y) * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    weight: Floats = np.ones(len(y))
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        coefficients = np.linalg.solve(weighted.T @ design + ridge, weighted.T @ y)
        residual = y - design @ coefficients
        scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-12
        weight = 1.0 / np.maximum(np.abs(residual) / (HUBER * scale), 1.0)
    return np.asarray(coefficients, np.float64)


def noise_of(change: Floats, regressors: int) -> tuple[float, float]:
    """Robust deviation of the baseline, with its slow wander, and the correlation of neighbours in [0, 1)."""
    n = len(change)
    centre = float(np.median(change))
    deviation = 1.4826 * float(np.median(np.abs(change - centre))) * math.sqrt(n / max(n - regressors - 1, 1))
    blocks = [float(np.median(block)) for block in np.array_split(change, WANDER_BLOCKS)]
    wander = float(np.std(blocks, ddof=1))
    bounded = np.clip(change - centre, -3 * deviation, 3 * deviation)
    power = float(np.mean(bounded**2))
    correlation = float(np.mean(bounded[1:] * bounded[:-1])) / power if power > 0 else 0.0
    return math.hypot(deviation, wander), min(max(correlation, 0.0), 0.99)


def deviations_for(channel: Channel, settings: DetectorSettings, channels: int, correlation: float, fit: int) -> float:
    """How many deviations off a point must be, so that runs of them by chance keep to the promised rate.

    The yearly rate is shared by all channels, directions and decisions (Bonferroni); a run of k points counts as
    1 + (k - 1)(1 - correlation) independent ones; the deviation was estimated from `fit` points (Student's correction).
    """
    spacing_h = max(float(np.median(np.diff(channel.at))) / US_PER_HOUR, 1e-3)
    decisions = HOURS_PER_YEAR / spacing_h * channels * len(channel.limit.directions)
    independent = 1 + (settings.persistence - 1) * (1 - correlation)
    single = min((settings.false_alarms_per_year / decisions) ** (1 / independent), 0.4)
    z = NormalDist().inv_cdf(1 - single)
    student = 1 + (z**2 + 1) / (4 * max(fit * (1 - correlation), 8.0))
    return max(z * student, LEAST_DEVIATIONS)


def verdict(
    channel: Channel, change: Floats, comparable: Bools, expected: Floats, fit: int, bound: float, noise: float, k: int
) -> Judged:
    """The worse of the allowed directions."""
    runs = {sign: rolling(sign * change[fit:], k) for sign in channel.limit.directions}
    direction = max(runs, key=lambda sign: float(runs[sign][1][-1]))
    smallest, median = runs[direction]
    usual = float(np.median(expected[comparable][-k:]))
    level, confirmed = usual + direction * float(median[-1]), still_confirmed(smallest, median, bound)
    return Judged(
        channel, change, channel.op_hours[comparable], fit, float(median[-1]) / bound, direction,
        confirmed, level, usual, bound, noise,
    )  # fmt: skip


def rolling(values: Floats, k: int) -> tuple[Floats, Floats]:
    """Smallest and median of every k neighbours, float64[n-k+1] each."""
    windows = np.lib.stride_tricks.sliding_window_view(values, k)
    return np.asarray(windows.min(axis=1), np.float64), np.asarray(np.median(windows, axis=1), np.float64)


def still_confirmed(smallest: Floats, median: Floats, bound: float) -> bool:
    """Was there a whole run beyond the limit, and no return below `RELEASE` of it since?"""
    raised, returned = np.flatnonzero(smallest > bound), np.flatnonzero(median < RELEASE * bound)
    return bool(len(raised)) and (not len(returned) or bool(raised[-1] > returned[-1]))
