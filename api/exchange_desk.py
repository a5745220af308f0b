"""Gives the room its tables in and out: every kind, joined with its book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forewarn.maintenance.exchange.desk import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from forewarn.api.state import Plantroom
    from forewarn.core.plant import Plant
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

    sources: list[Source] = [AssetsSource(PlantFiles(plant_file, overlay, changed))]
    if room.people is not None:
        sources.append(PeopleSource(room.people.book))
    if room.plans is not None:
        sources.append(PlansSource(room.plans.plans, assets))
    sources.append(HistorySource(records, assets, currency))
    room.tables = Exchange(records, {source.kind.name: source for source in sources})
    return room.tables
