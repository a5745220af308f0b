"""One canonical unit per quantity. Everything behind the quality stage is in these units.

Conversions are resolved once, when the plant file is loaded, to one multiply-add (`Conversion`); no unit library runs
on the way of a reading. Peak, peak-to-peak and RMS are different detections of a quantity and never converted into
one another (a peak is 1.414 RMS only for a sine).
"""

from __future__ import annotations

from dataclasses import dataclass

CANONICAL_UNIT: dict[str, str] = {
    "temperature": "degC",
    "temperature_difference": "delta_degC",
    "vibration_velocity": "mm/s",
    "acceleration": "m/s^2",
    "displacement": "um",
    "speed": "rpm",
    "pressure": "bar",
    "flow": "m^3/h",
    "power": "kW",
    "energy": "kWh",
    "current": "A",
    "voltage": "V",
    "torque": "N*m",
    "level": "m",
    "ratio": "percent",
    "counter": "count",
    "operating_time": "h",
    "run_state": "state",
    "dimensionless": "1",
}
"""Quantity -> canonical unit, as the page and the exports print it."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """canonical = raw * scale + offset, resolved at load time.

    >>> Conversion(scale=25.4, offset=0.0).apply(0.1)   # in/s to mm/s
    2.54
    """

    scale: float = 1.0
    offset: float = 0.0

    def apply(self, raw: float) -> float:
        """One value in the unit on the wire -> the canonical unit."""
        return raw * self.scale + self.offset
