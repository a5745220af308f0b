"""What is gathered while a batch of frames is read: columns of readings, refusals, and what senders counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from forewarn.core.ports import Refusal
from forewarn.core.readings import Floats, Int64s, Quality, UInt8s, Waveform
from forewarn.core.telemetry import Replayed
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.quality import Bools, Rows
from forewarn.ingest.replay import Order
from forewarn.ingest.strangers import Sightings


@dataclass(slots=True)
class Columns:
    """Decoded readings before quality: `frame` is the place of each one's frame in the batch."""

    frame: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def add(self, place: int, decoded: Decoded) -> None:
        """The readings of one message."""
        self.frame.extend([place] * len(decoded.rows))
        self.row.extend(decoded.rows)
        self.at.extend(decoded.at)
        self.value.extend(decoded.value)
        self.quality.extend(decoded.quality)

    def table(self) -> Table:
        """All of it as arrays."""
        return Table(
            np.array(self.frame, np.intp),
            np.array(self.row, np.intp),
            np.array(self.at, np.int64),
            np.array(self.value, np.float64),
            np.array(self.quality, np.uint8),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`Columns` as arrays of equal length."""

    frame: Rows
    row: Rows
    at: Int64s
    value: Floats
    quality: UInt8s

    def where(self, keep: Bools | Rows) -> Table:
        """The readings at which it holds, or those at these places."""
        return Table(self.frame[keep], self.row[keep], self.at[keep], self.value[keep], self.quality[keep])

    def then(self, other: Table) -> Table:
        """Both, one after the other."""
        if not len(other.at):
            return self
        if not len(self.at):
            return other
        return Table(
            np.concatenate([self.frame, other.frame]),
            np.concatenate([self.row, other.row]),
            np.concatenate([self.at, other.at]),
            np.concatenate([self.value, other.value]),
            np.concatenate([self.quality, other.quality]),
        )


class Numbered(NamedTuple):
    """A message with its sender's own number. `order` is the place at which it became known, `at_us` the device's time,
    `now_us` that of the arrival."""

    order: int
    stream: str
    boot: str
    sequence: int
    at_us: int | None
    now_us: int


@dataclass(slots=True)
class Batch:
    """One batch at work. Places up to `arrived` are the frames that came; behind them stand frames that come up again:
    messages that waited in a desk, and quarantined ones that are read once more (`orders`).

    `place` is that of the frame which is being read.
    """

    frames: list[Frame]
    arrived: int
    place: int = 0
    columns: Columns = field(default_factory=Columns)
    waveforms: list[tuple[int, Waveform]] = field(default_factory=list)
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    numbered: list[Numbered] = field(default_factory=list)
    unnumbered: list[int] = field(default_factory=list)
    ours: set[int] = field(default_factory=set)  # places of frames that we wrote ourselves
    canonical: set[int] = field(default_factory=set)  # places of frames whose values need no conversion
    sightings: Sightings = field(default_factory=Sightings)
    again: dict[int, int] = field(default_factory=dict)  # id of a frame behind those that arrived -> its place
    orders: dict[int, tuple[Order, int]] = field(default_factory=dict)  # place -> order, and as of when it is judged
    refused_again: dict[int, set[str]] = field(default_factory=dict)

    @staticmethod
    def of(frames: Sequence[Frame]) -> Batch:
        """Nothing read yet."""
        return Batch(list(frames), len(frames))

    def place_of(self, frame: Frame) -> int:
        """The place of a frame: that of the one being read, or one behind those that arrived."""
        if frame is self.frames[self.place]:
            return self.place
        place = self.again.setdefault(id(frame), len(self.frames))
        if place == len(self.frames):
            self.frames.append(frame)
        return place

    def judged_at_us(self, place: int) -> int:
        """As of when a message is judged: its arrival, or the moment at which somebody asked to read it again."""
        return self.orders[place][1] if place in self.orders else self.frames[place].received_at_us

    def judged_at(self) -> Int64s:
        """The same for every place."""
        found = np.array([frame.received_at_us for frame in self.frames], np.int64)
        for place, (_, at_us) in self.orders.items():
            found[place] = at_us
        return found

    def refuse(self, place: int, refusal: Refusal) -> None:
        """A new row for the quarantine; of a message that lies there already, only the reason counts."""
        if place in self.orders:
            self.refused_again.setdefault(place, set()).add(refusal.reason)
        else:
            self.refused.append((place, refusal))

    def count(self, place: int, decoded: Decoded) -> None:
        """What the sender says about its own counting."""
        frame = self.frames[place]
        if not decoded.counted and place < self.arrived:
            self.unnumbered.append(place)
        times = _times_of(decoded)
        for number, (device, boot, sequence) in enumerate(decoded.counted):
            at_us = times[min(number, len(times) - 1)] if times else None
            stream = device or frame.topic
            now_us = self.frames[self.place].received_at_us
            self.numbered.append(Numbered(self.place, stream, boot, sequence, at_us, now_us))

    def refusals(self) -> list[Refusal]:
        """All of them, those of one message side by side."""
        return [refusal for _, refusal in sorted(self.refused, key=lambda found: found[0])]

    def replays(self, accepted: Rows) -> list[Replayed]:
        """What came of the messages that were read again. `accepted` intp[n]: the place of each stored reading.

        A row may go when its reason is gone and nothing is refused that no other row accounts for.
        """
        found = []
        for place, (order, _) in self.orders.items():
            reasons = self.refused_again.get(place, set())
            readings = int((accepted == place).sum()) + sum(at == place for at, _ in self.waveforms)
            released = order.reason not in reasons and reasons <= order.others
            found.append(Replayed(order.row, readings, released))
        return found


def _times_of(decoded: Decoded) -> list[int]:
    """Times that the device gave."""
    if decoded.quality and decoded.quality[0] & Quality.ARRIVAL_TIME:
        return []
    return decoded.at or [waveform.at for waveform in decoded.waveforms]
