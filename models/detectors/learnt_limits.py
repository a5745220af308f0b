"""A limit on each column that the past itself sets, and that has to be passed for a while (ISA-18.2: on-delay)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.control_charts import largest
from forewarn.models.detectors.usual import Usual, learn_usual


@dataclass(frozen=True, slots=True)
class LearntLimits:
    """`duration` rows in a row must be that far away, on the same side."""

    duration: int = 5
    name: str = "limits"

    def learn(self, past: Window) -> LimitsJudge:
        """Learn level and scatter. Raises NotReady below 24 rows."""
        return LimitsJudge(learn_usual(past), self.duration)


@dataclass(frozen=True, slots=True, eq=False)
class LimitsJudge:
    """What `LearntLimits` learnt."""

    usual: Usual
    duration: int

    def strangeness(self, window: Window) -> Strangeness:
        """How far a column has stood away for the whole duration; a missing value is no evidence."""
        known = self.usual.deviations(window)
        held = np.maximum(lasting(known, self.duration), lasting(-known, self.duration))
        return largest(np.maximum(held, 0.0), known)


def lasting(values: Floats, rows: int) -> Floats:
    """Least of the last so many rows, float64[n, k]; NaN counts as 0, and so do the rows before the first."""
    if not len(values):
        return values
    padded = np.vstack([np.zeros((rows - 1, values.shape[1])), np.nan_to_num(values, nan=0.0)])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, rows, axis=0).min(axis=-1), np.float64)
