"""Frames -> what the store gets: topics, formats, desks and quality joined. Pure but for its memory of earlier frames.

Every frame is accounted for: readings + waveforms + the readings of the refusals are what the senders counted. A
message that cannot be decoded counts one. Every frame is judged as of its own arrival, never as of now: read again
after a crash, the same frames give the same.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.ports import LastValue, Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import Notes
from forewarn.ingest.batch import Batch, Columns, Table
from forewarn.ingest.delivery import WILL, Frame
from forewarn.ingest.desk import TICK_TOPIC, Command, Desk, Taken
from forewarn.ingest.formats.json_readings import TooManyReadings, decode_plain
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.formats.table import FORMATS
from forewarn.ingest.formats.times import plausible_us
from forewarn.ingest.identity import Identities
from forewarn.ingest.imports import BY_HAND, IMPORT_TOPIC, decode_import, rows_by_name
from forewarn.ingest.judging import Judge
from forewarn.ingest.quality import RETENTION_US, Rows
from forewarn.ingest.refusals import grouped, refusal
from forewarn.ingest.replay import REPLAY_PREFIX, order_of
from forewarn.ingest.senders import senders_seen
from forewarn.ingest.sequences import MAX_SEQUENCE, GapTracker
from forewarn.ingest.strangers import MAX_TOPICS, Strangers
from forewarn.ingest.topics import Binding, TopicTable
from forewarn.ingest.watermarks import Watermarks

OURS = "$forewarn/"
"""Topic prefix of the frames that the product writes into its own journal. Clients cannot publish to `$` topics."""
_NEVER_US = sys.maxsize
_log = logging.getLogger(__name__)

MakeDesk = Callable[[TopicTable], Desk]


@dataclass(frozen=True, slots=True, eq=False)
class Intaken:
    """What came of a batch of frames: canonical units, quality flags, a refusal for everything else, and the notes."""

    readings: Readings
    waveforms: list[Waveform]
    refused: list[Refusal]
    notes: Notes


class Intake:
    """Decodes and judges frames for the signals of a plant.

    `numbers` are the store's series numbers of `signals`, in the same order; `desks` make the stateful formats.

    >>> spec = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")
    >>> intake = Intake([spec], [7])
    >>> frame = Frame(1_795_392_001_000_000, 1, "gw", "plant/p1/temp", b'{"value":21.5,"ts":1795392000000}')
    >>> taken = intake.take([frame])
    >>> taken.readings.series.tolist(), taken.readings.value.tolist(), taken.refused
    ([7], [21.5], [])
    """

    def __init__(
        self,
        signals: Sequence[SignalSpec],
        numbers: Sequence[int],
        retention_us: int = RETENTION_US,
        desks: Sequence[MakeDesk] = (),
    ) -> None:
        self._topics = TopicTable(signals, numbers)
        self._rows = rows_by_name(self._topics)
        self._identities = Identities(signals)
        self._judge = Judge(signals, numbers, retention_us)
        self._desks = [make(self._topics) for make in desks]
        claims = ((spec.topic, self._desk_of(spec.topic)) for spec in signals)
        self._claimed = {topic: desk for topic, desk in claims if desk is not None}
        self._tracker, self._strangers = GapTracker(), Strangers()
        self._watermarks = Watermarks(self._tracker)
        self._commands: list[Command] = []

    def _desk_of(self, topic: str) -> Desk | None:
        """The desk that serves a topic, by its kind or by its prefix."""
        binding = self._topics.find(topic)
        for desk in self._desks:
            if (binding is not None and binding.kind in desk.kinds) or (desk.prefix and topic.startswith(desk.prefix)):
                return desk
        return None

    # ---- what outlives a batch

    def seed(self, last_values: Iterable[LastValue]) -> None:
        """Remember the newest stored readings, after a restart. Series of other plants are passed over."""
        self._judge.seed(last_values)

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """Go on from what the store remembers of the `Notes.memory` of earlier batches."""
        self._tracker.restore(memory)
        self._strangers.restore(memory)
        for desk in self._desks:
            desk.restore(memory)
        self._watermarks.touch_all()

    def take_over(self, before: Intake) -> None:
        """Go on judging the signals that an earlier intake knew; what else it remembers comes by `restore`."""
        self._judge.take_over(before._judge)

    @property
    def wakes_at_us(self) -> int | None:
        """When something is due although nothing arrives; None when nothing waits."""
        times = [self._watermarks.wakes_at_us, *(desk.wakes_at_us for desk in self._desks)]
        return min((at_us for at_us in times if at_us is not None), default=None)

    def commands(self) -> list[Command]:
        """What is to be published once the store has all batches taken so far."""
        commands, self._commands = self._commands, []
        return [*commands, *(command for desk in self._desks for command in desk.commands())]

    # ---- a batch

    def take(self, frames: Sequence[Frame]) -> Intaken:
        """Everything that these frames hold. Never raises for what a frame contains."""
        batch = Batch.of(frames)
        plain = self._plain_table(batch, *self._sorted_out(batch))
        table = plain.then(batch.columns.table())
        readings, places = self._judge.readings(batch, table)
        notes = self._notes(batch, table, places)
        return Intaken(readings, [waveform for _, waveform in batch.waveforms], batch.refusals(), notes)

    def _sorted_out(self, batch: Batch) -> tuple[list[int], list[int]]:
        """Read everything but the plain messages: their places, and the rows of their signals, are the answer."""
        places: list[int] = []
        rows: list[int] = []
        find, claimed, due_us = self._topics.find, self._claimed, self._due_us()
        for place in range(batch.arrived):
            frame = batch.frames[place]
            if frame.received_at_us >= due_us:
                self._ask_desks(batch, place)
                due_us = self._due_us()
            binding = find(frame.topic)
            if binding is None or frame.topic in claimed:
                batch.place = place
                self._read_unusual(batch, place)
                due_us = self._due_us()
            elif frame.flags & WILL:
                batch.refuse(place, _will(frame))
            elif binding.plain_row >= 0:
                places.append(place)
                rows.append(binding.plain_row)
            else:
                batch.place = place
                self._read(batch, place, binding)
        return places, rows

    def _plain_table(self, batch: Batch, places: list[int], rows: list[int]) -> Table:
        """All plain messages in one call; one by one only those that are out of the ordinary."""
        table, left = self._at_once(batch, places, rows)
        if not left:
            return table
        others, batch.columns = batch.columns, Columns()
        for batch.place in (places[n] for n in left):
            self._read(batch, batch.place, self._topics.binding(batch.frames[batch.place].topic))
        slowly, batch.columns = batch.columns, others
        table = table.then(slowly.table())
        return table.where(np.argsort(table.frame, kind="stable"))

    def _at_once(self, batch: Batch, places: list[int], rows: list[int]) -> tuple[Table, list[int]]:
        """(readings, which of the messages were left out: odd ones, and those whose time has to be looked at)."""
        value, ts, plain = decode_plain([batch.frames[place].payload for place in places])
        if not plain:
            return Columns().table(), list(range(len(places)))
        chosen, at_us = np.array(plain, np.intp), np.array(ts) * 1000.0
        received = [batch.frames[place].received_at_us for place in places]
        low, high = plausible_us(max(received))[0], plausible_us(min(received))[1]
        good = (at_us > low) & (at_us < high)
        chosen, at = chosen[good], np.rint(at_us[good]).astype(np.int64)
        where = np.array(places, np.intp)[chosen]
        batch.unnumbered.extend(where.tolist())
        table = Table(where, np.array(rows)[chosen], at, np.array(value)[good], np.zeros(len(at), np.uint8))
        return table, np.setdiff1d(np.arange(len(places)), chosen, assume_unique=True).tolist()

    def _read_unusual(self, batch: Batch, place: int) -> None:
        """A message of a desk, of our own, or of nobody."""
        frame = batch.frames[place]
        if frame.topic.startswith(OURS):
            if not frame.client.startswith(BY_HAND):  # a person is a sender too
                batch.ours.add(place)
            if frame.topic.startswith(REPLAY_PREFIX):
                self._read_again(batch, place)
            elif frame.topic == IMPORT_TOPIC:
                self._read_import(batch, place)
            elif frame.topic != TICK_TOPIC:  # a tick only carries the time, which was looked at already
                batch.refuse(place, refusal(frame, "unknown_topic", "no frame of ours has this topic", 0))
        elif (desk := self._claimed.get(frame.topic) or self._desk_of(frame.topic)) is not None:
            now_us = batch.judged_at_us(place)
            again = place in batch.orders
            self._ask_desk(
                batch, place, lambda: [desk.read_again(frame, now_us)] if again else desk.take(frame, now_us)
            )
        elif frame.flags & WILL:
            batch.refuse(place, _will(frame))
        else:
            self._read_stranger(batch, place)

    def _read_import(self, batch: Batch, place: int) -> None:
        """History that somebody imports."""
        frame = batch.frames[place]
        try:
            decoded, canonical = decode_import(frame.payload, self._rows)
        except Rejected as error:
            batch.refuse(place, refusal(frame, error.reason, error.detail, 0))
            return
        if canonical:
            batch.canonical.add(place)
        self._keep(batch, place, decoded)

    def _read_stranger(self, batch: Batch, place: int) -> None:
        """A message that nobody expects: refused, and its numbers offered for adoption."""
        frame = batch.frames[place]
        detail = "no signal of the plant file has this topic"
        if place in batch.orders:
            batch.refuse(place, refusal(frame, "unknown_topic", detail))
        elif self._strangers.admits(frame):
            batch.sightings.add(frame)
            batch.refuse(place, refusal(frame, "unknown_topic", detail))
        else:
            detail = f"this sender has used {MAX_TOPICS} topics already that the plant file does not name"
            batch.refuse(place, refusal(frame, "too_many_series", detail))

    def _read_again(self, batch: Batch, place: int) -> None:
        """A quarantined message that somebody asks for."""
        asked = batch.frames[place]
        try:
            order = order_of(asked)
        except Rejected as error:
            batch.refuse(place, refusal(asked, error.reason, error.detail, 0))
            return
        again = batch.place_of(order.frame)
        batch.orders[again] = (order, asked.received_at_us)
        binding = self._topics.find(order.frame.topic)
        if binding is None or order.frame.topic in self._claimed or order.frame.flags & WILL:
            self._read_unusual(batch, again)
        else:
            self._read(batch, again, binding)

    def _read(self, batch: Batch, place: int, binding: Binding) -> None:
        """A message of a format without memory."""
        frame = batch.frames[place]
        try:
            decode = FORMATS[binding.kind]
            decoded = decode(frame.payload, binding, frame.received_at_us, batch.judged_at_us(place))
            self._keep(batch, place, decoded)
        except Rejected as error:
            readings = error.readings if isinstance(error, TooManyReadings) else 1
            batch.refuse(place, refusal(frame, error.reason, error.detail, readings))
        except Exception as error:  # a bug in a decoder must cost one message, never the stream
            _log.exception("decoder of %s failed on a message of topic %s", binding.kind, frame.topic)
            batch.refuse(place, refusal(frame, "decoder_error", type(error).__name__))

    # ---- desks

    def _due_us(self) -> int:
        """When a desk wants to be asked."""
        return min((_wakes(desk) for desk in self._desks), default=_NEVER_US)

    def _ask_desks(self, batch: Batch, place: int) -> None:
        """Let desks finish what waited, as of the arrival of the frame at a place, which comes after it."""
        batch.place = place
        now_us = batch.frames[place].received_at_us
        for desk in self._desks:
            if _wakes(desk) <= now_us:
                try:
                    for taken in desk.due(now_us):
                        self._keep(batch, batch.place_of(taken.frame), taken.decoded, taken.place)
                except Exception:  # as for a decoder
                    _log.exception("%s failed on what was due", type(desk).__name__)

    def _ask_desk(self, batch: Batch, place: int, take: Callable[[], Sequence[Taken]]) -> None:
        """What a message makes known at its desk."""
        frame = batch.frames[place]
        try:
            for taken in take():
                self._keep(batch, batch.place_of(taken.frame), taken.decoded, taken.place)
        except Rejected as error:
            batch.refuse(place, refusal(frame, error.reason, error.detail))
        except Exception as error:  # as for a decoder
            _log.exception("a desk failed on a message of topic %s", frame.topic)
            batch.refuse(place, refusal(frame, "decoder_error", type(error).__name__))

    # ---- what became known

    def _keep(self, batch: Batch, place: int, decoded: Decoded, named_by: str = "") -> None:
        """Take what a message holds, unless it claims to come from somebody else."""
        frame = batch.frames[place]
        for device in (*decoded.devices, *(counted.device for counted in decoded.counted)):
            if device and self._identities.contradicts(frame.topic, device):
                readings = len(decoded.rows) + len(decoded.waveforms) + len(decoded.refused)
                detail = f"the message says that it comes from {device!r}, which has other topics"
                batch.refuse(place, refusal(frame, "identity_mismatch", detail, readings))
                return
        batch.count(place, decoded)
        batch.columns.add(place, decoded)
        for waveform in decoded.waveforms:
            self._judge.waveform(batch, place, waveform)
        for one in grouped(frame, decoded.refused) if decoded.refused else ():
            batch.refuse(place, one)
        if place not in batch.orders:
            for path, value in decoded.unknown:
                batch.sightings.add_field(frame, path, value, named_by)

    def _notes(self, batch: Batch, table: Table, places: Rows) -> Notes:
        """What is known beside the readings. The numbers of senders are followed in the order of the journal."""
        for _, stream, boot, sequence, at_us, now_us in sorted(batch.numbered, key=lambda found: found.order):
            if 0 <= sequence <= MAX_SEQUENCE:
                self._tracker.see(stream, boot, sequence, at_us, now_us)
                self._watermarks.touch(stream, now_us)
        self._tell(batch)
        opened, closed = self._tracker.news()
        memory = self._tracker.changed() | self._strangers.changed()
        for desk in self._desks:
            memory.update(desk.changed())
        sightings, replays = batch.sightings.found(), batch.replays(places)
        return Notes(opened, closed, sightings, senders_seen(batch, table), replays, memory)

    def _tell(self, batch: Batch) -> None:
        """Prepare the watermarks that are due."""
        if batch.arrived:
            now_us = batch.frames[batch.arrived - 1].received_at_us
            self._commands += self._watermarks.forget(self._tracker.dropped)
            self._commands += self._watermarks.due(now_us)


def _wakes(desk: Desk) -> int:
    return _NEVER_US if desk.wakes_at_us is None else desk.wakes_at_us


def _will(frame: Frame) -> Refusal:
    return refusal(frame, "will", "what a device left for the case that it disappears is not a reading", 0)
