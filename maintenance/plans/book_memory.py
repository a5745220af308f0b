"""The book of plans without a database, beside a `MemoryOrderBook`. Keeps the contract of the SQL one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from forewarn.core.errors import Conflict
from forewarn.core.plans import Plan, Slot, SlotState, Trial, TrialState
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status
from forewarn.maintenance.audit import as_history
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.orders.desk import OrderStore
from forewarn.maintenance.plans.desk import FINISHED, Outcome, PlanStore, subject
from forewarn.maintenance.plans.shared import PlanBook


class MemoryPlanBook(PlanBook):
    """`PlanBook` in dictionaries; one step at a time."""

    def __init__(self, orders: MemoryOrderBook) -> None:
        self._orders = orders
        self._plans: dict[str, Plan] = {}
        self._slots: dict[tuple[str, str, str], Slot] = {}
        self._retired: dict[str, str] = {}
        self._trials: list[Trial] = []

    @contextmanager
    def writing(self) -> Iterator[PlanStore]:
        """One step at a time, orders included."""
        with self._orders.writing() as store:
            before = (dict(self._plans), dict(self._slots), dict(self._retired), list(self._trials))
            try:
                yield _Step(self, store)
            except BaseException:
                self._plans, self._slots, self._retired, self._trials = before
                raise

    def _house(self) -> House:
        return self._orders.house

    def _new_id(self) -> str:
        return self._orders.new_id()

    def plan(self, id: str) -> Plan | None:
        """See `PlanBook`."""
        return self._plans.get(id)

    def plans(self) -> list[Plan]:
        """See `PlanBook`."""
        return [plan for _, plan in sorted(self._plans.items())]

    def slots(self, plan: str | None = None, asset: str | None = None) -> list[Slot]:
        """See `PlanBook`."""
        wanted = (s for s in self._slots.values() if plan in (None, s.plan) and asset in (None, s.asset))
        return sorted(wanted, key=lambda slot: (slot.due_us, slot.plan, slot.asset, slot.key))

    def trials(self, plan: str | None = None, watching: bool = False) -> list[Trial]:
        """See `PlanBook`."""
        wanted = (t for t in self._trials if plan in (None, t.plan))
        return sorted(
            (t for t in wanted if t.state is TrialState.WATCHING or not watching), key=lambda t: t.id, reverse=True
        )

    def retired(self) -> dict[str, str]:
        """See `PlanBook`."""
        return dict(sorted(self._retired.items()))

    def history(self, plan: str) -> list[Json]:
        """See `PlanBook`."""
        return [as_history(row) for row in self._orders._audit if row["subject"] == subject(plan)]


class _Step:
    """`plans.desk.PlanStore` within a transaction."""

    def __init__(self, book: MemoryPlanBook, store: OrderStore) -> None:
        self._book = book
        self.orders = store

    def plan(self, id: str) -> Plan | None:
        return self._book._plans.get(id)

    def keep_plan(self, plan: Plan, at_us: int) -> None:
        self._book._plans[plan.id] = plan

    def slots(self, plan: str, asset: str) -> list[Slot]:
        return self._book.slots(plan, asset)

    def add_slot(self, slot: Slot) -> None:
        key = (slot.plan, slot.asset, slot.key)
        if key in self._book._slots:
            raise Conflict(f"the slot {slot.key} of {slot.plan} and {slot.asset} is taken")
        self._book._slots[key] = slot

    def change_slot(self, slot: Slot) -> None:
        self._book._slots[slot.plan, slot.asset, slot.key] = slot

    def moved(self) -> list[Outcome]:
        found = []
        for slot in self._book.slots():
            kept = self.orders.find(slot.order_id) if slot.order_id else None
            if kept is None:
                continue
            status = kept.order.status
            went_on = slot.state is SlotState.OPEN and status in (*FINISHED, Status.CAN)
            if went_on or (slot.state is SlotState.DONE and status not in FINISHED):
                done = [cast(int, row["at_us"]) for row in self._history(kept.order.id) if row["action"] == "COMP"]
                found.append(Outcome(slot, status, max(done, default=None)))
        return found

    def _history(self, order_id: str) -> list[Json]:
        return self._book._orders.history(order_id)

    def is_retired(self, asset: str) -> bool:
        return asset in self._book._retired

    def set_retired(self, asset: str, actor: Actor, at_us: int, reason: str | None) -> None:
        if reason is None:
            del self._book._retired[asset]
        else:
            self._book._retired[asset] = reason

    def watching(self, plan: str) -> Trial | None:
        return next(iter(self._book.trials(plan, watching=True)), None)

    def add_trial(self, trial: Trial) -> Trial:
        if self.watching(trial.plan) is not None:
            raise Conflict(f"a change of {trial.plan} is being watched already")
        kept = replace(trial, id=len(self._book._trials) + 1)
        self._book._trials.append(kept)
        return kept

    def end_trial(self, trial: Trial) -> None:
        self._book._trials = [trial if one.id == trial.id else one for one in self._book._trials]
