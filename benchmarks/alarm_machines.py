"""Simulated machines for the alarm benchmark: the demo works' machines in every regime, healthy or with one fault.

What is said of a machine is the demo plant file, read by the product; what it does is the simulator's. The truth stays
here: a replay hands the models tracks and nothing else. Scalars come every hour, a waveform every eight hours
while the machine runs; features are those of the product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.plant import Asset, Plant
from forewarn.core.readings import Float32s, Track
from forewarn.models.features.blocks import Mounted, block_features
from forewarn.pipeline.plant_file import load_plant
from forewarn.simulators.demo_machines import DEMO_MACHINES
from forewarn.simulators.effects import HEALTHY
from forewarn.simulators.machines import Machine, MachineSpec
from forewarn.simulators.regime import Weather
from forewarn.simulators.truth import Episode
from forewarn.simulators.vibration import SAMPLE_RATE_HZ, STRIKES
from forewarn.simulators.wear import LAWS

ORIGIN_US = 1_790_000_000_000_000
SCALAR_US = US_PER_HOUR
ROWS_PER_WAVEFORM = 8
PATTERNS = ("continuous", "two_shift")
DAYS_BEFORE_ONSET = (16.0, 60.0)
LIFE_DAYS = (20.0, 270.0)
"""From onset to failure, drawn evenly on a logarithmic scale: from the shortest to the longest of the demo fleet."""

Spoil = Callable[[dict[str, float], float], dict[str, float]]
"""What is done to a row on purpose: (row, days since the start) -> row."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One machine of one run: as built, as the plant file says, and the fault it will have (None: healthy)."""

    spec: MachineSpec
    asset: Asset
    seed: tuple[int, ...]
    days: float
    episode: Episode | None = None

    @property
    def regime(self) -> str:
        """Words for the table."""
        speed = "variable" if self.spec.variable_speed else "belt" if self.spec.belt_ratio else "fixed"
        return f"{self.spec.pattern.replace('_', '-')}, {speed} speed"


@cache
def plant() -> Plant:
    """The demo works as its engineers describe it."""
    return load_plant(Path(__file__).parent.parent / "simulators" / "demo_plant.yaml")


def variants() -> list[tuple[MachineSpec, Asset]]:
    """Every machine in every shift pattern."""
    found = []
    for pattern in PATTERNS:
        for spec in DEMO_MACHINES:
            asset = plant().asset(spec.id)
            assert asset is not None
            found.append((replace(spec, pattern=pattern), asset))
    return found


def healthy_cases(count: int, seed: int, days: float = 365.25) -> list[Case]:
    """So many machines that stay well, the variants in turn."""
    known = variants()
    return [Case(*known[i % len(known)], (seed, 1, i), days) for i in range(count)]


def fault_cases(count: int, seed: int) -> list[Case]:
    """So many machines with one fault each: the mechanisms in turn, on any machine that can have it and shows it."""
    known, names = variants(), sorted(LAWS)
    cases = []
    for i in range(count):
        rng = np.random.default_rng([seed, 2, i])
        mechanism = names[i % len(names)]
        able = [(s, a, c) for s, a in known for c in [component_for(a, mechanism)] if c]
        spec, asset, component = able[int(rng.integers(len(able)))]
        onset_us = ORIGIN_US + round(rng.uniform(*DAYS_BEFORE_ONSET) * US_PER_DAY)
        f_us = onset_us + round(float(np.exp(rng.uniform(*np.log(LIFE_DAYS)))) * US_PER_DAY)
        episode = Episode.draw(Fault(component, mechanism), onset_us, f_us, spec.velocity, rng)
        cases.append(Case(spec, asset, (seed, 3, i), (f_us - ORIGIN_US) / US_PER_DAY, episode))
    return cases


def component_for(asset: Asset, mechanism: str) -> str | None:
    """The component that it strikes, None where the machine has none."""
    kinds = MECHANISMS[mechanism].component_kinds
    return next((c.id for c in asset.components if c.kind in kinds), None)


class Recording:
    """The readings of one machine, made as far as they are asked for."""

    def __init__(self, case: Case, spoil: Spoil | None = None) -> None:
        self.case, self._spoil = case, spoil
        seed = list(case.seed)
        self._machine = Machine(
            case.spec, Weather.draw(np.random.default_rng([*seed, 1])), np.random.default_rng([*seed, 2])
        )
        self._known = {spec.signal for spec in case.asset.signals}
        self._ticks = 0
        self._last_tick = int(case.days * US_PER_DAY // SCALAR_US)
        self._tracks: dict[str, Track] = {}

    def until(self, at_us: int) -> dict[str, Track]:
        """All tracks up to a time, by the names that the models use."""
        times: list[int] = []
        rows: list[dict[str, float]] = []
        blocks: list[tuple[int, float, Float32s]] = []
        while self._ticks <= self._last_tick and (at := ORIGIN_US + self._ticks * SCALAR_US) <= at_us:
            times.append(at)
            rows.append(self._row(at))
            if self._ticks % ROWS_PER_WAVEFORM == ROWS_PER_WAVEFORM - 1 and rows[-1]["speed"] > 0:
                blocks.append((at, rows[-1]["speed"], self._block(at)))
            self._ticks += 1
        for name in self._known & (rows[0].keys() if rows else set()):
            self._add(name, Track.of(times, [row[name] for row in rows]))
        if blocks:
            self._add_features(blocks)
        return self._tracks

    def _row(self, at: int) -> dict[str, float]:
        episode = self.case.episode
        row = self._machine.row(at, episode.effects_at(at) if episode else HEALTHY)
        return self._spoil(row, (at - ORIGIN_US) / US_PER_DAY) if self._spoil else row

    def _block(self, at: int) -> Float32s:
        episode = self.case.episode
        mechanism = episode.fault.mechanism if episode and episode.fault.mechanism in STRIKES else None
        return self._machine.waveform(at, episode.effects_at(at) if episode else HEALTHY, mechanism)

    def _add_features(self, blocks: list[tuple[int, float, Float32s]]) -> None:
        """Features of several blocks at once, as the product computes them."""
        at, rpm, samples = zip(*blocks, strict=True)
        mounted = Mounted(self.case.spec.bearing)
        table = block_features(np.stack(samples), SAMPLE_RATE_HZ, np.array(rpm) / 60.0, mounted)
        times = np.array(at, np.int64)
        for name, column in zip(table.names, table.values.T, strict=True):
            known = np.isfinite(column)
            if known.any():
                self._add(f"vib_de:{name}", Track(times[known], column[known]))

    def _add(self, name: str, new: Track) -> None:
        before = self._tracks.get(name)
        self._tracks[name] = new if before is None else joined(before, new)


def joined(before: Track, after: Track) -> Track:
    """One track after the other."""
    return Track(np.concatenate([before.at, after.at]), np.concatenate([before.value, after.value]))
