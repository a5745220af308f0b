"""A plant room to test the HTTP interface with: the small plant, an hour of readings, one waveform, an order book."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forewarn.api.state import Plantroom
from forewarn.core.clock import US_PER_HOUR, US_PER_S, PlantClock
from forewarn.core.faults import Fault
from forewarn.core.health import State
from forewarn.core.plant import PartLine, Plant
from forewarn.core.ports import Refusal
from forewarn.core.readings import Quality, Readings, Waveform
from forewarn.core.work import Advice, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.assessment_book import AssessmentBook
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from forewarn.pipeline.live import Hub
from forewarn.pipeline.plant_file import load_plant
from tests.maintenance.samples import NOW_US, advice, assessment, forecast, stuck

SMALL_PLANT = Path(__file__).parent.parent / "pipeline" / "plants" / "small.yaml"
MINUTE_US = 60 * US_PER_S
RATE_HZ = 12_800.0
PEAK = 99.5
WAVE_AT_US = NOW_US - 10 * MINUTE_US
SPALL = Fault("de_bearing", "outer_race_spall")
BINARY = b"\x00\xff\x1b[31mred\x07" + b"x" * 4000


@dataclass
class TestRoom:
    """The room, and the concrete stores and books behind it."""

    __test__ = False

    room: Plantroom
    raw: MemoryStore
    derived: MemoryStore
    orders: OrderBookSql
    assessments: AssessmentBook
    records: Records

    def number(self, name: str) -> int:
        return self.raw.names()[name]

    def add(self, name: str, at: list[int], value: list[float], quality: list[int] | None = None) -> None:
        """More readings of a raw series."""
        n = self.number(name)
        self.raw.write(self.raw.position + 1, Readings.of([n] * len(at), at, value, quality), [], [])

    def add_wave(self, samples: np.ndarray[tuple[int], np.dtype[np.float32]], at_us: int) -> None:
        """One more waveform of the pump's bearing."""
        wave = Waveform(self.number("p101/de_acceleration"), at_us, RATE_HZ, samples)
        self.raw.write(self.raw.position + 1, Readings.empty(), [wave], [])

    def open_order(self, given: Advice | None = None) -> WorkOrder:
        """An order for the outer race of pump 1."""
        found = self.orders.advise(given or spall_advice()).order
        assert found is not None
        return found

    def assess(self, asset: str = "p101", at_us: int = NOW_US - MINUTE_US, state: State = State.ALARM) -> None:
        """Keep an assessment, with a sensor problem and a forecast."""
        made = assessment(state, [forecast(240, 300, 480)], [stuck("flow")], SPALL)
        self.assessments.save(assessment_json(replace(made, asset=asset, at_us=at_us)))


def spall_advice(asset: str = "p101") -> Advice:
    return advice(SPALL, asset=asset, parts=(PartLine("brg-6205"),), evidence={"bpfo": 8.5})


def small_plant() -> Plant:
    return load_plant(SMALL_PLANT)


def make_room(records: Records) -> TestRoom:
    """An hour of readings up to now, once a minute."""
    plant = small_plant()
    raw, derived = MemoryStore(), MemoryStore()
    raw.assign([s.name for s in plant.signals])
    orders, assessments = OrderBookSql(records), AssessmentBook(records)
    clock = PlantClock(time.time_ns() // 1000, NOW_US, 1.0)
    room = Plantroom(plant, clock, raw, derived, raw, orders, assessments, Hub(), orders.idempotent)
    made = TestRoom(room, raw, derived, orders, assessments, records)
    _fill(made)
    return made


def _fill(made: TestRoom) -> None:
    at = [NOW_US - (60 - i) * MINUTE_US for i in range(60)]
    for spec in made.room.plant.assets[0].signals:
        if spec.kind == "scalar":
            flags = [0] * 59 + [int(Quality.STUCK) if spec.signal == "flow" else 0]
            value = [PEAK if i == 31 else 50 + i / 10 for i in range(60)]
            made.add(spec.name, at, [1480.0] * 60 if spec.role == "speed" else value, flags)
    t = np.arange(8192) / RATE_HZ
    noise = np.random.default_rng(1).normal(size=len(t))
    made.add_wave((noise + np.sin(2 * np.pi * 24.667 * t)).astype(np.float32), WAVE_AT_US)
    refusal = Refusal(NOW_US - MINUTE_US, "gw-7", "plant/p101/x", "not_json", "byte 0", BINARY[:4096])
    made.raw.write(made.raw.position + 1, Readings.empty(), [], [refusal])
    (rms,) = made.derived.assign(["p101/de_acceleration:rms"])
    made.derived.write(1, Readings.of([rms, rms], [WAVE_AT_US - US_PER_HOUR, WAVE_AT_US], [1.0, 1.2]), [], [])
