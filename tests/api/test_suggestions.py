"""What words about an order speak of, over HTTP."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.api.rooms import TestRoom


def test_words_about_an_order_get_a_suggestion_from_the_table_where_no_reader_was_promoted(
    client: TestClient, plant_room: TestRoom
) -> None:
    order = plant_room.open_order()
    told = client.get(f"/api/orders/{order.number}/suggestion", params={"text": "vibrating badly"}).json()
    assert told["failure_mode"] == "VIB"
    assert (told["fault"], told["part"], told["model"], told["version"]) == (None, None, None, None)
    untold = client.get(f"/api/orders/{order.id}/suggestion", params={"text": "service as per schedule"}).json()
    assert set(untold.values()) == {None}


def test_a_suggestion_asks_for_words_and_a_known_order(client: TestClient, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    assert client.get(f"/api/orders/{order.id}/suggestion").status_code == 422
    assert client.get("/api/orders/nobody/suggestion", params={"text": "leaks"}).status_code == 404
