"""Recompute the evidence of an order from the stored series, and say whether it still comes out the same.

Differences have a reason: readings that arrived late, another model version, or a store that was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from forewarn.core.health import Assessment, SensorProblem
from forewarn.core.plant import Asset, Plant
from forewarn.core.plant_limits import Shelved
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import Track, Tracks
from forewarn.core.work import Cause, Json, WorkOrder
from forewarn.maintenance.evidence import assessment_json
from forewarn.models.assess import PRODUCT_DEFAULTS, AssessSettings, assess
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, Learned
from forewarn.models.say import Say
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.known_outcomes import KeptCoverage, KnownOutcomes
from forewarn.pipeline.running import with_hours
from forewarn.pipeline.version import Case, Voice, judged_with
from forewarn.pipeline.versions_in_use import OpenVersion, none_can_be_opened, versions_then

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """One number or word that comes out differently: `path` inside the assessment, frozen and recomputed value."""

    path: str
    frozen: object
    now: object


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause of an order: its frozen assessment, the recomputed one, and where they differ."""

    cause: Cause
    frozen: Json
    now: Json
    differences: tuple[Difference, ...]

    @property
    def same_decision(self) -> bool:
        """Do state and most probable fault come out the same, whatever the last digits say?"""
        return _decision(self.frozen) == _decision(self.now)


def explain(
    order: WorkOrder,
    plant: Plant,
    reader: SeriesReader,
    derived: SeriesReader,
    settings: AssessSettings = PRODUCT_DEFAULTS,
    open_version: OpenVersion = none_can_be_opened,
    learned_by: Callable[[int], Learned] = lambda at_us: NOTHING_LEARNED,
    outcomes: KnownOutcomes | None = None,
) -> list[Explanation]:
    """Recompute every cause of an order as of the moment when it was put there, from the data of the same span: what
    lay before the last repair, or was forgotten by then, had no say.

    `settings` as they were: `scoring.assess_settings` of the plant's clock. `open_version` opens the trained versions
    that had a say, `learned_by` says what closed orders had taught by a moment (`labels.Lessons.by`), `outcomes` how
    forecasts had ended by then. Raises KeyError when the asset is no longer in the plant file.
    """
    asset = plant.asset(order.asset)
    if asset is None:
        raise KeyError(f"{order.asset} is not in the plant file")
    history = AssetHistory(asset, reader.names(), reader)
    history.refresh()
    history.load_features(derived)
    explained = []
    for cause in order.causes:
        frozen = cast(Any, cause.evidence["assessment"])
        voices = voices_then(frozen, open_version, outcomes)
        learned = learned_by(frozen["at_us"])
        assessed = assessed_again(frozen, asset, history.tracks, as_then(settings, frozen), learned, voices)
        now = assessment_json(replace(assessed, hours_per_day=frozen.get("hours_per_day")))
        explained.append(Explanation(cause, frozen, now, tuple(differences(frozen, now))))
    return explained


def assessed_again(
    frozen: Mapping[str, Any],
    asset: Asset,
    tracks: Tracks,
    settings: AssessSettings,
    learned: Learned,
    voices: Sequence[Voice],
) -> Assessment:
    """An assessment as of its moment, with what was known then and with everybody who had a say."""
    at_us, since_us = int(frozen["at_us"]), int(frozen["span_us"][0])
    known = {name: _until(track, at_us) for name, track in tracks.items()}
    problems = [SensorProblem(**p) for p in frozen["sensor_problems"]]
    doubted, rate = frozenset(p.signal for p in problems), settings.detector.false_alarms_per_year
    case = Case(with_hours(asset, frozen.get("hours_per_day")), known, since_us, at_us, doubted, rate)
    shelved = shelved_then(frozen)

    def judge(say: Say) -> Assessment:
        return assess(case.asset, known, problems, at_us, settings, since_us, learned=learned, shelved=shelved, say=say)

    return judged_with(voices, case, judge)


def voices_then(
    frozen: Mapping[str, Any], open_version: OpenVersion, outcomes: KnownOutcomes | None
) -> tuple[Voice, ...]:
    """Everybody who had a say then. Forecasts from before outcomes were counted had nothing moved."""
    versions: tuple[Voice, ...] = versions_then(frozen, open_version)
    counted = any("outcomes" in forecast for forecast in frozen.get("forecasts", ()))
    return (*versions, KeptCoverage(outcomes)) if outcomes is not None and counted else versions


def shelved_then(frozen: Mapping[str, Any]) -> tuple[Shelved, ...]:
    """Limits that were silenced then."""
    return tuple(Shelved(frozen["asset"], name, frozen["at_us"] + 1) for name in frozen.get("shelved", []))


def as_then(settings: AssessSettings, frozen: Json) -> AssessSettings:
    """With the rate of false alarms that was set then."""
    rate = frozen.get("false_alarm_rate_per_year")
    if not isinstance(rate, int | float):
        return settings
    return replace(settings, detector=replace(settings.detector, false_alarms_per_year=float(rate)))


def _decision(assessment: Json) -> tuple[object, object]:
    diagnosis = cast(Any, assessment["diagnosis"])
    return assessment["state"], diagnosis[0]["fault"] if diagnosis else None


def _until(track: Track, at_us: int) -> Track:
    return track.between(-(2**62), at_us + 1)


def differences(frozen: object, now: object, path: str = "") -> list[Difference]:
    """Where two JSON values differ by more than `TOLERANCE` relative.

    >>> differences({"a": 1.0, "b": [1, 2]}, {"a": 1.0, "b": [1, 3]})
    [Difference(path='b.1', frozen=2, now=3)]
    """
    if isinstance(frozen, dict) and isinstance(now, dict):
        keys = sorted(frozen.keys() | now.keys())
        return [d for k in keys for d in differences(frozen.get(k), now.get(k), f"{path}.{k}".lstrip("."))]
    if isinstance(frozen, list) and isinstance(now, list) and len(frozen) == len(now):
        return [d for i, (a, b) in enumerate(zip(frozen, now, strict=True)) for d in differences(a, b, f"{path}.{i}")]
    if isinstance(frozen, float | int) and isinstance(now, float | int):
        close = abs(frozen - now) <= TOLERANCE * max(1.0, abs(frozen), abs(now))
        return [] if close else [Difference(path, frozen, now)]
    return [] if frozen == now else [Difference(path, frozen, now)]
