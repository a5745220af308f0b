"""How a supplier has done: figures with their definition, the rows behind them, and "cannot tell yet". Pure.

Nothing is rolled into one mark: what a late day or a refused piece costs depends on who waits, and the comparison of
quotes (`compare`) weighs it there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from forewarn.core.clock import US_PER_DAY
from forewarn.core.work import Json
from forewarn.maintenance.analysis.answers import wilson
from forewarn.maintenance.buying.compare import Past
from forewarn.maintenance.buying.learned import LeadTime, lead_time
from forewarn.maintenance.evidence import plain_object

FEW = 5
"""Below so many rows a figure says "cannot tell yet"."""

GRACE_US = US_PER_DAY
"""A delivery is on time up to a day after its promised date."""

YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Card:
    """Price and usual days from order to shelf of a part; 0: not known."""

    price: float = 0.0
    lead_p50_days: float = 0.0
    lead_p90_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """A sent line with what became of it by `now_us`. `whole_us`: when all of it was here (None: not yet). `refused`:
    pieces that went back. `closed`: no more is waited for."""

    number: str
    line: int
    part: str
    quantity: int
    unit_price: float
    sent_us: int
    promised_us: int | None
    said_p50_days: float
    whole_us: int | None
    counted: int
    refused: int
    faults: tuple[str, ...]
    closed: bool
    now_us: int

    @property
    def days(self) -> float:
        """Days from sending until all was here, or until now."""
        end_us = self.now_us if self.whole_us is None else self.whole_us
        return (end_us - self.sent_us) / US_PER_DAY

    @property
    def over_promise(self) -> float | None:
        """Days it took over the days that its promised date gave it; None before it is here, or without a promise."""
        if self.whole_us is None or self.promised_us is None or self.promised_us <= self.sent_us:
            return None
        return (self.whole_us - self.sent_us) / (self.promised_us - self.sent_us)

    @property
    def on_time(self) -> bool | None:
        """Was all of it here in time? None: its time has not come, or nobody promised one."""
        if self.promised_us is None:
            return None
        if self.whole_us is not None:
            return self.whole_us <= self.promised_us + GRACE_US
        return False if self.closed or self.now_us > self.promised_us + GRACE_US else None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was put to the supplier."""

    number: str
    asked_us: int
    answer_by_us: int
    answered_us: int | None
    declined: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `value` None says "cannot tell yet" in `text`. `low`, `high`: 95 % interval of a share. `rows`: all
    that it was made of."""

    name: str
    definition: str
    value: float | None
    unit: str
    text: str
    rows: tuple[Json, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """All figures of a supplier, and the lead time to expect of each part that it has delivered."""

    supplier: str
    figures: tuple[Figure, ...]
    leads: tuple[tuple[str, LeadTime], ...]

    def figure(self, name: str) -> Figure:
        """The figure of a name."""
        return next(one for one in self.figures if one.name == name)


def score(
    supplier: str, deliveries: Sequence[Delivered], answers: Sequence[Answered], card: Callable[[str], Card]
) -> Score:
    """The figures from sent lines and requests."""
    figures = (
        on_time(deliveries),
        promise(deliveries),
        quality(deliveries),
        price_trend(deliveries),
        answering(answers),
    )
    parts = sorted({one.part for one in deliveries})
    return Score(supplier, figures, tuple((part, lead_of(part, deliveries, card(part))) for part in parts))


def on_time(deliveries: Sequence[Delivered]) -> Figure:
    """Share of lines that were all here by the promised date and a day."""
    judged = [one for one in deliveries if one.on_time is not None]
    rows = tuple({**_row(one), "on_time": one.on_time} for one in judged)
    definition = (
        "Lines that were all here by a day after the first confirmed date (else the date when the order was sent),"
        " of all lines whose date has passed or that are here."
    )
    return _share("on_time", definition, sum(bool(one.on_time) for one in judged), rows)


def promise(deliveries: Sequence[Delivered]) -> Figure:
    """How long deliveries take against the usual time that was promised: the median ratio."""
    came = [one for one in deliveries if one.whole_us is not None and one.said_p50_days > 0]
    rows = tuple({**_row(one), "days": one.days, "said_days": one.said_p50_days} for one in came)
    definition = (
        "Median of days from sending to all here, over the promised usual days; 1: as promised, 2: twice as long."
    )
    if len(came) < FEW:
        return _cannot_tell("promise", definition, "times", rows)
    value = median(one.days / one.said_p50_days for one in came)
    return Figure("promise", definition, value, "times", f"{value:.2f} times the promised days", rows)


def quality(deliveries: Sequence[Delivered]) -> Figure:
    """Share of lines with deliveries without any fault."""
    came = [one for one in deliveries if one.counted]
    rows = tuple({**_row(one), "refused": one.refused, "faults": list(one.faults)} for one in came)
    definition = "Lines of which something came, without pieces sent back and without a fault noted at receipt."
    return _share("quality", definition, sum(not one.refused and not one.faults for one in came), rows)


def price_trend(deliveries: Sequence[Delivered]) -> Figure:
    """Change of price in percent a year: the median slope between purchases of the same part (Theil and Sen)."""
    bought = [one for one in deliveries if one.unit_price > 0]
    slopes = []
    for place, late in enumerate(bought):
        for early in bought[:place]:
            years = (late.sent_us - early.sent_us) / US_PER_DAY / YEAR_DAYS
            if early.part == late.part and years > 0:
                slopes.append((late.unit_price / early.unit_price) ** min(1 / years, 12.0) - 1.0)
    again = {one.part for one in bought if sum(other.part == one.part for other in bought) > 1}
    rows = tuple({**_row(one), "unit_price": one.unit_price} for one in bought if one.part in again)
    definition = "Median yearly change of the unit price over all pairs of purchases of one part (Theil-Sen)."
    if len(rows) < FEW or not slopes:
        return _cannot_tell("price_trend", definition, "share a year", rows)
    value = median(slopes)
    return Figure("price_trend", definition, value, "share a year", f"{value:+.1%} a year", rows)


def answering(answers: Sequence[Answered]) -> Figure:
    """Share of requests that were answered in time, with an offer or a refusal."""
    rows = tuple(plain_object(one) for one in answers)
    good = sum(one.answered_us is not None and one.answered_us <= one.answer_by_us for one in answers)
    return _share("answers", "Requests for quotation answered by the wanted time, of all that were put.", good, rows)


def lead_of(part: str, deliveries: Sequence[Delivered], card: Card) -> LeadTime:
    """Days to expect from this supplier for a part: the card, corrected by what came, as far as it goes.
    Without a card the newest promise stands in its place."""
    same = [one for one in deliveries if one.part == part]
    said = next((one.said_p50_days for one in reversed(same) if one.said_p50_days > 0), 0.0)
    p50 = card.lead_p50_days or said
    p90 = card.lead_p90_days if card.lead_p50_days else said
    if p50 <= 0:
        return LeadTime(p50, p90, 0)
    ratios = [one.days / p50 for one in same if one.whole_us is not None]
    so_far = [one.days / p50 for one in same if one.whole_us is None and not one.closed]
    return lead_time(p50, p90, ratios, so_far)


def past_of(deliveries: Sequence[Delivered]) -> Past:
    """What the comparison of quotes takes from the record."""
    said = [one for one in deliveries if one.said_p50_days > 0]
    came = [one for one in deliveries if one.counted]
    return Past(
        tuple(one.days / one.said_p50_days for one in said if one.whole_us is not None),
        tuple(one.days / one.said_p50_days for one in said if one.whole_us is None and not one.closed),
        sum(bool(one.refused) for one in came),
        len(came),
    )


def _share(name: str, definition: str, good: int, rows: tuple[Json, ...]) -> Figure:
    if len(rows) < FEW:
        return _cannot_tell(name, definition, "share", rows)
    low, high = wilson(good, len(rows))
    text = f"{good} of {len(rows)}, {good / len(rows):.0%} ({low:.0%} to {high:.0%})"
    return Figure(name, definition, good / len(rows), "share", text, rows, low, high)


def _cannot_tell(name: str, definition: str, unit: str, rows: tuple[Json, ...]) -> Figure:
    return Figure(name, definition, None, unit, f"cannot tell yet: {len(rows)} of at least {FEW} rows", rows)


def _row(one: Delivered) -> Json:
    names = ("number", "line", "part", "quantity", "sent_us", "promised_us", "whole_us")
    return {name: getattr(one, name) for name in names}
