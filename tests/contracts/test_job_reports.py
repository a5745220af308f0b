"""What every order book keeps of reports, breakdowns, costs and orders raised by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import (
    Breakdown,
    Costs,
    JobPlan,
    LineKind,
    NewLine,
    NewResult,
    standing,
)
from forewarn.core.work import Json, NewOrder, OrderKind, Status
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.costs import ANY_HOUSE, CostRules, House
from forewarn.maintenance.records import Records
from tests.contracts.job_books import ALL_GOOD, BEN, EVE, PLAN, PLANT, Book, at_work, job_of, opened, told
from tests.maintenance.samples import ANN, CODES, NOW_US, SPALL, hours


@pytest.fixture
def book(any_records_or_none: Records | None) -> Book:
    return MemoryOrderBook() if any_records_or_none is None else OrderBookSql(any_records_or_none)


LABOUR = NewLine(LineKind.LABOUR, "ben", 6.5, 60.0)
PART = NewLine(LineKind.PART, "6205", 2, 40.0)


def test_costs_of_an_order_add_up_and_a_correction_replaces_its_line(book: Book) -> None:
    order = at_work(book)
    lines = [LABOUR, PART, NewLine(LineKind.COST, "crane", 1, 250.0), NewLine(LineKind.RATING, quantity=4)]
    first = book.report(order.id, lines, BEN, order.revision, NOW_US)
    assert first.job.costs("EUR") == Costs(390.0, 80.0, 250.0, 6.5, "EUR")
    assert first.job.costs("EUR").total == 720.0
    fixed = book.report(order.id, [replace(LABOUR, quantity=7, corrects=1)], EVE, first.order.revision, NOW_US)
    assert (fixed.job.costs("EUR").labour, len(fixed.job.lines), fixed.job.lines[0].by) == (420.0, 5, "ben")
    none = book.report(order.id, [replace(PART, quantity=0, corrects=2)], EVE, fixed.order.revision, NOW_US)
    assert none.job.costs("EUR").parts == 0.0
    with pytest.raises(Rejected, match="there are: 5"):
        book.report(order.id, [replace(LABOUR, corrects=1)], EVE, none.order.revision, NOW_US)
    assert book.job(order.id) == none.job


NONSENSE = (
    (replace(LABOUR, what=" "), "a person"),
    (replace(LABOUR, quantity=-1), "above 0"),
    (replace(LABOUR, quantity=0), "correct it to 0"),
    (replace(LABOUR, currency="USD"), "is in EUR"),
    (replace(PART, unit_cost=float("inf")), "numbers"),
    (replace(PART, start_us=NOW_US), "only downtime"),
    (NewLine(LineKind.RATING, quantity=6), "1, 2, 3, 4 or 5"),
    (NewLine(LineKind.DOWNTIME, "tea", start_us=NOW_US), "waiting_parts"),
    (NewLine(LineKind.DOWNTIME, "breakdown", start_us=NOW_US + hours(9)), "not later than now"),
    (NewLine(LineKind.DOWNTIME, "breakdown", start_us=NOW_US, end_us=NOW_US - 1), "ends after"),
    (replace(LABOUR, corrects=9), "no standing labour line 9"),
)


def test_a_line_that_makes_no_sense_is_refused_and_takes_the_others_with_it(book: Book) -> None:
    order = at_work(book)
    for line, says in NONSENSE:
        with pytest.raises(Rejected, match=says):
            book.report(order.id, [PART, line], BEN, order.revision, NOW_US)
    assert (book.order(order.id), job_of(book, order).lines) == (order, ())


def test_lines_wait_for_the_approval_and_are_corrected_after_the_end(book: Book) -> None:
    order = opened(book)
    with pytest.raises(Conflict, match="approved work"):
        book.report(order.id, [LABOUR], BEN, order.revision, NOW_US)
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        order = book.act(order.id, status, ANN, order.revision, NOW_US, CODES if status is Status.COMP else None)
    late = book.report(order.id, [LABOUR], BEN, order.revision, NOW_US + hours(500))
    assert (late.order.status, late.job.costs("EUR").total) == (Status.COMP, 390.0)


def test_a_breakdown_opens_an_order_with_its_downtime_and_told_again_changes_nothing(book: Book) -> None:
    stands = Breakdown("pump-03", "shaft seized", NOW_US - hours(2), NOW_US, fault=SPALL, emergency=True)
    first = book.raise_breakdown(stands, BEN)
    assert first.order is not None
    assert (first.what, first.order.kind, first.order.priority) == ("opened", OrderKind.EMERGENCY, 1)
    assert [c.fault for c in first.order.causes] == [SPALL]
    job = book.job(first.order.id)
    assert job is not None
    (line,) = job.downtimes()
    assert (line.line.what, line.line.start_us, line.line.end_us) == ("breakdown", NOW_US - hours(2), None)
    again = book.raise_breakdown(replace(stands, at_us=NOW_US + hours(1)), BEN)
    assert (again.what, again.order) == ("unchanged", first.order)
    assert book.job(first.order.id) == job


def test_the_downtime_of_a_breakdown_ends_with_the_work(book: Book) -> None:
    order = book.raise_breakdown(Breakdown("pump-03", "stands", NOW_US, NOW_US), BEN).order
    assert order is not None
    assert (order.kind, order.causes) == (OrderKind.CORRECTIVE, ())
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        report = CODES if status is Status.COMP else None
        order = book.act(order.id, status, ANN, order.revision, NOW_US + hours(5), report)
    (line,) = job_of(book, order).downtimes()
    assert (line.line.start_us, line.line.end_us) == (NOW_US, NOW_US + hours(5))


@pytest.mark.parametrize("fault", [SPALL, None])
def test_a_breakdown_joins_the_open_order_of_its_machine(book: Book, fault: object) -> None:
    order = opened(book)
    stands = Breakdown("pump-03", "seized", NOW_US, NOW_US + hours(1), fault=SPALL if fault else None)
    joined = book.raise_breakdown(stands, BEN)
    assert joined.order is not None
    assert (joined.what, joined.order.id, joined.order.kind) == ("updated", order.id, OrderKind.CONDITION)
    assert joined.order.priority == 2
    assert [entry["what"] for entry in cast(list[Json], joined.order.report["breakdowns"])] == ["seized"]
    assert len(job_of(book, order).downtimes()) == 1
    assert book.raise_breakdown(stands, BEN).what == "unchanged"
    assert len(book.orders()) == 1


def test_a_breakdown_that_lies_ahead_or_has_no_known_reason_is_refused(book: Book) -> None:
    with pytest.raises(Rejected, match="not later than now"):
        book.raise_breakdown(Breakdown("pump-03", "x", NOW_US + 1, NOW_US), BEN)
    with pytest.raises(Rejected, match="waiting_parts"):
        book.raise_breakdown(Breakdown("pump-03", "x", NOW_US, NOW_US, reason="tea"), BEN)
    assert book.orders() == []


def test_an_order_raised_by_hand_opens_once_for_its_origin_and_once_for_its_fault(book: Book) -> None:
    lube = NewOrder("pump-03", OrderKind.PREVENTIVE, "Lubricate", NOW_US, origin="pm:lube:1", steps=("Grease",))
    first = book.raise_order(lube, ANN)
    assert first.order is not None
    assert (first.what, first.order.kind, first.order.causes) == ("opened", OrderKind.PREVENTIVE, ())
    assert (again := book.raise_order(lube, ANN)).what == "unchanged"
    assert again.order == first.order
    assert book.raise_order(replace(lube, origin="pm:lube:2"), ANN).what == "opened"
    machine = opened(book)
    assert machine.id != first.order.id, "preventive work does not take the alarms of its machine"
    there = book.raise_order(NewOrder("pump-03", OrderKind.CORRECTIVE, "Spall", NOW_US, fault=SPALL), ANN)
    assert (there.what, there.order) == ("unchanged", machine)
    with pytest.raises(Rejected, match="unknown_order"):
        book.raise_order(replace(lube, origin="x", follows="WO-000099"), ANN)


@pytest.mark.parametrize("change", [{"title": " "}, {"priority": 0}, {"origin": "x" * 201}, {"repair_hours": -1.0}])
def test_an_order_that_makes_no_sense_cannot_be_raised(change: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        replace(NewOrder("pump-03", OrderKind.PREVENTIVE, "Lubricate", NOW_US), **change)


def test_preventive_work_is_completed_without_codes_and_a_repair_is_not(book: Book) -> None:
    lube = book.raise_order(NewOrder("pump-03", OrderKind.PREVENTIVE, "Lubricate", NOW_US), ANN).order
    repair = opened(book)
    for order in (lube, repair):
        assert order is not None
        for status in (Status.APPR, Status.INPRG):
            order = book.act(order.id, status, ANN, order.revision, NOW_US)
        if order.id == repair.id:
            with pytest.raises(Rejected, match="failure_mode_found, failure_mechanism, failure_cause, detection"):
                book.act(order.id, Status.COMP, ANN, order.revision, NOW_US, {"finding": "confirmed"})
            nothing: Json = {"finding": "not_found", "detection_method": "6", "activity": "9"}
            assert book.act(order.id, Status.COMP, ANN, order.revision, NOW_US, nothing).status is Status.COMP
        else:
            assert book.act(order.id, Status.COMP, ANN, order.revision, NOW_US).status is Status.COMP


def test_who_may_not_approve_the_cost_is_told_who_may(book: Book) -> None:
    book.house = PLANT
    book.save_plan(PLAN, ANN, NOW_US)
    order = opened(book)
    assert (order.planned_cost, order.currency) == (8 * 60 + 2 * 40 + 100, "CHF")
    assert book.allowed(order, "planner") == (Status.CAN,)
    assert "manager (any amount)" in book.approval_needed(order, "planner")
    with pytest.raises(Conflict, match=r"660.00 CHF.*planner may approve up to 500.00 CHF.*manager"):
        book.act(order.id, Status.APPR, ANN, order.revision, NOW_US)
    approved = book.approve_cost(order.id, EVE, order.revision, NOW_US).order
    assert (approved.approved_cost, approved.approved_by) == (660.0, "eve")
    assert Status.APPR in book.allowed(approved, "planner")
    order = book.act(order.id, Status.APPR, ANN, approved.revision, NOW_US)
    book.save_plan(JobPlan("crane", "Crane", other_cost=900.0), ANN, NOW_US)
    dearer = book.take_plan(order.id, "crane", ANN, order.revision, NOW_US).order
    with pytest.raises(Conflict, match=r"1,560.00 CHF"):
        book.act(order.id, Status.INPRG, ANN, dearer.revision, NOW_US)
    begun = book.act(order.id, Status.INPRG, EVE, dearer.revision, NOW_US)
    assert (begun.approved_cost, begun.approved_by) == (1560.0, "eve")


def test_without_limits_nobody_has_to_approve(book: Book) -> None:
    book.house = House(CostRules(labour_per_h=1e9), ANY_HOUSE.facts)
    order = opened(book)
    assert order.planned_cost == 8e9
    assert book.act(order.id, Status.APPR, BEN, order.revision, NOW_US).approved_by is None


def test_work_taken_up_again_keeps_what_was_done_and_forgets_its_codes(book: Book) -> None:
    done = told(book, at_work(book), *ALL_GOOD)
    signed = book.sign_off(done.order.id, "gap", EVE, done.order.revision, NOW_US).order
    order = book.act(signed.id, Status.COMP, BEN, signed.revision, NOW_US, CODES)
    again = book.act(order.id, Status.INPRG, BEN, order.revision, NOW_US)
    assert not set(CODES) & set(again.report)
    assert len(job_of(book, order).results) == 3


def test_the_record_adds_up_to_the_job(book: Book) -> None:
    done = told(book, at_work(book), *ALL_GOOD, NewResult("gap", value=0.4))
    book.report(done.order.id, [LABOUR], BEN, done.order.revision, NOW_US)
    state: Json = {}
    for row in book.history(done.order.id):
        before, after = cast(Json, row["before"]), cast(Json, row["after"])
        assert {name: state.get(name) for name in before} == before
        state |= after
    job = book.job(done.order.id)
    assert job is not None
    assert [cast(Json, state[f"result {r.seq}"])["value"] for r in job.results] == [r.value for r in job.results]
    assert cast(Json, state["line 1"])["line"] == {
        "kind": "labour", "what": "ben", "quantity": 6.5, "unit_cost": 60.0, "currency": "EUR",
        "start_us": None, "end_us": None, "note": "", "corrects": None,
    }  # fmt: skip
    assert standing(job.lines) == job.lines
