"""The outbox over HTTP and from the command line: what waits, what is dead, and sending it again, which is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from forewarn.api.audit_key import head_key
from forewarn.api.cli import app as commands
from forewarn.api.record_jobs import RecordJobs, webhook_delivery
from forewarn.api.settings import Settings
from forewarn.core.errors import Rejected
from forewarn.maintenance.audit import audit_head, history_of
from forewarn.maintenance.audit_heads import forged, read_noted
from forewarn.maintenance.delivery import Delivery, Outcome
from forewarn.maintenance.outbox import Message
from forewarn.maintenance.outbox_desk import OutboxDesk
from forewarn.maintenance.records import open_records
from tests.api.rooms import TestRoom


class Refusing:
    """A connector that refuses until it is told not to."""

    def __init__(self) -> None:
        self.outcome = Outcome.refused("the receiver answered 400")

    def send(self, message: Message) -> Outcome:
        return self.outcome

    def close(self) -> None:
        """Nothing is held."""


def test_without_a_receiver_nothing_waits_and_nothing_can_be_sent_again(
    client: TestClient, plant_room: TestRoom
) -> None:
    empty = {"receiver": False, "waiting": 0, "dead": 0, "messages": []}
    for desk in (None, OutboxDesk(plant_room.records, None)):
        plant_room.room.outbox = desk
        plant_room.assess("p101")
        assert client.get("/api/outbox").json() == empty
        assert client.post("/api/outbox/1/resend").status_code == 404


def test_a_dead_message_is_shown_with_its_reason_and_sent_again(client: TestClient, plant_room: TestRoom) -> None:
    connector = Refusing()
    delivery = Delivery(plant_room.records, "webhook", connector)
    delivery.pass_once()
    plant_room.room.outbox = OutboxDesk(plant_room.records, delivery.begin)
    plant_room.assess("p101")
    plant_room.open_order()
    waiting = client.get("/api/outbox").json()
    assert (waiting["receiver"], waiting["dead"]) == (True, 0)
    assert waiting["waiting"] == len(waiting["messages"]) > 0
    for _ in range(waiting["waiting"]):
        delivery.pass_once()
    found = client.get("/api/outbox?dead=true").json()
    assert (found["waiting"], found["dead"]) == (0, waiting["waiting"])
    oldest = found["messages"][-1]
    assert (oldest["error"], oldest["attempts"]) == ("the receiver answered 400", 1)
    again = client.post(f"/api/outbox/{oldest['number']}/resend").json()
    assert (again["waiting"], again["dead"]) == (1, waiting["waiting"] - 1)
    with plant_room.records.read() as connection:
        [row] = history_of(connection, f"outbox:{oldest['number']}")
    assert row["action"] == "resend"
    connector.outcome = Outcome.done()
    assert delivery.pass_once() == 1
    refused = client.post(f"/api/outbox/{oldest['number']}/resend")
    assert refused.status_code == 404
    assert "no dead message" in refused.text


def test_a_webhook_needs_a_secret(plant_room: TestRoom, tmp_path: Path) -> None:
    told = Settings.model_validate({"state_dir": tmp_path, "webhook": {"url": "http://127.0.0.1:9/"}})
    with pytest.raises(Rejected, match="secret_file"):
        webhook_delivery(told, plant_room.records)
    assert webhook_delivery(Settings(state_dir=tmp_path), plant_room.records) is None


def test_the_head_of_the_audit_is_noted_when_the_system_stops(plant_room: TestRoom, tmp_path: Path) -> None:
    plant_room.assess("p101")
    plant_room.open_order()
    jobs = RecordJobs(Settings(state_dir=tmp_path), plant_room.records)
    jobs.start()
    jobs.stop()
    noted = read_noted(tmp_path / "audit-heads.jsonl")
    assert [one.head.seq for one in noted][-1:] == [audit_head(plant_room.records).seq]
    assert noted[-1].signature
    assert forged(noted, head_key(tmp_path / "audit-key")) is None


def test_the_commands_name_the_first_bad_row_and_what_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.maintenance.test_audit import chain, tampered_for_good

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWARN_STATE_DIR", str(tmp_path))
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    chain_rows = chain(50)
    tampered_for_good(records, chain_rows)
    run, noted = CliRunner(), str(tmp_path / "noted")
    assert run.invoke(commands, ["audit", "head", "--out", noted]).exit_code == 0
    whole = run.invoke(commands, ["audit", "verify", "--heads", noted, "--json"])
    assert (whole.exit_code, json.loads(whole.stdout)["noted_heads"]) == (0, 1)
    cut = (
        "DELETE FROM audit WHERE seq > 40",
        "UPDATE audit_head SET seq = 40, hash = (SELECT hash FROM audit WHERE seq = 40)",
    )
    tampered_for_good(records, None, *cut)
    assert run.invoke(commands, ["audit", "verify"]).exit_code == 0
    found = run.invoke(commands, ["audit", "verify", "--heads", noted])
    assert (found.exit_code, "row 41 of 40" in found.stdout) == (1, True)
    tampered_for_good(records, None, "UPDATE audit SET actor = 'bob' WHERE seq = 17")
    told = json.loads(run.invoke(commands, ["audit", "verify", "--json"]).stdout)
    assert (told["first_bad"], told["why"]) == (17, "row 17 was changed")
    records.close()


def test_the_command_names_a_head_that_was_not_signed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.maintenance.test_audit import chain, tampered_for_good

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWARN_STATE_DIR", str(tmp_path))
    tampered_for_good(open_records(f"sqlite:///{tmp_path}/records.db"), chain(50))
    run, noted = CliRunner(), tmp_path / "noted"
    assert run.invoke(commands, ["audit", "head", "--out", str(noted)]).exit_code == 0
    line = json.loads(noted.read_text())
    noted.write_text(noted.read_text() + json.dumps({**line, "seq": 49, "hash": chain(50)[0][48]["hash"]}) + "\n")
    said = run.invoke(commands, ["audit", "verify", "--heads", str(noted)])
    assert said.exit_code == 1
    assert "line 2" in said.stdout
    assert "the head of row 49: its signature does not fit" in said.stdout
    told = json.loads(run.invoke(commands, ["audit", "verify", "--heads", str(noted), "--json"]).stdout)
    assert (told["first_bad"], told["forged_head"], told["noted_heads"]) == (None, 49, 1)
    moved = (tmp_path / "audit-key").rename(tmp_path / "elsewhere")
    assert "give the key" in run.invoke(commands, ["audit", "verify", "--heads", str(noted)]).stdout
    assert not (tmp_path / "audit-key").exists()  # looking makes none
    again = run.invoke(commands, ["audit", "verify", "--heads", str(noted), "--key", str(moved)])
    assert "the head of row 49" in again.stdout
