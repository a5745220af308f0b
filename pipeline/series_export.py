"""Stored series as files for people: CSV or Parquet, one row per reading or per bucket of a rollup.

Columns: `series`, `at` (UTC), `value`, `quality` and `unit` (canonical); of rollups `low`, `mean`, `high` and
`readings` in place of value and quality. Reads a day of one series at a time, so memory stays small; a file is complete
or not there.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Int64s, Readings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Columns = dict[str, NDArray[Any] | list[str]]
Progress = Callable[[str, int], None]
"""(series, rows written so far)"""


class Buckets(Protocol):
    """A rollup: columns of equal length."""

    @property
    def start(self) -> Int64s: ...
    @property
    def n(self) -> Int64s: ...
    @property
    def low(self) -> Floats: ...
    @property
    def high(self) -> Floats: ...
    @property
    def mean(self) -> Floats: ...


class ExportReader(Protocol):
    """The part of a store's reader that is needed."""

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop)."""
        ...

    def rollup(self, series: int, start_us: int, stop_us: int, step_us: int) -> Buckets:
        """Buckets of one series that touch [start, stop)."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: series names with number and unit, [start, stop), and the width of a bucket (None: readings)."""

    series: Mapping[str, tuple[int, str]]
    start_us: int
    stop_us: int
    step_us: int | None = None


def export_series(
    reader: ExportReader, wanted: Wanted, path: Path, progress: Progress = lambda name, rows: None
) -> int:
    """Write a file; its ending chooses the format (.csv or .parquet). Answers how many rows.

    Raises Rejected for another ending, and where Parquet needs pyarrow that is not there.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise Rejected("file_format", f"{path.name} ends in none of {', '.join(WRITERS)}")
    beside = path.with_name(path.name + ".part")
    try:
        rows = writer(beside, _pieces(reader, wanted, progress))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return rows


def _pieces(reader: ExportReader, wanted: Wanted, progress: Progress) -> Iterator[Columns]:
    rows = 0
    for name, (number, unit) in wanted.series.items():
        for start in range(wanted.start_us, wanted.stop_us, US_PER_DAY):
            stop = min(start + US_PER_DAY, wanted.stop_us)
            piece = _of(reader, number, start, stop, wanted.step_us)
            n = len(piece["at"])
            if n:
                rows += n
                yield {"series": [name] * n, "at": piece.pop("at"), **piece, "unit": [unit] * n}
        progress(name, rows)


def _of(reader: ExportReader, number: int, start: int, stop: int, step_us: int | None) -> Columns:
    if step_us is None:
        readings = reader.read(number, start, stop)
        return {"at": readings.at, "value": readings.value, "quality": readings.quality}
    buckets = reader.rollup(number, start, stop, step_us)
    inside = (buckets.start >= start) & (buckets.start < stop)
    columns = {"at": buckets.start, "low": buckets.low, "mean": buckets.mean, "high": buckets.high}
    return {name: column[inside] for name, column in {**columns, "readings": buckets.n}.items()}


def write_csv(path: Path, pieces: Iterable[Columns]) -> int:
    """CSV with a header; times as ISO 8601 to the microsecond, numbers so that they come back exactly."""
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        for columns in pieces:
            if not rows:
                out.writerow(columns)
            out.writerows(zip(*(_texts(name, column) for name, column in columns.items()), strict=True))
            rows += len(columns["at"])
        if not rows:
            out.writerow(["series", "at", "value", "quality", "unit"])
    return rows


def _texts(name: str, column: NDArray[Any] | list[str]) -> Sequence[object]:
    if isinstance(column, list):
        return [f"'{text}" if text.startswith(_FORMULA) else text for text in column]
    if name == "at":
        return [(_EPOCH + timedelta(microseconds=at)).isoformat() for at in column.tolist()]
    found: list[object] = column.tolist()
    return [repr(value) if isinstance(value, float) else value for value in found]


def write_parquet(path: Path, pieces: Iterable[Columns]) -> int:
    """Parquet (zstd), times as timestamps of microseconds in UTC: DuckDB, pandas, Spark and ClickHouse read it."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise Rejected(
            "needs_pyarrow", "Parquet needs pyarrow: pip install 'forewarn[parquet]'; CSV needs nothing"
        ) from error
    rows, writer = 0, None
    try:
        for columns in pieces:
            arrays = {name: _array(pa, name, column) for name, column in columns.items()}
            table = pa.table(arrays)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += len(columns["at"])
        if writer is None:
            empty = {"series": pa.array([], pa.string()), "at": pa.array([], pa.timestamp("us", tz="UTC"))}
            pq.write_table(pa.table({**empty, "value": pa.array([], pa.float64())}), path)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _array(pa: Any, name: str, column: NDArray[Any] | list[str]) -> Any:
    if isinstance(column, list):
        return pa.array(column).dictionary_encode()
    return (
        pa.array(column).cast(pa.timestamp("us", tz="UTC")) if name == "at" else pa.array(np.ascontiguousarray(column))
    )


WRITERS: dict[str, Callable[[Path, Iterable[Columns]], int]] = {".csv": write_csv, ".parquet": write_parquet}
"""Ending of the file -> writer."""
