"""Gives the room its tables in and out: every kind, joined with its book."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from forewarn.maintenance.exchange.desk import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from forewarn.api.state import Plantroom
    from forewarn.core.plant import Plant
    from forewarn.maintenance.exchange.cells import Record
    from forewarn.maintenance.exchange.desk import Source
    from forewarn.maintenance.records import Records


def tables_of(room: Plantroom, records: Records, plant_file: Path, overlay: Path) -> Exchange:
    """What the room's books can take in and give out; a book that the room does not have has no tables."""
    from forewarn.maintenance.exchange.source_history import HistorySource
    from forewarn.maintenance.exchange.source_people import PeopleSource
    from forewarn.maintenance.exchange.source_plans import PlansSource
    from forewarn.pipeline.exchange import AssetsSource, PlantFiles

    def assets() -> set[str]:
        return {asset.id for asset in room.plant.assets}

    def currency() -> str:
        return room.plant.costs.currency if room.plant.costs is not None else "EUR"

    def changed(plant: Plant) -> None:
        room.plant = plant
        if room.telemetry is not None:
            room.telemetry.renewed(plant)

    sources: list[Source] = [AssetsSource(PlantFiles(plant_file, overlay, changed)), *_store(room)]
    if room.people is not None:
        sources.append(PeopleSource(room.people.book))
    if room.plans is not None:
        sources.append(PlansSource(room.plans.plans, assets))
    sources += [HistorySource(records, assets, currency), *_out(room)]
    room.tables = Exchange(records, {source.kind.name: source for source in sources})
    return room.tables


def _store(room: Plantroom) -> list[Source]:
    """Parts, stock and suppliers."""
    from forewarn.maintenance.exchange.source_parts import PartsSource, StockSource, SuppliersSource

    sources: list[Source] = []
    if room.stock is not None:
        sources += [PartsSource(room.stock.stock), StockSource(room.stock.stock, room.now_us)]
    if room.demand is not None:
        sources.append(SuppliersSource(room.demand.buying))
    return sources


def _out(room: Plantroom) -> list[Source]:
    """What only goes out."""
    from forewarn.maintenance.exchange.kind_exports import (
        FIGURES,
        MOVES,
        ORDERS,
        PURCHASES,
        figure_records,
        move_record,
        order_record,
        purchase_records,
    )
    from forewarn.maintenance.exchange.source_exports import Exported, all_moves, all_orders
    from forewarn.pipeline.analysis import period_of

    sources: list[Source] = [Exported(ORDERS, lambda: map(order_record, all_orders(room.orders)))]
    if room.stock is not None:
        stock = room.stock.stock
        sources.append(Exported(MOVES, lambda: map(move_record, all_moves(stock))))
    if room.demand is not None:
        buying = room.demand.buying

        def purchases() -> Iterator[Record]:
            return (row for order in buying.purchases(limit=None) for row in purchase_records(order))

        sources.append(Exported(PURCHASES, purchases))
    if room.analysis is not None:
        analysis = room.analysis

        def figures() -> Iterator[Record]:
            return figure_records(analysis.figures(period_of(None, None, room.now_us(), UTC)))

        sources.append(Exported(FIGURES, figures))
    return sources
