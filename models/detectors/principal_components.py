"""Principal components: Hotelling's T2 inside the plane of the usual, Q across it (Jackson and Mudholkar 1979).

What pulls is told by reconstruction: how much the distance falls when one column alone is put right (Alcala, Qin 2009).
Plain contributions smear a fault over all columns that are tied to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.detectors.usual import Usual, learn_usual, shares

NO_ROOM = 1e-9
LEAST_VARIANCE = 1e-6  # of a deviation, squared: columns that have stood still


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """`smooth` rows are averaged first; components are kept until they explain `explained` of the variance."""

    smooth: int = 1
    explained: float = 0.9
    name: str = "principal_components"

    def learn(self, past: Window) -> ComponentsJudge:
        """Learn the plane. Raises NotReady below 24 rows."""
        usual = learn_usual(past)
        rows = usual.taught(past, self.smooth)
        centre = rows.mean(axis=0)
        _, singular, axes = np.linalg.svd(rows - centre, full_matrices=False)
        variance = np.maximum(singular**2 / len(rows), LEAST_VARIANCE)
        kept = int(np.searchsorted(np.cumsum(variance) / variance.sum(), self.explained)) + 1
        across = max(float(variance[kept:].sum()), 1e-4 * float(variance.sum()))
        return ComponentsJudge(usual, self.smooth, centre, axes[:kept], variance[:kept], across)


@dataclass(frozen=True, slots=True, eq=False)
class ComponentsJudge:
    """axes float64[c, k] of the plane, variance float64[c] along them, `across` the usual square across it."""

    usual: Usual
    smooth: int
    centre: Floats
    axes: Floats
    variance: Floats
    across: float

    def strangeness(self, window: Window) -> Strangeness:
        """Root of the larger of T2 over its mean and Q over its mean; 1 is what the past usually showed."""
        rows = self.usual.smoothed(window, self.smooth) - self.centre
        along = rows @ self.axes.T
        off = rows - along @ self.axes
        t2 = np.sum(along**2 / self.variance, axis=1) / len(self.variance)
        q = np.sum(off**2, axis=1) / self.across
        return Strangeness(np.sqrt(np.maximum(t2, q)), self._pulls(along, off))

    def _pulls(self, along: Floats, off: Floats) -> Floats:
        """How far the sum of both falls when each column alone is put right."""
        inside = (along / self.variance) @ self.axes / len(self.variance)
        own = np.sum(self.axes**2 / self.variance[:, None], axis=0) / len(self.variance)
        own = own + np.maximum(1 - np.sum(self.axes**2, axis=0), 0.0) / self.across
        falls = (inside + off / self.across) ** 2 / np.maximum(own, NO_ROOM)
        return shares(np.where(np.isnan(self.usual.spread), 0.0, falls))
