"""The paho ingester that the bench compares with loses nothing and stores once: else the comparison would be cheap."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.peers.paho_ingester import queryable
from tests.ingest.brokers.running_source import published, until
from tests.ingest.brokers.test_process import readings, settings_in
from tests.servers import Mosquitto


@pytest.mark.server
def test_the_peer_stores_what_it_acknowledges(broker: Callable[..., Mosquitto], tmp_path: Path, root: Path) -> None:
    server = broker()
    plant = settings_in(tmp_path, server.port).plant
    command = [sys.executable, "-m", "benchmarks.peers.paho_ingester", str(server.port), str(tmp_path), str(plant)]
    assert queryable(tmp_path) == 0
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as peer:
        assert peer.stdout is not None
        assert b"ready" in peer.stdout.readline()
        published(server.port, readings(0, 3000))
        until(lambda: queryable(tmp_path) == 3000)
        peer.terminate()
    assert peer.returncode == 0
