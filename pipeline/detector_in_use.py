"""A trained detector at work: the champion of a class of machines is a second way to alarm.

It and the built-in detector share the set rate of false alarms, half each (`models.say`), so the promise holds for both
together. The version is set to its half by its own calibration, whatever rate it was trained for; one whose past
wandered (`Support.exchangeable`) promises no rate and therefore does not decide. Its rows lie on a fixed grid of plant
time, as long as those that taught it: each is judged once, however often the machine is assessed, and so counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import NotReady
from forewarn.core.model_cards import ModelCard
from forewarn.core.plant import Asset
from forewarn.core.readings import Track, Window
from forewarn.models.detectors.calibration import Calibrated
from forewarn.models.registry.registry import Opened
from forewarn.models.say import SHARE, Say
from forewarn.models.together import Together, seen_by
from forewarn.models.tracks import usable
from forewarn.models.training.sets import DatedLife, TrainingSet
from forewarn.pipeline.training import data_of
from forewarn.pipeline.training_lives import LifeSpan
from forewarn.pipeline.training_set import MOST_ROWS, dated_life
from forewarn.pipeline.version import Case, Version, require_task

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedDetector(Version):
    """A version of a detector, opened. `told` remembers its newest answer of each machine."""

    learnt: Calibrated
    told: dict[str, tuple[Key, Together | None]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(opened: Opened) -> TrainedDetector:
        """From the registry. Raises NotReady for another task, and for one that cannot promise a rate."""
        require_task(opened, "detector", "detector")
        learnt = opened.model
        assert isinstance(learnt, Calibrated)  # what training registers for this task
        if not learnt.support.exchangeable:
            raise NotReady(
                f"{opened.entry.name}:{opened.entry.version} promises no rate of false alarms, for its past wandered:"
                " train it on a longer one, or let it run in the shadow"
            )
        return TrainedDetector(opened.entry.card, opened.ref, learnt)

    def before(self, case: Case, say: Say) -> Say:
        """What it sees, at its half of the set rate; nothing where it cannot tell."""
        together = self.seen(case)
        return say if together is None else replace(say, together=together, detector=self.ref)

    def seen(self, case: Case) -> Together | None:
        """What it says of the newest row that is over; None while no row can be judged."""
        step_us = round(data_of(self.card, case.at_us).every_h * US_PER_HOUR)
        until_us = case.at_us // step_us * step_us
        from_us = max(case.from_us, until_us - (MOST_ROWS - 1) * step_us)
        tracks = usable(case.asset, case.tracks, case.doubted, from_us, until_us)
        asset = case.asset  # measured hours per day change all the time, and no row but by being 0
        known_by = asset.signals, asset.running, asset.operating_hours_per_day > 0
        key = until_us, from_us, case.rate, known_by, tuple((name, len(track)) for name, track in tracks.items())
        known = self.told.get(case.asset.id)
        if known is None or known[0] != key:
            known = self.told[case.asset.id] = key, self._seen(case.asset, tracks, from_us, until_us, case.rate)
        return known[1]

    def _seen(
        self, asset: Asset, tracks: Mapping[str, Track], from_us: int, until_us: int, rate: float
    ) -> Together | None:
        window = window_now(asset, tracks, from_us, until_us, self.card)
        if window is None or not len(window):
            return None
        return seen_by(self.learnt.at(SHARE * rate), window, self.card.rows)


def window_now(asset: Asset, tracks: Mapping[str, Track], from_us: int, at_us: int, card: ModelCard) -> Window | None:
    """The life of a machine up to a moment as rows with the columns of a card; None without any."""
    known = [int(track.at[0]) for track in tracks.values() if len(track)]
    if not known or min(known) >= at_us:
        return None
    span = LifeSpan(asset.id, max(from_us, min(known)), at_us, False)
    dated = dated_life(asset, span, tracks, card.schema.names, data_of(card, at_us))
    return _window(dated, card, at_us) if dated is not None else None


def _window(dated: DatedLife, card: ModelCard, at_us: int) -> Window:
    regime = card.settings.get("regime")
    names = tuple(str(name) for name in regime) if isinstance(regime, list) else ()
    return TrainingSet((dated,), card.schema, at_us, names).window(dated)


def score_now(learnt: Calibrated, card: ModelCard, case: Case) -> float | None:
    """The score of the newest row at the rate that it was trained for: what a version says in the shadow."""
    window = window_now(case.asset, case.tracks, case.from_us, case.at_us, card)
    score = learnt.score(window) if window is not None and len(window) else np.empty(0)
    return float(score[-1]) if len(score) and np.isfinite(score[-1]) else None
