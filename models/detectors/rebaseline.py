"""Which rows of the past may teach a detector, after what people said of its alarms. Pure.

While an alarm is open nothing is learnt: a fault must not become the usual. What the person finds decides what comes
then. A detector never restarts by itself: "the machine stands at a new level" is a fact that somebody answers for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import Rejected
from forewarn.core.readings import Int64s, Window


class Finding(StrEnum):
    """What the person who closed the alarm found."""

    REPAIRED = "repaired"  # another machine now: learning starts with the closing
    NEW_NORMAL = "new_normal"  # healthy at a new level: learning starts where it settled
    FALSE_ALARM = "false_alarm"  # nothing was wrong: these rows teach like all others
    NOT_FIXED = "not_fixed"  # closed, but the fault is still there: nothing is learnt until a later closing


@dataclass(frozen=True, slots=True)
class Closing:
    """An alarm of [began, closed]. `settled_us`: since when the new level stands (None: since the closing)."""

    began_us: int
    closed_us: int
    finding: Finding
    settled_us: int | None = None

    def __post_init__(self) -> None:
        if self.closed_us < self.began_us:
            raise Rejected("closed_before_it_began", f"closed at {self.closed_us}, began at {self.began_us}")
        if self.settled_us is not None and not self.began_us <= self.settled_us <= self.closed_us:
            raise Rejected("settled_elsewhere", "a level settles between the beginning and the closing of its alarm")


def teaching(at: Int64s, closings: Iterable[Closing], open_since_us: int | None = None) -> NDArray[np.bool_]:
    """bool[n]: may the row teach? `open_since_us` is the beginning of an alarm that is still open.

    >>> at = np.array([0, 10, 20, 30, 40])
    >>> teaching(at, [Closing(10, 25, Finding.NEW_NORMAL, settled_us=20)]).tolist()
    [False, False, True, True, True]
    >>> teaching(at, [Closing(10, 25, Finding.FALSE_ALARM)], open_since_us=40).tolist()
    [True, True, True, True, False]
    """
    may = np.ones(len(at), np.bool_)
    for closing in sorted(closings, key=lambda c: (c.closed_us, c.began_us)):
        if closing.finding is Finding.REPAIRED:
            may = at >= closing.closed_us
        elif closing.finding is Finding.NEW_NORMAL:
            may = at >= (closing.settled_us if closing.settled_us is not None else closing.closed_us)
        elif closing.finding is Finding.NOT_FIXED:
            may = may & (at < closing.began_us)
    return may if open_since_us is None else may & (at < open_since_us)


def past_of(window: Window, closings: Iterable[Closing], open_since_us: int | None = None) -> Window:
    """The rows of a window that may teach."""
    return window.rows(teaching(window.at, closings, open_since_us))
