"""The rows behind the figures, read from the records. Reads only; one consistent view a call.

Status times come from the audit: it is the one place that remembers when an order came to which status, and how the
published schedule looked while a week ran.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa

from forewarn.core.clock import US_PER_DAY
from forewarn.core.jobs import COSTING, LineKind
from forewarn.core.labels import Finding
from forewarn.core.people import Technician
from forewarn.core.plans import Plan
from forewarn.core.work import OPEN_STATUSES, Json, Status
from forewarn.maintenance.analysis.facts import FINISHED, Line, PastOrder, Placed, Step, Stop, TaskSlot
from forewarn.maintenance.orders.tables import ORDER_JOB, ORDER_LINE
from forewarn.maintenance.people.plain_people import person_from
from forewarn.maintenance.people.tables import PERSON
from forewarn.maintenance.plans.plan_json import plan_from
from forewarn.maintenance.plans.tables import IMPORTED_ORDER, PM_PLAN, PM_SLOT, RETIRED_ASSET
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, ORDER_CAUSE, WORK_ORDER

LOOK_BACK_US = 31 * US_PER_DAY
"""How far before a period its figures look: a repeat is one within 30 days."""
CHUNK = 1_000
INTERVAL = {"trigger", "every", "meter", "condition", "active"}
"""What of a plan says when it comes due."""
COSTS = tuple(kind.value for kind in COSTING)
OPEN = tuple(status.value for status in OPEN_STATUSES)
Assets = Collection[str] | None
"""Ids of machines; None: all."""
AnyRow = Any
"""A row of the database, by the names of its columns."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the records know of a machine: first and last order, whether all of them were imported, first task slot,
    and when it was taken out of use."""

    first_us: int | None
    last_us: int | None
    imported_only: bool
    slot_us: int | None
    retired_us: int | None


class AnalysisRows:
    """Reads for the figures."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def orders(self, from_us: int, to_us: int, assets: Assets = None, also: Iterable[str] = ()) -> list[PastOrder]:
        """Orders that matter to [from_us, to_us): opened before its end, and not over for 31 days when it begins, or
        with a line told since; `also` those of these ids."""
        order, since_us = WORK_ORDER.c, from_us - LOOK_BACK_US
        told = sa.select(ORDER_LINE.c.order_id).where(ORDER_LINE.c.at_us >= since_us, ORDER_LINE.c.at_us < to_us)
        late = sa.or_(order.finished_at_us.is_(None), order.finished_at_us >= since_us, order.id.in_(told))
        where = [order.created_at_us < to_us, late, *_of(order.asset, assets)]
        with self._records.read() as connection:
            found = {one.id: one for one in _orders(connection, *where)}
            missing = sorted(set(also) - set(found))
            for start in range(0, len(missing), CHUNK):
                named = order.id.in_(missing[start : start + CHUNK])
                found |= {one.id: one for one in _orders(connection, named, *_of(order.asset, assets))}
        return sorted(found.values(), key=lambda one: (one.created_at_us, one.number))

    def slots(self, to_us: int, assets: Assets = None) -> list[TaskSlot]:
        """Occasions of preventive plans that were due before a moment."""
        slot = PM_SLOT.c
        joined = PM_SLOT.outerjoin(WORK_ORDER, WORK_ORDER.c.id == slot.order_id)
        query = sa.select(PM_SLOT, WORK_ORDER.c.number, WORK_ORDER.c.status).select_from(joined)
        query = query.where(slot.due_us < to_us, *_of(slot.asset, assets))
        completed = sa.select(AUDIT.c.subject, sa.func.max(AUDIT.c.at_us).label("at_us")).where(
            AUDIT.c.action == Status.COMP.value, AUDIT.c.subject.in_(sa.select(slot.order_id))
        )
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(slot.plan, slot.asset, slot.due_us, slot.key)).all()
            done = {row.subject: row.at_us for row in connection.execute(completed.group_by(AUDIT.c.subject))}
            bodies = connection.execute(sa.select(PM_PLAN.c.body)).scalars().all()
        plans = {plan.id: plan for plan in (plan_from(json.loads(body)) for body in bodies)}
        return _slots(rows, done, plans)

    def placed(self) -> list[Placed]:
        """Every place that a published schedule gave an order, and how long it stood."""
        query = sa.select(AUDIT).where(AUDIT.c.subject == "schedule", AUDIT.c.action == "published")
        standing: dict[str, Placed] = {}
        over: list[Placed] = []
        with self._records.read() as connection:
            for row in connection.execute(query.order_by(AUDIT.c.seq)):
                for key in json.loads(row.before).get("assignments", {}):
                    if (gone := standing.pop(key, None)) is not None:
                        over.append(replace(gone, until_us=row.at_us))
                for key, (start_us, stop_us) in json.loads(row.after).get("assignments", {}).items():
                    order_id, _, person = key.partition(" ")
                    standing[key] = Placed(order_id, person, start_us, stop_us, row.at_us, None)
        return [*over, *standing.values()]

    def people(self) -> list[Technician]:
        """Everybody who is active."""
        with self._records.read() as connection:
            bodies = connection.execute(sa.select(PERSON.c.body).order_by(PERSON.c.id)).scalars().all()
        return [person for person in (person_from(json.loads(body)) for body in bodies) if person.active]

    def known(self) -> tuple[dict[str, Known], int | None]:
        """What is known of each machine that has an order or a slot, and when these records begin (None: empty)."""
        order, slot = WORK_ORDER.c, PM_SLOT.c
        joined = WORK_ORDER.outerjoin(IMPORTED_ORDER, IMPORTED_ORDER.c.order_id == order.id)
        counted = sa.select(
            order.asset,
            sa.func.min(order.created_at_us).label("first_us"),
            sa.func.max(order.created_at_us).label("last_us"),
            sa.func.count().label("orders"),
            sa.func.count(IMPORTED_ORDER.c.order_id).label("imported"),
        )
        with self._records.read() as connection:
            rows = connection.execute(counted.select_from(joined).group_by(order.asset)).all()
            due = sa.select(slot.asset, sa.func.min(slot.at_us).label("at_us")).group_by(slot.asset)
            slots = {row.asset: row.at_us for row in connection.execute(due)}
            retired = {row.asset: row.at_us for row in connection.execute(sa.select(RETIRED_ASSET))}
            begin = connection.execute(sa.select(AUDIT.c.at_us).order_by(AUDIT.c.seq).limit(1)).scalar()
        found = {row.asset: row for row in rows}
        told = {
            asset: Known(
                first_us=found[asset].first_us if asset in found else None,
                last_us=found[asset].last_us if asset in found else None,
                imported_only=asset in found and found[asset].orders == found[asset].imported and asset not in slots,
                slot_us=slots.get(asset),
                retired_us=retired.get(asset),
            )
            for asset in {*found, *slots, *retired}
        }
        return told, None if begin is None else int(begin)

    def plan(self, id: str) -> Plan | None:
        """A preventive plan."""
        with self._records.read() as connection:
            body = connection.execute(sa.select(PM_PLAN.c.body).where(PM_PLAN.c.id == id)).scalar()
        return None if body is None else plan_from(json.loads(body))

    def interval_changed_us(self, plan: str) -> int | None:
        """When the interval of a plan was last changed, by hand, by the court or back again; None: never."""
        audit = AUDIT.c
        query = sa.select(audit.at_us, audit.before).where(
            audit.subject == f"plan:{plan}", audit.action.not_like("slot %"), audit.before != "{}"
        )
        with self._records.read() as connection:
            for row in connection.execute(query.order_by(audit.seq.desc())):
                if not INTERVAL.isdisjoint(json.loads(row.before)):
                    return int(row.at_us)
        return None

    def uses_of(self, parts: Collection[str]) -> list[tuple[str, int]]:
        """Machines on which these parts were used, with the moment it was told; oldest first."""
        line, order = ORDER_LINE.c, WORK_ORDER.c
        joined = ORDER_LINE.join(WORK_ORDER, order.id == line.order_id)
        query = sa.select(order.asset, line.at_us).select_from(joined).where(line.kind == LineKind.PART.value)
        query = query.where(line.what.in_(sorted(parts)), line.quantity > 0).order_by(line.at_us)
        with self._records.read() as connection:
            return [(row.asset, row.at_us) for row in connection.execute(query)]


def _of(column: sa.ColumnElement[Any], assets: Assets) -> list[sa.ColumnElement[bool]]:
    return [] if assets is None else [column.in_(sorted(assets))]


def _orders(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[PastOrder]:
    order = WORK_ORDER.c
    columns = (
        *(order.id, order.number, order.asset, order.kind, order.status, order.created_at_us, order.repair_hours),
        *(order.currency, order.report, order.start_by_us),
    )
    rows = connection.execute(sa.select(*columns).where(*where)).all()
    ids = sa.select(order.id).where(*where)
    causes, steps, skills = _causes(connection, ids), _steps(connection, ids), _skills(connection, ids)
    lines, stops = _lines(connection, ids)
    told = []
    for row in rows:
        base = _bare(row, causes[row.id])
        way = (Step(row.created_at_us, row.status),) if base.imported else tuple(steps[row.id])
        told.append(
            replace(
                base, steps=way, skills=skills.get(row.id, ()), lines=tuple(lines[row.id]), stops=tuple(stops[row.id])
            )
        )
    return told


def _bare(row: AnyRow, causes: Sequence[AnyRow]) -> PastOrder:
    report = cast(Json, row.report or {})
    planned, imported = report.get("pm"), report.get("imported")
    components = [cause.component for cause in causes]
    if isinstance(planned, dict) and planned.get("component"):
        components.append(str(planned["component"]))
    if isinstance(imported, dict):
        components = [str(name) for name in cast(list[Any], imported.get("components") or [])]
    found = report.get("failure_mode_found") or (causes[0].failure_mode if causes else "")
    return PastOrder(
        row.id, row.number, row.asset, row.kind, row.status, row.created_at_us, row.repair_hours, row.currency,
        components=tuple(dict.fromkeys(components)),
        failure_mode=str(found or ""),
        no_fault=report.get("finding") == Finding.NOT_FOUND.value,
        imported=isinstance(imported, dict),
        plan=str(planned.get("plan", "")) if isinstance(planned, dict) else "",
        start_by_us=row.start_by_us,
    )  # fmt: skip


def _causes(connection: sa.Connection, ids: sa.Select[tuple[Any]]) -> defaultdict[str, list[AnyRow]]:
    cause = ORDER_CAUSE.c
    query = sa.select(cause.order_id, cause.component, cause.failure_mode).where(cause.order_id.in_(ids))
    found: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query.order_by(cause.position)):
        found[row.order_id].append(row)
    return found


def _steps(connection: sa.Connection, ids: sa.Select[tuple[Any]]) -> defaultdict[str, list[Step]]:
    """Changes of status, as the audit has them; a row that changes none is not opened."""
    audit = AUDIT.c
    query = sa.select(audit.subject, audit.at_us, audit.after).where(
        audit.subject.in_(ids), audit.action != "imported", audit.after.like('%"status":%')
    )
    found: defaultdict[str, list[Step]] = defaultdict(list)
    for row in connection.execute(query.order_by(audit.seq)):
        status = json.loads(row.after).get("status")
        way = found[row.subject]
        if status is not None and (not way or way[-1].status != status):
            way.append(Step(max(row.at_us, way[-1].at_us) if way else row.at_us, str(status)))
    return found


def _skills(connection: sa.Connection, ids: sa.Select[tuple[Any]]) -> dict[str, tuple[str, ...]]:
    """Skills of the job plans of open orders."""
    job = ORDER_JOB.c
    standing = sa.select(WORK_ORDER.c.id).where(WORK_ORDER.c.status.in_(OPEN))
    query = sa.select(job.order_id, job.body).where(job.order_id.in_(ids), job.order_id.in_(standing))
    return {
        row.order_id: tuple(str(need["skill"]) for need in json.loads(row.body).get("skills", ()))
        for row in connection.execute(query)
    }


def _lines(
    connection: sa.Connection, ids: sa.Select[tuple[Any]]
) -> tuple[defaultdict[str, list[Line]], defaultdict[str, list[Stop]]]:
    """Standing lines that cost something, and standing stops."""
    line, wanted = ORDER_LINE.c, (*COSTS, LineKind.DOWNTIME.value)
    query = sa.select(ORDER_LINE).where(line.order_id.in_(ids), line.kind.in_(wanted))
    rows = connection.execute(query.order_by(line.order_id, line.seq)).all()
    first_us: dict[tuple[str, int], int] = {}
    for row in rows:  # a correction comes after what it corrects
        first_us[row.order_id, row.seq] = first_us.get((row.order_id, row.corrects or 0), row.at_us)
    replaced = {(row.order_id, row.corrects) for row in rows if row.corrects is not None}
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    stops: defaultdict[str, list[Stop]] = defaultdict(list)
    for row in rows:
        if (row.order_id, row.seq) in replaced:
            continue
        if row.kind in COSTS:
            at_us = first_us[row.order_id, row.seq]
            lines[row.order_id].append(Line(row.seq, row.kind, row.what, row.quantity, row.amount, at_us))
        else:
            told = json.loads(row.body)["line"]
            stops[row.order_id].append(Stop(row.what, told["start_us"], told["end_us"]))
    return lines, stops


def _slots(rows: Sequence[AnyRow], done: dict[str, int], plans: dict[str, Plan]) -> list[TaskSlot]:
    told: list[TaskSlot] = []
    before: AnyRow | None = None
    for row in rows:
        same = before is not None and (before.plan, before.asset) == (row.plan, row.asset)
        gap_us = row.due_us - before.due_us if same and before is not None else None
        finished_us = done.get(row.order_id, row.done_at_us) if row.status in FINISHED else row.done_at_us
        over_us = None if row.order_id is not None and row.status not in FINISHED else finished_us
        tolerance_us = _tolerance_us(plans.get(row.plan), gap_us)
        told.append(
            TaskSlot(
                row.plan,
                row.asset,
                row.key,
                row.due_us,
                row.state,
                over_us,
                row.order_id,
                row.number or "",
                tolerance_us,
            )
        )
        before = row
    return told


def _tolerance_us(plan: Plan | None, gap_us: int | None) -> int | None:
    """To either side of the due date: the plan's share of its interval; of the time since the slot before where only a
    meter decides. None where neither is known."""
    if plan is None:
        return None
    if plan.every is not None:
        return round(plan.tolerance * plan.every.days * US_PER_DAY)
    if plan.meter is not None and gap_us is not None:
        return round(plan.tolerance * gap_us)
    return None
