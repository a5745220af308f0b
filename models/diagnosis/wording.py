"""Maintenance shorthand -> plain words: "REPL L/H HYD CYL SEAL U/S" is about a left hydraulic cylinder's seal.

One small table of our own, of shorthand that is used across trades; endings are cut so that leak, leaks and leaking are
one word. Numbers that only name a machine or a date are dropped. Misspelt words are left to the letters (`text` also
looks at runs of letters): a wrong correction would do more harm than none.
"""

from __future__ import annotations

import re

SHORTHAND: dict[str, str] = {
    "a/c": "air conditioner", "aircon": "air conditioner", "a/con": "air conditioner",
    "a/cond": "air conditioner", "accum": "accumulator", "adj": "adjust", "alt": "alternator", "assy": "assembly",
    "b/d": "breakdown", "batt": "battery", "brg": "bearing", "brgs": "bearing", "brk": "brake", "c/o": "change out",
    "c/out": "change out", "chg": "change", "chgout": "change out", "changeout": "change out", "chk": "check",
    "comp": "compressor", "compr": "compressor", "conn": "connection", "cyl": "cylinder",
    "cyls": "cylinder", "cct": "circuit", "d/e": "drive end", "nde": "non drive end",
    "dmg": "damage", "dp": "differential pressure", "elec": "electric", "eng": "engine",
    "engs": "engine", "exh": "exhaust", "ext": "external", "f/d": "final drive", "fd": "final drive",
    "fab": "fabricate",
    "flt": "fault", "fltr": "filter", "frt": "front", "g/box": "gearbox", "gbox": "gearbox", "gen": "generator",
    "h/p": "high pressure", "hp": "high pressure", "hx": "heat exchanger", "hyd": "hydraulic", "hyds": "hydraulic",
    "hydr": "hydraulic", "hydraulics": "hydraulic", "ign": "ignition", "inop": "not work", "insp": "inspect",
    "l/h": "left", "l/h/s": "left", "lh": "left", "lhs": "left", "l/p": "low pressure",
    "lp": "low pressure", "lub": "lube", "maint": "maintain", "mcc": "motor control", "mech": "mechanical",
    "mods": "modify", "modification": "modify", "mtg": "mount", "mtr": "motor", "n/w": "not work", "o/h": "overhaul",
    "o/haul": "overhaul", "o/heat": "overheat", "o/temp": "over temperature", "o/ring": "o-ring", "oring": "o-ring",
    "orings": "o-ring", "o/s": "out of service", "ops": "operator", "p/p": "pump",
    "pmp": "pump", "press": "pressure", "prv": "pressure relief valve",
    "r/h": "right", "r/h/s": "right", "rh": "right", "rhs": "right", "r/r": "remove replace", "rad": "radiator",
    "reg": "regulator", "rep": "repair", "repl": "replace", "rpl": "replace",
    "rplc": "replace", "rpr": "repair", "req": "require", "reqd": "require", "req'd": "require", "rtn": "return",
    "s/s": "stainless", "sched": "schedule", "serv": "service", "svc": "service", "sol": "solenoid",
    "stn": "station", "suct": "suction", "sw": "switch", "sys": "system", "temp": "temperature",
    "temps": "temperature", "thermo": "thermostat", "trans": "transmission", "tx": "transmitter",
    "u/c": "undercarriage",
    "u/s": "not work", "unserviceable": "not work", "v/v": "valve", "vib": "vibration",
    "vlv": "valve", "w/p": "water pump", "w/shop": "workshop", "wont": "will not", "won't": "will not",
    "cant": "can not", "can't": "can not", "doesnt": "not", "doesn't": "not", "isnt": "not", "isn't": "not", "&": "and",
    "xmtr": "transmitter", "broke": "broken", "blown": "blow", "blew": "blow", "leaky": "leak", "leakage": "leak",
    "worn": "wear", "bent": "bend", "burnt": "burn", "noisy": "noise", "teeth": "tooth",
    "batteries": "battery", "lost": "lose", "losing": "lose", "loosing": "lose", "stuck": "stick",
}  # fmt: skip
"""Shorthand -> plain words. What is ambiguous between trades is left out."""

_WORDS = re.compile(r"[a-z&][a-z'&]*(?:/[a-z]+)+|[a-z]-ring|[a-z][a-z']*|&|\d+")
_MARK = re.compile(r"\b(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{4,}\b|\b\d+(?:[-/.]\d+)+\b")
_ENDINGS = ("ings", "ing", "ers", "ies", "ed", "es", "s")
_LEAST_STEM = 4


def words_of(text: str) -> list[str]:
    """Plain words of a short text, in their order.

    >>> words_of("REPL L/H HYD CYL - leaking (SHD0024) 13/2/06")
    ['replac', 'left', 'hydraulic', 'cylinder', 'leak']
    >>> words_of("C/OUT brg, pump noisy & running hot")
    ['chang', 'out', 'bear', 'pump', 'noise', 'and', 'run', 'hot']
    """
    found = _WORDS.findall(_MARK.sub(" ", text.lower()))
    plain = (word for raw in found for word in spelt_out(raw).split())
    return [stem(word) for word in plain]


def spelt_out(word: str) -> str:
    """A word or the words it stands for, with or without its ending; two words with a stroke between them that are no
    shorthand are two words.

    >>> spelt_out("o/heating"), spelt_out("broken/missing")
    ('overheat', 'broken missing')
    """
    known = SHORTHAND.get(word) or (SHORTHAND.get(without_ending(word)) if "/" in word else None)
    return known or " ".join(SHORTHAND.get(part, part) for part in word.split("/"))


def without_ending(word: str) -> str:
    """A word without its ending, where enough of it is left."""
    for ending in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("e") and len(word) > _LEAST_STEM + 1 else word


def stem(word: str) -> str:
    """A word without its ending, crude and always the same.

    >>> {stem(w) for w in ("replace", "replaced", "replacing", "replaces")}, {stem(w) for w in ("slip", "slipping")}
    ({'replac'}, {'slip'})
    """
    left = without_ending(word)
    doubled = left != word and len(left) >= _LEAST_STEM and left[-1] == left[-2] and left[-1] in "bdgmnprt"
    return left[:-1] if doubled else left


def normalised(text: str) -> str:
    """The plain words joined by blanks.

    >>> normalised("Oil leak from R/H o/ring")
    'oil leak from right o-ring'
    """
    return " ".join(words_of(text))
