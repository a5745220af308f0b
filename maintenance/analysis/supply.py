"""Figures about parts: how good forecasts were, how often stock turns over, what came from the shelf at once. Pure.

The values here are what these figures need and nothing else; whoever keeps stock, forecasts and purchase orders fills
them in (`supply_rows`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forewarn.core.clock import US_PER_DAY
from forewarn.maintenance.analysis.answers import Answer, Row, ratio, share

if TYPE_CHECKING:
    from forewarn.maintenance.analysis.facts import Period

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Ask:
    """Pieces were reserved for an order and needed at a moment: `asked` of them, of which `served` had been put aside
    or handed out by then. `id` of the reservation, `number` of the order."""

    id: str
    number: str
    part: str
    asset: str
    need_us: int
    asked: float
    served: float


@dataclass(frozen=True, slots=True)
class Issue:
    """Pieces left the shelf for an order (below 0: they came back), at `unit_cost` each; `id` of the move."""

    id: str
    number: str
    part: str
    asset: str
    at_us: int
    issued: float
    unit_cost: float


@dataclass(frozen=True, slots=True)
class StockSpan:
    """A part lay on the shelf with this value, unchanged, in [from_us, to_us)."""

    part: str
    from_us: int
    to_us: int
    value: float


@dataclass(frozen=True, slots=True)
class ForecastKept:
    """What was forecast for a part before [from_us, to_us) began: the mean of its demand in pieces. `id` of the run."""

    id: str
    part: str
    from_us: int
    to_us: int
    mean: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """Parts of a supplier came in, or the freight of their order: what it cost in `currency`; `number` of the purchase
    order."""

    id: str
    number: str
    supplier: str
    part: str
    at_us: int
    quantity: float
    amount: float
    currency: str


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """All of these, as far as there is something; `kept` says of what: asks, stock, forecasts, buying.

    `narrowed`: only of some machines; then what lies on the shelf and what was forecast belongs to nobody.
    """

    asks: tuple[Ask, ...] = ()
    issues: tuple[Issue, ...] = ()
    shelf: tuple[StockSpan, ...] = ()
    forecasts: tuple[ForecastKept, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    kept: frozenset[str] = frozenset()
    narrowed: bool = False


def forecast_accuracy(facts: SupplyFacts, period: Period) -> Answer:
    """1 - sum of |issued - forecast| / sum of issued, over forecasts whose whole span lies in the period; not below 0.

    >>> from datetime import UTC
    >>> from forewarn.maintenance.analysis.facts import Period
    >>> told = SupplyFacts(issues=(Issue("1", "WO-1", "seal", "p1", 5, 4.0, 10.0),),
    ...                    forecasts=(ForecastKept("run-1", "seal", 0, 10, 3.0),))
    >>> forecast_accuracy(told, Period(0, 20)).value
    0.75
    """
    inside = [f for f in facts.forecasts if period.from_us <= f.from_us and f.to_us <= period.to_us]
    rows = []
    for one in inside:
        inside_it = (i for i in facts.issues if i.part == one.part and one.from_us <= i.at_us < one.to_us)
        actual = max(0.0, math.fsum(issue.issued for issue in inside_it))
        note = f"{one.part}: {one.mean:g} forecast, {actual:g} issued"
        rows.append(Row("forecast", one.id, one.part, "", one.from_us, abs(actual - one.mean), actual, note))
    missed = ratio("forecast_accuracy", rows, "no forecast of a span in this period was followed by an issue")
    if missed.value is None:
        return missed
    note = f"the weighted error is {missed.value:.0%}: below 0 accuracy is told as 0" if missed.value > 1 else ""
    return replace(missed, value=max(0.0, 1.0 - missed.value), note=note)


def stock_turns(facts: SupplyFacts, period: Period) -> Answer:
    """Value issued in the period, as of a year, over the mean value on the shelf in it."""
    years = (period.to_us - period.from_us) / US_PER_DAY / DAYS_PER_YEAR
    rows = []
    for issue in facts.issues:
        if period.holds(issue.at_us) and issue.issued:
            worth = issue.issued * issue.unit_cost
            note = f"{issue.part}: {issue.issued:g} issued at {issue.unit_cost:g}"
            rows.append(Row("issue", issue.id, issue.number, issue.asset, issue.at_us, worth / years, 0.0, note))
    for part, mean in sorted(_mean_value(facts.shelf, period).items()):
        rows.append(Row("part", part, part, "", None, 0.0, mean, "mean value on the shelf"))
    return ratio("stock_turns", rows, "nothing of value lay on the shelf in this period")


def _mean_value(shelf: Sequence[StockSpan], period: Period) -> dict[str, float]:
    """Mean value on the shelf by part; 0 where nothing is known of it."""
    weighed: defaultdict[str, float] = defaultdict(float)
    for span in shelf:
        shared_us = min(span.to_us, period.to_us) - max(span.from_us, period.from_us)
        if shared_us > 0:
            weighed[span.part] += span.value * shared_us
    return {part: amount / (period.to_us - period.from_us) for part, amount in weighed.items()}


def service_level(facts: SupplyFacts, period: Period) -> Answer:
    """Pieces that were there when they were needed, over pieces that were reserved for orders (the fill rate)."""
    rows = [
        Row(
            "reservation",
            a.id,
            a.number,
            a.asset,
            a.need_us,
            a.served,
            a.asked,
            f"{a.part}: {a.served:g} of {a.asked:g}",
        )
        for a in facts.asks
        if period.holds(a.need_us) and a.asked > 0
    ]
    return share(ratio("service_level", rows, "no reserved part was needed in this period"))
