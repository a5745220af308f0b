"""The HTTP interface over a small plant room: one client that is logged in, and one that is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from forewarn.api.app import create_app
from forewarn.api.auth import Gate
from forewarn.maintenance.records import open_records
from tests.api.rooms import TestRoom, make_room

BASE = "http://127.0.0.1"


@pytest.fixture(scope="session")
def empty_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A records file with its tables: made once, copied for every test."""
    file = tmp_path_factory.mktemp("records") / "records.db"
    open_records(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def plant_room(tmp_path: Path, empty_records: Path) -> Iterator[TestRoom]:
    shutil.copy(empty_records, tmp_path / "records.db")
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    yield make_room(records)
    records.close()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "api-token")


@pytest.fixture
def app(plant_room: TestRoom, gate: Gate) -> FastAPI:
    return create_app(plant_room.room, gate)


@pytest.fixture
def anonymous(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=BASE)


@pytest.fixture
def client(app: FastAPI, gate: Gate) -> TestClient:
    browser = TestClient(app, base_url=BASE)
    assert browser.post("/api/login", json={"token": gate.new_login()}).status_code == 200
    return browser
