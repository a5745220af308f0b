"""Figures over the interface and in the client: definitions, rows page by page, trends, lists, comparisons."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api.client import Client
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import Breakdown, LineKind, NewLine
from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import Status
from forewarn.maintenance.analysis.definitions import BY_KEY
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.pipeline.analysis import Analysis
from tests.api.conftest import BASE
from tests.api.rooms import TestRoom
from tests.maintenance.samples import CODES

ANN = Actor("ann", "technician")
SEAL = Fault("seal", "leak")
DAYS = {"from": "2026-12-01", "to": "2027-02-28"}


@pytest.fixture(autouse=True)
def analysis(plant_room: TestRoom) -> Analysis:
    room = plant_room.room
    room.analysis = Analysis(lambda: room.plant, plant_room.records, room.derived, room.now_us)
    return room.analysis


@pytest.fixture
def program(app: FastAPI, tmp_path: Path) -> Client:
    return Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))


def repaired(room: TestRoom, days_ago: float, hours: int, asset: str = "p101") -> str:
    """A breakdown that was told after an hour, approved after another, worked on for the rest; its number."""
    failed_us = room.room.now_us() - round(days_ago * US_PER_DAY)
    book, told_us = room.orders, failed_us + US_PER_HOUR
    order = book.raise_breakdown(Breakdown(asset, "it leaks", failed_us, told_us, fault=SEAL), ANN).order
    assert order is not None
    order = book.act(order.id, Status.APPR, ANN, order.revision, told_us + US_PER_HOUR)
    order = book.act(order.id, Status.INPRG, ANN, order.revision, told_us + US_PER_HOUR)
    end_us = failed_us + hours * US_PER_HOUR
    line = NewLine(LineKind.LABOUR, "ann", float(hours - 2), 50.0)
    order = book.report(order.id, [line], ANN, order.revision, end_us).order
    return book.act(order.id, Status.COMP, ANN, order.revision, end_us, dict(CODES)).number


def test_every_figure_comes_with_its_definition_and_a_value_or_the_reason(
    client: TestClient, plant_room: TestRoom
) -> None:
    repaired(plant_room, 20, 8)
    kpis = client.get("/api/kpis").json()
    assert [kpi["key"] for kpi in kpis] == list(BY_KEY)
    for kpi in kpis:
        assert (kpi["value"] is None) == bool(kpi["why"]), kpi["key"]
        assert kpi["definition"]
        assert kpi["formula"]
    told = {kpi["key"]: kpi["value"] for kpi in kpis}
    assert (told["mttr"], told["mttr_notice"], told["mtta"], told["mwt"], told["active_repair"]) == (8, 1, 1, 0, 6)
    assert told["maintenance_cost"] == 300


def test_the_rows_behind_a_figure_are_given_page_by_page(
    client: TestClient, plant_room: TestRoom, program: Client
) -> None:
    numbers = [repaired(plant_room, days, 5 + n) for n, days in enumerate((50, 30, 12))]
    first = client.get("/api/kpis/mttr/rows", params={"limit": 2}).json()
    assert (first["total"], [row["number"] for row in first["rows"]]) == (3, numbers[:2])
    rest = client.get("/api/kpis/mttr/rows", params={"limit": 2, "offset": 2}).json()
    assert [row["number"] for row in rest["rows"]] == numbers[2:]
    table = program.kpi_rows("mttr")
    assert table["numerator"].tolist() == [5, 6, 7]
    assert table.attrs["kpi"]["value"] == 6
    assert program.kpi("mttr", of={"asset": "p102"})["value"] is None
    assert program.kpis(of={"asset": "p101"}).loc["mttr", "rows"] == 3
    assert program.kpi_rows("mttr", of={"asset": "p102"}).empty


def test_a_trend_is_cut_at_local_weeks_or_months(plant_room: TestRoom, program: Client) -> None:
    repaired(plant_room, 20, 8)
    months = program.kpi_trend("mttr", "month", "2026-11-01", "2027-01-31")
    zone = ZoneInfo(plant_room.room.plant.sites[0].timezone)
    begins = [at.astimezone(zone).date().isoformat() for at in months.index]
    assert begins == ["2026-11-01", "2026-12-01", "2027-01-01"]
    assert months["value"].count() == 1
    weeks = program.kpi_trend("mttr", "week", "2026-11-01", "2027-01-31")
    assert {at.astimezone(zone).weekday() for at in weeks.index[1:]} == {0}


def test_lists_costs_load_and_a_comparison_are_told(plant_room: TestRoom, program: Client) -> None:
    repaired(plant_room, 30, 8)
    repaired(plant_room, 20, 10, "p102")
    worst = program.bad_actors(measure="downtime")
    assert worst["what"].tolist() == ["p102", "p101"]
    assert worst["amount"].tolist() == [10, 8]
    costs = program.costs("person")
    assert costs[["what", "total", "labour_hours"]].values.tolist() == [["ann", 700, 14]]
    order = plant_room.open_order()
    plant_room.orders.act(order.id, Status.APPR, ANN, order.revision, plant_room.room.now_us())
    always = ShiftPlan(tuple(Shift(day, 0, 1440) for day in range(7)))
    people = [Technician("ann", "Ann", {"mechanic": 3}, always)]
    PeopleBookSql(plant_room.records).save_people(people, ANN, plant_room.room.now_us())
    load = program.load(6)
    told = load.attrs["load"]
    assert sum(cell["load"] for cell in told["cells"] if cell["skill"] == "(all)") + told["later"] + told[
        "undated"
    ] == pytest.approx(order.repair_hours)
    assert load.loc["(all)"].notna().all()
    found = program.verify_change("limit", "p101/flow", at="2026-12-28", days=60, component="seal", asset="p101")
    assert found["verdict"] == "cannot_tell"
    assert found["text"].startswith("Cannot tell yet")


def test_errors_say_what_to_do(client: TestClient, plant_room: TestRoom, program: Client) -> None:
    missing = client.get("/api/kpis/mtfb")
    assert (missing.status_code, "mtbf" in missing.json()["title"]) == (404, True)
    for query in ({"from": "soon"}, {"class": "rocket"}, {"asset": "p999"}, {"from": DAYS["to"], "to": DAYS["from"]}):
        refused = client.get("/api/kpis", params=query)
        assert refused.status_code == 422, query
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"]
    for extreme in ("0001-01-01", "9999-12-31", "9999-12-31T23:59:59+00:00"):
        assert client.get("/api/kpis/mtbf", params={"to": extreme}).status_code == 422
    assert client.get("/api/analysis/costs", params={"by": "weather"}).status_code == 422
    with pytest.raises(Rejected, match="give `at`"):
        program.verify_change("limit", "p101/flow")
    plant_room.room.analysis = None
    assert client.get("/api/kpis").status_code == 503


def test_nobody_who_is_not_logged_in_sees_figures(anonymous: TestClient) -> None:
    paths = ("/api/kpis", "/api/kpis/mtbf", "/api/kpis/mtbf/rows", "/api/kpis/mtbf/trend", "/api/analysis/load")
    for path in (*paths, "/api/analysis/costs", "/api/analysis/bad-actors", "/api/analysis/verify?what=part&of=x"):
        assert anonymous.get(path).status_code == 401, path
