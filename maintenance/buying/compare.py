"""Quotes side by side: what each is expected to cost with being late counted in, and why. Pure; a person chooses.

expected = goods + freight + expected cost of being late

Days until the pieces are there follow the promise of the quote, corrected by the supplier's own record (`learned`).
With the chance that a delivery is refused, one waits twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forewarn.core.quotes import Quote
from forewarn.core.readings import Floats
from forewarn.maintenance.advice.race import LEAD_POINTS, lognormal_points
from forewarn.maintenance.buying.late import LateCost
from forewarn.maintenance.buying.learned import LeadTime, lead_time, refused_share
from forewarn.maintenance.orders.costs import money


@dataclass(frozen=True, slots=True)
class Past:
    """The record of a supplier: days a delivery took over its promised P50, of what came (`ratios`) and of what has not
    come yet (`so_far`); deliveries with refused pieces, of all."""

    ratios: tuple[float, ...] = ()
    so_far: tuple[float, ...] = ()
    refused: int = 0
    deliveries: int = 0


NOTHING_KNOWN = Past()


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote with its numbers. `quantity` pieces are bought, which may be more than wanted. `valid` False: it has run
    out and cannot be chosen. `late_share`: chance to come after the day it is needed (None: no such day)."""

    quote: Quote
    valid: bool
    quantity: int
    unit_price: float
    goods: float
    freight: float
    lead: LeadTime
    refused: float
    late_share: float | None
    late_days: float
    late_cost: float
    expected: float
    why: str = ""

    @property
    def price(self) -> float:
        """What is paid to the supplier."""
        return round(self.goods + self.freight, 2)


def to_buy(quote: Quote, wanted: int) -> int:
    """How many pieces to buy when so many are wanted: at least the supplier's minimum, whole packs, and up to a
    price break when that costs less in all. Pieces too many are taken to be worth nothing.

    >>> from forewarn.core.quotes import PriceBreak
    >>> quote = Quote("r", "acme", "6205", (PriceBreak(1, 30.0), PriceBreak(10, 20.0)), 0, 5.0, 9.0, min_quantity=2)
    >>> to_buy(quote, 1), to_buy(quote, 6), to_buy(quote, 8)       # 8 x 30 = 240 is more than 10 x 20 = 200
    (2, 6, 10)
    """
    least = _packed(max(wanted, quote.min_quantity), quote)
    breaks = (_packed(one.from_quantity, quote) for one in quote.prices)
    counts = [least, *(count for count in breaks if count > least)]
    return min(counts, key=lambda count: (count * quote.unit_price(count), count))


def _packed(count: int, quote: Quote) -> int:
    """So many pieces at least, in whole packs."""
    return math.ceil(count / quote.pack) * quote.pack


def sold_now(quotes: Iterable[Quote], bought_from: Mapping[str, str]) -> dict[str, Quote]:
    """The answer by which a part is sold now, by part: that of the supplier it was bought from last (`bought_from`, by
    part), else the one with the least pieces. `quotes`: the newest of each supplier and part, also those run out: a
    price may have, a pack stays one."""
    found: dict[str, Quote] = {}
    for one in quotes:
        known = found.get(one.part)
        if known is None or _ahead(one, bought_from) < _ahead(known, bought_from):
            found[one.part] = one
    return found


def _ahead(one: Quote, bought_from: Mapping[str, str]) -> tuple[bool, int, str]:
    return (one.supplier != bought_from.get(one.part), to_buy(one, 1), one.supplier)


def compared(
    quotes: Iterable[Quote],
    wanted: int,
    needed_in_days: float | None,
    late: Sequence[LateCost],
    past: Mapping[str, Past],
    now_us: int,
) -> list[Offer]:
    """Offers, the least expected cost first, those that have run out last. `past` by supplier."""
    offers = [
        _offer(one, wanted, needed_in_days, late, past.get(one.supplier, NOTHING_KNOWN), now_us) for one in quotes
    ]
    ranked = sorted(offers, key=lambda one: (not one.valid, one.expected, one.price, one.quote.supplier))
    return [replace(one, why=_why(one, ranked[0], wanted)) for one in ranked]


def _offer(
    quote: Quote, wanted: int, needed_in_days: float | None, late: Sequence[LateCost], past: Past, now_us: int
) -> Offer:
    count = to_buy(quote, wanted)
    goods = round(count * quote.unit_price(count), 2)
    lead = lead_time(quote.lead_p50_days, quote.lead_p90_days, past.ratios, past.so_far)
    days = lognormal_points(lead.p50_days, lead.p90_days, LEAD_POINTS)
    refused = refused_share(past.refused, past.deliveries)

    def expectation(of: LateCost) -> float:
        return (1.0 - refused) * of.expected(days) + refused * of.expected(2.0 * days)

    late_cost = round(sum(expectation(one) for one in late), 2)
    share, over = _lateness(days, needed_in_days)
    return Offer(
        quote,
        quote.valid_until_us is None or quote.valid_until_us >= now_us,
        count,
        quote.unit_price(count),
        goods,
        quote.freight,
        lead,
        refused,
        share,
        over,
        late_cost,
        round(goods + quote.freight + late_cost, 2),
    )


def _lateness(days: Floats, needed_in_days: float | None) -> tuple[float | None, float]:
    if needed_in_days is None:
        return None, 0.0
    return float((days > needed_in_days).mean()), float(np.maximum(days - needed_in_days, 0.0).mean())


def _why(one: Offer, best: Offer, wanted: int) -> str:
    """The reason in words, with every number."""
    currency = one.quote.currency
    told = [f"{money(one.expected, currency)} expected = {one.quantity} x {money(one.unit_price, currency)}"]
    told[0] += f" + {money(one.freight, currency)} freight + {money(one.late_cost, currency)} for being late"
    if one.quantity > wanted:
        least = _why_more(one, wanted)
        told.append(f"buys {one.quantity} though {wanted} are wanted{least}")
    told.append(_lead_words(one))
    if one.late_share is not None:
        told.append(f"late with {one.late_share:.0%}, by {one.late_days:.1f} days on average")
    told.append(f"refused pieces with {one.refused:.0%}")
    if not one.valid:
        told.append("its validity has run out: ask again before choosing it")
    if one is not best:
        told.append(_against(one, best))
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _why_more(one: Offer, wanted: int) -> str:
    """Why more pieces are bought than are wanted."""
    quote = one.quote
    if one.quantity > _packed(max(wanted, quote.min_quantity), quote):
        return " (the price break makes more pieces cheaper)"
    return " (least quantity)" if quote.min_quantity > wanted else f" (packs of {quote.pack})"


def _lead_words(one: Offer) -> str:
    quote, lead = one.quote, one.lead
    said = f"promises {quote.lead_p50_days:g} days, {quote.lead_p90_days:g} in nine of ten"
    if not lead.deliveries:
        return f"{said}; no delivery of this supplier to judge that by"
    return f"{said}; by {lead.deliveries} deliveries expect {lead.p50_days:.1f}, {lead.p90_days:.1f} in nine of ten"


def _against(one: Offer, best: Offer) -> str:
    parts = ((one.price - best.price, "for the pieces"), (one.late_cost - best.late_cost, "for being late"))
    shown = ", ".join(f"{amount:+,.2f} {what}" for amount, what in parts)
    return f"against {best.quote.supplier}: {shown}"
