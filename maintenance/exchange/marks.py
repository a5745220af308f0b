"""What openpyxl's streaming mode does not tell of a sheet: hidden rows, merges, formulas, and how far it reaches.

One pass over the names of the elements, before openpyxl reads a value. It refuses document types (and so entities), and
passes each limit while it counts: what openpyxl then keeps is bounded. Format: ECMA-376 part 1, 18.3 and 18.4.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.sax.handler import ContentHandler

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import Limits

CELL_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
LAST_ROW = 1_048_576
"""Of a sheet, says the format."""
MOST_MERGES = 10_000
CHUNK = 1 << 16
STRICT = "http://purl.oclc.org/ooxml/"
"""Where the names of the Strict form begin, which openpyxl does not read."""


def marks_of(package: zipfile.ZipFile, limits: Limits) -> dict[str, Marks]:
    """For each part that is a sheet, what was found. Raises Rejected for one that passes a limit."""
    from defusedxml.expatreader import create_parser  # type: ignore[import-untyped]

    found: dict[str, Marks] = {}
    counted = Counted(limits)
    for part in sorted({name for name in package.namelist() if name.endswith((".xml", ".rels"))}):
        marks = Marks(counted)
        parser = create_parser(forbid_dtd=True)
        parser.setContentHandler(marks)
        with package.open(part) as stream:
            while chunk := stream.read(CHUNK):
                parser.feed(chunk)
                if marks.root not in ("", "worksheet", "sst"):  # a document type would have come before it
                    break
            else:
                parser.close()
        if marks.root == "worksheet":
            found[part] = marks
    return found


class Counted:
    """Cells and texts of the whole file."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._cells = self._texts = 0

    def cell(self) -> None:
        """One more, empty or not."""
        self._cells += 1
        if self._cells > self.limits.cells:
            told = f"the file has more than {self.limits.cells:,} cells: delete empty ones, split it"
            raise Rejected("table_size", told)

    def text(self) -> None:
        """One more shared text."""
        self._texts += 1
        if self._texts > self.limits.cells:
            raise Rejected("table_size", f"the file holds more than {self.limits.cells:,} texts: split it")


class Marks(ContentHandler):
    """Of one part. `root`: the name of its outermost element; `hidden`: numbers of rows; `merges`: first row, last row
    and name of those over several rows; `formulas`: row and column where no text is computed; `rows`, `columns`: the
    last ones with a value or a formula."""

    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.root = ""
        self.hidden: set[int] = set()
        self.merges: list[tuple[int, int, str]] = []
        self.formulas: set[tuple[int, int]] = set()
        self.rows = self.columns = 0
        self._counted, self._limit = counted, counted.limits.columns
        self._row, self._column, self._sort = 0, 0, "n"
        self._begin = {
            "row": self._row_begins, "c": self._cell_begins, "v": self._value_begins, "is": self._value_begins,
            "f": self._formula_begins, "mergeCell": self._merged, "si": self._text_begins,
        }  # fmt: skip

    def startElement(self, name: str, attrs: Any) -> None:
        """An element begins."""
        local = name.rpartition(":")[2] if ":" in name else name
        if not self.root:
            self._root_begins(local, attrs)
        begin = self._begin.get(local)
        if begin is not None:
            begin(attrs)

    def _root_begins(self, name: str, attrs: Any) -> None:
        self.root = name
        if name == "workbook" and any(str(value).startswith(STRICT) for value in attrs.values()):
            told = "the file is a Strict Open XML workbook: save it as Excel Workbook (.xlsx) or CSV"
            raise Rejected("table_strict", told)

    def _row_begins(self, attrs: Any) -> None:
        number = attrs.get("r")
        before = self._row
        self._row = before + 1 if number is None else int(number)
        self._column = 0
        if not before < self._row <= LAST_ROW:
            raise Rejected("table_damaged", f"row {self._row} stands behind row {before}: save the file again")
        if attrs.get("hidden") in ("1", "true", "on"):
            self.hidden.add(self._row)

    def _cell_begins(self, attrs: Any) -> None:
        self._counted.cell()
        found = CELL_REF.fullmatch(attrs.get("r", ""))
        self._column = column_number(found[1]) if found else self._column + 1
        self._sort = attrs.get("t", "n")

    def _value_begins(self, _: Any) -> None:
        if self._column > self._limit:
            raise Rejected("table_size", f"row {self._row} has cells beyond column {self._limit}: take them out")
        self.rows = self._row
        self.columns = max(self.columns, self._column)

    def _formula_begins(self, attrs: Any) -> None:
        self._value_begins(attrs)
        if self._sort != "str":  # an empty text is a value too
            self.formulas.add((self._row, self._column))

    def _merged(self, attrs: Any) -> None:
        text = attrs.get("ref", "")
        ends = [CELL_REF.fullmatch(end) for end in text.split(":")]
        if len(ends) == 2 and ends[0] and ends[1] and len(self.merges) < MOST_MERGES:
            first, last = int(ends[0][2]), int(ends[1][2])
            if last > first:
                self.merges.append((first, last, text))

    def _text_begins(self, _: Any) -> None:
        self._counted.text()


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


def column_number(letters: str) -> int:
    """A = 1, Z = 26, AA = 27.

    >>> column_number("A"), column_number("AA")
    (1, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
