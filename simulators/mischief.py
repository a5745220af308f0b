"""What goes wrong between a healthy sensor and the books: repeats, late batches, contradictions, nonsense.

Every kind is planted on purpose, bounded, and counted in readings, so that the books of a run show every column and
still balance to the last reading. The machines know nothing of it. Nothing here is random: it counts, so that a run of
a few seconds has every kind too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from forewarn.core.work import Json
from forewarn.ingest.formats import json_readings
from forewarn.simulators.wire import VIBRATION, Message

EVERY_REPEAT = 61
LATE_ROWS, ROWS_BEFORE_THEM = 6, 6  # so many rows of a machine are held back until so many newer ones have gone out


@dataclass(frozen=True, slots=True)
class Turn:
    """When a kind of mischief has its turn: at the `first` row, then every so many rows, at most so often."""

    first: int
    every: int
    most: int

    def at(self, row: int) -> bool:
        """Is it the turn at this row (1, 2, ...)?"""
        times, rest = divmod(row - self.first, self.every)
        return rest == 0 and 0 <= times < self.most


CONFLICT = Turn(401, 4_001, 8)
NONSENSE = Turn(301, 1_201, 24)
STRANGER = Turn(501, 1_777, 12)
LATE = Turn(350, 9_000, 1_000_000)


@dataclass(slots=True)
class Planted:
    """What was planted so far, in readings."""

    duplicates: int = 0
    conflicts: int = 0
    malformed: int = 0
    unknown_topic: int = 0
    late: int = 0

    def told(self) -> Json:
        """For the report."""
        return asdict(self)


class Mischief:
    """Turns the honest stream into the real one, message by message."""

    def __init__(self) -> None:
        self.planted = Planted()
        self._messages = self._rows = 0
        self._late_topic = ""
        self._held: list[Message] = []
        self._newer = 0

    def row(self, message: Message, at_us: int, row: dict[str, float]) -> list[Message]:
        """What really goes out in place of a row of slow signals, in order; nothing while it is held back."""
        self._rows += 1
        if LATE.at(self._rows):
            self._late_topic = message.topic
        if message.topic == self._late_topic and len(self._held) < LATE_ROWS and not self._newer:
            self._held.append(message)
            return []
        out = [message, *self._repeated(message)]
        if CONFLICT.at(self._rows):
            out.append(self._contradiction(message, at_us, row))
        if NONSENSE.at(self._rows):
            out.append(self._nonsense(message, at_us))
        if STRANGER.at(self._rows):
            self.planted.unknown_topic += 1
            out.append(Message(_beside(message, "firmware"), json_readings.encode(7.0, at_us), 1))
        return out + self._released(message)

    def block(self, message: Message) -> list[Message]:
        """What really goes out in place of a waveform."""
        return [message, *self._repeated(message)]

    def rest(self) -> list[Message]:
        """At the end: what is still held back goes out, nothing is kept."""
        held, self._held, self._late_topic, self._newer = self._held, [], "", 0
        self.planted.late += sum(message.readings for message in held)
        return held

    def _repeated(self, message: Message) -> list[Message]:
        """A gateway that did not trust its PUBACK sends the same thing again."""
        self._messages += 1
        if self._messages % EVERY_REPEAT:
            return []
        self.planted.duplicates += message.readings
        return [message]

    def _released(self, message: Message) -> list[Message]:
        """The batch of a gateway that was cut off comes after newer rows of the same machine."""
        if message.topic != self._late_topic:
            return []
        self._newer += 1
        return self.rest() if self._newer >= ROWS_BEFORE_THEM else []

    def _contradiction(self, message: Message, at_us: int, row: dict[str, float]) -> Message:
        """The same moment, another value: two gateways disagree."""
        self.planted.conflicts += 1
        name, value = next(iter(row.items()))
        return Message(message.topic, json_readings.encode_fields({name: value * 1.5 + 1.0}, at_us), 1)

    def _nonsense(self, message: Message, at_us: int) -> Message:
        """Four kinds in turn; each is one entry in the books, for nobody knows how many readings it was meant to be."""
        kinds: tuple[Callable[[], Message], ...] = (
            lambda: Message(message.topic, message.payload[: len(message.payload) // 2], 1),
            lambda: Message(message.topic, b"sensor error 0x17", 1),
            lambda: Message(message.topic, b'{"ts":%d,"values":{"velocity_rms":"n/a"}}' % (at_us // 1_000), 1),
            lambda: Message(_beside(message, VIBRATION), b"FWW1 cut off", 1),
        )
        self.planted.malformed += 1
        return kinds[(self.planted.malformed - 1) % len(kinds)]()


def _beside(message: Message, what: str) -> str:
    """Another topic of the same machine."""
    return f"{message.topic.rpartition('/')[0]}/{what}"
