"""CSV bytes -> a sheet: any of the usual encodings, separators and decimal marks. Pure."""

from __future__ import annotations

import codecs
import csv
import io

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import LIMITS, Cell, Limits, Sheet
from forewarn.maintenance.exchange.kinds import TableKind, known_headings

SEPARATORS = (",", ";", "\t", "|")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OLD_ENCODINGS = ("cp1252", "gb18030")
DANGEROUS = "=+-@\t\r\x00"
"""With one of these a text would become a formula when a spreadsheet opens it; see `write_csv.harmless`."""


def read_csv(data: bytes, kind: TableKind, limits: Limits = LIMITS) -> Sheet:
    """The one sheet of a CSV file. Raises Rejected for what is no CSV, or too large.

    >>> from forewarn.maintenance.exchange.kind_people import PEOPLE
    >>> sheet = read_csv("id;name;rate_per_h\\nann;Ann;52,5\\n".encode("utf-16"), PEOPLE)
    >>> sheet.rows[2], sheet.decimal
    (('ann', 'Ann', '52,5'), ',')
    """
    text, note = _decoded(data, kind)
    text, named = _without_sep_line(text)
    separator = named or _separator(text, kind)
    rows: dict[int, tuple[Cell, ...]] = {}
    before = 1 if named else 0
    count = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(reader, 1 + before):
            if not any(cell.strip() for cell in cells):
                continue
            count += len(cells)
            if len(rows) >= limits.rows or len(cells) > limits.columns or count > limits.cells:
                raise Rejected("table_size", _too_large(limits))
            rows[number] = tuple(_cell(cell) for cell in cells)
    except csv.Error as error:
        raise Rejected(
            "table_csv", f"line {reader.line_num} cannot be read as CSV ({error}): look for a quote that does not end"
        ) from None
    if not rows:
        raise Rejected("table_empty", "the file holds no row")
    decimal = "," if separator == ";" else ""
    return Sheet("", rows, decimal=decimal, notes=(note,) if note else ())


def _too_large(limits: Limits) -> str:
    return f"a table has at most {limits.rows:,} rows, {limits.columns} columns, {limits.cells:,} cells: split it"


def _cell(text: str) -> Cell:
    """What `write_csv.harmless` put before a dangerous text is taken off again."""
    if text.startswith("'") and text.lstrip("'")[:1] in DANGEROUS and text.lstrip("'"):
        return text[1:]
    return text


def _decoded(data: bytes, kind: TableKind) -> tuple[str, str]:
    """The text, and a warning where the encoding was guessed."""
    for bom, name in BOMS:
        if data.startswith(bom):
            try:
                return data.decode(name), ""
            except UnicodeDecodeError as error:
                raise Rejected("table_encoding", f"not the {name} that it says it is: {error.reason}") from None
    if b"\x00" in data[:2000]:
        return _utf_16(data)
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    fitting = [(known_headings(kind, _first_cells(text)), name, text) for name, text in _old(data)]
    if not fitting:
        raise Rejected("table_encoding", "the file is no text: save it as CSV UTF-8 or as XLSX")
    _, name, text = max(fitting, key=lambda one: one[0])
    return text, f"the file is not UTF-8 and was read as {name}"


def _old(data: bytes) -> list[tuple[str, str]]:
    found = []
    for name in OLD_ENCODINGS:
        try:
            found.append((name, data.decode(name)))
        except UnicodeDecodeError:
            continue
    return found


def _utf_16(data: bytes) -> tuple[str, str]:
    """Without a mark at its beginning: every other byte of a plain header is 0."""
    name = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text[:2000]:
        raise Rejected("table_encoding", "the file is no text: save it as CSV UTF-8 or as XLSX")
    return text, f"the file does not say how it is written and was read as {name}"


def _first_cells(text: str) -> list[str]:
    line = text.lstrip("\r\n").split("\n", 1)[0]
    for separator in SEPARATORS:
        line = line.replace(separator, "\x1f")
    return [cell.strip(' "\r') for cell in line.split("\x1f")]


def _without_sep_line(text: str) -> tuple[str, str]:
    """Excel's first line `sep=;`."""
    line, _, rest = text.partition("\n")
    told = line.strip().strip('"')
    if told.lower().startswith("sep=") and len(told) == 5 and told[4] in SEPARATORS:
        return rest, told[4]
    if line.strip().lower() == "sep=" and line.rstrip("\r\n").endswith("\t"):
        return rest, "\t"
    return text, ""


def _separator(text: str, kind: TableKind) -> str:
    """The one with which the first lines know most headings; then the one that comes most often."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]

    def worth(separator: str) -> tuple[int, int]:
        known = max((known_headings(kind, [c.strip(' "') for c in line.split(separator)]) for line in lines), default=0)
        return known, sum(line.count(separator) for line in lines[:1])

    return max(SEPARATORS, key=worth)
