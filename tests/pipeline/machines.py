"""A plant to score: pumps with one waveform and three slow signals, filled hour by hour by formula, and a clock that
the test turns by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.clock import US_PER_HOUR, US_PER_S, PlantClock
from forewarn.core.faults import Fault
from forewarn.core.plant import Asset, BearingGeometry, Component, FaultPlan, Part, PartLine, Plant, RunRule
from forewarn.core.plant_limits import Shelved
from forewarn.core.ports import OrderBook
from forewarn.core.readings import Float32s, Quality, Readings, SignalSpec, Waveform
from forewarn.core.work import Json
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.pipeline.features import FeatureStage
from forewarn.pipeline.live import Hub
from forewarn.pipeline.scoring import Scorer

ORIGIN_US = 1_790_000_000_000_000
SKF_6205 = BearingGeometry(9, 7.94, 39.04)
RPM = 1_480.0
RATE_HZ = 12_800.0
BLOCK = 8_192
BPFO_HZ = SKF_6205.tones_hz(RPM / 60)["bpfo"]
SPALL = Fault("bearing", "outer_race_spall")


def pump(id: str) -> Asset:
    """A pump with a bearing: a waveform every two hours, the slow signals every ten minutes."""

    def slow(name: str, quantity: str, unit: str, role: str = "measurement") -> SignalSpec:
        return SignalSpec(id, name, quantity, unit, f"t/{id}/{name}", role=role, component="bearing", period_s=600.0)

    return Asset(
        id, f"Pump {id}", "pump", "works", "hall", nominal_rpm=RPM,
        components=(Component("bearing", "bearing", "DE bearing", SKF_6205), Component("impeller", "impeller")),
        signals=(
            SignalSpec(
                id, "vib", "acceleration", "m/s^2", f"t/{id}/vib", "waveform", component="bearing", period_s=7200
            ),
            slow("temp", "temperature", "degC"), slow("flow", "flow", "m^3/h"), slow("speed", "speed", "rpm", "speed"),
        ),
        running=RunRule("load", "speed", above=0.05 * RPM, resolution_s=1800.0),
        faults=(FaultPlan(SPALL, "VIB", (PartLine("6205"),), repair_hours=6.0, steps=("Replace the bearing",)),),
    )  # fmt: skip


def block(strength: float, rng: np.random.Generator) -> Float32s:
    """Noise, and every BPFO period a ringing knock of this strength."""
    t = np.arange(BLOCK) / RATE_HZ
    x = rng.standard_normal(BLOCK)
    for at_s in np.arange(0.0, t[-1], 1 / BPFO_HZ):
        since = t - at_s - rng.normal(0, 0.003 / BPFO_HZ)
        x += strength * np.where(since >= 0, np.exp(-since * 900) * np.sin(2 * np.pi * 3_100 * since), 0.0)
    return x.astype(np.float32)


@dataclass
class KeptAssessments:
    """Assessments by asset, oldest first."""

    by_asset: dict[str, list[Json]] = field(default_factory=dict)

    def save_all(self, assessments: Sequence[Json]) -> None:
        for assessment in assessments:
            self.by_asset.setdefault(str(assessment["asset"]), []).append(assessment)

    def states(self, asset: str) -> list[object]:
        return [a["state"] for a in self.by_asset.get(asset, [])]


class Works:
    """Stores, books, a hub and a scorer over some pumps; `hours` is the time of day of the plant."""

    def __init__(self, *ids: str, every_h: float = 6.0, orders: OrderBook | None = None) -> None:
        self.plant = Plant("works", (), tuple(pump(id) for id in ids), (Part("6205", "Bearing 6205", 5, 12),))
        self.raw, self.derived = MemoryStore(), MemoryStore()
        self.raw.assign([s.name for s in self.plant.signals])
        self.orders: OrderBook = orders or MemoryOrderBook()
        self.kept, self.hub = KeptAssessments(), Hub()
        self.told: list[tuple[str, str]] = []
        self.hub.listen(self.told.append)
        self.every_h, self.hours = every_h, 0.0
        self.clock = PlantClock()
        self.rng = np.random.default_rng(7)
        self.shelved: list[Shelved] = []
        self.scorer = self.start()

    def start(self) -> Scorer:
        """A scorer as after a start of the process."""
        features = FeatureStage(self.raw, self.derived)
        return Scorer(
            self.plant, self.raw, self.derived, features, self.orders, self.kept, self.hub, self.clock,
            self.every_h * 3600, wall_us=lambda: self.now_us, shelves=self,
        )  # fmt: skip

    def standing(self, now_us: int) -> list[Shelved]:
        return [one for one in self.shelved if now_us < one.until_us]

    @property
    def now_us(self) -> int:
        return round(ORIGIN_US + self.hours * US_PER_HOUR)

    def number(self, name: str) -> int:
        return self.raw.names()[name]

    def write(self, name: str, at: list[int], value: list[float], quality: list[int] | None = None) -> None:
        n = self.number(name)
        self.raw.write(self.raw.position + 1, Readings.of([n] * len(at), at, value, quality), [], [])

    def wave(self, id: str, samples: Float32s, quality: int = 0, rate_hz: float = RATE_HZ) -> None:
        made = Waveform(self.number(f"{id}/vib"), self.now_us - US_PER_S, rate_hz, samples, quality)
        self.raw.write(self.raw.position + 1, Readings.empty(), [made], [])

    def run(self, hours: float, strength: dict[str, float], stuck: str = "") -> None:
        """So much time passes; every two hours a block of each pump comes, then a pass of the scorer.

        `strength`: pumps that run, with the strength of their knocks; `stuck`: a series that does not move.
        """
        for _ in range(round(hours / 2)):
            at = [round(self.now_us + i * 600 * US_PER_S) for i in range(12)]
            self.hours += 2
            for id, knock in strength.items():
                for signal, level, spread in (("temp", 55, 0.4), ("flow", 80, 0.5), ("speed", RPM, 0.5)):
                    held = f"{id}/{signal}" == stuck
                    value = (level + (0 if held else spread) * self.rng.standard_normal(12)).tolist()
                    self.write(f"{id}/{signal}", at, value, [int(Quality.STUCK)] * 12 if held else None)
                self.wave(id, block(knock, self.rng))
            self.scorer.run_once()

    def wear_out(self, id: str, others: tuple[str, ...] = (), until_h: float = 400.0) -> None:
        """The knocks of one pump grow until an order is open, at most for so long."""
        for step in range(round(until_h / 2)):
            self.run(2, {id: 0.05 * step, **dict.fromkeys(others, 0.0)})
            if self.orders.orders(open_only=True, asset=id):
                return
