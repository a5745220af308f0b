"""A year in a small plant, on SQLite and on PostgreSQL: at its end every table agrees with what people really did."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.jobs import Job, LineKind, standing
from forewarn.core.plans import SlotState
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.audit import audit_head, verify_audit
from forewarn.maintenance.orders.asset_file import AssetFileRows
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rows import read_orders
from forewarn.maintenance.records import open_records
from forewarn.maintenance.records_tables import AUDIT, ORDER_CAUSE, OUTBOX, WORK_ORDER
from tests.conftest import DATABASES, new_database
from tests.stories.works import START_US, WEEK_US, people
from tests.stories.year import RETIRE_WEEK, RETIRED, Year

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=DATABASES)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    for url in new_database(request, request.param, tmp_path_factory.mktemp("year")):
        records = open_records(url)
        lived = Year(records)
        lived.run()
        yield lived
        records.close()


def _number(named: tuple[str, object]) -> int:
    return int(named[0].removeprefix("line "))


def orders_of(year: Year) -> list[WorkOrder]:
    return year.book.orders(limit=10_000)


def job_of(year: Year, order_id: str) -> Job:
    job = year.book.job(order_id)
    assert job is not None
    return job


def test_the_year_has_everything_that_a_year_has(year: Year) -> None:
    noted, kinds = year.notebook, Counter(order.kind for order in orders_of(year))
    assert len(year.plant.assets) == 40
    assert noted.announced >= 10
    assert noted.breakdowns >= 3
    assert kinds[OrderKind.PREVENTIVE] >= 60
    assert kinds[OrderKind.INSPECTION] >= 20
    assert min(len(noted.failed), len(noted.cancelled), noted.bad_gaps, noted.slips) >= 1
    assert noted.refused_offline == 1  # the second of two who finished one job offline


def test_every_order_is_where_the_notebook_says(year: Year) -> None:
    noted = year.notebook
    for order in orders_of(year):
        if order.id in noted.cancelled:
            assert order.status is Status.CAN
        elif order.id in noted.closed:
            assert order.status is Status.CLOSE
        elif order.id in noted.failed:
            assert order.status is Status.COMP
        else:  # of the last weeks: not yet done
            assert order.is_open
            assert order.created_at_us > START_US + 48 * WEEK_US, order


def test_hours_of_labour_are_those_that_people_worked(year: Year) -> None:
    told: defaultdict[str, float] = defaultdict(float)
    for order in orders_of(year):
        for line in standing(job_of(year, order.id).lines):
            if line.line.kind is LineKind.LABOUR:
                told[line.line.what] += line.line.quantity
    assert told == year.notebook.hours


def test_money_and_pieces_of_each_machine_add_up(year: Year) -> None:
    files = AssetFileRows(year.records)
    for asset in year.plant.assets:
        spent = sum(row.total for row in files.summary(asset.id).spent)
        assert spent == pytest.approx(year.notebook.money[asset.id], abs=0.005)
        used = {use.part: use.used for use in files.summary(asset.id).parts if use.used}
        assert used == {part: n for (where, part), n in year.notebook.pieces.items() if where == asset.id}


def test_machines_stood_as_long_as_they_stood(year: Year) -> None:
    stood: defaultdict[str, float] = defaultdict(float)
    for order in orders_of(year):
        for line in standing(job_of(year, order.id).lines):
            if line.line.kind is LineKind.DOWNTIME and line.line.start_us is not None and line.line.end_us is not None:
                stood[order.asset] += (line.line.end_us - line.line.start_us) / US_PER_HOUR
    assert stood == pytest.approx(dict(year.notebook.stood_h))


def test_the_history_of_each_order_replays_to_its_state(year: Year) -> None:
    with year.records.read() as connection:
        kept = {found.order.id: found for found in read_orders(connection, sa.select(WORK_ORDER))}
    for id, found in kept.items():
        replayed: dict[str, Any] = {}
        for row in year.book.history(id):
            before, after = row["before"], row["after"]
            assert isinstance(before, dict)
            assert isinstance(after, dict)
            known = before.keys() & replayed.keys()
            assert {name: replayed[name] for name in known} == {name: before[name] for name in known}
            replayed |= after
        state = json.loads(json.dumps(snapshot(found)))
        assert {name: replayed[name] for name in state} == state
        told = {name: value for name, value in replayed.items() if name.startswith("line ")}
        assert [value["line"]["quantity"] for _, value in sorted(told.items(), key=_number)] == [
            line.line.quantity for line in job_of(year, id).lines
        ]


def test_the_audit_is_whole_and_every_message_names_its_row(year: Year) -> None:
    assert verify_audit(year.records) is None
    with year.records.read() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar()
        bodies = [json.loads(body) for body in connection.execute(sa.select(OUTBOX.c.body)).scalars()]
    assert rows == audit_head(year.records).seq
    named = [body["audit"] for body in bodies if "audit" in body]
    assert len(named) == len(set(named))
    assert set(named) <= set(range(1, rows + 1))


def test_no_fault_ever_has_two_open_orders(year: Year) -> None:
    key = ORDER_CAUSE.c.asset, ORDER_CAUSE.c.component, ORDER_CAUSE.c.mechanism
    twice = sa.select(*key).where(ORDER_CAUSE.c.open).group_by(*key).having(sa.func.count() > 1)
    with year.records.read() as connection:
        assert connection.execute(twice).all() == []


def test_each_slot_of_each_plan_became_one_order_that_was_done(year: Year) -> None:
    orders = {order.id: order for order in orders_of(year)}
    slots = year.plans.slots()
    assert len({(slot.plan, slot.asset, slot.key) for slot in slots}) == len(slots)
    for slot in slots:
        order = orders[slot.order_id or ""]
        assert (slot.state is SlotState.DONE) == (order.status in (Status.COMP, Status.CLOSE))
    retired_us = START_US + RETIRE_WEEK * WEEK_US
    assert not [slot for slot in slots if slot.asset == RETIRED and slot.at_us > retired_us]
    assert [slot for slot in slots if slot.asset == RETIRED]


def test_nobody_was_planned_while_away_or_twice_at_once(year: Year) -> None:
    staff = {person.id: person for person in people()}
    planned = sorted(year.worked, key=lambda one: (one.person, one.start_us))
    for one in planned:
        windows = staff[one.person].windows(one.start_us - WEEK_US, one.stop_us + WEEK_US)
        assert any(start <= one.start_us and one.stop_us <= stop for start, stop in windows), one
    for before, after in pairwise(planned):
        assert before.person != after.person or before.stop_us <= after.start_us


def test_a_late_part_holds_its_order_and_is_told_once(year: Year) -> None:
    with year.records.read() as connection:
        kinds = Counter(connection.execute(sa.select(OUTBOX.c.kind)).scalars())
    assert kinds["step.slipped"] == year.notebook.slips
    waited = [order for order in orders_of(year) if order.parts and order.parts[0].part == "coupling"]
    for order in waited:
        statuses = [row["after"].get("status") for row in year.book.history(order.id)]  # type: ignore[attr-defined]
        if "INPRG" in statuses and order.kind is OrderKind.CONDITION:
            assert statuses.index("WMATL") < statuses.index("INPRG")
