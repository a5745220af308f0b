"""Laws by which damage grows, fitted to an index since its onset: how long until each level of failure?"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from forewarn.core.readings import Floats

LEAST_LEFT = 0.1  # of the way: who stands at the level and still runs will fail a little above it
UNCLEAR_SPREAD = 1.2  # of ln(life left) by proportion alone
SLOPES = np.array([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5])  # deviations at which a slope is tried


def weighted_line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float, float]:
    """Slope, its error (of a third as many points, for neighbours correlate) and the value at x = 0."""
    share = weight / weight.sum()
    mean_x, mean_y = float(share @ x), float(share @ y)
    power = float(share @ (x - mean_x) ** 2)
    slope = float(share @ ((x - mean_x) * (y - mean_y))) / power
    residual = y - mean_y - slope * (x - mean_x)
    independent = max(1 / float(share @ share) / 3, 3.0)
    error = math.sqrt(float(share @ residual**2) / power / independent)
    return slope, error, mean_y - slope * mean_x


def reached(age: Floats, index: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """Life left by every law, slope and level of failure, and how much each counts."""
    now = float(np.median(index[-5:]))
    levels = np.maximum(ends, now + LEAST_LEFT * max(now, float(np.median(ends))))
    since = age - age[0] + (age[-1] - age[0]) / len(age)
    recent = np.exp((age - age[-1]) / max((age[-1] - age[0]) / 3, 1e-12))
    chances = np.exp(-(SLOPES**2) / 2)
    told, weights = [], []
    for law in LAWS:
        left, misfit = law(since, index, recent, levels)
        told.append(left.ravel())
        weights.append((chances[:, None] * np.ones(len(ends)) / misfit).ravel())
    return np.concatenate(told), np.concatenate(weights)


Law = Callable[[Floats, Floats, Floats, Floats], tuple[Floats, float]]


def straight(since: Floats, index: Floats, recent: Floats, levels: Floats) -> tuple[Floats, float]:
    """y = a + b t. Life left float64[slopes, levels], mean square misfit in units of the index."""
    slope, error, now = weighted_line(since - since[-1], index, recent)
    return forward(levels - now, slope, error), misfit(index, now + slope * (since - since[-1]), recent)


def exponential(since: Floats, index: Floats, recent: Floats, levels: Floats) -> tuple[Floats, float]:
    """y = exp(a + b t): cracks and spalls feed themselves."""
    logs, sure = logarithms(index)
    slope, error, now = weighted_line(since - since[-1], logs, recent * sure)
    fitted = np.exp(np.minimum(now + slope * (since - since[-1]), 50.0))
    return forward(np.log(levels) - now, slope, error), misfit(index, fitted, recent)


def power(since: Floats, index: Floats, recent: Floats, levels: Floats) -> tuple[Floats, float]:
    """y = a t^b of the time since onset: growth that slows down or speeds up without end."""
    logs, sure = logarithms(index)
    x = np.log(since / since[-1])
    slope, error, now = weighted_line(x, logs, recent * sure)
    grown = forward(np.log(levels) - now, slope, error)
    return since[-1] * np.expm1(np.minimum(grown, 20.0)), misfit(index, np.exp(now + slope * x), recent)


def logarithms(index: Floats) -> tuple[Floats, Floats]:
    """ln of the index, and how sure each is: noise of the index weighs the more in ln the smaller the index."""
    above = np.maximum(index, 0.02)
    return np.log(above), above**2


def in_proportion(since: Floats, index: Floats, recent: Floats, levels: Floats) -> tuple[Floats, float]:
    """The rest takes as long as the way so far, in proportion: all that is known of a rise that has stopped for now."""
    now = max(float(np.median(index[-5:])), 1e-3)
    steady = since[-1] * (levels - now) / now
    factors = np.exp(-UNCLEAR_SPREAD * SLOPES / 1.5)[:, None]
    return factors * np.maximum(steady, 1e-9)[None, :], misfit(index, now * since / since[-1], recent)


LAWS: tuple[Law, ...] = (straight, exponential, power, in_proportion)


def forward(way: Floats, slope: float, error: float) -> Floats:
    """How far to go, float64[slopes, levels]: way over slope for each slope tried, without end where it falls."""
    slopes = slope + SLOPES * error
    steep = np.maximum(slopes, 1e-300)[:, None]
    return np.where(slopes[:, None] > 1e-12, np.maximum(way, 1e-9)[None, :] / steep, np.inf)


def misfit(index: Floats, fitted: Floats, recent: Floats) -> float:
    """Weighted mean square; never 0, so that no law rules alone."""
    off = np.minimum(np.abs(index - fitted), 10.0)
    return float((recent / recent.sum()) @ off**2) + 1e-3


def blurred(left: Floats, weights: Floats, spread: float) -> tuple[Floats, Floats]:
    """Every value becomes seven, a spread of ln(life left) around it."""
    steps = np.linspace(-2.1, 2.1, 7)
    shares = np.exp(-(steps**2) / 2)
    return (left[:, None] * np.exp(spread * steps)).ravel(), (weights[:, None] * shares).ravel()
