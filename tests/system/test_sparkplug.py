"""An edge node at a whole running Forewarn: births, a gap and a request over the real front door, told by the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forewarn.api.settings import SparkplugSettings
from forewarn.core.readings import Quality
from forewarn.ingest.formats.sparkplug_types import DataType
from forewarn.simulators.sparkplug_node import ConnectedNode, EdgeNode, Tag
from tests.system.running import HANG_GUARD_S, PLANT, RunningSystem, settings_for

pytestmark = pytest.mark.slow
SIGNALS = """\
      speed: {topic: spBv1.0/hall/edge-1/drive, field: Speed, format: sparkplug, unit: rpm}
      load: {topic: spBv1.0/hall/edge-1/drive, field: Load, format: sparkplug, quantity: ratio, unit: "%"}
      cabinet: {topic: spBv1.0/hall/edge-1, field: Cabinet/Temp, format: sparkplug, unit: degC}
"""
TAGS = [
    Tag("", "Cabinet/Temp", DataType.FLOAT),
    Tag("drive", "Speed", DataType.DOUBLE),
    Tag("drive", "Load", DataType.INT16),
    Tag("drive", "Torque", DataType.DOUBLE),
]


@pytest.fixture
def spoken(tmp_path: Path) -> Iterator[RunningSystem]:
    settings = settings_for(tmp_path, PLANT + SIGNALS)
    rules = SparkplugSettings(reorder_timeout_s=0.3, rebirth_interval_s=1.0)
    running = RunningSystem.start(tmp_path, settings.model_copy(update={"sparkplug": rules}))
    try:
        yield running
    finally:
        running.stop()


def meanwhile(node: ConnectedNode, holds: Callable[[], bool]) -> None:
    """Let the node serve until it holds."""
    deadline = time.monotonic() + HANG_GUARD_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        node.serve(0.05)


def states(system: RunningSystem) -> dict[str, str]:
    return {row["device"]: row["state"] for row in system.get("/api/telemetry/nodes")}


def values(system: RunningSystem, signal: str) -> list[float]:
    number = system.reader.names()[f"press-1/{signal}"]
    return [float(value) for value in system.reader.read(number, 0, 2**62).value]


def test_an_edge_node_is_born_loses_a_message_and_is_asked_for_its_births(spoken: RunningSystem) -> None:
    node = ConnectedNode(EdgeNode("hall", "edge-1", TAGS, bd_seq=5), "127.0.0.1", spoken.mqtt_port, "forewarn")
    node.begin()
    node.send("drive", {"Speed": 1480.0, "Load": 62})
    node.send("", {"Cabinet/Temp": 31.5})
    meanwhile(node, lambda: values(spoken, "cabinet") == [31.5])
    assert states(spoken) == {"": "online", "drive": "online"}
    node.lose("drive", {"Speed": 1.0})
    node.send("drive", {"Speed": 1490.0, "Torque": 7.5})
    meanwhile(node, lambda: node.rebirths == 1)
    meanwhile(node, lambda: states(spoken) == {"": "online", "drive": "online"})
    node.send("drive", {"Speed": 1500.0, "Load": 64})
    meanwhile(node, lambda: values(spoken, "load")[-1:] == [64.0])
    assert values(spoken, "speed") == [1480.0, 1490.0, 1500.0]  # the second by the new births, which repeat what is
    assert values(spoken, "load") == [62.0, 62.0, 64.0]
    told: list[dict[str, Any]] = spoken.get("/api/telemetry/nodes")
    assert [(row["group"], row["node"], row["bd_seq"], row["rebirths"]) for row in told] == [
        ("hall", "edge-1", 5, 1)
    ] * 2
    (gap,) = spoken.get("/api/telemetry/gaps")
    assert (gap["stream"], gap["missing"]) == ("hall/edge-1", 1)
    last = {row["name"]: row for row in spoken.get("/api/assets/press-1")["signals"]}
    assert (last["speed"]["last_value"], last["speed"]["quality"]) == (1500.0, [Quality.QOS0.name.lower()])
    adopted(spoken, node)
    node.leave()
    meanwhile(node, lambda: states(spoken) == {"": "offline", "drive": "offline"})


def adopted(system: RunningSystem, node: ConnectedNode) -> None:
    """The metric that nobody named is offered, adopted, and its value in the births comes back."""
    places = {row["field"]: row["topic"] for row in system.get("/api/telemetry/places")}
    assert places["Torque"] == "spBv1.0/hall/edge-1/drive"
    body = {"topic": places["Torque"], "field": "Torque", "asset": "press-1", "signal": "torque", "unit": "Nm"}
    assert system.post("/api/telemetry/adopted", body)["replayed"] >= 1
    meanwhile(node, lambda: "press-1/torque" in system.reader.names() and values(system, "torque") == [7.5])
    node.send("drive", {"Torque": 8.5})
    meanwhile(node, lambda: values(system, "torque") == [7.5, 8.5])
