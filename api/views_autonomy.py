"""Values of autonomy as the API shows them."""

from __future__ import annotations

from typing import Any, cast

from forewarn.api.schemas_autonomy import AutonomyClassOut, AutonomyStepOut, HeldAdviceOut, WindowOut
from forewarn.api.views import moment
from forewarn.core.autonomy import WHOLE_PLANT
from forewarn.core.windows import MaintenanceWindow
from forewarn.core.work import Json
from forewarn.maintenance.autonomy.book import SUBJECT, Held, Spending

PLANT = "plant"
"""What the API calls the whole plant."""


def name_of(of: str) -> str:
    """The name of a class in the API."""
    return of or PLANT


def of_name(name: str) -> str:
    """The class of a name of the API."""
    return WHOLE_PLANT if name == PLANT else name


def class_out(spent: Spending) -> AutonomyClassOut:
    """One class with its week."""
    standing = spent.standing
    return AutonomyClassOut(
        name=name_of(standing.of),
        level=None if standing.of == WHOLE_PLANT else cast(Any, standing.level.value),
        pinned=standing.pinned,
        by=standing.by,
        reason=standing.reason,
        changed_at=None if standing.changed_at_us is None else moment(standing.changed_at_us),
        counted_from=moment(standing.counted_from_us) if standing.counted_from_us else None,
        orders_per_week=spent.budget,
        opened_this_week=spent.opened,
        overspent_this_week=spent.overspent,
        held_back=spent.held,
        revision=standing.revision,
    )


def step_out(row: Json) -> AutonomyStepOut:
    """One row of the record."""
    known = cast(Any, row)
    return AutonomyStepOut(
        seq=known["seq"],
        at=moment(known["at_us"]),
        name=name_of(known["subject"].removeprefix(SUBJECT)),
        action=known["action"],
        actor=known["actor"],
        before=known["before"],
        after=known["after"],
    )


def held_out(held: Held) -> HeldAdviceOut:
    """One held advice."""
    advice = held.advice
    return HeldAdviceOut(
        asset=advice.asset,
        fault=str(advice.fault),
        name=held.of,
        state=cast(Any, held.state),
        why=cast(Any, held.why),
        reason=held.reason,
        until=None if held.until_us is None else moment(held.until_us),
        emergency=held.emergency,
        kind=cast(Any, advice.kind.value),
        title=advice.title,
        priority=advice.priority,
        advice=advice.reason,
        slack_h=advice.slack_h,
        risk_cost=advice.risk_cost,
        rul_p10_h=advice.rul_p10_h,
        rul_p50_h=advice.rul_p50_h,
        rul_p90_h=advice.rul_p90_h,
        order_by=None if advice.order_by_us is None else moment(advice.order_by_us),
        start_by=None if advice.start_by_us is None else moment(advice.start_by_us),
        win_probability=advice.win_probability,
        first_at=moment(held.first_at_us),
        at=moment(held.at_us),
        order_id=held.order_id,
        revision=held.revision,
    )


def window_out(window: MaintenanceWindow, now_us: int) -> WindowOut:
    """One window as of a plant time."""
    standing, coming = window.at(now_us), window.after(now_us)
    return WindowOut(
        id=window.id,
        scope=cast(Any, window.scope.value),
        of=window.of,
        start=moment(window.start_us),
        hours=window.hours,
        repeat=cast(Any, window.repeat.value),
        every=window.every,
        until=None if window.until_us is None else moment(window.until_us),
        timezone=window.zone_name,
        reason=window.reason,
        by=window.by,
        stands_until=moment(standing[1]) if standing else None,
        next_start=moment(coming[0]) if coming else None,
        revision=window.revision,
    )
