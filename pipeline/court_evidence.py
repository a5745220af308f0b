"""What the history of a preventive task says, before anybody judges it: findings, failures after it, trend, lives.

Times are days since any one moment: of the calendar, or of average use (`court_meters`). Pure. Every number comes with
its count and its interval; a figure that cannot be told is None and never a guess.

Found good: Wilson interval (Wilson 1927). Trend of a repairable fleet: Laplace and MIL-HDBK-189C (section 6.2), pooled
over assets observed for different times. Lives between renewals: Weibull with censoring per failure mode
(`models.life.weibull`), a life of another mode counting as still running.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats
from forewarn.models.life.weibull import HALF_CHI2_95, Weibull

Z_95 = 1.959964
EARLY_SHARE = 0.2
"""A failure is early within this share of the interval after the task."""

GOOD, WORN, NOT_TOLD = 0, 1, -1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an asset: `kind` is "task", "failure" or "renewal" (repaired before it failed).

    `finding` of a task: 0 nothing to do, 1 something was, -1 not told. `mode` of a failure.
    """

    asset: str
    at: float
    kind: str
    finding: int = NOT_TOLD
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One task before the court. `interval`: days between tasks. `spans`: asset -> days [start, stop) in which it is
    known what happened. `modes`: failure modes that the task is to prevent, empty for all. `cost` of a task and of a
    failure with where they come from (`costs_told`: people said both); `monitored`: signals of the component would
    show the failure coming. `meter`: days are days of average use by this meter, `per_day` units each ("": calendar).
    """

    plan: str
    interval: float
    spans: dict[str, tuple[float, float]]
    events: tuple[Event, ...]
    cost: float
    failure_cost: float
    costs_from: str
    costs_told: bool = True
    modes: tuple[str, ...] = ()
    monitored: bool = False
    statutory: bool = False
    meter: str = ""
    per_day: float = 1.0

    def counts(self, event: Event) -> bool:
        """Is it a failure that the task is to prevent?"""
        return event.kind == "failure" and (not self.modes or event.mode in self.modes)

    @property
    def exposure(self) -> float:
        """Asset days."""
        return sum(stop - start for start, stop in self.spans.values())


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Lives between renewals: age float64[n] in days (> 0), mode int64[n] (index into `modes`, -1: did not fail),
    by_task bool[n]: a task ended it, with its finding int64[n]; since float64[n]: days from the last task to its
    beginning, NaN before the first task. What came before the first event of an asset is left out: its age is not
    known."""

    age: Floats
    mode: NDArray[np.int64]
    finding: NDArray[np.int64]
    by_task: NDArray[np.bool_]
    since: Floats
    modes: tuple[str, ...]

    def failed(self, wanted: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Which lives ended by a failure of these modes (none named: any)."""
        if not wanted:
            return np.asarray(self.mode >= 0)
        return np.isin(self.mode, [i for i, name in enumerate(self.modes) if name in wanted])


def lives_of(case: Case) -> Lives:
    """Cut the time of each asset at its tasks, failures and renewals.

    >>> events = (Event("p", 10.0, "task", GOOD), Event("p", 25.0, "failure", mode="VIB"))
    >>> cut = lives_of(Case("g", 10.0, {"p": (0.0, 40.0)}, events, 1.0, 5.0, "given"))
    >>> cut.age.tolist(), cut.failed().tolist()
    ([15.0, 15.0], [True, False])
    """
    modes = tuple(sorted({event.mode for event in case.events if event.kind == "failure"}))
    place = {name: i for i, name in enumerate(modes)}
    rows: list[tuple[float, int, int, bool, float]] = []
    for asset, (start, stop) in case.spans.items():
        mine = sorted((e for e in case.events if e.asset == asset and start <= e.at < stop), key=lambda e: e.at)
        began: float | None = None
        task_at = math.nan
        for event in mine:
            if began is not None and event.at > began:
                failed = place[event.mode] if event.kind == "failure" else -1
                task = event.kind == "task"
                rows.append((event.at - began, failed, event.finding if task else NOT_TOLD, task, began - task_at))
            began = event.at
            task_at = event.at if event.kind == "task" else task_at
        if began is not None and stop > began:
            rows.append((stop - began, -1, NOT_TOLD, False, began - task_at))
    table = np.array(rows, np.float64).reshape(-1, 5)
    mode, finding = (table[:, column].astype(np.int64) for column in (1, 2))
    return Lives(table[:, 0], mode, finding, table[:, 3] > 0, table[:, 4], modes)


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with the 95 % interval of the share (0 to 1 where nothing is known)."""

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """None of nothing."""
        return self.count / self.of if self.of else None


def share_of(count: int, of: int) -> Share:
    """Wilson's interval.

    >>> one = share_of(9, 10)
    >>> round(one.low, 3), round(one.high, 3)
    (0.596, 0.982)
    """
    if of == 0:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = count / of, Z_95**2
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Share(count, of, max(0.0, centre - half), min(1.0, centre + half))


def found_good(case: Case) -> Share:
    """Tasks at which nothing had to be done, of those that say."""
    told = [event.finding for event in case.events if event.kind == "task" and event.finding != NOT_TOLD]
    return share_of(told.count(GOOD), len(told))


@dataclass(frozen=True, slots=True)
class Early:
    """Failures within `EARLY_SHARE` of the interval after a renewal, of all; how many chance alone would put there; and
    the chance (binomial) of so many or more."""

    count: int
    of: int
    expected: float
    p_value: float | None


def early_failures(case: Case, lives: Lives) -> Early:
    """Does the task itself bring failures? Chance alone spreads them over the time that was run at each age."""
    from scipy.stats import binomtest

    edge = EARLY_SHARE * case.interval
    ages = lives.age[lives.failed(case.modes)]
    count, of = int(np.count_nonzero(ages <= edge)), len(ages)
    run = float(np.sum(lives.age))
    share = float(np.sum(np.minimum(lives.age, edge))) / run if run else 0.0
    p_value = float(binomtest(count, of, share, alternative="greater").pvalue) if of and share > 0 else None
    return Early(count, of, of * share, p_value)


@dataclass(frozen=True, slots=True)
class Trend:
    """Do failures come ever faster? `laplace` is normal: above 0 they do; `ratio` is MIL-HDBK-189's growth exponent
    (above 1: ever faster). p-values are two-sided; None with fewer than 4 failures."""

    failures: int
    laplace: float | None
    laplace_p: float | None
    ratio: float | None
    ratio_p: float | None


LEAST_FOR_TREND = 4


def trend_of(case: Case) -> Trend:
    """Laplace and MIL-HDBK-189 on the failures that count, each asset over its own span (time truncated)."""
    from scipy.stats import chi2, norm

    shares: list[float] = []
    middle, spread = 0.0, 0.0
    for asset, (start, stop) in case.spans.items():
        mine = [e.at - start for e in case.events if e.asset == asset and case.counts(e) and start < e.at < stop]
        length = stop - start
        shares += [at / length for at in mine]
        middle += sum(mine) - len(mine) * length / 2
        spread += len(mine) * length**2 / 12
    if len(shares) < LEAST_FOR_TREND:
        return Trend(len(shares), None, None, None, None)
    laplace = middle / math.sqrt(spread)
    log_sum = -sum(math.log(share) for share in shares)
    below = float(chi2.cdf(2 * log_sum, 2 * len(shares)))
    return Trend(
        len(shares),
        laplace,
        2 * float(norm.sf(abs(laplace))),
        len(shares) / log_sum,
        2 * min(below, 1 - below),
    )


@dataclass(frozen=True, slots=True)
class ModeLife:
    """Weibull life of one failure mode between renewals, in days, with 95 % profile intervals; None where two failures
    at different ages are missing."""

    mode: str
    failures: int
    shape: float | None
    shape_interval: tuple[float, float] | None
    scale: float | None
    scale_interval: tuple[float, float] | None


def mode_lives(lives: Lives) -> tuple[ModeLife, ...]:
    """One line a mode, most failures first; a life that another mode ended counts as still running."""
    found = []
    for place, mode in enumerate(lives.modes):
        failed = lives.mode == place
        count = int(np.count_nonzero(failed))
        if count == 0:
            continue
        try:
            best = likeliest(lives.age, failed)
        except NotReady:
            found.append(ModeLife(mode, count, None, None, None, None))
            continue
        reach = 3.0 / math.sqrt(count)
        shapes = best.shape * np.exp(np.linspace(-1.5 * reach, 1.5 * reach, 181))
        scales = best.scale * np.exp(np.linspace(-reach, reach, 181) * max(1.5, 3 / best.shape))
        told = log_likelihood(lives.age, failed, shapes, scales)
        inside = told >= told.max() - HALF_CHI2_95
        shape, scale = shapes[inside.any(axis=1)], scales[inside.any(axis=0)]
        found.append(ModeLife(mode, count, best.shape, _ends(shape), best.scale, _ends(scale)))
    return tuple(sorted(found, key=lambda life: (-life.failures, life.mode)))


def likeliest(age: Floats, failed: NDArray[np.bool_], began: Floats | None = None) -> Weibull:
    """The pair that `models.life.weibull.fit` finds, through the root of the profile score in the shape: for a shape
    the best scale is known (Meeker, Hahn & Escobar 2017, section 8.3). `began` as in `log_likelihood`. Raises NotReady
    for fewer than two different failures."""
    from scipy.optimize import brentq

    if len(np.unique(age[failed])) < 2:
        raise NotReady("A Weibull fit needs two failures at different ages.")
    unit, count = float(np.max(age)), int(np.count_nonzero(failed))
    ratio = age / unit
    early = np.zeros(1) if began is None else began / unit
    logs, early_logs = np.log(ratio), np.log(np.where(early > 0, early, 1.0))
    mean_failed = float(np.mean(logs[failed]))

    def score(log_shape: float) -> float:
        shape = math.exp(log_shape)
        power, gone = ratio**shape, np.where(early > 0, early**shape, 0.0)
        lived = float(np.sum(power) - np.sum(gone))
        return 1 / shape + mean_failed - float(np.sum(power * logs) - np.sum(gone * early_logs)) / lived

    low, high = math.log(0.02), math.log(1e3)
    shape = math.exp(float(brentq(score, low, high))) if score(low) > 0 > score(high) else 1e3
    lived = float(np.sum(ratio**shape) - np.sum(np.where(early > 0, early**shape, 0.0)))
    return Weibull(shape, unit * (lived / count) ** (1 / shape))


def _ends(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[-1])


def log_likelihood(
    age: Floats, failed: NDArray[np.bool_], shapes: Floats, scales: Floats, began: Floats | None = None
) -> Floats:
    """Of every Weibull shape with every scale: float64[shapes, scales]. `began` float64[n]: the age at which each life
    was first seen alive (None: 0). Through sums over the lives, one a shape, so
    that thousands of lives cost no more than their sums.

    >>> ages = np.array([90.0, 110.0])
    >>> log_likelihood(ages, np.array([True, False]), np.array([1.0]), np.array([100.0])).round(3).tolist()
    [[-6.605]]
    """
    unit = float(np.exp(np.mean(np.log(age))))
    count, logs = int(np.count_nonzero(failed)), float(np.sum(np.log(age[failed] / unit)))
    with np.errstate(over="ignore", invalid="ignore"):  # a shape of 8 and a life far beyond the scale: impossible
        power = np.sum((age / unit)[None, :] ** shapes[:, None], axis=1)[:, None]
        if began is not None:
            power = power - np.sum((began / unit)[None, :] ** shapes[:, None], axis=1)[:, None]
        ratio, shape = np.log(scales / unit)[None, :], shapes[:, None]
        told = count * (np.log(shape) - shape * ratio) + (shape - 1) * logs - power * np.exp(-shape * ratio)
    return np.asarray(np.nan_to_num(told - count * math.log(unit), nan=-np.inf), np.float64)
