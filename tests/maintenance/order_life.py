"""A model of what each order's status must be, driven beside the real book by anything that may happen.

Requests carry a key and are sent again, also to another program; advice comes late and out of order; revisions are
stale; connections are cut between any two statements. Whatever happens: no illegal step, none lost, none taken twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.ports import OrderOutcome
from forewarn.core.work import OPEN_STATUSES, TRANSITIONS, Status, Verification, WorkOrder
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.idempotency import Answer
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.places import TORN, Place, cut_at
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours
from tests.maintenance.walks import replayed, state_of

FAULTS = (SPALL, IMBALANCE, SENSOR, Fault("de_bearing", "bearing_wear"))
PROGRAMS = 2
NEVER = 10_000
CUTS = st.sampled_from([NEVER, NEVER, *range(12)])


@dataclass(frozen=True)
class Sent:
    """A request that was answered, as its sender remembers it."""

    key: str
    hash: str
    answer: Answer


class OrderLife(RuleBasedStateMachine):
    """Two programs on one database, and what their orders must look like. A subclass says on which `place`; `steps` and
    `cuts` count over all examples."""

    place: ClassVar[Place]
    steps: ClassVar[int] = 0
    cuts: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.hour = 0.0
        self.statuses: dict[str, Status] = {}
        self.faults: dict[str, set[Fault]] = {}
        self.sent: list[Sent] = []
        self.looked = False
        self.rows = 0
        self.keys = 0
        self.programs: list[Records] = []

    @initialize()
    def open(self) -> None:
        self.url = self.place.new()
        self.programs = [open_records(self.url) for _ in range(PROGRAMS)]

    @property
    def records(self) -> Records:
        return self.programs[0]

    @property
    def book(self) -> OrderBookSql:
        return OrderBookSql(self.records)

    def request(self, program: int, work: Callable[[OrderBookSql], OrderOutcome], cut: int) -> OrderOutcome:
        """Send a request with a key of its own; when the connection is cut, send the same one again to the next
        program: it was done, or it was not, and is done now."""
        self.keys += 1
        key, box = f"key-{self.keys}", list[OrderOutcome]()
        type(self).steps, self.looked = self.steps + 1, False

        def asked(at: int) -> Answer:
            book = OrderBookSql(self.programs[at])

            def run() -> tuple[int, str]:
                box.append(work(book))
                return 200, json.dumps(box[-1].what)

            return book.idempotent(key, "ann", key, run)

        with cut_at(self.place, self.programs[program], cut):
            try:
                answer = asked(program)
            except TORN:
                type(self).cuts += 1
                self.everything_is_as_it_was()
                answer = asked((program + 1) % PROGRAMS)
                assert not answer.replayed, "what was cut off had been done"
        self.sent.append(Sent(key, key, answer))
        return box[-1]

    def everything_is_as_it_was(self) -> None:
        self.looked = False
        self.statuses_are_those_of_the_model_and_every_change_has_one_row_and_one_message()

    @rule(passed_h=st.sampled_from([0.1, 5.0, 30.0, 80.0]))
    def time_passes(self, passed_h: float) -> None:
        self.hour += passed_h

    @rule(
        fault=st.sampled_from(FAULTS),
        start_in_h=st.sampled_from([None, 0.0, 10.0, 300.0]),
        late_h=st.sampled_from([0.0, 0.0, 20.0]),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def alarm(self, fault: Fault, start_in_h: float | None, late_h: float, program: int, cut: int) -> None:
        asked = advice(fault, at_h=self.hour - late_h, start_in_h=start_in_h)
        outcome = self.request(program, lambda book: book.advise(asked), cut)
        if outcome.what == "opened":
            assert outcome.order is not None
            assert not any(fault in self.faults[id] for id in self.statuses if self.statuses[id] in OPEN_STATUSES)
            self.statuses[outcome.order.id] = Status.WAPPR
        if outcome.what in ("opened", "updated"):
            assert outcome.order is not None
            self.faults[outcome.order.id] = {cause.fault for cause in outcome.order.causes}
            self.rows += 1
            assert self.request(program, lambda book: book.advise(asked), NEVER).what == "unchanged"

    @precondition(lambda self: self.statuses)
    @rule(
        data=st.data(),
        status=st.sampled_from(Status),
        stale=st.sampled_from([0, 0, 0, 1]),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def step(self, data: st.DataObject, status: Status, stale: int, program: int, cut: int) -> None:
        before = self.some_order(data)
        rival = self.rival_of(before) if status is Status.INPRG and before.status is Status.COMP else None
        verified = before.verification in (Verification.PASSED, Verification.WAIVED)
        allowed = status in TRANSITIONS[before.status] and (status is not Status.CLOSE or verified)

        def work(book: OrderBookSql) -> OrderOutcome:
            told = CODES if status is Status.COMP else None
            return OrderOutcome("moved", book.act(before.id, status, ANN, before.revision - stale, self.now_us(), told))

        try:
            after = self.request(program, work, cut).order
        except Conflict:
            assert stale or not allowed or rival
            assert self.book.order(before.id) == before
            return
        assert allowed
        assert not stale
        assert not rival
        assert after is not None
        assert (after.status, after.revision) == (status, before.revision + 1)
        self.statuses[before.id] = status
        self.rows += 1

    @precondition(lambda self: Status.COMP in self.statuses.values())
    @rule(
        data=st.data(),
        result=st.sampled_from([Verification.PASSED, Verification.FAILED, Verification.WAIVED]),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def verify(self, data: st.DataObject, result: Verification, program: int, cut: int) -> None:
        done = [id for id, status in self.statuses.items() if status is Status.COMP]
        before = self.book.order(done[data.draw(st.integers(0, len(done) - 1))])
        assert before is not None

        def work(book: OrderBookSql) -> OrderOutcome:
            return OrderOutcome("verified", book.verify(before.id, result, ANN, self.now_us()))

        self.rows += self.request(program, work, cut).order != before

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), program=st.integers(0, PROGRAMS - 1))
    def the_answer_got_lost(self, data: st.DataObject, program: int) -> None:
        """The sender never heard it and asks again, now or much later: the same words, and nothing happens."""
        sent = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        type(self).steps, self.looked = self.steps + 1, False
        again = OrderBookSql(self.programs[program]).idempotent(sent.key, "ann", sent.hash, self.never)
        assert (again.status, again.body, again.replayed) == (sent.answer.status, sent.answer.body, True)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_key_comes_with_another_request(self, data: st.DataObject) -> None:
        sent = self.sent[data.draw(st.integers(0, len(self.sent) - 1))]
        type(self).steps += 1
        with pytest.raises(Rejected, match="idempotency_key_reused"):
            self.book.idempotent(sent.key, "ann", "another", self.never)

    @rule(program=st.integers(0, PROGRAMS - 1))
    def restart(self, program: int) -> None:
        self.programs[program].close()
        self.programs[program] = open_records(self.url)

    def never(self) -> tuple[int, str]:
        raise AssertionError("done twice")

    def some_order(self, data: st.DataObject) -> WorkOrder:
        known = list(self.statuses)  # by age: ids are random, and the same draw must mean the same order
        order = self.book.order(known[data.draw(st.integers(0, len(known) - 1))])
        assert order is not None
        return order

    def rival_of(self, order: WorkOrder) -> str | None:
        """Another open order with one of its faults."""
        alive = (id for id, status in self.statuses.items() if status in OPEN_STATUSES and id != order.id)
        return next((id for id in alive if self.faults[id] & self.faults[order.id]), None)

    def now_us(self) -> int:
        return NOW_US + hours(self.hour)

    @invariant()
    def statuses_are_those_of_the_model_and_every_change_has_one_row_and_one_message(self) -> None:
        if self.looked or not self.programs:
            return
        self.looked = True
        orders = self.book.orders(evidence=False)
        assert {order.id: order.status for order in orders} == self.statuses
        causes = [(o.asset, cause.fault) for o in orders if o.is_open for cause in o.causes]
        assert len(causes) == len(set(causes)), "two open orders for one cause"
        machine = [o for o in orders if o.is_open and o.kind.value == "condition"]
        assert len(machine) <= 1
        with self.records.read() as connection:
            counted = connection.exec_driver_sql("SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM outbox)")
            assert counted.one() == (self.rows, self.rows)

    def teardown(self) -> None:
        if not self.programs:
            return
        try:
            assert verify_audit(self.records) is None
            assert len(pending(self.records, NEVER)) == sum(len(self.book.history(id)) for id in self.statuses)
            for id in self.statuses:
                assert replayed(self.book.history(id)) == state_of(self.records, id)
        finally:
            for records in self.programs:
                records.close()
            self.place.drop(self.url)
