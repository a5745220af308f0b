"""What the API says about telemetry: where data comes from, what is missing, what was refused, what nobody named."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from forewarn.api.schemas import Model

Id = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]


class Books(Model):
    """In readings: acknowledged = stored + duplicates + conflicts + quarantined + summarised - replayed."""

    acknowledged: int
    stored: int
    duplicates: int
    conflicts: int
    quarantined: int
    summarised: int
    replayed: int


class BrokerStatus(Model):
    """What came from a broker since ingest was started: how often it was connected to, and messages."""

    name: str
    connections: int
    messages: int


class IngestStatus(Model):
    """How the ingest process stands. `lag_bytes`: journal that the slowest store or sink has not taken yet.

    `connections`, `messages`, `take_overs` (a client that another one of its name put out), `paced` (a client had to
    wait because it sent too fast) and `refused` (reason -> times) are of the front door, since its start.
    """

    running: bool
    connections: int = 0
    messages: int = 0
    take_overs: int = 0
    paced: int = 0
    refused: dict[str, int] = Field(default_factory=dict)
    brokers: list[BrokerStatus] = Field(default_factory=list)
    lag_bytes: int = 0
    journal_bytes: int = 0
    fsync_p99_ms: float = 0.0
    acknowledge_p99_ms: float = 0.0


class TelemetryOverview(Model):
    """Delivery at a glance."""

    books: Books
    ingest: IngestStatus
    sources: int
    missing_messages: int
    sensor_events: int
    places: int


class Promise(Model):
    """What a source may rely on. Levels: D0 at most once, D1 the broker's memory, D3' a broker in between, D3 stored
    before it is acknowledged."""

    level: Literal["D0", "D1", "D2", "D3", "D3'"]
    text: str
    losses: list[str]


class SourceRow(Model):
    """One sender. `via` is "front door" or the name of a broker; `clock_error_s`: its clock is so far behind ours."""

    source: str
    via: str
    first_at: datetime
    last_at: datetime
    messages: int
    qos0: int
    without_time: int
    without_sequence: int
    clock_error_s: float | None
    promise: Promise


class GapRow(Model):
    """Messages `first` to `last` of a stream, which its sender numbered and nobody received."""

    stream: str
    boot: str
    first: int
    last: int
    missing: int
    noticed_at: datetime


class SensorEventRow(Model):
    """A sensor that could not be believed (NAMUR NE 107), from `since` to `until` (null: still)."""

    asset: str
    signal: str
    kind: str
    ne107: str
    since: datetime
    until: datetime | None
    text: str


class GuessOut(Model):
    """What a place probably carries; only fills in the form."""

    asset: str | None
    signal: str
    quantity: str | None
    unit: str | None
    confidence: float
    why: str


class PlaceRow(Model):
    """A number that arrives where the plant file names no signal; `field` "" is the whole payload."""

    topic: str
    field: str
    source: str
    first_at: datetime
    last_at: datetime
    count: int
    value: float
    low: float
    high: float
    sample: str
    guess: GuessOut


class AdoptIn(Model):
    """Adopt a place as a signal of an asset. `unit` is the unit on the wire, as in the plant file."""

    topic: Annotated[str, Field(min_length=1, max_length=1024)]
    field: Annotated[str, Field(max_length=200)] = ""
    asset: Id
    signal: Id
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    quantity: Annotated[str, Field(max_length=40)] | None = None
    component: Id | None = None
    replay: bool = True


class AdoptedOut(Model):
    """An adopted signal, and how many refused messages of its topic are being read again."""

    asset: str
    signal: str
    replayed: int


class NodeRow(Model):
    """A Sparkplug edge node (`device` "") or one of its devices. `stale`: alive, but births are missing and asked for.

    `bd_seq` is the number of the node's session, `last_seq` that of the newest message in its place (0 to 255),
    `rebirths` how often its births were asked for.
    """

    group: str
    node: str
    device: str
    state: Literal["online", "stale", "offline"]
    since: datetime
    bd_seq: int | None
    last_seq: int
    rebirths: int


class ReasonRow(Model):
    """Refusals of one reason. `summarised`: readings whose messages had to leave the full quarantine."""

    reason: str
    rows: int
    readings: int
    summarised: int
    newest_at: datetime


class ReplayIn(Model):
    """Which refused messages to read again: rows, or all of a reason, or all of a topic."""

    rows: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=500)] | None = None
    reason: Annotated[str, Field(max_length=60)] | None = None
    topic: Annotated[str, Field(max_length=1024)] | None = None


class ReplayOut(Model):
    """How many are being read again; rows whose message was too long to be kept whole cannot be."""

    asked: int
    payload_cut: list[int]
    missing: list[int]
