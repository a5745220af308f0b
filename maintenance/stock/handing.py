"""Pieces over the counter: handed out to an order, built in, given back. Each changes what the order pays for.

The store room writes one line of the order's report for each part, and corrects it with every piece that goes out or
comes back: quantity and money of the standing line are those of the moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.jobs import LineKind, NewLine
from forewarn.core.ports import Actor
from forewarn.core.stock import (
    ORDER,
    QUARANTINE,
    USED,
    Balance,
    MoveReason,
    NewMove,
    PartCard,
    PartKind,
    ReservationState,
    StockMove,
)
from forewarn.core.work import Status, WorkOrder
from forewarn.maintenance.orders.desk import existing, write
from forewarn.maintenance.orders.job_rules import with_lines
from forewarn.maintenance.orders.rules import touched
from forewarn.maintenance.stock.desk import StockStore, booked, known_card, known_place, shortage
from forewarn.maintenance.stock.line import fit, refill, settle, taken
from forewarn.maintenance.stock.rules import Hand, Picked, billed, good, in_hand, picked

CLOSED_COUNTERS = (Status.WAPPR, Status.CLOSE, Status.CAN)
"""Nothing is handed out to orders that stand there."""


def take_issue(
    store: StockStore,
    order: str,
    part: str,
    quantity: int,
    actor: Actor,
    at_us: int,
    serial: str = "",
    batch: str = "",
    place: str = "",
) -> list[StockMove]:
    """Hand pieces out to an order: those put aside for it first, then free ones; what expires first before the rest.

    A kit that does not lie there as one is handed out as what it contains. Raises Rejected for an unknown part;
    Conflict for an order that is not approved or has ended, and when there are too few, with what is there, what does
    instead and what comes.
    """
    store.turn()
    kept = existing(store.orders, order)
    if kept.order.status in CLOSED_COUNTERS:
        raise Conflict(f"{kept.order.number} is {kept.order.status}: parts are handed out to approved, open work")
    card = known_card(store, part)
    _check_count(card, quantity)
    if card.is_kit and store.level(card.id, at_us).available < quantity:
        lines = [(line.part, line.quantity * quantity) for line in card.contains]
        return [move for each, pieces in lines for move in take_issue(store, order, each, pieces, actor, at_us)]
    fit(store, card.id, actor, at_us)
    picks = _picks(store, kept.order, card, quantity, at_us, serial, batch, place)
    taken(store, kept.order.id, card.id, quantity, actor, at_us)
    moves = [_issued(store, kept.order, pick, actor, at_us) for pick in picks]
    _bill(store, kept.order.id, card, actor, at_us)
    refill(store, card.id, actor, at_us)
    settle(store, [kept.order.id], at_us)
    return moves


def _check_count(card: PartCard, quantity: int) -> None:
    if quantity < 1:
        raise Rejected("quantity", f"{card.id}: name 1 or more pieces, not {quantity}")


def _picks(
    store: StockStore,
    order: WorkOrder,
    card: PartCard,
    quantity: int,
    at_us: int,
    serial: str,
    batch: str,
    place: str,
) -> list[Picked]:
    mine = store.reservations(order.id, card.id, open_only=True)
    own = sum(one.left for one in mine if one.state is ReservationState.HELD)
    free = store.level(card.id, at_us).available + own
    if quantity > free:
        raise shortage(store, card, quantity, free, at_us)
    lots = [lot for lot in store.lots(card.id) if batch in ("", lot.batch) and place in ("", lot.place)]
    if card.kind is PartKind.ROTABLE:
        found = pieces_of(store, card.id, good(lots, at_us), quantity, serial)
    else:
        found = picked(lots, quantity, at_us)
    if sum(pick.quantity for pick in found) < quantity or (serial and card.kind is not PartKind.ROTABLE):
        asked = ", ".join(told for told in (serial, batch and f"batch {batch}", place and f"from {place}") if told)
        there = ", ".join(
            f"{lot.quantity} in {lot.place} {lot.batch}".strip() for lot in good(store.lots(card.id), at_us)
        )
        raise Conflict(f"{card.id}: {quantity} ({asked}) are not there; there are {there or 'none'}")
    return found


def pieces_of(store: StockStore, part: str, lots: Sequence[Balance], quantity: int, serial: str = "") -> list[Picked]:
    """Pieces of a rotable that lie in these lots, in the order of the lots: the one that is named, or the first."""
    fitting = [one for one in store.serials(part) if serial in ("", one.serial)]
    lying = [
        Picked(lot, 1, one.serial)
        for lot in lots
        for one in fitting
        if (one.place, one.batch) == (lot.place, lot.batch)
    ]
    return lying[:quantity]


def _issued(store: StockStore, order: WorkOrder, pick: Picked, actor: Actor, at_us: int) -> StockMove:
    lot = pick.lot
    new = NewMove(
        lot.part,
        lot.place,
        ORDER,
        pick.quantity,
        MoveReason.ISSUE,
        at_us,
        order.id,
        batch=lot.batch,
        expires_us=lot.expires_us,
        serial=pick.serial,
    )
    return booked(store, new, actor, order.asset)


def take_use(
    store: StockStore,
    order: str,
    actor: Actor,
    at_us: int,
    part: str | None = None,
    quantity: int | None = None,
    serial: str = "",
) -> list[StockMove]:
    """Note that pieces in the order's hands were built in or used up; without a part all of them.

    Raises Conflict when the order has not so many in hand.
    """
    store.turn()
    kept = existing(store.orders, order)
    chosen = _chosen(store, kept.order, part, quantity, serial)
    return [_from_hand(store, kept.order, hand, USED, MoveReason.USE, actor, at_us, "") for hand in chosen]


def take_return(
    store: StockStore,
    order: str,
    part: str,
    quantity: int,
    actor: Actor,
    at_us: int,
    usable: bool = True,
    place: str = "",
    serial: str = "",
    note: str = "",
) -> list[StockMove]:
    """Take pieces back from an order, into `place`, where they came from, or (not usable) into quarantine; the order
    pays for them no longer, and whoever waits for them is served.

    Raises Rejected for an unknown place, and for one of the other kind than `usable` says; Conflict when the order has
    not so many in hand.
    """
    store.turn()
    kept = existing(store.orders, order)
    card = known_card(store, part)
    _check_count(card, quantity)
    target = known_place(store, place or QUARANTINE.id) if place or not usable else None
    if target is not None and (not target.is_store or target.usable != usable):
        raise Rejected("place_usable", f"{target.id} is no place for {'usable' if usable else 'unusable'} pieces")
    moves = []
    for hand in _chosen(store, kept.order, part, quantity, serial):
        to = target.id if target is not None else hand.place
        moves.append(_from_hand(store, kept.order, hand, to, MoveReason.GIVE_BACK, actor, at_us, note))
    _bill(store, kept.order.id, card, actor, at_us)
    refill(store, card.id, actor, at_us)
    return moves


def _chosen(store: StockStore, order: WorkOrder, part: str | None, quantity: int | None, serial: str) -> list[Hand]:
    """Of what an order has in hand, the newest lots first. Raises Conflict when there is not so much."""
    hands = [hand for hand in in_hand(store.moves_of(order.id, part)) if serial in ("", hand.serial)]
    there = sum(hand.quantity for hand in hands)
    if quantity is None:
        return hands
    if quantity > there or quantity < 1:
        piece = f"{part} {serial}".strip()
        raise Conflict(f"{order.number} has {there} x {piece} in hand, not {quantity}")
    chosen, left = [], quantity
    for hand in hands:
        now = min(hand.quantity, left)
        if now:
            chosen.append(replace(hand, quantity=now))
            left -= now
    return chosen


def _from_hand(
    store: StockStore, order: WorkOrder, hand: Hand, to: str, reason: MoveReason, actor: Actor, at_us: int, note: str
) -> StockMove:
    new = NewMove(
        hand.part,
        ORDER,
        to,
        hand.quantity,
        reason,
        at_us,
        order.id,
        hand.unit_cost,
        hand.batch,
        hand.expires_us,
        hand.serial,
        note,
    )
    return booked(store, new, actor, order.asset if to == USED else "")


def _bill(store: StockStore, order: str, card: PartCard, actor: Actor, at_us: int) -> None:
    """Let the line of the report say what the moves say: one standing line for a part, the last one corrected."""
    pieces, money = billed(store.moves_of(order, card.id))
    before, kept = store.bill(order, card.id), existing(store.orders, order)
    line = NewLine(
        LineKind.PART,
        card.id,
        pieces,
        money / pieces if pieces else card.price,
        note="handed out by the store room",
        corrects=before,
    )
    # a cancelled order has ended, but what comes back from it is still taken off
    told = with_lines(replace(kept.order, status=Status.INPRG), kept.job, [line], actor, at_us)
    after = replace(kept, order=touched(kept.order, at_us), job=told)
    write(store.orders, kept, after, actor, "parts issued" if before is None else "parts changed", at_us, "order.job")
    store.keep_bill(order, card.id, told.lines[-1].seq)
