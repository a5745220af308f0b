"""The scorecard: how good were the advices? From finished orders alone, each number with its count and interval.

Precision: how many orders with a finding were right. Misses: breakdowns that no advice had announced, also those that
were told on an order of the advice. Warning time: days from the opening of an order to the breakdown that came all the
same, or to the beginning of its work (where nobody noted it: to the finding), for those that were right; 7 to 15 are
promised. False alarms a year beside the set rate: an order whose fault was not found. Money:
only where the plant knows its costs.

>>> scorecard((), (), {}, 0, 10).total.precision.value is None       # nothing finished yet: no number, not 0
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from forewarn.core.clock import US_PER_DAY
from forewarn.core.labels import Finding, Label, known_by
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderBook
from forewarn.models.training.intervals import NOTHING, Estimate, mean_of, poisson_rate, wilson
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.training_lives import Repair, repairs_of

DAYS_PER_YEAR = 365.25
PROMISED_DAYS = (7.0, 15.0)
ANNOUNCED_US = 60 * US_PER_DAY
"""An order that was open at most so long before a breakdown has announced it."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What the plant reckons with, in its currency: a breakdown that comes unannounced, a planned repair instead of it,
    and an order for nothing."""

    breakdown: float
    planned: float
    false_order: float


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the card. `of` is an asset class, a model "name version", or "" for all.

    precision: share of findings that were right (partly counts as right, `confirmed` is the strict share: found as
    advised, and the repair did not fail its verification). recall: share of failures, avoided or not, that an order had
    announced. warning_days: mean of the confirmed; in_time: share of them that had
    at least 7 days. false_alarms_per_year: orders with nothing found, per asset and year. `set_rate` is what was set
    (None: unknown), `net` money saved (None: costs or findings are unknown).
    """

    of: str
    orders: int
    precision: Estimate
    confirmed: Estimate
    recall: Estimate
    warning_days: Estimate
    in_time: Estimate
    false_alarms_per_year: Estimate
    set_rate: float | None
    asset_years: float
    net: float | None


@dataclass(frozen=True, slots=True)
class Miss:
    """A breakdown that no order had announced."""

    asset: str
    asset_class: str
    number: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The card as of a moment. `waiting`: finished orders whose finding nobody told; they count nowhere."""

    since_us: int
    until_us: int
    total: Score
    by_class: tuple[Score, ...]
    by_model: tuple[Score, ...]
    misses: tuple[Miss, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class Watched:
    """One asset in the span: its class, and the days it was watched."""

    asset_class: str
    days: float


def scorecard_of(
    book: OrderBook,
    plant: Plant,
    since_us: int,
    until_us: int,
    watched_since: Callable[[str], int | None],
    set_rate: float | None = None,
    costs: Costs | None = None,
) -> Scorecard:
    """The card of a plant. `watched_since`: when an asset was first assessed (None: never)."""
    labels = [label for label in labels_from(book, plant, until_us) if label.completed_at_us >= since_us]
    repairs = [r for known in repairs_of(book, until_us).values() for r in known]
    watched = {
        asset.id: Watched(asset.asset_class, _days(watched_since(asset.id), since_us, until_us))
        for asset in plant.assets
    }
    return scorecard(labels, repairs, watched, since_us, until_us, set_rate, costs)


def _days(first_us: int | None, since_us: int, until_us: int) -> float:
    return 0.0 if first_us is None else max(until_us - max(first_us, since_us), 0) / US_PER_DAY


def scorecard(
    labels: Iterable[Label],
    repairs: Sequence[Repair],
    watched: Mapping[str, Watched],
    since_us: int,
    until_us: int,
    set_rate: float | None = None,
    costs: Costs | None = None,
) -> Scorecard:
    """The card of the span [since, until): what was told after it counts nowhere. Pure."""
    told = [label for label in known_by(labels, until_us) if label.completed_at_us >= since_us]
    failed = sorted((at_us, r.number, r) for r in repairs if (at_us := r.failed_us) is not None)
    failures = [(at_us, r) for at_us, _, r in failed if since_us <= at_us < until_us and r.asset in watched]
    announced = {r.number: _announced(r, at_us, repairs) for at_us, r in failures}
    misses = tuple(
        Miss(r.asset, watched[r.asset].asset_class, r.number, at_us) for at_us, r in failures if not announced[r.number]
    )
    ends = _ends(repairs)

    def line(of: str, part: Sequence[Label], broken: Sequence[Repair], days: float) -> Score:
        heard = [announced[r.number] for r in broken]
        return _score(of, part, heard, ends, days / DAYS_PER_YEAR, set_rate, costs)

    classes = sorted({w.asset_class for w in watched.values()})
    by_class = tuple(
        line(
            name,
            [label for label in told if label.asset_class == name],
            [r for _, r in failures if watched[r.asset].asset_class == name],
            sum(w.days for w in watched.values() if w.asset_class == name),
        )
        for name in classes
    )
    total = line("", told, [r for _, r in failures], sum(w.days for w in watched.values()))
    by_model = _by_model(told, ends, set_rate)
    return Scorecard(since_us, until_us, total, by_class, by_model, misses, _waiting(repairs, since_us))


@dataclass(frozen=True, slots=True)
class _Ends:
    """Until when the warning of an order was worth something, by its number: when its machine `failed` all the same,
    and when its work `began`."""

    failed: Mapping[str, int]
    began: Mapping[str, int]

    def of(self, label: Label) -> int:
        known = (self.failed.get(label.number), self.began.get(label.number))
        return min((at_us for at_us in known if at_us is not None), default=label.completed_at_us)


def _ends(repairs: Sequence[Repair]) -> _Ends:
    failed = {r.number: r.failed_us for r in repairs if r.failed_us is not None}
    return _Ends(failed, {r.number: r.started_us for r in repairs if r.started_us is not None})


def _announced(failure: Repair, failed_us: int, repairs: Sequence[Repair]) -> bool:
    """Was a condition order open on this machine shortly before it failed? That may be the one that tells of it."""
    return any(
        r.asset == failure.asset
        and not r.is_failure
        and failed_us - ANNOUNCED_US <= r.opened_us < failed_us
        and (r.done_us is None or r.done_us >= failed_us)
        for r in repairs
    )


def _waiting(repairs: Sequence[Repair], since_us: int) -> int:
    done = (r for r in repairs if r.done_us is not None and r.done_us >= since_us and not r.is_failure)
    return sum(r.finding is None for r in done)


def _by_model(told: Sequence[Label], ends: _Ends, set_rate: float | None) -> tuple[Score, ...]:
    """By who said it. How long each version watched is not known, so that its false alarms have no rate here."""
    parts: dict[str, list[Label]] = {}
    for label in told:
        name = f"{label.model.name} {label.model.version}" if label.model else "unknown"
        parts.setdefault(name, []).append(label)
    return tuple(_score(name, part, [], ends, 0.0, set_rate, None) for name, part in sorted(parts.items()))


def _score(
    of: str,
    labels: Sequence[Label],
    announced: Sequence[bool],
    ends: _Ends,
    asset_years: float,
    set_rate: float | None,
    costs: Costs | None,
) -> Score:
    right = [label for label in labels if label.finding is not Finding.NOT_FOUND]
    false = len(labels) - len(right)
    avoided = sum(label.number not in ends.failed for label in right)
    warnings = [max(ends.of(label) - label.opened_at_us, 0) / US_PER_DAY for label in right]
    return Score(
        of=of,
        orders=len(labels),
        precision=wilson(len(right), len(labels)),
        confirmed=wilson(sum(label.is_confirmed for label in labels), len(labels)),
        recall=wilson(avoided + sum(announced), avoided + len(announced)),
        warning_days=mean_of(warnings),
        in_time=wilson(sum(days >= PROMISED_DAYS[0] for days in warnings), len(warnings)),
        false_alarms_per_year=poisson_rate(false, asset_years) if asset_years else NOTHING,
        set_rate=set_rate,
        asset_years=asset_years,
        net=_net(avoided, false, costs) if labels else None,
    )


def _net(avoided: int, false: int, costs: Costs | None) -> float | None:
    """Breakdowns avoided, minus planned repairs and orders for nothing."""
    return None if costs is None else avoided * (costs.breakdown - costs.planned) - false * costs.false_order
