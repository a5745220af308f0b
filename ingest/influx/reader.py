"""Reads of what `InfluxSink` wrote, by InfluxQL: the same answers as the embedded store, for readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forewarn.core.clock import US_PER_DAY
from forewarn.core.ports import LastValue
from forewarn.core.readings import Quality, Readings, SignalSpec, Waveform
from forewarn.ingest.influx.lines import measurement_of, tags_of
from forewarn.ingest.influx.server import InfluxServer, Table

EARLIEST_US, LATEST_US = -9_223_372_036_854_775, 9_223_372_036_854_775  # what fits into 64 bits as nanoseconds


class InfluxReader:
    """Implements `core.ports.SeriesReader` on one bucket. Waveforms are not kept there: none are found.

    `signals` tells series number -> `SignalSpec`. Sequence numbers of newest values are counted by this object: they
    rise when it sees a change. Raises `Retriable` when the server is away, `Rejected` when it refuses the question.
    """

    def __init__(self, server: InfluxServer, signals: Mapping[int, SignalSpec]) -> None:
        self._server, self._signals = server, dict(signals)
        self._number = {(measurement_of(spec), *tags_of(spec)): series for series, spec in signals.items()}
        self._last: dict[int, LastValue] = {}
        self._sequence = 0

    def names(self) -> Mapping[str, int]:
        """Series name -> number."""
        return {spec.name: series for series, spec in self._signals.items()}

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop), ascending in time; none for a series it does not know."""
        spec = self._signals.get(series)
        first, last = max(start_us, EARLIEST_US), min(stop_us, LATEST_US)
        if spec is None or first >= last:
            return Readings.empty()
        asset, signal = tags_of(spec)
        where = f"asset = {_text(asset)} AND signal = {_text(signal)} AND time >= {first}u AND time < {last}u"
        tables = self._server.query(f'SELECT "value", "quality" FROM {_name(measurement_of(spec))} WHERE {where}')
        return Readings.joined([_readings(table, series) for table in tables])

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        """See `read`; a query each."""
        return {one: self.read(one, start_us, stop_us) for one in series}

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        """None: the bucket holds readings."""
        return []

    def last_values(self, after_sequence: int = 0) -> list[LastValue]:
        """Newest reading of every series that changed after a sequence number, in the order of change."""
        self._sequence += 1
        for series, newest in self._newest():
            live = _live(newest)
            self._note(series, live if len(live) else self._newest_live_before(series, int(newest.at[-1])))
        changed = [value for value in self._last.values() if value.sequence > after_sequence]
        return sorted(changed, key=lambda value: (value.sequence, value.series))

    def close(self) -> None:
        """Release the connections."""
        self._server.close()

    def newest_times(self) -> dict[int, int]:
        """Time of the newest reading of every series, whatever is known against it."""
        return {series: int(newest.at[-1]) for series, newest in self._newest()}

    def _newest(self) -> Iterator[tuple[int, Readings]]:
        for quantity in sorted({measurement_of(spec) for spec in self._signals.values()}):
            text = f'SELECT last("value") AS "value", "quality" FROM {_name(quantity)} GROUP BY asset, signal'
            for table in self._server.query(text):
                series = self._number.get((quantity, table.tags.get("asset", ""), table.tags.get("signal", "")))
                if series is not None:
                    yield series, _readings(table, series)

    def _newest_live_before(self, series: int, before_us: int) -> Readings:
        """The newest that was not told later by its sender: a good reading has no quality there to ask by, so spans
        that double are looked through."""
        stop_us, span_us = before_us, US_PER_DAY
        while stop_us > EARLIEST_US:
            start_us = max(stop_us - span_us, EARLIEST_US)
            live = _live(self.read(series, start_us, stop_us))
            if len(live):
                return live.take(slice(-1, None))
            stop_us, span_us = start_us, 2 * span_us
        return Readings.empty()

    def _note(self, series: int, newest: Readings) -> None:
        if not len(newest):
            return
        at, value, quality = int(newest.at[-1]), float(newest.value[-1]), int(newest.quality[-1])
        before = self._last.get(series)
        if before is None or (before.at_us, before.value, before.quality) != (at, value, quality):
            name = self._signals[series].name
            self._last[series] = LastValue(series, name, at, value, quality, self._sequence)


def _readings(table: Table, series: int) -> Readings:
    columns = [table.columns.index(name) for name in ("time", "value", "quality")]
    rows = [[row[place] or 0 for place in columns] for row in table.rows]
    at, value, quality = ([float(row[i]) if i == 1 else int(row[i]) for row in rows] for i in range(3))
    return Readings.of([series] * len(rows), at, value, quality)  # type: ignore[arg-type]


def _live(readings: Readings) -> Readings:
    return readings.take((readings.quality & int(Quality.HISTORICAL)) == 0)


def _text(value: str) -> str:
    """A string literal of InfluxQL.

    >>> print(_text("pump's"), _text("back" + chr(92) + "slash"))
    'pump\\'s' 'back\\\\slash'
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(value: str) -> str:
    """A quoted identifier of InfluxQL."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
