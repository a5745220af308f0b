"""What maintenance cost, and who, what and where took it. Pure.

A line of a report counts in the period in which it was first told, in the currency of its order; amounts of different
currencies are never added.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from forewarn.core.errors import Rejected
from forewarn.maintenance.analysis.answers import Answer, Row, total
from forewarn.maintenance.analysis.facts import EPOCH, ONE_US, Facts, Line, PastOrder, Period

BY = ("asset", "class", "area", "supplier", "person", "kind", "component", "part", "month")
NOT_TOLD = "(not told)"


@dataclass(frozen=True, slots=True)
class Cost:
    """Money that went to `what` in a period, in `currency`; `hours` of labour in it, `orders` that it stands on."""

    what: str
    currency: str
    labour: float
    parts: float
    other: float
    hours: float
    orders: int

    @property
    def total(self) -> float:
        """All of it."""
        return round(self.labour + self.parts + self.other, 2)


def maintenance_cost(facts: Facts, period: Period) -> Answer:
    """Everything that reports tell for the period. None where they tell several currencies."""
    rows = [_row(order, line) for order, line in lines_in(facts, period)]
    currencies = sorted({order.currency for order, _ in lines_in(facts, period)})
    if len(currencies) > 1:
        why = f"costs are told in {', '.join(currencies)}: ask for costs by asset, where each stands by itself"
        return Answer("maintenance_cost", None, 0.0, None, tuple(rows), why)
    told = total("maintenance_cost", rows, "no cost was reported in this period")
    return replace(told, unit="".join(currencies))


def _row(order: PastOrder, line: Line) -> Row:
    note = f"{line.kind} {line.what}: {line.amount:,.2f} {order.currency}"
    return Row("order", order.id, order.number, order.asset, line.at_us, line.amount, 0.0, note)


def lines_in(facts: Facts, period: Period) -> Iterator[tuple[PastOrder, Line]]:
    """Every line that costs something and was told in the period."""
    for order in facts.orders:
        for line in order.lines:
            if period.holds(line.at_us):
                yield order, line


def costs(facts: Facts, period: Period, by: str) -> list[Cost]:
    """Costs of the period by `asset`, `class`, `area`, `supplier`, `person`, `kind` (of order), `component`, `part` or
    `month`; the dearest first. Raises Rejected for another word.

    By component, the cost of an order with several is shared out evenly. By person only labour counts, by part only
    parts. By supplier it is what was received on purchase orders in the period, whether it was used or not.
    """
    if by not in BY:
        raise Rejected("costs_by", f"costs are told by {', '.join(BY)}, not by {by!r}")
    if by == "supplier":
        return _of_suppliers(facts, period)
    sums: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    orders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for order, line in lines_in(facts, period):
        for what, portion in _shares(facts, order, line, by, period):
            place = what, order.currency
            sums[place][line.kind] += line.amount * portion
            sums[place]["hours"] += line.quantity * portion if line.kind == "labour" else 0.0
            orders[place].add(order.id)
    found = [
        Cost(what, currency, round(s["labour"], 2), round(s["part"], 2), round(s["cost"], 2), round(s["hours"], 4),
             len(orders[what, currency]))
        for (what, currency), s in sums.items()
    ]  # fmt: skip
    if by == "month":
        return sorted(found, key=lambda cost: (cost.what, cost.currency))
    return _dearest(found)


def _shares(facts: Facts, order: PastOrder, line: Line, by: str, period: Period) -> list[tuple[str, float]]:
    if by == "person":
        return [(line.what, 1.0)] if line.kind == "labour" else []
    if by == "part":
        return [(line.what, 1.0)] if line.kind == "part" else []
    if by == "component":
        return components_of(order)
    if by == "month":
        return [(month_of(line.at_us, period), 1.0)]
    named = {"asset": order.asset, "kind": order.kind, "class": facts.classes.get(order.asset),
             "area": facts.areas.get(order.asset)}[by]  # fmt: skip
    return [(named or NOT_TOLD, 1.0)]


def components_of(order: PastOrder) -> list[tuple[str, float]]:
    """Components of an order, each with an even share of it."""
    named = order.components or (NOT_TOLD,)
    return [(component, 1.0 / len(named)) for component in named]


def month_of(at_us: int, period: Period) -> str:
    """The local month of a moment, as 2026-03."""
    return (EPOCH + at_us * ONE_US).astimezone(period.zone).strftime("%Y-%m")


def _of_suppliers(facts: Facts, period: Period) -> list[Cost]:
    found: defaultdict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for receipt in facts.supply.receipts:
        if period.holds(receipt.at_us):
            found[receipt.supplier, receipt.currency].append((receipt.number, receipt.amount))
    return _dearest(
        [
            Cost(supplier, currency, 0.0, round(math.fsum(amount for _, amount in got), 2), 0.0, 0.0,
                 len({number for number, _ in got}))
            for (supplier, currency), got in found.items()
        ]
    )  # fmt: skip


def _dearest(found: list[Cost]) -> list[Cost]:
    return sorted(found, key=lambda cost: (-cost.total, cost.what, cost.currency))
