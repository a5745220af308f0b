"""Buying: what was ordered, what came, what it cost. Values and the table of statuses.

The way of a piece: need -> proposal -> request for quotation -> quote (`core.quotes`) -> purchase order -> receipt ->
shelf. Each status is a row of the table below; code, API `allowed_actions` and the docs come from it. Times are plant
time (UTC, microseconds), money is in the currency of the plant, quantities are whole pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.quotes import Need as Need
from forewarn.core.quotes import Proposal as Proposal
from forewarn.core.quotes import ProposalState as ProposalState
from forewarn.core.quotes import pieces

TEXT_LIMIT = 2_000


class PurchaseStatus(StrEnum):
    """Where a purchase order stands."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    SENT = "SENT"  # the supplier has it
    CONFIRMED = "CONFIRMED"  # the supplier has said when it comes
    PARTLY = "PARTLY"  # some pieces are here
    RECEIVED = "RECEIVED"  # all pieces are here
    CLOSED = "CLOSED"  # final
    CANCELLED = "CANCELLED"  # final


_S = PurchaseStatus
PURCHASE_STEPS: dict[PurchaseStatus, tuple[PurchaseStatus, ...]] = {
    _S.DRAFT: (_S.APPROVED, _S.CANCELLED),
    _S.APPROVED: (_S.DRAFT, _S.SENT, _S.CANCELLED),
    _S.SENT: (_S.CONFIRMED, _S.PARTLY, _S.RECEIVED, _S.CANCELLED),
    _S.CONFIRMED: (_S.PARTLY, _S.RECEIVED, _S.CANCELLED),
    _S.PARTLY: (_S.RECEIVED, _S.CLOSED),
    _S.RECEIVED: (_S.PARTLY, _S.CLOSED),
    _S.CLOSED: (),
    _S.CANCELLED: (),
}
BY_RECEIPT = (_S.PARTLY, _S.RECEIVED)
"""A purchase order comes into these by what was received, never by hand."""

UNDER_WAY = (_S.SENT, _S.CONFIRMED, _S.PARTLY)
"""Pieces may come in these."""

ON_ORDER = (_S.APPROVED, *UNDER_WAY)
"""Open lines of these count as on order."""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Pieces of one part on a purchase order. `promised_us`: what the supplier first said, `due_us`: says now.

    Received pieces: `accepted` (on the shelf), `quarantined` (here, not decided), `returned` (not counted as here).
    `waived`: pieces that are not waited for any more. `lead_p50_days`, `lead_p90_days`: what the supplier promised.
    """

    line: int
    part: str
    quantity: int
    unit_price: float
    needs: tuple[Need, ...] = ()
    promised_us: int | None = None
    due_us: int | None = None
    lead_p50_days: float = 0.0
    lead_p90_days: float = 0.0
    waived: int = 0
    accepted: int = 0
    quarantined: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        """Pieces that are still to come."""
        return max(self.quantity - self.accepted - self.quarantined - self.waived, 0)

    @property
    def amount(self) -> float:
        """What it costs, to the cent."""
        return round(self.quantity * self.unit_price, 2)


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """A purchase order as stored. `revision` counts every change and is checked on write."""

    id: str
    number: str
    supplier: str
    status: PurchaseStatus
    lines: tuple[PurchaseLine, ...]
    created_at_us: int
    updated_at_us: int
    revision: int
    currency: str = "EUR"
    freight: float = 0.0
    rfq: str | None = None
    sent_at_us: int | None = None
    approved_by: str = ""
    why: str = ""
    note: str = ""

    @property
    def total(self) -> float:
        """Lines and freight, to the cent."""
        return round(sum(line.amount for line in self.lines) + self.freight, 2)

    @property
    def open_pieces(self) -> int:
        """Pieces that are still to come."""
        return sum(line.open for line in self.lines)

    def line(self, number: int) -> PurchaseLine | None:
        """The line of this number."""
        return next((line for line in self.lines if line.line == number), None)

    @property
    def allowed_actions(self) -> tuple[PurchaseStatus, ...]:
        """Statuses that a person may move it to now: it is not closed while pieces wait in quarantine."""
        waiting = any(line.quarantined for line in self.lines)
        steps = (step for step in PURCHASE_STEPS[self.status] if step not in BY_RECEIPT)
        return tuple(step for step in steps if not (step is PurchaseStatus.CLOSED and waiting))


class ReceiptFault(StrEnum):
    """What was wrong with received pieces."""

    NONE = "none"
    WRONG_PART = "wrong_part"
    DAMAGED = "damaged"
    TOO_MANY = "too_many"
    BAD_QUALITY = "bad_quality"


@dataclass(frozen=True, slots=True)
class NewReceiptLine:
    """What was counted of one part, and where it went after the check: to the shelf, to quarantine, back.

    `line`: that of the purchase order; None: nobody ordered this part. `keep_surplus`: take more than is open.
    `serials` of a rotable, one for each piece that stays here, those for the shelf first. `batch`, `expires_us`: of the
    pieces, where they have them. `place`: the shelf ("": where goods usually go). Raises Rejected when the three do not
    add up to what was counted, and for pieces of a part that nobody ordered on the shelf.
    """

    part: str
    counted: int
    accepted: int = 0
    quarantined: int = 0
    returned: int = 0
    line: int | None = None
    fault: ReceiptFault = ReceiptFault.NONE
    keep_surplus: bool = False
    batch: str = ""
    expires_us: int | None = None
    serials: tuple[str, ...] = ()
    place: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        pieces(self.counted, "a line of a receipt")
        parts = (self.accepted, self.quarantined, self.returned)
        if min(parts) < 0 or sum(parts) != self.counted:
            raise Rejected(
                "receipt_sum",
                f"{self.part}: {self.counted} were counted, but {self.accepted} to the shelf, {self.quarantined} to"
                f" quarantine and {self.returned} back make {sum(parts)}: say where each piece went",
            )
        if self.serials and len(set(self.serials)) != self.accepted + self.quarantined:
            raise Rejected("receipt_serials", f"{self.part}: name one serial number for each piece that stays here")
        if self.line is None and self.accepted:
            raise Rejected(
                "receipt_not_ordered",
                f"{self.part} is not on the order: put it into quarantine or send it back; from quarantine it may be"
                " taken onto the shelf",
            )


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a receipt as it stands now: pieces of quarantine move on by inspection."""

    seq: int
    part: str
    counted: int
    accepted: int
    quarantined: int
    returned: int
    line: int | None
    fault: ReceiptFault
    batch: str = ""
    expires_us: int | None = None
    serials: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that came under one delivery note. Of one purchase order a note is received once."""

    id: int
    purchase: str
    note: str
    at_us: int
    by: str
    lines: tuple[ReceiptLine, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a supplier asks to be paid: pieces and unit price by line of the purchase order, and freight."""

    supplier: str
    number: str
    purchase: str
    at_us: int
    lines: tuple[tuple[int, int, float], ...]
    freight: float = 0.0

    @property
    def total(self) -> float:
        """All of it, to the cent."""
        return round(sum(quantity * price for _, quantity, price in self.lines) + self.freight, 2)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Pieces of a part that are on their way: `on_order` on purchase orders, `asked` on proposals, requests and drafts.

    The reorder rule of demand reads `on_order`; `asked` tells it what nobody has to ask for again.
    """

    part: str
    on_order: int
    asked: int
