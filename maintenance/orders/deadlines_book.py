"""Clocks of open orders, who is on call, and every call once: in the records, with audit row and message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Json, OrderKind, Status
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.deadlines import (
    AS_USUAL,
    Clock,
    ClockName,
    DeadlineSettings,
    Rung,
    StatusAt,
    clocks_of,
    rungs_due,
)
from forewarn.maintenance.orders.department_tables import ON_CALL, ORDER_ESCALATION
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.maintenance.orders.rows import IS_OPEN
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, WORK_ORDER

CHUNK = 400
"""Orders asked for in one statement."""

NOBODY = ""
TELLS_STATUS = AUDIT.c.after.like('%"status":%')


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who answers for a rota in [from, until)."""

    id: int
    rota: str
    person: str
    contact: str
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody was called about a clock of an order; `person` is "" when nobody was on call."""

    order_id: str
    number: str
    asset: str
    clock: ClockName
    rung: Rung
    person: str
    contact: str


@dataclass(frozen=True, slots=True)
class Timed:
    """An open order with its clocks."""

    order_id: str
    number: str
    asset: str
    kind: OrderKind
    priority: int
    clocks: tuple[Clock, ...]


class DeadlineBook:
    """Reads clocks from the audit, calls people once, and keeps the rota."""

    def __init__(self, records: Records, settings: DeadlineSettings = AS_USUAL) -> None:
        self._records, self.settings = records, settings

    def clocks(self, order_id: str, now_us: int) -> list[Clock]:
        """Clocks of one order by id. Raises Rejected when there is none."""
        with self._records.read() as connection:
            found = connection.execute(_orders().where(WORK_ORDER.c.id == order_id)).one_or_none()
            if found is None:
                raise Rejected("unknown_order", f"there is no order {order_id}")
            history = histories(connection, [order_id]).get(order_id, [])
        return clocks_of(OrderKind(found.kind), found.priority, history, now_us, self.settings)

    def open_orders(self, now_us: int) -> list[Timed]:
        """Every open order of a kind that has clocks, and those clocks."""
        kinds = {kind.value for kind in (*self.settings.response_h, *self.settings.completion_h)}
        query = _orders().where(IS_OPEN, WORK_ORDER.c.kind.in_(kinds)).order_by(WORK_ORDER.c.number)
        found: list[Timed] = []
        with self._records.read() as connection:
            rows = connection.execute(query).all()
            for start in range(0, len(rows), CHUNK):
                part = rows[start : start + CHUNK]
                known = histories(connection, [row.id for row in part])
                for row in part:
                    kind = OrderKind(row.kind)
                    clocks = clocks_of(kind, row.priority, known.get(row.id, []), now_us, self.settings)
                    found.append(Timed(row.id, row.number, row.asset, kind, row.priority, tuple(clocks)))
        return found

    def escalate(self, now_us: int) -> list[Call]:
        """Call who the ladder names for every clock that has passed a rung, each once: audit row and message
        `order.escalated` to the person on call (to the rota alone when nobody is)."""
        due = [
            (timed, clock, rung)
            for timed in self.open_orders(now_us)
            for clock in timed.clocks
            for rung in rungs_due(clock, self.settings)
        ]
        if not due:
            return []
        called = self._called([timed.order_id for timed, _, _ in due])
        fresh = [one for one in due if (one[0].order_id, one[1].name.value, one[2].level) not in called]
        return [call for one in fresh if (call := self._call(*one, now_us))]

    def calls(self, order_id: str) -> list[Json]:
        """Who was called for an order, oldest first: clock, level, at_us, rota, person."""
        query = sa.select(ORDER_ESCALATION).where(ORDER_ESCALATION.c.order_id == order_id)
        with self._records.read() as connection:
            ordered = query.order_by(ORDER_ESCALATION.c.at_us, ORDER_ESCALATION.c.level)
            return [dict(row) for row in connection.execute(ordered).mappings()]

    def add_on_call(
        self, rota: str, person: str, contact: str, from_us: int, until_us: int, actor: Actor, at_us: int
    ) -> OnCall:
        """Put somebody on a rota. Raises Rejected without a name, for an empty span, and where somebody else is on
        call already."""
        if not rota.strip() or not person.strip():
            raise Rejected("on_call_name", "name the rota and the person")
        if until_us <= from_us:
            raise Rejected("on_call_span", "a turn on call ends after it begins")
        with self._records.write() as connection:
            overlaps = (ON_CALL.c.rota == rota) & (ON_CALL.c.from_us < until_us) & (ON_CALL.c.until_us > from_us)
            taken = connection.execute(sa.select(ON_CALL.c.person).where(overlaps)).scalar()
            if taken is not None:
                raise Rejected("on_call_taken", f"{taken} is on call for {rota} in that time: end that turn first")
            row = {"rota": rota, "person": person, "contact": contact, "from_us": from_us, "until_us": until_us}
            made = connection.execute(ON_CALL.insert(), row)
            assert made.inserted_primary_key is not None
            turn = OnCall(id=int(made.inserted_primary_key[0]), **row)  # type: ignore[arg-type]  # as the columns are
            append(connection, AuditEntry(at_us, actor, _subject(rota), "on call", {}, plain_object(turn)))
        return turn

    def remove_on_call(self, turn_id: int, actor: Actor, at_us: int) -> None:
        """Take a turn back. Raises Rejected when there is none of this number."""
        with self._records.write() as connection:
            row = connection.execute(sa.select(ON_CALL).where(ON_CALL.c.id == turn_id)).one_or_none()
            if row is None:
                raise Rejected("unknown_turn", f"there is no turn {turn_id} on call")
            connection.execute(ON_CALL.delete().where(ON_CALL.c.id == turn_id))
            was = plain_object(OnCall(**row._asdict()))
            append(connection, AuditEntry(at_us, actor, _subject(row.rota), "off call", was, {}))

    def rota(self, now_us: int) -> list[OnCall]:
        """Turns that have not ended, by rota and time."""
        query = sa.select(ON_CALL).where(ON_CALL.c.until_us > now_us).order_by(ON_CALL.c.rota, ON_CALL.c.from_us)
        with self._records.read() as connection:
            return [OnCall(**row._asdict()) for row in connection.execute(query)]

    def _called(self, ids: Sequence[str]) -> set[tuple[str, str, int]]:
        found: set[tuple[str, str, int]] = set()
        with self._records.read() as connection:
            for start in range(0, len(ids), CHUNK):
                mine = ORDER_ESCALATION.c.order_id.in_(ids[start : start + CHUNK])
                rows = connection.execute(sa.select(ORDER_ESCALATION).where(mine))
                found |= {(row.order_id, row.clock, row.level) for row in rows}
        return found

    def _call(self, timed: Timed, clock: Clock, rung: Rung, now_us: int) -> Call | None:
        """None when another program was faster: the key of the row lets one of them call."""
        with self._records.write() as connection:
            locked = sa.select(WORK_ORDER.c.id).where(WORK_ORDER.c.id == timed.order_id).with_for_update()
            connection.execute(locked)
            key = {"order_id": timed.order_id, "clock": clock.name.value, "level": rung.level}
            mine = sa.and_(*(ORDER_ESCALATION.c[name] == value for name, value in key.items()))
            if connection.execute(sa.select(ORDER_ESCALATION.c.level).where(mine)).first():
                return None
            turn = _on_call_at(connection, rung.rota, now_us)
            call = Call(
                timed.order_id, timed.number, timed.asset, clock.name, rung,
                turn.person if turn else NOBODY, turn.contact if turn else NOBODY,
            )  # fmt: skip
            connection.execute(
                ORDER_ESCALATION.insert().values(**key, at_us=now_us, rota=rung.rota, person=call.person)
            )
            told: Json = {
                "clock": clock.name.value,
                "level": rung.level,
                "rota": rung.rota,
                "person": call.person,
                "contact": call.contact,
                "used_h": clock.used_h,
                "limit_h": clock.limit_h,
                "breached": clock.over_h > 0,
            }
            seq = append(connection, AuditEntry(now_us, SYSTEM, f"clock:{timed.order_id}", "escalated", {}, told))
            about: Json = {"order": timed.order_id, "number": timed.number, "asset": timed.asset}
            outbox.post(connection, "order.escalated", {**about, **told, "audit": seq}, now_us)
        return call


def histories(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[StatusAt]]:
    """Status history of orders by id, from their audit rows: the opening and every change of the status."""
    query = sa.select(AUDIT.c.subject, AUDIT.c.at_us, AUDIT.c.after).where(AUDIT.c.subject.in_(ids), TELLS_STATUS)
    found: dict[str, list[StatusAt]] = {}
    for row in connection.execute(query.order_by(AUDIT.c.seq)):
        status = json.loads(row.after).get("status")
        if isinstance(status, str):
            found.setdefault(row.subject, []).append((row.at_us, Status(status)))
    return found


def _orders() -> sa.Select[tuple[object, ...]]:
    columns = (WORK_ORDER.c.id, WORK_ORDER.c.number, WORK_ORDER.c.asset, WORK_ORDER.c.kind, WORK_ORDER.c.priority)
    return sa.select(*columns)


def _on_call_at(connection: sa.Connection, rota: str, at_us: int) -> OnCall | None:
    now = (ON_CALL.c.rota == rota) & (ON_CALL.c.from_us <= at_us) & (ON_CALL.c.until_us > at_us)
    row = connection.execute(sa.select(ON_CALL).where(now).limit(1)).one_or_none()
    return None if row is None else OnCall(**row._asdict())


def _subject(rota: str) -> str:
    return f"on_call:{rota}"
