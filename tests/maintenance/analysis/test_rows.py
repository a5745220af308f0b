"""What is read for a period: late invoices, corrections, moved schedules, imported orders, measured hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import LineKind, NewLine
from forewarn.core.plans import Every, Plan, Trigger, Unit
from forewarn.core.plant import Asset, Plant, RunRule
from forewarn.core.readings import Readings
from forewarn.core.work import NewOrder, OrderKind, Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.analysis.facts import Period
from forewarn.maintenance.analysis.rows import AnalysisRows
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.plans.history_book import HistoryBook
from forewarn.maintenance.plans.history_file import mapping_from, read_past
from forewarn.maintenance.records import Records
from forewarn.pipeline.analysis import Analysis, Change, Scope
from forewarn.pipeline.running import known_series, run_series
from tests.maintenance.samples import ANN, CODES, NOW_US

H = 3_600_000_000
DAY = 24 * H
START_US = NOW_US - NOW_US % H
PUMP = Asset("p1", "Pump 1", "pump", "works", "hall")
WORKS = Plant("works", (), (PUMP,))


def days(first: float, last: float) -> Period:
    return Period(START_US + round(first * DAY), START_US + round(last * DAY), UTC)


def analysis(records: Records, now: float, plant: Plant = WORKS, derived: MemoryStore | None = None) -> Analysis:
    return Analysis(lambda: plant, records, derived, lambda: START_US + round(now * DAY))


def closed(book: OrderBookSql, day: float, **more: object) -> WorkOrder:
    """A repair that was raised, done and closed on one day."""
    at_us = START_US + round(day * DAY)
    new = NewOrder("p1", OrderKind.CORRECTIVE, "Seal leaks", at_us, fault=Fault("seal", "leak"))
    order = book.raise_order(replace(new, **more), ANN).order  # type: ignore[arg-type]
    assert order is not None
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        report = CODES if status is Status.COMP else None
        order = book.act(order.id, status, ANN, order.revision, at_us + H, report)
    order = book.verify(order.id, Verification.PASSED, ANN, at_us + 2 * H)
    return book.act(order.id, Status.CLOSE, ANN, order.revision, at_us + 2 * H)


def test_an_invoice_long_after_the_work_counts_when_it_was_told(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    order = closed(book, 0)
    line = NewLine(LineKind.COST, "hire of a crane", 1.0, 400.0)
    book.report(order.id, [line], ANN, order.revision, START_US + 100 * DAY)
    found = analysis(any_records, 200)
    assert found.figure("maintenance_cost", days(95, 105)).value == 400.0
    assert found.figure("maintenance_cost", days(0, 95)).value is None


def test_a_line_that_was_corrected_counts_as_it_stands_when_it_was_first_told(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    order = closed(book, 0)
    order = book.report(order.id, [NewLine(LineKind.COST, "crane", 1.0, 400.0)], ANN, order.revision, START_US).order
    for seq, (day, amount) in enumerate(((60, 300.0), (120, 250.0)), 1):
        line = NewLine(LineKind.COST, "crane", 1.0, amount, corrects=seq)
        order = book.report(order.id, [line], ANN, order.revision, START_US + day * DAY).order
    found = analysis(any_records, 200)
    assert found.figure("maintenance_cost", days(-1, 10)).value == 250.0
    assert found.figure("maintenance_cost", days(50, 150)).value is None


def test_a_repeat_is_seen_over_the_edge_of_the_period(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    first = closed(book, 0)
    closed(book, 25)
    again = analysis(any_records, 60).figure("repeat_failures", days(20, 40))
    assert (again.value, again.rows[0].note) == (1.0, f"again after {first.number}")
    assert analysis(any_records, 60).figure("repeat_failures", days(-1, 20)).value == 0.0


def test_a_machine_of_which_only_imported_orders_are_known_is_watched_between_them(any_records: Records) -> None:
    mapping = mapping_from({"source": "old", "columns": {"date": "d", "asset": "a"}})
    parsed = read_past(["d,a", "2020-01-01,p1", "2020-01-11,p1", "2020-03-01,p1"], mapping, ["p1"])
    HistoryBook(any_records).apply(parsed, mapping, ANN, START_US)
    found = analysis(any_records, 10)
    january = Period(1_577_836_800_000_000, 1_577_836_800_000_000 + 31 * DAY, UTC)  # 2020
    told = found.figure("mtbf", january)
    assert (told.numerator, told.denominator) == (31 * 24, 2)
    assert found.figure("mtbf", days(-1, 9)).why == "no machine was watched in this period"
    assert found.figure("mttr", january).left_out == 2
    known, begin_us = AnalysisRows(any_records).known()
    assert (known["p1"].imported_only, begin_us) == (True, START_US)
    closed(OrderBookSql(any_records), 1)
    assert not AnalysisRows(any_records).known()[0]["p1"].imported_only
    assert found.figure("mtbf", days(0, 5)).numerator == 5 * 24


def test_running_hours_count_where_they_are_known_for_nine_tenths_of_the_time(any_records: Records) -> None:
    closed(OrderBookSql(any_records), 0)
    derived = MemoryStore()
    run, known = derived.assign([run_series("p1"), known_series("p1")])
    hours = [START_US + n * H for n in range(240)]
    told = [(run, 0.25), (known, 1.0)]
    series = np.repeat([number for number, _ in told], 240)
    values = np.repeat([value for _, value in told], 240)
    derived.write(1, Readings.of(series.tolist(), hours * 2, values.tolist()), [], [])
    plant = replace(WORKS, assets=(replace(PUMP, running=RunRule("signal", "run")),))
    found = analysis(any_records, 90, plant, derived)
    assert found.figure("mtbf", days(0, 10)).numerator == pytest.approx(60.0)
    assert found.figure("mtbf", days(0, 11)).numerator == pytest.approx(60.0)
    assert found.figure("mtbf", days(0, 12)).numerator == pytest.approx(288.0)  # a sixth is not known: the calendar
    assert "measured" in found.figure("mtbf", days(0, 10)).rows[0].note


def test_a_scope_narrows_to_machines_that_meet_all_of_it(any_records: Records) -> None:
    closed(OrderBookSql(any_records), 0)
    found = analysis(any_records, 10)
    assert found.figure("mtbf", days(-1, 5), Scope("p1", "pump", "hall")).denominator == 1
    assert found.facts(days(-1, 5), Scope(asset_class="pump")).machines[0].asset == "p1"


def test_the_change_of_an_interval_is_found_and_its_failures_are_those_of_its_component(any_records: Records) -> None:
    book = OrderBookSql(any_records)
    plans = PlanBookSql(any_records, book)
    plan = Plan("seals", "Look at seals", Trigger.FLOATING, date(2027, 1, 1), ("p1",), every=Every(4, Unit.WEEKS),
                component="seal", failure_modes=("ELP",))  # fmt: skip
    kept = plans.save(plan, ANN, START_US)
    kept = plans.save(replace(kept, title="Look at all seals"), ANN, START_US + 60 * DAY, kept.revision)
    with pytest.raises(Rejected, match="give `at`"):
        analysis(any_records, 90).compare(Change("interval", "seals"))
    plans.save(replace(kept, every=Every(2, Unit.WEEKS)), ANN, START_US + 100 * DAY, kept.revision)
    for day in (10, 40, 70, 130):
        closed(book, day, failure_mode="ELP")
    closed(book, 20, fault=Fault("rotor", "imbalance"))
    found = analysis(any_records, 200).compare(Change("interval", "seals", days=100))
    assert (found.at_us, found.failures.before, found.failures.after) == (START_US + 100 * DAY, 0, 0)  # VIB was found
    modes = plans.plan("seals")
    assert modes is not None
    plans.save(replace(modes, failure_modes=()), ANN, START_US + 150 * DAY, modes.revision)
    found = analysis(any_records, 200).compare(Change("interval", "seals", days=100))
    assert (found.failures.before, found.failures.after, found.verdict) == (3, 1, "cannot_tell")
    assert len(found.orders_before) == 3
