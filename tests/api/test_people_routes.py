"""People, schedules, opportunities and outages over the interface, the client and the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_people
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.people_desk import PeopleDesk, people_of_plant
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Status
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom

ANN = {"name": "Ann", "skills": {"mechanical": 3, "mechanic": 2, "alignment": 1}, "week": {"mon-sun": ["00:00-24:00"]}}
PLANNER = Actor("pat", "planner")


@pytest.fixture(autouse=True)
def desk(plant_room: TestRoom) -> PeopleDesk:
    return people_of_plant(plant_room.room, plant_room.records, plant_room.orders)


@pytest.fixture
def program(app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: PeopleDesk) -> Client:
    def made(_: Path | None = None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_people, "connected", made)
    return made()


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def span(room: TestRoom, days: float = 60) -> tuple[str, str]:
    now = datetime.fromtimestamp(room.room.now_us() / 1e6, UTC)
    return now.isoformat(), (now + timedelta(days=days - 1)).isoformat()


def approved(room: TestRoom) -> str:
    order = room.open_order()
    return room.orders.act(order.id, Status.APPR, PLANNER, order.revision, room.room.now_us()).number


def test_a_person_is_added_read_and_changed_under_their_revision(client: TestClient) -> None:
    made = client.put("/api/people/ann", json=ANN, headers={"If-Match": '"0"'})
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert client.put("/api/people/ann", json=ANN).status_code == 428
    assert client.put("/api/people/ann", json=ANN, headers={"If-Match": '"0"'}).status_code == 412
    away = {"from": "2026-12-24T00:00:00Z", "to": "2026-12-27T00:00:00Z", "reason": "holiday"}
    told = client.put("/api/people/ann", json={**ANN, "absences": [away]}, headers={"If-Match": '"1"'}).json()
    assert (told["revision"], told["absences"][0]["reason"]) == (2, "holiday")
    bad = client.put("/api/people/bob", json={**ANN, "week": {"someday": ["06:00"]}}, headers={"If-Match": '"0"'})
    assert (bad.status_code, "write mon" in bad.json()["detail"]) == (422, True)


def test_a_plan_is_proposed_published_once_and_moves_its_order(plant_room: TestRoom, program: Client) -> None:
    number = approved(plant_room)
    start, stop = span(plant_room)
    unplanned = program.plan_schedule(start, stop, 2.0, slot_min=60)
    assert [one["order"] for one in unplanned["left_out"]] == [number]
    program.publish_schedule(start, stop, unplanned, slot_min=60)
    assert program.order(number)["status"] == "WSCH"
    program.save_person("ann", new=True, **ANN)
    plan = program.plan_schedule(start, stop, 2.0, slot_min=60)
    assert [(a["order"], a["crew"]) for a in plan["assignments"]] == [(number, ["ann"])]
    assert plan["assignments"][0]["reason"]
    standing = program.publish_schedule(start, stop, plan, slot_min=60)
    assert (standing["revision"], program.order(number)["status"]) == (2, "APPR")
    with pytest.raises(Conflict):
        program.publish_schedule(start, stop, plan, slot_min=60)
    assert [one["number"] for one in program.week_of("ann")] == [number]


def test_a_plan_that_cannot_be_done_is_refused_with_the_reason(plant_room: TestRoom, program: Client) -> None:
    number = approved(plant_room)
    start, stop = span(plant_room)
    program.save_person("ann", new=True, **{**ANN, "week": {"mon": ["00:00-01:00"]}})
    wrong = {"order": number, "crew": ["ann"], "from": start, "to": stop, "reason": ""}
    with pytest.raises(Rejected, match="outside of a shift of ann"):
        program.publish_schedule(start, stop, {"revision": 0, "assignments": [wrong]})
    assert program.schedule()["revision"] == 0


def test_what_somebody_saw_stays_when_the_week_is_planned_again(plant_room: TestRoom, program: Client) -> None:
    approved(plant_room)
    start, stop = span(plant_room)
    start = (datetime.fromisoformat(start) + timedelta(days=1)).isoformat()  # what has begun stays anyway
    for person in ("ann", "bob"):
        program.save_person(person, new=True, **{**ANN, "name": person})
    plan = program.plan_schedule(start, stop, 2.0, slot_min=60)
    program.publish_schedule(start, stop, plan, slot_min=60)
    (crew,) = plan["assignments"][0]["crew"]
    assert program.week_seen(crew)["assignments"][0]["seen"]
    again = program.plan_schedule(start, stop, 2.0, slot_min=60)
    assert (again["assignments"][0]["crew"], again["changes"]) == ([crew], [])


def test_people_come_from_a_file_all_or_none(program: Client, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "id,name,skills,week\nann,Ann,mechanical:3,mon-fri 06:00-14:00\nbob,Bob,electrical:9,mon 06:00-14:00\n"
    )
    with pytest.raises(Rejected, match="line 3"):
        run("people", "import", str(file))
    assert run("people", "list") == {"people": []}
    file.write_text(file.read_text().replace("electrical:9", "electrical:2"))
    assert run("people", "import", str(file)) == {"added": 2, "changed": 0, "unchanged": 0}
    assert run("people", "import", str(file))["unchanged"] == 2
    away = ("--from", "2026-12-01T06:00+00:00", "--to", "2026-12-02T06:00+00:00")
    assert run("people", "away", "bob", *away)["revision"] == 2
    assert run("people", "show", "bob")["assignments"] == []


def test_a_stop_and_an_outage_say_what_fits_and_why_not(plant_room: TestRoom, program: Client) -> None:
    number = approved(plant_room)
    start, stop = span(plant_room)
    window = ("--from", start, "--to", stop)
    (no,) = run("opportunities", *window, "--all")["opportunities"]
    assert (no["number"], no["fits"]) == (number, False)
    program.save_person("ann", new=True, **ANN)
    (fits,) = run("opportunities", *window)["opportunities"]
    assert (fits["fits"], fits["crew"], "Ann is free" in fits["why"]) == (True, ["ann"], True)
    run("outages", "add", "spring", "--name", "Spring shutdown", *window)
    assert run("outages", "put", "spring", number, "WO-999999")["orders"] == [number, "WO-999999"]
    work = run("outages", "work-list", "spring")
    assert [one["order"] for one in work["fits"]] == [number]
    assert work["misfits"] == [{"order": "WO-999999", "reason": "is no open order"}]
    assert [one["id"] for one in run("outages", "list")["outages"]] == ["spring"]


def test_the_week_is_planned_and_walked_on_the_command_line(
    plant_room: TestRoom, program: Client, tmp_path: Path
) -> None:
    number = approved(plant_room)
    start, stop = span(plant_room)
    program.save_person("ann", new=True, **ANN)
    more = tmp_path / "more.json"
    more.write_text(
        json.dumps({number: {"hours": 2, "parts_at": start, "needs": [{"skill": "mechanical", "level": 3}]}})
    )
    plan = run("schedule", "plan", "--from", start, "--to", stop, "--limit-s", "2", "--orders", str(more), "--publish")
    assert (plan["published"], plan["assignments"][0]["order"]) == (1, number)
    (kept,) = run("schedule", "show")["assignments"]
    assert kept["reason"].startswith("Ann has mechanical 3")
    assert run("people", "walk", "ann", "--day", kept["from"][:10])["orders"][0]["number"] == number
    assert run("people", "seen", "ann")["assignments"][0]["seen"]
