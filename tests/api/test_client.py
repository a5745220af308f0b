"""The Python client against the real interface: tables with times and units, actions that are safe to repeat."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api import client as client_module
from forewarn.api.client import Client
from forewarn.api.problems import problem
from forewarn.core.errors import Conflict, NotReady, Rejected, Retriable
from tests.api.conftest import BASE
from tests.api.rooms import MINUTE_US, WAVE_AT_US, TestRoom
from tests.maintenance.samples import NOW_US


@pytest.fixture
def plant(app: FastAPI, tmp_path: Path) -> Client:
    return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))


def answering(handle: Callable[[httpx2.Request], httpx2.Response]) -> Client:
    """A client whose server is a function."""
    return Client(token="t", http=httpx2.Client(base_url=BASE, transport=httpx2.MockTransport(handle)))


def test_machines_are_a_table_by_id_with_the_remaining_life_in_columns(plant: Client, plant_room: TestRoom) -> None:
    plant_room.assess("p101")
    table = plant.assets()
    assert list(table.index) == ["p101", "p102", "f201"]
    assert table[["rul_p10_h", "rul_p50_h", "rul_p90_h"]].iloc[0].tolist() == [240, 300, 480]
    assert table["rul_p50_h"].isna().tolist() == [False, True, True]
    assert table.loc["p101", "assessed_at"] == pd.Timestamp(NOW_US - MINUTE_US, unit="us", tz="UTC")
    assert plant.asset("p101")["state"] == "alarm"


def test_a_trend_is_a_table_by_utc_time_that_knows_its_unit(plant: Client) -> None:
    table = plant.trend("p101", "de_acceleration:rms")
    assert table["value"].tolist() == [1.0, 1.2]
    assert table.index[-1] == pd.Timestamp(WAVE_AT_US // 1000, unit="ms", tz="UTC")
    assert (table.attrs["unit"], table.attrs["low"]) == ("m/s^2", None)
    assert len(plant.trend("p101", "discharge_pressure", hours=0.5)) in (29, 30)


def test_a_trend_without_values_is_an_empty_table_of_the_same_shape(plant: Client) -> None:
    table = plant.trend("f201", "slip")
    assert (len(table), list(table.columns), str(table["value"].dtype)) == (0, ["value"], "float64")
    assert str(table.index.dtype).endswith("UTC]")


def test_past_assessments_are_a_table_by_time(plant: Client, plant_room: TestRoom) -> None:
    for minutes in (30, 10):
        plant_room.assess("p101", NOW_US - minutes * MINUTE_US)
    table = plant.assessments("p101")
    assert table.index[0] == pd.Timestamp(NOW_US - 30 * MINUTE_US, unit="us", tz="UTC")
    assert table["rul_p50_h"].tolist() == [300, 300]
    assert plant.assessments("p102").empty


def test_orders_are_a_table_by_number_with_dates(plant: Client, plant_room: TestRoom) -> None:
    assert plant.orders().empty
    order = plant_room.open_order()
    table = plant.orders(asset="p101")
    assert list(table.index) == [order.number]
    assert table["created_at"].iloc[0] == datetime.fromtimestamp(order.created_at_us / 1e6, UTC)
    assert plant.orders(asset="p102").empty
    assert plant.order(order.number)["parts"][0]["part"] == "brg-6205"


def test_the_second_opinion_of_a_young_machine_is_that_it_is_warming_up(plant: Client) -> None:
    assert plant.second_opinion("p101")["warming_up"]


def test_an_order_is_moved_with_a_note_under_the_name_of_the_program(plant: Client, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    assert plant.act(order.number, "APPR", note="agreed")["status"] == "APPR"
    last = plant.order(order.number)["history"][-1]
    assert last["actor"] == "program"
    assert "agreed" in last["detail"]


def test_a_step_that_is_not_allowed_is_a_conflict_and_changes_nothing(plant: Client, plant_room: TestRoom) -> None:
    order = plant_room.open_order()
    with pytest.raises(Conflict, match="CLOSE"):
        plant.act(order.number, "CLOSE")
    assert plant.order(order.number)["status"] == "WAPPR"


def test_an_order_that_somebody_changed_in_between_is_a_conflict(
    plant: Client, plant_room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, send = plant_room.open_order(), plant._send

    def slowly(method: str, path: str, *headers: dict[str, str], **more: Any) -> httpx2.Response:
        if method == "POST":
            headers = ({**headers[0], "If-Match": '"99"'},)
        return send(method, path, *headers, **more)

    monkeypatch.setattr(plant, "_send", slowly)
    with pytest.raises(Conflict, match="99"):
        plant.act(order.number, "APPR")


def test_an_action_whose_answer_was_lost_is_asked_for_again_and_done_once(
    app: FastAPI, tmp_path: Path, plant_room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PAUSE_S", 0.0)
    order, inner, keys = plant_room.open_order(), TestClient(app, base_url=BASE), list[str]()

    def lossy(request: httpx2.Request) -> httpx2.Response:
        answer = inner.request(request.method, str(request.url), headers=request.headers, content=request.read())
        if request.method == "POST":
            keys.append(request.headers["Idempotency-Key"])
            if len(keys) == 1:
                raise httpx2.ReadError("the line was cut")
        return httpx2.Response(answer.status_code, headers={"ETag": answer.headers["ETag"]}, content=answer.content)

    http = httpx2.Client(base_url=BASE, transport=httpx2.MockTransport(lossy))
    done = Client(token_file=tmp_path / "api-token", http=http).act(order.number, "APPR")
    assert (done["status"], len(keys), len(set(keys))) == ("APPR", 2, 1)
    actions = [row["action"] for row in plant_room.orders.history(order.id)]
    assert actions.count("APPR") == 1


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda c: c.asset("nobody"), "not-found"),
        (lambda c: c.asset("../orders"), "not-found"),
        (lambda c: c.trend("p101", "flow", hours=-1), "invalid"),
        (lambda c: c.order("WO-9"), "not-found"),
    ],
)
def test_every_other_no_is_rejected_with_the_slug_of_the_problem(
    plant: Client, call: Callable[[Client], object], reason: str
) -> None:
    with pytest.raises(Rejected) as raised:
        call(plant)
    assert raised.value.reason == reason


def test_without_a_token_nothing_is_told(app: FastAPI) -> None:
    with pytest.raises(Rejected, match="login-needed"):
        Client(http=TestClient(app, base_url=BASE)).assets()


@pytest.mark.parametrize(
    ("status", "slug", "error"),
    [(409, "conflict", Conflict), (412, "stale", Conflict), (422, "rejected", Rejected), (503, "try-again", Retriable),
     (429, "slow-down", Retriable), (503, "warming-up", NotReady), (500, "internal", Retriable)],
)  # fmt: skip
def test_each_status_is_the_error_of_the_core_that_it_came_from(status: int, slug: str, error: type[Exception]) -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        told = problem(status, slug, "No", "because")
        return httpx2.Response(status, headers={"content-type": "application/problem+json"}, content=bytes(told.body))

    with pytest.raises(error, match="because"):
        answering(handle).asset("p101")


def test_a_proxy_that_answers_with_a_page_of_its_own_is_retriable() -> None:
    with pytest.raises(Retriable, match="502"):
        answering(lambda _: httpx2.Response(502, html="<h1>Bad gateway</h1>")).assets()


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The app on a free port of loopback; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def test_it_reads_a_running_server_over_a_socket_and_says_when_it_has_gone(app: FastAPI, tmp_path: Path) -> None:
    with running(app) as address, Client(address, token_file=tmp_path / "api-token") as client:
        assert len(client.assets()) == 3
    with (
        Client(address, token_file=tmp_path / "api-token") as late,
        pytest.raises(Retriable, match="cannot be reached"),
    ):
        late.assets()


def test_telemetry_is_one_table_with_a_column_a_signal(plant: Client) -> None:
    one = plant.trend("p101", "discharge_pressure", hours=0.5)["value"]
    table = plant.telemetry("p101", ["discharge_pressure", "de_acceleration:rms"], hours=0.5)
    assert table.attrs["units"] == {"discharge_pressure": "bar", "de_acceleration:rms": "m/s^2"}
    assert table["discharge_pressure"].dropna().tolist() == one.tolist()
    assert "de_acceleration" not in plant.telemetry("p101").columns


def test_importing_it_brings_neither_pandas_nor_the_server() -> None:
    code = (
        "import sys, forewarn.api.client; print(sorted({'pandas', 'fastapi', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_token_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"api-token is not there: start the server with forewarn up"):
        Client(token_file=tmp_path / "api-token")
