"""Files that go out: nothing in them runs, and they say the same when they come in again."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forewarn.maintenance.exchange.cells import Record
from forewarn.maintenance.exchange.kinds import TableKind, reference_lines
from forewarn.maintenance.exchange.parsing import once, parsed
from forewarn.maintenance.exchange.preview import drafts, previewed
from forewarn.maintenance.exchange.reading import sheets_of
from forewarn.maintenance.exchange.table import KINDS
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.maintenance.exchange.write_xlsx import template_csv, template_of, xlsx_of
from tests.conftest import ROOT
from tests.maintenance.exchange.files import THINGS

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\x00x", '=HYPERLINK("http://x")', "'=x", "''=x", "-"]
TEXTS = st.one_of(
    st.sampled_from(DANGEROUS[:4] + DANGEROUS[7:]),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=30),
    st.sampled_from(["_x0041_", "_x000D_", "a\nb", 'q"uote', "a;b", "1E+05", "007", "1,5"]),
)
NUMBERS = st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e12, allow_nan=False))
WORDS = st.text(st.characters(categories=("Ll", "Lu", "Nd"), include_characters=' ;,"='), min_size=1, max_size=8)
RECORDS = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "price": NUMBERS,
        "hours": st.none() | st.floats(-1e9, 1e9, allow_nan=False),
        "pieces": st.integers(0, 1000),
        "day": st.just("") | st.dates().map(lambda day: day.isoformat()),
        "at": st.just("") | st.datetimes().map(lambda at: f"{at.isoformat()}+00:00"),
        "kept": st.none() | st.booleans(),
        "sort": st.sampled_from(["", "new", "old"]),
        "others": st.lists(WORDS.map(str.strip).filter(bool), max_size=3),
        "skills": st.dictionaries(WORDS.map(str.strip).filter(bool), st.integers(1, 9), max_size=3),
    }
)


def counts_of(data: bytes, kept: list[Record]) -> dict[str, int]:
    """What a file would change where these records are kept."""
    table = once(THINGS, parsed(THINGS, sheets_of(data, THINGS)))
    now = {THINGS.key_of(record): record for record in kept}
    return previewed(THINGS, table, drafts(THINGS, table, now), ()).counts


@pytest.mark.parametrize("write", [csv_of, xlsx_of])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS, min_size=1, max_size=5))
@example([{**THINGS.new(), "name": text} for text in DANGEROUS[:4] + DANGEROUS[7:]])
def test_a_file_that_went_out_changes_nothing_when_it_comes_in(write: Any, records: list[Record]) -> None:
    kept = [{**THINGS.new(), **record, "id": f"t-{place}"} for place, record in enumerate(records)]
    assert counts_of(write(THINGS, kept), kept) == {"new": 0, "changed": 0, "same": len(kept), "wrong": 0}


def test_no_text_of_a_csv_file_begins_like_a_formula_and_numbers_stay_numbers() -> None:
    records = [{**THINGS.new(), "id": text, "name": text, "hours": -5.0} for text in DANGEROUS]
    rows = list(csv.reader(io.StringIO(csv_of(THINGS, records).decode("utf-8-sig"), newline="")))
    hours = rows[0].index("hours")
    assert {row[hours] for row in rows[1:]} == {"-5"}
    for row in rows[1:]:
        assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\x00")) for cell in (row[0], row[1]))


def test_every_text_of_a_workbook_is_a_text_cell_that_stays_one_when_it_is_edited() -> None:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    records = [{**THINGS.new(), "id": f"t{n}", "name": text, "hours": -5.0} for n, text in enumerate(DANGEROUS)]
    data = xlsx_of(THINGS, records)
    sheet = load_workbook(io.BytesIO(data))["Things"]
    for row in sheet.iter_rows(min_row=2):
        assert row[1].data_type == "s"
        assert row[1].quotePrefix or not str(row[1].value).startswith(("=", "+", "-", "@"))
        assert (row[3].data_type, row[3].value) == ("n", -5)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_template_of_a_kind_is_understood_by_its_own_parser(kind: TableKind) -> None:
    for data in (template_of(kind), template_csv(kind)):
        if kind.exported:
            continue
        table = parsed(kind, sheets_of(data, kind))
        assert table.columns == tuple(column.name for column in kind.columns)
        assert table.rows == ()
        assert table.issues == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.exported], ids=lambda kind: kind.name)
def test_every_example_of_a_column_is_read_by_its_converter(kind: TableKind) -> None:
    from forewarn.maintenance.exchange.cells import Sheet

    for column in kind.columns:
        value = column.converter.read(column.example, Sheet("", {}))
        written = column.converter.write(value)
        assert column.converter.read(written, Sheet("", {})) == value, column.name


def test_templates_have_drop_down_lists_notes_and_ids_as_text() -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(template_of(THINGS)))
    assert book.sheetnames == ["Things", "Notes"]
    lists = {str(one.sqref): one.formula1 for one in book["Things"].data_validations.dataValidation}
    assert lists["I2:I10001"] == '"new,old"'
    assert book["Things"].column_dimensions["A"].number_format == "@"
    assert book["Notes"]["A4"].value == "id"


def test_the_reference_says_what_the_parser_knows() -> None:
    page = (ROOT / "docs/reference/tables.md").read_text()
    assert [kind.name for kind in KINDS if "\n".join(reference_lines(kind)).strip() not in page] == []
