"""The OpenAPI document, the page's types and what the routes really answer are one and the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema_rs import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from forewarn.api.app import openapi_document
from forewarn.api.auth import COOKIE
from forewarn.api.autonomy_desk import autonomy_of
from forewarn.api.exchange_desk import tables_of
from forewarn.api.people_desk import people_of_plant
from forewarn.api.settings import AutonomySettings, Settings
from forewarn.api.stock_desk import stock_of
from forewarn.api.work_watch import work_of
from forewarn.core.ports import Actor
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.shelf_book import ShelfBook
from forewarn.pipeline.analysis import Analysis
from tests.api.model_desks import give_desk, keep_version
from tests.api.road import Road
from tests.api.rooms import TestRoom

BOUNDED = settings(
    max_examples=3, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.explicit, Phase.generate]
)


def test_the_document_is_complete_and_its_references_lead_somewhere() -> None:
    document = openapi_document()
    assert document["openapi"].startswith("3.1")
    assert [name for name in document["components"]["schemas"] if "__" in name] == []  # two shapes of one name
    for reference in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert reference in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator({**schema, "components": document["components"]})
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert ("security" in operation) == (path != "/api/login")


def furnished(plant_room: TestRoom, tmp_path: Path) -> dict[str, str]:
    """Give a room every desk; by the beginning of a path, the id of something that is there."""
    Road(plant_room, tmp_path)
    plant_room.room.shelf = ShelfBook(plant_room.records)
    autonomy_of(AutonomySettings(), plant_room.room, plant_room.records, plant_room.orders)
    people_of_plant(plant_room.room, plant_room.records, plant_room.orders)
    counts = stock_of(Settings().stock, plant_room.room, plant_room.records, plant_room.orders).counts
    sheet = counts.draw("main", ["main"], {}, Actor("pat"), plant_room.room.now_us())
    worked = WorkedOrders(plant_room.records)  # its desks of buying and demand come with that of work
    work_of(Settings(state_dir=tmp_path), plant_room.room, plant_room.records, worked)
    assert plant_room.room.buying is not None
    assert plant_room.room.demand is not None
    tables_of(plant_room.room, plant_room.records, tmp_path / "plant.yaml", tmp_path / "adopted.yaml")
    room = plant_room.room
    room.analysis = Analysis(lambda: room.plant, plant_room.records, room.derived, room.now_us)
    keep_version(give_desk(plant_room.room, plant_room.records, tmp_path / "models").registry)
    plant_room.assess("p101")
    order = plant_room.open_order()
    return {
        "/api/assets": "p101",
        "/api/orders": order.id,
        "/api/stock/orders": order.id,
        "/api/stock/parts": "brg-6205",
        "/api/stock/counts": str(sheet.id),
        "/api/demand/lines": "1",
    }


@pytest.mark.slow
@pytest.mark.timeout(1_200)  # two hundred routes: minutes on a busy machine
def test_no_request_that_the_document_allows_or_forbids_breaks_the_api(
    app: FastAPI, client: TestClient, plant_room: TestRoom, tmp_path: Path
) -> None:
    """Made-up requests, good and bad: never a 5xx, and every answer is one that the document describes."""
    places = furnished(plant_room, tmp_path)
    session = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    app.openapi()  # made here: on a busy machine it takes longer than the loader waits
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={**session, "host": "127.0.0.1"})
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
        response_schema_conformance,
    ]  # fmt: skip
    tried = 0

    def attempt(case: schemathesis.Case[Any]) -> None:
        nonlocal tried
        tried += 1
        place = next((known for path, known in places.items() if case.path.startswith(path)), "")
        if tried % 3 and "id" in case.path_parameters:  # mostly of something that is there
            case.path_parameters["id"] = place
        answer = case.call(base_url="http://127.0.0.1", headers=session)
        if answer.status_code == 503 and case.path == "/api/whatif":  # the queue of runs is full, and says so
            return
        case.validate_response(answer, checks=checks)

    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in ("/api/live", "/api/logout", "/api/login"):  # endless, the last one, slowed down
            continue
        for mode in schemathesis.GenerationMode:
            given(operation.as_strategy(generation_mode=mode))(BOUNDED(lambda case: attempt(case)))()
    assert tried > 100
