"""What stands in a table file, before anybody knows what it means: cells, sheets, and what is wrong with them. Values.

Rows and columns count from 1, as a spreadsheet shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from forewarn.core.errors import Rejected

Raw = str | int | float | bool | datetime | date | time | timedelta | None
"""What a cell holds: a CSV file knows texts only."""

Record = dict[str, Any]
"""One row as the books know it, by column: JSON values only."""

Key = tuple[str, ...]
"""What tells one row of a kind from the others."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell whose value cannot be used: what is wrong, and what to do about it."""

    text: str
    problem: str
    fix: str


Cell = Raw | Broken


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold at most. Every limit is told by its name when it is passed."""

    bytes: int = 20_000_000
    unpacked_bytes: int = 300_000_000
    rows: int = 100_000
    columns: int = 200
    cells: int = 2_000_000
    text: int = 32_767
    sheets: int = 50
    issues: int = 1_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows that hold anything, by number. `decimal`: the mark that the file uses between whole and
    fraction where it is known. `day_zero`: the day that the number 0 stands for. `hidden`: numbers of hidden rows;
    `is_hidden`: the sheet is. `merged`: numbers of rows with cells that were merged over several rows."""

    name: str
    rows: Mapping[int, tuple[Cell, ...]]
    hidden: frozenset[int] = frozenset()
    is_hidden: bool = False
    merged: Mapping[int, str] = field(default_factory=dict)
    decimal: str = ""
    day_zero: date = date(1899, 12, 30)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong in a file, with its place, the value, and what to write instead.

    >>> Issue("Parts", 57, "price", "12,5x", "is not a number", "write 12.5").text
    "sheet Parts, row 57, column price: '12,5x' is not a number: write 12.5"
    """

    sheet: str
    row: int
    column: str
    value: str
    problem: str
    fix: str
    is_warning: bool = False

    @property
    def text(self) -> str:
        """For people, in one line."""
        place = [f"sheet {self.sheet}" if self.sheet else "", f"row {self.row}" if self.row else ""]
        place.append(f"column {self.column}" if self.column else "")
        where = ", ".join(one for one in place if one)
        value = shown(self.value)
        told = f"{value} {self.problem}" if self.value and value not in self.problem else self.problem
        return f"{where}: {told}: {self.fix}" if where else f"{told}: {self.fix}"


class BadCell(Rejected):
    """A cell that cannot be read: `problem` and `fix` without the place, which the reader of the table knows."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__("cell", f"{problem}: {fix}")
        self.problem, self.fix = problem, fix


def shown(value: object) -> str:
    """A value in quotes, cut when it is long.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'"
    """
    text = str(value)
    return repr(text if len(text) <= 60 else text[:60] + "...")
