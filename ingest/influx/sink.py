"""A sink to an InfluxDB server: readings as line protocol, written synchronously, going on from its own cursor.

A batch may come again after a crash: the same series and time with the same value changes nothing. Of two values for
one time the first stays, as in the embedded store: before a reading that is not newer than its series is sent, the
server is asked whether it has one. Where the server answers no queries (VictoriaMetrics), the last one stays.
Waveforms, refusals and the book of delivery stay in the embedded store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
import structlog

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected, Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Int64s, Readings, SignalSpec, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.lines import encode_lines, line_key
from forewarn.ingest.influx.reader import InfluxReader
from forewarn.ingest.influx.server import InfluxServer

log = structlog.get_logger(__name__)

_ROWS_A_REQUEST = 5000
_ONE_QUESTION_US = US_PER_HOUR  # late readings further apart than this are asked for one by one


class InfluxSink:
    """Writes readings to a bucket. `write` returns when the server has answered for everything in the batch.

    Raises `Retriable` when the server is away, busy, or refuses the token (nothing is skipped: repeat the call later).
    What it calls wrong for good (another field type in the bucket, say) is logged, counted in `skipped` and passed
    over, by request, so that it blocks nothing; some of a skipped request may have been taken.

    `signals` tells series number -> `SignalSpec`; readings of series that are not in it are left out.
    """

    def __init__(self, server: InfluxServer, signals: Mapping[int, SignalSpec], cursor: SinkCursor) -> None:
        self._server, self._cursor = server, cursor
        self._keys = {series: line_key(signal) for series, signal in signals.items()}
        self._reader = InfluxReader(server, signals)
        self._newest: dict[int, int] | None = None
        self._answers = True
        self.skipped = 0

    def know(self, signals: Mapping[int, SignalSpec]) -> None:
        """Send these series from now on: the plant has changed. For the thread that writes."""
        self._keys = {series: line_key(signal) for series, signal in signals.items()}
        self._reader = InfluxReader(self._server, signals)

    @property
    def position(self) -> int:
        """Position up to which the server has everything."""
        return self._cursor.position

    def memory(self) -> Mapping[str, bytes]:
        """What the decoders asked to remember, as of `position`."""
        return self._cursor.memory()

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform] = (),
        refused: Sequence[Refusal] = (),
        notes: Notes = NO_NOTES,
    ) -> None:
        """Send all readings up to a position; a position already passed sends nothing. The rest is not for InfluxDB."""
        if position <= self._cursor.position:
            return
        fresh = self._not_there_yet(readings)
        lines = list(encode_lines(fresh, self._keys))
        for start in range(0, len(lines), _ROWS_A_REQUEST):
            self._deliver(lines[start : start + _ROWS_A_REQUEST])
        self._note_newest(fresh)
        try:
            self._cursor.advance(position, notes.memory)
        except (OSError, sqlite3.OperationalError) as error:
            raise Retriable(f"the cursor of {self._server.url} cannot be kept: {error}") from error

    def flush(self) -> None:
        """Nothing waits: `write` returns when the server has answered."""

    def _deliver(self, lines: list[str]) -> None:
        try:
            self._server.write("\n".join(lines).encode())
        except Rejected as error:
            self.skipped += len(lines)
            log.error(
                "sink_skips", url=self._server.url, readings=len(lines), skipped=self.skipped, error=str(error)[:500]
            )

    # ---- the first value of a time stays

    def _not_there_yet(self, readings: Readings) -> Readings:
        """The readings whose (series, time) neither the server has nor an earlier one of this batch."""
        if not len(readings):
            return readings
        newest = self._known_newest()
        order = np.lexsort((np.arange(len(readings)), readings.at, readings.series))
        rows = readings.take(order)
        first = np.append(True, (rows.series[1:] != rows.series[:-1]) | (rows.at[1:] != rows.at[:-1]))
        rows, order = rows.take(first), order[first]
        keep = np.ones(len(rows), bool)
        for series in np.unique(rows.series).tolist():
            mine = np.flatnonzero(rows.series == series)
            late = mine[rows.at[mine] <= newest.get(series, -(1 << 62))]
            if len(late) and series in self._keys and self._answers:
                keep[late] = ~np.isin(rows.at[late], self._stored_times(series, rows.at[late]))
        return readings.take(np.sort(order[keep]))

    def _stored_times(self, series: int, at: Int64s) -> Int64s:
        """Which times near these the server has."""
        ends = np.append(np.flatnonzero(np.diff(at) > _ONE_QUESTION_US), len(at) - 1)
        starts = np.append(0, ends[:-1] + 1)
        spans = zip(at[starts].tolist(), at[ends].tolist(), strict=True)
        return np.concatenate([self._reader.read(series, first, last + 1).at for first, last in spans])

    def _known_newest(self) -> dict[int, int]:
        """The newest time of each series; asked of the server once, for it may hold more than this process wrote."""
        if self._newest is None:
            self._answers = self._server.holds_the_bucket()
            if not self._answers:
                log.warning("sink_overwrites", url=self._server.url, why="it answers no InfluxQL: the last value stays")
            self._newest = self._reader.newest_times() if self._answers else {}
        return self._newest

    def _note_newest(self, fresh: Readings) -> None:
        newest = self._known_newest()
        for series in np.unique(fresh.series).tolist():
            at = int(fresh.at[fresh.series == series].max(initial=-(1 << 62)))
            newest[series] = max(at, newest.get(series, at))

    def close(self) -> None:
        """Release the connections and the cursor."""
        self._server.close()
        self._cursor.close()
