"""Traces of a demand in words, and what moved between two demands of one part. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from forewarn.core.demand import CauseKind, PartDemand, Trace
from forewarn.core.faults import Fault
from forewarn.maintenance.evidence import fault_label

LEAST_PIECES = 0.005
"""A difference below this is not told."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Expected pieces of one cause before and after, over the same window."""

    kind: CauseKind
    asset: str
    cause: str
    before: float
    after: float
    why: str

    @property
    def by(self) -> float:
        """Pieces more (below 0: fewer)."""
        return self.after - self.before

    def words(self) -> str:
        """For a person.

        >>> Moved(CauseKind.FAULT, "pump-02", "de_bearing:outer_race_spall", 0.1, 0.9, "").words()
        '+0.80 pieces: outer-race spall, de_bearing of pump-02 (0.10 -> 0.90)'
        """
        return f"{self.by:+.2f} pieces: {cause_words(self)} ({self.before:.2f} -> {self.after:.2f})"


def cause_words(trace: Trace | Moved) -> str:
    """What asks, for a person."""
    if trace.kind is CauseKind.UNEXPLAINED:
        return f"what is used without a known reason ({trace.cause})"
    if trace.kind is CauseKind.FAULT:
        return f"{fault_label(Fault.parse(trace.cause))} of {trace.asset}"
    return f"{'plan' if trace.kind is CauseKind.PLAN else 'order'} {trace.cause} of {trace.asset}"


def told(demand: PartDemand, most: int = 3) -> str:
    """The mean and the causes of most of it, as a sentence.

    >>> import numpy as np
    >>> from forewarn.core.demand import Window
    >>> fault = Trace(CauseKind.FAULT, "pump-02", "de_bearing:outer_race_spall", 0.8, 0.4, 2)
    >>> told(PartDemand("6205", 0, Window.of_days(30), np.array([0.6, 0.0, 0.4]), (fault,)))
    '0.8 pieces in 30 days: 0.8 because of outer-race spall, de_bearing of pump-02'
    """
    span = f"{demand.mean:.1f} pieces in {demand.window.mean_days:.0f} days"
    if not demand.traces:
        return f"{span}: nothing asks for it"
    named = [f"{trace.pieces:.1f} because of {cause_words(trace)}" for trace in demand.traces[:most]]
    left = demand.traces[most:]
    if left:
        named.append(f"{math.fsum(trace.pieces for trace in left):.1f} of {len(left)} others")
    return f"{span}: {', '.join(named)}"


def moved(before: tuple[Trace, ...], after: tuple[Trace, ...], least: float = LEAST_PIECES) -> tuple[Moved, ...]:
    """Causes whose expected pieces differ, the greatest difference first. Both over the same window."""
    old, new = ({trace.key: trace for trace in traces} for traces in (before, after))
    found = []
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        shown = now or was
        if shown is None:
            continue
        why = shown.why if now else "it asks no more"
        one = Moved(shown.kind, shown.asset, shown.cause, was.pieces if was else 0.0, now.pieces if now else 0.0, why)
        if abs(one.by) >= least:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (-abs(one.by), one.kind, one.asset, one.cause)))
