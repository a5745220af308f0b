"""Dead and slow stock, and what to do with it: keep as insurance, sell, or scrap. Pure.

Not every part that lies still is waste: a spare for a rare, severe failure lies for ten years and is worth it. So a
part is judged by two things: how long nobody took it, and whether an asset in use still needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.needs import Need

DAYS_PER_YEAR = 365.25
NAMED = 3
"""Reasons that a sentence names."""


class Motion(StrEnum):
    """How a part moves."""

    MOVING = "moving"
    SLOW = "slow"  # it lasts for years at the present pace
    DEAD = "dead"  # no issue for the set time


class Disposal(StrEnum):
    """What to do with it."""

    LEAVE = "leave"  # it moves
    INSURE = "keep as insurance"
    SELL = "sell"
    SCRAP = "scrap"


@dataclass(frozen=True, slots=True)
class DeadRules:
    """`still_days` without an issue: dead. `cover_years` at the present pace, or more: slow. `long_lead_days`: a part
    that takes so long to come (nine in ten times) is insurance wherever it is needed. `least_sale`: money below which
    selling costs more than it brings."""

    still_days: float = 730.0
    cover_years: float = 3.0
    long_lead_days: float = 28.0
    least_sale: float = 50.0

    def __post_init__(self) -> None:
        if not (self.still_days > 0 and self.cover_years > 0 and self.long_lead_days >= 0 and self.least_sale >= 0):
            raise Rejected(
                "dead_rules", "still_days and cover_years are above 0, long_lead_days and least_sale not below"
            )


@dataclass(frozen=True, slots=True)
class Lying:
    """A part on the shelf. `since_us`: when the first of it came; `last_issue_us` None: never issued; `issued_a_year`:
    pieces in the last year; `expired`: pieces whose shelf life is over; `lead_days`: nine in ten come within;
    `is_insurance`: its card says that it may lie for years."""

    part: str
    on_hand: int
    price: float
    since_us: int
    last_issue_us: int | None
    issued_a_year: float
    lead_days: float
    expired: int = 0
    is_insurance: bool = False


@dataclass(frozen=True, slots=True)
class DeadPart:
    """The judgement. `still_days` since the last issue, or since it came; `keep` pieces stay, `surplus` go by
    `disposal`, worth `surplus_value`; `needs`: who still needs it; `reason`: in words."""

    part: str
    motion: Motion
    disposal: Disposal
    on_hand: int
    value: float
    still_days: float
    cover_years: float
    keep: int
    surplus: int
    surplus_value: float
    reason: str
    needs: tuple[Need, ...]


def judge(lying: Lying, needs: Sequence[Need], now_us: int, rules: DeadRules | None = None) -> DeadPart:
    """How a part moves and what to do with it; `needs` are those of assets in use and open orders (`needs_of`).

    >>> old = Lying("gear-7", 3, 900.0, 0, None, 0.0, 60.0)
    >>> judged = judge(old, [], 1000 * 86_400_000_000)
    >>> judged.motion.value, judged.disposal.value, judged.surplus, judged.surplus_value
    ('dead', 'sell', 3, 2700.0)
    """
    rules = rules or DeadRules()
    last_us = lying.since_us if lying.last_issue_us is None else max(lying.last_issue_us, lying.since_us)
    still = max(0.0, (now_us - last_us) / US_PER_DAY)
    cover = lying.on_hand / lying.issued_a_year if lying.issued_a_year > 0 else float("inf")
    motion = _motion(lying, still, cover, rules, now_us)
    disposal, keep, reason = _disposal(lying, needs, motion, still, cover, rules)
    surplus = 0 if disposal is Disposal.LEAVE else lying.on_hand - keep
    return DeadPart(
        lying.part, motion, disposal, lying.on_hand, round(lying.on_hand * lying.price, 2), still, cover,
        lying.on_hand - surplus, surplus, round(surplus * lying.price, 2), reason, tuple(needs),
    )  # fmt: skip


def dead_stock(
    shelf: Sequence[Lying], needs: Mapping[str, Sequence[Need]], now_us: int, rules: DeadRules | None = None
) -> list[DeadPart]:
    """Every part with pieces on the shelf that is slow or dead, the most money first."""
    judged = [judge(one, needs.get(one.part, ()), now_us, rules) for one in shelf if one.on_hand > 0]
    found = [one for one in judged if one.motion is not Motion.MOVING or one.disposal is not Disposal.LEAVE]
    return sorted(found, key=lambda one: (-one.value, one.part))


def _motion(lying: Lying, still: float, cover: float, rules: DeadRules, now_us: int) -> Motion:
    if still >= rules.still_days:
        return Motion.DEAD
    known_days = (now_us - lying.since_us) / US_PER_DAY
    if cover > rules.cover_years and known_days >= DAYS_PER_YEAR:  # a young part has had no year to be asked for
        return Motion.SLOW
    return Motion.MOVING


def _disposal(
    lying: Lying, needs: Sequence[Need], motion: Motion, still: float, cover: float, rules: DeadRules
) -> tuple[Disposal, int, str]:
    """What to do, how many pieces stay, and why."""
    if lying.expired:
        fresh = lying.on_hand - lying.expired
        return Disposal.SCRAP, fresh, f"the shelf life of {lying.expired} of {lying.on_hand} pieces is over"
    if motion is Motion.MOVING:
        return Disposal.LEAVE, lying.on_hand, "it moves"
    lain = f"no issue for {still:.0f} days" if motion is Motion.DEAD else f"{_years(cover)} on the shelf"
    if not needs:
        return _without_need(lying, lain, rules)
    one_job = max(need.quantity for need in needs)
    use = 0 if motion is Motion.DEAD else -(-lying.issued_a_year * rules.cover_years // 1)
    keep = min(lying.on_hand, max(one_job, int(use)))
    rest = lying.on_hand - keep
    told = f"{lain}; still needed by {_named(needs)}"
    if lying.is_insurance:
        return Disposal.INSURE, lying.on_hand, f"{told}, and its card says that it may lie"
    if rest and rest * lying.price >= rules.least_sale:
        return Disposal.SELL, keep, f"{told}: {keep} stay for it, {rest} are more than one job and years of use ask for"
    critical = any(need.criticality == "A" for need in needs)
    if motion is Motion.DEAD and not critical and lying.lead_days < rules.long_lead_days:
        return _soon_there(lying, told, needs, rules)
    if lying.lead_days >= rules.long_lead_days:
        return Disposal.INSURE, lying.on_hand, f"{told}, and a new one takes up to {lying.lead_days:.0f} days"
    return Disposal.INSURE, lying.on_hand, told


def _without_need(lying: Lying, lain: str, rules: DeadRules) -> tuple[Disposal, int, str]:
    worth = lying.on_hand * lying.price
    if worth >= rules.least_sale:
        return Disposal.SELL, 0, f"{lain}, and no asset in use needs it"
    return Disposal.SCRAP, 0, f"{lain}, no asset in use needs it, and {worth:.2f} is less than selling costs"


def _soon_there(lying: Lying, told: str, needs: Sequence[Need], rules: DeadRules) -> tuple[Disposal, int, str]:
    """Needed by no machine that stops the plant, and quickly bought again: the money is better elsewhere."""
    if any(need.criticality == "B" for need in needs) or lying.on_hand * lying.price < rules.least_sale:
        return Disposal.INSURE, lying.on_hand, told
    return Disposal.SELL, 0, f"{told}, none of criticality A or B, and a new one is there in {lying.lead_days:.0f} days"


def _named(needs: Sequence[Need]) -> str:
    names = list(dict.fromkeys(str(need) for need in sorted(needs, key=lambda one: one.criticality or "Z")))
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _years(cover: float) -> str:
    return f"enough for {cover:.1f} years" if cover != float("inf") else "not asked for in a year"
