"""Slow signals -> what they do: how fast they drift, where they changed, what the regime does not explain.

For reports, training tables and notebooks; detectors watch the same things point by point. Nothing here judges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Track, Window
from forewarn.models.detectors.baseline import RegimeTable, huber_coefficients

FEWEST_POINTS = 8
MOST_SLOPE_POINTS = 400  # all pairs are compared
MOST_CHANGE_POINTS = 1_500
SMALLEST_SEGMENT = 5
PENALTY = 3.0  # times the logarithm of the number of points, in variances: about two parameters per change (Yao 1988)
OUTLIER = 4.0  # robust deviations from the running median
MOST_ALIKE = 0.95


@dataclass(frozen=True, slots=True)
class Slope:
    """`per_day` in the unit of the signal, with an interval of this `level`; from `points` medians over `days`."""

    per_day: float
    low: float
    high: float
    level: float
    points: int
    days: float

    @property
    def sure(self) -> bool:
        """Does the interval leave no doubt about the direction?"""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The mean went from `before` to `after` at `at_us`, the first instant of the new level."""

    at_us: int
    before: float
    after: float


def slope(track: Track, level: float = 0.95) -> Slope:
    """Robust slope: the median over the slopes of all pairs of points (Theil 1950, Sen 1968), up to 29 % outliers.

    The interval is Sen's, from ranks, widened where the residuals of neighbours resemble one another. More points than
    400 are first put together as medians of neighbours. Raises NotReady for fewer than 8 points or no span of time,
    Rejected for values that are not finite.

    >>> days = range(20)
    >>> found = slope(Track.of([day * 86_400_000_000 for day in days], [5 + 0.1 * day + (-1) ** day for day in days]))
    >>> round(found.per_day, 2), found.low < 0.1 < found.high
    (0.1, True)
    """
    from scipy.stats import theilslopes

    days, value = thinned(*believed(track), MOST_SLOPE_POINTS)
    if len(days) < FEWEST_POINTS or days[-1] <= days[0]:
        raise NotReady(f"a slope needs {FEWEST_POINTS} points over some time, there are {len(days)}")
    found = theilslopes(value, days, level)
    middle = float(found[0])
    alike = likeness(value - middle * days)
    wider = math.sqrt((1 + alike) / (1 - alike))
    low, high = (middle + (float(end) - middle) * wider for end in (found[2], found[3]))
    return Slope(middle, low, high, level, len(days), float(days[-1] - days[0]))


def change_points(track: Track) -> tuple[ChangePoint, ...]:
    """Where the level of a signal changed, oldest first; empty for a signal that kept its level.

    Least squares with a penalty per change (PELT, Killick 2012, by `ruptures`) that grows with the noise between
    neighbours and with their likeness; single outliers are pulled in first. A drift shows as several steps: ask `slope`
    beside. Refuses as `slope` does.

    >>> track = Track.of([i * 1_000_000 for i in range(60)], [2.0 + 0.1 * (i % 3) + 3.0 * (i >= 40) for i in range(60)])
    >>> [(c.at_us // 1_000_000, round(c.before, 1), round(c.after, 1)) for c in change_points(track)]
    [(40, 2.1, 5.1)]
    """
    from ruptures import KernelCPD

    days, value = thinned(*believed(track), MOST_CHANGE_POINTS)
    if len(value) < 2 * SMALLEST_SEGMENT:
        raise NotReady(f"a change needs {2 * SMALLEST_SEGMENT} points, there are {len(value)}")
    calm = without_outliers(value)
    noise = step_noise(calm)
    if noise == 0.0:
        noise = 1e-6 * (float(np.ptp(calm)) or 1.0)
    alike = likeness(calm - running_median(calm, 25))
    # noise between neighbours is (1 - r) of the variance, and a mean wanders (1 + r) / (1 - r) times as far
    penalty = PENALTY * math.log(len(calm)) * (1 + alike) / (1 - alike) ** 2
    ends = KernelCPD(kernel="linear", min_size=SMALLEST_SEGMENT).fit(calm[:, None] / noise).predict(pen=penalty)
    edges = [0, *ends]
    means = [float(value[i:j].mean()) for i, j in pairwise(edges)]
    origin = int(track.at[0])
    return tuple(
        ChangePoint(origin + round(float(days[edge]) * US_PER_DAY), before, after)
        for edge, before, after in zip(edges[1:], means[:-1], means[1:], strict=False)
    )


def regime_residual(window: Window, learn_until_us: int) -> Window:
    """What the regime does not explain: every column minus what its points before `learn_until_us` let expect.

    Huber's robust regression of each column on the regime, as the detectors use it. NaN stays NaN, and stands where the
    regime left what the baseline saw. Raises NotReady when a column has fewer than 8 comparable points to learn from.
    """
    values = np.full(window.values.shape, np.nan)
    for column, name in enumerate(window.names):
        rows = np.flatnonzero(~np.isnan(window.values[:, column]))
        fit = int(np.searchsorted(window.at[rows], learn_until_us))
        if fit < FEWEST_POINTS:
            raise NotReady(f"{name} has {fit} points before the end of its baseline, {FEWEST_POINTS} are needed")
        y = window.values[rows, column]
        design = RegimeTable(window.regime[rows]).design(fit)
        taught = design.matrix[: fit : design.step]
        expected = design.matrix[design.places] @ huber_coefficients(taught, design.solver, y[: fit : design.step])
        values[rows[design.places], column] = y[design.places] - expected
    return Window(window.at, window.names, values, window.regime)


def believed(track: Track) -> tuple[Floats, Floats]:
    """Days since the first point and values, or a refusal."""
    if len(track) == 0:
        raise NotReady("the track holds no point")
    if not np.isfinite(track.value).all():
        raise Rejected("not_finite", "a track holds finite values only: leave missing points out")
    return (track.at - track.at[0]) / US_PER_DAY, track.value


def thinned(days: Floats, value: Floats, most: int) -> tuple[Floats, Floats]:
    """Medians of so many neighbours that at most `most` points are left; the first instant of each group."""
    group = -(-len(value) // most)
    if group <= 1:
        return days, value
    whole = len(value) // group * group
    return days[:whole:group], np.median(value[:whole].reshape(-1, group), axis=1)


def likeness(residual: Floats) -> float:
    """Correlation of neighbours, in [0, 0.95]."""
    centred = residual - np.median(residual)
    power = float(centred @ centred)
    return min(max(float(centred[1:] @ centred[:-1]) / power, 0.0), MOST_ALIKE) if power > 0 else 0.0


def step_noise(value: Floats) -> float:
    """Robust deviation of the noise between neighbours: a change of level is one step among many."""
    return 1.4826 * float(np.median(np.abs(np.diff(value)))) / math.sqrt(2)


def running_median(value: Floats, width: int) -> Floats:
    """Median of `width` neighbours (odd), shorter views repeated at the ends."""
    width = min(width, len(value) - 1 + len(value) % 2)
    padded = np.pad(value, width // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1), np.float64)


def without_outliers(value: Floats) -> Floats:
    """Single points far off their neighbours pulled to them (Hampel's filter over five points)."""
    centre = running_median(value, 5)
    reach = OUTLIER * max(1.4826 * float(np.median(np.abs(value - centre))), step_noise(value))
    return np.clip(value, centre - reach, centre + reach) if reach > 0 else value
