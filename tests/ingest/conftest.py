"""A front door that is listening."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.running_door import RunningDoor, running_door


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDoor]:
    with running_door(tmp_path) as running:
        yield running
