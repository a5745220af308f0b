"""Buying as the API shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from forewarn.api.routes_departments import at_us
from forewarn.api.schemas_buying import (
    AskedOut,
    BreakModel,
    BuyingNeedOut,
    FigureOut,
    LeadOut,
    OfferOut,
    ProposalOut,
    QuoteIn,
    QuoteOut,
    RfqLineOut,
    RfqOut,
    SupplierIn,
    SupplierOut,
    SupplierScoreOut,
)
from forewarn.api.schemas_purchases import (
    AmendIn,
    InspectionIn,
    InvoiceLine,
    InvoiceOut,
    PurchaseDetail,
    PurchaseLineOut,
    PurchaseRow,
    ReceiptIn,
    ReceiptLineOut,
    ReceiptOut,
)
from forewarn.api.views import moment
from forewarn.core.buying import (
    Invoice,
    NewReceiptLine,
    PurchaseLine,
    PurchaseOrder,
    Receipt,
    ReceiptFault,
    ReceiptLine,
)
from forewarn.core.quotes import Need, PriceBreak, Proposal, Quote, Rfq, RfqLine, Supplier
from forewarn.core.work import Json
from forewarn.maintenance.buying.compare import Offer
from forewarn.maintenance.buying.life import Amendment, Inspection
from forewarn.maintenance.buying.score import Score

HEAD = ("id", "number", "supplier", "total", "freight", "currency", "revision", "rfq", "approved_by", "why", "note")
LINE = ("line", "part", "quantity", "unit_price", "amount", "open", "accepted", "quarantined", "returned", "waived")
NumberOf = Callable[[str], str | None]
"""Number of a work order by its id."""


def _when(us: int | None) -> datetime | None:
    return None if us is None else moment(us)


def _us(at: datetime | None) -> int | None:
    return None if at is None else at_us(at)


def supplier_out(one: Supplier) -> SupplierOut:
    """A supplier."""
    return SupplierOut(
        id=one.id, name=one.name, email=one.email, contact=one.contact, active=one.active, note=one.note,
        revision=one.revision,
    )  # fmt: skip


def supplier_of(id: str, body: SupplierIn) -> Supplier:
    """The supplier of a request."""
    return Supplier(id, body.name, body.email, body.contact, body.active, body.note)


def score_out(score: Score) -> SupplierScoreOut:
    """A score with its rows."""
    figures = [
        FigureOut(
            name=f.name, definition=f.definition, value=f.value, unit=f.unit, text=f.text, low=f.low, high=f.high,
            rows=list(f.rows),
        )
        for f in score.figures
    ]  # fmt: skip
    leads = [
        LeadOut(part=part, p50_days=x.p50_days, p90_days=x.p90_days, deliveries=x.deliveries) for part, x in score.leads
    ]
    return SupplierScoreOut(supplier=score.supplier, figures=figures, leads=leads)


def need_out(need: Need, number_of: NumberOf) -> BuyingNeedOut:
    """A need, with the number of its work order."""
    order = number_of(need.order_id) if need.order_id is not None else None
    return BuyingNeedOut(
        key=need.key, quantity=need.quantity, why=need.why, needed_by=_when(need.needed_by_us), order=order
    )


def _needs(needs: Sequence[Need], number_of: NumberOf) -> list[BuyingNeedOut]:
    return [need_out(need, number_of) for need in needs]


def proposal_out(one: Proposal, price: float, number_of: NumberOf) -> ProposalOut:
    """A proposal, priced by the card."""
    return ProposalOut(
        id=one.id,
        part=one.part,
        state=one.state.value,
        quantity=one.quantity,
        cost=round(price * one.quantity, 2),
        needed_by=_when(one.needed_by_us),
        needs=_needs(one.needs, number_of),
        revision=one.revision,
        created_at=moment(one.created_at_us),
        changed_at=moment(one.changed_at_us),
        approved_by=one.approved_by,
        rfq=one.rfq,
        purchase=one.purchase,
        note=one.note,
        allowed_actions=[state.value for state in one.allowed_actions],
    )


def quote_of(rfq: str, body: QuoteIn, now_us: int, currency: str) -> Quote:
    """The quote of a request; without a currency that of the plant."""
    return Quote(
        rfq,
        body.supplier,
        body.part,
        tuple(PriceBreak(one.from_quantity, one.unit_price) for one in body.prices),
        now_us,
        body.lead_p50_days,
        body.lead_p90_days,
        body.min_quantity,
        body.pack,
        body.freight,
        body.currency or currency,
        _us(body.valid_until),
        body.note,
    )


def quote_out(one: Quote) -> QuoteOut:
    """A quote."""
    return QuoteOut(
        supplier=one.supplier,
        part=one.part,
        prices=[BreakModel(from_quantity=x.from_quantity, unit_price=x.unit_price) for x in one.prices],
        lead_p50_days=one.lead_p50_days,
        lead_p90_days=one.lead_p90_days,
        min_quantity=one.min_quantity,
        pack=one.pack,
        freight=one.freight,
        currency=one.currency,
        at=moment(one.at_us),
        valid_until=_when(one.valid_until_us),
        note=one.note,
    )


def rfq_out(one: Rfq, quotes: Sequence[Quote], record: list[Json], number_of: NumberOf) -> RfqOut:
    """A request with the newest answers."""
    return RfqOut(
        id=one.id,
        number=one.number,
        state=one.state.value,
        lines=[_rfq_line(line, number_of) for line in one.lines],
        asked=[
            AskedOut(
                supplier=x.supplier, asked_at=moment(x.asked_at_us), answered_at=_when(x.answered_at_us),
                declined=x.declined,
            )
            for x in one.asked
        ],
        quotes=[quote_out(quote) for quote in quotes],
        answer_by=moment(one.answer_by_us),
        created_at=moment(one.created_at_us),
        revision=one.revision,
        note=one.note,
        record=record,
    )  # fmt: skip


def _rfq_line(line: RfqLine, number_of: NumberOf) -> RfqLineOut:
    return RfqLineOut(
        part=line.part,
        quantity=line.quantity,
        needed_by=_when(line.needed_by_us),
        late_per_day=line.late_per_day,
        needs=_needs(line.needs, number_of),
        chosen=line.chosen,
    )


def offer_out(rank: int, one: Offer) -> OfferOut:
    """An offer with its numbers."""
    return OfferOut(
        rank=rank,
        quote=quote_out(one.quote),
        valid=one.valid,
        quantity=one.quantity,
        unit_price=one.unit_price,
        goods=one.goods,
        freight=one.freight,
        late_cost=one.late_cost,
        expected=one.expected,
        late_share=one.late_share,
        late_days=one.late_days,
        lead_p50_days=one.lead.p50_days,
        lead_p90_days=one.lead.p90_days,
        deliveries=one.lead.deliveries,
        refused=one.refused,
        why=one.why,
    )


def purchase_row(one: PurchaseOrder, number_of: NumberOf) -> PurchaseRow:
    """A purchase order for a list."""
    return PurchaseRow(**_purchase(one, number_of))


def purchase_detail(
    one: PurchaseOrder,
    receipts: Sequence[Receipt],
    invoices: Sequence[Invoice],
    record: list[Json],
    number_of: NumberOf,
) -> PurchaseDetail:
    """A purchase order with what came of it."""
    return PurchaseDetail(
        **_purchase(one, number_of),
        receipts=[receipt_out(receipt) for receipt in receipts],
        invoices=[invoice_out(invoice) for invoice in invoices],
        record=record,
    )


def _purchase(one: PurchaseOrder, number_of: NumberOf) -> dict[str, object]:
    names = (
        "id",
        "number",
        "supplier",
        "total",
        "freight",
        "currency",
        "revision",
        "rfq",
        "approved_by",
        "why",
        "note",
    )
    return {
        **{name: getattr(one, name) for name in names},
        "status": one.status.value,
        "lines": [_line(line, number_of) for line in one.lines],
        "created_at": moment(one.created_at_us),
        "updated_at": moment(one.updated_at_us),
        "sent_at": _when(one.sent_at_us),
        "allowed_actions": [status.value for status in one.allowed_actions],
    }


def _line(line: PurchaseLine, number_of: NumberOf) -> PurchaseLineOut:
    names = (
        "line",
        "part",
        "quantity",
        "unit_price",
        "amount",
        "open",
        "accepted",
        "quarantined",
        "returned",
        "waived",
    )
    return PurchaseLineOut(
        **{name: getattr(line, name) for name in names},
        promised=_when(line.promised_us),
        due=_when(line.due_us),
        needs=_needs(line.needs, number_of),
    )


def receipt_out(receipt: Receipt) -> ReceiptOut:
    """A receipt."""
    lines = [_receipt_line(line) for line in receipt.lines]
    return ReceiptOut(id=receipt.id, note=receipt.note, at=moment(receipt.at_us), by=receipt.by, lines=lines)


def _receipt_line(line: ReceiptLine) -> ReceiptLineOut:
    names = ("seq", "line", "part", "counted", "accepted", "quarantined", "returned", "batch", "note")
    return ReceiptLineOut(
        **{name: getattr(line, name) for name in names},
        fault=line.fault.value,
        expires=_when(line.expires_us),
        serials=list(line.serials),
    )


def receipt_lines(body: ReceiptIn) -> list[NewReceiptLine]:
    """The lines of a request."""
    return [
        NewReceiptLine(
            one.part, one.counted, one.accepted, one.quarantined, one.returned, one.line, ReceiptFault(one.fault),
            one.keep_surplus, one.batch, _us(one.expires), tuple(one.serials), one.place, one.note,
        )
        for one in body.lines
    ]  # fmt: skip


def inspection_of(body: InspectionIn) -> Inspection:
    """The inspection of a request."""
    return Inspection(body.receipt, body.seq, body.accepted, body.returned, tuple(body.serials), body.place, body.note)


def amendments(body: AmendIn) -> list[Amendment]:
    """The changed lines of a request."""
    return [Amendment(one.line, one.quantity, one.unit_price, _us(one.due)) for one in body.lines]


def invoice_out(one: Invoice) -> InvoiceOut:
    """An invoice."""
    lines = [InvoiceLine(line=line, quantity=count, unit_price=price) for line, count, price in one.lines]
    return InvoiceOut(number=one.number, lines=lines, freight=one.freight, at=moment(one.at_us), total=one.total)
