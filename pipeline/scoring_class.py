"""Which class a new machine starts from: its sisters of the same plant, looked at once a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Asset
from forewarn.core.readings import Tracks
from forewarn.models.class_prior import NO_PRIOR, ClassPrior, class_prior, sisterhood

NEW_FOR_US = 14 * US_PER_DAY
"""So long after its first reading, or after a repair, may a machine need its class."""

MOST_SISTERS = 20

Sisters = Callable[[], Sequence[tuple[Asset, Tracks]]]


class Classes:
    """Remembers for a day what each sisterhood showed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, float], tuple[int, ClassPrior]] = {}

    def prior(self, asset: Asset, tracks: Tracks, since_us: int | None, now_us: int, everybody: Sisters) -> ClassPrior:
        """The prior of a machine that is new or just repaired; none for all others.

        `everybody` is asked for all machines with their tracks when the sisterhood has to be looked at. Machines with
        fewer than 48 points do not count there, so that a new one is no sister of its own.
        """
        first_us = min((int(t.at[0]) for t in tracks.values() if len(t)), default=now_us)
        if now_us - max(first_us, since_us or 0) > NEW_FOR_US:
            return NO_PRIOR
        group = sisterhood(asset)
        told_us, prior = self._known.get(group, (None, NO_PRIOR))
        if told_us is None or now_us - told_us >= US_PER_DAY:
            sisters = [pair for pair in everybody() if sisterhood(pair[0]) == group and pair[0].id != asset.id]
            prior = class_prior(sisters[:MOST_SISTERS], now_us)
            self._known[group] = now_us, prior
        return prior
