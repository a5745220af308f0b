"""Part demand over HTTP: causes that add up, reviews that wait for a person, what the buyers are told, accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from forewarn.api.demand_desk import DemandDesk, demand_of
from forewarn.api.demand_settings import DemandSettings
from forewarn.api.work_watch import Chore
from forewarn.core.health import State
from forewarn.core.plant import PlantCosts
from forewarn.core.quotes import ProposalState
from forewarn.maintenance.demand.desk import month_of, month_span
from tests.api.rooms import SPALL, TestRoom
from tests.maintenance.samples import NOW_US

BEARING = "brg-6205"


@pytest.fixture
def chores(plant_room: TestRoom) -> list[Chore]:
    """The room has its desk of demand, and one pump in alarm."""
    room = plant_room.room
    room.plant = replace(room.plant, costs=PlantCosts("EUR", 400.0, 100.0, 10.0))
    made = demand_of(DemandSettings(real_share=1.0), room, plant_room.records, plant_room.orders)
    plant_room.assess("p101", state=State.ALARM)
    return made


@pytest.fixture
def desk(plant_room: TestRoom, chores: list[Chore]) -> DemandDesk:
    assert plant_room.room.demand is not None
    return plant_room.room.demand


def get(client: TestClient, path: str, **query: Any) -> Any:
    found = client.get(f"/api/demand{path}", params=query)
    assert found.status_code == 200, found.text
    return found.json()


@pytest.mark.usefixtures("desk")
def test_a_part_tells_every_cause_and_they_add_up_to_its_mean(client: TestClient) -> None:
    one = get(client, "/part", part=BEARING, days=20)
    assert sum(trace["pieces"] for trace in one["traces"]) == pytest.approx(one["mean"], abs=1e-9)
    assert sum(one["chances"]) == pytest.approx(1.0)
    [trace] = one["traces"]
    assert (trace["kind"], trace["asset"], trace["cause"]) == ("fault", "p101", str(SPALL))
    assert trace["text"] in one["text"]
    assert one["policy"] is None
    assert one["now"]["reasons"]
    row = next(row for row in get(client, "", days=20) if row["part"] == BEARING)
    assert {name: one[name] for name in row} == row
    assert get(client, "", limit=1)[0]["part"] == BEARING  # what is asked for most stands first


@pytest.mark.usefixtures("desk")
def test_an_unknown_part_line_or_month_is_refused_with_what_to_do(client: TestClient) -> None:
    assert client.get("/api/demand/part", params={"part": "flux"}).status_code == 404
    assert client.get("/api/demand/lines/77").status_code == 404
    assert client.get("/api/demand/accuracy", params={"month": "2026-13"}).status_code == 422
    assert client.post("/api/demand/lines/77/decide", json={"approve": True}).status_code == 404


def test_without_a_desk_the_routes_say_so(client: TestClient) -> None:
    assert client.get("/api/demand").status_code == 503


@pytest.mark.usefixtures("desk")
def test_a_review_is_held_once_for_one_key_approved_told_to_the_buyers_and_reversed(client: TestClient) -> None:
    preview = get(client, "/reviews/preview", part=BEARING)
    assert [(line["id"], line["state"]) for line in preview] == [(None, "proposed")]
    once = {"Idempotency-Key": "review-of-today"}
    lines = client.post("/api/demand/reviews", headers=once).json()
    assert client.post("/api/demand/reviews", headers=once).json() == lines
    assert len(get(client, "/reviews")) == 1
    line = next(line for line in lines if line["part"] == BEARING)
    assert line["actions"] == ["approve", "decline"]
    assert get(client, "/policies") == []
    done = client.post(f"/api/demand/lines/{line['id']}/decide", json={"approve": True, "note": "agreed"}).json()
    assert (done["state"], done["note"], done["actions"]) == ("applied", "agreed", ["reverse"])
    assert client.post(f"/api/demand/lines/{line['id']}/decide", json={"approve": False}).status_code == 409
    [policy] = get(client, "/policies")
    assert (policy["part"], policy["revision"]) == (BEARING, 1)
    assert get(client, "/part", part=BEARING)["policy"] == policy
    back = client.post(f"/api/demand/lines/{line['id']}/reverse", json={"note": "too much"}).json()
    assert back["state"] == "reversed"
    assert get(client, "/policies") == []
    assert [one["id"] for one in get(client, "/lines", part=BEARING, state="reversed")] == [line["id"]]


def test_what_is_below_its_reorder_point_is_put_before_the_buyers(client: TestClient, desk: DemandDesk) -> None:
    for line in client.post("/api/demand/reviews").json():
        client.post(f"/api/demand/lines/{line['id']}/decide", json={"approve": True})
    wanted = get(client, "/proposals")
    told = client.post("/api/demand/proposals").json()
    assert told == wanted
    assert {one["part"] for one in wanted} == {one.part for one in desk.buying.proposals(states=(ProposalState.OPEN,))}
    assert client.post("/api/demand/proposals").json() == wanted  # told again, nothing changes


def test_the_chores_hold_the_months_review_once_and_judge_it_when_it_is_over(
    client: TestClient, chores: list[Chore]
) -> None:
    monthly, daily = chores
    assert (monthly.name, daily.name) == ("demand", "reorder")
    parts = monthly.run(NOW_US)
    assert parts > 0
    assert monthly.run(NOW_US + 1) == 0
    assert [one["slot"] for one in get(client, "/reviews")] == [month_of(NOW_US)]
    assert get(client, "/accuracy")["count"] == 0
    assert monthly.run(month_span(month_of(NOW_US))[1]) == 2 * parts  # judged, and the next month reviewed
    found = get(client, "/accuracy", month=month_of(NOW_US))
    assert (found["count"], found["issued"], found["bias"]) == (parts, 0.0, None)
    assert found["covered"]["p95"] == 1.0
    assert daily.run(NOW_US) >= 0


def test_no_daily_chore_where_nobody_wants_one(plant_room: TestRoom) -> None:
    made = demand_of(DemandSettings(order_every_h=0), plant_room.room, plant_room.records, plant_room.orders)
    assert [chore.name for chore in made] == ["demand"]
