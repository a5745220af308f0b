"""History in files of other systems -> columns to import: CSV or Parquet, long or wide.

Long: columns `series` (or `asset` and `signal`), `at`, `value`, and if wanted `quality` and `unit`, as `forewarn series
export` writes them. Wide: one column of times and one per signal; a map says which column is which series. Every wrong
row is told with its line; nothing is imported while one is wrong, unless wrong rows are to be left out.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.formats.columns import Column
from forewarn.ingest.formats.times import time_of_iso

TIME_NAMES = ("at", "time", "timestamp", "datetime", "date")
UNIX_UNITS = {"s": US_PER_S, "ms": 1_000, "us": 1, "ns": 0.001}
MOST_FAULTS = 20
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file. `time_unit` is "iso" or a unit of Unix time; `zone` counts where a time names none; `columns`
    map columns of a wide file to series; `wire`: values are in the unit on the wire (None: canonical where a column
    `unit` says so, else on the wire); `skip_wrong`: leave wrong rows out."""

    time_column: str | None = None
    time_unit: str = "iso"
    zone: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    wire: bool | None = None
    skip_wrong: bool = False


@dataclass(slots=True)
class History:
    """What a file holds: columns by series, and what is wrong with it (line, what)."""

    columns: list[Column]
    rows: int
    wrong: int
    faults: list[tuple[int, str]]


@dataclass(slots=True)
class _Gathered:
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)


Row = Mapping[str, object]


def read_history(path: Path, signals: Mapping[str, SignalSpec], how: Reading) -> History:
    """The history in a file, for the signals of a plant (series name -> signal).

    Raises Rejected when the file as a whole cannot be used: another format, no column of times, no known series, a
    zone or unit that does not exist.
    """
    header, rows = _open(path)
    time_column = how.time_column or next((name for name in header if name.lower() in TIME_NAMES), None)
    if time_column is None or time_column not in header:
        raise Rejected("no_time", f"none of the columns {', '.join(header)} is the time: name it")
    reader = _Reader(signals, how, time_column, header)
    for line, row in enumerate(rows, 2):
        reader.take(line, row)
    return reader.history()


class _Reader:
    """Goes through the rows of one file."""

    def __init__(
        self, signals: Mapping[str, SignalSpec], how: Reading, time_column: str, header: Sequence[str]
    ) -> None:
        self._signals, self._how, self._time = signals, how, time_column
        self._zone = _zone_of(how.zone)
        self._scale = _scale_of(how.time_unit)
        self._wide = {name: series for name, series in how.columns.items() if series}
        self._long = not self._wide and "value" in header and ("series" in header or {"asset", "signal"} <= set(header))
        if not self._long and not self._wide:
            raise Rejected("no_values", "neither columns series, at, value, nor a map of columns to series")
        for name, series in self._wide.items():
            if name not in header:
                raise Rejected("no_column", f"there is no column {name!r} in {', '.join(header)}")
            self._known(series)
        self._wire = how.wire if how.wire is not None else "unit" not in header
        self._found: dict[str, _Gathered] = defaultdict(_Gathered)
        self._rows, self._wrong, self._faults = 0, 0, list[tuple[int, str]]()

    def take(self, line: int, row: Row) -> None:
        """One row: a reading, or one of each mapped column."""
        self._rows += 1
        try:
            at = self._at(row[self._time])
            if self._long:
                series, quality = self._series(row), int(str(row.get("quality") or 0))
                self._check_unit(series, row)
                found = [(series, _number(row["value"]), quality)]
            else:
                cells = [(series, row[name]) for name, series in self._wide.items()]
                found = [(series, _number(cell), 0) for series, cell in cells if cell not in ("", None)]
        except (Rejected, ValueError, KeyError) as error:
            self._wrong += 1
            if len(self._faults) < MOST_FAULTS:
                self._faults.append((line, error.detail if isinstance(error, Rejected) else str(error)))
            return
        for series, value, quality in found:
            gathered = self._found[series]
            gathered.at.append(at)
            gathered.value.append(value)
            gathered.quality.append(quality & 0xFF)

    def history(self) -> History:
        """Columns ascending in time, so that rules which look at neighbours see them in order."""
        columns = []
        for series, gathered in self._found.items():
            at = np.array(gathered.at, np.int64)
            order = np.argsort(at, kind="stable")
            value, quality = np.array(gathered.value)[order], np.array(gathered.quality, np.uint8)[order]
            columns.append(Column(series, at[order], value, quality, canonical=not self._wire))
        return History(columns, self._rows, self._wrong, self._faults)

    def _series(self, row: Row) -> str:
        series = str(row["series"]) if "series" in row else f"{row['asset']}/{row['signal']}"
        return self._known(series.removeprefix("'"))

    def _known(self, series: str) -> str:
        spec = self._signals.get(series)
        if spec is None:
            raise Rejected("unknown_series", f"the plant file names no signal {series!r}")
        if spec.kind != "scalar":
            raise Rejected("unknown_series", f"{series} is a waveform, only scalar signals are imported")
        return series

    def _check_unit(self, series: str, row: Row) -> None:
        unit = row.get("unit")
        if not self._wire and unit not in (None, "", self._signals[series].unit):
            raise Rejected("unit", f"{series} is in {unit}, {self._signals[series].unit} is expected")

    def _at(self, cell: object) -> int:
        if isinstance(cell, datetime):
            return _us(cell if cell.tzinfo else cell.replace(tzinfo=self._known_zone(str(cell))))
        text = str(cell).strip()
        if self._scale is not None:
            return round(float(text) * self._scale) if "." in text else round(int(text) * self._scale)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return time_of_iso(text)  # leap seconds, and the words for what is wrong
        return _us(moment if moment.tzinfo else moment.replace(tzinfo=self._known_zone(text)))

    def _known_zone(self, text: str) -> ZoneInfo:
        if self._zone is None:
            raise Rejected("bad_time", f"{text} has no zone: say which with --timezone")
        return self._zone


def _us(moment: datetime) -> int:
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * US_PER_S + moment.microsecond


def _number(cell: object) -> float:
    value = float(str(cell))
    if not np.isfinite(value):
        raise ValueError(f"{cell} is not a finite number")
    return value


def _zone_of(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Rejected("timezone", f"{name!r} is no time zone, for instance Europe/Berlin is") from error


def _scale_of(unit: str) -> float | None:
    if unit != "iso" and unit not in UNIX_UNITS:
        raise Rejected("time_unit", f"{unit!r} is none of iso, {', '.join(UNIX_UNITS)}")
    return UNIX_UNITS.get(unit)


def _open(path: Path) -> tuple[list[str], Iterator[Row]]:
    """Names of the columns, and the rows."""
    if path.suffix.lower() == ".csv":
        return _csv(path)
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    raise Rejected("file_format", f"{path.name} ends in neither .csv nor .parquet")


def _csv(path: Path) -> tuple[list[str], Iterator[Row]]:
    """The separator is the one that the first line has most of."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
        separator = max(_SEPARATORS, key=first.count)
        header = next(csv.reader([first], delimiter=separator, strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected("file_format", f"{path.name} is no CSV in UTF-8: {error}") from error
    return header, _csv_rows(path, separator)


def _csv_rows(path: Path, separator: str) -> Iterator[Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from csv.DictReader(file, delimiter=separator, strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected("file_format", f"{path.name} is no CSV in UTF-8: {error}") from error


def _parquet(path: Path) -> tuple[list[str], Iterator[Row]]:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise Rejected("needs_pyarrow", "Parquet needs pyarrow (the extra `parquet`)") from error
    try:
        file = pq.ParquetFile(path)
    except Exception as error:  # pyarrow has no common base of its errors
        raise Rejected("file_format", f"{path.name} is no Parquet file: {error}") from error
    return file.schema_arrow.names, (row for batch in file.iter_batches(20_000) for row in batch.to_pylist())
