"""Work around orders in the shapes of `api.schemas_work`. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from forewarn.api.schemas_work import (
    CallOut,
    ClockOut,
    ComparedOut,
    ComparisonOut,
    MutedAdviceOut,
    MutedOut,
    MuteOut,
    OnCallOut,
    StepOut,
    StepsOut,
    TimedOut,
    WaitingOut,
)
from forewarn.api.views import moment
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.orders.deadlines import Clock
from forewarn.maintenance.orders.deadlines_book import OnCall, Timed
from forewarn.maintenance.orders.departments import Step, effect
from forewarn.maintenance.orders.departments_book import Waiting
from forewarn.maintenance.orders.muting import Mute, Muted


def step(found: Step, now_us: int) -> StepOut:
    """One step."""
    return StepOut(
        id=found.id,
        order=found.order_id,
        department=cast(Any, found.department.value),
        what=found.what,
        owner=found.owner,
        required=found.required,
        due=moment(found.due_us),
        asked_at=moment(found.made_at_us),
        done_at=_maybe(found.done_at_us),
        done_by=found.done_by or None,
        dropped_at=_maybe(found.dropped_at_us),
        note=found.note,
        slipped=found.slips(now_us),
        revision=found.revision,
    )


def steps(order: WorkOrder, found: Sequence[Step], now_us: int) -> StepsOut:
    """Steps of an order, with their effect."""
    told = effect(found, order.start_by_us, now_us)
    return StepsOut(
        order=order.id,
        number=order.number,
        earliest_start=moment(told.earliest_start_us),
        start_by=_maybe(order.start_by_us),
        late_h=told.late_h,
        can_start=told.waits_in is None,
        waits_in=cast(Any, told.waits_in.value if told.waits_in else None),
        reason=told.reason,
        steps=[step(one, now_us) for one in found],
    )


def waiting(found: Waiting, now_us: int) -> WaitingOut:
    """A line of the board."""
    order = found.order
    return WaitingOut(
        step=step(found.step, now_us),
        number=order.number,
        asset=order.asset,
        title=order.title,
        priority=order.priority,
        status=cast(Any, order.status.value),
        start_by=_maybe(order.start_by_us),
        late_h=found.late_h,
    )


def clock(found: Clock) -> ClockOut:
    """One clock."""
    return ClockOut(
        clock=cast(Any, found.name.value),
        state=cast(Any, found.state.value),
        limit_h=found.limit_h,
        used_h=found.used_h,
        paused_h=found.paused_h,
        due=_maybe(found.due_us),
        ended_at=_maybe(found.ended_at_us),
    )


def timed(found: Timed) -> TimedOut:
    """An order with its clocks."""
    return TimedOut(
        order=found.order_id,
        number=found.number,
        asset=found.asset,
        kind=cast(Any, found.kind.value),
        priority=found.priority,
        clocks=[clock(one) for one in found.clocks],
    )


def call(row: Json) -> CallOut:
    """A call as it was kept."""
    told = cast(Any, row)
    return CallOut(
        clock=told["clock"],
        level=told["level"],
        rota=told["rota"],
        person=told["person"] or None,
        at=moment(told["at_us"]),
    )


def on_call(turn: OnCall) -> OnCallOut:
    """A turn."""
    return OnCallOut(
        id=turn.id,
        rota=turn.rota,
        person=turn.person,
        contact=turn.contact,
        start=moment(turn.from_us),
        until=moment(turn.until_us),
    )


def comparison(kept: Json, at_us: int) -> ComparisonOut:
    """A comparison as `pipeline.verification.comparison_json` writes it."""
    told = cast(Any, kept)
    numbers = {key: told[key] for key in ("result", "reason", "seen_h", "needed_h", "health_before", "health_after")}
    return ComparisonOut(**numbers, at=moment(at_us), signals=[ComparedOut(**row) for row in told["signals"]])


def muted(found: Sequence[Mute], kept: Sequence[Muted]) -> MutedOut:
    """What is muted now, and what was kept."""
    return MutedOut(
        muted=[
            MuteOut(asset=one.asset, order=one.order_id, number=one.number, since=moment(one.since_us)) for one in found
        ],
        kept=[
            MutedAdviceOut(
                asset=one.advice.asset,
                fault=str(one.advice.fault),
                priority=one.advice.priority,
                reason=one.advice.reason,
                order=one.order_id,
                first_at=moment(one.first_at_us),
                last_at=moment(one.last_at_us),
            )
            for one in kept
        ],
    )


def _maybe(at_us: int | None) -> Any:
    return None if at_us is None else moment(at_us)
