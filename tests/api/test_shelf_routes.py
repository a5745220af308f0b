"""Shelving over HTTP: silence a limit or a machine with a reason, see it, end it; the scorer asks the same book."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from forewarn.maintenance.audit import history_of
from forewarn.maintenance.shelf_book import ShelfBook
from tests.api.rooms import TestRoom

PATH = "/api/assets/p101/shelved"
WHY = {"hours": 24, "reason": "the cooling water is being changed"}


@pytest.fixture(autouse=True)
def book(plant_room: TestRoom) -> ShelfBook:
    plant_room.room.shelf = ShelfBook(plant_room.records)
    return plant_room.room.shelf


def test_a_machine_is_silent_until_its_time_and_the_reason_is_told(client: TestClient, plant_room: TestRoom) -> None:
    assert client.get(PATH).json()["standing"] == []
    told = client.post(PATH, json=WHY).json()["standing"]
    assert [(row["limit"], row["reason"]) for row in told] == [(None, WHY["reason"])]
    assert client.get("/api/shelved").json() == told
    assert plant_room.room.shelf is not None
    (standing,) = plant_room.room.shelf.standing(plant_room.room.now_us())
    assert standing.silences("p101", "any", plant_room.room.now_us())
    assert plant_room.room.shelf.standing(standing.until_us) == []


def test_shelving_again_moves_the_end_and_ending_it_lets_it_speak(client: TestClient, plant_room: TestRoom) -> None:
    first = client.post(PATH, json=WHY).json()["standing"][0]["until"]
    later = client.post(PATH, json={**WHY, "hours": 48}).json()["standing"]
    assert len(later) == 1
    assert later[0]["until"] > first
    assert client.delete(PATH).json()["standing"] == []
    with plant_room.records.read() as connection:
        assert [row["action"] for row in history_of(connection, "shelf:p101")] == ["shelved", "shelved", "unshelved"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**WHY, "limit": "nothing"}, 422),
        ({**WHY, "reason": " "}, 422),
        ({**WHY, "hours": 0}, 422),
        ({**WHY, "hours": 2161}, 422),
        ({"hours": 1}, 422),
    ],
)
def test_what_cannot_be_shelved_is_refused(client: TestClient, body: dict[str, object], status: int) -> None:
    assert client.post(PATH, json=body).status_code == status
    assert client.get("/api/shelved").json() == []


def test_what_is_not_shelved_cannot_be_ended(client: TestClient) -> None:
    assert client.delete(PATH).status_code == 422
    assert client.get("/api/assets/nobody/shelved").status_code == 404
