"""Autonomy over HTTP: see and set levels and budgets, release what is held back, plan maintenance windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from forewarn.api.autonomy_desk import AutonomyDesk, autonomy_of
from forewarn.api.settings import AutonomySettings
from forewarn.core.failure_codes import UNKNOWN_CODES
from forewarn.core.labels import Finding
from forewarn.core.work import Json, Status
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.findings import codes_asked, usual_codes
from forewarn.maintenance.orders.gate import FREE_WAY
from tests.api.rooms import SPALL, TestRoom, spall_advice
from tests.maintenance.samples import ANN

PUMP = "/api/autonomy/classes/pump"
KEY = {"idempotency-key": "click-00001"}


@pytest.fixture(autouse=True)
def desk(plant_room: TestRoom) -> AutonomyDesk:
    plant_room.orders = OrderBookSql(plant_room.records)
    plant_room.room.orders = plant_room.orders
    return autonomy_of(AutonomySettings(), plant_room.room, plant_room.records, plant_room.orders)


def change(client: TestClient, path: str, etag: str | None = '"0"', **body: Any) -> Any:
    return client.patch(path, json={"reason": "as agreed", **body}, headers={} if etag is None else {"if-match": etag})


def hold(client: TestClient, room: TestRoom) -> str:
    """An advice of now, held at the lowest level; its path."""
    assert change(client, PUMP, level="advise").status_code == 200
    outcome = room.orders.advise(replace(spall_advice(), at_us=room.room.now_us()))
    assert outcome.what == "held"
    return f"/api/autonomy/held/p101/{SPALL}"


def test_levels_and_budgets_are_shown_for_the_plant_and_every_class(client: TestClient) -> None:
    told = client.get("/api/autonomy").json()
    assert (told["plant"]["name"], told["plant"]["orders_per_week"], told["plant"]["level"]) == ("plant", 20, None)
    names = [row["name"] for row in told["classes"]]
    assert names == [*sorted(names[:-1]), "instrument"]
    assert {row["level"] for row in told["classes"]} == {"open"}


def test_a_level_is_set_with_a_reason_and_taken_back(client: TestClient) -> None:
    answer = change(client, PUMP, level="draft", pinned=True)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    told = answer.json()
    assert (told["level"], told["pinned"], told["by"], told["reason"]) == ("draft", True, "planner", "as agreed")
    back = client.post(f"{PUMP}/undo", headers={"if-match": '"1"'}).json()
    assert (back["level"], back["pinned"], back["revision"]) == ("open", False, 2)
    steps = client.get("/api/autonomy/steps?name=pump").json()
    assert [(row["action"], row["name"]) for row in steps] == [("undone", "pump"), ("set", "pump")]
    assert (steps[1]["before"]["level"], steps[1]["after"]["level"]) == ("open", "draft")
    assert client.get("/api/autonomy/steps").json() == steps


def test_a_budget_is_set_for_the_plant_and_taken_from_a_class(client: TestClient) -> None:
    assert change(client, "/api/autonomy/classes/plant", orders_per_week=3).json()["orders_per_week"] == 3
    assert change(client, PUMP, orders_per_week=1).json()["orders_per_week"] == 1
    assert change(client, PUMP, '"1"', pinned=True).json()["orders_per_week"] == 1  # what is left out stays
    assert change(client, PUMP, '"2"', orders_per_week=None).json()["orders_per_week"] is None


def test_a_change_that_is_not_allowed_changes_nothing(client: TestClient) -> None:
    refused: list[tuple[str | None, dict[str, object], int]] = [
        (None, {"level": "draft"}, 428),
        ('"7"', {"level": "draft"}, 412),
        ('"0"', {"level": "everything"}, 422),
        ('"0"', {"level": "draft", "reason": ""}, 422),
        ('"0"', {"orders_per_week": -1}, 422),
    ]
    for etag, body, status in refused:
        assert change(client, PUMP, etag, **body).status_code == status, body
        assert client.get(PUMP).headers["etag"] == '"0"'
    assert client.get("/api/autonomy/classes/pumps").status_code == 404
    assert client.post(f"{PUMP}/undo", headers={"if-match": '"0"'}).status_code == 422


def test_held_advice_is_listed_with_its_reason_and_released_once(client: TestClient, plant_room: TestRoom) -> None:
    path = hold(client, plant_room)
    (held,) = client.get("/api/autonomy/held?asset=p101").json()
    assert (held["fault"], held["why"], held["state"], held["name"]) == (str(SPALL), "level", "held", "pump")
    assert client.get("/api/autonomy/held?asset=p102").json() == []
    assert client.get(path).json() == held
    assert client.post(f"{path}/release").status_code == 428
    assert client.post(f"{path}/release", headers={"if-match": '"9"'}).status_code == 412
    released = client.post(f"{path}/release", headers={"if-match": '"1"', **KEY})
    order = released.json()
    assert (released.status_code, order["status"], order["changed"]) == (200, "WAPPR", "Released by planner.")
    assert client.post(f"{path}/release", headers={"if-match": '"1"', **KEY}).json() == order  # asked again
    assert client.post(f"{path}/release", headers={"if-match": '"1"'}).status_code == 422
    assert client.get("/api/autonomy/held").json() == []
    assert client.get(path).json()["order_id"] == order["id"]
    assert client.get("/api/autonomy/held/p101/nonsense").status_code == 404
    assert len(client.get("/api/orders").json()) == 1


def test_a_draft_is_marked_until_it_is_approved(client: TestClient, plant_room: TestRoom) -> None:
    change(client, PUMP, level="draft")
    order = plant_room.open_order(replace(spall_advice(), at_us=plant_room.room.now_us()))
    assert client.get(f"/api/orders/{order.id}").json()["draft"] == "level"
    body = {"status": "APPR", "note": ""}
    assert (
        client.post(f"/api/orders/{order.id}/actions", json=body, headers={"if-match": '"1"'}).json()["draft"] is None
    )


def test_levels_follow_what_closed_orders_say_about_the_class(client: TestClient, plant_room: TestRoom) -> None:
    """Sixteen confirmed findings are surely above 70 %; fifteen "not found" after them are surely below it."""
    for finding, level in ((Finding.CONFIRMED, "reserve"), (Finding.NOT_FOUND, "open")):
        for n in range(16):
            now_us = plant_room.room.now_us()
            fault = replace(SPALL, component=f"{finding}_{n}")
            order = plant_room.orders.release(replace(spall_advice(), fault=fault, at_us=now_us), ANN, FREE_WAY)
            assert order.order is not None
            closed(plant_room, order.order.id, finding)
        moved = client.post("/api/autonomy/measure").json()["moved"]
        assert [(row["name"], row["level"]) for row in moved] == [("pump", level)]
        assert client.post("/api/autonomy/measure").json()["moved"] == []  # its findings are used up


def test_a_window_is_planned_shown_and_taken_back(client: TestClient, plant_room: TestRoom) -> None:
    start = client.get("/api/autonomy").json()["week_start"]
    body = {"scope": "class", "of": "pump", "start": start, "hours": 24, "repeat": "daily", "reason": "rebuilding"}
    made = client.post("/api/windows", json=body, headers=KEY)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert client.post("/api/windows", json=body, headers=KEY).json()["id"] == made.json()["id"]
    assert made.json()["stands_until"] is not None
    assert client.get("/api/windows").json() == [client.get(f"/api/windows/{made.json()['id']}").json()]
    outcome = plant_room.orders.advise(replace(spall_advice(), at_us=plant_room.room.now_us()))
    assert outcome.what == "held"
    path = f"/api/windows/{made.json()['id']}"
    assert client.delete(path).status_code == 428
    assert client.delete(path, headers={"if-match": '"2"'}).status_code == 412
    assert client.delete(path, headers={"if-match": '"1"'}).json() == []
    assert client.get(path).status_code == 404


def test_a_window_that_makes_no_sense_is_refused(client: TestClient) -> None:
    body = {"scope": "class", "of": "pump", "start": "2040-01-01T00:00:00Z", "hours": 8, "reason": "oil"}
    wrong: list[dict[str, object]] = [
        {"scope": "asset", "of": "nobody"},
        {"scope": "plant", "of": "p101"},
        {"hours": 0},
        {"hours": 25, "repeat": "daily"},
        {"timezone": "Europe/Atlantis"},
        {"start": "2026-01-01T00:00:00"},
        {"start": "2020-01-01T00:00:00Z"},
        {"reason": ""},
        {"repeat": "weekly", "until": "2019-01-01T00:00:00Z"},
    ]
    for one in wrong:
        assert client.post("/api/windows", json={**body, **one}).status_code == 422, one
    assert client.get("/api/windows").json() == []


def closed(room: TestRoom, id: str, finding: Finding) -> None:
    """Worked off with a finding, through the order book itself."""
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        order = room.orders.order(id)
        assert order is not None
        report: Json = {}
        if status is Status.COMP:
            report = {"finding": finding.value}
            report |= {key: (UNKNOWN_CODES | usual_codes(order))[key] for key in codes_asked(order, report)}
        room.orders.act(id, status, ANN, order.revision, room.room.now_us(), report)
