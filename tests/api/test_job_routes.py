"""The work of orders over HTTP: job plans, results, sign-offs, report, breakdowns, costs and who may approve them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.api.order_settings import OrdersSettings
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import DOWNTIME_REASONS
from forewarn.pipeline.live import Change
from tests.api.conftest import BASE
from tests.api.rooms import SPALL, TestRoom
from tests.maintenance.samples import CODES

TOLD: dict[str, Any] = dict(CODES)
PLAN: dict[str, Any] = {
    "title": "Change the bearing",
    "mechanism": SPALL.mechanism,
    "steps": [
        {"id": "isolate", "text": "Lock out"},
        {"id": "gap", "text": "Clearance", "kind": "measure", "unit": "mm", "high": 0.25, "sign_off": True},
    ],
    "hours": 10,
    "skills": [{"skill": "mechanical", "level": 2}],
    "safety": {"loto": True, "permits": ["hot work"]},
}


@pytest.fixture
def program(app: FastAPI, tmp_path: Path) -> Client:
    return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))


def save(client: TestClient, version: int = 0, **change: Any) -> Response:
    return client.put("/api/job-plans/bearing", json={**PLAN, **change}, headers={"if-match": f'"{version}"'})


def send(client: TestClient, order: str, what: str, body: object = None, **headers: str) -> Response:
    """A change of the order as it is now."""
    etag = client.get(f"/api/orders/{order}").headers["etag"]
    return client.post(f"/api/orders/{order}/{what}", json=body, headers={"if-match": etag, **headers})


def at_work(client: TestClient, room: TestRoom) -> str:
    assert save(client).status_code == 200
    number = room.open_order().number
    for status in ("APPR", "INPRG"):
        assert send(client, number, "actions", {"status": status}).status_code == 200
    return number


def test_a_job_plan_is_saved_in_versions_and_a_stale_one_is_a_412(client: TestClient) -> None:
    first = save(client)
    assert (first.status_code, first.json()["version"], first.headers["etag"]) == (200, 1, '"1"')
    assert save(client).json()["version"] == 1, "the same again is no version"
    assert save(client, 1, hours=12).json()["work_hours"] == 12
    stale = save(client, 1, hours=14)
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:forewarn:stale")
    assert client.get("/api/job-plans/bearing?version=1").json()["hours"] == 10
    assert [plan["version"] for plan in client.get("/api/job-plans").json()] == [2]
    assert save(client, 2, retired=True).status_code == 200
    assert client.get("/api/job-plans").json() == []
    assert len(client.get("/api/job-plans?retired=true").json()) == 1
    assert client.get("/api/job-plans/none").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": [{"id": "Gap!", "text": "x"}]}, "a-z, 0-9"),
        ({"steps": [{"id": "gap", "text": "x", "kind": "measure"}]}, "in which unit"),
        ({"steps": [{"id": "a", "text": "x"}] * 2}, "two steps called a"),
        ({"skills": [{"skill": "welding", "level": 9}]}, "level 9"),
    ],
)
def test_a_plan_that_makes_no_sense_is_a_422_that_says_why(client: TestClient, change: Any, says: str) -> None:
    answer = save(client, **change)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert client.get("/api/job-plans").json() == []


def test_the_job_of_an_order_shows_steps_skills_safety_and_codes(client: TestClient, plant_room: TestRoom) -> None:
    save(client)
    number = plant_room.open_order().number
    answer = client.get(f"/api/orders/{number}/job")
    job = answer.json()
    assert (answer.headers["etag"], job["plans"], job["open_steps"]) == ('"1"', ["bearing@1"], ["isolate", "gap"])
    assert (job["skills"], job["safety"]["loto"]) == ([{"skill": "mechanical", "level": 2}], True)
    assert job["codes_asked"] == list(CODES)
    assert job["usual_codes"] == {
        "failure_mode_found": "VIB", "failure_mechanism": "2.6", "detection_method": "6"
    }  # fmt: skip
    order = client.get(f"/api/orders/{number}").json()
    assert (order["codes_asked"], order["usual_codes"]) == (job["codes_asked"], job["usual_codes"])


def test_a_result_outside_its_limits_opens_one_order_that_both_sides_name(
    client: TestClient, plant_room: TestRoom
) -> None:
    number, told = at_work(client, plant_room), list[Change]()
    plant_room.room.hub.listen(told.append)
    answer = send(client, number, "steps/gap", {"value": 0.31})
    (gap,) = (step for step in answer.json()["steps"] if step["id"] == "gap")
    assert (answer.status_code, gap["result"]["outside"]) == (200, True)
    child = client.get(f"/api/orders/{gap['follow_up_order']}").json()
    assert (child["kind"], child["follows"]) == ("inspection", number)
    assert client.get(f"/api/orders/{number}").json()["follow_ups"] == [child["number"]]
    assert [kind for kind, _ in told] == ["order", "order", "asset"]
    send(client, number, "steps/gap", {"value": 0.4})
    assert len(client.get("/api/orders").json()) == 2


def test_changes_need_the_revision_and_are_done_once_under_a_key(client: TestClient, plant_room: TestRoom) -> None:
    number = at_work(client, plant_room)
    path, body = f"/api/orders/{number}/steps/isolate", {"note": "locked"}
    assert client.post(path, json=body).status_code == 428
    assert client.post(path, json=body, headers={"if-match": '"1"'}).status_code == 412
    headers = {"if-match": '"3"', "idempotency-key": "click-00001"}
    first, again = (client.post(path, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert first.headers["etag"] == '"4"'
    other = client.post(path, json={"note": "other"}, headers=headers)
    assert other.status_code == 422
    assert client.post(f"/api/orders/{number}/steps/none", json={}, headers={"if-match": '"4"'}).status_code == 422


def test_somebody_else_signs_off_before_the_work_is_completed(
    client: TestClient, plant_room: TestRoom, program: Client
) -> None:
    number = at_work(client, plant_room)
    program.step_done(number, "isolate")
    assert program.step_done(number, "gap", value=0.1)["unsigned"] == ["gap"]
    with pytest.raises(Conflict, match="somebody else than program"):
        program.sign_off(number, "gap")
    with pytest.raises(Conflict, match="sign-off"):
        program.act(number, "COMP", **TOLD)
    assert send(client, number, "steps/gap/sign-off", {"note": "seen"}).json()["unsigned"] == []
    assert program.act(number, "COMP", **TOLD)["status"] == "COMP"


def test_a_repair_is_completed_with_its_codes_and_says_what_it_left_out(
    client: TestClient, plant_room: TestRoom, program: Client
) -> None:
    number = at_work(client, plant_room)
    with pytest.raises(Rejected, match=r"gap \(Clearance\)"):
        program.act(number, "COMP", **TOLD)
    known: dict[str, Any] = {k: v for k, v in CODES.items() if k not in ("failure_cause", "activity")}
    with pytest.raises(Rejected, match="failure_cause, activity"):
        program.act(number, "COMP", skipped={"isolate": "was off", "gap": "no gauge"}, **known)
    done = program.act(number, "COMP", skipped={"isolate": "was off", "gap": "no gauge"}, **TOLD)
    job = program.job(number)
    assert (done["status"], job["codes"], job["steps"][1]["result"]["note"]) == ("COMP", CODES, "no gauge")


def test_the_report_adds_up_in_the_currency_of_the_order(
    client: TestClient, plant_room: TestRoom, program: Client
) -> None:
    number = at_work(client, plant_room)
    told = program.report(
        number,
        {"kind": "labour", "what": "ann", "quantity": 6.5, "unit_cost": 60},
        {"kind": "part", "what": "brg-6205", "quantity": 2, "unit_cost": 40, "currency": "EUR"},
        {"kind": "downtime", "what": "waiting_parts", "start": "2020-01-01T00:00:00Z", "end": "2020-01-01T05:00:00Z"},
        {"kind": "rating", "quantity": 4},
    )
    assert {key: told["costs"][key] for key in ("labour", "parts", "total", "hours", "currency")} == {
        "labour": 390.0, "parts": 80.0, "total": 470.0, "hours": 6.5, "currency": "EUR"
    }  # fmt: skip
    fixed = program.report(number, {"kind": "part", "what": "brg-6205", "quantity": 1, "unit_cost": 40, "corrects": 2})
    assert (fixed["costs"]["total"], [line["stands"] for line in fixed["lines"]]) == (
        430.0,
        [True, False, True, True, True],
    )
    with pytest.raises(Rejected, match="convert it first"):
        program.report(number, {"kind": "cost", "what": "crane", "unit_cost": 9, "currency": "USD"})
    naive = send(
        client, number, "report", {"lines": [{"kind": "downtime", "what": "other", "start": "2020-01-01T00:00"}]}
    )
    assert naive.status_code == 422


def test_a_breakdown_opens_an_order_once_and_joins_the_open_repair(client: TestClient, program: Client) -> None:
    first = program.breakdown("p101", "shaft seized", since="2020-01-01T00:00:00Z", emergency=True)
    assert (first["what"], first["order"]["kind"], first["order"]["priority"]) == ("opened", "emergency", 1)
    assert program.breakdown("p101", "shaft seized", since="2020-01-01T00:00:00Z")["what"] == "unchanged"
    joined = program.breakdown("p101", "again", fault=str(SPALL))
    assert (joined["what"], joined["order"]["number"]) == ("updated", first["order"]["number"])
    assert joined["order"]["faults"] == [str(SPALL)]
    with pytest.raises(Rejected, match="not-found"):
        program.breakdown("p999", "x")
    with pytest.raises(Rejected, match="component:mechanism"):
        program.breakdown("p101", "x", fault="bearing")
    headers = {"idempotency-key": "click-00002"}
    twice = [client.post("/api/breakdowns", json={"asset": "p102", "what": "x"}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [201, 201]
    assert twice[0].json()["order"]["number"] == twice[1].json()["order"]["number"]


def test_who_may_not_approve_the_cost_sees_no_way_on_and_who_may(client: TestClient, plant_room: TestRoom) -> None:
    limits: dict[str, float | str] = {"planner": 500.0, "manager": "any"}
    costs = OrdersSettings(currency="CHF", labour_per_h=60.0, cost_limits=limits)
    plant_room.orders.house = costs.house(lambda: plant_room.room.plant)
    save(client)
    number = plant_room.open_order().number
    order = client.get(f"/api/orders/{number}").json()
    assert (order["allowed_actions"], order["currency"]) == (["CAN"], "CHF")
    assert order["planned_cost"] > 500
    assert "manager (any amount)" in order["needs_approval"]
    for what, body in (("actions", {"status": "APPR"}), ("cost-approval", None)):
        refused = send(client, number, what, body)
        assert (refused.status_code, "ask manager (any amount)" in refused.json()["detail"]) == (409, True)
    plant_room.orders.house = OrdersSettings(cost_limits={"planner": 1e6}).house(lambda: plant_room.room.plant)
    assert send(client, number, "cost-approval").json()["costs"]["approved_by"] == "planner"
    assert send(client, number, "actions", {"status": "APPR"}).status_code == 200


def test_an_order_takes_a_plan_by_hand(client: TestClient, plant_room: TestRoom) -> None:
    number = plant_room.open_order().number
    save(client)
    assert send(client, number, "plan", {"plan": "bearing"}).json()["plans"] == ["bearing@1"]
    assert send(client, number, "plan", {"plan": "bearing"}).status_code == 409
    assert send(client, number, "plan", {"plan": "none"}).status_code == 422


def test_codes_come_with_their_words(client: TestClient) -> None:
    codes = client.get("/api/codes").json()
    assert (codes["failure_mechanism"]["2.6"], codes["activity"]["1"]) == ("fatigue", "replace")
    assert codes["downtime_reasons"] == DOWNTIME_REASONS
