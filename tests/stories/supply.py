"""The store room and the buyer of the small works, and the pieces that really lie there.

Couplings are bought for each job from a supplier who is late; bearings and grease when the shelf runs low. One delivery
comes in two halves, one holds a broken piece, one job takes a piece too many and brings it back, a piece is stolen, and
what lay there for the machine that is sold goes to the scrap.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from forewarn.core.buying import UNDER_WAY, NewReceiptLine, PurchaseOrder, PurchaseStatus, ReceiptFault
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, ProposalState, Supplier
from forewarn.core.stock import OPENING, SCRAP, MoveReason, NewMove, PartCard, PartKind
from forewarn.core.work import WorkOrder
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.buying.desk import Terms
from forewarn.maintenance.buying.life import Inspection
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.deadlines_book import DeadlineBook
from forewarn.maintenance.orders.departments_book import DepartmentBook
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql
from forewarn.maintenance.stock.count_book import CountBook
from forewarn.maintenance.stock.counting import Count, SheetState
from forewarn.maintenance.stock.counting import Need as CountNeed
from forewarn.pipeline.deliveries import Deliveries
from tests.stories.works import HOUSE, PRICES, START_US

KEEPER, BUYER, BOSS = Actor("sam", "storekeeper"), Actor("ute", "buyer"), Actor("max", "manager")
BEGIN = {"6205": 6, "coupling": 0, "grease": 60, "belt-08": 2}
RUNS_LOW = {"6205": (4, 8), "grease": (24, 60)}  # at so many pieces, so many more are bought
SELLS = {"6205": "bearco", "coupling": "slowco", "grease": "bearco"}
PROMISED_DAYS, LATE_DAYS = 4, 11
STOLEN_WEEK, COUNT_WEEK = 22, 24


@dataclass
class Shelf:
    """What the storekeeper would find, whatever the books say; and what happened to purchase orders."""

    pieces: Counter[str] = field(default_factory=lambda: Counter(BEGIN))
    handed: Counter[tuple[str, str]] = field(default_factory=Counter)  # (order, part)
    bought: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    stolen: int = 0
    scrapped: int = 0
    brought_back: int = 0
    waited: set[str] = field(default_factory=set)  # orders that met an empty shelf
    receipts: list[tuple[str, bool]] = field(default_factory=list)  # supplier, good and by the promised day


class Supply:
    """Store room and buyer; `shelf` is for whoever compares them with the books."""

    def __init__(self, records: Records, book: OrderBookSql, departments: DepartmentBook) -> None:
        self.book, self.shelf = book, Shelf()
        self.stock = StockBookSql(records, book)
        self.counts = CountBook(records, self.stock)
        self.buying = BuyingBookSql(records, self.stock, lambda: HOUSE.costs)
        rota = DeadlineBook(records)
        self.deliveries = Deliveries(records, self.buying, self.stock, departments, rota, "Ute")
        self._comes: dict[str, int] = {}  # purchase order -> when the lorry really comes
        self._jobs = self._deliveries = 0

    def open(self) -> None:
        """Cards, suppliers, and what lies there on the first day."""
        for part, pieces in BEGIN.items():
            kind = PartKind.CONSUMABLE if part == "grease" else PartKind.SPARE
            card = PartCard(part, part, kind=kind, price=PRICES.get(part, 40.0), lead_p50_days=4.0, lead_p90_days=11.0)
            self.stock.save_card(card, KEEPER, START_US)
            if pieces:
                self.stock.move(NewMove(part, OPENING, "main", pieces, MoveReason.OPENING, START_US), KEEPER)
        for id in ("bearco", "slowco"):
            self.buying.save_supplier(Supplier(id, id.title(), f"sales@{id}.example"), BUYER, START_US)

    def reserve(self, order: WorkOrder, now_us: int) -> None:
        """Put the parts of an approved job aside; what is short makes it wait."""
        if order.parts:
            lines = self.stock.reserve(order.id, order.parts, KEEPER, now_us)
            if any(line.state.value == "waiting" for line in lines):
                self.shelf.waited.add(order.id)

    def buy(self, now_us: int) -> None:
        """What jobs wait for, and what runs low."""
        self.deliveries.propose_waiting(now_us)
        for part, (low, lot) in RUNS_LOW.items():
            coming = sum(one.quantity for one in self.stock.on_order(part))
            if self.stock.level(part, now_us).available + coming <= low:
                self.buying.propose(part, Need("reorder", lot, "the shelf runs low"), BUYER, now_us)
        for one in self.buying.proposals(states=(ProposalState.OPEN,)):
            agreed = self.buying.settle_proposal(one.id, ProposalState.APPROVED, BOSS, one.revision, now_us)
            terms = {one.part: Terms(PRICES[one.part], 4.0, 11.0)}
            made = self.buying.order_directly([agreed.id], SELLS[one.part], terms, "yearly contract", BUYER, now_us)
            self._sent(made, now_us)
        self.deliveries.follow(now_us)

    def _sent(self, made: PurchaseOrder, now_us: int) -> None:
        made = self.buying.act(made.id, PurchaseStatus.APPROVED, BOSS, made.revision, now_us)
        made = self.buying.act(made.id, PurchaseStatus.SENT, BUYER, made.revision, now_us)
        promised_us = now_us + PROMISED_DAYS * US_PER_DAY
        self.buying.confirm(made.id, {1: promised_us}, BUYER, made.revision, now_us)
        days = LATE_DAYS if made.supplier == "slowco" else PROMISED_DAYS
        self._comes[made.id] = now_us + days * US_PER_DAY
        self.shelf.bought[made.lines[0].part] += made.lines[0].quantity

    def receive(self, now_us: int) -> None:
        """What came since last Monday; who is late names a new day, once the promised one has passed."""
        for order in self.buying.purchases(UNDER_WAY):
            comes_us, due_us = self._comes[order.id], order.lines[0].due_us or 0
            if comes_us <= now_us:
                self._unloaded(order, comes_us)
            elif due_us < now_us:
                self.buying.confirm(order.id, {1: comes_us}, BUYER, order.revision, now_us, "no steel")
        self.deliveries.follow(now_us)

    def _unloaded(self, order: PurchaseOrder, at_us: int) -> None:
        """The third delivery comes in two halves, the fifth holds a broken piece, which is sent back and comes anew."""
        self._deliveries += 1
        line = order.lines[0]
        note, half = f"LS-{self._deliveries}", line.open // 2
        if self._deliveries == 3 and half:
            order = self._came(order, half, f"{note}a", at_us)
            order = self._came(order, line.open - half, f"{note}b", at_us + US_PER_HOUR)
        elif self._deliveries == 5:
            order = self._broken(order, note, at_us)
            order = self._came(order, order.lines[0].open, f"{note}b", at_us + 2 * US_PER_HOUR)
        else:
            order = self._came(order, line.open, note, at_us)
        self.buying.act(order.id, PurchaseStatus.CLOSED, BUYER, order.revision, at_us + 3 * US_PER_HOUR)

    def _came(self, order: PurchaseOrder, pieces: int, note: str, at_us: int) -> PurchaseOrder:
        part = order.lines[0].part
        lines = [NewReceiptLine(part, pieces, accepted=pieces, line=1)]
        order, _ = self.buying.receive(order.id, note, lines, KEEPER, at_us)
        again, _ = self.buying.receive(order.id, note, lines, KEEPER, at_us)  # the note is typed in a second time
        assert again.revision == order.revision
        self._note(order, pieces, at_us, good=True)
        return order

    def _note(self, order: PurchaseOrder, pieces: int, at_us: int, good: bool) -> None:
        line = order.lines[0]
        self.shelf.pieces[line.part] += pieces
        self.shelf.received[line.part] += pieces
        self.shelf.receipts.append((order.supplier, good and at_us <= (line.promised_us or 0)))

    def _broken(self, order: PurchaseOrder, note: str, at_us: int) -> PurchaseOrder:
        line = order.lines[0]
        good, fault = line.open - 1, ReceiptFault.DAMAGED
        told = NewReceiptLine(line.part, line.open, accepted=good, quarantined=1, line=1, fault=fault)
        order, receipt = self.buying.receive(order.id, note, [told], KEEPER, at_us)
        self._note(order, good, at_us, good=False)
        self.shelf.returned += 1
        seq = receipt.lines[0].seq
        sent_back = Inspection(receipt.id, seq, returned=1, note="a crack in the ring")
        order, _ = self.buying.inspect(order.id, sent_back, KEEPER, order.revision, at_us + US_PER_HOUR)
        return order

    def hand_out(self, order: WorkOrder, at_us: int) -> list[PartLine]:
        """What the job takes and builds in; every sixth takes a piece too many, where one is free, and brings it
        back."""
        self._jobs += 1
        for line in order.parts:
            spare = self._jobs % 6 == 0 and self.stock.level(line.part, at_us).available > 0
            self.stock.issue(order.id, line.part, line.quantity + spare, KEEPER, at_us)
            if spare:
                self.stock.give_back(order.id, line.part, 1, KEEPER, at_us + US_PER_HOUR)
                self.shelf.brought_back += 1
            self.stock.use(order.id, KEEPER, at_us + US_PER_HOUR, line.part)
            self.shelf.pieces[line.part] -= line.quantity
            self.shelf.handed[order.id, line.part] += line.quantity
        return list(order.parts)

    def week(self, week: int, now_us: int) -> None:
        """A thief, and two weeks later the count that finds it."""
        if week == STOLEN_WEEK:
            assert self.shelf.pieces["grease"] > 0
            self.shelf.pieces["grease"] -= 1
            self.shelf.stolen += 1
        if week == COUNT_WEEK:
            self._counted(now_us)

    def _counted(self, now_us: int) -> None:
        sheet = self.counts.draw("store", ["main"], {}, KEEPER, now_us)
        for who in (KEEPER, BUYER, BOSS):  # what is off is counted again by somebody else
            for seen in [one.line for one in self.counts.judged(sheet) if one.need is not CountNeed.NOTHING]:
                found = Count(self.shelf.pieces[seen.spot.part], who.name, now_us)
                sheet = self.counts.count(sheet.id, seen.seq, found, who, now_us)
        assert sheet.state is SheetState.READY
        self.counts.post(sheet.id, BOSS, sheet.revision, now_us)

    def scrap(self, now_us: int) -> None:
        """The belts of the machine that is sold fit no other."""
        pieces = self.shelf.pieces["belt-08"]
        self.stock.move(NewMove("belt-08", "main", SCRAP, pieces, MoveReason.SCRAP, now_us, note="sold"), KEEPER)
        self.shelf.pieces["belt-08"] = 0
        self.shelf.scrapped = pieces
