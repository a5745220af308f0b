"""From jobs and job plans to the shapes of `api.schemas_jobs`, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from fastapi import HTTPException

from forewarn.api.schemas_jobs import (
    CodesOut,
    CostsOut,
    JobPlanIn,
    JobPlanOut,
    JobStepOut,
    LineIn,
    LineOut,
    OrderJobOut,
    OrderLink,
    PhotoIO,
    ResultOut,
    SafetyIO,
    SkillIO,
    StepIO,
)
from forewarn.api.state import Plantroom
from forewarn.api.views import moment
from forewarn.core.errors import Rejected
from forewarn.core.jobs import (
    DOWNTIME_REASONS,
    Job,
    JobPlan,
    JobStep,
    LineKind,
    NewLine,
    ReportLine,
    Safety,
    StepResult,
    standing,
)
from forewarn.core.ports import Actor
from forewarn.core.work import WorkOrder
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.findings import CODES, codes_asked, usual_codes
from forewarn.maintenance.orders.job_book import JobBook
from forewarn.maintenance.orders.job_json import plan_of
from forewarn.maintenance.orders.job_rules import steps_of


def jobs(room: Plantroom) -> JobBook:
    """The book as one of jobs, or 503 where it keeps none."""
    if not isinstance(room.orders, JobBook):
        raise HTTPException(503, "This server keeps no jobs")
    return room.orders


def job_out(room: Plantroom, order: WorkOrder, caller: Actor) -> OrderJobOut:
    """The work of an order as one caller sees it."""
    book = jobs(room)
    job, grown = book.job(order.id) or Job(), book.follow_ups(order.id)
    opened = {(other.origin or "").removeprefix(f"step:{order.id}:"): other.number for other in grown}
    stand = {line.seq for line in standing(job.lines)}
    parent = room.orders.order(order.follows) if order.follows else None
    return OrderJobOut(
        order=order.number,
        revision=order.revision,
        status=cast(Any, order.status.value),
        plans=[str(ref) for ref in job.plans],
        steps=[_step(job, step, opened.get(step.id)) for step in steps_of(order, job)],
        open_steps=[step.id for step in job.open_steps()],
        unsigned=[step.id for step in job.unsigned()],
        skills=[SkillIO(skill=need.skill, level=need.level) for need in job.skills],
        tools=list(job.tools),
        safety=_safety(job.safety),
        photos=[PhotoIO(name=p.name, sha256=p.sha256) for p in job.photos],
        lines=[_line(line, line.seq in stand) for line in job.lines],
        costs=_costs(order, job),
        codes={key: str(order.report[key]) for key in CODES if order.report.get(key)},
        codes_asked=list(codes_asked(order, order.report)),
        usual_codes=cast(Any, usual_codes(order)),
        needs_approval=book.approval_needed(order, caller.role),
        follows=_link(parent) if parent else None,
        follow_ups=[_link(other) for other in grown],
    )


def _step(job: Job, step: JobStep, follow_up: str | None) -> JobStepOut:
    result = job.result(step.id)
    fields = StepIO.model_validate(plain_object(step)).model_dump()
    return JobStepOut(**fields, result=_result(job, result) if result else None, follow_up_order=follow_up)


def _result(job: Job, result: StepResult) -> ResultOut:
    signed = job.signed(result.step)
    return ResultOut(
        seq=result.seq,
        outcome=cast(Any, result.outcome.value),
        value=result.value,
        unit=result.unit,
        outside=result.outside,
        note=result.note,
        photos=[PhotoIO(name=p.name, sha256=p.sha256) for p in result.photos],
        by=result.by,
        told_by=result.told_by,
        at=moment(result.at_us),
        signed_by=signed.by if signed else None,
        signed_at=moment(signed.at_us) if signed else None,
    )


def _line(kept: ReportLine, stands: bool) -> LineOut:
    line = kept.line
    return LineOut(
        seq=kept.seq,
        kind=cast(Any, line.kind.value),
        what=line.what,
        quantity=line.quantity,
        unit_cost=line.unit_cost,
        currency=line.currency,
        amount=kept.amount,
        start=moment(line.start_us) if line.start_us is not None else None,
        end=moment(line.end_us) if line.end_us is not None else None,
        note=line.note,
        corrects=line.corrects,
        stands=stands,
        by=kept.by,
        at=moment(kept.at_us),
    )


def _costs(order: WorkOrder, job: Job) -> CostsOut:
    costs = job.costs(order.currency)
    return CostsOut(
        currency=costs.currency,
        labour=costs.labour,
        parts=costs.parts,
        other=costs.other,
        total=costs.total,
        hours=costs.hours,
        planned=order.planned_cost,
        approved=order.approved_cost,
        approved_by=order.approved_by,
    )


def _safety(safety: Safety) -> SafetyIO:
    return SafetyIO(loto=safety.loto, permits=list(safety.permits), notes=safety.notes)


def _link(order: WorkOrder) -> OrderLink:
    kind, status = cast(Any, order.kind.value), cast(Any, order.status.value)
    return OrderLink(number=order.number, kind=kind, status=status, title=order.title)


def plan_out(plan: JobPlan) -> JobPlanOut:
    """A version of a plan."""
    return JobPlanOut.model_validate({**plain_object(plan), "work_hours": plan.work_hours})


def plan_in(id: str, told: JobPlanIn) -> JobPlan:
    """The plan that somebody sends. Raises Rejected with what is wrong with it."""
    return plan_of({"id": id, **told.model_dump(mode="json")})


def line_in(told: LineIn) -> NewLine:
    """A line that somebody sends."""
    return NewLine(
        kind=LineKind(told.kind),
        what=told.what,
        quantity=told.quantity,
        unit_cost=told.unit_cost,
        currency=told.currency,
        start_us=microseconds(told.start),
        end_us=microseconds(told.end),
        note=told.note,
        corrects=told.corrects,
    )


def microseconds(at: datetime | None) -> int | None:
    """An aware datetime -> UTC microseconds. Raises Rejected before 1970, where no plant time is."""
    if at is None:
        return None
    if at.timestamp() < 0:
        raise Rejected("time", f"{at.isoformat()} is no time of this plant")
    return round(at.timestamp() * 1e6)


def codes_out() -> CodesOut:
    """All codes with their words."""
    return CodesOut(**{key: dict(table) for key, table in CODES.items()}, downtime_reasons=dict(DOWNTIME_REASONS))
