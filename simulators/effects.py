"""What a fault does to a machine at a severity, and from when on it counts as detectable. Pure.

P of the P-F interval is where an effect crosses a **published** threshold at the sensor, at nominal load and speed. The
thresholds stand here with their source and were set before any model saw a reading.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from forewarn.simulators.wear import LAWS


@dataclass(frozen=True, slots=True)
class Effects:
    """Changes against the healthy machine; all 0 = healthy. RMS where it vibrates; kelvin; shares of the healthy."""

    one_x_mm_s: float = 0.0  # more velocity at shaft speed
    two_x_mm_s: float = 0.0  # more velocity at twice shaft speed
    broadband_mm_s: float = 0.0  # velocity without a tone
    impact_ratio: float = 0.0  # impacts / background, both RMS above 1 kHz
    noise_ratio: float = 0.0  # more background above 1 kHz, as a share
    bearing_k: float = 0.0
    winding_k: float = 0.0
    filter_dp: float = 0.0  # more pressure drop at the same flow, as a share of the clean filter's
    head_loss: float = 0.0  # share of the head
    flow_loss: float = 0.0  # share of the flow
    slip: float = 0.0  # share of the driven speed
    power: float = 0.0  # more power for the same work, as a share

    def scaled(self, severity: float) -> Effects:
        """Every effect times a severity."""
        return Effects(*(getattr(self, f.name) * severity for f in fields(self)))


HEALTHY = Effects()

AT_FAILURE: dict[str, Effects] = {
    # a bearing at its end shows 20 to 35 dB more above 1 kHz and runs hot
    "outer_race_spall": Effects(impact_ratio=32.0, broadband_mm_s=4.0, bearing_k=30.0, power=0.02),
    "inner_race_spall": Effects(impact_ratio=32.0, broadband_mm_s=4.0, bearing_k=30.0, power=0.02),
    "ball_spall": Effects(impact_ratio=28.0, broadband_mm_s=3.5, bearing_k=30.0, power=0.02),
    # past 7.1 mm/s, zone D of a rigid 15-300 kW machine begins at 4.5; trips are set near 8
    "imbalance": Effects(one_x_mm_s=7.5, bearing_k=8.0),
    "misalignment": Effects(one_x_mm_s=1.5, two_x_mm_s=6.5, bearing_k=14.0, power=0.03),
    # insulation class F: 155 degC hot spot, thermistors trip
    "winding_overheating": Effects(winding_k=60.0, bearing_k=6.0, power=0.03),
    "filter_clogging": Effects(filter_dp=2.6, flow_loss=0.18, power=-0.05),
    "belt_wear": Effects(slip=0.14, two_x_mm_s=1.5, bearing_k=5.0),
    "cavitation": Effects(head_loss=0.22, flow_loss=0.16, noise_ratio=5.0, broadband_mm_s=3.5, power=-0.04),
    "seal_leak": Effects(flow_loss=0.30, head_loss=0.10),
}
"""Mechanism -> effects at functional failure (severity 1)."""


def effects(mechanism: str, severity: float) -> Effects:
    """What a mechanism does at a severity in [0, 1]: in proportion, the law carries the shape.

    >>> effects("winding_overheating", 0.5).winding_k
    30.0
    """
    return AT_FAILURE[mechanism].scaled(severity)


@dataclass(frozen=True, slots=True)
class HealthyVelocity:
    """Housing velocity of a healthy machine at nominal speed, RMS mm/s: shaft speed, twice shaft speed, all else."""

    one_x: float
    two_x: float
    rest: float

    def rms(self, change: Effects) -> float:
        """Broadband velocity with these effects on top."""
        tones = math.hypot(self.one_x + change.one_x_mm_s, self.two_x + change.two_x_mm_s)
        return math.hypot(tones, self.rest, change.broadband_mm_s)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Detectable when `indicator` reaches `level`. `rule` says it in words, `source` where it is published."""

    indicator: Callable[[Effects, HealthyVelocity], float]
    level: float
    rule: str
    source: str


ZONE_B_UPPER_MM_S = 2.8  # ISO 20816-3, group 2 (15 to 300 kW), rigid support

_VELOCITY = Threshold(
    lambda e, healthy: healthy.rms(e) - healthy.rms(HEALTHY),
    0.25 * ZONE_B_UPPER_MM_S,
    "broadband velocity changes by 25 % of the upper value of zone B (0.70 mm/s)",
    "ISO 20816-1:2016, criterion II; zone B of ISO 20816-3:2022, group 2, rigid",
)
_IMPACTS = Threshold(
    lambda e, _: math.hypot(1.0, e.impact_ratio),
    2.0,
    "level above 1 kHz doubles (6 dB) by impacts at a bearing tone",
    "ISO 13373-2/-3 practice: a change by a factor of 2 (6 dB) of a component is significant",
)

DETECTABLE: dict[str, Threshold] = {
    "outer_race_spall": _IMPACTS,
    "inner_race_spall": _IMPACTS,
    "ball_spall": _IMPACTS,
    "imbalance": _VELOCITY,
    "misalignment": _VELOCITY,
    "winding_overheating": Threshold(
        lambda e, _: e.winding_k,
        10.0,
        "winding 10 K hotter at comparable load and ambient",
        "Montsinger 1930; IEC 60216 and IEEE 117 practice: 10 K more halves the life of the insulation",
    ),
    "filter_clogging": Threshold(
        lambda e, _: e.filter_dp,
        0.5,
        "pressure drop 50 % above the clean filter's at the same flow",
        "service practice; EN 13053 changes an air filter at three times its clean pressure drop at the latest",
    ),
    "belt_wear": Threshold(
        lambda e, _: e.slip,
        0.02,
        "driven speed falls by 2 %",
        "V-belt makers: 1 % when new, retension above 2 to 3 %",
    ),
    "cavitation": Threshold(
        lambda e, _: e.head_loss, 0.03, "head falls by 3 % at the same flow", "ISO 9906:2012: NPSH3, the 3 % head drop"
    ),
    "seal_leak": Threshold(
        lambda e, _: e.flow_loss, 0.05, "delivered flow falls by 5 %", "ISO 9906:2012 grade 1: flow tolerance of 5 %"
    ),
}
"""Mechanism -> the published threshold that defines P."""


def severity_at_p(mechanism: str, healthy: HealthyVelocity) -> float:
    """Severity in (0, 1) at which a mechanism becomes detectable by its published threshold (by bisection).

    >>> round(severity_at_p("winding_overheating", HealthyVelocity(0.9, 0.3, 0.6)), 4)
    0.1667
    """
    threshold, low, high = DETECTABLE[mechanism], 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if threshold.indicator(effects(mechanism, middle), healthy) < threshold.level:
            low = middle
        else:
            high = middle
    return high


if not set(LAWS) == set(AT_FAILURE) == set(DETECTABLE):
    raise AssertionError("every mechanism has a law, effects and a threshold")
