"""What day, week and regime let expect of energy and climate: robust harmonic regression (statsmodels RLM).

A seasonal decomposition (STL) needs an even grid and smooths with values to come; a regression on harmonics takes any
times, gaps included, and what it says of a row uses nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats, Int64s, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.control_charts import largest
from forewarn.models.detectors.usual import FEWEST_ROWS, checked, regime_matrix, scatter, trailing_mean

PERIODS_DAYS = (1.0, 7.0)
HARMONICS = (3, 3)
CYCLES = 2.0  # a season is learnt when the past holds so many of it
MOST_ROWS = 1_500
WHISPER = 1e-4  # of the standard deviation
STEPS_PER_HARMONIC = 4  # and when rows come often enough to see it


@dataclass(frozen=True, slots=True)
class Seasonal:
    """`smooth` rows of the residual are averaged: an hour that is off says little, a morning says more."""

    smooth: int = 3
    name: str = "seasonal"

    def learn(self, past: Window) -> SeasonalJudge:
        """Learn the seasons that the past has shown twice. Raises NotReady below 24 rows."""
        if len(past) < FEWEST_ROWS:
            raise NotReady(f"{len(past)} of the {FEWEST_ROWS} rows that a season needs")
        seasons = seasons_of(past.at)
        ends = np.vstack([past.regime.min(axis=0), past.regime.max(axis=0)])
        matrix = np.hstack([regime_matrix(ends, past.regime)[0], harmonics(past.at, seasons)])
        found = [fitted(matrix, y) for y in past.values.T]
        if all(np.isnan(spread) for _, spread in found):
            raise NotReady("no column has enough values for its season")
        return SeasonalJudge(
            past.names, ends, seasons, np.column_stack([c for c, _ in found]), np.array([s for _, s in found]),
            self.smooth,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SeasonalJudge:
    """What `Seasonal` learnt: seasons as (days, harmonics), coefficients float64[p, k], spread float64[k]."""

    names: tuple[str, ...]
    ends: Floats
    seasons: tuple[tuple[float, int], ...]
    coefficients: Floats
    spread: Floats
    smooth: int

    def expected(self, window: Window) -> Floats:
        """float64[n, k]: what this hour of this day lets expect in this regime; NaN in a regime not seen."""
        imposed, seen = regime_matrix(self.ends, checked(window, self.names).regime)
        values = np.hstack([imposed, harmonics(window.at, self.seasons)]) @ self.coefficients
        values[~seen] = np.nan
        return np.asarray(values, np.float64)

    def strangeness(self, window: Window) -> Strangeness:
        """Largest residual over columns, in usual residuals."""
        rest = trailing_mean((window.values - self.expected(window)) / self.spread, self.smooth)
        return largest(np.abs(rest), rest)


def seasons_of(at: Int64s) -> tuple[tuple[float, int], ...]:
    """Periods in days, with as many harmonics as the spacing of the rows can carry."""
    span, step = float(at[-1] - at[0]) / US_PER_DAY, float(np.median(np.diff(at))) / US_PER_DAY
    carried = (
        (days, min(most, int(days / max(step, 1e-9) / STEPS_PER_HARMONIC)))
        for days, most in zip(PERIODS_DAYS, HARMONICS, strict=True)
        if span >= CYCLES * days
    )
    return tuple((days, count) for days, count in carried if count > 0)


def harmonics(at: Int64s, seasons: tuple[tuple[float, int], ...]) -> Floats:
    """Sines and cosines float64[n, 2 x harmonics]."""
    days = at / US_PER_DAY
    turns = [2 * np.pi * days * order / period for period, count in seasons for order in range(1, count + 1)]
    columns = [wave(turn) for turn in turns for wave in (np.sin, np.cos)]
    return np.column_stack(columns) if columns else np.zeros((len(at), 0))


def fitted(matrix: Floats, y: Floats) -> tuple[Floats, float]:
    """Huber's coefficients of one column and the scatter of what is left (NaN when it cannot be judged)."""
    from statsmodels.robust.robust_linear_model import RLM

    known = ~np.isnan(y)
    if np.count_nonzero(known) < max(FEWEST_ROWS, 2 * matrix.shape[1]):
        return np.zeros(matrix.shape[1]), np.nan
    size = float(np.abs(y[known]).max())
    if float(np.ptp(y[known])) <= 1e-9 * size:
        return np.r_[y[known][0], np.zeros(matrix.shape[1] - 1)], scatter(np.zeros(1), size)
    rng = np.random.default_rng(0)
    taught = np.flatnonzero(known)
    if len(taught) > MOST_ROWS:  # every so-manyth would always see the same hours
        taught = np.sort(rng.choice(taught, MOST_ROWS, replace=False))
    unit = float(y[known].std())
    # A meter that counts in steps fits perfectly, and a robust fit then divides by its scatter of 0.
    whisper = WHISPER * rng.normal(size=len(taught))
    coefficients = np.asarray(RLM(y[taught] / unit + whisper, matrix[taught]).fit().params, np.float64) * unit
    return coefficients, scatter(y[known] - matrix[known] @ coefficients, size)
