"""What is put aside for orders, and how much of a part there is. Values; `core.stock` gives them on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReservationState(StrEnum):
    """Where a reservation stands."""

    WAITING = "waiting"  # not there yet
    HELD = "held"  # put aside
    ISSUED = "issued"  # all of it was handed out
    RELEASED = "released"  # not needed any more


RESERVATION_STEPS: dict[ReservationState, tuple[ReservationState, ...]] = {
    ReservationState.WAITING: (ReservationState.HELD, ReservationState.ISSUED, ReservationState.RELEASED),
    ReservationState.HELD: (ReservationState.ISSUED, ReservationState.RELEASED, ReservationState.WAITING),
    ReservationState.ISSUED: (),
    ReservationState.RELEASED: (),
}
"""The life of a reservation. Held pieces that are lost, scrapped or expired let it wait again; what is handed out over
the counter counts for one that waits too."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """So many of a part put aside for a work order (its id), whole or not at all; `taken` of them were handed out.

    `needed_by_us` None: no date. `substitute_for`: the part that was asked for, when this one does instead.

    >>> Reservation(1, "o1", "6205", 4, 1, ReservationState.HELD).left
    3
    """

    id: int
    order: str
    part: str
    quantity: int
    taken: int = 0
    state: ReservationState = ReservationState.WAITING
    needed_by_us: int | None = None
    substitute_for: str | None = None
    at_us: int = 0

    @property
    def left(self) -> int:
        """Pieces not handed out."""
        return self.quantity - self.taken

    @property
    def is_open(self) -> bool:
        """Waiting or held."""
        return self.state in (ReservationState.WAITING, ReservationState.HELD)

    @property
    def wanted(self) -> str:
        """The part that was asked for."""
        return self.substitute_for or self.part


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reservation in line: whose (`number` and `priority` of the order) and how many are there for it now."""

    reservation: Reservation
    number: str
    asset: str
    priority: int
    available: int


@dataclass(frozen=True, slots=True)
class Level:
    """How much of a part there is. `unusable`: in quarantine; `expired`: on a usable shelf, past its last day.

    available = on_hand - reserved - unusable - expired; below 0 when pieces that were put aside have expired since.

    >>> Level("6205", on_hand=10, reserved=3, unusable=2, expired=1).available
    4
    """

    part: str
    on_hand: int = 0
    reserved: int = 0
    unusable: int = 0
    expired: int = 0

    @property
    def available(self) -> int:
        """Free to be issued to whoever comes."""
        return self.on_hand - self.reserved - self.unusable - self.expired


@dataclass(frozen=True, slots=True)
class OnOrder:
    """Pieces that a supplier owes: `text` names the purchase order, `due_us` when it is expected (None: not said)."""

    part: str
    quantity: int
    due_us: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Serial:
    """A piece with a serial number and where it is: a store, or the order's hands and the machine it sits in.

    `asset`: the machine that it is meant for (in the order's hands) or sits in (place "@used"); "" elsewhere.
    """

    serial: str
    part: str
    place: str
    since_us: int
    order: str | None = None
    asset: str = ""
    batch: str = ""
