"""A works that goes on: machines whose next fault is drawn after each repair, told as readings of a simulated past.

Nothing here waits for a clock: `readings` gives what the sensors of all machines said in a span of plant time, `repair`
is what a technician did meanwhile. The truth is for the technician and the report, never for the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.readings import Float32s
from forewarn.simulators.demo_machines import DEMO_MACHINES
from forewarn.simulators.effects import HEALTHY
from forewarn.simulators.machines import Machine, MachineSpec
from forewarn.simulators.regime import Weather
from forewarn.simulators.truth import Episode, Truth
from forewarn.simulators.vibration import STRIKES

SCALAR_US = US_PER_HOUR
WAVEFORM_EVERY = 6  # rows
FIRST_ONSET_DAYS = (12.0, 60.0)
NEXT_ONSET_DAYS = (12.0, 90.0)
LIFE_DAYS = (15.0, 60.0)  # from onset to failure, evenly on a logarithmic scale

_BEARING = ("de_bearing:outer_race_spall", "de_bearing:inner_race_spall", "de_bearing:ball_spall")
FAULTS: dict[str, tuple[str, ...]] = {
    "pump": (
        *_BEARING,
        "coupling:misalignment",
        "winding:winding_overheating",
        "impeller:cavitation",
        "seal:seal_leak",
    ),
    "fan": (*_BEARING, "wheel:imbalance", "filter:filter_clogging", "winding:winding_overheating"),
    "compressor": (*_BEARING, "coupling:misalignment", "filter:filter_clogging", "winding:winding_overheating"),
    "blower": (*_BEARING, "filter:filter_clogging", "winding:winding_overheating"),
    "conveyor": (*_BEARING, "rotor:imbalance", "coupling:misalignment", "winding:winding_overheating"),
}
"""Kind of machine -> faults that it can have, by the names of its plant file."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one machine's sensors said at a time: signal -> value in canonical units, and a waveform (m/s^2) or None."""

    asset: str
    at_us: int
    row: dict[str, float]
    waveform: Float32s | None


class Works:
    """Machines with their hidden truth. The same seed gives the same past, as long as the same repairs are made."""

    def __init__(self, seed: int, origin_us: int, specs: tuple[MachineSpec, ...] = DEMO_MACHINES) -> None:
        self.specs, self.origin_us = specs, origin_us
        weather = Weather.draw(np.random.default_rng([seed, 2]))
        self._machines = {s.id: Machine(s, weather, np.random.default_rng([seed, 3, i])) for i, s in enumerate(specs)}
        self._fates = {s.id: np.random.default_rng([seed, 4, i]) for i, s in enumerate(specs)}
        self._specs = {s.id: s for s in specs}
        self.truths = {s.id: Truth(s.id) for s in specs}
        self.past: list[tuple[str, Episode, int]] = []  # asset, what it had, when it was repaired
        for id in self.truths:
            self._next_fate(id, origin_us, FIRST_ONSET_DAYS)

    def readings(self, start_us: int, stop_us: int) -> Iterator[Told]:
        """Everything said in [start, stop), in rising time; call it for one span after the other."""
        first = -(-(start_us - self.origin_us) // SCALAR_US)
        last = -(-(stop_us - self.origin_us) // SCALAR_US)
        for tick in range(first, last):
            for place, id in enumerate(self._machines):
                yield self._told(id, self.origin_us + tick * SCALAR_US, (tick + place) % WAVEFORM_EVERY == 0)

    def fault_of(self, asset: str, at_us: int) -> Fault | None:
        """What somebody finds who takes the machine apart."""
        episode = self.truths[asset].active(at_us)
        return episode.fault if episode else None

    def broken(self, asset: str, at_us: int) -> bool:
        """Does it stand, having failed?"""
        return self.truths[asset].broken(at_us)

    def repair(self, asset: str, component: str, at_us: int) -> bool:
        """The component is new; the next fault of the machine is drawn. False: the component was well."""
        truth = self.truths[asset]
        episode = truth.active(at_us)
        if episode is None or episode.fault.component != component:
            return False
        truth.repaired_us = at_us
        self.past.append((asset, episode, at_us))
        self._next_fate(asset, at_us, NEXT_ONSET_DAYS)
        return True

    def _next_fate(self, asset: str, from_us: int, onset_days: tuple[float, float]) -> None:
        rng, spec = self._fates[asset], self._specs[asset]
        able = FAULTS[spec.kind]
        fault = Fault.parse(able[int(rng.integers(len(able)))])
        onset_us = from_us + round(rng.uniform(*onset_days) * US_PER_DAY)
        f_us = onset_us + round(float(np.exp(rng.uniform(*np.log(LIFE_DAYS)))) * US_PER_DAY)
        self.truths[asset] = Truth(asset, Episode.draw(fault, onset_us, f_us, spec.velocity, rng))

    def _told(self, asset: str, at_us: int, with_waveform: bool) -> Told:
        truth, machine = self.truths[asset], self._machines[asset]
        episode, broken = truth.active(at_us), truth.broken(at_us)
        change = episode.effects_at(at_us) if episode else HEALTHY
        row = machine.row(at_us, change, broken)
        if not with_waveform:
            return Told(asset, at_us, row, None)
        mechanism = episode.fault.mechanism if episode and episode.fault.mechanism in STRIKES else None
        return Told(asset, at_us, row, machine.waveform(at_us, change, mechanism, broken))
