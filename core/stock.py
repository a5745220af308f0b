"""Spare parts: cards, places, the moves between places, and what is put aside for orders. Values and tables only.

Pieces are booked by double entry: each move takes so many of a part from one place and puts them into another. Shelves
are places; so are the suppliers, the orders, the machines and the scrap that pieces come from and go to, the *sides* of
the ledger. A balance is the sum of moves, and over all places the balances of a part sum to 0. Quantities are whole
numbers of the part's unit: oil by the litre that is poured in tenths has the unit "0.1 l".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.plant import PartLine
from forewarn.core.stock_lines import RESERVATION_STEPS as RESERVATION_STEPS
from forewarn.core.stock_lines import Level as Level
from forewarn.core.stock_lines import OnOrder as OnOrder
from forewarn.core.stock_lines import Reservation as Reservation
from forewarn.core.stock_lines import ReservationState as ReservationState
from forewarn.core.stock_lines import Serial as Serial
from forewarn.core.stock_lines import Waiting as Waiting

TEXT_LIMIT = 190  # of ids and names: "part:ID" is a subject of the audit
MOST_PIECES = 1_000_000_000


def _check_text(reason: str, what: str, text: str) -> None:
    if not text.strip() or text != text.strip() or len(text) > TEXT_LIMIT:
        raise Rejected(reason, f"{what} has 1 to {TEXT_LIMIT} letters and no blanks around it, not {text!r}")


class PartKind(StrEnum):
    """How a part lives."""

    CONSUMABLE = "consumable"  # used up: oil, filters, gloves
    SPARE = "spare"  # built in and thrown away at the end
    ROTABLE = "rotable"  # built in, taken out, mended, built in again; each piece has a serial number
    INSURANCE = "insurance"  # may lie for years: without it the plant stands for months


class Ved(StrEnum):
    """How much a missing piece hurts."""

    VITAL = "V"  # the machine stands
    ESSENTIAL = "E"  # it runs worse, or for a while
    DESIRABLE = "D"  # it can wait


@dataclass(frozen=True, slots=True)
class PartCard:
    """What the store room knows of a part; `revision` counts changes and is checked on write.

    `price` of one piece in the plant's currency. Half of all deliveries come within `lead_p50_days`, nine of ten within
    `lead_p90_days`. `shelf_life_days`: how long it keeps, counted from receipt (None: for ever). `substitutes`: parts
    that do instead, the best one first. `contains`: of a kit, what one of it is made of. `part_class` groups parts that
    are asked for alike ("bearing"). Raises Rejected for what does not fit together, with what is expected.

    >>> PartCard("6205", "Bearing 6205", price=12.5, lead_p50_days=5, lead_p90_days=14).is_kit
    False
    """

    id: str
    name: str = ""
    unit: str = "piece"
    kind: PartKind = PartKind.SPARE
    ved: Ved = Ved.ESSENTIAL
    part_class: str = ""
    price: float = 0.0
    lead_p50_days: float = 0.0
    lead_p90_days: float = 0.0
    shelf_life_days: float | None = None
    substitutes: tuple[str, ...] = ()
    contains: tuple[PartLine, ...] = ()
    revision: int = 0

    def __post_init__(self) -> None:
        _check_text("part_id", "the id of a part", self.id)
        if len(self.name) > TEXT_LIMIT or len(self.unit) > 40 or not self.unit.strip() or len(self.part_class) > 60:
            raise Rejected("part_text", f"{self.id}: a name has up to {TEXT_LIMIT} letters, a unit 1 to 40, a class 60")
        if not (math.isfinite(self.price) and self.price >= 0):
            raise Rejected("part_price", f"{self.id}: a price is a number of 0 or more, not {self.price}")
        if not 0 <= self.lead_p50_days <= self.lead_p90_days <= 10_000:
            raise Rejected(
                "part_lead_time",
                f"{self.id}: 0 <= lead_p50_days <= lead_p90_days <= 10,000; most come before nine in ten",
            )
        if self.shelf_life_days is not None and not 0 < self.shelf_life_days <= 100_000:
            raise Rejected("part_shelf_life", f"{self.id}: a shelf life is above 0 days; leave it out where it keeps")
        self._check_others()

    def _check_others(self) -> None:
        inside = [line.part for line in self.contains]
        for what, ids in (("substitutes", list(self.substitutes)), ("contains", inside)):
            if self.id in ids or len(set(ids)) != len(ids):
                raise Rejected(f"part_{what}", f"{self.id}: `{what}` names other parts, each once")
        if any(not 1 <= line.quantity <= MOST_PIECES for line in self.contains):
            raise Rejected("part_contains", f"{self.id}: a kit contains 1 or more of each part")

    @property
    def is_kit(self) -> bool:
        """Is it a bundle of other parts?"""
        return bool(self.contains)


class Side(StrEnum):
    """What a place is: a store holds pieces, the others are where pieces come from and go to."""

    STORE = "store"
    SUPPLIER = "supplier"
    ORDER = "order"  # in the hands of whoever works on a work order
    USED = "used"  # built into a machine, or used up
    SCRAP = "scrap"
    DIFFERENCE = "difference"  # what a count found too much or too little
    OPENING = "opening"  # what lay there when the ledger began
    ASSEMBLY = "assembly"  # between a kit and its parts


@dataclass(frozen=True, slots=True)
class Place:
    """A shelf, a store, a quarantine (not `usable`: what lies there is never issued), or a side of the ledger.

    Ids of sides begin with "@"; those of stores do not.
    """

    id: str
    name: str = ""
    usable: bool = True
    side: Side = Side.STORE

    def __post_init__(self) -> None:
        _check_text("place_id", "the id of a place", self.id)
        if self.id.startswith("@") != (self.side is not Side.STORE):
            raise Rejected(
                "place_id", f"{self.id}: '@' begins the ids of the sides of the ledger, which are there already"
            )

    @property
    def is_store(self) -> bool:
        """Does it hold pieces, so that its balance is never below 0?"""
        return self.side is Side.STORE


SUPPLIER, ORDER, USED, SCRAP, DIFFERENCE, OPENING, ASSEMBLY = (
    f"@{side.value}" for side in Side if side is not Side.STORE
)
"""Ids of the sides."""

SIDES = tuple(Place(f"@{side.value}", side.value, False, side) for side in Side if side is not Side.STORE)
"""They are always there."""

MAIN_STORE = Place("main", "Main store")
QUARANTINE = Place("quarantine", "Quarantine", usable=False)
"""Places that every ledger begins with."""


class MoveReason(StrEnum):
    """Why pieces moved."""

    OPENING = "opening"
    RECEIPT = "receipt"
    TO_SUPPLIER = "to_supplier"
    TRANSFER = "transfer"
    ISSUE = "issue"
    GIVE_BACK = "give_back"
    USE = "use"
    REMOVE = "remove"  # taken out of a machine, to be mended or kept
    SCRAP = "scrap"
    COUNT = "count"
    ASSEMBLE = "assemble"
    TAKE_APART = "take_apart"
    CORRECTION = "correction"


_S = Side.STORE

MOVES: dict[MoveReason, tuple[tuple[Side, Side], ...]] = {
    MoveReason.OPENING: ((Side.OPENING, _S),),
    MoveReason.RECEIPT: ((Side.SUPPLIER, _S),),
    MoveReason.TO_SUPPLIER: ((_S, Side.SUPPLIER),),
    MoveReason.TRANSFER: ((_S, _S),),
    MoveReason.ISSUE: ((_S, Side.ORDER),),
    MoveReason.GIVE_BACK: ((Side.ORDER, _S),),
    MoveReason.USE: ((Side.ORDER, Side.USED),),
    MoveReason.REMOVE: ((Side.USED, _S),),
    MoveReason.SCRAP: ((_S, Side.SCRAP),),
    MoveReason.COUNT: ((_S, Side.DIFFERENCE), (Side.DIFFERENCE, _S)),
    MoveReason.ASSEMBLE: ((_S, Side.ASSEMBLY), (Side.ASSEMBLY, _S)),
    MoveReason.TAKE_APART: ((_S, Side.ASSEMBLY), (Side.ASSEMBLY, _S)),
    MoveReason.CORRECTION: (  # the way back of a move that was written by mistake
        *((_S, side) for side in (Side.OPENING, Side.SUPPLIER, Side.DIFFERENCE, Side.USED)),
        *((side, _S) for side in (Side.SUPPLIER, Side.SCRAP, Side.DIFFERENCE)),
        (_S, _S),
    ),
}
"""Which side may give to which, for each reason. Nothing else is ever booked."""

BY_ORDER = (MoveReason.ISSUE, MoveReason.GIVE_BACK, MoveReason.USE)
"""Moves that belong to a work order; `StockBookSql.issue`, `give_back` and `use` write them, never `move`."""

FACTS = (MoveReason.SCRAP, MoveReason.COUNT, MoveReason.TRANSFER, MoveReason.CORRECTION)
"""Moves that tell what is so: they take pieces that were put aside too, and who is last in line waits again. The others
that leave a shelf take free pieces only."""


@dataclass(frozen=True, slots=True)
class NewMove:
    """A move to be booked. `unit_cost` None: the price on the card. `order`: id of a work order.

    `batch` names pieces that came together; those of a part with a shelf life get one from their last day when none is
    named. `serial`: of a rotable, which is moved one by one. `corrects`: `seq` of the move that was a mistake.

    >>> NewMove("6205", SUPPLIER, "main", 4, MoveReason.RECEIPT, at_us=0, unit_cost=11.9).quantity
    4
    """

    part: str
    from_place: str
    to_place: str
    quantity: int
    reason: MoveReason
    at_us: int
    order: str | None = None
    unit_cost: float | None = None
    batch: str = ""
    expires_us: int | None = None
    serial: str = ""
    note: str = ""
    corrects: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= MOST_PIECES or self.quantity % 1:
            raise Rejected("move_quantity", f"{self.part}: a move is of 1 or more whole pieces, not {self.quantity}")
        if self.unit_cost is not None and not (math.isfinite(self.unit_cost) and self.unit_cost >= 0):
            raise Rejected("move_cost", f"{self.part}: a unit cost is a number of 0 or more, not {self.unit_cost}")
        if max(len(self.batch), len(self.serial)) > 100 or len(self.note) > 2_000:
            raise Rejected("move_text", f"{self.part}: batch and serial have up to 100 letters, a note 2,000")
        if self.serial and self.quantity != 1:
            raise Rejected(
                "move_serial", f"{self.part}: a piece with a serial number moves alone, not {self.quantity} at once"
            )
        if (self.corrects is not None) != (self.reason is MoveReason.CORRECTION):
            raise Rejected(
                "move_corrects", "a correction, and nothing else, names in `corrects` the move it takes back"
            )


@dataclass(frozen=True, slots=True)
class StockMove:
    """A move as it was booked; `seq` counts all moves from 1, without a gap. Never changed, never deleted.

    `order`: id of the work order; `by`: who moved it; `unit_cost`: what one piece was worth.
    """

    seq: int
    part: str
    from_place: str
    to_place: str
    quantity: int
    reason: MoveReason
    order: str | None
    at_us: int
    by: str
    unit_cost: float
    batch: str = ""
    expires_us: int | None = None
    serial: str = ""
    note: str = ""
    corrects: int | None = None

    @property
    def amount(self) -> float:
        """What the pieces were worth, to the cent."""
        return round(float(self.quantity * self.unit_cost), 2)


@dataclass(frozen=True, slots=True)
class Balance:
    """So many pieces of a part and batch ("": none was named) in a store; `expires_us` None: they keep."""

    part: str
    place: str
    batch: str
    quantity: int
    expires_us: int | None = None
