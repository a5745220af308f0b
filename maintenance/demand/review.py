"""The review of reorder policies: the one in force against the one that follows from today, and why they differ. Pure.

The difference is taken apart by exchanging one thing at a time, in a fixed order: service level, price, terms of
ordering, causes of the demand (over the old window, so that traces compare), lead time. Each step says by how much it
moves the reorder point and the level that is ordered up to; together they make the whole difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from forewarn.core.demand import PartDemand, Window
from forewarn.maintenance.demand.caused import Causes
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.demand.reorder import DAYS_PER_YEAR, Policy, Terms, policy
from forewarn.maintenance.demand.traces import Moved, moved, told

NOT_KEPT = -1
"""The reorder point of a part that is not kept, where it is counted with."""
MOST_MOVED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A policy with everything it was computed from. `demand` over lead time and review period, `year` over a year."""

    at_us: int
    terms: Terms
    lead: LeadTime
    demand: PartDemand
    year: PartDemand
    policy: Policy

    @property
    def part(self) -> str:
        """Which part."""
        return self.terms.part

    @property
    def value(self) -> float:
        """Money on the shelf when it is full."""
        return self.policy.order_up_to * self.terms.price


def standing_of(causes: Causes, terms: Terms, lead: LeadTime) -> Standing:
    """The policy that follows from what is known now."""
    demand, year = causes.over(lead.window(terms.review_days)), causes.over(Window.of_days(DAYS_PER_YEAR))
    return Standing(causes.at_us, terms, lead, demand, year, policy(demand, year, terms, lead))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that changed: `what` it is, in words, and what it does to the reorder point (-1: not kept) and to the
    level that is ordered up to. `moved`: causes whose expected pieces changed, for the step of the demand."""

    name: str
    what: str
    point_before: int
    point_after: int
    up_to_before: int
    up_to_after: int
    moved: tuple[Moved, ...] = ()

    def words(self) -> str:
        """For a person."""
        if (self.point_before, self.up_to_before) == (self.point_after, self.up_to_after):
            return f"{self.what}: moves nothing"
        point = f"reorder point {_point(self.point_before)} -> {_point(self.point_after)}"
        return f"{self.what}: {point}, order up to {self.up_to_before} -> {self.up_to_after}"


@dataclass(frozen=True, slots=True, eq=False)
class Reviewed:
    """One part reviewed. `before` None: it had no policy. `steps` explain the difference; `text` is all of it."""

    before: Standing | None
    after: Standing
    steps: tuple[Step, ...]
    text: str

    @property
    def part(self) -> str:
        """Which part."""
        return self.after.part

    @property
    def is_same(self) -> bool:
        """Does the policy in force stay?"""
        return self.before is not None and self.before.policy.numbers == self.after.policy.numbers

    @property
    def money(self) -> float:
        """How much more a full shelf is worth at today's price; below 0: less."""
        up_to = self.before.policy.order_up_to if self.before else 0
        return (self.after.policy.order_up_to - up_to) * self.after.terms.price


def reviewed(before: Standing | None, causes: Causes, terms: Terms, lead: LeadTime) -> Reviewed:
    """The policy of today against the one in force (None: there is none yet)."""
    after = standing_of(causes, terms, lead)
    if before is None:
        text = " ".join((f"No policy so far. {told(after.demand)}.", *after.policy.reasons))
        return Reviewed(None, after, (), text)
    steps = _steps(before, after, causes)
    if before.policy.numbers == after.policy.numbers:
        text = f"{_numbers(after.policy)}, as before. {told(after.demand)}."
    else:
        parts = [f"{_numbers(before.policy)} becomes {_numbers(after.policy).lower()}."]
        for step in steps:
            parts.append(f"{step.words()}.")
            parts += [f"{one.words()}." for one in step.moved[:MOST_MOVED]]
        text = " ".join(parts)
    return Reviewed(before, after, steps, text)


def _steps(before: Standing, after: Standing, causes: Causes) -> tuple[Step, ...]:
    """What changed, one thing after the other. What did not change has no step."""
    old, new = before.terms, after.terms
    steps: list[Step] = []
    at = before.policy

    def take(name: str, what: str, found: Policy, traced: tuple[Moved, ...] = ()) -> None:
        nonlocal at
        if what or found.numbers != at.numbers:
            points = (_counted(at), _counted(found), at.order_up_to, found.order_up_to)
            steps.append(Step(name, what or "the rule or a change by hand", *points, traced))
        at = found

    take("rule", "", policy(before.demand, before.year, old, before.lead))
    mixed = replace(old, ved=new.ved, standstill_per_h=new.standstill_per_h, rush_days=new.rush_days)
    take("service level", _level_words(old, new), policy(before.demand, before.year, mixed, before.lead))
    mixed = replace(mixed, price=new.price, currency=new.currency)
    priced = f"price {old.price:g} -> {new.price:g} {new.currency}" if old.price != new.price else ""
    take("price", priced, policy(before.demand, before.year, mixed, before.lead))
    mixed = replace(new, review_days=old.review_days)
    take("ordering", _ordering_words(old, new), policy(before.demand, before.year, mixed, before.lead))
    window = before.lead.window(old.review_days)
    demand, year = causes.over(window), causes.over(Window.of_days(DAYS_PER_YEAR))
    traced = moved(before.demand.traces, demand.traces)
    changed = f"demand {before.demand.mean:.2f} -> {demand.mean:.2f} pieces in {window.mean_days:.0f} days"
    take("demand", changed if traced else "", policy(demand, year, mixed, before.lead), traced)
    take("lead time", _lead_words(before, after), after.policy)
    return tuple(steps)


def _level_words(old: Terms, new: Terms) -> str:
    told = [f"class {old.ved} -> {new.ved}"] if old.ved != new.ved else []
    if old.standstill_per_h != new.standstill_per_h:
        was, now = (_hour(terms.standstill_per_h) for terms in (old, new))
        told.append(f"an hour of standstill {was} -> {now} {new.currency}")
    if old.rush_days != new.rush_days:
        told.append(f"days of a rush delivery {_hour(old.rush_days)} -> {_hour(new.rush_days)}")
    return ", ".join(told)


def _ordering_words(old: Terms, new: Terms) -> str:
    names = {
        "order_cost": "cost of an order", "holding_share": "holding share", "minimum": "least quantity",
        "multiple": "multiples of", "shelf_life_days": "shelf life in days",
    }  # fmt: skip
    differing = [name for name in names if getattr(old, name) != getattr(new, name)]
    return ", ".join(f"{names[n]} {_hour(getattr(old, n))} -> {_hour(getattr(new, n))}" for n in differing)


def _lead_words(before: Standing, after: Standing) -> str:
    old, new, told = before.lead, after.lead, []
    if (old.p50_days, old.p90_days) != (new.p50_days, new.p90_days):
        from_days, to_days = (f"{lead.p50_days:.1f} / {lead.p90_days:.1f}" for lead in (old, new))
        by = f", from {new.deliveries} deliveries" if new.deliveries else ""
        told.append(f"lead time P50 / P90 {from_days} -> {to_days} days{by}")
    if before.terms.review_days != after.terms.review_days:
        told.append(f"review every {before.terms.review_days:g} -> {after.terms.review_days:g} days")
    return ", ".join(told)


def _hour(amount: float | None) -> str:
    return "not said" if amount is None else f"{amount:g}"


def _counted(found: Policy) -> int:
    return NOT_KEPT if found.reorder_point is None else found.reorder_point


def _point(counted: int) -> str:
    return "none" if counted == NOT_KEPT else str(counted)


def _numbers(found: Policy) -> str:
    if found.reorder_point is None:
        return "Not kept"
    return f"Reorder point {found.reorder_point}, order up to {found.order_up_to}"
