"""What every order book keeps of the work of an order, whatever it keeps it in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import (
    JobPlan,
    JobStep,
    NewResult,
    Outcome,
)
from forewarn.core.plant import PartLine
from forewarn.core.work import Json, OrderKind, Status
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.records import Records
from tests.contracts.job_books import ALL_GOOD, BEN, EVE, PLAN, Book, at_work, job_of, opened, told
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, advice


@pytest.fixture
def book(any_records_or_none: Records | None) -> Book:
    return MemoryOrderBook() if any_records_or_none is None else OrderBookSql(any_records_or_none)


def test_an_order_takes_the_plan_of_its_fault_and_keeps_its_version(book: Book) -> None:
    first = book.save_plan(PLAN, ANN, NOW_US)
    order, job = opened(book), book.job("WO-000001")
    assert job is not None
    assert [str(ref) for ref in job.plans] == ["bearing-change@1"]
    assert (job.steps, job.skills, job.tools, job.safety) == (PLAN.steps, PLAN.skills, PLAN.tools, PLAN.safety)
    assert (order.steps, order.repair_hours) == (tuple(step.text for step in PLAN.steps), 8.0)
    assert order.parts == (PartLine("6205", 2),)
    second = book.save_plan(replace(PLAN, steps=()), ANN, NOW_US, first.version)
    assert (second.version, [plan.version for plan in book.job_plans(PLAN.id)]) == (2, [1, 2])
    assert book.job(order.id) == job, "what was taken is frozen"


def test_the_closest_plan_is_taken_and_one_that_names_nothing_only_by_hand(book: Book) -> None:
    for plan in (
        JobPlan("any-spall", "Look at it", kinds=(OrderKind.CONDITION,)),
        replace(PLAN, id="other-class", asset_class="fan"),
        replace(PLAN, id="retired-one", component="de_bearing", retired=True),
        PLAN,
        JobPlan("by-hand", "By hand", steps=(JobStep("isolate", "Isolate, too"),)),
    ):
        book.save_plan(plan, ANN, NOW_US)
    order = opened(book)
    assert [ref.id for ref in job_of(book, order).plans] == ["bearing-change"]
    more = book.take_plan(order.id, "by-hand", ANN, order.revision, NOW_US)
    assert [step.id for step in more.job.steps][-1] == "by-hand-isolate", "ids stay unique"
    with pytest.raises(Conflict, match="by-hand@1 already"):
        book.take_plan(order.id, "by-hand", ANN, more.order.revision, NOW_US)
    with pytest.raises(Rejected, match="retired"):
        book.take_plan(order.id, "retired-one", ANN, more.order.revision, NOW_US)
    with pytest.raises(Rejected, match="no job plan"):
        book.take_plan(order.id, "nothing", ANN, more.order.revision, NOW_US)


def test_a_second_fault_brings_its_own_plan(book: Book) -> None:
    book.save_plan(PLAN, ANN, NOW_US)
    book.save_plan(
        JobPlan("balance", "Balance", mechanism="imbalance", steps=(JobStep("weigh", "Add weight"),)), ANN, 0
    )
    order = opened(book)
    book.advise(advice(IMBALANCE, at_h=1))
    job = book.job(order.id)
    assert job is not None
    assert [str(ref) for ref in job.plans] == ["bearing-change@1", "balance@1"]
    assert job.steps[-1].id == "weigh"


def test_a_plan_that_somebody_else_saved_is_not_overwritten_and_the_same_again_is_no_version(book: Book) -> None:
    book.save_plan(PLAN, ANN, NOW_US)
    assert book.save_plan(PLAN, ANN, NOW_US).version == 1
    with pytest.raises(Conflict, match="version 1, not 0"):
        book.save_plan(replace(PLAN, hours=7.0), ANN, NOW_US)
    assert len(book.job_plans(PLAN.id)) == 1


def test_results_are_kept_with_who_did_it_and_what_it_was(book: Book) -> None:
    order = at_work(book)
    done = book.step_done(order.id, NewResult("gap", value=0.1, by="carl", note="cold"), BEN, order.revision, NOW_US)
    result = done.job.result("gap")
    assert result is not None
    assert (result.value, result.unit, result.by, result.told_by, result.outside) == (0.1, "mm", "carl", "ben", False)
    assert done.follow_up is None
    assert book.job(order.id) == done.job
    assert (done.order.revision, book.history(order.id)[-1]["action"]) == (order.revision + 1, "step done")
    with pytest.raises(Conflict, match="revision"):
        book.step_done(order.id, NewResult("isolate"), BEN, order.revision, NOW_US)


NONSENSE = (
    (NewResult("gone"), "its steps are: isolate, gap, turn, paint"),
    (NewResult("gap"), "value in mm"),
    (NewResult("gap", value=0.1, unit="in"), "measured in mm"),
    (NewResult("gap", value=float("nan")), "no measured value"),
    (NewResult("isolate", value=1.0), "takes no value"),
    (NewResult("isolate", Outcome.FAILED, note="x"), "only a quality check"),
    (NewResult("turn", Outcome.FAILED), "say why"),
    (NewResult("isolate", Outcome.SKIPPED), "say why"),
)


def test_a_result_that_makes_no_sense_is_refused(book: Book) -> None:
    order = at_work(book)
    for result, says in NONSENSE:
        with pytest.raises(Rejected, match=says):
            told(book, order, result)
    assert book.order(order.id) == order


@pytest.mark.parametrize(
    ("bad", "kind", "title"),
    [
        (NewResult("gap", value=0.31), OrderKind.INSPECTION, "0.31 mm, allowed 0.05 to 0.25 mm"),
        (NewResult("turn", Outcome.FAILED, note="grinds"), OrderKind.CORRECTIVE, "check failed"),
    ],
)
def test_a_bad_result_opens_exactly_one_order_that_follows(
    book: Book, bad: NewResult, kind: OrderKind, title: str
) -> None:
    order = at_work(book)
    first = told(book, order, bad)
    assert first.follow_up is not None
    assert (first.follow_up.kind, first.follow_up.follows) == (kind, order.id)
    assert title in first.follow_up.title
    again = told(book, first.order, bad)
    assert again.follow_up is not None
    assert again.follow_up.id == first.follow_up.id
    assert [other.id for other in book.follow_ups(order.number)] == [first.follow_up.id]
    assert len(book.orders()) == 2
    assert book.history(first.follow_up.id)[0]["actor"] == "ben"


def test_open_steps_stop_the_completion_until_it_is_said_which_were_skipped_and_why(book: Book) -> None:
    order = told(book, at_work(book), NewResult("isolate")).order
    with pytest.raises(Rejected, match=r"gap \(Measure the clearance\), turn"):
        book.act(order.id, Status.COMP, BEN, order.revision, NOW_US, CODES)
    with pytest.raises(Rejected, match="say why"):
        book.act(order.id, Status.COMP, BEN, order.revision, NOW_US, {**CODES, "skipped": {"gap": " ", "turn": "x"}})
    skipped: Json = {"gap": "no gauge", "turn": "no time"}
    done = book.act(order.id, Status.COMP, BEN, order.revision, NOW_US, {**CODES, "skipped": skipped})
    job = book.job(order.id)
    assert job is not None
    results = {r.step: (r.outcome, r.note) for r in job.results}
    assert results["gap"] == (Outcome.SKIPPED, "no gauge")
    assert (done.status, "skipped" in done.report) == (Status.COMP, False)


def test_somebody_else_signs_off_and_a_new_result_wants_a_new_signature(book: Book) -> None:
    done = told(book, at_work(book), *ALL_GOOD)
    with pytest.raises(Conflict, match="sign-off by somebody else"):
        book.act(done.order.id, Status.COMP, BEN, done.order.revision, NOW_US, CODES)
    with pytest.raises(Conflict, match="somebody else than ben"):
        book.sign_off(done.order.id, "gap", BEN, done.order.revision, NOW_US)
    signed = book.sign_off(done.order.id, "gap", EVE, done.order.revision, NOW_US)
    assert book.sign_off(done.order.id, "gap", EVE, signed.order.revision, NOW_US) == signed, "twice is once"
    again = told(book, signed.order, NewResult("gap", value=0.2))
    assert [step.id for step in again.job.unsigned()] == ["gap"]
    signed = book.sign_off(done.order.id, "gap", EVE, again.order.revision, NOW_US)
    assert book.act(done.order.id, Status.COMP, BEN, signed.order.revision, NOW_US, CODES).status is Status.COMP


def test_what_was_not_done_cannot_be_signed_and_nothing_is_told_before_the_work_began(book: Book) -> None:
    book.save_plan(PLAN, ANN, NOW_US)
    order = opened(book)
    with pytest.raises(Conflict, match="nothing to sign"):
        book.sign_off(order.id, "gap", EVE, order.revision, NOW_US)
    with pytest.raises(Conflict, match="in progress"):
        told(book, order, NewResult("isolate"))


def test_bare_lines_of_an_order_take_results_and_stop_nothing(book: Book) -> None:
    order = opened(book)
    for status in (Status.APPR, Status.INPRG):
        order = book.act(order.id, status, ANN, order.revision, NOW_US)
    done = told(book, order, NewResult("text-1"))
    assert book.act(order.id, Status.COMP, ANN, done.order.revision, NOW_US, CODES).status is Status.COMP
