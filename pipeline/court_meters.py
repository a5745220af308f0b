"""The court of a meter plan: lives in use, as the plan's meter told it at completed tasks, and not in days. Pure.

Machines that run much wear fast; in days of the calendar their lives and those of idle ones are no sample of one law.
Use is counted in *days of average use*: units of the meter divided by what the plan's machines run a day on average. So
the court's costs per day, its replay and its watch stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plans import Plan, Slot, SlotState, Trigger
from forewarn.core.readings import Floats
from forewarn.pipeline.court_evidence import Case

LEAST_SHARE = 0.5
"""With fewer of the tasks on machines whose meter is known, the calendar tells more."""

AFTER = 1e-6
"""Days by which the span of a machine goes beyond its last event."""


@dataclass(frozen=True, slots=True, eq=False)
class Meter:
    """What the meter of one machine told: days float64[n] ascending, value float64[n] not descending, n >= 2.

    Between two readings use is even; after the last one it goes on as it did on average.
    """

    days: Floats
    value: Floats

    @property
    def per_day(self) -> float:
        """Units a day, on average."""
        return float((self.value[-1] - self.value[0]) / (self.days[-1] - self.days[0]))

    def at(self, day: float) -> float:
        """Units since the first reading.

        >>> Meter(np.array([0.0, 10.0]), np.array([100.0, 150.0])).at(12.0)
        60.0
        """
        beyond = max(day - float(self.days[-1]), 0.0) * self.per_day
        return float(np.interp(day, self.days, self.value)) - float(self.value[0]) + beyond


def by_meter(case: Case, plan: Plan, slots: Iterable[Slot]) -> Case:
    """The case of a meter plan in use. Machines without two readings are left out, and so is what came before a
    machine's first reading. The case as it is for other plans, combined ones too, and where fewer than half of the
    tasks are on machines whose meter was recorded."""
    if plan.trigger is not Trigger.METER or plan.meter is None:
        return case
    meters = {asset: meter for asset, meter in meters_of(slots).items() if asset in case.spans}
    tasks = [event.asset for event in case.events if event.kind == "task"]
    known = sum(asset in meters for asset in tasks)
    if not meters or known < LEAST_SHARE * len(tasks):
        return case
    ran = sum(float(meter.value[-1] - meter.value[0]) for meter in meters.values())
    per_day = ran / sum(float(meter.days[-1] - meter.days[0]) for meter in meters.values())
    events = [
        replace(event, at=meters[event.asset].at(event.at) / per_day)
        for event in case.events
        if event.asset in meters and event.at >= meters[event.asset].days[0]
    ]
    spans = {
        asset: (0.0, meter.at(case.spans[asset][1]) / per_day + AFTER)
        for asset, meter in meters.items()
        if case.spans[asset][1] > meter.days[0]
    }
    return replace(
        case,
        interval=plan.meter.every / per_day,
        spans=spans,
        events=tuple(sorted(events, key=lambda event: event.at)),
        meter=plan.meter.meter,
        per_day=per_day,
    )


def interval_words(case: Case, factor: float) -> str:
    """So many times the interval of a case, for people: in the units of its meter where it has one.

    >>> case = Case("p", 50.0, {}, (), 1.0, 5.0, "given")
    >>> interval_words(case, 1.5)
    '75 days'
    >>> interval_words(replace(case, meter="running_hours", per_day=16.0), 1.5)
    '1,200 running hours (75 days of average use, in which lives are told)'
    """
    days = f"{case.interval * factor:.0f} days"
    if not case.meter:
        return days
    units = case.interval * factor * case.per_day
    return f"{units:,.0f} {case.meter.replace('_', ' ')} ({days} of average use, in which lives are told)"


def meters_of(slots: Iterable[Slot]) -> dict[str, Meter]:
    """What was recorded at completed tasks, by machine: those with two readings at least that rise. A meter that fell
    was changed: only what came afterwards counts."""
    told: dict[str, list[tuple[float, float]]] = {}
    for slot in slots:
        if slot.state is SlotState.DONE and slot.done_at_us is not None and slot.meter_at_done is not None:
            told.setdefault(slot.asset, []).append((slot.done_at_us / US_PER_DAY, slot.meter_at_done))
    return {asset: meter for asset, readings in told.items() if (meter := _meter(sorted(readings))) is not None}


def _meter(readings: Sequence[tuple[float, float]]) -> Meter | None:
    table = np.array(readings, np.float64)
    fell = np.flatnonzero(np.diff(table[:, 1]) < 0)
    table = table[fell[-1] + 1 :] if len(fell) else table
    days, value = table[:, 0], table[:, 1]
    return Meter(days, value) if days[-1] > days[0] and value[-1] > value[0] else None
