"""Figures of a plant: what the records say, joined with classes, places, shifts and running hours of the plant file.

Reads only. Every answer is computed anew from the rows; nothing is kept, so nothing can be out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import SeriesReader
from forewarn.maintenance.analysis import verify
from forewarn.maintenance.analysis.answers import Answer
from forewarn.maintenance.analysis.definitions import DEFINITIONS
from forewarn.maintenance.analysis.facts import Facts, Machine, PastOrder, Period
from forewarn.maintenance.analysis.heat_map import Load, load
from forewarn.maintenance.analysis.kpis import figure
from forewarn.maintenance.analysis.money import Cost, costs
from forewarn.maintenance.analysis.planning import scheduled
from forewarn.maintenance.analysis.reliability import failures_of, times_of
from forewarn.maintenance.analysis.repeats import Actor, bad_actors
from forewarn.maintenance.analysis.rows import AnalysisRows, Known
from forewarn.maintenance.analysis.supply import Receipt
from forewarn.maintenance.analysis.supply_rows import SupplyRows
from forewarn.maintenance.people.plain_people import moment_us
from forewarn.maintenance.records import Records
from forewarn.pipeline.running import known_series, run_series

MEASURED_SHARE = 0.9
"""Running hours count where they are known for so much of the time."""
SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which machines: one asset, a class, an area; None: any. All that are given must hold."""

    asset: str | None = None
    asset_class: str | None = None
    area: str | None = None


EVERYTHING = Scope()
MOST_YEARS = 30
USUAL_DAYS = 365
LAST_US = 231 * 365 * US_PER_DAY


def period_of(start: str | None, stop: str | None, now_us: int, zone: tzinfo) -> Period:
    """The period between two ISO 8601 times or local days, the last day included; the year up to now where nothing is
    said. Raises Rejected for what is no time, and for more than thirty years.

    >>> period_of("2026-01-01", "2026-01-31", 0, UTC).hours / 24
    31.0
    """
    to_us = moment_of(stop, zone, end=True) if stop else now_us
    from_us = moment_of(start, zone) if start else to_us - USUAL_DAYS * US_PER_DAY
    if to_us - from_us > MOST_YEARS * 366 * US_PER_DAY:
        raise Rejected("period", f"a period has at most {MOST_YEARS} years")
    return Period(from_us, to_us, zone)


def moment_of(text: str, zone: tzinfo, end: bool = False) -> int:
    """An ISO 8601 time or a local day (its begin, or its `end`). Raises Rejected for no time, and outside of the years
    1970 to 2200."""
    try:
        at_us = moment_us(text, zone, end)
    except OverflowError as error:
        raise Rejected("time", f"{text} lies outside of the calendar") from error
    if not 0 <= at_us <= LAST_US:
        raise Rejected("time", f"{text} lies outside of the years 1970 to 2200")
    return at_us


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed: an interval (`of` a plan), a limit, a part, or a supplier. `at_us` None: as the records tell.

    `component` "": failures of the whole machine; None: that of the plan.
    """

    what: str
    of: str
    at_us: int | None = None
    days: float = 180.0
    scope: Scope = EVERYTHING
    component: str | None = None


class Analysis:
    """Figures of one plant over its records; `derived` are the series with measured running hours, where there are
    any."""

    def __init__(
        self,
        plant: Callable[[], Plant],
        records: Records,
        derived: SeriesReader | None,
        now_us: Callable[[], int],
    ) -> None:
        self._plant, self._rows, self._derived = plant, AnalysisRows(records), derived
        self._now_us, self._supply = now_us, SupplyRows(records)

    @property
    def zone(self) -> tzinfo:
        """Where weeks and months begin: the zone of the first site."""
        sites = self._plant().sites
        return ZoneInfo(sites[0].timezone) if sites else UTC

    def now_us(self) -> int:
        """Plant time now."""
        return self._now_us()

    def facts(self, period: Period, scope: Scope = EVERYTHING) -> Facts:
        """Everything that figures of a period are computed from. Raises Rejected for a machine, class or area that
        neither the plant file nor the records name."""
        plant, now_us = self._plant(), self._now_us()
        known, begin_us = self._rows.known()
        assets = _named(plant, scope, known)
        placed = self._rows.placed()
        also = {id for _, ids in scheduled(placed, period) for id in ids}
        supply = self._supply.facts(period.from_us, period.to_us, now_us, assets)
        ids = sorted(assets) if assets is not None else sorted({a.id for a in plant.assets} | set(known))
        return Facts(
            now_us,
            placed=tuple(placed),
            orders=tuple(self._rows.orders(period.from_us, period.to_us, assets, also)),
            slots=tuple(self._rows.slots(period.to_us, assets)),
            machines=tuple(self._machine(id, plant.asset(id), known.get(id), begin_us) for id in ids),
            people=tuple(self._rows.people()),
            classes={asset.id: asset.asset_class for asset in plant.assets},
            areas={asset.id: asset.area for asset in plant.assets},
            supply=supply,
        )

    def figures(self, period: Period, scope: Scope = EVERYTHING) -> list[Answer]:
        """Every figure, in the order of the definitions."""
        facts = self.facts(period, scope)
        return [figure(definition.key, facts, period) for definition in DEFINITIONS]

    def figure(self, key: str, period: Period, scope: Scope = EVERYTHING) -> Answer:
        """One figure. Raises Rejected for a key that there is not."""
        return figure(key, self.facts(period, scope), period)

    def trend(self, key: str, period: Period, step: str, scope: Scope = EVERYTHING) -> list[tuple[Period, Answer]]:
        """A figure of each local week or month of the period."""
        pieces, facts = period.pieces(step), self.facts(period, scope)
        return [(piece, figure(key, facts, piece)) for piece in pieces]

    def costs(self, period: Period, by: str, scope: Scope = EVERYTHING) -> list[Cost]:
        """Costs of the period; see `money.costs`."""
        return costs(self.facts(period, scope), period, by)

    def bad_actors(
        self, period: Period, by: str, measure: str, scope: Scope = EVERYTHING, currency: str = ""
    ) -> list[Actor]:
        """The Pareto list of the period; see `repeats.bad_actors`."""
        return bad_actors(self.facts(period, scope), period, by, measure, currency)

    def load(self, from_us: int, weeks: int, scope: Scope = EVERYTHING) -> Load:
        """Open work by skill and week, from the week of a moment on."""
        whole = Period(from_us - 7 * US_PER_DAY, from_us + 1, self.zone).weeks()[-1]
        span = Period(whole.from_us, whole.from_us + weeks * 7 * US_PER_DAY, self.zone)
        facts = self.facts(Period(whole.from_us, max(span.to_us, self._now_us() + 1), self.zone), scope)
        return load(facts, span, {order.id: self._usual_skills(order) for order in facts.orders})

    def _usual_skills(self, order: PastOrder) -> tuple[str, ...]:
        """Skills that the plant file names for faults of these components."""
        asset = self._plant().asset(order.asset)
        plans = [plan for plan in asset.faults if plan.fault.component in order.components] if asset else []
        return tuple(dict.fromkeys(skill for plan in plans for skill in plan.skills))

    def compare(self, change: Change) -> verify.Comparison:
        """Before and after a change. Raises Rejected where the records do not tell when it was, and for one that is
        still to come."""
        if change.what not in verify.CHANGES:
            raise Rejected("change", f"a change is one of {', '.join(verify.CHANGES)}, not {change.what!r}")
        now_us = self._now_us()
        assets, at_us, component, modes = self._told_of(change)
        before, after = verify.sides(at_us, change.days, now_us)
        whole = Period(before[0], after[1], self.zone)
        facts = self._of_assets(self.facts(whole, change.scope), assets)
        orders = tuple(order for order in facts.orders if not component or component in order.components)
        failures = [
            f for f in failures_of(orders) if not modes or not f.order.failure_mode or f.order.failure_mode in modes
        ]
        sides = [Period(*before, self.zone), Period(*after, self.zone)]
        hours = [sum(time.ran for _, time in times_of(facts, side)) for side in sides]
        seen = [[f.order.number for f in failures if side.holds(f.failed_us)] for side in sides]
        found = verify.rates(len(seen[0]), hours[0], len(seen[1]), hours[1])
        currency, amounts = _one_currency(orders)
        watched_us = min((machine.since_us for machine in facts.machines), default=before[0])
        paid = verify.money(
            verify.weekly(amounts, max(before[0], min(watched_us, before[1])), before[1], backwards=True),
            verify.weekly(amounts, *after),
            np.random.default_rng(SEED),
        )
        text = verify.in_words(found, paid, currency, len(facts.machines))
        return verify.Comparison(
            change.what, change.of, at_us, whole.from_us, whole.to_us, found, paid, currency,
            tuple(seen[0]), tuple(seen[1]), text,
        )  # fmt: skip

    def _told_of(self, change: Change) -> tuple[set[str] | None, int, str, Sequence[str]]:
        """Machines (None: those of the scope), moment, component and failure modes of a change."""
        at_us, component = change.at_us, change.component or ""
        if change.what == "interval":
            plan = self._rows.plan(change.of)
            if plan is None:
                raise Rejected("unknown_plan", f"there is no preventive plan {change.of!r}")
            at_us = at_us if at_us is not None else self._rows.interval_changed_us(plan.id)
            of_plan = plan.component if change.component is None else component
            return {a.id for a in plan.of(self._plant())}, _when(at_us, change), of_plan, plan.failure_modes
        if change.what == "limit":
            return None, _when(at_us, change), component, ()
        got = self._received_from(change.of) if change.what == "supplier" else []
        uses = self._rows.uses_of({one.part for one in got} if got else {change.of})
        if not uses:
            raise Rejected("never_used", f"no report tells of {change.what} {change.of!r}: nothing was changed by it")
        if at_us is None:
            at_us = min((one.at_us for one in got), default=uses[0][1])
        return {asset for asset, _ in uses}, _when(at_us, change), component, ()

    def _received_from(self, supplier: str) -> list[Receipt]:
        found = [one for one in self._supply.receipts(0, self._now_us() + 1) if one.supplier == supplier]
        if not found:
            raise Rejected("unknown_supplier", f"nothing was ever received from {supplier!r}")
        return found

    def _of_assets(self, facts: Facts, assets: set[str] | None) -> Facts:
        if assets is None:
            return facts
        orders = tuple(order for order in facts.orders if order.asset in assets)
        return replace(facts, orders=orders, machines=tuple(m for m in facts.machines if m.asset in assets))

    def _machine(self, id: str, asset: Asset | None, known: Known | None, begin_us: int | None) -> Machine:
        """When a machine was watched: from its first order or slot, and, unless all of them were imported, from the
        begin of these records; until its last imported order, until it was taken out of use, else until now."""
        now_us = self._now_us()
        starts = [us for us in (known.first_us, known.slot_us) if us is not None] if known else []
        imported_only = known is not None and known.imported_only
        if not imported_only and begin_us is not None:
            starts.append(begin_us)
        until_us = known.last_us + 1 if known and imported_only and known.last_us is not None else now_us
        if known is not None and known.retired_us is not None:
            until_us = min(until_us, known.retired_us)
        machine = Machine(id, min(starts, default=now_us), until_us, tells_stops=not imported_only)
        if asset is None:
            return machine
        measured = self._measured(asset)
        return replace(machine, shifts=asset.shifts, hours_per_day=asset.operating_hours_per_day, measured=measured)

    def _measured(self, asset: Asset) -> Callable[[int, int], float | None] | None:
        """Hours that it ran between two moments, where they are known for nine tenths of the time."""
        if asset.running is None or self._derived is None:
            return None
        derived = self._derived

        def hours(from_us: int, to_us: int) -> float | None:
            known = _hours_in(derived, known_series(asset.id), from_us, to_us)
            if known < MEASURED_SHARE * (to_us - from_us) / US_PER_HOUR:
                return None
            return _hours_in(derived, run_series(asset.id), from_us, to_us)

        return hours


def _hours_in(reader: SeriesReader, name: str, from_us: int, to_us: int) -> float:
    number = reader.names().get(name)
    return 0.0 if number is None else float(reader.read(number, from_us, to_us).value.sum())


def _named(plant: Plant, scope: Scope, known: dict[str, Known]) -> frozenset[str] | None:
    if scope == EVERYTHING:
        return None
    if scope.asset is not None and plant.asset(scope.asset) is None and scope.asset not in known:
        raise Rejected("unknown_asset", f"neither the plant file nor an order names an asset {scope.asset!r}")
    for word, value, there in (
        ("class", scope.asset_class, {asset.asset_class for asset in plant.assets}),
        ("area", scope.area, {asset.area for asset in plant.assets}),
    ):
        if value is not None and value not in there:
            raise Rejected(f"unknown_{word}", f"there is no {word} {value!r}; there are {', '.join(sorted(there))}")
    if scope.asset_class is None and scope.area is None:
        return frozenset({scope.asset} if scope.asset is not None else ())
    return frozenset(
        asset.id
        for asset in plant.assets
        if scope.asset in (None, asset.id)
        and scope.asset_class in (None, asset.asset_class)
        and scope.area in (None, asset.area)
    )


def _when(at_us: int | None, change: Change) -> int:
    if at_us is None:
        raise Rejected(
            "change_when", f"the records do not tell when the {change.what} {change.of!r} changed: give `at`"
        )
    return at_us


def _one_currency(orders: Sequence[PastOrder]) -> tuple[str, list[tuple[int, float]]]:
    """Amounts with their moments, in the currency that most of them are told in."""
    amounts: dict[str, list[tuple[int, float]]] = {}
    for order in orders:
        for line in order.lines:
            amounts.setdefault(order.currency, []).append((line.at_us, line.amount))
    if not amounts:
        return "", []
    currency = max(sorted(amounts), key=lambda name: len(amounts[name]))
    return currency, amounts[currency]
