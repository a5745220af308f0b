"""Made-up machines for the tests of the models: tracks by formula, faults added by hand, no simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset, BearingGeometry, Component
from forewarn.core.readings import Float32s, Floats, Int64s, SignalSpec, Track

SKF_6205 = BearingGeometry(9, 7.94, 39.04)
RATE_HZ = 12_800.0
BLOCK = 8_192
ORIGIN_US = 1_790_000_000_000_000

VIB_FEATURES = {
    "band_500_2000": 0.6, "band_2000_4000": 0.8, "band_4000_8000": 0.7, "velocity_rms": 1.2, "velocity_1x": 0.8,
    "velocity_2x": 0.3, "velocity_3x": 0.2, "tone_bpfo": 1.1, "tone_bpfi": 1.1, "tone_bsf2": 1.1,
}  # fmt: skip


def scalar(name: str, quantity: str, unit: str, component: str | None = None, role: str = "measurement") -> SignalSpec:
    """One slow signal of pump `p`, every ten minutes."""
    return SignalSpec("p", name, quantity, unit, "t", role=role, component=component, period_s=600.0)


PUMP = Asset(
    "p", "pump", "pump", "s", "a", power_kw=30.0, nominal_rpm=1_480.0,
    components=(
        Component("bearing", "bearing", "", SKF_6205), Component("impeller", "impeller"),
        Component("base", "foundation"), Component("coupling", "coupling"), Component("winding", "winding"),
        Component("filter", "filter"),
        Component("seal", "seal"),
    ),
    signals=(
        SignalSpec("p", "vib", "acceleration", "m/s^2", "t", kind="waveform", component="bearing"),
        scalar("winding_temp", "temperature", "degC", "winding"),
        scalar("bearing_temp", "temperature", "degC", "bearing"),
        scalar("filter_dp", "pressure", "bar", "filter"), scalar("pressure", "pressure", "bar"),
        scalar("flow", "flow", "m^3/h"), scalar("speed", "speed", "rpm", role="speed"),
        scalar("load", "ratio", "percent", role="load"), scalar("ambient", "temperature", "degC", role="ambient"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Life:
    """Load in percent by hour, and a fault by feature or signal: a factor for vibration, a sum for the rest."""

    hours: float
    load: Callable[[Floats], Floats] = lambda h: 75 + 15 * np.sin(2 * np.pi * h / 24) + 8 * np.sin(2 * np.pi * h / 57)
    fault: Callable[[str, Floats], Floats | float] = lambda name, h: 1.0 if ":" in name else 0.0


def times(hours: float, step_h: float) -> tuple[Int64s, Floats]:
    """Instants in microseconds and hours since the start."""
    h = np.arange(0.0, hours, step_h)
    return (ORIGIN_US + h * US_PER_HOUR).astype(np.int64), h


def pump_tracks(life: Life, seed: int = 0) -> dict[str, Track]:
    """Tracks of the pump: features every two hours, slow signals every ten minutes, noise, daily swing of the hall."""
    rng = np.random.default_rng(seed)
    at, h = times(life.hours, 2.0)
    load = life.load(h)
    tracks = {}
    for feature, level in VIB_FEATURES.items():
        spread, slope = (0.3, 0.0) if feature.startswith("tone") else (0.06, 0.004)
        noise = np.exp(spread * rng.standard_normal(len(h)) + slope * (load - 75))
        tracks[f"vib:{feature}"] = Track(at, level * noise * life.fault(f"vib:{feature}", h))
    at, h = times(life.hours, 1 / 6)
    load, hall = life.load(h), 22 + 4 * np.sin(2 * np.pi * (h - 9) / 24)
    running = load > 5
    values = {
        "winding_temp": (hall + 55 * (load / 100) ** 2 * running, 0.4), "bearing_temp": (hall + 22 * running, 0.3),
        "filter_dp": (0.02 * (load / 100) ** 1.7 + 0.001, 0.0004), "pressure": (4.2 - 0.6 * (load / 100) ** 2, 0.02),
        "flow": (110 * load / 100, 0.8), "speed": (1_480.0 * running, 0.5), "load": (load, 0.3), "ambient": (hall, 0.1),
    }  # fmt: skip
    for name, (value, spread) in values.items():
        tracks[name] = Track(at, value + spread * rng.standard_normal(len(h)) + life.fault(name, h))
    return tracks


def growing(names: dict[str, float], onset_h: float, per_h: float) -> Callable[[str, Floats], Floats | float]:
    """A fault that grows from an onset: vibration by a power of `names`, slow signals by a sum in proportion."""

    def fault(name: str, h: Floats) -> Floats | float:
        severity = np.maximum(h - onset_h, 0.0) * per_h
        if ":" in name:
            return np.exp(names.get(name, 0.0) * severity)
        return names.get(name, 0.0) * severity

    return fault


def knocking(tone_hz: float, strength: float, seed: int = 1, rate_hz: float = RATE_HZ, n: int = BLOCK) -> Float32s:
    """A block of noise with a ringing knock at a rhythm, with a little jitter; strength 0 is a healthy bearing."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / rate_hz
    x = rng.standard_normal(n)
    rhythm = np.arange(0.0, t[-1], 1 / tone_hz)
    for at_s in rhythm + rng.normal(0, 0.003 / tone_hz, len(rhythm)):
        since = np.maximum(t - at_s, 0.0)
        x += strength * np.exp(-since * 900) * np.sin(2 * np.pi * 3_100 * since)
    return x.astype(np.float32)
