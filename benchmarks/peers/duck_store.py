"""DuckDB as a peer of the series store: the same batches, each committed, and the same questions in SQL."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.peers.store_points import START_US, Points
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR

_LAST_HOUR = 'SELECT t."at", value, quality FROM t WHERE series = ? AND t."at" >= ? AND t."at" < ? ORDER BY t."at"'
_MINUTES = (
    'SELECT series, t."at" // 60000000 AS minute, count(*), min(value), max(value), avg(value) FROM t'
    ' WHERE series IN (1, 2, 3) AND t."at" >= ? AND t."at" < ? GROUP BY series, minute ORDER BY series, minute'
)


def duck_version() -> str:
    """Version of the peer."""
    return str(duckdb.__version__)


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """An empty table in a new file; every setting as the package comes: WAL, sync at each commit, all cores."""
    db = duckdb.connect(str(folder / "points.duckdb"))
    db.execute('CREATE TABLE t (series INTEGER, "at" BIGINT, value DOUBLE, quality UTINYINT)')
    return db


def filled(db: duckdb.DuckDBPyConnection, points: Points) -> float:
    """Insert every batch in a transaction of its own; seconds."""
    started_s = time.perf_counter()
    for batch in points.batches():
        columns = [batch.series, batch.at, batch.value, batch.quality]
        table = pa.table(dict(zip(("series", "at", "value", "quality"), columns, strict=True)))
        db.register("batch", table)
        db.execute("INSERT INTO t SELECT * FROM batch")
        db.unregister("batch")
    return time.perf_counter() - started_s


def duck_run(folder: Path, points: Points) -> dict[str, Any]:
    """Insert batch by batch, then ask."""
    db = opened(folder)
    seconds = filled(db, points)
    hour = [2, points.end_us - US_PER_HOUR, points.end_us]
    month = [START_US - US_PER_DAY, points.end_us]
    result = {
        "rows_per_s": round(len(points.readings) / seconds),
        "last_hour_ms": median_ms(lambda: db.execute(_LAST_HOUR, hour).fetchnumpy()),
        "minute_rollup_30d_ms": median_ms(lambda: db.execute(_MINUTES, month).fetchnumpy()),
    }
    db.close()
    size = sum(path.stat().st_size for path in folder.iterdir())
    return result | {"bytes_per_point": round(size / len(points.readings), 2)}


def median_ms(call: Callable[[], object], times: int = 7) -> float:
    """Median duration of a call after one to warm up."""
    call()
    spent = []
    for _ in range(times):
        started_s = time.perf_counter()
        call()
        spent.append((time.perf_counter() - started_s) * 1e3)
    return round(statistics.median(spent), 2)
