"""What every detector promises. `tests/models/detectors` runs one suite over every line of `table.DETECTORS`.

A detector learns what is usual from a window of the past and then says of each row how strange it is. It has no limit
of its own: a distance becomes a p-value, a score in [0, 1] and an alarm by calibration, which is where the rate of
false alarms is set. Rows in a regime that the past has not seen are not judged (NaN), not called normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from forewarn.core.readings import Floats, Window


@dataclass(frozen=True, slots=True, eq=False)
class Strangeness:
    """distance float64[n] >= 0, high = abnormal, NaN where it cannot be said; pulls float64[n, k] >= 0: which column
    pulls how much, rows adding up to 1 (0 where the distance is 0 or NaN)."""

    distance: Floats
    pulls: Floats


class Judge(Protocol):
    """A detector that has learnt. Pure: the same window gives the same answer; a row never depends on later rows."""

    def strangeness(self, window: Window) -> Strangeness:
        """How strange each row is. Raises Rejected when the columns are not those it learnt."""
        ...


class Detector(Protocol):
    """Settings of one way to look. `name` is its key in `table.DETECTORS`."""

    @property
    def name(self) -> str:
        """Key in the table."""
        ...

    def learn(self, past: Window) -> Judge:
        """Learn what is usual. Raises NotReady when the past is too short: "warming up" is an answer of its own."""
        ...
