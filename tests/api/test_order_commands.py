"""`forewarn orders` and `forewarn job-plans` against the real interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_orders
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.core.errors import Rejected
from tests.api.conftest import BASE
from tests.api.rooms import SPALL, TestRoom


@pytest.fixture(autouse=True)
def connected(app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands talk to the app of this test instead of to the address of the settings."""

    def client(_: Path | None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_orders, "connected", client)


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_an_order_is_worked_off_on_the_command_line(plant_room: TestRoom, tmp_path: Path) -> None:
    plan = {
        "title": "Change it",
        "mechanism": SPALL.mechanism,
        "steps": [{"id": "gap", "text": "Clearance", "kind": "measure", "unit": "mm", "high": 0.25}],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert run("job-plans", "save", "bearing", str(tmp_path / "plan.json"))["version"] == 1
    (tmp_path / "plan.json").write_text(json.dumps({**plan, "hours": 3}))
    assert run("job-plans", "save", "bearing", str(tmp_path / "plan.json"))["version"] == 2
    assert [p["id"] for p in run("job-plans", "list")["plans"]] == ["bearing"]
    number = plant_room.open_order().number
    assert [row["number"] for row in run("orders", "list")["orders"]] == [number]
    for status in ("APPR", "INPRG"):
        run("orders", "move", number, status)
    (step,) = run("orders", "step", number, "gap", "done", "--value", "0.31")["steps"]
    assert step["follow_up_order"] == run("orders", "show", number)["follow_ups"][0]
    cost = run("orders", "report", number, "labour", "ann", "--quantity", "2", "--unit-cost", "50")["costs"]
    assert (cost["total"], cost["hours"]) == (100.0, 2.0)
    done = run("orders", "move", number, "COMP", "--finding", "confirmed", "--cause", "3.4", "--activity", "1")
    assert done["status"] == "COMP"
    assert run("orders", "show", number)["job"]["codes"]["failure_mechanism"] == "2.6"


def test_a_breakdown_is_raised_and_finished_where_nothing_was_found(plant_room: TestRoom) -> None:
    found = run("orders", "breakdown", "p101", "stands", "--since", "2020-01-01T00:00:00Z")
    number = found["order"]["number"]
    for status in ("APPR", "INPRG"):
        run("orders", "move", number, status)
    with pytest.raises(Rejected, match="failure_mode_found"):
        run("orders", "move", number, "COMP")
    done = run("orders", "move", number, "COMP", "--finding", "not_found", "--detection", "7", "--activity", "9")
    assert (done["status"], done["finding"]) == ("COMP", "not_found")


def test_what_a_person_reads_names_steps_costs_and_the_way_on(plant_room: TestRoom) -> None:
    number = plant_room.open_order().number
    shown = CliRunner().invoke(commands, ["orders", "show", number]).stdout
    assert "may go to: APPR, CAN" in shown
    assert "text-1" in shown
    assert "open (optional)" in shown
    assert "2.6" in CliRunner().invoke(commands, ["orders", "codes"]).stdout
    bad = CliRunner().invoke(commands, ["orders", "move", number, "COMP", "--skip", "gap"])
    assert (bad.exit_code, "STEP=WHY" in bad.output) == (2, True)
