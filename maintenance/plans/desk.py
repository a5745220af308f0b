"""The use cases of preventive plans, over whatever keeps them.

Each runs inside one transaction of its `PlanStore`: what changes, its audit row and its message are written together.
Rows of a plan stand in the audit under `plan:ID`, those of a retired asset under `asset:ID`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plans import (
    Due,
    Plan,
    Seen,
    Slot,
    SlotState,
    Trial,
    TrialState,
    Watch,
    checked,
    same_interval,
    with_interval_of,
)
from forewarn.core.ports import Actor
from forewarn.core.work import Json, Status, WorkOrder
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.evidence import plain
from forewarn.maintenance.orders.costs import House
from forewarn.maintenance.orders.desk import SYSTEM, OrderStore
from forewarn.maintenance.orders.planned import take_planned
from forewarn.maintenance.plans.due import due, on_demand, upcoming
from forewarn.maintenance.plans.plan_json import plan_json, trial_json

NewId = Callable[[], str]
REASON_LIMIT = 2_000
FINISHED = (Status.COMP, Status.CLOSE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slot whose order went on: its status now, and when it was completed (None: it was not)."""

    slot: Slot
    status: Status
    completed_at_us: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the plans knows: values by asset and meter or signal, now, and the time zone of the assets."""

    seen: Mapping[str, Mapping[str, Seen]]
    now_us: int
    zone: tzinfo


class PlanStore(Protocol):
    """Plans as one transaction sees them. Implemented on SQL and in memory."""

    @property
    def orders(self) -> OrderStore:
        """Orders in the same transaction."""
        ...

    def plan(self, id: str) -> Plan | None:
        """One plan, locked against other writers."""
        ...

    def keep_plan(self, plan: Plan, at_us: int) -> None:
        """Insert (revision 1) or replace. Raises Conflict when somebody was faster."""
        ...

    def slots(self, plan: str, asset: str) -> list[Slot]:
        """Every slot of a plan and an asset."""
        ...

    def add_slot(self, slot: Slot) -> None:
        """A new slot. Raises Conflict when this key is there."""
        ...

    def change_slot(self, slot: Slot) -> None:
        """In the place of the one of this key."""
        ...

    def moved(self) -> list[Outcome]:
        """Slots whose state does not say what became of their order."""
        ...

    def is_retired(self, asset: str) -> bool:
        """Is the asset out of use?"""
        ...

    def set_retired(self, asset: str, actor: Actor, at_us: int, reason: str | None) -> None:
        """Out of use for a reason, or (None) in use again."""
        ...

    def watching(self, plan: str) -> Trial | None:
        """The trial of a plan that is being watched."""
        ...

    def add_trial(self, trial: Trial) -> Trial:
        """A new trial with its number. Raises Conflict when the plan has one."""
        ...

    def end_trial(self, trial: Trial) -> None:
        """Note the end of a trial."""
        ...


def subject(plan: str) -> str:
    """Under what the audit keeps rows of a plan."""
    return f"plan:{plan}"


def take_plan(store: PlanStore, plan: Plan, actor: Actor, revision: int, at_us: int) -> Plan:
    """Keep a plan: a new one at revision 0, else at the revision that was read.

    Its interval changed by hand ends a trial of it. Raises Rejected for a plan that does not fit together or never
    comes due, Conflict for a stale revision. The same plan again writes nothing.
    """
    before = store.plan(plan.id)
    found = before.revision if before else 0
    if revision != found:
        raise Conflict(f"the plan {plan.id} is at revision {found}, not {revision}: read it again")
    checked(plan)
    comes_due(plan)
    if before is not None and replace(plan, revision=found) == before:
        return before
    kept = replace(plan, revision=found + 1)
    trial = store.watching(plan.id)
    if before is not None and trial is not None and not same_interval(before, kept):
        _close(store, trial, TrialState.SUPERSEDED, "the interval was changed by hand", actor, at_us)
    _write_plan(store, before, kept, actor, "plan changed" if before else "plan made", at_us)
    return kept


def comes_due(plan: Plan) -> None:
    """Raises Rejected for a plan by the calendar that never comes due."""
    if plan.every is not None and upcoming(replace(plan, active=True), (), {}, 0, UTC) is None:
        raise Rejected("season_never", f"no slot of {plan.id} ever lies in its season: change `start` or `season`")


def take_due(
    store: PlanStore, plan_id: str, assets: Sequence[str], look: Look, house: House, new_id: NewId
) -> WorkOrder | None:
    """Open the order of the slot that is due now, or None. `assets`: one, or all of a round (the first one leads).

    What is due is worked out here again, from the slots as they are in this transaction: who comes late finds it taken.
    """
    plan = store.plan(plan_id)
    standing = [asset for asset in assets if not store.is_retired(asset)]
    if plan is None or not standing:
        return None
    found = due(plan, store.slots(plan.id, standing[0]), look.seen.get(standing[0], {}), look.now_us, look.zone)
    return None if found is None else _open(store, plan, standing, found, SYSTEM, look.now_us, house, new_id)


def take_now(
    store: PlanStore, plan_id: str, assets: Sequence[str], look: Look, actor: Actor, house: House, new_id: NewId
) -> WorkOrder:
    """Open an order now, because somebody asks. Raises Rejected for an unknown plan and retired assets, Conflict while
    an order of the plan is open for the asset."""
    plan = _known(store, plan_id)
    standing = [asset for asset in assets if not store.is_retired(asset)]
    if not standing:
        raise Rejected("retired_asset", f"{', '.join(assets) or 'no asset'}: out of use, nothing is planned for it")
    found = on_demand(plan, store.slots(plan.id, standing[0]), look.now_us, look.zone)
    return _open(store, plan, standing, found, actor, look.now_us, house, new_id)


def _open(
    store: PlanStore,
    plan: Plan,
    assets: Sequence[str],
    found: Due,
    actor: Actor,
    at_us: int,
    house: House,
    new_id: NewId,
) -> WorkOrder:
    order = take_planned(store.orders, plan, assets, found, actor, at_us, house, new_id)
    for asset in assets:
        slot = Slot(plan.id, asset, found.key, found.due_us, SlotState.OPEN, at_us, order.id, reason=found.why)
        there = _slot(store, plan.id, asset, found.key)
        if there is None:
            store.add_slot(slot)
        elif there.state is SlotState.DEFERRED:
            store.change_slot(replace(slot, due_us=there.due_us))
        else:
            raise Conflict(f"the slot {found.key} of {plan.id} and {asset} is {there.state} already")
        told: Json = {"asset": asset, "slot": found.key, "order": order.number, "why": found.why}
        _record(store, plan.id, actor, "slot opened", {}, told, at_us)
    return order


def take_skip(store: PlanStore, plan_id: str, asset: str, look: Look, actor: Actor, reason: str) -> Slot:
    """Leave out the slot that is due or comes next, for a reason. Raises Conflict while its order is open, or where
    nothing is to come."""
    return _put_off(store, plan_id, asset, look, actor, SlotState.SKIPPED, None, reason)


def take_deferral(
    store: PlanStore, plan_id: str, asset: str, look: Look, actor: Actor, until_us: int, reason: str
) -> Slot:
    """Let the slot that is due or comes next wait until a time; its order is opened then. Raises Rejected for a time
    that is not ahead."""
    if until_us <= look.now_us:
        raise Rejected("until_passed", "a slot is deferred to a time that is still to come")
    return _put_off(store, plan_id, asset, look, actor, SlotState.DEFERRED, until_us, reason)


def _put_off(
    store: PlanStore,
    plan_id: str,
    asset: str,
    look: Look,
    actor: Actor,
    state: SlotState,
    until_us: int | None,
    reason: str,
) -> Slot:
    _check_reason(reason)
    plan, history = _known(store, plan_id), store.slots(plan_id, asset)
    waiting = next((slot for slot in history if slot.state is SlotState.DEFERRED), None)
    found = upcoming(plan, history, look.seen.get(asset, {}), look.now_us, look.zone)
    if waiting is not None:
        slot = replace(waiting, state=state, until_us=until_us, reason=reason)
        store.change_slot(slot)
    elif found is None:
        raise Conflict(f"no slot of {plan_id} is to come for {asset}: its order is open, or a meter or signal decides")
    else:
        slot = Slot(plan_id, asset, found.key, found.due_us, state, look.now_us, until_us=until_us, reason=reason)
        store.add_slot(slot)
    told: Json = {"asset": asset, "slot": slot.key, "reason": reason, "until_us": until_us}
    _record(store, plan_id, actor, f"slot {state.value}", {}, told, look.now_us)
    return slot


def take_settled(store: PlanStore, meter_at: Callable[[Plan, str, int], float | None], now_us: int) -> int:
    """Note what became of orders: completed, cancelled, taken up again. The number of slots that moved.

    `meter_at` gives the plan's meter for an asset at a time.
    """
    changed = 0
    for outcome in store.moved():
        slot, plan = outcome.slot, store.plan(outcome.slot.plan)
        if outcome.status in FINISHED and outcome.completed_at_us is not None and plan is not None:
            done_us = outcome.completed_at_us
            after = replace(
                slot, state=SlotState.DONE, done_at_us=done_us, meter_at_done=meter_at(plan, slot.asset, done_us)
            )
        elif outcome.status is Status.CAN:
            after = replace(slot, state=SlotState.CANCELLED, done_at_us=None, meter_at_done=None)
        else:
            after = replace(slot, state=SlotState.OPEN, done_at_us=None, meter_at_done=None)
        if after == slot:
            continue
        store.change_slot(after)
        told: Json = {"asset": slot.asset, "slot": slot.key, "done_at_us": after.done_at_us}
        _record(store, slot.plan, SYSTEM, f"slot {after.state.value}", {"state": slot.state.value}, told, now_us)
        changed += 1
    return changed


def take_retirement(store: PlanStore, asset: str, actor: Actor, at_us: int, reason: str | None) -> bool:
    """Take an asset out of use for a reason, or (None) into use again; False when it was so already."""
    if reason is not None:
        _check_reason(reason)
    if store.is_retired(asset) == (reason is not None):
        return False
    store.set_retired(asset, actor, at_us, reason)
    action = "in use again" if reason is None else "retired"
    store.orders.record(AuditEntry(at_us, actor, f"asset:{asset}", action, {}, {"reason": reason}))
    return True


def take_trial(
    store: PlanStore, after: Plan, watch: Watch, reason: str, actor: Actor, revision: int, at_us: int
) -> Trial:
    """Apply a changed interval and watch it. Raises Conflict for a stale revision and while another change of this plan
    is being watched."""
    before = _known(store, after.id)
    if before.revision != revision:
        raise Conflict(f"the plan {after.id} is at revision {before.revision}, not {revision}: read it again")
    if store.watching(after.id) is not None:
        raise Conflict(f"a change of {after.id} is being watched already: wait for its end, or change the plan by hand")
    kept = replace(with_interval_of(before, after), revision=revision + 1)
    checked(kept)
    if same_interval(before, kept):
        raise Rejected("no_change", f"the interval of {after.id} is that already")
    trial = store.add_trial(Trial(0, after.id, TrialState.WATCHING, before, kept, watch, at_us, reason))
    _write_plan(store, before, kept, actor, "interval changed", at_us)
    _record(store, after.id, actor, "watch begun", {}, {"trial": trial.id, **_told(trial)}, at_us)
    return trial


def take_end(store: PlanStore, plan_id: str, failed: bool, why: str, at_us: int) -> Trial:
    """End the watch of a plan: the new interval stays, or the one before comes back. Raises Conflict without a watch.

    What else was changed in the plan since stays as it is.
    """
    trial, plan = store.watching(plan_id), _known(store, plan_id)
    if trial is None:
        raise Conflict(f"no change of {plan_id} is being watched")
    if not failed:
        return _close(store, trial, TrialState.PASSED, why, SYSTEM, at_us)
    kept = replace(with_interval_of(plan, trial.before), revision=plan.revision + 1)
    _write_plan(store, plan, kept, SYSTEM, "rolled back", at_us)
    return _close(store, trial, TrialState.ROLLED_BACK, why, SYSTEM, at_us)


def _close(store: PlanStore, trial: Trial, state: TrialState, why: str, actor: Actor, at_us: int) -> Trial:
    ended = replace(trial, state=state, ended_at_us=at_us, ended=why)
    store.end_trial(ended)
    told: Json = {"trial": trial.id, "plan": trial.plan, "state": state.value, "why": why}
    _record(store, trial.plan, actor, f"watch {state.value.replace('_', ' ')}", {}, told, at_us)
    store.orders.post(f"plan.{state.value}", told, at_us)
    return ended


def _write_plan(store: PlanStore, before: Plan | None, after: Plan, actor: Actor, action: str, at_us: int) -> None:
    store.keep_plan(after, at_us)
    was, became = plan_json(before) if before else {}, plan_json(after)
    differing = [name for name in became if was.get(name) != became[name]]
    was = {name: was[name] for name in differing if name in was}
    _record(store, after.id, actor, action, was, {name: became[name] for name in differing}, at_us)
    store.orders.post("plan.changed", {"plan": after.id, "revision": after.revision, "what": action}, at_us)


def _record(store: PlanStore, plan: str, actor: Actor, action: str, was: Json, became: Json, at_us: int) -> None:
    store.orders.record(AuditEntry(at_us, actor, subject(plan), action, was, became))


def _told(trial: Trial) -> Json:
    told = trial_json(trial)
    return {"watch": plain(told["watch"]), "reason": trial.reason}


def _known(store: PlanStore, plan_id: str) -> Plan:
    plan = store.plan(plan_id)
    if plan is None:
        raise Rejected("unknown_plan", f"there is no plan {plan_id}")
    return plan


def _slot(store: PlanStore, plan: str, asset: str, key: str) -> Slot | None:
    return next((slot for slot in store.slots(plan, asset) if slot.key == key), None)


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_LIMIT:
        raise Rejected("reason_needed", f"say why, in 1 to {REASON_LIMIT} letters")
