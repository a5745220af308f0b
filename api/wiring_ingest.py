"""What the ingest process is made of. With `wiring` the only modules that name concrete adapters.

It stands apart so that the process that acknowledges is up in a second: nothing here loads databases, web or models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

import structlog

from forewarn.api.settings import Settings
from forewarn.api.sparkplug import sparkplug_desk
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.ingest.chunk_templates import chunk_templates
from forewarn.ingest.chunked import ChunkDesk
from forewarn.ingest.consumer import OF_A_SINK, Consumer, Sink, Trimmer, nobody
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
