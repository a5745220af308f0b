"""Use cases of purchase orders: draft, step, confirm, receive, inspect, invoice. Each runs inside one transaction.

What is received books the ledger of the store room (`Ledger`) in the same transaction, and the ledger gives what came
to whoever waits. Audit rows stand under `purchase:ID`, messages are `purchase.*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from forewarn.core.buying import (
    Invoice,
    NewReceiptLine,
    PurchaseLine,
    PurchaseOrder,
    PurchaseStatus,
    Receipt,
)
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.quotes import Proposal, Rfq
from forewarn.core.stock import NewMove, StockMove
from forewarn.core.work import Json
from forewarn.maintenance.buying import life
from forewarn.maintenance.buying.asking import (
    NewId,
    approved_of,
    check_limit,
    choose_line,
    known_supplier,
    needs_again,
    open_rfq,
    ordered,
)
from forewarn.maintenance.buying.buying_json import differing
from forewarn.maintenance.buying.compare import Offer
from forewarn.maintenance.buying.learned import LeadTime
from forewarn.maintenance.buying.letters import purchase_csv, purchase_text
from forewarn.maintenance.buying.life import Amendment, Difference, Inspection
from forewarn.maintenance.buying.purchase_rows import BuyingRows
from forewarn.maintenance.evidence import plain
from forewarn.maintenance.orders.costs import CostRules
from forewarn.maintenance.orders.desk import SYSTEM

CLAIMS = (PurchaseStatus.CANCELLED, PurchaseStatus.CLOSED)
"""A purchase order that ends in one of these while pieces are open gives their needs back."""


def subject(purchase: str) -> str:
    """Under what the audit keeps rows of a purchase order (its id)."""
    return f"purchase:{purchase}"


class Ledger(Protocol):
    """The store room's ledger, in the same transaction."""

    def move(self, new: NewMove, actor: Actor) -> StockMove:
        """Book a move; what comes onto a shelf is put aside for whoever waits."""
        ...


@dataclass(frozen=True, slots=True)
class Goods:
    """Where received pieces go."""

    ledger: Ledger
    shelf: str
    quarantine: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed for one part without a request for quotation."""

    unit_price: float
    lead_p50_days: float
    lead_p90_days: float


def take_choice(
    store: BuyingRows, rfq_id: str, part: str, offer: Offer, reason: str, actor: Actor, at_us: int, new_id: NewId
) -> PurchaseOrder:
    """A person chooses an offer for a part: a line on the draft to that supplier from this request, or a new draft.
    `reason` in the person's own words; the numbers of the offer are kept beside it."""
    rfq = open_rfq(store, rfq_id)
    line = rfq.line(part)
    if line is None:
        raise Rejected("quote_part", f"{rfq.number} does not ask for {part}")
    if line.chosen is not None:
        raise Conflict(f"{part} of {rfq.number} is ordered from {line.chosen} already")
    if not offer.valid:
        raise Conflict(f"the quote of {offer.quote.supplier} for {part} has run out: ask for a new one")
    quote = offer.quote
    new = PurchaseLine(
        0, part, offer.quantity, offer.unit_price, line.needs, None, None, quote.lead_p50_days, quote.lead_p90_days
    )
    why = f"{part}: {offer.why}" + (f" Chosen because: {reason.strip()}" if reason.strip() else "")
    purchase = _drafted(store, quote.supplier, [new], quote.freight, quote.currency, rfq, why, actor, at_us, new_id)
    choose_line(store, rfq, part, quote.supplier, purchase.id, actor, why, at_us)
    ordered(store, line.proposals, purchase, actor, at_us)
    return purchase


def take_direct(
    store: BuyingRows,
    proposals: Sequence[int],
    supplier: str,
    terms: Mapping[str, Terms],
    freight: float,
    reason: str,
    actor: Actor,
    at_us: int,
    new_id: NewId,
    currency: str,
) -> PurchaseOrder:
    """Draft an order of approved proposals without asking for quotes, for a reason; `terms` by part."""
    if not reason.strip():
        raise Rejected("reason_needed", "who buys without quotes says why")
    if not known_supplier(store, supplier).active:
        raise Rejected("supplier_inactive", f"nothing is bought from {supplier} any more")
    wanted = approved_of(store, proposals)
    missing = sorted(set(wanted) - set(terms))
    if missing:
        raise Rejected("terms_missing", f"say price and delivery time of {', '.join(missing)}")
    lines = [_direct_line(part, of_part, terms[part]) for part, of_part in wanted.items()]
    purchase = _drafted(store, supplier, lines, freight, currency, None, reason, actor, at_us, new_id)
    ordered(store, [p.id for of_part in wanted.values() for p in of_part], purchase, actor, at_us)
    return purchase


def _direct_line(part: str, proposals: Sequence[Proposal], terms: Terms) -> PurchaseLine:
    needs = tuple(need for proposal in proposals for need in proposal.needs)
    quantity = sum(need.quantity for need in needs)
    return PurchaseLine(
        0, part, quantity, terms.unit_price, needs, None, None, terms.lead_p50_days, terms.lead_p90_days
    )


def _drafted(
    store: BuyingRows,
    supplier: str,
    lines: Sequence[PurchaseLine],
    freight: float,
    currency: str,
    rfq: Rfq | None,
    why: str,
    actor: Actor,
    at_us: int,
    new_id: NewId,
) -> PurchaseOrder:
    """A new draft, or more lines on the one that this request has with the supplier."""
    drafts = store.purchases([PurchaseStatus.DRAFT], supplier) if rfq is not None else []
    before = next((one for one in drafts if rfq is not None and one.rfq == rfq.id), None)
    if before is None:
        number = store.next_number("purchase_order", "PO")
        numbered = tuple(replace(line, line=place) for place, line in enumerate(lines, 1))
        made = PurchaseOrder(
            new_id(), number, supplier, PurchaseStatus.DRAFT, numbered, at_us, at_us, 1, currency, freight,
            rfq.id if rfq else None, why=why,
        )  # fmt: skip
        return _keep(store, None, made, actor, "drafted", at_us)
    more = tuple(replace(line, line=place) for place, line in enumerate(lines, len(before.lines) + 1))
    after = replace(
        life.changed(before, at_us),
        lines=before.lines + more,
        freight=round(before.freight + freight, 2),
        why=f"{before.why}\n{why}",
    )
    return _keep(store, before, after, actor, "line added", at_us)


def take_amendment(
    store: BuyingRows,
    id: str,
    changes: Sequence[Amendment],
    freight: float | None,
    note: str | None,
    actor: Actor,
    revision: int,
    at_us: int,
) -> PurchaseOrder:
    """Change a draft."""
    before = _current(store, id, revision)
    after = life.amended(before, changes, freight, note, at_us)
    return before if after is before else _keep(store, before, after, actor, "amended", at_us)


def take_step(
    store: BuyingRows,
    id: str,
    status: PurchaseStatus,
    actor: Actor,
    revision: int,
    at_us: int,
    rules: CostRules,
    note: str = "",
    rebuy: bool = True,
) -> PurchaseOrder:
    """Move a purchase order. Approval is within the limits of cost. Cancelled, or closed short of pieces, it says why;
    with `rebuy` the needs of what does not come go back to a proposal."""
    before = _current(store, id, revision)
    if status is PurchaseStatus.CONFIRMED and status in before.allowed_actions:
        return _confirm(store, before, {}, note, actor, at_us)
    after = life.stepped(before, status, at_us)
    if status is PurchaseStatus.APPROVED:
        check_limit(rules, actor, before.total, before.number)
        after = replace(after, approved_by=actor.name)
    if status in CLAIMS and before.open_pieces:
        if not note.strip():
            raise Rejected("reason_needed", f"{before.open_pieces} pieces of {before.number} have not come: say why")
        after = life.waived(after)
    if note.strip():
        after = replace(after, note=note.strip())
    kept = _keep(store, before, after, actor, status.value.lower(), at_us, _letter(store, before, after))
    if status in CLAIMS and rebuy:
        needs_again(store, before.lines, actor, at_us)
    return kept


def _letter(store: BuyingRows, before: PurchaseOrder, after: PurchaseOrder) -> Json:
    """What the supplier is sent with a step; nothing where it does not concern them."""
    if after.status is PurchaseStatus.SENT:
        to = known_supplier(store, after.supplier)
        return {"email": to.email, "text": purchase_text(after, to), "csv": purchase_csv(after)}
    if after.status is PurchaseStatus.CANCELLED and before.sent_at_us is not None:
        to = known_supplier(store, after.supplier)
        return {"email": to.email, "text": f"Purchase order {after.number} is cancelled. {after.note}"}
    return {}


def take_dates(
    store: BuyingRows, id: str, dates: Mapping[int, int], why: str, actor: Actor, revision: int, at_us: int
) -> PurchaseOrder:
    """The supplier confirms dates by line, for the first time or other ones than before; `why` they moved."""
    return _confirm(store, _current(store, id, revision), dates, why, actor, at_us)


def _confirm(
    store: BuyingRows, before: PurchaseOrder, dates: Mapping[int, int], why: str, actor: Actor, at_us: int
) -> PurchaseOrder:
    after = life.confirmed(before, dates, at_us)
    if after is before:
        return before
    action = "confirmed" if after.status is not before.status else "moved"
    was = {line.line: line.due_us for line in before.lines}
    moved = [
        {"line": line.line, "part": line.part, "due_us": line.due_us, "was_us": was[line.line]}
        for line in after.lines
        if line.due_us != was[line.line]
    ]
    return _keep(store, before, after, actor, action, at_us, {"dates": moved, "why": why})


def take_receipt(
    store: BuyingRows, id: str, note: str, lines: Sequence[NewReceiptLine], goods: Goods, actor: Actor, at_us: int
) -> tuple[PurchaseOrder, Receipt]:
    """Receive what came under a delivery note: kept once for each note, booked in the ledger in the same transaction.
    The same receipt told again changes nothing. Raises Conflict for another one under the same note."""
    order = _known(store, id)
    note = note.strip()
    if not 1 <= len(note) <= 100:
        raise Rejected("delivery_note", "give the number of the delivery note, in 1 to 100 letters")
    digest = life.digest_of(lines)
    there = store.receipt_of(order.id, note)
    if there is not None:
        if there[1] != digest:
            raise Conflict(
                f"the delivery note {note} of {order.number} was received by {there[0].by} already, with other pieces:"
                " read the order again; what came besides has a note of its own"
            )
        return order, there[0]
    life.checked_receipt(order, lines)
    batches = [
        _booked(goods, life.moves_of(order, note, new, goods.shelf, goods.quarantine, at_us), actor) for new in lines
    ]
    receipt = store.add_receipt(life.receipt_of(order, note, lines, batches, actor.name, at_us), digest)
    told: Json = {"note": note, "receipt": receipt.id, "lines": plain(receipt.lines)}
    return _goods_came(store, order, actor, "received", at_us, told), receipt


def take_inspection(
    store: BuyingRows, id: str, told: Inspection, goods: Goods, actor: Actor, revision: int, at_us: int
) -> tuple[PurchaseOrder, Receipt]:
    """Pieces leave quarantine: to the shelf, or back to the supplier, who then owes them again."""
    order = _current(store, id, revision)
    receipt = next((one for one in store.receipts(order.id) if one.id == told.receipt), None)
    if receipt is None:
        raise Rejected("unknown_receipt", f"{order.number} has no receipt {told.receipt}")
    if order.status in CLAIMS:
        raise Conflict(f"{order.number} is {order.status}: nothing of it waits in quarantine")
    line = life.inspected(receipt, told)
    store.keep_receipt_line(receipt.id, line)
    _booked(goods, life.inspection_moves(order, receipt, line, told, goods.shelf, goods.quarantine, at_us), actor)
    kept = replace(receipt, lines=tuple(line if one.seq == line.seq else one for one in receipt.lines))
    return _goods_came(store, order, actor, "inspected", at_us, {"inspection": plain(told)}), kept


def take_warning(
    store: BuyingRows, order: PurchaseOrder, line: PurchaseLine, lead: LeadTime, now_us: int
) -> PurchaseLine:
    """Tell once that a line is overdue, and when it may still be expected (`lead`, from sending)."""
    assert order.sent_at_us is not None
    store.warned(order.id, line)
    told: Json = {
        "line": line.line,
        "part": line.part,
        "open": line.open,
        "due_us": line.due_us,
        "late_h": (now_us - (line.due_us or now_us)) / US_PER_HOUR,
        "usual_us": order.sent_at_us + round(lead.p50_days * US_PER_DAY),
        "nine_of_ten_us": order.sent_at_us + round(lead.p90_days * US_PER_DAY),
    }
    seq = store.record_json(now_us, SYSTEM, subject(order.id), "overdue", {}, told)
    about: Json = {"purchase": order.id, "number": order.number, "supplier": order.supplier}
    store.post("purchase.overdue", {**about, **told, "audit": seq}, now_us)
    return line


def _booked(goods: Goods, moves: Sequence[NewMove], actor: Actor) -> str:
    """Book moves; the batch that their pieces got."""
    done = [goods.ledger.move(move, actor) for move in moves]
    return done[-1].batch if done else ""


def _goods_came(
    store: BuyingRows, before: PurchaseOrder, actor: Actor, action: str, at_us: int, told: Json
) -> PurchaseOrder:
    counted = store.purchase(before.id)
    assert counted is not None
    after = life.moved_by_goods(counted, at_us)
    return _keep(store, before, after, actor, action, at_us, told)


def take_invoice(store: BuyingRows, invoice: Invoice, actor: Actor) -> list[Difference]:
    """Keep an invoice, once for each number of the supplier, and say where it is not what was ordered and received."""
    order = _known(store, invoice.purchase)
    if not invoice.number.strip() or not invoice.lines:
        raise Rejected("invoice", "an invoice has a number and one line or more")
    if order.sent_at_us is None:
        raise Conflict(f"{order.number} was never sent: nothing can be billed for it")
    kept = replace(invoice, purchase=order.id, supplier=order.supplier)
    found = life.differences(order, kept, store.invoices(order.id))
    store.add_invoice(kept)
    told: Json = {"invoice": kept.number, "total": kept.total, "differences": plain(found)}
    seq = store.record_json(kept.at_us, actor, subject(order.id), "invoiced", {}, told)
    kind = "purchase.invoice_differs" if found else "purchase.invoiced"
    store.post(kind, {"purchase": order.id, "number": order.number, **told, "audit": seq}, kept.at_us)
    return found


def _keep(
    store: BuyingRows,
    before: PurchaseOrder | None,
    after: PurchaseOrder,
    actor: Actor,
    action: str,
    at_us: int,
    more: Json | None = None,
) -> PurchaseOrder:
    """Write an order with its audit row and its message."""
    store.keep_purchase(after)
    was, became = differing(before, after)
    why = {"why": more["why"]} if more and more.get("why") else {}
    seq = store.record_json(at_us, actor, subject(after.id), action, was, {**became, **why})
    about: Json = {"purchase": after.id, "number": after.number, "supplier": after.supplier}
    told: Json = {"status": after.status.value, "revision": after.revision, "audit": seq}
    store.post(f"purchase.{action.replace(' ', '_')}", {**about, **told, **(more or {})}, at_us)
    return after


def _known(store: BuyingRows, id: str) -> PurchaseOrder:
    order = store.purchase(id)
    if order is None:
        raise Rejected("unknown_purchase", f"there is no purchase order {id}")
    return order


def _current(store: BuyingRows, id: str, revision: int) -> PurchaseOrder:
    order = _known(store, id)
    if order.revision != revision:
        raise Conflict(f"{order.number} is at revision {order.revision}, not {revision}: read it again")
    return order
