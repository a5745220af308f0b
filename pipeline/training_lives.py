"""From orders to lives: when each machine began anew, and how its life ended. Pure, but for reading the order book.

Nothing that was told after `as_of_us` counts: an order that was completed later is not completed yet, and its finding
is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from forewarn.core.labels import Finding
from forewarn.core.ports import OrderBook
from forewarn.core.work import Json, OrderKind, Status, WorkOrder

Ends = Literal["failures", "confirmed"]
"""What counts as an end: only failures (corrective and emergency orders), or also faults that a condition order found
in time, where the plant wants to know how long until it has to repair."""

RENEWS = (OrderKind.CONDITION, OrderKind.CORRECTIVE, OrderKind.EMERGENCY, OrderKind.PREVENTIVE)
BREAKDOWNS = (OrderKind.CORRECTIVE, OrderKind.EMERGENCY)
EVERY_ORDER = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Repair:
    """What an order did to a machine, as it was known at a moment. `finding` None: not told (yet). `done_us` None: the
    work is not completed yet; `started_us` when it began (None: nobody said). `broke_us`: since when the machine stood,
    where a person told a breakdown; a condition order may have one, too. `by_check`: a check that failed opened it."""

    asset: str
    number: str
    kind: OrderKind
    opened_us: int
    started_us: int | None
    done_us: int | None
    finding: Finding | None
    broke_us: int | None = None
    by_check: bool = False

    @property
    def is_failure(self) -> bool:
        """Did the machine fail? A breakdown that nobody could find was none, nor is a check that failed."""
        return self.kind in BREAKDOWNS and self.finding is not Finding.NOT_FOUND and not self.by_check

    @property
    def failed_us(self) -> int | None:
        """When the machine failed: since when it stood, or when a failure was reported where nobody said since when.

        A breakdown that was told on an order of the advice is a failure, too. None: it did not fail.

        >>> told = Repair("p1", "WO-1", OrderKind.CONDITION, 40, None, 60, None, broke_us=50)
        >>> told.is_failure, told.failed_us
        (False, 50)
        """
        if self.broke_us is not None and self.finding is not Finding.NOT_FOUND:
            return self.broke_us
        return self.opened_us if self.is_failure else None

    @property
    def renews(self) -> bool:
        """Does a life end and another begin here? Not where nothing was found to repair."""
        return (
            self.kind in RENEWS
            and self.finding is not Finding.NOT_FOUND
            and (self.is_failure or self.done_us is not None or self.broke_us is not None)
        )


@dataclass(frozen=True, slots=True)
class LifeSpan:
    """One life in calendar time, half-open. `ended`: its end was seen; else it is censored at `stop_us`."""

    asset: str
    start_us: int
    stop_us: int
    ended: bool
    ended_by: str = ""


def repairs_of(book: OrderBook, as_of_us: int, asset: str | None = None) -> dict[str, tuple[Repair, ...]]:
    """What was known at a moment of every order opened before it but for those of sensors: by asset, oldest first."""
    found: dict[str, list[Repair]] = {}
    for order in book.orders(asset=asset, limit=EVERY_ORDER, evidence=False):
        if order.kind is not OrderKind.INSTRUMENT and order.created_at_us < as_of_us:
            found.setdefault(order.asset, []).append(repair_of(order, book.history(order.id), as_of_us))
    return {name: tuple(sorted(known, key=lambda r: (r.opened_us, r.number))) for name, known in found.items()}


def repair_of(order: WorkOrder, history: Sequence[Json], as_of_us: int) -> Repair:
    """One order as of a moment, from its record: rows from then on do not exist yet."""
    steps = [(str(row["action"]), cast(int, row["at_us"])) for row in history]
    known = [(action, at_us) for action, at_us in steps if at_us < as_of_us]
    started = [at_us for action, at_us in known if action == Status.INPRG]
    done = [at_us for action, at_us in known if action == Status.COMP]
    told_us = order.report.get("finding_at_us", max(done, default=None))
    told = "finding" in order.report and isinstance(told_us, int) and told_us < as_of_us
    return Repair(
        asset=order.asset,
        number=order.number,
        kind=order.kind,
        opened_us=order.created_at_us,
        started_us=min(started, default=None),
        done_us=max(done, default=None),
        finding=Finding(str(order.report["finding"])) if told else None,
        broke_us=_broke_us(order, as_of_us),
        by_check=(order.origin or "").startswith("step:"),
    )


def _broke_us(order: WorkOrder, as_of_us: int) -> int | None:
    """Since when the machine stood, of the breakdowns that had been told."""
    told = (e for e in cast(list[Json], order.report.get("breakdowns", [])) if e["reason"] == "breakdown")
    return min((cast(int, e["since_us"]) for e in told if cast(int, e["at_us"]) < as_of_us), default=None)


def lives_of(
    asset: str, repairs: Sequence[Repair], since_us: int, as_of_us: int, ends: Ends = "failures"
) -> tuple[LifeSpan, ...]:
    """The lives of one asset between its first data and a moment, oldest first.

    A failure ends a life when the machine stood, or when it was reported where nobody said since when; other repairs
    cut it, censored, when the work began. A machine that stood before its condition order was worked off failed, too.
    The next life begins when the work is completed. The life that goes on is censored at the moment.

    >>> broke = Repair("p1", "WO-1", OrderKind.CORRECTIVE, 50, 55, 60, None)
    >>> [(life.start_us, life.stop_us, life.ended) for life in lives_of("p1", [broke], 0, 100)]
    [(0, 50, True), (60, 100, False)]
    """
    lives, start_us = list[LifeSpan](), int(since_us)
    for repair in repairs:
        if not repair.renews:
            continue
        confirmed = repair.finding in (Finding.CONFIRMED, Finding.PARTLY)
        ended = repair.failed_us is not None
        ended |= ends == "confirmed" and repair.kind is OrderKind.CONDITION and confirmed
        stop_us = repair.failed_us if repair.failed_us is not None else _work_began(repair)
        if stop_us > start_us:
            lives.append(LifeSpan(asset, start_us, stop_us, ended, repair.number))
        if repair.done_us is None:  # it stands, and nobody knows yet when it begins anew
            return tuple(lives)
        start_us = max(start_us, repair.done_us)
    if as_of_us > start_us:
        lives.append(LifeSpan(asset, start_us, int(as_of_us), False))
    return tuple(lives)


def _work_began(repair: Repair) -> int:
    began = repair.started_us if repair.started_us is not None else repair.done_us
    assert began is not None  # `renews` asks for it
    return began
