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
    "kinematic_viscosity": "mm^2/s",
    "run_state": "state",
    "dimensionless": "1",
}
"""Quantity -> canonical unit, as the page and the exports print it."""

COUNTING = frozenset({"counter", "energy", "operating_time"})
"""Quantities whose meter only goes up."""


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

    def invert(self, canonical: float) -> float:
        """The inverse of `apply`.

        >>> Conversion(5 / 9, -160 / 9).invert(20.0)   # degC as a degF gauge shows it
        68.0
        """
        return (canonical - self.offset) / self.scale


MISTAKEN_UNITS: dict[str, dict[str, Conversion]] = {
    "temperature": {"degF": Conversion(5 / 9, -160 / 9), "K": Conversion(1.0, -273.15)},
    "vibration_velocity": {"in/s": Conversion(25.4), "m/s": Conversion(1000.0)},
    "acceleration": {"g": Conversion(9.80665), "mm/s^2": Conversion(0.001)},
    "displacement": {"mil": Conversion(25.4), "mm": Conversion(1000.0)},
    "pressure": {
        "psi": Conversion(0.0689475729),
        "kPa": Conversion(0.01),
        "MPa": Conversion(10.0),
        "mbar": Conversion(0.001),
        "Pa": Conversion(1e-5),
    },
    "flow": {"L/min": Conversion(0.06), "gpm": Conversion(0.2271247), "L/s": Conversion(3.6)},
    "power": {"W": Conversion(0.001), "hp": Conversion(0.7456999)},
    "current": {"mA": Conversion(0.001)},
    "speed": {"Hz": Conversion(60.0)},
    "ratio": {"1": Conversion(100.0)},
}
"""Units that gateways are set to by mistake, with what makes the canonical unit of them. A value that leaps by such a
factor has probably changed its unit and not its size."""
