"""From plans, slots and orders to cases for the interval court, and from its verdict to a changed plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import fmean, median
from typing import Any, cast

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.labels import Finding
from forewarn.core.plans import MeterRule, Plan, SlotState, Trigger, Unit
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import OrderBook
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.plans.due import slots_between
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.pipeline.court_belief import NEVER
from forewarn.pipeline.court_evidence import GOOD, NOT_TOLD, WORN, Case, Event
from forewarn.pipeline.court_meters import by_meter

EVERY_ORDER = 1_000_000_000
FAILURES = (OrderKind.CORRECTIVE, OrderKind.EMERGENCY)
TASKS = (OrderKind.PREVENTIVE, OrderKind.INSPECTION)
FINISHED = (Status.COMP, Status.CLOSE)
USUAL_RATIO = 5.0
"""What a failure costs in tasks where neither the plan nor past orders say so."""


def failures_of(orders: OrderBook, asset: str, component: str) -> list[WorkOrder]:
    """Breakdowns of a component (of the asset, where none is named): corrective and emergency orders, not cancelled."""
    return [order for order in _orders(orders, asset) if _is_failure(order, component)]


def _is_failure(order: WorkOrder, component: str) -> bool:
    if order.kind not in FAILURES or order.status is Status.CAN:
        return False
    return not component or component in _components(order)


def known_mode(order: WorkOrder, wanted: Sequence[str]) -> bool:
    """Is it a failure of one of these modes (none named: any)?"""
    return not wanted or mode_of(order) in wanted


def mode_of(order: WorkOrder) -> str:
    """The failure mode that was found, else the one that was told, else "UNK"."""
    found = order.report.get("failure_mode_found")
    return str(found) if found else order.causes[0].failure_mode if order.causes else "UNK"


def case_of(plan: Plan, plant: Plant, plans: PlanBook, orders: OrderBook, now_us: int) -> Case:
    """The history of a plan as the court hears it.

    Tasks are completed slots and other finished preventive orders of the component (of imported history, too); failures
    are breakdowns of it; finished condition orders renewed it before it failed. An asset is known from its first order
    or slot on. A meter plan is heard in use, where its meter was recorded (`court_meters.by_meter`).
    Raises Rejected for a plan without an interval.
    """
    return case_from(plan, orders_of(orders, [asset.id for asset in plan.of(plant)]), plans, plant, now_us)


def orders_of(orders: OrderBook, assets: Iterable[str]) -> dict[str, list[WorkOrder]]:
    """Every order of these assets, without their evidence."""
    return {asset: _orders(orders, asset) for asset in assets}


def case_from(
    plan: Plan, orders: Mapping[str, Sequence[WorkOrder]], plans: PlanBook, plant: Plant, now_us: int
) -> Case:
    """As `case_of`, with the orders at hand: of the plan's assets, and of others, which are not looked at."""
    slots = plans.slots(plan.id)
    done = {slot.order_id: slot.done_at_us for slot in slots if slot.state is SlotState.DONE}
    events: list[Event] = []
    spans: dict[str, tuple[float, float]] = {}
    costs: dict[str, list[float]] = {"task": [], "failure": []}
    for asset in (one.id for one in plan.of(plant)):
        known = orders.get(asset, ())
        if not known:
            continue
        last_us = max(order.created_at_us for order in known)
        ends_us = last_us if all(_imported(order) for order in known) else now_us
        spans[asset] = min(order.created_at_us for order in known) / US_PER_DAY, ends_us / US_PER_DAY + 1e-6
        for order in known:
            event = _event(plan, asset, order, done)
            if event is None:
                continue
            events.append(event)
            cost = _cost(order)
            if cost is not None and event.kind in costs and cost > 0:
                costs[event.kind].append(cost)
    cost, failure_cost, source = _prices(plan, costs)
    case = Case(
        plan=plan.id,
        interval=_interval_days(plan, events),
        spans=spans,
        events=tuple(sorted(events, key=lambda event: event.at)),
        cost=cost,
        failure_cost=failure_cost,
        costs_from=source,
        costs_told=plan.cost is not None and plan.failure_cost is not None,
        modes=plan.failure_modes,
        monitored=_is_monitored(plan, plant),
        statutory=plan.statutory,
    )
    return by_meter(case, plan, slots)


def _orders(orders: OrderBook, asset: str) -> list[WorkOrder]:
    return orders.orders(asset=asset, limit=EVERY_ORDER, evidence=False)


def _event(plan: Plan, asset: str, order: WorkOrder, done: Mapping[str | None, int | None]) -> Event | None:
    """What an order says of the component; None of other things and of what is not finished."""
    if order.id in done:
        at_us = done[order.id] or order.updated_at_us
        return Event(asset, at_us / US_PER_DAY, "task", _finding(order))
    if _is_failure(order, plan.component):
        return Event(asset, order.created_at_us / US_PER_DAY, "failure", mode=mode_of(order))
    if order.status not in FINISHED or (plan.component and plan.component not in _components(order)):
        return None
    at = (order.created_at_us if _imported(order) else order.updated_at_us) / US_PER_DAY
    if order.kind in TASKS and "pm" not in order.report:
        return Event(asset, at, "task", _finding(order))
    return Event(asset, at, "renewal") if order.kind is OrderKind.CONDITION else None


def _finding(order: WorkOrder) -> int:
    told = order.report.get("finding")
    if told is None:
        return NOT_TOLD
    return GOOD if told == Finding.NOT_FOUND.value else WORN


def _components(order: WorkOrder) -> set[str]:
    found = {cause.fault.component for cause in order.causes}
    planned, imported = (cast(Any, order.report.get(key)) for key in ("pm", "imported"))
    if isinstance(planned, dict) and planned.get("component"):
        found.add(str(planned["component"]))
    if isinstance(imported, dict):
        found.update(str(component) for component in imported.get("components", ()))
    return found


def _imported(order: WorkOrder) -> bool:
    return "imported" in order.report


def _cost(order: WorkOrder) -> float | None:
    told = cast(Any, order.report.get("imported"))
    if isinstance(told, dict) and told.get("cost") is not None:
        return float(told["cost"])
    return order.planned_cost or None


def _prices(plan: Plan, costs: Mapping[str, Sequence[float]]) -> tuple[float, float, str]:
    """Cost of a task and of a failure, and where both come from."""
    task = plan.cost if plan.cost else fmean(costs["task"]) if costs["task"] else None
    failure = plan.failure_cost if plan.failure_cost else fmean(costs["failure"]) if costs["failure"] else None
    if task is not None and failure is not None:
        given = plan.cost is not None and plan.failure_cost is not None
        return task, failure, "as the plan says" if given else "from past orders"
    task = task if task is not None else failure / USUAL_RATIO if failure is not None else 1.0
    return task, task * USUAL_RATIO, f"assumed {USUAL_RATIO:g} to 1: neither the plan nor past orders tell both"


def _interval_days(plan: Plan, events: Sequence[Event]) -> float:
    """Days between tasks: as the calendar says, else as they were done."""
    if plan.trigger in (Trigger.FIXED, Trigger.FLOATING) and plan.every is not None:
        return plan.every.days
    if plan.trigger is Trigger.CONDITION:
        raise Rejected("no_interval", f"{plan.id} is done by condition: there is no interval to judge")
    by_asset: dict[str, list[float]] = {}
    for event in events:
        if event.kind == "task":
            by_asset.setdefault(event.asset, []).append(event.at)
    gaps = [b - a for at in by_asset.values() for a, b in zip(sorted(at), sorted(at)[1:], strict=False) if b > a]
    if gaps:
        return median(gaps)
    return plan.every.days if plan.every is not None else 365.0


def _is_monitored(plan: Plan, plant: Plant) -> bool:
    """Do signals stand on the component at every asset of the plan?"""
    assets: tuple[Asset, ...] = plan.of(plant)
    return bool(plan.component and assets) and all(
        any(signal.component == plan.component for signal in asset.signals) for asset in assets
    )


def changed_plan(plan: Plan, factor: float, now_us: int, zone: tzinfo) -> Plan:
    """The plan at another interval: `factor` times as long, inactive for `NEVER`. A fixed calendar goes on from its
    newest slot, so that nothing comes due twice."""
    if factor == NEVER:
        return replace(plan, active=False)
    meter = plan.meter and MeterRule(
        plan.meter.meter, round(plan.meter.every * factor, 3), plan.meter.since, plan.meter.floating
    )
    every = plan.every.times(factor) if plan.every is not None else None
    start = plan.start
    if plan.trigger is Trigger.FIXED and plan.every is not None and plan.every.unit is not Unit.HOURS:
        back_us = round(plan.every.days * 3 + 400) * US_PER_DAY
        past = slots_between(plan, max(now_us - back_us, 0), now_us + 1, zone)
        if past:
            start = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=past[-1])).astimezone(zone).date()
    return replace(plan, every=every, meter=meter, start=start)
