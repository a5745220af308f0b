"""Frames -> what the store gets: topics, formats and quality joined. Pure but for its memory of the newest readings.

Every frame is accounted for: readings + waveforms + the readings of the refusals are what the senders counted. A
message that cannot be decoded counts one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.ports import LastValue, Refusal
from forewarn.core.readings import Floats, Int64s, Quality, Readings, SignalSpec, UInt8s, Waveform
from forewarn.ingest.delivery import QOS_MASK, RETAIN, Frame
from forewarn.ingest.formats.json_readings import TooManyReadings, decode_plain
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.formats.table import FORMATS
from forewarn.ingest.formats.times import plausible_us
from forewarn.ingest.quality import RETENTION_US, Bools, QualityRules, QualityState, Rows, flagged, judge, time_faults
from forewarn.ingest.refusals import grouped, refusal, time_detail
from forewarn.ingest.topics import Binding, TopicTable

RETAINED_IS_OLD_US = 300 * US_PER_S
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Intaken:
    """What came of a batch of frames: canonical units, quality flags, and a refusal for everything else."""

    readings: Readings
    waveforms: list[Waveform]
    refused: list[Refusal]


@dataclass(slots=True)
class _Columns:
    """Decoded readings before quality: `frame` is the place of each one's frame in the batch."""

    frame: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def add(self, place: int, decoded: Decoded) -> None:
        self.frame.extend([place] * len(decoded.rows))
        self.row.extend(decoded.rows)
        self.at.extend(decoded.at)
        self.value.extend(decoded.value)
        self.quality.extend(decoded.quality)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """`_Columns` as arrays."""

    frame: Rows
    row: Rows
    at: Int64s
    value: Floats
    quality: UInt8s

    def where(self, keep: Bools) -> _Table:
        return _Table(self.frame[keep], self.row[keep], self.at[keep], self.value[keep], self.quality[keep])


class Intake:
    """Decodes and judges frames for the signals of a plant.

    `numbers` are the store's series numbers of `signals`, in the same order.

    >>> spec = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")
    >>> intake = Intake([spec], [7])
    >>> frame = Frame(1_795_392_001_000_000, 1, "gw", "plant/p1/temp", b'{"value":21.5,"ts":1795392000000}')
    >>> taken = intake.take([frame], now_us=1_795_392_001_000_000)
    >>> taken.readings.series.tolist(), taken.readings.value.tolist(), taken.refused
    ([7], [21.5], [])
    """

    def __init__(self, signals: Sequence[SignalSpec], numbers: Sequence[int], retention_us: int = RETENTION_US) -> None:
        self._topics = TopicTable(signals, numbers)
        self._rules = QualityRules.of(signals)
        self._state = QualityState.fresh(len(signals))
        self._retention_us = retention_us
        self._numbers = np.asarray(numbers, np.int32)
        self._row_of = {int(number): row for row, number in enumerate(numbers)}
        self._scale = np.array([spec.conversion.scale for spec in signals], np.float64)
        self._offset = np.array([spec.conversion.offset for spec in signals], np.float64)

    def seed(self, last_values: Iterable[LastValue]) -> None:
        """Remember the newest stored readings, after a restart. Series of other plants are passed over."""
        for last in last_values:
            row = self._row_of.get(last.series)
            if row is not None:
                self._state.seed(row, last.at_us, last.value, last.quality)

    def take(self, frames: Sequence[Frame], now_us: int) -> Intaken:
        """Everything that these frames hold. `now_us` is plant time; never raises for what a frame contains."""
        out = Intaken(Readings.empty(), [], [])
        plain: list[int] = []
        plain_rows: list[int] = []
        others: list[tuple[int, Binding]] = []
        find = self._topics.find
        for place, frame in enumerate(frames):
            binding = find(frame.topic)
            if binding is None:
                out.refused.append(refusal(frame, "unknown_topic", "no signal of the plant file has this topic"))
            elif binding.plain_row >= 0:
                plain.append(place)
                plain_rows.append(binding.plain_row)
            else:
                others.append((place, binding))
        tables = [self._plain_table(frames, plain, plain_rows, now_us, out)]
        tables.append(self._decoded(frames, others, now_us, out))
        return Intaken(self._judged(frames, _joined(tables), now_us, out), out.waveforms, out.refused)

    def _plain_table(
        self, frames: Sequence[Frame], places: list[int], rows: list[int], now_us: int, out: Intaken
    ) -> _Table:
        """All plain messages in one call; one by one when any of them is out of the ordinary."""
        columns = decode_plain([frames[place].payload for place in places])
        if columns is not None:
            value, at_us = np.array(columns[0]), np.array(columns[1]) * 1000.0
            low, high = plausible_us(now_us)
            if at_us.min() > low and at_us.max() < high:
                at = np.rint(at_us).astype(np.int64)
                return _Table(np.array(places), np.array(rows), at, value, np.zeros(len(at), np.uint8))
        bindings = [(place, self._topics.binding(frames[place].topic)) for place in places]
        return self._decoded(frames, bindings, now_us, out)

    def _decoded(
        self, frames: Sequence[Frame], wanted: Sequence[tuple[int, Binding]], now_us: int, out: Intaken
    ) -> _Table:
        columns = _Columns()
        for place, binding in wanted:
            frame = frames[place]
            decoded = _decode(frame, binding, now_us, out.refused)
            if decoded is None:
                continue
            columns.add(place, decoded)
            for waveform in decoded.waveforms:
                self._take_waveform(frame, binding.only.row, waveform, now_us, out)
            if decoded.refused:
                out.refused.extend(grouped(frame, decoded.refused))
        return _Table(
            np.array(columns.frame, np.intp),
            np.array(columns.row, np.intp),
            np.array(columns.at, np.int64),
            np.array(columns.value, np.float64),
            np.array(columns.quality, np.uint8),
        )

    def _judged(self, frames: Sequence[Frame], table: _Table, now_us: int, out: Intaken) -> Readings:
        """Canonical units, refusals by time, quality flags."""
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
            value = table.value * self._scale[table.row] + self._offset[table.row]
        future, too_old = time_faults(table.at, now_us, self._retention_us)
        infinite = ~np.isfinite(value) & ~future & ~too_old
        bad = future | too_old | infinite
        quality = table.quality | _flags_of_delivery(frames, table)
        if bad.any():
            masks = {"future": future, "too_old": too_old, "not_finite": infinite}
            out.refused.extend(_refusals(frames, table, now_us, masks))
            table, value, quality = table.where(~bad), value[~bad], quality[~bad]
        quality |= judge(self._rules, self._state, table.row, table.at, value)
        return Readings(self._numbers[table.row], table.at, value, quality)

    def _take_waveform(self, frame: Frame, row: int, waveform: Waveform, now_us: int, out: Intaken) -> None:
        """The same judgements for a block of samples."""
        future, too_old = time_faults(np.array([waveform.at], np.int64), now_us, self._retention_us)
        if future[0] or too_old[0]:
            reason = "future" if future[0] else "too_old"
            out.refused.append(refusal(frame, reason, time_detail(waveform.at, now_us)))
            return
        quality = Quality(waveform.quality)
        if not frame.flags & QOS_MASK:
            quality |= Quality.QOS0
        kept = frame.flags & RETAIN and frame.received_at_us - waveform.at > RETAINED_IS_OLD_US
        if kept or waveform.at < self._state.last_at[row]:
            quality |= Quality.LATE
        if waveform.samples.min() < self._rules.low[row] or waveform.samples.max() > self._rules.high[row]:
            quality |= Quality.OUT_OF_RANGE
        self._state.last_at[row] = max(int(self._state.last_at[row]), waveform.at)
        out.waveforms.append(replace(waveform, quality=int(quality)))


def _decode(frame: Frame, binding: Binding, now_us: int, refused: list[Refusal]) -> Decoded | None:
    try:
        return FORMATS[binding.kind](frame.payload, binding, frame.received_at_us, now_us)
    except Rejected as error:
        readings = error.readings if isinstance(error, TooManyReadings) else 1
        refused.append(refusal(frame, error.reason, error.detail, readings))
    except Exception as error:  # a bug in a decoder must cost one message, never the stream
        _log.exception("decoder of %s failed on a message of topic %s", binding.kind, frame.topic)
        refused.append(refusal(frame, "decoder_error", type(error).__name__))
    return None


def _joined(tables: Sequence[_Table]) -> _Table:
    filled = [table for table in tables if len(table.at)]
    if len(filled) == 1:
        return filled[0]
    return _Table(
        np.concatenate([table.frame for table in tables]),
        np.concatenate([table.row for table in tables]),
        np.concatenate([table.at for table in tables]),
        np.concatenate([table.value for table in tables]),
        np.concatenate([table.quality for table in tables]),
    )


def _flags_of_delivery(frames: Sequence[Frame], table: _Table) -> UInt8s:
    """QOS0, and LATE for what a broker had kept: old by its own time, or of unknown age."""
    flags = np.array([frame.flags for frame in frames], np.uint8)[table.frame]
    quality = flagged((flags & QOS_MASK) == 0, Quality.QOS0)
    retained = (flags & RETAIN) != 0
    if retained.any():
        received = np.array([frame.received_at_us for frame in frames], np.int64)[table.frame]
        of_unknown_age = (table.quality & np.uint8(Quality.ARRIVAL_TIME)) != 0
        quality |= flagged(retained & (of_unknown_age | (received - table.at > RETAINED_IS_OLD_US)), Quality.LATE)
    return quality


def _refusals(frames: Sequence[Frame], table: _Table, now_us: int, masks: dict[str, Bools]) -> list[Refusal]:
    """Refusals of single readings that were decoded but cannot be stored, grouped by frame."""
    found: dict[int, list[tuple[str, str]]] = {}
    for reason, mask in masks.items():
        for place in np.flatnonzero(mask).tolist():
            at = int(table.at[place])
            detail = "too large in the canonical unit" if reason == "not_finite" else time_detail(at, now_us)
            found.setdefault(int(table.frame[place]), []).append((reason, detail))
    return [one for place in sorted(found) for one in grouped(frames[place], found[place])]
