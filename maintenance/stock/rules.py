"""What the store room decides. Pure: values in, values out.

The ledger (`stock.rows`) finds and keeps; every decision about cards, moves, lots and lines stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine
from forewarn.core.stock import (
    BY_ORDER,
    MOVES,
    Balance,
    MoveReason,
    NewMove,
    OnOrder,
    PartCard,
    PartKind,
    Place,
    StockMove,
)
from forewarn.core.work import Status

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER_US = 1 << 62
WHOLE_ORDER = (*BY_ORDER, MoveReason.ASSEMBLE, MoveReason.TAKE_APART)
"""Reasons that are not booked one by one: `issue`, `give_back`, `use`, `assemble` and `take_apart` write them."""

HANDED = (Status.COMP, Status.CLOSE, Status.CAN)


def check_way(new: NewMove, from_place: Place, to_place: Place) -> None:
    """Raises Rejected for a way that the table of moves does not know, with those that it knows."""
    if new.from_place == new.to_place:
        raise Rejected(
            "move_way", f"{new.part}: a move goes from one place to another, not from {new.from_place} to it"
        )
    if (from_place.side, to_place.side) not in MOVES[new.reason]:
        ways = " or ".join(f"{a.value} to {b.value}" for a, b in MOVES[new.reason])
        raise Rejected(
            "move_way",
            f"{new.part}: {new.reason.value} goes {ways}, not {from_place.side.value} to {to_place.side.value}",
        )


def check_serial(card: PartCard, new: NewMove) -> None:
    """A rotable moves with its serial number, nothing else has one. Raises Rejected."""
    if card.kind is PartKind.ROTABLE and not new.serial:
        raise Rejected("serial_needed", f"{card.id} is a rotable: move it piece by piece, each with its serial number")
    if card.kind is not PartKind.ROTABLE and new.serial:
        raise Rejected("no_rotable", f"{card.id} has no serial numbers: make it a rotable on its card first")


def check_correction(new: NewMove, wrong: StockMove | None, corrected: int) -> None:
    """A correction is the way back of a move that stands, of no more pieces than are left of it. Raises Rejected."""
    if wrong is None:
        raise Rejected("unknown_move", f"there is no move {new.corrects} to correct")
    if wrong.reason in WHOLE_ORDER or wrong.reason is MoveReason.CORRECTION:
        raise Rejected(
            "move_corrects",
            f"move {wrong.seq} was {wrong.reason.value}: take it back by giving back, taking apart or anew",
        )
    if (new.part, new.from_place, new.to_place, new.serial) != (
        wrong.part,
        wrong.to_place,
        wrong.from_place,
        wrong.serial,
    ):
        raise Rejected(
            "move_corrects",
            f"move {wrong.seq} took {wrong.part} from {wrong.from_place} to {wrong.to_place}: its correction goes back",
        )
    if new.quantity > wrong.quantity - corrected:
        raise Rejected("move_corrects", f"of move {wrong.seq} {wrong.quantity - corrected} are left to correct")


def with_batch(card: PartCard, new: NewMove, known: Balance | None) -> NewMove:
    """The move of pieces that come in, with batch and last day.

    Pieces that do not keep get a batch named after their last day when none is named: "exp 2027-01-15". `known`: what
    is known of the batch already; Raises Rejected when it has another last day.
    """
    expires_us = new.expires_us
    if expires_us is None and known is not None:
        expires_us = known.expires_us
    if expires_us is None and card.shelf_life_days is not None:
        expires_us = new.at_us + round(card.shelf_life_days * US_PER_DAY)
    if expires_us is not None and not new.batch:
        expires_us = expires_us // US_PER_DAY * US_PER_DAY
        return replace(new, batch=f"exp {EPOCH + timedelta(microseconds=expires_us):%Y-%m-%d}", expires_us=expires_us)
    if known is not None and known.expires_us != expires_us:
        raise Rejected(
            "batch_expiry", f"batch {new.batch} of {card.id} has another last day: give the pieces another batch"
        )
    return replace(new, expires_us=expires_us)


@dataclass(frozen=True, slots=True)
class Picked:
    """So many pieces of a lot."""

    lot: Balance
    quantity: int
    serial: str = ""


def good(lots: Iterable[Balance], at_us: int) -> list[Balance]:
    """Lots that have not expired, in the order in which they are handed out: what expires first, first."""
    fresh = (lot for lot in lots if lot.quantity > 0 and (lot.expires_us is None or lot.expires_us > at_us))
    return sorted(
        fresh, key=lambda lot: (lot.expires_us if lot.expires_us is not None else NEVER_US, lot.place, lot.batch)
    )


def picked(lots: Iterable[Balance], quantity: int, at_us: int) -> list[Picked]:
    """Where `quantity` pieces are taken from; fewer when there are not enough.

    >>> lots = [Balance("a", "main", "", 5), Balance("a", "main", "old", 2, expires_us=90)]
    >>> [(one.lot.batch, one.quantity) for one in picked(lots, 3, at_us=10)]
    [('old', 2), ('', 1)]
    >>> [(one.lot.batch, one.quantity) for one in picked(lots, 3, at_us=100)]
    [('', 3)]
    """
    found, left = [], quantity
    for lot in good(lots, at_us):
        taken = min(lot.quantity, left)
        if taken > 0:
            found.append(Picked(lot, taken))
            left -= taken
    return found


def expired_in(lots: Iterable[Balance], at_us: int) -> int:
    """Pieces past their last day."""
    return sum(lot.quantity for lot in lots if lot.expires_us is not None and lot.expires_us <= at_us)


@dataclass(frozen=True, slots=True)
class Hand:
    """Pieces of one lot in the hands of an order: where they came from, and what they were worth."""

    part: str
    batch: str
    serial: str
    quantity: int
    place: str
    unit_cost: float
    expires_us: int | None


def in_hand(moves: Iterable[StockMove]) -> list[Hand]:
    """What is left in the hands of one order of what its moves (oldest first) brought there; the newest lot first.

    Pieces that came at two prices are two lots; who gives back gives the newer ones.
    """
    hands: list[Hand] = []
    for move in moves:
        if move.reason is MoveReason.ISSUE:
            fresh = Hand(
                move.part, move.batch, move.serial, move.quantity, move.from_place, move.unit_cost, move.expires_us
            )
            hands.insert(0, fresh)
        elif move.reason in (MoveReason.GIVE_BACK, MoveReason.USE):
            hands = _less(hands, move)
    return hands


def _less(hands: Sequence[Hand], move: StockMove) -> list[Hand]:
    """Without what a move took away: first of lots at its very cost, then of any of its batch."""
    left, kept = move.quantity, list(hands)
    same = [
        n for n, hand in enumerate(kept) if (hand.part, hand.batch, hand.serial) == (move.part, move.batch, move.serial)
    ]
    for n in sorted(same, key=lambda n: (kept[n].unit_cost != move.unit_cost, n)):
        taken = min(kept[n].quantity, left)
        kept[n] = replace(kept[n], quantity=kept[n].quantity - taken)
        left -= taken
    return [hand for hand in kept if hand.quantity > 0]


def billed(moves: Iterable[StockMove]) -> tuple[int, float]:
    """Pieces and money that an order pays for of one part: what was handed out less what came back."""
    pieces, money = 0, 0.0
    for move in moves:
        sign = {MoveReason.ISSUE: 1, MoveReason.GIVE_BACK: -1}.get(move.reason, 0)
        pieces += sign * move.quantity
        money += sign * move.quantity * move.unit_cost
    return pieces, money if pieces else 0.0


def unfolded(lines: Iterable[PartLine], cards: Mapping[str, PartCard]) -> dict[str, int]:
    """Pieces by part, kits as what they contain; parts without a card are left out.

    >>> kit = PartCard("kit", contains=(PartLine("seal", 2), PartLine("bolt", 4)))
    >>> cards = {"kit": kit, "seal": PartCard("seal"), "bolt": PartCard("bolt")}
    >>> unfolded([PartLine("kit", 2), PartLine("seal", 1), PartLine("rag", 9)], cards)
    {'seal': 5, 'bolt': 8}
    """
    wanted: dict[str, int] = {}
    for line in lines:
        card = cards.get(line.part)
        if card is None:
            continue
        for part, each in [(one.part, one.quantity) for one in card.contains] or [(card.id, 1)]:
            wanted[part] = wanted.get(part, 0) + each * line.quantity
    return wanted


def next_status(status: Status, back_to: Status | None, short: bool) -> tuple[Status | None, Status | None, bool]:
    """What an order that is to wait for parts does next: the status it steps to (None: none), where it goes back to
    afterwards, and whether it still waits.

    A person who moves an order on although parts are missing is right: it does not go back to wait by itself, and
    where it was to go back to is how that is remembered.

    >>> next_status(Status.WSCH, None, short=True)
    (<Status.WMATL: 'WMATL'>, <Status.WSCH: 'WSCH'>, True)
    >>> next_status(Status.WMATL, Status.WSCH, short=False)
    (<Status.WSCH: 'WSCH'>, None, False)
    """
    if status in HANDED:
        return None, None, False
    if not short:
        return (back_to if status is Status.WMATL else None), None, False
    if status is Status.WMATL:
        return None, back_to or Status.APPR, True
    if back_to is not None:
        return None, back_to, True
    return (Status.WMATL, status, True) if status in (Status.APPR, Status.WSCH) else (None, None, True)


def too_few(
    card: PartCard,
    wanted: int,
    free: int,
    elsewhere: Sequence[str],
    substitutes: Mapping[str, int],
    on_order: Sequence[OnOrder],
) -> Conflict:
    """Why pieces cannot be handed out, where else there are some, and when more come."""
    told = [f"{card.id}: {max(free, 0)} free, {wanted} asked for"]
    told += [f"not free are {', '.join(elsewhere)}"] if elsewhere else []
    others = [f"{part} ({pieces} free)" for part, pieces in substitutes.items() if pieces > 0]
    told += [f"instead of it does {', '.join(others)}"] if others else []
    coming = [f"{one.quantity} {_coming(one)}" for one in on_order]
    told += [f"on order are {', '.join(coming)}"] if coming else ["none is on order"]
    return Conflict("; ".join(told))


def _coming(one: OnOrder) -> str:
    due = (
        f"expected {EPOCH + timedelta(microseconds=one.due_us):%Y-%m-%d}"
        if one.due_us is not None
        else "without a date"
    )
    return f"({one.text}, {due})" if one.text else f"({due})"
