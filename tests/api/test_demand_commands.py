"""`forewarn demand` against the real interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_demand
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.demand_desk import demand_of
from forewarn.api.demand_settings import DemandSettings
from forewarn.core.errors import Conflict
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom

BEARING = "brg-6205"


@pytest.fixture(autouse=True)
def connected(app: FastAPI, plant_room: TestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands talk to the app of this test instead of to the address of the settings."""
    demand_of(DemandSettings(), plant_room.room, plant_room.records, plant_room.orders)
    plant_room.assess("p101")

    def client(_: Path | None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_demand, "connected", client)


def say(*arguments: str) -> str:
    result = CliRunner().invoke(commands, ["demand", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def run(*arguments: str) -> Any:
    return json.loads(say(*arguments, "--json").splitlines()[-1])


def test_demand_is_shown_reviewed_decided_and_taken_back_on_the_command_line() -> None:
    assert run("list", "--days", "20", "--limit", "1")["parts"][0]["part"] == BEARING
    shown = run("show", BEARING, "--days", "20")
    assert shown["traces"][0]["asset"] == "p101"
    assert "outer-race spall, de_bearing of p101" in say("show", BEARING)
    assert "no review was held yet" in say("reviews")
    assert [line["id"] for line in run("review", "--preview", "--part", BEARING)["lines"]] == [None]
    lines = {line["part"]: line["id"] for line in run("review")["lines"]}
    assert run("approve", str(lines[BEARING]), "--note", "agreed")["state"] == "applied"
    assert run("decline", str(lines["seal-25"]))["state"] == "declined"
    assert [one["part"] for one in run("policies")["policies"]] == [BEARING]
    assert f"{BEARING:<20} reorder at" in say("policies")
    assert run("reviews")["reviews"][0]["counts"] == {"proposed": len(lines)}  # as on the day that it was held
    assert run("lines", "--state", "declined")["lines"][0]["part"] == "seal-25"
    with pytest.raises(Conflict, match="declined"):
        run("approve", str(lines["seal-25"]))
    assert run("reverse", str(lines[BEARING]))["state"] == "reversed"
    assert "there are no policies yet" in say("policies")


def test_proposals_and_accuracy_say_when_there_is_nothing() -> None:
    assert run("proposals", "--tell-buyers")["proposals"] == []
    assert "nothing has to be ordered now" in say("proposals")
    assert "no month with a forecast is over yet" in say("accuracy")
    assert run("accuracy", "--part", BEARING)["count"] == 0


def test_a_review_that_is_kept_is_of_all_parts() -> None:
    result = CliRunner().invoke(commands, ["demand", "review", "--part", BEARING])
    assert result.exit_code == 2
    assert "--preview" in result.output
