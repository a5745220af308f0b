"""The commands of work around orders, against the real interface and a real state folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_work
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.settings import Settings
from forewarn.api.views import moment
from forewarn.api.work_watch import work_of
from forewarn.core.errors import Rejected
from forewarn.core.work import Status
from forewarn.maintenance.orders.worked import WorkedOrders
from tests.api.conftest import BASE
from tests.api.rooms import SMALL_PLANT, TestRoom, spall_advice
from tests.maintenance.samples import ANN, NOW_US

LATER = (moment(NOW_US) + timedelta(hours=30)).isoformat()

Run = Callable[..., str]


@pytest.fixture
def run(app: FastAPI, plant_room: TestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command whose server is the app of this test; answers what it printed."""
    orders = WorkedOrders(plant_room.records)
    plant_room.room.orders = orders
    work_of(Settings(state_dir=tmp_path), plant_room.room, plant_room.records, orders)

    @contextmanager
    def server(state_dir: Path | None) -> Iterator[Client]:
        yield Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_work, "connected", server)

    def run(*words: str) -> str:
        done = CliRunner().invoke(commands, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def as_json(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text.splitlines()[-1])
    return told


@pytest.fixture
def number(run: Run, plant_room: TestRoom) -> str:
    made = plant_room.room.orders.advise(spall_advice()).order
    assert made is not None
    return made.number


def test_departments_are_asked_and_answer_from_a_terminal(run: Run, number: str) -> None:
    asked = as_json(
        run("departments", "ask", number, "--department", "safety", "--what", "permit", "--due", LATER, "--json")
    )
    step = str(asked["steps"][0]["id"])
    assert f"for {number} (WAPPR)" in run("departments", "board")
    assert "waits in WPCOND for safety: permit (safety)" in run("departments", "of", number)
    assert as_json(run("departments", "move", step, "--due", LATER, "--owner", "Eva", "--json"))["owner"] == "Eva"
    assert "done" in run("departments", "done", step)
    optional = ("--department", "production", "--what", "stop", "--due", LATER, "--optional", "--json")
    second = as_json(run("departments", "ask", number, *optional))["steps"][1]
    assert not second["required"]
    assert as_json(run("departments", "drop", str(second["id"]), "--reason", "stands", "--json"))["note"] == "stands"
    assert as_json(run("departments", "board", "--json")) == {"board": []}
    assert "can start" in run("departments", "of", number)


def test_clocks_and_who_is_on_call(run: Run, number: str) -> None:
    assert as_json(run("clocks", number, "--json"))["clocks"][0]["state"] == "running"
    assert [one["number"] for one in as_json(run("clocks", "--json"))["orders"]] == [number]
    assert "priority" in run("clocks", number)
    turn = as_json(
        run("on-call", "add", "planner", "Pia", "--from", moment(NOW_US).isoformat(), "--to", LATER, "--json")
    )
    assert "Pia" in run("on-call", "list")
    assert as_json(run("on-call", "list", "--json"))["on_call"][0]["id"] == turn["id"]
    assert as_json(run("on-call", "remove", str(turn["id"]), "--json")) == {"on_call": []}


def test_verification_and_muting(run: Run, number: str, plant_room: TestRoom) -> None:
    assert "verification pending" in run("verification", number)
    assert as_json(run("verification", number, "--json"))["now"]["reason"] == "the work is not completed yet"
    order = plant_room.room.orders.order(number)
    assert order is not None
    for status in (Status.APPR, Status.INPRG):
        order = plant_room.room.orders.act(order.id, status, ANN, order.revision, NOW_US)
    assert f"p101  muted by {number}" in run("muted")
    assert as_json(run("muted", "p101", "--json"))["muted"][0]["number"] == number


def test_the_file_of_a_machine_is_read_from_a_state_folder(
    run: Run, number: str, plant_room: TestRoom, tmp_path: Path
) -> None:
    where = ("--state-dir", str(tmp_path), "--plant", str(SMALL_PLANT))
    found = as_json(run("asset", "file", "p101", *where, "--json"))
    assert [order["number"] for order in found["orders"]] == [number]
    assert found["specification"]["id"] == "p101"
    told = run("asset", "file", "p101", *where, "--limit", "1")
    assert "p101: 1 orders, 1 open; 1 condition" in told
    assert "more: --before" in told
    with pytest.raises(Rejected, match="no order of it"):
        run("asset", "file", "nobody", *where)


def test_without_a_running_server_a_command_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="start the server with forewarn up"):
        CliRunner().invoke(commands, ["muted", "--state-dir", str(tmp_path)], catch_exceptions=False)
