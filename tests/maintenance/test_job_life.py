"""The work of orders under anything that may be told: both books give the same answers, and the record adds up."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from forewarn.core.errors import Conflict, ForewarnError
from forewarn.core.jobs import (
    Breakdown,
    Job,
    JobPlan,
    JobStep,
    LineKind,
    NewLine,
    NewResult,
    Outcome,
    StepKind,
    Worked,
)
from forewarn.core.ports import Actor, OrderOutcome
from forewarn.core.work import Json, NewOrder, OrderKind, Status, WorkOrder
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.costs import CostLimit, CostRules, House
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.records import open_records
from tests.maintenance.places import OnPostgresql, OnSqlite, Place
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, SPALL, advice, hours

pytestmark = pytest.mark.slow

EXAMPLES = {OnSqlite: 8, OnPostgresql: 3}

Book = MemoryOrderBook | OrderBookSql
Answer = OrderOutcome | Worked | WorkOrder | JobPlan

PEOPLE = (ANN, Actor("ben", "technician"), Actor("eve", "manager"))
STEPS = (
    JobStep("isolate", "Isolate"),
    JobStep("gap", "Clearance", StepKind.MEASURE, unit="mm", high=0.25, sign_off=True),
    JobStep("turn", "Turns freely?", StepKind.QUALITY, follow_up=OrderKind.CORRECTIVE, required=False),
)
LINES = (
    NewLine(LineKind.LABOUR, "ben", 3.5, 60.0),
    NewLine(LineKind.PART, "6205", 2, 40.0),
    NewLine(LineKind.COST, "crane", 1, 250.5),
    NewLine(LineKind.RATING, quantity=4),
    NewLine(LineKind.DOWNTIME, "waiting_parts", start_us=NOW_US),
    NewLine(LineKind.LABOUR, "", 3.5, 60.0),
)
HOUSE = House(CostRules("CHF", 50.0, (CostLimit("technician", 300.0), CostLimit("planner", 600.0))))


class JobLife(RuleBasedStateMachine):
    """Whatever is asked of one book is asked of its twin; ids differ, numbers do not."""

    place: ClassVar[Place]

    @initialize()
    def open(self) -> None:
        self.url = self.place.new()
        self.records = open_records(self.url)
        self.sql, self.memory = OrderBookSql(self.records, house=HOUSE), MemoryOrderBook(house=HOUSE)
        self.hour, self.bad = 0.0, set[tuple[str, str]]()

    def ask(self, work: Callable[[Book], Answer]) -> Answer | ForewarnError:
        """The answer of both, which is the same; a refusal changes nothing."""
        self.hour += 1.0
        answers = [self.asked(book, work) for book in (self.sql, self.memory)]
        assert self.said(self.sql, answers[0]) == self.said(self.memory, answers[1])
        return answers[0]

    def asked(self, book: Book, work: Callable[[Book], Answer]) -> Answer | ForewarnError:
        before = book.orders()
        try:
            return work(book)
        except ForewarnError as refused:
            assert book.orders() == before
            return refused

    def said(self, book: Book, answer: Answer | ForewarnError) -> object:
        if isinstance(answer, ForewarnError):
            return type(answer), self.named(book, str(answer))
        if isinstance(answer, OrderOutcome):
            return answer.what, answer.order.number if answer.order else None
        if isinstance(answer, Worked):
            return answer.order.number, answer.job, answer.follow_up.number if answer.follow_up else None
        return (answer.number, answer.status) if isinstance(answer, WorkOrder) else answer

    def named(self, book: Book, text: str) -> str:
        for order in book.orders():
            text = text.replace(order.id, order.number)
        return text

    def some(self, data: st.DataObject) -> WorkOrder:
        known = sorted(order.number for order in self.sql.orders())
        order = self.sql.order(data.draw(st.sampled_from(known)))
        assert order is not None
        return order

    def now_us(self) -> int:
        return NOW_US + hours(self.hour)

    @rule(steps=st.integers(0, 3), mechanism=st.sampled_from(["outer_race_spall", "imbalance"]), behind=st.booleans())
    def save_plan(self, steps: int, mechanism: str, behind: bool) -> None:
        plan = JobPlan(f"p-{mechanism[:3]}", "Plan", mechanism=mechanism, steps=STEPS[:steps], hours=5.0 * steps)
        versions = self.sql.job_plans(plan.id)
        version = (versions[-1].version if versions else 0) - behind
        self.ask(lambda book: book.save_plan(plan, ANN, self.now_us(), version))

    @rule(fault=st.sampled_from([SPALL, IMBALANCE]))
    def alarm(self, fault: object) -> None:
        asked = advice(SPALL if fault == SPALL else IMBALANCE, at_h=self.hour)
        self.ask(lambda book: book.advise(asked))

    @rule(fault=st.sampled_from([None, SPALL, IMBALANCE]), emergency=st.booleans(), twice=st.booleans())
    def breakdown(self, fault: object, emergency: bool, twice: bool) -> None:
        known = None if fault is None else SPALL if fault == SPALL else IMBALANCE
        told = Breakdown("pump-03", "stands", self.now_us() - 1, self.now_us(), fault=known, emergency=emergency)
        self.ask(lambda book: book.raise_breakdown(told, ANN))
        if twice:
            again = self.ask(lambda book: book.raise_breakdown(told, ANN))
            assert isinstance(again, OrderOutcome)
            assert again.what == "unchanged"

    @rule(origin=st.sampled_from(["pm:1", "pm:2"]), kind=st.sampled_from([OrderKind.PREVENTIVE, OrderKind.INSPECTION]))
    def raise_order(self, origin: str, kind: OrderKind) -> None:
        self.ask(lambda book: book.raise_order(NewOrder("pump-03", kind, "Due", self.now_us(), origin), ANN))

    @precondition(lambda self: self.sql.orders())
    @rule(data=st.data(), status=st.sampled_from(Status), who=st.sampled_from(PEOPLE), skip=st.booleans())
    def step(self, data: st.DataObject, status: Status, who: Actor, skip: bool) -> None:
        order = self.some(data)
        job = self.sql.job(order.id)
        assert job is not None
        skipped = {step.id: "no time" for step in job.open_steps()} if skip else {}
        report: Json | None = {**CODES, "skipped": skipped} if status is Status.COMP else None
        answer = self.ask(lambda b: b.act(order.number, status, who, order.revision, self.now_us(), report))
        if isinstance(answer, WorkOrder) and status is Status.COMP:
            done = self.sql.job(order.id) or Job()
            assert not done.open_steps()
            assert not done.unsigned()
            assert all(line.line.end_us is not None for line in done.downtimes())
        if isinstance(answer, WorkOrder) and status is Status.INPRG:
            assert answer.planned_cost <= max(answer.approved_cost or 0, HOUSE.costs.limit_of(who.role))

    @precondition(lambda self: self.sql.orders())
    @rule(
        data=st.data(),
        step=st.sampled_from(["isolate", "gap", "turn", "text-1", "none"]),
        value=st.sampled_from([None, 0.1, 0.3]),
        outcome=st.sampled_from(Outcome),
        who=st.sampled_from(PEOPLE),
        stale=st.sampled_from([0, 0, 0, 1]),
    )
    def result(
        self, data: st.DataObject, step: str, value: float | None, outcome: Outcome, who: Actor, stale: int
    ) -> None:
        order = self.some(data)
        told = NewResult(step, outcome, value, note="why")
        revision = order.revision - stale
        answer = self.ask(lambda b: b.step_done(order.number, told, who, revision, self.now_us()))
        if stale:
            assert isinstance(answer, Conflict)
        if isinstance(answer, Worked) and (outcome is Outcome.FAILED or value == 0.3):
            assert answer.follow_up is not None
            self.bad.add((order.id, step))

    @precondition(lambda self: self.sql.orders())
    @rule(data=st.data(), step=st.sampled_from(["gap", "isolate"]), who=st.sampled_from(PEOPLE))
    def sign_off(self, data: st.DataObject, step: str, who: Actor) -> None:
        order = self.some(data)
        answer = self.ask(lambda b: b.sign_off(order.number, step, who, order.revision, self.now_us()))
        if isinstance(answer, Worked):
            result = answer.job.result(step)
            assert result is not None
            assert who.name not in (result.by, result.told_by)

    @precondition(lambda self: self.sql.orders())
    @rule(data=st.data(), line=st.sampled_from(LINES), corrects=st.sampled_from([None, None, 1, 2, 3]))
    def report(self, data: st.DataObject, line: NewLine, corrects: int | None) -> None:
        order = self.some(data)
        fields = {name: getattr(line, name) for name in line.__dataclass_fields__}
        told = NewLine(**{**fields, "corrects": corrects})
        self.ask(lambda b: b.report(order.number, [told], ANN, order.revision, self.now_us()))

    @precondition(lambda self: self.sql.orders())
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def approve(self, data: st.DataObject, who: Actor) -> None:
        order = self.some(data)
        self.ask(lambda b: b.approve_cost(order.number, who, order.revision, self.now_us()))

    @precondition(lambda self: self.sql.orders())
    @rule(data=st.data(), plan=st.sampled_from(["p-out", "p-imb"]))
    def take_plan(self, data: st.DataObject, plan: str) -> None:
        order = self.some(data)
        self.ask(lambda b: b.take_plan(order.number, plan, ANN, order.revision, self.now_us()))

    @invariant()
    def a_bad_result_has_one_order(self) -> None:
        if hasattr(self, "sql"):
            grown = [o.origin for o in self.sql.orders() if o.origin and o.origin.startswith("step:")]
            assert sorted(grown) == sorted(f"step:{order}:{step}" for order, step in self.bad)

    @invariant()
    def costs_are_what_counting_them_by_hand_gives(self) -> None:
        if not hasattr(self, "sql"):
            return
        for order in self.sql.orders():
            job = self.sql.job(order.id) or Job()
            total = 0.0
            for line in job.lines:
                replaced = any(other.line.corrects == line.seq for other in job.lines)
                if not replaced and line.line.kind in (LineKind.LABOUR, LineKind.PART, LineKind.COST):
                    total += line.line.quantity * line.line.unit_cost
            assert job.costs("CHF").total == pytest.approx(total)

    def teardown(self) -> None:
        if not hasattr(self, "sql"):
            return
        assert verify_audit(self.records) is None
        for order in self.sql.orders():
            twin = self.memory.order(order.number)
            assert twin is not None
            assert (self.sql.job(order.id), order.status, order.revision) == (
                self.memory.job(twin.id), twin.status, twin.revision
            )  # fmt: skip
            with self.records.write() as connection:
                kept = OrderRows(connection).find(order.id)
            assert kept is not None
            state: Json = {}
            for row in self.sql.history(order.id):
                assert isinstance(row["before"], dict)
                assert isinstance(row["after"], dict)
                assert {name: state.get(name) for name in row["before"]} == row["before"]
                state |= row["after"]
            assert state == snapshot(kept)
        self.records.close()
        self.place.drop(self.url)


def test_both_books_give_the_same_answers_and_the_record_adds_up(place: OnSqlite | OnPostgresql) -> None:
    class Placed(JobLife):
        pass

    Placed.place = place
    ignored = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Placed,
        settings=settings(max_examples=EXAMPLES[type(place)], stateful_step_count=40, suppress_health_check=ignored),
    )
