"""`forewarn pm` and `forewarn history` on a state folder; the excavators of the field imported as history."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from forewarn.api.cli import app
from forewarn.core.errors import Rejected
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, open_records
from tests.api.rooms import SMALL_PLANT
from tests.conftest import ROOT

PLANS = """
grease:
  title: Grease
  trigger: fixed
  start: 2026-03-02
  assets: [p101, p102]
  component: de_bearing
  every: {count: 1, unit: weeks}
"""
EXCAVATORS = """
plant: Iron Hill
sites: {pit: {name: Pit, timezone: Australia/Perth}}
templates:
  excavator: {class: excavator, components: {engine: {kind: rotor}}, signals: {load: {unit: "%", period_s: 60}}}
assets:
  excavator-a: {template: excavator, name: Excavator A, area: pit}
  excavator-c: {template: excavator, name: Excavator C, area: pit}
  excavator-d: {template: excavator, name: Excavator D, area: pit}
"""
MONDAY = "2026-03-02T00:00:00Z"  # eight in Shanghai


class Folder:
    """A state folder and its plant file."""

    def __init__(self, place: Path, plant: Path) -> None:
        self.state, self.plant, self.place = place / "state", plant, place

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--state-dir", str(self.state), "--plant", str(self.plant)])

    def told(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output + str(done.exception)
        return json.loads(done.stdout.splitlines()[-1])

    def records(self) -> Records:
        return open_records(f"sqlite:///{self.state}/records.db")

    def write(self, name: str, text: str) -> str:
        file = self.place / name
        file.write_text(text)
        return str(file)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, SMALL_PLANT)


def test_plans_of_a_file_are_set_once_listed_and_their_orders_opened_once(folder: Folder) -> None:
    plans = folder.write("plans.yaml", PLANS)
    assert folder.told("pm", "set", plans) == {"changed": ["grease"], "plans": 1}
    assert folder.told("pm", "set", plans)["changed"] == []
    assert [plan["id"] for plan in folder.told("pm", "list")["plans"]] == ["grease"]
    due = folder.told("pm", "due", "--at", MONDAY)["due"]
    assert [(row["asset"], row["ready"]) for row in due] == [("p101", True), ("p102", True)]
    opened = folder.told("pm", "generate", "--at", MONDAY)["opened"]
    assert [row["asset"] for row in opened] == ["p101", "p102"]
    assert folder.told("pm", "generate", "--at", MONDAY)["opened"] == []
    assert "WO-000001" in folder.run("pm", "due", "--at", MONDAY).stdout


def test_slots_are_skipped_and_deferred_and_machines_retired(folder: Folder) -> None:
    folder.told("pm", "set", folder.write("plans.yaml", PLANS))
    skipped = folder.told("pm", "skip", "grease", "p101", "--reason", "stands", "--at", MONDAY)
    assert skipped["slot"]["state"] == "skipped"
    until = ("--until", "2026-03-05T00:00:00Z", "--reason", "harvest", "--at", MONDAY)
    assert folder.told("pm", "defer", "grease", "p102", *until)["slot"]["state"] == "deferred"
    assert folder.told("pm", "retire", "p101", "--reason", "sold")["retired"] == {"p101": "sold"}
    refused = folder.run("pm", "generate", "grease", "--asset", "p101")
    assert isinstance(refused.exception, Rejected)
    assert folder.told("pm", "retire", "p101", "--back")["retired"] == {}
    assert folder.told("pm", "generate", "grease", "--asset", "p101", "--at", MONDAY)["opened"][0]["asset"] == "p101"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grease: {title: x}", "trigger"),
        ("grease: [1]", "grease"),
        ("- a", "no table"),
        ("a: [", "plans.yaml"),
        (PLANS.replace("weeks", "moons"), "grease.every.unit"),
    ],
)
def test_a_plan_file_that_is_wrong_names_the_place_and_sets_nothing(folder: Folder, text: str, words: str) -> None:
    refused = folder.run("pm", "set", folder.write("plans.yaml", text))
    assert isinstance(refused.exception, Rejected)
    assert words in str(refused.exception)
    assert folder.told("pm", "list")["plans"] == []


def test_history_is_shown_first_and_written_when_it_is_asked_for(folder: Folder) -> None:
    mapping = folder.write("map.yaml", "{source: old, columns: {date: d, asset: a, text: t}}")
    rows = folder.write("orders.csv", "d,a,t\n2020-01-01,p101,Leak\nsoon,p101,Leak\n")
    shown = folder.told("history", "import", rows, "--map", mapping)
    assert (shown["new"], shown["wrong"], shown["applied"]) == (1, 1, False)
    assert shown["errors"][0]["row"] == 3
    refused = folder.run("history", "import", rows, "--map", mapping, "--apply")
    assert isinstance(refused.exception, Rejected)
    assert "line 3" in str(refused.exception)
    assert folder.told("history", "import", rows, "--map", mapping, "--apply", "--skip-wrong")["new"] == 1
    assert folder.told("history", "import", rows, "--map", mapping, "--apply", "--skip-wrong")["known"] == 1


@pytest.mark.data
@pytest.mark.slow
def test_the_excavators_become_history_that_the_court_hears(tmp_path: Path, data_dir: Callable[[str], Path]) -> None:
    plant = tmp_path / "plant.yaml"
    plant.write_text(EXCAVATORS)
    folder = Folder(tmp_path, plant)
    rows = str(data_dir("excavators") / "work_orders.csv.gz")
    words = ("history", "import", rows, "--map", str(ROOT / "docs/howto/excavators.yaml"))
    done = folder.told(*words, "--apply")
    assert (done["rows"], done["new"], done["wrong"]) == (3517, 3517, 0)
    assert done["by_kind"] == {"corrective": 3408, "preventive": 109}
    assert folder.told(*words, "--apply")["known"] == 3517
    _records_hold_them(folder)
    _the_court_hears_them(folder)
    whole_life = folder.told("asset", "file", "excavator-c")
    [spent] = whole_life["spent"]
    assert (spent["currency"], spent["total"] > 1e6) == ("AUD", True)
    assert whole_life["parts"][0]["used"] > 50


def _records_hold_them(folder: Folder) -> None:
    records = folder.records()
    book = OrderBookSql(records)
    orders = book.orders(asset="excavator-c", limit=10_000, evidence=False)
    assert not any(order.is_open for order in orders)
    assert pending(records) == []
    assert verify_audit(records) is None
    buckets = [order for order in orders if any(c.fault.component == "bucket" for c in order.causes)]
    assert len(buckets) > 100
    jobs = [book.job(order.id) for order in orders[:50]]
    assert sum(job.costs("AUD").total for job in jobs if job is not None) > 10_000
    records.close()


def _the_court_hears_them(folder: Folder) -> None:
    plan = (
        "{title: Service, trigger: floating, start: 2002-01-01, asset_class: excavator, every: {count: 6, unit: months}"
    )
    text = f"hydraulics: {plan}, component: hydraulic-system}}\ncylinders: {plan}, component: hydraulic-cylinders}}\n"
    folder.told("pm", "set", folder.write("plans.yaml", text))
    cylinders, hydraulics = folder.told("pm", "court")["judgements"]
    assert cylinders["verdict"] == "not enough evidence"
    assert "at least 8 are needed" in cylinders["reason"]
    assert hydraulics["tasks"] > 20
    assert sum(mode["failures"] for mode in hydraulics["modes"]) > 500
    assert {"ELU", "STD"} <= {mode["mode"] for mode in hydraulics["modes"]}
    assert hydraulics["trend"]["laplace"] > 3, "the fleet was worn ever harder over these years"
    assert hydraulics["verdict"] == "not enough evidence"
    assert hydraulics["proposed"] is None
