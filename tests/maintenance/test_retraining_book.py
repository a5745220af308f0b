"""A model that keeps drifting is one task, across looks, restarts and programs."""

from __future__ import annotations

import pytest

from forewarn.maintenance.records import Records, open_records
from forewarn.maintenance.registry.retraining import RetrainingBook


@pytest.fixture
def url(any_url: str) -> str:
    """All tests of this file run on both databases."""
    return any_url


def test_a_model_that_keeps_drifting_is_one_task_with_its_newest_reasons(records: Records) -> None:
    book = RetrainingBook(records)
    first = book.want("pump-life", "pump", ["temp has moved"], 100)
    again = RetrainingBook(records).want("pump-life", "pump", ["flow has moved"], 200)
    assert again.id == first.id
    assert (again.opened_at_us, again.seen_at_us, again.reasons) == (100, 200, ("flow has moved",))
    assert book.tasks() == [again]


def test_another_class_of_machines_is_another_task(records: Records) -> None:
    book = RetrainingBook(records)
    book.want("built-in", "pump", ["x"], 100)
    book.want("built-in", "fan", ["x"], 100)
    assert [task.asset_class for task in book.tasks()] == ["fan", "pump"]


def test_a_task_is_closed_once_and_a_later_drift_is_a_new_one(records: Records) -> None:
    book = RetrainingBook(records)
    book.want("pump-life", "pump", ["x"], 100)
    assert book.close("pump-life", "pump", "pump-life:2", 150)
    assert not book.close("pump-life", "pump", "pump-life:3", 160)
    book.want("pump-life", "pump", ["y"], 200)
    assert [(t.closed_by, t.is_open) for t in book.tasks(open_only=False)] == [("", True), ("pump-life:2", False)]
    assert [t.reasons for t in book.tasks()] == [("y",)]


def test_a_task_never_ends_before_it_began(records: Records) -> None:
    book = RetrainingBook(records)
    book.want("pump-life", "pump", ["x"], 100)
    book.close("pump-life", "pump", "x", 50)
    assert book.tasks(open_only=False)[0].closed_at_us == 100


def test_two_programs_that_find_the_same_drift_open_one_task(records: Records, url: str) -> None:
    other = open_records(url)
    ids = {RetrainingBook(r).want("pump-life", "pump", ["x"], 100).id for r in (records, other)}
    other.close()
    assert len(ids) == 1
