"""What an order is planned to cost, and who may approve that. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from forewarn.core.errors import Conflict
from forewarn.core.jobs import Job
from forewarn.core.ports import Actor
from forewarn.core.work import Status, Verification, WorkOrder

CHECKED_AT = (Status.APPR, Status.INPRG)
"""An order whose cost nobody approved does not go here."""


class PlantFacts(Protocol):
    """What a book of orders asks the plant."""

    def asset_class(self, asset: str) -> str:
        """Class of an asset, "" when it is not known."""
        ...

    def part_price(self, part: str) -> float:
        """Price of one piece, 0 when it is not known."""
        ...


class NoPlant:
    """Nothing is known of the plant: plans are chosen by kind and fault alone, and parts cost nothing."""

    def asset_class(self, asset: str) -> str:
        """Always ""."""
        return ""

    def part_price(self, part: str) -> float:
        """Always 0."""
        return 0.0


NO_PLANT = NoPlant()


@dataclass(frozen=True, slots=True)
class CostLimit:
    """Up to how much a role may approve; None: any amount."""

    role: str
    amount: float | None


@dataclass(frozen=True, slots=True)
class CostRules:
    """`currency` of the plant (ISO 4217), what an hour of labour is planned at, and who may approve how much.

    Without `limits` nobody has to approve anything. With them, a role that is not named may approve nothing.

    >>> rules = CostRules(limits=(CostLimit("planner", 5_000.0), CostLimit("manager", None)))
    >>> rules.limit_of("planner"), rules.limit_of("technician"), rules.who_may(8_000)
    (5000.0, 0.0, 'manager (any amount)')
    """

    currency: str = "EUR"
    labour_per_h: float = 0.0
    limits: tuple[CostLimit, ...] = ()

    def limit_of(self, role: str) -> float:
        """Up to how much a role may approve."""
        if not self.limits:
            return math.inf
        named = next((limit for limit in self.limits if limit.role == role), None)
        if named is None:
            return 0.0
        return math.inf if named.amount is None else named.amount

    def who_may(self, cost: float) -> str:
        """Roles that may approve a cost, the lowest limit first; "nobody" when there is none."""
        able = sorted((limit for limit in self.limits if self.limit_of(limit.role) >= cost), key=self._amount)
        told = ("any amount" if x.amount is None else f"up to {money(x.amount, self.currency)}" for x in able)
        return ", ".join(f"{x.role} ({text})" for x, text in zip(able, told, strict=True)) or "nobody"

    def _amount(self, limit: CostLimit) -> float:
        return self.limit_of(limit.role)


NO_LIMITS = CostRules()


@dataclass(frozen=True, slots=True)
class House:
    """What a book of orders knows of the plant it works for."""

    costs: CostRules = NO_LIMITS
    facts: PlantFacts = NO_PLANT


ANY_HOUSE = House()


def money(amount: float, currency: str) -> str:
    """An amount for people.

    >>> money(12400, "EUR")
    '12,400.00 EUR'
    """
    return f"{amount:,.2f} {currency}"


def priced(order: WorkOrder, job: Job, rules: CostRules, facts: PlantFacts) -> WorkOrder:
    """The order with its planned cost: hours of labour, parts at today's prices, other cost of its plans."""
    parts = sum(facts.part_price(line.part) * line.quantity for line in order.parts)
    cost = round(float(order.repair_hours * rules.labour_per_h + parts + job.other_cost), 2)
    return order if cost == order.planned_cost else replace(order, planned_cost=cost)


def lacks_approval(order: WorkOrder, role: str, rules: CostRules) -> bool:
    """Is the planned cost above what was approved and above what this role may approve?"""
    return bool(rules.limits) and order.planned_cost > max(order.approved_cost or 0.0, rules.limit_of(role))


def approved(order: WorkOrder, actor: Actor, rules: CostRules) -> WorkOrder:
    """The order with the actor's approval, where one is needed and the actor may give it.

    Raises Conflict, with who may, when it is needed and the actor may not.
    """
    if not rules.limits or order.planned_cost <= (order.approved_cost or 0.0):
        return order
    if lacks_approval(order, actor.role, rules):
        mine = rules.limit_of(actor.role)
        raise Conflict(
            f"{order.number} is planned at {money(order.planned_cost, order.currency)}; the role {actor.role} may"
            f" approve up to {money(mine, order.currency)}: ask {rules.who_may(order.planned_cost)} to approve its cost"
        )
    return replace(order, approved_cost=order.planned_cost, approved_by=actor.name)


def allowed(order: WorkOrder, role: str, rules: CostRules) -> tuple[Status, ...]:
    """Statuses that somebody of this role may move the order to now: what the table allows, closing only once the
    repair is verified or that was waived, beginning only when the cost is approved."""
    return tuple(_open_ways(order, role, rules))


def _open_ways(order: WorkOrder, role: str, rules: CostRules) -> Iterable[Status]:
    verified = order.verification in (Verification.PASSED, Verification.WAIVED)
    short = lacks_approval(order, role, rules)
    for status in order.allowed_actions:
        if not (status is Status.CLOSE and not verified) and not (status in CHECKED_AT and short):
            yield status
