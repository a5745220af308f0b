"""What asks for each spare part now, gathered from everywhere: remaining lives, orders, plans, the store room's ledger.

This joins; the arithmetic is `maintenance.demand`. A fault that an approved order is open for asks through that order,
for what the order has not been given yet; a fault that is only suspected asks with its probability; a plan asks through
its coming slots; what was issued for none of these is the history of the unexplained rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from forewarn.core.clock import US_PER_DAY
from forewarn.core.job_plans import JobPlan
from forewarn.core.plans import Plan, Slot
from forewarn.core.plant import Asset, PartLine, Plant
from forewarn.core.stock import Level, MoveReason, PartCard, Reservation, ReservationState, StockMove
from forewarn.core.work import Json, OrderKind, WorkOrder
from forewarn.maintenance.advice.advising import AS_USUAL
from forewarn.maintenance.demand.caused import Asked, Causes, Occasion, Rest, Threat
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.demand.reorder import Terms
from forewarn.maintenance.demand.slots import coming, kept_share
from forewarn.maintenance.orders.job_rules import best_plan
from forewarn.maintenance.orders.rules import together
from forewarn.maintenance.plans.shared import PlanBook
from forewarn.pipeline.part_causes import (
    calendar_days,
    cause_of,
    is_suspected,
    lines_of,
    standstill_of,
    suspected,
    unpacked,
)
from forewarn.pipeline.part_history import explained_by, histories, issued_to, rests
from forewarn.pipeline.plan_rounds import RUNNING_HOURS, Meters, PlanRounds, zone_of

LOOKED_AHEAD_DAYS = 3 * 366.0
METER_BACK_DAYS = 28
MOST_ORDERS = 100_000
MOST_MOVES = 5_000
VED_OF = {"A": "V", "B": "E", "C": "D"}


class StoreRoom(Protocol):
    """What is read of the store room (`maintenance.stock.book.StockBookSql`)."""

    def cards(self) -> list[PartCard]:
        """All cards by id."""
        ...

    def levels(self, now_us: int) -> list[Level]:
        """Of every part with a card."""
        ...

    def moves(
        self,
        part: str | None = None,
        order: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        before: int | None = None,
        limit: int = 200,
        reasons: Sequence[MoveReason] = (),
    ) -> list[StockMove]:
        """Moves, newest first; `before` a `seq`: those that follow it."""
        ...

    def reservations(
        self, order: str | None = None, part: str | None = None, open_only: bool = False
    ) -> list[Reservation]:
        """Reservations, oldest first."""
        ...


class OrderReader(Protocol):
    """What is read of orders and job plans (`maintenance.orders.book.OrderBookSql`)."""

    def orders(
        self, *, open_only: bool = False, asset: str | None = None, limit: int = 200, evidence: bool = True
    ) -> list[WorkOrder]:
        """Orders, newest first."""
        ...

    def job_plans(self, id: str | None = None) -> list[JobPlan]:
        """Job plans, the newest version of each."""
        ...


class Assessed(Protocol):
    """What is read of assessments."""

    def latest(self) -> dict[str, Json]:
        """The newest assessment of each asset."""
        ...


@dataclass(frozen=True, slots=True)
class Bought:
    """What the buyers know of a part: pieces on order, pieces that are asked for beside the reorder rule, the lead time
    that its deliveries taught (None: there were none), the least quantity and the multiple that its supplier sells."""

    on_order: int = 0
    asked: int = 0
    lead: LeadTime | None = None
    minimum: int = 1
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class DemandRules:
    """What the plant reckons with. `real_share`: of the alarms, so many are real. `history_months`: how far back the
    rest is counted. The others as in `reorder.Terms`."""

    real_share: float = AS_USUAL.real_share
    history_months: int = 36
    review_days: float = 30.0
    order_cost: float = 50.0
    holding_share: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A part as it stands now: what asks for it, on which terms it is bought, how much is there and coming."""

    part: str
    name: str
    causes: Causes
    terms: Terms
    lead: LeadTime
    on_hand: int
    available: int
    on_order: int
    asked: int


@dataclass(slots=True)
class _Gathered:
    """Causes by part, while they are gathered."""

    threats: dict[str, list[Threat]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    occasions: dict[str, list[Occasion]] = field(default_factory=lambda: defaultdict(list))

    @property
    def parts(self) -> set[str]:
        """Every part that something asks for."""
        return {*self.threats, *self.asked, *self.occasions}


@dataclass(frozen=True, slots=True)
class PartDemands:
    """Looks at all parts of a plant. `kinds`: kind of each order by id; `bought`: what the buyers know, by part."""

    plant: Callable[[], Plant]
    assessments: Assessed
    orders: OrderReader
    plans: PlanBook
    rounds: PlanRounds
    meters: Meters
    stock: StoreRoom
    kinds: Callable[[Sequence[str]], Mapping[str, OrderKind]]
    bought: Callable[[int], Mapping[str, Bought]] = lambda now_us: {}
    rules: DemandRules = DemandRules()

    def look(self, now_us: int, only: str | None = None) -> dict[str, Looked]:
        """Every part of the cards, of the plant file, or that something asks for, by id; `only` one of them."""
        plant, cards = self.plant(), {card.id: card for card in self.stock.cards()}
        since_us = now_us - round(self.rules.history_months * 30.4375 * US_PER_DAY)
        moved = self._moves(since_us, now_us + 1)
        gathered = self._gather(now_us, plant, cards, moved)
        known = explained_by(moved, self.kinds)
        records = histories(moved, known, now_us, self.rules.history_months)
        classes = {id: card.part_class for id, card in cards.items()}
        rest = rests(records, classes, {id: (card.price, card.lead_p50_days) for id, card in cards.items()})
        levels = {level.part: level for level in self.stock.levels(now_us)}
        bought = self.bought(now_us)
        wanted = sorted({*cards, *(part.id for part in plant.parts), *gathered.parts})
        names = {part.id: part.name for part in plant.parts} | {id: card.name or id for id, card in cards.items()}
        found = {}
        for part in wanted:
            if only not in (None, part) or (part in cards and cards[part].is_kit):
                continue
            causes = _causes(part, now_us, gathered, rest.get(part))
            terms = self._terms(part, plant, cards.get(part), bought.get(part, Bought()))
            lead = _lead(part, plant, cards.get(part), bought.get(part, Bought()))
            there = _there(part, plant, cards, levels)
            told = bought.get(part, Bought())
            found[part] = Looked(part, names.get(part, part), causes, terms, lead, *there, told.on_order, told.asked)
        return found

    def issued(self, from_us: int, to_us: int) -> dict[str, float]:
        """Pieces of each part that were issued in [from, to), less what came back."""
        found: dict[str, float] = defaultdict(float)
        for move in self._moves(from_us, to_us):
            found[move.part] += issued_to(move)
        return {part: max(pieces, 0.0) for part, pieces in found.items()}

    def _moves(self, since_us: int, until_us: int) -> list[StockMove]:
        """Issues and returns, newest first."""
        reasons = (MoveReason.ISSUE, MoveReason.GIVE_BACK, MoveReason.OPENING, MoveReason.RECEIPT)
        found: list[StockMove] = []
        before = None
        while True:
            some = self.stock.moves(
                since_us=since_us, until_us=until_us, before=before, limit=MOST_MOVES, reasons=reasons
            )
            found += some
            if len(some) < MOST_MOVES:
                return found
            before = some[-1].seq

    # causes

    def _gather(
        self, now_us: int, plant: Plant, cards: Mapping[str, PartCard], moved: Sequence[StockMove]
    ) -> _Gathered:
        found = _Gathered()
        retired, jobs = self.plans.retired(), self.orders.job_plans()
        standing = [order for order in self._open_orders() if order.asset not in retired]
        held = {order.id: self._held(order, cards, moved) for order in standing}
        for order in standing:
            if not is_suspected(order):
                _ask_for_order(found, order, held[order.id], cards, now_us)
        for id, kept in self.assessments.latest().items():
            asset = plant.asset(id)
            if asset is not None and id not in retired:
                self._ask_for_faults(found, asset, kept, standing, held, jobs, cards, now_us)
        for plan in self.plans.plans():
            self._ask_for_plan(found, plan, plant, jobs, cards, now_us)
        return found

    def _open_orders(self) -> list[WorkOrder]:
        return self.orders.orders(open_only=True, limit=MOST_ORDERS, evidence=False)

    def _held(self, order: WorkOrder, cards: Mapping[str, PartCard], moved: Sequence[StockMove]) -> dict[str, int]:
        """Pieces that an order has been given or that are put aside for it, by the part that was asked for."""
        found: dict[str, int] = defaultdict(int)
        instead = {}
        for reservation in self.stock.reservations(order=order.id):
            if reservation.state is ReservationState.HELD:
                for line in unpacked((PartLine(reservation.wanted, max(reservation.left, 1)),), cards):
                    found[line.part] += line.quantity if reservation.left else 0
            if reservation.substitute_for:
                instead[reservation.part] = reservation.substitute_for
        for move in moved:
            if move.order == order.id:
                pieces = round(issued_to(move))
                for line in unpacked((PartLine(instead.get(move.part, move.part)),), cards):
                    found[line.part] += pieces * line.quantity
        return found

    def _ask_for_faults(
        self,
        found: _Gathered,
        asset: Asset,
        kept: Json,
        standing: Sequence[WorkOrder],
        held: Mapping[str, Mapping[str, int]],
        jobs: Sequence[JobPlan],
        cards: Mapping[str, PartCard],
        now_us: int,
    ) -> None:
        """Faults that the newest assessment forecasts, without those that an approved order looks after."""
        mine = [order for order in standing if order.asset == asset.id]
        cared = {cause.fault.component for order in mine if not is_suspected(order) for cause in order.causes}
        for fault, probability, forecast in suspected(kept, self.rules.real_share):
            if fault.component in cared:
                continue
            plan = asset.plan_for(fault)
            job = best_plan(jobs, OrderKind.CONDITION, asset.asset_class, fault)
            lines = together(plan.parts if plan else (), job.parts if job else ())
            drafts = [order for order in mine if any(cause.fault == fault for cause in order.causes)]
            levels, days = calendar_days(forecast, kept, asset, now_us)
            at_us = kept["at_us"]
            age = max(now_us - at_us, 0) / US_PER_DAY if isinstance(at_us, int) else 0.0
            for line in unpacked(lines, cards):
                has = min(sum(held[order.id].get(line.part, 0) for order in drafts), line.quantity)
                found.threats[line.part].append(
                    Threat(asset.id, fault, probability, levels, days, line.quantity - has, has, age)
                )

    def _ask_for_plan(
        self,
        found: _Gathered,
        plan: Plan,
        plant: Plant,
        jobs: Sequence[JobPlan],
        cards: Mapping[str, PartCard],
        now_us: int,
    ) -> None:
        slots: dict[str, list[Slot]] = defaultdict(list)
        for slot in self.plans.slots(plan.id):
            slots[slot.asset].append(slot)
        kept = kept_share(slot for several in slots.values() for slot in several)
        for group in self.rounds.groups(plan):
            asset = group[0]
            lines = unpacked(lines_of(plan, asset, jobs), cards)
            if not lines:
                continue
            per_day = self._meter_per_day(plan, asset, now_us)
            seen, zone = self.meters.seen(plan, asset, now_us), zone_of(plant, asset)
            spans = coming(plan, slots[asset.id], seen, per_day, now_us, zone, LOOKED_AHEAD_DAYS)
            for early, late in spans:
                for line in lines:
                    one = Occasion(plan.id, asset.id, line.quantity, early, late, kept)
                    found.occasions[line.part].append(one)

    def _meter_per_day(self, plan: Plan, asset: Asset, now_us: int) -> float | None:
        """What the plan's meter runs through in a day, over the last weeks; of running hours else what is planned."""
        if plan.meter is None:
            return None
        now, before = (self.meters.at(plan, asset, now_us - back * US_PER_DAY) for back in (0, METER_BACK_DAYS))
        if now is not None and before is not None and now > before:
            return (now - before) / METER_BACK_DAYS
        return asset.operating_hours_per_day if plan.meter.meter == RUNNING_HOURS else None

    # terms

    def _terms(self, part: str, plant: Plant, card: PartCard | None, bought: Bought) -> Terms:
        there = plant.part(part)
        asking = [a for a in plant.assets if any(line.part == part for plan in a.faults for line in plan.parts)]
        worst = min((asset.criticality for asset in asking), default="B")
        standstill = [cost for asset in asking if (cost := standstill_of(asset, plant)) is not None]
        return Terms(
            part,
            card.price if card else there.price if there else 0.0,
            card.ved.value if card else VED_OF[worst],
            max(standstill, default=None),
            None,
            self.rules.order_cost,
            self.rules.holding_share,
            bought.minimum,
            bought.multiple,
            card.shelf_life_days if card else None,
            self.rules.review_days,
            plant.costs.currency if plant.costs else "EUR",
        )


def _causes(part: str, now_us: int, gathered: _Gathered, rest: Rest | None) -> Causes:
    threats, asked = tuple(gathered.threats.get(part, ())), tuple(gathered.asked.get(part, ()))
    return Causes(part, now_us, threats, asked, tuple(gathered.occasions.get(part, ())), rest)


def _ask_for_order(
    found: _Gathered, order: WorkOrder, held: Mapping[str, int], cards: Mapping[str, PartCard], now_us: int
) -> None:
    """What an order still has to be given."""
    for line in unpacked(order.parts, cards):
        left = line.quantity - held.get(line.part, 0)
        if left > 0:
            kind, cause = cause_of(order)
            from_days = max((order.start_by_us or now_us) - now_us, 0) / US_PER_DAY
            found.asked[line.part].append(Asked(order.number, order.asset, kind, cause, left, from_days))


def _lead(part: str, plant: Plant, card: PartCard | None, bought: Bought) -> LeadTime:
    there = plant.part(part)
    if bought.lead is not None:
        return bought.lead
    if card is not None and card.lead_p90_days > 0:
        return LeadTime(card.lead_p50_days, card.lead_p90_days)
    if there is not None:
        return LeadTime(there.lead_p50_days, there.lead_p90_days)
    return LeadTime(AS_USUAL.lead_p50_days, AS_USUAL.lead_p90_days)


def _there(part: str, plant: Plant, cards: Mapping[str, PartCard], levels: Mapping[str, Level]) -> tuple[int, int]:
    """On hand and available: by the ledger, and of a part without a card as the plant file says."""
    if part in cards and part in levels:
        return levels[part].on_hand, levels[part].available
    there = plant.part(part)
    return (there.on_hand, there.on_hand) if there else (0, 0)
