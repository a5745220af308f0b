"""Part and crew against the failure: chances by integration over distributions. Pure arithmetic.

Each distribution is a set of equally likely points (its quantiles at the middle of equal steps), so that an expectation
is a mean: 2,000 lives, 400 times until part and crew are there, 20 repairs. The longest of 800 is cut off: a mean over
a very wide distribution (P90 eight times P50) comes out up to 8 % low; at three times P50 it is within 1 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from forewarn.core.readings import Floats

LIFE_POINTS = 2_000
LEAD_POINTS = 400
REPAIR_POINTS = 20
Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class Lead:
    """Lead time of one part in days: half of the deliveries, nine of ten. Both 0 when enough pieces are on hand."""

    part: str
    p50_days: float
    p90_days: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the race ends when parts are ordered after a while: chance that the failure comes before the repair has
    ended, and hours that the machine then stands until part and crew are there (mean over all cases, 0 if won)."""

    lost: float
    standing_h: float


def lognormal_points(p50: float, p90: float, count: int) -> Floats:
    """So many equally likely values of the lognormal distribution through P50 and P90, ascending; all the same when
    P50 = P90 or P50 = 0 (then P90)."""
    if p50 <= 0:
        return np.full(count, max(p90, 0.0))
    sigma = np.log(max(p90, p50) / p50) / Z90
    return np.asarray(p50 * np.exp(sigma * _normal_points(count)), np.float64)


def lead_hours(lead: Lead) -> Floats:
    """400 equally likely lead times in hours, float64[400] ascending; all the same when P50 = P90 or P50 = 0."""
    return lognormal_points(lead.p50_days * 24.0, lead.p90_days * 24.0, LEAD_POINTS)


def latest(several: Sequence[Floats]) -> Floats:
    """400 equally likely values of the latest of independent times, each given as equally likely points, ascending.

    >>> latest([np.full(400, 24.0), np.full(400, 36.0)])[[0, -1]].tolist()
    [36.0, 36.0]
    """
    sure = max((float(points[0]) for points in several if points[0] == points[-1]), default=0.0)
    spread = [points for points in several if points[0] != points[-1]]
    if not spread:
        return np.full(LEAD_POINTS, sure)
    if len(spread) == 1:
        return np.maximum(spread[0], sure)
    grid = np.unique(np.concatenate(spread))
    levels = _levels(LEAD_POINTS)
    together = np.prod([np.interp(grid, points, levels, left=0.0, right=1.0) for points in spread], axis=0)
    return np.asarray(np.maximum(np.interp(levels, together, grid), sure), np.float64)


def life_points(levels: Sequence[float], calendar_h: Sequence[float]) -> Floats:
    """2,000 equally likely remaining lives in calendar hours, float64[2000] ascending: straight lines between the
    quantiles, down to 0 below the first, held above the last (both cautious)."""
    return np.asarray(np.interp(_levels(LIFE_POINTS), (0.0, *levels), (0.0, *calendar_h)), np.float64)


def race(lives_h: Floats, ready_h: Floats, repair_h: Floats, wait_h: float = 0.0) -> Outcome:
    """The race when parts are ordered `wait_h` from now, or at the failure where that comes first.

    `lives_h` ascending; `ready_h`: from ordering until part and crew are there; `repair_h`: the repair. All are points
    that are equally likely and independent of one another.

    Example: a life of 100 h for sure, 60 h until the part comes, 20 h of repair: won. Ordered 30 h later it is lost,
    though the part comes before the failure (30 + 60 + 20 > 100), and nobody waits for it.

    >>> life, ready, repair = (np.full(4, hours) for hours in (100.0, 60.0, 20.0))
    >>> race(life, ready, repair), race(life, ready, repair, 30.0)
    (Outcome(lost=0.0, standing_h=0.0), Outcome(lost=1.0, standing_h=0.0))
    >>> race(life, ready, repair, 50.0)
    Outcome(lost=1.0, standing_h=10.0)
    """
    n = len(lives_h)
    needs_h = np.sort((wait_h + ready_h[:, None] + _few(repair_h)[None, :]).ravel())  # in order they are found sooner
    lost = float((np.searchsorted(lives_h, needs_h, side="right") / n).mean())
    sums = np.concatenate([[0.0], np.cumsum(lives_h)])
    failed_waiting = int(np.searchsorted(lives_h, wait_h, side="left"))
    failed_before = np.searchsorted(lives_h, wait_h + ready_h, side="left")
    between = failed_before - failed_waiting
    standing = failed_waiting * ready_h + between * (wait_h + ready_h) - (sums[failed_before] - sums[failed_waiting])
    return Outcome(lost, float(standing.mean() / n))


def _few(points: Floats) -> Floats:
    return points[:1] if points[0] == points[-1] else points


@lru_cache(maxsize=8)
def _normal_points(count: int) -> Floats:
    return np.array([NormalDist().inv_cdf(float(level)) for level in _levels(count)])


@lru_cache(maxsize=8)
def _levels(count: int) -> Floats:
    """The middles of so many equal steps from 0 to 1."""
    return (np.arange(count) + 0.5) / count
