"""`forewarn series export` and `import`: stored series as files, and history of other systems as series."""

from __future__ import annotations

import re
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.api.cli_series import Json, StateDir, series_app, settings_of, tell
from forewarn.core.errors import Rejected, Retriable

if TYPE_CHECKING:
    from forewarn.api.settings import Settings
    from forewarn.core.plant import Plant
    from forewarn.core.readings import SignalSpec
    from forewarn.pipeline.history_file import History

__all__ = ["series_app"]

STEPS_US = {"minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}
LONGEST_S = 24 * 3600.0


@series_app.command("export")
def series_export(
    file: Annotated[Path, typer.Argument(help="New file; .csv or .parquet.")],
    series: Annotated[
        list[str] | None, typer.Option("--series", help="asset/signal, or an asset; may be repeated (default: all).")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First moment, for instance 2026-11-01 (UTC).")] = None,
    stop: Annotated[str | None, typer.Option("--to", help="First moment that is left out (default: now).")] = None,
    rollup: Annotated[str | None, typer.Option(help="minute, hour or day: low, mean, high, not readings.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Write stored series to a CSV or Parquet file, also while everything runs."""
    from forewarn.ingest.store.reader import PackedReader
    from forewarn.pipeline.series_export import Wanted, export_series

    settings = settings_of(state_dir)
    if rollup is not None and rollup not in STEPS_US:
        raise typer.BadParameter(f"{rollup!r} is none of {', '.join(STEPS_US)}", param_hint="--rollup")
    reader = PackedReader(settings.series_dir)
    try:
        days = reader.days()
        first = moment(start) if start else moment(days[0]) if days else 0
        last = moment(stop) if stop else max(time.time_ns() // 1000, moment(days[-1]) + 86_400_000_000 if days else 0)
        wanted = Wanted(chosen(settings, reader.names(), series), first, last, STEPS_US.get(rollup or ""))
        rows = export_series(reader, wanted, file, say)
    finally:
        reader.close()
    tell({"file": str(file), "series": len(wanted.series), "rows": rows}, as_json, f"{file}: {rows} rows")


def chosen(settings: Settings, names: Any, series: list[str] | None) -> dict[str, tuple[int, str]]:
    """Names of series -> number and unit: all, or those of the given names and assets. Rejected names a stranger."""
    specs = signals_of(settings)
    known = {name: (number, specs[name].unit if name in specs else "") for name, number in names.items()}
    scalars = {name: found for name, found in known.items() if name not in specs or specs[name].kind == "scalar"}
    if not series:
        return scalars
    picked = {name: found for name, found in scalars.items() if name in series or name.partition("/")[0] in series}
    for word in series:
        if not any(name == word or name.startswith(f"{word}/") for name in picked):
            raise Rejected("unknown_series", f"nothing is stored of {word!r}")
    return picked


@series_app.command("import")
def series_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet.")],
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="COLUMN=ASSET/SIGNAL of a wide file; may be repeated.")
    ] = None,
    time_column: Annotated[str | None, typer.Option(help="Column of the times (default: at, time, ...).")] = None,
    time_unit: Annotated[str, typer.Option(help="iso, or s, ms, us, ns since 1970.")] = "iso",
    timezone: Annotated[str | None, typer.Option(help="Zone of times that name none: Asia/Shanghai.")] = None,
    units: Annotated[
        str, typer.Option(help="wire: as the sensor sends; canonical: as stored; auto: by a column `unit`.")
    ] = "auto",
    skip_wrong: Annotated[bool, typer.Option(help="Leave wrong rows out instead of importing nothing.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only tell what would be imported.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Import history from a CSV or Parquet file into the running system. What is stored already stays as it is."""
    from forewarn.pipeline.history_file import Reading, read_history

    settings = settings_of(state_dir)
    if units not in ("auto", "wire", "canonical"):
        raise typer.BadParameter(f"{units!r} is none of auto, wire, canonical", param_hint="--units")
    pairs = dict(pair(text) for text in columns or ())
    wire = {"wire": True, "canonical": False}.get(units)
    how = Reading(time_column, time_unit, timezone, pairs, wire, skip_wrong)
    history = read_history(file, signals_of(settings), how)
    preview = previewed(history, settings)
    if not as_json or history.wrong:
        print(preview["text"], file=sys.stderr)
    if history.wrong and not skip_wrong:
        raise Rejected(
            "wrong_rows", f"{history.wrong} of {history.rows} rows are wrong; nothing was imported (--skip-wrong)"
        )
    done = {"readings": preview["readings"], "wrong_rows": history.wrong, "imported": 0, "series": preview["series"]}
    if not dry_run:
        done["imported"] = hand_over(settings, history)
    tell(done, as_json, f"{done['imported']} readings are in the journal" if not dry_run else "Nothing was imported")


def hand_over(settings: Settings, history: History) -> int:
    """Through a spool to the ingest process, which answers when all of it is durable."""
    from forewarn.ingest.control import ControlClient
    from forewarn.ingest.imports import write_spool

    settings.import_dir.mkdir(parents=True, exist_ok=True)
    spool = settings.import_dir / f"{uuid.uuid4().hex}.fwi"
    try:
        write_spool(spool, history.columns)
        answer: Any = ControlClient(settings.control_socket).ask("import", LONGEST_S, spool=spool.name)
    except Retriable as error:
        raise Retriable(f"{error}; history is imported while Forewarn runs: start it with `forewarn up`") from error
    finally:
        spool.unlink(missing_ok=True)
    return int(answer["readings"])


def previewed(history: History, settings: Settings) -> dict[str, Any]:
    """What would come in, by series, and what is wrong."""
    lines, readings = [], 0
    for column in history.columns:
        readings += len(column)
        span = f"{shown(int(column.at[0]))} to {shown(int(column.at[-1]))}" if len(column) else "nothing"
        lines.append(f"  {column.name}: {len(column)} readings, {span}")
    lines += [f"  line {line}: {what}" for line, what in history.faults]
    if history.wrong > len(history.faults):
        lines.append(f"  and {history.wrong - len(history.faults)} more wrong rows")
    head = f"{history.rows} rows: {readings} readings of {len(history.columns)} series, {history.wrong} rows are wrong"
    return {"text": "\n".join([head, *lines]), "readings": readings, "series": len(history.columns)}


def signals_of(settings: Settings) -> dict[str, SignalSpec]:
    """Series name -> signal of the plant file and of what was adopted."""
    from forewarn.pipeline.adopted import load_plant_with_adopted

    plant: Plant = load_plant_with_adopted(settings.plant, settings.adopted)
    return {spec.name: spec for spec in plant.signals}


def pair(text: str) -> tuple[str, str]:
    """`COLUMN=ASSET/SIGNAL` in two.

    >>> pair("T1=pump-7/temp")
    ('T1', 'pump-7/temp')
    """
    column, equals, series = text.rpartition("=")
    if not equals or not re.fullmatch(r"[a-z0-9_-]+/[a-z0-9_-]+", series):
        raise typer.BadParameter(f"{text!r} is not COLUMN=ASSET/SIGNAL", param_hint="--column")
    return column, series


def moment(text: str) -> int:
    """ISO 8601 -> UTC microseconds; without a zone it is UTC.

    >>> moment("2026-11-01")
    1793491200000000
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date or time; write 2026-11-01 or 2026-11-01T06:00:00Z") from error
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def shown(at_us: int) -> str:
    """A time for a person."""
    try:
        return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{at_us} us since 1970"


def say(name: str, rows: int) -> None:
    """Progress on stderr."""
    print(f"{name}: {rows} rows so far", file=sys.stderr)
