"""Where each class stands, what is held back, and every step that led there: `core.autonomy` in the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from forewarn.core.autonomy import (
    INSTRUMENTS,
    WHOLE_PLANT,
    Level,
    Measured,
    Standing,
    next_step,
    urgency,
    week_of,
)
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import Plant
from forewarn.core.ports import Actor
from forewarn.core.work import Advice, Json, WorkOrder
from forewarn.maintenance.audit import AuditEntry, append, as_history
from forewarn.maintenance.autonomy.keeping import advice_of
from forewarn.maintenance.autonomy.rows import (
    BY_ITSELF,
    FRESH_US,
    AutonomyRows,
    AutonomyRules,
    ByPerson,
    budget_of,
    spent_in,
    standing_from,
    standing_of,
)
from forewarn.maintenance.autonomy.tables import AUTONOMY_ORDER, AUTONOMY_STANDING, HELD_ADVICE
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT

SUBJECT = "autonomy:"
MOST_STEPS = 500


@dataclass(frozen=True, slots=True)
class Spending:
    """A class (or the plant) in the week of a moment: its budget (None: none of its own), what was opened by itself,
    how much of it beyond the budget, and what is held back."""

    standing: Standing
    budget: int | None
    opened: int
    overspent: int
    held: int


@dataclass(frozen=True, slots=True)
class Held:
    """An advice that opened no order. `state` is held, opened (`order_id`) or ended (not given again for two days)."""

    advice: Advice
    of: str
    state: str
    why: str
    reason: str
    until_us: int | None
    emergency: bool
    first_at_us: int
    at_us: int
    order_id: str | None
    revision: int


class AutonomyBook:
    """Levels, budgets and held advices. Every change writes its audit row in the same transaction."""

    def __init__(self, records: Records, plant: Callable[[], Plant], rules: AutonomyRules | None = None) -> None:
        self._records, self._plant = records, plant
        self.rules = rules or AutonomyRules()

    def gate(self, connection: sa.Connection) -> AutonomyRows:
        """What the order book asks before it opens an order."""
        return AutonomyRows(connection, self.rules, self._plant())

    def standing(self, of: str) -> Standing:
        """Where one class stands. Raises Rejected for one that the plant does not have."""
        self._known(of)
        with self._records.read() as connection:
            return standing_of(connection, of, self.rules)

    def spending(self, now_us: int) -> list[Spending]:
        """The plant first, then every class of it, then instruments."""
        start_us, _ = week_of(now_us)
        with self._records.read() as connection:
            rows = {row.of: standing_from(row, self.rules) for row in connection.execute(sa.select(AUTONOMY_STANDING))}
            held, over = _by_class(connection, _held_now(now_us)), _over_by_class(connection, start_us)
            budget = budget_of(connection, self.rules, self._plant())
            found = []
            for of in (WHOLE_PLANT, *self._classes(rows)):
                whole = of == WHOLE_PLANT
                standing = rows.get(of) or Standing(of, self.rules.start_level)
                opened = spent_in(connection, start_us, None if whole else of)
                waits, beyond = (
                    (sum(held.values()), sum(over.values())) if whole else (held.get(of, 0), over.get(of, 0))
                )
                found.append(Spending(standing, budget if whole else standing.orders_per_week, opened, beyond, waits))
        return found

    def move(
        self,
        of: str,
        actor: Actor,
        revision: int,
        at_us: int,
        reason: str,
        *,
        level: Level | None = None,
        pinned: bool | None = None,
        orders_per_week: int | str | None = "keep",
    ) -> Standing:
        """A person sets level, pin or budget (None: none of its own); what is not named stays.

        Raises Rejected without a reason, for an unknown class, for a level of the whole plant, and a budget below 0;
        Conflict for a stale revision. A changed level starts to count findings anew.
        """
        if not reason.strip():
            raise Rejected("reason_needed", "say why: the step is shown with its reason, and can be taken back")
        if of == WHOLE_PLANT and (level is not None or pinned):
            raise Rejected("plant_level", "the plant as a whole has a budget only; levels belong to classes")
        if isinstance(orders_per_week, int) and orders_per_week < 0:
            raise Rejected("budget", "a weekly budget is 0 or more orders; none (null) takes the own budget away")
        self._known(of)
        with self._records.write() as connection:
            before = self._locked(connection, of, revision)
            after = replace(before, by=actor.name, reason=reason.strip(), changed_at_us=at_us)
            if level is not None and level is not before.level:
                after = replace(after, level=level, counted_from_us=at_us)
            if pinned is not None:
                after = replace(after, pinned=pinned)
            if not isinstance(orders_per_week, str):
                after = replace(after, orders_per_week=orders_per_week)
            return self._keep(connection, before, after, actor, "set", at_us)

    def undo(self, of: str, actor: Actor, revision: int, at_us: int) -> Standing:
        """Take the newest step of a class back; once more takes that back. Raises Rejected when there was none."""
        self._known(of)
        with self._records.write() as connection:
            before = self._locked(connection, of, revision)
            subject = AUDIT.c.subject == SUBJECT + of
            query = sa.select(AUDIT).where(subject).order_by(AUDIT.c.seq.desc()).limit(1)
            last = connection.execute(query).mappings().one_or_none()
            if last is None:
                raise Rejected("no_step", f"{of or 'the plant'} was never moved: there is nothing to take back")
            told: Any = as_history(dict(last))["before"]
            after = replace(
                before,
                level=Level(told["level"]),
                pinned=told["pinned"],
                orders_per_week=told["orders_per_week"],
                counted_from_us=at_us,
                by=actor.name,
                reason=f"Step {last['seq']} taken back.",
                changed_at_us=at_us,
            )
            return self._keep(connection, before, after, actor, "undone", at_us)

    def measure(self, of: str, measured: Callable[[int], Measured], at_us: int) -> Standing | None:
        """One rung up or down by measured precision; None when nothing moves. `measured` counts the findings told from
        a moment on."""
        with self._records.write() as connection:
            before = standing_of(connection, of, self.rules)
            step = next_step(before, measured(before.counted_from_us))
            if step is None:
                return None
            level, reason = step
            locked = self._locked(connection, of, before.revision)
            action = "earned" if list(Level).index(level) > list(Level).index(before.level) else "lost"
            after = replace(
                locked, level=level, counted_from_us=at_us, by=BY_ITSELF.name, reason=reason, changed_at_us=at_us
            )
            return self._keep(connection, locked, after, BY_ITSELF, action, at_us)

    def steps(self, of: str | None = None, limit: int = 100) -> list[Json]:
        """Audit rows of levels and budgets, newest first: seq, at_us, actor, subject, action, before, after."""
        subject = AUDIT.c.subject.like(f"{SUBJECT}%") if of is None else AUDIT.c.subject == SUBJECT + of
        query = sa.select(AUDIT).where(subject).order_by(AUDIT.c.seq.desc()).limit(min(limit, MOST_STEPS))
        with self._records.read() as connection:
            return [as_history(dict(row)) for row in connection.execute(query).mappings()]

    def held(self, now_us: int, of: str | None = None, limit: int = 500) -> list[Held]:
        """What is held back now, the most urgent first."""
        where = _held_now(now_us) if of is None else _held_now(now_us) & (HELD_ADVICE.c.of == of)
        query = sa.select(HELD_ADVICE).where(where).order_by(HELD_ADVICE.c.priority, HELD_ADVICE.c.slack_h).limit(limit)
        with self._records.read() as connection:
            found = [_held(row) for row in connection.execute(query)]
        return sorted(found, key=lambda one: urgency(one.advice))

    def held_one(self, asset: str, fault: Fault) -> Held | None:
        """One of them, whatever became of it."""
        with self._records.read() as connection:
            row = connection.execute(sa.select(HELD_ADVICE).where(_named(asset, fault))).one_or_none()
        return None if row is None else _held(row)

    def release(
        self, orders: OrderBookSql, asset: str, fault: Fault, actor: Actor, revision: int, at_us: int
    ) -> WorkOrder:
        """A person opens the order for a held advice, outside of every budget.

        Raises Rejected when nothing of this asset and fault is held, Conflict for a stale revision, and when the order
        book says no (the component is cooling down).
        """
        with self._records.write() as connection:
            row = connection.execute(sa.select(HELD_ADVICE).where(_named(asset, fault)).with_for_update()).one_or_none()
            if row is None or row.state != "held":
                raise Rejected("not_held", f"no advice on {fault} of {asset} is held back: list what is")
            if row.revision != revision:
                raise Conflict(f"the held advice is at revision {row.revision}, not {revision}: read it again")
            rows = self.gate(connection)
            advice = _as_of(advice_of(row.body), at_us)
            reserve = standing_of(connection, row.of, self.rules).level is Level.RESERVE
            outcome = orders.release(advice, actor, ByPerson(rows, actor, reserve))
            if outcome.order is None or outcome.what == "cooling_down":
                raise Conflict(f"no order was opened for {fault} of {asset}: {outcome.what}")
            rows.settled(advice, outcome.order.id, actor)
            return outcome.order

    def end_stale(self, now_us: int) -> int:
        """Held advices that were not given again for two days end; how many."""
        stale = (HELD_ADVICE.c.state == "held") & (HELD_ADVICE.c.at_us <= now_us - FRESH_US)
        with self._records.write() as connection:
            rows = connection.execute(sa.select(HELD_ADVICE).where(stale)).all()
            for row in rows:
                fault = Fault(row.component, row.mechanism)
                ended = {"state": "ended", "revision": row.revision + 1}
                connection.execute(HELD_ADVICE.update().where(_named(row.asset, fault)).values(ended))
                subject = f"advice:{row.asset}:{row.component}:{row.mechanism}"
                entry = AuditEntry(now_us, BY_ITSELF, subject, "ended", {"state": "held"}, {"state": "ended"})
                append(connection, entry)
        return len(rows)

    def _known(self, of: str) -> None:
        classes = {asset.asset_class for asset in self._plant().assets}
        if of not in classes | {WHOLE_PLANT, INSTRUMENTS}:
            known = ", ".join(sorted(classes | {INSTRUMENTS}))
            raise Rejected("unknown_class", f"no machine is of the class {of!r}; there are: {known}")

    def _classes(self, rows: dict[str, Standing]) -> list[str]:
        named = {asset.asset_class for asset in self._plant().assets} | set(rows) - {WHOLE_PLANT}
        return [*sorted(named - {INSTRUMENTS}), INSTRUMENTS]

    def _locked(self, connection: sa.Connection, of: str, revision: int) -> Standing:
        rows = sa.select(AUTONOMY_STANDING.c.of).where(AUTONOMY_STANDING.c.of.in_([WHOLE_PLANT, of]))
        connection.execute(rows.with_for_update()).all()  # a class has no row before its first step: the plant's has
        found = standing_of(connection, of, self.rules)
        if found.revision != revision:
            raise Conflict(f"{of or 'the plant'} is at revision {found.revision}, not {revision}: read it again")
        return found

    def _keep(
        self, connection: sa.Connection, before: Standing, after: Standing, actor: Actor, action: str, at_us: int
    ) -> Standing:
        kept = replace(after, revision=before.revision + 1)
        row = {
            "level": None if kept.of == WHOLE_PLANT else kept.level.value,
            "pinned": kept.pinned,
            "orders_per_week": kept.orders_per_week,
            "counted_from_us": kept.counted_from_us,
            "by": kept.by,
            "reason": kept.reason,
            "changed_at_us": kept.changed_at_us,
            "revision": kept.revision,
        }
        mine = AUTONOMY_STANDING.c.of == kept.of
        if connection.execute(AUTONOMY_STANDING.update().where(mine).values(row)).rowcount == 0:
            connection.execute(AUTONOMY_STANDING.insert(), {"of": kept.of, **row})
        entry = AuditEntry(at_us, actor, SUBJECT + kept.of, action, _told(before), _told(kept))
        append(connection, entry)
        return kept


def _as_of(advice: Advice, now_us: int) -> Advice:
    """The advice as it is opened now: its dates as they were meant, none before now."""
    order_by_us = None if advice.order_by_us is None else max(advice.order_by_us, now_us)
    start_by_us = None if advice.start_by_us is None else max(advice.start_by_us, now_us)
    return replace(advice, at_us=max(now_us, advice.at_us), order_by_us=order_by_us, start_by_us=start_by_us)


def _told(standing: Standing) -> Json:
    return {
        "level": standing.level.value,
        "pinned": standing.pinned,
        "orders_per_week": standing.orders_per_week,
        "reason": standing.reason,
    }


def _named(asset: str, fault: Fault) -> sa.ColumnElement[bool]:
    held = HELD_ADVICE.c
    return (held.asset == asset) & (held.component == fault.component) & (held.mechanism == fault.mechanism)


def _held_now(now_us: int) -> sa.ColumnElement[bool]:
    return (HELD_ADVICE.c.state == "held") & (HELD_ADVICE.c.at_us > now_us - FRESH_US)


def _by_class(connection: sa.Connection, where: sa.ColumnElement[bool]) -> dict[str, int]:
    query = sa.select(HELD_ADVICE.c.of, sa.func.count().label("n")).where(where).group_by(HELD_ADVICE.c.of)
    return {row.of: int(row.n) for row in connection.execute(query)}


def _over_by_class(connection: sa.Connection, start_us: int) -> dict[str, int]:
    """Orders of the week that went out beyond the budget."""
    week = (AUTONOMY_ORDER.c.at_us >= start_us) & (AUTONOMY_ORDER.c.at_us < week_of(start_us)[1])
    beyond = week & AUTONOMY_ORDER.c.overspent
    query = sa.select(AUTONOMY_ORDER.c.of, sa.func.count().label("n")).where(beyond).group_by(AUTONOMY_ORDER.c.of)
    return {row.of: int(row.n) for row in connection.execute(query)}


def _held(row: sa.Row[Any]) -> Held:
    return Held(
        advice_of(row.body),
        row.of,
        row.state,
        row.why,
        row.reason,
        row.until_us,
        row.emergency,
        row.first_at_us,
        row.at_us,
        row.order_id,
        row.revision,
    )
