"""`forewarn audit`: check the record of every change, and note its newest row elsewhere."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.api.settings import Settings
    from forewarn.maintenance.records import Records

audit_app = typer.Typer(help="Check the record of every change.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Key that signs heads (default: audit-key in the folder of the system).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]


@audit_app.command("verify")
def audit_verify(
    state_dir: StateDir = None,
    heads: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File of heads that were noted before.")
    ] = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Check the hash chain of the record: names the first row that was changed, or the newest row when all is whole.

    With noted heads also the first of them that the key of the installation did not sign as it stands.
    """
    from forewarn.api.audit_key import head_key
    from forewarn.maintenance.audit import audit_doubt, audit_head
    from forewarn.maintenance.audit_heads import forged, read_noted

    noted = read_noted(heads) if heads else []
    key_file = key or told_settings(state_dir).audit_key
    wrong = forged(noted, head_key(key_file) if key_file.exists() else None)
    known = [one.head for one in noted if wrong is None or one.line < wrong.line]
    records = opened(state_dir)
    try:
        found, head = audit_doubt(records, known), audit_head(records)
    finally:
        records.close()
    if as_json:
        bad = {"first_bad": found.seq, "why": found.why} if found else {"first_bad": None, "why": ""}
        signed = {"noted_heads": len(known), "unsigned_heads": sum(not one.signature for one in noted)}
        lie = {"forged_head": wrong.seq if wrong else None, "forged_why": wrong.why if wrong else ""}
        print(json.dumps({**bad, "rows": head.seq, "hash": head.hash, **signed, **lie}))
    elif found is not None:
        print(f"The record was changed: row {found.seq} of {head.seq} does not fit: {found.why}")
    else:
        fit = f", {len(known)} noted heads fit" if heads else ""
        print(f"The record is whole: {head.seq} rows, newest hash {head.hash}{fit}")
    if wrong is not None and not as_json:
        print(f"The heads were changed: line {wrong.line} of {heads}, the head of row {wrong.seq}: {wrong.why}")
    if found is not None or wrong is not None:
        raise typer.Exit(1)


@audit_app.command("head")
def audit_head_of(
    state_dir: StateDir = None,
    out: Annotated[Path | None, typer.Option(help="Add it to this file, which `audit verify --heads` reads.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the newest row of the record. Kept elsewhere, it proves later that nothing was cut off or rolled back."""
    from forewarn.api.audit_key import head_key
    from forewarn.maintenance.audit import audit_head
    from forewarn.maintenance.audit_heads import note_head, noted_line

    records = opened(state_dir)
    try:
        head = audit_head(records)
    finally:
        records.close()
    now_us = time.time_ns() // 1000
    key = head_key(told_settings(state_dir).audit_key)
    if out is not None:
        note_head(out, head, now_us, key)
    print(noted_line(head, now_us, key) if as_json else f"row {head.seq}, hash {head.hash}")


def told_settings(state_dir: Path | None) -> Settings:
    """The settings, or those of another state folder."""
    from forewarn.api.settings import load_settings

    settings = load_settings()
    return settings.model_copy(update={"state_dir": state_dir or settings.state_dir})


def opened(state_dir: Path | None) -> Records:
    """The records of the settings, or of another state folder."""
    from forewarn.maintenance.records import open_records

    return open_records(told_settings(state_dir).records_url)
