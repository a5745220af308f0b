"""Tables in and out over the interface, the client and the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api import cli_exchange
from forewarn.api.cli import app as commands
from forewarn.api.client import Client
from forewarn.api.exchange_desk import tables_of
from forewarn.api.people_desk import people_of_plant
from forewarn.api.plans_desk import plans_of
from forewarn.core.errors import Conflict, Rejected
from forewarn.maintenance.exchange.cells import LIMITS
from forewarn.maintenance.exchange.desk import Exchange
from tests.api.conftest import BASE
from tests.api.rooms import SMALL_PLANT, TestRoom

PEOPLE = b"id;name;week;rate_per_h\nann;Ann;mon-fri 06:00-14:00;52,5\nbob;Bob;sat 06:00-12:00;40\n"
WRONG = PEOPLE.replace(b"40", b"40,5x")


@pytest.fixture(autouse=True)
def tables(plant_room: TestRoom, tmp_path: Path) -> Exchange:
    shutil.copy(SMALL_PLANT, tmp_path / "plant.yaml")
    people_of_plant(plant_room.room, plant_room.records, plant_room.orders)
    plans_of(plant_room.room, plant_room.records, plant_room.orders)
    return tables_of(plant_room.room, plant_room.records, tmp_path / "plant.yaml", tmp_path / "adopted.yaml")


@pytest.fixture
def program(app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    def made(_: Path | None = None) -> Client:
        return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))

    monkeypatch.setattr(cli_exchange, "connected", made)
    return made()


def run(*arguments: str, fails: bool = False) -> Any:
    result = CliRunner().invoke(commands, [*arguments, "--json"])
    assert (result.exit_code != 0) is fails, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_a_file_is_previewed_applied_with_its_token_and_undone(client: TestClient) -> None:
    preview = client.post("/api/tables/people/preview", content=PEOPLE).json()
    assert preview["counts"] == {"new": 2, "changed": 0, "same": 0, "wrong": 0}
    assert client.get("/api/people").json() == []
    head = {"If-Match": f'"{preview["token"]}"'}
    done = client.post("/api/tables/people/apply?filename=crew.csv", content=PEOPLE, headers=head)
    assert done.status_code == 200
    assert done.json()["written"] == 2
    assert [person["rate_per_h"] for person in client.get("/api/people").json()] == [52.5, 40.0]
    again = client.post("/api/tables/people/preview", content=PEOPLE).json()
    assert again["counts"]["same"] == 2
    assert again["rows"] == []
    undone = client.post(f"/api/tables/imports/{done.json()['id']}/undo").json()
    assert (undone["filename"], undone["undone_by"]) == ("crew.csv", "planner")
    assert [person["active"] for person in client.get("/api/people").json()] == [False, False]


def test_a_wrong_row_stops_all_with_its_place_and_the_fix_and_the_rest_on_request(client: TestClient) -> None:
    preview = client.post("/api/tables/people/preview", content=WRONG).json()
    assert [issue["text"] for issue in preview["issues"]] == [
        "row 3, column rate_per_h: '40,5x' is not a number: write 40.5"
    ]
    head = {"If-Match": preview["token"]}
    refused = client.post("/api/tables/people/apply", content=WRONG, headers=head)
    assert refused.status_code == 422
    assert "row 3, column rate_per_h" in refused.json()["detail"]
    assert client.get("/api/people").json() == []
    done = client.post("/api/tables/people/apply?good_rows=true", content=WRONG, headers=head).json()
    assert (done["written"], done["left_out"]) == (1, 1)


def test_without_a_token_or_with_an_old_one_nothing_is_written(client: TestClient) -> None:
    assert client.post("/api/tables/people/apply", content=PEOPLE).status_code == 428
    token = client.post("/api/tables/people/preview", content=PEOPLE).json()["token"]
    other = client.post("/api/tables/people/apply", content=WRONG, headers={"If-Match": token})
    assert other.status_code == 412
    assert "preview it again" in other.json()["detail"]


def test_the_same_request_under_its_key_is_answered_again_and_not_done_again(client: TestClient) -> None:
    token = client.post("/api/tables/people/preview", content=PEOPLE).json()["token"]
    head = {"If-Match": token, "Idempotency-Key": "once-only-1"}
    answers = [client.post("/api/tables/people/apply", content=PEOPLE, headers=head).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(client.get("/api/tables/imports").json()) == 1


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_goes_out_says_the_same_when_it_comes_in(client: TestClient, format: str) -> None:
    token = client.post("/api/tables/people/preview", content=PEOPLE).json()["token"]
    client.post("/api/tables/people/apply", content=PEOPLE, headers={"If-Match": token})
    answer = client.get(f"/api/tables/people.{format}")
    assert answer.headers["content-disposition"] == f'attachment; filename="people.{format}"'
    counts = client.post("/api/tables/people/preview", content=answer.content).json()["counts"]
    assert counts == {"new": 0, "changed": 0, "same": 2, "wrong": 0}


def test_unknown_kinds_formats_and_too_large_files_say_what_to_do(client: TestClient) -> None:
    unknown = client.post("/api/tables/bolts/preview", content=PEOPLE)
    assert (unknown.status_code, "known are assets, people" in unknown.json()["detail"]) == (422, True)
    assert client.get("/api/tables/people.pdf").status_code == 422
    large = client.post("/api/tables/people/preview", content=b"x" * (LIMITS.bytes + 1))
    assert (large.status_code, "split it" in large.json()["title"]) == (413, True)


def test_an_imported_machine_is_there_at_once_and_gone_when_undone(client: TestClient, plant_room: TestRoom) -> None:
    table = b"id,name,class,area,power_kw\nf202,Second fan,fan,cooling,5.5\n"
    token = client.post("/api/tables/assets/preview", content=table).json()["token"]
    done = client.post("/api/tables/assets/apply", content=table, headers={"If-Match": token}).json()
    assert plant_room.room.plant.asset("f202") is not None
    client.post(f"/api/tables/imports/{done['id']}/undo")
    assert plant_room.room.plant.asset("f202") is None


def test_the_command_line_previews_applies_exports_and_undoes(program: Client, tmp_path: Path) -> None:
    file = tmp_path / "crew.csv"
    file.write_bytes(PEOPLE)
    assert run("table", "import", str(file), "--kind", "people")["applied"] is None
    done = run("table", "import", str(file), "--kind", "people", "--apply")
    assert done["applied"]["written"] == 2
    out = tmp_path / "people.xlsx"
    run("table", "export", "people", "--out", str(out))
    assert run("table", "import", str(out), "--kind", "people")["counts"]["same"] == 2
    assert run("table", "imports")["imports"][0]["filename"] == "crew.csv"
    assert run("table", "undo", str(done["applied"]["id"]))["undone_by"] == "program"
    assert [kind["name"] for kind in run("table", "kinds")["kinds"]][:2] == ["assets", "people"]


def test_the_command_line_refuses_wrong_rows_and_takes_good_ones_on_request(program: Client, tmp_path: Path) -> None:
    file = tmp_path / "crew.csv"
    file.write_bytes(WRONG)
    assert run("table", "import", str(file), "--kind", "people", "--apply", fails=True)["applied"] is None
    assert run("table", "import", str(file), "--kind", "people", "--apply", "--good-rows")["applied"]["written"] == 1


def test_a_template_needs_no_server_and_takes_nothing_in(tmp_path: Path, tables: Exchange) -> None:
    out = tmp_path / "plans.xlsx"
    run("table", "template", "plans", "--out", str(out))
    assert tables.preview("plans", out.read_bytes()).counts == {"new": 0, "changed": 0, "same": 0, "wrong": 0}


def test_the_client_raises_what_the_server_says(program: Client) -> None:
    token = program.preview_table("people", PEOPLE)["token"]
    with pytest.raises(Rejected, match="40,5x"):
        program.apply_table("people", WRONG, program.preview_table("people", WRONG)["token"])
    assert program.apply_table("people", PEOPLE, token)["written"] == 2
    with pytest.raises(Conflict, match="preview it again"):
        program.apply_table("people", PEOPLE, token)
    assert program.table_template("people", "csv").startswith(b"\xef\xbb\xbfid,name")
