"""Moves that are booked one by one: receipts, transfers, scrap, count differences, removals, corrections."""

from __future__ import annotations

from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import FACTS, MoveReason, NewMove, PartCard, StockMove
from forewarn.maintenance.stock.desk import StockStore, booked, known_card, known_place, order_id
from forewarn.maintenance.stock.line import fit, make_room, refill
from forewarn.maintenance.stock.rules import WHOLE_ORDER, check_correction, check_serial, check_way, with_batch


def take_move(store: StockStore, new: NewMove, actor: Actor) -> StockMove:
    """Book one move and serve whoever waits for its pieces.

    Raises Rejected for an unknown part or place, a way that `core.stock.MOVES` does not know, a rotable without its
    serial number, a wrong correction, and moves that belong to an order (`handing` writes those); Conflict when there
    are not so many, or when they are put aside and the move is none of `core.stock.FACTS`.
    """
    store.turn()
    card = known_card(store, new.part)
    from_place, to_place = known_place(store, new.from_place), known_place(store, new.to_place)
    if new.reason in WHOLE_ORDER:
        raise Rejected("move_reason", f"{new.reason.value} is not booked as a move: issue, give back, use or assemble")
    check_way(new, from_place, to_place)
    check_serial(card, new)
    if new.corrects is not None:
        check_correction(new, store.move_of(new.corrects), store.corrected(new.corrects))
    if new.order is not None:
        new = replace(new, order=order_id(store, new.order))
    new = _located(store, new) if from_place.is_store else _arriving(store, card, new)
    fit(store, card.id, actor, new.at_us)
    if from_place.is_store and from_place.usable and not (to_place.is_store and to_place.usable):
        make_room(store, card, new, actor, new.reason in FACTS)
    move = booked(store, new, actor)
    refill(store, card.id, actor, new.at_us)
    return move


def _located(store: StockStore, new: NewMove) -> NewMove:
    """With the lot that it is taken from. Raises Conflict when the pieces are not there."""
    if new.serial:
        piece = store.serial(new.part, new.serial)
        if piece is None or piece.place != new.from_place:
            where = "never was here" if piece is None else f"is in {piece.place}"
            raise Conflict(f"{new.part} {new.serial} {where}, not in {new.from_place}")
        new = replace(new, batch=piece.batch)
    lots = store.lots_at(new.part, new.from_place)
    fitting = [lot for lot in lots if lot.batch == new.batch and lot.quantity >= new.quantity]
    if not fitting and not new.batch and len(lots) == 1:
        fitting = [lot for lot in lots if lot.quantity >= new.quantity]
    if not fitting:
        there = ", ".join(f"{lot.quantity} of batch {lot.batch}" if lot.batch else f"{lot.quantity}" for lot in lots)
        raise Conflict(
            f"{new.part}: {new.quantity} {f'of batch {new.batch} ' if new.batch else ''}are not in {new.from_place}; "
            f"there are {there or 'none'}: name a batch that has so many, or move fewer"
        )
    return replace(new, batch=fitting[0].batch, expires_us=fitting[0].expires_us)


def _arriving(store: StockStore, card: PartCard, new: NewMove) -> NewMove:
    """With batch and last day. Raises Conflict for a piece that is elsewhere."""
    piece = store.serial(new.part, new.serial) if new.serial else None
    if piece is not None and known_place(store, piece.place).is_store:
        raise Conflict(f"{new.part} {new.serial} is in {piece.place} already: move it from there")
    if piece is not None and new.reason in (MoveReason.REMOVE, MoveReason.GIVE_BACK) and piece.place != new.from_place:
        raise Conflict(f"{new.part} {new.serial} is in {piece.place}, not in {new.from_place}")
    return with_batch(card, new, store.batch(card.id, new.batch) if new.batch else None)
