"""The `forewarn` command. Heavy imports happen inside the commands that need them, so that `--help` is prompt."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from forewarn.api import (
    cli_analysis,
    cli_autonomy,
    cli_buying,
    cli_counts,
    cli_demand,
    cli_exchange,
    cli_models,
    cli_orders,
    cli_people,
    cli_plans,
    cli_series_files,
    cli_stock,
    cli_work,
)
from forewarn.api.cli_audit import audit_app
from forewarn.api.cli_brokers import broker_app, doctor_app
from forewarn.api.cli_outbox import outbox_app
from forewarn.api.cli_readings import reading_app
from forewarn.core.errors import ForewarnError

app = typer.Typer(
    name="forewarn",
    help="Listens to a plant's sensors over MQTT and opens the work order before the machine fails.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
plant_app = typer.Typer(help="Check and describe plant files.", no_args_is_help=True)
app.add_typer(plant_app, name="plant")
app.add_typer(audit_app, name="audit")
app.add_typer(cli_series_files.series_app, name="series")
app.add_typer(doctor_app, name="doctor")
app.add_typer(broker_app, name="broker")
app.add_typer(reading_app, name="reading")
app.add_typer(outbox_app, name="outbox")
cli_models.register(app)
cli_autonomy.register(app)
cli_buying.register(app)
cli_demand.register(app)
cli_orders.register(app)
cli_people.register(app)
cli_exchange.register(app)
cli_plans.register(app)
cli_stock.register(app)
cli_counts.register(app)
cli_work.register(app)
cli_analysis.register(app)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Seconds = Annotated[str | None, typer.Option("--for", help="Stop by itself after this long: 120s, 2m.", metavar="TIME")]
StateDir = Annotated[
    Path | None, typer.Option(help="Keep journal, series and records here (default: removed at the end).")
]
HttpPort = Annotated[int, typer.Option(help="Port of the page; another free one is taken when it is in use.")]
Log = Annotated[str, typer.Option(help="debug, info, warning or error.")]


def main() -> None:
    """Entry point: errors of ours are one clear line, not a stack trace."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        app()
    except ForewarnError as error:
        print(f"forewarn: {error}", file=sys.stderr)
        sys.exit(1)
    except FileNotFoundError as error:
        print(
            f"forewarn: {error.filename} is not there: name it with an option, or run this where it lies",
            file=sys.stderr,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _as_interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def seconds(text: str) -> float:
    """A duration in seconds.

    >>> seconds("120s"), seconds("2m"), seconds("1.5h"), seconds("30")
    (120.0, 120.0, 5400.0, 30.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a time; write 120s, 2m or 1h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


@app.command()
def up() -> None:
    """Run the whole system: ingest, scoring, API and page. Settings: forewarn.toml or FOREWARN_... variables."""
    from forewarn.api.logs import setup_logs
    from forewarn.api.main_process import MainProcess
    from forewarn.api.settings import load_settings

    settings = load_settings()
    setup_logs(settings.log)
    process = MainProcess(settings)
    process.start()
    print(
        f"Forewarn is up.\n  Page (one-time login): {process.login_url()}\n"
        f"  MQTT front door:       mqtt://{settings.mqtt.host}:{process.mqtt_port}\n"
        f"  Token for programs:    {settings.state_dir / 'api-token'}\n"
        "  Acknowledged means stored: PUBACK leaves after the journal's fsync.",
        file=sys.stderr,
        flush=True,
    )
    process.serve()


@app.command()
def ingest(
    as_child: Annotated[bool, typer.Option(help="End when standard input closes (set by the parent process).")] = False,
) -> None:
    """Run the ingest process alone: front door, journal, quality and the raw series store."""
    from forewarn.api.ingest_process import run_ingest
    from forewarn.api.logs import setup_logs
    from forewarn.api.settings import load_settings

    settings = load_settings()
    setup_logs(settings.log)
    raise typer.Exit(run_ingest(settings, as_child))


@app.command()
def demo(
    for_: Seconds = None,
    as_json: Json = False,
    seed: Annotated[int, typer.Option(help="Seed of the simulated fleet.")] = 1,
    state_dir: StateDir = None,
    http_port: HttpPort = 8080,
    log: Log = "warning",
) -> None:
    """Twelve simulated machines on an accelerated clock, the whole road on loopback."""
    from forewarn.api.demo import run_demo
    from forewarn.api.logs import setup_logs

    setup_logs(log)
    raise typer.Exit(run_demo(seconds(for_) if for_ else None, as_json, seed, state_dir, http_port, log))


@app.command()
def sandbox(
    folder: Annotated[Path, typer.Argument(help="New state folder.")],
    days: Annotated[float, typer.Option(help="Simulated days, at least 20.")] = 120.0,
    seed: Annotated[int, typer.Option(help="Seed of the simulated works.")] = 1,
    as_json: Json = False,
) -> None:
    """Make a plant with a past: months of simulated machines, watched by the product, repaired by a simulated crew."""
    from dataclasses import asdict

    from forewarn.api.logs import setup_logs
    from forewarn.api.sandbox import live

    setup_logs("warning")
    lived = live(folder, days, seed, lambda text: print(text, file=sys.stderr, flush=True))
    told = f"{folder}: {lived.days:g} days, {lived.readings} readings, {lived.orders} orders, findings {lived.findings}"
    print(json.dumps(asdict(lived)) if as_json else told)


@app.command()
def replay(
    recording: Annotated[str, typer.Argument(help="Which recorded set: pronostia.")],
    data: Annotated[Path, typer.Option(help="Folder of the recorded set.")],
    bearing: Annotated[str, typer.Option(help="Which machine, for instance Bearing1_1.")],
    speed: Annotated[float, typer.Option(help="Recorded seconds per second.", min=0.1)] = 200.0,
    as_json: Json = False,
    state_dir: StateDir = None,
    http_port: HttpPort = 8080,
    log: Log = "warning",
) -> None:
    """Play a recorded machine through MQTT QoS 1, as a gateway would, until its end of life."""
    from forewarn.api.logs import setup_logs
    from forewarn.api.replay import run_replay

    if recording != "pronostia":
        raise typer.BadParameter(f"{recording!r} is not known; the one recorded set is: pronostia")
    setup_logs(log)
    raise typer.Exit(run_replay(data, bearing, speed, as_json, state_dir, http_port, log))


@app.command("explain")
def explain_order(
    order: Annotated[str, typer.Argument(help="Number of the order, for instance WO-000001.")],
    state_dir: Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")] = None,
    plant: Annotated[Path | None, typer.Option(help="Plant file (default: from the settings).")] = None,
    as_json: Json = False,
) -> None:
    """Recompute the evidence of an order from the stored series, and say whether it still comes out the same."""
    from forewarn.api.explaining import run_explain
    from forewarn.api.settings import load_settings

    settings = load_settings()
    state, file = state_dir or settings.state_dir, plant or settings.plant
    raise typer.Exit(run_explain(settings.model_copy(update={"state_dir": state, "plant": file}), order, as_json))


@plant_app.command("validate")
def plant_validate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    topics: Annotated[bool, typer.Option("--topics", help="List the topic of every signal.")] = False,
) -> None:
    """Check a plant file: every error with file:line."""
    from forewarn.pipeline.plant_file import load_plant

    plant = load_plant(file)
    print(f"{file}: {len(plant.assets)} assets, {len(plant.signals)} signals, {len(plant.parts)} parts: valid")
    for spec in plant.signals if topics else ():
        print(f"{spec.name}: {spec.topic}{f' ({spec.field})' if spec.field else ''}")
    silent = [asset.id for asset in plant.assets if asset.running is None]
    if silent:
        print(f"not known to run or stand: {', '.join(silent)}; operating_hours_per_day is used for them")


@plant_app.command("profiles")
def plant_profiles() -> None:
    """List the gateway profiles that ship: what they are for, where their names come from, what is assumed."""
    from forewarn.pipeline.profiles import profile_lines

    print("\n".join(profile_lines()))


@plant_app.command("schema")
def plant_schema() -> None:
    """Print the JSON Schema of plant files, for the completion of editors."""
    from forewarn.pipeline.plant_schema import plant_json_schema

    print(json.dumps(plant_json_schema(), indent=2))


@app.command("hash-password")
def hash_password() -> None:
    """Read a password from standard input and print its Argon2 hash for the settings."""
    from argon2 import PasswordHasher

    password = sys.stdin.readline().rstrip("\n")
    if len(password) < 8:
        raise typer.BadParameter("a password has at least 8 characters")
    print(PasswordHasher().hash(password))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the HTTP API."""
    from forewarn.api.app import openapi_document

    print(json.dumps(openapi_document(), indent=2, sort_keys=True))
