"""The series store in memory: the same promises without files, for tests, notebooks and trials. Nothing survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from forewarn.core.ports import Counts, LastValue, Refusal
from forewarn.core.readings import NOT_SCORED, Quality, Readings, Waveform
from forewarn.core.rollups import Rollup
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.store.memory_book import MemoryBook
from forewarn.ingest.store.waves import rms, same_wave


class MemoryStore(MemoryBook):
    """Implements `core.ports.SeriesWriter` and `SeriesReader`. The slow, obvious twin of `PackedStore`.

    Raises `ValueError` for NaN, infinity, and series nobody assigned.

    >>> store = MemoryStore()
    >>> (temp,) = store.assign(["pump-7/temp"])
    >>> store.write(1, Readings.of([temp, temp], [10, 10], [71.2, 71.2]), [], [])
    >>> store.counts()
    Counts(stored=1, duplicates=1, conflicts=0, quarantined=0, summarised=0, replayed=0)
    """

    def __init__(self, quarantine_rows: int = 50_000) -> None:
        self._names: dict[str, int] = {}
        self._rows: dict[int, dict[int, tuple[float, int]]] = {}
        self._waves: dict[int, dict[int, Waveform]] = {}
        self._last: dict[int, LastValue] = {}
        super().__init__(quarantine_rows)
        self._position = self._sequence = self._duplicates = self._conflicts = 0

    # ---- writing

    def assign(self, names: Sequence[str]) -> list[int]:
        """Numbers of these series."""
        if "" in names:
            raise ValueError("a series has a name")
        return [self._names.setdefault(name, len(self._names) + 1) for name in names]

    @property
    def position(self) -> int:
        """Position up to which everything is stored (0 at first)."""
        return self._position

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        """Store a batch, once: a position already taken changes nothing."""
        self._check(readings, waveforms)
        if position <= self._position:
            return
        self._sequence += 1
        columns = (readings.series, readings.at, readings.value, readings.quality)
        for series, at, value, quality in zip(*(column.tolist() for column in columns), strict=True):
            self._put(series, at, value, quality)
        for wave in waveforms:
            self._put_wave(wave)
        self._note(refused, notes)
        self._position = position  # last: who sees it finds everything up to it

    def _check(self, readings: Readings, waveforms: Sequence[Waveform]) -> None:
        if not np.isfinite(readings.value).all() or not all(np.isfinite(w.samples).all() for w in waveforms):
            raise ValueError("the store takes finite values only")
        numbers = chain(readings.series.tolist(), (w.series for w in waveforms))
        if not all(1 <= number <= len(self._names) for number in numbers):
            raise ValueError("a series number was not assigned")

    def _put(self, series: int, at: int, value: float, quality: int) -> None:
        rows = self._rows.setdefault(series, {})
        self._touch(series, at, value, quality)
        if at not in rows:
            rows[at] = (value, quality)
        elif rows[at][0] == value:
            self._duplicates += 1
        else:
            self._conflicts += 1

    def _put_wave(self, wave: Waveform) -> None:
        waves = self._waves.setdefault(wave.series, {})
        self._touch(wave.series, wave.at, rms(wave), wave.quality)
        if wave.at not in waves:
            waves[wave.at] = wave
        elif same_wave(waves[wave.at], wave):
            self._duplicates += 1
        else:
            self._conflicts += 1

    def _touch(self, series: int, at: int, value: float, quality: int) -> None:
        if quality & Quality.HISTORICAL:
            return  # told later by its sender: never a newest value
        if series not in self._last or at > self._last[series].at_us:
            name = next(name for name, number in self._names.items() if number == series)
            self._last[series] = LastValue(series, name, at, value, quality, self._sequence)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to release."""

    # ---- reading

    def names(self) -> Mapping[str, int]:
        """Series name -> number."""
        return dict(self._names)

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop), ascending in time."""
        # a copy: another thread may be writing
        rows = sorted((at, *row) for at, row in self._rows.get(series, {}).copy().items() if start_us <= at < stop_us)
        at, value, quality = zip(*rows, strict=True) if rows else ((), (), ())
        return Readings.of([series] * len(rows), at, value, quality)

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        """See `read`."""
        return {one: self.read(one, start_us, stop_us) for one in series}

    def rollup(self, series: int, start_us: int, stop_us: int, step_us: int) -> Rollup:
        """Every bucket that touches [start, stop) and holds a reading. Raises `ValueError` for a step below 1."""
        if step_us < 1:
            raise ValueError("the step of a rollup is at least one microsecond")
        readings = self.read(series, start_us // step_us * step_us, -(-stop_us // step_us) * step_us)
        buckets: dict[int, list[tuple[float, int]]] = {}
        for at, value, quality in zip(readings.at.tolist(), readings.value.tolist(), readings.quality, strict=True):
            buckets.setdefault(at // step_us * step_us, []).append((value, int(quality)))
        rows = []
        for start, told in buckets.items():
            values = [value for value, _ in told]
            doubtful = sum(bool(quality & NOT_SCORED) for _, quality in told)
            rows.append((start, len(told), doubtful, min(values), max(values), sum(values), values[-1]))
        table = np.array(rows, [("", np.int64)] * 3 + [("", np.float64)] * 4)
        return Rollup(*(table[name] for name in table.dtype.names or ()))

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        """Waveforms of one series in [start, stop), ascending in time; only the `newest` so many when given."""
        found = [wave for at, wave in sorted(self._waves.get(series, {}).copy().items()) if start_us <= at < stop_us]
        return found if newest is None else found[max(0, len(found) - newest) :]

    def last_values(self, after_sequence: int = 0) -> list[LastValue]:
        """Newest reading of every series that changed after a sequence number, in the order of change."""
        changed = [last for last in self._last.values() if last.sequence > after_sequence]
        return sorted(changed, key=lambda last: (last.sequence, last.series))

    def counts(self) -> Counts:
        """The books."""
        stored = sum(len(times) for times in chain[Mapping[int, object]](self._rows.values(), self._waves.values()))
        return Counts(stored, self._duplicates, self._conflicts, *self._refused_totals())
