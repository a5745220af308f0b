"""How good forecasts of part demand were: each month's forecast against what was issued in it. Pure.

Quantile (pinball) loss: Koenker and Bassett 1978. A level is covered when no more was issued than its quantile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forewarn.core.demand import PartDemand

LEVELS = (0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Score:
    """One part and month: expected and issued pieces, the quantile at each of `LEVELS` and its loss in pieces."""

    part: str
    month: str
    expected: float
    issued: float
    quantiles: tuple[int, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over several scores, by level: mean quantile loss in pieces and the share of months covered. `bias`: expected
    less issued pieces, as a share of what was issued (None: nothing was)."""

    count: int
    expected: float
    issued: float
    bias: float | None
    losses: dict[float, float]
    covered: dict[float, float]


def loss(level: float, quantile: float, issued: float) -> float:
    """Pinball loss in pieces.

    >>> loss(0.9, 2, 5), loss(0.9, 5, 2)
    (2.7, 0.3)
    """
    short = issued - quantile
    return round(level * short if short >= 0 else (level - 1) * short, 12)


def score(month: str, demand: PartDemand, issued: float) -> Score:
    """A forecast against what was issued (net of what came back, at least 0)."""
    quantiles = tuple(demand.quantile(level) for level in LEVELS)
    losses = tuple(loss(level, found, issued) for level, found in zip(LEVELS, quantiles, strict=True))
    return Score(demand.part, month, demand.mean, issued, quantiles, losses)


def accuracy(scores: Iterable[Score]) -> Accuracy:
    """All scores together.

    >>> accuracy([Score("6205", "2026-10", 1.0, 2.0, (1, 2, 3), (0.5, 0.0, 0.05))]).covered
    {0.5: 0.0, 0.9: 1.0, 0.95: 1.0}
    """
    told = list(scores)
    count, expected, issued = len(told), sum(s.expected for s in told), sum(s.issued for s in told)
    losses = {level: _mean([s.losses[i] for s in told]) for i, level in enumerate(LEVELS)}
    covered = {level: _mean([float(s.issued <= s.quantiles[i]) for s in told]) for i, level in enumerate(LEVELS)}
    bias = (expected - issued) / issued if issued > 0 else None
    return Accuracy(count, expected, issued, bias, losses, covered)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
