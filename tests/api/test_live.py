"""Live changes, over a real server: what a page is told, and that nothing stays behind when it goes away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from forewarn.api.auth import COOKIE, Gate
from forewarn.pipeline.live import Hub
from tests.api.rooms import TestRoom

Event = tuple[str, dict[str, Any]]


class Server:
    """The app behind uvicorn on a free port of 127.0.0.1, in a thread."""

    def __init__(self, app: FastAPI, gate: Gate) -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs={"sockets": [listening]})
        self._thread.start()
        while not self._uvicorn.started:
            time.sleep(0.005)
        answer = httpx2.post(f"{self.url}/api/login", json={"token": gate.new_login()})
        self.cookies = {COOKIE: answer.cookies[COOKIE]}

    @contextmanager
    def listening(self, query: str = "") -> Iterator[Iterator[Event]]:
        with (
            httpx2.Client(cookies=self.cookies, timeout=30) as client,
            client.stream("GET", f"{self.url}/api/live{query}") as stream,
        ):
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in stream.headers
            yield events(stream.iter_lines())

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join()


def events(lines: Iterator[str]) -> Iterator[Event]:
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def next_of(stream: Iterator[Event], *kinds: str) -> Event:
    return next(event for event in stream if event[0] in kinds)


def listeners(hub: Hub) -> int:
    return len(hub._listeners)


def until_nobody_listens(hub: Hub) -> None:
    while listeners(hub):  # the suite's guard against hanging ends it
        time.sleep(0.01)


@pytest.fixture
def server(app: FastAPI, gate: Gate) -> Iterator[Server]:
    running = Server(app, gate)
    yield running
    running.stop()


def test_the_first_event_is_the_overview(server: Server) -> None:
    with server.listening() as stream:
        kind, told = next(stream)
    assert (kind, told["plant"], told["assets"]) == ("overview", "Riverside Works", 3)


def test_a_changed_machine_and_a_changed_order_are_told_as_rows(server: Server, plant_room: TestRoom) -> None:
    hub, order = plant_room.room.hub, plant_room.open_order()
    with server.listening() as stream:
        next(stream)
        hub.publish("order", order.id)
        kind, told = next_of(stream, "order", "asset")
        assert (kind, told["number"], told["status"]) == ("order", order.number, "WAPPR")
        plant_room.assess("p101")
        hub.publish("asset", "p101")
        kind, told = next_of(stream, "order", "asset")
        assert (kind, told["id"], told["state"]) == ("asset", "p101", "alarm")


def test_new_values_are_told_only_of_the_machine_that_is_looked_at(server: Server, plant_room: TestRoom) -> None:
    hub = plant_room.room.hub
    with server.listening("?asset=p102") as stream:
        next(stream)
        hub.publish("values", "p101")
        hub.publish("values", "p102")
        hub.publish("asset", "p101")
        heard = [next_of(stream, "values", "asset") for _ in range(2)]
    assert sorted((kind, told.get("asset", told.get("id"))) for kind, told in heard) == [
        ("asset", "p101"),
        ("values", "p102"),
    ]


def test_without_an_asset_no_values_are_told(server: Server, plant_room: TestRoom) -> None:
    hub = plant_room.room.hub
    with server.listening() as stream:
        next(stream)
        hub.publish("values", "p101")
        hub.publish("asset", "p101")
        assert next_of(stream, "values", "asset")[0] == "asset"


def test_changes_of_things_that_do_not_exist_are_passed_over(server: Server, plant_room: TestRoom) -> None:
    hub = plant_room.room.hub
    with server.listening() as stream:
        next(stream)
        hub.publish("asset", "nobody")
        hub.publish("order", "nothing")
        hub.publish("asset", "f201")
        assert next_of(stream, "asset", "order")[1]["id"] == "f201"


def test_a_slow_page_is_told_the_newest_state_once_and_not_every_step(server: Server, plant_room: TestRoom) -> None:
    hub = plant_room.room.hub
    with server.listening() as stream:
        next(stream)
        for _ in range(5_000):
            hub.publish("asset", "p101")
        hub.publish("asset", "p102")
        told = [next_of(stream, "asset")[1]["id"]]
        while told[-1] != "p102":
            told.append(next_of(stream, "asset")[1]["id"])
    assert len(told) < 500


def test_the_overview_comes_again_by_itself(server: Server) -> None:
    with server.listening() as stream:
        assert [next_of(stream, "overview")[0] for _ in range(2)] == ["overview"] * 2


def test_a_page_that_goes_away_leaves_no_listener_behind(server: Server, plant_room: TestRoom) -> None:
    hub = plant_room.room.hub
    for _ in range(3):
        with server.listening() as stream:
            next(stream)
            assert listeners(hub) == 1
        until_nobody_listens(hub)


def test_the_end_of_the_server_ends_the_streams(app: FastAPI, gate: Gate, plant_room: TestRoom) -> None:
    running = Server(app, gate)
    with running.listening() as stream:
        next(stream)
        running.stop()
        assert listeners(plant_room.room.hub) == 0
        plant_room.room.hub.publish("asset", "p101")  # nobody is there, and nothing breaks


def test_who_is_not_logged_in_hears_nothing(server: Server) -> None:
    assert httpx2.get(f"{server.url}/api/live").status_code == 401
