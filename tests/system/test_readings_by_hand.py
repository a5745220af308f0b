"""What a person enters goes into the running ingest process: durable, stored, counted, with a sender of its own."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forewarn.api.app import create_app
from forewarn.api.auth import Gate
from forewarn.api.settings import Settings
from forewarn.api.wiring import MainParts, main_parts
from forewarn.core.errors import Rejected
from forewarn.ingest.store.reader import PackedReader
from forewarn.pipeline.plant_file import load_plant
from tests.system.running import PLANT, settings_for
from tests.system.test_ingest_commands import Ingest, ingest, soon

pytestmark = pytest.mark.slow

BY_HAND = "      iron: {entry: manual, round: oil, every: 30d, unit: ppm, range: [0, 500]}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, PLANT + BY_HAND)


@pytest.fixture
def running(settings: Settings) -> Iterator[Ingest]:
    with ingest(settings) as found:
        yield found


@pytest.fixture
def main(settings: Settings, running: Ingest) -> Iterator[MainParts]:
    """The main process's side: records, routes, the control client. Nothing is assessed."""
    parts = main_parts(settings, load_plant(settings.plant))
    yield parts
    parts.close()


@pytest.fixture
def client(main: MainParts) -> TestClient:
    gate = Gate()
    browser = TestClient(create_app(main.room, gate), base_url="http://127.0.0.1")
    assert browser.post("/api/login", json={"token": gate.new_login()}).status_code == 200
    return browser


def test_a_reading_by_hand_is_durable_before_201_and_the_books_balance(
    settings: Settings, running: Ingest, client: TestClient
) -> None:
    answer = client.post("/api/assets/press-1/readings", json={"values": {"iron": 38, "temp": 61.5}})
    assert answer.status_code == 201, answer.text
    at_ms = round(time.time() * 1000) - 3_600_000
    running.publish("hall/press-1/temp", value=50.0, ts=at_ms)
    reader = PackedReader(settings.series_dir)
    soon(lambda: reader.counts().acknowledged == 3)
    counts = reader.counts()
    assert (counts.stored, counts.duplicates, counts.conflicts, counts.quarantined) == (3, 0, 0, 0)
    iron = reader.read(reader.names()["press-1/iron"], 0, 2**62)
    assert (iron.value.tolist(), iron.quality.tolist()) == ([pytest.approx(0.0038)], [0])
    sources = {source.source: source for source in reader.sources()}
    assert sources["manual:planner"].messages == 2
    reader.close()

    trend = client.get("/api/assets/press-1/trend?signal=temp&hours=2").json()
    assert trend["value"] == [50.0, 61.5]
    (row,) = [row for row in client.get("/api/telemetry/sources").json() if row["source"] == "manual:planner"]
    assert (row["via"], row["promise"]["level"], row["clock_error_s"]) == ("manual", "D3", None)
    assert client.get("/api/rounds").json() == []
    assert [entry["by"] for entry in client.get("/api/assets/press-1/readings").json()] == ["planner"]
    assert client.get("/api/telemetry/sensors").json() == []


def test_what_was_acknowledged_survives_a_kill_and_sent_again_it_is_a_duplicate(
    settings: Settings, tmp_path: Path, client: TestClient, running: Ingest
) -> None:
    body = {"values": {"iron": 38}, "at": "2026-11-20T08:00:00Z"}
    assert client.post("/api/assets/press-1/readings", json=body).status_code == 201
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    answer = client.post("/api/assets/press-1/readings", json={**body, "at": "2026-11-21T08:00:00Z"})
    assert answer.status_code == 503
    with ingest(settings) as again:
        reading = {"series": "press-1/iron", "at_us": 1_795_161_600_000_000, "value": 38e-4}
        again.ask("enter", by="planner", readings=[reading])
        reader = PackedReader(settings.series_dir)
        soon(lambda: reader.counts().acknowledged == 2)
        assert (reader.counts().stored, reader.counts().duplicates) == (1, 1)
        assert len(reader.read(reader.names()["press-1/iron"], 0, 2**62)) == 1
        reader.close()
        with pytest.raises(Rejected, match="bad_request"):
            again.ask("enter", by="planner", readings=[{**reading, "value": "38"}])
        assert again.end(signal.SIGTERM) == 0
