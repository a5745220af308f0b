"""How commands reach the running server: its address from the settings, its token from the state folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forewarn.api.client import Client


def connected(state_dir: Path | None) -> Client:
    """A client of the server that runs on this state folder (None: that of the settings); close it, or use `with`."""
    from forewarn.api.client import Client
    from forewarn.api.settings import load_settings

    settings = load_settings()
    token = (state_dir or settings.state_dir) / "api-token"
    return Client(f"http://{settings.http.host}:{settings.http.port}", token_file=token)


def told(value: Any, lines: list[str], as_json: bool, none: str = "") -> None:
    """Lines for a person, or JSON for a program; `none` is what a person reads where there are no lines."""
    print(json.dumps(value) if as_json else "\n".join(lines) or none)
