"""What a table would change: new, changed field by field, the same, wrong. Pure, and the same for everybody who looks.

`token` names what was previewed: who applies sends it back, and is refused when the books have moved in between.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.exchange.cells import Issue, Key, Record
from forewarn.maintenance.exchange.converters import text_of
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.exchange.parsing import ParsedRow, ParsedTable


class RowStatus(StrEnum):
    """What would become of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: what it says now, and what the file says."""

    column: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that could be read: as it would be (`record`), and as it is now (None: it is not there yet)."""

    row: int
    key: Key
    record: Record
    before: Record | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a book says against a draft: which column, what is wrong with its value, and what to write."""

    row: int
    column: str
    problem: str
    fix: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of the file and what would become of it."""

    row: int
    key: Key
    status: RowStatus
    changes: tuple[FieldChange, ...]
    issues: tuple[Issue, ...]
    record: Record
    before: Record | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that a file would change. `of_table`: what is wrong with the table as a whole, and warnings."""

    kind: str
    sheet: str
    columns: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    of_table: tuple[Issue, ...]
    token: str

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Errors and warnings: those of the table first, then row by row."""
        return (*self.of_table, *(issue for row in self.rows for issue in row.issues))

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what would become of them."""
        found = Counter(row.status.value for row in self.rows)
        return {status.value: found[status.value] for status in RowStatus}

    @property
    def errors(self) -> tuple[Issue, ...]:
        """What stands in the way."""
        return tuple(issue for issue in self.issues if not issue.is_warning)

    @property
    def is_refused(self) -> bool:
        """Is the table as a whole wrong, so that no row of it can be applied?"""
        return any(not issue.is_warning for issue in self.of_table)

    @property
    def to_write(self) -> tuple[PreviewRow, ...]:
        """Rows that would be written."""
        return tuple(row for row in self.rows if row.status in (RowStatus.NEW, RowStatus.CHANGED))


def drafts(kind: TableKind, table: ParsedTable, now: Mapping[Key, Record]) -> list[Draft | ParsedRow]:
    """Each row as it would be; rows that could not be read stay as they are."""
    return [_draft(kind, row, now.get(row.key)) for row in table.rows]


def _draft(kind: TableKind, row: ParsedRow, before: Record | None) -> Draft | ParsedRow:
    if row.issues:
        return row
    if before is not None:
        changed = {name: value for name, value in row.given.items() if not alike(before.get(name), value)}
        return Draft(row.row, row.key, {**before, **changed}, before)
    lacking = [c for c in kind.columns if c.required and c.name not in row.given and not c.read_only]
    if lacking:
        names = ", ".join(column.name for column in lacking)
        issue = Issue(
            "", row.row, lacking[0].name, "", f"{', '.join(row.key)} is new and has no {names}", "add the column"
        )
        return ParsedRow(row.row, row.key, row.given, (issue,))
    return Draft(row.row, row.key, {**kind.new(), **row.given}, None)


def previewed(
    kind: TableKind, table: ParsedTable, rows: Sequence[Draft | ParsedRow], findings: Iterable[Finding]
) -> Preview:
    """The preview of drafts and of what the book says against them."""
    against: dict[int, list[Finding]] = {}
    for finding in findings:
        against.setdefault(finding.row, []).append(finding)
    told = [_row(kind, table.sheet, one, against.get(one.row, ())) for one in rows]
    return Preview(kind.name, table.sheet, table.columns, tuple(told), table.issues, _token(kind, table, told))


def _row(kind: TableKind, sheet: str, one: Draft | ParsedRow, findings: Sequence[Finding]) -> PreviewRow:
    if isinstance(one, ParsedRow):
        placed = tuple(
            Issue(sheet, i.row, i.column, i.value, i.problem, i.fix, i.is_warning) if not i.sheet else i
            for i in one.issues
        )
        return PreviewRow(one.row, one.key, RowStatus.WRONG, (), placed, one.given, None)
    issues = tuple(
        Issue(sheet, one.row, f.column, _shown(kind, f.column, one.record), f.problem, f.fix, f.is_warning)
        for f in findings
    )
    before = one.before
    if any(not issue.is_warning for issue in issues):
        return PreviewRow(one.row, one.key, RowStatus.WRONG, (), issues, one.record, before)
    if before is None:
        given = tuple(
            FieldChange(name, None, value) for name, value in one.record.items() if value not in (None, "", [], {})
        )
        return PreviewRow(one.row, one.key, RowStatus.NEW, given, issues, one.record, None)
    changes = tuple(
        FieldChange(name, before.get(name), value)
        for name, value in one.record.items()
        if not alike(before.get(name), value)
    )
    status = RowStatus.CHANGED if changes else RowStatus.SAME
    return PreviewRow(one.row, one.key, status, changes, issues, one.record, before)


def _shown(kind: TableKind, column: str, record: Record) -> str:
    """A value as it would stand in a file."""
    cell = kind.column(column).converter.write(record.get(column)) if column else None
    return "" if cell is None else text_of(cell)


def _token(kind: TableKind, table: ParsedTable, rows: Sequence[PreviewRow]) -> str:
    """SHA-256 of what would be done: another file, or a book that says something else by now, has another one."""
    told = [[row.row, list(row.key), row.status.value, [[c.column, c.old, c.new] for c in row.changes]] for row in rows]
    wrong = [issue.text for issue in table.issues if not issue.is_warning]
    return hashlib.sha256(canonical([kind.name, list(table.columns), wrong, told]).encode()).hexdigest()


def alike(old: Any, new: Any) -> bool:
    """Do both say the same? Numbers to 14 digits, texts without blanks at their ends and with one kind of line end.

    >>> alike(0.1 + 0.2, 0.3), alike("a\\r\\nb ", "a\\nb"), alike(None, ""), alike([], None), alike(1, True)
    (True, True, True, True, False)
    """
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return True
    empty: tuple[Any, ...] = (None, "", [], {})
    if old in empty and new in empty and not isinstance(old, bool) and not isinstance(new, bool):
        return True
    if isinstance(old, bool) or isinstance(new, bool):
        return False
    if isinstance(old, int | float) and isinstance(new, int | float):
        return math.isclose(old, new, rel_tol=1e-14, abs_tol=0.0)
    if isinstance(old, str) and isinstance(new, str):
        return _settled(old) == _settled(new)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(alike(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(alike(old[key], new[key]) for key in old)
    return False


def _settled(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n\u00a0\u3000\u200b\ufeff")
