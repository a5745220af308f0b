"""A trained remaining life at work: the champion of a class of machines is pooled with the built-in trend.

Only a machine that is suspected of something has a forecast at all; then both say how long it lasts, and the mixture of
the two counts (linear opinion pool, Stone 1961, equal weights): where they disagree, the interval says so. The forecast
carries the trained version as its model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import Assessment, ModelRef, RulForecast
from forewarn.core.model_cards import ModelCard
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Track
from forewarn.models.life.contract import LEVELS, Life, Prognosis
from forewarn.models.life.pooling import pooled
from forewarn.models.registry.registry import Opened
from forewarn.pipeline.training import data_of
from forewarn.pipeline.training_lives import LifeSpan
from forewarn.pipeline.training_set import dated_life
from forewarn.pipeline.version import Case, Version, require_task

LEAST_HOURS = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class TrainedLife(Version):
    """A version of a remaining life, opened."""

    prognosis: Prognosis

    @staticmethod
    def of(opened: Opened) -> TrainedLife:
        """From the registry. Raises NotReady for another task."""
        require_task(opened, "life", "remaining life")
        return TrainedLife(opened.entry.card, opened.ref, opened.model)  # type: ignore[arg-type] # by its task

    def after(self, case: Case, assessment: Assessment) -> Assessment:
        """Each forecast pooled with what this version says; the very same assessment where it cannot tell."""
        if not assessment.forecasts:
            return assessment
        left = self.left(case.asset, case.tracks, case.from_us, case.at_us)
        if left is None:
            return assessment
        forecasts = tuple(_pooled(f, left, self.ref) for f in assessment.forecasts)
        return replace(assessment, forecasts=forecasts, versions=(*assessment.versions, self.ref))

    def left(self, asset: Asset, tracks: Mapping[str, Track], from_us: int, at_us: int) -> Floats | None:
        """Hours left at `LEVELS`, float64[7]; None where it cannot tell. `from_us`: last repair, 0 when there was none:
        the life then counts from the first reading."""
        life = life_now(asset, tracks, from_us, at_us, self.card)
        if life is None:
            return None
        said = self.prognosis.forecast([life])
        hours = np.array([np.interp(level, said.levels, said.left[0]) for level in LEVELS])
        return np.maximum.accumulate(np.maximum(hours, LEAST_HOURS)) if np.isfinite(hours).all() else None


def life_now(asset: Asset, tracks: Mapping[str, Track], from_us: int, at_us: int, card: ModelCard) -> Life | None:
    """The life of a machine up to now with the columns of a card; None without a row.

    Where it began before the tracks do, the hours in between count as the machine runs usually.
    """
    known = [int(track.at[0]) for track in tracks.values() if len(track)]
    if not known:
        return None
    start_us = max(from_us, min(known))
    request = data_of(card, at_us)
    dated = dated_life(asset, LifeSpan(asset.id, start_us, at_us, False), tracks, card.schema.names, request)
    if dated is None or not from_us:
        return dated.life if dated else None
    before_h = (start_us - from_us) / US_PER_HOUR * min(asset.operating_hours_per_day, 24.0) / 24.0
    return replace(dated.life, age=dated.life.age + before_h)


def _pooled(built_in: RulForecast, left: Floats, ref: ModelRef) -> RulForecast:
    """Both opinions as one distribution, cut at the horizon of the built-in one."""
    trend = np.maximum(np.array([built_in.quantile(float(level)) for level in LEVELS]), LEAST_HOURS)
    hours = pooled(np.stack([trend, np.minimum(left, built_in.horizon_h)]), np.ones(2))
    hours = np.minimum(np.maximum.accumulate(hours), built_in.horizon_h)
    return RulForecast(built_in.fault, LEVELS, hours, built_in.horizon_h, ref)
