"""Units that payloads name themselves. They only confirm what the plant file says: another unit is refused, not
converted, because a sensor that switches its unit has been exchanged or reconfigured, and a person should know.
"""

from __future__ import annotations

import math

from forewarn.core.errors import Rejected
from forewarn.core.units import Conversion
from forewarn.ingest.formats.result import shown
from forewarn.ingest.topics import SignalBinding

STANDARD_GRAVITY = 9.80665

Meanings = dict[str, Conversion]
"""Canonical unit -> how a unit converts to it. Metres measure levels and displacements."""


def _scaled(canonical: str, **scales: float) -> dict[str, Meanings]:
    return {unit: {canonical: Conversion(scale)} for unit, scale in scales.items()}


UNITS: dict[str, Meanings] = {
    "degC": {"degC": Conversion()},
    "°C": {"degC": Conversion()},
    "degF": {"degC": Conversion(5 / 9, -160 / 9)},
    "°F": {"degC": Conversion(5 / 9, -160 / 9)},
    "K": {"degC": Conversion(1.0, -273.15), "delta_degC": Conversion()},
    "%": {"percent": Conversion()},
    "mm/s": {"mm/s": Conversion()},
    "in/s": {"mm/s": Conversion(25.4)},
    "m/s": {"mm/s": Conversion(1000.0)},
    "g": {"m/s^2": Conversion(STANDARD_GRAVITY)},
    "mg": {"m/s^2": Conversion(STANDARD_GRAVITY / 1000)},
    "m/s^2": {"m/s^2": Conversion()},
    "m/s2": {"m/s^2": Conversion()},
    "m": {"m": Conversion(), "um": Conversion(1e6)},
    "mm": {"m": Conversion(1e-3), "um": Conversion(1000.0)},
    "um": {"um": Conversion()},
    "mil": {"um": Conversion(25.4)},
    "rpm": {"rpm": Conversion()},
    "Hz": {"rpm": Conversion(60.0)},
    "1/min": {"rpm": Conversion()},
    **_scaled("bar", bar=1.0, mbar=1e-3, Pa=1e-5, hPa=1e-3, kPa=1e-2, MPa=10.0, psi=0.0689475729316836),
    **_scaled("kW", W=1e-3, kW=1.0, MW=1e3),
    **_scaled("kWh", Wh=1e-3, kWh=1.0, J=1 / 3.6e6),
    **_scaled("A", A=1.0, mA=1e-3),
    **_scaled("V", V=1.0, mV=1e-3),
    "m3/h": {"m^3/h": Conversion()},
    "m^3/h": {"m^3/h": Conversion()},
    "L/min": {"m^3/h": Conversion(0.06)},
    "N*m": {"N*m": Conversion()},
    "Nm": {"N*m": Conversion()},
}
"""Spellings whose meaning is beyond doubt; "C" and "F" are not among them (coulomb and farad)."""


def check_unit(unit: str, signal: SignalBinding) -> None:
    """Refuses (`unit_mismatch`) a unit that means something else than the plant file says of this signal.

    A spelling that nobody knows is no proof of anything and passes.
    """
    meanings = UNITS.get(unit)
    if meanings is not None and not fits(meanings, signal):
        raise Rejected("unit_mismatch", mismatch(unit, signal))


def fits(meanings: Meanings, signal: SignalBinding) -> bool:
    """Whether one of these meanings is the unit on the wire that the plant file names."""
    found, named = meanings.get(signal.spec.unit), signal.spec.conversion
    if found is None:
        return False
    same_offset = math.isclose(found.offset, named.offset, rel_tol=1e-6, abs_tol=1e-9)
    return same_offset and math.isclose(found.scale, named.scale, rel_tol=1e-6)


def mismatch(unit: str, signal: SignalBinding) -> str:
    """The detail of a refusal."""
    conversion = signal.spec.conversion
    expected = f"{conversion.scale:.7g} {signal.spec.unit}"
    if conversion.offset:
        expected += f" and an offset of {conversion.offset:.7g}"
    return f"the payload says {shown(unit)}, one unit of {signal.spec.name} is {expected}"
