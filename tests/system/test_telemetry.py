"""Telemetry on the running system, over real MQTT: a number that nobody named is adopted with all that had arrived; a
missing number is a gap until it arrives late; a sensor that falls silent is an event."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from forewarn.api.settings import ScoringSettings
from tests.system.running import HANG_GUARD_S, RunningSystem, Sender, settings_for

pytestmark = pytest.mark.slow

TOPIC = "hall/press-1/env"
NUMBERED = "hall/press-1/temp"
PLANT = """\
plant: Telemetry
sites:
  works: {timezone: Europe/Berlin}
assets:
  press-1:
    name: Press 1
    class: press
    area: hall
    signals:
      temp: {topic: hall/press-1/temp, unit: degC, range: [-40, 150], period_s: 3600}
      oil: {topic: hall/press-1/oil, unit: degC, range: [-40, 150], period_s: 0.2}
      pieces: {topic: hall/press-1/pieces, quantity: counter, unit: count, period_s: 0.2}
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A system of its own: what is adopted and refused here is nobody else's business."""
    folder = tmp_path_factory.mktemp("telemetry")
    settings = settings_for(folder, PLANT).model_copy(update={"scoring": ScoringSettings(assess_every_s=0.5)})
    running = RunningSystem.start(folder, settings)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def gateway(plant: RunningSystem) -> Iterator[Sender]:
    sender = plant.sender("gw-1")
    yield sender
    sender.close()


def waited(ask: Callable[[], Any], wanted: Callable[[Any], object]) -> Any:
    """The first answer that is wanted."""
    deadline = time.monotonic() + HANG_GUARD_S
    while time.monotonic() < deadline:
        if wanted(found := ask()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {HANG_GUARD_S:g} s, last seen: {found}")


def adopted(plant: RunningSystem, **wanted: str) -> dict[str, Any]:
    """What the API answers to an adoption."""
    token = (plant.settings.state_dir / "api-token").read_text().strip()
    answer = httpx2.post(
        f"{plant.home}/api/telemetry/adopted",
        json=wanted,
        headers={"Authorization": f"Bearer {token}"},
        timeout=HANG_GUARD_S,
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def message(value: float, at_ms: int, **more: object) -> bytes:
    return json.dumps({"value": value, "ts": at_ms, **more}).encode()


def books_balance(plant: RunningSystem) -> dict[str, int]:
    """The books, after everything acknowledged is in them, add up to the ledger."""
    plant.settle()
    books: dict[str, int] = plant.get("/api/telemetry")["books"]
    kept = ("stored", "duplicates", "conflicts", "quarantined", "summarised")
    assert books["acknowledged"] == plant.acked == sum(books[name] for name in kept) - books["replayed"], books
    return books


def test_an_unknown_number_is_adopted_with_all_that_had_arrived(plant: RunningSystem, gateway: Sender) -> None:
    start = now_ms() - 60_000
    for n in range(10):
        gateway.publish(TOPIC, json.dumps({"seal": {"temp": 140.0 + n}, "ts": start + 1000 * n}).encode())
    assert books_balance(plant)["quarantined"] == 10
    (place,) = waited(lambda: plant.get("/api/telemetry/places"), len)
    assert (place["topic"], place["field"], place["source"], place["count"]) == (TOPIC, "seal.temp", "gw-1", 10)
    assert (place["low"], place["high"]) == (140.0, 149.0)
    guess = place["guess"]
    assert (guess["asset"], guess["quantity"]) == ("press-1", "temperature")

    said = adopted(plant, topic=TOPIC, field="seal.temp", asset="press-1", signal="seal_temp", unit="degF")
    assert said == {"asset": "press-1", "signal": "seal_temp", "replayed": 10}
    for n in range(10, 15):
        gateway.publish(TOPIC, json.dumps({"seal": {"temp": 140.0 + n}, "ts": start + 1000 * n}).encode())

    trend = waited(
        lambda: plant.get("/api/assets/press-1/trend?signal=seal_temp&hours=1"), lambda t: len(t["value"]) == 15
    )
    assert trend["unit"] == "degC"
    assert trend["value"] == pytest.approx([(140.0 + n - 32) / 1.8 for n in range(15)])
    assert [round(at) for at in trend["at_ms"]] == [start + 1000 * n for n in range(15)]
    waited(lambda: plant.get("/api/telemetry/places"), lambda places: not places)
    assert books_balance(plant)["quarantined"] == 0
    assert plant.get("/api/quarantine/reasons") == []


def test_a_missing_number_is_a_gap_until_it_arrives_late(plant: RunningSystem, gateway: Sender) -> None:
    start = now_ms() - 30_000
    for n in (1, 2, 5):
        gateway.publish(NUMBERED, message(20.0 + n, start + 1000 * n, seq=n, boot="b1"))
    (gap,) = waited(lambda: plant.get("/api/telemetry/gaps"), len)
    assert (gap["boot"], gap["first"], gap["last"], gap["missing"]) == ("b1", 3, 4, 2)
    assert plant.get("/api/telemetry")["missing_messages"] == 2
    gateway.publish(NUMBERED, message(24.0, start + 4000, seq=4, boot="b1"))
    (gap,) = waited(lambda: plant.get("/api/telemetry/gaps"), lambda gaps: gaps and gaps[0]["missing"] == 1)
    assert (gap["first"], gap["last"]) == (3, 3)
    gateway.publish(NUMBERED, message(23.0, start + 3000, seq=3, boot="b1"))
    waited(lambda: plant.get("/api/telemetry/gaps"), lambda gaps: not gaps)
    books_balance(plant)


def test_a_sensor_that_falls_silent_is_an_event_until_it_speaks_again(plant: RunningSystem, gateway: Sender) -> None:
    def speak(*signals: str) -> Callable[[], Any]:
        def ask() -> Any:
            for signal in signals:
                gateway.publish(f"hall/press-1/{signal}", message(float(now_ms() % 97), now_ms()))
            return plant.get("/api/telemetry/sensors")

        return ask

    def oil_is_silent(events: list[dict[str, Any]]) -> bool:
        return any(event["signal"] == "oil" and event["kind"] == "silent" for event in events)

    for _ in range(20):
        speak("oil", "pieces")()
        time.sleep(0.1)
    found = waited(speak("pieces"), oil_is_silent)
    (event,) = [event for event in found if event["signal"] == "oil"]
    assert (event["asset"], event["ne107"], event["until"]) == ("press-1", "failure", None)
    waited(speak("oil", "pieces"), lambda events: not oil_is_silent(events))
    over = plant.get("/api/telemetry/sensors?open=false&asset=press-1")
    assert any(event["signal"] == "oil" and event["until"] is not None for event in over)
    books_balance(plant)


def test_every_sender_has_its_promise_and_the_front_door_its_figures(plant: RunningSystem, gateway: Sender) -> None:
    gateway.publish(NUMBERED, message(21.0, now_ms(), seq=6, boot="b1"))
    rows = waited(
        lambda: plant.get("/api/telemetry/sources"), lambda rows: any(row["source"] == "gw-1" for row in rows)
    )
    (row,) = [row for row in rows if row["source"] == "gw-1"]
    assert (row["via"], row["promise"]["level"], row["qos0"]) == ("front door", "D3", 0)
    assert abs(row["clock_error_s"]) < 60
    ingest = plant.get("/api/telemetry")["ingest"]
    assert ingest["running"]
    assert ingest["messages"] >= row["messages"]
    assert ingest["connections"] >= 1
