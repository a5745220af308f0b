"""What both books of plans offer; each brings its own transaction and its own reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from forewarn.core.errors import Conflict
from forewarn.core.plans import Plan, Slot, Trial, Watch
from forewarn.core.ports import Actor
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.plans import desk
from forewarn.maintenance.plans.desk import Look, PlanStore


class PlanBook(ABC):
    """Preventive plans, their slots and trials. Every change is one transaction with its audit rows and messages."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[PlanStore]:
        """One write transaction."""

    @abstractmethod
    def _house(self) -> House:
        """What is known of prices, classes and limits."""

    @abstractmethod
    def _new_id(self) -> str:
        """An id for a new order."""

    @abstractmethod
    def plan(self, id: str) -> Plan | None:
        """One plan."""

    @abstractmethod
    def plans(self) -> list[Plan]:
        """Every plan, by id."""

    @abstractmethod
    def slots(self, plan: str | None = None, asset: str | None = None) -> list[Slot]:
        """Slots, oldest due first; of one plan, of one asset."""

    @abstractmethod
    def trials(self, plan: str | None = None, watching: bool = False) -> list[Trial]:
        """Trials, newest first."""

    @abstractmethod
    def retired(self) -> dict[str, str]:
        """Assets out of use, with the reason."""

    @abstractmethod
    def history(self, plan: str) -> list[Json]:
        """Audit rows of a plan, oldest first: at_us, actor, action, before, after, hash."""

    def save(self, plan: Plan, actor: Actor, at_us: int, revision: int = 0) -> Plan:
        """See `desk.take_plan`."""
        with self.writing() as store:
            return desk.take_plan(store, plan, actor, revision, at_us)

    def open_due(self, plan: str, assets: Sequence[str], look: Look) -> WorkOrder | None:
        """Open the order of a slot that is due; None where none is, or another scheduler was faster."""
        try:
            with self.writing() as store:
                return desk.take_due(store, plan, assets, look, self._house(), self._new_id)
        except Conflict:
            return None

    def open_now(self, plan: str, assets: Sequence[str], look: Look, actor: Actor) -> WorkOrder:
        """See `desk.take_now`."""
        with self.writing() as store:
            return desk.take_now(store, plan, assets, look, actor, self._house(), self._new_id)

    def skip(self, plan: str, asset: str, look: Look, actor: Actor, reason: str) -> Slot:
        """See `desk.take_skip`."""
        with self.writing() as store:
            return desk.take_skip(store, plan, asset, look, actor, reason)

    def defer(self, plan: str, asset: str, look: Look, actor: Actor, until_us: int, reason: str) -> Slot:
        """See `desk.take_deferral`."""
        with self.writing() as store:
            return desk.take_deferral(store, plan, asset, look, actor, until_us, reason)

    def settle(self, meter_at: Callable[[Plan, str, int], float | None], now_us: int) -> int:
        """See `desk.take_settled`."""
        with self.writing() as store:
            return desk.take_settled(store, meter_at, now_us)

    def retire(self, asset: str, actor: Actor, at_us: int, reason: str | None) -> bool:
        """See `desk.take_retirement`."""
        with self.writing() as store:
            return desk.take_retirement(store, asset, actor, at_us, reason)

    def approve(self, after: Plan, watch: Watch, reason: str, actor: Actor, revision: int, at_us: int) -> Trial:
        """See `desk.take_trial`."""
        with self.writing() as store:
            return desk.take_trial(store, after, watch, reason, actor, revision, at_us)

    def end_watch(self, plan: str, failed: bool, why: str, at_us: int) -> Trial:
        """See `desk.take_end`."""
        with self.writing() as store:
            return desk.take_end(store, plan, failed, why, at_us)
