"""The unit names of SenML (RFC 8428, section 12.1, and RFC 8798) that measure what machines measure.

SenML spells units its own way: `Cel` and not degC, and `g` is a gram. A registered unit that stands here with nothing
behind it measures something that no quantity of ours does.
"""

from __future__ import annotations

from forewarn.core.units import Conversion
from forewarn.ingest.formats.units import Meanings

_GRAM: Meanings = {}

SENML_UNITS: dict[str, Meanings] = {
    "Cel": {"degC": Conversion()},
    "K": {"degC": Conversion(1.0, -273.15), "delta_degC": Conversion()},
    "m": {"m": Conversion(), "um": Conversion(1e6)},
    "mm": {"m": Conversion(1e-3), "um": Conversion(1000.0)},
    "cm": {"m": Conversion(1e-2)},
    "m/s": {"mm/s": Conversion(1000.0)},
    "m/s2": {"m/s^2": Conversion()},
    "1/s": {"rpm": Conversion(60.0)},
    "1/min": {"rpm": Conversion()},
    "Hz": {"rpm": Conversion(60.0)},
    "Pa": {"bar": Conversion(1e-5)},
    "hPa": {"bar": Conversion(1e-3)},
    "m3/s": {"m^3/h": Conversion(3600.0)},
    "l/s": {"m^3/h": Conversion(3.6)},
    "W": {"kW": Conversion(1e-3)},
    "kW": {"kW": Conversion()},
    "J": {"kWh": Conversion(1 / 3.6e6)},
    "Wh": {"kWh": Conversion(1e-3)},
    "kWh": {"kWh": Conversion()},
    "A": {"A": Conversion()},
    "mA": {"A": Conversion(1e-3)},
    "V": {"V": Conversion()},
    "mV": {"V": Conversion(1e-3)},
    "%": {"percent": Conversion()},
    "%RH": {"percent": Conversion()},
    "%EL": {"percent": Conversion()},
    "/": {"percent": Conversion(100.0)},
    "/100": {"percent": Conversion()},
    "ppm": {"percent": Conversion(1e-4)},
    "count": {"count": Conversion()},
    "s": {"h": Conversion(1 / 3600)},
    "min": {"h": Conversion(1 / 60)},
    "h": {"h": Conversion()},
    "g": _GRAM,
}
