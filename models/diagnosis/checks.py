"""The next check: what a technician looks at to tell the two most probable faults apart.

A check of one fault alone often fits its rival too: a look at the coupling finds 1x for imbalance and for misalignment.
The table says for two mechanisms what differs between them (ISO 13373-3 annexes, ISO 13373-9, IEEE 1415, ISO 29821 on
ultrasound, in words of our own). Where it has no line, the check of the mechanism itself stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from forewarn.core.faults import MECHANISMS, Fault

SURE = 0.95  # above it nothing is left to be told apart

_TABLE: tuple[tuple[str, str, str], ...] = (
    ("outer_race_spall", "inner_race_spall",
     "Side bands in the envelope spectrum, load zone: 1x around the tone is the inner race, none is the outer race"),
    ("outer_race_spall", "ball_spall",
     "Side bands in the envelope spectrum: at the cage tone (FTF) it is a rolling element, none is the outer race"),
    ("inner_race_spall", "ball_spall",
     "Spacing of the side bands in the envelope spectrum: shaft speed (1x) is the inner race, cage tone (FTF) a ball"),
    ("outer_race_spall", "bearing_wear",
     "Envelope spectrum of a long block (10 s) at steady speed: a tone at BPFO with harmonics is a spall"),
    ("inner_race_spall", "bearing_wear",
     "Envelope spectrum of a long block (10 s) at steady speed: a tone at BPFI with 1x side bands is a spall"),
    ("ball_spall", "bearing_wear",
     "Envelope spectrum of a long block (10 s) at steady speed: a tone at 2 x BSF with FTF side bands is a spall"),
    ("outer_race_spall", "looseness",
     "Envelope spectrum: BPFO is no multiple of shaft speed, looseness is; then the torque of the foot bolts"),
    ("inner_race_spall", "looseness",
     "Envelope spectrum: BPFI is no multiple of shaft speed, looseness is; then the torque of the foot bolts"),
    ("bearing_wear", "cavitation",
     "Suction pressure against NPSH, and ultrasound at the bearing: cavitation fades when the flow is throttled"),
    ("outer_race_spall", "cavitation",
     "Ultrasound at the bearing against the casing, and suction pressure: cavitation fades when the flow is throttled"),
    ("inner_race_spall", "cavitation",
     "Ultrasound at the bearing against the casing, and suction pressure: cavitation fades when the flow is throttled"),
    ("bearing_wear", "looseness",
     "Grease sample and ultrasound at the bearing; torque of the foot bolts, and vibration across each joint"),
    ("bearing_wear", "imbalance",
     "Spectrum at the bearing: a single line at 1x is imbalance, a raised floor at high frequency is the bearing"),
    ("bearing_wear", "winding_overheating",
     "Where is it hottest? Thermal camera along the motor: bearing housing against stator; ultrasound at the bearing"),
    ("imbalance", "misalignment",
     "Phase at 1x across the coupling, and axial vibration: 180 degrees or strong axial is misalignment"),
    ("imbalance", "looseness",
     "Phase at 1x, vertical against horizontal: steady and 90 degrees apart is imbalance, wandering is looseness"),
    ("imbalance", "broken_rotor_bar",
     "Vibration the moment the supply is cut: imbalance fades with the speed, an electrical cause is gone at once"),
    ("imbalance", "phase_imbalance",
     "Vibration the moment the supply is cut: imbalance fades with the speed, an electrical cause is gone at once"),
    ("imbalance", "cavitation",
     "Spectrum: a line at 1x is imbalance, broad noise above 2 kHz with low suction pressure is cavitation"),
    ("imbalance", "belt_wear",
     "Order of the line: shaft speed (1x) is imbalance, belt speed and its multiples the belt; strobe on the belt"),
    ("misalignment", "looseness",
     "Phase across the coupling against phase between foot and base; re-torque the foot bolts, then laser alignment"),
    ("misalignment", "belt_wear",
     "Slip with a strobe, and belt tension; then the alignment of the pulleys"),
    ("misalignment", "phase_imbalance",
     "Is the 2x line twice the shaft or twice the supply? A long spectrum tells them apart; it goes when power is cut"),
    ("misalignment", "bearing_wear",
     "Axial vibration at 1x and 2x with phase across the coupling; ultrasound at the bearing"),
    ("looseness", "belt_wear", "Slip and belt tension with a strobe; then the torque of the foot bolts"),
    ("cavitation", "seal_leak",
     "Look at the seal and its drain; suction pressure against NPSH, and the noise while the flow is throttled"),
    ("cavitation", "filter_clogging",
     "Pressure drop over the suction filter: high is the filter that starves the pump, usual is the suction itself"),
    ("seal_leak", "filter_clogging",
     "Pressure drop over the filter at full flow: high is the filter, usual with low flow is a leak; look at the seal"),
    ("seal_leak", "belt_wear", "Driven speed with a strobe: low is the belt, usual with low flow is a leak"),
    ("filter_clogging", "belt_wear",
     "Driven speed with a strobe against the pressure drop over the filter at full flow"),
    ("winding_overheating", "overload",
     "Phase currents against the rating plate: above it is overload, at the usual current the cooling path is blocked"),
    ("winding_overheating", "phase_imbalance",
     "Current and voltage of each phase: more than 10 % apart is the supply or a joint, alike is the cooling path"),
    ("overload", "phase_imbalance",
     "Current of each phase: all high alike is overload, one apart from the others is the supply or a joint"),
    ("overload", "filter_clogging", "Pressure drop over the filter, and phase currents against the rating plate"),
    ("overload", "bearing_wear",
     "Turn the shaft by hand and listen with ultrasound: a stiff bearing loads the motor as the process does"),
    ("overload", "broken_rotor_bar",
     "Spectrum of one phase current: lines at twice the slip beside the supply line are rotor bars"),
    ("broken_rotor_bar", "phase_imbalance",
     "Spectrum of one phase current for lines at twice the slip; then the currents of all phases side by side"),
    ("broken_rotor_bar", "winding_overheating",
     "Spectrum of one phase current for lines at twice the slip; then insulation and winding resistance"),
)  # fmt: skip

SEPARATING: dict[frozenset[str], str] = {frozenset((one, other)): check for one, other, check in _TABLE}
"""Two mechanisms -> the check that tells them apart, whichever comes first."""


def next_check(fault: Fault, rival: Fault | None) -> str:
    """The check that separates a fault from its strongest rival; without a rival or a line for the two, its own.

    >>> next_check(Fault("rotor", "imbalance"), Fault("coupling", "misalignment"))[:33]
    'Phase at 1x across the coupling, '
    >>> next_check(Fault("de", "looseness"), Fault("nde", "looseness"))
    'Compare de with nde at the same moment: the stronger sign is the place. Torque of the foot bolts'
    >>> next_check(Fault("seal", "seal_leak"), None)
    'Look at the seal; flush and drain flow'
    """
    own = MECHANISMS[fault.mechanism].next_check
    if rival is None:
        return own
    if rival.mechanism == fault.mechanism:
        places = f"Compare {fault.component} with {rival.component} at the same moment"
        return f"{places}: the stronger sign is the place. {own}"
    return SEPARATING.get(frozenset((fault.mechanism, rival.mechanism)), own)


def checks_for(ranked: Sequence[tuple[Fault, float]]) -> list[str]:
    """One check per fault of a ranking with probabilities, most probable first: it separates the fault from the
    strongest of the others. Where the first is sure, nothing is left to separate and it keeps its own check.

    >>> checks_for([(Fault("seal", "seal_leak"), 0.97), (Fault("impeller", "cavitation"), 0.03)])[0]
    'Look at the seal; flush and drain flow'
    """
    if not ranked:
        return []
    first, probability = ranked[0]
    rival = ranked[1][0] if len(ranked) > 1 and probability < SURE else None
    return [next_check(first, rival), *(next_check(fault, first) for fault, _ in ranked[1:])]
