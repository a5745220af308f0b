"""The life of one edge node as its host sees it: a table of states, a count of messages, births, and what waits.

Everything here is remembered across restarts: `Row` changes with every message and is small, births are large and rare.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import msgspec

from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.sparkplug_payload import Payload
from forewarn.ingest.sparkplug.topics import Address

SEQUENCE = 256
AHEAD = 128
"""Of a message that is not the next one: so far ahead, or else behind. The numbers go round at 256."""
REMEMBERED = 32
"""So many messages are remembered, to know a repetition from a message out of sequence."""


class State(StrEnum):
    """`online`: born, and nothing missing since. `stale`: alive, but what its aliases mean is not known."""

    ONLINE = "online"
    STALE = "stale"
    OFFLINE = "offline"


class Event(StrEnum):
    """`lost`: a message never came, or came without a birth before it."""

    BIRTH = "birth"
    DEATH = "death"
    LOST = "lost"


STEPS: Mapping[tuple[State, Event], State] = {
    (State.STALE, Event.BIRTH): State.ONLINE,
    (State.STALE, Event.DEATH): State.OFFLINE,
    (State.STALE, Event.LOST): State.STALE,
    (State.ONLINE, Event.BIRTH): State.ONLINE,
    (State.ONLINE, Event.DEATH): State.OFFLINE,
    (State.ONLINE, Event.LOST): State.STALE,
    (State.OFFLINE, Event.BIRTH): State.ONLINE,
    (State.OFFLINE, Event.DEATH): State.OFFLINE,
    (State.OFFLINE, Event.LOST): State.STALE,
}
"""Edge nodes and their devices alike. A device that was never born is not known at all, a node begins stale."""


class Condition(msgspec.Struct):
    """A state and since when (UTC, microseconds of arrival)."""

    state: State
    since_us: int

    def step(self, event: Event, at_us: int) -> None:
        """Move along the table; a step that changes nothing keeps the time."""
        state = STEPS[self.state, event]
        if state != self.state or event == Event.BIRTH:
            self.state, self.since_us = state, at_us


class Row(msgspec.Struct):
    """What is remembered of a node beside its births. `recent` holds (seq, CRC-32, device) since the last NBIRTH.

    `count` is the number, since the NBIRTH, of the message that carries `next_seq`; `boot` names that count. Of those
    read in their place `in_order_at_us` is when the last one arrived, `in_order_ms` the newest time of sending.
    """

    condition: Condition
    bd_seq: int | None = None
    birth_ms: int | None = None
    birth_crc: int | None = None
    boot: str = ""
    next_seq: int = 0
    count: int = 0
    in_order_at_us: int = 0
    in_order_ms: int = 0
    recent: list[tuple[int, int, str]] = []
    devices: dict[str, Condition] = {}
    wants_birth: bool = False
    asked_at_us: int = 0
    asks: int = 0
    rebirths: int = 0


class Birth(msgspec.Struct, dict=True):
    """What an NBIRTH or DBIRTH defined: (name, alias or None, datatype or None) of each metric.

    `sent_ms` is its time of sending by the sender's clock, `came_us` that of its arrival.
    """

    metrics: list[tuple[str, int | None, int | None]]
    sent_ms: int | None = None
    came_us: int = 0

    @staticmethod
    def of(message: Message) -> Birth:
        """The definitions in a birth's payload; metrics without a name define nothing."""
        metrics = [(m.name, m.alias, m.datatype) for m in message.payload.metrics if m.name is not None]
        return Birth(metrics, message.payload.timestamp_ms, message.frame.received_at_us)

    def is_known_before(self, message: Message) -> bool:
        """Whether a message was surely sent under this birth or a later one: by both clocks, the sender's and ours."""
        sent = message.payload.timestamp_ms
        known = sent is not None and self.sent_ms is not None and self.sent_ms <= sent
        return known and self.came_us <= message.frame.received_at_us

    @cached_property
    def by_alias(self) -> dict[int, tuple[str, int | None]]:
        """Alias -> name and datatype."""
        return {alias: (name, datatype) for name, alias, datatype in self.metrics if alias is not None}

    @cached_property
    def datatypes(self) -> dict[str, int | None]:
        """Name -> datatype."""
        return {name: datatype for name, _, datatype in self.metrics}


@dataclass(frozen=True, slots=True)
class Message:
    """A frame that was read."""

    frame: Frame
    address: Address
    payload: Payload
    crc: int

    @staticmethod
    def of(frame: Frame, address: Address, payload: Payload) -> Message:
        """With the checksum that tells a repetition from another message of the same number."""
        return Message(frame, address, payload, zlib.crc32(frame.payload, zlib.crc32(frame.topic.encode())))

    @property
    def seq(self) -> int:
        """0 where it is absent: encoders leave zeros out."""
        return self.payload.seq or 0

    def is_after(self, other: Message) -> bool:
        """Sent at the same time or later, by the sender's clock; not known where it gives no time."""
        sent, sent_other = self.payload.timestamp_ms, other.payload.timestamp_ms
        return sent is not None and sent_other is not None and sent >= sent_other


@dataclass(slots=True)
class Node:
    """One edge node: births by device ("" = its own), and messages that wait for their predecessors."""

    group: str
    name: str
    row: Row
    births: dict[str, Birth] = field(default_factory=dict)
    held: list[Message] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The edge node descriptor."""
        return f"{self.group}/{self.name}"

    @property
    def state(self) -> State:
        """Of the node itself."""
        return self.row.condition.state

    def is_before_birth(self, message: Message) -> bool:
        """Sent before the last NBIRTH, by the node's own clock: from an earlier life, or the clock was set back."""
        sent, born = message.payload.timestamp_ms, self.row.birth_ms
        return sent is not None and born is not None and sent < born

    def is_repetition(self, message: Message) -> bool:
        """The same message a second time, under the birth that it was read by."""
        if self.state != State.ONLINE:
            return False
        return (
            message.crc == self.row.birth_crc or (message.seq, message.crc, message.address.device) in self.row.recent
        )

    def is_next(self, message: Message) -> bool:
        """Nothing is missing before it, and nothing that waits tells of a life whose NBIRTH has not come."""
        return (
            self.state == State.ONLINE
            and message.seq == self.row.next_seq
            and not self.is_before_birth(message)
            and not any(self.is_of_a_new_life(held) for held in self.held)
        )

    def is_of_a_new_life(self, message: Message) -> bool:
        """Behind by its number, but sent after everything that was read: the numbers began anew."""
        sent = message.payload.timestamp_ms
        is_newer = sent is not None and sent >= self.row.in_order_ms
        return is_newer and self.distance(message) >= AHEAD and not self.is_before_birth(message)

    def accepts_birth(self, message: Message) -> bool:
        """Not an NBIRTH of an earlier life, unless a birth was asked for: then the node's clock was set back. And not
        the last one once more, after something was lost since."""
        if message.crc == self.row.birth_crc and message.payload.timestamp_ms is not None:
            return False
        return not self.is_before_birth(message) or (self.state == State.STALE and self.row.asks > 0)

    def place_of_next(self) -> int | None:
        """Where, among the held messages, the one stands that is to be read now."""
        for place, message in enumerate(self.held):
            if self.is_repetition(message) or (message.address.verb != "NBIRTH" and self.is_next(message)):
                return place
        return None

    def distance(self, message: Message) -> int:
        """How many messages are missing before it; from `AHEAD` on it is one that is behind."""
        return (message.seq - self.row.next_seq) % SEQUENCE

    def is_straggler(self, message: Message) -> bool:
        """It waited in vain, but the count went on after it came: it was late, nothing is missing."""
        if self.state != State.ONLINE or self.row.in_order_at_us < message.frame.received_at_us:
            return False
        return self.is_before_birth(message) or (self.distance(message) >= AHEAD and not self.is_of_a_new_life(message))

    def number(self, message: Message) -> int | None:
        """Its place in the node's count, and the count moves behind it; None for what is behind already."""
        ahead = self.distance(message)
        if ahead >= AHEAD or self.is_before_birth(message) or not self.row.boot:
            return None
        number = self.row.count + ahead
        self.row.count, self.row.next_seq = number + 1, (message.seq + 1) % SEQUENCE
        return number

    def born(self, message: Message, bd_seq: int | None) -> None:
        """NBIRTH: a new count, and every device has to be born again."""
        at_us, row = message.frame.received_at_us, self.row
        row.condition.step(Event.BIRTH, at_us)
        row.bd_seq, row.birth_ms, row.birth_crc = bd_seq, message.payload.timestamp_ms, message.crc
        row.boot = f"{'' if bd_seq is None else bd_seq}.{row.birth_ms or at_us // 1000}"
        row.next_seq, row.count, row.recent = (message.seq + 1) % SEQUENCE, 1, []
        row.wants_birth, row.asks, row.in_order_at_us, row.in_order_ms = False, 0, at_us, row.birth_ms or 0
        self._devices(Event.LOST, at_us)
        self.births = {"": Birth.of(message)}

    def device_born(self, message: Message) -> None:
        """DBIRTH: what the device said before cannot be told by its aliases any more."""
        device, at_us = message.address.device, message.frame.received_at_us
        known = self.row.devices.setdefault(device, Condition(State.STALE, at_us))
        known.step(Event.BIRTH, at_us)
        self.row.recent = [one for one in self.row.recent if one[2] != device]
        self.births[device] = Birth.of(message)

    def device_died(self, message: Message) -> None:
        """DDEATH: its metrics are stale until the next DBIRTH."""
        device = message.address.device
        if device in self.row.devices:
            self.row.devices[device].step(Event.DEATH, message.frame.received_at_us)
        self.births.pop(device, None)

    def died(self, at_us: int) -> None:
        """NDEATH: the node and all its devices."""
        self._ended(Event.DEATH, at_us)
        self.row.wants_birth = False

    def lost(self, at_us: int) -> None:
        """No alias means anything until the next NBIRTH: the missing message may have been one."""
        self._ended(Event.LOST, at_us)

    def _ended(self, event: Event, at_us: int) -> None:
        self.row.condition.step(event, at_us)
        self._devices(event, at_us)
        self.births = {}

    def _devices(self, event: Event, at_us: int) -> None:
        for condition in self.row.devices.values():
            if not (event == Event.LOST and condition.state == State.OFFLINE):
                condition.step(event, at_us)

    def remember(self, message: Message) -> None:
        """Note a message that was read in its place."""
        self.row.in_order_at_us = message.frame.received_at_us
        self.row.in_order_ms = max(self.row.in_order_ms, message.payload.timestamp_ms or 0)
        self.row.recent = [*self.row.recent[1 - REMEMBERED :], (message.seq, message.crc, message.address.device)]
