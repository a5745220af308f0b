"""Sheets -> rows of a kind, each with its values or with what is wrong in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import BadCell, Broken, Cell, Issue, Key, Record, Sheet
from forewarn.maintenance.exchange.converters import Number, is_empty, text_of
from forewarn.maintenance.exchange.kinds import Column, Header, TableKind, header_row, simple, understood


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row: its number, its key, the values of the columns that the file has, and what is wrong."""

    row: int
    key: Key
    given: Record
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """The rows of a file. `issues`: what is wrong with the table as a whole, and warnings."""

    sheet: str
    columns: tuple[str, ...]
    rows: tuple[ParsedRow, ...]
    issues: tuple[Issue, ...]


def parsed(kind: TableKind, sheets: Sequence[Sheet], name: str | None = None) -> ParsedTable:
    """The rows of the sheet that holds the kind. Raises Rejected where none does, or several could.

    >>> from forewarn.maintenance.exchange.kind_people import PEOPLE
    >>> sheet = Sheet("", {1: ("id", "name", "week"), 2: ("ann", "Ann", "mon-fri 06:00-14:00")})
    >>> parsed(PEOPLE, [sheet]).rows[0].given
    {'id': 'ann', 'name': 'Ann', 'week': 'mon-fri 06:00-14:00'}
    """
    sheet = chosen(kind, sheets, name)
    row = header_row(kind, sheet)
    if row is None:
        wanted = ", ".join(column.name for column in kind.columns[:8])
        raise Rejected("table_header", f"no row is a header of {kind.name}: write headings such as {wanted}")
    header = understood(kind, sheet, row)
    numbers = [number for number in sorted(sheet.rows) if number > row]
    rows = [_keyed(kind, _row(sheet, header, number, sheet.rows[number])) for number in numbers]
    return ParsedTable(sheet.name, header.names, tuple(rows), (*header.issues, *_told(sheet, row)))


def chosen(kind: TableKind, sheets: Sequence[Sheet], name: str | None = None) -> Sheet:
    """The sheet to read: the named one; the one that is called like the kind; else the only one with its key."""
    if name is not None:
        named = [sheet for sheet in sheets if sheet.name.casefold() == name.casefold()]
        if not named:
            there = ", ".join(sheet.name for sheet in sheets)
            raise Rejected("table_sheet", f"there is no sheet {name!r}; the file has {there}")
        return named[0]
    if len(sheets) == 1:
        return sheets[0]
    called = [sheet for sheet in sheets if simple(sheet.name) in (simple(kind.sheet), simple(kind.name))]
    fitting = called or [sheet for sheet in sheets if not sheet.is_hidden and _fits(kind, sheet)]
    if len(fitting) == 1:
        return fitting[0]
    told = ", ".join(sheet.name for sheet in (fitting or sheets))
    problem = f"several sheets could hold {kind.name}" if fitting else f"no sheet looks like {kind.name}"
    raise Rejected("table_sheet", f"{problem}: say which of {told} with the option sheet")


def _fits(kind: TableKind, sheet: Sheet) -> bool:
    row = header_row(kind, sheet)
    if row is None:
        return False
    there = {simple(cell) for cell in sheet.rows[row] if isinstance(cell, str)}
    return all(any(kind.headings.get(name) is kind.column(key) for name in there) for key in kind.keys)


def _row(sheet: Sheet, header: Header, number: int, cells: Sequence[Cell]) -> ParsedRow:
    given: Record = {}
    issues: list[Issue] = []
    for place, column in header.columns.items():
        cell = cells[place] if place < len(cells) else None
        if column.read_only:
            continue
        try:
            given[column.name] = _value(sheet, column, cell, header.factors[place])
        except BadCell as error:
            value = cell.text if isinstance(cell, Broken) else "" if is_empty(cell) else text_of(cell)
            issues.append(Issue(sheet.name, number, column.name, value, error.problem, error.fix))
    stray = [place for place in range(len(cells)) if place not in header.columns and not is_empty(cells[place])]
    headings = sheet.rows[header.row]
    for place in stray:
        if place >= len(headings) or is_empty(headings[place]):
            cell = cells[place]
            value = cell.text if isinstance(cell, Broken) else text_of(cell)
            fix = "give the column a heading, empty the cell, or put quotes around a text that holds a comma"
            issues.append(Issue(sheet.name, number, f"number {place + 1}", value, "stands under no heading", fix))
            break
    if number in sheet.merged:
        told = f"its cells are merged over several rows ({sheet.merged[number]})"
        issues.append(Issue(sheet.name, number, "", "", told, "undo the merge and write the value into every row"))
    return ParsedRow(number, (), given, tuple(issues))


def _value(sheet: Sheet, column: Column, cell: Cell, factor: float) -> object:
    if isinstance(cell, Broken):
        raise BadCell(cell.problem, cell.fix)
    if is_empty(cell):
        if column.required:
            raise BadCell(f"{column.name} is empty", f"write one, such as {column.example}")
        return column.usual
    found = column.converter.read(cell, sheet)
    if factor != 1.0 and isinstance(column.converter, Number):
        return found * factor
    return found


def _keyed(kind: TableKind, row: ParsedRow) -> ParsedRow:
    usual = {name: kind.column(name).usual for name in kind.keys}
    return ParsedRow(row.row, kind.key_of({**usual, **row.given}), row.given, row.issues)


def once(kind: TableKind, table: ParsedTable) -> ParsedTable:
    """With rows whose key stands in an earlier row already as wrong ones; keys are complete by now."""
    first: dict[Key, int] = {}
    told = []
    for one in table.rows:
        earlier = one.row if one.issues else first.setdefault(one.key, one.row)
        if earlier != one.row:
            named = ", ".join(part for part in one.key if part)
            problem = f"stands in row {earlier} already"
            twice = Issue(table.sheet, one.row, kind.keys[0], named, problem, "keep one of them")
            told.append(replace(one, issues=(twice,)))
        else:
            told.append(one)
    return replace(table, rows=tuple(told))


def _told(sheet: Sheet, header: int) -> list[Issue]:
    """Warnings about the sheet."""
    told = [
        Issue(sheet.name, 0, "", "", note, "look whether the preview says what you meant", True) for note in sheet.notes
    ]
    hidden = sorted(row for row in sheet.hidden if row in sheet.rows and row > header)
    if hidden:
        some = ", ".join(map(str, hidden[:10])) + (" and more" if len(hidden) > 10 else "")
        fix = "they are read like the others: take them out of the file if they are not meant"
        told.append(Issue(sheet.name, hidden[0], "", "", f"{len(hidden)} rows are hidden ({some})", fix, True))
    return told
