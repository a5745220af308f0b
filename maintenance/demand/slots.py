"""When a preventive plan will ask for its parts: its coming slots, each with how sure its date is. Pure.

A fixed slot has its date. A floating one is counted from a completion that has not happened yet, so each further slot
may be earlier or later by the plan's tolerance. A meter is read forward at the rate of the last weeks, a quarter faster
or slower. What only a condition decides asks for nothing beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plans import Plan, Seen, Slot, SlotState, Trigger
from forewarn.maintenance.plans.due import slots_between, upcoming

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RATE_SPREAD = 0.25
MOST_SLOTS = 400
"""Slots of one plan and asset that are looked ahead at most."""

KEPT_BEFORE, SLOTS_BEFORE = 9.0, 10.0
"""Before anything is known nine slots of ten are taken to be kept; that weighs as ten slots."""

Span = tuple[float, float]
"""Days from now, the earliest and the latest."""


def kept_share(history: Iterable[Slot]) -> float:
    """The share of a plan's slots that are done, not skipped or cancelled.

    >>> round(kept_share([]), 2)
    0.9
    """
    states = [slot.state for slot in history]
    done = states.count(SlotState.DONE)
    left_out = states.count(SlotState.SKIPPED) + states.count(SlotState.CANCELLED)
    return (done + KEPT_BEFORE) / (done + left_out + SLOTS_BEFORE)


def coming(
    plan: Plan,
    history: Sequence[Slot],
    seen: Mapping[str, Seen],
    meter_per_day: float | None,
    now_us: int,
    zone: tzinfo,
    days: float,
) -> list[Span]:
    """The slots of a plan for one asset within so many days, without the one whose order is open (the order asks).

    `meter_per_day`: units that the plan's meter runs through in a day, None where that is not known.
    """
    if not plan.active or days <= 0:
        return []
    if plan.trigger is Trigger.FIXED:
        return _fixed(plan, history, seen, now_us, zone, days)
    is_open = any(slot.state is SlotState.OPEN for slot in history)
    ways: list[_Calendar | _Meter] = []
    if plan.every is not None:
        ways.append(_Calendar(plan, history, seen, now_us, zone, is_open))
    if plan.meter is not None and meter_per_day:
        ways.append(_Meter(plan, history, seen, meter_per_day, is_open))
    found = []
    for nth in range(MOST_SLOTS):
        spans = [way(nth) for way in ways]
        told = [span for span in spans if span is not None]
        if not told:
            break
        early, late = min(span[0] for span in told), min(span[1] for span in told)
        if early > days:
            break
        if _in_season(plan, now_us, (early + late) / 2, zone):
            found.append((max(early, 0.0), max(late, 0.0)))
    return found


def _fixed(
    plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int, zone: tzinfo, days: float
) -> list[Span]:
    first = upcoming(plan, history, seen, now_us, zone)
    if first is None:
        return []
    until_us = now_us + round(days * US_PER_DAY)
    later = slots_between(plan, max(first.due_us, now_us) + 1, until_us, zone)
    times = [first.due_us, *later[: MOST_SLOTS - 1]]
    return [(max(at - now_us, 0) / US_PER_DAY,) * 2 for at in times if at < until_us]


class _Calendar:
    """The n-th coming slot by the calendar."""

    def __init__(
        self, plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int, zone: tzinfo, is_open: bool
    ) -> None:
        self._every = plan.every.days if plan.every else 0.0
        self._tolerance = plan.tolerance * self._every
        put_off = [slot.until_us for slot in history if slot.state is SlotState.DEFERRED and slot.until_us is not None]
        found = None if is_open or put_off else upcoming(plan, history, seen, now_us, zone)
        if put_off:
            self._first: float | None = max(min(put_off) - now_us, 0) / US_PER_DAY
        elif is_open:
            self._first = self._every  # the open one is done about now
        else:
            self._first = None if found is None else max(found.due_us - now_us, 0) / US_PER_DAY

    def __call__(self, nth: int) -> Span | None:
        if self._first is None:
            return None
        at, apart = self._first + nth * self._every, self._tolerance * (nth + 1)
        return (at, at) if nth == 0 and self._first == 0 else (at - apart, at + apart)


class _Meter:
    """The n-th coming slot by the meter."""

    def __init__(
        self, plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], per_day: float, is_open: bool
    ) -> None:
        rule, self._per_day = plan.meter, per_day
        self._every = rule.every if rule else 0.0
        told = seen.get(rule.meter) if rule else None
        self._left: float | None = None
        if rule is None or told is None:
            return
        over = [slot for slot in history if slot.meter_at_done is not None]
        last = max(over, key=lambda slot: slot.done_at_us or slot.due_us, default=None)
        base = rule.since if not rule.floating or last is None else (last.meter_at_done or 0.0)
        gone = told.value - base if told.value >= base else told.value
        if not rule.floating:
            self._left = rule.every - gone % rule.every
        else:
            self._left = rule.every if is_open else max(rule.every - gone, 0.0)

    def __call__(self, nth: int) -> Span | None:
        if self._left is None:
            return None
        days = (self._left + nth * self._every) / self._per_day
        return days / (1 + RATE_SPREAD), days / (1 - RATE_SPREAD)


def _in_season(plan: Plan, now_us: int, days: float, zone: tzinfo) -> bool:
    if plan.season is None:
        return True
    at = EPOCH + timedelta(microseconds=now_us + round(days * US_PER_DAY))
    return plan.season.holds(at.astimezone(zone).date())
