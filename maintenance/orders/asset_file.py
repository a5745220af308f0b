"""What the records say of one asset over its whole life: orders page by page, sums, parts, costs, models, changes.

Built to stay quick with millions of closed orders: every statement enters by the index on (asset, created_at_us), and
no sum looks at more than the newest `MOST` orders of the asset (`Sums.complete` says whether that was all).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forewarn.core.health import ModelRef
from forewarn.core.jobs import LineKind
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.audit import as_history
from forewarn.maintenance.orders.rows import IS_OPEN, read_orders
from forewarn.maintenance.orders.tables import ORDER_LINE
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, ORDER_CAUSE, ORDER_PART, WORK_ORDER

MOST = 5_000
"""Orders that sums look at: one a day for 13 years."""

MOST_EVIDENCE = 100
"""Causes whose evidence is opened for the models that decided."""

MOST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of orders goes on: before this moment, and at it before this number."""

    created_at_us: int
    number: str


@dataclass(frozen=True, slots=True)
class Sums:
    """Orders of an asset counted: `by_kind` and `by_status`, open ones, and the span from the first to the newest.

    `complete`: False when the asset has more than `MOST` orders and only the newest of them were counted.
    """

    orders: int
    open_orders: int
    by_kind: dict[str, int]
    by_status: dict[str, int]
    verifications: dict[str, int]
    first_at_us: int | None
    newest_at_us: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """Money of one currency, labour hours and hours of standstill, as reported; lines that were replaced do not
    count."""

    currency: str
    labour: float
    parts: float
    other: float
    hours: float

    @property
    def total(self) -> float:
        """All of it."""
        return round(self.labour + self.parts + self.other, 2)


@dataclass(frozen=True, slots=True)
class PartUse:
    """A part over the life of an asset: pieces reported as used, pieces planned on its orders, in how many orders it
    stands, and when last."""

    part: str
    used: float
    planned: int
    orders: int
    last_at_us: int


@dataclass(frozen=True, slots=True)
class Decider:
    """A version of a model that had a say in opening orders: in how many of those looked at, and when."""

    model: ModelRef
    orders: int
    first_at_us: int
    last_at_us: int


class AssetFileRows:
    """Reads of one asset's past. Every call is one consistent view."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def orders(self, asset: str, before: Place | None = None, limit: int = 50) -> list[WorkOrder]:
        """A page of orders, newest first, without their evidence; the next page begins `before` its last one."""
        query = sa.select(WORK_ORDER).where(WORK_ORDER.c.asset == asset)
        if before is not None:
            at, number = WORK_ORDER.c.created_at_us, WORK_ORDER.c.number
            earlier = sa.tuple_(at, number) < (before.created_at_us, before.number)
            query = query.where(at <= before.created_at_us, earlier)
        newest = query.order_by(WORK_ORDER.c.created_at_us.desc(), WORK_ORDER.c.number.desc())
        with self._records.read() as connection:
            found = read_orders(connection, newest.limit(min(limit, MOST_PAGE)), evidence=False)
        return [kept.order for kept in found]

    def sums(self, asset: str) -> Sums:
        """How many orders, of which kinds, in which statuses."""
        newest = _newest(asset)
        columns = (newest.c.kind, newest.c.status, newest.c.verification)
        is_open = sa.func.sum(sa.case((newest.c.is_open, 1), else_=0))
        query = sa.select(
            *columns, sa.func.count(), is_open, sa.func.min(newest.c.created_at_us), sa.func.max(newest.c.created_at_us)
        )
        with self._records.read() as connection:
            rows = [tuple(row) for row in connection.execute(query.group_by(*columns))]
        counted = sum(row[3] for row in rows)
        return Sums(
            orders=counted,
            open_orders=sum(row[4] for row in rows),
            by_kind=_by(rows, 0),
            by_status=_by(rows, 1),
            verifications=_by(rows, 2),
            first_at_us=min((row[5] for row in rows), default=None),
            newest_at_us=max((row[6] for row in rows), default=None),
            complete=counted < MOST,
        )

    def spent(self, asset: str) -> list[Spent]:
        """What was reported, by currency of the order."""
        newest, line, replaced = _newest(asset), ORDER_LINE.c, ORDER_LINE.alias()
        counts = ~sa.exists().where(replaced.c.order_id == line.order_id, replaced.c.corrects == line.seq)
        query = (
            sa.select(newest.c.currency, line.kind, sa.func.sum(line.amount), sa.func.sum(line.quantity))
            .join(newest, newest.c.id == line.order_id)
            .where(counts)
            .group_by(newest.c.currency, line.kind)
        )
        found: dict[str, dict[str, tuple[float, float]]] = {}
        with self._records.read() as connection:
            for currency, kind, amount, quantity in connection.execute(query):
                found.setdefault(currency, {})[kind] = (float(amount), float(quantity))
        return [_spent(currency, sums) for currency, sums in sorted(found.items())]

    def parts(self, asset: str) -> list[PartUse]:
        """Parts that were planned or used, most used first."""
        found: dict[str, list[float]] = {}
        for part, orders, planned, used, last_us in [*self._planned(asset), *self._used(asset)]:
            row = found.setdefault(part, [0.0, 0.0, 0.0, 0.0])
            row[0] += used
            row[1] += planned
            row[2], row[3] = max(row[2], orders), max(row[3], last_us)
        uses = [PartUse(part, r[0], round(r[1]), round(r[2]), round(r[3])) for part, r in found.items()]
        return sorted(uses, key=lambda use: (-use.used, -use.planned, use.part))

    def deciders(self, asset: str) -> list[Decider]:
        """Versions of models in the evidence of the newest causes, the newest first."""
        query = sa.select(ORDER_CAUSE.c.order_id, ORDER_CAUSE.c.added_at_us, ORDER_CAUSE.c.evidence)
        newest = _newest(asset, MOST_EVIDENCE)
        mine = query.join(newest, newest.c.id == ORDER_CAUSE.c.order_id).order_by(ORDER_CAUSE.c.added_at_us.desc())
        seen: dict[ModelRef, tuple[set[str], list[int]]] = {}
        with self._records.read() as connection:
            for row in connection.execute(mine.limit(MOST_EVIDENCE)):
                for ref in _models(json.loads(row.evidence)):
                    orders, times = seen.setdefault(ref, (set(), []))
                    orders.add(row.order_id)
                    times.append(row.added_at_us)
        found = [Decider(ref, len(orders), min(times), max(times)) for ref, (orders, times) in seen.items()]
        return sorted(found, key=lambda one: -one.last_at_us)

    def changes(self, asset: str, orders: Sequence[str], limit: int = 100) -> list[Json]:
        """Audit rows of the asset itself (shelving, readings by hand, muting) and of these orders by id, with the steps
        of other departments, verification and calls: the newest first."""
        subjects = [f"{about}:{asset}" for about in ("shelf", "readings", "muted")]
        for id in orders:
            subjects += [id, f"steps:{id}", f"verification:{id}", f"clock:{id}"]
        query = AUDIT.select().where(AUDIT.c.subject.in_(subjects)).order_by(AUDIT.c.seq.desc()).limit(limit)
        with self._records.read() as connection:
            return [as_history(dict(row)) for row in connection.execute(query).mappings()]

    def _planned(self, asset: str) -> list[tuple[str, int, int, float, int]]:
        newest, part = _newest(asset), ORDER_PART.c
        query = sa.select(part.part, sa.func.count(), sa.func.sum(part.quantity), sa.func.max(newest.c.created_at_us))
        joined = query.join(newest, newest.c.id == part.order_id).group_by(part.part)
        with self._records.read() as connection:
            rows = connection.execute(joined).all()
        return [(part, orders, planned, 0.0, last_us) for part, orders, planned, last_us in rows]

    def _used(self, asset: str) -> list[tuple[str, int, int, float, int]]:
        newest, line, replaced = _newest(asset), ORDER_LINE.c, ORDER_LINE.alias()
        counts = ~sa.exists().where(replaced.c.order_id == line.order_id, replaced.c.corrects == line.seq)
        query = sa.select(
            line.what,
            sa.func.count(sa.distinct(line.order_id)),
            sa.func.sum(line.quantity),
            sa.func.max(line.at_us),
        )
        mine = query.join(newest, newest.c.id == line.order_id).where(line.kind == LineKind.PART.value, counts)
        with self._records.read() as connection:
            rows = connection.execute(mine.group_by(line.what)).all()
        return [(what, orders, 0, float(used), last_us) for what, orders, used, last_us in rows]


def _newest(asset: str, most: int = MOST) -> sa.Subquery:
    """The newest orders of an asset, at most so many: what every sum is over."""
    order = WORK_ORDER.c
    columns = (order.id, order.kind, order.status, order.verification, order.created_at_us, order.currency)
    query = sa.select(*columns, IS_OPEN.label("is_open")).where(order.asset == asset)
    return query.order_by(order.created_at_us.desc()).limit(most).subquery()


def _by(rows: Sequence[tuple[Any, ...]], column: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row[column]] = found.get(row[column], 0) + row[3]
    return dict(sorted(found.items()))


def _spent(currency: str, sums: dict[str, tuple[float, float]]) -> Spent:
    amounts = {kind: round(sums.get(kind.value, (0.0, 0.0))[0], 2) for kind in LineKind}
    hours = sums.get(LineKind.LABOUR.value, (0.0, 0.0))[1]
    return Spent(currency, amounts[LineKind.LABOUR], amounts[LineKind.PART], amounts[LineKind.COST], round(hours, 4))


def _models(evidence: Json) -> list[ModelRef]:
    said = evidence.get("assessment")
    if not isinstance(said, dict):
        return []
    refs = [said.get("model"), *(said.get("versions") or [])]
    return [ModelRef(str(ref["name"]), str(ref["version"]), str(ref["digest"])) for ref in refs if ref]
