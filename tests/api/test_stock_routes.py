"""The store room over interface and client: cards, moves, parts of orders, kits, serial numbers, parts lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.api.settings import Settings
from forewarn.api.stock_desk import StockDesk, stock_of
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Status
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom

PAT = Actor("pat", "planner")


@pytest.fixture(autouse=True)
def desk(plant_room: TestRoom) -> StockDesk:
    return stock_of(Settings().stock, plant_room.room, plant_room.records, plant_room.orders)


@pytest.fixture
def program(app: FastAPI, tmp_path: Path) -> Client:
    return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))


def approved(room: TestRoom) -> str:
    """An order for a bearing 6205 that may be worked on."""
    order = room.open_order()
    return room.orders.act(order.id, Status.APPR, PAT, order.revision, room.room.now_us()).number


def test_the_parts_of_the_plant_file_are_on_the_shelf_from_the_beginning(program: Client) -> None:
    parts = program.stock_parts()
    assert dict(parts["on_hand"]) == {"belt-b42": 4, "brg-6205": 2, "seal-25": 0, "temp-probe": 1}
    assert parts.loc["brg-6205", "value"] == 37.0
    assert list(program.stock_parts("SEAL").index) == ["seal-25"]
    assert list(program.stock_parts(short=True).index) == ["seal-25"]


def test_a_list_goes_on_page_by_page(client: TestClient) -> None:
    first = client.get("/api/stock/parts", params={"limit": 3}).json()
    assert ([part["id"] for part in first["parts"]], first["total"]) == (["belt-b42", "brg-6205", "seal-25"], 4)
    last = client.get("/api/stock/parts", params={"limit": 3, "after": first["next"]}).json()
    assert ([part["id"] for part in last["parts"]], last["next"]) == (["temp-probe"], None)


def test_a_card_is_changed_under_its_revision_and_says_who_needs_the_part(client: TestClient) -> None:
    card = {"name": "Bearing", "price": 20.0, "lead_p50_days": 4, "lead_p90_days": 9}
    assert client.put("/api/stock/parts/brg-6205", json=card).status_code == 428
    assert client.put("/api/stock/parts/brg-6205", json=card, headers={"If-Match": '"7"'}).status_code == 412
    told = client.put("/api/stock/parts/brg-6205", json=card, headers={"If-Match": '"1"'})
    assert (told.status_code, told.headers["etag"], told.json()["price"]) == (200, '"2"', 20.0)
    needs = {(need["source"], need["asset"]) for need in told.json()["needs"]}
    assert {("fault plan", "p101"), ("fault plan", "p102")} <= needs
    wrong = client.put("/api/stock/parts/x", json={**card, "substitutes": ["nobody"]}, headers={"If-Match": '"0"'})
    assert (wrong.status_code, "make these cards first" in wrong.json()["detail"]) == (422, True)
    assert client.get("/api/stock/parts/nobody").status_code == 404


def test_a_part_with_a_slash_in_its_name_has_a_card_too(program: Client) -> None:
    program.save_part("6205/2RS", name="Bearing, sealed", kind="rotable")
    program.receive("6205/2RS", 1, serial="S/1")
    assert program.stock_part("6205/2RS")["on_hand"] == 1
    assert list(program.serial_history("6205/2RS", "S/1")["reason"]) == ["receipt"]


def test_what_a_card_says_stays_when_one_field_is_changed(program: Client) -> None:
    program.save_part("glove", name="Glove", unit="pair", kind="consumable", price=1.5)
    told = program.save_part("glove", price=1.7)
    assert (told["unit"], told["kind"], told["price"], told["revision"]) == ("pair", "consumable", 1.7, 2)


def test_moves_are_booked_once_under_their_key(client: TestClient) -> None:
    body = {"reason": "receipt", "part": "seal-25", "quantity": 3, "to": "main", "unit_cost": 200}
    first, again = (
        client.post("/api/stock/moves", json=body, headers={"Idempotency-Key": "receipt-1"}) for _ in range(2)
    )
    assert (first.status_code, first.json(), first.json()["amount"]) == (200, again.json(), 600.0)
    assert client.get("/api/stock/parts/seal-25").json()["on_hand"] == 3
    other = client.post("/api/stock/moves", json={**body, "quantity": 4}, headers={"Idempotency-Key": "receipt-1"})
    assert other.status_code == 422


def test_moves_that_cannot_be_are_refused_with_what_to_send(client: TestClient) -> None:
    def told(**body: object) -> tuple[int, str]:
        answer = client.post("/api/stock/moves", json=body)
        return answer.status_code, answer.json()["detail"]

    assert told(reason="receipt", part="seal-25") == (422, "move_fields: a receipt needs quantity, to too")
    assert told(reason="correction")[1].startswith("move_corrects: send in `corrects`")
    assert told(reason="correction", corrects=999) == (404, "")
    assert told(reason="scrap", part="seal-25", quantity=1, **{"from": "main"})[0] == 409
    assert told(reason="scrap", part="nobody", quantity=1, **{"from": "main"})[0] == 422
    assert told(reason="issue", part="seal-25", quantity=1)[0] == 422
    late = {"reason": "receipt", "part": "seal-25", "quantity": 1, "to": "main", "expires": "2030-01-01T00:00:00"}
    assert told(**late)[1].endswith("end it with Z")


def test_a_mistake_is_taken_back_by_its_number(program: Client) -> None:
    wrong = program.receive("seal-25", 5)
    back = program.book_move("correction", corrects=wrong["seq"], note="five were two", quantity=3)
    assert (back["from"], back["to"], back["corrects"], back["unit_cost"]) == ("main", "@supplier", wrong["seq"], 240.0)
    assert program.stock_part("seal-25")["on_hand"] == 2
    assert list(program.stock_moves("seal-25")["quantity"]) == [3, 5]


def test_an_order_takes_its_parts_and_brings_back_what_it_did_not_use(plant_room: TestRoom, program: Client) -> None:
    number = approved(plant_room)
    held = program.reserve_parts(number, [{"part": "brg-6205", "quantity": 2}])
    assert [(one["state"], one["quantity"]) for one in held["reservations"]] == [("held", 2)]
    assert program.stock_parts().loc["brg-6205", "available"] == 0
    [issued] = program.issue_part(number, "brg-6205", 2)
    assert (issued["to"], issued["amount"]) == ("@order", 37.0)
    assert program.order_parts(number)["in_hand"] == {"brg-6205": 2}
    with pytest.raises(Conflict, match="brg-6205"):
        program.issue_part(number, "brg-6205", 1)
    program.return_part(number, "brg-6205", 1)
    program.use_parts(number)
    told = program.order_parts(number)
    assert ([move["reason"] for move in told["moves"]], told["in_hand"]) == (["use", "give_back", "issue"], {})


def test_an_order_waits_for_what_is_short_and_goes_on_when_it_comes(plant_room: TestRoom, program: Client) -> None:
    number = approved(plant_room)
    program.reserve_parts(number, [{"part": "seal-25", "quantity": 2}])
    assert program.order_parts(number)["status"] == "WMATL"
    waiting = program.parts_waiting()
    assert list(waiting["number"]) == [number]
    assert program.parts_waiting("brg-6205").empty
    program.receive("seal-25", 2)
    assert program.order_parts(number)["status"] == "APPR"
    assert program.parts_waiting().empty
    program.release_parts(number, "seal-25")
    assert program.stock_parts().loc["seal-25", "available"] == 2


def test_nothing_named_puts_aside_what_the_order_asks_for(plant_room: TestRoom, client: TestClient) -> None:
    number = approved(plant_room)
    told = client.post(f"/api/stock/orders/{number}/reserve", json={}).json()
    assert [(one["part"], one["left"]) for one in told["reservations"]] == [("brg-6205", 1)]
    assert client.post("/api/stock/orders/WO-999999/reserve", json={}).status_code == 404


def test_a_kit_is_made_of_its_parts_and_taken_apart_again(program: Client) -> None:
    program.save_part("pump-kit", name="Pump kit", contains=[{"part": "brg-6205", "quantity": 2}, {"part": "belt-b42"}])
    program.make_kits("pump-kit")
    assert dict(program.stock_parts()["on_hand"])["brg-6205"] == 0
    with pytest.raises(Conflict):
        program.make_kits("pump-kit")
    program.make_kits("pump-kit", apart=True)
    assert dict(program.stock_parts()["on_hand"])["brg-6205"] == 2
    with pytest.raises(Rejected):
        program.make_kits("seal-25")


def test_the_life_of_a_piece_is_told_by_its_number(plant_room: TestRoom, program: Client) -> None:
    program.save_part("motor", name="Motor 15 kW", kind="rotable", price=900.0)
    program.receive("motor", 1, serial="M-77")
    number = approved(plant_room)
    program.issue_part(number, "motor", serial="M-77")
    program.use_parts(number, "motor", 1, "M-77")
    piece = program.serials("motor").loc["M-77"]
    assert (piece["place"], piece["asset"]) == ("@used", "p101")
    assert list(program.serial_history("motor", "M-77")["reason"]) == ["receipt", "issue", "use"]
    with pytest.raises(Rejected, match="no piece"):
        program.serial_history("motor", "M-1")


def test_the_parts_list_of_a_machine_and_of_a_failure_mode(client: TestClient, program: Client) -> None:
    parts = program.parts_of_asset("p101")
    assert set(parts.index) == {"brg-6205", "seal-25", "temp-probe"}
    assert dict(parts["on_hand"]) == {"brg-6205": 2, "seal-25": 0, "temp-probe": 1}
    assert set(program.parts_of_asset("p101", "VIB").index) == {"brg-6205"}
    assert client.get("/api/stock/assets/nobody/parts").status_code == 404


def test_places_tell_what_they_hold(client: TestClient, program: Client) -> None:
    program.save_place("main/a-1", "Shelf A 1")
    program.book_move("transfer", "belt-b42", 3, from_="main", to="main/a-1")
    places = program.stock_places()
    assert (places.loc["main/a-1", "pieces"], places.loc["main/a-1", "value"]) == (3, 29.7)
    assert client.put("/api/stock/places/@scrap", json={"name": "x"}).status_code == 422
    assert client.put("/api/stock/places/main", json={"usable": False}).status_code == 409


def test_without_a_store_room_the_routes_say_so(plant_room: TestRoom, client: TestClient) -> None:
    plant_room.room.stock = None
    for path in ("/api/stock/parts", "/api/stock/counts", "/api/stock/dead"):
        assert client.get(path).status_code == 503
