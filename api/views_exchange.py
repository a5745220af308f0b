"""Kinds of tables, previews and imports in the shapes of `api.schemas_exchange`."""

from __future__ import annotations

from forewarn.api.schemas_exchange import (
    FieldChangeOut,
    ImportCountsOut,
    IssueOut,
    PreviewRowOut,
    TableAppliedOut,
    TableColumnOut,
    TableImportOut,
    TableKindOut,
    TablePreviewOut,
)
from forewarn.api.views import moment
from forewarn.maintenance.exchange.cells import LIMITS, Issue
from forewarn.maintenance.exchange.desk import Applied, KeptImport
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.exchange.preview import Preview, RowStatus

MOST_ROWS = 500


def kind_out(kind: TableKind) -> TableKindOut:
    """A kind with its columns."""
    columns = [
        TableColumnOut(
            name=column.name,
            help=column.help,
            holds=column.converter.words,
            unit=column.unit,
            example=column.example,
            required=column.required,
            key=column.is_key,
            read_only=column.read_only,
            choices=list(column.converter.choices),
            others=list(column.others),
        )
        for column in kind.columns
    ]
    return TableKindOut(name=kind.name, sheet=kind.sheet, about=kind.about, exported=kind.exported, columns=columns)


def preview_out(preview: Preview, rows: int = MOST_ROWS) -> TablePreviewOut:
    """A preview; rows that stay as they are are counted and not listed."""
    told = [row for row in preview.rows if row.status is not RowStatus.SAME]
    issues = sorted(preview.issues, key=lambda issue: issue.is_warning)
    return TablePreviewOut(
        kind=preview.kind,
        sheet=preview.sheet,
        columns=list(preview.columns),
        counts=ImportCountsOut(**preview.counts),
        refused=preview.is_refused,
        token=preview.token,
        issues=[issue_out(issue) for issue in issues[: LIMITS.issues]],
        issues_left_out=max(0, len(issues) - LIMITS.issues),
        rows=[
            PreviewRowOut(
                row=row.row,
                key=list(row.key),
                status=row.status.value,
                changes=[FieldChangeOut(column=c.column, old=c.old, new=c.new) for c in row.changes],
            )
            for row in told[:rows]
        ],
        rows_left_out=max(0, len(told) - rows),
    )


def issue_out(issue: Issue) -> IssueOut:
    """One issue."""
    return IssueOut(
        sheet=issue.sheet,
        row=issue.row,
        column=issue.column,
        value=issue.value[:200],
        problem=issue.problem,
        fix=issue.fix,
        warning=issue.is_warning,
        text=issue.text,
    )


def applied_out(applied: Applied) -> TableAppliedOut:
    """What an import did."""
    return TableAppliedOut(
        id=applied.id,
        kind=applied.preview.kind,
        written=applied.written,
        left_out=applied.left_out,
        counts=ImportCountsOut(**applied.preview.counts),
    )


def import_out(kept: KeptImport) -> TableImportOut:
    """One import of the past."""
    undone_at = None if kept.undone_at_us is None else moment(kept.undone_at_us)
    told = {
        name: getattr(kept, name) for name in ("id", "kind", "filename", "sha256", "actor", "new", "changed", "wrong")
    }
    return TableImportOut(**told, at=moment(kept.at_us), undone_at=undone_at, undone_by=kept.undone_by)
