"""Series to files and back: exactly, by row and by day, and every wrong row told with its line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.readings import Readings, SignalSpec
from forewarn.core.units import Conversion
from forewarn.ingest.store.packed import PackedStore
from forewarn.ingest.store.reader import PackedReader
from forewarn.pipeline.history_file import History, Reading, read_history
from forewarn.pipeline.series_export import Wanted, export_series

DAY = 20_000 * US_PER_DAY
SPECS = {
    "p1/temp": SignalSpec("p1", "temp", "temperature", "degC", "t", conversion=Conversion(5 / 9, -160 / 9)),
    "p1/speed": SignalSpec("p1", "speed", "speed", "rpm", "s"),
    "p1/vib": SignalSpec("p1", "vib", "acceleration", "m/s^2", "v", kind="waveform"),
}
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.dictionaries(st.integers(0, 3 * US_PER_DAY), st.tuples(FINITE, st.integers(0, 255)), max_size=12)


def stored(folder: Path, rows: dict[int, tuple[float, int]], name: str = "p1/temp") -> PackedReader:
    store = PackedStore(folder)
    (number,) = store.assign([name])
    at = [DAY + offset for offset in rows]
    store.write(
        1, Readings.of([number] * len(at), at, [v for v, _ in rows.values()], [q for _, q in rows.values()]), [], []
    )
    store.close()
    return PackedReader(folder)


def wanted(**more: Any) -> Wanted:
    return Wanted({"p1/temp": (1, "degC")}, DAY, DAY + 4 * US_PER_DAY, **more)


def csv_file(folder: Path, *lines: str, name: str = "history.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def only(history: History) -> tuple[list[int], list[float]]:
    (column,) = history.columns
    return column.at.tolist(), column.value.tolist()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_what_is_exported_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, ending: str, rows: dict[int, tuple[float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("export")
    reader, file = stored(folder / "store", rows), folder / f"series.{ending}"
    assert export_series(reader, wanted(), file) == len(rows)
    reader.close()
    history = read_history(file, SPECS, Reading())
    assert history.wrong == 0
    expected = sorted((DAY + offset, value, quality) for offset, (value, quality) in rows.items())
    found: Sequence[Any] = []
    for column in history.columns:
        assert (column.name, column.canonical) == ("p1/temp", True)
        found = list(zip(column.at.tolist(), column.value.tolist(), column.quality.tolist(), strict=True))
    assert found == expected
    assert [np.float64(a[1]).tobytes() for a in found] == [np.float64(e[1]).tobytes() for e in expected]


def test_a_rollup_has_low_mean_and_high_of_each_bucket(tmp_path: Path) -> None:
    reader = stored(tmp_path / "store", {0: (1.0, 0), 30_000_000: (3.0, 0), 60_000_000: (7.0, 0)})
    assert export_series(reader, wanted(step_us=60_000_000), tmp_path / "minutes.csv") == 2
    reader.close()
    with (tmp_path / "minutes.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["low"], first["mean"], first["high"], first["readings"]) == ("1.0", "2.0", "3.0", "2")
    assert (second["mean"], second["unit"]) == ("7.0", "degC")


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    class Broken(PackedReader):
        def read(self, series: int, start_us: int, stop_us: int) -> Readings:
            raise Rejected("damaged", "a chunk")

    with pytest.raises(Rejected, match="damaged"):
        export_series(Broken(tmp_path), wanted(), tmp_path / "series.csv")
    with pytest.raises(Rejected, match="file_format"):
        export_series(Broken(tmp_path), wanted(), tmp_path / "series.xml")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_export_has_its_header(tmp_path: Path) -> None:
    reader = PackedReader(tmp_path / "nothing")
    assert export_series(reader, wanted(), tmp_path / "series.csv") == 0
    assert (tmp_path / "series.csv").read_text().strip() == "series,at,value,quality,unit"
    assert export_series(reader, wanted(), tmp_path / "series.parquet") == 0


def test_names_cannot_become_formulas_of_a_spreadsheet(tmp_path: Path) -> None:
    reader = stored(tmp_path / "store", {0: (1.0, 0)}, name="=cmd/x")
    export_series(reader, Wanted({"=cmd/x": (1, "1")}, DAY, DAY + 5), tmp_path / "series.csv")
    reader.close()
    assert "'=cmd/x" in (tmp_path / "series.csv").read_text()


def test_a_wide_file_of_another_system_is_mapped_column_by_column(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path, "Time;T1;N", "2024-10-04T06:00:00+08:00;68,5;1480", "2024-10-04 06:00:01;212;", name="a.csv"
    )
    how = Reading(zone="Asia/Shanghai", columns={"T1": "p1/temp", "N": "p1/speed"})
    history = read_history(file, SPECS, how)
    assert history.faults == [(2, "could not convert string to float: '68,5'")]
    assert {c.name: c.value.tolist() for c in history.columns} == {"p1/temp": [212.0]}
    assert history.columns[0].canonical is False
    assert history.columns[0].at.tolist() == [1_727_992_801_000_000]


@pytest.mark.parametrize(
    ("unit", "text"),
    [("s", "1728000000.5"), ("ms", "1728000000500"), ("us", "1728000000500000"), ("ns", "1728000000500000000")],
)
def test_unix_times_in_every_unit(tmp_path: Path, unit: str, text: str) -> None:
    file = csv_file(tmp_path, "series,at,value", f"p1/speed,{text},1480")
    assert only(read_history(file, SPECS, Reading(time_unit=unit))) == ([1_728_000_000_500_000], [1480.0])


def test_rows_out_of_order_are_sorted_and_asset_and_signal_may_stand_apart(tmp_path: Path) -> None:
    lines = ["p1,speed,2024-10-04T00:00:02Z,3", "p1,speed,2024-10-04T00:00:01Z,2"]
    file = csv_file(tmp_path, "asset,signal,time,value", *lines)
    assert only(read_history(file, SPECS, Reading()))[1] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("p1/nothing,2024-10-04T00:00:00Z,1,degC", "names no signal 'p1/nothing'"),
        ("p1/vib,2024-10-04T00:00:00Z,1,m/s^2", "waveform"),
        ("p1/temp,2024-10-04T00:00:00,1,degC", "--timezone"),
        ("p1/temp,yesterday,1,degC", "ISO 8601"),
        ("p1/temp,2024-10-04T00:00:00Z,nan,degC", "finite"),
        ("p1/temp,2024-10-04T00:00:00Z,,degC", "float"),
        ("p1/temp,2024-10-04T00:00:00Z,1,degF", "degC is expected"),
    ],
)
def test_a_wrong_row_is_told_with_its_line_and_the_others_are_read(tmp_path: Path, row: str, what: str) -> None:
    file = csv_file(tmp_path, "series,at,value,unit", "p1/temp,2024-10-04T00:00:00Z,5,degC", row)
    history = read_history(file, SPECS, Reading())
    ((line, told),) = history.faults
    assert line == 3
    assert what in told
    assert only(history)[1] == [5.0]


@pytest.mark.parametrize(
    ("header", "how", "slug"),
    [
        ("series,value", Reading(), "no_time"),
        ("at,temp", Reading(), "no_values"),
        ("at,temp", Reading(columns={"temp": "p9/x"}), "unknown_series"),
        ("at,temp", Reading(columns={"pressure": "p1/temp"}), "no_column"),
        ("series,at,value", Reading(zone="Mars/Olympus"), "timezone"),
        ("series,at,value", Reading(time_unit="fortnights"), "time_unit"),
    ],
)
def test_a_file_that_cannot_be_used_as_a_whole_says_why(tmp_path: Path, header: str, how: Reading, slug: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_history(csv_file(tmp_path, header, "1,2,3"), SPECS, how)
    assert refused.value.reason == slug


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.xls"])
def test_bytes_that_are_no_table_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"at,value,series\n\xff\xfe\x00PAR1\n" * 3)
    with pytest.raises(Rejected, match="file_format"):
        read_history(file, SPECS, Reading())
