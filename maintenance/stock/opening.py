"""Parts of the plant file become cards, once; from then on the ledger knows better than the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from forewarn.core.plant import Part
from forewarn.core.stock import MAIN_STORE, OPENING, TEXT_LIMIT, MoveReason, NewMove, PartCard
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.stock.desk import StockStore, booked, take_card


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
