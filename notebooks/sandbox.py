"""What the notebooks work on: the state folder that FOREWARN_STATE names, or a sandbox that is made now and kept.

A sandbox is a simulated works (`forewarn sandbox`): the figures are as good as its simulator, no better.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from forewarn.api.settings import Settings

DAYS = 90.0
KEPT = Path(tempfile.gettempdir()) / "forewarn-sandbox"


def state_folder(days: float = DAYS) -> Path:
    """The folder, with a progress bar while it is made (a minute or two, once)."""
    named = os.environ.get("FOREWARN_STATE")
    if named:
        return Path(named)
    if not (KEPT / "done").exists():
        from rich.progress import Progress

        from forewarn.api.sandbox import live

        if KEPT.exists():
            raise SystemExit(f"{KEPT} is there but not finished: remove it, or name a folder in FOREWARN_STATE")
        with Progress() as progress:
            bar = progress.add_task("simulating a works", total=days)
            live(KEPT, days, say=lambda text: progress.update(bar, advance=10, description=text))
        (KEPT / "done").touch()
    return KEPT


def settings_of_notebooks() -> Settings:
    """Settings of that folder, with the plant file that lies in it."""
    folder = state_folder()
    return Settings(state_dir=folder, plant=folder / "plant.yaml")
