"""CSV and XLSX files with the traps that spreadsheets set: what is read, and how it is told what cannot be read."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import pytest

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import Limits
from forewarn.maintenance.exchange.parsing import ParsedTable, once, parsed
from forewarn.maintenance.exchange.reading import sheets_of
from tests.maintenance.exchange.files import THINGS, with_part, with_shared_texts, without_values, workbook

HEAD = ("id", "name", "price")
SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes, sheet: str | None = None, limits: Limits | None = None) -> ParsedTable:
    return once(THINGS, parsed(THINGS, sheets_of(data, THINGS, limits or Limits()), sheet))


def given_of(data: bytes) -> list[dict[str, Any]]:
    table = read(data)
    assert [issue.text for row in table.rows for issue in row.issues] == []
    return [row.given for row in table.rows]


def errors(data: bytes) -> list[str]:
    table = read(data)
    return [i.text for i in (*table.issues, *(i for row in table.rows for i in row.issues)) if not i.is_warning]


def warnings(data: bytes) -> list[str]:
    return [issue.text for issue in read(data).issues if issue.is_warning]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_csv_is_read_in_any_usual_encoding_and_with_any_separator(separator: str, encoding: str) -> None:
    text = f"id{separator}name{separator}price\r\na{separator}Überdruck{separator}2.5\r\n"
    assert given_of(text.encode(encoding)) == [{"id": "a", "name": "Überdruck", "price": 2.5}]


def test_chinese_headings_are_understood_also_in_the_encoding_of_chinese_spreadsheets() -> None:
    assert given_of("编号,name\nP-1,轴承\n".encode("gb18030")) == [{"id": "P-1", "name": "轴承"}]


def test_a_guessed_encoding_is_told() -> None:
    assert "read as cp1252" in warnings("id,name\na,Öl\n".encode("cp1252"))[0]


def test_quoted_line_breaks_quotes_and_separators_belong_to_the_text() -> None:
    data = b'id,name\r\na,"one\r\ntwo, ""three"""\r\nb,x\r\n'
    assert [row["name"] for row in given_of(data)] == ['one\ntwo, "three"', "x"]


def test_the_line_that_tells_excel_the_separator_is_no_header_and_rows_keep_their_numbers() -> None:
    table = read(b"sep=;\nid;name\na;x\n\nb;y\n")
    assert [(row.row, row.given["id"]) for row in table.rows] == [(3, "a"), (5, "b")]


def test_titles_above_the_header_and_empty_rows_do_no_harm() -> None:
    data = workbook({"Things": [["Our list of things"], [], ["as of today"], HEAD, ["a", "x", 1], [], ["b", "y", 2]]})
    table = read(data)
    assert [(row.row, row.given["id"]) for row in table.rows] == [(5, "a"), (7, "b")]


def test_an_unknown_column_is_left_out_and_told_with_the_name_that_was_probably_meant() -> None:
    data = b"id,pieses,colour\na,3,red\n"
    assert warnings(data) == [
        "row 1, column pieses: things have no such column: did you mean pieces?",
        "row 1, column colour: things have no such column: it is left out",
    ]


def test_a_missing_key_column_and_a_column_twice_stop_the_table() -> None:
    assert errors(b"name,price\nx,1\n") == ["row 1: the column id is missing: add it; rows are told apart by id"]
    assert errors(b"id,number\na,b\n") == [
        "row 1, column number: is the column id, which is there already: take one of the two out"
    ]


def test_a_key_twice_in_the_file_is_wrong_where_it_stands_again() -> None:
    assert errors(b"id,name\na,x\nb,y\na,z\n") == ["row 4, column id: 'a' stands in row 2 already: keep one of them"]


def test_more_cells_than_headings_are_told_and_not_moved_into_other_columns() -> None:
    assert errors(b"id,name\na,x,y\n") == [
        "row 2, column number 3: 'y' stands under no heading: give the column a heading, empty the cell, or put quotes"
        " around a text that holds a comma"
    ]


def test_an_error_names_sheet_row_column_value_and_what_to_write() -> None:
    rows = [HEAD, ["a", "x", 1], ["b", "y", "12,5x"]]
    assert errors(workbook({"Things": rows})) == [
        "sheet Things, row 3, column price: '12,5x' is not a number: write 12.5"
    ]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("1,234", "may be 1234 or 1.234: write 1234 or 1.234 without a comma"),
        ("abc", "is not a number: write a number such as 12.5"),
        ("-1", "is too small: write 0 or more"),
    ],
)
def test_a_number_that_cannot_be_read_says_what_to_write(cell: str, told: str) -> None:
    assert errors(f'id,price\na,"{cell}"\n'.encode()) == [f"row 2, column price: '{cell}' {told}"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12.5", 12.5), ("12,5", 12.5), ("1 234,5", 1234.5), ("1.234,50", 1234.5), ("1,234.5", 1234.5), ("１２", 12.0),
     ("1e3", 1000.0), (" 7\u00a0", 7.0), ("1'234.5", 1234.5)],
)  # fmt: skip
def test_numbers_as_text_are_read_with_either_decimal_mark(cell: str, value: float) -> None:
    assert given_of(f'id,price\na,"{cell}"\n'.encode())[0]["price"] == value


def test_where_cells_are_parted_by_semicolons_the_comma_is_the_decimal_mark() -> None:
    assert given_of(b"id;price\na;1,234\n")[0]["price"] == 1.234
    assert given_of(b"id;price\na;1.234\n")[0]["price"] == 1234.0


def test_units_in_the_heading_or_behind_the_number_are_converted_and_unknown_ones_refused() -> None:
    assert given_of(b"id,hours (min)\na,90\n")[0]["hours"] == 1.5
    assert given_of(b"id,hours\na,90 min\n")[0]["hours"] == 1.5
    assert errors(b"id,hours (days)\na,1\n") == [
        "row 1, column hours (days): the unit days is not known here: give the values in h or min"
    ]


@pytest.mark.parametrize(
    "cell",
    ["2026-12-24", "24.12.2026", "2026/12/24", "20261224", "2026年12月24日", "24/12/2026", "46380", "2026-12-24T06:00"],
)
def test_days_are_read_as_people_and_spreadsheets_write_them(cell: str) -> None:
    assert given_of(f"id,day\na,{cell}\n".encode())[0]["day"] == "2026-12-24"


@pytest.mark.parametrize("cell", ["3/4/2026", "2026", "31.02.2026", "soon"])
def test_days_that_may_be_two_or_none_are_refused(cell: str) -> None:
    assert "2026-12-24" in errors(f"id,day\na,{cell}\n".encode())[0]


@pytest.mark.parametrize("cell", [datetime(2026, 12, 24, 6), date(2026, 12, 24), 46380, 46380.25])  # noqa: DTZ001
def test_days_of_a_workbook_are_read_as_days_or_as_their_numbers(cell: Any) -> None:
    assert given_of(workbook({"Things": [("id", "day"), ("a", cell)]}))[0]["day"] == "2026-12-24"


def test_a_workbook_that_counts_days_from_1904_says_the_same_days() -> None:
    def since_1904(book: Any) -> None:
        from openpyxl.utils.datetime import MAC_EPOCH  # type: ignore[import-untyped]

        book.epoch = MAC_EPOCH

    data = workbook({"Things": [("id", "day"), ("a", date(2026, 12, 24))]}, since_1904)
    assert given_of(data)[0]["day"] == "2026-12-24"


@pytest.mark.parametrize("cell", ["1E+05", "1.23457E+11"])
def test_an_id_that_lost_its_digits_is_refused(cell: str) -> None:
    assert errors(f"id,name\n{cell},x\n".encode()) == [
        f"row 2, column id: '{cell}' was an id with more digits, which are lost: format the column as text and write"
        " the id again"
    ]


def test_an_id_that_is_a_number_in_the_workbook_is_read_without_a_fraction() -> None:
    assert given_of(workbook({"Things": [("id",), (4711,)]})) == [{"id": "4711"}]
    assert "is no id but a number" in errors(workbook({"Things": [("id",), (4711.5,)]}))[0]


def test_blanks_at_the_ends_are_no_part_of_a_value() -> None:
    assert given_of(workbook({"Things": [("id ", " Name"), (" a\u00a0", "x  ")]})) == [{"id": "a", "name": "x"}]


def test_formulas_count_with_their_value_and_are_wrong_without_one() -> None:
    data = workbook({"Things": [HEAD, ("a", "x", "=1+1"), ("b", "y", "#REF!")]})
    assert errors(without_values(data)) == [
        "sheet Things, row 2, column price: 'formula' is a formula without a value: open the file in a spreadsheet and"
        " save it, or write the value",
        "sheet Things, row 3, column price: '#REF!' is an error of the spreadsheet: mend the formula, or write the"
        " value",
    ]
    with_value = with_part(data, SHEET, lambda xml: xml.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))
    assert with_value != data
    assert read(with_value).rows[0].given["price"] == 2.0


def test_hidden_rows_are_read_and_named() -> None:
    def hide(book: Any) -> None:
        book["Things"].row_dimensions[3].hidden = True

    data = workbook({"Things": [HEAD, ("a", "x", 1), ("b", "y", 2)]}, hide)
    assert len(read(data).rows) == 2
    assert "1 rows are hidden (3)" in warnings(data)[0]


def test_shared_texts_are_read_rich_ones_whole_and_without_their_readings() -> None:
    rich = b"<si><r><t>Lager</t></r><r><t xml:space='preserve'> 6205</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si>"
    data = with_shared_texts([HEAD, ("a", "x", 1), ("b", "x", 2), ("c", "_x0041_", 3)])
    assert [row["name"] for row in given_of(data)] == ["x", "x", "_x0041_"]
    changed = with_part(data, "xl/sharedStrings.xml", lambda xml: xml.replace(b"<si><t>x</t></si>", rich))
    assert [row.given["name"] for row in read(changed).rows[:2]] == ["Lager 6205", "Lager 6205"]


@pytest.mark.parametrize("digits", [4, 5000])
def test_a_workbook_that_names_a_text_which_it_does_not_hold_is_refused(digits: int) -> None:
    name = re.compile(rb'(r="B2" t="s"><v>)[0-9]+')
    data = with_shared_texts([HEAD, ("a", "x", 1)])
    broken = with_part(data, SHEET, lambda xml: name.sub(lambda found: found[1] + b"9" * digits, xml))
    assert broken != data
    with pytest.raises(Rejected, match="save it again"):
        read(broken)


def test_line_ends_within_a_text_are_read_as_such() -> None:
    data = with_shared_texts([HEAD, ("a", "x", 1)])
    broken = with_part(data, "xl/sharedStrings.xml", lambda xml: xml.replace(b"<t>x</t>", b"<t>one_x000D_\ntwo</t>"))
    assert given_of(broken)[0]["name"] == "one\ntwo"


@pytest.mark.parametrize("number", ["1e999", "9" * 400])
def test_a_number_that_is_none_is_wrong_where_it_stands(number: str) -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 77)]})
    changed = with_part(data, SHEET, lambda xml: xml.replace(b"<v>77</v>", f"<v>{number}</v>".encode()))
    assert "row 2, column price" in errors(changed)[0]
    assert "is no number" in errors(changed)[0]


def test_rows_far_down_and_cells_formatted_far_out_cost_nothing() -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 1)]})
    rest = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>z</t></is></c><c r="XFD1048576" s="0" /></row>'
    changed = with_part(data, SHEET, lambda xml: xml.replace(b"</sheetData>", rest + b"</sheetData>"))
    assert [row.row for row in read(changed).rows] == [2, 1_048_576]


@pytest.mark.parametrize("number", [1, 1_048_577, 10**12])
def test_rows_out_of_order_or_below_every_sheet_are_refused(number: int) -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 1)]})
    row = f'<row r="{number}"><c><v>1</v></c></row></sheetData>'.encode()
    with pytest.raises(Rejected, match=f"row {number} .*save the file again"):
        read(with_part(data, SHEET, lambda xml: xml.replace(b"</sheetData>", row)))


def test_a_workbook_with_a_sheet_of_charts_and_a_huge_merge_is_read() -> None:
    def change(book: Any) -> None:
        from openpyxl.chart import BarChart  # type: ignore[import-untyped]

        book.create_chartsheet("Chart").add_chart(BarChart())

    data = workbook({"Things": [HEAD, ("a", "x", 1)]}, change)
    merge = b'</sheetData><mergeCells><mergeCell ref="D3:XFD1048576"/></mergeCells>'
    assert len(given_of(with_part(data, SHEET, lambda xml: xml.replace(b"</sheetData>", merge)))) == 1


def test_a_strict_workbook_is_refused_with_what_to_save_it_as() -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 1)]})
    names = (b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/x")
    with pytest.raises(Rejected, match="save it as Excel Workbook"):
        read(with_part(data, "xl/workbook.xml", lambda xml: xml.replace(*names)))


def test_cells_merged_over_rows_are_wrong_and_merged_titles_are_not() -> None:
    def merge(book: Any) -> None:
        book["Things"].merge_cells("A1:C1")
        book["Things"].merge_cells("B3:B4")

    data = workbook({"Things": [("All things",), HEAD, ("a", "x", 1), ("b", None, 2), ("c", "z", 3)]}, merge)
    assert [text.split(":")[0] for text in errors(data)] == ["sheet Things, row 3", "sheet Things, row 4"]
    assert "B3:B4" in errors(data)[0]


def test_of_several_sheets_the_one_that_is_called_so_or_fits_is_read() -> None:
    other = [("colour",), ("red",)]
    named = workbook({"Notes": other, "Things": [HEAD, ("a", "x", 1)]})
    fitting = workbook({"Notes": other, "Sheet2": [HEAD, ("b", "x", 1)]})
    assert [given_of(data)[0]["id"] for data in (named, fitting)] == ["a", "b"]


def test_where_several_sheets_fit_the_choice_is_asked_for_and_taken() -> None:
    data = workbook({"May": [HEAD, ("a", "x", 1)], "June": [HEAD, ("b", "x", 1)]})
    with pytest.raises(Rejected, match="which of May, June"):
        read(data)
    assert read(data, "june").rows[0].given["id"] == "b"
    with pytest.raises(Rejected, match="no sheet 'July'; the file has May, June"):
        read(data, "July")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0old", "old .xls"),
        (b"PK\x03\x04nothing", "save it again"),
        (b'id,name\na,"x\n', "a quote that does not end"),
        (b"\x00" * 40, "no text"),
        (b"colour\nred\n", "write headings such as id"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data: bytes, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        read(data)


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"])
def test_document_types_and_so_entities_are_refused_in_every_part(part: str) -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 1)]})
    harmful = with_part(data, part, lambda xml: ENTITY + xml[xml.find(b"?>") + 2 if xml.startswith(b"<?xml") else 0 :])
    with pytest.raises(Rejected, match="not allowed"):
        read(harmful)


def test_macros_passwords_and_bombs_are_refused() -> None:
    data = workbook({"Things": [HEAD, ("a", "x", 1)]})
    with pytest.raises(Rejected, match="macros"):
        read(with_part(data, "xl/vbaProject.bin", lambda _: b"Sub AutoOpen()"))
    with pytest.raises(Rejected, match="unpacked"):
        read(with_part(data, SHEET, lambda xml: xml + b" " * 50_000_000))
    out = io.BytesIO(data)
    locked = bytearray(out.getvalue())
    with zipfile.ZipFile(out) as package:
        for entry in package.infolist():
            at = locked.find(entry.filename.encode(), entry.header_offset) - 30
            locked[at + 6] |= 1
    central = locked.find(b"PK\x01\x02")
    while central >= 0:
        locked[central + 8] |= 1
        central = locked.find(b"PK\x01\x02", central + 4)
    with pytest.raises(Rejected, match="password"):
        read(bytes(locked))


@pytest.mark.parametrize(
    "limits", [Limits(rows=2), Limits(cells=5), Limits(columns=2), Limits(bytes=20), Limits(unpacked_bytes=100)]
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_every_limit_is_told_when_it_is_passed(limits: Limits, form: str) -> None:
    rows = [HEAD, ("a", "x", 1), ("b", "y", 2), ("c", "z", 3)]
    data = workbook({"Things": rows}) if form == "xlsx" else "\n".join(",".join(map(str, row)) for row in rows).encode()
    if form == "csv" and limits.unpacked_bytes == 100:
        assert len(read(data, limits=limits).rows) == 3
        return
    with pytest.raises(Rejected, match=r"split it|take them out"):
        read(data, limits=limits)
