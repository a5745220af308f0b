"""Who waits for pieces, who has some put aside, and which orders wait in WMATL for them.

Whoever needs pieces first is served first: by need date, then by priority of the order, then by who asked first. A
reservation is held whole or not at all, and nobody who needs a part later is served before somebody who waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.stock import RESERVATION_STEPS, NewMove, PartCard, Reservation, ReservationState
from forewarn.core.work import Json, Status, WorkOrder
from forewarn.maintenance.orders.costs import CHECKED_AT, lacks_approval
from forewarn.maintenance.orders.desk import SYSTEM, existing, write
from forewarn.maintenance.orders.rules import KeptOrder, stepped
from forewarn.maintenance.stock.desk import StockStore, known_card, record, shortage
from forewarn.maintenance.stock.rules import billed, expired_in, next_status, unfolded

HELD, WAITING = ReservationState.HELD, ReservationState.WAITING


def take_reservation(
    store: StockStore,
    order: str,
    lines: Sequence[PartLine],
    actor: Actor,
    at_us: int,
    needed_by_us: int | None = None,
    strict: bool = True,
) -> list[Reservation]:
    """Put so many of each part aside for an order, in total; its open reservations. Parts that are not named stay.

    What the order took counts. Kits are put aside as what they contain. Raises Rejected (`strict`) for a part without a
    card, else leaves it out; Conflict for an order that is no longer open.
    """
    store.turn()
    kept = existing(store.orders, order)
    if not kept.order.is_open:
        raise Conflict(f"{kept.order.number} is {kept.order.status}: nothing is put aside for it any more")
    cards = store.cards(line.part for line in lines)
    if strict:
        for line in lines:
            known_card(store, line.part)
    needed = kept.order.start_by_us if needed_by_us is None else needed_by_us
    wanted = unfolded(lines, cards)
    for part, total in wanted.items():
        _asked(store, kept.order, part, total, needed, actor, at_us)
    for part in wanted:
        serve(store, part, actor, at_us)
    settle(store, [kept.order.id], at_us)
    return store.reservations(kept.order.id, open_only=True)


def _asked(
    store: StockStore, order: WorkOrder, part: str, total: int, needed: int | None, actor: Actor, at_us: int
) -> None:
    """Let the open reservations of a part, with what the order took, add up to `total`, all for this date."""
    of_part = [one for one in store.reservations(order.id) if one.wanted == part]
    waiting = [one for one in of_part if one.is_open]
    for one in waiting:
        if one.needed_by_us != needed:
            _change(store, one, replace(one, needed_by_us=needed), actor, at_us)
    waiting = [replace(one, needed_by_us=needed) for one in waiting]
    names = {part} | {one.part for one in of_part}
    took = sum(billed(move for move in store.moves_of(order.id, name))[0] for name in names)
    more = total - took - sum(one.left for one in waiting)
    if more > 0:
        fresh = Reservation(0, order.id, part, more, needed_by_us=needed, at_us=at_us)
        made = store.add_reservation(fresh)
        _tell(store, None, made, actor, at_us)
    for one in sorted(waiting, key=lambda one: (one.state is HELD, -one.id)):
        fewer = min(one.left, max(-more, 0))
        more += fewer
        if fewer == one.left and fewer:
            _change(store, one, _stepped(one, ReservationState.RELEASED), actor, at_us)
        elif fewer:
            _change(store, one, replace(one, quantity=one.quantity - fewer), actor, at_us)


def serve(store: StockStore, part: str, actor: Actor, at_us: int) -> None:
    """Put pieces of a part aside for whoever waits for it, and of what does instead where it is short."""
    refill(store, part, actor, at_us)
    card = store.card(part)
    if card is not None and any(one.reservation.state is WAITING for one in store.line([part])):
        for other in card.substitutes:
            refill(store, other, actor, at_us)


def take_release(store: StockStore, order: str, actor: Actor, at_us: int, part: str | None = None) -> list[Reservation]:
    """Give free what was put aside for an order, or waits, and was not handed out; what was released.

    `part`: only what was asked for as, or is, this part.
    """
    store.turn()
    id = existing(store.orders, order).order.id
    open_ones = store.reservations(id, open_only=True)
    mine = [one for one in open_ones if part is None or part in (one.part, one.wanted)]
    released = [_stepped(one, ReservationState.RELEASED) for one in mine]
    for before, after in zip(mine, released, strict=True):
        _change(store, before, after, actor, at_us)
    for name in sorted({one.part for one in mine}):
        refill(store, name, actor, at_us)
    settle(store, [id], at_us)
    return released


def refill(store: StockStore, part: str, actor: Actor, at_us: int) -> list[Reservation]:
    """Put free pieces of a part aside for whoever waits for it, or for a part that it does instead of; those served.

    Holds that expired pieces no longer carry are given up first.
    """
    fit(store, part, actor, at_us)
    free, served = store.level(part, at_us).available, list[Reservation]()
    for one in [one.reservation for one in store.line([part, *store.instead(part)])]:
        if one.state is not WAITING or free <= 0:
            continue
        own = one.part == part
        if one.left > free and own:
            break  # nobody who comes later in the line is served before it
        if one.left <= free and (own or one.taken == 0):
            held = _stepped(one, HELD) if own else replace(_stepped(one, HELD), part=part, substitute_for=one.wanted)
            _change(store, one, held, actor, at_us)
            served.append(held)
            free -= one.left
    settle(store, {one.order for one in served}, at_us)
    return served


def fit(store: StockStore, part: str, actor: Actor, at_us: int) -> None:
    """Give up holds that the good pieces do not carry any more, from the end of the line."""
    lots = store.lots(part)
    good = sum(lot.quantity for lot in lots) - expired_in(lots, at_us)
    _unhold(store, part, store.level(part, at_us).reserved - good, actor, at_us)


def make_room(store: StockStore, card: PartCard, new: NewMove, actor: Actor, is_fact: bool) -> None:
    """Let a move out of usable stock have its pieces: free ones, and where it tells a fact also those put aside.

    Raises Conflict, with what is there, when it does not and they are not free.
    """
    level = store.level(card.id, new.at_us)
    good = new.expires_us is None or new.expires_us > new.at_us
    missing = new.quantity - level.available if good else 0
    if missing > 0 and not is_fact:
        raise shortage(store, card, new.quantity, level.available, new.at_us)
    _unhold(store, card.id, missing, actor, new.at_us)


def _unhold(store: StockStore, part: str, pieces: int, actor: Actor, at_us: int) -> None:
    if pieces <= 0:
        return
    held = [one.reservation for one in store.line([part]) if one.reservation.state is HELD]
    late = set[str]()
    for one in reversed(held):
        if pieces <= 0:
            break
        back = _stepped(one, WAITING)
        if one.taken == 0:
            back = replace(back, part=one.wanted, substitute_for=None)
        _change(store, one, back, actor, at_us)
        pieces -= one.left
        late.add(one.order)
    settle(store, late, at_us)


def taken(store: StockStore, order: str, part: str, quantity: int, actor: Actor, at_us: int) -> None:
    """Note on an order's reservations that pieces were handed out: first on what was put aside, then on what waits."""
    left = quantity
    mine = store.reservations(order, part, open_only=True)
    for one in sorted(mine, key=lambda one: (one.state is not HELD, one.id)):
        now = min(one.left, left)
        if now:
            after = replace(one, taken=one.taken + now)
            _change(store, one, after if after.left else _stepped(after, ReservationState.ISSUED), actor, at_us)
            left -= now


def settle(store: StockStore, orders: Iterable[str], at_us: int) -> set[str]:
    """Let orders wait in WMATL exactly while parts of theirs are missing; see `rules.next_status`. Those that moved.

    An order that somebody else is writing to at this moment is left for the next look (`StockBookSql.settle`).
    """
    moved = set[str]()
    for id in sorted(set(orders)):
        missing = [one for one in store.reservations(id, open_only=True) if one.state is WAITING]
        waits, back_to = store.wait_of(id)
        if not missing and not waits:
            continue
        kept = store.order_if_free(id)
        if kept is None:
            if not waits:
                store.keep_wait(id, None)
            continue
        to, back_to, still = next_status(kept.order.status, back_to, bool(missing))
        if to is not None and not _may(store, kept.order, to):
            continue
        if to is not None:
            _step(store, kept, to, missing, at_us)
            moved.add(id)
        if still:
            store.keep_wait(id, back_to)
        else:
            store.drop_wait(id)
    return moved


def _may(store: StockStore, order: WorkOrder, to: Status) -> bool:
    return to not in CHECKED_AT or not lacks_approval(order, SYSTEM.role, store.house.costs)


def _step(store: StockStore, kept: KeptOrder, to: Status, missing: Sequence[Reservation], at_us: int) -> None:
    after = stepped(kept, to, kept.order.revision, at_us, None, SYSTEM, store.house.costs)
    told = ", ".join(f"{one.left} x {one.part}" for one in missing)
    why = f"Waits for {told}." if missing else "All parts are put aside for it."
    after = replace(after, order=replace(after.order, changed=why))
    write(store.orders, kept, after, SYSTEM, to.value, at_us, "order.status")


def _stepped(one: Reservation, state: ReservationState) -> Reservation:
    if state not in RESERVATION_STEPS[one.state]:
        raise Rejected("reservation_step", f"a reservation that is {one.state.value} does not become {state.value}")
    return replace(one, state=state)


def _change(store: StockStore, before: Reservation, after: Reservation, actor: Actor, at_us: int) -> None:
    store.change_reservation(before, after)
    _tell(store, before, after, actor, at_us)


def _tell(store: StockStore, before: Reservation | None, after: Reservation, actor: Actor, at_us: int) -> None:
    """The audit row of a reservation, and a message where somebody begins or ends to wait."""
    names = ("part", "quantity", "taken", "state", "needed_by_us", "substitute_for")
    was: Json = {name: getattr(before, name) for name in names} if before else {}
    became: Json = {name: getattr(after, name) for name in names}
    changed = [name for name in names if not was or was[name] != became[name]]
    told: Json = {"reservation": after.id, "order": after.order, **{name: became[name] for name in changed}}
    action = f"reservation {after.state.value}"
    seq = record(store, after.part, actor, action, {n: was[n] for n in changed if n in was}, told, at_us)
    if before is None or before.state is not after.state:
        body: Json = {"order": after.order, "part": after.part, "quantity": after.left, "state": after.state.value}
        more: Json = {"instead_of": after.substitute_for, "needed_by_us": after.needed_by_us, "audit": seq}
        store.orders.post("stock.reservation", {**body, **more}, at_us)
