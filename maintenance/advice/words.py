"""Why an advice says what it says, in sentences: one for each number, kept in the evidence and told to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.plant import Asset, FaultPlan, Plant
from forewarn.maintenance.advice.numbers import Inputs, Numbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLEARLY_LESS = 0.9
"""Waiting costs clearly less than acting below this share of it."""


def remarks(found: Numbers, inputs: Inputs, plan: FaultPlan | None, plant: Plant) -> list[str]:
    """What a planner has to know about the numbers, one sentence each."""
    told = []
    if plan is None:
        told.append("The plant file has no job plan for this fault: usual hours, no parts.")
    unknown = [lead.part for lead in inputs.leads if plant.part(lead.part) is None]
    if unknown:
        told.append(f"Lead time of {', '.join(unknown)} is unknown: the usual one is assumed.")
    if found.rul_p10_h is None:
        return [*told, "Remaining life is not known yet."]
    told.append(f"P10 of the remaining life is {span(found.rul_p10_h)} of operation.")
    if found.start_late_h:
        told.append(f"Work should have started {span(found.start_late_h)} ago: start now.")
    elif found.order_late_h and inputs.longest_lead().p90_days:
        told.append(f"Parts should have been ordered {span(found.order_late_h)} ago: order now.")
    return [*told, *_money(found, inputs), *_stop(found)]


def reasons(found: Numbers, inputs: Inputs, decision: str) -> dict[str, str]:
    """Each number with its reason, by name: decision, priority, start_by, order_by, chance, costs."""
    critical = f"criticality {inputs.criticality}"
    if found.rul_p10_h is None:
        unknown = f"{critical}, confirmed, and nobody can say how long it lasts: counted as {found.urgency}."
        return {"decision": decision, "priority": f"Priority {found.priority}: {unknown}"}
    slowest = inputs.longest_lead()
    there = "parts and crew" if inputs.crew_p90_h else "parts"
    late_repair_h = max(inputs.repair_late_h or 0.0, inputs.repair_hours)
    p10 = span(inputs.calendar_h(found.rul_p10_h))
    told = {
        "decision": decision,
        "priority": f"Priority {found.priority}: {critical}, P10 of failure in {p10} ({found.urgency}).",
        "start_by": f"P10 of failure in {p10}, less {span(late_repair_h)} of repair.",
        "order_by": (
            f"Start of work, less {slowest.p90_days:g} days: nine of ten deliveries of {slowest.part} come within."
            if slowest.p90_days
            else "Start of work: no part has to be waited for."
        ),
        "chance": f"In {found.win_probability:.0%} of all cases {there} are there and the repair ends in time.",
    }
    money = " ".join(_money(found, inputs))
    return {**told, "costs": money or "The plant file does not say what an hour of downtime costs: nothing is weighed."}


def decision_by_costs(found: Numbers, inputs: Inputs) -> str | None:
    """Why the order is only prepared, where waiting costs less than acting (by a tenth) and there is no hurry: nothing
    is late, nothing urgent, and P10 of failure lies beyond the next look. Else None."""
    if inputs.costs is None or found.acting is None or found.waiting is None or found.rul_p10_h is None:
        return None
    hurry = found.order_late_h > 0 or found.start_late_h > 0 or found.priority <= 2
    soon = inputs.calendar_h(found.rul_p10_h) <= inputs.costs.look_again_h
    if hurry or soon or found.waiting > CLEARLY_LESS * found.acting:
        return None
    return f"Confirmed alarm, but to look again in {span(inputs.costs.look_again_h)} costs less than to act now."


def _money(found: Numbers, inputs: Inputs) -> list[str]:
    if inputs.costs is None or found.acting is None or found.waiting is None:
        return []
    name, wait = inputs.costs.currency, span(inputs.costs.look_again_h)
    return [
        f"Acting now costs {name} {found.acting:,.0f} on average, waiting {wait} {name} {found.waiting:,.0f}"
        f" (failure first: {found.lost_if_waiting:.0%})."
    ]


def _stop(found: Numbers) -> list[str]:
    if found.stop_us is None:
        return []
    first, last = (f"{EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M}" for at in found.stop_us)
    return [f"Production stands from {first} to {last} UTC, long enough for the repair."]


def span(hours: float) -> str:
    """Hours as a person says them.

    >>> span(30.2), span(223.0)
    ('30 h', '9.3 days')
    """
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def title(fault: Fault, asset: Asset) -> str:
    """Words for the list: "Outer-race spall, Drive-end bearing 6312, Cooling water pump 2".

    No date stands in it: dates move, a title is read for weeks.
    """
    mechanism = MECHANISMS.get(fault.mechanism)
    label = mechanism.label if mechanism else fault.mechanism.replace("_", " ")
    component = asset.component(fault.component)
    where = (component.name if component else "") or fault.component.replace("_", " ")
    return f"{label[:1].upper()}{label[1:]}, {where}, {asset.name}"
