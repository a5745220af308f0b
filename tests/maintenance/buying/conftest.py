"""A buyers' room on both databases: two parts with cards, two suppliers, the store room beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.buying.world import World


@pytest.fixture
def world(any_records: Records) -> Iterator[World]:
    """Afterwards the record is whole."""
    yield World(any_records)
    assert verify_audit(any_records) is None


@pytest.fixture
def quick(tmp_path: Path, migrated_records: Path) -> Iterator[World]:
    """On SQLite alone, for what does not depend on the database."""
    shutil.copy(migrated_records, tmp_path / "records.db")
    opened = open_records(f"sqlite:///{tmp_path}/records.db")
    yield World(opened)
    opened.close()
