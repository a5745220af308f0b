"""What a channel is expected to show in a regime, learnt from its oldest points, and how much it scatters around that."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.channels import Channel
from forewarn.models.tracks import Bools

HUBER = 1.345
ROUNDS = 5
RIDGE = 1e-3
MARGIN_OF_REGIME = 0.1
MOST_FIT_POINTS = 500
WANDER_BLOCKS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Learnt from the first points of a channel; `change` float64[m] and `expected` float64[m] are of all comparable
    points, of which the first `learnt` taught it; `places` are their indices in the channel.

    `noise` is one robust deviation including slow wander, `correlation` that of neighbours in [0, 1).
    """

    change: Floats
    expected: Floats
    places: np.ndarray[tuple[int], np.dtype[np.intp]]
    learnt: int
    noise: float
    correlation: float


def learn(channel: Channel, fit: int, fewest: int) -> Baseline | None:
    """Learn from the first `fit` points; None when fewer than `fewest` of them are comparable with one another."""
    expected, comparable = expectation(channel.y, channel.regime, fit)
    places = np.flatnonzero(comparable)
    learnt = int(np.searchsorted(places, fit))
    if learnt < fewest:
        return None
    change = (channel.y - expected)[places]
    noise, correlation = noise_of(change[:learnt], channel.regime.shape[1])
    return Baseline(change, expected[places], places, learnt, noise, correlation)


def expectation(y: Floats, regime: Floats, fit: int) -> tuple[Floats, Bools]:
    """Expected y at every point, and which points lie in a regime that the first `fit` points have seen."""
    moving = regime[:, np.ptp(regime[:fit], axis=0) > 1e-3 * (np.abs(regime[:fit]).max(axis=0, initial=0) + 1e-9)]
    step = max(1, fit // MOST_FIT_POINTS)
    centre, scale = moving[:fit].mean(axis=0), moving[:fit].std(axis=0)
    design = np.column_stack([np.ones(len(y)), (moving - centre) / scale])
    expected = design @ huber_regression(design[:fit:step], y[:fit:step])
    return expected, comparable_points(regime, fit)


def comparable_points(regime: Floats, fit: int) -> Bools:
    """Points no further than a tenth of its range beyond what the first `fit` points saw, in every column."""
    if regime.shape[1] == 0:
        return np.ones(len(regime), np.bool_)
    low, high = regime[:fit].min(axis=0), regime[:fit].max(axis=0)
    margin = MARGIN_OF_REGIME * (high - low) + 0.01 * np.maximum(np.abs(low), np.abs(high))
    return np.asarray(((regime >= low - margin) & (regime <= high + margin)).all(axis=1), np.bool_)


def huber_regression(design: Floats, y: Floats) -> Floats:
    """Coefficients float64[r] of a Huber M-estimate by reweighted least squares, lightly ridged (Huber 1981, 7.8)."""
    ridge = RIDGE * len(y) * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    weight: Floats = np.ones(len(y))
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        coefficients = np.linalg.solve(weighted.T @ design + ridge, weighted.T @ y)
        residual = y - design @ coefficients
        scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-12
        weight = np.asarray(1.0 / np.maximum(np.abs(residual) / (HUBER * scale), 1.0), np.float64)
    return np.asarray(coefficients, np.float64)


def noise_of(change: Floats, regressors: int) -> tuple[float, float]:
    """Robust deviation of the baseline, with its slow wander, and the correlation of neighbours in [0, 1)."""
    n = len(change)
    centre = float(np.median(change))
    deviation = 1.4826 * float(np.median(np.abs(change - centre))) * math.sqrt(n / max(n - regressors - 1, 1))
    blocks = [float(np.median(block)) for block in np.array_split(change, WANDER_BLOCKS)]
    wander = float(np.std(blocks, ddof=1))
    bounded = np.clip(change - centre, -3 * deviation, 3 * deviation)
    power = float(np.mean(bounded**2))
    correlation = float(np.mean(bounded[1:] * bounded[:-1])) / power if power > 0 else 0.0
    return math.hypot(deviation, wander), min(max(correlation, 0.0), 0.99)
