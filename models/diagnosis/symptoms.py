"""Plain words of a work order -> ISO 14224 failure modes and our mechanisms, by a table; "UNK" where it does not tell.

No training is needed, so it works from the first order on. Order of the lines is their rank: what destroys comes before
what is merely noticed. Words are stems of `wording`. A mechanism is named only when the text names the part and what is
wrong with it; a leak of a utility (oil, grease, coolant, air) is ELU, one of the process ELP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.plant import Asset
from forewarn.models.diagnosis.wording import stem, words_of

UNKNOWN = "UNK"


@dataclass(frozen=True, slots=True)
class Symptom:
    """`mode` where one of `words` stands, with all of `beside` where there are any; a word may be a pair of words."""

    mode: str
    words: tuple[str, ...]
    beside: tuple[str, ...] = ()


UTILITIES = ("oil", "grease", "lube", "coolant", "water", "air", "fuel", "hydraulic", "steam", "nitrogen", "diesel")

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom("INL", ("bypass", "pass internally", "internal leak", "leak internally")),
    *(Symptom("ELU", ("leak", "weep", "drip", "spray", "seep"), (medium,)) for medium in UTILITIES),
    Symptom("ELP", ("leak", "weep", "drip", "spray", "seep")),
    Symptom("OHE", ("overheat", "over temperature", "high temperature", "run hot", "too hot", "over temp")),
    Symptom("FTS", ("not start", "no start", "fail start", "no crank", "hard start", "jump start", "start fault")),
    Symptom("STP", ("not stop", "fail stop", "keep run", "creep")),
    Symptom("UST", ("shut down", "trip", "stop by itself", "cut out", "stall")),
    Symptom("FRO", ("seize", "jam", "not turn", "not rotate", "lock up")),
    Symptom("VIB", ("vibration", "vibrate", "shake", "imbalance", "unbalance")),
    Symptom("NOI", ("noise", "squeal", "knock", "grind", "rattle", "rumble")),
    Symptom("PLU", ("block", "plug", "clog", "choke", "restriction", "restrict", "contamination", "contaminate")),
    Symptom("AIR", ("fault", "faulty", "not work", "wrong", "read"), ("sensor",)),
    Symptom("AIR", ("fault", "faulty", "not work", "wrong", "read"), ("gauge",)),
    Symptom("AIR", ("fault", "faulty", "not work", "wrong", "read"), ("sender",)),
    Symptom("AIR", ("fault", "faulty", "not work", "wrong", "read"), ("transmitter",)),
    Symptom("STD", ("crack", "broken", "break", "snap", "bend", "loose", "miss", "fall", "damage", "corrode", "burst",
                    "blow", "tear", "split", "shear")),
    Symptom("LOO", ("low pressure", "low flow", "low output", "slow", "weak", "lose power", "no power", "low power")),
    Symptom("HIO", ("overspeed", "high output", "over pressure", "overfuel")),
    Symptom("ERO", ("hunt", "surge", "erratic", "intermittent", "fluctuate")),
    Symptom("FTF", ("not work", "inoperative", "no operation", "dead", "fail to work", "not operate")),
    Symptom("BRD", ("breakdown", "fail", "failure", "destroy")),
)  # fmt: skip

PARTS: dict[str, tuple[str, ...]] = {
    "bearing": ("bearing",), "seal": ("seal", "gland", "pack"), "coupling": ("coupling", "align", "alignment"),
    "foundation": ("foundation", "foot", "base", "bolt"), "impeller": ("impeller", "pump", "suction"),
    "rotor": ("rotor", "shaft"), "fan_wheel": ("fan", "blade"), "winding": ("winding", "stator", "motor"),
    "filter": ("filter", "strainer"), "belt": ("belt",),
    "sensor": ("sensor", "gauge", "sender", "transmitter", "probe"),
}  # fmt: skip
"""Kind of component -> words that name it."""

WRONG: dict[str, tuple[str, ...]] = {
    "bearing_wear": ("noise", "wear", "vibration", "vibrate", "fail", "seize", "rumble", "rough", "hot", "spall"),
    "imbalance": ("imbalance", "unbalance", "out of balance", "balance"),
    "misalignment": ("misalign", "misalignment", "out of line", "align", "alignment"),
    "looseness": ("loose", "sheared", "broken"),
    "cavitation": ("cavitation", "cavitate"),
    "seal_leak": ("leak", "weep", "drip", "spray", "seep"),
    "winding_overheating": ("overheat", "over temperature", "burn", "hot"),
    "overload": ("overload", "over current", "overcurrent"),
    "phase_imbalance": ("phase imbalance", "single phase", "phase loss", "unbalance current"),
    "filter_clogging": ("block", "plug", "clog", "choke", "restriction", "restrict", "dirty"),
    "belt_wear": ("wear", "slip", "broken", "loose", "squeal"),
    "sensor_fault": ("fault", "faulty", "not work", "wrong", "broken"),
}
"""Mechanism -> words that say so, beside a word for the part that it strikes."""


def failure_modes(text: str) -> tuple[str, ...]:
    """ISO 14224 failure modes that a text speaks of, the first the one to use; ("UNK",) when it does not tell.

    >>> failure_modes("REPL L/H HYD HOSE - OIL LEAKING"), failure_modes("gland leaking on pump 3")
    (('ELU',), ('ELP',))
    >>> failure_modes("mtr o/heat & noisy"), failure_modes("service as per schedule")
    (('OHE', 'NOI'), ('UNK',))
    """
    padded = _padded(words_of(text))
    found: dict[str, None] = {}
    for symptom in SYMPTOMS:
        if symptom.mode == "ELP" and "ELU" in found:
            continue
        if _holds(padded, symptom.words) and all(_holds(padded, (word,)) for word in symptom.beside):
            found.setdefault(symptom.mode)
    return tuple(found) or (UNKNOWN,)


def suggested_fault(text: str, asset: Asset) -> Fault | None:
    """The fault that a text names, when it names exactly one that this asset can have; None: ask the technician.

    A suggestion for a form, no label by itself: what was found is said by a person.

    >>> from forewarn.core.plant import Component
    >>> pump = Asset("p", "p", "pump", "s", "a", components=(Component("de", "bearing"), Component("seal1", "seal")))
    >>> str(suggested_fault("mech seal weeping", pump)), suggested_fault("checked, ok", pump)
    ('seal1:seal_leak', None)
    """
    padded = _padded(words_of(text))
    faults = [
        Fault(component.id, mechanism)
        for mechanism, words in WRONG.items()
        if _holds(padded, words)
        for component in asset.components
        if component.kind in MECHANISMS[mechanism].component_kinds and _holds(padded, PARTS.get(component.kind, ()))
    ]
    return faults[0] if len(faults) == 1 else None


def _padded(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _holds(padded: str, words: Iterable[str]) -> bool:
    """Does one of these words or pairs of words stand in the text?"""
    return any(f" {' '.join(map(stem, word.split()))} " in padded for word in words)
