"""From the journal to the store: the one thread that decodes and stores what is already durable and acknowledged.

It can always be killed: on restart it goes on at the store's position, and storing the same frames again changes
nothing. When the store refuses for now (disk full, stalled), it waits and repeats; meanwhile the journal absorbs, and
past its byte limit the front door withholds acknowledgements.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from forewarn.core.errors import Retriable
from forewarn.core.ports import Refusal, SeriesWriter
from forewarn.ingest.delivery import Frame
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import JournalBatch

log = structlog.get_logger(__name__)

REFUSED_TOPIC = "$forewarn/refused/"
"""Topic prefix under which the front door journals what it turned away. Clients cannot publish to `$` topics."""

IDLE_WAIT_S = 0.5
MAX_BACKOFF_S = 5.0


class FrameSource(Protocol):
    """What the consumer needs of the journal."""

    def read(self, position: int, max_bytes: int = ...) -> JournalBatch | None:
        """The batch that starts at a position, or None when nothing newer is durable."""
        ...

    def trim(self, before: int) -> int:
        """Delete whole segments that end before a position."""
        ...


def refusal_frame(received_at_us: int, client: str, topic: str, reason: str, size: int) -> Frame:
    """What the front door journals about a message that it turned away unread."""
    return Frame(received_at_us, 0, client, f"{REFUSED_TOPIC}{reason}", f"{size} bytes for {topic!r}".encode())


def split_refusals(frames: Sequence[Frame]) -> tuple[Sequence[Frame], list[Refusal]]:
    """Part frames of devices from the front door's notes. A note counts no reading: its sender got no PUBACK."""
    if not any(f.topic.startswith(REFUSED_TOPIC) for f in frames):
        return frames, []
    notes = [
        Refusal(
            f.received_at_us,
            f.client,
            "",
            f.topic.removeprefix(REFUSED_TOPIC),
            "turned away at the front door, never acknowledged: " + f.payload.decode(errors="replace"),
            b"",
            readings=0,
        )
        for f in frames
        if f.topic.startswith(REFUSED_TOPIC)
    ]
    return [f for f in frames if not f.topic.startswith(REFUSED_TOPIC)], notes


class Consumer:
    """Reads the journal behind the front door and writes the store; `wake()` after every commit makes it prompt."""

    def __init__(
        self,
        journal: FrameSource,
        intake: Intake,
        store: SeriesWriter,
        now_us: Callable[[], int],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._journal, self._intake, self._store, self._now_us = journal, intake, store, now_us
        self._on_fatal = on_fatal
        self._next = store.position
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def start(self) -> None:
        """Begin where the store stands."""
        self._thread.start()

    def wake(self) -> None:
        """Something new is durable. Callable from any thread."""
        self._woken.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish what is durable now, then end."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while True:
                last = self._stopping.is_set()
                if not self._drained() or last:
                    return
                self._woken.wait(IDLE_WAIT_S)
                self._woken.clear()
        except BaseException as error:  # the process must end loudly: an ack without a consumer would pile up unseen
            log.error("consumer_stopped", error=str(error), kind=type(error).__name__)
            self._on_fatal(error)

    def _drained(self) -> bool:
        """Store everything durable; False when a stop interrupted it."""
        while (batch := self._journal.read(self._next)) is not None:
            if not self._stored(batch):
                return False
            self._next = batch.end
            self._journal.trim(self._store.position)
        return self._patiently(self._store.flush)

    def _stored(self, batch: JournalBatch) -> bool:
        frames, notes = split_refusals(batch.frames)
        taken = self._intake.take(frames, self._now_us())
        refused = [*taken.refused, *notes]
        return self._patiently(lambda: self._store.write(batch.end, taken.readings, taken.waveforms, refused))

    def _patiently(self, write: Callable[[], None]) -> bool:
        """Repeat until the store takes it; False when told to stop meanwhile (it will be read again at the start)."""
        backoff_s = 0.05
        while True:
            try:
                write()
                return True
            except Retriable as error:
                log.warning("store_waits", error=str(error), retry_in_s=backoff_s)
                if self._stopping.wait(backoff_s):
                    return False
                backoff_s = min(2 * backoff_s, MAX_BACKOFF_S)
