"""Lead time of a part as a distribution. Pure; what deliveries teach about it is `maintenance.buying.learned`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from forewarn.core.demand import Window
from forewarn.core.errors import Rejected
from forewarn.maintenance.advice.race import lognormal_points

POINTS = 48
"""Equally likely lengths that stand for a lead time."""


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
