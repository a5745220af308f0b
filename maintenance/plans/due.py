"""Which slot of a plan is due for an asset. Pure: plan, its slots so far, newest values, now, and the time zone.

Nothing is counted from "the last time somebody looked". A fixed slot is a local date, and its key is that date; every
other slot is the one after the last completion, and its key is that completion. So a clock that jumps, a change to
summer time, a second scheduler or a restart find the same key again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict
from forewarn.core.plans import Due, Every, MeterRule, Plan, Seen, Slot, SlotState, Trigger, Unit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US = timedelta(microseconds=1)
SEASON_STEPS = {Unit.HOURS: 8_800, Unit.DAYS: 400, Unit.WEEKS: 400, Unit.MONTHS: 48, Unit.YEARS: 8}
"""Steps after which a season that did not come does not come any more."""
MOST_OVERTAKEN = 1_000


def due(plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int, zone: tzinfo) -> Due | None:
    """The slot whose order should be opened now, or None. `history` are all slots of this plan and asset.

    >>> from datetime import date
    >>> weekly = Plan("grease", "Grease", Trigger.FIXED, date(2026, 3, 2), ("p1",), every=Every(1, Unit.WEEKS))
    >>> tuesday = 1_773_129_600_000_000                              # 10 March 2026, 8:00 UTC
    >>> due(weekly, [], {}, tuesday, UTC)
    Due(key='2026-03-09T06:00', due_us=1773036000000000, why='every 1 week from 2026-03-02', overtaken=0)
    """
    if not plan.active:
        return None
    for slot in history:
        if slot.state is SlotState.DEFERRED and slot.until_us is not None and slot.until_us <= now_us:
            return Due(slot.key, slot.until_us, f"deferred until now: {slot.reason}")
    if plan.trigger is Trigger.FIXED:
        return _fixed(plan, history, now_us, zone)
    if plan.trigger is Trigger.METER and plan.meter is not None and not plan.meter.floating:
        return _metered(plan.meter, plan, history, seen)
    return _floating(plan, history, seen, now_us, zone)


def upcoming(plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int, zone: tzinfo) -> Due | None:
    """The slot that is due or comes next by the calendar; None while an order is open, or where only a meter or a
    condition decides."""
    found = due(plan, history, seen, now_us, zone)
    if found is not None or not plan.active or plan.every is None:
        return found
    if plan.trigger is Trigger.FIXED:
        taken = {slot.key for slot in history}
        later = (at for at in _slots_after(plan, now_us + round(plan.ahead_h * US_PER_HOUR), zone))
        fresh = (Due(_key(plan, at, zone), at, _fixed_why(plan)) for at in later if _key(plan, at, zone) not in taken)
        return next(fresh, None)
    if _is_busy(history):
        return None
    at = _floating_us(plan, plan.every, history, now_us, zone)
    return None if at is None else Due(_from(_base_us(history, now_us)), at, _floating_why(plan, history, now_us))


def on_demand(plan: Plan, history: Sequence[Slot], now_us: int, zone: tzinfo) -> Due:
    """The slot of an order that somebody asks for now.

    A fixed plan gives the next slot when it is within the tolerance, else one beside the calendar; every other plan
    gives the slot that is next anyway. Raises Conflict while an order of this plan is open for the asset.
    """
    open_slot = next((slot for slot in history if slot.state is SlotState.OPEN), None)
    if open_slot is not None:
        raise Conflict(f"{plan.id} has an open order for {open_slot.asset} already: complete or cancel that one first")
    put_off = next((slot for slot in history if slot.state is SlotState.DEFERRED), None)
    if put_off is not None:
        return Due(put_off.key, put_off.due_us, "asked for, before the deferral ended")
    if plan.trigger is Trigger.FIXED:
        taken = {slot.key for slot in history}
        next_us = next(_slots_after(plan, now_us, zone), None)
        if next_us is not None and now_us >= next_us - _tolerance_us(plan):
            key = _key(plan, next_us, zone)
            if key not in taken:
                return Due(key, next_us, "asked for, within the tolerance of the next slot")
        return Due(f"extra {_iso(now_us)}", now_us, "asked for")
    if plan.trigger is Trigger.METER and plan.meter is not None and not plan.meter.floating:
        return Due(f"extra {_iso(now_us)}", now_us, "asked for")
    return Due(_from(_base_us(history, now_us)), now_us, "asked for")


def slots_between(plan: Plan, from_us: int, to_us: int, zone: tzinfo) -> list[int]:
    """Times of the fixed slots in [from, to), in season."""
    found = []
    for at in _slots_after(plan, from_us - 1, zone):
        if at >= to_us:
            break
        found.append(at)
    return found


# fixed


def _fixed(plan: Plan, history: Sequence[Slot], now_us: int, zone: tzinfo) -> Due | None:
    """The newest slot that is due, unless it has its row, or a completion within its tolerance. Older slots without a
    row were overtaken: doing a task twice on one day helps nobody."""
    horizon_us = now_us + round(plan.ahead_h * US_PER_HOUR)
    place = _newest_index(plan, horizon_us, zone)
    passed = 0
    while place >= 0 and not _in_season(plan, at := _nominal(plan, place)):
        place, passed = place - 1, passed + 1
        if passed > SEASON_STEPS[_every(plan).unit]:
            return None
    if place < 0:
        return None
    slot_us = _instant(at, zone, plan)
    key = _key(plan, slot_us, zone)
    if any(slot.key == key for slot in history):
        return None
    early_us = slot_us - _tolerance_us(plan)
    if any(slot.done_at_us is not None and early_us <= slot.done_at_us <= now_us for slot in history):
        return None
    taken = {slot.key for slot in history}
    overtaken = 0
    for older in range(place - 1, max(-1, place - 1 - MOST_OVERTAKEN), -1) if taken else ():
        if not _in_season(plan, nominal := _nominal(plan, older)):
            continue
        if _key(plan, _instant(nominal, zone, plan), zone) in taken:
            break
        overtaken += 1
    return Due(key, slot_us, _fixed_why(plan), overtaken)


def _fixed_why(plan: Plan) -> str:
    return f"every {plan.every} from {plan.start.isoformat()}"


def _slots_after(plan: Plan, after_us: int, zone: tzinfo) -> Iterator[int]:
    """Slots in season later than a moment, ascending, without end; nothing where the season never meets one."""
    place = max(0, _newest_index(plan, after_us, zone))
    missed = 0
    while missed <= SEASON_STEPS[_every(plan).unit]:
        nominal = _nominal(plan, place)
        if _in_season(plan, nominal):
            at = _instant(nominal, zone, plan)
            if at > after_us:
                missed = 0
                yield at
        else:
            missed += 1
        place += 1


def _tolerance_us(plan: Plan) -> int:
    return round(plan.tolerance * _every(plan).days * 24 * US_PER_HOUR)


def _newest_index(plan: Plan, now_us: int, zone: tzinfo) -> int:
    """Number of the last step of the calendar that is not after a moment, seasons aside; -1 before the first."""
    every = _every(plan)
    guess = int((now_us - _instant(_nominal(plan, 0), zone, plan)) / (every.days * 24 * US_PER_HOUR))
    guess = max(guess, 0)
    while _instant(_nominal(plan, guess), zone, plan) <= now_us:
        guess += 1
    while guess >= 0 and _instant(_nominal(plan, guess), zone, plan) > now_us:
        guess -= 1
    return guess


def _nominal(plan: Plan, place: int) -> datetime:
    """The local clock at the step, without its zone; for hours the hour that counts, in UTC from the first slot."""
    first = datetime.combine(plan.start, time()) + timedelta(minutes=plan.at_min)
    return _added(first, _every(plan), place)


def _added(at: datetime, every: Every, times: int) -> datetime:
    """A local time and so many intervals: months keep the day of the first one where the month has it."""
    if every.unit is Unit.HOURS:
        return at + timedelta(hours=every.count * times)
    if every.unit in (Unit.DAYS, Unit.WEEKS):
        return at + timedelta(days=every.count * times * (7 if every.unit is Unit.WEEKS else 1))
    months = at.month - 1 + every.count * times * (12 if every.unit is Unit.YEARS else 1)
    year, month = at.year + months // 12, months % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, _days_in(year, month)))


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _instant(nominal: datetime, zone: tzinfo, plan: Plan) -> int:
    """UTC microseconds of a local time. A time that summer time leaves out is an hour later, one that comes twice its
    first. Intervals of hours do not follow the clock on the wall: only their first slot does."""
    if _every(plan).unit is Unit.HOURS:
        first = _nominal(plan, 0)
        return _utc_us(first, zone) + (nominal - first) // ONE_US
    return _utc_us(nominal, zone)


def _utc_us(nominal: datetime, zone: tzinfo) -> int:
    return (nominal.replace(tzinfo=zone).astimezone(UTC) - EPOCH) // ONE_US


def _key(plan: Plan, at_us: int, zone: tzinfo) -> str:
    """The slot's local date and time; for intervals of hours in UTC, where no hour comes twice."""
    if _every(plan).unit is Unit.HOURS:
        return _iso(at_us)
    return _local(at_us, zone).strftime("%Y-%m-%dT%H:%M")


def _in_season(plan: Plan, nominal: datetime) -> bool:
    return plan.season is None or plan.season.holds(nominal.date())


def _every(plan: Plan) -> Every:
    if plan.every is None:
        raise ValueError(f"{plan.id} has no calendar interval")
    return plan.every


# from completion


def _is_busy(history: Sequence[Slot]) -> bool:
    """Is the next task not asked for yet, because the last is open or put off?"""
    return any(slot.state in (SlotState.OPEN, SlotState.DEFERRED) for slot in history)


def _last(history: Sequence[Slot], now_us: int) -> Slot | None:
    """The slot that the next one is counted from: the last completion, or what was skipped or cancelled later."""
    over = [slot for slot in history if slot.state not in (SlotState.OPEN, SlotState.DEFERRED)]
    return max(over, key=lambda slot: _over_us(slot, now_us), default=None)


def _over_us(slot: Slot, now_us: int) -> int:
    """A completion in the future was told while the clock was wrong: the slot's own date counts instead."""
    return slot.due_us if slot.done_at_us is None or slot.done_at_us > now_us else slot.done_at_us


def _base_us(history: Sequence[Slot], now_us: int) -> int | None:
    last = _last(history, now_us)
    return None if last is None else _over_us(last, now_us)


def _from(base_us: int | None) -> str:
    return "first" if base_us is None else f"from {_iso(base_us)}"


def _floating(plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int, zone: tzinfo) -> Due | None:
    """Every rule counts from the last completion; the first that is met opens the order."""
    key = _from(_base_us(history, now_us))
    if _is_busy(history) or any(slot.key == key for slot in history):
        return None
    met = []
    if plan.every is not None:
        at = _floating_us(plan, plan.every, history, now_us, zone)
        if at is not None and at - round(plan.ahead_h * US_PER_HOUR) <= now_us:
            met.append(Due(key, at, _floating_why(plan, history, now_us)))
    if plan.meter is not None and (found := _run_out(plan.meter, history, seen, now_us)) is not None:
        met.append(Due(key, found[0], found[1]))
    if plan.condition is not None:
        told, base_us = seen.get(plan.condition.signal), _base_us(history, now_us)
        if told is not None and plan.condition.holds(told.value) and (base_us is None or told.at_us > base_us):
            met.append(Due(key, told.at_us, f"{plan.condition.signal} is {told.value:g}, {plan.condition}"))
    return min(met, key=lambda one: one.due_us, default=None)


def _floating_us(plan: Plan, every: Every, history: Sequence[Slot], now_us: int, zone: tzinfo) -> int | None:
    """When the calendar asks again: an interval after the last completion, moved into the season."""
    base_us = _base_us(history, now_us)
    if base_us is None:
        nominal = datetime.combine(plan.start, time()) + timedelta(minutes=plan.at_min)
        at = _utc_us(nominal, zone)
    elif every.unit is Unit.HOURS:
        at = base_us + every.count * US_PER_HOUR
        nominal = _local(at, zone)
    else:
        nominal = _added(_local(base_us, zone), every, 1)
        at = _utc_us(nominal, zone)
    for _ in range(367):
        if _in_season(plan, nominal):
            return at
        nominal = datetime.combine(nominal.date() + timedelta(days=1), time())
        nominal += timedelta(minutes=plan.at_min)
        at = _utc_us(nominal, zone)
    return None


def _floating_why(plan: Plan, history: Sequence[Slot], now_us: int) -> str:
    base_us = _base_us(history, now_us)
    return "the first time" if base_us is None else f"{plan.every} after the last one, {_iso(base_us)}"


def _run_out(rule: MeterRule, history: Sequence[Slot], seen: Mapping[str, Seen], now_us: int) -> tuple[int, str] | None:
    """When the meter has run through its step since the last completion. One that stands lower than then was replaced:
    what it shows now was all counted since."""
    told = seen.get(rule.meter)
    if told is None:
        return None
    last = _last(history, now_us)
    base = rule.since if last is None or last.meter_at_done is None else last.meter_at_done
    gone = told.value - base if told.value >= base else told.value
    if gone < rule.every:
        return None
    return told.at_us, f"{rule.meter} ran {gone:g} since {base:g}, every {rule.every:g}"


def _metered(rule: MeterRule, plan: Plan, history: Sequence[Slot], seen: Mapping[str, Seen]) -> Due | None:
    """Whole multiples of the step, whenever the last one was done; one done a little early counts."""
    told = seen.get(rule.meter)
    if told is None or told.value < rule.since + rule.every:
        return None
    steps = int((told.value - rule.since) // rule.every)
    mark = rule.since + steps * rule.every
    key = f"{rule.meter} {mark:g}"
    early = mark - plan.tolerance * rule.every
    done = any(slot.meter_at_done is not None and early <= slot.meter_at_done <= told.value for slot in history)
    if done or any(slot.key == key for slot in history):
        return None
    return Due(key, told.at_us, f"{rule.meter} is {told.value:g}, due at {mark:g}")


def _local(at_us: int, zone: tzinfo) -> datetime:
    return (EPOCH + at_us * ONE_US).astimezone(zone).replace(tzinfo=None)


def _iso(at_us: int) -> str:
    return (EPOCH + at_us * ONE_US).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
