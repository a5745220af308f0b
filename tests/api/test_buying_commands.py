"""The commands of buying, against the real interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_buying, cli_purchases
from forewarn.api.buying_desk import buying_of
from forewarn.api.client import Client
from forewarn.api.views import moment
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.stock import PartCard
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom, spall_advice
from tests.maintenance.samples import ANN, NOW_US

Run = Callable[..., str]

COMMANDS = typer.Typer()  # these alone: the whole command line is built anew for each call
cli_buying.register(COMMANDS)


@pytest.fixture
def run(app: FastAPI, plant_room: TestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command whose server is the app of this test; answers what it printed."""
    buying_of(plant_room.room, plant_room.records, plant_room.orders)
    assert plant_room.room.buying is not None
    plant_room.room.buying.deliveries.stock.save_card(PartCard("6205", price=30.0), ANN, NOW_US)

    @contextmanager
    def server(state_dir: Path | None) -> Iterator[Client]:
        yield Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    for module in (cli_buying, cli_purchases):
        monkeypatch.setattr(module, "connected", server)

    def run(*words: str) -> str:
        done = CliRunner().invoke(COMMANDS, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def as_json(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text.splitlines()[-1])
    return told


def later(room: TestRoom, days: float) -> str:
    return (moment(room.room.now_us()) + timedelta(days=days)).isoformat()


def test_the_whole_road_from_a_terminal(run: Run, plant_room: TestRoom) -> None:
    assert "no supplier yet" in run("suppliers", "list")
    for id in ("acme", "best"):
        run("suppliers", "set", id, "--name", id.title(), "--email", f"{id}@example.com")
    run("suppliers", "set", "best", "--contact", "Rosa")
    assert "Best" in run("suppliers", "list")
    order = plant_room.open_order(spall_advice())
    need = as_json(run("proposals", "add", "6205", "3", "--order", order.number, "--json"))
    assert f"3 for {order.number}" in run("proposals", "list")
    run("proposals", "approve", str(need["id"]))
    asked = run(
        *("rfqs", "ask", "--proposal", str(need["id"]), "--supplier", "acme", "--supplier", "best"),
        *("--answer-by", later(plant_room, 3), "--late", "6205=20"),
    )
    assert "0 of 2 answered" in asked
    assert "Rosa" in run("rfqs", "letter", "RFQ-000001", "best")
    assert run("rfqs", "letter", "RFQ-000001", "best", "--csv").startswith("rfq,part,quantity")
    assert "nobody has answered yet" in run("rfqs", "compare", "RFQ-000001", "6205")
    best = ("rfqs", "quote", "RFQ-000001", "best", "6205", "--price", "30", "--price", "10=25", "--p50", "4")
    run(*best, "--p90", "8", "--freight", "9")
    run("rfqs", "decline", "RFQ-000001", "acme")
    assert "2 of 2 answered" in run("rfqs", "list")
    assert run("rfqs", "compare", "RFQ-000001", "6205").startswith("1. best: ")
    assert "PO-000001  DRAFT" in run("rfqs", "choose", "RFQ-000001", "6205", "best")
    run("purchases", "amend", "PO-000001", "1", "--price", "29")
    run("purchases", "move", "PO-000001", "approved")
    run("purchases", "move", "PO-000001", "sent")
    run("purchases", "confirm", "PO-000001", "--date", f"1={later(plant_room, 5)}", "--note", "by telephone")
    assert "Purchase order PO-000001" in run("purchases", "letter", "PO-000001")
    assert "3 on order" in run("proposals", "on-order")
    came = as_json(run("purchases", "receive", "PO-000001", "LS-1", "--line", "1=3,1,1", "--json"))
    assert (came["lines"][0]["accepted"], came["lines"][0]["open"]) == (1, 1)
    run("purchases", "inspect", "PO-000001", str(came["receipts"][0]["id"]), "1", "--accepted", "1")
    run("purchases", "receive", "PO-000001", "LS-2", "--line", "1=1")
    assert "RECEIVED" in run("purchases", "list", "--order", order.number)
    assert "as ordered" in run("purchases", "invoice", "PO-000001", "R-1", "--line", "1=3,29", "--freight", "9")
    assert "31.00 EUR a piece" in run("purchases", "invoice", "PO-000001", "R-2", "--line", "1=1,31")
    shown = run("purchases", "show", "PO-000001")
    assert "delivery note LS-1" in shown
    assert "may become: CLOSED" in shown
    assert "cannot tell yet" in run("suppliers", "score", "best")


def test_what_cannot_be_read_says_what_is_expected(run: Run, plant_room: TestRoom) -> None:
    run("suppliers", "set", "acme", "--name", "Acme")
    need = as_json(run("proposals", "add", "6205", "3", "--json"))
    run("proposals", "approve", str(need["id"]))
    direct = ("purchases", "direct", "acme", "--proposal", str(need["id"]), "--note", "contract", "--terms")
    with pytest.raises(Rejected, match="NAME=VALUE"):
        run(*direct, "6205")
    with pytest.raises(Rejected, match="3 to 3 numbers"):
        run(*direct, "6205=1")
    run(*direct, "6205=30,5,9")
    with pytest.raises(Conflict, match="it may become APPROVED, CANCELLED"):
        run("purchases", "move", "PO-000001", "sent")
    with pytest.raises(Rejected, match="lines 1 only"):
        run("purchases", "receive", "PO-000001", "LS-1", "--line", "7=1")
    other = as_json(run("proposals", "add", "6205", "1", "--json"))
    assert "dropped" in run("proposals", "drop", str(other["id"]), "--note", "found some")
    asked = as_json(run("proposals", "add", "6205", "1", "--json"))
    run("proposals", "approve", str(asked["id"]))
    ask = ("rfqs", "ask", "--proposal", str(asked["id"]), "--supplier", "acme", "--answer-by", later(plant_room, 3))
    run(*ask)
    assert "cancelled" in run("rfqs", "cancel", "RFQ-000001", "--note", "no time")
