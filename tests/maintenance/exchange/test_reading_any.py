"""Files that nobody has thought of: any bytes, damaged workbooks, and every cell compared with openpyxl."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import Broken
from forewarn.maintenance.exchange.parsing import ParsedTable, once, parsed
from forewarn.maintenance.exchange.read_xlsx import read_xlsx
from forewarn.maintenance.exchange.reading import sheets_of
from tests.maintenance.exchange.files import THINGS, with_part, workbook

HEAD = ("id", "name", "price")
SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes) -> ParsedTable:
    return once(THINGS, parsed(THINGS, sheets_of(data, THINGS)))


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=8))
def test_every_cell_is_read_as_openpyxl_reads_it(rows: list[list[Any]]) -> None:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    rows[0][0] = "first"
    data = workbook({"Things": [[f"_{c}" if isinstance(c, str) and c.startswith("=") else c for c in r] for r in rows]})
    expected = load_workbook(io.BytesIO(data), data_only=True)["Things"]
    found = read_xlsx(data)[0].rows
    for cell in (cell for row in expected.iter_rows() for cell in row if cell.value is not None):
        mine = found[cell.row][cell.column - 1]
        assert (mine.text if isinstance(mine, Broken) else mine) == cell.value


@settings(max_examples=150)
@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00")
@example(b"id\n\x00")
@example(b"sep=;")
def test_any_bytes_are_read_or_refused_with_a_sentence(data: bytes) -> None:
    assert all(told_of(lambda: read(data)))


def told_of(reading: Callable[[], ParsedTable]) -> list[str]:
    """What a person is told of a file; only a sentence of ours is no failure."""
    try:
        table = reading()
    except Rejected as error:
        return [error.detail]
    return ["read", *(issue.text for row in table.rows for issue in row.issues)]


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    whole = workbook({"Things": [HEAD, ("a", "x", 1.5), ("b", "=1+1", date(2026, 1, 2))]})
    part = data.draw(st.sampled_from(["xl/workbook.xml", SHEET, "xl/styles.xml", "xl/_rels/workbook.xml.rels"]))

    def damaged(xml: bytes) -> bytes:
        at = data.draw(st.integers(0, len(xml)))
        length = data.draw(st.integers(0, 60))
        return xml[:at] + data.draw(st.binary(max_size=20)) + xml[at + length :]

    assert all(told_of(lambda: read(with_part(whole, part, damaged))))


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_package_with_changed_bytes_is_read_or_refused_with_a_sentence(changes: list[tuple[float, int]]) -> None:
    data = bytearray(workbook({"Things": [HEAD, ("a", "x", 1.5)]}))
    for place, byte in changes:
        data[int(place * len(data))] = byte
    assert all(told_of(lambda: read(bytes(data))))


@pytest.mark.parametrize(("field", "length"), [(42, 4), (46, 6)], ids=["where a part begins", "its name"])
def test_a_package_whose_list_of_parts_is_damaged_is_refused(field: int, length: int) -> None:
    data = bytearray(workbook({"Things": [HEAD, ("a", "x", 1)]}))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + field : at + field + length] = b"\xf0" * length
        data[at + 9] |= 8  # names are said to be UTF-8
        at = data.find(b"PK\x01\x02", at + 4)
    with pytest.raises(Rejected, match="save it"):
        read(bytes(data))


@pytest.mark.slow
@settings(max_examples=80)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=12))
def test_any_texts_in_any_column_give_values_or_issues_and_never_a_trace(cells: list[str]) -> None:
    from forewarn.maintenance.exchange.cells import Sheet
    from forewarn.maintenance.exchange.table import KINDS

    for kind in KINDS:
        names = tuple(column.name for column in kind.columns)
        row = tuple((cells * len(names))[: len(names)])
        table = parsed(kind, [Sheet(kind.sheet, {1: names, 2: row})])
        assert all(issue.fix for one in table.rows for issue in one.issues)
