"""Parts of the plant file become cards, once; from then on the ledger knows better than the file, and tells advice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Part
from forewarn.core.stock import (
    MAIN_STORE,
    OPENING,
    TEXT_LIMIT,
    MoveReason,
    NewMove,
    OnOrder,
    PartCard,
    ReservationState,
)
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.stock.desk import StockStore, booked, take_card

OVERDUE_DAYS = 1.0
"""What is overdue, or due today, is not here before tomorrow."""


def opening_cards(parts: Sequence[Part], known: Collection[str]) -> list[tuple[PartCard, int]]:
    """Cards of the parts that have none yet, each with the pieces that the file says are there.

    >>> card, pieces = opening_cards([Part("6205", "Bearing", 5, 14, price=12.5, on_hand=3)], known=())[0]
    >>> card.name, card.lead_p90_days, pieces
    ('Bearing', 14, 3)
    """
    return [
        (
            PartCard(
                part.id,
                part.name[:TEXT_LIMIT],
                price=part.price,
                lead_p50_days=part.lead_p50_days,
                lead_p90_days=max(part.lead_p50_days, part.lead_p90_days),
            ),
            part.on_hand,
        )
        for part in parts
        if part.id not in known
    ]


def take_opening(store: StockStore, parts: Sequence[Part], at_us: int) -> list[PartCard]:
    """Make the missing cards, and book what the file says is there as the first move of each. The new cards."""
    store.turn()
    known = store.cards(part.id for part in parts)
    made = []
    for card, pieces in opening_cards(parts, known):
        made.append(take_card(store, card, SYSTEM, 0, at_us))
        if pieces:
            note = "as the plant file said when the ledger began"
            opening = NewMove(card.id, OPENING, MAIN_STORE.id, pieces, MoveReason.OPENING, at_us, note=note)
            booked(store, opening, SYSTEM)
    return made


def parts_for(store: StockStore, asset: str, parts: Iterable[str], now_us: int) -> list[Part]:
    """Parts with a card, as an advice on an asset reckons with them: free, or put aside for it already.

    What is on order for work of the asset that waits for it comes when the supplier says now, not in the usual time.
    """
    cards, known = store.cards(parts), list[Part]()
    names = {name for card in cards.values() for name in (card.id, *card.substitutes)}
    own: dict[str, int] = {}
    waits = set[str]()
    for one in store.line(sorted(names)):
        if one.asset == asset and one.reservation.state is ReservationState.HELD:
            own[one.reservation.part] = own.get(one.reservation.part, 0) + one.reservation.left
        elif one.asset == asset:
            waits.add(one.reservation.wanted)
    for card in cards.values():
        there = (store.level(part, now_us).available + own.get(part, 0) for part in (card.id, *card.substitutes))
        lead = coming(card, store.on_order(card.id), now_us) if card.id in waits else None
        p50, p90 = lead or (card.lead_p50_days, card.lead_p90_days)
        known.append(Part(card.id, card.name, p50, p90, card.price, max(0, *there)))
    return known


def coming(card: PartCard, owed: Sequence[OnOrder], now_us: int) -> tuple[float, float] | None:
    """Days until the next pieces are here, half and nine in ten: the date that stands, spread as the card spreads. None
    where nothing is on order, or no date is said.

    >>> card = PartCard("6205", lead_p50_days=5.0, lead_p90_days=10.0)
    >>> coming(card, [OnOrder("6205", 2, 3 * US_PER_DAY, "PO-1")], 0), coming(card, [], 0)
    ((3.0, 6.0), None)
    """
    dates = [one.due_us for one in owed if one.due_us is not None]
    if not dates:
        return None
    days = max((min(dates) - now_us) / US_PER_DAY, OVERDUE_DAYS)
    spread = card.lead_p90_days / card.lead_p50_days if card.lead_p50_days > 0 else 1.0
    return days, days * spread
