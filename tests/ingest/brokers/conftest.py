"""Debian's Mosquitto, as many as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import Mosquitto


@pytest.fixture
def broker(program: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Starts a broker: `broker("max_inflight_messages 1")`."""
    running: list[Mosquitto] = []

    def start(settings: str = "", **options: int) -> Mosquitto:
        running.append(Mosquitto(program("mosquitto"), tmp_path, settings, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop()
