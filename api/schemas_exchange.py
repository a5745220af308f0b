"""Shapes of the routes of tables in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from forewarn.api.schemas import Model

StatusName = Literal["new", "changed", "same", "wrong"]


class TableColumnOut(Model):
    """One column: what may stand in it (`holds`, `choices`), in which `unit`, and which other headings mean it.
    `read_only`: it goes out, and is not read when it comes in."""

    name: str
    help: str
    holds: str
    unit: str
    example: str
    required: bool
    key: bool
    read_only: bool
    choices: list[str]
    others: list[str]


class TableKindOut(Model):
    """A kind of table. `exported`: it only goes out."""

    name: str
    sheet: str
    about: str
    exported: bool
    columns: list[TableColumnOut]


class IssueOut(Model):
    """One thing that is wrong (or, `warning`, worth a look) with its place, the value and what to write. `text` says
    all of it in one line. `row` 0: of the table as a whole."""

    sheet: str
    row: int
    column: str
    value: str
    problem: str
    fix: str
    warning: bool
    text: str


class FieldChangeOut(Model):
    """One field: what it says now, and what the file says."""

    column: str
    old: Any
    new: Any


class PreviewRowOut(Model):
    """One row of the file that is not as it is kept."""

    row: int
    key: list[str]
    status: StatusName
    changes: list[FieldChangeOut]


class ImportCountsOut(Model):
    """Rows by what would become of them."""

    new: int
    changed: int
    same: int
    wrong: int


class TablePreviewOut(Model):
    """What a file would change. `token` is sent back as If-Match to apply exactly this. `refused`: the table as a whole
    is wrong, so that no row of it can be applied. `rows_left_out` and `issues_left_out`: by how much lists were cut."""

    kind: str
    sheet: str
    columns: list[str]
    counts: ImportCountsOut
    refused: bool
    token: str
    issues: list[IssueOut]
    issues_left_out: int
    rows: list[PreviewRowOut]
    rows_left_out: int


class TableAppliedOut(Model):
    """What an import did. `id` is null where nothing was to be written."""

    id: int | None
    kind: str
    written: int
    left_out: int
    counts: ImportCountsOut


class TableImportOut(Model):
    """One import of the past."""

    id: int
    kind: str
    filename: str
    sha256: str
    at: datetime
    actor: str
    new: int
    changed: int
    wrong: int
    undone_at: datetime | None
    undone_by: str | None
