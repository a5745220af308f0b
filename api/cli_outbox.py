"""`forewarn outbox`: what waits for the webhook, what is dead, and sending it again, by way of the running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.api.cli_server import connected

if TYPE_CHECKING:
    pass

outbox_app = typer.Typer(help="Messages to other systems.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]


@outbox_app.command("list")
def outbox_list(
    dead: Annotated[bool, typer.Option("--dead", help="Those that are not tried any more.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 100,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """List the messages that wait, oldest first, or the dead ones, newest first, each with its last error."""
    with connected(state_dir) as client:
        _told(client.outbox(dead, limit), as_json)


@outbox_app.command("resend")
def outbox_resend(
    number: Annotated[int, typer.Argument(min=1, help="Number of a dead message.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Try a dead message again from the beginning."""
    with connected(state_dir) as client:
        _told(client.resend(number), as_json)


def _told(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    for message in found["messages"]:
        next_step = f"dead since {message['dead_at']}" if message["dead_at"] else f"next try {message['retry_at']}"
        failed = f", {message['attempts']} attempts, {next_step}: {message['error']}" if message["attempts"] else ""
        print(f"{message['number']} {message['kind']} {message['subject']} of {message['created_at']}{failed}")
    receiver = "" if found["receiver"] else "; no webhook.url is set"
    print(f"{found['waiting']} waiting, {found['dead']} dead{receiver}")
