"""Records for the tests of this folder: each in its own file, brought up by the real migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records


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
