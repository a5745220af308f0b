"""What commands and child processes need of a state folder to train, judge and try models. Series are only read."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from forewarn.api.settings import Settings
from forewarn.api.whatif_reports import WhatIfReports
from forewarn.api.wiring import kept_clock
from forewarn.core.clock import PlantClock
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.model_cards import ModelCard, ModelEntry, Stage, card_bytes, card_from_json
from forewarn.core.ports import Actor
from forewarn.ingest.folder_lock import FolderLock
from forewarn.ingest.store.reader import PackedReader
from forewarn.maintenance.assessment_book import AssessmentBook
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.registry.book import ModelBookSql
from forewarn.maintenance.registry.retraining import RetrainingBook
from forewarn.maintenance.sensor_event_book import SensorEventBook
from forewarn.models.registry.files import dumps, sha256
from forewarn.models.registry.loader import load_checked
from forewarn.models.registry.registry import Registry, open_registry
from forewarn.pipeline.adopted import load_plant_with_adopted
from forewarn.pipeline.known_outcomes import KeptCoverage, KnownOutcomes
from forewarn.pipeline.promotion import known_entry, parse_version
from forewarn.pipeline.scorecard import Costs
from forewarn.pipeline.scoring import assess_settings
from forewarn.pipeline.training import Contender, Trained
from forewarn.pipeline.training_set import Archive
from forewarn.pipeline.version import Version, Voice, VoicesOf
from forewarn.pipeline.versions_in_use import VersionsInUse, opened_version, trial_of
from forewarn.pipeline.whatif import Setup

MODEL, CARD = "model.skops", "card.json"
CONSOLE = Actor("console", "planner")
"""Who acts at the command line of the machine itself."""


@dataclass(frozen=True, slots=True)
class Tools:
    """A state folder, opened: its past, its clock, its books."""

    settings: Settings
    archive: Archive
    records: Records
    registry: Registry
    reports: WhatIfReports
    retraining: RetrainingBook
    assessments: AssessmentBook
    events: SensorEventBook
    clock: PlantClock

    @property
    def today(self) -> Setup:
        """The settings that decide today, with the champions of today."""
        return replace(setup_of(self.settings, self.clock), voices=self.voices())

    def voices(self, tried: Version | None = None) -> VoicesOf:
        """Who has a say today, or would have with a version that is tried; last of all who keeps the coverage."""
        today: VoicesOf = VersionsInUse(self.registry).of
        versions = trial_of(today, tried) if tried else today
        last = KeptCoverage(KnownOutcomes(self.archive.orders, lambda: self.archive.plant))

        def everybody(asset_class: str, at_us: int) -> tuple[Voice, ...]:
            return (*versions(asset_class, at_us), last)

        return everybody

    def contender(self, name: str, version: int) -> Contender:
        """A version with its model behind it, opened when it is asked for."""

        def opened(card: ModelCard) -> object:
            at_us = max(card.trained_at_us, 0)
            return self.registry.open(card.name, card.version, CONSOLE, at_us, card.schema).model

        return Contender(known_entry(self.registry, name, version).card, opened)


def voices_with(tools: Tools, model: str) -> VoicesOf | None:
    """Who is heard in a what-if run that tries a version; None for "". Raises NotReady for one that must not be."""
    if not model:
        return None
    name, version = parse_version(model)
    card = known_entry(tools.registry, name, version).card
    return tools.voices(opened_version(tools.registry, name, version, CONSOLE, max(card.trained_at_us, 0), card))


def notes_on(tools: Tools, model: str, since_us: int) -> tuple[str, ...]:
    """What somebody has to know who reads a what-if run of a version."""
    if not model:
        return ()
    card = known_entry(tools.registry, *parse_version(model)).card
    if card.task == "text":
        figures = ", ".join(f"{name} {value:.3g}" for name, value in sorted(card.metrics.items()))
        return (
            f"{model} reads words and opens no order: nothing changes here. Of texts that did not teach it: {figures}",
        )
    if card.data_span_us[1] <= since_us:
        return ()
    until = datetime.fromtimestamp(card.data_span_us[1] / 1e6, UTC).date().isoformat()
    return (f"{model} has learnt from data up to {until}: what it says of the time before is no test of it",)


def setup_of(settings: Settings, clock: PlantClock) -> Setup:
    """The settings that decide in a plant with this clock."""
    return Setup(assess_settings(clock, settings.scoring.false_alarms_per_asset_year))


def reports_of(settings: Settings) -> WhatIfReports:
    """Where what-if reports are kept."""
    return WhatIfReports(settings.models_dir / "reports")


def registry_of(settings: Settings, records: Records) -> Registry:
    """Files and rows of all versions of a state folder."""
    return open_registry(settings.models_dir / "versions", settings.state_dir / "model-key", ModelBookSql(records))


@contextmanager
def opened(settings: Settings) -> Iterator[Tools]:
    """Open a state folder. Raises Rejected when nothing was stored there, or the plant file cannot be used."""
    if not settings.series_dir.is_dir():
        raise Rejected("no_store", f"{settings.series_dir} does not exist: no series were stored there")
    try:
        plant = load_plant_with_adopted(settings.plant, settings.adopted)
    except OSError as error:
        raise Rejected(
            "plant_file", f"{settings.plant} cannot be read ({error.strerror}); name it by --plant"
        ) from error
    records = open_records(settings.records_url)
    raw, derived = PackedReader(settings.series_dir), PackedReader(settings.derived_dir)
    try:
        yield Tools(
            settings,
            Archive(plant, raw, derived, OrderBookSql(records)),
            records,
            registry_of(settings, records),
            reports_of(settings),
            RetrainingBook(records),
            AssessmentBook(records),
            SensorEventBook(records),
            kept_clock(settings, records).clock(),
        )
    finally:
        raw.close()
        derived.close()
        records.close()


def server_runs(settings: Settings) -> bool:
    """Does a main process run on this state folder? It alone writes the records then."""
    try:
        FolderLock(settings.derived_dir).release()
    except Conflict:
        return True
    return False


def put_aside(settings: Settings, trained: Trained) -> str:
    """Leave a trained version in the state folder for the running server to register; its name."""
    name = secrets.token_hex(16)
    folder = settings.models_dir / "incoming" / name
    folder.mkdir(parents=True)
    data = dumps(trained.model)
    (folder / MODEL).write_bytes(data)
    (folder / CARD).write_bytes(card_bytes(replace(trained.card, file_sha256=sha256(data))))
    return name


def take_in(settings: Settings, registry: Registry, name: str, actor: Actor, at_us: int) -> ModelEntry:
    """Register a version that waits in the state folder; its files leave the waiting room either way.

    Raises Rejected for a name that waits no more, a file that is not the one of its card, or one that must not be read.
    """
    folder = settings.models_dir / "incoming" / Path(name).name
    try:
        card = card_from_json(json.loads((folder / CARD).read_bytes()))
        data = (folder / MODEL).read_bytes()
        if sha256(data) != card.file_sha256:
            raise Rejected("changed_file", f"{MODEL} of {name} is not the file of its card")
        return registry.register(load_checked(data), card, actor, at_us)
    except (OSError, ValueError) as error:
        raise Rejected("not_waiting", f"there is no trained version {name} in {folder.parent}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def costs_of(settings: Settings) -> Costs | None:
    """What the plant reckons with; None unless all three are set."""
    told = settings.models
    if told.breakdown_cost is None or told.planned_cost is None or told.false_order_cost is None:
        return None
    return Costs(told.breakdown_cost, told.planned_cost, told.false_order_cost)


def in_use(registry: Registry) -> list[ModelCard]:
    """Cards of every version that decides, or scores beside one that does."""
    stages = (Stage.CHAMPION, Stage.SHADOW, Stage.CHALLENGER)
    return [entry.card for stage in stages for entry in registry.book.entries(stage=stage)]
