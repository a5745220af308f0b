"""Decoded readings and blocks -> what is stored: canonical units, refusals by time, quality flags.

Everything is judged as of its own arrival, so that the same frames, read again, give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.ports import LastValue
from forewarn.core.readings import Floats, Int64s, Quality, Readings, SignalSpec, UInt8s, Waveform
from forewarn.ingest.batch import Batch, Table
from forewarn.ingest.delivery import BROKER_PREFIX, QOS_MASK, RETAIN
from forewarn.ingest.quality import Bools, QualityRules, QualityState, Rows, flagged, judge, time_faults
from forewarn.ingest.refusals import grouped, refusal, time_detail

RETAINED_IS_OLD_US = 300 * US_PER_S
NOTHING = -0.0
"""What can be added to a zero of either sign without changing it."""


class Judge:
    """Knows the signals' units and limits, and remembers the newest reading of each. Moves with every batch."""

    def __init__(self, signals: Sequence[SignalSpec], numbers: Sequence[int], retention_us: int) -> None:
        self._rules = QualityRules.of(signals)
        self._state = QualityState.fresh(len(signals))
        self._retention_us = retention_us
        self._numbers = np.asarray(numbers, np.int32)
        self._row_of = {int(number): row for row, number in enumerate(numbers)}
        self._scale = np.array([spec.conversion.scale for spec in signals], np.float64)
        self._offset = np.array([spec.conversion.offset or NOTHING for spec in signals], np.float64)

    def seed(self, last_values: Iterable[LastValue]) -> None:
        """Remember the newest stored readings. Series of other plants are passed over."""
        for last in last_values:
            row = self._row_of.get(last.series)
            if row is not None:
                self._state.seed(row, last.at_us, last.value, last.quality)

    def take_over(self, before: Judge) -> None:
        """Go on from what another judge knows about the signals that both have."""
        pairs = [(row, before._row_of[n]) for n, row in self._row_of.items() if n in before._row_of]
        if pairs:
            rows, rows_before = np.array(pairs, np.intp).T
            self._state.take_over(rows, before._state, rows_before)

    def readings(self, batch: Batch, table: Table) -> tuple[Readings, Rows]:
        """What is stored, and the place of the frame that each reading came in. The rest is refused."""
        judged_at = batch.judged_at()[table.frame]
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
            value = self._canonical(batch, table)
        future, too_old = time_faults(table.at, judged_at, self._retention_us)
        infinite = ~np.isfinite(value) & ~future & ~too_old
        bad = future | too_old | infinite
        quality = table.quality | _flags_of_delivery(batch, table)
        if bad.any():
            _refuse(batch, table, judged_at, {"future": future, "too_old": too_old, "not_finite": infinite})
            table, value, quality = table.where(~bad), value[~bad], quality[~bad]
        historical = (quality & np.uint8(Quality.HISTORICAL)) != 0
        quality |= judge(self._rules, self._state, table.row, table.at, value, historical)
        return Readings(self._numbers[table.row], table.at, value, quality), table.frame

    def _canonical(self, batch: Batch, table: Table) -> Floats:
        """Values in canonical units."""
        scale, offset = self._scale[table.row], self._offset[table.row]
        if batch.canonical:
            already = np.isin(table.frame, list(batch.canonical))
            scale, offset = np.where(already, 1.0, scale), np.where(already, NOTHING, offset)
        return table.value * scale + offset

    def waveform(self, batch: Batch, place: int, waveform: Waveform) -> None:
        """The same judgements for a block of samples."""
        frame, now_us, row = batch.frames[place], batch.judged_at_us(place), self._row_of[waveform.series]
        future, too_old = time_faults(np.array([waveform.at], np.int64), now_us, self._retention_us)
        if future[0] or too_old[0]:
            reason = "future" if future[0] else "too_old"
            batch.refuse(place, refusal(frame, reason, time_detail(waveform.at, now_us)))
            return
        quality = Quality(waveform.quality)
        if not frame.flags & QOS_MASK:
            quality |= Quality.QOS0
        kept = frame.flags & RETAIN and frame.received_at_us - waveform.at > RETAINED_IS_OLD_US
        if kept and frame.client.startswith(BROKER_PREFIX):
            quality |= Quality.HISTORICAL
        if kept or waveform.at < self._state.last_at[row]:
            quality |= Quality.LATE
        if waveform.samples.min() < self._rules.low[row] or waveform.samples.max() > self._rules.high[row]:
            quality |= Quality.OUT_OF_RANGE
        if not quality & Quality.HISTORICAL:
            self._state.last_at[row] = max(int(self._state.last_at[row]), waveform.at)
        batch.waveforms.append((place, replace(waveform, quality=int(quality))))


def _flags_of_delivery(batch: Batch, table: Table) -> UInt8s:
    """QOS0, and LATE for what was kept: old by its own time, or of unknown age. What another broker had kept is
    HISTORICAL too, never current; at our own door the flag only asks to keep what is measured now."""
    flags = np.array([frame.flags for frame in batch.frames], np.uint8)[table.frame]
    quality = flagged((flags & QOS_MASK) == 0, Quality.QOS0)
    retained = (flags & RETAIN) != 0
    if retained.any():
        received = np.array([frame.received_at_us for frame in batch.frames], np.int64)[table.frame]
        of_unknown_age = (table.quality & np.uint8(Quality.ARRIVAL_TIME)) != 0
        kept = retained & (of_unknown_age | (received - table.at > RETAINED_IS_OLD_US))
        elsewhere = np.array([frame.client.startswith(BROKER_PREFIX) for frame in batch.frames], np.bool_)[table.frame]
        quality |= flagged(kept, Quality.LATE) | flagged(kept & elsewhere, Quality.HISTORICAL)
    return quality


def _refuse(batch: Batch, table: Table, judged_at: Int64s, masks: dict[str, Bools]) -> None:
    """Refusals of single readings that were decoded but cannot be stored, grouped by frame."""
    found: dict[int, list[tuple[str, str]]] = {}
    for reason, mask in masks.items():
        for index in np.flatnonzero(mask).tolist():
            wrong_time = time_detail(int(table.at[index]), int(judged_at[index]))
            detail = "too large in the canonical unit" if reason == "not_finite" else wrong_time
            found.setdefault(int(table.frame[index]), []).append((reason, detail))
    for place, faults in sorted(found.items()):
        for one in grouped(batch.frames[place], faults):
            batch.refuse(place, one)
