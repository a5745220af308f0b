"""The book of preventive plans in the records, on SQLite or PostgreSQL.

Several programs may use it at once: the key of a slot decides which of them opens its order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from forewarn.core.errors import Conflict
from forewarn.core.plans import Plan, Slot, SlotState, Trial, TrialState
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status
from forewarn.maintenance.audit import history_of
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.orders.desk import OrderStore
from forewarn.maintenance.orders.rows import OrderRows
from forewarn.maintenance.plans.desk import FINISHED, Outcome, PlanStore, subject
from forewarn.maintenance.plans.plan_json import plan_from, plan_json, trial_from, trial_json
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.maintenance.plans.tables import PM_PLAN, PM_SLOT, PM_TRIAL, RETIRED_ASSET
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, WORK_ORDER

OVER = [status.value for status in (*FINISHED, Status.CAN)]
DONE = [status.value for status in FINISHED]


class PlanBookSql(PlanBook):
    """`PlanBook` on the records, with the orders of an `OrderBookSql` on the same ones."""

    def __init__(self, records: Records, orders: OrderBookSql) -> None:
        self._records, self._orders = records, orders

    @contextmanager
    def writing(self) -> Iterator[PlanStore]:
        """One write transaction of the records."""
        with self._records.write() as connection:
            yield PlanRows(connection)

    def _house(self) -> House:
        return self._orders.house

    def _new_id(self) -> str:
        return self._orders.new_id()

    def plan(self, id: str) -> Plan | None:
        """See `PlanBook`."""
        with self._records.read() as connection:
            body = connection.execute(sa.select(PM_PLAN.c.body).where(PM_PLAN.c.id == id)).scalar()
        return None if body is None else plan_from(json.loads(body))

    def plans(self) -> list[Plan]:
        """See `PlanBook`."""
        with self._records.read() as connection:
            bodies = connection.execute(sa.select(PM_PLAN.c.body).order_by(PM_PLAN.c.id)).scalars().all()
        return [plan_from(json.loads(body)) for body in bodies]

    def slots(self, plan: str | None = None, asset: str | None = None) -> list[Slot]:
        """See `PlanBook`."""
        query = sa.select(PM_SLOT).order_by(PM_SLOT.c.due_us, PM_SLOT.c.plan, PM_SLOT.c.asset, PM_SLOT.c.key)
        if plan is not None:
            query = query.where(PM_SLOT.c.plan == plan)
        if asset is not None:
            query = query.where(PM_SLOT.c.asset == asset)
        with self._records.read() as connection:
            return [_slot(row) for row in connection.execute(query)]

    def trials(self, plan: str | None = None, watching: bool = False) -> list[Trial]:
        """See `PlanBook`."""
        query = sa.select(PM_TRIAL).order_by(PM_TRIAL.c.id.desc())
        if plan is not None:
            query = query.where(PM_TRIAL.c.plan == plan)
        if watching:
            query = query.where(PM_TRIAL.c.state == TrialState.WATCHING.value)
        with self._records.read() as connection:
            return [_trial(row) for row in connection.execute(query)]

    def retired(self) -> dict[str, str]:
        """See `PlanBook`."""
        with self._records.read() as connection:
            rows = connection.execute(sa.select(RETIRED_ASSET).order_by(RETIRED_ASSET.c.asset)).all()
        return {row.asset: row.reason for row in rows}

    def history(self, plan: str) -> list[Json]:
        """See `PlanBook`."""
        with self._records.read() as connection:
            return history_of(connection, subject(plan))


class PlanRows:
    """`plans.desk.PlanStore` over one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._order_rows = OrderRows(connection)

    @property
    def orders(self) -> OrderStore:
        """See `PlanStore`."""
        return self._order_rows

    def plan(self, id: str) -> Plan | None:
        """See `PlanStore`."""
        query = sa.select(PM_PLAN.c.body).where(PM_PLAN.c.id == id).with_for_update()
        body = self._connection.execute(query).scalar()
        return None if body is None else plan_from(json.loads(body))

    def keep_plan(self, plan: Plan, at_us: int) -> None:
        """See `PlanStore`."""
        values = {"revision": plan.revision, "body": canonical(plan_json(plan)), "changed_at_us": at_us}
        if plan.revision == 1:
            self._insert(
                PM_PLAN.insert().values(id=plan.id, **values), f"the plan {plan.id} was made elsewhere just now"
            )
            return
        before = (PM_PLAN.c.id == plan.id) & (PM_PLAN.c.revision == plan.revision - 1)
        if self._connection.execute(PM_PLAN.update().where(before).values(values)).rowcount != 1:
            raise Conflict(f"somebody else changed the plan {plan.id} just now: read it again")

    def slots(self, plan: str, asset: str) -> list[Slot]:
        """See `PlanStore`."""
        query = sa.select(PM_SLOT).where(PM_SLOT.c.plan == plan, PM_SLOT.c.asset == asset)
        return [_slot(row) for row in self._connection.execute(query)]

    def add_slot(self, slot: Slot) -> None:
        """See `PlanStore`."""
        values = {**asdict(slot), "state": slot.state.value}
        self._insert(PM_SLOT.insert().values(values), f"the slot {slot.key} of {slot.plan} and {slot.asset} is taken")

    def change_slot(self, slot: Slot) -> None:
        """See `PlanStore`."""
        mine = (PM_SLOT.c.plan == slot.plan) & (PM_SLOT.c.asset == slot.asset) & (PM_SLOT.c.key == slot.key)
        names = ("due_us", "at_us", "order_id", "done_at_us", "meter_at_done", "until_us", "reason")
        values = {name: getattr(slot, name) for name in names}
        self._connection.execute(PM_SLOT.update().where(mine).values(state=slot.state.value, **values))

    def moved(self) -> list[Outcome]:
        """See `PlanStore`."""
        went_on = (PM_SLOT.c.state == SlotState.OPEN.value) & WORK_ORDER.c.status.in_(OVER)
        taken_up = (PM_SLOT.c.state == SlotState.DONE.value) & WORK_ORDER.c.status.not_in(DONE)
        joined = PM_SLOT.join(WORK_ORDER, WORK_ORDER.c.id == PM_SLOT.c.order_id)
        query = sa.select(PM_SLOT, WORK_ORDER.c.status).select_from(joined).where(went_on | taken_up)
        rows = self._connection.execute(query.order_by(PM_SLOT.c.due_us, PM_SLOT.c.asset)).all()
        return [Outcome(_slot(row), Status(row.status), self._completed_at(row.order_id)) for row in rows]

    def _completed_at(self, order_id: str) -> int | None:
        """When it was last completed, as the record says: closing it later moves nothing."""
        query = sa.select(sa.func.max(AUDIT.c.at_us)).where(
            AUDIT.c.subject == order_id, AUDIT.c.action == Status.COMP.value
        )
        found = self._connection.execute(query).scalar()
        return None if found is None else int(found)

    def is_retired(self, asset: str) -> bool:
        """See `PlanStore`."""
        query = sa.select(RETIRED_ASSET.c.asset).where(RETIRED_ASSET.c.asset == asset)
        return self._connection.execute(query).scalar() is not None

    def set_retired(self, asset: str, actor: Actor, at_us: int, reason: str | None) -> None:
        """See `PlanStore`."""
        if reason is None:
            self._connection.execute(RETIRED_ASSET.delete().where(RETIRED_ASSET.c.asset == asset))
            return
        row = {"asset": asset, "at_us": at_us, "by": actor.name, "reason": reason}
        self._insert(RETIRED_ASSET.insert().values(row), f"{asset} was retired elsewhere just now")

    def watching(self, plan: str) -> Trial | None:
        """See `PlanStore`."""
        query = sa.select(PM_TRIAL).where(PM_TRIAL.c.plan == plan, PM_TRIAL.c.state == TrialState.WATCHING.value)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else _trial(row)

    def add_trial(self, trial: Trial) -> Trial:
        """See `PlanStore`."""
        values = {
            "plan": trial.plan,
            "state": trial.state.value,
            "started_at_us": trial.started_at_us,
            "body": canonical(trial_json(trial)),
            "ended_at_us": trial.ended_at_us,
            "ended": trial.ended,
        }
        self._insert(PM_TRIAL.insert().values(values), f"a change of {trial.plan} is being watched already")
        kept = self.watching(trial.plan)
        if kept is None:
            raise Conflict(f"the trial of {trial.plan} is gone")
        return kept

    def end_trial(self, trial: Trial) -> None:
        """See `PlanStore`."""
        values = {"state": trial.state.value, "ended_at_us": trial.ended_at_us, "ended": trial.ended}
        self._connection.execute(PM_TRIAL.update().where(PM_TRIAL.c.id == trial.id).values(values))

    def _insert(self, statement: sa.Insert, conflict: str) -> None:
        try:
            self._connection.execute(statement)
        except IntegrityError as error:
            raise Conflict(conflict) from error


def _slot(row: sa.Row[tuple[object, ...]]) -> Slot:
    return Slot(
        row.plan, row.asset, row.key, row.due_us, SlotState(row.state), row.at_us, row.order_id, row.done_at_us,
        row.meter_at_done, row.until_us, row.reason,
    )  # fmt: skip


def _trial(row: sa.Row[tuple[object, ...]]) -> Trial:
    body = json.loads(row.body)
    return trial_from(row.id, row.plan, row.state, row.started_at_us, body, row.ended_at_us, row.ended)
