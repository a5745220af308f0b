"""Sensor events: opened once, closed once, whoever watches and however often."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.health import SENSOR_STATUS, DeviceStatus, SensorProblem
from forewarn.maintenance.records import Records, migrations_config, open_records
from forewarn.maintenance.sensor_event_book import LIFE, SensorEventBook
from forewarn.maintenance.settings_table import setting


@pytest.fixture
def url(any_url: str) -> str:
    """All tests of this file run on both databases."""
    return any_url


STUCK = SensorProblem("temp", "stuck", 100, "temp has not moved")
GAP = SensorProblem("temp", "gap", 90, "temp was not heard")


def test_a_problem_that_lasts_is_one_event(records: Records) -> None:
    book = SensorEventBook(records)
    assert [book.observe("p1", [STUCK], at_us) for at_us in (110, 120, 130)] == [1, 0, 0]
    (event,) = book.events()
    assert (event.asset, event.signal, event.kind, event.status) == ("p1", "temp", "stuck", DeviceStatus.FAILURE)
    assert (event.since_us, event.until_us, event.text) == (100, None, "temp has not moved")


def test_it_is_closed_once_when_the_problem_is_gone_and_a_new_one_is_a_new_event(records: Records) -> None:
    book = SensorEventBook(records)
    book.observe("p1", [STUCK, GAP], 110)
    assert book.observe("p1", [GAP], 150) == 1
    assert book.observe("p1", [GAP], 160) == 0
    assert book.observe("p1", [STUCK, GAP], 170) == 1
    assert [(e.kind, e.until_us) for e in book.events()] == [("stuck", None), ("stuck", 150), ("gap", None)]
    assert [e.kind for e in book.events(open_only=True)] == ["stuck", "gap"]


def test_an_open_event_survives_a_restart_with_its_detail(url: str) -> None:
    first = open_records(url)
    SensorEventBook(first).observe("p1", [STUCK], 110, {("temp", "stuck"): {"before": 1.5, "unit": "psi"}})
    first.close()
    again = open_records(url)
    book = SensorEventBook(again)
    assert book.observe("p1", [STUCK], 200) == 0
    assert book.events()[0].detail == {"before": 1.5, "unit": "psi"}
    assert book.observe("p1", [], 210) == 1
    assert book.events()[0].until_us == 210
    again.close()


def test_two_programs_that_watch_open_one_event(records: Records) -> None:
    one, other = SensorEventBook(records), SensorEventBook(records)
    assert one.observe("p1", [STUCK], 110) == 1
    assert other.observe("p1", [STUCK], 111) == 0
    assert len(one.events()) == 1
    assert other.observe("p1", [], 120) == 1


def test_events_are_told_by_asset_newest_first_and_at_most_so_many(records: Records) -> None:
    book = SensorEventBook(records)
    for n in range(5):
        book.observe(f"p{n}", [STUCK], 110)
    assert [e.asset for e in book.events(limit=2)] == ["p4", "p3"]
    assert [e.asset for e in book.events(asset="p1")] == ["p1"]


def test_closed_events_are_bounded_and_open_ones_stay(records: Records) -> None:
    book = SensorEventBook(records, keep=3)
    book.observe("old", [STUCK], 1)
    for n in range(10):
        book.observe("p1", [STUCK], 200 + 2 * n)
        book.observe("p1", [], 201 + 2 * n)
    assert [e.asset for e in book.events()] == ["p1", "p1", "p1", "old"]


def test_an_event_of_a_clock_that_ran_ahead_does_not_end_before_it_began(records: Records) -> None:
    book = SensorEventBook(records)
    book.observe("p1", [SensorProblem("temp", "clock", 900, "")], 100)
    book.observe("p1", [], 200)
    assert [(e.since_us, e.until_us) for e in book.events()] == [(900, 900)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.sampled_from(sorted(SENSOR_STATUS))), min_size=1, max_size=8))
def test_the_book_follows_its_table_through_any_looks(records: Records, looks: list[set[str]]) -> None:
    """The obvious twin: walk through the table by hand."""
    with records.write() as connection:
        connection.exec_driver_sql("DELETE FROM sensor_event")
    book, is_open, opened, closed = SensorEventBook(records), set[str](), 0, 0
    for at_us, look in enumerate(looks):
        book.observe("p1", [SensorProblem("temp", kind, 0, "") for kind in look], at_us)
        for kind in SENSOR_STATUS:
            step = LIFE.get((kind in is_open, kind in look))
            opened, closed = opened + (step == "open"), closed + (step == "close")
            is_open = is_open | {kind} if step == "open" else is_open - {kind} if step == "close" else is_open
    events = book.events()
    assert {e.kind for e in events if e.until_us is None} == is_open
    assert (len(events), sum(e.until_us is not None for e in events)) == (opened, closed)


def test_records_of_the_version_before_get_the_table_and_keep_what_they_had(any_empty_url: str) -> None:
    url = any_empty_url
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        command.upgrade(migrations_config(connection=connection), "0001")
        connection.exec_driver_sql("INSERT INTO setting VALUES ('kept', '1')")
    assert "sensor_event" not in sa.inspect(engine).get_table_names()
    engine.dispose()
    opened = open_records(url)
    assert setting(opened, "kept") == 1
    assert SensorEventBook(opened).observe("p1", [STUCK], 110) == 1
    opened.close()
