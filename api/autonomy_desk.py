"""What the routes of autonomy work with, and how it is put together: the gate of the order book, levels, windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forewarn.core.autonomy import Level, Standing
from forewarn.maintenance.autonomy.book import AutonomyBook
from forewarn.maintenance.autonomy.rows import AutonomyRules
from forewarn.maintenance.autonomy.window_book import WindowBook
from forewarn.maintenance.orders.book import OrderBookSql

if TYPE_CHECKING:
    from forewarn.api.settings import AutonomySettings
    from forewarn.api.state import Plantroom
    from forewarn.core.health import Assessment
    from forewarn.core.plant import Asset, Plant
    from forewarn.core.work import Advice
    from forewarn.maintenance.records import Records
    from forewarn.pipeline.autonomy import Precision


@dataclass(frozen=True, slots=True)
class AutonomyDesk:
    """Levels and held advices, maintenance windows, the order book that releases, and `measure` at a plant time."""

    book: AutonomyBook
    windows: WindowBook
    orders: OrderBookSql
    measure: Callable[[int], list[Standing]]
    precision: Precision


def autonomy_of(settings: AutonomySettings, room: Plantroom, records: Records, orders: OrderBookSql) -> AutonomyDesk:
    """Give the room its desk of autonomy, and put the order book behind its gate."""
    from forewarn.pipeline.autonomy import Precision, measure_all

    precision = Precision()
    rules = AutonomyRules(Level(settings.start_level), settings.orders_per_week, settings.orders_per_asset_day)
    book = AutonomyBook(records, lambda: room.plant, rules)
    orders.behind(book.gate)

    def measure(now_us: int) -> list[Standing]:
        return measure_all(book, orders, room.plant, now_us, precision)

    room.autonomy = AutonomyDesk(book, WindowBook(records), orders, measure, precision)
    return room.autonomy


def advising_in(room: Plantroom) -> Callable[[Assessment, Asset, Plant], list[Advice]]:
    """`advise` that weighs by what was measured, how often an advice on this class was right, and that reckons with
    the parts that the store room has."""
    from forewarn.maintenance.advice import AdviceSettings, advise
    from forewarn.pipeline.stock_in_use import plant_in_stock

    def advising(assessment: Assessment, asset: Asset, plant: Plant) -> list[Advice]:
        desk = room.autonomy
        if room.stock is not None:
            plant = plant_in_stock(plant, asset, room.stock.stock, assessment.at_us)
        return advise(
            assessment, asset, plant, desk.precision.settings_for(asset.asset_class) if desk else AdviceSettings()
        )

    return advising
