"""The order of a due slot of a preventive plan: what it says, and how it is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from forewarn.core.errors import Conflict
from forewarn.core.plans import Due, Plan
from forewarn.core.ports import Actor
from forewarn.core.work import NewOrder, Status, WorkOrder
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.orders.desk import OrderStore, take_step
from forewarn.maintenance.orders.job_desk import take_new

ORIGIN_LIMIT = 200


def take_planned(
    store: OrderStore,
    plan: Plan,
    assets: Sequence[str],
    found: Due,
    actor: Actor,
    at_us: int,
    house: House,
    new_id: Callable[[], str],
) -> WorkOrder:
    """Open the order of a slot, once, in the caller's transaction; of a route one for all `assets`, on the first.

    It is approved at once where the plan says so and the plan's cost needs nobody else's approval.
    """
    new = order_of(plan, assets, found, at_us)
    order = take_new(store, new, actor, house, new_id).order
    if order is None:
        raise Conflict(f"the order of {plan.id} could not be opened")
    if plan.open_as is not Status.APPR or order.status is not Status.WAPPR:
        return order
    try:
        return take_step(store, order.id, Status.APPR, actor, order.revision, at_us, None, house)
    except Conflict:  # its cost is above what the system may approve: it waits for somebody who may
        return order


def order_of(plan: Plan, assets: Sequence[str], found: Due, at_us: int) -> NewOrder:
    """What the slot asks for. A round lists its stops as steps, in the order of the walk."""
    steps = plan.steps
    if plan.route:
        steps = tuple(f"{asset}: {step}" for asset in assets for step in (plan.steps or (plan.title,)))
    return NewOrder(
        asset=assets[0],
        kind=plan.kind,
        title=plan.title,
        at_us=at_us,
        origin=origin_of(plan.id, assets[0], found.key),
        priority=plan.priority,
        plan=plan.job_plan,
        parts=plan.parts,
        repair_hours=plan.hours,
        steps=steps,
        start_by_us=found.due_us,
        told={
            "pm": {
                "plan": plan.id,
                "plan_revision": plan.revision,
                "slot": found.key,
                "due_us": found.due_us,
                "why": found.why,
                "overtaken": found.overtaken,
                "component": plan.component,
                "assets": list(assets),
            }
        },
    )


def origin_of(plan: str, asset: str, key: str) -> str:
    """Words that are never the same for two slots.

    >>> origin_of("grease", "p1", "2026-03-09T06:00")
    'pm:grease:p1:2026-03-09T06:00'
    """
    origin = f"pm:{plan}:{asset}:{key}"
    if len(origin) <= ORIGIN_LIMIT:
        return origin
    return f"pm:{plan}:{hashlib.sha256(origin.encode()).hexdigest()}"
