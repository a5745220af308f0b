"""The interval court: is the interval of a preventive task the right one? Verdict, numbers, and the reason in words.

Pure. What the task costs per day at another interval follows from the life of what it renews, and that life is not one
pair of numbers but a belief (`court_belief`). A change is asked for only when it is cheaper in nine of ten of the lives
that fit; "keep" is said only when nothing would save much; else the answer is "not enough evidence". Whether a repair
makes as good as new is told by the history; where it cannot tell, both stories must come to the same verdict.

A longer interval must also stand a harder question, in which every task that found something to do counts as a failure
that would have come. Nothing was ever seen beyond the present interval: that is why a change is watched (`watch_of`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forewarn.core.plans import Watch
from forewarn.core.readings import Floats
from forewarn.pipeline.court_belief import NEVER, Belief, Repair, believe, better_story
from forewarn.pipeline.court_evidence import (
    WORN,
    Case,
    Early,
    Lives,
    ModeLife,
    Share,
    Trend,
    early_failures,
    found_good,
    lives_of,
    mode_lives,
    trend_of,
)
from forewarn.pipeline.court_meters import interval_words

FACTORS = (0.5, 2 / 3, 1.25, 1.5, 2.0, NEVER)
"""Intervals that are tried, as a multiple of the present one; `NEVER`: the task is dropped."""

LEAST_TASKS = 8
LEAST_FAILURES = 5
LEAST_FINDINGS = 15
LEAST_FULL = 5
"""Lives that a task ended later than half an interval after the renewal before; with fewer it was never tried."""
SURE = 0.9
WORTH = 0.05
NEAR = 0.10
KEEP_SURE = 0.7
TREND_P = 0.01
CLEAR = 2.0
"""Difference of log-likelihoods from which one story of a repair is told: seven to one."""
NO_WEAR = 1.5
"""A Weibull shape surely below this is no wear-out that a task by time could forestall."""
INFANT = 0.9
"""Surely below this, a renewal brings failures: watching the condition does not help against them."""


class Verdict(StrEnum):
    """What the court says of an interval."""

    KEEP = "keep"
    LENGTHEN = "lengthen"
    SHORTEN = "shorten"
    DROP = "drop"
    CONDITION = "replace by condition monitoring"
    NOT_ENOUGH = "not enough evidence"


@dataclass(frozen=True, slots=True)
class Option:
    """Another interval: what it saves of the cost per day (mean, 5 % and 95 %), and how probable it is to save."""

    factor: float
    saving: float
    saving_low: float
    saving_high: float
    probability: float


@dataclass(frozen=True, slots=True)
class Replay:
    """The history again under the new interval, as expected numbers over the same asset days.

    `tasks` and `failures` are what happened. `worn_missed`: tasks that found something to do and would have been left
    out; `failures_met`: failures that came later than the new interval, so that a task would have come first.
    """

    asset_days: float
    tasks: int
    tasks_after: float
    failures: int
    failures_expected: float
    failures_after: float
    failures_after_low: float
    failures_after_high: float
    cost_before: float
    cost_after: float
    worn_missed: int
    failures_met: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """One plan before the court. `factor` is the new interval as a multiple of the present one (None: no change)."""

    plan: str
    verdict: Verdict
    reason: str
    interval: float
    factor: float | None
    tasks: int
    good: Share
    early: Early
    trend: Trend
    modes: tuple[ModeLife, ...]
    repair: Repair | None
    shape: tuple[float, float, float] | None
    options: tuple[Option, ...]
    replay: Replay | None
    cost: float
    failure_cost: float
    costs_from: str


def judge(case: Case) -> Judgement:
    """The verdict on one task.

    Needs `LEAST_TASKS` tasks and `LEAST_FAILURES` failures, or `LEAST_FINDINGS` tasks that say what they found; less is
    "not enough evidence", and so are failures with a trend: lives that get ever shorter are not alike.
    """
    lives = lives_of(case)
    failed = lives.failed(case.modes)
    tasks = sum(event.kind == "task" for event in case.events)
    good, early, trend = found_good(case), early_failures(case, lives), trend_of(case)
    base = {
        "plan": case.plan, "interval": case.interval, "tasks": tasks, "good": good, "early": early, "trend": trend,
        "modes": mode_lives(lives), "cost": case.cost, "failure_cost": case.failure_cost, "costs_from": case.costs_from,
    }  # fmt: skip

    def ruled(ruling: _Ruling) -> Judgement:
        fields = {name: getattr(ruling, name) for name in ruling.__dataclass_fields__}
        return Judgement(**base, **fields)  # type: ignore[arg-type]

    missing = _missing(tasks, int(np.count_nonzero(failed)), good, len(lives.age))
    if missing:
        return ruled(_Ruling(Verdict.NOT_ENOUGH, missing))
    gain = better_story(lives, failed)
    told = [Repair.OLD] if gain > CLEAR else [Repair.NEW] if gain < -CLEAR else [Repair.NEW, Repair.OLD]
    if len(told) > 1 and _full(case, lives) < LEAST_FULL:
        told = [Repair.OLD]
    rulings = [_rule(case, lives, failed, repair, good, early, trend) for repair in told]
    fitting = [ruling for ruling in rulings if ruling.options] or rulings[:1]
    if len({(ruling.verdict, ruling.factor) for ruling in fitting}) > 1:
        return ruled(_split(fitting))
    return ruled(fitting[0])


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What one story of a repair comes to."""

    verdict: Verdict
    reason: str
    factor: float | None = None
    repair: Repair | None = None
    shape: tuple[float, float, float] | None = None
    options: tuple[Option, ...] = ()
    replay: Replay | None = None


def _split(rulings: list[_Ruling]) -> _Ruling:
    """Both stories fit and do not agree: the milder of two steps in one direction, else nothing."""
    steps = sorted((ruling.factor or 1.0, place) for place, ruling in enumerate(rulings))
    if steps[0][0] > 1 or steps[-1][0] < 1:
        return rulings[steps[0][1] if steps[0][0] > 1 else steps[-1][1]]
    each = "; ".join(f"if a repair makes it {ruling.repair}: {ruling.verdict}" for ruling in rulings)
    reason = (
        f"Whether a repair makes it as good as new cannot be told yet, and it matters ({each}). {rulings[0].reason}"
    )
    return replace(rulings[0], verdict=Verdict.NOT_ENOUGH, reason=reason, factor=None, replay=None)


def _rule(
    case: Case, lives: Lives, failed: NDArray[np.bool_], repair: Repair, good: Share, early: Early, trend: Trend
) -> _Ruling:
    facts, harder = _beliefs(case, lives, failed, repair)
    shape = (facts.quantile(facts.shape, 0.05), facts.quantile(facts.shape, 0.5), facts.quantile(facts.shape, 0.95))
    options = tuple(_option(case, factor, facts, harder) for factor in FACTORS)
    kept = _Ruling(Verdict.NOT_ENOUGH, "", None, repair, shape, options)
    unlike = _unlike(case, lives, trend, repair)
    if unlike:
        return replace(kept, reason=unlike, options=())
    best = _best(options, may_drop=bool(failed.any()) and shape[2] < NO_WEAR)
    told = _sentences(lives, good, early, shape, failed, repair)
    if case.statutory:
        return replace(kept, verdict=Verdict.KEEP, reason=f"The law asks for this task. {told}")
    if best is None:
        near = facts.mean((_most_saved(case, facts) <= NEAR).astype(np.float64))
        if near >= KEEP_SURE:
            reason = f"No other interval would save more than {NEAR:.0%} (probability {near:.0%}). {told}"
            return replace(kept, verdict=Verdict.KEEP, reason=reason)
        unsure = "No change is cheaper in nine of ten lives that fit, and this interval is not shown to be right."
        return replace(kept, reason=f"{unsure} {told}")
    return replace(
        kept,
        verdict=_named(best.factor, case, shape),
        reason=f"{_proposal(best, case)} {told}",
        factor=best.factor,
        replay=replay(case, best.factor, lives, repair),
    )


def _beliefs(case: Case, lives: Lives, failed: NDArray[np.bool_], repair: Repair) -> tuple[Belief, Belief]:
    """By the facts, and by the harder question."""
    horizon = case.exposure / max(len(case.spans), 1)
    return (
        believe(lives, failed, np.zeros_like(failed), repair, horizon),
        believe(lives, failed, lives.finding == WORN, repair, horizon),
    )


def _missing(tasks: int, failures: int, good: Share, lives: int) -> str:
    if tasks < LEAST_TASKS or lives < 2:
        return f"{tasks} tasks so far; at least {LEAST_TASKS} are needed."
    if failures < LEAST_FAILURES and good.of < LEAST_FINDINGS:
        return (
            f"{failures} failures and {good.of} tasks that say what they found; {LEAST_FAILURES} failures or"
            f" {LEAST_FINDINGS} findings are needed. Tell with each task whether there was something to do."
        )
    return ""


def _unlike(case: Case, lives: Lives, trend: Trend, repair: Repair) -> str:
    """Why what the court reckons with is not what happened; "" where it fits."""
    if trend.laplace_p is not None and trend.ratio_p is not None and max(trend.laplace_p, trend.ratio_p) < TREND_P:
        way = "ever faster" if (trend.laplace or 0) > 0 else "ever slower"
        return (
            f"Failures come {way} (Laplace {trend.laplace:+.1f}, MIL-HDBK-189 exponent {trend.ratio:.2f}): lives before"
            " and after are not alike, so no interval can be computed from them. Find what changed first."
        )
    if case.failure_cost < case.cost and not case.costs_told:
        return (
            f"A failure seems to cost less than a task ({case.failure_cost:,.0f} against {case.cost:,.0f},"
            f" {case.costs_from}): what standing costs is not in it. Say `failure_cost` in the plan."
        )
    if repair is Repair.OLD:
        return ""
    full = _full(case, lives)
    if full < LEAST_FULL:
        return (
            f"Only {full} tasks came later than half an interval after the renewal before: it fails, or is renewed, far"
            " more often than the task comes. Judge its parts or failure modes one by one (`component`,"
            " `failure_modes`)."
        )
    return ""


def _full(case: Case, lives: Lives) -> int:
    return int(np.count_nonzero(lives.by_task & (lives.age >= case.interval / 2)))


def _cost(case: Case, belief: Belief, interval: float) -> Floats:
    tasks, failures = belief.rates(interval)
    return tasks * case.cost + failures * case.failure_cost


def _savings(case: Case, belief: Belief, factor: float) -> Floats:
    return 1 - _cost(case, belief, case.interval * factor) / _cost(case, belief, case.interval)


def _option(case: Case, factor: float, facts: Belief, harder: Belief) -> Option:
    """What a factor saves by the facts; longer ones by the harder question, where that says less."""
    told = [_option_of(factor, belief, _savings(case, belief, factor)) for belief in (facts, harder)]
    return min(told, key=lambda option: option.probability) if factor > 1 else told[0]


def _option_of(factor: float, belief: Belief, saved: Floats) -> Option:
    sure = belief.mean((saved > 0).astype(np.float64))
    return Option(factor, belief.mean(saved), belief.quantile(saved, 0.05), belief.quantile(saved, 0.95), sure)


def _most_saved(case: Case, belief: Belief) -> Floats:
    return np.asarray(np.max([_savings(case, belief, factor) for factor in FACTORS], axis=0))


def _best(options: tuple[Option, ...], may_drop: bool) -> Option | None:
    """The option that saves most of those that surely save. The task is only dropped where wear-out is ruled out: else
    it is the step to a longer interval that shows more."""
    sure = [o for o in options if o.probability >= SURE and o.saving >= WORTH and (may_drop or o.factor != NEVER)]
    return max(sure, key=lambda option: option.saving, default=None)


def _named(factor: float, case: Case, shape: tuple[float, float, float]) -> Verdict:
    if factor == NEVER:
        return Verdict.CONDITION if case.monitored and shape[2] >= INFANT else Verdict.DROP
    return Verdict.LENGTHEN if factor > 1 else Verdict.SHORTEN


def _proposal(best: Option, case: Case) -> str:
    ratio = case.failure_cost / case.cost
    what = "Without the task" if best.factor == NEVER else f"A task every {interval_words(case, best.factor)}"
    return (
        f"{what} would save {best.saving:.0%} of tasks and failures together ({best.saving_low:.0%} to"
        f" {best.saving_high:.0%}; probability {best.probability:.0%}; a failure costs {ratio:.1f} tasks,"
        f" {case.costs_from})."
    )


def _sentences(
    lives: Lives,
    good: Share,
    early: Early,
    shape: tuple[float, float, float],
    failed: NDArray[np.bool_],
    repair: Repair,
) -> str:
    told = []
    if good.of:
        told.append(f"{good.count} of {good.of} tasks found nothing to do ({good.low:.0%} to {good.high:.0%} at 95 %).")
    if early.of:
        told.append(
            f"{early.count} of {early.of} failures came in the first fifth of the interval; chance would put"
            f" {early.expected:.1f} there."
        )
    count = int(np.count_nonzero(failed))
    wear = "wears out" if shape[0] > 1 else "fails early" if shape[2] < 1 else "may fail at any age"
    after = "" if repair is Repair.NEW else ", where a repair leaves it as it was and only the task renews it"
    told.append(
        f"From {count} failures in {len(lives.age)} lives it {wear} (Weibull shape {shape[1]:.1f},"
        f" {shape[0]:.1f} to {shape[2]:.1f} at 90 %{after})."
    )
    return " ".join(told)


def replay(case: Case, factor: float, lives: Lives, repair: Repair = Repair.NEW) -> Replay:
    """The same asset days under the new interval: how many tasks fewer, how many failures more, and what it costs."""
    failed = lives.failed(case.modes)
    facts, harder = _beliefs(case, lives, failed, repair)
    since = np.nan_to_num(lives.since) if repair is Repair.OLD else 0.0
    days, interval = case.exposure, case.interval * factor
    tasks_before, failures_before = (facts.mean(rate) * days for rate in facts.rates(case.interval))
    tasks, failures = facts.rates(interval)
    doubtful = harder.rates(interval)[1] if factor > 1 else failures
    doubter = harder if factor > 1 else facts
    happened = sum(case.counts(event) for event in case.events)
    done = sum(event.kind == "task" for event in case.events)
    mean_failures = facts.mean(failures) * days
    return Replay(
        asset_days=days,
        tasks=done,
        tasks_after=facts.mean(tasks) * days,
        failures=happened,
        failures_expected=failures_before,
        failures_after=mean_failures,
        failures_after_low=facts.quantile(failures, 0.05) * days,
        failures_after_high=max(facts.quantile(failures, 0.95), doubter.quantile(doubtful, 0.95)) * days,
        cost_before=tasks_before * case.cost + failures_before * case.failure_cost,
        cost_after=facts.mean(tasks) * days * case.cost + mean_failures * case.failure_cost,
        worn_missed=_worn_left_out(case, interval) if factor > 1 else 0,
        failures_met=int(np.count_nonzero((lives.age + since)[failed] > interval)) if factor < 1 else 0,
    )


def _worn_left_out(case: Case, interval: float) -> int:
    """Walk through each asset's past, leaving out every task that would have come too soon after the last one."""
    missed = 0
    for asset in case.spans:
        last: float | None = None
        for event in sorted((e for e in case.events if e.asset == asset), key=lambda e: e.at):
            if event.kind != "task" or last is None or event.at - last >= interval * 0.95:
                last = event.at
            elif event.finding == WORN:
                missed += 1
    return missed


def watch_of(
    case: Case, factor: float, starts_at_us: int, days: float | None = None, repair: Repair = Repair.NEW
) -> Watch:
    """When the change is to be taken back: failures in the coming `days` (default: three new intervals, 90 days to two
    years) beyond what 19 of 20 such watches would see if the court is right. Interval and count of the life are both
    uncertain, so the bound is that of the mixture."""
    from scipy.stats import poisson

    lives = lives_of(case)
    failed = lives.failed(case.modes)
    belief, _ = _beliefs(case, lives, failed, repair)
    longest = case.interval * (3 if factor == NEVER else 3 * factor)
    days = min(max(longest, 90.0), 730.0) if days is None else days
    mean = belief.rates(case.interval * factor)[1] * days * len(case.spans)
    counts = np.arange(0, int(np.max(mean) + 10 * math.sqrt(np.max(mean)) + 20))
    below = np.array([belief.mean(np.asarray(poisson.cdf(count, mean))) for count in counts])
    most = int(counts[np.searchsorted(below, 0.95).clip(0, len(counts) - 1)])
    caught = 1 - belief.mean(np.asarray(poisson.cdf(most, 2 * mean)))
    ends = starts_at_us + round(days * 86_400_000_000)
    return Watch(tuple(case.spans), ends, most, belief.mean(mean), caught)
