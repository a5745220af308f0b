"""Is work done as it was planned, and how much of it waits? Pure.

PM compliance and schedule compliance count what was promised, not what was done: a task that was skipped, cancelled or
put off was due all the same, and an order that was moved out of its week after it began was scheduled in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.people import Technician
from forewarn.core.work import OrderKind, Status
from forewarn.maintenance.analysis.answers import Answer, Row, ratio, share
from forewarn.maintenance.analysis.facts import Facts, PastOrder, Period, Placed

LABOUR = "labour"
ASKED_FOR = "extra "
"""Keys of slots that somebody asked for beside the calendar: they were not due."""
READY = (Status.APPR.value, Status.WSCH.value)
"""Approved work that nothing but people and time is missing for."""
CAPACITY_DAYS = 28


def pm_compliance(facts: Facts, period: Period) -> Answer:
    """Tasks done inside their tolerance, over tasks that were due in the period and can be judged by now."""
    rows, left_out = [], 0
    for slot in facts.slots:
        if not period.holds(slot.due_us) or slot.key.startswith(ASKED_FOR):
            continue
        last_us = None if slot.tolerance_us is None else slot.due_us + slot.tolerance_us
        if slot.tolerance_us is None or (slot.done_us is None and last_us is not None and last_us >= facts.now_us):
            left_out += 1  # no interval to take the tolerance from, or its time is not over
            continue
        late_us = None if slot.done_us is None else slot.done_us - slot.due_us
        inside = late_us is not None and abs(late_us) <= slot.tolerance_us
        note = slot.state if late_us is None else f"done {late_us / US_PER_DAY:+.1f} days from due"
        id, number = slot.order_id or slot.key, slot.number or slot.key
        rows.append(Row("slot", id, number, slot.asset, slot.due_us, float(inside), 1.0, f"{slot.plan}: {note}"))
    none = "no preventive task was due in this period" if not left_out else "no task that was due can be judged yet"
    note = f"{left_out} tasks can not be judged yet, or have no interval to take a tolerance from" if left_out else ""
    return share(ratio("pm_compliance", rows, none, left_out, note))


def schedule_compliance(facts: Facts, period: Period) -> Answer:
    """Orders completed in the week for which they were scheduled, over orders scheduled; of weeks that are over.

    An order is scheduled for the local week in which a published schedule lets it begin, if that stood while the week
    ran. One that was cancelled before its week does not count.
    """
    orders = {order.id: order for order in facts.orders}
    rows = []
    for week, ids in scheduled(facts.placed, period):
        for order in (orders[id] for id in ids if week.to_us <= facts.now_us and id in orders):
            if not _cancelled_before(order, week.from_us):
                done = any(week.holds(at_us) for at_us in order.completions())
                note = "done in its week" if done else "not done in its week"
                rows.append(Row("order", order.id, order.number, order.asset, week.from_us, float(done), 1.0, note))
    return share(ratio("schedule_compliance", rows, "no schedule was published for a week of this period that is over"))


def scheduled(placed: Iterable[Placed], period: Period) -> list[tuple[Period, list[str]]]:
    """Weeks that begin in the period, with the orders that a published schedule had in them while they ran."""
    weeks = period.weeks()
    starts = [week.from_us for week in weeks]
    found: list[set[str]] = [set() for _ in weeks]
    for one in placed:
        place = bisect_right(starts, one.start_us) - 1
        if place < 0 or one.start_us >= weeks[place].to_us:
            continue
        week = weeks[place]
        if one.since_us < week.to_us and (one.until_us is None or one.until_us > week.from_us):
            found[place].add(one.order_id)
    return [(week, sorted(ids)) for week, ids in zip(weeks, found, strict=True)]


def _cancelled_before(order: PastOrder, at_us: int) -> bool:
    return any(step.status == Status.CAN.value and step.at_us < at_us for step in order.steps)


def ready_backlog(facts: Facts, period: Period) -> Answer:
    """Hours of ready work at the end of the period (or now), over the hours that the crew works in a week.

    Capacity is the mean of the four weeks that follow: shifts less holidays and absences. SMRP 5.4.9.
    """
    at_us = min(period.to_us, facts.now_us)
    last_us = min(period.to_us - 1, facts.now_us)  # what happens at the end of a period belongs to the next one
    rows = [
        Row("order", o.id, o.number, o.asset, o.created_at_us, o.hours, 0.0, f"{o.hours:g} h, {o.status_at(last_us)}")
        for o in facts.orders
        if o.status_at(last_us) in READY
    ]
    crew = capacity(facts.people, at_us, at_us + CAPACITY_DAYS * US_PER_DAY)
    weeks = CAPACITY_DAYS / 7
    rows += [Row("person", id, id, "", None, 0.0, h / weeks, f"{h / weeks:.1f} h a week") for id, h in crew.items()]
    unsized = sum(row.what == "order" and row.numerator == 0 for row in rows)
    note = f"{unsized} ready orders have no planned hours and count as 0" if unsized else ""
    return ratio("ready_backlog", rows, "nobody is known who works in the four weeks that follow", note=note)


def capacity(people: Iterable[Technician], from_us: int, to_us: int) -> dict[str, float]:
    """Hours that each active person works between two moments."""
    told = {}
    for person in people:
        spans = person.windows(from_us, to_us)
        hours = sum(max(0, min(stop, to_us) - start) for start, stop in spans) / US_PER_HOUR
        if hours > 0:
            told[person.id] = hours
    return told


def planned_share(facts: Facts, period: Period) -> Answer:
    """Hours of labour reported in the period on planned work, over all that were reported.

    Planned work had planned hours, was no emergency, and its machine had not broken down.
    """
    rows = []
    for order in facts.orders:
        planned = is_planned(order)
        for line in order.lines:
            if line.kind == LABOUR and period.holds(line.at_us) and line.quantity > 0:
                hours, note = line.quantity, f"{line.what}, {'planned' if planned else 'not planned'}"
                rows.append(Row("order", order.id, order.number, order.asset, line.at_us, hours * planned, hours, note))
    return ratio("planned_share", rows, "no hours of labour were reported in this period")


def is_planned(order: PastOrder) -> bool:
    """Was the work prepared before it began?"""
    return order.hours > 0 and order.kind != OrderKind.EMERGENCY.value and not order.breakdowns
