"""What a change must be to matter, and where a machine has failed: published limits where they exist.

Velocity: ISO 20816-3 zones by power and support; a change counts from a quarter of the B/C limit (ISO 20816-1,
criterion II). Windings: insulation class F (IEC 60085), or 40 K over their own past. Filters: final over initial
pressure drop (EN 13053). Bearings' own noise: 3 dB counts, 20 dB is the end of what maintenance practice lets run. The
rest is relative to the machine's past.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset
from forewarn.core.readings import SignalSpec

LARGE_MACHINE_KW = 300.0
ISO_20816_3: dict[tuple[int, str], tuple[float, float, float]] = {
    (1, "rigid"): (2.3, 4.5, 7.1),  # to be confirmed against the standard
    (1, "flexible"): (3.5, 7.1, 11.0),  # to be confirmed against the standard
    (2, "rigid"): (1.4, 2.8, 4.5),  # to be confirmed against the standard
    (2, "flexible"): (2.3, 4.5, 7.1),  # to be confirmed against the standard
}
"""(machine group, support) -> boundaries A/B, B/C and C/D: velocity in mm/s RMS, 10 Hz to 1 kHz, on the housing.

Group 1 are machines above 300 kW, group 2 those from 15 kW on. Taken from published tables of ISO 20816-3, which agree
with one another; every value is to be confirmed against the bought standard before conformity is claimed.
"""
OF_THE_ZONES = ("rms", None)  # a peak is judged against its own past: the zones are RMS values
WINDING_CLASS_F_DEGC = 155.0
BEARING_LIMIT_DEGC = 110.0  # usual grease and cage limit
HEATING_K = 40.0  # above its usual temperature a sixteenth of the life is left (Montsinger's rule of 10 K)


class Zone(StrEnum):
    """Evaluation zone of ISO 20816: A as new, B good for long running, C for a limited time, D does damage."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


def zone_boundaries(power_kw: float | None, support: str = "rigid") -> tuple[float, float, float]:
    """Boundaries A/B, B/C and C/D in mm/s RMS (to be confirmed against the standard).

    An unknown power counts as group 2, the stricter one; so does one below 15 kW, of which the standard does not speak.
    Raises Rejected for a support that is neither rigid nor flexible, or a power that is not above 0.

    >>> zone_boundaries(30.0), zone_boundaries(800.0, "flexible")
    ((1.4, 2.8, 4.5), (3.5, 7.1, 11.0))
    """
    if power_kw is not None and not power_kw > 0:
        raise Rejected("power", f"a rated power is above 0 kW, not {power_kw}")
    group = 1 if power_kw is not None and power_kw > LARGE_MACHINE_KW else 2
    if (group, support) not in ISO_20816_3:
        raise Rejected("support", f"a support is rigid or flexible, not {support!r}")
    return ISO_20816_3[group, support]


def zone(velocity_mm_s: float, power_kw: float | None = None, support: str = "rigid") -> Zone:
    """Zone of a broadband velocity in mm/s RMS; a value on a boundary belongs to the better zone.

    A peak is not an RMS: convert nothing, measure RMS. Refuses as `zone_boundaries`, and a velocity that is negative or
    not finite.

    >>> zone(2.0, 30.0).value, zone(2.0, 30.0, "flexible").value, zone(5.0, 800.0).value
    ('B', 'A', 'C')
    """
    if not (velocity_mm_s >= 0 and math.isfinite(velocity_mm_s)):
        raise Rejected("velocity", f"a velocity is 0 mm/s or more, not {velocity_mm_s}")
    passed = sum(velocity_mm_s > boundary for boundary in zone_boundaries(power_kw, support))
    return tuple(Zone)[passed]


@dataclass(frozen=True, slots=True)
class Limit:
    """How a channel is judged.

    `logarithmic`: changes are ratios. `directions`: +1 up, -1 down. `smallest_change` and `failure_change` are
    distances from the expected value on the judged scale (a logarithm, or the unit of the signal). `failure_spread` is
    how far published failures scatter around that level, as a share of the distance.
    """

    logarithmic: bool
    directions: tuple[int, ...]
    smallest_change: float
    failure_change: float
    failure_spread: float
    needs_day: bool


SCORED_FEATURES = (
    "band_500_2000", "band_2000_4000", "band_4000_8000", "velocity_rms", "velocity_1x", "velocity_2x", "velocity_3x",
    "tone_bpfo", "tone_bpfi", "tone_bsf2", "slip_sidebands",
)  # fmt: skip
"""Features that can alarm. Plain RMS, crest and kurtosis cannot: they alarm on run-in and on single knocks.
Above 8 kHz the mounting of the sensor and the grease film decide, not the wear."""

SUPPORTING_FEATURES = ("kurtosis",)
"""Features that are judged to tell faults apart, and never alarm."""

RELATIVE = {  # quantity -> smallest change, failure change as shares of the expected value; failures' scatter
    "pressure": (0.05, 0.30, 0.4),
    "flow": (0.05, 0.25, 0.4),
    "power": (0.05, 0.25, 0.5),
    "current": (0.05, 0.25, 0.5),
    "speed": (0.02, 0.08, 0.4),
    "level": (0.10, 0.50, 0.4),
}
FILTER_PRESSURE = (0.20, 1.50, 0.3)  # EN 13053: two to three times the pressure drop of the clean filter
OTHERWISE = (0.10, 0.50, 0.6)


def limit_for_feature(asset: Asset, feature: str, expected: float) -> Limit:
    """Limit of a waveform feature whose usual value is `expected` (> 0)."""
    if feature.startswith("velocity"):
        return velocity_limit(asset, expected)
    if feature == "kurtosis":
        return Limit(True, (1,), math.log(1.5), math.log(6.0), 0.5, False)
    if feature.startswith("tone"):
        return Limit(True, (1,), math.log(2.5), math.log(60.0), 0.5, False)
    return Limit(True, (1,), math.log(1.4), math.log(10.0), 0.4, False)


def limit_for_scalar(asset: Asset, spec: SignalSpec, expected: float) -> Limit:
    """Limit of a scalar signal whose usual value is `expected`."""
    kind = mounted_kind(asset, spec)
    if spec.quantity == "vibration_velocity" and spec.detection in OF_THE_ZONES:
        return velocity_limit(asset, max(expected, 1e-3))
    if spec.quantity in ("acceleration", "vibration_velocity"):
        return Limit(True, (1,), math.log(1.4), math.log(10.0), 0.4, False)
    if spec.quantity == "temperature":
        end = {"winding": WINDING_CLASS_F_DEGC, "bearing": BEARING_LIMIT_DEGC}.get(kind, math.inf)
        return Limit(False, (1,), 5.0, max(min(end - expected, HEATING_K), 10.0), 0.4, True)
    shares = RELATIVE.get(spec.quantity, OTHERWISE)
    if kind == "filter" and spec.quantity == "pressure":
        shares = FILTER_PRESSURE
    smallest, end, spread = shares
    level = max(abs(expected), 1e-9)
    return Limit(False, (1, -1), smallest * level, end * level, spread, True)


def velocity_limit(asset: Asset, expected: float) -> Limit:
    """Zone C/D is the end; a machine that has always stood close to it gets 2.5 times its own level."""
    _, zone_bc, zone_cd = zone_boundaries(asset.power_kw, asset.support)
    smallest = min(max(1 + 0.25 * zone_bc / expected, 1.25), 1.6)
    return Limit(True, (1,), math.log(smallest), math.log(max(zone_cd / expected, 2.5)), 0.3, False)


def mounted_kind(asset: Asset, spec: SignalSpec) -> str:
    """Kind of the component that the signal sits on, "" when it sits on none."""
    component = asset.component(spec.component) if spec.component else None
    return component.kind if component else ""
