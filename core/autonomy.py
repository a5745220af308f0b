"""How far Forewarn may go by itself: the ladder of levels, how one is earned and lost, and the weekly alarm budget.

Pure values and rules; `maintenance.autonomy` keeps them, `pipeline.autonomy` measures. A level is climbed when the
interval of the measured precision lies wholly above the next bar, and lost when it lies wholly below one's own: between
the two nothing happens, so that chance alone moves nobody up and down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.work import Advice, Decision

WEEK_US = 7 * US_PER_DAY
FIRST_MONDAY_US = 4 * US_PER_DAY  # 5 January 1970
WHOLE_PLANT = ""
INSTRUMENTS = "instrument"
"""In place of a class: the whole plant; doubtful sensors of all machines."""


class Level(StrEnum):
    """What Forewarn does by itself with a confirmed advice, lowest first."""

    ADVISE = "advise"  # the advice is shown, a person opens the order
    DRAFT = "draft"  # an order in WAPPR, marked as a draft of Forewarn
    OPEN = "open"  # an order
    RESERVE = "reserve"  # an order, and its parts are asked to be put aside


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Bar:
    """What a level takes: precision that is surely reached, from at least so many findings on this rung."""

    precision: float
    findings: int


BARS: Mapping[Level, Bar] = {
    Level.ADVISE: Bar(0.0, 0),
    Level.DRAFT: Bar(0.4, 5),
    Level.OPEN: Bar(0.5, 8),
    Level.RESERVE: Bar(0.7, 15),
}
FALL_FINDINGS = 5
"""With fewer findings no level is lost."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Precision of a class: so many of the judged findings were right, with the 95 % interval of that share (None:
    nothing was judged)."""

    right: int = 0
    judged: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a class (or `WHOLE_PLANT`, `INSTRUMENTS`) stands: its level since when and by whom, and its budget.

    Pinned: only a person moves it. `orders_per_week` None: no budget of its own. `counted_from_us`: findings told
    before do not count for the next step. `revision` 0: nobody ever changed anything, the start level holds.
    """

    of: str
    level: Level
    pinned: bool = False
    orders_per_week: int | None = None
    counted_from_us: int = 0
    by: str = ""
    reason: str = ""
    changed_at_us: int | None = None
    revision: int = 0


def next_step(standing: Standing, measured: Measured) -> tuple[Level, str] | None:
    """One rung up or down with the reason, or None. A pinned class stays.

    >>> next_step(Standing("pump", Level.OPEN), Measured(20, 20, 0.839, 1.0))
    (<Level.RESERVE: 'reserve'>, '20 of 20 findings were right: surely above 70%, which reserve takes')
    >>> next_step(Standing("pump", Level.OPEN), Measured(3, 3, 0.438, 1.0)) is None          # too few to climb
    True
    >>> next_step(Standing("pump", Level.OPEN), Measured(1, 8, 0.022, 0.471))
    (<Level.DRAFT: 'draft'>, '1 of 8 findings were right: surely below 50%, which open takes')
    """
    if standing.pinned or measured.low is None or measured.high is None:
        return None
    told = f"{measured.right} of {measured.judged} findings were right"
    place = LEVELS.index(standing.level)
    own = BARS[standing.level]
    if place > 0 and measured.judged >= FALL_FINDINGS and measured.high < own.precision:
        return LEVELS[place - 1], f"{told}: surely below {own.precision:.0%}, which {standing.level} takes"
    if place + 1 < len(LEVELS):
        above = LEVELS[place + 1]
        bar = BARS[above]
        if measured.judged >= bar.findings and measured.low > bar.precision:
            return above, f"{told}: surely above {bar.precision:.0%}, which {above} takes"
    return None


def week_of(at_us: int) -> tuple[int, int]:
    """The week of a moment: Monday 0:00 UTC to the next, half-open, in UTC microseconds.

    >>> [(edge - FIRST_MONDAY_US) / WEEK_US for edge in week_of(FIRST_MONDAY_US + WEEK_US + 5)]
    [1.0, 2.0]
    """
    start = FIRST_MONDAY_US + (at_us - FIRST_MONDAY_US) // WEEK_US * WEEK_US
    return start, start + WEEK_US


def usual_budget(assets: int) -> int:
    """Orders a week that a plant bears when nobody said otherwise: one for ten machines, at least 20.

    >>> usual_budget(12), usual_budget(1000)
    (20, 100)
    """
    return max(20, assets // 10)


def is_emergency(advice: Advice) -> bool:
    """Is the failure expected (P50 of the remaining life) before the week ends, or is it of priority 1?"""
    if advice.priority == 1:
        return True
    return advice.fails_in_h is not None and advice.at_us + advice.fails_in_h * US_PER_HOUR < week_of(advice.at_us)[1]


def urgency(advice: Advice) -> tuple[int, float, float]:
    """Sorts the most urgent first: priority, then the slack to the last moment to order, then what waiting costs.

    An advice without a forecast stands behind those of its priority that have one.
    """
    slack_h = float("inf") if advice.slack_h is None else advice.slack_h
    return advice.priority, slack_h, -(advice.risk_cost or 0.0)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of the budgets: orders of this week for plant and class, of the last 24 h for the asset.

    `of_class` None: the class has no budget of its own. `before`, `before_in_class`: advices held back for the budget
    that are more urgent, and have the first call on what is left.
    """

    plant: int
    of_class: int | None = None
    of_asset: int = 1
    before: int = 0
    before_in_class: int = 0


@dataclass(frozen=True, slots=True)
class Permit:
    """May an order be opened? `why` when not: level, window, rate or budget; `reason` in words either way.

    `draft` is "level" or "advice" for an order that is only prepared. `until_us`: when it is looked at again, where
    that is known. `overspent`: it goes out though the budget is used up.
    """

    open: bool
    reason: str = ""
    why: str = ""
    draft: str = ""
    reserve: bool = False
    overspent: bool = False
    until_us: int | None = None


def permit(advice: Advice, level: Level, room: Room) -> Permit:
    """What level and budgets say to an advice that would open an order."""
    if level is Level.ADVISE:
        return Permit(False, "Forewarn only advises for this class: a person opens the order.", "level")
    if room.of_asset <= 0:
        return Permit(False, "This machine has had all the orders that one may get in 24 h.", "rate")
    draft = "level" if level is Level.DRAFT else "advice" if advice.decision is Decision.DRAFT else ""
    reserve = level is Level.RESERVE and not draft
    short = _short_of(room)
    if short is None:
        return Permit(True, draft=draft, reserve=reserve)
    whose, left, before = short
    if is_emergency(advice):
        said = f"The weekly alarm budget {whose} is used up; opened all the same: the failure is expected this week."
        return Permit(True, said if left <= 0 else "", draft=draft, reserve=reserve, overspent=left <= 0)
    said = f"The weekly alarm budget {whose} is used up."
    if left > 0:
        said = f"What is left of the weekly alarm budget {whose} is kept for {before} more urgent ones."
    return Permit(False, said, "budget", until_us=week_of(advice.at_us)[1])


def _short_of(room: Room) -> tuple[str, int, int] | None:
    """Which budget has no place for one more: whose, what is left of it, how many come first. None: all have."""
    if room.of_class is not None and room.of_class <= room.before_in_class:
        return "of this class", room.of_class, room.before_in_class
    if room.plant <= room.before:
        return "of the plant", room.plant, room.before
    return None
