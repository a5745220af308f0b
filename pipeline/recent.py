"""The newest readings of a signal, as the sensor watch judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RECENT = 24
"""So many newest readings of a signal are judged."""


@dataclass(frozen=True, slots=True)
class RecentReadings:
    """The newest readings of one signal, oldest first: times (UTC us), values, `Quality` bits. At most `RECENT`."""

    at: Sequence[int]
    value: Sequence[float]
    quality: Sequence[int]
