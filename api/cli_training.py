"""`forewarn train`: learn a version from what was stored, on a state folder.

Series are only read. While a server runs on the folder it alone writes the records: the version is left for it to
register.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from forewarn.api.cli_models import (
    Json,
    PlantFile,
    Shown,
    Since,
    StateDir,
    Until,
    client_of,
    figures_of,
    moment_us,
    settings_of,
    tell,
)

if TYPE_CHECKING:
    from forewarn.api.model_tools import Tools
    from forewarn.pipeline.training import Trained
    from forewarn.pipeline.training_lives import Ends


def train(
    name: Annotated[str, typer.Argument(help="Name of the model: a-z, 0-9, . _ -")],
    task: Annotated[str, typer.Option(help="life, detector, diagnosis or text.")],
    kind: Annotated[str, typer.Option(help="Which model of the task's table; an unknown one lists them.")],
    class_: Annotated[str, typer.Option("--class", help="Class of machines that teach; orders may be of all.")] = "",
    since: Since = "",
    until: Until = "now",
    every: Annotated[float, typer.Option(help="Hours between two rows of a life.")] = 12.0,
    ends: Annotated[str, typer.Option(help="What ends a life: failures, or also confirmed repairs.")] = "failures",
    false_alarms: Annotated[float, typer.Option(help="Detectors: false alarms for an asset and year.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn at random.")] = 0,
    told_later: Annotated[
        bool, typer.Option("--told-later", help="Trust the times of imported and late data.")
    ] = False,
    note: Annotated[str, typer.Option(help="For the card.")] = "",
    aside: Annotated[bool, typer.Option("--aside", help="Leave the version for the running server.")] = False,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Train a version on what was stored; it becomes a candidate and decides nothing yet."""
    from forewarn.api import model_tools
    from forewarn.pipeline.training import TrainRequest
    from forewarn.pipeline.training import train as trained_on
    from forewarn.pipeline.training_set import SetRequest

    ended_by = _ends(ends)
    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        now_us = tools.clock.plant_us(time.time_ns() // 1000)
        since_us = moment_us(since, now_us) if since else 0
        data = SetRequest(class_, moment_us(until, now_us), since_us, every, ended_by, told_later)
        done = trained_on(
            tools.archive, TrainRequest(name, task, kind, data, false_alarms, seed, note), now_us, Shown()
        )
        told = _told(done) | _kept(tools, done, now_us, aside)
    _say(told, as_json)


def _ends(text: str) -> Ends:
    from forewarn.pipeline.training_lives import Ends

    found: Ends | None = next((word for word in get_args(Ends) if word == text), None)
    if found is None:
        raise typer.BadParameter(f"{text!r} ends no life: {' or '.join(get_args(Ends))}")
    return found


def _told(done: Trained) -> dict[str, Any]:
    card = done.card
    told: dict[str, Any] = {"name": card.name, "metrics": dict(card.metrics), "data_digest": card.data_digest}
    return told | {"rows": card.rows, "assets": card.assets, "columns": list(card.schema.names)}


def _kept(tools: Tools, done: Trained, now_us: int, aside: bool) -> dict[str, Any]:
    """Register the version, or leave it aside for the server that runs; what is to be told of it."""
    from forewarn.api import model_tools
    from forewarn.pipeline.drift_watch import trained_again

    if not aside and not model_tools.server_runs(tools.settings):
        entry = tools.registry.register(done.model, done.card, model_tools.CONSOLE, now_us)
        trained_again(tools.retraining, entry.card, now_us)
        return {"version": entry.version, "stage": entry.stage.value}
    incoming = model_tools.put_aside(tools.settings, done)
    if aside:
        return {"incoming": incoming}
    with client_of(tools.settings) as client:
        row = client.register_model(incoming)
    return {"version": row["version"], "stage": row["stage"]}


def _say(told: dict[str, Any], as_json: bool) -> None:
    version = f":{told['version']}" if "version" in told else ""
    learnt = f"{told['name']}{version} learnt from {told['rows']} rows of {told['assets']} machines"
    tell(told, as_json, f"{learnt}\n{figures_of(told['metrics'])}")
