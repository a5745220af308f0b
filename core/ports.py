"""What the parts of Forewarn ask of one another. Each port has one contract suite in `tests/contracts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from forewarn.core.model_cards import ModelCard, ModelEntry, Stage
from forewarn.core.readings import Readings, Waveform
from forewarn.core.rollups import Rollup
from forewarn.core.telemetry import NO_NOTES, Gap, Notes, SeenPlace, SourceRecord
from forewarn.core.work import Advice, Json, Status, Verification, WorkOrder


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message, or one reading of it, that cannot be stored. `reason` is a stable slug.

    `payload` is the whole message (it can be replayed), unless `cut_bytes` says how much of its end is missing.
    `flags` are those of the frame (QoS, retain, dup). `row` is its number in the quarantine, 0 before it is there.
    """

    received_at_us: int
    source: str
    topic: str
    reason: str
    detail: str
    payload: bytes
    readings: int = 1
    flags: int = 1
    cut_bytes: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The books, in readings: acknowledged = stored + duplicates + conflicts + quarantined + summarised - replayed.

    `replayed` counts the readings that came a second time because a quarantined message was read again.
    """

    stored: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    summarised: int = 0
    replayed: int = 0

    @property
    def acknowledged(self) -> int:
        """The sum that the publisher's ledger must show."""
        return self.stored + self.duplicates + self.conflicts + self.quarantined + self.summarised - self.replayed


@dataclass(frozen=True, slots=True)
class LastValue:
    """Newest reading of a series but for `Quality.HISTORICAL` ones. `sequence` rises with every write of any series."""

    series: int
    name: str
    at_us: int
    value: float
    quality: int
    sequence: int


class SeriesWriter(Protocol):
    """The one writing connection to a series store. Idempotent: a batch at a position already taken changes nothing."""

    def assign(self, names: Sequence[str]) -> list[int]:
        """Numbers of these series, new ones made durable before they are returned."""
        ...

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        """Store everything that came up to a journal position (exclusive end), durably, once."""
        ...

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember (`Notes.memory`), as of `position`."""
        ...

    def flush(self) -> None:
        """Make `position` catch up with everything written."""
        ...

    @property
    def position(self) -> int:
        """Position up to which everything is durable (0 at first): where reading the journal goes on after a crash."""
        ...

    def close(self) -> None:
        """Finish and release the files."""
        ...


class SeriesReader(Protocol):
    """Reads of a series store, also from other processes while it is written. Intervals are half-open [start, stop)."""

    def names(self) -> Mapping[str, int]:
        """Series name -> number."""
        ...

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series, ascending in time."""
        ...

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        """The same of several series, where it can at the cost of little more than one. Every number is a key."""
        ...

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        """Waveforms of one series, ascending in time; only the `newest` so many when given."""
        ...

    def last_values(self, after_sequence: int = 0) -> list[LastValue]:
        """Newest reading of every series that changed after a sequence number. Waveforms count as value = RMS."""
        ...


class RollupReader(SeriesReader, Protocol):
    """A reader that also knows its readings by buckets of time: what a chart of a year is made of."""

    def rollup(self, series: int, start_us: int, stop_us: int, step_us: int) -> Rollup:
        """Every bucket of one series that touches [start, stop) and holds a reading; see `core.rollups`.

        Buckets are whole and begin at multiples of the step. Of times whose readings were dropped, what was kept comes
        instead, be its buckets wider. Raises `ValueError` for a step below 1.
        """
        ...


@dataclass(frozen=True, slots=True)
class QuarantineSummary:
    """Refusals of one reason: rows and readings that are kept, and readings whose rows had to leave."""

    reason: str
    rows: int
    readings: int
    summarised: int
    newest_at_us: int


class TelemetryBook(Protocol):
    """What is known about delivery: the books, the quarantine, gaps, senders, places to adopt. By queries."""

    def counts(self) -> Counts:
        """The books."""
        ...

    def quarantine(
        self, limit: int = 100, before_row: int | None = None, reason: str | None = None, search: str | None = None
    ) -> list[Refusal]:
        """Newest refusals first: rows below `before_row`, of one reason, whose topic, source or detail hold a text
        (letter case does not matter)."""
        ...

    def quarantine_summary(self) -> list[QuarantineSummary]:
        """Every reason there is, most readings first."""
        ...

    def gaps(self, limit: int = 500) -> list[Gap]:
        """Messages that are still missing, newest first."""
        ...

    def places(self, limit: int = 500) -> list[SeenPlace]:
        """Signals to adopt, most often seen first."""
        ...

    def sources(self) -> list[SourceRecord]:
        """Every sender, newest first."""
        ...

    def memory(self, prefix: str = "") -> Mapping[str, bytes]:
        """What decoders remember (`Notes.memory`), of the keys that begin so."""
        ...


class StoreReader(RollupReader, TelemetryBook, Protocol):
    """A store that also keeps the book: the embedded one, and its twin in memory."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user name, or "forewarn" for the system itself."""

    name: str
    role: str = "planner"


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of an advice: `what` is opened, updated, unchanged, waiting, cooling_down or held (back, with the
    reason)."""

    what: str
    order: WorkOrder | None
    reason: str = ""


class OrderBook(Protocol):
    """Work orders. Every change writes its audit row and its outbox row in the same transaction."""

    def advise(self, advice: Advice) -> OrderOutcome:
        """Open an order, or update the open one of this asset; never a second one for the same (asset, fault)."""
        ...

    def act(
        self, order_id: str, status: Status, actor: Actor, revision: int, at_us: int, report: Json | None = None
    ) -> WorkOrder:
        """Move an order to a status. Raises Conflict for a stale revision or a step that the table forbids."""
        ...

    def verify(self, order_id: str, result: Verification, actor: Actor, at_us: int) -> WorkOrder:
        """Note whether the repair shows in the signals, on a completed order. Raises Conflict when it is not."""
        ...

    def order(self, order_id: str) -> WorkOrder | None:
        """One order by id or number."""
        ...

    def orders(
        self,
        *,
        open_only: bool = False,
        asset: str | None = None,
        limit: int = 200,
        evidence: bool = True,
        before: str | None = None,
    ) -> list[WorkOrder]:
        """Orders, newest first; without `evidence` that of the causes is left empty, which makes long lists fast.

        `before` (id or number of an order, mostly the last one of a page) gives those that follow it in the list, as
        quickly for the thousandth page as for the first; none for an order that is not known."""
        ...

    def history(self, order_id: str) -> list[Json]:
        """Audit rows of an order, oldest first: at_us, actor, action, before, after, hash."""
        ...


class ModelBook(Protocol):
    """Versions of models. Every change writes its audit row and its outbox row in the same transaction.

    Audit rows have the subject `model:NAME`; messages are model.added, model.stage, model.failed and model.note.
    """

    def reserve(self, name: str) -> int:
        """The next version number of a name: 1, 2, ... A number is never given twice, also when nothing is added."""
        ...

    def add(self, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
        """Keep a card, as a candidate. Raises Rejected for one without version or file digest, Conflict for a version
        that is not above all that are kept."""
        ...

    def move(
        self,
        name: str,
        version: int,
        stage: Stage,
        actor: Actor,
        revision: int,
        at_us: int,
        *,
        report_sha256: str = "",
        forced: str = "",
    ) -> ModelEntry:
        """Move a version to a stage. A new champion retires the one before, in the same transaction.

        To become challenger or champion it needs a what-if report (SHA-256 given now or earlier), or `forced`: the
        reason why not, which the audit row carries. A move clears `failed`. Raises Conflict for a stale revision, a
        step that `STAGES` forbids, and for who loses a race; Rejected for an unknown version, no report, a bad digest.
        """
        ...

    def roll_back(self, name: str, actor: Actor, at_us: int, reason: str) -> ModelEntry:
        """Promote again the newest former champion below the one in use (`way_back`), which is retired.

        Needs no report; the audit rows carry the reason. Raises Conflict when there is none to go back to, Rejected
        without a reason.
        """
        ...

    def fail(self, name: str, version: int, reason: str, actor: Actor, at_us: int) -> ModelEntry:
        """A version cannot be used (file changed, child crashed, nonsense answers): it is retired and says why."""
        ...

    def note(self, name: str, action: str, told: Json, actor: Actor, at_us: int) -> None:
        """Record something that changes no version: a file that was refused, files that were thrown away."""
        ...

    def entry(self, name: str, version: int) -> ModelEntry | None:
        """One version."""
        ...

    def entries(self, name: str | None = None, stage: Stage | None = None, limit: int = 500) -> list[ModelEntry]:
        """Versions, names ascending, newest version first; of one name, or of one stage."""
        ...

    def champion(self, name: str) -> ModelEntry | None:
        """The version that decides, or None."""
        ...

    def history(self, name: str) -> list[Json]:
        """Audit rows of a name, oldest first: at_us, actor, action, before, after, hash."""
        ...
