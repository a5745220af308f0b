"""What the routes work with: one `Plantroom` per main process, built by `api.wiring`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from forewarn.api.autonomy_desk import AutonomyDesk
from forewarn.api.buying_desk import BuyingDesk
from forewarn.api.demand_desk import DemandDesk
from forewarn.api.models_desk import ModelsDesk
from forewarn.api.people_desk import PeopleDesk
from forewarn.api.plans_desk import PlansDesk
from forewarn.api.readings import ReadingDesk
from forewarn.api.settings import EnergySettings
from forewarn.api.stock_desk import StockDesk
from forewarn.api.telemetry import TelemetryDesk
from forewarn.api.work_desk import WorkDesk
from forewarn.core.clock import PlantClock
from forewarn.core.health import SensorEvent
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderBook, RollupReader, TelemetryBook
from forewarn.core.work import Json
from forewarn.maintenance.exchange.desk import Exchange
from forewarn.maintenance.outbox_desk import OutboxDesk
from forewarn.maintenance.shelf_book import ShelfBook
from forewarn.pipeline.analysis import Analysis
from forewarn.pipeline.live import Hub


class AssessmentReader(Protocol):
    """Reads of kept assessments (`maintenance.evidence.assessment_json`)."""

    def latest(self) -> dict[str, Json]:
        """The newest assessment of each asset."""
        ...

    def watched_since(self) -> dict[str, int]:
        """When each asset was first assessed."""
        ...

    def history(self, asset: str, since_us: int, limit: int) -> list[Json]:
        """Assessments of one asset after a time, oldest first, thinned to a limit."""
        ...


class SensorEvents(Protocol):
    """Reads of kept sensor events."""

    def events(self, open_only: bool = False, asset: str | None = None, limit: int | None = 200) -> list[SensorEvent]:
        """Events, newest first."""
        ...


Idempotent = Callable[[str, str, str, Callable[[], tuple[int, str]]], object]
"""(key, actor, request hash, act): runs act -> (status, body), unless the same request of the actor ran before."""


@dataclass(slots=True)
class RateMeter:
    """Readings per wall second between two looks that are at least a second apart."""

    rate: float = 0.0
    _at: float = 0.0
    _count: int = 0

    def see(self, count: int) -> float:
        """Note the total now; answers the newest rate."""
        now = time.monotonic()
        if self._at == 0.0:
            self._at, self._count = now, count
        elif now - self._at >= 1.0:
            self.rate = max(0, count - self._count) / (now - self._at)
            self._at, self._count = now, count
        return self.rate


@dataclass(slots=True)
class Plantroom:
    """Everything that the API reads and the one book that it writes."""

    plant: Plant
    clock: PlantClock
    reader: RollupReader
    derived: RollupReader
    book: TelemetryBook
    orders: OrderBook
    assessments: AssessmentReader
    hub: Hub
    idempotent: Idempotent
    sensor_events: SensorEvents | None = None
    telemetry: TelemetryDesk | None = None
    readings: ReadingDesk | None = None
    models: ModelsDesk | None = None
    energy: EnergySettings = field(default_factory=EnergySettings)
    shelf: ShelfBook | None = None
    outbox: OutboxDesk | None = None
    autonomy: AutonomyDesk | None = None
    work: WorkDesk | None = None
    plans: PlansDesk | None = None
    people: PeopleDesk | None = None
    buying: BuyingDesk | None = None
    demand: DemandDesk | None = None
    stock: StockDesk | None = None
    analysis: Analysis | None = None
    tables: Exchange | None = None
    meter: RateMeter = field(default_factory=RateMeter)

    def now_us(self) -> int:
        """Plant time now."""
        return self.clock.plant_us(time.time_ns() // 1000)


def plantroom(request: Request) -> Plantroom:
    """The plant room of this app."""
    room: Plantroom = request.app.state.room
    return room


Room = Annotated[Plantroom, Depends(plantroom)]
