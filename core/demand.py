"""Demand for one spare part over a window: a distribution over whole pieces, and what each expected piece comes from.

The traces of a demand add up to its mean: no piece is expected without a cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.readings import Floats

SUM_TOLERANCE = 1e-9


class CauseKind(StrEnum):
    """What asks for pieces."""

    FAULT = "fault"  # a failure that the models see coming, or the order that is open for it
    PLAN = "plan"  # a preventive plan
    ORDER = "order"  # an open order without a fault or a plan behind it
    UNEXPLAINED = "unexplained"  # as often as before, without a known reason


@dataclass(frozen=True, slots=True)
class Window:
    """How far a demand looks ahead: float64[m] equally likely lengths in days, ascending, at least 0.

    A lead time has a spread, so its window has many lengths; a window of 30 days has one.

    >>> Window.of_days(30.0).mean_days, Window(np.array([10.0, 14.0])).mean_days
    (30.0, 12.0)
    """

    days: Floats

    def __post_init__(self) -> None:
        days = np.asarray(self.days, np.float64)
        if (
            days.ndim != 1
            or len(days) == 0
            or not np.all(np.isfinite(days))
            or days[0] < 0
            or np.any(np.diff(days) < 0)
        ):
            raise Rejected("window", "a window has lengths in days, 0 or more, in ascending order")

    @staticmethod
    def of_days(days: float) -> Window:
        """So many days for sure."""
        return Window(np.array([days], np.float64))

    @property
    def mean_days(self) -> float:
        """Its mean length."""
        return float(np.mean(self.days))

    @property
    def longest_days(self) -> float:
        """Its greatest length."""
        return float(self.days[-1])

    def longer(self, days: float) -> Window:
        """The same with so many days more: a lead time and the time until the next review."""
        return Window(np.asarray(self.days + days, np.float64))


@dataclass(frozen=True, slots=True)
class Trace:
    """Expected pieces of one cause inside the window.

    `asset` "" and `cause` a class of parts where nothing explains them; else the asset, and the fault
    ("de_bearing:outer_race_spall"), the plan's id or the order's number. `probability`: that it asks for any piece at
    all inside the window. `quantity`: pieces each time it does (0: it differs). `when_us`: the middle of the time at
    which it first asks, None where nothing says when. `why`: a sentence for a person.
    """

    kind: CauseKind
    asset: str
    cause: str
    pieces: float
    probability: float
    quantity: int = 0
    when_us: int | None = None
    why: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same cause a month later."""
        return self.kind.value, self.asset, self.cause


@dataclass(frozen=True, slots=True, eq=False)
class PartDemand:
    """Pieces of a part that will be asked for inside a window that begins at `at_us`.

    `chances` float64[k]: the chance of 0, 1, ... k-1 pieces, summing to 1. `traces` add up to the mean; refused where
    they do not.

    >>> fault = Trace(CauseKind.FAULT, "pump-02", "de_bearing:outer_race_spall", 0.8, 0.4, 2)
    >>> demand = PartDemand("6205", 0, Window.of_days(30), np.array([0.6, 0.0, 0.4]), (fault,))
    >>> demand.mean, demand.quantile(0.5), demand.quantile(0.9), demand.at_most(1)
    (0.8, 0, 2, 0.6)
    """

    part: str
    at_us: int
    window: Window
    chances: Floats
    traces: tuple[Trace, ...] = ()

    def __post_init__(self) -> None:
        chances = np.asarray(self.chances, np.float64)
        if chances.ndim != 1 or len(chances) == 0 or np.any(chances < 0) or abs(chances.sum() - 1) > SUM_TOLERANCE:
            raise ValueError("chances are a row of shares that sum to 1")
        traced = sum(trace.pieces for trace in self.traces)
        if abs(traced - self.mean) > SUM_TOLERANCE * max(1.0, self.mean):
            raise ValueError(f"the traces of {self.part} add up to {traced}, its demand to {self.mean}")

    @property
    def mean(self) -> float:
        """Expected pieces."""
        return float(self.chances @ np.arange(len(self.chances)))

    def at_most(self, pieces: int) -> float:
        """The chance that no more pieces are asked for."""
        return float(self.chances[: pieces + 1].sum()) if pieces >= 0 else 0.0

    def quantile(self, level: float) -> int:
        """The fewest pieces that suffice with chance `level`, in (0, 1)."""
        if not 0 < level < 1:
            raise Rejected("level", f"a level is a share between 0 and 1, not {level:g}")
        found = int(np.searchsorted(np.cumsum(self.chances), level - 1e-12))
        return min(found, len(self.chances) - 1)

    def missing(self, pieces: int) -> float:
        """Expected pieces that are asked for and not there, with so many on the shelf."""
        short = np.maximum(np.arange(len(self.chances)) - max(pieces, 0), 0)
        return float(self.chances @ short)


class LineState(StrEnum):
    """What became of a changed reorder policy."""

    KEPT = "kept"  # the review found nothing to change
    PROPOSED = "proposed"  # a person has to decide
    APPLIED = "applied"
    DECLINED = "declined"
    REVERSED = "reversed"  # applied, and taken back
    OVERTAKEN = "overtaken"  # a newer review proposed something else before anybody decided


LINE_STEPS: dict[LineState, tuple[LineState, ...]] = {
    LineState.KEPT: (),
    LineState.PROPOSED: (LineState.APPLIED, LineState.DECLINED, LineState.OVERTAKEN),
    LineState.APPLIED: (LineState.REVERSED,),
    LineState.DECLINED: (),
    LineState.REVERSED: (),
    LineState.OVERTAKEN: (),
}


def stepped(line: int, state: LineState, to: LineState) -> LineState:
    """The new state of a line of a review. Raises Conflict for a step that the table does not know."""
    if to not in LINE_STEPS[state]:
        allowed = ", ".join(LINE_STEPS[state]) or "nothing more"
        raise Conflict(f"line {line} of the review is {state}: it can become {allowed}, not {to}")
    return to
