"""InfluxDB as the contract suite of the stores meets it: a sink and a reader joined, in a bucket that is emptied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forewarn.core.ports import LastValue, Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.reader import InfluxReader
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink


class InfluxStore:
    """Joins sink and reader to a store whose series are named on the way, for this suite."""

    def __init__(self, server: InfluxServer, cursor: SinkCursor) -> None:
        self._server, self._cursor, self._specs = server, cursor, dict[int, SignalSpec]()
        self._open()

    def _open(self) -> None:
        self._sink, self.reader = (
            InfluxSink(self._server, self._specs, self._cursor),
            InfluxReader(self._server, self._specs),
        )

    def assign(self, names: Sequence[str]) -> list[int]:
        known = {spec.asset: number for number, spec in self._specs.items()}
        for name in names:
            known.setdefault(name, len(known) + 1)
        # the name is the asset, so that it may hold anything; quantities as many as there are series
        self._specs = {n: SignalSpec(name, "s", f"quantity {n}", "1", "t") for name, n in known.items()}
        self._open()
        return [known[name] for name in names]

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform],
        refused: Sequence[Refusal],
        notes: Notes = NO_NOTES,
    ) -> None:
        self._sink.write(position, readings, waveforms, refused, notes)

    def memory(self) -> Mapping[str, bytes]:
        return self._sink.memory()

    def flush(self) -> None:
        self._sink.flush()

    @property
    def position(self) -> int:
        return self._sink.position

    def close(self) -> None:
        self._sink.close()

    # reading: the reader changes when a series is named

    def names(self) -> Mapping[str, int]:
        return {name.removesuffix("/s"): number for name, number in self.reader.names().items()}

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        return self.reader.read(series, start_us, stop_us)

    def read_many(self, series: Sequence[int], start_us: int, stop_us: int) -> dict[int, Readings]:
        return self.reader.read_many(series, start_us, stop_us)

    def waveforms(self, series: int, start_us: int, stop_us: int, newest: int | None = None) -> list[Waveform]:
        return self.reader.waveforms(series, start_us, stop_us, newest)

    def last_values(self, after_sequence: int = 0) -> list[LastValue]:
        found = self.reader.last_values(after_sequence)
        return [replace(value, name=value.name.removesuffix("/s")) for value in found]


@dataclass
class Bucket:
    """Where InfluxDB keeps what a test writes; emptied for each store."""

    url: str
    name: str
    empty: Callable[[], None]
    token: str = ""
    org: str = ""

    def open_empty(self, folder: Path) -> InfluxStore:
        self.empty()
        server = InfluxServer(self.url, self.token, self.org, self.name)
        return InfluxStore(server, SinkCursor(folder / "cursor.db"))
