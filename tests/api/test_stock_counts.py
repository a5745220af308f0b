"""Counting, classes, losses and dead stock over the interface, the client and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_counts, cli_stock
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.settings import Settings
from forewarn.api.stock_desk import StockDesk, stock_of
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Status
from forewarn.maintenance.stock.counting import Count
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom

PAT = Actor("pat", "planner")


@pytest.fixture(autouse=True)
def desk(plant_room: TestRoom) -> StockDesk:
    return stock_of(Settings().stock, plant_room.room, plant_room.records, plant_room.orders)


@pytest.fixture
def program(app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: StockDesk) -> Client:
    def made(_: Path | None = None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_stock, "connected", made)
    monkeypatch.setattr(cli_counts, "connected", made)
    return made()


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def said(*arguments: str) -> str:
    result = CliRunner().invoke(commands, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def line_of(sheet: dict[str, Any], part: str) -> int:
    return next(int(line["line"]) for line in sheet["lines"] if line["part"] == part)


def counted(program: Client) -> dict[str, Any]:
    """The main store, counted: one bearing of two is missing, as two people saw."""
    sheet = program.draw_count(["main"])
    for line in sheet["lines"]:
        pieces = {"brg-6205": 1, "belt-b42": 4, "temp-probe": 1}[line["part"]]
        sheet = program.count_line(sheet["number"], line["line"], pieces, "bob")
    return program.count_line(sheet["number"], line_of(sheet, "brg-6205"), 1, "eve")


def test_who_counts_is_told_neither_the_ledger_nor_what_others_counted(program: Client) -> None:
    sheet = program.draw_count(["main"])
    told = program.count_line(sheet["id"], line_of(sheet, "brg-6205"), 1, "bob")
    assert (told["state"], told["blind"], told["value"]) == ("open", True, None)
    line = told["lines"][line_of(sheet, "brg-6205") - 1]
    assert (line["need"], line["expected"], line["difference"]) == ("counted", None, None)
    assert [(one["pieces"], one["by"]) for one in line["counts"]] == [(None, "bob")]
    for other in ("belt-b42", "temp-probe"):
        told = program.count_line(sheet["id"], line_of(sheet, other), 4 if other == "belt-b42" else 1, "bob")
    assert told["state"] == "recount"
    assert {line["part"]: line["need"] for line in told["lines"]}["brg-6205"] == "recount"
    with pytest.raises(Conflict, match="somebody else"):
        program.count_line(sheet["id"], line_of(sheet, "brg-6205"), 2, "bob")


def test_a_sheet_is_posted_once_under_its_revision(client: TestClient, program: Client) -> None:
    sheet = counted(program)
    assert (sheet["state"], sheet["value"], sheet["allowed"]) == ("ready", -18.5, ["posted", "recount", "cancelled"])
    path, fresh = f"/api/stock/counts/{sheet['id']}/post", {"If-Match": f'"{sheet["revision"]}"'}
    assert client.post(path).status_code == 428
    assert client.post(path, headers={"If-Match": '"1"'}).status_code == 412
    keyed = {**fresh, "Idempotency-Key": "posting-1"}
    first, again = client.post(path, headers=keyed), client.post(path, headers=keyed)
    assert (first.status_code, first.json()["state"]) == (200, "posted")
    assert first.json() == again.json()
    assert client.post(path, headers={"If-Match": first.headers["etag"]}).status_code == 409
    assert program.stock_part("brg-6205")["on_hand"] == 1
    assert list(program.stock_moves(reason=["count"])["note"]) == [
        f"{sheet['number']} line {line_of(sheet, 'brg-6205')}"
    ]


def test_unknown_sheets_empty_places_and_counts_in_the_future_are_refused(client: TestClient, program: Client) -> None:
    sheet = program.draw_count(["main"], parts=["brg-6205"])
    with pytest.raises(Rejected, match="nothing is to be counted"):
        program.draw_count(["quarantine"])
    with pytest.raises(Conflict, match="is being counted on CNT-000001"):
        program.draw_count(["main"])
    with pytest.raises(Conflict, match="nothing is due"):
        program.draw_count()
    with pytest.raises(Rejected, match="not in the future"):
        program.count_line(sheet["id"], 1, 2, at="2100-01-01T00:00:00Z")
    assert client.get("/api/stock/counts/77").status_code == 404
    assert program.cancel_count("cnt-000001", "rained in")["state"] == "cancelled"
    with pytest.raises(Conflict, match="nothing is counted on it any more"):
        program.count_line(sheet["id"], 1, 2)


@pytest.mark.slow
def test_a_count_is_walked_through_on_the_command_line(program: Client) -> None:
    assert "nothing is due" in said("count", "due")
    assert {one["part"] for one in run("count", "due", "--days", "400")["spots"]} == {
        "brg-6205",
        "belt-b42",
        "temp-probe",
    }
    sheet = run("count", "draw", "main", "--part", "brg-6205")
    assert "to be counted" in said("count", "show", sheet["number"])
    run("count", "tell", sheet["number"], "1", "1", "--by", "bob")
    assert "again by somebody else" in said("count", "show", sheet["number"])
    told = said("count", "tell", sheet["number"], "1", "1", "--by", "eve")
    assert "1 of 2: -1 (-18.50)" in told
    assert "booked: -18.50" in said("count", "post", sheet["number"])
    assert run("count", "list")["sheets"][0]["state"] == "posted"
    assert "no sheet" in said("count", "list", "--under-way")
    other = run("count", "draw", "main")
    assert run("count", "cancel", other["number"], "--reason", "tired")["state"] == "cancelled"


def test_losses_tell_the_rows_behind_and_who_moved_the_part(plant_room: TestRoom, program: Client) -> None:
    assert "nothing was counted" in said("stock", "losses")
    program.receive("brg-6205", 3, to="main")
    order = plant_room.open_order()
    approved = plant_room.orders.act(order.id, Status.APPR, PAT, order.revision, plant_room.room.now_us())
    program.issue_part(approved.number, "brg-6205", 3)
    program.post_count(counted(program)["number"])
    found = run("stock", "losses", "--handled")
    [bearing, *_] = found["groups"]
    assert (bearing["key"], bearing["missing_pieces"], bearing["unexplained_value"]) == ("brg-6205", 1, 18.5)
    assert bearing["rate"]["rate"] == pytest.approx(1 / 3)
    assert bearing["rate"]["low"] < 1 / 3 < bearing["rate"]["high"]
    [row] = bearing["rows"]
    assert (row["counted_by"], row["rest"], [one["by"] for one in row["handled"]]) == (
        "eve",
        -1,
        ["program", "forewarn"],
    )
    assert [group["key"] for group in run("stock", "losses", "--by", "place")["groups"]] == ["main"]
    assert "1 of 3 lines off" in said("stock", "losses", "--by", "class").splitlines()[-1]
    with pytest.raises(Rejected, match="lies behind"):
        program.stock_losses(since="2100-01-01T00:00:00Z")


def test_classes_say_what_is_dear_even_and_vital(plant_room: TestRoom, program: Client) -> None:
    order = plant_room.open_order()
    approved = plant_room.orders.act(order.id, Status.APPR, PAT, order.revision, plant_room.room.now_us())
    program.issue_part(approved.number, "brg-6205", 2)
    classes = program.part_classes()
    assert (classes.loc["brg-6205", "code"], classes.loc["brg-6205", "yearly_value"]) == ("AYV", 37.0)
    assert classes.loc["belt-b42", "code"] == "CZD"
    assert "AYV  brg-6205" in said("stock", "classes").splitlines()[0]


def test_dead_stock_is_told_with_who_still_needs_it(
    plant_room: TestRoom, program: Client, later: Callable[[float], None]
) -> None:
    program.save_part("gear-7", name="Gear of the old mill", price=450.0)
    program.receive("gear-7", 2)
    assert program.dead_stock().empty
    later(800)
    table = program.dead_stock()
    assert (table.loc["gear-7", "advice"], table.loc["gear-7", "surplus_value"]) == ("sell", 900.0)
    assert table.loc["brg-6205", "advice"] == "keep as insurance"
    needs = {part: {need["asset"] for need in of} for part, of in table["needs"].items()}
    assert "p101" in needs["brg-6205"]
    assert table.attrs["surplus_value"] >= 900.0
    assert "no asset in use needs it" in said("stock", "dead")
    assert program.dead_stock(still_days=2000).loc["gear-7", "motion"] == "slow"


def test_the_room_and_the_rolling_count_meet_after_a_month(
    plant_room: TestRoom, program: Client, desk: StockDesk, later: Callable[[float], None]
) -> None:
    order = plant_room.open_order()
    approved = plant_room.orders.act(order.id, Status.APPR, PAT, order.revision, plant_room.room.now_us())
    program.issue_part(approved.number, "brg-6205", 1)
    later(31)
    assert "walk main: 1 lines, 1 due: main" in said("count", "due")
    sheet = program.draw_count()
    assert [line["part"] for line in sheet["lines"]] == ["brg-6205"]
    told = desk.counts.count(sheet["id"], 1, Count(1, "bob", desk_now(plant_room)), PAT, desk_now(plant_room))
    assert told.state == "ready"


@pytest.fixture
def later(plant_room: TestRoom) -> Callable[[float], None]:
    """Lets so many days pass at once."""

    def pass_days(days: float) -> None:
        clock = plant_room.room.clock
        plant_room.room.clock = replace(clock, origin_plant_us=clock.origin_plant_us + round(days * US_PER_DAY))

    return pass_days


def desk_now(room: TestRoom) -> int:
    return room.room.now_us()


@pytest.mark.slow
def test_commands_of_the_store_room_show_what_the_interface_says(plant_room: TestRoom, program: Client) -> None:
    assert "2 on hand     0 put aside      2 free" in said("stock", "parts", "brg")
    assert "needed by fault plan de_bearing:outer_race_spall of p101 (VIB)" in said("stock", "show", "brg-6205")
    saved = run(
        "stock", "save", "glue", "--name", "Glue", "--price", "4", "--shelf-life-days", "90", "--lead-days", "2", "5"
    )
    assert (saved["lead_p90_days"], saved["shelf_life_days"]) == (5, 90)
    assert (
        run("stock", "save", "set", "--contains", "brg-6205=2", "--contains", "belt-b42")["contains"][0]["quantity"]
        == 2
    )
    run("stock", "places", "--save", "main/a-1", "--name", "Shelf")
    assert "main/a-1" in said("stock", "places")
    assert run("stock", "receive", "seal-25", "2", "--cost", "199")["amount"] == 398.0
    assert run("stock", "move", "transfer", "seal-25", "1", "--from", "main", "--to", "main/a-1")["to"] == "main/a-1"
    wrong = run("stock", "move", "scrap", "seal-25", "1", "--from", "main", "--note", "fell down")
    assert run("stock", "move", "correction", "--corrects", str(wrong["seq"]))["to"] == "main"
    assert run("stock", "kit", "set")["moves"]
    assert run("stock", "kit", "set", "--apart")["moves"]
    order = plant_room.open_order()
    number = plant_room.orders.act(order.id, Status.APPR, PAT, order.revision, plant_room.room.now_us()).number
    assert "held      1 x brg-6205" in said("stock", "reserve", number)
    assert run("stock", "reserve", number, "--release")["reservations"][0]["state"] == "released"
    run("stock", "issue", number, "brg-6205", "2")
    assert "in hand   2 x brg-6205" in said("stock", "order", number)
    run("stock", "return", number, "brg-6205", "--broken", "--note", "pitted")
    assert run("stock", "use", number)["moves"][0]["reason"] == "use"
    assert "nobody waits" in said("stock", "waiting")
    run("stock", "reserve", number, "seal-25=9")
    assert f"9 for {number} of p101" in said("stock", "waiting", "seal-25")
    assert "give_back" in said("stock", "moves", "--order", number)
    assert "a job" in said("stock", "parts", "--asset", "p101", "--mode", "ELP")
    assert "there are none" in said("stock", "serials", "seal-25")
    bad = CliRunner().invoke(commands, ["stock", "reserve", number, "seal-25=many"])
    assert isinstance(bad.exception, Rejected)
