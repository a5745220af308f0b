"""A purchase order lives through random steps, retries and races: no illegal edge, no piece twice, no piece lost."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from forewarn.core.buying import (
    BY_RECEIPT,
    ON_ORDER,
    PURCHASE_STEPS,
    NewReceiptLine,
    PurchaseOrder,
    PurchaseStatus,
    Receipt,
    ReceiptFault,
)
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.quotes import PROPOSAL_STEPS, ProposalState
from forewarn.core.stock import SUPPLIER, MoveReason
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.buying.life import Inspection
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.buying.world import BEARING, BEN, World
from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.maintenance.samples import ANN, NOW_US

S = PurchaseStatus


class Buyer(RuleBasedStateMachine):
    """One part, several purchase orders, everything that people do with them, some of it twice."""

    place: OnSqlite | OnPostgresql

    def __init__(self) -> None:
        super().__init__()
        self.url = self.place.new()
        self.world = World(open_records(self.url))
        self.status: dict[str, PurchaseStatus] = {}
        self.accepted = self.quarantined = self.notes = 0
        self.now_us = NOW_US

    @property
    def orders(self) -> list[PurchaseOrder]:
        return self.world.buying.purchases(limit=None)

    def one(self, place: int) -> PurchaseOrder:
        return self.orders[place % len(self.status)]

    def passing(self) -> int:
        self.now_us += 3_600_000_000
        return self.now_us

    @precondition(lambda self: len(self.status) < 4)
    @rule(quantity=st.integers(1, 6), ahead=st.integers(0, 3))
    def draft(self, quantity: int, ahead: int) -> None:
        made = self.world.drafted(quantity, key=f"k{len(self.status)}")
        for to in (S.APPROVED, S.SENT, S.CONFIRMED)[:ahead]:
            made = self.world.buying.act(made.id, to, BEN, made.revision, self.passing())
        self.status[made.id] = made.status

    @precondition(lambda self: self.status)
    @rule(place=st.integers(0, 3), to=st.sampled_from(S), stale=st.booleans(), rebuy=st.booleans())
    def step(self, place: int, to: PurchaseStatus, stale: bool, rebuy: bool) -> None:
        order = self.one(place)
        revision = order.revision - 1 if stale else order.revision
        allowed = not stale and to in order.allowed_actions
        try:
            after = self.world.buying.act(order.id, to, BEN, revision, self.passing(), "said so", rebuy)
        except Conflict:
            assert not allowed, f"{order.status} to {to} was refused"
        else:
            assert allowed, f"{order.status} to {to} was let through"
            assert after.status is to
            self.status[order.id] = to

    @precondition(lambda self: self.status)
    @rule(place=st.integers(0, 3))
    def go_on(self, place: int) -> None:
        """The usual next step: half of the walks would never be sent without it."""
        order = self.one(place)
        ways = [to for to in order.allowed_actions if to not in (S.CANCELLED, S.DRAFT)]
        if ways:
            after = self.world.buying.act(order.id, ways[0], BEN, order.revision, self.passing(), "so be it")
            self.status[order.id] = after.status

    @precondition(lambda self: self.status)
    @rule(
        place=st.integers(0, 3),
        shelf=st.integers(0, 4),
        aside=st.integers(0, 2),
        back=st.integers(0, 2),
        surplus=st.booleans(),
        twice=st.booleans(),
    )
    def receive(self, place: int, shelf: int, aside: int, back: int, surplus: bool, twice: bool) -> None:
        order = self.one(place)
        if not shelf + aside + back:
            return
        fault = ReceiptFault.DAMAGED if aside or back else ReceiptFault.NONE
        line = NewReceiptLine(BEARING, shelf + aside + back, shelf, aside, back, 1, fault, surplus)
        self.notes += 1
        note, at_us = f"LS-{self.notes}", self.passing()
        try:
            after, receipt = self.world.buying.receive(order.id, note, [line], BEN, at_us)
        except (Conflict, Rejected):
            late = order.status not in (S.SENT, S.CONFIRMED, S.PARTLY, S.RECEIVED)
            assert late or (shelf + aside > order.lines[0].open and not surplus)
            return
        self.accepted += shelf
        self.quarantined += aside
        self.status[order.id] = after.status
        if twice:
            assert self.world.buying.receive(order.id, note, [line], BEN, at_us + 1) == (after, receipt)

    @precondition(lambda self: self.quarantined)
    @rule(good=st.integers(0, 2), bad=st.integers(0, 2))
    def inspect(self, good: int, bad: int) -> None:
        for order in self.orders:
            for receipt in self.world.buying.receipts(order.id):
                for line in receipt.lines:
                    if line.quarantined and 0 < good + bad <= line.quarantined:
                        told = Inspection(receipt.id, line.seq, good, bad)
                        after, _ = self.world.buying.inspect(order.id, told, BEN, order.revision, self.passing())
                        self.accepted += good
                        self.quarantined -= good + bad
                        self.status[order.id] = after.status
                        return

    @invariant()
    def the_status_is_what_was_allowed(self) -> None:
        assert {order.id: order.status for order in self.orders} == self.status

    @invariant()
    def pieces_received_are_pieces_booked(self) -> None:
        lines = [line for order in self.orders for line in order.lines]
        level = self.world.stock.level(BEARING, self.now_us)
        assert sum(line.accepted for line in lines) == self.accepted == level.on_hand - level.unusable
        assert sum(line.quarantined for line in lines) == self.quarantined == level.unusable
        moves = self.world.stock.moves(BEARING, limit=10_000)
        came = sum(m.quantity for m in moves if m.from_place == SUPPLIER)
        went = sum(m.quantity for m in moves if m.to_place == SUPPLIER)
        assert {m.reason for m in moves} <= {MoveReason.RECEIPT, MoveReason.TRANSFER, MoveReason.TO_SUPPLIER}
        assert came - went == level.on_hand

    @invariant()
    def on_order_is_the_sum_of_open_lines(self) -> None:
        open_pieces = sum(order.open_pieces for order in self.orders if order.status in ON_ORDER)
        assert sum(one.quantity for one in self.world.stock.on_order(BEARING)) == open_pieces
        [pipeline] = self.world.buying.pipelines(BEARING)
        assert pipeline.on_order == open_pieces

    def teardown(self) -> None:
        for order in self.orders:
            walked = [
                row["after"]["status"]
                for row in self.world.buying.history(f"purchase:{order.id}")
                if isinstance(row["after"], dict) and "status" in row["after"]
            ]
            for was, became in pairwise(walked):
                assert PurchaseStatus(str(became)) in PURCHASE_STEPS[PurchaseStatus(str(was))]
        assert verify_audit(self.world.records) is None
        self.world.records.close()
        self.place.drop(self.url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.server, pytest.mark.slow])])
def anywhere(request: pytest.FixtureRequest) -> Iterator[OnSqlite | OnPostgresql]:
    made = OnSqlite() if request.param == "sqlite" else OnPostgresql(request.getfixturevalue("postgresql"))
    yield made
    made.close()


def test_whatever_people_do_the_books_of_buying_agree(anywhere: OnSqlite | OnPostgresql) -> None:
    machine = type("BuyerHere", (Buyer,), {"place": anywhere})
    few = 3 if isinstance(anywhere, OnPostgresql) else 6
    checks = list(HealthCheck)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=few, stateful_step_count=25, deadline=None, suppress_health_check=checks),
    )


@pytest.mark.slow
def test_two_who_receive_the_same_delivery_note_receive_it_once(any_records: Records) -> None:
    world = World(any_records)
    sent = world.sent(40)
    for place in range(4):
        gate = threading.Barrier(4)
        done: list[Receipt] = []

        def receive(note: str = f"LS-{place}", gate: threading.Barrier = gate, done: list[Receipt] = done) -> None:
            gate.wait()
            done.append(world.came(sent, 5, note)[1])

        people = [threading.Thread(target=receive) for _ in range(4)]
        for one in people:
            one.start()
        for one in people:
            one.join()
        assert len(done) == 4
        assert len({receipt.id for receipt in done}) == 1
    assert world.on_shelf() == 20
    after = world.buying.purchase(sent.id)
    assert after is not None
    assert (after.lines[0].accepted, len(world.buying.receipts(sent.id))) == (20, 4)


def test_the_tables_lead_everywhere_and_end(quick: World) -> None:
    for steps, start in ((PURCHASE_STEPS, S.DRAFT), (PROPOSAL_STEPS, ProposalState.OPEN)):
        seen = {start}
        while more := {to for one in seen for to in steps[one]} - seen:  # type: ignore[index]
            seen |= more
        assert seen == set(steps)
    assert [status for status, to in PURCHASE_STEPS.items() if not to] == [S.CLOSED, S.CANCELLED]
    draft = quick.drafted()
    assert not set(draft.allowed_actions) & set(BY_RECEIPT)
    assert ANN.role == "planner"


def test_the_tables_in_the_docs_are_those_of_the_code(root: Path) -> None:
    text = (root / "docs/explanation/buying.md").read_text()
    told: dict[str, set[str]] = {}
    for row in re.findall(r"^\| ([A-Z, ]+|[a-z, ]+) \| (.*?) \|", text, re.M):
        for name in row[0].split(", "):
            told.setdefault(name, set()).update(re.findall(r"[A-Z]+|[a-z]+", re.sub(r"\(.*?\)", "", row[1])))
    for steps in (PURCHASE_STEPS, PROPOSAL_STEPS):
        for status, to in steps.items():
            assert told[status.value] == {one.value for one in to}, status
