"""ISO 14224 codes of a finished repair: mechanism, cause, detection method and activity, each number with its words.

ISO 14224:2016, tables B.2 (failure mechanism), B.3 (failure cause), B.4 (detection method) and B.5 (maintenance
activity). Failure modes (annex B.2.6) are `core.faults.FAILURE_MODES`. An order keeps the numbers; people read the
words.
"""

from __future__ import annotations

FAILURE_MECHANISMS: dict[str, str] = {
    "1.0": "mechanical failure, general",
    "1.1": "leakage",
    "1.2": "vibration",
    "1.3": "clearance or alignment failure",
    "1.4": "deformation",
    "1.5": "looseness",
    "1.6": "sticking",
    "2.0": "material failure, general",
    "2.1": "cavitation",
    "2.2": "corrosion",
    "2.3": "erosion",
    "2.4": "wear",
    "2.5": "breakage",
    "2.6": "fatigue",
    "2.7": "overheating",
    "2.8": "burst",
    "3.0": "instrument failure, general",
    "3.1": "control failure",
    "3.2": "no signal, indication or alarm",
    "3.3": "faulty signal, indication or alarm",
    "3.4": "out of adjustment",
    "3.5": "software error",
    "3.6": "common cause or common mode failure",
    "4.0": "electrical failure, general",
    "4.1": "short circuit",
    "4.2": "open circuit",
    "4.3": "no power or voltage",
    "4.4": "faulty power or voltage",
    "4.5": "earth or isolation fault",
    "5.0": "external influence, general",
    "5.1": "blockage, plugged",
    "5.2": "contamination",
    "5.3": "other external influence",
    "6.0": "miscellaneous, general",
    "6.1": "no cause found",
    "6.2": "combined causes",
    "6.3": "other",
    "6.4": "unknown",
}
"""Failure mechanisms (table B.2): what physically happened."""

FAILURE_CAUSES: dict[str, str] = {
    "1.0": "design, general",
    "1.1": "improper capacity",
    "1.2": "improper material",
    "2.0": "fabrication or installation, general",
    "2.1": "fabrication failure",
    "2.2": "installation failure",
    "3.0": "operation or maintenance, general",
    "3.1": "off-design service",
    "3.2": "operating error",
    "3.3": "maintenance error",
    "3.4": "expected wear and tear",
    "4.0": "management, general",
    "4.1": "documentation error",
    "4.2": "management error",
    "5.0": "miscellaneous, general",
    "5.1": "no cause found",
    "5.2": "common cause",
    "5.3": "combined causes",
    "5.4": "failure of another unit, cascading failure",
    "5.5": "other",
    "5.6": "unknown",
}
"""Failure causes (table B.3): why it came to that."""

DETECTION_METHODS: dict[str, str] = {
    "1": "periodic maintenance",
    "2": "functional testing",
    "3": "inspection",
    "4": "periodic condition monitoring",
    "5": "pressure testing",
    "6": "continuous condition monitoring",
    "7": "production interference",
    "8": "casual observation",
    "9": "corrective maintenance",
    "10": "on demand",
    "11": "other",
}
"""Detection methods (table B.4): how it was noticed."""

ACTIVITIES: dict[str, str] = {
    "1": "replace",
    "2": "repair",
    "3": "modify",
    "4": "adjust",
    "5": "refit",
    "6": "check",
    "7": "service",
    "8": "test",
    "9": "inspection",
    "10": "overhaul",
    "11": "combination",
    "12": "other",
}
"""Maintenance activities (table B.5): what was done."""


UNKNOWN_CODES: dict[str, str] = {
    "failure_mode_found": "UNK",
    "failure_mechanism": "6.4",
    "failure_cause": "5.6",
    "detection_method": "11",
    "activity": "12",
}
"""The codes of a report on a repair of which nobody knows more (imported history, a replay)."""


def code_of(iso_mechanism: str) -> str:
    """The number of a `core.faults.Mechanism.iso_mechanism`.

    >>> code_of("2.6 fatigue")
    '2.6'
    """
    return iso_mechanism.partition(" ")[0]
