"""A second opinion on one machine, on demand, by two methods that others keep: an isolation forest and a robust line.

It shares with `models.assess` the time axis, the regime and the older half as baseline, and nothing of its limits. It
opens no order: it is there for the person who doubts the first opinion, or wants to be surer before stopping a machine.
Pure: the same tracks give the same answer (the forest's random numbers are fixed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Int64s, Track, Tracks
from forewarn.models.channels import Channel, Workshop
from forewarn.models.detectors.baseline import RegimeTable, design_of
from forewarn.models.detectors.own_past import DetectorSettings
from forewarn.models.together import Together, look_together
from forewarn.models.tracks import Regime, bin_means, regime_of, usable

BASELINE_ROWS = 96
NEWEST_ROWS = (12, 48)  # at least, at most; in between the newest day
QUANTILE = 0.99
NEEDED = BASELINE_ROWS + NEWEST_ROWS[0]
TREES = 200
TRENDS = 5
TREND_POINTS = 20
IN_A_ROW = 5  # rows whose scores are averaged: one odd row is no opinion
SPARSE = 0.5  # a feature that covers less than this share of the rows of the fullest one is left out


@dataclass(frozen=True, slots=True)
class Isolation:
    """Isolation forest (Liu, Ting, Zhou 2008): which share of the newest rows lies outside of what the baseline showed.

    A row is every feature at one time, beside what load, speed and ambient let expect. The older half of the baseline
    teaches the forest. Rows are outside when their score, averaged over five in a row, passes the 99 % quantile of the
    newer half. `expected_share` is what an unchanged machine shows: 1 %, and more where the baseline is short.
    """

    share_outside: float
    expected_share: float
    newest_rows: int
    newest_from_us: int
    baseline_rows: int
    baseline_until_us: int
    features: int


@dataclass(frozen=True, slots=True)
class RobustTrend:
    """Slope of a feature since its baseline, in `unit` per day, with its 95 % interval, load and ambient taken out.

    Huber's M-estimate (statsmodels RLM); the interval is widened for neighbours that resemble one another. `shift` is
    how far the newest values stand from the baseline, in robust deviations.
    """

    feature: str
    unit: str
    slope_per_day: float
    low_per_day: float
    high_per_day: float
    shift: float
    points: int
    days: float

    @property
    def excludes_zero(self) -> bool:
        """Is the direction certain?"""
        return self.low_per_day > 0 or self.high_per_day < 0


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """`isolation` is None while there are fewer than `needed_rows` rows ("warming up"); then there are no trends.

    `together` is what principal components of all channels say at the set rate of false alarms, None while warming up.
    """

    asset: str
    at_us: int
    rows: int
    needed_rows: int
    isolation: Isolation | None
    trends: tuple[RobustTrend, ...]
    together: Together | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Features on one grid: start int64[n], change float64[n, k] from what the regime lets expect (judged scale).

    All rows are complete and in a regime that the first `taught` of them have seen. Rows up to `baseline` are the past,
    those from `newest` on are asked about.
    """

    start: Int64s
    change: Floats
    taught: int
    baseline: int
    newest: int

    @property
    def usable(self) -> int:
        """Rows that count towards `NEEDED`."""
        tested = self.baseline - self.taught
        return min(self.taught, BASELINE_ROWS // 2) + min(tested, BASELINE_ROWS // 2) + self.later

    @property
    def later(self) -> int:
        """Rows after the baseline, as far as they are needed."""
        return min(len(self.start) - self.baseline, NEWEST_ROWS[0])


def second_opinion(
    asset: Asset, tracks: Tracks, now_us: int, baseline_from_us: int | None = None, bad: Set[str] = frozenset()
) -> SecondOpinion:
    """Look at one asset at `now_us`, as `models.assess.assess` does; signals in `bad` are not believed.

    Needs 108 complete rows of running time (96 of baseline, 12 after it), else it says so in `isolation is None`. Takes
    about 0.2 s, and seconds the first time (imports). Never raises for lack of data.
    """
    seen = usable(asset, tracks, bad, baseline_from_us or 0, now_us)
    if not seen:
        return SecondOpinion(asset.id, now_us, 0, NEEDED, None, ())
    regime = regime_of(asset, seen)
    channels = [c for c in Workshop(asset, seen, regime).channels() if c.scored]
    found = aligned(channels, regime)
    if found is None or found.usable < NEEDED:
        return SecondOpinion(asset.id, now_us, found.usable if found else 0, NEEDED, None, ())
    pattern = look_together(channels, regime, DetectorSettings().false_alarms_per_year)
    return SecondOpinion(asset.id, now_us, len(found.start), NEEDED, isolation(found), trends(channels, found), pattern)


def aligned(channels: Sequence[Channel], regime: Regime) -> Matrix | None:
    """All features on the grid of the slowest; rows with a gap are left out. None when there is no row."""
    if not channels:
        return None
    width_us = max(regime.width_us, *(round(float(np.median(np.diff(c.at)))) for c in channels))
    first = int(regime.start[0])
    bins = int(regime.start[-1] - first) // width_us + 1
    columns = [bin_means(Track(c.at, c.y), first, width_us, bins) for c in channels]
    filled = [np.count_nonzero(~np.isnan(column)) for column in columns]
    values = np.column_stack([c for c, count in zip(columns, filled, strict=True) if count >= SPARSE * max(filled)])
    complete = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(complete) == 0:
        return None
    conditions = [bin_means(Track(regime.start, mean), first, width_us, bins) for mean in regime.means.values()]
    known = np.column_stack(conditions)[complete] if conditions else np.zeros((len(complete), 0))
    return compared(first + complete * np.int64(width_us), values[complete], known)


def compared(start: Int64s, values: Floats, conditions: Floats) -> Matrix:
    """The older half of the baseline says what to expect; rows in a regime that it has not seen are left out."""
    taught = min(max(BASELINE_ROWS, len(start) // 2) // 2, len(start))
    design = design_of(conditions, taught)
    change = values - design.matrix @ (design.solver @ values[: taught : design.step])
    baseline = int(np.searchsorted(design.places, 2 * taught))
    start, change = start[design.places], change[design.places]
    day = int(np.count_nonzero(start[baseline:] > start[-1] - US_PER_DAY))
    newest = min(max(day, NEWEST_ROWS[0]), NEWEST_ROWS[1])
    return Matrix(start, change, taught, baseline, max(baseline, len(start) - newest))


def isolation(matrix: Matrix) -> Isolation:
    """The forest learns the older half of the baseline; the newer half says what is usual for rows it has not seen."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, random_state=0).fit(matrix.change[: matrix.taught])
    scores = -forest.score_samples(matrix.change)
    usual = np.quantile(in_a_row(scores[matrix.taught : matrix.baseline]), QUANTILE)
    outside = in_a_row(scores[matrix.newest - IN_A_ROW + 1 :]) > usual
    independent = (matrix.baseline - matrix.taught) / IN_A_ROW
    return Isolation(
        share_outside=float(outside.mean()),
        expected_share=max(1 - QUANTILE, 1 / (1 + independent)),
        newest_rows=len(outside),
        newest_from_us=int(matrix.start[matrix.newest]),
        baseline_rows=matrix.baseline,
        baseline_until_us=int(matrix.start[matrix.baseline - 1]),
        features=matrix.change.shape[1],
    )


def in_a_row(scores: Floats) -> Floats:
    """Means of every `IN_A_ROW` neighbours."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(scores, IN_A_ROW).mean(axis=1), np.float64)


def trends(channels: Sequence[Channel], matrix: Matrix) -> tuple[RobustTrend, ...]:
    """Slopes of the features that moved furthest from their baseline, those first."""
    since_us, newest_us = int(matrix.start[matrix.baseline - 1]), int(matrix.start[matrix.newest])
    shifts = [(shift_of(c, since_us, newest_us), c) for c in channels]
    furthest = sorted(shifts, key=lambda pair: -abs(pair[0]))[:TRENDS]
    found = (trend(channel, since_us, shift) for shift, channel in furthest)
    return tuple(one for one in found if one is not None)


def shift_of(channel: Channel, since_us: int, newest_us: int) -> float:
    """Newest median minus that of the baseline, in robust deviations; one is at least a third of a change that matters.

    0 where either part has no point.
    """
    past, newest = channel.y[channel.at < since_us], channel.y[channel.at >= newest_us]
    if len(past) == 0 or len(newest) == 0:
        return 0.0
    usual = float(np.median(past))
    deviation = 1.4826 * float(np.median(np.abs(past - usual)))
    return (float(np.median(newest)) - usual) / max(deviation, channel.limit.smallest_change / 3)


def trend(channel: Channel, since_us: int, shift: float) -> RobustTrend | None:
    """Robust line through the points since the baseline; None for too few of them, or for values that stand still."""
    later = channel.at >= since_us
    at, y = channel.at[later], channel.y[later]
    if len(at) < TREND_POINTS or float(np.ptp(y)) == 0.0:
        return None
    value = np.exp(y) if channel.limit.logarithmic else y
    days = (at - at[0]) / US_PER_DAY
    fit = robust_slope(value, days, RegimeTable(channel.regime.columns[later]).design(len(at)).matrix)
    if fit is None:
        return None
    slope, error = fit
    reach = 1.96 * error
    return RobustTrend(
        channel.name, channel.unit, slope, slope - reach, slope + reach, shift, len(at), float(days[-1] - days[0])
    )


def robust_slope(value: Floats, days: Floats, conditions: Floats) -> tuple[float, float] | None:
    """Slope per day and its standard error beside the columns of `conditions` float64[n, r]; None where there is none.

    Neighbours with correlation r carry as much as (1 - r) / (1 + r) independent points each.
    """
    import statsmodels.api as sm

    matrix = np.column_stack([days, conditions])
    first = value - matrix @ np.linalg.lstsq(matrix, value, rcond=None)[0]
    if float(np.median(np.abs(first))) <= 1e-9 * float(np.abs(value).max()):
        return None  # a perfect line has no scatter to weigh it by
    fit = sm.RLM(value, matrix, M=sm.robust.norms.HuberT()).fit()
    residual = np.asarray(fit.resid * fit.weights, np.float64)
    power = float(residual @ residual)
    alike = min(max(float(residual[1:] @ residual[:-1]) / power, 0.0), 0.99) if power > 0 else 0.0
    slope, error = float(fit.params[0]), float(fit.bse[0]) * math.sqrt((1 + alike) / (1 - alike))
    return (slope, error) if math.isfinite(slope) and math.isfinite(error) else None
