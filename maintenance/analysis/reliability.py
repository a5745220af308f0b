"""How often machines fail, how long they stand, how much of their time they can be used. Pure.

A failure is one corrective or emergency order, or one order of another kind during which the machine broke down; not
one that was cancelled, and not one where no fault was found. It begins with its first breakdown, else when its order
was opened; it ends with its last unplanned stop, else when its order was completed.

Terms: ISO 14224, EN 15341; MTTR here is the mean time to restore with all waiting in it, and its four parts add up to
it for each failure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.shifts import merged
from forewarn.core.work import Status
from forewarn.maintenance.analysis.answers import Answer, Row, ratio
from forewarn.maintenance.analysis.facts import Facts, Machine, PastOrder, Period, Step

PLANNED_STOP = "planned"
NOT_WATCHED = "not watched"
PARTS = ("notice", "acknowledge", "waiting", "active")
NO_MACHINE = "no machine was watched in this period"
NO_FAILURE = "no failure was restored in this period with a known end"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of a machine. `restored_us` None: not yet, or its end was never told (imported orders)."""

    order: PastOrder
    failed_us: int
    restored_us: int | None

    @property
    def hours(self) -> float:
        """From failed to restored, waiting included; 0 while it lasts."""
        return 0.0 if self.restored_us is None else (self.restored_us - self.failed_us) / US_PER_HOUR


def failures_of(orders: Iterable[PastOrder]) -> list[Failure]:
    """The failures among orders, in order of time."""
    found = [_failure(order) for order in orders if order.is_failure]
    return sorted(found, key=lambda failure: (failure.failed_us, failure.order.number))


def _failure(order: PastOrder) -> Failure:
    begun = [stop.start_us for stop in order.breakdowns]
    failed_us = min(begun) if begun else order.created_at_us
    unplanned = [stop for stop in order.stops if stop.reason != PLANNED_STOP]
    if not unplanned:
        restored_us = order.completed_us
    elif any(stop.end_us is None for stop in unplanned):
        restored_us = None
    else:
        restored_us = max(stop.end_us for stop in unplanned if stop.end_us is not None)
    if restored_us is None or order.completed_us is None:
        return Failure(order, failed_us, None)
    return Failure(order, failed_us, max(restored_us, failed_us))


def parts_of(failure: Failure) -> dict[str, float]:
    """Hours of a restored failure by what they went into; they add up to `failure.hours`.

    `notice`: before anybody had told it; `acknowledge`: until somebody approved or began the order; `active`: while it
    was in progress; `waiting`: all the rest, for people, parts, the plant, or the start after the repair.
    """
    hours = dict.fromkeys(PARTS, 0.0)
    if failure.restored_us is None:
        return hours
    for what, start_us, stop_us in _spans(failure.order, failure.failed_us, failure.restored_us):
        shared_us = min(stop_us, failure.restored_us) - max(start_us, failure.failed_us)
        hours[what] += max(0, shared_us) / US_PER_HOUR
    return hours


def _spans(order: PastOrder, failed_us: int, restored_us: int) -> Iterator[tuple[str, int, int]]:
    """What was done between the steps of an order, and before the first of them."""
    steps = order.steps or (Step(order.created_at_us, Status.WAPPR.value),)
    yield "notice", failed_us, steps[0].at_us
    answered = False
    for step, until_us in zip(steps, [*(later.at_us for later in steps[1:]), restored_us], strict=True):
        answered = answered or step.status != Status.WAPPR.value
        what = "active" if step.status == Status.INPRG.value else "waiting" if answered else "acknowledge"
        yield what, step.at_us, until_us


# operating time


def watched(machine: Machine, period: Period, now_us: int) -> tuple[int, int]:
    """The part of the period in which records of a machine are known; empty where it ends before it begins."""
    return max(period.from_us, machine.since_us), min(period.to_us, machine.until_us, now_us)


def stood(orders: Iterable[PastOrder], now_us: int) -> dict[str, list[tuple[int, int]]]:
    """When each machine stood, for whatever reason, each moment once. A stop without an end lasts until its order
    ended, else until now."""
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for order in orders:
        for stop in order.stops:
            end_us = stop.end_us if stop.end_us is not None else max(order.ended_us or now_us, stop.start_us)
            spans[order.asset].append((stop.start_us, end_us))
    return {asset: merged(found) for asset, found in spans.items()}


@dataclass(frozen=True, slots=True)
class Time:
    """Hours of a machine in a period: planned to run, and of these those in which it stood. `ran` is measured, or the
    planned hours in which it did not stand; `source` says which."""

    scheduled: float
    stood: float
    ran: float
    source: str


def time_of(machine: Machine, stops: Sequence[tuple[int, int]], period: Period, now_us: int) -> Time:
    """Its hours in the period, as far as it was watched.

    >>> day = 24 * 3_600_000_000
    >>> time_of(Machine("p1", 0, 10 * day), [(0, day // 2)], Period(0, 2 * day), 10 * day)
    Time(scheduled=48.0, stood=12.0, ran=36.0, source='the calendar')
    """
    from_us, to_us = watched(machine, period, now_us)
    if to_us <= from_us:
        return Time(0.0, 0.0, 0.0, NOT_WATCHED)
    inside = [(max(a, from_us), min(b, to_us)) for a, b in stops if a < to_us and b > from_us]
    if machine.shifts is None:
        rate = machine.hours_per_day / 24.0
        planned_h = (to_us - from_us) / US_PER_HOUR * rate
        stood_h = sum(b - a for a, b in inside) / US_PER_HOUR * rate
        source = "the calendar" if rate == 1.0 else f"{machine.hours_per_day:g} h a day"
    else:
        windows = machine.shifts.windows(from_us, (to_us - from_us) // US_PER_DAY + 2)
        planned = [(a, min(b, to_us)) for a, b in windows if a < to_us]
        planned_h = sum(b - a for a, b in planned) / US_PER_HOUR
        stood_h = _shared(planned, inside) / US_PER_HOUR
        source = "the shift plan"
    measured = machine.measured(from_us, to_us) if machine.measured is not None else None
    if measured is not None:
        return Time(planned_h, stood_h, measured, "running hours measured")
    return Time(planned_h, stood_h, planned_h - stood_h, source)


def _shared(ours: Sequence[tuple[int, int]], theirs: Sequence[tuple[int, int]]) -> int:
    """Microseconds that lie in both lists; each is in order and without overlaps."""
    total, place = 0, 0
    for start, stop in ours:
        while place < len(theirs) and theirs[place][1] <= start:
            place += 1
        at = place
        while at < len(theirs) and theirs[at][0] < stop:
            total += min(stop, theirs[at][1]) - max(start, theirs[at][0])
            at += 1
    return total


def times_of(facts: Facts, period: Period) -> Iterator[tuple[Machine, Time]]:
    """The hours of every machine that was watched in the period."""
    stops = stood(facts.orders, facts.now_us)
    for machine in facts.machines:
        time = time_of(machine, stops.get(machine.asset, ()), period, facts.now_us)
        if time.source != NOT_WATCHED:
            yield machine, time


# the figures


def mtbf(facts: Facts, period: Period) -> Answer:
    """Operating hours of the machines, over their failures. Without a failure a lower bound is told instead."""
    rows = [
        Row("asset", m.asset, m.asset, m.asset, None, time.ran, 0.0, f"{time.ran:,.1f} h by {time.source}")
        for m, time in times_of(facts, period)
    ]
    hours = sum(row.numerator for row in rows)
    inside = [f for f in failures_of(facts.orders) if period.holds(f.failed_us)]
    rows += [_row(failure, 0.0, 1.0, failure.order.failure_mode) for failure in inside]
    if not rows:
        return ratio("mtbf", (), NO_MACHINE)
    if not inside:
        bound = f"above {hours / 3:,.0f} h with 95 % confidence" if hours > 0 else "unknown: no machine ran"
        return ratio("mtbf", rows, f"no failure in {hours:,.0f} operating hours: it lies {bound}")
    low, high = poisson_interval(len(inside))
    return replace(ratio("mtbf", rows, ""), low=hours / high, high=hours / low if low > 0 else None)


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact 95 % interval of the mean of a Poisson count (Garwood 1936).

    >>> [round(x, 2) for x in poisson_interval(5)]
    [1.62, 11.67]
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(count, 0.025)) if count else 0.0
    return low, float(gammaincinv(count + 1, 0.975))


def mttr(facts: Facts, period: Period) -> Answer:
    """Mean hours from failed to restored, all waiting included, over failures restored in the period."""
    return _restoring("mttr", facts, period, lambda failure: failure.hours, "waiting included")


def part_of_mttr(key: str, part: str) -> Callable[[Facts, Period], Answer]:
    """The figure of one part of MTTR, as a function of facts and period."""

    def figure(facts: Facts, period: Period) -> Answer:
        return _restoring(key, facts, period, lambda failure: parts_of(failure)[part], part)

    return figure


def _restoring(key: str, facts: Facts, period: Period, hours: Callable[[Failure], float], note: str) -> Answer:
    """Mean of some hours over failures restored in the period; those of it without a known end are told."""
    failures = failures_of(facts.orders)
    left = sum(failure.restored_us is None and period.holds(failure.failed_us) for failure in failures)
    rows = [_row(failure, hours(failure), 1.0, note) for failure in failures if period.holds(failure.restored_us)]
    lasting = f"{left} failures of the period have no known end and are left out" if left else ""
    return ratio(key, rows, NO_FAILURE, left, lasting)


def inherent_availability(facts: Facts, period: Period) -> Answer:
    """MTBF / (MTBF + MTTR)."""
    between, restore = mtbf(facts, period), mttr(facts, period)
    if between.value is None or restore.value is None:
        missing = between if between.value is None else restore
        return Answer("availability_inherent", None, 0.0, 0.0, (), missing.why)
    rows = [
        Row("figure", "mtbf", "MTBF", "", None, between.value, between.value, f"{between.value:,.1f} h"),
        Row("figure", "mttr", "MTTR", "", None, 0.0, restore.value, f"{restore.value:,.1f} h"),
    ]
    return ratio("availability_inherent", rows, "", restore.left_out, restore.note)


def operational_availability(facts: Facts, period: Period) -> Answer:
    """Hours planned to run in which the machine did not stand, over hours planned to run."""
    seen = list(times_of(facts, period))
    rows = [
        Row("asset", m.asset, m.asset, m.asset, None, time.scheduled - time.stood, time.scheduled,
            f"stood {time.stood:,.1f} of {time.scheduled:,.1f} h")
        for m, time in seen
        if m.tells_stops
    ]  # fmt: skip
    silent = len(seen) - len(rows)
    none = "of no machine here stops are reported: orders of other systems that were imported tell none"
    note = f"{silent} machines of which only imported orders are known are left out" if silent and rows else ""
    return ratio("availability_operational", rows, none if seen else NO_MACHINE, silent, note)


def downtime(facts: Facts, period: Period) -> dict[str, float]:
    """Hours that each machine stood in the period, by the calendar, each moment once; only those that did."""
    to_us = min(period.to_us, facts.now_us)
    told = {
        asset: sum(max(0, min(b, to_us) - max(a, period.from_us)) for a, b in spans) / US_PER_HOUR
        for asset, spans in stood(facts.orders, facts.now_us).items()
    }
    return {asset: hours for asset, hours in told.items() if hours > 0}


def _row(failure: Failure, above: float, below: float, note: str) -> Row:
    order = failure.order
    return Row("order", order.id, order.number, order.asset, failure.failed_us, above, below, note)
