"""Laws of degradation: how bad a fault is at a share of its life. Pure; randomness only from the generator given.

Severity runs from 0 (degradation begins) to 1 (functional failure, F). Its meaning at the sensors is in
`simulators.effects`. Between the two ends a fault follows the law of its mechanism on a random clock: damage comes in
bursts, yet never heals (a gamma process, van Noortwijk 2009, doi 10.1016/j.ress.2007.03.019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats

KNOTS = 65
STEADINESS = 5.0  # gamma shape per knot: about 300 in sum, so the clock strays by 2 % of the life


def exponential(life_share: Floats, bend: float) -> Floats:
    """(exp(bend x) - 1) / (exp(bend) - 1): growth in proportion to what is there; bend near 0 is a straight line.

    It is Paris' law with exponent 2 solved for the size, scaled to 0..1.

    >>> exponential(np.array([0.0, 0.5, 1.0]), 2.0).round(3).tolist()
    [0.0, 0.269, 1.0]
    """
    x = np.asarray(life_share, np.float64)
    if abs(bend) < 1e-9:
        return x.copy()
    return np.asarray(np.expm1(bend * x) / math.expm1(bend))


def paris(life_share: Floats, exponent: float, growth: float) -> Floats:
    """Size of a fatigue crack or spall, da/dN = C (k sqrt(a))^m, from size 1 to `growth`, scaled to 0..1.

    `exponent` is m of the law (steel about 3; 2 is the exponential case), `growth` final size / first size, above 1.

    >>> paris(np.array([0.0, 0.5, 1.0]), 3.0, 8.0).round(3).tolist()
    [0.0, 0.169, 1.0]
    """
    if not growth > 1:
        raise ValueError(f"a spall grows: growth {growth} is not above 1")
    x = np.asarray(life_share, np.float64)
    if abs(exponent - 2.0) < 1e-9:
        return exponential(x, math.log(growth))
    power = 1.0 - exponent / 2.0
    size = (1.0 + x * (growth**power - 1.0)) ** (1.0 / power)
    return np.asarray((size - 1.0) / (growth - 1.0))


def _spall(life_share: Floats) -> Floats:
    return paris(life_share, 2.4, 5.0)


def _deposits(life_share: Floats) -> Floats:
    """Dust cakes on, blades erode: nearly in proportion to time."""
    return exponential(life_share, 0.5)


def _clogging(life_share: Floats) -> Floats:
    """Pressure drop of a filter cake: proportional to its mass, faster when the pores close."""
    return exponential(life_share, 0.6)


def _worsening(life_share: Floats) -> Floats:
    """Damage that feeds itself: clearances, slip and leaks widen what widens them."""
    return exponential(life_share, 1.2)


LAWS = {
    "outer_race_spall": _spall,
    "inner_race_spall": _spall,
    "ball_spall": _spall,
    "imbalance": _deposits,
    "misalignment": _deposits,
    "winding_overheating": _deposits,
    "filter_clogging": _clogging,
    "belt_wear": _worsening,
    "cavitation": _worsening,
    "seal_leak": _worsening,
}
"""Mechanism (a key of `core.faults.MECHANISMS`) -> severity in [0, 1] over the share of life in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class WearPath:
    """One life of one component: severity at the share of its life, both float64[KNOTS] from 0 to 1, rising."""

    life_share: Floats
    severity: Floats

    def severity_at(self, life_share: float) -> float:
        """Severity at a share of life, 0 before it begins, 1 after its end."""
        return float(np.interp(life_share, self.life_share, self.severity))

    def share_at(self, severity: float) -> float:
        """The share of life at which a severity in [0, 1] is reached: the inverse of `severity_at`."""
        return float(np.interp(severity, self.severity, self.life_share))


def draw_path(mechanism: str, rng: np.random.Generator) -> WearPath:
    """One life of a mechanism, drawn. Raises KeyError for a mechanism without a law.

    >>> path = draw_path("imbalance", np.random.default_rng(1))
    >>> path.severity_at(0.0), path.severity_at(1.0), 0.3 < path.severity_at(0.5) < 0.6
    (0.0, 1.0, True)
    """
    steps = rng.gamma(STEADINESS, size=KNOTS - 1) + 1e-6
    clock = np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])
    severity = LAWS[mechanism](clock)
    severity[0], severity[-1] = 0.0, 1.0  # exactly, whatever rounding made of them
    return WearPath(np.linspace(0.0, 1.0, KNOTS), severity)
