"""Limits that a person sets (ISA-18.2): how far, for how long, when it ends, and when nobody wants to hear of it.

A rule is a value that a plant file can hold. Several conditions of one rule are an OR: the first that holds raises the
alarm, the last that ends it. No data is a state of its own: it neither raises an alarm nor ends one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Int64s, UInt8s, Window

Bools = NDArray[np.bool_]


class LimitState(IntEnum):
    """State of a rule at a row."""

    NORMAL = 0
    ALARM = 1
    SHELVED = 2  # it would be an alarm, but a person has put it aside until a set time
    NO_DATA = 3  # nothing recent to judge by


@dataclass(frozen=True, slots=True)
class Condition:
    """`signal` above or below a value (in the signal's unit; at least one is set) for `for_s` seconds without a break.

    It ends when the value has come back by `hysteresis`. Raises Rejected for limits that cannot be meant.
    """

    signal: str
    above: float | None = None
    below: float | None = None
    for_s: float = 0.0
    hysteresis: float = 0.0

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise Rejected("no_limit", f"{self.signal}: set `above` or `below`")
        if self.above is not None and self.below is not None and self.above <= self.below:
            raise Rejected("limits_crossed", f"{self.signal}: above {self.above} is not over below {self.below}")
        if self.for_s < 0 or self.hysteresis < 0:
            raise Rejected("negative_limit", f"{self.signal}: `for_s` and `hysteresis` are 0 or more")

    def beyond(self, value: float, margin: float = 0.0) -> bool:
        """Is the value beyond the limit, or within `margin` of it?"""
        high = self.above is not None and value > self.above - margin
        return high or (self.below is not None and value < self.below + margin)


@dataclass(frozen=True, slots=True)
class LimitRule:
    """An alarm with a name. `shelved_until_us`: until then it is put aside; a shelf always ends. `stale_after_s`: a
    value counts for so long.

    >>> rule = LimitRule("hot", (Condition("winding", above=120.0, for_s=60, hysteresis=5.0),))
    >>> degrees = np.array([[119.0], [121], [122], [118], [116], [114]])
    >>> window = Window.of(np.arange(6) * 60_000_000, ["winding"], degrees)
    >>> [LimitState(s).name for s in rule.states(window)]
    ['NORMAL', 'NORMAL', 'ALARM', 'ALARM', 'ALARM', 'NORMAL']
    """

    name: str
    conditions: tuple[Condition, ...]
    shelved_until_us: int | None = None
    stale_after_s: float = 3_600.0

    def __post_init__(self) -> None:
        if not self.conditions:
            raise Rejected("no_condition", f"{self.name}: a rule has at least one condition")

    def states(self, window: Window) -> UInt8s:
        """uint8[n], a `LimitState` a row. Raises Rejected when a signal of the rule is no column."""
        missing = [c.signal for c in self.conditions if c.signal not in window.names]
        if missing:
            raise Rejected("other_columns", f"{self.name} needs {', '.join(missing)}")
        columns = [window.values[:, window.names.index(c.signal)] for c in self.conditions]
        found = [
            followed(condition, window.at, column, self.stale_after_s)
            for condition, column in zip(self.conditions, columns, strict=True)
        ]
        raised = np.any([alarm for alarm, _ in found], axis=0)
        blind = np.all([stale for _, stale in found], axis=0)
        shelved = window.at < (self.shelved_until_us if self.shelved_until_us is not None else -(2**62))
        loud = np.where(shelved, LimitState.SHELVED, LimitState.ALARM)
        return np.where(blind, LimitState.NO_DATA, np.where(raised, loud, LimitState.NORMAL)).astype(np.uint8)


def followed(condition: Condition, at: Int64s, column: Floats, stale_after_s: float) -> tuple[Bools, Bools]:
    """Per row: does the condition hold, and is its newest value too old to say so?"""
    hold_us, stale_us = condition.for_s * US_PER_S, stale_after_s * US_PER_S
    alarm, stale = np.zeros(len(at), np.bool_), np.zeros(len(at), np.bool_)
    since: int | None = None
    newest: int | None = None
    on = False
    for row, (now, value) in enumerate(zip(at.tolist(), column.tolist(), strict=True)):
        if value == value:  # else it is missing
            if newest is not None and now - newest > stale_us:
                since = None  # nobody knows what was in between
            newest = now
            on = on and condition.beyond(value, condition.hysteresis)
            since = (since if since is not None else now) if condition.beyond(value) else None
            on = on or (since is not None and now - since >= hold_us)
        stale[row] = newest is None or now - newest > stale_us
        alarm[row] = on and not stale[row]
    return alarm, stale
