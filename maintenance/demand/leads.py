"""Lead time of a part as a distribution: what was said of it, moved by what its deliveries took. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from forewarn.core.demand import Window
from forewarn.core.errors import Rejected
from forewarn.maintenance.advice.race import lognormal_points

POINTS = 48
"""Equally likely lengths that stand for a lead time."""

SAID_COUNTS = 4.0
"""A stated lead time weighs as much as so many deliveries."""

Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days from order to shelf: half of all deliveries, nine in ten; lognormal between. `deliveries`: so many of its
    own have moved it. Refused: a P90 below the P50, and negative days."""

    p50_days: float
    p90_days: float
    deliveries: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.p50_days <= self.p90_days < math.inf:
            raise Rejected(
                "lead_time",
                f"half of the deliveries come within {self.p50_days:g} days, nine in ten within {self.p90_days:g}:"
                " the second is at least the first, both 0 or more",
            )

    def window(self, review_days: float = 0.0) -> Window:
        """The time that stock has to last: the lead time, and how long it takes until somebody looks again.

        >>> round(LeadTime(10.0, 20.0).window().mean_days, 1), LeadTime(5.0, 5.0).window(30.0).mean_days
        (11.5, 35.0)
        """
        if self.p50_days == self.p90_days:
            return Window.of_days(self.p50_days + review_days)
        return Window(lognormal_points(self.p50_days, self.p90_days, POINTS)).longer(review_days)


def learnt(said: LeadTime, took_days: Sequence[float]) -> LeadTime:
    """A stated lead time and the days that deliveries took, as one: conjugate updates of the mean and the variance of
    log days, in which what was said weighs as four deliveries.

    Deliveries of less than a quarter of a day count as that; without deliveries it stays as it was said.

    >>> found = learnt(LeadTime(10.0, 20.0), [20.0] * 4)
    >>> round(found.p50_days, 2), round(found.p90_days, 2), found.deliveries
    (14.14, 27.4, 4)
    """
    if not took_days:
        return said
    logs = [math.log(max(days, 0.25)) for days in took_days]
    mean0 = math.log(max(said.p50_days, 0.25))
    sigma0 = (math.log(max(said.p90_days, 0.25)) - mean0) / Z90
    count, total = len(logs), SAID_COUNTS + len(logs)
    mean = sum(logs) / count
    middle = (SAID_COUNTS * mean0 + count * mean) / total
    apart = SAID_COUNTS * count / total * (mean - mean0) ** 2
    squares = SAID_COUNTS * sigma0**2 + sum((log - mean) ** 2 for log in logs) + apart
    sigma = math.sqrt(squares / total)
    p50 = math.exp(middle)
    return LeadTime(p50, p50 * math.exp(Z90 * sigma), count)
