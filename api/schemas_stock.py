"""Shapes of the routes of the store room: parts, places, moves, what is put aside, handed out and waited for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from forewarn.api.schemas import Model

KindOfPart = Literal["consumable", "spare", "rotable", "insurance"]
VedName = Literal["V", "E", "D"]
ReservationName = Literal["waiting", "held", "issued", "released"]
ReasonName = Literal[
    "opening", "receipt", "to_supplier", "transfer", "issue", "give_back", "use", "remove", "scrap", "count",
    "assemble", "take_apart", "correction",
]  # fmt: skip
BookableName = Literal["opening", "receipt", "to_supplier", "transfer", "remove", "scrap", "correction"]
PartName = Annotated[str, Field(min_length=1, max_length=200)]
Pieces = Annotated[int, Field(ge=1, le=1_000_000_000)]
Money = Annotated[float, Field(ge=0, le=1e12)]


class PartLineModel(Model):
    """So many pieces of a part."""

    part: PartName
    quantity: Pieces = 1


class CardIn(Model):
    """The card of a part; `core.stock.PartCard` says what each field does."""

    name: str = Field("", max_length=200)
    unit: str = Field("piece", min_length=1, max_length=40)
    kind: KindOfPart = "spare"
    ved: VedName = "E"
    part_class: str = Field("", max_length=60)
    price: Money = 0.0
    lead_p50_days: float = Field(0.0, ge=0, le=10_000)
    lead_p90_days: float = Field(0.0, ge=0, le=10_000)
    shelf_life_days: float | None = Field(None, gt=0, le=100_000)
    substitutes: list[PartName] = Field(default_factory=list, max_length=50)
    contains: list[PartLineModel] = Field(default_factory=list, max_length=200)


class StockPartOut(Model):
    """A part and how much there is: available = on_hand - reserved - unusable - expired. `on_order` is told for one
    part, null in lists; `value` of what is on hand."""

    id: str
    name: str
    unit: str
    kind: KindOfPart
    ved: VedName
    part_class: str
    price: float
    lead_p50_days: float
    lead_p90_days: float
    shelf_life_days: float | None
    substitutes: list[str]
    contains: list[PartLineModel]
    revision: int
    on_hand: int
    reserved: int
    unusable: int
    expired: int
    available: int
    on_order: int | None
    value: float


class StockPartsOut(Model):
    """A page of parts, by id. The next page: `after=` the value of `next` (null: these were the last)."""

    parts: list[StockPartOut]
    total: int
    next: str | None


class BalanceOut(Model):
    """Pieces of a batch ("": none was named) in a place; `expires` null: they keep."""

    place: str
    batch: str
    quantity: int
    expires: datetime | None


class OnOrderOut(Model):
    """What a supplier owes."""

    quantity: int
    due: datetime | None
    text: str


class NeedOut(Model):
    """Why a part is kept: the fault plan, job plan, preventive plan or open order that asks for it, of which asset
    ("": a job plan that is taken by hand), for which ISO 14224 failure modes; `via` kits and parts it stands in for."""

    source: Literal["fault plan", "job plan", "preventive plan", "open order"]
    name: str
    asset: str
    criticality: str
    quantity: int
    failure_modes: list[str]
    via: list[str]


class ReservationOut(Model):
    """Pieces put aside for an order, or waited for. `taken` of them were handed out."""

    id: int
    order: str
    part: str
    quantity: int
    taken: int
    left: int
    state: ReservationName
    needed_by: datetime | None
    substitute_for: str | None
    at: datetime


class StockPartDetail(StockPartOut):
    """A part with where it lies, what is coming, who needs it, for whom it is put aside, and its record."""

    balances: list[BalanceOut]
    coming: list[OnOrderOut]
    needs: list[NeedOut]
    reservations: list[ReservationOut]
    record: list[dict[str, Any]]


class AssetPartOut(Model):
    """A part of an asset's list: how much there is and why it is on the list. `known` false: it has no card yet."""

    part: str
    name: str
    known: bool
    on_hand: int
    available: int
    quantity: int
    needs: list[NeedOut]


class StockPlaceIn(Model):
    """A shelf or store; shelves of a room are named room/shelf. What lies where it is not `usable` is never issued."""

    name: str = Field("", max_length=200)
    usable: bool = True


class StockPlaceOut(StockPlaceIn):
    """A place as it is kept, and what it holds: parts, pieces and money."""

    id: str
    parts: int
    pieces: int
    value: float


class StockMoveIn(Model):
    """A move to be booked. `from` and `to` are places; the side of the ledger (supplier, scrap, machine) is filled in
    where it follows from the reason. A correction names in `corrects` the move that was a mistake; the rest follows
    from it, and `quantity` takes back a part of it only."""

    reason: BookableName
    part: PartName | None = None
    quantity: Pieces | None = None
    from_: str | None = Field(None, alias="from", max_length=200)
    to: str | None = Field(None, max_length=200)
    unit_cost: Money | None = None
    batch: str = Field("", max_length=100)
    expires: datetime | None = None
    serial: str = Field("", max_length=100)
    note: str = Field("", max_length=2000)
    order: str | None = Field(None, max_length=100)
    corrects: int | None = Field(None, ge=1, le=2**53)


class StockMoveOut(Model):
    """A move as it was booked; `seq` counts all moves. `order` is an order's id, `amount` the worth of the pieces."""

    seq: int
    part: str
    from_: str = Field(alias="from")
    to: str
    quantity: int
    reason: ReasonName
    order: str | None
    at: datetime
    by: str
    unit_cost: float
    amount: float
    batch: str
    expires: datetime | None
    serial: str
    note: str
    corrects: int | None


class ReserveIn(Model):
    """What is put aside, in total; nothing named: all parts of the order."""

    lines: list[PartLineModel] = Field(default_factory=list, max_length=200)
    needed_by: datetime | None = None


class ReleaseIn(Model):
    """Of which part what was put aside is given free (null: of all)."""

    part: PartName | None = None


class IssueIn(Model):
    """What is handed out. Of a rotable name the serial number; batch and place only where it matters."""

    part: PartName
    quantity: Pieces = 1
    serial: str = Field("", max_length=100)
    batch: str = Field("", max_length=100)
    place: str = Field("", max_length=200)


class ReturnIn(Model):
    """What comes back unused. Not `usable`: it goes to quarantine."""

    part: PartName
    quantity: Pieces = 1
    usable: bool = True
    place: str = Field("", max_length=200)
    serial: str = Field("", max_length=100)
    note: str = Field("", max_length=2000)


class UseIn(Model):
    """What was built in or used up (no part: all that the order still has in hand)."""

    part: PartName | None = None
    quantity: Pieces | None = None
    serial: str = Field("", max_length=100)


class OrderStockOut(Model):
    """The parts of an order: put aside and waited for, in hand (handed out, neither used nor given back), and moved."""

    order: str
    number: str
    status: str
    reservations: list[ReservationOut]
    in_hand: dict[str, int]
    moves: list[StockMoveOut]


class PartWaitingOut(Model):
    """A place in the line of those who wait, in the order in which they are served; `available` pieces now."""

    part: str
    quantity: int
    order: str
    number: str
    asset: str
    priority: int
    needed_by: datetime | None
    available: int
    since: datetime


class SerialOut(Model):
    """A piece with a serial number and where it is: a place, an order's hands, or the machine it sits in."""

    serial: str
    part: str
    place: str
    since: datetime
    order: str | None
    asset: str
    batch: str


class KitIn(Model):
    """So many kits are made of their parts in a place, or (`apart`) taken apart into them."""

    quantity: Pieces = 1
    place: str = Field("main", min_length=1, max_length=200)
    apart: bool = False


class OpenIn(Model):
    """Where the pieces of the plant file lie."""

    place: str = Field("main", min_length=1, max_length=200)
