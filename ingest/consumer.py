"""From the journal to a store or sink: a thread that decodes and stores what is already durable and acknowledged.

It can always be killed: on restart it goes on at the store's position, and storing the same frames again changes
nothing. When the store refuses for now (disk full, stalled, server away), it waits and repeats; meanwhile the journal
absorbs, and past its byte limit the front door withholds acknowledgements. Each store or sink has a consumer of its
own, with its own position; the journal is trimmed behind the slowest (`Trimmer`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from forewarn.core.errors import Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.delivery import BROKER_PREFIX, Frame
from forewarn.ingest.desk import Command
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import JournalBatch

log = structlog.get_logger(__name__)

REFUSED_TOPIC = "$forewarn/refused/"
"""Topic prefix under which the front door journals what it turned away. Clients cannot publish to `$` topics."""

IDLE_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Manner:
    """How a consumer goes about its work: the longest pause (s) before it asks again a store that refused, and whether
    it finishes everything durable before it stops, or leaves a backlog for the next start.
    """

    max_backoff_s: float = 5.0
    finishes: bool = True


OF_A_STORE = Manner()
OF_A_SINK = Manner(max_backoff_s=30.0, finishes=False)
T = TypeVar("T")


class FrameSource(Protocol):
    """What the consumer needs of the journal."""

    def read(self, position: int, max_bytes: int = ...) -> JournalBatch | None:
        """The batch that starts at a position, or None when nothing newer is durable."""
        ...

    def trim(self, before: int) -> int:
        """Delete whole segments that end before a position."""
        ...

    @property
    def end(self) -> int:
        """Position behind the last durable frame."""
        ...


class Sink(Protocol):
    """Where a consumer puts things: the part of `core.ports.SeriesWriter` that it needs. Idempotent by position."""

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        """Take everything that came up to a journal position (exclusive end). Raises Retriable to be asked again."""
        ...

    def memory(self) -> Mapping[str, bytes]:
        """What earlier batches asked to remember, as of `position`."""
        ...

    def flush(self) -> None:
        """Make `position` catch up with everything written."""
        ...

    @property
    def position(self) -> int:
        """Position up to which everything is durable."""
        ...


class Trimmer:
    """Gives journal segments back to the disk when every store and sink is past them. Callable from any thread."""

    def __init__(self, journal: FrameSource, sinks: Sequence[Sink]) -> None:
        self._journal, self._sinks = journal, sinks

    def trim(self) -> None:
        """Delete what nobody needs any more."""
        self._journal.trim(min(sink.position for sink in self._sinks))


def refusal_frame(received_at_us: int, client: str, topic: str, reason: str, size: int) -> Frame:
    """What the front door journals about a message that it turned away unread."""
    return Frame(received_at_us, 0, client, f"{REFUSED_TOPIC}{reason}", f"{size} {topic}".encode())


def _refusal(note: Frame) -> Refusal:
    size, _, topic = note.payload.decode(errors="replace").partition(" ")
    acknowledged = note.client.startswith(BROKER_PREFIX)  # a broker would deliver it for ever
    where = "at a broker's delivery, acknowledged" if acknowledged else "at the front door, never acknowledged"
    detail, reason = f"turned away {where}: {size} bytes", note.topic.removeprefix(REFUSED_TOPIC)
    return Refusal(note.received_at_us, note.client, topic, reason, detail, b"", readings=int(acknowledged))


def split_refusals(frames: Sequence[Frame]) -> tuple[Sequence[Frame], list[Refusal]]:
    """Part frames of devices from the front door's notes. A note counts no reading: its sender got no PUBACK."""
    if not any(f.topic.startswith(REFUSED_TOPIC) for f in frames):
        return frames, []
    notes = [_refusal(f) for f in frames if f.topic.startswith(REFUSED_TOPIC)]
    return [f for f in frames if not f.topic.startswith(REFUSED_TOPIC)], notes


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a consumer stands: `position` is durable in its store, `lag_bytes` of the journal still wait for it."""

    position: int
    lag_bytes: int
    wakes_at_us: int | None  # when its intake has something to do although nothing arrives


def nobody(commands: Sequence[Command]) -> None:
    """For consumers whose commands go nowhere: the senders hear of one store, not of its copies."""


class Consumer:
    """Reads the journal behind the front door and writes one store; `wake()` after every commit makes it prompt.

    Where several read one journal, all of them are given the same `trimmer`. `on_commands` hears what is to be
    published, in this consumer's thread, after the store has taken the batch that it says something about.
    """

    def __init__(
        self,
        journal: FrameSource,
        intake: Intake,
        store: Sink,
        on_fatal: Callable[[BaseException], None],
        trimmer: Trimmer | None = None,
        manner: Manner = OF_A_STORE,
        on_commands: Callable[[Sequence[Command]], None] = nobody,
    ) -> None:
        self._journal, self._intake, self._store = journal, intake, store
        self._on_fatal, self._manner, self._on_commands = on_fatal, manner, on_commands
        self._trimmer = trimmer or Trimmer(journal, [store])
        intake.restore(store.memory())
        self._next, self._wakes_at_us = store.position, intake.wakes_at_us
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def start(self) -> None:
        """Begin where the store stands."""
        self._thread.start()

    def wake(self) -> None:
        """Something new is durable. Callable from any thread."""
        self._woken.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish what is durable now (a sink: the batch in hand), then end."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout_s)

    @property
    def progress(self) -> Progress:
        """Where it stands. Callable from any thread."""
        position = self._store.position
        return Progress(position, self._journal.end - self._next, self._wakes_at_us)

    def feeds(self, store: Sink) -> bool:
        """Is this the consumer that writes this store?"""
        return self._store is store

    def between_batches(self, job: Callable[[], T]) -> Future[T]:
        """Run something in this consumer's thread, between two batches: the only place that may write its store.

        What it raises is the future's, and stops nothing. Callable from any thread.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits any more
            try:
                future.set_result(job())
            except Exception as error:  # whoever asked is told
                future.set_exception(error)

        self._jobs.put(run)
        self._woken.set()
        return future

    def replace_intake(self, intake: Intake) -> None:
        """Go on with another plant. Only `between_batches`: what was remembered is handed over."""
        self._store.flush()
        intake.restore(self._store.memory())
        intake.take_over(self._intake)
        self._intake, self._wakes_at_us = intake, intake.wakes_at_us

    def _run(self) -> None:
        try:
            while True:
                last = self._stopping.is_set()
                self._do_jobs()
                if not self._drained() or last:
                    return
                self._woken.wait(IDLE_WAIT_S)
                self._woken.clear()
        except BaseException as error:  # the process must end loudly: an ack without a consumer would pile up unseen
            log.error("consumer_stopped", error=str(error), kind=type(error).__name__)
            self._on_fatal(error)

    def _do_jobs(self) -> None:
        while not self._jobs.empty():
            self._jobs.get()()

    def _drained(self) -> bool:
        """Store everything durable; False when a stop interrupted it."""
        while (batch := self._journal.read(self._next)) is not None:
            if not self._stored(batch):
                return False
            self._next = batch.end
            self._trimmer.trim()
            self._do_jobs()
            if self._stopping.is_set() and not self._manner.finishes:
                return False
        flushed = self._patiently(self._store.flush)
        self._trimmer.trim()  # the flush may have moved the position: a full journal would wait for this for ever
        return flushed

    def _stored(self, batch: JournalBatch) -> bool:
        frames, turned_away = split_refusals(batch.frames)
        taken = self._intake.take(frames)
        refused = [*taken.refused, *turned_away]
        if not self._patiently(
            lambda: self._store.write(batch.end, taken.readings, taken.waveforms, refused, taken.notes)
        ):
            return False
        self._wakes_at_us = self._intake.wakes_at_us
        if commands := self._intake.commands():
            self._on_commands(commands)
        return True

    def _patiently(self, write: Callable[[], None]) -> bool:
        """Repeat until the store takes it; False when told to stop meanwhile (it will be read again at the start)."""
        backoff_s = 0.05
        while True:
            try:
                write()
                return True
            except Retriable as error:
                log.warning("store_waits", store=type(self._store).__name__, error=str(error), retry_in_s=backoff_s)
                if self._stopping.wait(backoff_s):
                    return False
                backoff_s = min(2 * backoff_s, self._manner.max_backoff_s)
