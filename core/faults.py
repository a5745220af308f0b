"""Faults: a component and the mechanism that destroys it, with their ISO 14224 words.

A failure mode alone (VIB) would merge a bearing spall, imbalance and misalignment into one order; the job plan and the
parts hang on the fault. ISO 14224:2016 codes: failure mode (annex B.2.6), failure mechanism (table B.2), here by the
numbers that `docs/reference` lists.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong where: `component` is an id of the asset's components, `mechanism` a key of `MECHANISMS`.

    >>> str(Fault("de_bearing", "outer_race_spall"))
    'de_bearing:outer_race_spall'
    """

    component: str
    mechanism: str

    def __str__(self) -> str:
        return f"{self.component}:{self.mechanism}"

    @staticmethod
    def parse(text: str) -> Fault:
        """The inverse of `str`. Refuses text without exactly one colon."""
        component, colon, mechanism = text.partition(":")
        if not (component and colon and mechanism) or ":" in mechanism:
            raise ValueError(f"a fault is written component:mechanism, not {text!r}")
        return Fault(component, mechanism)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`mode`: usual ISO 14224 failure mode. `iso_mechanism`: its mechanism code. `component_kinds`: what it strikes."""

    label: str
    mode: str
    iso_mechanism: str
    component_kinds: tuple[str, ...]
    next_check: str


MECHANISMS: dict[str, Mechanism] = {
    "outer_race_spall": Mechanism(
        "outer-race spall", "VIB", "2.6 fatigue", ("bearing",), "Envelope spectrum at BPFO; inspect the load zone"
    ),
    "inner_race_spall": Mechanism(
        "inner-race spall", "VIB", "2.6 fatigue", ("bearing",), "Envelope spectrum at BPFI with 1x side bands"
    ),
    "ball_spall": Mechanism(
        "rolling-element spall", "VIB", "2.6 fatigue", ("bearing",), "Envelope spectrum at 2 x BSF; ultrasound"
    ),
    "bearing_wear": Mechanism(
        "bearing damage, race not identified", "VIB", "2.4 wear", ("bearing",), "Grease sample, ultrasound, end play"
    ),
    "imbalance": Mechanism(
        "imbalance", "VIB", "1.2 vibration", ("rotor", "impeller", "fan_wheel"), "Phase at 1x on both bearings"
    ),
    "misalignment": Mechanism(
        "misalignment",
        "VIB",
        "1.3 clearance/alignment failure",
        ("coupling",),
        "Laser alignment; 2x and axial vibration",
    ),
    "looseness": Mechanism("looseness", "VIB", "1.5 looseness", ("foundation",), "Torque of the foot bolts"),
    "cavitation": Mechanism("cavitation", "PDE", "2.1 cavitation", ("impeller",), "Suction pressure and NPSH margin"),
    "seal_leak": Mechanism("seal leak", "ELP", "1.1 leakage", ("seal",), "Look at the seal; flush and drain flow"),
    "winding_overheating": Mechanism(
        "winding overheating", "OHE", "2.7 overheating", ("winding",), "Cooling path, phase currents, insulation test"
    ),
    "overload": Mechanism(
        "overload",
        "OHE",
        "2.7 overheating",
        ("winding",),
        "Phase currents against the rating plate; what the process asks",
    ),
    "phase_imbalance": Mechanism(
        "phase imbalance",
        "PDE",
        "4.4 faulty power/voltage",
        ("winding",),
        "Current and voltage of each phase; terminals by thermal camera",
    ),
    "broken_rotor_bar": Mechanism(
        "broken rotor bar", "PDE", "2.5 breakage", ("rotor",), "Spectrum of one phase current at full load"
    ),
    "filter_clogging": Mechanism(
        "filter clogging", "PLU", "5.1 blockage/plugged", ("filter",), "Differential pressure at full flow"
    ),
    "belt_wear": Mechanism("belt wear", "LOO", "2.4 wear", ("belt",), "Slip and tension"),
    "sensor_fault": Mechanism(
        "sensor fault", "AIR", "3.0 instrument", ("sensor",), "Check the sensor against a hand-held one"
    ),
}
"""Every mechanism that Forewarn can name. A new one is a line here, and a signature in `models`."""

FAILURE_MODES: dict[str, str] = {
    "AIR": "abnormal instrument reading",
    "BRD": "breakdown",
    "ELP": "external leakage, process medium",
    "ELU": "external leakage, utility medium",
    "ERO": "erratic output",
    "FRO": "failure to rotate",
    "FTC": "failure to close on demand",
    "FTF": "failure to function on demand",
    "FTO": "failure to open on demand",
    "FTS": "failure to start on demand",
    "HIO": "high output",
    "IHT": "insufficient heat transfer",
    "INL": "internal leakage",
    "LOO": "low output",
    "NOI": "noise",
    "NOO": "no output",
    "OHE": "overheating",
    "OTH": "other",
    "PDE": "parameter deviation",
    "PLU": "plugged or choked",
    "SER": "minor in-service problems",
    "STD": "structural deficiency",
    "STP": "failure to stop on demand",
    "UNK": "unknown",
    "UST": "spurious stop",
    "VIB": "vibration",
}
"""ISO 14224:2016 failure modes of rotating and electrical equipment (annex B.2.6): code -> words."""
