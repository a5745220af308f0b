"""The gate of the order book on the connection of one transaction: level, budgets, rate, windows, and what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forewarn.core.autonomy import (
    INSTRUMENTS,
    WEEK_US,
    WHOLE_PLANT,
    Level,
    Permit,
    Room,
    Standing,
    is_emergency,
    permit,
    urgency,
    usual_budget,
    week_of,
)
from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Plant
from forewarn.core.ports import Actor
from forewarn.core.windows import MaintenanceWindow
from forewarn.core.work import Advice, Decision, Json, OrderKind
from forewarn.maintenance import audit, outbox
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.autonomy.keeping import advice_text
from forewarn.maintenance.autonomy.tables import AUTONOMY_ORDER, AUTONOMY_STANDING, HELD_ADVICE
from forewarn.maintenance.autonomy.window_book import windows_now

BY_ITSELF = Actor("forewarn", "system")
UNKNOWN = "unknown"
"""Class of a machine that the plant file no longer knows."""

FRESH_US = 2 * US_PER_DAY
"""A held advice that was not given again for so long has ended: the machine is not in alarm any more."""

TOLD_AGAIN_US = US_PER_DAY
"""What stays held for the same reason is written again after so long, to show that it still stands."""

ANY_SLACK = 1e18


@dataclass(frozen=True, slots=True)
class AutonomyRules:
    """What the settings say: the level of a class without a past, orders a week for the plant (None: `usual_budget`),
    and the most that one machine may get in 24 h."""

    start_level: Level = Level.OPEN
    orders_per_week: int | None = None
    orders_per_asset_day: int = 4


def gated(kind: OrderKind) -> bool:
    """Does Forewarn open orders of this kind by itself?"""
    return kind in (OrderKind.CONDITION, OrderKind.INSTRUMENT)


def of_advice(advice: Advice, plant: Plant) -> str:
    """The class that an advice counts for; sensors of all machines are one."""
    if advice.kind is OrderKind.INSTRUMENT:
        return INSTRUMENTS
    asset = plant.asset(advice.asset)
    return (asset.asset_class if asset else "") or UNKNOWN


class AutonomyRows:
    """`orders.gate.Gate` within a write transaction."""

    def __init__(self, connection: sa.Connection, rules: AutonomyRules, plant: Plant) -> None:
        self._connection, self._rules, self._plant = connection, rules, plant

    def ask(self, advice: Advice) -> Permit:
        """Windows first, for they are about people at the machine; then level, rate and budgets."""
        if not gated(advice.kind):
            return Permit(True, draft="advice" if advice.decision is Decision.DRAFT else "")
        window = self._window(advice)
        if window is not None:
            found, until_us = window
            reason = f"In a maintenance window ({found.reason}): looked at again when it has ended."
            return Permit(False, reason, "window", until_us=until_us)
        of = of_advice(advice, self._plant)
        return permit(advice, standing_of(self._connection, of, self._rules).level, self._room(advice, of))

    def opened(self, advice: Advice, order_id: str, permit: Permit) -> None:
        """Spends the budget; says so aloud when there was none."""
        if not gated(advice.kind):
            return
        of = of_advice(advice, self._plant)
        row = {"order_id": order_id, "asset": advice.asset, "of": of, "at_us": advice.at_us}
        self._connection.execute(AUTONOMY_ORDER.insert(), {**row, "overspent": permit.overspent})
        self.settled(advice, order_id, BY_ITSELF)
        if permit.overspent:
            start_us, _ = week_of(advice.at_us)
            spent = spent_in(self._connection, start_us)
            told: Json = {"order": order_id, "asset": advice.asset, "class": of, "week_start_us": start_us}
            budget = budget_of(self._connection, self._rules, self._plant)
            outbox.post(
                self._connection, "autonomy.overspent", {**told, "budget": budget, "opened": spent}, advice.at_us
            )

    def held(self, advice: Advice, permit: Permit) -> None:
        """Keeps what was held back; writes only what is new, or once a day."""
        before = self._connection.execute(sa.select(HELD_ADVICE).where(_is(advice))).mappings().one_or_none()
        emergency = is_emergency(advice)
        values = {
            "of": of_advice(advice, self._plant),
            "state": "held",
            "why": permit.why,
            "reason": permit.reason,
            "until_us": permit.until_us,
            "priority": advice.priority,
            "slack_h": advice.slack_h,
            "risk_cost": advice.risk_cost,
            "emergency": emergency,
            "at_us": advice.at_us,
            "body": advice_text(advice),
            "order_id": None,
        }
        still = before is not None and before["state"] == "held" and advice.at_us - before["at_us"] < FRESH_US
        if before is None:
            key = {"asset": advice.asset, "component": advice.fault.component, "mechanism": advice.fault.mechanism}
            row = {**values, "first_at_us": advice.at_us, "revision": 1}
            self._connection.execute(HELD_ADVICE.insert(), {**key, **row})
        elif still and _nothing_new(before, values):
            return
        else:
            first_at_us = before["first_at_us"] if still else advice.at_us
            row = {**values, "first_at_us": first_at_us, "revision": before["revision"] + 1}
            self._connection.execute(HELD_ADVICE.update().where(_is(advice)).values(**row))
        was = _told(before) if before is not None and still else {}
        action = "still held" if still else "held"
        entry = AuditEntry(advice.at_us, BY_ITSELF, subject_of(advice), action, was, _told(values))
        seq = audit.append(self._connection, entry)
        if emergency and not (still and before is not None and before["emergency"]):
            told: Json = {"asset": advice.asset, "fault": str(advice.fault), "why": permit.why, "audit": seq}
            outbox.post(self._connection, "advice.emergency_held", {**told, "reason": permit.reason}, advice.at_us)

    def settled(self, advice: Advice, order_id: str, actor: Actor) -> None:
        """What was held of this machine (of this sensor) is on an order now."""
        same = HELD_ADVICE.c.asset == advice.asset
        mine = _is(advice) if advice.kind is OrderKind.INSTRUMENT else same & (HELD_ADVICE.c.of != INSTRUMENTS)
        rows = self._connection.execute(sa.select(HELD_ADVICE).where(mine, HELD_ADVICE.c.state == "held")).mappings()
        for row in rows.all():
            now = {"state": "opened", "order_id": order_id}
            where = (HELD_ADVICE.c.component == row["component"]) & (HELD_ADVICE.c.mechanism == row["mechanism"])
            changed = {**now, "revision": row["revision"] + 1}
            self._connection.execute(HELD_ADVICE.update().where(same & where).values(**changed))
            subject = f"advice:{row['asset']}:{row['component']}:{row['mechanism']}"
            was: Json = {"state": "held", "order_id": None}
            audit.append(self._connection, AuditEntry(advice.at_us, actor, subject, "opened", was, {**now}))

    def _window(self, advice: Advice) -> tuple[MaintenanceWindow, int] | None:
        asset = self._plant.asset(advice.asset)
        if asset is None:
            return None
        standing = [
            (window, occurrence[1])
            for window in windows_now(self._connection)
            if window.covers(asset) and (occurrence := window.at(advice.at_us))
        ]
        return max(standing, key=lambda one: one[1], default=None)

    def _room(self, advice: Advice, of: str) -> Room:
        """What is left; who asks holds the row of the plant until the transaction ends, so that nobody asks beside."""
        plant_row = sa.select(AUTONOMY_STANDING).where(AUTONOMY_STANDING.c.of == WHOLE_PLANT)
        self._connection.execute(plant_row.with_for_update()).one()
        start_us, _ = week_of(advice.at_us)
        own = standing_of(self._connection, of, self._rules).orders_per_week
        plant = budget_of(self._connection, self._rules, self._plant) - spent_in(self._connection, start_us)
        of_class = None if own is None else own - spent_in(self._connection, start_us, of)
        today = (AUTONOMY_ORDER.c.asset == advice.asset) & (AUTONOMY_ORDER.c.at_us > advice.at_us - US_PER_DAY)
        return Room(
            plant,
            of_class,
            self._rules.orders_per_asset_day - self._count(AUTONOMY_ORDER, today),
            self._before(advice) if plant > 0 else 0,
            self._before(advice, of) if of_class is not None and of_class > 0 else 0,
        )

    def _before(self, advice: Advice, of: str | None = None) -> int:
        """Advices held for the budget, still standing, of other machines, that are more urgent than this one."""
        held = HELD_ADVICE.c
        priority, slack_h, less_cost = urgency(advice)
        slack, mine = sa.func.coalesce(held.slack_h, ANY_SLACK), min(slack_h, ANY_SLACK)
        costlier = -sa.func.coalesce(held.risk_cost, 0.0) < less_cost
        sooner = (slack < mine) | ((slack == mine) & costlier)
        ahead = (held.priority < priority) | ((held.priority == priority) & sooner)
        waits = (held.state == "held") & (held.why == "budget") & (held.at_us > advice.at_us - FRESH_US)
        others = held.asset != advice.asset
        return self._count(HELD_ADVICE, waits & others & ahead & (held.of == of if of is not None else sa.true()))

    def _count(self, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(where)
        return int(self._connection.execute(query).scalar_one())


class ByPerson:
    """The gate of what a person releases: it goes out, and is no part of the budget."""

    def __init__(self, rows: AutonomyRows, actor: Actor, reserve: bool) -> None:
        self._rows, self._actor, self._reserve = rows, actor, reserve

    def ask(self, advice: Advice) -> Permit:
        """Always an order; never a draft, for a person wants it."""
        return Permit(True, f"Released by {self._actor.name}.", reserve=self._reserve)

    def opened(self, advice: Advice, order_id: str, permit: Permit) -> None:
        """What was held is settled."""
        self._rows.settled(advice, order_id, self._actor)

    def held(self, advice: Advice, permit: Permit) -> None:
        """Never happens."""


def standing_of(connection: sa.Connection, of: str, rules: AutonomyRules) -> Standing:
    """Where a class stands; one that nobody ever moved stands at the start level."""
    row = connection.execute(sa.select(AUTONOMY_STANDING).where(AUTONOMY_STANDING.c.of == of)).one_or_none()
    return Standing(of, rules.start_level) if row is None else standing_from(row, rules)


def standing_from(row: sa.Row[Any], rules: AutonomyRules) -> Standing:
    """A row as a value."""
    return Standing(
        row.of,
        Level(row.level) if row.level else rules.start_level,
        row.pinned,
        row.orders_per_week,
        row.counted_from_us,
        row.by,
        row.reason,
        row.changed_at_us,
        row.revision,
    )


def budget_of(connection: sa.Connection, rules: AutonomyRules, plant: Plant) -> int:
    """Orders a week of the whole plant: what a person set, else the settings, else the usual."""
    own = standing_of(connection, WHOLE_PLANT, rules).orders_per_week
    said = rules.orders_per_week if own is None else own
    return usual_budget(len(plant.assets)) if said is None else said


def spent_in(connection: sa.Connection, start_us: int, of: str | None = None) -> int:
    """Orders that Forewarn opened by itself in the week from a moment on, of the plant or of a class."""
    mine = (AUTONOMY_ORDER.c.at_us >= start_us) & (AUTONOMY_ORDER.c.at_us < start_us + WEEK_US)
    where = mine if of is None else mine & (AUTONOMY_ORDER.c.of == of)
    return int(connection.execute(sa.select(sa.func.count()).select_from(AUTONOMY_ORDER).where(where)).scalar_one())


def ranked(advices: Sequence[Advice]) -> list[Advice]:
    """The most urgent first: who asks in this order spends a budget well."""
    return sorted(advices, key=urgency)


def subject_of(advice: Advice) -> str:
    """What the audit calls a held advice."""
    return f"advice:{advice.asset}:{advice.fault.component}:{advice.fault.mechanism}"


def _is(advice: Advice) -> sa.ColumnElement[bool]:
    held, fault = HELD_ADVICE.c, advice.fault
    return (held.asset == advice.asset) & (held.component == fault.component) & (held.mechanism == fault.mechanism)


def _nothing_new(before: Any, values: dict[str, Any]) -> bool:
    same = all(before[name] == values[name] for name in ("why", "priority", "emergency", "until_us"))
    return same and values["at_us"] - before["at_us"] < TOLD_AGAIN_US


def _told(row: Any) -> Json:
    """A held advice in the audit: all but its body, which is evidence of its own."""
    names = ("state", "of", "why", "reason", "until_us", "priority", "slack_h", "risk_cost", "emergency", "at_us")
    return {name: row[name] for name in names}
