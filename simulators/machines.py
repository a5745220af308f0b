"""One machine: what it does, how warm it gets, how it shakes, and what its sensors say of it.

A `Machine` is given the effects of its faults from outside; it does not know them. Every number leaves here in the
canonical unit of its quantity (`core.units`); the odd units of real gateways are put on in `simulators.wire`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s
from forewarn.simulators.effects import HEALTHY, Effects, HealthyVelocity
from forewarn.simulators.regime import Demand, Wander, Weather
from forewarn.simulators.vibration import Housing, Motion

WINDING_TAU_S = 40 * 60.0
BEARING_TAU_S = 70 * 60.0
LINE_VOLTAGE_KV = 0.4
STANDSTILL_BACKGROUND = 0.01  # m/s^2, what the sensor itself hisses
STANDSTILL_MM_S = 0.05  # shaken by the neighbours


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """A machine as built. Nominal values at full speed and load 1; zero or None where a class has no such thing."""

    id: str
    kind: str
    area: str
    power_kw: float
    rpm: float
    bearing: BearingGeometry
    velocity: HealthyVelocity
    mesh_order: float
    resonance_hz: float
    background: float  # m/s^2 RMS above 1 kHz
    winding_rise_k: float
    bearing_rise_k: float
    variable_speed: bool = False
    pattern: str = "continuous"
    pressure_bar: float = 0.0
    flow_m3_h: float = 0.0
    filter_dp_bar: float = 0.0
    belt_ratio: float | None = None  # speed of the driven shaft / speed of the motor
    wire_units: tuple[tuple[str, str], ...] = ()  # signals that this machine's gateway sends in another unit


@dataclass(frozen=True, slots=True)
class Duty:
    """What a machine does at a moment: load (1 = nominal, 0 = stopped), share of nominal speed, hall temperature."""

    load: float
    speed_ratio: float
    ambient_c: float

    @property
    def running(self) -> bool:
        """Does the shaft turn?"""
        return self.speed_ratio > 0


class Machine:
    """A machine with its thermal state. Rows must be asked for in rising time; the same seed gives the same rows."""

    def __init__(self, spec: MachineSpec, weather: Weather, rng: np.random.Generator) -> None:
        self.spec = spec
        self._weather, self._rng = weather, rng
        self._demand = Demand.draw(spec.pattern, rng)
        self._mood = Wander.draw(rng, 12.0, 90.0)  # small changes that nobody explains
        self._housing = Housing.of(spec.bearing, spec.mesh_order, spec.resonance_hz)
        self._winding_k: float | None = None
        self._bearing_k = 0.0
        self._last_us = 0

    def duty(self, at_us: int, broken: bool = False) -> Duty:
        """What it does at a time; a broken machine stands."""
        load = 0.0 if broken else self._demand.load_at(at_us)
        ratio = 0.0
        if load > 0:
            ratio = 0.55 + 0.45 * load if self.spec.variable_speed else 1.0 - 0.012 * load
        return Duty(load, ratio, self._weather.ambient_c(at_us))

    def row(self, at_us: int, change: Effects = HEALTHY, broken: bool = False) -> dict[str, float]:
        """All slow signals at a time, in canonical units, with the noise of their sensors."""
        duty = self.duty(at_us, broken)
        self._warm_up(at_us, duty, change)
        n = self._rng.standard_normal(12).tolist()
        winding_k = self._winding_k or 0.0
        power = self._power_kw(duty, change)
        shake = self._velocity_mm_s(at_us, duty, change)
        row = {
            "velocity_rms": shake * math.exp(0.03 * n[0]),
            "temperature_de": duty.ambient_c + self._bearing_k + 0.15 * n[1],
            "temperature_winding": duty.ambient_c + winding_k + 0.2 * n[2],
            "current": abs(self._current_a(power, duty) * (1 + 0.006 * n[3]) + 0.01 * n[4]),
            "power": abs(power * (1 + 0.006 * n[5]) + 0.005 * n[6]),
            "speed": self.spec.rpm * duty.speed_ratio + (0.3 * n[7] if duty.running else 0.0),
            "load": max(0.0, 100.0 * duty.load + (0.3 * n[8] if duty.running else 0.0)),
            "ambient": duty.ambient_c + 0.1 * n[9],
        }
        row.update(self._process(duty, change, n[10], n[11]))
        return row

    def waveform(
        self, at_us: int, change: Effects = HEALTHY, mechanism: str | None = None, broken: bool = False
    ) -> Float32s:
        """One block of acceleration at the drive-end bearing: float32[8192] at 12.8 kHz, m/s^2."""
        duty = self.duty(at_us, broken)
        if not duty.running:
            return self._housing.block(
                Motion(0.0, 0.0, 0.0, 0.0, STANDSTILL_MM_S, STANDSTILL_BACKGROUND, 0.0), self._rng
            )
        spec, healthy = self.spec, self.spec.velocity
        speed = duty.speed_ratio**2
        working = 0.75 + 0.25 * duty.load
        loudness = spec.background * duty.speed_ratio**1.5 * working * math.exp(0.04 * self._mood.at(at_us))
        motion = Motion(
            shaft_hz=spec.rpm * duty.speed_ratio / 60.0,
            one_x_mm_s=(healthy.one_x + change.one_x_mm_s) * speed,
            two_x_mm_s=(healthy.two_x + change.two_x_mm_s) * speed,
            mesh_mm_s=0.5 * healthy.rest * speed * working,
            rough_mm_s=math.hypot(0.8 * healthy.rest, change.broadband_mm_s) * speed,
            background=loudness * (1.0 + change.noise_ratio) * math.exp(0.02 * self._rng.standard_normal()),
            impacts=loudness * change.impact_ratio,
            mechanism=mechanism,
        )
        return self._housing.block(motion, self._rng)

    def _warm_up(self, at_us: int, duty: Duty, change: Effects) -> None:
        """First-order warming towards what the losses of this moment would give in the end."""
        losses = 0.3 + 0.7 * duty.load**2 if duty.running else 0.0
        friction = duty.speed_ratio * (0.8 + 0.2 * duty.load)
        winding_goal = losses * (self.spec.winding_rise_k + change.winding_k)
        bearing_goal = friction * (self.spec.bearing_rise_k + change.bearing_k) + 0.12 * winding_goal
        if self._winding_k is None:
            self._winding_k, self._bearing_k = winding_goal, bearing_goal
        passed_s = max(0.0, (at_us - self._last_us) / US_PER_S)
        self._winding_k += (winding_goal - self._winding_k) * -math.expm1(-passed_s / WINDING_TAU_S)
        self._bearing_k += (bearing_goal - self._bearing_k) * -math.expm1(-passed_s / BEARING_TAU_S)
        self._last_us = at_us

    def _velocity_mm_s(self, at_us: int, duty: Duty, change: Effects) -> float:
        if not duty.running:
            return STANDSTILL_MM_S
        rms = self.spec.velocity.rms(change) * duty.speed_ratio**2 * (0.9 + 0.1 * duty.load)
        return rms * math.exp(0.02 * self._mood.at(at_us))

    def _power_kw(self, duty: Duty, change: Effects) -> float:
        if not duty.running:
            return 0.0
        torque = 0.3 + 0.6 * duty.load
        work = torque * (duty.speed_ratio**2 if self.spec.variable_speed else 1.0)
        return self.spec.power_kw * work * (1.0 + change.power)

    @staticmethod
    def _current_a(power_kw: float, duty: Duty) -> float:
        return power_kw / (math.sqrt(3.0) * LINE_VOLTAGE_KV * (0.65 + 0.2 * duty.load))

    def _process(self, duty: Duty, change: Effects, noise_a: float, noise_b: float) -> dict[str, float]:
        """Pressure, flow, filter and belt, where the machine has them."""
        spec, row = self.spec, {}
        flow_share = duty.load * (1.0 - change.flow_loss) if duty.running else 0.0
        if spec.pressure_bar:
            head = duty.speed_ratio**2 * (1.12 - 0.12 * duty.load**2) * (1.0 - change.head_loss)
            row["pressure"] = abs(spec.pressure_bar * (head * (1 + 0.004 * noise_a) + 0.0005 * noise_b))
        if spec.flow_m3_h:
            row["flow"] = abs(spec.flow_m3_h * (flow_share * (1 + 0.006 * noise_b) + 0.0005 * noise_a))
        if spec.filter_dp_bar:
            drop = duty.load**1.6 * (1.0 + change.filter_dp)
            row["filter_dp"] = abs(spec.filter_dp_bar * (drop * (1 + 0.012 * noise_a) + 0.002 * noise_b))
        if spec.belt_ratio is not None:
            driven = spec.rpm * spec.belt_ratio * duty.speed_ratio * (1.0 - 0.01 - change.slip)
            row["driven_speed"] = driven * (1 + 0.0008 * noise_b)
        return row
