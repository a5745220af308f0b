"""`forewarn autonomy` and `forewarn windows` against the real interface, through the Python client."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_autonomy
from forewarn.api.autonomy_desk import autonomy_of
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.settings import AutonomySettings
from forewarn.core.errors import Rejected
from tests.api.conftest import BASE
from tests.api.rooms import SPALL, TestRoom, spall_advice


@pytest.fixture(autouse=True)
def connected(app: FastAPI, plant_room: TestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands talk to the app of this test instead of to the address of the settings."""
    autonomy_of(AutonomySettings(), plant_room.room, plant_room.records, plant_room.orders)

    def client(_: Path | None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_autonomy, "connected", client)


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def lines(*arguments: str) -> list[str]:
    return CliRunner().invoke(commands, list(arguments), catch_exceptions=False).stdout.splitlines()


def test_levels_and_budgets_are_set_shown_and_taken_back(plant_room: TestRoom) -> None:
    row = run("autonomy", "set", "pump", "--level", "draft", "--pin", "--budget", "3", "--reason", "new sensors")
    assert (row["level"], row["pinned"], row["orders_per_week"]) == ("draft", True, 3)
    assert lines("autonomy", "show")[0].startswith("plant: budget; 0 of 20 orders this week")
    assert "pump: draft, pinned; 0 of 3 orders this week, 0 held back; new sensors" in lines("autonomy", "show")
    assert run("autonomy", "set", "pump", "--budget", "none", "--reason", "enough")["orders_per_week"] is None
    assert run("autonomy", "undo", "pump")["orders_per_week"] == 3
    assert [step["action"] for step in run("autonomy", "steps", "pump")["steps"]] == ["undone", "set", "set"]
    assert run("autonomy", "measure") == {"moved": []}


def test_what_is_held_is_listed_and_released(plant_room: TestRoom) -> None:
    assert lines("autonomy", "held") == ["nothing is held back"]
    run("autonomy", "set", "pump", "--level", "advise", "--reason", "we look first")
    plant_room.orders.advise(replace(spall_advice(), at_us=plant_room.room.now_us()))
    (line,) = lines("autonomy", "held", "pump")
    assert line.startswith(f"p101 {SPALL}  priority 3: Forewarn only advises")
    assert run("autonomy", "release", "p101", str(SPALL))["number"] == "WO-000001"
    assert run("autonomy", "held") == {"held": []}
    with pytest.raises(Rejected, match="not-found"):
        run("autonomy", "release", "p102", str(SPALL))


def test_windows_are_planned_listed_and_taken_back(plant_room: TestRoom) -> None:
    assert lines("windows", "list") == ["no maintenance window is planned"]
    made = run("windows", "plan", "plant", "-", "--hours", "8", "--reason", "shutdown", "--repeat", "weekly")
    assert made["stands_until"] is not None  # it begins now, by the clock of the plant
    (line,) = lines("windows", "list")
    assert "plant: 8 h, weekly, stands until" in line
    assert run("windows", "end", made["id"]) == {"windows": []}


@pytest.mark.parametrize("wrong", [["--budget", "many"], []])
def test_a_setting_that_says_nothing_is_asked_back(wrong: list[str]) -> None:
    result = CliRunner().invoke(commands, ["autonomy", "set", "pump", "--reason", "why", *wrong])
    assert result.exit_code == 2
    assert "budget" in result.output
