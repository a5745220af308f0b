"""Records for the tests of this folder: tried on both databases, `sqlite_*` where only a file will do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from tests.conftest import DATABASES
from tests.maintenance.autonomy_house import House
from tests.maintenance.nursery import Nursery
from tests.maintenance.places import OnPostgresql, OnSqlite


@pytest.fixture
def url(any_url: str) -> str:
    return any_url


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def sqlite_records(sqlite_url: str) -> Iterator[Records]:
    """New records in a file, for what a file alone has: its pages, its settings, its plans in words."""
    opened = open_records(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def book(records: Records) -> OrderBookSql:
    return OrderBookSql(records)


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest) -> Iterator[OnSqlite | OnPostgresql]:
    """Where state machines keep their records: new ones for each example."""
    made = OnSqlite() if request.param == "sqlite" else OnPostgresql(request.getfixturevalue("postgresql"))
    yield made
    made.close()


@pytest.fixture
def house(any_records: Records) -> Iterator[House]:
    """An order book behind the gate of autonomy; afterwards the record is whole."""
    yield House(any_records)
    assert verify_audit(any_records) is None


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts programs that are to be killed, at once."""
    made = Nursery()
    yield made
    made.close()
