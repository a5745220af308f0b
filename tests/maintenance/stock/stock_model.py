"""The store room with its model beside it: requests with keys, and what must add up after each of them.

`stock_life` drives it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import LineKind
from forewarn.core.plant import PartLine
from forewarn.core.stock import MAIN_STORE, QUARANTINE, MoveReason, PartCard, PartKind, StockMove
from forewarn.core.work import Status, WorkOrder
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.idempotency import Answer
from forewarn.maintenance.records import Records, open_records
from tests.maintenance.places import TORN, Place, cut_at
from tests.maintenance.samples import NOW_US
from tests.maintenance.stock.store_house import KIM, SHELF, StoreHouse, unbalanced

PROGRAMS = 2
PARTS = ("a", "b", "oil", "motor")
STORES = (MAIN_STORE.id, SHELF.id, QUARANTINE.id)
CARDS = (
    PartCard("b", price=3.0),
    PartCard("a", price=2.5, substitutes=("b",)),
    PartCard("oil", unit="0.1 l", kind=PartKind.CONSUMABLE, price=0.4, shelf_life_days=20.0),
    PartCard("motor", kind=PartKind.ROTABLE, price=900.0),
    PartCard("kit", contains=(PartLine("a", 2), PartLine("oil", 1))),
)


class StockModel(RuleBasedStateMachine):
    """Two programs on one database. A subclass says on which `place`; `steps` and `cuts` count over all examples."""

    place: ClassVar[Place]
    steps: ClassVar[int] = 0
    cuts: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.now_us = NOW_US
        self.lies: Counter[tuple[str, str]] = Counter()
        self.hands: Counter[tuple[str, str]] = Counter()
        self.orders: list[str] = []
        self.pushed: set[str] = set()
        self.sent: list[tuple[str, Answer]] = []
        self.keys = 0
        self.serials = 0
        self.moves = 0
        self.looked = False
        self.programs: list[Records] = []

    @initialize()
    def open(self) -> None:
        self.url = self.place.new()
        self.programs = [open_records(self.url) for _ in range(PROGRAMS)]
        house = self.house
        house.stock.save_place(SHELF, KIM, NOW_US)
        for card in CARDS:
            house.stock.save_card(card, KIM, NOW_US)
        self.orders = [house.order(priority=1 + n).id for n in range(3)]

    @property
    def house(self) -> StoreHouse:
        return StoreHouse(self.programs[0])

    def request(self, program: int, cut: int, work: Callable[[StoreHouse], Sequence[StockMove]]) -> bool:
        """Send a request with a key of its own; cut off, it is sent again to the next program: it was done, or it was
        not, and is done now. Was it accepted? The model follows the moves that it was answered with."""
        self.keys += 1
        key, box = f"key-{self.keys}", list[Sequence[StockMove]]()
        type(self).steps, self.looked = self.steps + 1, False

        def asked(at: int) -> Answer:
            house = StoreHouse(self.programs[at])

            def run() -> tuple[int, str]:
                box.append(work(house))
                return 200, json.dumps([move.seq for move in box[-1]])

            return house.stock.idempotent(key, "kim", key, run)

        try:
            with cut_at(self.place, self.programs[program], cut):
                try:
                    answer = asked(program)
                except TORN:
                    type(self).cuts += 1
                    self.everything_adds_up()
                    answer = asked((program + 1) % PROGRAMS)
                    assert not answer.replayed, "what was cut off had been done"
        except (Conflict, Rejected):
            self.looked = False
            return False
        self.looked = False
        self.sent.append((key, answer))
        for move in box[-1]:
            self.follow(move)
        return True

    def follow(self, move: StockMove) -> None:
        """What a move does, in the simplest words."""
        self.moves += 1
        for place, pieces in ((move.from_place, -move.quantity), (move.to_place, move.quantity)):
            if place in STORES:
                self.lies[move.part, place] += pieces
                assert self.lies[move.part, place] >= 0
            if place == "@order":
                self.hands[str(move.order), move.part] += pieces
                assert self.hands[str(move.order), move.part] >= 0

    @invariant()
    def everything_adds_up(self) -> None:
        if self.looked or not self.programs:
            return
        self.looked = True
        assert unbalanced(self.programs[0]) == []
        stock = self.house.stock
        lies = Counter[tuple[str, str]]()
        for lot in stock.balances():
            lies[lot.part, lot.place] += lot.quantity
        assert +lies == +self.lies
        assert len(stock.moves(limit=1_000_000)) == self.moves
        waiting = stock.waiting(now_us=self.now_us)
        for part in PARTS:
            first = next((one.reservation for one in waiting if one.reservation.part == part), None)
            assert first is None or first.left > stock.level(part, self.now_us).available, "somebody waits for nothing"
        for id in self.orders:
            self.order_adds_up(id, {one.reservation.order for one in waiting})

    def order_adds_up(self, id: str, waiting: set[str]) -> None:
        stock, order = self.house.stock, self.now(self.house, id)
        hands = {part: pieces for (of, part), pieces in self.hands.items() if of == id and pieces}
        assert stock.in_hand(id) == hands
        moves, job = stock.moves(order=id, limit=10_000), self.house.orders.job(id)
        assert job is not None
        signs = {MoveReason.ISSUE: 1, MoveReason.GIVE_BACK: -1}
        paid = sum(signs.get(move.reason, 0) * move.quantity * move.unit_cost for move in moves)
        told = sum(line.amount for line in job.lines if line.line.note == "" and line.line.kind is LineKind.PART)
        assert job.costs("EUR").parts == pytest.approx(paid + told, abs=0.011 * len(PARTS))
        if order.status in (Status.APPR, Status.WSCH) and id not in self.pushed:
            assert id not in waiting, "parts are missing, and the order does not wait"
        if order.status in (Status.CAN, Status.CLOSE):
            assert not stock.reservations(id, open_only=True)

    def now(self, house: StoreHouse, id: str) -> WorkOrder:
        found = house.orders.order(id)
        assert found is not None
        return found

    def status(self, id: str) -> Status:
        return self.now(self.house, id).status

    def teardown(self) -> None:
        if self.programs:
            try:
                assert verify_audit(self.programs[0]) is None
            finally:
                for records in self.programs:
                    records.close()
                self.place.drop(self.url)
