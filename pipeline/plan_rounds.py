"""The round over all preventive plans: settle what was done, open what is due, look after changed intervals.

Run every minute or every week, by one program or by several, after a jump of the clock: each slot is opened once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from forewarn.core.plans import Due, Plan, Seen, Slot, SlotState, Trial
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import OrderBook, SeriesReader
from forewarn.core.work import WorkOrder
from forewarn.maintenance.plans.desk import Look
from forewarn.maintenance.plans.due import due, upcoming
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.pipeline.court_cases import failures_of, known_mode
from forewarn.pipeline.running import running_of

RUNNING_HOURS = "running_hours"
"""The meter that every asset has whose plant file says how it is known to run."""

MOST_A_ROUND = 20
"""Orders that one plan opens for one asset in one round at most: deferred slots and the newest one are a few."""

BACK_US = 30 * 86_400_000_000
"""How old the newest reading of a meter may be when its value at an earlier time is asked."""


class Meters:
    """Values of meters and signals, from the stored series."""

    def __init__(self, raw: SeriesReader, derived: SeriesReader) -> None:
        self._raw, self._derived = raw, derived

    def seen(self, plan: Plan, asset: Asset, now_us: int) -> dict[str, Seen]:
        """Newest values of what the plan asks for, by name; without what was never read."""
        names = [rule.meter for rule in (plan.meter,) if rule] + [rule.signal for rule in (plan.condition,) if rule]
        found = {name: self._value(name, asset, now_us) for name in names}
        return {name: seen for name, seen in found.items() if seen is not None}

    def at(self, plan: Plan, asset: Asset | None, at_us: int) -> float | None:
        """The plan's meter at a time, None where it is not known."""
        if plan.meter is None or asset is None:
            return None
        seen = self._value(plan.meter.meter, asset, at_us)
        return None if seen is None else seen.value

    def _value(self, name: str, asset: Asset, at_us: int) -> Seen | None:
        if name == RUNNING_HOURS:
            hours = running_of(asset, self._raw, self._derived, at_us).hours_total
            return None if hours is None else Seen(at_us, hours)
        number = self._raw.names().get(f"{asset.id}/{name}")
        if number is None:
            return None
        readings = self._raw.read(number, max(at_us - BACK_US, 0), at_us + 1)
        return Seen(int(readings.at[-1]), float(readings.value[-1])) if len(readings.at) else None


@dataclass(frozen=True, slots=True)
class Coming:
    """A plan and asset with what is due or comes next. `order` is open for it; `together`: open repair orders of the
    same component, which the same visit could do. `ready`: its order would be opened now."""

    plan: Plan
    asset: str
    found: Due | None
    ready: bool
    order: WorkOrder | None
    together: tuple[WorkOrder, ...]
    deferred_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did."""

    opened: tuple[WorkOrder, ...]
    settled: int
    ended: tuple[Trial, ...]

    @property
    def count(self) -> int:
        """How much was done."""
        return len(self.opened) + self.settled + len(self.ended)


class PlanRounds:
    """Rounds over the plans of a book, for the assets of a plant."""

    def __init__(
        self, plant: Callable[[], Plant], plans: PlanBook, orders: OrderBook, meters: Meters,
        publish: Callable[[str, str], object] = lambda kind, id: None,
    ) -> None:  # fmt: skip
        self._plant, self._plans, self._orders, self._meters = plant, plans, orders, meters
        self._publish = publish

    def run_once(self, now_us: int) -> int:
        """One round; how much it did."""
        return self.round(now_us).count

    def round(self, now_us: int, only: str | None = None) -> Round:
        """Settle, open, watch; of one plan when it is named (settling and watching are always of all)."""
        if not self._plans.plans():
            return Round((), 0, ())  # no write lock for nothing
        settled = self._settle(now_us)
        opened = [
            order for plan in self._plans.plans() if only in (None, plan.id) for order in self._open(plan, now_us)
        ]
        for order in opened:
            self._publish("order", order.id)
            self._publish("asset", order.asset)
        return Round(tuple(opened), settled, self._watch(now_us))

    def look(self, plan: Plan, assets: Sequence[Asset], now_us: int) -> Look:
        """What is seen of some assets of one site."""
        zone = zone_of(self._plant(), assets[0]) if assets else UTC
        return Look({asset.id: self._meters.seen(plan, asset, now_us) for asset in assets}, now_us, zone)

    def groups(self, plan: Plan) -> list[tuple[Asset, ...]]:
        """Assets whose orders are one: all of a round, else each by itself. Retired ones are left out."""
        retired = self._plans.retired()
        standing = tuple(asset for asset in plan.of(self._plant()) if asset.id not in retired)
        if plan.route:
            return [standing] if standing else []
        return [(asset,) for asset in standing]

    def group_of(self, plan: Plan, asset: str) -> tuple[Asset, ...]:
        """The assets of one order with this one; empty for one that the plan is not for, or that is retired."""
        return next((group for group in self.groups(plan) if any(a.id == asset for a in group)), ())

    def coming(self, now_us: int, until_us: int | None = None, plan_id: str | None = None) -> list[Coming]:
        """What is due, open or to come (until a time), soonest first; what only a meter or a condition decides last."""
        found = []
        for plan in self._plans.plans():
            if plan_id not in (None, plan.id):
                continue
            slots = self._by_asset(plan)
            for group in self.groups(plan):
                look = self.look(plan, group, now_us)
                found += [self._coming(plan, asset, slots[asset.id], look) for asset in group]
        shown = [one for one in found if until_us is None or one.found is None or one.found.due_us <= until_us]
        return sorted(shown, key=lambda one: (one.found.due_us if one.found else 2**62, one.plan.id, one.asset))

    def _coming(self, plan: Plan, asset: Asset, slots: list[Slot], look: Look) -> Coming:
        seen = look.seen.get(asset.id, {})
        ready = due(plan, slots, seen, look.now_us, look.zone)
        next_one = ready or upcoming(plan, slots, seen, look.now_us, look.zone)
        open_slot = next((slot for slot in slots if slot.state is SlotState.OPEN), None)
        put_off = next((slot.until_us for slot in slots if slot.state is SlotState.DEFERRED), None)
        order = self._orders.order(open_slot.order_id) if open_slot and open_slot.order_id else None
        if order is not None and open_slot is not None and ready is None:
            next_one = Due(open_slot.key, open_slot.due_us, open_slot.reason)
        together = repairs_of(self._orders, asset.id, plan.component)
        return Coming(plan, asset.id, next_one, ready is not None, order, together, put_off)

    def _by_asset(self, plan: Plan) -> dict[str, list[Slot]]:
        slots: dict[str, list[Slot]] = defaultdict(list)
        for slot in self._plans.slots(plan.id):
            slots[slot.asset].append(slot)
        return slots

    def _settle(self, now_us: int) -> int:
        plant = self._plant()
        return self._plans.settle(lambda plan, asset, at_us: self._meters.at(plan, plant.asset(asset), at_us), now_us)

    def _open(self, plan: Plan, now_us: int) -> list[WorkOrder]:
        """Looked at without a lock first: on most rounds nothing is due."""
        if not plan.active:
            return []
        opened, slots = [], self._by_asset(plan)
        for group in self.groups(plan):
            look, lead = self.look(plan, group, now_us), group[0].id
            if due(plan, slots[lead], look.seen.get(lead, {}), now_us, look.zone) is None:
                continue
            for _ in range(MOST_A_ROUND):
                order = self._plans.open_due(plan.id, [asset.id for asset in group], look)
                if order is None:
                    break
                opened.append(order)
        return opened

    def _watch(self, now_us: int) -> tuple[Trial, ...]:
        """End trials: as failed as soon as there are too many failures, as passed when their time is over."""
        ended = []
        for trial in self._plans.trials(watching=True):
            seen = [
                failure
                for asset in trial.watch.assets
                for failure in failures_of(self._orders, asset, trial.after.component)
                if trial.started_at_us <= failure.created_at_us <= min(now_us, trial.watch.ends_at_us)
                and known_mode(failure, trial.after.failure_modes)
            ]
            most, numbers = trial.watch.most_failures, ", ".join(order.number for order in seen)
            if len(seen) > most:
                why = f"{len(seen)} failures ({numbers}) since the change, at most {most} were to be expected"
                ended.append(self._plans.end_watch(trial.plan, True, why, now_us))
            elif now_us >= trial.watch.ends_at_us:
                why = f"{len(seen)} failures until the end of the watch, at most {most} were to be expected"
                ended.append(self._plans.end_watch(trial.plan, False, why, now_us))
        return tuple(ended)


def zone_of(plant: Plant, asset: Asset) -> tzinfo:
    """Time zone of the asset's site; UTC where it is not known."""
    site = next((site for site in plant.sites if site.id == asset.site), None)
    return ZoneInfo(site.timezone) if site else UTC


def repairs_of(orders: OrderBook, asset: str, component: str) -> tuple[WorkOrder, ...]:
    """Open repair orders of a component (of the asset, where none is named): work for the same visit."""
    from forewarn.maintenance.orders.rules import shares_order

    standing = orders.orders(open_only=True, asset=asset, evidence=False)
    repairs = (order for order in standing if shares_order(order.kind))
    return tuple(o for o in repairs if not component or any(c.fault.component == component for c in o.causes))
