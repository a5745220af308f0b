"""Demands, policies and reviews in the shapes of `api.schemas_demand`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from forewarn.api.schemas_demand import (
    DemandReviewOut,
    DemandTraceOut,
    ForecastAccuracyOut,
    ForecastScoreOut,
    LeadTimeOut,
    MovedOut,
    PartDemandOut,
    PartDemandRow,
    PolicyLineOut,
    PolicyStepOut,
    ReorderPolicyOut,
    ReorderProposalOut,
)
from forewarn.api.views import moment
from forewarn.core.demand import LineState, PartDemand, Trace
from forewarn.maintenance.demand.desk import Held, KeptPolicy, Line
from forewarn.maintenance.demand.review import Reviewed, Standing, Step, standing_of
from forewarn.maintenance.demand.traces import cause_words, told

if TYPE_CHECKING:
    from forewarn.maintenance.demand.accuracy import Accuracy, Score
    from forewarn.maintenance.demand.reorder import Proposal
    from forewarn.pipeline.part_demand import Looked

Action = Literal["approve", "decline", "reverse"]
ACTIONS: dict[LineState, list[Action]] = {
    LineState.PROPOSED: ["approve", "decline"],
    LineState.APPLIED: ["reverse"],
}


def trace_out(trace: Trace) -> DemandTraceOut:
    """One cause of a demand."""
    return DemandTraceOut(
        kind=cast(Any, trace.kind.value),
        asset=trace.asset,
        cause=trace.cause,
        pieces=trace.pieces,
        probability=min(max(trace.probability, 0.0), 1.0),
        when=moment(trace.when_us) if trace.when_us is not None else None,
        text=cause_words(trace),
        why=trace.why,
    )


def demand_row(looked: Looked, demand: PartDemand, policy: KeptPolicy | None) -> PartDemandRow:
    """A part of the list."""
    return PartDemandRow(**_row(looked, demand, policy))


def demand_out(looked: Looked, demand: PartDemand, policy: KeptPolicy | None) -> PartDemandOut:
    """A part in full."""
    return PartDemandOut(
        **_row(looked, demand, policy),
        chances=[min(float(chance), 1.0) for chance in demand.chances],
        traces=[trace_out(trace) for trace in demand.traces],
        text=told(demand),
        asked=looked.asked,
        policy=policy_out(policy.standing, policy) if policy else None,
        now=policy_out(standing_of(looked.causes, looked.terms, looked.lead)),
    )


def _row(looked: Looked, demand: PartDemand, policy: KeptPolicy | None) -> dict[str, Any]:
    rule = policy.standing.policy if policy else None
    return {
        "part": looked.part,
        "name": looked.name,
        "window_days": demand.window.mean_days,
        "mean": demand.mean,
        "p50": demand.quantile(0.5),
        "p90": demand.quantile(0.9),
        "on_hand": looked.on_hand,
        "available": looked.available,
        "on_order": looked.on_order,
        "reorder_point": rule.reorder_point if rule else None,
        "order_up_to": rule.order_up_to if rule else None,
        "main_cause": cause_words(demand.traces[0]) if demand.traces else "",
    }


def policy_out(standing: Standing, kept: KeptPolicy | None = None) -> ReorderPolicyOut:
    """A policy with what it was computed from."""
    rule, lead = standing.policy, standing.lead
    return ReorderPolicyOut(
        part=rule.part,
        level=rule.level,
        reorder_point=rule.reorder_point,
        order_up_to=rule.order_up_to,
        lot=rule.lot,
        mean=rule.mean,
        chance_enough=min(rule.chance_enough, 1.0),
        yearly=rule.yearly,
        is_insurance=rule.is_insurance,
        missing_cost=rule.missing,
        price=standing.terms.price,
        currency=standing.terms.currency,
        lead=LeadTimeOut(p50_days=lead.p50_days, p90_days=lead.p90_days, deliveries=lead.deliveries),
        reasons=list(rule.reasons),
        since=moment(kept.changed_at_us) if kept else None,
        revision=kept.revision if kept else 0,
    )


def line_out(line: Line) -> PolicyLineOut:
    """A line of a review that was held."""
    found = preview_out(line.reviewed)
    return found.model_copy(
        update={
            "id": line.id,
            "slot": line.slot,
            "state": line.state.value,
            "at": moment(line.at_us),
            "decided_at": moment(line.decided_at_us) if line.decided_at_us is not None else None,
            "decided_by": line.decided_by,
            "note": line.note,
            "actions": list(ACTIONS.get(line.state, [])),
        }
    )


def preview_out(line: Reviewed) -> PolicyLineOut:
    """What a review would say."""
    return PolicyLineOut(
        id=None,
        slot="",
        part=line.part,
        state="kept" if line.is_same else "proposed",
        before=policy_out(line.before) if line.before else None,
        after=policy_out(line.after),
        money=line.money,
        currency=line.after.terms.currency,
        steps=[step_out(step) for step in line.steps],
        text=line.text,
        at=moment(line.after.at_us),
        decided_at=None,
        decided_by="",
        note="",
        actions=[],
    )


def step_out(step: Step) -> PolicyStepOut:
    """One thing that changed."""
    moved = [
        MovedOut(kind=cast(Any, one.kind.value), asset=one.asset, cause=one.cause, before=one.before, after=one.after,
                 text=one.words())
        for one in step.moved
    ]  # fmt: skip
    return PolicyStepOut(
        name=step.name,
        what=step.what,
        point_before=step.point_before,
        point_after=step.point_after,
        up_to_before=step.up_to_before,
        up_to_after=step.up_to_after,
        moved=moved,
        text=step.words(),
    )


def review_out(held: Held) -> DemandReviewOut:
    """A review that was held."""
    return DemandReviewOut(slot=held.slot, at=moment(held.at_us), by=held.by, counts=cast(dict[str, int], held.counts))


def proposal_out(one: Proposal) -> ReorderProposalOut:
    """Pieces to order now."""
    return ReorderProposalOut(
        part=one.part, quantity=one.quantity, money=one.money, saves=one.saves, reason=one.reason,
        held_back=one.held_back,
    )  # fmt: skip


def accuracy_out(found: Accuracy, scores: list[Score]) -> ForecastAccuracyOut:
    """How good the forecasts were."""
    return ForecastAccuracyOut(
        count=found.count,
        expected=found.expected,
        issued=found.issued,
        bias=found.bias,
        losses={f"p{100 * level:.0f}": loss for level, loss in found.losses.items()},
        covered={f"p{100 * level:.0f}": share for level, share in found.covered.items()},
        scores=[_score_out(one) for one in scores],
    )


def _score_out(one: Score) -> ForecastScoreOut:
    (p50, p90, p95), (loss_p50, loss_p90, loss_p95) = one.quantiles, one.losses
    return ForecastScoreOut(
        part=one.part, month=one.month, expected=one.expected, issued=one.issued, p50=p50, p90=p90, p95=p95,
        loss_p50=loss_p50, loss_p90=loss_p90, loss_p95=loss_p95,
    )  # fmt: skip
