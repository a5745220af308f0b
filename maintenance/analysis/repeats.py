"""Failures that come back, and the few machines that make most of the trouble. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.analysis.answers import Answer, Row, ratio, share
from forewarn.maintenance.analysis.facts import Facts, PastOrder, Period
from forewarn.maintenance.analysis.money import NOT_TOLD, components_of, lines_in
from forewarn.maintenance.analysis.reliability import Failure, downtime, failures_of

REPEAT_DAYS = 30
VITAL = 0.8
NO_MODE = ("", "UNK", "OTH")
"""Failure modes that do not tell one trouble from another."""
BY = ("asset", "class", "area", "component", "failure_mode")
MEASURES = ("failures", "cost", "downtime")


def repeat_failures(facts: Facts, period: Period) -> Answer:
    """Failures of the period that came within 30 days after the same component of the machine was restored from an
    earlier one (after it failed, where its end is not known), over failures that name a component or a failure mode."""
    found = failures_of(facts.orders)
    rows, left_out = [], 0
    earlier: defaultdict[str, list[Failure]] = defaultdict(list)
    for failure in found:
        order = failure.order
        if period.holds(failure.failed_us) and not is_named(order):
            left_out += 1
        elif period.holds(failure.failed_us):
            before = _before(failure, earlier[order.asset])
            note = f"again after {before.order.number}" if before else "first"
            rows.append(
                Row(
                    "order",
                    order.id,
                    order.number,
                    order.asset,
                    failure.failed_us,
                    float(before is not None),
                    1.0,
                    note,
                )
            )
        earlier[order.asset].append(failure)
    none = "no machine failed in this period" if not left_out else "no failure of this period names what failed"
    note = f"{left_out} failures name neither component nor failure mode" if left_out and rows else ""
    return share(ratio("repeat_failures", rows, none, left_out, note))


def _before(failure: Failure, earlier: list[Failure]) -> Failure | None:
    """The newest failure that this one repeats."""
    for other in reversed(earlier):
        since_us = other.restored_us if other.restored_us is not None else other.failed_us
        soon = 0 <= failure.failed_us - since_us <= REPEAT_DAYS * US_PER_DAY
        if soon and same_trouble(failure.order, other.order):
            return other
    return None


def is_named(order: PastOrder) -> bool:
    """Does it say what failed: a component, or a failure mode of its own?"""
    return bool(order.components) or order.failure_mode not in NO_MODE


def same_trouble(one: PastOrder, other: PastOrder) -> bool:
    """Do both name a component in common? Where one of them names none: the same failure mode?"""
    if one.components and other.components:
        return bool(set(one.components) & set(other.components))
    return one.failure_mode == other.failure_mode and one.failure_mode not in NO_MODE


@dataclass(frozen=True, slots=True)
class Actor:
    """One line of a Pareto list: `amount` of the measure, its share of all, the share up to and with this line, and
    whether it is among the few that make 80 % of it. `failures` of it in the period."""

    what: str
    amount: float
    share: float
    cumulative: float
    vital: bool
    failures: float


def pareto(amounts: Mapping[str, float], failures: Mapping[str, float]) -> list[Actor]:
    """The largest first; the vital few are those up to the one that reaches 80 %.

    >>> [(one.what, round(one.cumulative, 2), one.vital) for one in pareto({"a": 7, "b": 2, "c": 1}, {})]
    [('a', 0.7, True), ('b', 0.9, True), ('c', 1.0, False)]
    """
    ranked = sorted(((what, amount) for what, amount in amounts.items() if amount > 0), key=lambda x: (-x[1], x[0]))
    whole = sum(amount for _, amount in ranked)
    told, reached = [], 0.0
    for what, amount in ranked:
        vital = reached < VITAL * whole - 1e-9 * whole
        reached += amount
        told.append(Actor(what, amount, amount / whole, min(1.0, reached / whole), vital, failures.get(what, 0.0)))
    return told


def bad_actors(facts: Facts, period: Period, by: str, measure: str, currency: str = "") -> list[Actor]:
    """The Pareto list of the period. `by` asset, class, area, component or failure_mode; `measure` failures, cost (of
    all work, in one currency) or downtime (hours, by asset, class or area).

    An order with several components is shared out evenly. Raises Rejected for other words, for downtime by component
    or failure mode, and for costs in several currencies where none is named.
    """
    if by not in BY or measure not in MEASURES:
        raise Rejected(
            "bad_actors", f"the list is by {', '.join(BY)}, of {', '.join(MEASURES)}; not {by!r}, {measure!r}"
        )
    failures: defaultdict[str, float] = defaultdict(float)
    for failure in failures_of(facts.orders):
        if period.holds(failure.failed_us):
            for what, portion in _names(facts, failure.order, by):
                failures[what] += portion
    if measure == "failures":
        return pareto(failures, failures)
    return pareto(_cost(facts, period, by, currency) if measure == "cost" else _downtime(facts, period, by), failures)


def _names(facts: Facts, order: PastOrder, by: str) -> list[tuple[str, float]]:
    if by == "component":
        return components_of(order)
    if by == "failure_mode":
        return [(order.failure_mode or NOT_TOLD, 1.0)]
    return [(_place(facts, order.asset, by), 1.0)]


def _place(facts: Facts, asset: str, by: str) -> str:
    return {"asset": asset, "class": facts.classes.get(asset), "area": facts.areas.get(asset)}[by] or NOT_TOLD


def _cost(facts: Facts, period: Period, by: str, currency: str) -> dict[str, float]:
    found = sorted({order.currency for order, _ in lines_in(facts, period)})
    if len(found) > 1 and not currency:
        raise Rejected("currency", f"costs are told in {', '.join(found)}: name the `currency` of the list")
    amounts: defaultdict[str, float] = defaultdict(float)
    for order, line in lines_in(facts, period):
        if order.currency == (currency or order.currency):
            for what, portion in _names(facts, order, by):
                amounts[what] += line.amount * portion
    return amounts


def _downtime(facts: Facts, period: Period, by: str) -> dict[str, float]:
    if by in ("component", "failure_mode"):
        raise Rejected("bad_actors", "a machine stands as a whole: ask for downtime by asset, class or area")
    amounts: defaultdict[str, float] = defaultdict(float)
    for asset, hours in downtime(facts, period).items():
        amounts[_place(facts, asset, by)] += hours
    return amounts
