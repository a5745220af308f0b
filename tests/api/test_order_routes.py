"""Work orders over HTTP: read, move, and who is faster."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from forewarn.pipeline.live import Change
from tests.api.rooms import SPALL, TestRoom, spall_advice

KEY = {"idempotency-key": "click-00001"}


def act(client: TestClient, order: str, status: str, etag: str | None = '"1"', note: str = "", **more: str) -> Response:
    headers = dict(more) if etag is None else {"if-match": etag, **more}
    body = {"status": status, "note": note}
    return client.post(f"/api/orders/{order}/actions", json=body, headers=headers)


def test_orders_are_listed_newest_first_and_filtered(client: TestClient, plant_room: TestRoom) -> None:
    first = plant_room.open_order()
    second = plant_room.open_order(spall_advice("p102"))
    act(client, first.id, "CAN")
    listed = [row["number"] for row in client.get("/api/orders").json()]
    assert listed == [second.number, first.number]
    assert [row["asset"] for row in client.get("/api/orders?open=true").json()] == ["p102"]
    assert [row["asset_name"] for row in client.get("/api/orders?asset=p101").json()] == ["Feed pump 1"]
    assert len(client.get("/api/orders?limit=1").json()) == 1
    assert client.get("/api/orders?limit=0").status_code == 422


def test_one_order_by_id_or_number_shows_cause_parts_dates_and_record(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    answer = client.get(f"/api/orders/{order.number}")
    assert answer.headers["etag"] == '"1"'
    told = answer.json()
    assert told == client.get(f"/api/orders/{order.id}").json()
    (cause,) = told["causes"]
    assert (cause["fault"], cause["label"]) == (str(SPALL), "outer-race spall, de_bearing")
    assert cause["evidence"] == {"bpfo": 8.5}
    (part,) = told["parts"]
    assert (part["name"], part["on_hand"], part["lead_p90_days"]) == ("Bearing 6205-2RS", 2, 12)
    assert told["allowed_actions"] == ["APPR", "CAN"]
    assert [row["action"] for row in told["history"]] == ["opened"]
    assert order.order_by_us is not None
    assert datetime.fromisoformat(told["order_by"]) == datetime.fromtimestamp(order.order_by_us / 1e6, UTC)
    assert [told[k] for k in ("rul_p10_h", "rul_p50_h", "rul_p90_h")] == [208, 290, 500]


def test_an_order_that_is_not_there_is_a_404(client: TestClient) -> None:
    assert client.get("/api/orders/WO-999999").status_code == 404
    assert act(client, "WO-999999", "APPR").status_code == 404


def test_an_action_moves_the_order_keeps_the_note_and_tells_the_pages(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    told = list[Change]()
    plant_room.room.hub.listen(told.append)
    answer = act(client, order.id, "APPR", note="parts are here")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    moved = answer.json()
    assert (moved["status"], moved["revision"]) == ("APPR", 2)
    assert "INPRG" in moved["allowed_actions"]
    last = moved["history"][-1]
    assert (last["action"], last["actor"]) == ("APPR", "planner")
    assert "parts are here" in last["detail"]
    assert told == [("order", order.id), ("asset", "p101")]


def test_who_did_not_read_the_order_cannot_change_it(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    answer = act(client, order.id, "APPR", None)
    assert answer.status_code == 428
    assert answer.json()["type"] == "urn:forewarn:if-match-needed"


@pytest.mark.parametrize("etag", ["*", '"abc"', '""', "-1", "²", '"1", "2"', "9" * 5000, "1.0"])
def test_an_if_match_that_is_no_revision_is_a_400(client: TestClient, plant_room: TestRoom, etag: str) -> None:
    order = plant_room.open_order()
    headers = [(b"if-match", etag.encode("latin-1"))]
    answer = client.post(f"/api/orders/{order.id}/actions", json={"status": "APPR"}, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"'])
def test_the_etag_is_taken_in_every_form_that_proxies_make_of_it(
    client: TestClient, plant_room: TestRoom, etag: str
) -> None:
    assert act(client, plant_room.open_order().id, "APPR", etag).status_code == 200


def test_a_stale_revision_is_a_412_and_changes_nothing(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    assert act(client, order.id, "APPR").status_code == 200
    late = act(client, order.id, "CAN")
    assert late.status_code == 412
    assert late.json()["type"] == "urn:forewarn:stale"
    assert client.get(f"/api/orders/{order.id}").json()["status"] == "APPR"


def test_a_step_that_the_table_forbids_is_a_409_that_names_the_allowed_ones(
    client: TestClient, plant_room: TestRoom
) -> None:
    order = plant_room.open_order()
    answer = act(client, order.id, "COMP")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:forewarn:conflict"
    assert "APPR, CAN" in answer.json()["detail"]


def test_the_same_request_with_the_same_key_acts_once_and_answers_again(
    client: TestClient, plant_room: TestRoom
) -> None:
    order = plant_room.open_order()
    first = act(client, order.id, "APPR", **KEY)
    again = act(client, order.id, "APPR", **KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert [row["action"] for row in again.json()["history"]] == ["opened", "APPR"]


def test_the_same_key_with_another_body_is_refused(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    act(client, order.id, "APPR", **KEY)
    other = act(client, order.id, "APPR", note="another", **KEY)
    assert other.status_code == 422
    assert "idempotency_key_reused" in other.json()["detail"]


def test_a_refused_step_leaves_its_key_free(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    assert act(client, order.id, "COMP", **KEY).status_code == 409
    assert act(client, order.id, "APPR", **KEY).status_code == 200


def test_a_key_that_is_too_short_to_be_unique_is_refused(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    assert act(client, order.id, "APPR", **{"idempotency-key": "1"}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"status": "APPR", "priority": 1},
        {"status": "DONE"},
        {"note": "no status"},
        {"status": "APPR", "note": "x" * 4001},
        {"status": "APPR", "note": None},
        [],
    ],
)
def test_a_body_of_another_shape_is_refused_and_nothing_moves(
    client: TestClient, plant_room: TestRoom, body: object
) -> None:
    order = plant_room.open_order()
    answer = client.post(f"/api/orders/{order.id}/actions", json=body, headers={"if-match": '"1"'})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get(f"/api/orders/{order.id}").json()["revision"] == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_site_is_never_taken_for_json(
    client: TestClient, plant_room: TestRoom, content_type: str
) -> None:
    order = plant_room.open_order()
    headers = {"if-match": '"1"', "content-type": content_type}
    answer = client.post(f"/api/orders/{order.id}/actions", content=b'{"status": "APPR"}', headers=headers)
    assert answer.status_code == 422
    assert client.get(f"/api/orders/{order.id}").json()["status"] == "WAPPR"


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"status": "APPR", "note": "\\ud800"}', b"[" * 50_000])
def test_a_broken_body_is_a_client_error(client: TestClient, plant_room: TestRoom, content: bytes) -> None:
    order = plant_room.open_order()
    headers = {"if-match": '"1"', "content-type": "application/json"}
    answer = client.post(f"/api/orders/{order.id}/actions", content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
