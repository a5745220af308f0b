"""What the routes of entered readings answer. The ingest process behind them is a FAKE here: it stores at once.
With the real one: tests/system/test_readings_by_hand.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from forewarn.api.cli import app as cli
from forewarn.api.client import Client
from forewarn.api.readings import ReadingDesk
from forewarn.api.settings import HANDOVER, HttpSettings, Settings
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Rejected, Retriable
from forewarn.ingest.quality import RETENTION_US
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.entry_book import EntryBook
from forewarn.pipeline.plant_file import parse_plant
from tests.api.conftest import BASE
from tests.api.rooms import SMALL_PLANT, TestRoom
from tests.api.test_client import running
from tests.maintenance.samples import NOW_US

BY_HAND = """\
      oil_iron: {entry: manual, round: oil, every: 30d, unit: ppm, range: [0, 500]}
      oil_temp: {entry: manual, round: oil, every: 30d, unit: degF, range: [-40, 300]}
      meter: {entry: manual, unit: h, every: 7d}
      glass: {entry: manual, unit: "%", range: [0, 100]}
    faults:
"""
HOURS_AGO = [NOW_US - US_PER_HOUR * h for h in (3, 2, 1)]


class FakeIngest:
    """A FAKE of the ingest process: stores what is entered at once, or is away."""

    def __init__(self, made: TestRoom) -> None:
        self.made, self.away = made, False
        self.entered: list[dict[str, Any]] = []

    def ask(self, command: str, timeout_s: float = 30.0, **arguments: Any) -> object:
        if self.away:
            raise Retriable("the ingest process does not answer")
        assert command == "enter"
        self.entered.append(arguments)
        for one in arguments["readings"]:
            self.made.add(one["series"], [one["at_us"]], [one["value"]])
        return {"readings": len(arguments["readings"])}


@pytest.fixture
def ingest(plant_room: TestRoom) -> FakeIngest:
    text = SMALL_PLANT.read_text().replace("    faults:\n", BY_HAND, 1)
    room, fake = plant_room.room, FakeIngest(plant_room)
    room.plant = parse_plant(text)
    plant_room.raw.assign([spec.name for spec in room.plant.signals])
    room.readings = ReadingDesk(room.reader, EntryBook(plant_room.records), fake, RETENTION_US)
    return fake


def enter(client: TestClient, status: int = 201, asset: str = "p101", key: str | None = None, **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = client.post(f"/api/assets/{asset}/readings", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def fields(problem: Any) -> dict[str, str]:
    return {error["pointer"].removeprefix("body/"): error["detail"] for error in problem["errors"]}


def at(hours_ago: float) -> str:
    return (datetime.fromtimestamp(NOW_US / 1e6, UTC) - timedelta(hours=hours_ago)).isoformat()


def test_a_round_is_entered_at_once_and_told_as_it_is_stored(client: TestClient, ingest: FakeIngest) -> None:
    told = enter(client, values={"oil_iron": 38, "oil_temp": 212}, at=at(1), note="sample 4711")
    assert [(r["signal"], round(r["value"], 9), r["unit"], r["already"]) for r in told["readings"]] == [
        ("oil_iron", 0.0038, "percent", False), ("oil_temp", 100.0, "degC", False),
    ]  # fmt: skip
    assert told["by"] == "planner"
    (asked,) = ingest.entered
    assert asked["by"] == "planner"
    assert [one["at_us"] for one in asked["readings"]] == [HOURS_AGO[2]] * 2
    points = client.get("/api/assets/p101/trend?signal=oil_temp&hours=5").json()
    assert points["value"] == pytest.approx([100.0])


def test_who_entered_what_stands_in_the_audit(client: TestClient, ingest: FakeIngest, plant_room: TestRoom) -> None:
    enter(client, values={"oil_temp": 212}, at=at(2), note="handheld")
    enter(client, values={"oil_iron": 600}, confirm=True)
    newest, first = client.get("/api/assets/p101/readings").json()
    assert (first["by"], first["values"], first["units"]) == ("planner", {"oil_temp": 212.0}, {"oil_temp": "degF"})
    assert (first["note"], first["confirmed"]) == ("handheld", [])
    assert newest["confirmed"] == ["oil_iron: 600 ppm is outside what the plant file expects (0 to 500 ppm)"]
    assert client.get("/api/assets/p102/readings").json() == []
    assert verify_audit(plant_room.records) is None


def test_rounds_that_were_never_made_are_due_and_one_that_was_just_made_is_not(
    client: TestClient, ingest: FakeIngest
) -> None:
    def due() -> list[tuple[str, str]]:
        return [(row["asset"], row["round"]) for row in client.get("/api/rounds").json()]

    assert ("p101", "oil") in due()
    assert ("p101", "meter") in due()
    assert ("p101", "glass") not in due(), "at no fixed time"
    enter(client, values={"oil_iron": 38, "oil_temp": 140})
    assert ("p101", "oil") not in due()
    (row,) = [r for r in client.get("/api/rounds?due=false&asset=p101").json() if r["round"] == "oil"]
    assert (row["due"], row["every_s"], row["asset_name"]) == (False, 30 * 86_400, "Feed pump 1")
    iron, temp = row["signals"]
    assert (temp["unit"], temp["low"], temp["high"], temp["last_value"]) == ("degF", -40.0, 300.0, 140.0)
    assert (iron["unit"], iron["last_value"]) == ("ppm", 38.0)


def test_rounds_stand_in_the_order_of_how_long_they_are_due(
    client: TestClient, ingest: FakeIngest, plant_room: TestRoom
) -> None:
    plant_room.add("p101/meter", [NOW_US - 8 * US_PER_DAY], [1.0])
    plant_room.add("p102/meter", [NOW_US - 20 * US_PER_DAY], [1.0])
    for name in ("oil_iron", "oil_temp"):
        plant_room.add(f"p101/{name}", [NOW_US], [1.0])
    found = [(row["asset"], row["round"]) for row in client.get("/api/rounds").json()]
    assert found == [("p102", "oil"), ("p102", "meter"), ("p101", "meter")]


def test_what_is_unlikely_is_asked_back_and_taken_when_it_is_confirmed(client: TestClient, ingest: FakeIngest) -> None:
    problem = enter(client, 422, values={"oil_iron": 600, "oil_temp": 140}, at=at(1))
    assert problem["type"] == "urn:forewarn:confirm"
    assert set(fields(problem)) == {"values/oil_iron", "confirm"}
    assert ingest.entered == []
    enter(client, values={"oil_iron": 600, "oil_temp": 140}, at=at(1), confirm=True)
    assert len(ingest.entered) == 1


def test_a_meter_that_goes_back_is_asked_back(client: TestClient, ingest: FakeIngest) -> None:
    enter(client, values={"meter": 1000}, at=at(48))
    problem = enter(client, 422, values={"meter": 20}, at=at(1))
    assert "was the meter exchanged" in fields(problem)["values/meter"]
    told = enter(client, values={"meter": 1100}, at=at(1))
    assert told["readings"][0]["remarks"] == ["100 h more, in 47.0 h"]


def test_every_wrong_field_is_told_at_once_and_nothing_is_stored(client: TestClient, ingest: FakeIngest) -> None:
    values = {"oil_irn": 1, "de_acceleration": 2, "oil_temp": 3, "glass": 4}
    told = fields(enter(client, 422, values=values, units={"oil_temp": "bar", "meter": "h"}))
    assert "did you mean oil_iron?" in told["values/oil_irn"]
    assert "no signal 'de_acceleration' to enter" in told["values/de_acceleration"]
    assert "no unit of temperature" in told["units/oil_temp"]
    assert told["values/meter"] == "a unit without a value"
    assert ingest.entered == []


@pytest.mark.parametrize(
    "body",
    [
        {"values": {}},
        {"values": {"glass": "12"}},
        {"values": {"glass": None}},
        {"values": {"glass": 1}, "at": "2026-11-23T08:00:00"},
        {"values": {"glass": 1}, "by": "somebody"},
        {"values": {"glass": 1}, "note": "x" * 2001},
    ],
)
def test_a_body_of_another_shape_is_refused(client: TestClient, ingest: FakeIngest, body: dict[str, Any]) -> None:
    answer = client.post("/api/assets/p101/readings", json=body)
    assert answer.status_code == 422
    assert ingest.entered == []


def test_numbers_that_are_none_are_refused(client: TestClient, ingest: FakeIngest) -> None:
    for number in ("NaN", "Infinity", "1e999"):
        text = f'{{"values": {{"glass": {number}}}}}'
        answer = client.post("/api/assets/p101/readings", content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, text
    assert ingest.entered == []


def test_times_ahead_are_refused(client: TestClient, ingest: FakeIngest) -> None:
    told = fields(enter(client, 422, values={"glass": 1}, at=at(-1)))
    assert "ahead" in told["at"]
    assert "import" in fields(enter(client, 422, values={"glass": 1}, at="1999-01-01T00:00:00Z"))["at"]


def test_the_same_reading_again_is_stored_once_and_another_value_for_its_time_is_a_conflict(
    client: TestClient, ingest: FakeIngest
) -> None:
    enter(client, values={"oil_temp": 140.1}, at=at(1))
    told = enter(client, values={"oil_temp": 140.1}, at=at(1))
    assert told["readings"][0]["already"] is True
    assert len(ingest.entered) == len(client.get("/api/assets/p101/readings").json()) == 1
    problem = enter(client, 409, values={"oil_temp": 150}, at=at(1))
    assert "another minute" in problem["detail"]


def test_a_request_that_is_sent_again_is_answered_again(client: TestClient, ingest: FakeIngest) -> None:
    first = enter(client, key="form-0001", values={"glass": 50})
    assert enter(client, key="form-0001", values={"glass": 50}) == first
    assert len(ingest.entered) == 1
    problem = enter(client, 422, key="form-0001", values={"glass": 51})
    assert "key" in problem["detail"]


def test_while_ingest_is_away_nothing_is_noted_and_the_key_stays_free(client: TestClient, ingest: FakeIngest) -> None:
    ingest.away = True
    enter(client, 503, values={"glass": 50})
    enter(client, 503, key="form-0002", values={"glass": 50})
    assert client.get("/api/assets/p101/readings").json() == []
    ingest.away = False
    enter(client, key="form-0002", values={"glass": 50})
    assert len(client.get("/api/assets/p101/readings").json()) == 1


def test_a_reading_of_a_sensor_can_be_entered_in_the_unit_of_the_page(client: TestClient, ingest: FakeIngest) -> None:
    told = enter(client, values={"discharge_pressure": 2.5}, at=at(5))
    assert told["readings"][0]["unit"] == "bar"
    told = enter(client, values={"discharge_pressure": 43.5113213}, units={"discharge_pressure": "psi"}, at=at(4))
    assert told["readings"][0]["value"] == pytest.approx(3.0)


def test_there_is_no_such_machine_and_without_ingest_there_is_no_form(client: TestClient, plant_room: TestRoom) -> None:
    enter(client, 404, asset="p999", values={"x": 1})
    assert plant_room.room.readings is None
    enter(client, 503, values={"glass": 1})


def test_the_python_client_enters_and_asks_what_is_due(app: FastAPI, ingest: FakeIngest, tmp_path: Path) -> None:
    client = Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))
    assert "meter" in [row["round"] for row in client.rounds(asset="p101")]
    assert client.enter("p101", {"meter": 1000})["by"] == "program"
    assert "meter" not in [row["round"] for row in client.rounds(asset="p101")]
    with pytest.raises(Rejected) as refused:
        client.enter("p101", {"oil_temp": 200.0}, units={"oil_temp": "degC"})
    assert refused.value.reason == "confirm"
    assert client.enter("p101", {"oil_temp": 200.0}, units={"oil_temp": "degC"}, confirm=True)


def test_a_reading_is_entered_from_the_terminal(
    app: FastAPI, ingest: FakeIngest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["reading", "enter", "p101", *arguments])

    with running(app) as address:
        port = int(address.rpartition(":")[2])
        made = Settings(state_dir=tmp_path, http=HttpSettings(port=port))
        monkeypatch.setenv(HANDOVER, made.model_dump_json())
        told = enter("oil_temp", "212", "--at", at(1), "--note", "handheld")
        assert told.output.startswith("p101/oil_temp: 100 degC at "), told.output
        assert isinstance(enter("oil_iron", "600").exception, Rejected)
        assert enter("oil_iron", "0.05", "--unit", "percent", "--confirm", "--json").exit_code == 0
    assert [one["value"] for asked in ingest.entered for one in asked["readings"]] == [100.0, 0.05]
