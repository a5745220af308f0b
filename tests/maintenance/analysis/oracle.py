"""Every figure once more, as slowly and plainly as it can be said: hour by hour, order by order, from the books.

It shares no code with `maintenance.analysis`: it reads through the books of orders, plans and people, and walks over
the hours of the period one by one. So all its times have to lie on whole hours; it refuses others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, cast

import sqlalchemy as sa

from forewarn.core.jobs import LineKind, ReportLine
from forewarn.core.plans import Unit
from forewarn.core.plant import Asset, Plant
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.people.book import PeopleBookSql
from forewarn.maintenance.people.plain_people import person_from
from forewarn.maintenance.plans.book import PlanBookSql
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT

H = 3_600_000_000
DAY = 24 * H
DAYS_OF = {Unit.HOURS: 1 / 24, Unit.DAYS: 1.0, Unit.WEEKS: 7.0, Unit.MONTHS: 365.25 / 12, Unit.YEARS: 365.25}
Told = dict[str, tuple[float, float]]
"""Numerator and denominator of each figure."""


@dataclass(frozen=True)
class Seen:
    """An order with everything that is known of it; `imported` ones have no status history of their own."""

    order: WorkOrder
    history: list[tuple[int, str]]
    lines: list[tuple[ReportLine, int]]
    imported: bool

    @property
    def stops(self) -> list[tuple[str, int, int | None]]:
        found = [line.line for line, _ in self.lines if line.line.kind is LineKind.DOWNTIME]
        return [(line.what, line.start_us or 0, line.end_us) for line in found]

    @property
    def completed_us(self) -> int | None:
        done = [at for at, status in self.history if status == "COMP"]
        return done[-1] if done and self.order.status in (Status.COMP, Status.CLOSE) else None

    @property
    def over_us(self) -> int | None:
        gone = [at for at, status in self.history if status == "CAN"]
        return gone[-1] if gone else self.completed_us

    def status_at(self, at_us: int) -> str | None:
        found = None
        for at, status in self.history:
            if at <= at_us:
                found = status
        return found

    @property
    def fails(self) -> bool:
        if self.order.status is Status.CAN or self.order.report.get("finding") == "not_found":
            return False
        broke = any(reason == "breakdown" for reason, _, _ in self.stops)
        return broke or self.order.kind in (OrderKind.CORRECTIVE, OrderKind.EMERGENCY)

    @property
    def failed_us(self) -> int:
        begun = [start for reason, start, _ in self.stops if reason == "breakdown"]
        return min(begun) if begun else self.order.created_at_us

    @property
    def restored_us(self) -> int | None:
        if self.completed_us is None:
            return None
        ends = [end for reason, _, end in self.stops if reason != "planned"]
        if not ends:
            return max(self.completed_us, self.failed_us)
        if None in ends:
            return None
        return max(self.failed_us, *(end for end in ends if end is not None))

    @property
    def components(self) -> set[str]:
        imported, planned = (cast(Any, self.order.report.get(key)) for key in ("imported", "pm"))
        if imported:
            return set(imported["components"])
        return {c.fault.component for c in self.order.causes} | ({planned["component"]} if planned else set()) - {""}

    @property
    def mode(self) -> str:
        found = self.order.report.get("failure_mode_found")
        return str(found or (self.order.causes[0].failure_mode if self.order.causes else ""))


def slow_figures(
    records: Records, plant: Plant, from_us: int, to_us: int, now_us: int, assets: set[str] | None = None
) -> Told:
    """Numerator and denominator of every figure that orders, plans and people give, for [from_us, to_us).

    `assets`: of these machines only. The zone is that of the first site. `availability_inherent` is left to the caller:
    it follows from two of these.
    """
    zone: tzinfo = _zone(plant)
    book = OrderBookSql(records)
    seen = [one for one in _seen(book) if assets is None or one.order.asset in assets]
    spans = list(_watched(records, plant, book, now_us, assets))
    told: Told = {}
    told |= _reliability(seen, spans, from_us, to_us, now_us)
    told |= _money_and_labour(seen, from_us, to_us)
    told["pm_compliance"] = _pm(records, book, from_us, to_us, now_us, assets)
    told["schedule_compliance"] = _schedule(records, seen, from_us, to_us, now_us, zone)
    told["ready_backlog"] = _backlog(records, seen, min(to_us, now_us), min(to_us - 1, now_us))
    return told


def _zone(plant: Plant) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(plant.sites[0].timezone) if plant.sites else UTC


def _seen(book: OrderBookSql) -> Iterator[Seen]:
    for order in book.orders(limit=1_000_000):
        job = book.job(order.id)
        assert job is not None
        imported = "imported" in order.report
        history: list[tuple[int, str]] = []
        for row in book.history(order.id):
            after = cast(dict[str, Any], row["after"])
            if "status" in after and not imported:
                history.append((cast(int, row["at_us"]), after["status"]))
        if imported:
            history = [(order.created_at_us, order.status.value)]
        yield Seen(order, history, [(line, _first_told(job.lines, line)) for line in _standing(job.lines)], imported)


def _standing(lines: tuple[ReportLine, ...]) -> list[ReportLine]:
    return [line for line in lines if not any(other.line.corrects == line.seq for other in lines)]


def _first_told(lines: tuple[ReportLine, ...], line: ReportLine) -> int:
    while line.line.corrects is not None:
        line = next(other for other in lines if other.seq == line.line.corrects)
    return line.at_us


def _watched(
    records: Records, plant: Plant, book: OrderBookSql, now_us: int, assets: set[str] | None
) -> Iterator[tuple[str, Asset | None, int, int]]:
    """(id, asset, from, until) of every machine."""
    slots = PlanBookSql(records, book).slots()
    with records.read() as connection:
        rows = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.seq)).all()
    begin = rows[0].at_us if rows else None
    retired: dict[str, int] = {}
    for row in rows:
        if row.subject.startswith("asset:"):
            name = row.subject.removeprefix("asset:")
            retired.pop(name, None)
            if row.action == "retired":
                retired[name] = row.at_us
    orders = book.orders(limit=1_000_000)
    for name in sorted({a.id for a in plant.assets} | {o.asset for o in orders} | {s.asset for s in slots}):
        if assets is not None and name not in assets:
            continue
        mine = [o for o in orders if o.asset == name]
        occasions = [s.at_us for s in slots if s.asset == name]
        elsewhere = bool(mine) and all("imported" in o.report for o in mine) and not occasions
        starts = [o.created_at_us for o in mine] + occasions
        if not elsewhere and begin is not None:
            starts.append(begin)
        until = max(o.created_at_us for o in mine) + 1 if elsewhere else now_us
        yield name, plant.asset(name), min(starts, default=now_us), min(until, retired.get(name, until))


def _reliability(
    seen: list[Seen], spans: list[tuple[str, Asset | None, int, int]], from_us: int, to_us: int, now_us: int
) -> Told:
    ran = up = planned = 0.0
    for name, asset, since, until in spans:
        elsewhere = bool([s for s in seen if s.order.asset == name]) and until != now_us
        silent = all(s.imported for s in seen if s.order.asset == name) and elsewhere
        stops = [
            (start, end if end is not None else max(s.over_us or now_us, start))
            for s in seen
            if s.order.asset == name
            for _, start, end in s.stops
        ]
        on_the_hour(*(moment for stop in stops for moment in stop))
        for at in each_hour(max(from_us, since), min(to_us, until, now_us)):
            due = _runs(asset, at)
            stands = any(start <= at < end for start, end in stops)
            ran += due * (not stands)
            planned += due * (not silent)
            up += due * (not stands and not silent)
    failures = sorted((s for s in seen if s.fails), key=lambda s: (s.failed_us, s.order.number))
    told: Told = {
        "mtbf": (ran, float(sum(from_us <= s.failed_us < to_us for s in failures))),
        "availability_operational": (up, planned),
    }
    parts = dict.fromkeys(("mttr", "mttr_notice", "mtta", "mwt", "active_repair"), 0.0)
    restored = [s for s in failures if s.restored_us is not None and from_us <= s.restored_us < to_us]
    for one in restored:
        on_the_hour(one.failed_us, one.restored_us or 0, *(at for at, _ in one.history))
        for at in each_hour(one.failed_us, one.restored_us or 0):
            parts["mttr"] += 1
            parts[_what_happened(one, at)] += 1
    told |= {name: (hours, float(len(restored))) for name, hours in parts.items()}
    again = [s for s in failures if from_us <= s.failed_us < to_us and _repeats(s, failures)]
    judged = [s for s in failures if s.components or s.mode not in ("", "UNK", "OTH")]
    told["repeat_failures"] = float(len(again)), float(sum(from_us <= s.failed_us < to_us for s in judged))
    return told


def _what_happened(one: Seen, at: int) -> str:
    status = one.status_at(at)
    if status is None:
        return "mttr_notice"
    if status == "INPRG":
        return "active_repair"
    answered = any(name != "WAPPR" for moment, name in one.history if moment <= at)
    return "mwt" if answered else "mtta"


def _repeats(one: Seen, failures: list[Seen]) -> bool:
    for other in failures:
        if other.order.asset != one.order.asset or (other.failed_us, other.order.number) >= (
            one.failed_us,
            one.order.number,
        ):
            continue
        since = other.restored_us if other.restored_us is not None else other.failed_us
        shares = one.components & other.components
        if not one.components or not other.components:
            shares = {one.mode} & {other.mode} - {"", "UNK", "OTH"}
        if shares and 0 <= one.failed_us - since <= 30 * DAY:
            return True
    return False


def _runs(asset: Asset | None, at: int) -> float:
    """Planned share of the hour that begins now."""
    if asset is None:
        return 1.0
    if asset.shifts is None:
        return asset.operating_hours_per_day / 24
    if any(start <= at < stop for start, stop in asset.shifts.stops):
        return 0.0
    local = datetime.fromtimestamp(at / 1e6, UTC).astimezone(asset.shifts.zone)
    minute = 60 * local.hour + local.minute
    if local.date() in asset.shifts.holidays:
        return 0.0
    return float(any(s.weekday == local.weekday() and s.start_min <= minute < s.stop_min for s in asset.shifts.shifts))


def each_hour(start: int, stop: int) -> range:
    """The moments at which the hours between two moments begin."""
    if start >= stop:
        return range(0)
    assert start % H == 0, "the oracle walks from hour to hour"
    assert stop % H <= 1, "the oracle walks from hour to hour"
    return range(start, stop - stop % H, H)


def on_the_hour(*moments: int) -> None:
    """Refuses others."""
    assert all(moment % H == 0 for moment in moments), "the oracle walks from hour to hour"


def _money_and_labour(seen: list[Seen], from_us: int, to_us: int) -> Told:
    money = hours = planned = 0.0
    for one in seen:
        broke = any(reason == "breakdown" for reason, _, _ in one.stops)
        prepared = one.order.repair_hours > 0 and one.order.kind is not OrderKind.EMERGENCY and not broke
        for line, told_us in one.lines:
            if not from_us <= told_us < to_us:
                continue
            if line.line.kind in (LineKind.LABOUR, LineKind.PART, LineKind.COST):
                money += round(line.line.quantity * line.line.unit_cost, 2)
            if line.line.kind is LineKind.LABOUR:
                hours += line.line.quantity
                planned += line.line.quantity if prepared else 0.0
    return {"maintenance_cost": (money, 0.0), "planned_share": (planned, hours)}


def _pm(
    records: Records, book: OrderBookSql, from_us: int, to_us: int, now_us: int, assets: set[str] | None
) -> tuple[float, float]:
    plans = PlanBookSql(records, book)
    good = due = 0
    for slot in plans.slots():
        plan = plans.plan(slot.plan)
        assert plan is not None
        assert plan.every is not None, "the oracle knows the calendar only"
        if not from_us <= slot.due_us < to_us or slot.key.startswith("extra"):
            continue
        if assets is not None and slot.asset not in assets:
            continue
        tolerance = round(plan.tolerance * plan.every.count * DAYS_OF[plan.every.unit] * DAY)
        done = slot.done_at_us
        if slot.order_id is not None:
            order = book.order(slot.order_id)
            assert order is not None
            told = [row["at_us"] for row in book.history(order.id) if row["action"] == "COMP"]
            done = cast(int, told[-1]) if told and order.status in (Status.COMP, Status.CLOSE) else None
        if done is None and slot.due_us + tolerance >= now_us:
            continue
        due += 1
        good += done is not None and slot.due_us - tolerance <= done <= slot.due_us + tolerance
    return float(good), float(due)


def _schedule(
    records: Records, seen: list[Seen], from_us: int, to_us: int, now_us: int, zone: tzinfo
) -> tuple[float, float]:
    """Every version of the schedule as it stood, and for each week all versions that stood while it ran."""
    standing: dict[str, list[int]] = {}
    versions: list[tuple[int, dict[str, list[int]]]] = []
    for row in PeopleBookSql(records).history("schedule"):
        if row["action"] != "published":
            continue
        before, after = cast(dict[str, Any], row["before"]), cast(dict[str, Any], row["after"])
        standing = {k: v for k, v in standing.items() if k not in before["assignments"]} | after["assignments"]
        versions.append((cast(int, row["at_us"]), standing))
    by_id = {s.order.id: s for s in seen}
    done = asked = 0
    monday = datetime.fromtimestamp(from_us / 1e6, UTC).astimezone(zone).replace(tzinfo=None)
    monday = (monday - timedelta(days=monday.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        start, stop = (round((monday + timedelta(days=d)).replace(tzinfo=zone).timestamp()) * 1_000_000 for d in (0, 7))
        monday += timedelta(days=7)
        if start >= to_us:
            return float(done), float(asked)
        if start < from_us or stop > now_us:
            continue
        wanted: set[str] = set()
        for n, (since, version) in enumerate(versions):
            until = versions[n + 1][0] if n + 1 < len(versions) else 2**62
            if since < stop and until > start:
                wanted |= {key.split(" ")[0] for key, (begin, _) in version.items() if start <= begin < stop}
        for id in wanted & by_id.keys():
            one = by_id[id]
            if any(status == "CAN" and at < start for at, status in one.history):
                continue
            asked += 1
            done += any(status == "COMP" and start <= at < stop for at, status in one.history)


def _backlog(records: Records, seen: list[Seen], at_us: int, last_us: int) -> tuple[float, float]:
    ready = sum(s.order.repair_hours for s in seen if s.status_at(last_us) in ("APPR", "WSCH"))
    crew = 0
    for document in PeopleBookSql(records).documents("person"):
        person = person_from(document.body)
        windows = person.windows(at_us - DAY, at_us + 29 * DAY) if person.active else []
        on_the_hour(*(moment for window in windows for moment in window))
        crew += sum(any(a <= at < b for a, b in windows) for at in each_hour(at_us, at_us + 28 * DAY))
    return ready, crew / 4
