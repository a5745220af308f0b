"""Shadow versions score beside the champion: their answers are kept as derived series and open nothing.

Series of a machine: `asset/:shadow.NAME.VERSION.p10`, `.p50`, `.p90` (hours left) of a remaining life; `.score` (in
[0, 1], 0.5 = at its limit) of a detector.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
import structlog

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import ForewarnError
from forewarn.core.health import State
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage
from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import Track
from forewarn.models.detectors.calibration import Calibrated
from forewarn.models.life.contract import LEVELS
from forewarn.models.registry.registry import Registry
from forewarn.models.training.drift import Outcomes, coverage
from forewarn.pipeline.derived import Row
from forewarn.pipeline.detector_in_use import score_now
from forewarn.pipeline.life_in_use import TrainedLife
from forewarn.pipeline.training import data_of
from forewarn.pipeline.training_lives import lives_of, repairs_of
from forewarn.pipeline.training_set import Archive
from forewarn.pipeline.version import Case
from forewarn.pipeline.versions_in_use import LOOK_S, SYSTEM

log = structlog.get_logger(__name__)

IN_SHADOW = (Stage.SHADOW, Stage.CHALLENGER)
QUANTILES = (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))


def shadow_series(asset: str, name: str, version: int, what: str) -> str:
    """Name of the derived series of one answer.

    >>> shadow_series("p1", "pump-life", 2, "p50")
    'p1/:shadow.pump-life.2.p50'
    """
    return f"{asset}/:shadow.{name}.{version}.{what}"


class ShadowRun:
    """Asks every shadow version of a machine's class, as often as the rows of its training data came. One thread uses
    it; a version that fails stops nobody."""

    def __init__(self, registry: Registry, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._registry, self._clock_s = registry, clock_s
        self._looked_s = -LOOK_S
        self._entries: list[ModelEntry] = []
        self._asked_us: dict[tuple[str, str, int], int] = {}

    def rows(self, asset: Asset, tracks: Mapping[str, Track], from_us: int, at_us: int, state: State) -> list[Row]:
        """What the shadow versions say of a machine now, as rows for the derived store; nothing of one that is away."""
        if state is State.OFFLINE:
            return []
        found: list[Row] = []
        for entry in self._of_class(asset.asset_class):
            if not self._is_due(asset.id, entry, at_us):
                continue
            try:
                opened = self._registry.open(entry.name, entry.version, SYSTEM, at_us, entry.card.schema)
                if entry.card.task == "life":
                    said = _life(TrainedLife.of(opened), asset, tracks, from_us, at_us)
                else:
                    case = Case(asset, tracks, from_us, at_us)
                    score = score_now(cast(Calibrated, opened.model), entry.card, case)
                    said = {} if score is None else {"score": score}
            except Exception as error:  # it opens nothing, so that it may fail as often as it likes
                ours = isinstance(error, ForewarnError)
                told = {"model": entry.name, "version": entry.version, "error": str(error)}
                log.warning("shadow_failed", **told, exc_info=not ours)
                self._looked_s = -LOOK_S
                continue
            series = {what: shadow_series(asset.id, entry.name, entry.version, what) for what in said}
            found += [(series[what], at_us, value) for what, value in said.items()]
        return found

    def _is_due(self, asset: str, entry: ModelEntry, at_us: int) -> bool:
        key = (asset, entry.name, entry.version)
        step_us = round(data_of(entry.card, at_us).every_h * US_PER_HOUR)
        due = at_us - self._asked_us.get(key, -(2**62)) >= step_us
        if due:
            self._asked_us[key] = at_us
        return due

    def _of_class(self, asset_class: str) -> list[ModelEntry]:
        if self._clock_s() - self._looked_s >= LOOK_S:
            self._entries = [entry for stage in IN_SHADOW for entry in self._registry.book.entries(stage=stage)]
            self._looked_s = self._clock_s()
        tasks = ("life", "detector")
        return [e for e in self._entries if e.card.task in tasks and e.card.schema.asset_class == asset_class]


def _life(
    trained: TrainedLife, asset: Asset, tracks: Mapping[str, Track], from_us: int, at_us: int
) -> dict[str, float]:
    left = trained.left(asset, tracks, from_us, at_us)
    if left is None:
        return {}
    return {what: float(np.interp(level, LEVELS, left)) for what, level in QUANTILES}


def shadow_answers(derived: SeriesReader, asset: str, name: str, version: int, what: str) -> Track:
    """What a shadow version has said of a machine; empty when it was never asked."""
    number = derived.names().get(shadow_series(asset, name, version, what))
    if number is None:
        return Track.of([], [])
    readings = derived.read(number, 0, 2**62)
    return Track(readings.at, readings.value)


def shadow_outcomes(archive: Archive, card: ModelCard, until_us: int) -> Outcomes:
    """What a version in the shadow said of machines that failed later, beside what was left (operating hours, at the
    hours per day of the plant file). Empty until a machine of its class has failed under its eyes."""
    rows: list[tuple[float, float, float, float]] = []
    repairs = repairs_of(archive.orders, until_us)
    for asset in archive.plant.assets:
        if asset.asset_class != card.schema.asset_class:
            continue
        said = [shadow_answers(archive.derived, asset.id, card.name, card.version, what) for what, _ in QUANTILES]
        share = min(asset.operating_hours_per_day, 24.0) / 24.0
        for life in lives_of(asset.id, repairs.get(asset.id, ()), 0, until_us):
            if life.ended and all(len(track) for track in said):
                p10, p50, p90 = (track.between(life.start_us, life.stop_us) for track in said)
                left = (life.stop_us - p50.at) / US_PER_HOUR * share
                rows += zip(p10.value, p50.value, p90.value, left, strict=True)
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Outcomes(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def shadow_figures(archive: Archive, card: ModelCard, until_us: int) -> dict[str, float]:
    """Figures of what a version said in the shadow: answers, mae of P50, coverage_80; {} where none can be judged."""
    found = shadow_outcomes(archive, card, until_us)
    if not len(found.left):
        return {}
    kept = coverage(found)
    mae = float(np.abs(found.p50 - found.left).mean())
    return {"answers": float(len(found.left)), "mae": mae, "coverage_80": float(kept.value or 0.0)}
