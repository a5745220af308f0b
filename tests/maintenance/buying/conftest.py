"""A buyers' room on both databases: two parts with cards, two suppliers, the store room beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.records import Records
from tests.maintenance.buying.world import World


@pytest.fixture
def world(any_records: Records) -> Iterator[World]:
    """Afterwards the record is whole."""
    yield World(any_records)
    assert verify_audit(any_records) is None


@pytest.fixture
def quick(quick_records: Records) -> World:
    """On SQLite alone, for what does not depend on the database."""
    return World(quick_records)
