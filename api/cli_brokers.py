"""`forewarn doctor broker` and `forewarn broker drain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

doctor_app = typer.Typer(help="Examine what Forewarn depends on.", no_args_is_help=True)
broker_app = typer.Typer(help="Existing brokers of the settings.", no_args_is_help=True)


@doctor_app.callback()
@broker_app.callback()
def _group() -> None:
    """Keeps the name of a single command."""


@doctor_app.command("broker")
def doctor_broker(
    name: Annotated[str | None, typer.Argument(help="Which broker of the settings (default: all).")] = None,
    config: Annotated[Path | None, typer.Option(help="Also check this Mosquitto configuration.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Measure what a broker can lose, and look for settings that are known to lose data or to let strangers in."""
    from forewarn.api.broker_doctor import run_doctor
    from forewarn.api.settings import load_settings

    answer = run_doctor(load_settings(), name, config)
    for row in answer:
        print(f"{row['broker']}: {row['level']}, {row['text']}")
        for loss in row["losses"]:
            print(f"  loses  {loss}")
        for finding in row["findings"]:
            print(f"  {finding['severity']:5}  {finding['what']}")
    if as_json:
        print(json.dumps({"brokers": answer}))
    raise typer.Exit(int(any(f["severity"] == "error" for row in answer for f in row["findings"])))


@broker_app.command("drain")
def broker_drain(
    name: Annotated[str, typer.Argument(help="Which broker of the settings.")],
) -> None:
    """Take our session at a broker away without loss: unsubscribe, store what is still queued, end the session."""
    from forewarn.api.broker_drain import run_drain
    from forewarn.api.logs import setup_logs
    from forewarn.api.settings import load_settings

    settings = load_settings()
    setup_logs(settings.log)
    taken = run_drain(settings, name)
    print(f"{name}: {taken} messages were still queued and are stored; the session is ended")
