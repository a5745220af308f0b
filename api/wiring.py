"""The only file that names concrete adapters: settings -> journal, stores, books, scorer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from forewarn.api.settings import ClockSettings, Settings
from forewarn.api.sparkplug import sparkplug_desk
from forewarn.api.state import Plantroom
from forewarn.api.telemetry import TelemetryDesk
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.ingest.chunk_templates import chunk_templates
from forewarn.ingest.chunked import ChunkDesk
from forewarn.ingest.consumer import OF_A_SINK, Consumer, Sink, Trimmer, nobody
from forewarn.ingest.control import ControlClient
from forewarn.ingest.desk import Command
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import Journal
from forewarn.ingest.quality import RETENTION_US
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.ingest.store.retention import Retention
from forewarn.pipeline.adopted import load_plant_with_adopted

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

SINK_TIMEOUT_S = 5.0
CATALOGUE_DELAY_S = 0.05
"""Newest values become visible at the latest so long after their readings are stored, while more keep coming."""

End = Callable[[int], None]
"""Ends the process with a status; callable from any thread."""


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What the ingest process owns."""

    settings: Settings
    plant: Plant
    journal: Journal
    intake: Intake
    store: PackedStore
    second: SecondSink | None

    def consumers(
        self,
        on_fatal: Callable[[BaseException], None],
        on_commands: Callable[[Sequence[Command]], None] = nobody,
    ) -> list[Consumer]:
        """One for the store, one for the second sink; the journal is trimmed behind the slower of them.

        `on_commands` hears what the store's consumer has to tell the senders, in its thread.
        """
        sinks: list[Sink] = [self.store, self.second.sink] if self.second else [self.store]
        trimmer = Trimmer(self.journal, sinks)
        found = [Consumer(self.journal, self.intake, self.store, on_fatal, trimmer, on_commands=on_commands)]
        if self.second:
            intake, sink = self.second.intake, self.second.sink
            found.append(Consumer(self.journal, intake, sink, on_fatal, trimmer, OF_A_SINK))
        return found

    def use(self, plant: Plant, consumers: Sequence[Consumer]) -> Iterator[Future[None]]:
        """Let the consumers go on with another plant, one after the other, each between two of its batches."""

        def swap(consumer: Consumer) -> None:
            numbers = self.store.assign([spec.name for spec in plant.signals])
            consumer.replace_intake(intake_of(self.settings, plant, numbers))
            if self.second is not None and consumer.feeds(self.second.sink):
                self.second.sink.know(dict(zip(numbers, plant.signals, strict=True)))

        for consumer in consumers:
            yield consumer.between_batches(partial(swap, consumer))

    def close(self) -> None:
        """Release the files and connections."""
        if self.second:
            self.second.sink.close()
        self.store.close()
        self.journal.close()


@dataclass(frozen=True, slots=True)
class SecondSink:
    """An InfluxDB beside the embedded store, and its own decoder: the two are rarely at the same place."""

    sink: InfluxSink
    intake: Intake


def ingest_parts(settings: Settings) -> IngestParts:
    """Open journal and raw store. Raises Rejected for a broken plant file, OSError for a folder it cannot use."""
    plant = load_plant_with_adopted(settings.plant, settings.adopted)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    store = raw_store(settings)
    journal = journal_behind(store, settings)
    numbers = store.assign([s.name for s in plant.signals])
    intake = intake_of(settings, plant, numbers)
    intake.seed(PackedReader(settings.series_dir).last_values())
    return IngestParts(settings, plant, journal, intake, store, second_sink(settings, plant, journal, store, numbers))


def journal_behind(store: PackedStore, settings: Settings) -> Journal:
    """The journal that a store goes on in. Raises Rejected when the two do not belong together: what would be
    acknowledged then, the store would take for known already, or never meet."""
    limits = settings.journal.segment_bytes, settings.journal.limit_bytes
    journal = Journal(settings.journal_dir, *limits, first=store.position)
    if not journal.start <= store.position <= journal.end:
        span = f"[{journal.start}, {journal.end}]"
        journal.close()
        store.close()
        raise Rejected(
            "journal_of_another_store",
            f"{settings.series_dir} goes on at position {store.position}, {settings.journal_dir} holds {span}: one of"
            " them was replaced. Put back the one that belongs to the other, or move the journal aside to go on without"
            " what only it holds",
        )
    return journal


def raw_store(settings: Settings) -> PackedStore:
    """The writing side of the raw series. Raises Conflict while another process has it."""
    keep = settings.retention
    waveform_days = min((days for days in (keep.raw_days, keep.waveform_days) if days is not None), default=None)
    retention = Retention(keep.raw_days, waveform_days, keep.minute_days, keep.hour_days)
    return PackedStore(settings.series_dir, catalogue_delay_s=CATALOGUE_DELAY_S, retention=retention)


def second_sink(
    settings: Settings, plant: Plant, journal: Journal, store: PackedStore, numbers: Sequence[int]
) -> SecondSink | None:
    """The InfluxDB of the settings, where one is named; it goes on at its own cursor; where that leads nowhere, with
    what `store` remembers."""
    influx = settings.influx
    if not influx.url:
        return None
    cursor = SinkCursor(settings.influx_cursor)
    missed = cursor.enter(journal.start, journal.end, store.memory)
    if missed:
        log.warning("sink_begins_later", url=influx.url, position=cursor.position, journal_bytes_left_out=missed)
    specs = dict(zip(numbers, plant.signals, strict=True))
    server = InfluxServer(influx.url, influx.token, influx.org, influx.bucket, influx.api, SINK_TIMEOUT_S)
    sink = InfluxSink(server, specs, cursor)
    return SecondSink(sink, intake_of(settings, plant, numbers))


def intake_of(settings: Settings, plant: Plant, numbers: Sequence[int]) -> Intake:
    """Decoder and judge of a plant; the only place that names the stateful formats. Each consumer has its own."""
    chunks = partial(ChunkDesk, templates=chunk_templates(settings.plant.parent))
    return Intake(plant.signals, numbers, retention_us=retention_us(settings), desks=[sparkplug_desk(settings), chunks])


def retention_us(settings: Settings) -> int:
    """What is older is refused: its day is dropped, or about to be."""
    days = settings.retention.raw_days
    return RETENTION_US if days is None else min(RETENTION_US, days * US_PER_DAY)


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
    from forewarn.api.work_watch import work_of
    from forewarn.maintenance.records import open_records
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
    scorer = scorer_of(settings, room, books, derived, trained, wall_us)
    desks_for(settings, room, records, scorer)
    autonomy_of(settings.autonomy, room, records, books.orders)
    watch, work = models_of(settings, room, records, registry), work_of(settings, room, records, books.orders)
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
