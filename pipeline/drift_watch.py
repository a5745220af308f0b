"""Watches whether models still see what they learnt from, and asks for retraining where they do not.

For every version in use: the columns of its card over the newest weeks against the summary that the card keeps; and its
past forecasts against the ends that orders told. Over the limits there is one task per model and class of machines, not
one per look; it closes when a newer version has been trained, or when the watch finds everything back to usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.model_cards import ModelCard
from forewarn.core.retraining import RetrainingTask
from forewarn.core.work import Json
from forewarn.models.training.drift import (
    AS_USUAL,
    ColumnDrift,
    DriftLimits,
    DriftVerdict,
    Outcomes,
    column_drift,
    reference_from_json,
    verdict,
)
from forewarn.pipeline.training import data_of
from forewarn.pipeline.training_lives import Repair, repairs_of
from forewarn.pipeline.training_set import Archive, training_set

WINDOW_DAYS = 21.0
LOOK_BACK_DAYS = 60.0
"""Forecasts made at most so long before an end are compared with it."""

BUILT_IN = "built-in"
"""Name of the models that ship, in tasks and reports: they have no card, so only their forecasts are watched."""

SPACED_US = 5 * US_PER_DAY
"""Forecasts of one machine closer than that say the same thing twice."""

AssessmentHistory = Callable[[str, int], Sequence[Json]]
"""(asset, since_us) -> its kept assessments, oldest first."""


class Tasks(Protocol):
    """Where retraining tasks are kept (`maintenance.retraining_book`)."""

    def want(self, model: str, asset_class: str, reasons: Sequence[str], at_us: int) -> RetrainingTask:
        """The one open task of a model."""
        ...

    def close(self, model: str, asset_class: str, by: str, at_us: int) -> bool:
        """Close it."""
        ...


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was found of one version ("built-in" 0: the models that ship) over the span; `note`: what nobody can say."""

    name: str
    version: int
    asset_class: str
    since_us: int
    at_us: int
    verdict: DriftVerdict
    note: str = ""


def drift_of_card(
    archive: Archive,
    card: ModelCard,
    now_us: int,
    assessments: AssessmentHistory,
    window_days: float = WINDOW_DAYS,
    limits: DriftLimits = AS_USUAL,
) -> DriftReport:
    """One version against the newest `window_days`."""
    since_us = now_us - round(window_days * US_PER_DAY)
    columns, note = _columns(archive, card, since_us, now_us, limits)
    assets = [asset.id for asset in archive.plant.assets if asset.asset_class == card.schema.asset_class]
    outcomes = outcomes_of(archive, assets, card.name, max(card.trained_at_us, 0), now_us, assessments)
    then = card.metrics.get("mae") if card.task == "life" else None
    told = verdict(columns, outcomes, then, limits)
    return DriftReport(card.name, card.version, card.schema.asset_class, since_us, now_us, told, note)


def drift_built_in(
    archive: Archive, asset_class: str, now_us: int, assessments: AssessmentHistory, limits: DriftLimits = AS_USUAL
) -> DriftReport:
    """The models that ship, for one class of machines: coverage of their past forecasts, over a year."""
    since_us = now_us - 365 * US_PER_DAY
    assets = [asset.id for asset in archive.plant.assets if asset.asset_class == asset_class]
    outcomes = outcomes_of(archive, assets, None, since_us, now_us, assessments)
    return DriftReport(BUILT_IN, 0, asset_class, since_us, now_us, verdict((), outcomes, None, limits))


def _columns(
    archive: Archive, card: ModelCard, since_us: int, now_us: int, limits: DriftLimits
) -> tuple[list[ColumnDrift], str]:
    kept = card.extra.get("reference")
    if not isinstance(kept, Mapping) or not kept:
        return [], "the card keeps no summary of its training data: train it again to have its inputs watched"
    try:
        found = training_set(archive, replace(data_of(card, now_us), since_us=max(since_us, 0)))
    except Rejected as error:
        return [], str(error)
    columns = []
    for name, summary in sorted(kept.items()):
        if name in found.schema.names:
            columns.append(column_drift(name, reference_from_json(cast(Any, summary)), found.column(name), limits))
    gone = sorted(set(kept) - set(found.schema.names))
    return columns, f"no value any more of {', '.join(gone)}" if gone else ""


def outcomes_of(
    archive: Archive, assets: Iterable[str], model: str | None, since_us: int, until_us: int, read: AssessmentHistory
) -> Outcomes:
    """Past forecasts of a model (None: of the models that ship) whose end is known, in operating hours.

    Only failures end a life: a repair in time says that it would have lasted longer. Forecasts count from
    `LOOK_BACK_DAYS` before the failure, at least five days apart.
    """
    rows: list[tuple[float, float, float, float]] = []
    repairs = repairs_of(archive.orders, until_us)
    for asset in assets:
        known = repairs.get(asset, ())
        for failed_us in (r.failed_us for r in known if r.failed_us is not None and r.failed_us >= since_us):
            begins_us = max(since_us, failed_us - round(LOOK_BACK_DAYS * US_PER_DAY), _began(failed_us, known))
            rows += _rows(read(asset, begins_us), failed_us, model)
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Outcomes(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _began(failed_us: int, repairs: Sequence[Repair]) -> int:
    """When the life that failed began: forecasts of the one before are about another."""
    return max((r.done_us for r in repairs if r.done_us is not None and r.done_us < failed_us), default=0)


def _rows(assessments: Sequence[Json], ends_us: int, model: str | None) -> list[tuple[float, float, float, float]]:
    rows, last_us = [], -(2**62)
    for kept in cast("Sequence[Any]", assessments):
        forecasts = [f for f in kept.get("forecasts", ()) if _is_of(f, kept, model)]
        if kept["at_us"] >= ends_us or kept["at_us"] - last_us < SPACED_US or not forecasts:
            continue
        told, last_us = forecasts[0], kept["at_us"]
        share = (kept.get("hours_per_day") or 24.0) / 24.0
        rows.append((told["p10_h"], told["p50_h"], told["p90_h"], (ends_us - last_us) / US_PER_HOUR * share))
    return rows


def _is_of(forecast: Mapping[str, Any], assessment: Mapping[str, Any], model: str | None) -> bool:
    said = str(forecast.get("model", {}).get("name", ""))
    return said == model if model is not None else said == str(assessment["model"]["name"])


def watch(
    archive: Archive,
    in_use: Sequence[ModelCard],
    tasks: Tasks,
    now_us: int,
    assessments: AssessmentHistory,
    limits: DriftLimits = AS_USUAL,
) -> tuple[DriftReport, ...]:
    """Look at every version in use and at the models that ship; open and close tasks. One look is enough a day."""
    reports = [drift_of_card(archive, card, now_us, assessments, limits=limits) for card in in_use]
    classes = sorted({asset.asset_class for asset in archive.plant.assets})
    reports += [drift_built_in(archive, name, now_us, assessments, limits) for name in classes]
    for report in reports:
        if report.verdict.reasons:
            tasks.want(report.name, report.asset_class, report.verdict.reasons, now_us)
        elif _can_tell(report.verdict):
            tasks.close(report.name, report.asset_class, "back to usual", now_us)
    return tuple(reports)


def _can_tell(found: DriftVerdict) -> bool:
    """Was there enough to look at? Silence is no sign of health."""
    return any(column.drifted is False for column in found.columns)


def trained_again(tasks: Tasks, card: ModelCard, at_us: int) -> bool:
    """A newer version closes the task of its name; was there one?"""
    if card.version < 1:
        raise NotReady("a version closes a task once it has its number")
    return tasks.close(card.name, card.schema.asset_class, f"{card.name}:{card.version}", at_us)
