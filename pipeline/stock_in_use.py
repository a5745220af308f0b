"""The plant with its parts as the store room knows them: lead times and prices of the cards, pieces of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from forewarn.core.plant import Asset, Part, Plant


class StoreReader(Protocol):
    """What is there for an asset (`maintenance.stock.book.StockBookSql`)."""

    def parts_for(self, asset: str, parts: Iterable[str], now_us: int) -> list[Part]:
        """Parts with a card: what is free, with what is put aside for orders of this asset already."""
        ...


def plant_in_stock(plant: Plant, asset: Asset, store: StoreReader, now_us: int) -> Plant:
    """The plant as an advice on one asset should see it.

    Only parts of the asset's job plans are asked for. What is put aside for its own order counts as there: else an
    order that has its parts would seem late. Parts without a card stay as the plant file has them.
    """
    named = dict.fromkeys(line.part for plan in asset.faults for line in plan.parts)
    return stocked(plant, store.parts_for(asset.id, named, now_us)) if named else plant


def stocked(plant: Plant, known: Iterable[Part]) -> Plant:
    """The plant with these parts in the place of its own of the same id.

    >>> file = Plant("works", (), (), (Part("6205", "Bearing", 5, 14, on_hand=9), Part("seal", "Seal", 1, 2)))
    >>> [(part.id, part.on_hand) for part in stocked(file, [Part("6205", "Bearing", 7, 20, on_hand=2)]).parts]
    [('6205', 2), ('seal', 0)]
    """
    found = {part.id: part for part in known}
    if not found:
        return plant
    own = {part.id for part in plant.parts}
    further = (part for part in found.values() if part.id not in own)
    return replace(plant, parts=(*(found.get(part.id, part) for part in plant.parts), *further))
