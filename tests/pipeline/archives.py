"""A small plant with a past: pumps that wear by formula until they fail, and the orders that tell it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.jobs import Breakdown
from forewarn.core.plant import Asset, Component, Plant
from forewarn.core.ports import Actor, OrderBook
from forewarn.core.readings import Readings, SignalSpec
from forewarn.core.work import Advice, Decision, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.pipeline.training_set import Archive
from tests.maintenance.samples import CODES

START_US = 1_790_000_000_000_000
SEAL = Fault("seal", "seal_leak")
SMITH = Actor("smith", "technician")
SIGNALS = (("temp", "temperature", "degC"), ("flow", "flow", "m^3/h"))


def simple_pump(id: str, asset_class: str = "pump") -> Asset:
    signals = tuple(SignalSpec(id, n, q, u, f"t/{id}/{n}", component="seal", period_s=3600.0) for n, q, u in SIGNALS)
    return Asset(id, id, asset_class, "works", "hall", components=(Component("seal", "seal"),), signals=signals)


def day(number: float) -> int:
    """Plant time of a day of the past."""
    return round(START_US + number * US_PER_DAY)


@dataclass
class Past:
    """Stores and orders to fill by hand."""

    assets: tuple[str, ...]
    raw: MemoryStore = field(default_factory=MemoryStore)
    derived: MemoryStore = field(default_factory=MemoryStore)
    orders: OrderBook = field(default_factory=MemoryOrderBook)

    def __post_init__(self) -> None:
        self.plant = Plant("works", (), tuple(simple_pump(id) for id in self.assets))
        self.raw.assign([spec.name for spec in self.plant.signals])

    @property
    def archive(self) -> Archive:
        return Archive(self.plant, self.raw, self.derived, self.orders)

    def write(self, name: str, at: list[int], value: list[float], quality: int = 0) -> None:
        number = self.raw.names()[name]
        told = Readings.of([number] * len(at), at, value, [quality] * len(at))
        self.raw.write(self.raw.position + 1, told, [], [])

    def wear(self, id: str, start: float, stop: float, worn: float = 0.0, seed: int = 1, every_h: float = 2.0) -> None:
        """Readings from day to day; within its last 12 days the temperature rises by 40 K times `worn`."""
        at = np.arange(day(start), day(stop), round(every_h * US_PER_HOUR), dtype=np.int64)
        rng, way = np.random.default_rng(seed), np.clip(1 - (day(stop) - at) / (12 * US_PER_DAY), 0, 1)
        self.write(f"{id}/temp", at.tolist(), (55 + 40 * worn * way**3 + rng.normal(0, 0.5, len(at))).tolist())
        self.write(f"{id}/flow", at.tolist(), (80 - 20 * worn * way**2 + rng.normal(0, 0.5, len(at))).tolist())

    def order(
        self,
        id: str,
        opened: float,
        done: float | None = None,
        kind: OrderKind = OrderKind.CORRECTIVE,
        finding: str | None = None,
        evidence: Json | None = None,
        told: Json | None = None,
    ) -> WorkOrder:
        """An order opened on one day and completed on another, with what was found and `told` in its report."""
        advised = Advice(id, SEAL, "ELP", kind, Decision.OPEN, "test", 2, "Seal", day(opened), evidence or {})
        order = self.orders.advise(advised).order
        assert order is not None
        return order if done is None else self.done(order, done, finding, told)

    def broke_down(self, id: str, opened: float, broke: float, done: float) -> WorkOrder:
        """A condition order that came too late: the machine broke down, which was told on it, and then it was done."""
        self.order(id, opened, kind=OrderKind.CONDITION)
        assert isinstance(self.orders, MemoryOrderBook)
        told = self.orders.raise_breakdown(Breakdown(id, "stands", day(broke), day(broke)), SMITH)
        assert told.what == "updated"
        assert told.order is not None
        return self.done(told.order, done, "confirmed")

    def done(self, order: WorkOrder, done: float, finding: str | None = None, told: Json | None = None) -> WorkOrder:
        """The order, completed and closed."""
        report: Json = CODES | ({"finding": finding, **(told or {})} if finding else {})
        for status in (Status.APPR, Status.INPRG, Status.COMP):
            order = self.orders.act(
                order.id, status, SMITH, order.revision, day(done), report if status is Status.COMP else None
            )
        self.orders.verify(order.id, Verification.WAIVED, SMITH, day(done))
        kept = self.orders.order(order.id)
        assert kept is not None
        return self.orders.act(order.id, Status.CLOSE, SMITH, kept.revision, day(done))


def fleet(pumps: int = 4, days: float = 60.0, orders: OrderBook | None = None) -> Past:
    """Pumps that each wear out and break once, are repaired a day later and go on healthily for a while."""
    past = Past(tuple(f"p{i}" for i in range(1, pumps + 1)), orders=orders or MemoryOrderBook())
    for i, id in enumerate(past.assets):
        fails = days * (0.6 + 0.1 * i)
        past.wear(id, 0, fails, 1.0, seed=i)
        past.order(id, fails, fails + 1)
        past.wear(id, fails + 1, days * 1.5, 0.0, seed=100 + i)
    return past
