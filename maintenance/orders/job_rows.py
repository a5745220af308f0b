"""Jobs and job plans to rows and back, on the connection of the caller's transaction."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.jobs import NO_JOB, Job, JobPlan, ReportLine, SignOff, StepResult
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical, plain
from forewarn.maintenance.orders.job_json import bare, job_of, line_of, plan_of, result_of, sign_off_of
from forewarn.maintenance.orders.tables import JOB_PLAN, ORDER_JOB, ORDER_LINE, ORDER_RESULT


def read_job(connection: sa.Connection, order_id: str) -> Job:
    """The job of an order; `NO_JOB` where none was kept."""
    body = connection.execute(sa.select(ORDER_JOB.c.body).where(ORDER_JOB.c.order_id == order_id)).scalar()
    job = NO_JOB if body is None else job_of(json.loads(body))
    told = connection.execute(
        sa.select(ORDER_RESULT.c.what, ORDER_RESULT.c.body)
        .where(ORDER_RESULT.c.order_id == order_id)
        .order_by(ORDER_RESULT.c.seq)
    ).all()
    lines = connection.execute(
        sa.select(ORDER_LINE.c.body).where(ORDER_LINE.c.order_id == order_id).order_by(ORDER_LINE.c.seq)
    ).scalars()
    return replace(
        job,
        results=tuple(result_of(json.loads(row.body)) for row in told if row.what == "result"),
        sign_offs=tuple(sign_off_of(json.loads(row.body)) for row in told if row.what == "sign_off"),
        lines=tuple(line_of(json.loads(body)) for body in lines),
    )


def keep_job(connection: sa.Connection, order_id: str, job: Job) -> None:
    """Write what is new. Raises Conflict when another program added to the job in this moment."""
    if job == NO_JOB:
        return
    _keep_frozen(connection, order_id, bare(job))
    try:
        _add_results(connection, order_id, job)
        _add_lines(connection, order_id, job)
    except IntegrityError as error:
        raise Conflict("somebody added to this job in the same moment: read the order again") from error


def job_plans(connection: sa.Connection, id: str | None = None) -> list[JobPlan]:
    """Every version of one plan, oldest first; without an id the newest version of each."""
    query = sa.select(JOB_PLAN.c.body)
    if id is not None:
        query = query.where(JOB_PLAN.c.id == id)
    else:
        newest = sa.select(JOB_PLAN.c.id, sa.func.max(JOB_PLAN.c.version)).group_by(JOB_PLAN.c.id)
        query = query.where(sa.tuple_(JOB_PLAN.c.id, JOB_PLAN.c.version).in_(newest))
    ordered = query.order_by(JOB_PLAN.c.id, JOB_PLAN.c.version)
    return [_plan(body) for body in connection.execute(ordered).scalars()]


@lru_cache(maxsize=2_000)
def _plan(body: str) -> JobPlan:
    """A version never changes, and every order that opens weighs all plans: each is read once."""
    return plan_of(json.loads(body))


def keep_plan(connection: sa.Connection, plan: JobPlan, by: str, at_us: int) -> None:
    """Add a version of a plan. Raises Conflict when there is one of this number."""
    row = {"id": plan.id, "version": plan.version, "body": canonical(plain(plan)), "at_us": at_us, "by": by}
    try:
        connection.execute(JOB_PLAN.insert(), row)
    except IntegrityError as error:
        raise Conflict(f"somebody saved the plan {plan.id} in the same moment: read it again") from error


def _keep_frozen(connection: sa.Connection, order_id: str, job: Job) -> None:
    if job == NO_JOB:
        return
    body, mine = canonical(plain(job)), ORDER_JOB.c.order_id == order_id
    known = connection.execute(sa.select(ORDER_JOB.c.body).where(mine)).scalar()
    if known is None:
        connection.execute(ORDER_JOB.insert(), {"order_id": order_id, "body": body})
    elif known != body:
        connection.execute(ORDER_JOB.update().where(mine).values(body=body))


def _add_results(connection: sa.Connection, order_id: str, job: Job) -> None:
    entries: list[StepResult | SignOff] = sorted((*job.results, *job.sign_offs), key=lambda entry: entry.seq)
    known = _newest(connection, ORDER_RESULT, order_id)
    rows = [
        {
            "order_id": order_id,
            "seq": entry.seq,
            "what": "result" if isinstance(entry, StepResult) else "sign_off",
            "step": entry.step,
            "body": canonical(plain(entry)),
        }
        for entry in entries
        if entry.seq > known
    ]
    if rows:
        connection.execute(ORDER_RESULT.insert(), rows)


def _add_lines(connection: sa.Connection, order_id: str, job: Job) -> None:
    known = _newest(connection, ORDER_LINE, order_id)
    rows = [line_row(order_id, line, plain(line)) for line in job.lines if line.seq > known]
    if rows:
        connection.execute(ORDER_LINE.insert(), rows)


def line_row(order_id: str, kept: ReportLine, told: object) -> Json:
    """The row of a line; `told` is the line as plain JSON."""
    line = kept.line
    return {
        "order_id": order_id,
        "seq": kept.seq,
        "kind": line.kind.value,
        "what": line.what,
        "quantity": line.quantity,
        "amount": kept.amount,
        "corrects": line.corrects,
        "at_us": kept.at_us,
        "by": kept.by,
        "body": canonical(told),
    }


def _newest(connection: sa.Connection, table: sa.Table, order_id: str) -> int:
    newest = connection.execute(sa.select(sa.func.max(table.c.seq)).where(table.c.order_id == order_id)).scalar()
    return 0 if newest is None else int(newest)
