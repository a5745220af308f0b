"""Shapes of the routes of purchase orders: lines, dates, receipts, inspections, invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from forewarn.api.schemas import Model
from forewarn.api.schemas_buying import BuyingNeedOut, Days, Money, Name, Number, Pieces, SupplierName, Text

PurchaseStatusName = Literal[
    "DRAFT", "APPROVED", "SENT", "CONFIRMED", "PARTLY", "RECEIVED", "CLOSED", "CANCELLED"
]  # fmt: skip
FaultName = Literal["none", "wrong_part", "damaged", "too_many", "bad_quality"]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class TermsIn(Model):
    """What is agreed for one part."""

    part: Name
    unit_price: Money
    lead_p50_days: Days
    lead_p90_days: Days


class DirectIn(Model):
    """Buy approved proposals without quotes, for a reason."""

    proposals: list[Number] = Field(min_length=1, max_length=200)
    supplier: SupplierName
    terms: list[TermsIn] = Field(min_length=1, max_length=200)
    freight: Money = 0.0
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class PurchaseLineOut(Model):
    """A line: pieces ordered, still to come, and what became of those that came."""

    line: int
    part: str
    quantity: int
    unit_price: float
    amount: float
    promised: datetime | None
    due: datetime | None
    open: int
    accepted: int
    quarantined: int
    returned: int
    waived: int
    needs: list[BuyingNeedOut]


class PurchaseRow(Model):
    """A purchase order; `revision` is its ETag."""

    id: str
    number: str
    supplier: str
    status: PurchaseStatusName
    lines: list[PurchaseLineOut]
    total: float
    freight: float
    currency: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    revision: int
    rfq: str | None
    approved_by: str
    why: str
    note: str
    allowed_actions: list[PurchaseStatusName]


class ReceiptLineOut(Model):
    """A line of a receipt as it stands now."""

    seq: int
    line: int | None
    part: str
    counted: int
    accepted: int
    quarantined: int
    returned: int
    fault: FaultName
    batch: str
    expires: datetime | None
    serials: list[str]
    note: str


class ReceiptOut(Model):
    """Goods that came under one delivery note."""

    id: int
    note: str
    at: datetime
    by: str
    lines: list[ReceiptLineOut]


class InvoiceLine(Model):
    """Pieces and price of a line of the purchase order."""

    line: int
    quantity: Pieces
    unit_price: Money


class InvoiceIn(Model):
    """What a supplier asks to be paid."""

    number: Annotated[str, Field(min_length=1, max_length=100)]
    lines: list[InvoiceLine] = Field(min_length=1, max_length=500)
    freight: Money = 0.0


class DifferenceOut(Model):
    """Where an invoice is not what was ordered and received; `line` null: the freight."""

    line: int | None
    amount: float
    text: str


class InvoiceOut(InvoiceIn):
    """An invoice as it is kept."""

    at: datetime
    total: float


class InvoiceAnswer(Model):
    """An invoice that was taken, and its differences."""

    invoice: InvoiceOut
    differences: list[DifferenceOut]


class PurchaseDetail(PurchaseRow):
    """A purchase order with receipts, invoices and record."""

    receipts: list[ReceiptOut]
    invoices: list[InvoiceOut]
    record: list[dict[str, Any]]


class AmendLine(Model):
    """What is changed on a line of a draft; null: as it was."""

    line: int
    quantity: Pieces | None = None
    unit_price: Money | None = None
    due: datetime | None = None


class AmendIn(Model):
    """A changed draft."""

    lines: list[AmendLine] = Field(default_factory=list, max_length=500)
    freight: Money | None = None
    note: Text | None = None


class PurchaseActionIn(Model):
    """Move a purchase order. `rebuy`: needs of what does not come go back to a proposal."""

    to: PurchaseStatusName
    note: Text = ""
    rebuy: bool = True


class DateIn(Model):
    """When a line comes, as the supplier says."""

    line: int
    due: datetime


class DatesIn(Model):
    """Dates that the supplier confirms, or moves, and why."""

    lines: list[DateIn] = Field(default_factory=list, max_length=500)
    why: Text = ""


class ReceiptLineIn(Model):
    """What was counted of a part, and where it went after the check. `line` null: nobody ordered it."""

    part: Name
    counted: Pieces
    accepted: Count = 0
    quarantined: Count = 0
    returned: Count = 0
    line: int | None = None
    fault: FaultName = "none"
    keep_surplus: bool = False
    batch: Annotated[str, Field(max_length=100)] = ""
    expires: datetime | None = None
    serials: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=1000)
    place: Annotated[str, Field(max_length=200)] = ""
    note: Text = ""


class ReceiptIn(Model):
    """What came under a delivery note (`note`)."""

    note: Annotated[str, Field(min_length=1, max_length=100)]
    lines: list[ReceiptLineIn] = Field(min_length=1, max_length=500)


class InspectionIn(Model):
    """Pieces of a receipt line that leave quarantine."""

    receipt: int
    seq: int
    accepted: Count = 0
    returned: Count = 0
    serials: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=list, max_length=1000)
    place: Annotated[str, Field(max_length=200)] = ""
    note: Text = ""
