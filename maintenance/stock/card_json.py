"""A card as JSON and back: kept in the records."""

from __future__ import annotations

from typing import Any, cast

from forewarn.core.plant import PartLine
from forewarn.core.stock import PartCard, PartKind, Ved
from forewarn.core.work import Json


def card_from(body: Json) -> PartCard:
    """What `evidence.plain` wrote.

    >>> from forewarn.maintenance.evidence import plain_object
    >>> card = PartCard("kit", ved=Ved.VITAL, substitutes=("other",), contains=(PartLine("seal", 2),))
    >>> card_from(plain_object(card)) == card
    True
    """
    told = cast(dict[str, Any], body)
    rebuilt = {
        "kind": PartKind(told["kind"]),
        "ved": Ved(told["ved"]),
        "substitutes": tuple(told["substitutes"]),
        "contains": tuple(PartLine(**line) for line in told["contains"]),
    }
    return PartCard(**{**told, **rebuilt})
