"""The rows behind a supplier's score: every sent line with what became of it, and every request that was put."""

from __future__ import annotations

import sqlalchemy as sa

from forewarn.core.buying import PurchaseLine, PurchaseOrder, PurchaseStatus, Receipt, ReceiptFault
from forewarn.maintenance.buying.purchase_rows import BuyingRows
from forewarn.maintenance.buying.score import Answered, Delivered
from forewarn.maintenance.buying.tables import RFQ, RFQ_SUPPLIER

NEVER_SENT = (PurchaseStatus.DRAFT, PurchaseStatus.APPROVED, PurchaseStatus.CANCELLED)
SENT = tuple(status for status in PurchaseStatus if status not in NEVER_SENT)


def deliveries_of(rows: BuyingRows, supplier: str, now_us: int) -> list[Delivered]:
    """Sent lines of a supplier, oldest first."""
    orders = sorted(rows.purchases(SENT, supplier), key=lambda order: (order.sent_at_us or 0, order.number))
    receipts = rows.receipts_of([order.id for order in orders])
    return [_delivered(order, line, receipts[order.id], now_us) for order in orders for line in order.lines]


def _delivered(order: PurchaseOrder, line: PurchaseLine, receipts: list[Receipt], now_us: int) -> Delivered:
    assert order.sent_at_us is not None
    counted = refused = here = 0
    whole_us: int | None = None
    faults: list[str] = []
    for receipt in receipts:
        if line is order.lines[0]:  # what nobody ordered belongs to no line, and yet to the record
            faults += [one.fault.value for one in receipt.lines if one.line is None]
        for came in (one for one in receipt.lines if one.line == line.line):
            counted += came.counted
            refused += came.returned
            here += came.accepted + came.quarantined
            if came.fault is not ReceiptFault.NONE:
                faults.append(came.fault.value)
        if whole_us is None and here >= line.quantity:
            whole_us = receipt.at_us
    return Delivered(
        order.number,
        line.line,
        line.part,
        line.quantity,
        line.unit_price,
        order.sent_at_us,
        line.promised_us or line.due_us,
        line.lead_p50_days,
        whole_us,
        counted,
        refused,
        tuple(faults),
        order.status is PurchaseStatus.CLOSED,
        now_us,
    )


def answers_of(rows: BuyingRows, supplier: str) -> list[Answered]:
    """Requests that were put to a supplier, oldest first."""
    query = sa.select(RFQ.c.number, RFQ.c.answer_by_us, RFQ_SUPPLIER).join(RFQ, RFQ.c.id == RFQ_SUPPLIER.c.rfq)
    query = query.where(RFQ_SUPPLIER.c.supplier == supplier).order_by(RFQ_SUPPLIER.c.asked_at_us, RFQ.c.number)
    return [
        Answered(row.number, row.asked_at_us, row.answer_by_us, row.answered_at_us, bool(row.declined))
        for row in rows.connection.execute(query)
    ]
