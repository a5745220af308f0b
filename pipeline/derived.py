"""Writes into the derived series store: features, operating hours. Names are given numbers once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forewarn.core.ports import SeriesWriter
from forewarn.core.readings import Readings

Row = tuple[str, int, float]
"""Series name, time (UTC us), value."""


class DerivedSeries:
    """The way into the derived store. One thread uses it. Writing the same rows again changes nothing."""

    def __init__(self, store: SeriesWriter) -> None:
        self._store = store
        self._numbers: dict[str, int] = {}

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows durably, in one batch. When the store refuses, nothing of them is written."""
        if not rows:
            return
        self._name([name for name, _, _ in rows])
        readings = Readings.of(
            [self._numbers[n] for n, _, _ in rows], [at for _, at, _ in rows], [v for _, _, v in rows]
        )
        order = np.lexsort((readings.at, readings.series))
        self._store.write(self._store.position + 1, readings.take(order), [], [])

    def _name(self, names: Sequence[str]) -> None:
        new = sorted({n for n in names if n not in self._numbers})
        if new:
            self._numbers.update(zip(new, self._store.assign(new), strict=True))
