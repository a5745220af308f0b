"""`forewarn kpi` on a state folder; figures and Pareto of the excavators of the field against their file."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from forewarn.core.errors import Rejected
from tests.api.rooms import SMALL_PLANT
from tests.api.test_plan_commands import EXCAVATORS, Folder
from tests.conftest import ROOT

PERTH = ZoneInfo("Australia/Perth")
SPAN = ("--from", "2005-01-01", "--to", "2009-12-31")
MODES = yaml.safe_load((ROOT / "docs/howto/excavators.yaml").read_text())["failure_modes"]
NAMES = {"A": "excavator-a", "C": "excavator-c", "D": "excavator-d"}
MAPPING = "{source: old, columns: {date: d, asset: a, text: t, cost: c, system: s, kind: k}, kinds: {r: corrective}}"
ROWS = (
    "d,a,t,c,s,k\n2020-01-01,p101,Leak,100,seal,r\n2020-01-20,p101,Leak,50.5,seal,r\n"
    "2020-04-01,p102,Stands,7,,r\n2020-06-30,p101,Hot,1,motor,r\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Four orders of the past; these commands only read."""
    made = Folder(tmp_path_factory.mktemp("works"), SMALL_PLANT)
    rows, mapping = made.write("orders.csv", ROWS), made.write("map.yaml", MAPPING)
    made.told("history", "import", rows, "--map", mapping, "--apply")
    return made


def test_figures_are_listed_with_what_they_are_made_of(folder: Folder) -> None:
    year = ("--from", "2020-01-01", "--to", "2020-12-31")
    kpis = {kpi["key"]: kpi for kpi in folder.told("kpi", "list", *year)["kpis"]}
    assert (kpis["mtbf"]["denominator"], kpis["maintenance_cost"]["value"]) == (4, 158.5)
    assert (kpis["maintenance_cost"]["unit"], kpis["mttr"]["value"]) == ("EUR", None)
    assert "known end" in kpis["mttr"]["why"]
    pump = folder.told("kpi", "show", "repeat_failures", "--asset", "p101", *year)
    assert (pump["kpi"]["numerator"], pump["kpi"]["denominator"]) == (1, 3)
    assert [row["note"] for row in pump["rows"]] == ["first", "again after WO-000001", "first"]
    shown = folder.run("kpi", "show", "mtbf", "--rows", "2", *year).stdout
    assert "operating hours / failures" in shown
    assert "more rows" in shown
    months = folder.told("kpi", "trend", "maintenance_cost", *year)["trend"]
    assert [month["numerator"] for month in months] == [150.5, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0, 0]
    assert folder.run("kpi", "trend", "mtbf", "--step", "week", *year).stdout.startswith("2020-01-01")


def test_lists_of_bad_actors_costs_and_load_are_told(folder: Folder) -> None:
    year = ("--from", "2020-01-01", "--to", "2020-12-31")
    ranked = folder.told("kpi", "bad-actors", "--by", "component", *year)["bad_actors"]
    assert [(one["what"], one["amount"]) for one in ranked] == [("seal", 2), ("(not told)", 1), ("motor", 1)]
    assert "* p101" in folder.run("kpi", "bad-actors", "--measure", "cost", *year).stdout
    [first, second] = folder.told("kpi", "costs", *year)["costs"]
    assert (first["what"], first["total"], second["total"]) == ("p101", 151.5, 7)
    assert "158.50 EUR" in folder.run("kpi", "costs", "--by", "kind", *year).stdout
    assert folder.told("kpi", "load", "--weeks", "2")["undated"] == 0
    assert "later 0 h" in folder.run("kpi", "load", "--from", "2020-02-03").stdout


def test_a_change_is_verified_or_it_is_said_that_nobody_can_tell(folder: Folder) -> None:
    words = ("kpi", "verify", "limit", "p101/flow", "--at", "2020-02-01", "--days", "120", "--asset", "p101")
    found = folder.told(*words)
    assert (found["verdict"], found["failures"]["before"], found["failures"]["after"]) == ("cannot_tell", 2, 0)
    assert folder.run(*words).stdout.startswith("Cannot tell yet: 2 failures in")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "mtfb"), "mtbf, mttr"),
        (("list", "--asset", "p999"), "p999"),
        (("list", "--class", "rocket"), "there are"),
        (("list", "--from", "soon"), "2026-12-24"),
        (("list", "--from", "2020-02-01", "--to", "2020-01-01"), "later `to`"),
        (("list", "--from", "1980-01-01", "--to", "2020-01-01"), "30 years"),
        (("trend", "mtbf", "--step", "day"), "week or month"),
        (("bad-actors", "--by", "colour"), "failure_mode"),
        (("bad-actors", "--by", "component", "--measure", "downtime"), "as a whole"),
        (("costs", "--by", "weather"), "supplier"),
        (("verify", "limit", "x"), "give `at`"),
        (("verify", "limit", "x", "--at", "2199-01-01"), "still to come"),
        (("verify", "interval", "none"), "no preventive plan"),
        (("verify", "part", "none"), "no report tells"),
        (("verify", "supplier", "none"), "none"),
        (("verify", "weather", "x"), "interval, limit, part, supplier"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(folder: Folder, words: tuple[str, ...], told: str) -> None:
    refused = folder.run("kpi", *words)
    assert isinstance(refused.exception, Rejected)
    assert told in str(refused.exception)


# the excavators


class Row:
    """One line of the file, read without any code of ours."""

    def __init__(self, told: dict[str, str]) -> None:
        self.asset = NAMES[told["Asset"]]
        self.day = datetime.fromisoformat(told["BscStartDate"][:10]).replace(tzinfo=PERTH)
        self.cost = float(told["Cost"] or 0)
        systems = [
            s for s in (re.sub(r"[^a-z0-9]+", "-", w.lower()).strip("-") for w in told["MajorSystem"].split("_")) if s
        ]
        self.systems = list(dict.fromkeys(systems))
        words = (told["FM"], *told["FM"].split("_"))
        code = next((MODES[word] for word in words if word in MODES), "OTH")
        self.mode = code if code not in ("OTH", "UNK") else ""
        self.fails = told["PMType"] != "PM02" and told["SuspSugg"] != "1"

    def repeats(self, other: Row) -> bool:
        if not timedelta() <= self.day - other.day <= timedelta(days=30):
            return False
        if self.systems and other.systems:
            return bool(set(self.systems) & set(other.systems))
        return self.mode == other.mode != ""


def rows_of(file: Path) -> list[Row]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return [Row(told) for told in csv.DictReader(lines)]


@pytest.mark.data
@pytest.mark.slow
def test_figures_and_pareto_of_the_excavators_are_those_of_their_file(
    tmp_path: Path, data_dir: Callable[[str], Path]
) -> None:
    plant = tmp_path / "plant.yaml"
    plant.write_text(EXCAVATORS)
    folder, file = Folder(tmp_path, plant), data_dir("excavators") / "work_orders.csv.gz"
    folder.told("history", "import", str(file), "--map", str(ROOT / "docs/howto/excavators.yaml"), "--apply")
    rows, first, last = rows_of(file), datetime(2005, 1, 1, tzinfo=PERTH), datetime(2010, 1, 1, tzinfo=PERTH)
    inside = [row for row in rows if first <= row.day < last]
    failed = [row for row in inside if row.fails]
    kpis = {kpi["key"]: kpi for kpi in folder.told("kpi", "list", *SPAN)["kpis"]}
    watched = timedelta()
    for name in NAMES.values():
        days = [row.day for row in rows if row.asset == name]
        seen = (
            max(min(days), first).astimezone(UTC),
            min(max(days), last).astimezone(UTC),
        )  # Perth had summer time then
        watched += max(seen[1] - seen[0], timedelta())
    assert (kpis["mtbf"]["denominator"], len(failed) > 1000) == (len(failed), True)
    assert kpis["mtbf"]["value"] == pytest.approx(watched.total_seconds() / 3600 / len(failed), rel=1e-6)
    assert kpis["maintenance_cost"]["value"] == pytest.approx(sum(row.cost for row in inside), abs=0.5)
    assert kpis["maintenance_cost"]["unit"] == "AUD"
    assert [key for key, kpi in kpis.items() if kpi["value"] is not None] == [
        "mtbf", "maintenance_cost", "repeat_failures",
    ]  # fmt: skip
    assert_pareto(folder, failed, inside)
    assert_repeats(folder, [row for row in rows if row.fails], first, last)


def assert_pareto(folder: Folder, failed: list[Row], inside: list[Row]) -> None:
    ranked = folder.told("kpi", "bad-actors", *SPAN)["bad_actors"]
    assert {one["what"]: one["amount"] for one in ranked} == Counter(row.asset for row in failed)
    ranked = folder.told("kpi", "bad-actors", "--by", "component", "--measure", "cost", *SPAN)["bad_actors"]
    money: defaultdict[str, float] = defaultdict(float)
    for row in inside:
        for system in row.systems or ["(not told)"]:
            money[system] += row.cost / len(row.systems or [1])
    assert {one["what"]: one["amount"] for one in ranked} == pytest.approx({k: v for k, v in money.items() if v > 0})
    assert [one["amount"] for one in ranked] == sorted((one["amount"] for one in ranked), reverse=True)
    vital = [one for one in ranked if one["vital"]]
    assert vital[-1]["cumulative"] >= 0.8 > vital[-2]["cumulative"]


def assert_repeats(folder: Folder, failed: list[Row], first: datetime, last: datetime) -> None:
    """Each failure of one machine against all that came before it."""
    mine = sorted((row for row in failed if row.asset == "excavator-c"), key=lambda row: row.day)  # as in the file
    again = judged = 0
    for n, row in enumerate(mine):
        if not first <= row.day < last or not (row.systems or row.mode):
            continue
        judged += 1
        again += any(row.repeats(other) for other in mine[:n])
    kpi = folder.told("kpi", "show", "repeat_failures", "--rows", "0", "--asset", "excavator-c", *SPAN)["kpi"]
    assert (kpi["numerator"], kpi["denominator"]) == (again, judged)
    assert kpi["left_out"] == sum(first <= row.day < last for row in mine) - judged
    assert 0 < again < judged
