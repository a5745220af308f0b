"""A desk of models for a plant room of the tests: the real registry and books, jobs without processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forewarn.api.models_desk import ModelsDesk
from forewarn.api.state import Plantroom
from forewarn.api.whatif_reports import WhatIfReports
from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema, ModelCard, ModelEntry
from forewarn.core.ports import Actor
from forewarn.maintenance.records import Records
from forewarn.maintenance.registry.book import ModelBookSql
from forewarn.maintenance.registry.retraining import RetrainingBook
from forewarn.models.registry.registry import Registry, open_registry
from forewarn.pipeline.training_set import Archive, Progress
from forewarn.pipeline.whatif import Setup
from forewarn.pipeline.whatif_run import WhatIfRequest, what_if
from tests.maintenance.samples import NOW_US

SMITH = Actor("smith", "planner")


def card(name: str = "pump-life", **more: object) -> ModelCard:
    """A card of a remaining life for pumps."""
    told: dict[str, object] = {"task": "life", "kind": "weibull", "schema": FeatureSchema(("temp",), ("degC",), "pump")}
    told |= {"data_digest": "ab", "data_span_us": (0, NOW_US), "trained_at_us": NOW_US, "rows": 100, "assets": 4}
    told |= {"metrics": {"loss": 12.5}, "settings": {"every_h": 12.0}}
    return ModelCard(name=name, version=0, **{**told, **more})  # type: ignore[arg-type]


def give_desk(room: Plantroom, records: Records, folder: Path) -> ModelsDesk:
    """Puts a desk into the room."""
    registry = open_registry(folder / "versions", folder / "key", ModelBookSql(records))
    reports = WhatIfReports(folder / "reports")

    def run_what_if(request: WhatIfRequest, progress: Progress, cancelled: object) -> str:
        archive = Archive(room.plant, room.reader, room.derived, room.orders)
        return reports.put(what_if(archive, Setup(), request, progress=progress, cancelled=cancelled))  # type: ignore[arg-type]

    def nothing(*_: object) -> ModelEntry:
        raise Rejected("unknown_version", "nothing waits in this room, and nothing is trained in it")

    tasks = RetrainingBook(records)
    room.models = ModelsDesk(registry, reports, tasks, run_what_if, nothing, nothing, 0.1)  # type: ignore[arg-type]
    return room.models


def keep_version(registry: Registry, **more: object) -> ModelEntry:
    """A candidate whose file is never opened: its row alone."""
    made = card(**more)  # type: ignore[arg-type]
    numbered = replace(made, version=registry.book.reserve(made.name), file_sha256="0" * 64)
    return registry.book.add(numbered, SMITH, NOW_US)
