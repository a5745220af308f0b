"""Work around orders over HTTP and from the client: departments, clocks, verification, muting, the file of an asset."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.api.settings import Settings
from forewarn.api.views import moment
from forewarn.api.work_watch import WorkWatch, work_of
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine
from forewarn.core.work import Status, Verification, WorkOrder
from forewarn.maintenance.orders.worked import WorkedOrders
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom, spall_advice
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, advice, hours

LATER = (moment(NOW_US) + timedelta(hours=30)).isoformat()
PERMIT = {"department": "safety", "what": "sign the permit", "due": LATER, "owner": "Eva"}


@pytest.fixture
def orders(plant_room: TestRoom) -> WorkedOrders:
    plant_room.room.orders = WorkedOrders(plant_room.records)
    return plant_room.room.orders


@pytest.fixture(autouse=True)
def watch(plant_room: TestRoom, orders: WorkedOrders, tmp_path: Path) -> WorkWatch:
    return work_of(Settings(state_dir=tmp_path), plant_room.room, plant_room.records, orders)


@pytest.fixture
def plant(app: FastAPI, tmp_path: Path) -> Client:
    return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))


@pytest.fixture
def order(orders: WorkedOrders) -> WorkOrder:
    made = orders.advise(spall_advice()).order
    assert made is not None
    return made


def move(orders: WorkedOrders, id: str, *steps: Status) -> WorkOrder:
    found = orders.order(id)
    assert found is not None
    for status in steps:
        told = CODES if status is Status.COMP else None
        found = orders.act(id, status, ANN, found.revision, NOW_US, told)
    return found


def test_an_order_waits_for_what_was_asked_and_starts_when_it_is_done(plant: Client, order: WorkOrder) -> None:
    asked = plant.ask_departments(order.number, PERMIT)
    (step,) = asked["steps"]
    assert (asked["can_start"], asked["waits_in"], asked["reason"]) == (
        False,
        "WPCOND",
        "safety: sign the permit (Eva)",
    )
    assert asked["earliest_start"][:16] == LATER[:16]
    plant.act(order.number, "APPR")
    with pytest.raises(Conflict, match=r"waits in WPCOND for safety: sign the permit \(Eva\)"):
        plant.act(order.number, "INPRG")
    (line,) = plant.board("safety")
    assert (line["number"], line["step"]["id"], line["late_h"]) == (order.number, step["id"], 0)
    assert plant.board("purchasing") == []
    done = plant.department_done(step["id"], "signed at the gate")
    assert (done["done_by"], done["note"], done["revision"]) == ("program", "signed at the gate", 2)
    assert plant.departments(order.number)["can_start"]
    assert plant.act(order.number, "INPRG")["status"] == "INPRG"


def test_the_usual_steps_ask_those_of_the_settings_and_purchasing_for_what_is_missing(
    plant: Client, orders: WorkedOrders
) -> None:
    order = orders.advise(replace(spall_advice(), parts=(PartLine("brg-6205", 99),))).order
    assert order is not None
    asked = plant.ask_departments(order.number, usual=True)
    assert [(step["department"], step["owner"]) for step in asked["steps"]] == [
        ("production", "production"), ("safety", "safety"), ("purchasing", "purchasing")
    ]  # fmt: skip
    moved = plant.department_moved(asked["steps"][0]["id"], LATER, owner="Paul")
    assert (moved["owner"], moved["due"][:16]) == ("Paul", LATER[:16])
    dropped = plant.department_dropped(asked["steps"][2]["id"], "a used one will do")
    assert dropped["dropped_at"] is not None


def test_a_change_names_its_revision_and_is_done_once_by_its_key(client: TestClient, order: WorkOrder) -> None:
    path = f"/api/orders/{order.number}/departments"
    key = {"Idempotency-Key": "asked-once-only"}
    for _ in range(2):
        answer = client.post(path, json={"steps": [PERMIT]}, headers=key)
        assert answer.status_code == 200
    (step,) = answer.json()["steps"]
    place = f"/api/department-steps/{step['id']}"
    assert client.get(place).headers["ETag"] == '"1"'
    assert client.post(f"{place}/done", json={}).status_code == 428
    assert client.post(f"{place}/done", json={}, headers={"If-Match": '"7"'}).status_code == 412
    again = {"If-Match": '"1"', "Idempotency-Key": "done-once-only"}
    assert [client.post(f"{place}/done", json={}, headers=again).status_code for _ in range(2)] == [200, 200]
    assert client.post(f"{place}/drop", json={"reason": "x"}, headers={"If-Match": '"2"'}).status_code == 409
    assert client.get("/api/department-steps/99").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"steps": [{**PERMIT, "due": "2026-12-01T06:00:00"}]},
        {"steps": [{**PERMIT, "due": "2020-12-01T06:00:00Z"}]},
        {"steps": [{**PERMIT, "department": "canteen"}]},
        {"steps": [{**PERMIT, "what": ""}]},
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, order: WorkOrder, wrong: dict[str, object]) -> None:
    answer = client.post(f"/api/orders/{order.number}/departments", json=wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert client.get(f"/api/orders/{order.number}/departments").json()["steps"] == []


def test_clocks_run_from_the_opening_and_tell_the_priority_of_now(plant: Client, order: WorkOrder) -> None:
    found = plant.clocks(order.number)
    assert [(clock["clock"], clock["state"]) for clock in found["clocks"]] == [
        ("response", "running"), ("completion", "running")
    ]  # fmt: skip
    assert (found["planned"], found["priority"], found["calls"]) == (3, 2, [])
    assert "of slack" in found["priority_reason"]
    assert [one["number"] for one in plant.all_clocks("running")] == [order.number]
    assert plant.all_clocks("breached") == []
    plant.act(order.number, "APPR")
    assert plant.clocks(order.number)["clocks"][0]["state"] == "met"


def test_who_is_on_call_is_kept_without_gaps_in_the_record(plant: Client) -> None:
    turn = plant.put_on_call("planner", "Pia", moment(NOW_US).isoformat(), LATER, "+49 1")
    assert [one["person"] for one in plant.on_call()] == ["Pia"]
    with pytest.raises(Rejected, match="Pia is on call"):
        plant.put_on_call("planner", "Tom", moment(NOW_US).isoformat(), LATER)
    assert plant.take_off_call(turn["id"]) == []
    with pytest.raises(Rejected, match="no turn"):
        plant.take_off_call(turn["id"])


def test_a_completed_order_says_what_its_verification_waits_for(
    plant: Client, orders: WorkedOrders, order: WorkOrder
) -> None:
    assert plant.verification(order.number)["now"]["reason"] == "the work is not completed yet"
    move(orders, order.id, Status.APPR, Status.INPRG, Status.COMP)
    found = plant.verification(order.number)
    assert (found["verification"], found["concluded"], found["follow_ups"]) == ("pending", [], [])
    assert found["now"]["result"] == "pending"
    assert found["now"]["reason"]
    orders.verify(order.id, Verification.WAIVED, ANN, NOW_US)
    assert plant.verification(order.number)["now"] is None


def test_a_machine_under_work_is_muted_and_tells_by_which_order(
    plant: Client, orders: WorkedOrders, order: WorkOrder
) -> None:
    assert plant.muted() == {"muted": [], "kept": []}
    move(orders, order.id, Status.APPR, Status.INPRG)
    assert orders.advise(advice(IMBALANCE, asset="p101", at_h=1.0)).what == "muted"
    found = plant.muted("p101")
    assert [(one["asset"], one["number"]) for one in found["muted"]] == [("p101", order.number)]
    assert [one["fault"] for one in found["kept"]] == ["rotor:imbalance"]
    assert plant.muted("p102") == {"muted": [], "kept": []}
    with pytest.raises(Rejected, match="no asset"):
        plant.muted("nobody")


def test_the_file_of_a_machine_holds_its_whole_life(plant: Client, orders: WorkedOrders, order: WorkOrder) -> None:
    plant.ask_departments(order.number, PERMIT)
    found = plant.asset_file("p101")
    assert found["specification"]["name"]
    assert {row["signal"] for row in found["readings"]} == {s["signal"] for s in found["specification"]["signals"]}
    speed = next(row for row in found["readings"] if row["unit"] == "rpm")
    assert (speed["readings"], speed["low"], speed["mean"], speed["high"]) == (60, 1480, 1480, 1480)
    assert found["orders_total"] | {"first_at": 0, "newest_at": 0} == {
        "orders": 1, "open_orders": 1, "by_kind": {"condition": 1}, "by_status": {"WAPPR": 1},
        "verifications": {"pending": 1}, "first_at": 0, "newest_at": 0, "complete": True,
    }  # fmt: skip
    assert [part["part"] for part in found["parts"]] == ["brg-6205"]
    assert [(row["about"], row["action"]) for row in found["changes"]] == [
        (f"steps of {order.number}", "asked"), (order.number, "opened")
    ]  # fmt: skip


def test_the_file_goes_on_page_by_page_without_losing_or_repeating_an_order(
    plant: Client, orders: WorkedOrders
) -> None:
    numbers = []
    for _ in range(7):
        made = orders.advise(spall_advice()).order
        assert made is not None
        move(orders, made.id, Status.CAN)
        orders._settings = orders._settings.__class__(cool_down_h=-1.0)
        numbers.append(made.number)
    assert len(set(numbers)) == 7
    seen: list[str] = []
    before: str | None = None
    while True:
        page = plant.asset_file("p101", before, limit=3)
        seen += [row["number"] for row in page["orders"]]
        before = page["next"]
        if before is None:
            break
    assert seen == sorted(numbers, reverse=True)
    assert [row["number"] for row in plant.asset_orders("p101")] == seen


def test_a_machine_that_has_left_the_plant_file_keeps_its_past(plant: Client, orders: WorkedOrders) -> None:
    with pytest.raises(Rejected, match="not-found"):
        plant.asset_file("gone-1")
    orders.advise(advice(asset="gone-1"))
    found = plant.asset_file("gone-1")
    assert (found["specification"], len(found["orders"]), found["readings"]) == ({}, 1, [])
    with pytest.raises(Rejected, match="no place in the file"):
        plant.asset_file("gone-1", "yesterday")


def test_the_watch_does_every_chore_and_one_that_fails_does_not_stop_the_others(
    watch: WorkWatch, plant: Client, order: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"verification": 0, "muted": 0, "departments": 0, "deadlines": 0}
    assert mine.items() <= watch.look_once().items()
    plant.ask_departments(order.number, PERMIT)
    monkeypatch.setattr(watch, "_now_us", lambda: NOW_US + hours(47))
    chore = next(chore for chore in watch.chores if chore.name == "muted")
    monkeypatch.setattr(watch, "chores", [replace(chore, run=_broken), *(c for c in watch.chores if c is not chore)])
    done = {"verification": 0, "muted": -1, "departments": 1, "deadlines": 1}
    assert done.items() <= watch.look_once().items()
    assert watch.look_once(0.0) == {}  # each at its own pace


def _broken(*_: object) -> int:
    raise RuntimeError("no")
