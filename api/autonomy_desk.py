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
    from forewarn.maintenance.records import Records


@dataclass(frozen=True, slots=True)
class AutonomyDesk:
    """Levels and held advices, maintenance windows, the order book that releases, and `measure` at a plant time."""

    book: AutonomyBook
    windows: WindowBook
    orders: OrderBookSql
    measure: Callable[[int], list[Standing]]


def autonomy_of(settings: AutonomySettings, room: Plantroom, records: Records, orders: OrderBookSql) -> AutonomyDesk:
    """Give the room its desk of autonomy, and put the order book behind its gate."""
    from forewarn.pipeline.autonomy import measure_all

    rules = AutonomyRules(Level(settings.start_level), settings.orders_per_week, settings.orders_per_asset_day)
    book = AutonomyBook(records, lambda: room.plant, rules)
    orders.behind(book.gate)
    desk = AutonomyDesk(book, WindowBook(records), orders, lambda now_us: measure_all(book, orders, room.plant, now_us))
    room.autonomy = desk
    return desk
