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
class Issue:
    """A part was asked for at a moment: `asked` pieces, of which `served` came from the shelf at once. `issued` pieces
    left the shelf for it in the end, at `unit_cost` each. `id` of the reservation or move, `number` of the order."""

    id: str
    number: str
    part: str
    asset: str
    at_us: int
    asked: float
    served: float
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
    """Parts of a supplier came in: what they cost in `currency`, and when they had been promised (None: not said).

    `bad` of the `quantity` pieces did not pass the check.
    """

    id: str
    number: str
    supplier: str
    part: str
    at_us: int
    quantity: float
    amount: float
    currency: str
    promised_us: int | None = None
    bad: float = 0.0


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """All of these, as far as there is a room that keeps them; `kept` says which are."""

    issues: tuple[Issue, ...] = ()
    shelf: tuple[StockSpan, ...] = ()
    forecasts: tuple[ForecastKept, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    kept: frozenset[str] = frozenset()


def forecast_accuracy(facts: SupplyFacts, period: Period) -> Answer:
    """1 - sum of |issued - forecast| / sum of issued, over forecasts whose whole span lies in the period; not below 0.

    >>> from datetime import UTC
    >>> from forewarn.maintenance.analysis.facts import Period
    >>> told = SupplyFacts(issues=(Issue("1", "WO-1", "seal", "p1", 5, 4, 4, 4, 10.0),),
    ...                    forecasts=(ForecastKept("run-1", "seal", 0, 10, 3.0),))
    >>> forecast_accuracy(told, Period(0, 20)).value
    0.75
    """
    inside = [f for f in facts.forecasts if period.from_us <= f.from_us and f.to_us <= period.to_us]
    rows = []
    for one in inside:
        actual = math.fsum(i.issued for i in facts.issues if i.part == one.part and one.from_us <= i.at_us < one.to_us)
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
    """Pieces that came from the shelf at once, over pieces asked for (the fill rate)."""
    rows = [
        Row("issue", i.id, i.number, i.asset, i.at_us, i.served, i.asked, f"{i.part}: {i.served:g} of {i.asked:g}")
        for i in facts.issues
        if period.holds(i.at_us) and i.asked > 0
    ]
    return share(ratio("service_level", rows, "no part was asked for in this period"))


def delivery_reliability(facts: SupplyFacts, period: Period) -> Answer:
    """Receipts that came by the promised day with nothing to refuse, over receipts with a promise."""
    told = [r for r in facts.receipts if period.holds(r.at_us)]
    rows = [
        Row("receipt", r.id, r.number, "", r.at_us, float(r.at_us <= r.promised_us and r.bad == 0), 1.0, r.supplier)
        for r in told
        if r.promised_us is not None
    ]
    none = "nothing with a promised date was received in this period"
    return share(ratio("delivery_reliability", rows, none, left_out=sum(r.promised_us is None for r in told)))
