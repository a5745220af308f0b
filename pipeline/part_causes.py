"""What asks for parts, read from kept assessments, orders, plans and the plant file. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import CauseKind
from forewarn.core.faults import Fault
from forewarn.core.job_plans import JobPlan
from forewarn.core.plans import Plan
from forewarn.core.plant import Asset, PartLine, Plant
from forewarn.core.stock import PartCard
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.advice.numbers import Inputs
from forewarn.maintenance.orders.job_rules import best_plan
from forewarn.maintenance.orders.rules import together


def suspected(kept: Mapping[str, Any], real_share: float) -> list[tuple[Fault, float, Mapping[str, Any]]]:
    """Faults of a kept assessment with a forecast: probability that it is there, and the forecast."""
    probability = {told["fault"]: float(told["probability"]) for told in kept["diagnosis"]}
    total = max(sum(probability.values()), 1.0)  # rounded shares may add up to a hair more than 1
    return [
        (Fault.parse(told["fault"]), probability[told["fault"]] / total * real_share, told)
        for told in kept["forecasts"]
        if told["fault"] in probability
    ]


def calendar_days(
    forecast: Mapping[str, Any], kept: Mapping[str, Any], asset: Asset, now_us: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Levels and days of the calendar, from now, of a kept forecast in operating hours: by the shift plan or the hours
    per day, as an advice reckons. Quantiles at the horizon mean "not before" and are left out."""
    told = zip(forecast["levels"], forecast["hours"], strict=True)
    inside = [(level, hours) for level, hours in told if hours < forecast["horizon_h"]]
    levels, hours = tuple(level for level, _ in inside), tuple(hours for _, hours in inside)
    if not levels:
        return (), ()
    at_us, calendar = int(kept["at_us"]), tuple[float, ...]()
    if asset.shifts is not None:
        measured = kept["hours_per_day"]
        share = 1.0 if measured is None else min(max(measured * 7 / asset.shifts.hours_per_week, 0.01), 1.0)
        calendar = tuple(float(h) for h in asset.shifts.calendar_hours(at_us, np.array(hours, np.float64), share))
    inputs = Inputs(at_us, asset.criticality, asset.operating_hours_per_day, 0.0, levels, hours, calendar=calendar)
    age = max(now_us - at_us, 0) / US_PER_DAY
    return levels, tuple(inputs.calendar_h(h) / 24.0 - age for h in hours)


def is_suspected(order: WorkOrder) -> bool:
    """Only prepared: a person decides whether it is done at all."""
    return order.is_draft or (order.status is Status.WAPPR and order.kind is OrderKind.CONDITION)


def cause_of(order: WorkOrder) -> tuple[CauseKind, str]:
    """What stands behind an order: its plan, its first fault, or the order itself."""
    if order.origin and order.origin.startswith("pm:"):
        return CauseKind.PLAN, order.origin.split(":")[1]
    if order.causes:
        return CauseKind.FAULT, str(order.causes[0].fault)
    return CauseKind.ORDER, order.number


def lines_of(plan: Plan, asset: Asset, jobs: Sequence[JobPlan]) -> tuple[PartLine, ...]:
    """Parts of a slot's order: the plan's own, and those of the job plan that it takes."""
    named = next((job for job in jobs if job.id == plan.job_plan and not job.retired), None)
    job = named if plan.job_plan else best_plan(jobs, plan.kind, asset.asset_class, None)
    return together(plan.parts, job.parts if job else ())


def unpacked(lines: Iterable[PartLine], cards: Mapping[str, PartCard]) -> tuple[PartLine, ...]:
    """A kit is asked for as what it contains (kits inside kits too)."""
    found: dict[str, int] = defaultdict(int)
    waiting = [(line.part, line.quantity, frozenset[str]()) for line in lines]
    while waiting:
        part, quantity, inside = waiting.pop()
        card = cards.get(part)
        if card is None or not card.is_kit or part in inside:
            found[part] += quantity
        else:
            waiting += [(line.part, quantity * line.quantity, inside | {part}) for line in card.contains]
    return tuple(PartLine(part, quantity) for part, quantity in sorted(found.items()))


def standstill_of(asset: Asset, plant: Plant) -> float | None:
    """Money for an hour of the calendar in which a machine stands: that of production, for the share it is to run."""
    down = asset.downtime_cost_per_h
    if down is None and plant.costs is not None:
        down = plant.costs.downtime_of(asset.criticality)
    return None if down is None else down * min(asset.operating_hours_per_day, 24.0) / 24.0
