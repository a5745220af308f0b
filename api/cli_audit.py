"""`forewarn audit`: check the record of every change, and note its newest row elsewhere."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.maintenance.records import Records

audit_app = typer.Typer(help="Check the record of every change.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]


@audit_app.command("verify")
def audit_verify(
    state_dir: StateDir = None,
    heads: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File of heads that were noted before.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the hash chain of the record: names the first row that was changed, or the newest row when all is whole."""
    from forewarn.maintenance.audit import audit_doubt, audit_head
    from forewarn.maintenance.audit_heads import read_heads

    known = read_heads(heads) if heads else []
    records = opened(state_dir)
    try:
        found, head = audit_doubt(records, known), audit_head(records)
    finally:
        records.close()
    if as_json:
        bad = {"first_bad": found.seq, "why": found.why} if found else {"first_bad": None, "why": ""}
        print(json.dumps({**bad, "rows": head.seq, "hash": head.hash, "noted_heads": len(known)}))
    elif found is not None:
        print(f"The record was changed: row {found.seq} of {head.seq} does not fit: {found.why}")
    else:
        noted = f", {len(known)} noted heads fit" if heads else ""
        print(f"The record is whole: {head.seq} rows, newest hash {head.hash}{noted}")
    if found is not None:
        raise typer.Exit(1)


@audit_app.command("head")
def audit_head_of(
    state_dir: StateDir = None,
    out: Annotated[Path | None, typer.Option(help="Add it to this file, which `audit verify --heads` reads.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the newest row of the record. Kept elsewhere, it proves later that nothing was cut off or rolled back."""
    from forewarn.maintenance.audit import audit_head
    from forewarn.maintenance.audit_heads import note_head, noted_line

    records = opened(state_dir)
    try:
        head = audit_head(records)
    finally:
        records.close()
    now_us = time.time_ns() // 1000
    if out is not None:
        note_head(out, head, now_us)
    print(noted_line(head, now_us) if as_json else f"row {head.seq}, hash {head.hash}")


def opened(state_dir: Path | None) -> Records:
    """The records of the settings, or of another state folder."""
    from forewarn.api.settings import load_settings
    from forewarn.maintenance.records import open_records

    settings = load_settings()
    return open_records(settings.model_copy(update={"state_dir": state_dir or settings.state_dir}).records_url)
