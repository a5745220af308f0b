"""Policies, reviews and kept forecasts in the records, on SQLite or PostgreSQL.

Several programs may use it at once: the slot of a review is claimed by one of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forewarn.core.demand import LineState
from forewarn.core.ports import Actor
from forewarn.core.work import Json, OrderKind
from forewarn.maintenance.audit import AuditEntry, append, history_of
from forewarn.maintenance.demand.desk import (
    Held,
    KeptPolicy,
    Line,
    MonthForecast,
    subject,
    take_decision,
    take_judgement,
    take_reversal,
    take_review,
)
from forewarn.maintenance.demand.plain_demand import (
    demand_from,
    demand_json,
    reviewed_from,
    reviewed_json,
    standing_from,
    standing_json,
)
from forewarn.maintenance.demand.review import Reviewed
from forewarn.maintenance.demand.tables import DEMAND_REVIEW, PART_FORECAST, PART_POLICY, POLICY_LINE
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.outbox import post
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_postgresql import in_turn
from forewarn.maintenance.records_tables import WORK_ORDER

SOME = 500


class DemandBook:
    """What is kept of demand. Every change is one transaction with its audit rows and messages; see `demand.desk`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def hold(
        self,
        slot: str,
        lines: Sequence[Reviewed],
        forecasts: Sequence[MonthForecast],
        at_once_below: float,
        actor: Actor,
        at_us: int,
    ) -> list[Line] | None:
        """See `desk.take_review`."""
        with self._records.write() as connection:
            return take_review(DemandRows(connection), slot, lines, forecasts, at_once_below, actor, at_us)

    def decide(self, line: int, approve: bool, actor: Actor, note: str, at_us: int) -> Line:
        """See `desk.take_decision`."""
        with self._records.write() as connection:
            return take_decision(DemandRows(connection), line, approve, actor, note, at_us)

    def reverse(self, line: int, actor: Actor, note: str, at_us: int) -> Line:
        """See `desk.take_reversal`."""
        with self._records.write() as connection:
            return take_reversal(DemandRows(connection), line, actor, note, at_us)

    def judge(self, month: str, issued: dict[str, float], actor: Actor, at_us: int) -> int:
        """See `desk.take_judgement`."""
        with self._records.write() as connection:
            return take_judgement(DemandRows(connection), month, issued, actor, at_us)

    def policy(self, part: str) -> KeptPolicy | None:
        """The policy in force."""
        return self.policies([part]).get(part)

    def policies(self, parts: Sequence[str] | None = None) -> dict[str, KeptPolicy]:
        """Policies in force, of some parts or of all."""
        query = sa.select(PART_POLICY).order_by(PART_POLICY.c.part)
        if parts is not None:
            query = query.where(PART_POLICY.c.part.in_(list(parts)))
        with self._records.read() as connection:
            return {row.part: _policy(row) for row in connection.execute(query)}

    def held(self, limit: int = 100) -> list[Held]:
        """Reviews that were held, newest first."""
        query = sa.select(DEMAND_REVIEW).order_by(DEMAND_REVIEW.c.at_us.desc(), DEMAND_REVIEW.c.slot).limit(limit)
        with self._records.read() as connection:
            return [Held(row.slot, row.at_us, row.by, json.loads(row.body)) for row in connection.execute(query)]

    def is_held(self, slot: str) -> bool:
        """Was this review held?"""
        query = sa.select(DEMAND_REVIEW.c.slot).where(DEMAND_REVIEW.c.slot == slot)
        with self._records.read() as connection:
            return connection.execute(query).scalar() is not None

    def line(self, id: int) -> Line | None:
        """One line."""
        with self._records.read() as connection:
            row = connection.execute(sa.select(POLICY_LINE).where(POLICY_LINE.c.id == id)).one_or_none()
        return None if row is None else _line(row)

    def lines(
        self, slot: str | None = None, state: LineState | None = None, part: str | None = None, limit: int = 500
    ) -> list[Line]:
        """Lines of reviews, newest first; of one review, in one state, of one part."""
        query = sa.select(POLICY_LINE).order_by(POLICY_LINE.c.id.desc()).limit(limit)
        for column, wanted in (("slot", slot), ("state", state.value if state else None), ("part", part)):
            if wanted is not None:
                query = query.where(POLICY_LINE.c[column] == wanted)
        with self._records.read() as connection:
            return [_line(row) for row in connection.execute(query)]

    def forecasts(
        self, month: str | None = None, part: str | None = None, judged: bool | None = None
    ) -> list[MonthForecast]:
        """Kept forecasts, oldest month first; judged ones, or those that wait for their month to be over."""
        query = sa.select(PART_FORECAST).order_by(PART_FORECAST.c.month, PART_FORECAST.c.part)
        for column, wanted in (("month", month), ("part", part)):
            if wanted is not None:
                query = query.where(PART_FORECAST.c[column] == wanted)
        if judged is not None:
            is_judged = PART_FORECAST.c.judged_at_us.is_not(None)
            query = query.where(is_judged if judged else sa.not_(is_judged))
        with self._records.read() as connection:
            return [_forecast(row) for row in connection.execute(query)]

    def history(self, part: str) -> list[Json]:
        """Audit rows of a part's policy, oldest first."""
        with self._records.read() as connection:
            return history_of(connection, subject(part))

    def kinds(self, orders: Sequence[str]) -> Mapping[str, OrderKind]:
        """Kind of each order by id."""
        found: dict[str, OrderKind] = {}
        with self._records.read() as connection:
            for first in range(0, len(orders), SOME):
                some = list(orders[first : first + SOME])
                rows = connection.execute(
                    sa.select(WORK_ORDER.c.id, WORK_ORDER.c.kind).where(WORK_ORDER.c.id.in_(some))
                )
                found |= {row.id: OrderKind(row.kind) for row in rows}
        return found


class DemandRows:
    """`desk.DemandStore` over one transaction; writers of this book take turns."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        in_turn(connection, "demand")

    def claim(self, held: Held) -> bool:
        """See `DemandStore`."""
        there = sa.select(DEMAND_REVIEW.c.slot).where(DEMAND_REVIEW.c.slot == held.slot)
        if self._connection.execute(there).scalar() is not None:
            return False
        row = {"slot": held.slot, "at_us": held.at_us, "by": held.by, "body": canonical(held.counts)}
        self._connection.execute(DEMAND_REVIEW.insert(), row)
        return True

    def policy(self, part: str) -> KeptPolicy | None:
        """See `DemandStore`."""
        row = self._connection.execute(sa.select(PART_POLICY).where(PART_POLICY.c.part == part)).one_or_none()
        return None if row is None else _policy(row)

    def keep_policy(self, kept: KeptPolicy) -> None:
        """See `DemandStore`."""
        part, body = kept.standing.part, canonical(standing_json(kept.standing))
        values = {"revision": kept.revision, "changed_at_us": kept.changed_at_us, "body": body}
        if kept.revision == 1:
            self._connection.execute(PART_POLICY.insert(), {"part": part, **values})
        else:
            self._connection.execute(PART_POLICY.update().where(PART_POLICY.c.part == part).values(values))

    def drop_policy(self, part: str) -> None:
        """See `DemandStore`."""
        self._connection.execute(PART_POLICY.delete().where(PART_POLICY.c.part == part))

    def add_line(self, line: Line) -> Line:
        """See `DemandStore`."""
        values = {
            "slot": line.slot, "part": line.part, "state": line.state.value, "policy_revision": line.policy_revision,
            "money": line.reviewed.money, "body": canonical(reviewed_json(line.reviewed)), "at_us": line.at_us,
            "decided_at_us": line.decided_at_us, "decided_by": line.decided_by, "note": line.note,
        }  # fmt: skip
        key = self._connection.execute(POLICY_LINE.insert(), values).inserted_primary_key
        return replace(line, id=int(key[0])) if key else line

    def line(self, id: int) -> Line | None:
        """See `DemandStore`."""
        row = self._connection.execute(sa.select(POLICY_LINE).where(POLICY_LINE.c.id == id)).one_or_none()
        return None if row is None else _line(row)

    def change_line(self, line: Line) -> None:
        """See `DemandStore`."""
        values = {
            "state": line.state.value, "decided_at_us": line.decided_at_us, "decided_by": line.decided_by,
            "note": line.note,
        }  # fmt: skip
        self._connection.execute(POLICY_LINE.update().where(POLICY_LINE.c.id == line.id).values(values))

    def proposed(self, part: str) -> Line | None:
        """See `DemandStore`."""
        of = POLICY_LINE.c
        query = sa.select(POLICY_LINE).where(of.part == part, of.state == LineState.PROPOSED.value)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _line(row)

    def add_forecast(self, forecast: MonthForecast) -> None:
        """See `DemandStore`."""
        values = {
            "month": forecast.month, "part": forecast.demand.part, "from_us": forecast.from_us,
            "to_us": forecast.to_us, "body": canonical(demand_json(forecast.demand)),
        }  # fmt: skip
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        self._connection.execute(dialect.insert(PART_FORECAST).values(values).on_conflict_do_nothing())

    def judge(self, month: str, part: str, issued: float, at_us: int) -> None:
        """See `DemandStore`."""
        mine = (PART_FORECAST.c.month == month) & (PART_FORECAST.c.part == part)
        self._connection.execute(PART_FORECAST.update().where(mine).values(issued=issued, judged_at_us=at_us))

    def record(self, entry: AuditEntry) -> int:
        """See `DemandStore`."""
        return append(self._connection, entry)

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """See `DemandStore`."""
        post(self._connection, kind, body, at_us)


def _policy(row: sa.Row[tuple[object, ...]]) -> KeptPolicy:
    return KeptPolicy(standing_from(json.loads(row.body)), row.revision, row.changed_at_us)


def _line(row: sa.Row[tuple[object, ...]]) -> Line:
    return Line(
        row.id, row.slot, LineState(row.state), row.policy_revision, reviewed_from(json.loads(row.body)), row.at_us,
        row.decided_at_us, row.decided_by, row.note,
    )  # fmt: skip


def _forecast(row: sa.Row[tuple[object, ...]]) -> MonthForecast:
    demand = demand_from(json.loads(row.body))
    return MonthForecast(row.month, row.from_us, row.to_us, demand, row.issued, row.judged_at_us)
