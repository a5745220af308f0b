"""`forewarn table ...`: tables in and out, by way of the running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.core.errors import Rejected

table_app = typer.Typer(help="Tables in and out, as CSV or XLSX.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
KindArg = Annotated[str, typer.Argument(metavar="KIND", help="Kind of table; forewarn table kinds lists them.")]
Out = Annotated[Path | None, typer.Option(help="File to write (default: the kind's name, here).")]
MOST_LINES = 20


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(table_app, name="table")


@table_app.command("kinds")
def table_kinds(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Every kind of table, with its columns."""
    with connected(state_dir) as client:
        kinds = client.table_kinds()
    lines = [f"{k['name']:<16} {'out only' if k['exported'] else 'in and out'}  {_columns(k)}" for k in kinds]
    told({"kinds": kinds}, lines, as_json)


def _columns(kind: dict[str, Any]) -> str:
    return ", ".join(column["name"] for column in kind["columns"])


@table_app.command("import")
def table_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")],
    kind: Annotated[str, typer.Option(help="What the rows are: people, plans, parts, ...")],
    apply: Annotated[bool, typer.Option("--apply/--preview", help="Write it (default: only tell).")] = False,
    good_rows: Annotated[bool, typer.Option("--good-rows", help="Leave wrong rows out, not all of them.")] = False,
    sheet: Annotated[str | None, typer.Option(help="Sheet to read, where several would do.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What a file would change, and what is wrong in it; --apply writes all of it or (--good-rows) what is right."""
    with connected(state_dir) as client:
        preview = client.preview_table(kind, file, sheet)
        wrong = preview["refused"] or (preview["counts"]["wrong"] and not good_rows)
        applied = None
        if apply and not wrong:
            applied = client.apply_table(kind, file, preview["token"], sheet, good_rows)
    last = [] if apply and wrong else _applied(applied)
    told({**preview, "applied": applied}, [*_preview(preview), *last], as_json)
    if apply and wrong:
        first = next(issue["text"] for issue in preview["issues"] if not issue["warning"])
        raise Rejected("wrong_rows", f"nothing was applied: {first} (--good-rows leaves wrong rows out)")


def _preview(preview: dict[str, Any]) -> list[str]:
    issues = [("note: " if issue["warning"] else "") + issue["text"] for issue in preview["issues"]]
    more = len(issues) - MOST_LINES + preview["issues_left_out"]
    lines = issues[:MOST_LINES] + ([f"... and {more} more"] if more > 0 else [])
    for row in [row for row in preview["rows"] if row["status"] == "changed"][:MOST_LINES]:
        lines.append(f"row {row['row']}, {' '.join(row['key'])}: {', '.join(map(_change, row['changes']))}")
    counts = preview["counts"]
    return [*lines, f"{counts['new']} new, {counts['changed']} changed, {counts['same']} same, {counts['wrong']} wrong"]


def _change(change: dict[str, Any]) -> str:
    return f"{change['column']} {change['old']!r} -> {change['new']!r}"


def _applied(applied: dict[str, Any] | None) -> list[str]:
    if applied is None:
        return ["Nothing was written: --apply writes it."]
    if applied["id"] is None:
        return ["Nothing was to be written."]
    return [f"{applied['written']} rows written as import {applied['id']}; forewarn table undo {applied['id']}"]


@table_app.command("export")
def table_export(kind: KindArg, out: Out = None, state_dir: StateDir = None, as_json: Json = False) -> None:
    """All rows of a kind as a file, by its ending .xlsx or .csv."""
    file = out or Path(f"{kind}.xlsx")
    with connected(state_dir) as client:
        data = client.table(kind, _format(file))
    file.write_bytes(data)
    told({"file": str(file), "bytes": len(data)}, [f"{file}: {len(data)} bytes"], as_json)


@table_app.command("template")
def table_template(kind: KindArg, out: Out = None, as_json: Json = False) -> None:
    """An empty table to fill in, by its ending .xlsx (with notes and drop-down lists) or .csv; needs no server."""
    from forewarn.maintenance.exchange.table import KINDS
    from forewarn.maintenance.exchange.write_xlsx import template_csv, template_of

    found = next((one for one in KINDS if one.name == kind), None)
    if found is None:
        raise Rejected("table_kind", f"there is no table {kind!r}; known are {', '.join(one.name for one in KINDS)}")
    file = out or Path(f"{kind}-template.xlsx")
    data = template_csv(found) if _format(file) == "csv" else template_of(found)
    file.write_bytes(data)
    told({"file": str(file), "bytes": len(data)}, [f"{file}: {len(data)} bytes"], as_json)


def _format(file: Path) -> str:
    ending = file.suffix.lower().removeprefix(".")
    if ending not in ("csv", "xlsx"):
        raise Rejected("table_format", f"{file.name}: a table is written as .xlsx or .csv")
    return ending


@table_app.command("imports")
def table_imports(state_dir: StateDir = None, as_json: Json = False) -> None:
    """What came in, newest first."""
    with connected(state_dir) as client:
        kept = client.table_imports()
    told({"imports": kept}, [_kept(one) for one in kept] or ["None yet."], as_json)


def _kept(one: dict[str, Any]) -> str:
    undone = f"  undone by {one['undone_by']}" if one["undone_at"] else ""
    counts = f"{one['new']} new, {one['changed']} changed, {one['wrong']} wrong"
    return f"{one['id']:>4}  {one['at'][:16]}  {one['kind']:<10} {one['filename']:<24} {counts}  {one['actor']}{undone}"


@table_app.command("undo")
def table_undo(
    id: Annotated[int, typer.Argument(metavar="ID", help="Number of the import.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Give every row of an import back what it said before, if nobody has touched any of them since."""
    with connected(state_dir) as client:
        undone = client.undo_table(id)
    told(undone, [_kept(undone)], as_json)
