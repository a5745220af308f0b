"""Shapes of the routes of buying: suppliers, proposals, requests for quotation, quotes, purchase orders, receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from forewarn.api.schemas import Model

ProposalStateName = Literal["open", "approved", "asked", "ordered", "dropped"]
RfqStateName = Literal["open", "decided", "cancelled"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
SupplierName = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=2000)]
Number = Annotated[int, Field(ge=1, le=2**53)]
Pieces = Annotated[int, Field(ge=1, le=1_000_000)]
Money = Annotated[float, Field(ge=0, le=1e12)]
Days = Annotated[float, Field(ge=0, le=3660)]


class SupplierIn(Model):
    """Who sells parts; nothing is bought from one that is not `active`."""

    name: Name
    email: Annotated[str, Field(max_length=200)] = ""
    contact: Annotated[str, Field(max_length=500)] = ""
    active: bool = True
    note: Text = ""


class SupplierOut(SupplierIn):
    """A supplier as it is kept; `revision` is its ETag."""

    id: str
    revision: int


class FigureOut(Model):
    """One figure of a score: `value` null says "cannot tell yet" in `text`. `rows`: all that it was made of."""

    name: str
    definition: str
    value: float | None
    unit: str
    text: str
    low: float | None
    high: float | None
    rows: list[dict[str, Any]]


class LeadOut(Model):
    """Days to expect of a part, learned from `deliveries`."""

    part: str
    p50_days: float
    p90_days: float
    deliveries: int


class SupplierScoreOut(Model):
    """How a supplier has done."""

    supplier: str
    figures: list[FigureOut]
    leads: list[LeadOut]


class BuyingNeedOut(Model):
    """Why pieces are wanted; `order`: number of the work order that waits."""

    key: str
    quantity: int
    why: str
    needed_by: datetime | None
    order: str | None


class NeedIn(Model):
    """Pieces of a part that should be bought. `order`: id or number of a work order that waits for them. `key`: the
    same when it is told again ("": this is a need of its own)."""

    part: Name
    quantity: Pieces
    why: Text = ""
    needed_by: datetime | None = None
    order: Name | None = None
    key: Annotated[str, Field(max_length=200)] = ""


class ProposalOut(Model):
    """Pieces of a part that should be bought; `revision` is its ETag. `cost` at the price on the card."""

    id: int
    part: str
    state: ProposalStateName
    quantity: int
    cost: float
    needed_by: datetime | None
    needs: list[BuyingNeedOut]
    revision: int
    created_at: datetime
    changed_at: datetime
    approved_by: str
    rfq: str | None
    purchase: str | None
    note: str
    allowed_actions: list[ProposalStateName]


class ProposalActionIn(Model):
    """Approve a proposal, or drop it for a reason (`note`)."""

    to: Literal["approved", "dropped"]
    note: Text = ""


class RfqIn(Model):
    """Ask suppliers for a price of approved proposals. `late_per_day`: by part, what a day after its date costs."""

    proposals: list[Number] = Field(min_length=1, max_length=200)
    suppliers: list[SupplierName] = Field(min_length=1, max_length=50)
    answer_by: datetime
    late_per_day: dict[Name, Money] = Field(default_factory=dict)
    note: Text = ""


class BreakModel(Model):
    """From so many pieces on, each costs so much."""

    from_quantity: Pieces
    unit_price: Money


class QuoteIn(Model):
    """The answer of a supplier for one part; days from order to dock, half and nine in ten."""

    supplier: SupplierName
    part: Name
    prices: list[BreakModel] = Field(min_length=1, max_length=50)
    lead_p50_days: Days
    lead_p90_days: Days
    min_quantity: Pieces = 1
    pack: Pieces = 1
    freight: Money = 0.0
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    valid_until: datetime | None = None
    note: Text = ""


class QuotesIn(Model):
    """Answers of suppliers: all are taken, or none."""

    quotes: list[QuoteIn] = Field(min_length=1, max_length=500)


class QuoteOut(Model):
    """A quote as it is kept."""

    supplier: str
    part: str
    prices: list[BreakModel]
    lead_p50_days: float
    lead_p90_days: float
    min_quantity: int
    pack: int
    freight: float
    currency: str
    at: datetime
    valid_until: datetime | None
    note: str


class RfqLineOut(Model):
    """A part that is asked for; `chosen`: the supplier that it is bought from."""

    part: str
    quantity: int
    needed_by: datetime | None
    late_per_day: float
    needs: list[BuyingNeedOut]
    chosen: str | None


class AskedOut(Model):
    """A supplier who was asked."""

    supplier: str
    asked_at: datetime
    answered_at: datetime | None
    declined: bool


class RfqOut(Model):
    """A request for quotation with the newest answers."""

    id: str
    number: str
    state: RfqStateName
    lines: list[RfqLineOut]
    asked: list[AskedOut]
    quotes: list[QuoteOut]
    answer_by: datetime
    created_at: datetime
    revision: int
    note: str
    record: list[dict[str, Any]]


class LetterOut(Model):
    """What a supplier is sent."""

    email: str
    text: str
    csv: str


class DeclineIn(Model):
    """A supplier does not offer."""

    supplier: SupplierName


class ReasonIn(Model):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class OfferOut(Model):
    """A quote with its numbers: expected = goods + freight + late_cost. `why` says it in words."""

    rank: int
    quote: QuoteOut
    valid: bool
    quantity: int
    unit_price: float
    goods: float
    freight: float
    late_cost: float
    expected: float
    late_share: float | None
    late_days: float
    lead_p50_days: float
    lead_p90_days: float
    deliveries: int
    refused: float
    why: str


class ChooseIn(Model):
    """A person's choice, in their own words if they like."""

    part: Name
    supplier: SupplierName
    reason: Text = ""


class PipelineOut(Model):
    """Pieces on their way: `on_order` on purchase orders, `asked` on proposals, requests and drafts."""

    part: str
    on_order: int
    asked: int
