"""What the tests of buying share: a small house with parts and suppliers, and the usual road through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forewarn.core.buying import NewReceiptLine, PurchaseOrder, PurchaseStatus, Receipt
from forewarn.core.clock import US_PER_DAY
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need, PriceBreak, Proposal, ProposalState, Quote, Rfq, Supplier
from forewarn.core.stock import PartCard
from forewarn.core.work import NewOrder, OrderKind, WorkOrder
from forewarn.maintenance import outbox
from forewarn.maintenance.buying.book import BuyingBookSql
from forewarn.maintenance.buying.desk import Terms
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.costs import CostRules
from forewarn.maintenance.records import Records
from forewarn.maintenance.stock.book import StockBookSql
from tests.maintenance.samples import ANN, NOW_US

BEN = Actor("ben", "buyer")
BEARING, SEAL = "6205", "seal-35"


def days(count: float) -> int:
    """A moment so many days from now."""
    return NOW_US + round(count * US_PER_DAY)


class World:
    """The three books, with `acme` and `best` who sell bearings and seals."""

    def __init__(self, records: Records, rules: CostRules | None = None) -> None:
        self.records, self.rules = records, rules or CostRules()
        self.orders = OrderBookSql(records)
        self.stock = StockBookSql(records, self.orders)
        self.buying = BuyingBookSql(records, self.stock, lambda: self.rules)
        for id, price in ((BEARING, 30.0), (SEAL, 12.0)):
            card = PartCard(id, price=price, lead_p50_days=5.0, lead_p90_days=9.0)
            self.stock.save_card(card, ANN, NOW_US)
        for id in ("acme", "best"):
            self.buying.save_supplier(Supplier(id, id.title(), f"sales@{id}.example"), ANN, NOW_US)

    def order(self, title: str = "Change the bearing", part: str = BEARING, needed: int = 1) -> WorkOrder:
        """A work order that waits for pieces."""
        new = NewOrder("pump-03", OrderKind.CORRECTIVE, title, NOW_US, start_by_us=days(20))
        made = self.orders.raise_order(new, ANN).order
        assert made is not None
        return made

    def need(self, quantity: int = 4, key: str = "hand", **more: object) -> Need:
        return replace(Need(key, quantity, "to have some", days(10)), **more)  # type: ignore[arg-type]

    def approved(self, quantity: int = 4, part: str = BEARING, key: str = "hand", **more: object) -> Proposal:
        """A proposal that a person agreed to."""
        opened = self.buying.propose(part, self.need(quantity, key, **more), ANN, NOW_US)
        assert opened is not None
        return self.buying.settle_proposal(opened.id, ProposalState.APPROVED, ANN, opened.revision, NOW_US)

    def asked(self, *proposals: Proposal, suppliers: Sequence[str] = ("acme", "best")) -> Rfq:
        """Both suppliers are asked."""
        return self.buying.ask([one.id for one in proposals], suppliers, days(3), BEN, NOW_US)

    def quoted(self, rfq: Rfq, supplier: str, price: float = 30.0, part: str = BEARING, **more: object) -> None:
        """A supplier answers."""
        quote = Quote(rfq.id, supplier, part, (PriceBreak(1, price),), NOW_US, 5.0, 9.0)
        self.buying.quote([replace(quote, **more)], BEN)  # type: ignore[arg-type]

    def drafted(
        self, quantity: int = 4, part: str = BEARING, supplier: str = "acme", key: str = "hand", **more: object
    ) -> PurchaseOrder:
        """A draft without quotes."""
        proposal = self.approved(quantity, part, key, **more)
        terms = {part: Terms(30.0, 5.0, 9.0)}
        return self.buying.order_directly([proposal.id], supplier, terms, "framework contract", BEN, NOW_US)

    def sent(self, quantity: int = 4, at_us: int = NOW_US, **more: object) -> PurchaseOrder:
        """A purchase order that the supplier has."""
        made = self.drafted(quantity, **more)  # type: ignore[arg-type]
        made = self.buying.act(made.id, PurchaseStatus.APPROVED, ANN, made.revision, at_us)
        return self.buying.act(made.id, PurchaseStatus.SENT, BEN, made.revision, at_us)

    def came(
        self, order: PurchaseOrder, counted: int, note: str = "LS-1", at_us: int = NOW_US, **more: object
    ) -> tuple[PurchaseOrder, Receipt]:
        """Pieces of the first line come, all good unless told otherwise."""
        told = {"accepted": counted, "line": 1, **more}
        new = NewReceiptLine(order.lines[0].part, counted, **told)  # type: ignore[arg-type]
        return self.buying.receive(order.id, note, [new], BEN, at_us)

    def on_shelf(self, part: str = BEARING) -> int:
        """Usable pieces of the ledger."""
        level = self.stock.level(part, NOW_US)
        return level.on_hand - level.unusable

    def kinds(self) -> list[str]:
        """Kinds of the messages of buying, oldest first."""
        return [m.kind for m in outbox.pending(self.records, 1000) if m.kind.startswith("purchase.")]
