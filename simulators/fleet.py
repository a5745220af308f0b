"""The demo fleet: twelve machines, a preset of fates, sensor values on a fixed timetable, and obedience to repairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.faults import Fault
from forewarn.core.readings import Float32s
from forewarn.core.work import Json
from forewarn.simulators.demo_machines import DEMO_MACHINES
from forewarn.simulators.effects import HEALTHY, Effects
from forewarn.simulators.machines import Machine, MachineSpec
from forewarn.simulators.regime import Weather
from forewarn.simulators.truth import Episode, Fate, StuckSensor, Truth
from forewarn.simulators.vibration import STRIKES

SCALAR_PERIOD_US = 600 * US_PER_S
ROWS_PER_WAVEFORM = 12  # a waveform every two hours
STAGGER_US = 47 * US_PER_S  # machines do not speak all at once

DEMO_FATES: tuple[Fate, ...] = (
    # detectable while the demo runs, each by another mechanism
    Fate("pump-02", "de_bearing:outer_race_spall", 3.6, 0.2, 26.5, 1.5),
    Fate("fan-01", "wheel:imbalance", 4.8, 0.3, 35.0, 2.0),
    Fate("blower-01", "filter:filter_clogging", 5.2, 0.3, 29.5, 1.5),
    Fate("compressor-01", "winding:winding_overheating", 7.0, 0.3, 36.0, 2.0),
    # begin to degrade, not detectable for weeks
    Fate("pump-04", "coupling:misalignment", 9.0, 1.0, 260.0, 20.0),
    Fate("conveyor-02", "de_bearing:inner_race_spall", 8.0, 1.0, 280.0, 20.0),
)
DEMO_STUCK = ("pump-05", "temperature_de", 8.0)  # asset, signal, day


@dataclass(frozen=True, slots=True)
class Slot:
    """One line of the timetable: this machine speaks at this time, with or without a waveform."""

    at_us: int
    machine: int
    waveform: bool


class Fleet:
    """Machines with their hidden truth. Same seed and origin: same fleet, same readings.

    `origin_us` is the plant time at which the run begins; all fates count from there.
    """

    def __init__(self, seed: int, origin_us: int, specs: tuple[MachineSpec, ...] = DEMO_MACHINES) -> None:
        self.specs, self.origin_us = specs, origin_us
        self._rng = np.random.default_rng([seed, 1])
        weather = Weather.draw(np.random.default_rng([seed, 2]))
        self._machines = [Machine(s, weather, np.random.default_rng([seed, 3, i])) for i, s in enumerate(specs)]
        self._places = {spec.id: i for i, spec in enumerate(specs)}
        self.truths = [Truth(spec.id) for spec in specs]
        self._held: dict[int, float] = {}
        self._draw_fates()

    def _draw_fates(self) -> None:
        for fate in DEMO_FATES:
            place = self._places[fate.asset]
            self.truths[place].episode = fate.draw(self.origin_us, self.specs[place].velocity, self._rng)
        asset, signal, day = DEMO_STUCK
        self.truths[self._places[asset]].sensor = StuckSensor(signal, self.origin_us + round(day * US_PER_DAY))

    def timetable(self) -> Iterator[Slot]:
        """Every moment at which a machine speaks, in rising time, without end."""
        tick = 0
        while True:
            for machine in range(len(self.specs)):
                at_us = self.origin_us + tick * SCALAR_PERIOD_US + machine * STAGGER_US
                yield Slot(at_us, machine, (tick + machine) % ROWS_PER_WAVEFORM == 0)
            tick += 1

    def row(self, machine: int, at_us: int) -> dict[str, float]:
        """The slow signals of a machine in canonical units, as its sensors (one of them perhaps stuck) give them."""
        truth = self.truths[machine]
        _, change = self._acting(truth, at_us)
        row = self._machines[machine].row(at_us, change, truth.broken(at_us))
        if truth.sensor is not None and at_us >= truth.sensor.since_us:
            signal = truth.sensor.signal
            row[signal] = self._held.setdefault(machine, row[signal])
        return row

    def waveform(self, machine: int, at_us: int) -> Float32s:
        """A block of acceleration at the drive-end bearing: float32[8192], m/s^2, at 12.8 kHz."""
        truth = self.truths[machine]
        episode, change = self._acting(truth, at_us)
        mechanism = episode.fault.mechanism if episode and episode.fault.mechanism in STRIKES else None
        return self._machines[machine].waveform(at_us, change, mechanism, truth.broken(at_us))

    @staticmethod
    def _acting(truth: Truth, at_us: int) -> tuple[Episode | None, Effects]:
        episode = truth.active(at_us)
        return episode, episode.effects_at(at_us) if episode else HEALTHY

    def repair(self, asset: str, fault: str, at_us: int) -> bool:
        """A work order was done: the fault's component is new from `at_us` on, a stuck sensor replaced.

        Gives whether that cured anything: work on a component that was well changes nothing. Raises KeyError for an
        asset that the fleet does not have, ValueError for a text that is no fault.
        """
        truth, repaired = self.truths[self._places[asset]], Fault.parse(fault)
        if truth.sensor is not None and repaired == Fault(truth.sensor.signal, "sensor_fault"):
            truth.sensor = None
            self._held.pop(self._places[asset], None)
            return True
        episode = truth.active(at_us)
        if episode is None or episode.fault.component != repaired.component:
            return False
        truth.repaired_us = at_us
        return True

    def told(self, end_us: int) -> list[Json]:
        """The truth of every machine, for the last line of a run and nobody before."""
        return [truth.told(end_us) for truth in self.truths]
