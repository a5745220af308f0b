"""What may be told of a job, and what it becomes. Pure: values in, values out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.jobs import (
    DOWNTIME_REASONS,
    Job,
    JobPlan,
    JobStep,
    LineKind,
    NewLine,
    NewResult,
    Outcome,
    ReportLine,
    SignOff,
    StepKind,
    StepResult,
    standing,
)
from forewarn.core.ports import Actor
from forewarn.core.work import Json, NewOrder, OrderKind, Status, WorkOrder

MOST_ENTRIES = 1_000
TEXT_LIMIT = 4_000
MOST_HOURS = 100_000.0
REPORTABLE = (Status.APPR, Status.WSCH, Status.WMATL, Status.WPCOND, Status.INPRG, Status.COMP, Status.CLOSE)
"""Lines are told of approved work, and corrected after it was closed: an invoice comes when it comes."""


def best_plan(plans: Sequence[JobPlan], kind: OrderKind, asset_class: str, fault: Fault | None) -> JobPlan | None:
    """The plan that is meant most closely for such an order; of equals the first by name. None when none is."""
    fitting = [(plan.fit(kind, asset_class, fault), plan) for plan in plans]
    closest = max((fit for fit, _ in fitting), default=0)
    return (
        next((plan for fit, plan in sorted(fitting, key=lambda f: f[1].id) if fit == closest), None)
        if closest
        else None
    )


def steps_of(order: WorkOrder, job: Job) -> tuple[JobStep, ...]:
    """All steps: those of the plans, then bare lines of the order as optional ones, `text-1` being its first line."""
    planned = {step.text for step in job.steps}
    lines = enumerate(order.steps, 1)
    bare = (JobStep(f"text-{n}", text, required=False) for n, text in lines if text.strip() and text not in planned)
    return (*job.steps, *bare)


def with_result(order: WorkOrder, job: Job, told: NewResult, actor: Actor, at_us: int) -> tuple[Job, StepResult]:
    """The job with the result of a step.

    Raises Conflict unless the order is in progress; Rejected for an unknown step, a measurement without value or in
    another unit, a value where none is measured, a skipped or failed step without a reason, a missing photo.
    """
    if order.status is not Status.INPRG:
        raise Conflict(f"{order.number} is {order.status}: results are told while it is in progress (INPRG)")
    step = _step(order, job, told.step)
    _check_result(step, told)
    _check_room(len(job.results) + len(job.sign_offs), order)
    result = StepResult(
        seq=_next(job),
        step=step.id,
        outcome=told.outcome,
        at_us=at_us,
        by=told.by or actor.name,
        told_by=actor.name,
        value=told.value,
        unit=step.unit if told.value is not None else "",
        note=told.note,
        photos=told.photos,
        outside=told.value is not None and step.is_outside(told.value),
    )
    return replace(job, results=(*job.results, result)), result


def _step(order: WorkOrder, job: Job, id: str) -> JobStep:
    steps = steps_of(order, job)
    found = next((step for step in steps if step.id == id), None)
    if found is None:
        known = ", ".join(step.id for step in steps) or "none"
        raise Rejected("unknown_step", f"{order.number} has no step {id!r}; its steps are: {known}")
    return found


def _check_result(step: JobStep, told: NewResult) -> None:
    if len(told.note) > TEXT_LIMIT:
        raise Rejected("note_too_long", f"a note has at most {TEXT_LIMIT} letters")
    if told.outcome is not Outcome.DONE and not told.note.strip():
        raise Rejected("reason_missing", f"step {step.id} was {told.outcome}: say why in the note")
    if told.outcome is Outcome.FAILED and step.kind is not StepKind.QUALITY:
        raise Rejected("no_check", f"step {step.id} is a {step.kind}: only a quality check fails")
    measured = step.kind is StepKind.MEASURE and told.outcome is Outcome.DONE
    if measured and told.value is None:
        raise Rejected("value_missing", f"step {step.id} measures {step.text!r}: give the value in {step.unit}")
    if told.value is not None and not measured:
        raise Rejected("no_measurement", f"step {step.id} takes no value")
    if told.value is not None and not math.isfinite(told.value):
        raise Rejected("value", f"step {step.id}: {told.value} is no measured value")
    if told.unit and told.unit != step.unit:
        raise Rejected("unit", f"step {step.id} is measured in {step.unit or 'no unit'}, not in {told.unit}")
    if step.photo and told.outcome is Outcome.DONE and not told.photos:
        raise Rejected("photo_missing", f"step {step.id} asks for a photo: attach one")


def with_sign_off(order: WorkOrder, job: Job, step_id: str, actor: Actor, at_us: int, note: str) -> Job:
    """The job with somebody's confirmation of the newest result of a step; the same job when it was confirmed.

    Raises Conflict for who did it or told it, without a result, and once the order is no longer open.
    """
    if not order.is_open:
        raise Conflict(f"{order.number} is {order.status}: steps are signed off before the order is completed")
    step = _step(order, job, step_id)
    result = job.result(step.id)
    if result is None or result.outcome is Outcome.SKIPPED:
        raise Conflict(f"step {step.id} of {order.number} was not done yet: there is nothing to sign off")
    if actor.name in (result.by, result.told_by):
        raise Conflict(f"step {step.id} was done by {result.by}: somebody else than {actor.name} has to sign it off")
    if job.signed(step.id) is not None:
        return job
    _check_room(len(job.results) + len(job.sign_offs), order)
    signed = SignOff(_next(job), step.id, result.seq, at_us, actor.name, note[:TEXT_LIMIT])
    return replace(job, sign_offs=(*job.sign_offs, signed))


def finished(order: WorkOrder, job: Job, skipped: object, actor: Actor, at_us: int) -> Job:
    """The job of an order that is completed: `skipped` (step id -> why) noted, a downtime that lasts ended now.

    Raises Rejected when required steps are open and it is not said which were skipped and why; Conflict when somebody
    else still has to sign a step off.
    """
    job = _with_skipped(order, job, skipped, actor, at_us)
    if still := job.open_steps():
        listed = ", ".join(f"{step.id} ({step.text})" for step in still)
        raise Rejected(
            "steps_open", f"{order.number} has open steps: {listed}. Tell their results, or say in `skipped` why not"
        )
    if unsigned := job.unsigned():
        listed = ", ".join(step.id for step in unsigned)
        raise Conflict(f"{order.number} waits for a sign-off by somebody else than who did it: {listed}")
    return _with_downtime_ended(job, actor, at_us)


def _with_skipped(order: WorkOrder, job: Job, skipped: object, actor: Actor, at_us: int) -> Job:
    if not isinstance(skipped, Mapping):
        raise Rejected("skipped_shape", "skipped is an object: step id -> why it was skipped")
    for id, why in skipped.items():
        if not isinstance(why, str) or not why.strip():
            raise Rejected("reason_missing", f"step {id} was skipped: say why")
        if (known := job.result(str(id))) is not None:
            raise Rejected("step_told", f"step {id} was {known.outcome}: it is not skipped")
        job, _ = with_result(order, job, NewResult(str(id), Outcome.SKIPPED, note=why), actor, at_us)
    return job


def _with_downtime_ended(job: Job, actor: Actor, at_us: int) -> Job:
    for kept in job.downtimes():
        if kept.line.end_us is None:
            ended = max(at_us, kept.line.start_us or at_us)
            line = replace(kept.line, end_us=ended, note="ended with the work", corrects=kept.seq)
            job = _adding(job, line, actor, at_us)
    return job


def with_lines(order: WorkOrder, job: Job, lines: Sequence[NewLine], actor: Actor, at_us: int) -> Job:
    """The job with further lines of its report.

    Raises Conflict while the order is not approved and once it is cancelled; Rejected for a line that tells nothing
    sensible (the sentence says what is expected), another currency, and a correction of a line that does not stand.
    """
    if order.status not in REPORTABLE:
        raise Conflict(f"{order.number} is {order.status}: what work took is told of approved work")
    for line in lines:
        _check_room(len(job.lines), order)
        job = _adding(job, checked_line(order, job, line, at_us), actor, at_us)
    return job


def _adding(job: Job, line: NewLine, actor: Actor, at_us: int) -> Job:
    return replace(job, lines=(*job.lines, ReportLine(len(job.lines) + 1, line, at_us, actor.name)))


def checked_line(order: WorkOrder, job: Job, line: NewLine, at_us: int) -> NewLine:
    """The line with its currency. A correction may take a quantity back to 0."""
    _check_amounts(line)
    if line.currency not in ("", order.currency):
        raise Rejected("currency", f"{order.number} is in {order.currency}, not in {line.currency}: convert it first")
    if line.corrects is not None:
        _check_correction(order, job, line)
    if line.kind is LineKind.DOWNTIME:
        _check_downtime(line, at_us)
    elif line.start_us is not None or line.end_us is not None:
        raise Rejected("line_times", f"a line of {line.kind} has no begin and end; only downtime has")
    return replace(line, currency=order.currency)


def _check_amounts(line: NewLine) -> None:
    named = {LineKind.LABOUR: "a person", LineKind.PART: "a part", LineKind.COST: "what it was for"}
    if line.kind in named and not line.what.strip():
        raise Rejected("line_what", f"a line of {line.kind} names {named[line.kind]} in `what`")
    if len(line.what) > 200 or len(line.note) > TEXT_LIMIT:
        raise Rejected("line_too_long", f"`what` has at most 200 letters, a note {TEXT_LIMIT}")
    if not (math.isfinite(line.quantity) and math.isfinite(line.unit_cost)) or line.unit_cost < 0:
        raise Rejected("line_amount", "quantity and unit cost are numbers, and the cost is 0 or more")
    if line.kind is LineKind.RATING and line.quantity not in (1, 2, 3, 4, 5):
        raise Rejected("rating", f"a rating is 1, 2, 3, 4 or 5, not {line.quantity:g}")
    if line.kind in (LineKind.LABOUR, LineKind.DURATION) and line.quantity > MOST_HOURS:
        raise Rejected("hours", f"{line.quantity:g} h are not the hours of one order")
    if line.quantity < 0 or (line.quantity == 0 and line.corrects is None):
        raise Rejected("quantity", "a quantity is above 0; to take a line back, correct it to 0")


def _check_correction(order: WorkOrder, job: Job, line: NewLine) -> None:
    known = {kept.seq: kept.line.kind for kept in standing(job.lines)}
    if known.get(line.corrects or 0) is not line.kind:
        listed = ", ".join(str(seq) for seq, kind in known.items() if kind is line.kind) or "none"
        raise Rejected(
            "no_such_line", f"{order.number} has no standing {line.kind} line {line.corrects}; there are: {listed}"
        )


def _check_downtime(line: NewLine, at_us: int) -> None:
    if line.what not in DOWNTIME_REASONS:
        raise Rejected("downtime_reason", f"there is no reason {line.what!r}; known are {', '.join(DOWNTIME_REASONS)}")
    if line.start_us is None or line.start_us > at_us:
        raise Rejected("downtime_start", "a downtime has begun: say when, not later than now")
    if line.end_us is not None and line.end_us < line.start_us:
        raise Rejected("downtime_end", "a downtime ends after it began")
    if line.end_us is not None and line.end_us > at_us:
        raise Rejected("downtime_end", "a downtime that has ended did so before now; leave the end out while it lasts")


def follow_up_of(order: WorkOrder, step: JobStep, result: StepResult) -> NewOrder:
    """The order that a bad result opens; its origin names order and step, so that there is one, however often told."""
    return NewOrder(
        asset=order.asset,
        kind=step.follow_up,
        title=f"{_what_was_wrong(step, result)} ({order.number})"[:300],
        at_us=result.at_us,
        origin=f"step:{order.id}:{step.id}",
        priority=order.priority,
        follows=order.id,
        told={
            "raised": {
                "by": result.by,
                "order": order.number,
                "step": step.id,
                "text": step.text,
                "value": result.value,
                "unit": step.unit,
                "low": step.low,
                "high": step.high,
                "note": result.note,
            }
        },
    )


def _what_was_wrong(step: JobStep, result: StepResult) -> str:
    if result.value is None:
        return f"{step.text}: check failed"
    limits = " to ".join("" if limit is None else f"{limit:g}" for limit in (step.low, step.high)).strip()
    return f"{step.text}: {result.value:g} {step.unit}, allowed {limits} {step.unit}"


def raised_told(what: str, actor: Actor, at_us: int, reason: str) -> Json:
    """One entry of a report's `breakdowns`."""
    return {"what": what, "by": actor.name, "at_us": at_us, "reason": reason}


def _next(job: Job) -> int:
    return len(job.results) + len(job.sign_offs) + 1


def _check_room(entries: int, order: WorkOrder) -> None:
    if entries >= MOST_ENTRIES:
        raise Rejected("too_many", f"{order.number} has {entries} entries already: that is no single order")
