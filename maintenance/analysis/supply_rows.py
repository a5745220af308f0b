"""The rows behind figures of parts, read from stock ledger, reservations, kept forecasts and goods receipts.

Reads only. What became of a reservation, and when, is told by the audit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from forewarn.core.stock import SIDES, MoveReason, ReservationState
from forewarn.maintenance.analysis.supply import Ask, ForecastKept, Issue, Receipt, StockSpan, SupplyFacts
from forewarn.maintenance.buying.tables import PURCHASE, PURCHASE_LINE, RECEIPT, RECEIPT_LINE
from forewarn.maintenance.demand.plain_demand import demand_from
from forewarn.maintenance.demand.tables import PART_FORECAST
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT, WORK_ORDER
from forewarn.maintenance.stock.tables import STOCK_MOVE, STOCK_RESERVATION

FREIGHT = "(freight)"
OUT, BACK = MoveReason.ISSUE.value, MoveReason.GIVE_BACK.value
THERE = (ReservationState.HELD.value, ReservationState.ISSUED.value)
SIDE_IDS = frozenset(place.id for place in SIDES)
Assets = Collection[str] | None
AnyRow = Any


class SupplyRows:
    """Reads for the figures of parts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def facts(self, from_us: int, to_us: int, now_us: int, assets: Assets = None) -> SupplyFacts:
        """What is known of [from_us, to_us); `assets`: issues and reservations of their orders only."""
        asks, issues = self.asks(from_us, to_us, now_us, assets), self.issues(from_us, to_us, assets)
        shelf, forecasts = self.shelf(from_us, min(to_us, now_us)), self.forecasts(from_us, to_us, now_us)
        receipts = self.receipts(from_us, to_us)
        named = {"reservations": asks, "stock": shelf, "forecasts": forecasts, "buying": receipts}
        kept = frozenset(name for name, rows in named.items() if rows)
        return SupplyFacts(
            tuple(asks), tuple(issues), tuple(shelf), tuple(forecasts), tuple(receipts), kept, assets is not None
        )

    def issues(self, from_us: int, to_us: int, assets: Assets = None) -> list[Issue]:
        """Pieces handed out to orders, and given back, oldest first."""
        move, order = STOCK_MOVE.c, WORK_ORDER.c
        joined = STOCK_MOVE.join(WORK_ORDER, order.id == move.order)
        query = sa.select(STOCK_MOVE, order.number, order.asset).select_from(joined)
        query = query.where(move.reason.in_((OUT, BACK)), move.at_us >= from_us, move.at_us < to_us)
        query = query if assets is None else query.where(order.asset.in_(sorted(assets)))
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(move.seq)).all()
        return [
            Issue(str(row.seq), row.number, row.part, row.asset, row.at_us,
                  float(row.quantity if row.reason == OUT else -row.quantity), row.unit_cost)
            for row in rows
        ]  # fmt: skip

    def shelf(self, from_us: int, to_us: int) -> list[StockSpan]:
        """What lay in the stores and what it was worth: pieces by the unit cost of the newest move of the part."""
        move = STOCK_MOVE.c
        columns = (move.part, move.from_place, move.to_place, move.quantity, move.at_us, move.unit_cost)
        query = sa.select(*columns).where(move.at_us < to_us).order_by(move.part, move.at_us, move.seq)
        by_part: defaultdict[str, list[AnyRow]] = defaultdict(list)
        with self._records.read() as connection:
            for row in connection.execute(query):
                by_part[row.part].append(row)
        return [span for part, rows in by_part.items() for span in _spans(part, rows, to_us) if span.to_us > from_us]

    def asks(self, from_us: int, to_us: int, now_us: int, assets: Assets = None) -> list[Ask]:
        """Reservations that were needed in [from_us, to_us) and by now, with what was there by then."""
        one, order = STOCK_RESERVATION.c, WORK_ORDER.c
        joined = STOCK_RESERVATION.join(WORK_ORDER, order.id == one.order)
        query = sa.select(STOCK_RESERVATION, order.number, order.asset).select_from(joined)
        late = sa.or_(one.at_us >= from_us, one.needed_by_us >= from_us)
        query = query.where(one.at_us < to_us, late).order_by(one.id)
        query = query if assets is None else query.where(order.asset.in_(sorted(assets)))
        with self._records.read() as connection:
            rows = connection.execute(query).all()
            lives = _lives(connection, rows)
        found = []
        for row in rows:
            need_us = max(row.at_us, row.needed_by_us or row.at_us)
            was = _at(lives[row.id], need_us)
            if not from_us <= need_us < to_us or need_us > now_us:
                continue
            released = was["state"] == ReservationState.RELEASED.value
            asked = was["taken"] if released else was["quantity"]
            served = was["quantity"] if was["state"] in THERE else was["taken"]
            wanted = row.substitute_for or row.part
            if asked:
                found.append(Ask(str(row.id), row.number, wanted, row.asset, need_us, float(asked), float(served)))
        return found

    def forecasts(self, from_us: int, to_us: int, now_us: int) -> list[ForecastKept]:
        """Kept forecasts whose span lies in [from_us, to_us) and is over."""
        kept = PART_FORECAST.c
        query = sa.select(PART_FORECAST).where(kept.from_us >= from_us, kept.to_us <= min(to_us, now_us))
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(kept.month, kept.part)).all()
        return [
            ForecastKept(row.month, row.part, row.from_us, row.to_us, demand_from(json.loads(row.body)).mean)
            for row in rows
        ]

    def receipts(self, from_us: int, to_us: int) -> list[Receipt]:
        """Goods received, at the price of their purchase order; its freight with the first delivery. Pieces that went
        back cost nothing."""
        receipt, line, wanted = RECEIPT.c, RECEIPT_LINE.c, PURCHASE_LINE.c
        ordered = (wanted.purchase == receipt.purchase) & (wanted.line == line.line)
        joined = RECEIPT.join(PURCHASE, PURCHASE.c.id == receipt.purchase)
        joined = joined.join(RECEIPT_LINE, line.receipt == receipt.id).outerjoin(PURCHASE_LINE, ordered)
        columns = (receipt.id, receipt.purchase, receipt.at_us, line.seq, line.part, line.accepted, line.quarantined)
        more = (PURCHASE.c.number, PURCHASE.c.supplier, PURCHASE.c.currency, PURCHASE.c.freight, wanted.unit_price)
        query = sa.select(*columns, *more).select_from(joined).where(receipt.at_us < to_us)
        with self._records.read() as connection:
            rows = connection.execute(query.order_by(receipt.at_us, receipt.id, line.seq)).all()
        return [one for one in _received(rows) if one.at_us >= from_us]


def _spans(part: str, moves: Sequence[AnyRow], to_us: int) -> Iterator[StockSpan]:
    pieces = 0
    for place, move in enumerate(moves):
        pieces += move.quantity * ((move.to_place not in SIDE_IDS) - (move.from_place not in SIDE_IDS))
        end_us = moves[place + 1].at_us if place + 1 < len(moves) else to_us
        if end_us > move.at_us:
            yield StockSpan(part, move.at_us, end_us, float(pieces * move.unit_cost))


def _lives(connection: sa.Connection, rows: Sequence[AnyRow]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """What the audit says of each reservation, in order: (moment, fields that were set)."""
    lives: dict[int, list[tuple[int, dict[str, Any]]]] = {row.id: [] for row in rows}
    parts = sorted({name for row in rows for name in (row.part, row.substitute_for) if name})
    audit = AUDIT.c
    for start in range(0, len(parts), 500):
        subjects = [f"part:{part}" for part in parts[start : start + 500]]
        query = sa.select(audit.at_us, audit.after).where(
            audit.subject.in_(subjects), audit.action.like("reservation %")
        )
        for row in connection.execute(query.order_by(audit.seq)):
            told = json.loads(row.after)
            if told.get("reservation") in lives:
                lives[told["reservation"]].append((row.at_us, told))
    return lives


def _at(life: Sequence[tuple[int, dict[str, Any]]], at_us: int) -> dict[str, Any]:
    """Quantity, taken and state of a reservation as they were at a moment."""
    known: dict[str, Any] = {"quantity": 0, "taken": 0, "state": ReservationState.WAITING.value}
    for moment_us, told in life:
        if moment_us <= at_us:
            known |= {name: told[name] for name in known if name in told}
    return known


def _received(rows: Sequence[AnyRow]) -> Iterator[Receipt]:
    """Rows in order of time; freight is told once for each purchase order."""
    seen: set[str] = set()
    for row in rows:
        if row.purchase not in seen and row.freight:
            name = f"{row.id}-freight"
            yield Receipt(name, row.number, row.supplier, FREIGHT, row.at_us, 0.0, row.freight, row.currency)
        seen.add(row.purchase)
        pieces = row.accepted + row.quarantined
        amount = round(pieces * (row.unit_price or 0.0), 2)
        id = f"{row.id}-{row.seq}"
        yield Receipt(id, row.number, row.supplier, row.part, row.at_us, float(pieces), amount, row.currency)
