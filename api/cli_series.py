"""`forewarn series`: look after the stored series. A running ingest process is asked; else the store is opened here."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.core.errors import Conflict, Rejected

if TYPE_CHECKING:
    from forewarn.api.settings import Settings
    from forewarn.ingest.store.packed import PackedStore

series_app = typer.Typer(help="Back up, check and trim the stored series.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
LONGEST_S = 24 * 3600.0


def settings_of(state_dir: Path | None) -> Settings:
    """The settings, with another folder where one is given. Raises Rejected when no series are stored there."""
    from forewarn.api.settings import load_settings

    settings = load_settings()
    settings = settings.model_copy(update={"state_dir": state_dir or settings.state_dir})
    if not settings.series_dir.is_dir():
        raise Rejected("no_store", f"{settings.series_dir} does not exist: no series were stored there")
    return settings


def by_the_writer(
    settings: Settings, command: str, arguments: dict[str, object], otherwise: Callable[[PackedStore], Any]
) -> dict[str, Any]:
    """Let the process that writes the store do it, or do it here when nobody does."""
    from forewarn.api.wiring_ingest import raw_store
    from forewarn.ingest.control import ControlClient

    try:
        store = raw_store(settings)
    except Conflict:
        answer = ControlClient(settings.control_socket).ask(command, timeout_s=LONGEST_S, **arguments)
        assert isinstance(answer, dict)
        return answer
    try:
        return dataclasses.asdict(otherwise(store))
    finally:
        store.close()


@series_app.command("backup")
def series_backup(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Copy the stored series as they are at this moment, while everything runs on."""
    settings, target = settings_of(state_dir), folder.absolute()
    done = by_the_writer(settings, "backup", {"folder": str(target)}, lambda store: store.backup(target))
    tell(done, as_json, f"{done['files']} files, {done['bytes']} bytes; goes on at journal position {done['position']}")


@series_app.command("retention")
def series_retention(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Drop now what is older than the settings keep; the ingest process does it every hour by itself."""
    settings = settings_of(state_dir)
    now_us = settings.clock.clock().plant_us(time.time_ns() // 1000)
    done = by_the_writer(settings, "retention", {}, lambda store: store.apply_retention(now_us))
    files = len(done["rollup_files"])
    tell(
        done,
        as_json,
        f"{len(done['days'])} days with {done['readings']} readings, {done['waveforms']} waveforms and {files} files"
        f" of rollups went; {done['bytes_freed']} bytes are free",
    )


@series_app.command("verify")
def series_verify(
    folder: Annotated[Path | None, typer.Argument(help="A backup (default: the series of the system).")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Unpack every chunk, compare books, cursors and rollups with the readings; name what is damaged."""
    from forewarn.ingest.store.verify import verify

    verdict = verify(folder or settings_of(state_dir).series_dir)
    text = (
        f"Whole: {verdict.days} days, {verdict.readings} readings in {verdict.chunks} chunks, {verdict.waveforms}"
        f" waveforms, {verdict.rollups} rollups"
    )
    tell(dataclasses.asdict(verdict), as_json, "\n".join(verdict.damages) or text)
    if verdict.damages:
        raise typer.Exit(1)


@series_app.command("info")
def series_info(state_dir: StateDir = None, as_json: Json = False) -> None:
    """What is stored: days, series, readings, bytes on disk."""
    from forewarn.ingest.store.reader import PackedReader

    folder = settings_of(state_dir).series_dir
    reader = PackedReader(folder)
    days = reader.days()
    found = {
        "position": reader.position,
        "series": len(reader.names()),
        "days": len(days),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "bytes": sum(path.stat().st_size for path in folder.glob("*.db*")),
        "counts": dataclasses.asdict(reader.counts()),
    }
    reader.close()
    tell(found, as_json, "\n".join(f"{key:10} {value}" for key, value in found.items()))


def tell(result: dict[str, Any], as_json: bool, text: str) -> None:
    """One JSON object, or words."""
    print(json.dumps(result) if as_json else text)
