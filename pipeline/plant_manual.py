"""Signals of the plant file that people enter: manual rounds, meter readings, oil samples.

    iron: {entry: manual, round: oil, every: 30d, unit: ppm, range: [0, 500]}

No sensor sends them, so they have no topic; what stands in its place is one that no client can publish to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from forewarn.core.readings import ByHand, SignalSpec
from forewarn.pipeline.plant_layers import Layered
from forewarn.pipeline.plant_schema import SignalEntry

MANUAL_TOPIC = "$forewarn/manual"
"""First levels of the topic of a signal that is entered; clients cannot publish to topics that begin with $."""

SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_SENT = ("topic", "format", "field", "time_field", "time_unit", "template")
_ROUNDS = ("round", "every")


def by_hand(id: str, entry: Layered[SignalEntry]) -> ByHand | None:
    """How a signal is entered; None where a sensor sends it. Without `round` it is a round of its own."""
    if entry.get("entry") != "manual":
        return None
    return ByHand(entry.get("round") or id, entry.get("unit") or "")


def topic_by_hand(asset: str, signal: str) -> str:
    """What stands in the place of a topic.

    >>> topic_by_hand("p101", "oil_iron")
    '$forewarn/manual/p101/oil_iron'
    """
    return f"{MANUAL_TOPIC}/{asset}/{signal}"


def period_of(entry: Layered[SignalEntry]) -> float | None:
    """Seconds from `every`, else `period_s`, None where neither says."""
    every: str | None = entry.get("every")
    period_s: float | None = entry.get("period_s")
    return seconds(every) if every is not None else period_s


def seconds(span: str) -> float:
    """A time span of the plant file in seconds.

    >>> seconds("7d"), seconds("1.5h")
    (604800.0, 5400.0)
    """
    number, unit = re.split(r"(?<=[0-9])(?=[a-z])", span, maxsplit=1)
    return float(number) * SECONDS[unit]


def manual_faults(entry: Layered[SignalEntry]) -> Iterator[tuple[str, str]]:
    """(key, message) of everything that does not go with how the signal comes in."""
    if entry.get("entry") != "manual":
        for key in _ROUNDS:
            if entry.given(key):
                yield key, f"only a signal with `entry: manual` has `{key}`"
        return
    for key in _SENT:
        if entry.given(key):
            yield key, f"what is entered by hand takes no `{key}`"
    if entry.get("kind") == "waveform":
        yield "kind", "a waveform cannot be entered by hand"
    if entry.given("every") and entry.given("period_s"):
        yield "period_s", "`every` says it already"
    if period_of(entry) == 0:
        yield "every", "a round is due after some time, not at once again"


def round_fault(spec: SignalSpec, holder: SignalSpec) -> str | None:
    """What is wrong between two signals of one round, None when nothing is: they are taken together."""
    if spec.by_hand is None or spec.period_s == holder.period_s:
        return None
    mine, theirs = (f"every {one.period_s:g} s" if one.period_s else "at no fixed time" for one in (spec, holder))
    return f"round {spec.by_hand.round!r} is taken {theirs} for {holder.name}, and {mine} for this one"
