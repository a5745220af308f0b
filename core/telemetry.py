"""What is known about the delivery of telemetry beside the readings themselves. Values only.

All of it travels with a batch to the store (`Notes`) and becomes durable in the transaction that moves the store's
cursor, so that after a crash nothing is noted twice and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that a sender numbered and nobody received: `first` to `last`, both inclusive.

    `stream` is what the sender counts by: the device that it names in its payload, else the topic; `boot` tells one
    run of the sender's counter from the next ("" when it does not say).
    """

    stream: str
    boot: str
    first: int
    last: int
    noticed_at_us: int

    @property
    def missing(self) -> int:
        """How many messages."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """A number that arrived where the plant file names no signal: a candidate for adoption.

    `field` is the path inside the payload ("" = the whole payload is the number), `count` how often it was seen in
    this batch, `sample` a short piece of the newest payload.
    """

    topic: str
    field: str
    source: str
    at_us: int
    value: float
    sample: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """What one sender did in a batch: messages, how many came with QoS 0, without a time, without a sequence number.

    `source` is the MQTT client id, or `broker:NAME` for what another broker handed over. `skew_us` is the smallest
    (arrival - device time) of the batch, None when no time came: the estimate of the sender's clock error.
    """

    source: str
    at_us: int
    messages: int
    qos0: int = 0
    without_time: int = 0
    without_sequence: int = 0
    skew_us: int | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A quarantined message was read again: `accepted` readings came out of it; `released`: the row may go.

    Readings that had been stored the first time come again as duplicates; the store counts them as `Counts.replayed`,
    so that the books still balance.
    """

    row: int
    accepted: int
    released: bool


_EMPTY: Mapping[str, bytes | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything that a batch says beside readings, waveforms and refusals.

    `memory` holds changed rows of what decoders must remember across a restart (key -> bytes, None = forget): open
    chunked transfers, births of Sparkplug nodes, sequence counters.
    """

    gaps_opened: Sequence[Gap] = ()
    gaps_closed: Sequence[Gap] = ()  # equal to one opened before; what is left of it is opened anew
    sightings: Sequence[Sighting] = ()
    sources: Sequence[SourceSeen] = ()
    replays: Sequence[Replayed] = ()
    memory: Mapping[str, bytes | None] = field(default_factory=lambda: _EMPTY)


NO_NOTES = Notes()


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """All sightings of one place: a row of "signals to adopt"."""

    topic: str
    field: str
    source: str
    first_at_us: int
    last_at_us: int
    count: int
    value: float
    low: float
    high: float
    sample: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """All that is known of one sender. `skew_us` is the newest estimate, smoothed."""

    source: str
    first_at_us: int
    last_at_us: int
    messages: int
    qos0: int
    without_time: int
    without_sequence: int
    skew_us: int | None
