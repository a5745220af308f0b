"""What a supplier's record teaches about its promises: lead times, refused pieces. Pure.

Ratios of what came true to what was said, on the logarithm, are taken as normal with unknown mean and spread; the
promise itself weighs like `PRIOR` deliveries that came as promised (normal-inverse-gamma; Gelman et al., Bayesian Data
Analysis, 3rd ed., section 3.3). With no delivery the answer is the promise, with many it is the record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from forewarn.maintenance.advice.race import Z90

PRIOR = 4.0
REFUSED_PRIOR = (0.5, 10.0)
"""Half a delivery in ten with refused pieces, before anything is known."""


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days from order to dock: half of all deliveries, nine of ten. `deliveries`: those it was learned from."""

    p50_days: float
    p90_days: float
    deliveries: int = 0


def lead_time(p50_days: float, p90_days: float, ratios: Sequence[float], so_far: Sequence[float] = ()) -> LeadTime:
    """The promise (or the card) `p50_days`, `p90_days` corrected by the record.

    `ratios`: days that a delivery took over its promised P50. `so_far`: the same of what has not come yet; it counts
    when it is above what the record lets one expect already, because leaving out what is still missing would praise
    whoever delivers latest.

    Ten deliveries that took twice as long pull a promise of 5 days most of the way to 10:

    >>> [round(x, 1) for x in (lead_time(5.0, 9.0, []).p50_days, lead_time(5.0, 9.0, []).p90_days)]
    [5.0, 9.0]
    >>> round(lead_time(5.0, 9.0, [2.0] * 10).p50_days, 1)
    8.2
    """
    if p50_days <= 0:
        return LeadTime(p50_days, p90_days, len(ratios))
    spread = math.log(max(p90_days, p50_days) / p50_days) / Z90
    known = [math.log(ratio) for ratio in ratios if ratio > 0]
    mean, _ = _posterior(known, spread)
    known += [math.log(ratio) for ratio in so_far if ratio > 0 and math.log(ratio) > mean]
    mean, spread = _posterior(known, spread)
    return LeadTime(p50_days * math.exp(mean), p50_days * math.exp(mean + Z90 * spread), len(known))


def _posterior(logs: Sequence[float], spread: float) -> tuple[float, float]:
    """Mean and spread of the next logarithm of a ratio."""
    count = len(logs)
    if not count:
        return 0.0, spread
    middle = fmean(logs)
    squares = sum((one - middle) ** 2 for one in logs) + PRIOR * count / (PRIOR + count) * middle**2
    return count * middle / (PRIOR + count), math.sqrt((PRIOR * spread**2 + squares) / (PRIOR + count))


def refused_share(bad: int, deliveries: int) -> float:
    """Chance that the next delivery holds refused pieces.

    >>> refused_share(0, 0), round(refused_share(6, 20), 3)
    (0.05, 0.217)
    """
    some, of = REFUSED_PRIOR
    return (bad + some) / (deliveries + of)
