"""Did the change work? Before and after, with intervals; and "cannot tell yet" where nobody can. Pure.

Failures: the ratio of two Poisson rates, exact, by the binomial that their sum is shared by (Przyborowski and Wilenski
1940). Costs: the difference of mean weekly cost, by a percentile bootstrap over weeks. Both ask only whether it became
another, not why: what else changed at the same time is for people to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected

LEVEL = 0.95
SAMPLES = 4_000
LEAST_WEEKS = 4
MOST_DAYS = 3_650
MOST_EXPECTED = 4_096
"""With so many failures after a change the time before it alone decides what can be told."""
CHANGES = ("interval", "limit", "part", "supplier")
US_PER_WEEK = 7 * US_PER_DAY


@dataclass(frozen=True, slots=True)
class Rates:
    """Failures and operating hours before and after. `ratio` is the rate after over the rate before with its exact 95 %
    interval (`high` None: without end). `p` of no change (two-sided). `verdict`: better, worse, or cannot_tell.

    `needed_h`: operating hours after the change in which half as many failures would show, None where it shows already
    or never would.
    """

    before: int
    before_h: float
    after: int
    after_h: float
    ratio: float | None
    low: float
    high: float | None
    p: float
    verdict: str
    needed_h: float | None


def rates(before: int, before_h: float, after: int, after_h: float) -> Rates:
    """Compare two failure rates.

    >>> told = rates(20, 10_000.0, 5, 10_000.0)
    >>> round(told.ratio, 2), round(told.low, 2), round(told.high, 2), told.verdict
    (0.25, 0.07, 0.69, 'better')
    >>> rates(2, 10_000.0, 1, 10_000.0).verdict
    'cannot_tell'
    """
    if before < 0 or after < 0 or before_h < 0 or after_h < 0:
        raise Rejected("rates", "failures and hours are 0 or more")
    if before_h == 0 or after_h == 0:
        return Rates(before, before_h, after, after_h, None, 0.0, None, 1.0, "cannot_tell", None)
    low, high = _interval(before, before_h, after, after_h)
    ratio = (after / after_h) / (before / before_h) if before else None
    verdict = "better" if high is not None and high < 1 else "worse" if low > 1 else "cannot_tell"
    p = _p(before, before_h, after, after_h)
    needed_h = _needed_h(before, before_h) if verdict == "cannot_tell" else None
    return Rates(before, before_h, after, after_h, ratio, low, high, p, verdict, needed_h)


def _interval(before: int, before_h: float, after: int, after_h: float) -> tuple[float, float | None]:
    """Exact interval of the ratio: that of the share of failures that fell after (Clopper and Pearson 1934), as odds
    for equal hours."""
    from scipy.special import betaincinv

    tail, equal = (1 - LEVEL) / 2, before_h / after_h
    low = float(betaincinv(after, before + 1, tail)) if after else 0.0
    high = float(betaincinv(after + 1, before, 1 - tail)) if before else 1.0
    return low / (1 - low) * equal, (high / (1 - high) * equal if high < 1 else None)


def _p(before: int, before_h: float, after: int, after_h: float) -> float:
    from scipy.stats import binomtest

    if before + after == 0:
        return 1.0
    return float(binomtest(after, before + after, after_h / (before_h + after_h)).pvalue)


def _needed_h(before: int, before_h: float) -> float | None:
    """Hours after which half the rate of before would show as better: the first at which the failures then to be
    expected do. None where the failures before are too few to ever show it."""

    def shows(after: int) -> bool:
        _, high = _interval(before, before_h, after, 2 * after * before_h / before)
        return high is not None and high < 1

    if before == 0 or not shows(MOST_EXPECTED):
        return None
    least, enough = 0, MOST_EXPECTED
    while enough - least > 1:
        middle = (least + enough) // 2
        least, enough = (least, middle) if shows(middle) else (middle, enough)
    return 2 * enough * before_h / before


@dataclass(frozen=True, slots=True)
class Money:
    """Mean cost of a week before and after, and how much more a week costs now (below 0: less) with its 95 % bootstrap
    interval; None where there are too few weeks. `verdict` as of `Rates`."""

    before: float | None
    before_weeks: int
    after: float | None
    after_weeks: int
    difference: float | None
    low: float | None
    high: float | None
    verdict: str


def money(before: Sequence[float], after: Sequence[float], rng: Generator) -> Money:
    """Compare costs of whole weeks. Fewer than four weeks on a side tell nothing.

    >>> told = money([100.0] * 10 + [400.0] * 2, [20.0] * 11 + [90.0], np.random.default_rng(1))
    >>> told.difference, told.verdict
    (-124.17, 'better')
    >>> money([100.0] * 10, [20.0] * 2, np.random.default_rng(1)).verdict
    'cannot_tell'
    """
    means = [round(float(np.mean(side)), 2) if len(side) else None for side in (before, after)]
    if min(len(before), len(after)) < LEAST_WEEKS:
        return Money(means[0], len(before), means[1], len(after), None, None, None, "cannot_tell")
    old, new = (np.asarray(side, np.float64) for side in (before, after))
    drawn = (side[rng.integers(0, len(side), (SAMPLES, len(side)))].mean(axis=1) for side in (new, old))
    low, high = np.quantile(next(drawn) - next(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    verdict = "better" if high < 0 else "worse" if low > 0 else "cannot_tell"
    difference = round(float(new.mean() - old.mean()), 2)
    return Money(
        means[0], len(old), means[1], len(new), difference, round(float(low), 2), round(float(high), 2), verdict
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A change of `what` (interval, limit, part, supplier) called `of`, at a moment, and what was seen around it.

    `verdict` is that of the failures; `text` says it for people. `orders_before`, `orders_after`: numbers of the orders
    of the failures.
    """

    what: str
    of: str
    at_us: int
    from_us: int
    to_us: int
    failures: Rates
    costs: Money
    currency: str
    orders_before: tuple[str, ...]
    orders_after: tuple[str, ...]
    text: str

    @property
    def verdict(self) -> str:
        """better, worse, or cannot_tell."""
        return self.failures.verdict


def in_words(failures: Rates, costs: Money, currency: str, machines: int) -> str:
    """The comparison in sentences.

    >>> in_words(rates(2, 10_000.0, 1, 10_000.0), money([], [], np.random.default_rng(1)), "EUR", 3)[:79]
    'Cannot tell yet: 2 failures in 10,000 h before, 1 in 10,000 h after (ratio 0.50'
    """
    head = {"better": "Fewer failures", "worse": "More failures", "cannot_tell": "Cannot tell yet"}[failures.verdict]
    told = f"{head}: {_count(failures.before)} in {failures.before_h:,.0f} h before, "
    told += f"{failures.after} in {failures.after_h:,.0f} h after"
    if failures.ratio is not None:
        high = "without end" if failures.high is None else f"{failures.high:.2f}"
        told += f" (ratio {failures.ratio:.2f}, 95 % interval {failures.low:.2f} to {high})"
    if failures.needed_h is not None:
        left_h = failures.needed_h - failures.after_h
        days = left_h / max(machines, 1) / 24
        if left_h > 0 and days <= MOST_DAYS:
            told += f"; if only half as many came, it would show after about {math.ceil(days)} more days of running"
        elif left_h > 0:
            told += "; failures are too rare here to show half of them in ten years"
    elif failures.verdict == "cannot_tell" and failures.before:
        told += (
            f"; {_count(failures.before)} before the change are too few to ever show half as many: compare more days"
        )
    if costs.difference is None:
        return told + f". Costs: fewer than {LEAST_WEEKS} whole weeks on a side tell nothing."
    word = {"better": "fell", "worse": "rose", "cannot_tell": "cannot be told apart"}[costs.verdict]
    span = f"95 % interval {costs.low:+,.0f} to {costs.high:+,.0f}"
    return told + f". Costs a week {word}: {costs.difference:+,.0f} {currency} ({span})."


def _count(failures: int) -> str:
    return f"{failures} failure" if failures == 1 else f"{failures} failures"


def sides(at_us: int, days: float, now_us: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The time before a change and after it, as long as `days` at most, the time after up to now.

    Raises Rejected for a change that is still to come.
    """
    if at_us >= now_us:
        raise Rejected("change_ahead", "the change is still to come: there is nothing to compare yet")
    span_us = round(days * US_PER_DAY)
    return (at_us - span_us, at_us), (at_us, min(at_us + span_us, now_us))


def weekly(amounts: Sequence[tuple[int, float]], from_us: int, to_us: int, backwards: bool = False) -> list[float]:
    """Sums of (moment, amount) over whole weeks counted from the begin, or `backwards` from the end: weeks next to the
    change are whole.

    >>> day = 86_400_000_000
    >>> weekly([(0, 5.0), (8 * day, 7.0)], 0, 15 * day)
    [5.0, 7.0]
    """
    count = (to_us - from_us) // US_PER_WEEK
    start = to_us - count * US_PER_WEEK if backwards else from_us
    sums = [0.0] * count
    for at_us, amount in amounts:
        place = (at_us - start) // US_PER_WEEK
        if 0 <= place < count:
            sums[place] += amount
    return sums
