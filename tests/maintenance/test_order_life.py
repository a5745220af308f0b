"""The life of orders under anything that may happen: retries, stale revisions, illegal steps, alarms at any time."""

from __future__ import annotations

import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forewarn.core.errors import Conflict
from forewarn.core.faults import Fault
from forewarn.core.ports import OrderOutcome
from forewarn.core.work import OPEN_STATUSES, TRANSITIONS, Json, Status, Verification, WorkOrder
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.desk import snapshot
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import open_records
from tests.maintenance.samples import ANN, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours

pytestmark = pytest.mark.slow

FAULTS = (SPALL, IMBALANCE, SENSOR, Fault("de_bearing", "bearing_wear"))


@lru_cache(maxsize=1)
def migrated() -> Path:
    """An empty, migrated file: copying it is faster than migrating for each example."""
    path = Path(tempfile.mkdtemp(prefix="forewarn-test-")) / "records.db"
    open_records(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="module", autouse=True)
def clean_up() -> object:
    yield
    shutil.rmtree(migrated().parent)
    migrated.cache_clear()


class OrderLife(RuleBasedStateMachine):
    """A model of what each order's status must be, driven beside the real book."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="forewarn-test-"))
        self.hour = 0.0
        self.statuses: dict[str, Status] = {}
        self.faults: dict[str, set[Fault]] = {}
        self.rows = 0

    @initialize()
    def open(self) -> None:
        shutil.copy(migrated(), self.folder / "records.db")
        self.records = open_records(f"sqlite:///{self.folder}/records.db")
        self.book = OrderBookSql(self.records)

    @rule(passed_h=st.sampled_from([0.1, 5.0, 30.0, 80.0]))
    def time_passes(self, passed_h: float) -> None:
        self.hour += passed_h

    @rule(fault=st.sampled_from(FAULTS), start_in_h=st.sampled_from([None, 0.0, 10.0, 300.0]), twice=st.booleans())
    def alarm(self, fault: Fault, start_in_h: float | None, twice: bool) -> None:
        outcome = self.told(fault, start_in_h)
        if outcome.what == "opened":
            assert outcome.order is not None
            assert not any(fault in self.faults[id] for id in self.statuses if self.statuses[id] in OPEN_STATUSES)
            self.statuses[outcome.order.id] = Status.WAPPR
        if outcome.what in ("opened", "updated"):
            assert outcome.order is not None
            self.faults[outcome.order.id] = {cause.fault for cause in outcome.order.causes}
            self.rows += 1
        if twice and outcome.what in ("opened", "updated"):
            assert self.told(fault, start_in_h).what == "unchanged"

    def told(self, fault: Fault, start_in_h: float | None) -> OrderOutcome:
        return self.book.advise(advice(fault, at_h=self.hour, start_in_h=start_in_h))

    @precondition(lambda self: self.statuses)
    @rule(data=st.data(), status=st.sampled_from(Status), stale=st.sampled_from([0, 0, 0, 1]))
    def step(self, data: st.DataObject, status: Status, stale: int) -> None:
        before = self.some_order(data)
        rival = self.rival_of(before) if status is Status.INPRG and before.status is Status.COMP else None
        verified = before.verification in (Verification.PASSED, Verification.WAIVED)
        allowed = status in TRANSITIONS[before.status] and (status is not Status.CLOSE or verified)
        try:
            after = self.book.act(before.id, status, ANN, before.revision - stale, self.now_us())
        except Conflict:
            assert stale or not allowed or rival
            assert self.book.order(before.id) == before
            return
        assert allowed
        assert not stale
        assert not rival
        assert (after.status, after.revision) == (status, before.revision + 1)
        self.statuses[before.id] = status
        self.rows += 1

    @precondition(lambda self: Status.COMP in self.statuses.values())
    @rule(data=st.data(), result=st.sampled_from([Verification.PASSED, Verification.FAILED, Verification.WAIVED]))
    def verify(self, data: st.DataObject, result: Verification) -> None:
        done = [id for id, status in self.statuses.items() if status is Status.COMP]
        before = self.book.order(done[data.draw(st.integers(0, len(done) - 1))])
        assert before is not None
        after = self.book.verify(before.id, result, ANN, self.now_us())
        self.rows += after != before

    @rule()
    def restart(self) -> None:
        self.records.close()
        self.open_again()

    def open_again(self) -> None:
        self.records = open_records(f"sqlite:///{self.folder}/records.db")
        self.book = OrderBookSql(self.records)

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
    def statuses_are_those_of_the_model(self) -> None:
        if not hasattr(self, "book"):
            return
        orders = self.book.orders()
        assert {order.id: order.status for order in orders} == self.statuses
        causes = [(o.asset, cause.fault) for o in orders if o.is_open for cause in o.causes]
        assert len(causes) == len(set(causes)), "two open orders for one cause"
        machine = [o for o in orders if o.is_open and o.kind.value == "condition"]
        assert len(machine) <= 1

    @invariant()
    def every_change_has_one_row_and_one_message(self) -> None:
        if not hasattr(self, "book"):
            return
        histories = [self.book.history(id) for id in self.statuses]
        assert sum(map(len, histories)) == self.rows == len(pending(self.records, 10_000))

    def teardown(self) -> None:
        if hasattr(self, "book"):
            assert verify_audit(self.records) is None
            for id in self.statuses:
                assert self.replayed(id) == self.state_of(id)
            self.records.close()
        shutil.rmtree(self.folder)

    def replayed(self, id: str) -> Json:
        state: Json = {}
        for row in self.book.history(id):
            assert isinstance(row["before"], dict)
            assert isinstance(row["after"], dict)
            assert {name: state.get(name) for name in row["before"]} == row["before"]
            state |= row["after"]
        return state

    def state_of(self, id: str) -> Json:
        with self.records.write() as connection:
            kept = OrderRows(connection).find(id)
        assert kept is not None
        return snapshot(kept)


OrderLife.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
TestOrderLife = OrderLife.TestCase
