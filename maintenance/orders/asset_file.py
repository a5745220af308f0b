"""What the records say of one asset over its whole life: orders page by page, sums, parts, costs, models, changes.

Built to stay quick with millions of closed orders: every statement enters by the index on (asset, created_at_us), and
no sum looks at more than the newest `MOST` orders of the asset (`Sums.complete` says whether that was all).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forewarn.core.health import ModelRef
from forewarn.core.jobs import COSTING
from forewarn.core.stock import USED
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.audit import as_history
from forewarn.maintenance.orders.rows import IS_OPEN, read_orders
from forewarn.maintenance.orders.tables import ORDER_LINE
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, ORDER_CAUSE, ORDER_PART, WORK_ORDER
from forewarn.maintenance.stock.figures import UsedOn, used_on
from forewarn.maintenance.stock.tables import STOCK_SERIAL

MOST = 2_000
"""Orders that sums look at: one a week for 38 years."""

MOST_EVIDENCE = 100
"""Causes whose evidence is opened for the models that decided."""

MOST_PAGE = 500
CHUNK = 1_000
LABOUR, PART, COST = (kind.value for kind in COSTING)


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
    stands, and when last. `from_store`: pieces that the store room's ledger says went to its orders and did not come
    back, worth `store_value`; what was used beyond them came from elsewhere."""

    part: str
    used: float
    planned: int
    orders: int
    last_at_us: int
    from_store: int = 0
    store_value: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A piece with a serial number that sits in the asset, and since when."""

    part: str
    serial: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Decider:
    """A version of a model that had a say in opening orders: in how many of those looked at, and when."""

    model: ModelRef
    orders: int
    first_at_us: int
    last_at_us: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What all orders of an asset add up to; money by currency."""

    sums: Sums
    spent: tuple[Spent, ...]
    parts: tuple[PartUse, ...]
    fitted: tuple[Fitted, ...] = ()


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

    def summary(self, asset: str) -> Summary:
        """How many orders, of which kinds, in which statuses; what was spent; which parts."""
        with self._records.read() as connection:
            orders = connection.execute(_newest(asset, MOST)).all()
            ids = [order.id for order in orders]
            lines = _of_orders(connection, ORDER_LINE, ids)
            planned = _of_orders(connection, ORDER_PART, ids)
            taken, fitted = used_on(connection, asset), _fitted(connection, asset)
        replaced = {(line.order_id, line.corrects) for line in lines if line.corrects is not None}
        standing = [line for line in lines if (line.order_id, line.seq) not in replaced]
        currency = {order.id: order.currency for order in orders}
        made_us = {order.id: order.created_at_us for order in orders}
        parts = _parts(planned, standing, made_us, taken)
        return Summary(_sums(orders), _spent(standing, currency), parts, fitted)

    def deciders(self, asset: str) -> list[Decider]:
        """Versions of models in the evidence of the newest causes, the newest first."""
        query = sa.select(ORDER_CAUSE.c.order_id, ORDER_CAUSE.c.added_at_us, ORDER_CAUSE.c.evidence)
        newest = _newest(asset, MOST_EVIDENCE).subquery()
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


def _newest(asset: str, most: int) -> sa.Select[tuple[Any, ...]]:
    """The newest orders of an asset, at most so many: what every sum is over."""
    order = WORK_ORDER.c
    columns = (order.id, order.kind, order.status, order.verification, order.created_at_us, order.currency)
    query = sa.select(*columns, IS_OPEN.label("is_open")).where(order.asset == asset)
    return query.order_by(order.created_at_us.desc(), order.number.desc()).limit(most)


def _of_orders(connection: sa.Connection, table: sa.Table, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """Rows of a table that stand beside these orders, without the columns that hold whole documents."""
    columns = [column for column in table.c if column.name != "body"]
    found: list[sa.Row[Any]] = []
    for start in range(0, len(ids), CHUNK):
        mine = table.c.order_id.in_(ids[start : start + CHUNK])
        found += connection.execute(sa.select(*columns).where(mine)).all()
    return found


def _sums(orders: Sequence[sa.Row[Any]]) -> Sums:
    times = [order.created_at_us for order in orders]
    return Sums(
        orders=len(orders),
        open_orders=sum(bool(order.is_open) for order in orders),
        by_kind=dict(sorted(Counter(order.kind for order in orders).items())),
        by_status=dict(sorted(Counter(order.status for order in orders).items())),
        verifications=dict(sorted(Counter(order.verification for order in orders).items())),
        first_at_us=min(times, default=None),
        newest_at_us=max(times, default=None),
        complete=len(orders) < MOST,
    )


def _spent(lines: Sequence[sa.Row[Any]], currency: Mapping[str, str]) -> tuple[Spent, ...]:
    amounts: dict[tuple[str, str], float] = {}
    hours: dict[str, float] = {}
    for line in lines:
        money, kind = currency[line.order_id], line.kind
        amounts[money, kind] = amounts.get((money, kind), 0.0) + line.amount
        if kind == LABOUR:
            hours[money] = hours.get(money, 0.0) + line.quantity
    return tuple(
        Spent(
            money,
            labour=round(amounts.get((money, LABOUR), 0.0), 2),
            parts=round(amounts.get((money, PART), 0.0), 2),
            other=round(amounts.get((money, COST), 0.0), 2),
            hours=round(hours.get(money, 0.0), 4),
        )
        for money in sorted({money for money, _ in amounts})
    )


def _fitted(connection: sa.Connection, asset: str) -> tuple[Fitted, ...]:
    """Rotables that sit in the asset now, by part and number."""
    piece = STOCK_SERIAL.c
    query = sa.select(piece.part, piece.serial, piece.since_us).where(piece.asset == asset, piece.place == USED)
    return tuple(Fitted(*row) for row in connection.execute(query.order_by(piece.part, piece.serial)))


def _parts(
    planned: Sequence[sa.Row[Any]],
    lines: Sequence[sa.Row[Any]],
    made_us: Mapping[str, int],
    taken: Mapping[str, UsedOn],
) -> tuple[PartUse, ...]:
    """Most used first."""
    used: dict[str, float] = {}
    wanted: dict[str, int] = {}
    orders: dict[str, set[str]] = {}
    last_us: dict[str, int] = {}
    for part, order_id, pieces, is_used, at_us in _mentions(planned, lines, made_us):
        orders.setdefault(part, set()).add(order_id)
        last_us[part] = max(last_us.get(part, 0), at_us)
        if is_used:
            used[part] = used.get(part, 0.0) + pieces
        else:
            wanted[part] = wanted.get(part, 0) + round(pieces)
    for part, store in taken.items():
        orders[part] = orders.get(part, set()) | store.orders
        last_us[part] = max(last_us.get(part, 0), store.last_at_us)
    uses = []
    for part, mine in orders.items():
        store = taken.get(part, UsedOn(0, 0.0, 0, frozenset()))
        told = (used.get(part, 0.0), wanted.get(part, 0), len(mine), last_us[part])
        uses.append(PartUse(part, *told, store.pieces, store.value))
    return tuple(sorted(uses, key=lambda use: (-use.used, -use.planned, use.part)))


def _mentions(
    planned: Sequence[sa.Row[Any]], lines: Sequence[sa.Row[Any]], made_us: Mapping[str, int]
) -> Iterator[tuple[str, str, float, bool, int]]:
    """(part, order, pieces, whether they were used or only planned, when)."""
    yield from ((row.part, row.order_id, row.quantity, False, made_us[row.order_id]) for row in planned)
    yield from ((row.what, row.order_id, row.quantity, True, row.at_us) for row in lines if row.kind == PART)


def _models(evidence: Json) -> list[ModelRef]:
    said = evidence.get("assessment")
    if not isinstance(said, dict):
        return []
    refs = [said.get("model"), *(said.get("versions") or [])]
    return [ModelRef(str(ref["name"]), str(ref["version"]), str(ref["digest"])) for ref in refs if ref]
