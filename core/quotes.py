"""What is asked for, and who was asked for a price: suppliers, needs, proposals, requests for quotation, quotes.

The way of a piece goes on in `core.buying`. Each state is a row of a table below. Times are plant time (UTC,
microseconds), money is in the currency of the plant, quantities are whole pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.errors import Rejected

MOST_PIECES = 1_000_000


class ProposalState(StrEnum):
    """Where a proposal to buy stands."""

    OPEN = "open"  # more needs of the part join it
    APPROVED = "approved"  # a person agreed
    ASKED = "asked"  # suppliers are asked for a price
    ORDERED = "ordered"
    DROPPED = "dropped"


PROPOSAL_STEPS: dict[ProposalState, tuple[ProposalState, ...]] = {
    ProposalState.OPEN: (ProposalState.APPROVED, ProposalState.DROPPED),
    ProposalState.APPROVED: (ProposalState.ASKED, ProposalState.ORDERED, ProposalState.DROPPED),
    ProposalState.ASKED: (ProposalState.ORDERED, ProposalState.APPROVED),
    ProposalState.ORDERED: (),
    ProposalState.DROPPED: (),
}


class RfqState(StrEnum):
    """Where a request for quotation stands."""

    OPEN = "open"
    DECIDED = "decided"  # every part of it is ordered
    CANCELLED = "cancelled"


RFQ_STEPS: dict[RfqState, tuple[RfqState, ...]] = {
    RfqState.OPEN: (RfqState.DECIDED, RfqState.CANCELLED),
    RfqState.DECIDED: (),
    RfqState.CANCELLED: (),
}


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who sells parts. `revision` counts every change and is checked on write.

    Raises Rejected without an id and a name.
    """

    id: str
    name: str
    email: str = ""
    contact: str = ""
    active: bool = True
    note: str = ""
    revision: int = 0

    def __post_init__(self) -> None:
        if not self.id.strip() or len(self.id) > 64 or not self.name.strip():
            raise Rejected("supplier_name", "a supplier has an id of 1 to 64 letters and a name")


@dataclass(frozen=True, slots=True)
class Need:
    """Why pieces are wanted: one cause. `key` says which and is the same when it is told again: "order:ID" of a work
    order, "reorder" of the reorder rule, anything else by hand. `order_id`: the work order that waits.

    Raises Rejected for fewer than one piece, and without a key.
    """

    key: str
    quantity: int
    why: str = ""
    needed_by_us: int | None = None
    order_id: str | None = None

    def __post_init__(self) -> None:
        pieces(self.quantity, "a need")
        if not self.key.strip() or len(self.key) > 200:
            raise Rejected("need_key", "a need has a key of 1 to 200 letters: order:ID, reorder, or a word of your own")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Pieces of one part that should be bought, with every need behind them. One is open for each part at most."""

    id: int
    part: str
    state: ProposalState
    needs: tuple[Need, ...]
    revision: int
    created_at_us: int
    changed_at_us: int
    approved_by: str = ""
    rfq: str | None = None
    purchase: str | None = None
    note: str = ""

    @property
    def quantity(self) -> int:
        """Pieces of all needs together."""
        return sum(need.quantity for need in self.needs)

    @property
    def needed_by_us(self) -> int | None:
        """When the first need wants its pieces; None when none says."""
        return soonest(self.needs)

    @property
    def allowed_actions(self) -> tuple[ProposalState, ...]:
        """States that it may go to now."""
        return PROPOSAL_STEPS[self.state]


@dataclass(frozen=True, slots=True)
class RfqLine:
    """A part that suppliers are asked for. `late_per_day`: what each day after `needed_by_us` costs."""

    part: str
    needs: tuple[Need, ...]
    proposals: tuple[int, ...]
    late_per_day: float = 0.0
    chosen: str | None = None

    @property
    def quantity(self) -> int:
        """Pieces of all needs together."""
        return sum(need.quantity for need in self.needs)

    @property
    def needed_by_us(self) -> int | None:
        """When the first need wants its pieces."""
        return soonest(self.needs)


@dataclass(frozen=True, slots=True)
class AskedSupplier:
    """A supplier who was asked, and when and how the answer came."""

    supplier: str
    asked_at_us: int
    answered_at_us: int | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Rfq:
    """A request for quotation to several suppliers, answers wanted by `answer_by_us`."""

    id: str
    number: str
    state: RfqState
    lines: tuple[RfqLine, ...]
    asked: tuple[AskedSupplier, ...]
    answer_by_us: int
    created_at_us: int
    revision: int
    note: str = ""

    def line(self, part: str) -> RfqLine | None:
        """The line of a part."""
        return next((line for line in self.lines if line.part == part), None)

    @property
    def allowed_actions(self) -> tuple[RfqState, ...]:
        """States that it may go to now."""
        return RFQ_STEPS[self.state]


@dataclass(frozen=True, slots=True)
class PriceBreak:
    """From so many pieces on, each costs so much."""

    from_quantity: int
    unit_price: float


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer of a supplier for one part. `lead_p50_days`, `lead_p90_days`: promised days from order to dock, half
    and nine in ten. `min_quantity`: fewer are not sold; `pack`: sold in packs of so many pieces. `freight`: once for
    the delivery. The newest answer of a supplier counts.

    Raises Rejected for prices that do not ascend in quantity, a lead time whose P90 is below its P50, and what is not a
    number of pieces or an amount.

    >>> quote = Quote("r", "acme", "6205", (PriceBreak(1, 30.0), PriceBreak(10, 25.0)), 0, 5.0, 9.0)
    >>> quote.unit_price(4), quote.unit_price(12)
    (30.0, 25.0)
    """

    rfq: str
    supplier: str
    part: str
    prices: tuple[PriceBreak, ...]
    at_us: int
    lead_p50_days: float
    lead_p90_days: float
    min_quantity: int = 1
    pack: int = 1
    freight: float = 0.0
    currency: str = "EUR"
    valid_until_us: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        steps = [one.from_quantity for one in self.prices]
        if not steps or steps != sorted(set(steps)) or steps[0] < 1:
            raise Rejected("quote_prices", "give a price from 1 piece on, and further ones from larger quantities on")
        pieces(self.min_quantity, "a least quantity")
        pieces(self.pack, "a pack")
        for amount in (*(one.unit_price for one in self.prices), self.freight):
            money_amount(amount)
        if not 0 <= self.lead_p50_days <= self.lead_p90_days <= 3_660:
            raise Rejected("quote_lead", "a lead time is P50 <= P90 in days, between 0 and 3660")

    def unit_price(self, quantity: int) -> float:
        """Price of one piece when so many are bought; below the first break its price."""
        fitting = [one for one in self.prices if one.from_quantity <= quantity]
        return (fitting[-1] if fitting else self.prices[0]).unit_price


def soonest(needs: tuple[Need, ...]) -> int | None:
    """When the first need wants its pieces, None when none says."""
    return min((need.needed_by_us for need in needs if need.needed_by_us is not None), default=None)


def pieces(quantity: int, what: str) -> int:
    """A number of whole pieces, 1 to 1,000,000. Raises Rejected for another."""
    if not 1 <= quantity <= MOST_PIECES:
        raise Rejected("pieces", f"{what} is of 1 to {MOST_PIECES} pieces, not {quantity}")
    return quantity


def money_amount(amount: float) -> float:
    """An amount of money, 0 to 1e12. Raises Rejected for another."""
    if not 0 <= amount <= 1e12:
        raise Rejected("amount", f"an amount lies between 0 and 1e12, not {amount}")
    return amount
