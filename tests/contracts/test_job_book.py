"""What every order book keeps of the work of an order, whatever it keeps it in."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import (
    Breakdown,
    Costs,
    Job,
    JobPlan,
    JobStep,
    LineKind,
    NewLine,
    NewResult,
    Outcome,
    Photo,
    Safety,
    StepKind,
    Worked,
    standing,
)
from forewarn.core.people import SkillNeed
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.work import Json, NewOrder, OrderKind, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.costs import ANY_HOUSE, CostLimit, CostRules, House
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, SPALL, advice, hours

Book = MemoryOrderBook | OrderBookSql

BEN, EVE = Actor("ben", "technician"), Actor("eve", "manager")
PLAN = JobPlan(
    "bearing-change",
    "Change the bearing",
    mechanism="outer_race_spall",
    steps=(
        JobStep("isolate", "Lock out and tag", hours=0.5),
        JobStep("gap", "Measure the clearance", StepKind.MEASURE, unit="mm", low=0.05, high=0.25, sign_off=True),
        JobStep("turn", "Does the shaft turn freely?", StepKind.QUALITY, follow_up=OrderKind.CORRECTIVE),
        JobStep("paint", "Touch up the paint", required=False),
    ),
    hours=6.0,
    skills=(SkillNeed("mechanical", 2),),
    tools=("puller",),
    parts=(PartLine("6205", 2),),
    safety=Safety(loto=True, permits=("hot work",)),
    photos=(Photo("drawing.pdf", "a" * 64),),
    other_cost=100.0,
)


class Prices:
    def asset_class(self, asset: str) -> str:
        return "pump"

    def part_price(self, part: str) -> float:
        return {"6205": 40.0}.get(part, 0.0)


LIMITS = (CostLimit("planner", 500.0), CostLimit("manager", None))
PLANT = House(CostRules("CHF", 60.0, LIMITS), Prices())


@pytest.fixture
def book(any_records_or_none: Records | None) -> Book:
    return MemoryOrderBook() if any_records_or_none is None else OrderBookSql(any_records_or_none)


def opened(book: Book) -> WorkOrder:
    order = book.advise(advice()).order
    assert order is not None
    return order


def job_of(book: Book, order: WorkOrder) -> Job:
    job = book.job(order.id)
    assert job is not None
    return job


def at_work(book: Book) -> WorkOrder:
    """An order with the plan, in progress."""
    book.save_plan(PLAN, ANN, NOW_US)
    order = opened(book)
    for status in (Status.APPR, Status.INPRG):
        order = book.act(order.id, status, EVE, order.revision, NOW_US)
    return order


def told(book: Book, order: WorkOrder, *results: NewResult, actor: Actor = BEN) -> Worked:
    for result in results:
        done = book.step_done(order.id, result, actor, order.revision, NOW_US + hours(1))
        order = done.order
    return done


ALL_GOOD = (NewResult("isolate"), NewResult("gap", value=0.1), NewResult("turn"))


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


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (NewResult("gone"), "its steps are: isolate, gap, turn, paint"),
        (NewResult("gap"), "value in mm"),
        (NewResult("gap", value=0.1, unit="in"), "measured in mm"),
        (NewResult("gap", value=float("nan")), "no measured value"),
        (NewResult("isolate", value=1.0), "takes no value"),
        (NewResult("isolate", Outcome.FAILED, note="x"), "only a quality check"),
        (NewResult("turn", Outcome.FAILED), "say why"),
        (NewResult("isolate", Outcome.SKIPPED), "say why"),
    ],
)
def test_a_result_that_makes_no_sense_is_refused(book: Book, result: NewResult, says: str) -> None:
    order = at_work(book)
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


@pytest.mark.parametrize(
    ("line", "says"),
    [
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
    ],
)
def test_a_line_that_makes_no_sense_is_refused_and_takes_the_others_with_it(
    book: Book, line: NewLine, says: str
) -> None:
    order = at_work(book)
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
