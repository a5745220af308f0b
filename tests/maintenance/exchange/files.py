"""Files as spreadsheets make them, for the tests of tables: workbooks with openpyxl, and damaged ones by hand."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forewarn.maintenance.exchange.converters import Choice, Day, Flag, Id, Moment, Number, Text
from forewarn.maintenance.exchange.kinds import Column, TableKind
from forewarn.maintenance.exchange.several import Items, Pairs

THINGS = TableKind(
    "things",
    "Things",
    "One row is one thing.",
    (
        Column("id", "id", Id(), "a-1", ("number", "编号"), is_key=True, required=True),
        Column("name", "name", Text(300), "Pump", ("Bezeichnung",), ""),
        Column("price", "price", Number(0), "12.5", ("unit price",), 0.0, unit="EUR"),
        Column("hours", "hours", Number(units={"h": 1.0, "min": 1 / 60}), "1.5", (), None, unit="h"),
        Column("pieces", "pieces", Number(0, 1000, whole=True), "3", ("qty",), 0),
        Column("day", "day", Day(), "2026-12-24", (), ""),
        Column("at", "time", Moment(), "2026-12-24T06:00Z", (), ""),
        Column("kept", "kept", Flag(), "yes", (), None),
        Column("sort", "sort", Choice(("new", "old"), {"neu": "new"}), "new", (), ""),
        Column("others", "others", Items(commas=True), "b; c", (), []),
        Column("skills", "skills", Pairs(1, 9), "a:1", (), {}),
    ),
)
"""A kind with one column of each sort, for what does not depend on a book."""


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook with these rows; `change` gets the openpyxl workbook before it is saved."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same package with one part rewritten (or added, then `change` gets nothing)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            content = before.read(entry)
            after.writestr(entry.filename, change(content) if entry.filename == part else content)
        if part not in before.namelist():
            after.writestr(part, change(b""))
    return out.getvalue()


def without_values(data: bytes) -> bytes:
    """Formulas as they are before a spreadsheet has computed them."""
    return with_part(data, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb"<v ?/>|<v></v>", b"", xml))


def with_shared_texts(rows: Sequence[Sequence[Any]]) -> bytes:
    """A workbook as Excel saves it: each text once, in a part of its own (openpyxl writes them into the cells)."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Things")
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    book.close()
    return out.getvalue()
