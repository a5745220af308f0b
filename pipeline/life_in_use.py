"""A trained remaining life at work: the champion of a class of machines is pooled with the built-in trend.

Only a machine that is suspected of something has a forecast at all; then both say how long it lasts, and the mixture of
the two counts (linear opinion pool, Stone 1961, equal weights): where they disagree, the interval says so. The forecast
carries the trained version as its model. The same functions serve the live road, shadow versions and what-if runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import ForewarnError, NotReady
from forewarn.core.health import Assessment, ModelRef, RulForecast
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor
from forewarn.core.readings import Floats, Track
from forewarn.models.life.contract import LEVELS, Life, Prognosis
from forewarn.models.life.pooling import pooled
from forewarn.models.registry.registry import Opened, Registry
from forewarn.pipeline.training import data_of
from forewarn.pipeline.training_lives import LifeSpan
from forewarn.pipeline.training_set import dated_life

log = structlog.get_logger(__name__)

LEAST_HOURS = 1e-3
LOOK_S = 30.0
"""Wall seconds after which a new champion is noticed at the latest."""

SYSTEM = Actor("forewarn", "system")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedLife:
    """A version of a remaining life, opened."""

    card: ModelCard
    prognosis: Prognosis
    ref: ModelRef

    @staticmethod
    def of(opened: Opened) -> TrainedLife:
        """From the registry. The task of its card must be life."""
        if opened.entry.card.task != "life":
            raise NotReady(f"{opened.entry.name} is a {opened.entry.card.task}, not a remaining life")
        return TrainedLife(opened.entry.card, opened.model, opened.ref)  # type: ignore[arg-type] # by its task

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


def with_trained_life(
    trained: TrainedLife, asset: Asset, tracks: Mapping[str, Track], from_us: int, assessment: Assessment
) -> Assessment:
    """The assessment with each forecast pooled with the trained one; the very same where that cannot tell."""
    if not assessment.forecasts:
        return assessment
    left = trained.left(asset, tracks, from_us, assessment.at_us)
    if left is None:
        return assessment
    return replace(assessment, forecasts=tuple(_pooled(f, left, trained.ref) for f in assessment.forecasts))


def _pooled(built_in: RulForecast, left: Floats, ref: ModelRef) -> RulForecast:
    """Both opinions as one distribution, cut at the horizon of the built-in one."""
    trend = np.maximum(np.array([built_in.quantile(float(level)) for level in LEVELS]), LEAST_HOURS)
    hours = pooled(np.stack([trend, np.minimum(left, built_in.horizon_h)]), np.ones(2))
    hours = np.minimum(np.maximum.accumulate(hours), built_in.horizon_h)
    return RulForecast(built_in.fault, LEVELS, hours, built_in.horizon_h, ref)


Lives = Callable[[str, int], TrainedLife | None]
"""(name, version) -> that version, None when it cannot be opened any more."""


def pooled_then(
    assessment: Assessment,
    frozen: Mapping[str, Any],
    asset: Asset,
    tracks: Mapping[str, Track],
    from_us: int,
    lives: Lives | None,
) -> Assessment:
    """A recomputed assessment with the trained version that had a say in the frozen one (`assessment_json`), if any."""
    said = {(str(f["model"]["name"]), str(f["model"]["version"])) for f in frozen.get("forecasts", ())}
    trained = [(name, version) for name, version in said if name != assessment.model.name and version.isdigit()]
    if lives is None or len(trained) != 1:
        return assessment
    life = lives(trained[0][0], int(trained[0][1]))
    return assessment if life is None else with_trained_life(life, asset, tracks, from_us, assessment)


class LivesInUse:
    """Champions of remaining lives by class of machines, looked up anew every `LOOK_S`. One thread uses it.

    A version that cannot be used is told, retired by the registry, and leaves the built-in forecast as it is.
    `elsewhere`: programs of others by class (`lives_elsewhere`), asked where the class has no champion.
    """

    def __init__(
        self,
        registry: Registry,
        clock_s: Callable[[], float] = time.monotonic,
        elsewhere: Mapping[str, TrainedLife] | None = None,
    ) -> None:
        self._registry, self._clock_s, self._elsewhere = registry, clock_s, elsewhere or {}
        self._looked_s = -LOOK_S
        self._by_class: dict[str, ModelEntry] = {}

    def __call__(self, asset: Asset, tracks: Mapping[str, Track], from_us: int, assessment: Assessment) -> Assessment:
        """See `with_trained_life`; the same assessment where the class has no champion."""
        if not assessment.forecasts:
            return assessment
        entry, other = self._champion(asset.asset_class), self._elsewhere.get(asset.asset_class)
        if entry is None and other is None:
            return assessment
        try:
            life = self._opened(entry, assessment.at_us) if entry else other
            assert life is not None  # one of the two is there
            return with_trained_life(life, asset, tracks, from_us, assessment)
        except Exception as error:  # a version that cannot say takes nothing from what the built-in models say
            ours = isinstance(error, ForewarnError)
            card = entry.card if entry else other.card if other else None
            told = {"model": card.name, "version": card.version} if card else {}
            log.warning("trained_life_not_used", **told, error=str(error), exc_info=not ours)
            self._looked_s = -LOOK_S
            return assessment

    def _opened(self, entry: ModelEntry, at_us: int) -> TrainedLife:
        return TrainedLife.of(self._registry.open(entry.name, entry.version, SYSTEM, at_us, entry.card.schema))

    def _champion(self, asset_class: str) -> ModelEntry | None:
        if self._clock_s() - self._looked_s >= LOOK_S:
            found = self._registry.book.entries(stage=Stage.CHAMPION)
            self._by_class = {e.card.schema.asset_class: e for e in found if e.card.task == "life"}
            self._looked_s = self._clock_s()
        return self._by_class.get(asset_class)
