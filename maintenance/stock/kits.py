"""Kits: bundles of parts that are put together on the shelf and handed out as one, or taken apart again."""

from __future__ import annotations

from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.core.stock import ASSEMBLY, Balance, MoveReason, NewMove, PartCard, PartKind, StockMove
from forewarn.maintenance.stock.desk import StockStore, booked, known_card, known_place, shortage
from forewarn.maintenance.stock.handing import pieces_of
from forewarn.maintenance.stock.line import fit, refill
from forewarn.maintenance.stock.rules import Picked, good, picked, with_batch


def take_assembly(store: StockStore, kit: str, quantity: int, place: str, actor: Actor, at_us: int) -> list[StockMove]:
    """Make kits at a place of free parts that lie there; worth what their parts are, good as long as the first of them.

    Raises Rejected for a part that is no kit; Conflict when parts are missing or put aside.
    """
    store.turn()
    card = _kit(store, kit, quantity, place)
    moves = []
    for line in card.contains:
        part = known_card(store, line.part)
        fit(store, part.id, actor, at_us)
        picks = _free(store, part, line.quantity * quantity, place, at_us)
        moves += [_out(store, pick, MoveReason.ASSEMBLE, actor, at_us) for pick in picks]
    worth = sum(move.quantity * move.unit_cost for move in moves) / quantity
    last = min((move.expires_us for move in moves if move.expires_us is not None), default=None)
    new = NewMove(kit, ASSEMBLY, place, quantity, MoveReason.ASSEMBLE, at_us, unit_cost=worth, expires_us=last)
    moves.append(booked(store, with_batch(card, new, store.batch(kit, "")), actor))
    for part_id in [line.part for line in card.contains] + [kit]:
        refill(store, part_id, actor, at_us)
    return moves


def take_dismantling(
    store: StockStore, kit: str, quantity: int, place: str, actor: Actor, at_us: int
) -> list[StockMove]:
    """Take free kits at a place apart; parts that do not keep stay good as long as their kit was.

    Raises Rejected for a part that is no kit, and for one with rotables in it; Conflict when there are not so many.
    """
    store.turn()
    card = _kit(store, kit, quantity, place)
    inside = [known_card(store, line.part) for line in card.contains]
    rotables = [part.id for part in inside if part.kind is PartKind.ROTABLE]
    if rotables:
        raise Rejected("kit_rotable", f"{kit} contains {', '.join(rotables)}: which pieces they are is told by a count")
    fit(store, kit, actor, at_us)
    moves = [
        _out(store, pick, MoveReason.TAKE_APART, actor, at_us) for pick in _free(store, card, quantity, place, at_us)
    ]
    last = min((move.expires_us for move in moves if move.expires_us is not None), default=None)
    for part, line in zip(inside, card.contains, strict=True):
        keeps = last if part.shelf_life_days is not None else None
        new = NewMove(
            part.id, ASSEMBLY, place, line.quantity * quantity, MoveReason.TAKE_APART, at_us, expires_us=keeps
        )
        moves.append(booked(store, with_batch(part, new, None), actor))
    for part_id in [kit, *(part.id for part in inside)]:
        refill(store, part_id, actor, at_us)
    return moves


def _kit(store: StockStore, kit: str, quantity: int, place: str) -> PartCard:
    card = known_card(store, kit)
    where = known_place(store, place)
    if not card.is_kit or card.kind is PartKind.ROTABLE:
        raise Rejected("no_kit", f"{kit} is no kit: say on its card what it `contains`")
    if quantity < 1 or not where.is_store or not where.usable:
        raise Rejected("kit_place", "name 1 or more kits, and a usable store")
    return card


def _free(store: StockStore, card: PartCard, quantity: int, place: str, at_us: int) -> list[Picked]:
    lots: list[Balance] = [lot for lot in store.lots(card.id) if lot.place == place]
    free = min(store.level(card.id, at_us).available, sum(lot.quantity for lot in good(lots, at_us)))
    if quantity > free:
        raise shortage(store, card, quantity, free, at_us)
    if card.kind is PartKind.ROTABLE:
        return pieces_of(store, card.id, good(lots, at_us), quantity)
    return picked(lots, quantity, at_us)


def _out(store: StockStore, pick: Picked, reason: MoveReason, actor: Actor, at_us: int) -> StockMove:
    lot = pick.lot
    new = NewMove(
        lot.part,
        lot.place,
        ASSEMBLY,
        pick.quantity,
        reason,
        at_us,
        batch=lot.batch,
        expires_us=lot.expires_us,
        serial=pick.serial,
    )
    return booked(store, new, actor)
