"""The hidden truth: which fault of which machine begins when, is detectable from when (P) and ends its life when (F).

Only the simulator and the report at the end of a run see it; `models`, `maintenance` and `pipeline` cannot import it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.faults import Fault
from forewarn.core.work import Json
from forewarn.simulators.effects import HEALTHY, Effects, HealthyVelocity, effects, severity_at_p
from forewarn.simulators.wear import WearPath, draw_path


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """One life of one component, in plant time: onset (degradation begins), P (detectable), F (functional failure)."""

    fault: Fault
    onset_us: int
    p_us: int
    f_us: int
    path: WearPath

    @staticmethod
    def draw(fault: Fault, onset_us: int, f_us: int, healthy: HealthyVelocity, rng: np.random.Generator) -> Episode:
        """A life from onset to F; P follows from the law and the published threshold."""
        if not onset_us < f_us:
            raise ValueError(f"{fault} fails at {f_us}, not after its onset at {onset_us}")
        path = draw_path(fault.mechanism, rng)
        share = path.share_at(severity_at_p(fault.mechanism, healthy))
        return Episode(fault, onset_us, onset_us + round(share * (f_us - onset_us)), f_us, path)

    def severity_at(self, at_us: int) -> float:
        """Severity in [0, 1] at a time."""
        return self.path.severity_at((at_us - self.onset_us) / (self.f_us - self.onset_us))

    def effects_at(self, at_us: int) -> Effects:
        """What it does to the machine at a time."""
        return effects(self.fault.mechanism, self.severity_at(at_us)) if at_us > self.onset_us else HEALTHY


@dataclass(frozen=True, slots=True)
class StuckSensor:
    """A sensor that keeps repeating its last value from a time on. The machine itself is well."""

    signal: str
    since_us: int


@dataclass(slots=True, eq=False)
class Truth:
    """What is really so with one machine. `episode` is the fault it has, or had until `repaired_us`."""

    asset: str
    episode: Episode | None = None
    sensor: StuckSensor | None = None
    repaired_us: int | None = None

    def active(self, at_us: int) -> Episode | None:
        """The fault that acts at a time, or None."""
        if self.episode is None or at_us <= self.episode.onset_us:
            return None
        return self.episode if self.repaired_us is None or at_us < self.repaired_us else None

    def due(self, at_us: int) -> bool:
        """Inside [P, F) of a fault that is not yet repaired: somebody should be acting."""
        episode = self.active(at_us)
        return episode is not None and episode.p_us <= at_us < episode.f_us

    def healthy(self, at_us: int) -> bool:
        """No degradation has begun up to this time (a broken sensor is not a sick machine)."""
        return self.episode is None or at_us <= self.episode.onset_us

    def broken(self, at_us: int) -> bool:
        """Past F and not repaired: it stands."""
        episode = self.active(at_us)
        return episode is not None and at_us >= episode.f_us

    def told(self, end_us: int) -> Json:
        """The truth as the report prints it; `due_until_us` ends at F, at the repair or at the end of the run."""
        episode, sensor = self.episode, self.sensor
        ends = [end_us, *([episode.f_us] if episode else []), *([self.repaired_us] if self.repaired_us else [])]
        return {
            "asset": self.asset,
            "fault": str(episode.fault) if episode else None,
            "onset_us": episode.onset_us if episode else None,
            "p_us": episode.p_us if episode else None,
            "f_us": episode.f_us if episode else None,
            "due_until_us": max(episode.p_us, min(ends)) if episode else None,
            "repaired_us": self.repaired_us,
            "healthy": self.healthy(end_us),
            "sensor_fault": {"signal": sensor.signal, "kind": "stuck", "since_us": sensor.since_us} if sensor else None,
        }


@dataclass(frozen=True, slots=True)
class Fate:
    """A line of a scenario, in days after the start: when a fault begins and when it ends the life, both +- spread."""

    asset: str
    fault: str
    onset_day: float
    onset_spread: float
    failure_day: float
    failure_spread: float

    def draw(self, origin_us: int, healthy: HealthyVelocity, rng: np.random.Generator) -> Episode:
        """One drawing of this fate."""
        onset = self.onset_day + rng.uniform(-1, 1) * self.onset_spread
        failure = self.failure_day + rng.uniform(-1, 1) * self.failure_spread
        onset_us, f_us = (origin_us + round(day * US_PER_DAY) for day in (onset, failure))
        return Episode.draw(Fault.parse(self.fault), onset_us, f_us, healthy, rng)
