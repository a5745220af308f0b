"""Versions, scorecard, what-if reports, drift and tasks -> what the API says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from forewarn.api.schemas_models import (
    ColumnDriftOut,
    DriftOut,
    EstimateOut,
    FactorOut,
    LessonsOut,
    MissOut,
    ModelColumnOut,
    ModelDetail,
    ModelRow,
    OpenedOut,
    OrderChangeOut,
    RetrainingOut,
    ScorecardOut,
    ScoreOut,
    SkillOut,
    SuggestionOut,
    VerdictsOut,
    WhatIfOut,
)
from forewarn.api.views import moment
from forewarn.core.faults import Fault
from forewarn.core.model_cards import ModelEntry
from forewarn.core.plant import Plant
from forewarn.core.retraining import RetrainingTask
from forewarn.core.work import Json
from forewarn.maintenance.evidence import fault_label, plain_object
from forewarn.models.diagnosis.taught import Skill, Taught
from forewarn.models.training.intervals import Estimate
from forewarn.pipeline.drift_watch import DriftReport
from forewarn.pipeline.scorecard import Score, Scorecard
from forewarn.pipeline.text_in_use import Suggestion


def row_fields(entry: ModelEntry) -> dict[str, Any]:
    """What a row and a detail share."""
    card = entry.card
    return {
        "name": entry.name,
        "version": entry.version,
        "task": card.task,
        "kind": card.kind,
        "asset_class": card.schema.asset_class,
        "stage": entry.stage.value,
        "revision": entry.revision,
        "trained_at": moment(card.trained_at_us),
        "changed_at": moment(entry.changed_at_us),
        "promoted_at": None if entry.promoted_at_us is None else moment(entry.promoted_at_us),
        "rows": card.rows,
        "assets": card.assets,
        "metrics": dict(card.metrics),
        "report_sha256": entry.report_sha256,
        "failed": entry.failed,
        "allowed_stages": [stage.value for stage in entry.allowed_stages],
    }


def model_row(entry: ModelEntry) -> ModelRow:
    """One version in a list."""
    return ModelRow(**row_fields(entry))


def model_detail(entry: ModelEntry, reports: Sequence[str]) -> ModelDetail:
    """One version with its card; the summary for the drift watch stays in the file."""
    card = entry.card
    ends = card.extra.get("ends")
    columns = zip(card.schema.names, card.schema.units, strict=True)
    return ModelDetail(
        **row_fields(entry),
        columns=[ModelColumnOut(name=name, unit=unit) for name, unit in columns],
        data_digest=card.data_digest,
        data_from=moment(card.data_span_us[0]),
        data_until=moment(card.data_span_us[1]),
        file_sha256=card.file_sha256,
        settings=dict(card.settings),
        libraries=dict(card.libraries),
        limits=card.limits,
        notes=card.notes,
        ends=ends if isinstance(ends, int) else None,
        what_if=list(reports),
    )


def estimate(found: Estimate) -> EstimateOut:
    """A number with its interval."""
    return EstimateOut(**cast(Any, plain_object(found)))


def scorecard(card: Scorecard) -> ScorecardOut:
    """The whole card."""
    return ScorecardOut(
        since=moment(card.since_us),
        until=moment(card.until_us),
        empty=card.total.orders == 0,
        waiting=card.waiting,
        total=score(card.total),
        by_class=[score(line) for line in card.by_class],
        by_model=[score(line) for line in card.by_model],
        misses=[
            MissOut(asset=m.asset, asset_class=m.asset_class, number=m.number, at=moment(m.at_us)) for m in card.misses
        ],
    )


def score(line: Score) -> ScoreOut:
    """One line of the card."""
    return ScoreOut(**cast(Any, plain_object(line)))


def lessons(taught: Taught) -> LessonsOut:
    """What orders taught, the strongest lessons first."""
    factors = sorted(taught.factors, key=lambda told: -abs(math.log(told[2])))
    return LessonsOut(
        labels=taught.labels,
        confirmed=taught.confirmed,
        partly=taught.partly,
        not_found=taught.not_found,
        scored=taught.scored,
        physics=_skill(taught.physics),
        with_orders=_skill(taught.with_labels),
        less_log_loss=estimate(taught.less_log_loss),
        more_right=estimate(taught.more_right),
        factors=[FactorOut(asset_class=of, mechanism=mechanism, factor=by) for of, mechanism, by in factors],
        sentence=taught.sentence,
    )


def _skill(found: Skill | None) -> SkillOut | None:
    return None if found is None else SkillOut(**cast(Any, plain_object(found)))


def what_if(sha256: str, report: Json, plant: Plant) -> WhatIfOut:
    """A report as it was kept (`WhatIfReport.json`)."""
    told, span = cast(Any, report), cast(Any, report["span"])
    return WhatIfOut(
        sha256=sha256,
        change=told["change"],
        model=told["model"],
        since=moment(span["since_us"]),
        until=moment(span["until_us"]),
        every_h=span["every_h"],
        assets=told["assets"],
        before=VerdictsOut(**told["before"]),
        after=VerdictsOut(**told["after"]),
        real=VerdictsOut(**told["real"]),
        changes=[_change(change, plant) for change in told["changes"]],
        notes=told["notes"],
    )


def _change(change: Mapping[str, Any], plant: Plant) -> OrderChangeOut:
    asset = plant.asset(change["asset"])
    return OrderChangeOut(
        what=change["what"],
        asset=change["asset"],
        asset_name=asset.name if asset else change["asset"],
        before=_opened(change["before"]),
        after=_opened(change["after"]),
        moved_h=change["moved_h"],
    )


def _opened(told: Mapping[str, Any] | None) -> OpenedOut | None:
    if told is None:
        return None
    dates = {
        name: None if told[f"{name}_us"] is None else moment(told[f"{name}_us"]) for name in ("order_by", "start_by")
    }
    label = fault_label(Fault.parse(told["fault"])) if told["fault"] else ""
    return OpenedOut(
        fault=told["fault"], label=label, opened_at=moment(told["opened_us"]), p50_h=told["p50_h"], **dates
    )


def drift(report: DriftReport) -> DriftOut:
    """One model in use."""
    found = report.verdict
    return DriftOut(
        name=report.name,
        version=report.version or None,
        asset_class=report.asset_class,
        since=moment(report.since_us),
        at=moment(report.at_us),
        columns=[ColumnDriftOut(**cast(Any, plain_object(column))) for column in found.columns],
        coverage=estimate(found.coverage),
        residual_ratio=found.residual_ratio,
        reasons=list(found.reasons),
        note=report.note,
    )


def retraining(task: RetrainingTask) -> RetrainingOut:
    """One task."""
    return RetrainingOut(
        id=task.id,
        model=task.model,
        asset_class=task.asset_class,
        opened_at=moment(task.opened_at_us),
        seen_at=moment(task.seen_at_us),
        reasons=list(task.reasons),
        closed_at=None if task.closed_at_us is None else moment(task.closed_at_us),
        closed_by=task.closed_by,
    )


def suggestion(found: Suggestion) -> SuggestionOut:
    """What a text speaks of."""
    return SuggestionOut(
        failure_mode=found.failure_mode,
        fault=str(found.fault) if found.fault else None,
        part=found.part,
        model=found.by.name if found.by else None,
        version=int(found.by.version) if found.by else None,
    )
