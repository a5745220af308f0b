"""Units as engineers write them -> one multiply-add to the canonical unit of the quantity. At load time only.

`pint` knows the sizes of units; this module knows what is meant in a plant: `g` is standard gravity and not a gram,
`Hz` of a shaft is turns per second, a temperature difference has no offset.
"""

from __future__ import annotations

import difflib
import functools
import re
from typing import TYPE_CHECKING, Any

from forewarn.core.units import CANONICAL_UNIT, Conversion

if TYPE_CHECKING:
    import pint

TEMPERATURES: dict[str, Conversion] = {
    "degC": Conversion(),
    "K": Conversion(1.0, -273.15),
    "degF": Conversion(5 / 9, -160 / 9),
}

COUNTED: dict[str, dict[str, float]] = {
    "ratio": {"percent": 1.0, "1": 100.0, "ppm": 1e-4},
    "counter": {"count": 1.0, "1": 1.0},
    "run_state": {"state": 1.0, "1": 1.0},
    "dimensionless": {"1": 1.0},
}
"""Quantities without a dimension: their units by name, or a percentage could be read as a count."""

ALIASES: dict[str, str] = {
    "°C": "degC", "celsius": "degC", "°F": "degF", "fahrenheit": "degF", "kelvin": "K",
    "%": "percent",
    "g": "standard_gravity", "gn": "standard_gravity", "mg": "millistandard_gravity",
    "m/s2": "m/s^2", "m/s²": "m/s^2", "mm/s2": "mm/s^2", "ips": "in/s",
    "µm": "um", "μm": "um", "mil": "thou", "mils": "thou",
    "1/min": "rpm", "r/min": "rpm", "rps": "revolution/s", "Hz": "revolution/s", "1/s": "revolution/s",
    "m3/h": "m^3/h", "m³/h": "m^3/h", "m3/s": "m^3/s", "m3/min": "m^3/min",
    "l/min": "L/min", "l/s": "L/s", "l/h": "L/h",
    "gpm": "gallon/min", "cfm": "foot^3/min",
    "mm2/s": "mm^2/s", "mm²/s": "mm^2/s",
    "barg": "bar", "bara": "bar", "psig": "psi", "psia": "psi", "mbar": "millibar",
    "Nm": "N*m", "kNm": "kN*m", "lbf-ft": "lbf*ft", "HP": "hp",
}  # fmt: skip
"""What stands on gauges and in data sheets -> the name that pint knows. Gauge and absolute pressure are not converted
into one another."""

BY_UNIT: dict[str, str] = {
    "degC": "temperature", "degF": "temperature", "K": "temperature",
    "delta_degC": "temperature_difference", "delta_degF": "temperature_difference",
    "percent": "ratio", "ppm": "ratio", "count": "counter", "state": "run_state", "1": "dimensionless",
    "um": "displacement", "thou": "displacement", "m": "level",
    "rpm": "speed",
    "N*m": "torque", "kN*m": "torque", "lbf*ft": "torque",
    "kWh": "energy", "MWh": "energy", "J": "energy", "MJ": "energy",
}  # fmt: skip
"""Units that mean one quantity only, where the dimension alone would leave several."""

BY_DIMENSION = (
    *("vibration_velocity", "acceleration", "pressure", "flow", "power", "current", "voltage"),
    "operating_time",
    "kinematic_viscosity",
)
"""Quantities that no other shares its dimension with."""

_SAFE = re.compile(r"(1/)?[A-Za-z_]+(\^[1-4])?([*/][A-Za-z_]+(\^[1-4])?){0,3}")


class UnitError(ValueError):
    """A unit that is unknown, or does not measure the quantity. The message says which would."""


@functools.cache
def resolve_unit(unit: str, quantity: str | None) -> tuple[str, Conversion]:
    """Quantity (as given, or deduced where the unit leaves no choice) and the conversion to its canonical unit.

    Raises UnitError.

    >>> resolve_unit("degF", None)[0], round(resolve_unit("degF", None)[1].apply(212.0), 9)
    ('temperature', 100.0)
    >>> resolve_unit("g", None)
    ('acceleration', Conversion(scale=9.80665, offset=0.0))
    """
    if quantity is not None and quantity not in CANONICAL_UNIT:
        raise UnitError(f"unknown quantity {quantity!r}{did_you_mean(quantity, CANONICAL_UNIT)}")
    name = ALIASES.get(unit, unit)
    quantity = quantity or _deduced(name, unit)
    return quantity, _conversion(name, quantity, unit)


def did_you_mean(word: str, known: Any) -> str:
    """A hint at the nearest known word, with a space before it; empty when none is near.

    >>> did_you_mean("temprature", ["temperature", "speed"])
    ' (did you mean temperature?)'
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _deduced(name: str, written: str) -> str:
    if name in BY_UNIT:
        return BY_UNIT[name]
    dimension = _unit(name, written).dimensionality
    found = [q for q in BY_DIMENSION if dimension == _unit(CANONICAL_UNIT[q], written).dimensionality]
    if not found:
        raise UnitError(f"the unit {written!r} does not say which quantity it measures: give `quantity`")
    return found[0]


def _conversion(name: str, quantity: str, written: str) -> Conversion:
    canonical = CANONICAL_UNIT[quantity]
    if quantity in COUNTED:
        if name not in COUNTED[quantity]:
            raise UnitError(f"{written!r} is no unit of {quantity}: write {' or '.join(COUNTED[quantity])}")
        return Conversion(COUNTED[quantity][name])
    if quantity == "temperature" and name in TEMPERATURES:
        return TEMPERATURES[name]
    if quantity == "temperature_difference" and name in TEMPERATURES:
        return Conversion(TEMPERATURES[name].scale)
    source, target = _unit(name, written), _unit(canonical, written)
    turns = quantity != "speed" or any(word in str(source) for word in ("revolution", "radian", "turn"))
    if source.dimensionality != target.dimensionality or not turns or quantity == "temperature":
        raise UnitError(f"{written!r} is no unit of {quantity}, for instance {canonical!r} is")
    scale = (1 * source).to(target).magnitude
    return Conversion(float(f"{scale:.15g}"))  # 0.06, where pint's chain of factors ends in 0.06000000000000001


@functools.cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    return pint.UnitRegistry()


def _unit(name: str, written: str) -> pint.Unit:
    import pint

    if len(name) <= 40 and _SAFE.fullmatch(name):
        try:
            return _registry().Unit(name)
        except (pint.PintError, AttributeError):
            pass  # said below
    raise UnitError(f"unknown unit {written!r}{did_you_mean(written, [*ALIASES, *CANONICAL_UNIT.values()])}")
