"""What each mechanism does to the signals: one explicit table (ISO 13379-1, ISO 13373-3 and 13373-9 in words).

A new mechanism is a line in `core.faults.MECHANISMS` and an entry here. A term speaks of features or quantities; "own"
means signals on the component itself where there are any, else all signals of that sort on the asset.
"""

from __future__ import annotations

from dataclasses import dataclass

HIGH_BANDS = ("band_2000_4000", "band_4000_8000", "band_500_2000")
ALL_TONES = ("tone_bpfo", "tone_bpfi", "tone_bsf2")
BEST, TOGETHER, APART = "best", "together", "apart"


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look at.

    `features` (of waveforms) or `quantities` (of scalar signals); `direction` +1 rises, -1 falls. `weight` is added to
    the log odds in proportion to the strength; a negative weight is a sign of something else. `absent` is taken off
    when the sign can be observed and is not there, a third of it when it cannot be observed. `on` restricts to signals
    mounted on these kinds of component. `pattern` says how several signals of the sort are read: the best of them, all
    of them (`TOGETHER`), or how far they have come apart (`APART`, which needs two).
    """

    text: str
    weight: float
    features: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    direction: int = 1
    absent: float = 0.0
    on: tuple[str, ...] = ()
    own: bool = True
    pattern: str = BEST


@dataclass(frozen=True, slots=True)
class Signature:
    """Terms of a mechanism, and its P-F interval: median operating hours from first sign to failure, spread in ln."""

    terms: tuple[Term, ...]
    pf_hours: float
    pf_spread: float = 1.0


def spall(tone: str, name: str) -> tuple[Term, ...]:
    """A spall rings the structure at the rhythm of one tone."""
    return (
        Term(f"envelope tone at {name}", 5.0, (f"tone_{tone}",), absent=4.0),
        Term("high-frequency vibration", 1.5, HIGH_BANDS, absent=0.5),
        Term("vibration at shaft speed", -0.7, ("velocity_1x",)),
    )


ORDER_1X, ORDER_2X, ORDER_3X = ("velocity_1x",), ("velocity_2x",), ("velocity_3x",)
SLIP_SIDEBANDS = ("slip_sidebands",)
IMPULSIVE = ("kurtosis",)
ACCELERATION = ("acceleration",)
VELOCITY = ("vibration_velocity",)
TEMPERATURE = ("temperature",)
CURRENT = ("current",)

SIGNATURES: dict[str, Signature] = {
    "outer_race_spall": Signature(spall("bpfo", "BPFO"), 1_500.0),
    "inner_race_spall": Signature(spall("bpfi", "BPFI"), 1_200.0),
    "ball_spall": Signature(spall("bsf2", "2 x BSF"), 1_200.0),
    "bearing_wear": Signature(
        (
            Term("high-frequency vibration", 3.5, HIGH_BANDS, ACCELERATION, absent=2.5),
            Term("impulsive vibration", 1.0, IMPULSIVE, absent=1.0),
            Term("bearing temperature", 1.5, (), TEMPERATURE, absent=0.5, on=("bearing",)),
            Term("a clear bearing tone", -3.0, ALL_TONES),
            Term("vibration at shaft speed", -0.7, ORDER_1X),
            Term("overall velocity", 0.5, ("velocity_rms",), VELOCITY),
        ),
        1_500.0,
    ),
    "imbalance": Signature(
        (
            Term("vibration at 1x", 4.0, ORDER_1X, absent=3.5),
            Term("vibration at 2x", -1.5, ORDER_2X),
            Term("vibration at 3x", -1.5, ORDER_3X),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
            Term("overall velocity", 1.0, ("velocity_rms",), VELOCITY),
        ),
        2_500.0,
    ),
    "misalignment": Signature(
        (
            Term("vibration at 2x", 4.5, ORDER_2X, absent=3.5),
            Term("driven speed", -2.5, (), ("speed",), -1),
            Term("vibration at 1x", 0.5, ORDER_1X),
            Term("vibration at 3x", -1.5, ORDER_3X),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
            Term("overall velocity", 0.5, ("velocity_rms",), VELOCITY),
        ),
        2_500.0,
    ),
    "looseness": Signature(
        (
            Term("vibration at 3x", 4.0, ORDER_3X, absent=3.5),
            Term("vibration at 2x", 1.0, ORDER_2X),
            Term("vibration at 1x", 0.3, ORDER_1X),
            Term("high-frequency vibration", -1.0, HIGH_BANDS, ACCELERATION),
            Term("overall velocity", 0.5, ("velocity_rms",), VELOCITY),
        ),
        1_500.0,
    ),
    "cavitation": Signature(
        (
            Term("broad-band noise of collapsing bubbles", 2.0, HIGH_BANDS, ACCELERATION, absent=4.0),
            Term("flow", 2.5, (), ("flow",), -1, absent=1.0),
            Term("pressure", 2.5, (), ("pressure",), -1, absent=1.0, on=("impeller", "")),
            Term("impulsive vibration", -1.5, IMPULSIVE),
            Term("a clear bearing tone", -3.0, ALL_TONES),
            Term("vibration at shaft speed", -0.7, ORDER_1X),
        ),
        1_500.0,
    ),
    "seal_leak": Signature(
        (
            Term("level", 3.0, (), ("level",), -1),
            Term("pressure", 2.5, (), ("pressure",), -1, absent=2.0, on=("seal", "impeller", "")),
            Term("flow", 2.0, (), ("flow",), -1, absent=0.5),
            Term("seal temperature", 1.5, (), TEMPERATURE, on=("seal",)),
            Term("high-frequency vibration", -2.0, HIGH_BANDS, ACCELERATION),
        ),
        700.0,
    ),
    "winding_overheating": Signature(
        (
            Term("winding temperature", 5.0, (), TEMPERATURE, absent=3.5, on=("winding",)),
            Term("all phase currents alike", -2.5, (), CURRENT, pattern=TOGETHER),
            Term("currents of the phases drift apart", -2.0, (), CURRENT, pattern=APART),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
        ),
        1_000.0,
    ),
    "overload": Signature(
        (
            Term("all phase currents alike", 5.0, (), CURRENT, absent=4.0, pattern=TOGETHER),
            Term("winding temperature", 1.5, (), TEMPERATURE, on=("winding",)),
            Term("motor power", 1.0, (), ("power",)),
            Term("driven speed", -1.5, (), ("speed",), -1),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
        ),
        2_000.0,
    ),
    "phase_imbalance": Signature(
        (
            Term("currents of the phases drift apart", 5.5, (), CURRENT, absent=4.5, pattern=APART),
            Term("winding temperature", 1.0, (), TEMPERATURE, on=("winding",)),
            Term("vibration at 2x", 0.3, ORDER_2X),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
        ),
        1_500.0,
    ),
    "broken_rotor_bar": Signature(
        (
            Term("side bands at twice the slip", 5.0, SLIP_SIDEBANDS, absent=6.0),
            Term("vibration at 1x", 0.3, ORDER_1X),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
        ),
        4_000.0,
    ),
    "filter_clogging": Signature(
        (
            Term("pressure drop over the filter", 5.0, (), ("pressure",), absent=3.5, on=("filter",)),
            Term("flow", 0.7, (), ("flow",), -1),
            Term("high-frequency vibration", -1.5, HIGH_BANDS, ACCELERATION),
        ),
        800.0,
    ),
    "belt_wear": Signature(
        (
            Term("driven speed", 4.5, (), ("speed",), -1, absent=3.0),
            Term("vibration at 2x", 0.5, ORDER_2X),
            Term("flow", 0.7, (), ("flow",), -1),
            Term("overall velocity", 0.5, ("velocity_rms",), VELOCITY),
            Term("high-frequency vibration", -1.0, HIGH_BANDS, ACCELERATION),
        ),
        1_000.0,
    ),
}
"""Mechanism -> signature. P-F intervals are orders of magnitude from practice (vibration: one to nine months;
thermal and process signs: weeks), hence their spread of a factor of e both ways."""
