"""Places in a nested payload: `state.reported.temp`, `sensors.0.t`. The plant file names them, this finds them."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator
from functools import lru_cache

MAX_UNKNOWN = 64
_LONGEST_LIST = 8  # a longer array is a spectrum or a block of samples, not a row of sensors

MISSING = object()
"""What `found_at` says when there is nothing: null is a value."""


@lru_cache(maxsize=4096)
def steps_of(path: str) -> tuple[str, ...]:
    """The steps of a path.

    >>> steps_of("state.reported.temp")
    ('state', 'reported', 'temp')
    """
    return tuple(path.split("."))


def found_at(message: dict[str, object], path: str) -> object:
    """What stands at a path, or MISSING. A key of the message that is the whole path, dots and all, comes first.

    >>> found_at({"sensors": [{"t": 21.5}]}, "sensors.0.t"), found_at({"a.b": 1, "a": {"b": 2}}, "a.b")
    (21.5, 1)
    """
    if path in message:
        return message[path]
    place: object = message
    for step in steps_of(path):
        place = _inside(place, step)
        if place is MISSING:
            break
    return place


def _inside(place: object, step: str) -> object:
    if isinstance(place, dict):
        return place.get(step, MISSING)
    if isinstance(place, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(place):
        return place[int(step)]
    return MISSING


def unit_beside(message: dict[str, object], path: str) -> str | None:
    """The text `unit` in the value object whose `value` a path names: `{"value": 21.5, "unit": "degC"}`.

    >>> unit_beside({"temp": {"value": 21.5, "unit": "degF"}}, "temp.value")
    'degF'
    """
    parent, _, last = path.rpartition(".")
    beside = found_at(message, f"{parent}.unit" if parent else "unit") if last == "value" else None
    return beside if isinstance(beside, str) else None


def other_numbers(message: dict[str, object], known: Container[str]) -> list[tuple[str, float]]:
    """(path, value) of the finite numbers that nobody named, at most 64: candidates for adoption.

    >>> other_numbers({"t": 1, "batt": {"v": 3.6, "ok": True}}, {"t"})
    [('batt.v', 3.6)]
    """
    found: list[tuple[str, float]] = []
    for path, value in _numbers(message, ""):
        if path not in known:
            found.append((path, value))
        if len(found) == MAX_UNKNOWN:
            break
    return found


def _numbers(place: object, path: str) -> Iterator[tuple[str, float]]:
    """Every finite number in a parsed value; its depth was checked before."""
    if isinstance(place, dict):
        for key, inner in place.items():
            if not path or "." not in key:  # further down a path cannot name a key with a dot
                yield from _numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(place, list):
        if len(place) <= _LONGEST_LIST:
            for number, inner in enumerate(place):
                yield from _numbers(inner, f"{path}.{number}" if path else str(number))
    elif isinstance(place, int | float) and not isinstance(place, bool) and math.isfinite(place):
        yield path, float(place)
