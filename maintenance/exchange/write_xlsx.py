"""Rows -> XLSX in which every text is a text, and the empty template with notes and drop-down lists. Pure.

A text that begins with = + - or @ is written as a text cell and marked as one (`quotePrefix`), so that it stays one
when somebody edits it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from forewarn.maintenance.exchange.cells import Raw, Record
from forewarn.maintenance.exchange.converters import Day, Id
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.read_csv import DANGEROUS
from forewarn.maintenance.exchange.write_csv import cells_of

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

NOTES = "Notes"
FIRST_DAY = date(1900, 3, 1)
"""Before it spreadsheets count days of their own."""

LONGEST_LIST = 255
TEMPLATE_ROWS = 10_000


def xlsx_of(kind: TableKind, records: Iterable[Record]) -> bytes:
    """A workbook with one sheet, the header fixed above it."""
    out = io.BytesIO()
    workbook = _workbook(out, constant_memory=True)
    sheet = workbook.add_worksheet(kind.sheet)
    styles = _Styles(workbook)
    _header(sheet, kind, styles)
    for row, record in enumerate(records, 1):
        for place, cell in enumerate(cells_of(kind, record)):
            _write(sheet, row, place, cell, styles)
    workbook.close()
    return out.getvalue()


def template_of(kind: TableKind) -> bytes:
    """An empty workbook to fill in: headings with help, drop-down lists, ids as text, and a sheet of notes."""
    out = io.BytesIO()
    workbook = _workbook(out)
    sheet, styles = workbook.add_worksheet(kind.sheet), _Styles(workbook)
    _header(sheet, kind, styles)
    taken_in = [column for column in kind.columns if not column.read_only]
    notes = workbook.add_worksheet(NOTES)
    for place, column in enumerate(kind.columns):
        if column.read_only:
            continue
        sheet.write_comment(0, place, f"{column.help}\n{column.converter.words}\nfor instance {column.example}")
        style = styles.text if isinstance(column.converter, Id) else styles.day if _is_day(column) else None
        sheet.set_column(place, place, _width(column), style)
        _drop_down(sheet, notes, place, column)
    _notes(notes, kind, taken_in, styles)
    workbook.close()
    return out.getvalue()


def template_csv(kind: TableKind) -> bytes:
    """The headings alone."""
    return (",".join(column.name for column in kind.columns if not column.read_only) + "\r\n").encode("utf-8-sig")


def _workbook(out: io.BytesIO, constant_memory: bool = False) -> Workbook:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    options: dict[str, Any] = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": constant_memory,
        "in_memory": not constant_memory,
    }
    return Workbook(out, options)


class _Styles:
    """Formats of one workbook."""

    def __init__(self, workbook: Workbook) -> None:
        self.bold: Format = workbook.add_format({"bold": True, "bottom": 1, "num_format": "@"})
        self.text: Format = workbook.add_format({"num_format": "@"})
        self.day: Format = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self.quoted: Format = workbook.add_format({"num_format": "@", "quote_prefix": True})
        self.wrapped: Format = workbook.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})


def _header(sheet: Worksheet, kind: TableKind, styles: _Styles) -> None:
    for place, column in enumerate(kind.columns):
        sheet.set_column(place, place, _width(column))
    for place, column in enumerate(kind.columns):
        sheet.write_string(0, place, column.name, styles.bold)
    sheet.freeze_panes(1, 0)


def _write(sheet: Worksheet, row: int, place: int, cell: Raw, styles: _Styles) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_string(row, place, "yes" if cell else "no")
    elif isinstance(cell, int | float):
        sheet.write_number(row, place, cell)
    elif isinstance(cell, date) and cell >= FIRST_DAY:
        sheet.write_datetime(row, place, cell, styles.day)
    else:
        text = cell.isoformat() if isinstance(cell, date) else str(cell)
        dangerous = text.lstrip("'")[:1] in DANGEROUS or text.startswith("'")
        sheet.write_string(row, place, text[:32_767], styles.quoted if dangerous else styles.text)


def _is_day(column: Column) -> bool:
    return isinstance(column.converter, Day)


def _width(column: Column) -> float:
    return float(min(40, max(10, len(column.name) + 2, len(column.example) + 2)))


def _drop_down(sheet: Worksheet, notes: Worksheet, place: int, column: Column) -> None:
    """A list on the column. Long ones stand on the sheet of notes, where a list may be of any length."""
    choices = column.converter.choices
    if not choices:
        return
    source: Any = list(choices)
    if len(",".join(choices)) > LONGEST_LIST:
        beside = 30 + place
        for row, choice in enumerate(choices):
            notes.write_string(row, beside, choice)
        letters = _letters(beside)
        source = f"={NOTES}!${letters}$1:${letters}${len(choices)}"
    told = f"one of {', '.join(choices)}"[:250]
    sheet.data_validation(
        1, place, TEMPLATE_ROWS, place,
        {"validate": "list", "source": source, "error_title": column.name[:32], "error_message": told},
    )  # fmt: skip


def _letters(place: int) -> str:
    """Column letters of a place from 0.

    >>> _letters(0), _letters(26)
    ('A', 'AA')
    """
    told = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        told = chr(65 + rest) + told
    return told


def _notes(sheet: Worksheet, kind: TableKind, columns: list[Column], styles: _Styles) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 4, 44, styles.wrapped)
    sheet.write_string(0, 0, kind.about, styles.text)
    for place, heading in enumerate(("Heading", "What it is", "What may stand there", "Example", "Also understood")):
        sheet.write_string(2, place, heading, styles.bold)
    for row, column in enumerate(columns, 3):
        needed = "Needed. " if column.required or column.is_key else ""
        unit = f", in {column.unit}" if column.unit else ""
        words = (column.name, needed + column.help, column.converter.words + unit, column.example)
        for place, text in enumerate((*words, ", ".join(column.others))):
            sheet.write_string(row, place, text, styles.quoted if text[:1] in DANGEROUS and text else styles.wrapped)
