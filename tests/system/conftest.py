"""One running system for all tests of the folder: they leave it as whole as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.running import RunningSystem


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """`forewarn up` on free ports with the plant of `running.PLANT`; stopped by SIGTERM, exit status 0."""
    running = RunningSystem.start(tmp_path_factory.mktemp("system"))
    try:
        yield running
    finally:
        running.stop()
