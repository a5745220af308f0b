"""What an unknown number probably is: asset, quantity and unit, guessed from words of its topic and field. Pure tables.

A guess only fills in the form that a person then checks; `why` says what it rests on. Words are English, German and
Chinese in pinyin, as they stand in the topics of gateways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forewarn.core.readings import SignalSpec
from forewarn.core.units import CANONICAL_UNIT
from forewarn.ingest.sparkplug.topics import PREFIX as SPARKPLUG

_AS_USUAL = {"format": "json", "time_unit": "ms"}
_LABELS = r'"(?:b?[nvtus]|bver|v[sbd]|ut)"'
_SENML = re.compile(rf"\s*\[\s*\{{\s*(?:{_LABELS}\s*:[^,{{\[}}]*,\s*)*\"b?n\"\s*:")
"""The beginning of an array of records with SenML's labels and no others, up to a name."""

_NUMBER = re.compile(r"\s*[-+.0-9eE]+\s*")

WORDS: dict[str, tuple[str, ...]] = {
    "temperature": ("temp", "temperature", "temperatur", "tmp", "wendu", "pt100", "pt1000", "ntc", "celsius"),
    "pressure": ("pressure", "press", "druck", "yali", "baro", "barometer"),
    "vibration_velocity": (
        *("velocity", "vel", "vrms", "veff", "vib", "vibration", "schwingung", "schwinggeschwindigkeit", "zhendong"),
        "zhensu",
    ),
    "acceleration": ("acceleration", "accel", "acc", "grms", "apeak", "beschleunigung", "jiasudu"),
    "displacement": ("displacement", "disp", "wellenschwingung", "verlagerung", "weiyi"),
    "speed": ("rpm", "speed", "drehzahl", "zhuansu", "revs", "tacho"),
    "current": ("current", "strom", "dianliu", "amp", "amps", "ampere", "irms"),
    "voltage": ("voltage", "volt", "volts", "spannung", "dianya", "battery", "batt", "vbat", "urms"),
    "power": ("power", "leistung", "gonglv", "wirkleistung"),
    "energy": ("energy", "energie", "dianneng", "kwh", "verbrauch"),
    "flow": ("flow", "durchfluss", "volumenstrom", "liuliang"),
    "level": ("level", "fuellstand", "füllstand", "pegel", "yewei"),
    "torque": ("torque", "drehmoment", "niuju"),
    "ratio": ("humidity", "hum", "humid", "rh", "feuchte", "shidu", "percent", "pct", "load", "last", "duty", "soc"),
    "counter": ("count", "counter", "pulses", "zaehler", "zähler", "jishu"),
    "operating_time": ("hours", "runtime", "betriebsstunden", "laufzeit", "uptime", "yunxingshijian"),
    "run_state": ("running", "run", "state", "status", "betrieb", "laeuft", "zhuangtai"),
    "dimensionless": ("kurtosis", "crest", "skewness", "factor", "cosphi", "qiaodu"),
}
"""Quantity -> words for it, most telling first."""

VAGUE = frozenset(
    {"vib", "vibration", "state", "status", "battery", "batt", "factor", "load", "last", "run", "zhendong"}
)
"""Words that stand beside better ones: `vibration/temperature` is a temperature."""

UNITS: dict[str, tuple[str, str]] = {
    "c": ("degC", "temperature"), "degc": ("degC", "temperature"), "celsius": ("degC", "temperature"),
    "°c": ("degC", "temperature"), "f": ("degF", "temperature"), "degf": ("degF", "temperature"),
    "°f": ("degF", "temperature"), "fahrenheit": ("degF", "temperature"), "k": ("K", "temperature"),
    "mm/s": ("mm/s", "vibration_velocity"), "mms": ("mm/s", "vibration_velocity"),
    "mmps": ("mm/s", "vibration_velocity"), "mm s": ("mm/s", "vibration_velocity"),
    "mm sec": ("mm/s", "vibration_velocity"), "in/s": ("in/s", "vibration_velocity"),
    "in sec": ("in/s", "vibration_velocity"), "in s": ("in/s", "vibration_velocity"),
    "ips": ("in/s", "vibration_velocity"), "in/sec": ("in/s", "vibration_velocity"),
    "g": ("g", "acceleration"), "mg": ("mg", "acceleration"), "m/s2": ("m/s^2", "acceleration"),
    "m/s^2": ("m/s^2", "acceleration"), "m/s²": ("m/s^2", "acceleration"), "ms2": ("m/s^2", "acceleration"),
    "um": ("um", "displacement"), "µm": ("um", "displacement"), "mil": ("mil", "displacement"),
    "rpm": ("rpm", "speed"), "1/min": ("rpm", "speed"), "r/min": ("rpm", "speed"),
    "bar": ("bar", "pressure"), "mbar": ("mbar", "pressure"), "psi": ("psi", "pressure"), "pa": ("Pa", "pressure"),
    "kpa": ("kPa", "pressure"), "mpa": ("MPa", "pressure"), "hpa": ("hPa", "pressure"),
    "m3/h": ("m^3/h", "flow"), "m3h": ("m^3/h", "flow"), "m³/h": ("m^3/h", "flow"), "l/min": ("L/min", "flow"),
    "lpm": ("L/min", "flow"), "gpm": ("gpm", "flow"),
    "a": ("A", "current"), "ma": ("mA", "current"), "v": ("V", "voltage"), "mv": ("mV", "voltage"),
    "kw": ("kW", "power"), "w": ("W", "power"), "kwh": ("kWh", "energy"), "wh": ("Wh", "energy"),
    "nm": ("Nm", "torque"), "percent": ("percent", "ratio"), "pct": ("percent", "ratio"), "%": ("percent", "ratio"),
    "rh": ("percent", "ratio"), "h": ("h", "operating_time"), "hours": ("h", "operating_time"),
}  # fmt: skip
"""What stands behind a name or in a unit text -> (unit for the plant file, quantity)."""

PLAUSIBLE: dict[str, tuple[float, float]] = {
    "temperature": (-60, 1200),
    "pressure": (-1e6, 1e9),
    "vibration_velocity": (-1000, 1000),
    "speed": (-1, 200_000),
    "ratio": (-1, 1000),
    "run_state": (0, 100),
    "voltage": (-1e6, 1e6),
}
"""Readings outside cast doubt on the guess."""

_NAMELESS = frozenset({"", "value", "val", "v", "data", "payload", "reading", "wert", "zhi"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[^\w°%µ²³]+|_+")
_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a place probably carries. `asset` None: no machine of the plant is named; `quantity` None: no word tells.

    `unit` is written as in the plant file; `confidence` lies in [0, 1] and only orders guesses.
    """

    asset: str | None
    signal: str
    quantity: str | None
    unit: str | None
    confidence: float
    why: str


def guess(topic: str, field: str, value: float, unit_text: str = "", assets: Sequence[str] = ()) -> Guess:
    """The best guess about a number seen at a topic and a path inside the payload ("" = the whole payload).

    `unit_text` is what the payload itself calls the unit, `assets` are the ids of the plant's machines.

    >>> found = guess("hall-2/pump-7/env", "bearingTemp_F", 140.0, assets=["pump-7"])
    >>> found.asset, found.signal, found.quantity, found.unit
    ('pump-7', 'bearing_temp', 'temperature', 'degF')
    """
    levels = [level for level in topic.split("/") if level]
    last = levels[-1] if levels else ""
    name = words_of(field)
    name = words_of(last) if set(name) <= _NAMELESS else name
    unit, quantity_of_unit, rest = _unit_of(name, unit_text)
    asset = _asset_of(levels, assets)
    others = [level for level in levels if asset is None or not _same_name(level, asset)]  # a compressor is no pressure
    quantity, why, strength = _quantity_of(rest or name, [word for level in others for word in words_of(level)])
    if quantity_of_unit and (quantity is None or quantity_of_unit == quantity or strength < 0.3):
        why = [*why, f"unit {unit}"] if quantity_of_unit == quantity else [f"unit {unit}"]
        quantity, strength = quantity_of_unit, strength + 0.4 if quantity_of_unit == quantity else 0.4
    elif quantity is not None:  # a unit that does not belong to the word is no unit
        unit, rest = CANONICAL_UNIT[quantity], name
    if asset is not None:
        why, strength = [*why, f"asset {asset}"], strength + 0.1
    if quantity in PLAUSIBLE and not PLAUSIBLE[quantity][0] <= value <= PLAUSIBLE[quantity][1]:
        why, strength = [*why, f"{value:g} is unusual"], strength / 2
    confidence = round(min(strength, 0.95), 2) if quantity else 0.0
    return Guess(asset, _signal_id(rest or name), quantity, unit if quantity else None, confidence, ", ".join(why))


def wire_of(topic: str, field: str, sample: str, signals: Iterable[SignalSpec]) -> dict[str, str]:
    """What the entry of an adopted signal has to say of its format, as in the plant file; nothing for plain JSON.

    One topic has one format: where `signals` hold another one of this topic, it is that one's. Else the topic tells, or
    the piece of a payload that was seen.

    >>> wire_of("spBv1.0/hall/edge-1", "Temp", "Temp = 21.5", []), wire_of("hall/temp", "", "21.5", [])
    ({'format': 'sparkplug'}, {'format': 'plain'})
    >>> wire_of("hall/p1", "p1:temp", '[{"bn":"p1:","n":"temp","v":61.5},{"n":"spe', [])
    {'format': 'senml'}
    >>> wire_of("hall/p1", "temp", '{"temp":61.5}', [])
    {}
    """
    for spec in signals:
        if spec.topic == topic:
            said = {"format": spec.format, "time_field": spec.time_field, "time_unit": spec.time_unit}
            said["template"] = spec.template
            return {key: value for key, value in said.items() if value and value != _AS_USUAL.get(key)}
    if topic.startswith(SPARKPLUG):
        return {"format": "sparkplug"}
    if _SENML.match(sample):
        return {"format": "senml"}
    return {"format": "plain"} if not field and _NUMBER.fullmatch(sample) else {}


def words_of(text: str) -> list[str]:
    """The words of a name, in small letters: `bearingTemp_F` is three.

    >>> words_of("bearingTemp_F"), words_of("Z-Axis RMS Velocity (in/sec)")
    (['bearing', 'temp', 'f'], ['z', 'axis', 'rms', 'velocity', 'in', 'sec'])
    """
    return [word.lower() for word in _BETWEEN.split(_CAMEL.sub(" ", text)) if word]


def _unit_of(name: list[str], unit_text: str) -> tuple[str | None, str | None, list[str]]:
    """(unit, its quantity, the name without it): what the payload says, else the last words of the name."""
    said = UNITS.get(unit_text.strip().lower())
    if said is not None:
        return (*said, name)
    for length in (2, 1):
        if len(name) > length and (found := UNITS.get(" ".join(name[-length:]))):
            return (*found, name[:-length])
    return None, None, name


def _quantity_of(name: Sequence[str], around: Sequence[str]) -> tuple[str | None, list[str], float]:
    """(quantity, why, strength): by the name of the value, else by the levels around it, the nearest first."""
    for place, words, strong, weak in (("field", name, 0.5, 0.25), ("topic", around[::-1], 0.3, 0.15)):
        hits = [(word, quantity) for word in words if (quantity := _meaning(word)) is not None]
        telling = [hit for hit in hits if hit[0] not in VAGUE]
        if hits:
            word, quantity = (telling or hits)[0]
            return quantity, [f"{word!r} in the {place}"], strong if telling else weak
    return None, [], 0.0


def _meaning(word: str) -> str | None:
    bare = word.rstrip("0123456789") or word
    if word in _MEANINGS or bare in _MEANINGS:
        return _MEANINGS.get(word) or _MEANINGS.get(bare)
    parts = [known for known in _MEANINGS if len(known) >= 5 and known in word]  # German joins its words
    return _MEANINGS[max(parts, key=lambda known: (word.endswith(known), len(known)))] if parts else None


_MEANINGS = {word: quantity for quantity, words in WORDS.items() for word in words}


def _asset_of(levels: Sequence[str], assets: Sequence[str]) -> str | None:
    """The machine that a level of the topic names, whatever its hyphens; the last such level counts."""
    for level in reversed(levels):
        found = next((asset for asset in assets if _same_name(level, asset)), None)
        if found is not None:
            return found
    return None


def _same_name(level: str, asset: str) -> bool:
    return _ID.sub("", level.lower()) == _ID.sub("", asset.lower())


def _signal_id(name: Sequence[str]) -> str:
    """An id as the plant file wants it."""
    return _ID.sub("_", "_".join(name)).strip("_")[:64] or "value"
