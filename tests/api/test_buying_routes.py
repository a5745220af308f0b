"""Buying over HTTP: the whole road, revisions, keys, problems."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from forewarn.api.buying_desk import BuyingDesk, buying_of
from forewarn.api.views import moment
from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import PartLine
from forewarn.core.stock import PartCard
from forewarn.core.work import WorkOrder
from forewarn.maintenance.orders.costs import CostLimit, CostRules, House
from tests.api.rooms import TestRoom, spall_advice
from tests.maintenance.samples import ANN, NOW_US

BUYING = "/api/buying"
QUOTE = {"part": "6205", "prices": [{"from_quantity": 1, "unit_price": 30}], "lead_p50_days": 5, "lead_p90_days": 9}


@pytest.fixture(autouse=True)
def desk(plant_room: TestRoom) -> BuyingDesk:
    buying_of(plant_room.room, plant_room.records, plant_room.orders)
    made = plant_room.room.buying
    assert made is not None
    made.deliveries.stock.save_card(PartCard("6205", price=30.0), ANN, NOW_US)
    return made


def at(room: TestRoom, days: float) -> str:
    return moment(room.room.now_us() + round(days * US_PER_DAY)).isoformat()


def post(client: TestClient, path: str, body: Any, etag: str | None = None, key: str | None = None) -> Response:
    headers = {"if-match": etag} if etag else {}
    return client.post(f"{BUYING}{path}", json=body, headers=headers | ({"idempotency-key": key} if key else {}))


def suppliers(client: TestClient) -> None:
    for id in ("acme", "best"):
        body = {"name": id.title(), "email": f"sales@{id}.example"}
        made = client.put(f"{BUYING}/suppliers/{id}", json=body, headers={"if-match": '"0"'})
        assert made.status_code == 200


def waiting_order(room: TestRoom, desk: BuyingDesk) -> WorkOrder:
    order = room.open_order(spall_advice())
    desk.deliveries.stock.reserve(order.id, [PartLine("6205", 2)], ANN, room.room.now_us())
    return order


def approved(client: TestClient, **need: Any) -> int:
    made = post(client, "/proposals", {"part": "6205", "quantity": 2, **need})
    assert made.status_code == 200, made.text
    id = int(made.json()["id"])
    done = post(client, f"/proposals/{id}/actions", {"to": "approved"}, made.headers["etag"])
    assert done.json()["state"] == "approved"
    return id


def sent(client: TestClient, **need: Any) -> Response:
    terms = [{"part": "6205", "unit_price": 30, "lead_p50_days": 5, "lead_p90_days": 9}]
    body = {"proposals": [approved(client, **need)], "supplier": "acme", "terms": terms, "reason": "contract"}
    made = post(client, "/orders", body)
    for to in ("APPROVED", "SENT"):
        made = post(client, f"/orders/{made.json()['id']}/actions", {"to": to}, made.headers["etag"])
        assert made.status_code == 200, made.text
    return made


def test_the_whole_road_over_http(client: TestClient, plant_room: TestRoom, desk: BuyingDesk) -> None:
    suppliers(client)
    order = waiting_order(plant_room, desk)
    id = approved(client, order=order.number)
    body = {"proposals": [id], "suppliers": ["acme", "best"], "answer_by": at(plant_room, 3)}
    rfq = post(client, "/rfqs", body).json()
    assert (rfq["number"], rfq["lines"][0]["needs"][0]["order"]) == ("RFQ-000001", order.number)
    letter = client.get(f"{BUYING}/rfqs/RFQ-000001/letters/acme").json()
    assert "2 x 6205" in letter["text"]
    assert letter["csv"].splitlines()[1].startswith("RFQ-000001,6205,2,")
    cheap = {**QUOTE, "supplier": "best", "prices": [{"from_quantity": 1, "unit_price": 25}]}
    told = post(client, f"/rfqs/{rfq['id']}/quotes", {"quotes": [{**QUOTE, "supplier": "acme"}]})
    told = post(client, f"/rfqs/{rfq['id']}/quotes", {"quotes": [cheap]})
    assert [one["supplier"] for one in told.json()["quotes"]] == ["acme", "best"]
    offers = client.get(f"{BUYING}/rfqs/{rfq['id']}/comparison?part=6205").json()
    assert [(one["rank"], one["quote"]["supplier"], one["goods"]) for one in offers] == [
        (1, "best", 50.0),
        (2, "acme", 60.0),
    ]
    assert "25.00 EUR" in offers[0]["why"]
    made = post(client, f"/rfqs/{rfq['id']}/choose", {"part": "6205", "supplier": "best"}, key="choose-0001")
    again = post(client, f"/rfqs/{rfq['id']}/choose", {"part": "6205", "supplier": "best"}, key="choose-0001")
    assert (made.json()["number"], again.json()["number"]) == ("PO-000001", "PO-000001")
    for to in ("APPROVED", "SENT"):
        made = post(client, "/orders/PO-000001/actions", {"to": to}, made.headers["etag"])
    assert made.json()["allowed_actions"] == ["CONFIRMED", "CANCELLED"]
    dates = {"lines": [{"line": 1, "due": at(plant_room, 4)}]}
    made = post(client, "/orders/PO-000001/dates", dates, made.headers["etag"])
    assert made.json()["status"] == "CONFIRMED"
    late = {"lines": [{"line": 1, "due": at(plant_room, 30)}], "why": "strike"}
    made = post(client, "/orders/PO-000001/dates", late, made.headers["etag"])
    waiting = client.get(f"/api/orders/{order.number}").json()
    assert "26.0 days later: strike" in waiting["changed"]
    assert [row["id"] for row in client.get(f"{BUYING}/orders?order={order.number}").json()] == [made.json()["id"]]
    assert client.get(f"{BUYING}/pipelines?part=6205").json() == [{"part": "6205", "on_order": 2, "asked": 0}]
    came = {"note": "LS-7", "lines": [{"part": "6205", "counted": 2, "accepted": 1, "quarantined": 1, "line": 1}]}
    received = post(client, "/orders/PO-000001/receipts", came)
    assert received.json()["status"] == "RECEIVED"
    look = {"receipt": received.json()["receipts"][0]["id"], "seq": 1, "accepted": 1}
    looked = post(client, "/orders/PO-000001/inspections", look, received.headers["etag"])
    assert looked.json()["lines"][0]["accepted"] == 2
    bill = {"number": "R-1", "lines": [{"line": 1, "quantity": 2, "unit_price": 26}], "freight": 0}
    answer = post(client, "/orders/PO-000001/invoices", bill)
    assert [one["amount"] for one in answer.json()["differences"]] == [2.0]
    closed = post(client, "/orders/PO-000001/actions", {"to": "CLOSED"}, looked.headers["etag"])
    assert (closed.json()["status"], closed.json()["allowed_actions"]) == ("CLOSED", [])
    actions = [row["action"] for row in closed.json()["record"]]
    assert actions == [
        *("drafted", "approved", "sent", "confirmed", "moved", "received", "inspected", "invoiced", "closed")
    ]


def test_a_receipt_that_is_sent_twice_is_received_once(
    client: TestClient, plant_room: TestRoom, desk: BuyingDesk
) -> None:
    suppliers(client)
    number = sent(client).json()["number"]
    came = {"note": "LS-7", "lines": [{"part": "6205", "counted": 2, "accepted": 2, "line": 1}]}
    first = post(client, f"/orders/{number}/receipts", came, key="receipt-001")
    again = post(client, f"/orders/{number}/receipts", came, key="receipt-001")
    third = post(client, f"/orders/{number}/receipts", came)
    assert {one.json()["revision"] for one in (first, again, third)} == {first.json()["revision"]}
    assert desk.deliveries.stock.level("6205", plant_room.room.now_us()).on_hand == 2
    fewer = {"note": "LS-7", "lines": [{"part": "6205", "counted": 1, "accepted": 1, "line": 1}]}
    other = post(client, f"/orders/{number}/receipts", fewer)
    assert other.status_code == 409
    assert "received by planner already" in other.json()["detail"]


def test_changes_want_the_revision_that_was_read(client: TestClient) -> None:
    suppliers(client)
    order = sent(client)
    place = f"/orders/{order.json()['id']}"
    assert post(client, f"{place}/actions", {"to": "CANCELLED", "note": "x"}).status_code == 428
    assert post(client, f"{place}/actions", {"to": "CANCELLED", "note": "x"}, '"1"').status_code == 412
    refused = post(client, f"{place}/actions", {"to": "CLOSED"}, order.headers["etag"])
    assert refused.status_code == 409
    assert "it may become CONFIRMED, CANCELLED" in refused.json()["detail"]
    assert client.put(f"{BUYING}/suppliers/acme", json={"name": "A"}, headers={"if-match": '"0"'}).status_code == 412
    assert client.put(f"{BUYING}{place}", json={}, headers={"if-match": order.headers["etag"]}).status_code == 409


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("/proposals", {"part": "unknown", "quantity": 1}),
    ("/proposals", {"part": "6205", "quantity": 0}),
    ("/proposals", {"part": "6205", "quantity": 1, "order": "WO-999999"}),
    ("/rfqs", {"proposals": [7], "suppliers": ["acme"], "answer_by": "2099-01-01T00:00:00Z"}),
    ("/rfqs", {"proposals": [1], "suppliers": ["acme"], "answer_by": "2099-01-01T00:00:00"}),
    ("/rfqs", {"proposals": [2**70], "suppliers": ["acme"], "answer_by": "2099-01-01T00:00:00Z"}),
    ("/orders", {"proposals": [1], "supplier": "nobody", "terms": [], "reason": "x"}),
]


def test_what_does_not_fit_is_a_422_with_words(client: TestClient) -> None:
    for path, body in WRONG:
        answer = post(client, path, body)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] or answer.json()["errors"]


def test_what_is_not_there_is_a_404(client: TestClient) -> None:
    for path in ("suppliers/x", "suppliers/x/score", "proposals/9", "rfqs/x", "orders/x", "orders/x/letter"):
        assert client.get(f"{BUYING}/{path}").status_code == 404


def test_an_approval_above_the_limit_says_whom_to_ask(client: TestClient, plant_room: TestRoom) -> None:
    plant_room.orders.house = House(CostRules(limits=(CostLimit("planner", 50.0), CostLimit("manager", None))))
    made = post(client, "/proposals", {"part": "6205", "quantity": 2})
    refused = post(client, f"/proposals/{made.json()['id']}/actions", {"to": "approved"}, made.headers["etag"])
    assert refused.status_code == 409
    assert "ask manager" in refused.json()["detail"]


def test_a_score_shows_its_rows_and_says_when_it_cannot_tell(client: TestClient) -> None:
    suppliers(client)
    sent(client)
    score = client.get(f"{BUYING}/suppliers/acme/score").json()
    assert {one["name"] for one in score["figures"]} == {"on_time", "promise", "quality", "price_trend", "answers"}
    assert all(one["value"] is None and "cannot tell yet" in one["text"] for one in score["figures"])
    assert [lead["part"] for lead in score["leads"]] == ["6205"]
