"""Records for the tests of this folder: each in its own file, brought up by the real migrations."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from tests.conftest import DATABASES, new_database
from tests.maintenance.autonomy_house import House
from tests.maintenance.nursery import Nursery


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    opened = open_records(url)
    yield opened
    opened.close()


@pytest.fixture
def book(records: Records) -> OrderBookSql:
    return OrderBookSql(records)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A records file with its tables: made once, copied for every test that only uses them."""
    file = tmp_path_factory.mktemp("migrated") / "records.db"
    open_records(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=DATABASES)
def quick_records(request: pytest.FixtureRequest, tmp_path: Path, migrated_file: Path) -> Iterator[Records]:
    """New records on SQLite and on PostgreSQL, copied from migrated ones."""
    if request.param == "sqlite":
        shutil.copy(migrated_file, tmp_path / "records.db")
    for url in new_database(request, request.param, tmp_path):
        opened = open_records(url)
        yield opened
        opened.close()


@pytest.fixture
def house(quick_records: Records) -> Iterator[House]:
    """An order book behind the gate of autonomy; afterwards the record is whole."""
    yield House(quick_records)
    assert verify_audit(quick_records) is None


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts programs that are to be killed, at once."""
    made = Nursery()
    yield made
    made.close()
