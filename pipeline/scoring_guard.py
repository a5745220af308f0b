"""Dates do not follow a remaining life that leaps before a second assessment has said the same."""

from __future__ import annotations

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.health import Assessment

LEAP = 2.0
"""A median this many times longer or shorter than what was to be expected is a leap."""

LEAST_HOURS = 4.0
"""Shorter lives are not told apart: near the end hours are noise."""


class Leaps:
    """Remembers the median remaining life of each asset's first fault, as it was last believed."""

    def __init__(self) -> None:
        self._believed: dict[tuple[str, Fault], tuple[int, float]] = {}
        self._waiting: dict[tuple[str, Fault], tuple[int, float]] = {}

    def unconfirmed(self, assessment: Assessment) -> bool:
        """Does its first forecast leap, and is it the first to say so? The next one that agrees is believed.

        The first forecast of a fault has nothing to be compared with and is believed.
        """
        if not assessment.forecasts:
            return False
        forecast = assessment.forecasts[0]
        key, median = (assessment.asset, forecast.fault), forecast.quantile(0.5)
        for told in (self._believed.get(key), self._waiting.get(key)):
            if told is not None and not _leaps(told, assessment.at_us, median):
                break
        else:
            if key in self._believed:
                self._waiting[key] = assessment.at_us, median
                return True
        self._believed[key] = assessment.at_us, median
        self._waiting.pop(key, None)
        return False

    def forget(self, asset: str) -> None:
        """Another machine stands there, or the old one is in good order again."""
        for kept in (self._believed, self._waiting):
            for key in [key for key in kept if key[0] == asset]:
                del kept[key]


def _leaps(told: tuple[int, float], at_us: int, median: float) -> bool:
    """Is a median far from an older one, less the hours that have passed since?

    >>> _leaps((0, 100.0), 10 * US_PER_HOUR, 60.0), _leaps((0, 100.0), 10 * US_PER_HOUR, 30.0)
    (False, True)
    """
    then_us, hours = told
    expected = max(hours - (at_us - then_us) / US_PER_HOUR, LEAST_HOURS)
    now = max(median, LEAST_HOURS)
    return max(expected / now, now / expected) > LEAP
