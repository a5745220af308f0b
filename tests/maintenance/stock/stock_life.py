"""A model of what lies where, driven beside the real store room by anything that may happen.

Requests carry a key and are sent again, also to another program; revisions are stale; connections are cut between any
two statements; time passes and pieces expire. After every step the ledger is summed up slowly: balances are the sums of
moves, nothing is below 0, nothing is put aside twice, and orders pay for exactly what they took (`stock_model`).
"""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.jobs import LineKind, NewLine
from forewarn.core.plant import PartLine
from forewarn.core.stock import (
    DIFFERENCE,
    MAIN_STORE,
    QUARANTINE,
    SCRAP,
    SUPPLIER,
    MoveReason,
    NewMove,
    PartCard,
    Reservation,
    ReservationState,
    StockMove,
)
from forewarn.core.work import TRANSITIONS, Status, Verification
from tests.maintenance.samples import ANN, CODES
from tests.maintenance.stock.stock_model import PARTS, PROGRAMS, STORES, StockModel
from tests.maintenance.stock.store_house import KIM, StoreHouse

NEVER = 10_000
CUTS = st.sampled_from([NEVER, NEVER, NEVER, *range(0, 30, 2)])
WAYS = {
    "transfer": (MoveReason.TRANSFER, STORES, STORES),
    "scrap": (MoveReason.SCRAP, STORES, (SCRAP,)),
    "lost": (MoveReason.COUNT, STORES, (DIFFERENCE,)),
    "to_supplier": (MoveReason.TO_SUPPLIER, STORES, (SUPPLIER,)),
}


class StockLife(StockModel):
    """Anything that may happen in a store room."""

    @rule(days=st.sampled_from([0.1, 1.0, 15.0]))
    def time_passes(self, days: float) -> None:
        self.now_us += round(days * US_PER_DAY)
        for part in PARTS:
            self.house.stock.refill(part, self.now_us)

    @rule(
        part=st.sampled_from(PARTS),
        pieces=st.integers(1, 6),
        store=st.sampled_from((*STORES, MAIN_STORE.id)),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def pieces_come(self, part: str, pieces: int, store: str, program: int, cut: int) -> None:
        serial = ""
        if part == "motor":
            self.serials += 1
            pieces, serial = 1, f"m-{self.serials}"
        new = NewMove(part, SUPPLIER, store, pieces, MoveReason.RECEIPT, self.now_us, serial=serial)
        assert self.request(program, cut, lambda house: [house.stock.move(new, KIM)])

    @rule(
        part=st.sampled_from(PARTS),
        way=st.sampled_from(tuple(WAYS)),
        pieces=st.integers(1, 4),
        data=st.data(),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def pieces_move(self, part: str, way: str, pieces: int, data: st.DataObject, program: int, cut: int) -> None:
        reason, sources, targets = WAYS[way]
        source, target = data.draw(st.sampled_from(sources)), data.draw(st.sampled_from(targets))
        lots = [lot for lot in self.house.stock.balances(part) if lot.place == source]
        lot = data.draw(st.sampled_from(lots)) if lots else None
        serial = self.lying(part, source, lot.batch) if lot and part == "motor" else ""
        pieces = 1 if part == "motor" else pieces
        batch = lot.batch if lot else ""
        new = NewMove(part, source, target, pieces, reason, self.now_us, batch=batch, serial=serial)
        level, there = self.house.stock.level(part, self.now_us), lot.quantity if lot else 0
        done = self.request(program, cut, lambda house: [house.stock.move(new, KIM)])
        fresh = lot is not None and (lot.expires_us is None or lot.expires_us > self.now_us)
        free = reason is not MoveReason.TO_SUPPLIER or source == QUARANTINE.id or not fresh
        assert done == (source != target and pieces <= there and (free or pieces <= max(level.available, 0)))

    def lying(self, part: str, place: str, batch: str) -> str:
        """A piece of a rotable that lies there."""
        pieces = self.house.stock.serials(part)
        return next(one.serial for one in pieces if (one.place, one.batch) == (place, batch))

    @rule(
        n=st.integers(0, 2),
        part=st.sampled_from((*PARTS, "kit")),
        pieces=st.integers(1, 4),
        days=st.sampled_from([None, 1.0, 30.0]),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def parts_are_put_aside(self, n: int, part: str, pieces: int, days: float | None, program: int, cut: int) -> None:
        needed = None if days is None else self.now_us + round(days * US_PER_DAY)
        order, box = self.orders[n], list[list[Reservation]]()

        def work(house: StoreHouse) -> list[StockMove]:
            box.append(house.stock.reserve(order, [PartLine(part, pieces)], ANN, self.now_us, needed))
            return []

        if self.request(program, cut, work):
            for name, each in (("a", 2), ("oil", 1)) if part == "kit" else ((part, 1),):
                open_ones = sum(one.left for one in box[-1] if one.wanted == name)
                assert open_ones <= each * pieces
            assert all(one.needed_by_us == needed or one.wanted not in self.parts_of(part) for one in box[-1])

    def parts_of(self, part: str) -> tuple[str, ...]:
        """What a kit unfolds to."""
        return ("a", "oil") if part == "kit" else (part,)

    @rule(n=st.integers(0, 2), part=st.sampled_from((None, *PARTS)), program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def parts_are_released(self, n: int, part: str | None, program: int, cut: int) -> None:
        order = self.orders[n]

        def work(house: StoreHouse) -> list[StockMove]:
            house.stock.release(order, ANN, self.now_us, part)
            return []

        assert self.request(program, cut, work)
        left = self.house.stock.reservations(order, open_only=True)
        assert not [one for one in left if part is None or part in (one.part, one.wanted)]

    @rule(
        n=st.integers(0, 2),
        part=st.sampled_from(PARTS),
        pieces=st.integers(1, 4),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def pieces_are_issued(self, n: int, part: str, pieces: int, program: int, cut: int) -> None:
        order = self.orders[n]
        status = self.status(order)
        level = self.house.stock.level(part, self.now_us)
        mine = self.house.stock.reservations(order, part, open_only=True)
        own = sum(one.left for one in mine if one.state is ReservationState.HELD)
        done = self.request(program, cut, lambda house: house.stock.issue(order, part, pieces, KIM, self.now_us))
        # holds on what has expired are given up in the moment of issue, so that only good pieces count
        good = level.on_hand - level.unusable - level.expired
        if level.available >= 0:
            open_order = status not in (Status.WAPPR, Status.CLOSE, Status.CAN)
            assert done == (open_order and pieces <= level.available + own)
        assert not done or pieces <= good

    @rule(
        n=st.integers(0, 2),
        part=st.sampled_from(PARTS),
        pieces=st.integers(1, 3),
        usable=st.booleans(),
        program=st.integers(0, PROGRAMS - 1),
        cut=CUTS,
    )
    def pieces_come_back(self, n: int, part: str, pieces: int, usable: bool, program: int, cut: int) -> None:
        order = self.orders[n]
        there = self.hands[order, part]
        done = self.request(
            program,
            cut,
            lambda house: house.stock.give_back(order, part, pieces, KIM, self.now_us, usable),
        )
        assert done == (pieces <= there)

    @rule(n=st.integers(0, 2), program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def pieces_are_used(self, n: int, program: int, cut: int) -> None:
        order = self.orders[n]
        assert self.request(program, cut, lambda house: house.stock.use(order, KIM, self.now_us))
        assert not any(pieces for (id, _), pieces in self.hands.items() if id == order)

    @rule(n=st.integers(0, 2), pieces=st.integers(1, 3), program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def a_technician_reports_parts(self, n: int, pieces: int, program: int, cut: int) -> None:
        order = self.orders[n]

        def work(house: StoreHouse) -> list[StockMove]:
            before = {move.seq for move in house.stock.moves(order=order, limit=10_000)}
            revision = self.now(house, order).revision
            house.orders.report(order, [NewLine(LineKind.PART, "b", pieces, 3.0)], ANN, revision, self.now_us)
            return [one for one in house.stock.moves(order=order, limit=10_000)[::-1] if one.seq not in before]

        self.request(program, cut, work)

    @rule(making=st.booleans(), kits=st.integers(1, 2), program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def kits_are_made_or_taken_apart(self, making: bool, kits: int, program: int, cut: int) -> None:
        def work(house: StoreHouse) -> list[StockMove]:
            what = house.stock.assemble if making else house.stock.take_apart
            return what("kit", kits, MAIN_STORE.id, KIM, self.now_us)

        self.request(program, cut, work)

    @rule(n=st.integers(0, 2), data=st.data(), stale=st.booleans(), program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def an_order_moves(self, n: int, data: st.DataObject, stale: bool, program: int, cut: int) -> None:
        id = self.orders[n]
        order = self.now(self.house, id)
        allowed = [status for status in TRANSITIONS[order.status] if status is not Status.CLOSE]
        if not allowed:
            self.orders[n] = self.house.order(priority=1 + n).id
            return
        status = data.draw(st.sampled_from(allowed))
        report = CODES if status is Status.COMP else None
        revision = order.revision - 1 if stale else order.revision

        def work(house: StoreHouse) -> list[StockMove]:
            house.orders.act(id, status, ANN, revision, self.now_us, report)
            return []

        done = self.request(program, cut, work)
        assert done != stale
        if done and order.status is Status.WMATL:
            self.pushed.add(id)

    @precondition(lambda self: any(self.status(id) is Status.COMP for id in self.orders))
    @rule(program=st.integers(0, PROGRAMS - 1), cut=CUTS)
    def an_order_closes_when_its_pieces_are_settled(self, program: int, cut: int) -> None:
        id = next(id for id in self.orders if self.status(id) is Status.COMP)
        self.house.orders.verify(id, Verification.WAIVED, ANN, self.now_us)
        revision = self.now(self.house, id).revision
        open_ones = self.house.stock.reservations(id, open_only=True)
        in_hand = sum(pieces for (order, _), pieces in self.hands.items() if order == id)

        def work(house: StoreHouse) -> list[StockMove]:
            house.orders.act(id, Status.CLOSE, ANN, revision, self.now_us)
            return []

        assert self.request(program, cut, work) == (not open_ones and not in_hand)

    @rule(price=st.sampled_from([1.0, 2.0, 4.0]), program=st.integers(0, PROGRAMS - 1), cut=CUTS, stale=st.booleans())
    def a_price_changes(self, price: float, program: int, cut: int, stale: bool) -> None:
        card = self.house.stock.card("a")
        assert card is not None
        revision = card.revision - 1 if stale else card.revision
        changed = PartCard("a", price=price + revision / 8, substitutes=("b",))

        def work(house: StoreHouse) -> list[StockMove]:
            house.stock.save_card(changed, KIM, self.now_us, revision)
            return []

        same = changed.price == card.price  # what is there already is no conflict, whoever read what
        assert self.request(program, cut, work) == (same or not stale), "a stale revision"

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), program=st.integers(0, PROGRAMS - 1))
    def an_old_request_is_sent_again(self, data: st.DataObject, program: int) -> None:
        key, answer = data.draw(st.sampled_from(self.sent))

        def never() -> tuple[int, str]:
            raise AssertionError("done twice")

        again = StoreHouse(self.programs[program]).stock.idempotent(key, "kim", key, never)
        assert again.replayed
        assert again.body == answer.body
        with pytest.raises(Rejected, match="idempotency_key_reused"):
            StoreHouse(self.programs[program]).stock.idempotent(key, "kim", "another body", never)
