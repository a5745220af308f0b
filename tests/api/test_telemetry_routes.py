"""What the telemetry routes answer. The ingest process behind them is a FAKE here; with the real one: tests/system."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from forewarn.api.telemetry import TelemetryDesk
from forewarn.core.errors import Retriable
from forewarn.core.plant import Plant
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings
from forewarn.core.telemetry import Gap, Notes, Sighting, SourceSeen
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.sparkplug_types import DataType
from forewarn.ingest.sparkplug.host import HostRules, SparkplugHost
from forewarn.ingest.topics import TopicTable
from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.sensor_event_book import SensorEventBook
from forewarn.simulators.sparkplug_node import EdgeNode, Tag
from tests.api.rooms import SMALL_PLANT, TestRoom
from tests.maintenance.samples import NOW_US, stuck

STATUS = {
    "door": {"connections": 3, "messages": 70, "take_overs": 1, "paced": 2, "unsent": 0, "refused_bad_login": 4},
    "brokers": {"north": {"connections": 2, "messages": 30}},
    "commit": {"fsync_s": {"p99": 0.0042}, "acknowledge_s": {"p99": 0.0101}},
    "journal": {"kept_bytes": 4096},
    "consumers": [{"position": 10, "lag_bytes": 0}, {"position": 4, "lag_bytes": 6}],
}


TAGS = [Tag("", "Temp", DataType.FLOAT), Tag("drive", "Speed", DataType.DOUBLE)]


class FakeIngest:
    """A FAKE of the ingest process: remembers what it was asked and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.pages = [{"asked": 2, "payload_cut": [], "missing": [], "go_on_before": None}]
        self.away = False

    def ask(self, command: str, timeout_s: float = 30.0, **arguments: object) -> object:
        if self.away:
            raise Retriable("the ingest process does not answer")
        self.asked.append((command, arguments))
        return {"status": STATUS, "reload": {}, "replay": self.pages.pop(0) if command == "replay" else {}}[command]


@pytest.fixture
def ingest(plant_room: TestRoom, tmp_path: Path) -> FakeIngest:
    fake, file = FakeIngest(), tmp_path / "plant.yaml"
    shutil.copy(SMALL_PLANT, file)

    def use(plant: Plant) -> None:
        plant_room.room.plant = plant

    overlay, promises = tmp_path / "adopted.yaml", tmp_path / "brokers.json"
    plant_room.room.telemetry = TelemetryDesk(file, overlay, promises, fake, use)
    return fake


def note(made: TestRoom, notes: Notes, refused: list[Refusal] | None = None) -> None:
    made.raw.write(made.raw.position + 1, Readings.empty(), [], refused or [], notes)


def get(client: TestClient, path: str, **params: object) -> Any:
    answer = client.get(f"/api{path}", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def stranger(n: int = 0, topic: str = "hall/p101/seal_temp") -> Sighting:
    return Sighting(topic, "", "gw-9", NOW_US + n, 61.5, "61.5")


def test_delivery_at_a_glance(client: TestClient, plant_room: TestRoom, ingest: FakeIngest) -> None:
    notes = Notes(gaps_opened=[Gap("p1", "", 3, 7, NOW_US)], sources=[SourceSeen("gw", NOW_US, 4)])
    note(plant_room, notes, [Refusal(NOW_US, "gw", "t", "bad_json", "", b"{", 2)])
    found = get(client, "/telemetry")
    books = found["books"]
    assert books["quarantined"] == 3
    assert books["acknowledged"] == books["stored"] + books["duplicates"] + books["conflicts"] + 3
    assert (found["missing_messages"], found["sources"], found["places"]) == (5, 1, 0)
    assert found["ingest"] == {
        "running": True, "connections": 3, "messages": 70, "take_overs": 1, "paced": 2, "refused": {"bad_login": 4},
        "brokers": [{"name": "north", "connections": 2, "messages": 30}],
        "lag_bytes": 6, "journal_bytes": 4096, "fsync_p99_ms": 4.2, "acknowledge_p99_ms": 10.1,
    }  # fmt: skip


def test_sparkplug_nodes_and_their_devices_are_told_with_their_states(client: TestClient, plant_room: TestRoom) -> None:
    assert get(client, "/telemetry/nodes") == []
    host, node = SparkplugHost(TopicTable([], []), HostRules()), EdgeNode("hall", "e-1", TAGS, bd_seq=3)
    now_ms = NOW_US // 1000
    packets = [*node.births(now_ms), node.data("drive", {"Speed": 1.0}, now_ms), node.device_death("drive", now_ms)]
    for packet in packets:
        host.take(Frame(NOW_US, 0, "gw", *packet), NOW_US)
    note(plant_room, Notes(memory={**host.changed(), "sequences:x": b"not ours"}))
    of_node, of_device = get(client, "/telemetry/nodes")
    assert of_node == {
        "group": "hall", "node": "e-1", "device": "", "state": "online", "since": of_node["since"],
        "bd_seq": 3, "last_seq": 3, "rebirths": 0,
    }  # fmt: skip
    assert (of_device["device"], of_device["state"]) == ("drive", "offline")


def test_while_ingest_is_away_the_page_still_shows_what_is_stored(client: TestClient, ingest: FakeIngest) -> None:
    ingest.away = True
    assert get(client, "/telemetry")["ingest"]["running"] is False
    answer = client.post("/api/quarantine/replay", json={"reason": "bad_json"})
    assert answer.status_code == 503
    assert "ingest" in answer.json()["detail"]


def test_a_source_shows_what_it_may_rely_on(
    client: TestClient, plant_room: TestRoom, ingest: FakeIngest, tmp_path: Path
) -> None:
    promise = {"level": "D1", "text": "what arrives while we are connected is stored", "losses": ["its queue"]}
    (tmp_path / "brokers.json").write_text(json.dumps({"north": promise}))
    seen = [
        SourceSeen("gw-1", NOW_US + 3, 10),
        SourceSeen("gw-2", NOW_US + 2, 10, qos0=10, without_time=10, without_sequence=10, skew_us=-1_500_000),
        SourceSeen("broker:north", NOW_US + 1, 10, qos0=2),
        SourceSeen("broker:south", NOW_US, 10),
    ]
    note(plant_room, Notes(sources=seen))
    first, second, north, south = get(client, "/telemetry/sources")
    assert (first["via"], first["promise"]["level"], first["promise"]["losses"]) == ("front door", "D3", [])
    assert (second["promise"]["level"], second["clock_error_s"]) == ("D0", -1.5)
    assert len(second["promise"]["losses"]) == 2
    assert (north["via"], north["promise"]["level"]) == ("north", "D1")
    assert north["promise"]["losses"] == ["its queue", "2 of 10 messages came with QoS 0"]
    assert south["promise"]["level"] != "D3", "a broker that is not known yet promises no more than a broker can"


def test_gaps_name_the_missing_messages(client: TestClient, plant_room: TestRoom) -> None:
    note(plant_room, Notes(gaps_opened=[Gap("plant/p1", "b7", 3, 7, NOW_US)]))
    (row,) = get(client, "/telemetry/gaps")
    assert (row["stream"], row["boot"], row["first"], row["last"], row["missing"]) == ("plant/p1", "b7", 3, 7, 5)


def test_an_unknown_number_is_offered_with_a_guess(client: TestClient, plant_room: TestRoom) -> None:
    note(plant_room, Notes(sightings=[stranger()]))
    (row,) = get(client, "/telemetry/places")
    guess = row["guess"]
    assert (guess["asset"], guess["signal"], guess["quantity"], guess["unit"]) == (
        "p101",
        "seal_temp",
        "temperature",
        "degC",
    )
    assert row["sample"] == "61.5"


def test_an_adopted_number_becomes_a_signal_and_its_messages_are_read_again(
    client: TestClient, plant_room: TestRoom, ingest: FakeIngest
) -> None:
    note(plant_room, Notes(sightings=[stranger()]))
    body = {"topic": "hall/p101/seal_temp", "asset": "p101", "signal": "seal_temp", "unit": "degF"}
    answer = client.post("/api/telemetry/adopted", json=body)
    assert (answer.status_code, answer.json()) == (201, {"asset": "p101", "signal": "seal_temp", "replayed": 2})
    assert ingest.asked == [("reload", {}), ("replay", {"topic": "hall/p101/seal_temp"})]
    spec = plant_room.room.plant.asset("p101").signal("seal_temp")  # type: ignore[union-attr]
    assert spec is not None
    assert (spec.quantity, round(spec.conversion.apply(212.0), 6)) == ("temperature", 100.0)
    assert get(client, "/telemetry/places") == []
    assert get(client, "/telemetry")["places"] == 0
    assert client.delete("/api/telemetry/adopted/p101/seal_temp").status_code == 204
    assert len(get(client, "/telemetry/places")) == 1


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"unit": "furlong"}, 422, "furlong"),
        ({"asset": "p999"}, 404, "p999"),
        ({"signal": "flow"}, 422, "has a signal of this name"),
        ({"signal": "Seal Temp"}, 422, "signal"),
        ({"topic": "a/#"}, 422, "#"),
        ({"component": "gearbox"}, 422, "gearbox"),
    ],
)
def test_what_cannot_be_adopted_is_said_and_changes_nothing(
    client: TestClient, plant_room: TestRoom, ingest: FakeIngest, change: dict[str, str], status: int, word: str
) -> None:
    before = plant_room.room.plant
    body = {"topic": "hall/p101/seal_temp", "asset": "p101", "signal": "seal_temp", "unit": "degC", **change}
    answer = client.post("/api/telemetry/adopted", json=body)
    assert answer.status_code == status, answer.text
    assert word in answer.text
    assert "yaml" not in answer.text, "where the server keeps its files is nobody's business"
    if status == 422:
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"body/{name}" for name in change]
    assert (plant_room.room.plant, ingest.asked) == (before, [])


def test_the_quarantine_is_paged_filtered_and_counted_by_reason(client: TestClient, plant_room: TestRoom) -> None:
    refused = [Refusal(NOW_US + n, "gw", f"hall/{n}", "bad_time", "no zone", b"x" * 900, 3) for n in range(3)]
    note(plant_room, Notes(), [*refused, Refusal(NOW_US + 9, "gw", "hall/9", "bad_json", "", b"{", cut_bytes=5)])
    newest = get(client, "/quarantine", limit=1)[0]
    assert (newest["reason"], newest["can_replay"], newest["payload_bytes"]) == ("bad_json", False, 6)
    older = get(client, "/quarantine", before=newest["row"], reason="bad_time")
    assert [row["topic"] for row in older] == ["hall/2", "hall/1", "hall/0"]
    assert older[0]["readings"] == 3
    assert [row["topic"] for row in get(client, "/quarantine", search="HALL/1")] == ["hall/1"]
    reasons = {row["reason"]: row for row in get(client, "/quarantine/reasons")}
    assert (reasons["bad_time"]["rows"], reasons["bad_time"]["readings"]) == (3, 9)


def test_a_replay_goes_on_page_after_page_and_adds_up(client: TestClient, ingest: FakeIngest) -> None:
    ingest.pages = [
        {"asked": 500, "payload_cut": [7], "missing": [], "go_on_before": 100},
        {"asked": 3, "payload_cut": [], "missing": [], "go_on_before": None},
    ]
    answer = client.post("/api/quarantine/replay", json={"reason": "bad_time"})
    assert answer.json() == {"asked": 503, "payload_cut": [7], "missing": []}
    assert ingest.asked == [("replay", {"reason": "bad_time"}), ("replay", {"reason": "bad_time", "before_row": 100})]


def test_a_replay_of_nothing_in_particular_is_refused(client: TestClient, ingest: FakeIngest) -> None:
    assert client.post("/api/quarantine/replay", json={}).status_code == 422
    assert ingest.asked == []


def test_a_sensor_event_tells_its_ne_107_state_and_when_it_was_over(
    client: TestClient, plant_room: TestRoom, tmp_path: Path
) -> None:
    records: Records = open_records(f"sqlite:///{tmp_path}/records.db")
    book = SensorEventBook(records)
    plant_room.room.sensor_events = book
    book.observe("p101", [stuck("flow")], NOW_US)
    (row,) = get(client, "/telemetry/sensors")
    assert (row["asset"], row["signal"], row["kind"], row["until"]) == ("p101", "flow", "stuck", None)
    assert row["ne107"] == "failure"
    assert get(client, "/telemetry")["sensor_events"] == 1
    book.observe("p101", [], NOW_US + 1_000_000)
    assert get(client, "/telemetry/sensors") == []
    (over,) = get(client, "/telemetry/sensors", open=False, asset="p101")
    assert over["until"] is not None
    assert get(client, "/telemetry/sensors", open=False, asset="p102") == []
    records.close()
