"""`forewarn reading`: enter a reading by hand from a terminal, by way of the running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from forewarn.api.cli_server import connected

reading_app = typer.Typer(help="Readings that people enter.", no_args_is_help=True)


@reading_app.callback()
def _several() -> None:
    """Keeps `enter` a word of its own, though it is the only command."""


@reading_app.command("enter")
def reading_enter(
    asset: Annotated[str, typer.Argument(help="Machine.")],
    signal: Annotated[str, typer.Argument(help="Signal of the machine.")],
    value: Annotated[float, typer.Argument(help="What was read; after -- when it is negative.")],
    at: Annotated[str | None, typer.Option(help="ISO 8601 time with a zone (default: now).")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of the value (default: the one on the instrument).")] = None,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Take a value that was asked back.")] = False,
    state_dir: Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")] = False,
) -> None:
    """Enter one reading into the running system; done when it is durable."""
    with connected(state_dir) as client:
        done = client.enter(asset, {signal: value}, at, {signal: unit} if unit else None, note, confirm)
    (reading,) = done["readings"]
    for remark in reading["remarks"]:
        print(f"{signal}: {remark}")
    told = f"{asset}/{signal}: {reading['value']:g} {reading['unit']} at {done['at']}"
    print(json.dumps(done) if as_json else told)
