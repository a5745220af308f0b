"""What routes and commands of preventive maintenance ask: plans, rounds, and the interval court over both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plans import Plan, Slot, Trial, Watch
from forewarn.core.ports import Actor, OrderBook
from forewarn.core.work import WorkOrder
from forewarn.maintenance.plans.shared import PlanBook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from forewarn.api.state import Plantroom
    from forewarn.api.work_watch import Chore
    from forewarn.core.plant import Plant
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.records import Records
    from forewarn.pipeline.interval_court import Judgement
    from forewarn.pipeline.plan_rounds import PlanRounds

LOOK_EVERY_S = 60.0
"""Plant seconds between two rounds over the plans."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judgement with what would follow from it: the changed plan and its watch, None where nothing is proposed."""

    judgement: Judgement
    after: Plan | None
    watch: Watch | None


@dataclass(slots=True)
class PlansDesk:
    """The book of plans, the rounds over it, and the court."""

    plans: PlanBook
    rounds: PlanRounds
    orders: OrderBook
    plant: Callable[[], Plant]

    def known(self, id: str) -> Plan:
        """A plan. Raises Rejected when there is none."""
        plan = self.plans.plan(id)
        if plan is None:
            raise Rejected("unknown_plan", f"there is no preventive plan {id!r}")
        return plan

    def generate(self, id: str, asset: str, actor: Actor, now_us: int) -> WorkOrder:
        """Open an order of a plan now. Raises Rejected for an asset that the plan is not for, or that is retired."""
        plan = self.known(id)
        group = self.rounds.group_of(plan, asset)
        if not group:
            self._not_for(plan, asset)
        look = self.rounds.look(plan, group, now_us)
        return self.plans.open_now(id, [one.id for one in group], look, actor)

    def skip(self, id: str, asset: str, actor: Actor, now_us: int, reason: str) -> Slot:
        """Leave out the slot that is due or comes next."""
        plan = self.known(id)
        group = self.rounds.group_of(plan, asset) or self._not_for(plan, asset)
        return self.plans.skip(id, asset, self.rounds.look(plan, group, now_us), actor, reason)

    def defer(self, id: str, asset: str, actor: Actor, now_us: int, until_us: int, reason: str) -> Slot:
        """Let the slot that is due or comes next wait."""
        plan = self.known(id)
        group = self.rounds.group_of(plan, asset) or self._not_for(plan, asset)
        return self.plans.defer(id, asset, self.rounds.look(plan, group, now_us), actor, until_us, reason)

    def _not_for(self, plan: Plan, asset: str) -> tuple[()]:
        retired = self.plans.retired().get(asset)
        if retired is not None:
            raise Rejected("retired_asset", f"{asset} is out of use ({retired}): nothing is planned for it")
        raise Rejected("not_of_plan", f"the plan {plan.id} is not for {asset}")

    def court(self, now_us: int, id: str | None = None, watch_days: float | None = None) -> list[Ruling]:
        """The court on one plan, or on all that have an interval. Raises Rejected for a plan by condition alone."""
        from forewarn.core.plans import Trigger
        from forewarn.pipeline.court_cases import orders_of

        judged = (
            [self.known(id)]
            if id is not None
            else [plan for plan in self.plans.plans() if plan.active and plan.trigger is not Trigger.CONDITION]
        )
        known = orders_of(self.orders, {asset.id for plan in judged for asset in plan.of(self.plant())})
        return [self._ruling(plan, known, now_us, watch_days) for plan in judged]

    def _ruling(
        self, plan: Plan, known: Mapping[str, Sequence[WorkOrder]], now_us: int, watch_days: float | None
    ) -> Ruling:
        from datetime import UTC

        from forewarn.pipeline.court_belief import Repair
        from forewarn.pipeline.court_cases import case_from, changed_plan
        from forewarn.pipeline.interval_court import judge, watch_of
        from forewarn.pipeline.plan_rounds import zone_of

        case = case_from(plan, known, self.plans, self.plant(), now_us)
        judgement = judge(case)
        if judgement.factor is None:
            return Ruling(judgement, None, None)
        assets = plan.of(self.plant())
        zone = zone_of(self.plant(), assets[0]) if assets else UTC
        after = changed_plan(plan, judgement.factor, now_us, zone)
        return Ruling(
            judgement, after, watch_of(case, judgement.factor, now_us, watch_days, judgement.repair or Repair.NEW)
        )

    def approve(
        self, id: str, actor: Actor, revision: int, now_us: int, watch_days: float | None = None, note: str = ""
    ) -> Trial:
        """Apply what the court proposes now, and watch it. Raises Conflict where it proposes nothing."""
        [ruling] = self.court(now_us, id, watch_days)
        if ruling.after is None or ruling.watch is None:
            raise Conflict(f"the court proposes no change of {id}: {ruling.judgement.verdict}")
        reason = f"{ruling.judgement.verdict}: {ruling.judgement.reason}" + (f" ({note})" if note else "")
        return self.plans.approve(ruling.after, ruling.watch, reason, actor, revision, now_us)


def plans_of(room: Plantroom, records: Records, orders: OrderBookSql) -> Chore:
    """Give the room its desk of plans; the chore that goes over them."""
    from forewarn.api.work_watch import Chore
    from forewarn.maintenance.plans.book import PlanBookSql
    from forewarn.pipeline.plan_rounds import Meters, PlanRounds

    plans, meters = PlanBookSql(records, orders), Meters(room.reader, room.derived)
    rounds = PlanRounds(lambda: room.plant, plans, orders, meters, room.hub.publish)
    room.plans = PlansDesk(plans, rounds, orders, lambda: room.plant)
    return Chore("plans", LOOK_EVERY_S, rounds.run_once)
