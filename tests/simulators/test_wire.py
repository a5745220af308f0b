"""What goes out is what the plant file says, in the units it says, and the planted mischief adds up in real books."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.faults import Fault
from forewarn.core.plant import Plant
from forewarn.core.readings import Quality
from forewarn.ingest.delivery import Frame
from forewarn.ingest.intake import Intake
from forewarn.ingest.store.memory import MemoryStore
from forewarn.pipeline.plant_file import load_plant
from forewarn.simulators.demo_machines import DEMO_MACHINES
from forewarn.simulators.fleet import DEMO_FATES, DEMO_STUCK, Fleet
from forewarn.simulators.mischief import Mischief, Planted
from forewarn.simulators.wire import Message, gain, row_message, topic_of, waveform_message, wire_unit

ORIGIN_US = 1_795_392_000_000_000


@pytest.fixture(scope="module")
def plant(root: Path) -> Plant:
    return load_plant(root / "simulators" / "demo_plant.yaml")


def stream(fleet: Fleet, mischief: Mischief, days: float) -> list[tuple[int, Message]]:
    """What goes out in so many plant days, with the time at which it goes out."""
    out: list[tuple[int, Message]] = []
    for slot in itertools.takewhile(lambda s: s.at_us < ORIGIN_US + days * US_PER_DAY, fleet.timetable()):
        spec, row = fleet.specs[slot.machine], fleet.row(slot.machine, slot.at_us)
        messages = mischief.row(row_message(spec, slot.at_us, row), slot.at_us, row)
        if slot.waveform:
            samples = fleet.waveform(slot.machine, slot.at_us)
            messages += mischief.block(waveform_message(spec, slot.at_us, samples, len(out)))
        out += [(slot.at_us, message) for message in messages]
    end_us = ORIGIN_US + round(days * US_PER_DAY)
    return out + [(end_us, message) for message in mischief.rest()]


class Books:
    """The product's own intake and store, fed with a stream."""

    def __init__(self, plant: Plant, sent: list[tuple[int, Message]]) -> None:
        self.plant, self.store = plant, MemoryStore()
        self.numbers = self.store.assign([spec.name for spec in plant.signals])
        intake = Intake(plant.signals, self.numbers)
        for position, (at_us, message) in enumerate(sent, 1):
            taken = intake.take([Frame(at_us, 1, "simulator", message.topic, message.payload)])
            self.store.write(position, taken.readings, taken.waveforms, taken.refused)

    def number(self, name: str) -> int:
        return dict(zip([s.name for s in self.plant.signals], self.numbers, strict=True))[name]


@pytest.fixture(scope="module")
def busy(plant: Plant) -> tuple[list[tuple[int, Message]], Planted, Books]:
    mischief = Mischief()
    sent = stream(Fleet(1, ORIGIN_US), mischief, days=2.5)
    return sent, mischief.planted, Books(plant, sent)


def test_the_books_balance_and_show_every_kind_of_mischief(
    busy: tuple[list[tuple[int, Message]], Planted, Books],
) -> None:
    sent, planted, books = busy
    counts = books.store.counts()
    assert counts.acknowledged == sum(message.readings for _, message in sent)
    assert counts.duplicates == planted.duplicates > 0
    assert counts.conflicts == planted.conflicts > 0
    assert counts.quarantined == planted.malformed + planted.unknown_topic
    assert min(planted.malformed, planted.unknown_topic, planted.late) > 0
    reasons = Counter(refusal.reason for refusal in books.store.quarantine(1_000))
    assert reasons["unknown_topic"] == planted.unknown_topic
    assert set(reasons) == {"unknown_topic", "bad_json", "wrong_format", "not_a_number"}


def test_mischief_costs_no_reading_of_the_timetable(busy: tuple[list[tuple[int, Message]], Planted, Books]) -> None:
    _, _, books = busy
    rows = round(2.5 * 144)
    for spec in books.plant.signals:
        if spec.kind == "scalar":
            assert len(books.store.read(books.number(spec.name), 0, 2**62)) == rows, spec.name


def test_what_arrives_late_arrives_whole_and_is_counted(busy: tuple[list[tuple[int, Message]], Planted, Books]) -> None:
    _, planted, books = busy
    late = sum(
        int(np.count_nonzero(books.store.read(number, 0, 2**62).quality & Quality.LATE)) for number in books.numbers
    )
    assert late == planted.late


def test_no_sensor_of_a_healthy_fleet_looks_broken(busy: tuple[list[tuple[int, Message]], Planted, Books]) -> None:
    _, _, books = busy
    doubts = Quality.OUT_OF_RANGE | Quality.STUCK | Quality.JUMP
    for spec, number in zip(books.plant.signals, books.numbers, strict=True):
        if spec.kind == "scalar":
            assert not np.any(books.store.read(number, 0, 2**62).quality & doubts), spec.name
        else:
            assert not any(wave.quality & doubts for wave in books.store.waveforms(number, 0, 2**62)), spec.name


def test_a_few_seconds_of_the_demo_already_hold_every_kind_of_mischief() -> None:
    mischief = Mischief()
    stream(Fleet(1, ORIGIN_US), mischief, days=0.5)
    assert all(mischief.planted.told().values())


def test_every_message_fits_the_plant_file_and_its_units_come_back(plant: Plant) -> None:
    fleet = Fleet(3, ORIGIN_US)
    for machine, spec in enumerate(DEMO_MACHINES):
        row, block = fleet.row(machine, ORIGIN_US), fleet.waveform(machine, ORIGIN_US)
        sent = [row_message(spec, ORIGIN_US, row), waveform_message(spec, ORIGIN_US, block, 1)]
        books = Books(plant, [(ORIGIN_US, message) for message in sent])
        assert books.store.counts().stored == len(row) + 1
        for signal, value in row.items():
            stored = books.store.read(books.number(f"{spec.id}/{signal}"), 0, 2**62)
            assert stored.value[0] == pytest.approx(value, rel=2e-5), (spec.id, signal)
        (wave,) = books.store.waveforms(books.number(f"{spec.id}/vib_de"), 0, 2**62)
        assert wave.sample_rate_hz == 12_800.0
        assert np.abs(wave.samples - block).max() <= gain(float(np.abs(block).max())) * 1.01


def test_the_plant_file_describes_exactly_the_machines_that_speak(plant: Plant) -> None:
    fleet = Fleet(3, ORIGIN_US)
    assert [asset.id for asset in plant.assets] == [spec.id for spec in DEMO_MACHINES]
    for machine, (asset, spec) in enumerate(zip(plant.assets, DEMO_MACHINES, strict=True)):
        bearing = asset.component("de_bearing")
        assert bearing is not None
        assert (bearing.bearing, asset.nominal_rpm, asset.power_kw) == (spec.bearing, spec.rpm, spec.power_kw)
        assert {s.signal for s in asset.signals} == {*fleet.row(machine, ORIGIN_US), "vib_de"}
        assert {s.topic for s in asset.signals} == {topic_of(spec), topic_of(spec, "vib_de")}


def test_odd_units_are_sent_by_a_few_machines_and_declared(root: Path) -> None:
    text = (root / "simulators" / "demo_plant.yaml").read_text()
    odd = {wire_unit(spec, signal) for spec in DEMO_MACHINES for signal, _ in spec.wire_units}
    assert odd == {"psi", "degF", "g", "in/s"}
    assert all(f"unit: {unit}," in text for unit in odd)


def test_every_fate_is_a_fault_that_the_plant_file_plans_for(plant: Plant) -> None:
    for fate in DEMO_FATES:
        asset = plant.asset(fate.asset)
        assert asset is not None
        assert any(plan.fault == Fault.parse(fate.fault) and plan.parts for plan in asset.faults), fate
    stuck = plant.asset(DEMO_STUCK[0])
    assert stuck is not None
    assert stuck.signal(DEMO_STUCK[1]) is not None


def test_the_gain_is_a_power_of_two_that_never_overflows() -> None:
    for peak in (0.0, 0.02, 1.0, 31.9, 32.1, 490.0):
        assert peak / gain(peak) <= 32_767
        assert np.log2(gain(peak)) % 1 == 0
