"""What nobody named is seen, adopted by the API in the format it has, and what was refused of it comes back.

The intake and its replay are the real ones; only the process around them is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from forewarn.ingest.formats import senml
from forewarn.ingest.formats.sparkplug_types import DataType
from forewarn.simulators.sparkplug_node import EdgeNode, Tag
from tests.api.road import Road
from tests.api.rooms import TestRoom
from tests.maintenance.samples import NOW_US

NOW_MS = NOW_US // 1000


@pytest.fixture
def road(plant_room: TestRoom, tmp_path: Path) -> Road:
    return Road(plant_room, tmp_path)


def places(client: TestClient) -> dict[str, str]:
    """Field -> topic of what can be adopted."""
    return {row["field"]: row["topic"] for row in client.get("/api/telemetry/places").json()}


def adopt(client: TestClient, field: str, signal: str, unit: str = "degC") -> int:
    """Adopt the place with this field as the page does; how many messages are read again."""
    body = {"topic": places(client)[field], "field": field, "asset": "p101", "signal": signal, "unit": unit}
    answer = client.post("/api/telemetry/adopted", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["replayed"])


def pack(value: float, ms: int) -> bytes:
    return senml.encode_json([senml.Record("hall:seal", value, ms * 1000), senml.Record("hall:oil", 48.0, ms * 1000)])


SEEN: dict[str, tuple[Callable[[float, int], bytes], set[str], str]] = {
    "a bare number as text": (lambda value, ms: b"%g" % value, {""}, ""),
    "json": (lambda value, ms: b'{"value":%g,"ts":%d}' % (value, ms), {"value"}, "value"),
    "several fields": (lambda value, ms: b'{"seal":%g,"oil":48,"ts":%d}' % (value, ms), {"seal", "oil"}, "seal"),
    "a nested path": (lambda value, ms: b'{"env":{"seal":%g},"ts":%d}' % (value, ms), {"env.seal"}, "env.seal"),
    "senml": (pack, {"hall:seal", "hall:oil"}, "hall:seal"),
}


@pytest.mark.parametrize("shape", SEEN)
def test_what_is_adopted_is_read_in_the_format_that_it_has(client: TestClient, road: Road, shape: str) -> None:
    encode, fields, field = SEEN[shape]
    road.send("hall/x", encode(61.5, NOW_MS), NOW_US)
    assert {f for f, topic in places(client).items() if topic == "hall/x"} == fields
    assert adopt(client, field, "seal_temp") == 1
    assert road.values("seal_temp") == [61.5]
    road.send("hall/x", encode(62.5, NOW_MS + 1), NOW_US + 1000)
    assert road.values("seal_temp") == [61.5, 62.5]


def test_a_second_signal_of_a_topic_is_read_as_the_first_one(client: TestClient, road: Road) -> None:
    payload = pack(61.5, NOW_MS)
    road.send("hall/x", payload)
    adopt(client, "hall:seal", "seal_temp")
    road.send("hall/x", payload)
    adopt(client, "hall:oil", "oil_temp")
    assert (road.values("seal_temp"), road.values("oil_temp")) == ([61.5], [48.0])


def test_a_metric_of_an_edge_node_is_adopted_under_the_place_that_the_plant_file_would_name(
    client: TestClient, road: Road
) -> None:
    tags = [Tag("", "Cabinet", DataType.FLOAT), Tag("drive", "Seal/Temp", DataType.DOUBLE)]
    node = EdgeNode("hall", "e-1", tags)
    packets = node.births(NOW_MS - 9000)
    packets += [node.data("drive", {"Seal/Temp": 60.0 + n}, NOW_MS + n) for n in range(3)]
    packets.append(node.data("", {"Cabinet": 30.5}, NOW_MS))
    for packet in packets:
        road.send(*packet)
    assert places(client)["Seal/Temp"] == "spBv1.0/hall/e-1/drive"
    assert places(client)["Cabinet"] == "spBv1.0/hall/e-1"
    before = road.store.counts()
    assert adopt(client, "Seal/Temp", "seal_temp") == 4  # with its birth, which has no value yet
    assert road.values("seal_temp") == [60.0, 61.0, 62.0]
    assert road.store.counts().acknowledged == before.acknowledged
    road.send(*node.data("drive", {"Seal/Temp": 63.0}, NOW_MS + 9))
    assert road.values("seal_temp")[-1] == 63.0
    assert "sparkplug" in road.overlay.read_text()
    left = {row["topic"] for row in client.get("/api/quarantine").json() if row["topic"].startswith("spBv1.0/")}
    assert left == {packets[0].topic, packets[1].topic, packets[-1].topic}, "the births had no values yet"
    assert places(client)["Cabinet"] == "spBv1.0/hall/e-1"
