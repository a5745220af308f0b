"""When to order a part and how many pieces: from service level, demand over the lead time, and what it all costs. Pure.

The rule, in the order in which it is applied:

1. A piece that is missing costs `standstill` = money per hour x 24 x days until one comes (a rush delivery, else half
   of the lead times). A piece on the shelf costs price x holding share of a year. The service level is the critical
   ratio missing / (missing + holding over lead time and review period) of the newsvendor, kept between the limits of
   its class (vital, essential, desirable). Without a cost of standstill the class alone says it.
2. Reorder point = the fewest pieces that suffice with that level over lead time + review period; it is met when what
   is available and on order is at or below it.
3. Lot = the allowed quantity (minimum, multiples) with the least yearly cost of ordering and holding, which without
   these limits is the EOQ; no more than is used before it is too old. Order up to = reorder point + lot.
4. A part for which the level asks for no piece is kept only where not having one costs more in a year than one on the
   shelf (an insurance spare), else it is bought when it is asked for.

EOQ: Harris 1913; critical ratio: Arrow, Harris, Marschak 1951; VED classes: `docs/explanation/part-demand.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.demand import PartDemand
from forewarn.core.errors import Rejected
from forewarn.maintenance.demand.leads import LeadTime

DAYS_PER_YEAR = 365.25
LEVEL_LIMITS = {"V": (0.95, 0.995), "E": (0.90, 0.98), "D": (0.80, 0.95)}
USUAL_LEVEL = {"V": 0.98, "E": 0.95, "D": 0.90}
"""Service level where the plant does not say what standstill costs."""
ASSUMED_MISSING = {"V": 50.0, "E": 10.0, "D": 2.0}
"""What a missing piece then counts for among parts that compete for a budget, in prices of the piece."""
CLASS_WORDS = {"V": "vital", "E": "essential", "D": "desirable"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of buying and missing a part. Money in `currency`.

    `ved`: V vital, E essential, D desirable. `standstill_per_h`: of the machine that waits for it (None: not said).
    `rush_days`: until a missing piece comes (None: half of the lead times). `order_cost`: of one order, whatever its
    size. `holding_share`: of the price, for a year on the shelf (interest, space, insurance). `shelf_life_days` None:
    it does not get old. `review_days`: until somebody looks again.
    """

    part: str
    price: float
    ved: str = "E"
    standstill_per_h: float | None = None
    rush_days: float | None = None
    order_cost: float = 50.0
    holding_share: float = 0.2
    minimum: int = 1
    multiple: int = 1
    shelf_life_days: float | None = None
    review_days: float = 30.0
    currency: str = "EUR"

    def __post_init__(self) -> None:
        wrong = (
            (self.ved not in LEVEL_LIMITS, f"a part is V, E or D, not {self.ved!r}"),
            (
                min(self.price, self.order_cost, self.holding_share, self.review_days) < 0,
                "money and days are 0 or more",
            ),
            (self.standstill_per_h is not None and self.standstill_per_h < 0, "an hour of standstill costs 0 or more"),
            (self.minimum < 1 or self.multiple < 1, "minimum and multiple are 1 or more"),
            (self.shelf_life_days is not None and self.shelf_life_days <= 0, "a shelf life is more than 0 days"),
        )
        for is_wrong, text in wrong:
            if is_wrong:
                raise Rejected("part_terms", f"{self.part}: {text}")

    @property
    def holding_per_year(self) -> float:
        """Money for a piece that lies on the shelf for a year; of one that gets too old, also its loss."""
        lost = self.price * DAYS_PER_YEAR / self.shelf_life_days if self.shelf_life_days else 0.0
        return self.price * self.holding_share + min(lost, self.price * 12)

    def missing(self, lead: LeadTime) -> float | None:
        """Money that a missing piece costs; None where an hour of standstill has no price."""
        if self.standstill_per_h is None:
            return None
        days = lead.p50_days if self.rush_days is None else min(self.rush_days, lead.p50_days)
        return self.standstill_per_h * 24.0 * days

    def lots(self, pieces: float) -> int:
        """The least allowed quantity of at least so many pieces.

        >>> Terms("6205", 10.0, minimum=10, multiple=4).lots(3), Terms("6205", 10.0, multiple=4).lots(5)
        (12, 8)
        """
        return math.ceil(max(pieces, self.minimum) / self.multiple) * self.multiple


@dataclass(frozen=True, slots=True)
class Policy:
    """How a part is reordered. `reorder_point` None: it is not kept, one buys it when it is asked for.

    `mean` and `chance_enough`: expected pieces over lead time + review, and the chance that the reorder point suffices.
    `yearly`: expected pieces in a year. `missing`: what a missing piece costs (None: not said). `reasons`: sentences.
    """

    part: str
    level: float
    reorder_point: int | None
    order_up_to: int
    lot: int
    mean: float
    chance_enough: float
    yearly: float
    is_insurance: bool
    missing: float | None
    reasons: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int | None, int]:
        """What a review compares."""
        return self.reorder_point, self.order_up_to


@dataclass(frozen=True, slots=True)
class Proposal:
    """Order so many pieces now. `saves`: expected money of missing pieces that it avoids over lead time and review;
    `held_back`: it does not fit into the budget."""

    part: str
    quantity: int
    money: float
    saves: float
    reason: str
    held_back: bool = False


def service_level(terms: Terms, lead: LeadTime) -> tuple[float, str]:
    """The share of windows in which nothing shall be missing, and why.

    By hand: a piece of 1000 with a holding share of 0.2 costs 200 x 60/365.25 = 32.9 over 30 days of lead time and 30
    of review; missing, it costs 5 x 24 x 2 = 240: 240 / 272.9 = 0.88, and an essential part has at least 0.90.

    >>> service_level(Terms("gear", 1000.0, "E", 5.0, rush_days=2.0), LeadTime(30.0, 30.0))[0]
    0.9
    """
    low, high = LEVEL_LIMITS[terms.ved]
    word, missing = CLASS_WORDS[terms.ved], terms.missing(lead)
    if missing is None:
        level = USUAL_LEVEL[terms.ved]
        return level, f"Service level {level:.1%}: it is {word}, and nobody says what standstill costs."
    days = lead.window(terms.review_days).mean_days
    holding = terms.holding_per_year * days / DAYS_PER_YEAR
    ratio = missing / (missing + holding) if missing + holding > 0 else high
    level = min(max(ratio, low), high)
    of = f"a missing piece costs {_money(missing, terms)}, one on the shelf {_money(holding, terms)} in {days:.0f} days"
    kept = f", kept within {low:.1%} and {high:.1%} of a part that is {word}" if level != ratio else ""
    return level, f"Service level {level:.1%}: {of} ({ratio:.2%}){kept}."


def lot(terms: Terms, yearly: float) -> tuple[int, str]:
    """The allowed quantity with the least yearly cost, and why.

    >>> lot(Terms("6205", 10.0, order_cost=50.0, holding_share=0.2), 20.0)[0]         # EOQ sqrt(2 x 20 x 50 / 2) = 31.6
    32
    >>> lot(Terms("6205", 10.0, order_cost=50.0, holding_share=0.2, multiple=25, shelf_life_days=3650.0), 20.0)[0]
    25
    """
    least = terms.lots(1)
    holding = terms.price * terms.holding_share
    if yearly <= 0 or holding <= 0:
        found = least if yearly <= 0 else terms.lots(yearly)
        return (
            found,
            f"Lot {found}: {'hardly used' if yearly <= 0 else 'a year of use, since holding it costs nothing'}.",
        )

    def cost(quantity: int) -> float:
        return terms.order_cost * yearly / quantity + holding * quantity / 2

    eoq = math.sqrt(2 * yearly * terms.order_cost / holding)
    below = max(least, math.floor(eoq / terms.multiple) * terms.multiple)
    found = min((below, below + terms.multiple), key=cost)
    why = f"Lot {found}: {yearly:.1f} pieces a year, an order costs {_money(terms.order_cost, terms)},"
    why += f" a piece on the shelf {_money(holding, terms)} a year (EOQ {eoq:.1f})"
    if terms.shelf_life_days is not None:
        most = math.floor(yearly * terms.shelf_life_days / DAYS_PER_YEAR / terms.multiple) * terms.multiple
        if found > max(most, least):
            found = max(most, least)
            why = f"Lot {found}: more would not be used within its shelf life of {terms.shelf_life_days:.0f} days"
    return found, f"{why}."


def policy(demand: PartDemand, year: PartDemand, terms: Terms, lead: LeadTime) -> Policy:
    """The policy of a part. `demand`: over `lead.window(terms.review_days)`; `year`: over the next year."""
    level, why_level = service_level(terms, lead)
    quantity, why_lot = lot(terms, year.mean)
    needed = demand.quantile(level)
    days = demand.window.mean_days
    insured, why_kept = False, ""
    if needed == 0:
        insured, why_kept = _insurance(year, terms, lead)
        if not insured:
            why = f"{demand.mean:.2f} pieces are expected in {days:.0f} days of lead time and review. {why_kept}"
            return Policy(
                terms.part, level, None, 0, quantity, demand.mean, demand.at_most(0), year.mean, False,
                terms.missing(lead), (why_level, why),
            )  # fmt: skip
        quantity = terms.lots(1)
        why_lot = f"Lot {quantity}: one at a time, as far as the supplier allows."
    enough = demand.at_most(needed)
    why_point = (
        f"Reorder point {needed}: {demand.mean:.2f} pieces are expected in {days:.0f} days of lead time and review,"
        f" and {needed} suffice with {enough:.1%}."
    )
    reasons = (why_level, why_point, *((why_kept,) if why_kept else ()), why_lot)
    return Policy(
        terms.part, level, needed, needed + quantity, quantity, demand.mean, enough, year.mean, insured,
        terms.missing(lead), reasons,
    )  # fmt: skip


def _insurance(year: PartDemand, terms: Terms, lead: LeadTime) -> tuple[bool, str]:
    """Is one kept though it will probably not be needed?"""
    needed, missing = 1.0 - year.at_most(0), terms.missing(lead)
    if needed <= 0:
        return False, "Nothing asks for it: it is bought when it is asked for."
    if missing is None:
        kept = terms.ved == "V"
        return kept, f"Asked for within a year with {needed:.1%}; {'vital, one is kept' if kept else 'none is kept'}."
    without, holding = needed * missing, terms.holding_per_year
    verdict = "one is kept as insurance" if without > holding else "it is bought when it is asked for"
    return without > holding, (
        f"Asked for within a year with {needed:.1%}: not having it costs {_money(without, terms)} a year, one on the"
        f" shelf {_money(holding, terms)}; {verdict}."
    )


def proposal(found: Policy, demand: PartDemand, terms: Terms, available: int, on_order: int) -> Proposal | None:
    """What to order now: None while available + on order is above the reorder point, or the part is not kept.

    `available`: on hand, neither reserved nor blocked (below 0: promised twice).
    """
    position = available + on_order
    if found.reorder_point is None or position > found.reorder_point:
        return None
    quantity = terms.lots(found.order_up_to - position)
    missing = found.missing if found.missing is not None else ASSUMED_MISSING[terms.ved] * terms.price
    saves = missing * (demand.missing(position) - demand.missing(position + quantity))
    reason = (
        f"{available} available and {on_order} on order are at or below the reorder point of {found.reorder_point};"
        f" {quantity} pieces bring it to {position + quantity} (order up to {found.order_up_to})."
    )
    return Proposal(terms.part, quantity, quantity * terms.price, saves, reason)


def within_budget(proposals: Sequence[Proposal], budget: float | None) -> tuple[Proposal, ...]:
    """Which proposals a budget pays for: those that save most for their money first; each is taken whole or not.

    In the order in which they were given. Without a budget all are.

    >>> dear, cheap = Proposal("a", 1, 900.0, 1000.0, "A."), Proposal("b", 1, 300.0, 900.0, "B.")
    >>> [one.held_back for one in within_budget((dear, cheap), 1000.0)]
    [True, False]
    """
    if budget is None:
        return tuple(proposals)
    best = sorted(range(len(proposals)), key=lambda i: (-_worth(proposals[i]), proposals[i].part))
    left, taken = budget, set()
    for i in best:
        if proposals[i].money <= left:
            taken.add(i)
            left -= proposals[i].money
    told = f" Held back: the budget of {budget:,.0f} goes to parts that save more for their money."
    return tuple(
        one if i in taken else replace(one, held_back=True, reason=one.reason + told) for i, one in enumerate(proposals)
    )


def _worth(one: Proposal) -> float:
    return one.saves / one.money if one.money > 0 else math.inf


def _money(amount: float, terms: Terms) -> str:
    return f"{amount:,.2f} {terms.currency}" if amount < 100 else f"{amount:,.0f} {terms.currency}"
