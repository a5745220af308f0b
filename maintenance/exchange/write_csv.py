"""Rows -> CSV that no spreadsheet runs: texts that would become formulas get an apostrophe before them. Pure.

OWASP ASVS 5.0, 1.2.10. Numbers stay numbers. `read_csv` takes the apostrophe off again, so that a file that came out
says the same when it comes in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from forewarn.maintenance.exchange.amounts import short
from forewarn.maintenance.exchange.cells import Raw, Record
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.exchange.read_csv import DANGEROUS

UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def csv_of(kind: TableKind, records: Iterable[Record]) -> bytes:
    """A CSV file in UTF-8 with the mark that spreadsheets look for, lines ending with CR LF.

    >>> from forewarn.maintenance.exchange.kind_people import PEOPLE
    >>> b"'=cmd" in csv_of(PEOPLE, [{"id": "ann", "name": "=cmd", "rate_per_h": -5.0}])
    True
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.name for column in kind.columns])
    for record in records:
        writer.writerow([_text(one) for one in cells_of(kind, record)])
    return out.getvalue().encode("utf-8-sig")


def cells_of(kind: TableKind, record: Record) -> list[Raw]:
    """The cells of a record, in the order of the columns; a text without signs that no file can hold."""
    return [_writable(column.converter.write(record.get(column.name))) for column in kind.columns]


def _writable(cell: Raw) -> Raw:
    return UNSEEN.sub("\ufffd", cell) if isinstance(cell, str) else cell


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return short(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return harmless(str(cell))


def harmless(text: str) -> str:
    """An apostrophe before what a spreadsheet would take for a formula (and before what looks so already).

    >>> harmless("=1+1"), harmless("'=1+1"), harmless("pump"), harmless("'pump")
    ("'=1+1", "''=1+1", 'pump', "'pump")
    """
    begin = text.lstrip("'")[:1]
    return "'" + text if begin and begin in DANGEROUS else text
