"""The buyers' room in the records, on SQLite or PostgreSQL.

Every call is one transaction; inside another room's transaction it is a part of it. Writers take turns, and take the
store room's turn before, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from forewarn.core.buying import (
    ON_ORDER,
    Invoice,
    NewReceiptLine,
    Pipeline,
    PurchaseLine,
    PurchaseOrder,
    PurchaseStatus,
    Receipt,
)
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, Proposal, ProposalState, Quote, Rfq, RfqLine, RfqState, Supplier
from forewarn.core.stock import MAIN_STORE, QUARANTINE, OnOrder
from forewarn.core.work import Json
from forewarn.maintenance.audit import history_of
from forewarn.maintenance.buying import asking, desk
from forewarn.maintenance.buying.asking import known_supplier, pipelines
from forewarn.maintenance.buying.compare import Offer, compared, sold_now
from forewarn.maintenance.buying.desk import Goods, Terms
from forewarn.maintenance.buying.late import LateCost, PerDay, Raced, inputs_of
from forewarn.maintenance.buying.learned import lead_time
from forewarn.maintenance.buying.life import Amendment, Difference, Inspection
from forewarn.maintenance.buying.purchase_rows import BuyingRows
from forewarn.maintenance.buying.score import Card, Delivered, Score, past_of, score
from forewarn.maintenance.buying.score_rows import answers_of, deliveries_of
from forewarn.maintenance.orders.book import new_id
from forewarn.maintenance.orders.costs import NO_LIMITS, CostRules
from forewarn.maintenance.orders.rows import read_orders
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import WORK_ORDER
from forewarn.maintenance.stock.book import StockBookSql


class BuyingBookSql:
    """Suppliers, proposals, requests, quotes, purchase orders, receipts, invoices, scores.

    `stock`: the store room that gets what is received; `rules`: who may approve how much, as they are now. From now on
    the store room is told what suppliers owe.
    """

    def __init__(
        self,
        records: Records,
        stock: StockBookSql,
        rules: Callable[[], CostRules] = lambda: NO_LIMITS,
        shelf: str = MAIN_STORE.id,
        quarantine: str = QUARANTINE.id,
    ) -> None:
        self._records, self._stock, self._rules = records, stock, rules
        self._goods = Goods(stock, shelf, quarantine)
        stock.tells_on_order(owed)

    @contextmanager
    def writing(self) -> Iterator[BuyingRows]:
        """One write transaction; who comes second waits."""
        with self._records.write() as connection, self._stock.writing():
            in_turn(connection, "buying")
            yield BuyingRows(connection)

    def _card(self, part: str) -> Card:
        known = self._stock.card(part)
        return Card() if known is None else Card(known.price, known.lead_p50_days, known.lead_p90_days)

    @contextmanager
    def _reading(self) -> Iterator[BuyingRows]:
        with self._records.read() as connection:
            yield BuyingRows(connection)

    def save_supplier(self, supplier: Supplier, actor: Actor, at_us: int, revision: int = 0) -> Supplier:
        """See `asking.take_supplier`."""
        with self.writing() as rows:
            return asking.take_supplier(rows, supplier, actor, revision, at_us)

    def supplier(self, id: str) -> Supplier | None:
        """One supplier."""
        with self._reading() as rows:
            return rows.supplier(id)

    def suppliers(self) -> list[Supplier]:
        """All of them, by id."""
        with self._reading() as rows:
            return rows.suppliers()

    def propose(self, part: str, need: Need, actor: Actor, at_us: int) -> Proposal | None:
        """See `asking.take_need`."""
        with self.writing() as rows:
            return asking.take_need(rows, part, need, actor, at_us)

    def is_new(self, part: str, need: Need) -> bool:
        """Would `propose` change anything? Nobody waits for this answer."""
        with self._reading() as rows:
            return asking.changes_by(rows, part, need)

    def need_no_more(self, part: str, key: str, actor: Actor, at_us: int) -> Proposal | None:
        """See `asking.take_need_back`."""
        with self.writing() as rows:
            return asking.take_need_back(rows, part, key, actor, at_us)

    def proposal(self, id: int) -> Proposal | None:
        """One proposal."""
        with self._reading() as rows:
            return rows.proposal(id)

    def proposals(self, part: str | None = None, states: Sequence[ProposalState] = ()) -> list[Proposal]:
        """Proposals, oldest first."""
        with self._reading() as rows:
            return rows.proposals(part, states)

    def settle_proposal(
        self, id: int, state: ProposalState, actor: Actor, revision: int, at_us: int, note: str = ""
    ) -> Proposal:
        """Approve a proposal within the limits of cost, or drop it. See `asking.take_proposal_step`."""
        with self.writing() as rows:
            price = self._card(asking.known_proposal(rows, id).part).price
            return asking.take_proposal_step(rows, id, state, actor, revision, at_us, self._rules(), price, note)

    def ask(
        self,
        proposals: Sequence[int],
        suppliers: Sequence[str],
        answer_by_us: int,
        actor: Actor,
        at_us: int,
        late_per_day: Mapping[str, float] | None = None,
        note: str = "",
    ) -> Rfq:
        """See `asking.take_rfq`."""
        with self.writing() as rows:
            return asking.take_rfq(rows, proposals, suppliers, answer_by_us, actor, at_us, new_id, late_per_day, note)

    def rfq(self, id: str) -> Rfq | None:
        """One request by id or number."""
        with self._reading() as rows:
            return rows.rfq(id)

    def rfqs(self, states: Sequence[RfqState] = ()) -> list[Rfq]:
        """Requests, newest first."""
        with self._reading() as rows:
            return rows.rfqs(states)

    def quote(self, quotes: Sequence[Quote], actor: Actor) -> Rfq:
        """Note answers, all or none. See `asking.take_quote`."""
        if not quotes:
            raise Rejected("no_quotes", "give one quote or more")
        with self.writing() as rows:
            return [asking.take_quote(rows, one, actor, self._rules().currency) for one in quotes][-1]

    def quotes(self, rfq: str) -> list[Quote]:
        """The newest answers to a request, by its id."""
        with self._reading() as rows:
            return rows.quotes(rfq)

    def sold_now(self) -> dict[str, Quote]:
        """The answer by which each part is sold now. See `compare.sold_now`."""
        with self._reading() as rows:
            return sold_now(rows.newest_quotes(), rows.bought_from())

    def decline(self, rfq: str, supplier: str, actor: Actor, at_us: int) -> Rfq:
        """See `asking.take_decline`."""
        with self.writing() as rows:
            return asking.take_decline(rows, rfq, supplier, actor, at_us)

    def end_rfq(self, rfq: str, actor: Actor, at_us: int, reason: str) -> Rfq:
        """See `asking.take_rfq_end`."""
        with self.writing() as rows:
            return asking.take_rfq_end(rows, rfq, actor, at_us, reason)

    def compare(self, rfq_id: str, part: str, now_us: int) -> list[Offer]:
        """Offers for a part of a request, the least expected cost first. Raises Rejected when it is not asked for."""
        with self._reading() as rows:
            rfq = rows.rfq(rfq_id)
            line = rfq.line(part) if rfq is not None else None
            if rfq is None or line is None:
                raise Rejected("quote_part", f"there is no request {rfq_id} that asks for {part}")
            quotes = [one for one in rows.quotes(rfq.id) if one.part == part]
            past = {one.supplier: past_of(deliveries_of(rows, one.supplier, now_us)) for one in quotes}
            late, needed_in_days = self._late(rows, line, now_us)
        return compared(quotes, line.quantity, needed_in_days, late, past, now_us)

    def _late(self, rows: BuyingRows, line: RfqLine, now_us: int) -> tuple[list[LateCost], float | None]:
        """Who loses what when the pieces come late: orders with a forecast by their race, all else per day."""
        raced: list[LateCost] = []
        for order_id in {need.order_id for need in line.needs if need.order_id is not None}:
            query = WORK_ORDER.select().where(WORK_ORDER.c.id == order_id)
            for kept in read_orders(rows.connection, query):
                inputs = inputs_of(kept.order)
                if inputs is not None and inputs.costs is not None:
                    raced.append(Raced(inputs, line.part, now_us))
        if line.needed_by_us is None:
            return raced, None
        needed_in_days = (line.needed_by_us - now_us) / US_PER_DAY
        return [*raced, PerDay(needed_in_days, line.late_per_day)], needed_in_days

    def choose(self, rfq: str, part: str, supplier: str, reason: str, actor: Actor, at_us: int) -> PurchaseOrder:
        """Choose a supplier's offer for a part. See `desk.take_choice`."""
        with self.writing() as rows:
            offers = self.compare(rfq, part, at_us)
            offer = next((one for one in offers if one.quote.supplier == supplier), None)
            if offer is None:
                raise Rejected("no_quote", f"{supplier} has given no quote for {part}")
            return desk.take_choice(rows, rfq, part, offer, reason, actor, at_us, new_id)

    def order_directly(
        self,
        proposals: Sequence[int],
        supplier: str,
        terms: Mapping[str, Terms],
        reason: str,
        actor: Actor,
        at_us: int,
        freight: float = 0.0,
    ) -> PurchaseOrder:
        """Buy without quotes. See `desk.take_direct`."""
        with self.writing() as rows:
            currency = self._rules().currency
            return desk.take_direct(rows, proposals, supplier, terms, freight, reason, actor, at_us, new_id, currency)

    def purchase(self, id: str) -> PurchaseOrder | None:
        """One purchase order by id or number."""
        with self._reading() as rows:
            return rows.purchase(id)

    def purchases(
        self,
        statuses: Sequence[PurchaseStatus] = (),
        supplier: str | None = None,
        part: str | None = None,
        order_id: str | None = None,
        limit: int | None = 500,
    ) -> list[PurchaseOrder]:
        """Purchase orders, newest first; `order_id`: those that a work order (its id) waits for."""
        with self._reading() as rows:
            return rows.purchases(statuses, supplier, part, order_id, limit)

    def amend(
        self,
        id: str,
        changes: Sequence[Amendment],
        actor: Actor,
        revision: int,
        at_us: int,
        freight: float | None = None,
        note: str | None = None,
    ) -> PurchaseOrder:
        """See `desk.take_amendment`."""
        with self.writing() as rows:
            return desk.take_amendment(rows, id, changes, freight, note, actor, revision, at_us)

    def act(
        self,
        id: str,
        status: PurchaseStatus,
        actor: Actor,
        revision: int,
        at_us: int,
        note: str = "",
        rebuy: bool = True,
    ) -> PurchaseOrder:
        """See `desk.take_step`."""
        with self.writing() as rows:
            return desk.take_step(rows, id, status, actor, revision, at_us, self._rules(), note, rebuy)

    def confirm(
        self, id: str, dates: Mapping[int, int], actor: Actor, revision: int, at_us: int, why: str = ""
    ) -> PurchaseOrder:
        """See `desk.take_dates`."""
        with self.writing() as rows:
            return desk.take_dates(rows, id, dates, why, actor, revision, at_us)

    def receive(
        self, id: str, note: str, lines: Sequence[NewReceiptLine], actor: Actor, at_us: int
    ) -> tuple[PurchaseOrder, Receipt]:
        """See `desk.take_receipt`."""
        with self.writing() as rows:
            return desk.take_receipt(rows, id, note, lines, self._goods, actor, at_us)

    def inspect(
        self, id: str, told: Inspection, actor: Actor, revision: int, at_us: int
    ) -> tuple[PurchaseOrder, Receipt]:
        """See `desk.take_inspection`."""
        with self.writing() as rows:
            return desk.take_inspection(rows, id, told, self._goods, actor, revision, at_us)

    def warn(self, now_us: int) -> list[tuple[PurchaseOrder, PurchaseLine]]:
        """Tell every line that is overdue, once for each date: audit row and message `purchase.overdue`, with when this
        supplier may be expected by its record."""
        with self._reading() as rows:
            if not rows.overdue(now_us):
                return []
        with self.writing() as rows:
            late = rows.overdue(now_us)
            for order, line in late:
                past = past_of(deliveries_of(rows, order.supplier, now_us))
                lead = lead_time(line.lead_p50_days, line.lead_p90_days, past.ratios, past.so_far)
                desk.take_warning(rows, order, line, lead, now_us)
            return late

    def receipts(self, purchase: str) -> list[Receipt]:
        """Receipts of a purchase order by its id, oldest first."""
        with self._reading() as rows:
            return rows.receipts(purchase)

    def invoice(self, invoice: Invoice, actor: Actor) -> list[Difference]:
        """See `desk.take_invoice`."""
        with self.writing() as rows:
            return desk.take_invoice(rows, invoice, actor)

    def invoices(self, purchase: str) -> list[Invoice]:
        """Invoices for a purchase order by its id."""
        with self._reading() as rows:
            return rows.invoices(purchase)

    def score(self, supplier: str, now_us: int) -> Score:
        """How a supplier has done, each figure with the rows behind it. Raises Rejected for an unknown supplier."""
        with self._reading() as rows:
            known_supplier(rows, supplier)
            return score(supplier, deliveries_of(rows, supplier, now_us), answers_of(rows, supplier), self._card)

    def pipelines(self, part: str | None = None) -> list[Pipeline]:
        """What is on order and asked for, by part."""
        with self._reading() as rows:
            return pipelines(rows, part)

    def on_order(self, part: str) -> list[OnOrder]:
        """What suppliers owe of a part, the first due first: open lines of approved and sent purchase orders."""
        with self._reading() as rows:
            return owed(rows.connection, part)

    def past(self, supplier: str, now_us: int) -> list[Delivered]:
        """What became of every line that a supplier was sent, oldest first."""
        with self._reading() as rows:
            return deliveries_of(rows, supplier, now_us)

    def history(self, subject: str) -> list[Json]:
        """Audit rows, oldest first, of `purchase:ID`, `rfq:ID`, `proposal:NUMBER` or `supplier:ID`."""
        with self._records.read() as connection:
            return history_of(connection, subject)


def owed(connection: sa.Connection, part: str) -> list[OnOrder]:
    """What suppliers owe of a part, as one transaction sees it, the first due first."""
    found = [
        OnOrder(part, line.open, line.due_us, f"{order.number} of {order.supplier}, line {line.line}")
        for order in BuyingRows(connection).purchases(ON_ORDER, part=part)
        for line in order.lines
        if line.part == part and line.open
    ]
    return sorted(found, key=lambda one: (one.due_us is None, one.due_us or 0, one.text))
