"""Kinds of tables: which columns they have, in the words of the field, and how a header is understood. Pure.

A kind is one table. From it come the empty template, the parser, the exporter and the page of the reference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from forewarn.maintenance.exchange.cells import Cell, Issue, Key, Record, Sheet
from forewarn.maintenance.exchange.converters import Converter, Number

BRACKETS = re.compile(r"[\(\[（【](.*?)[\)\]）】]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `others`: further headings that mean it. `usual`: what stands in it where nothing is said.
    `required`: it is never empty. `is_key`: tells rows apart. `read_only`: exported, and ignored when it comes in."""

    name: str
    help: str
    converter: Converter
    example: str
    others: tuple[str, ...] = ()
    usual: Any = None
    unit: str = ""
    required: bool = False
    is_key: bool = False
    read_only: bool = False

    @property
    def heading(self) -> str:
        """With its unit: `power_kw [kW]` would say it twice, `price [EUR]` does not."""
        return self.name


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table. `sheet` is the name of its sheet; `about` says what one row is; `exported`: it only goes out."""

    name: str
    sheet: str
    about: str
    columns: tuple[Column, ...]
    exported: bool = False
    headings: Mapping[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, Column] = {}
        for column in self.columns:
            for name in (column.name, *column.others):
                found.setdefault(simple(name), column)
        object.__setattr__(self, "headings", found)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that tell rows apart."""
        return tuple(column.name for column in self.columns if column.is_key)

    def column(self, name: str) -> Column:
        """A column by its name. Raises KeyError."""
        return self.headings[simple(name)]

    def key_of(self, record: Mapping[str, Any]) -> Key:
        """What tells a record apart."""
        return tuple(str(record.get(name) if record.get(name) is not None else "") for name in self.keys)

    def new(self) -> Record:
        """A row in which nothing is said."""
        return {column.name: column.usual for column in self.columns if not column.read_only}


def simple(heading: str) -> str:
    """A heading without case, blanks, marks and what stands in brackets.

    >>> simple("Lead time (days)"), simple("lead_time"), simple("备件 编号")
    ('leadtime', 'leadtime', '备件编号')
    """
    told = unicodedata.normalize("NFKC", BRACKETS.sub("", heading)).casefold()
    return "".join(letter for letter in told if letter.isalnum())


@dataclass(frozen=True, slots=True)
class Header:
    """How a header was understood: place in the row -> column, and the factor of the unit that its heading names."""

    row: int
    columns: Mapping[int, Column]
    factors: Mapping[int, float]
    issues: tuple[Issue, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are there."""
        return tuple(column.name for column in self.columns.values())


def known_headings(kind: TableKind, cells: Iterable[Cell]) -> int:
    """How many cells of a row are headings of a kind."""
    found = {kind.headings[simple(c)].name for c in cells if isinstance(c, str) and simple(c) in kind.headings}
    return len(found)


def header_row(kind: TableKind, sheet: Sheet, looked_at: int = 20) -> int | None:
    """The number of the row with the headings: of the first 20 rows the one that knows most. None: none knows any."""
    rows = sorted(sheet.rows)[:looked_at]
    best = max(rows, key=lambda row: (known_headings(kind, sheet.rows[row]), -row), default=None)
    return best if best is not None and known_headings(kind, sheet.rows[best]) else None


def understood(kind: TableKind, sheet: Sheet, row: int) -> Header:
    """The header in a row. Unknown headings are warned of with the nearest known one; a key that is missing, a column
    that stands twice and a unit that is not known are errors."""
    columns: dict[int, Column] = {}
    factors: dict[int, float] = {}
    issues: list[Issue] = []
    for place, cell in enumerate(sheet.rows[row]):
        heading = cell.strip() if isinstance(cell, str) else ""
        if not heading:
            continue
        column = kind.headings.get(simple(heading))
        if column is None:
            issues.append(_unknown(kind, sheet, row, heading))
        elif any(column is other for other in columns.values()):
            told = f"is the column {column.name}, which is there already"
            issues.append(Issue(sheet.name, row, heading[:60], "", told, "take one of the two out"))
        else:
            columns[place] = column
            factors[place], issue = _factor(sheet, row, column, heading)
            issues += [issue] if issue else []
    there = {column.name for column in columns.values()}
    for name in kind.keys:
        if name not in there and kind.column(name).required:
            told = f"the column {name} is missing"
            issues.append(
                Issue(sheet.name, row, "", "", told, f"add it; rows are told apart by {', '.join(kind.keys)}")
            )
    return Header(row, columns, factors, tuple(issues))


def _unknown(kind: TableKind, sheet: Sheet, row: int, heading: str) -> Issue:
    near = get_close_matches(simple(heading), list(kind.headings), n=1, cutoff=0.6)
    fix = f"did you mean {kind.headings[near[0]].name}?" if near else "it is left out"
    return Issue(sheet.name, row, heading[:60], "", f"{kind.name} have no such column", fix, is_warning=True)


def _factor(sheet: Sheet, row: int, column: Column, heading: str) -> tuple[float, Issue | None]:
    named = BRACKETS.search(heading)
    unit = named[1].strip() if named else ""
    if not unit or not isinstance(column.converter, Number) or not (column.unit or column.converter.units):
        return 1.0, None
    known = {column.unit.casefold(): 1.0} if column.unit else {}
    known |= {name.casefold(): factor for name, factor in column.converter.units.items()}
    if unit.casefold() in known:
        return known[unit.casefold()], None
    fix = f"give the values in {' or '.join(dict.fromkeys(filter(None, (column.unit, *column.converter.units))))}"
    return 1.0, Issue(sheet.name, row, heading[:60], "", f"the unit {unit} is not known here", fix)


def reference_lines(kind: TableKind) -> Sequence[str]:
    """The part of the reference about a kind, in Markdown; a test compares it with the page."""
    lines = [f"## {kind.name}", "", kind.about, "", "| column | what it is | holds | usual | also understood |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for column in kind.columns:
        marks = ("key, " if column.is_key else "") + ("required, " if column.required and not column.is_key else "")
        marks += "only shown, " if column.read_only else ""
        holds = column.converter.words + (f", in {column.unit}" if column.unit else "")
        usual = "" if column.usual in (None, "", [], {}) else str(column.converter.write(column.usual))
        cells = (f"`{column.name}`", column.help, marks + holds, usual, ", ".join(column.others))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]
