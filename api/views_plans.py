"""Plans, slots, trials and judgements in the shapes of `api.schemas_plans`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from forewarn.api.schemas_plans import (
    ComingOut,
    EarlyOut,
    IntervalReplayOut,
    JudgementOut,
    ModeOut,
    OptionOut,
    PmPlanDetail,
    PmPlanIn,
    PmPlanOut,
    ShareOut,
    SlotOut,
    TrendOut,
    TrialOut,
    WatchOut,
)
from forewarn.api.views import moment
from forewarn.core.plans import Plan, Slot, Trial, Watch
from forewarn.core.work import Json
from forewarn.maintenance.plans.plan_json import plan_from, plan_json

if TYPE_CHECKING:
    from forewarn.api.plans_desk import Ruling
    from forewarn.pipeline.plan_rounds import Coming

MOST_SLOTS = 200


def plan_of(id: str, body: PmPlanIn) -> Plan:
    """A plan from what was sent. Raises Rejected for rules that do not hold together."""
    return plan_from({"id": id, **body.model_dump(mode="json")})


def plan_out(plan: Plan) -> PmPlanOut:
    """A plan with every field."""
    return PmPlanOut(**cast(dict[str, Any], plan_json(plan)))


def plan_detail(plan: Plan, slots: list[Slot], trials: list[Trial], record: list[Json]) -> PmPlanDetail:
    """A plan with what came of it, newest first."""
    newest = [slot_out(slot) for slot in reversed(slots[-MOST_SLOTS:])]
    fields = cast(dict[str, Any], plan_json(plan))
    return PmPlanDetail(**fields, slots=newest, trials=[trial_out(trial) for trial in trials], record=record)


def slot_out(slot: Slot) -> SlotOut:
    """One slot."""
    return SlotOut(
        asset=slot.asset,
        key=slot.key,
        due=moment(slot.due_us),
        state=cast(Any, slot.state.value),
        order=slot.order_id,
        done_at=moment(slot.done_at_us) if slot.done_at_us is not None else None,
        until=moment(slot.until_us) if slot.until_us is not None else None,
        reason=slot.reason,
    )


def watch_out(watch: Watch) -> WatchOut:
    """A watch with its end."""
    return WatchOut(
        assets=list(watch.assets),
        ends=moment(watch.ends_at_us),
        most_failures=watch.most_failures,
        expected=watch.expected,
        caught=watch.caught,
    )


def trial_out(trial: Trial) -> TrialOut:
    """A trial; both intervals in words."""
    return TrialOut(
        id=trial.id,
        plan=trial.plan,
        state=cast(Any, trial.state.value),
        before=interval_words(trial.before),
        after=interval_words(trial.after),
        watch=watch_out(trial.watch),
        started_at=moment(trial.started_at_us),
        reason=trial.reason,
        ended_at=moment(trial.ended_at_us) if trial.ended_at_us is not None else None,
        ended=trial.ended,
    )


def interval_words(plan: Plan) -> str:
    """When a plan comes due, for people.

    >>> from datetime import date
    >>> from forewarn.core.plans import Every, Trigger, Unit
    >>> interval_words(Plan("g", "Grease", Trigger.FIXED, date(2026, 1, 1), every=Every(2, Unit.WEEKS)))
    'every 2 weeks'
    """
    if not plan.active:
        return "not at all"
    told = [f"every {plan.every}"] if plan.every else []
    told += [f"every {plan.meter.every:g} {plan.meter.meter}"] if plan.meter else []
    told += [f"when {plan.condition.signal} is {plan.condition}"] if plan.condition else []
    return " or ".join(told)


def coming_out(one: Coming) -> ComingOut:
    """What comes, with numbers of orders."""
    return ComingOut(
        plan=one.plan.id,
        title=one.plan.title,
        asset=one.asset,
        due=moment(one.found.due_us) if one.found else None,
        ready=one.ready,
        why=one.found.why if one.found else "",
        order=one.order.number if one.order else None,
        together=[order.number for order in one.together],
        deferred_until=moment(one.deferred_until_us) if one.deferred_until_us is not None else None,
    )


def judgement_out(ruling: Ruling) -> JudgementOut:
    """A judgement with its numbers."""
    judged = ruling.judgement
    good = judged.good
    return JudgementOut(
        plan=judged.plan,
        verdict=cast(Any, judged.verdict.value),
        reason=judged.reason,
        interval_days=judged.interval,
        factor=_finite(judged.factor),
        proposed=interval_words(ruling.after) if ruling.after else None,
        tasks=judged.tasks,
        found_good=ShareOut(count=good.count, of=good.of, share=good.share, low=good.low, high=good.high),
        early=EarlyOut(**asdict(judged.early)),
        trend=TrendOut(**asdict(judged.trend)),
        modes=[ModeOut(**asdict(mode)) for mode in judged.modes],
        repair=cast(Any, judged.repair.value if judged.repair else None),
        shape=judged.shape,
        options=[OptionOut(**{**asdict(option), "factor": _finite(option.factor)}) for option in judged.options],
        replay=IntervalReplayOut(**asdict(judged.replay)) if judged.replay else None,
        watch=watch_out(ruling.watch) if ruling.watch else None,
        cost=judged.cost,
        failure_cost=judged.failure_cost,
        costs_from=judged.costs_from,
    )


def _finite(factor: float | None) -> float | None:
    return factor if factor is not None and math.isfinite(factor) else None
