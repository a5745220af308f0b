"""What a what-if run says: orders that would be new, gone, earlier or later; alarms; and, where orders were closed with
a finding, how many of the replayed ones would have been right, for nothing, or missing. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.labels import Finding
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical, plain
from forewarn.models.training.intervals import Estimate, mean_of, poisson_rate, wilson
from forewarn.pipeline.training_lives import Repair
from forewarn.pipeline.whatif import Opened, Replayed, Span, digest_of

DAYS_PER_MONTH = 365.25 / 12

What = Literal["appeared", "vanished", "earlier", "later", "same"]


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One order of the two runs beside one another: `before` by the settings of today, `after` by the changed ones.

    `moved_h`: hours by which it would be opened later (negative: earlier), 0 unless both are there."""

    what: What
    asset: str
    before: Opened | None
    after: Opened | None
    moved_h: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What findings say of one run. precision: of the orders with a known end those that were right; missed: troubles
    that people confirmed and this run would not have announced; unknown: orders whose trouble nobody looked at."""

    orders: int
    alarms_per_asset_month: Estimate
    confirmed: int
    false: int
    missed: int
    unknown: int
    precision: Estimate
    warning_days: Estimate


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """A whole run; `json` is what is kept, `sha256` what a promotion refers to. `change` says what was changed, `model`
    the version that was tried ("name:version", "" for none); `real` holds the orders that were really opened; `notes`
    are what a reader has to know."""

    change: Json
    model: str
    span: Span
    assets: tuple[str, ...]
    before: Verdicts
    after: Verdicts
    real: Verdicts
    changes: tuple[OrderChange, ...]
    notes: tuple[str, ...] = ()

    @property
    def json(self) -> Json:
        """The report without its digest; times in UTC microseconds."""
        told = plain(self)
        assert isinstance(told, dict)
        return told

    @property
    def sha256(self) -> str:
        """Digest of the canonical JSON: the same run gives the same digest."""
        return digest_of(canonical(self.json))


def report_of(
    change: Json,
    model: str,
    span: Span,
    assets: Sequence[str],
    before: Replayed,
    after: Replayed,
    real: Sequence[Opened],
    repairs: Mapping[str, Sequence[Repair]],
    notes: tuple[str, ...] = (),
) -> WhatIfReport:
    """Two replays of one span and the real orders, beside the findings."""
    as_it_was = Replayed(tuple(o for o in real if o.asset in assets), 0, after.days)
    return WhatIfReport(
        change=change,
        model=model,
        span=span,
        assets=tuple(assets),
        before=verdicts(before, repairs, assets, span),
        after=verdicts(after, repairs, assets, span),
        real=verdicts(as_it_was, repairs, assets, span, alarms_known=False),
        changes=changes_of(before.orders, after.orders, span),
        notes=notes,
    )


def changes_of(before: Sequence[Opened], after: Sequence[Opened], span: Span) -> tuple[OrderChange, ...]:
    """Both runs order by order, by time; less than one step apart is the same time."""
    was, becomes = {o.place: o for o in reversed(before)}, {o.place: o for o in reversed(after)}
    found = [_change(was.get(place), becomes.get(place), span) for place in {**was, **becomes}]
    return tuple(sorted(found, key=_when))


def _when(change: OrderChange) -> tuple[int, str]:
    order = change.before or change.after
    return (order.opened_us, change.asset) if order else (0, change.asset)


def _change(before: Opened | None, after: Opened | None, span: Span) -> OrderChange:
    if before is None or after is None:
        known = before or after
        assert known is not None
        return OrderChange("vanished" if after is None else "appeared", known.asset, before, after, 0.0)
    moved_h = (after.opened_us - before.opened_us) / US_PER_HOUR
    what: What = "same" if abs(moved_h) < span.every_h else "earlier" if moved_h < 0 else "later"
    return OrderChange(what, before.asset, before, after, moved_h)


def verdicts(
    run: Replayed, repairs: Mapping[str, Sequence[Repair]], assets: Sequence[str], span: Span, alarms_known: bool = True
) -> Verdicts:
    """One run beside what was found. A slot ends with a repair: its finding, or that it was a breakdown, says what was
    wrong there."""
    first = {(o.asset, o.slot): o for o in reversed(run.orders) if o.machine}
    confirmed = false = missed = unknown = 0
    warnings = list[float]()
    ended = set[tuple[str, int]]()
    for asset in assets:
        done = sorted((r for r in repairs.get(asset, ()) if r.done_us is not None), key=lambda r: r.done_us or 0)
        for slot, repair in enumerate(done):
            trouble, ends_us = _trouble(repair), _ends_us(repair)
            order = first.get((asset, slot))
            if trouble is None or not span.since_us <= ends_us < span.until_us:
                continue
            ended.add((asset, slot))
            in_time = order is not None and order.opened_us <= ends_us
            if trouble and order is not None and in_time:
                confirmed, warnings = confirmed + 1, [*warnings, (ends_us - order.opened_us) / US_PER_DAY]
            elif trouble:
                missed += 1
            elif order is not None:
                false += 1
    unknown = sum(place not in ended for place in first)
    months = run.days / DAYS_PER_MONTH
    return Verdicts(
        orders=len(run.orders),
        alarms_per_asset_month=poisson_rate(run.alarms, months if alarms_known else 0.0),
        confirmed=confirmed,
        false=false,
        missed=missed,
        unknown=unknown,
        precision=wilson(confirmed, confirmed + false),
        warning_days=mean_of(warnings),
    )


def _trouble(repair: Repair) -> bool | None:
    """Was something wrong? None: nobody told."""
    if repair.failed_us is not None:
        return True
    return None if repair.finding is None else repair.finding is not Finding.NOT_FOUND


def _ends_us(repair: Repair) -> int:
    """Until when a warning was worth something: the breakdown, or the beginning of the work."""
    if repair.failed_us is not None:
        return repair.failed_us
    return repair.started_us if repair.started_us is not None else repair.done_us or repair.opened_us
