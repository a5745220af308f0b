"""Causal building blocks of remaining life: running quantiles, running medians, and the first sign of damage.

A number at a row is made from that row and earlier ones, so the past of a life never changes when it grows older.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life


def running_quantile(values: Floats, share: float) -> Floats:
    """float64 like `values` [n] or [n, k]: the quantile of everything up to each row (the lower of two neighbours), of
    each column; NaN is passed over, and stands where nothing came yet.

    >>> running_quantile(np.array([4.0, 2.0, np.nan, 3.0, 1.0]), 0.5).tolist()
    [4.0, 2.0, 2.0, 3.0, 2.0]
    """
    import pandas as pd

    table = pd.DataFrame(values.reshape(len(values), -1)).expanding(min_periods=1)
    return np.asarray(table.quantile(share, interpolation="lower"), np.float64).reshape(values.shape)


def running_median(values: Floats, width: int) -> Floats:
    """float64 like `values` [n] or [n, k]: median of the last `width` rows, of fewer at the start; NaN is passed over.

    >>> running_median(np.array([1.0, 9.0, 2.0, 3.0]), 3).tolist()
    [1.0, 5.0, 2.0, 3.0]
    """
    import pandas as pd

    table = pd.DataFrame(values.reshape(len(values), -1)).rolling(width, min_periods=1)
    return np.asarray(table.median(), np.float64).reshape(values.shape)


def smallest_of(values: Floats, width: int) -> Floats:
    """float64[n]: the smallest of the last `width` rows, -inf where fewer came or one is missing."""
    told = np.full(len(values), -np.inf)
    if len(values) >= width:
        least = np.lib.stride_tricks.sliding_window_view(values, width).min(axis=1)
        told[width - 1 :] = np.where(np.isnan(least), -np.inf, least)
    return told


@dataclass(frozen=True, slots=True)
class FirstSign:
    """Damage has begun when a quantity has stood `factor` above its own running lower quartile `in_a_row` times.

    The lower quartile of everything so far follows a machine that runs in (levels fall for a third of the life of a
    freshly greased bearing) and hardly follows one that fails. Several columns that look at the same component, such as
    two directions of one bearing housing, are averaged on a logarithmic scale: a sensor that moved or a change of the
    mounting moves one of them. Before `least_rows` nothing is said. Values must be above 0, as RMS values are.
    """

    columns: tuple[str, ...]
    factor: float = 1.5
    in_a_row: int = 5
    share: float = 0.25
    least_rows: int = 30

    def rises(self, life: Life) -> Floats:
        """float64[n]: how many times above its quartile each row stands (geometric mean over the columns); NaN where
        no column has a value. Columns that the life does not have are left out.

        >>> life = Life("a", np.arange(4.0), ("x",), np.array([[1.0], [1.0], [2.0], [4.0]]), False)
        >>> FirstSign(("x", "y")).rises(life).tolist()
        [1.0, 1.0, 2.0, 4.0]
        """
        places = [life.names.index(name) for name in self.columns if name in life.names]
        if not places:
            return np.full(len(life.age), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.where(life.values[:, places] > 0, life.values[:, places], np.nan))
        above = logs - running_quantile(logs, self.share)
        known = ~np.isnan(above)
        total = np.where(known, above, 0.0).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.exp(np.where(known.any(axis=1), total / known.sum(axis=1), np.nan)), np.float64)

    def row(self, life: Life) -> int | None:
        """The row at which damage was first certain, or None.

        >>> rms = np.r_[np.linspace(2.0, 1.0, 60), np.linspace(1.0, 3.0, 20)][:, None]      # runs in, then fails
        >>> life = Life("a", np.arange(80.0), ("x",), rms, True)
        >>> FirstSign(("x",)).row(life), FirstSign(("x",)).row(life.until(70))
        (73, None)
        """
        raised = smallest_of(self.rises(life), self.in_a_row) > self.factor
        raised[: self.least_rows] = False
        found = np.flatnonzero(raised)
        return int(found[0]) if len(found) else None
