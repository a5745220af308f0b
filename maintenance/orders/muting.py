"""While somebody works on a machine its alarms open nothing: covers are off, it is started and stopped, sensors hang.

The first advice on each fault is kept, and again when it has become more urgent. When the work has ended it is looked
at again (`looked_at`): work that was broken off gives it to the book as it is; finished work waits for the verification
of its order, which has compared every signal of the machine with its healthy past.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine
from forewarn.core.work import Advice, Decision, Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.evidence import canonical, plain
from forewarn.maintenance.orders.department_tables import MUTED_ADVICE
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.orders.rows import read_orders
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, WORK_ORDER

IN_PROGRESS = WORK_ORDER.c.status == Status.INPRG.value


@dataclass(frozen=True, slots=True)
class Mute:
    """An asset is muted by an order in progress since a time (plant time, microseconds)."""

    asset: str
    order_id: str
    number: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Muted:
    """An advice that was kept while its asset was muted: first heard, and as it was when it was the most urgent."""

    order_id: str
    first_at_us: int
    last_at_us: int
    advice: Advice


def look_at(muted: Muted, order: WorkOrder) -> str:
    """What becomes of kept advice now that nobody works on the machine: "keep", "advise" or "let go".

    Sensors are looked at anew with every assessment, whatever was repaired, so their advice is let go.
    """
    if muted.advice.kind is OrderKind.INSTRUMENT:
        return "let go"
    if order.status is Status.COMP and order.verification is Verification.PENDING:
        return "keep"
    return "let go" if order.verification is Verification.PASSED else "advise"


class MuteBook:
    """Which assets are muted, and what was kept meanwhile."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def muted(self, asset: str | None = None) -> list[Mute]:
        """Assets that somebody works on, one row for each order in progress, by asset."""
        query = sa.select(WORK_ORDER.c.id, WORK_ORDER.c.number, WORK_ORDER.c.asset).where(IN_PROGRESS)
        if asset is not None:
            query = query.where(WORK_ORDER.c.asset == asset)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(WORK_ORDER.c.asset, WORK_ORDER.c.number)).all()
            return [Mute(row.asset, row.id, row.number, _since(connection, row.id)) for row in rows]

    def kept(self, asset: str | None = None) -> list[Muted]:
        """Advice that waits to be looked at again, the first heard first."""
        query = sa.select(MUTED_ADVICE)
        if asset is not None:
            query = query.where(MUTED_ADVICE.c.asset == asset)
        with self._records.read() as connection:
            return [_muted(row) for row in connection.execute(query.order_by(MUTED_ADVICE.c.first_at_us))]

    def keep(self, advice: Advice) -> WorkOrder | None:
        """Keep an advice when its asset is muted now; the order that mutes it, or None when it is not muted.

        Written only for a fault that was not heard of, or when it has become more urgent.
        """
        if advice.decision is Decision.WAIT or not self.muted(advice.asset):
            return None
        with self._records.write() as connection:
            working = sa.select(WORK_ORDER).where(WORK_ORDER.c.asset == advice.asset, IN_PROGRESS)
            found = read_orders(connection, working.order_by(WORK_ORDER.c.number).limit(1).with_for_update(), False)
            if not found:
                return None  # the work ended in this moment
            order = found[0].order
            before = _known(connection, advice)
            if before is None or advice.priority < before.advice.priority:
                first_us = before.first_at_us if before else advice.at_us
                _keep(connection, Muted(order.id, first_us, advice.at_us, advice), before)
            return order

    def look_again(self, advise: Callable[[Advice], str], now_us: int) -> list[tuple[Muted, str]]:
        """Look at all that was kept for machines on which nobody works any more. `advise` gives an advice to the book
        and says what came of it. Answers what was looked at, with "let go" or that word."""
        return [
            (one, became)
            for one in self.kept()
            if not self.muted(one.advice.asset) and (became := self._looked_at(one, advise, now_us))
        ]

    def _looked_at(self, one: Muted, advise: Callable[[Advice], str], now_us: int) -> str:
        with self._records.write() as connection:
            order = read_orders(connection, sa.select(WORK_ORDER).where(WORK_ORDER.c.id == one.order_id), False)[
                0
            ].order
            became = look_at(one, order)
            if became == "keep":
                return ""
            if not connection.execute(MUTED_ADVICE.delete().where(_is(one.advice))).rowcount:
                return ""  # another program has looked at it
            if became == "advise":
                became = advise(replace(one.advice, at_us=now_us))
            told: Json = {"fault": str(one.advice.fault), "became": became, "order": order.number}
            append(connection, AuditEntry(now_us, SYSTEM, subject_of(one.advice.asset), "looked again", {}, told))
        return became


def subject_of(asset: str) -> str:
    """Subject of the audit rows about what was muted of an asset."""
    return f"muted:{asset}"


def advice_of(kept: Json) -> Advice:
    """The inverse of `evidence.plain` for an advice."""
    told: dict[str, Any] = {**kept}
    fault, parts = told["fault"], told["parts"]
    return Advice(
        **{
            **told,
            "fault": Fault(fault["component"], fault["mechanism"]),
            "kind": OrderKind(told["kind"]),
            "decision": Decision(told["decision"]),
            "parts": tuple(PartLine(**line) for line in parts),
            "steps": tuple(told["steps"]),
        }
    )


def _since(connection: sa.Connection, order_id: str) -> int:
    began = sa.select(sa.func.max(AUDIT.c.at_us)).where(
        AUDIT.c.subject == order_id, AUDIT.c.action == Status.INPRG.value
    )
    return int(connection.execute(began).scalar() or 0)


def _is(advice: Advice) -> sa.ColumnElement[bool]:
    return (MUTED_ADVICE.c.asset == advice.asset) & (MUTED_ADVICE.c.fault == str(advice.fault))


def _known(connection: sa.Connection, advice: Advice) -> Muted | None:
    row = connection.execute(sa.select(MUTED_ADVICE).where(_is(advice))).one_or_none()
    return None if row is None else _muted(row)


def _keep(connection: sa.Connection, muted: Muted, before: Muted | None) -> None:
    advice = muted.advice
    values = {
        "order_id": muted.order_id,
        "first_at_us": muted.first_at_us,
        "last_at_us": muted.last_at_us,
        "advice": canonical(plain(advice)),
    }
    if before is None:
        connection.execute(MUTED_ADVICE.insert(), {"asset": advice.asset, "fault": str(advice.fault), **values})
    else:
        connection.execute(MUTED_ADVICE.update().where(_is(advice)).values(values))
    was: Json = {"priority": before.advice.priority} if before else {}
    told: Json = {
        "fault": str(advice.fault),
        "priority": advice.priority,
        "reason": advice.reason,
        "order": muted.order_id,
    }
    seq = append(connection, AuditEntry(muted.last_at_us, SYSTEM, subject_of(advice.asset), "muted", was, told))
    outbox.post(connection, "advice.muted", {"asset": advice.asset, **told, "audit": seq}, muted.last_at_us)


def _muted(row: sa.Row[tuple[object, ...]]) -> Muted:
    return Muted(row.order_id, row.first_at_us, row.last_at_us, advice_of(json.loads(row.advice)))
