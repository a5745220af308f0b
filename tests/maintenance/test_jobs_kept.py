"""What is kept of jobs: rows that nobody changes, and one order however many programs ask for it."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.jobs import JobPlan, JobStep, LineKind, NewLine, NewResult, StepKind
from forewarn.core.work import NewOrder, OrderKind, Status
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.tables import JOB_PLAN, ORDER_LINE, ORDER_RESULT
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.samples import ANN, NOW_US, advice

PLAN = JobPlan(
    "gap",
    "Check the gap",
    mechanism="outer_race_spall",
    steps=(JobStep("gap", "Clearance", StepKind.MEASURE, unit="mm", high=0.25),),
)


def at_work(book: OrderBookSql) -> str:
    """An order in progress with one result and one line."""
    book.save_plan(PLAN, ANN, NOW_US)
    order = book.advise(advice()).order
    assert order is not None
    for status in (Status.APPR, Status.INPRG):
        order = book.act(order.id, status, ANN, order.revision, NOW_US)
    order = book.step_done(order.id, NewResult("gap", value=0.1), ANN, order.revision, NOW_US).order
    line = NewLine(LineKind.LABOUR, "ann", 2, 50.0)
    return book.report(order.id, [line], ANN, order.revision, NOW_US).order.id


@pytest.mark.parametrize("table", [JOB_PLAN, ORDER_RESULT, ORDER_LINE], ids=lambda table: table.name)
def test_the_database_refuses_to_change_what_was_told(records: Records, book: OrderBookSql, table: sa.Table) -> None:
    at_work(book)
    for statement in (table.update().values(body="{}"), table.delete()):
        with pytest.raises(IntegrityError, match="only ever added"), records.write() as connection:
            connection.execute(statement)


def test_a_line_cannot_be_replaced_twice_whoever_writes(records: Records, book: OrderBookSql) -> None:
    order_id = at_work(book)
    with records.read() as connection:
        row = dict(connection.execute(sa.select(ORDER_LINE)).mappings().one())
    assert row["order_id"] == order_id
    with records.write() as connection:
        connection.execute(ORDER_LINE.insert().values({**row, "seq": 2, "corrects": 1}))
    with pytest.raises(IntegrityError), records.write() as connection:
        connection.execute(ORDER_LINE.insert().values({**row, "seq": 3, "corrects": 1}))


def test_programs_that_raise_the_same_order_at_once_get_one(url: str) -> None:
    programs = [open_records(url) for _ in range(4)]
    start, found = threading.Barrier(len(programs)), list[tuple[str, str]]()

    def ask(records: Records) -> None:
        start.wait()
        for due in range(10):
            new = NewOrder("pump-03", OrderKind.PREVENTIVE, "Lubricate", NOW_US, origin=f"pm:{due}")
            outcome = OrderBookSql(records).raise_order(new, ANN)
            assert outcome.order is not None
            found.append((outcome.what, outcome.order.number))

    threads = [threading.Thread(target=ask, args=(records,)) for records in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(order.number for order in OrderBookSql(programs[0]).orders())
    for records in programs:
        records.close()
    assert len(found) == 40
    assert sorted(number for what, number in found if what == "opened") == numbers
    assert len(numbers) == 10


def test_a_bad_result_told_by_two_programs_opens_one_order(url: str) -> None:
    first, second = open_records(url), open_records(url)
    order = OrderBookSql(first).order(at_work(OrderBookSql(first)))
    assert order is not None
    told = OrderBookSql(second).step_done(order.id, NewResult("gap", value=0.3), ANN, order.revision, NOW_US)
    again = OrderBookSql(first).step_done(order.id, NewResult("gap", value=0.4), ANN, told.order.revision, NOW_US)
    first.close()
    second.close()
    assert told.follow_up is not None
    assert again.follow_up is not None
    assert told.follow_up.id == again.follow_up.id
