"""XLSX bytes -> sheets: values, hidden rows, merges, formulas without a value. Bounded, and nothing in it runs.

openpyxl takes ten seconds for 10,000 rows of ten columns where this takes one, and in its fast mode tells neither
hidden rows nor merges: so the cells are read here, with the XML parser of defusedxml (no document types, so no
entities). The tests compare with openpyxl. Format: ECMA-376 part 1, 18.3 and 18.4.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.sax.handler import ContentHandler

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import LIMITS, Broken, Cell, Limits, Sheet
from forewarn.maintenance.exchange.package import opened

ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
CELL_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
PARTS = {"workbook": "xl/workbook.xml", "strings": "xl/sharedStrings.xml", "styles": "xl/styles.xml"}
DAY_ZERO, DAY_ZERO_1904 = date(1899, 12, 30), date(1904, 1, 1)


def read_xlsx(data: bytes, limits: Limits = LIMITS) -> tuple[Sheet, ...]:
    """Every sheet of a workbook. Raises Rejected with what to do for one that is damaged, locked, too large, or that
    holds macros."""
    with opened(data, limits) as package:
        return _sheets(package, limits)


def _sheets(package: zipfile.ZipFile, limits: Limits) -> tuple[Sheet, ...]:
    names = {entry.filename for entry in package.infolist()}
    if PARTS["workbook"] not in names:
        raise Rejected("table_damaged", "the file is no workbook: save it as .xlsx or CSV")
    workbook = _tree(package, PARTS["workbook"])
    day_zero = DAY_ZERO_1904 if _is_on(_first(workbook, "workbookPr", "date1904")) else DAY_ZERO
    targets = _targets(package, names)
    strings = _strings(package, limits) if PARTS["strings"] in names else []
    sorts = _sorts_of_styles(package) if PARTS["styles"] in names else []
    counted = [0]
    found: list[Sheet] = []
    for entry in (node for node in workbook.iter() if _local(node.tag) == "sheet"):
        relation = next((value for name, value in entry.attrib.items() if _local(name) == "id"), "")
        part = targets.get(relation, "")
        if part not in names or len(found) >= limits.sheets:
            continue
        reader = _SheetReader(strings, sorts, day_zero, limits, counted)
        _parse(package, part, reader)
        is_hidden = entry.attrib.get("state", "visible") != "visible"
        found.append(reader.sheet(entry.attrib.get("name", ""), is_hidden))
    if not any(sheet.rows for sheet in found):
        raise Rejected("table_empty", "the workbook holds no row")
    return tuple(sheet for sheet in found if sheet.rows)


def _targets(package: zipfile.ZipFile, names: set[str]) -> dict[str, str]:
    part = "xl/_rels/workbook.xml.rels"
    if part not in names:
        return {}
    found = {}
    for node in _tree(package, part):
        target = node.attrib.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        if node.attrib.get("TargetMode") != "External":
            found[node.attrib.get("Id", "")] = path
    return found


def _sorts_of_styles(package: zipfile.ZipFile) -> list[str]:
    """For each cell style: "" a number, `datetime` or `timedelta`. Which formats are dates is openpyxl's knowledge."""
    from openpyxl.styles.numbers import (  # type: ignore[import-untyped]
        BUILTIN_FORMATS,
        is_date_format,
        is_timedelta_format,
    )

    tree = _tree(package, PARTS["styles"])
    formats: dict[str, str] = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    for node in tree.iter():
        if _local(node.tag) == "numFmt":
            formats[node.attrib.get("numFmtId", "")] = node.attrib.get("formatCode", "")
    styles = next((node for node in tree.iter() if _local(node.tag) == "cellXfs"), None)
    sorts = []
    for node in styles if styles is not None else ():
        code = formats.get(node.attrib.get("numFmtId", "0"), "General")
        sorts.append("timedelta" if is_timedelta_format(code) else "datetime" if is_date_format(code) else "")
    return sorts


def _tree(package: zipfile.ZipFile, part: str) -> Any:
    from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

    return fromstring(package.read(part), forbid_dtd=True)


def _first(tree: Any, tag: str, attribute: str) -> str:
    return next((str(node.attrib.get(attribute, "")) for node in tree.iter() if _local(node.tag) == tag), "")


def _local(name: str) -> str:
    return str(name).rpartition("}")[2].rpartition(":")[2]


def _is_on(text: str | None) -> bool:
    return text in ("1", "true", "on")


def _parse(package: zipfile.ZipFile, part: str, handler: ContentHandler) -> None:
    from defusedxml.expatreader import create_parser  # type: ignore[import-untyped]

    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    with package.open(part) as stream:
        parser.parse(stream)


def _plain(text: str) -> str:
    """Signs that XML cannot hold are written as _x0009_ and so on."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class _Texts(ContentHandler):
    """Collects the text of elements, and tells `ended` about each that closes."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def characters(self, content: str) -> None:
        """A piece of text."""
        self.text.append(content)

    def taken(self) -> str:
        """The text since the last time."""
        told = "".join(self.text)
        self.text.clear()
        return told


def _strings(package: zipfile.ZipFile, limits: Limits) -> list[str]:
    reader = _StringReader(limits)
    _parse(package, PARTS["strings"], reader)
    return reader.strings


class _StringReader(_Texts):
    """Shared strings: runs of rich text joined, phonetic readings left out."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._runs: list[str] = []
        self._phonetic = False
        self._limits = limits

    def startElement(self, name: str, attrs: Any) -> None:
        """An element begins."""
        self.text.clear()
        if name.endswith("rPh"):
            self._phonetic = True

    def endElement(self, name: str) -> None:
        """An element ends."""
        local = name.rpartition(":")[2]
        if local == "t" and not self._phonetic:
            self._runs.append(self.taken())
        elif local == "rPh":
            self._phonetic = False
        elif local == "si":
            self.strings.append(_plain("".join(self._runs)))
            self._runs.clear()
            if len(self.strings) > self._limits.cells:
                raise Rejected("table_size", f"the file holds more than {self._limits.cells:,} texts: split it")


class _SheetReader(_Texts):
    """The cells of one sheet."""

    def __init__(
        self, strings: Sequence[str], sorts: Sequence[str], day_zero: date, limits: Limits, counted: list[int]
    ) -> None:
        super().__init__()
        self._strings, self._sorts, self._day_zero, self._limits = strings, sorts, day_zero, limits
        self._counted = counted
        self._rows: dict[int, tuple[Cell, ...]] = {}
        self._hidden: set[int] = set()
        self._merges: list[tuple[int, int, str]] = []
        self._row, self._cells = 0, list[Cell]()
        self._place, self._sort, self._style = 0, "n", ""
        self._value: str | None = None
        self._inline: list[str] = []
        self._formula, self._phonetic = False, False
        self._begin: Mapping[str, Callable[[Any], None]] = {
            "row": self._row_begins, "c": self._cell_begins, "mergeCell": self._merged,
        }  # fmt: skip

    def startElement(self, name: str, attrs: Any) -> None:
        """An element begins."""
        local = name.rpartition(":")[2] if ":" in name else name
        self.text.clear()
        begin = self._begin.get(local)
        if begin is not None:
            begin(attrs)
        elif local == "f":
            self._formula = True
        elif local == "rPh":
            self._phonetic = True

    def endElement(self, name: str) -> None:
        """An element ends."""
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "v":
            self._value = self.taken()
        elif local == "t" and not self._phonetic:
            self._inline.append(self.taken())
        elif local == "rPh":
            self._phonetic = False
        elif local == "c":
            self._cell_ends()
        elif local == "row":
            self._row_ends()

    def _row_begins(self, attrs: Any) -> None:
        number = attrs.get("r", "")
        self._row = int(number) if number.isdecimal() and len(number) <= 7 else self._row + 1
        self._cells = []
        self._place = 0
        if _is_on(attrs.get("hidden")):
            self._hidden.add(self._row)

    def _cell_begins(self, attrs: Any) -> None:
        self._counted[0] += 1
        if self._counted[0] > self._limits.cells:
            raise Rejected(
                "table_size", f"the file has more than {self._limits.cells:,} cells: delete empty ones, split it"
            )
        found = CELL_REF.fullmatch(attrs.get("r", ""))
        self._place = column_number(found[1]) if found else self._place + 1
        self._sort, self._style = attrs.get("t", "n"), attrs.get("s", "")
        self._value, self._formula = None, False
        self._inline.clear()

    def _cell_ends(self) -> None:
        cell = self._cell()
        if cell is None or cell == "":
            return
        if self._place > self._limits.columns:
            raise Rejected(
                "table_size", f"row {self._row} has cells beyond column {self._limits.columns}: take them out"
            )
        if isinstance(cell, str) and len(cell) > self._limits.text:
            cell = Broken(
                cell[:80], f"has {len(cell)} letters", f"a cell holds at most {self._limits.text}: shorten it"
            )
        self._cells += [None] * (self._place - len(self._cells))
        self._cells[self._place - 1] = cell

    def _cell(self) -> Cell:
        value = self._value
        if self._sort == "inlineStr":
            return _plain("".join(self._inline))
        if value is None or value == "":
            if self._formula and self._sort != "str":
                fix = "open the file in a spreadsheet and save it, or write the value"
                return Broken("formula", "is a formula without a value", fix)
            return None
        if self._sort == "s":
            return self._shared(value)
        if self._sort == "str":
            return _plain(value)
        if self._sort == "b":
            return value == "1"
        if self._sort == "e":
            return Broken(value[:20], "is an error of the spreadsheet", "mend the formula, or write the value")
        if self._sort == "d":
            return value
        return self._number(value)

    def _shared(self, text: str) -> Cell:
        place = int(text) if text.isdecimal() and len(text) < 10 else -1
        if 0 <= place < len(self._strings):
            return self._strings[place]
        return Broken(text[:20], "names a text that the file does not hold", "save the file again")

    def _number(self, text: str) -> Cell:
        try:
            value = float(text)
        except ValueError:
            return Broken(text[:80], "is damaged", "write the value again")
        if value != value or value in (float("inf"), float("-inf")):
            return Broken(text[:80], "is no number", "write the value again")
        style = int(self._style) if self._style.isdecimal() and len(self._style) < 6 else 0
        sort = self._sorts[style] if style < len(self._sorts) else ""
        return _moment(value, sort, self._day_zero) if sort else value

    def _row_ends(self) -> None:
        if not self._cells:
            return
        if len(self._rows) >= self._limits.rows:
            raise Rejected("table_size", f"a table has at most {self._limits.rows:,} rows: split it")
        self._rows[self._row] = tuple(self._cells)

    def _merged(self, attrs: Any) -> None:
        text = attrs.get("ref", "")
        ends = [CELL_REF.fullmatch(end) for end in text.split(":")]
        if len(ends) == 2 and ends[0] and ends[1] and len(self._merges) < 10_000:
            first, last = int(ends[0][2]), int(ends[1][2])
            if last > first:
                self._merges.append((first, last, text))

    def sheet(self, name: str, is_hidden: bool) -> Sheet:
        """What was read."""
        merged = rows_within(sorted(self._merges), sorted(self._rows))
        hidden = frozenset(self._hidden)
        return Sheet(name[:100], self._rows, hidden, is_hidden, merged, decimal="", day_zero=self._day_zero)


def rows_within(merges: Sequence[tuple[int, int, str]], rows: Sequence[int]) -> dict[int, str]:
    """Rows that lie in a merge, with the name of one. Both in order; each row and each merge is looked at once.

    >>> rows_within([(2, 3, "A2:A3"), (3, 5, "B3:B5")], [1, 2, 4, 9])
    {2: 'A2:A3', 4: 'B3:B5'}
    """
    told: dict[int, str] = {}
    place, furthest = 0, (0, "")
    for row in rows:
        while place < len(merges) and merges[place][0] <= row:
            furthest = max(furthest, merges[place][1:])
            place += 1
        if row <= furthest[0]:
            told[row] = furthest[1]
    return told


def _moment(value: float, sort: str, day_zero: date) -> Cell:
    from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]

    try:
        found = from_excel(value, datetime(day_zero.year, day_zero.month, day_zero.day), sort == "timedelta")  # noqa: DTZ001
    except (ValueError, OverflowError):
        return Broken(str(value), "is no day of the calendar", "write it as 2026-12-24")
    return found if isinstance(found, datetime | date | time | timedelta) else None


def column_number(letters: str) -> int:
    """A = 1, Z = 26, AA = 27.

    >>> column_number("A"), column_number("AA")
    (1, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
