"""The only file that names concrete adapters: settings -> journal, stores, books, scorer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from forewarn.api.settings import ClockSettings, Settings
from forewarn.api.state import Plantroom
from forewarn.api.telemetry import TelemetryDesk
from forewarn.api.wiring_ingest import retention_us
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.ingest.control import ControlClient
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader

if TYPE_CHECKING:
    from forewarn.api.model_watch import ModelWatch
    from forewarn.api.work_watch import WorkWatch
    from forewarn.maintenance.assessment_book import AssessmentBook
    from forewarn.maintenance.orders.worked import WorkedOrders
    from forewarn.maintenance.records import Records
    from forewarn.maintenance.sensor_event_book import SensorEventBook
    from forewarn.maintenance.shelf_book import ShelfBook
    from forewarn.models.registry.registry import Registry
    from forewarn.pipeline.drift_watch import DriftReport
    from forewarn.pipeline.lives_elsewhere import LivesElsewhere
    from forewarn.pipeline.scoring import Scorer
    from forewarn.pipeline.trained import TrainedModels

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class MainParts:
    """What the main process owns."""

    room: Plantroom
    scorer: Scorer
    records: Records
    derived: PackedStore
    watch: ModelWatch
    elsewhere: LivesElsewhere
    work: WorkWatch

    def close(self) -> None:
        """Release the files."""
        self.work.stop()
        self.watch.stop()
        if self.room.models is not None:
            self.room.models.close()
        self.elsewhere.close()
        self.derived.close()
        self.records.close()


def main_parts(
    settings: Settings, plant: Plant, wall_us: Callable[[], int] = lambda: time.time_ns() // 1000
) -> MainParts:
    """Open records, readers and the derived store, and build the scorer, for which it is `wall_us` (a simulated past
    has a clock of its own)."""
    from forewarn.api import model_tools
    from forewarn.api.autonomy_desk import autonomy_of
    from forewarn.api.exchange_desk import tables_of
    from forewarn.api.people_desk import people_of_plant
    from forewarn.api.stock_desk import stock_of
    from forewarn.api.work_watch import work_of
    from forewarn.maintenance.records import open_records
    from forewarn.pipeline.analysis import Analysis
    from forewarn.pipeline.known_outcomes import KnownOutcomes
    from forewarn.pipeline.trained import TrainedModels

    elsewhere = elsewhere_of(settings, plant)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    records = open_records(settings.records_url)
    keep_origin(settings, records)
    books, registry = books_of(records), model_tools.registry_of(settings, records)
    room = room_of(settings, plant, books)
    derived = PackedStore(settings.derived_dir, journalled=False)
    trained = TrainedModels(registry, elsewhere.by_class, KnownOutcomes(books.orders, lambda: room.plant))
    books.orders.house = settings.orders.house(lambda: room.plant)
    scorer = scorer_of(settings, room, books, derived, trained, wall_us)
    desks_for(settings, room, records, scorer)
    autonomy_of(settings.autonomy, room, records, books.orders)
    people_of_plant(room, records, books.orders)
    stock_of(settings.stock, room, records, books.orders)
    room.analysis = Analysis(lambda: room.plant, records, room.derived, room.now_us)
    watch, work = models_of(settings, room, records, registry), work_of(settings, room, records, books.orders)
    tables_of(room, records, settings.plant, settings.adopted)
    return MainParts(room, scorer, records, derived, watch, elsewhere, work)


def elsewhere_of(settings: Settings, plant: Plant) -> LivesElsewhere:
    """Remaining lives that programs written elsewhere tell."""
    from forewarn.pipeline.lives_elsewhere import Elsewhere, lives_elsewhere

    named = {
        name: Elsewhere(tuple(s.command), s.asset_class, tuple(s.columns), s.every_h)
        for name, s in settings.models.scorers.items()
    }
    return lives_elsewhere(named, plant)


@dataclass(frozen=True, slots=True)
class Books:
    """The books of the records that scorer and room share."""

    orders: WorkedOrders
    assessments: AssessmentBook
    events: SensorEventBook
    shelf: ShelfBook


def books_of(records: Records) -> Books:
    """Open them."""
    from forewarn.maintenance.assessment_book import AssessmentBook
    from forewarn.maintenance.orders.worked import WorkedOrders
    from forewarn.maintenance.sensor_event_book import SensorEventBook
    from forewarn.maintenance.shelf_book import ShelfBook

    return Books(WorkedOrders(records), AssessmentBook(records), SensorEventBook(records), ShelfBook(records))


def room_of(settings: Settings, plant: Plant, books: Books) -> Plantroom:
    """The readers of the stores and the books, without the desks."""
    from forewarn.pipeline.live import Hub

    reader, derived, orders = PackedReader(settings.series_dir), PackedReader(settings.derived_dir), books.orders
    return Plantroom(
        plant,
        settings.clock.clock(),
        reader,
        derived,
        reader,
        orders,
        books.assessments,
        Hub(),
        orders.idempotent,
        books.events,
        energy=settings.energy,
        shelf=books.shelf,
    )


def scorer_of(
    settings: Settings,
    room: Plantroom,
    books: Books,
    derived: PackedStore,
    trained: TrainedModels,
    wall_us: Callable[[], int],
) -> Scorer:
    """The scorer of a room's plant."""
    from forewarn.api.autonomy_desk import advising_in
    from forewarn.pipeline.features import FeatureStage
    from forewarn.pipeline.scoring import Scorer

    return Scorer(
        room.plant,
        room.reader,
        room.derived,
        FeatureStage(room.reader, derived),
        books.orders,
        books.assessments,
        room.hub,
        room.clock,
        settings.scoring.assess_every_s,
        settings.scoring.poll_s,
        wall_us,
        sensor_events=books.events,
        false_alarms_per_year=settings.scoring.false_alarms_per_asset_year,
        workers=settings.scoring.workers,
        shelves=books.shelf,
        trained=trained,
        advising=advising_in(room),
    )


def desks_for(settings: Settings, room: Plantroom, records: Records, scorer: Scorer) -> None:
    """Give the room its desks of telemetry and of readings by hand."""
    from forewarn.api.readings import ReadingDesk
    from forewarn.maintenance.entry_book import EntryBook

    def use(changed: Plant) -> None:
        room.plant = changed
        scorer.use(changed)

    control = ControlClient(settings.control_socket)
    room.telemetry = TelemetryDesk(settings.plant, settings.adopted, settings.broker_promises, control, use)
    room.readings = ReadingDesk(room.reader, EntryBook(records), control, retention_us(settings))


def models_of(settings: Settings, room: Plantroom, records: Records, registry: Registry) -> ModelWatch:
    """Give the room its desk of models; the watch that looks for drift in what is in use."""
    from forewarn.api import model_children, model_tools
    from forewarn.api.model_watch import ModelWatch
    from forewarn.api.models_desk import ModelsDesk
    from forewarn.maintenance.registry.retraining import RetrainingBook
    from forewarn.pipeline.drift_watch import watch
    from forewarn.pipeline.training_set import Archive

    tasks = RetrainingBook(records)
    room.models = ModelsDesk(
        registry,
        model_tools.reports_of(settings),
        tasks,
        model_children.what_if_child(settings),
        model_children.train_child(settings),
        partial(model_tools.take_in, settings, registry),
        settings.scoring.false_alarms_per_asset_year,
        model_tools.costs_of(settings),
    )

    def look() -> tuple[tuple[DriftReport, ...], int]:
        now_us = room.now_us()
        archive = Archive(room.plant, room.reader, room.derived, room.orders)
        cards = model_tools.in_use(registry)
        return watch(
            archive, cards, tasks, now_us, lambda asset, since: room.assessments.history(asset, since, 1000)
        ), now_us

    return ModelWatch(room.models, look, settings.models.drift_every_h * 3600 / settings.clock.rate)


def check_addresses(settings: Settings) -> None:
    """Refuse to serve the API on an address that strangers reach: there is no TLS here yet."""
    if settings.http.host not in ("127.0.0.1", "localhost"):
        raise Rejected(
            "address_not_safe",
            f"the API would be open to everybody on {settings.http.host}: put a TLS proxy before 127.0.0.1",
        )


def token_file(settings: Settings) -> Path:
    """Where the token for programs is kept (readable by the owner only)."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    return settings.state_dir / "api-token"


def keep_origin(settings: Settings, records: Records) -> None:
    """Keep with the records what whoever explains them later needs: the plant clock, and which plant file it was."""
    from forewarn.maintenance.settings_table import keep_setting

    keep_setting(records, "clock", settings.clock.model_dump())
    keep_setting(records, "plant_sha256", hashlib.sha256(settings.plant.read_bytes()).hexdigest())


def kept_clock(settings: Settings, records: Records) -> ClockSettings:
    """The plant clock that these records were made with."""
    from forewarn.maintenance.settings_table import setting

    kept = setting(records, "clock")
    return ClockSettings.model_validate(kept) if kept else settings.clock
