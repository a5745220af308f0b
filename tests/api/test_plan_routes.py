"""Preventive plans over HTTP: make, list, generate, skip, defer, judge, approve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.api.plans_desk import plans_of
from forewarn.api.views import moment
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict
from forewarn.core.faults import Fault
from forewarn.core.jobs import Breakdown
from forewarn.core.work import Status
from forewarn.maintenance.plans.history_book import HistoryBook
from forewarn.maintenance.plans.history_file import mapping_from, read_past
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom, spall_advice
from tests.maintenance.samples import ANN, CODES, NOW_US

WEEKLY: dict[str, Any] = {
    "title": "Grease",
    "trigger": "fixed",
    "start": "2027-01-04",
    "assets": ["p101"],
    "component": "de_bearing",
    "every": {"count": 1, "unit": "weeks"},
}


@pytest.fixture(autouse=True)
def _desk(plant_room: TestRoom) -> None:
    plans_of(plant_room.room, plant_room.records, plant_room.orders)


def put(client: TestClient, etag: str | None = '"0"', id: str = "grease", **more: Any) -> Response:
    headers = {} if etag is None else {"if-match": etag}
    return client.put(f"/api/pm/plans/{id}", json={**WEEKLY, **more}, headers=headers)


def test_a_plan_is_made_read_and_changed_with_its_revision(client: TestClient) -> None:
    assert client.get("/api/pm/plans/grease").status_code == 404
    made = put(client)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert put(client, None).status_code == 428
    assert put(client, title="Other").status_code == 412
    changed = put(client, '"1"', title="Grease well")
    assert (changed.json()["revision"], changed.json()["title"]) == (2, "Grease well")
    assert [row["id"] for row in client.get("/api/pm/plans").json()] == ["grease"]
    record = client.get("/api/pm/plans/grease").json()["record"]
    assert [row["action"] for row in record] == ["plan made", "plan changed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": None},
        {"every": {"count": 0, "unit": "weeks"}},
        {"trigger": "sometimes"},
        {"assets": []},
        {"season": {"first": "13-01", "last": "01-01"}},
        {"season": {"first": "1/1", "last": "01-01"}},
        {"at": "25:00"},
        {"tolerance": 0.9},
        {"colour": "red"},
        {"condition": {"signal": "flow"}},
        {"kind": "emergency"},
    ],
)
def test_a_plan_that_does_not_fit_is_a_422_and_nothing_is_made(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = put(client, **wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/api/pm/plans").json() == []


def test_what_is_due_is_listed_with_the_repair_of_the_same_component(client: TestClient, plant_room: TestRoom) -> None:
    put(client)
    repair = plant_room.open_order(spall_advice())
    [row] = client.get("/api/pm/due?days=30").json()
    assert (row["asset"], row["ready"], row["together"]) == ("p101", True, [repair.number])
    assert plant_room.room.plans is not None
    plant_room.room.plans.rounds.run_once(plant_room.room.now_us())
    [row] = client.get("/api/pm/due").json()
    assert (row["ready"], row["order"]) == (False, "WO-000002")
    assert client.get("/api/pm/due?days=0").status_code == 422


def test_an_order_is_generated_once_for_a_request_that_is_sent_twice(client: TestClient, plant_room: TestRoom) -> None:
    put(client)
    headers = {"idempotency-key": "click-00001"}
    first = client.post("/api/pm/plans/grease/generate", json={"asset": "p101"}, headers=headers)
    again = client.post("/api/pm/plans/grease/generate", json={"asset": "p101"}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["number"] == again.json()["number"] == "WO-000001"
    assert first.json()["kind"] == "preventive"
    other = client.post("/api/pm/plans/grease/generate", json={"asset": "p101"})
    assert other.status_code == 409
    stranger = client.post("/api/pm/plans/grease/generate", json={"asset": "p102"})
    assert stranger.status_code == 422
    assert "not for p102" in stranger.json()["detail"]
    assert client.post("/api/pm/plans/paint/generate", json={"asset": "p101"}).status_code == 404


def test_a_slot_is_deferred_and_skipped_with_a_reason(client: TestClient, plant_room: TestRoom) -> None:
    put(client)
    until = "2027-06-01T00:00:00Z"
    deferred = client.post("/api/pm/plans/grease/defer", json={"asset": "p101", "until": until, "reason": "harvest"})
    assert (deferred.json()["state"], deferred.json()["reason"]) == ("deferred", "harvest")
    for wrong in ({"until": "2020-01-01T00:00:00Z"}, {"until": "2027-06-01T00:00:00"}, {"reason": ""}):
        body = {"asset": "p101", "until": until, "reason": "x", **wrong}
        assert client.post("/api/pm/plans/grease/defer", json=body).status_code == 422
    skipped = client.post("/api/pm/plans/grease/skip", json={"asset": "p101", "reason": "stands"})
    assert skipped.json()["state"] == "skipped"


def test_a_retired_asset_is_listed_and_gets_no_order(client: TestClient) -> None:
    put(client)
    assert client.put("/api/pm/retired/p101", json={"reason": "sold"}).json() == [{"asset": "p101", "reason": "sold"}]
    answer = client.post("/api/pm/plans/grease/generate", json={"asset": "p101"})
    assert answer.status_code == 422
    assert "out of use (sold)" in answer.json()["detail"]
    assert client.get("/api/pm/due").json() == []
    assert client.put("/api/pm/retired/p101", json={"reason": None}).json() == []
    assert client.put("/api/pm/retired/p999", json={"reason": "sold"}).status_code == 404


def imported(room: TestRoom, weeks: int) -> None:
    """Weeks of greasing at which there was nothing to do."""
    columns = {"date": "d", "asset": "a", "text": "t", "kind": "k", "system": "s", "finding": "f"}
    told = {"source": "old", "columns": columns, "kinds": {"PM": "preventive"}, "findings": {"ok": "not_found"}}
    mapping, begin_us = mapping_from(told), NOW_US - weeks * 7 * US_PER_DAY
    days = [moment(begin_us + week * 7 * US_PER_DAY).date().isoformat() for week in range(weeks)]
    parsed = read_past(["d,a,t,k,s,f", *(f"{day},p101,Grease,PM,DE bearing,ok" for day in days)], mapping, ["p101"])
    HistoryBook(room.records).apply(parsed, mapping, ANN, NOW_US)


def test_the_court_judges_a_plan_and_its_change_is_approved_watched_and_rolled_back(
    client: TestClient, plant_room: TestRoom
) -> None:
    put(client, component="de-bearing", cost=100, failure_cost=500)
    assert client.get("/api/pm/plans/grease/court").json()["verdict"] == "not enough evidence"
    refused = client.post("/api/pm/plans/grease/approve", json={}, headers={"if-match": '"1"'})
    assert refused.status_code == 409
    imported(plant_room, 60)
    judged = client.get("/api/pm/plans/grease/court?watch_days=90").json()
    assert (judged["verdict"], judged["proposed"]) == ("lengthen", "every 2 weeks")
    assert judged["found_good"]["count"] == 60
    assert judged["replay"]["tasks_after"] < judged["replay"]["tasks"]
    assert client.get("/api/pm/court").json()[0]["plan"] == "grease"
    assert client.post("/api/pm/plans/grease/approve", json={}).status_code == 428
    body = {"watch_days": 90, "note": "agreed"}
    approved = client.post("/api/pm/plans/grease/approve", json=body, headers={"if-match": '"1"'}).json()
    assert approved["every"] == {"count": 2, "unit": "weeks"}
    [trial] = approved["trials"]
    assert (trial["state"], trial["before"], trial["after"]) == ("watching", "every 1 week", "every 2 weeks")
    assert client.get("/api/pm/trials?watching=true").json() == [trial]
    for n in range(trial["watch"]["most_failures"] + 1):
        _fails(plant_room, plant_room.room.now_us() + n * US_PER_HOUR)
    assert plant_room.room.plans is not None
    plant_room.room.plans.rounds.run_once(plant_room.room.now_us() + 40 * US_PER_DAY)
    after = client.get("/api/pm/plans/grease").json()
    assert after["every"] == {"count": 1, "unit": "weeks"}
    assert after["trials"][0]["state"] == "rolled_back"


def test_the_client_makes_lists_generates_and_skips(app: FastAPI, tmp_path: Path) -> None:
    client = Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))
    assert client.pm_save("grease", **WEEKLY)["revision"] == 1
    assert client.pm_save("grease", **{**WEEKLY, "title": "Grease well"})["revision"] == 2
    assert [plan["title"] for plan in client.pm_plans()] == ["Grease well"]
    assert client.pm_due(plan="grease")[0]["asset"] == "p101"
    assert client.pm_generate("grease", "p101")["kind"] == "preventive"
    with pytest.raises(Conflict):
        client.pm_generate("grease", "p101")
    assert client.pm_skip("grease", "p101", "stands")["state"] == "skipped"
    until = "2027-06-01T00:00:00Z"
    assert client.pm_defer("grease", "p101", until, "harvest")["reason"] == "harvest"
    assert client.pm_plan("grease")["slots"][0]["asset"] == "p101"
    assert client.pm_court("grease")[0]["verdict"] == client.pm_court()[0]["verdict"] == "not enough evidence"
    with pytest.raises(Conflict, match="proposes no change"):
        client.pm_approve("grease")
    assert client.pm_trials() == []
    assert client.retire("p101", "sold") == [{"asset": "p101", "reason": "sold"}]
    assert client.retire("p101", None) == []


def _fails(room: TestRoom, at_us: int) -> None:
    told = Breakdown("p101", "stands", at_us, at_us, fault=Fault("de-bearing", "bearing_wear"))
    order = room.orders.raise_breakdown(told, ANN).order
    assert order is not None
    for status in (Status.APPR, Status.INPRG):
        order = room.orders.act(order.id, status, ANN, order.revision, at_us)
    room.orders.act(order.id, Status.COMP, ANN, order.revision, at_us, CODES)
