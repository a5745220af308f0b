"""Detection: how a vibration value was formed (RMS, true peak, peak to peak, ...). Read at load, never converted.

A peak is 1.414 times the RMS value for a sine only; on a knocking bearing it is three to ten times. So a unit such as
`mm/s pk` says two things: how the number is scaled, and what it must not be compared with.
"""

from __future__ import annotations

import re
from typing import get_args

from forewarn.pipeline.plant_schema import DetectionName

DETECTIONS: tuple[str, ...] = get_args(DetectionName)

WORDS: dict[str, str] = {
    "rms": "rms",
    "pk": "peak", "peak": "peak", "0-pk": "peak", "0-p": "peak", "0-peak": "peak", "true peak": "peak",
    "pk-pk": "peak_to_peak", "p-p": "peak_to_peak", "pkpk": "peak_to_peak", "peak-peak": "peak_to_peak",
    "peak-to-peak": "peak_to_peak", "peak to peak": "peak_to_peak", "pp": "peak_to_peak",
    "derived peak": "derived_peak", "derived pk": "derived_peak", "calculated peak": "derived_peak",
    "avg": "average", "average": "average", "mean": "average",
}  # fmt: skip
"""What stands behind a unit on gauges and in manuals -> detection."""

DETECTED = frozenset({"vibration_velocity", "acceleration", "displacement", "current", "voltage"})
"""Quantities of which several detections are in use."""

RMS_UNLESS_SAID = frozenset({"vibration_velocity", "acceleration"})
"""Scalar values of these are RMS where neither unit nor entry says otherwise: what ISO 20816-1 asks for and most
sensors send. Displacement has no such habit and stays unknown."""

_LONGEST_FIRST = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
_WITH_DETECTION = re.compile(rf"(?P<unit>.*?[^\s_-])[\s_-]+\(?(?P<word>{_LONGEST_FIRST})\)?", re.IGNORECASE)


def split_unit(written: str) -> tuple[str, str | None]:
    """The unit alone, and the detection that stands behind it, None where none does.

    >>> split_unit("in/s pk"), split_unit("g pk-pk"), split_unit("ips-pk"), split_unit("mm/s (RMS)"), split_unit("bar")
    (('in/s', 'peak'), ('g', 'peak_to_peak'), ('ips', 'peak'), ('mm/s', 'rms'), ('bar', None))
    """
    found = _WITH_DETECTION.fullmatch(written.strip())
    if found is None:
        return written, None
    return found["unit"], WORDS[found["word"].lower()]


def detection_fault(quantity: str, of_unit: str | None, stated: str | None) -> str | None:
    """What is wrong with a stated detection: it contradicts the unit, or means nothing for the quantity.

    >>> detection_fault("vibration_velocity", "peak", "rms")
    'rms is not what the unit says: peak'
    """
    if of_unit is not None and stated is not None and of_unit != stated:
        return f"{stated} is not what the unit says: {of_unit}"
    if quantity not in DETECTED and (of_unit or stated):
        return f"a {quantity} has no detection ({of_unit or stated}), only {', '.join(sorted(DETECTED))} have one"
    return None
