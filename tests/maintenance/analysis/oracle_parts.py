"""Figures of parts once more, as slowly as they can be said; see `oracle`."""

from __future__ import annotations

import json

import sqlalchemy as sa

from forewarn.maintenance.buying.purchase_rows import BuyingRows
from forewarn.maintenance.demand.book import DemandBook
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import AUDIT
from forewarn.maintenance.stock.book import StockBookSql
from tests.maintenance.analysis.oracle import DAY, H, Told, each_hour, on_the_hour


def slow_part_figures(records: Records, from_us: int, to_us: int, now_us: int) -> Told:
    """Numerator and denominator of the figures of parts, over all machines; moves lie on whole hours."""
    moves = sorted(StockBookSql(records).moves(limit=100_000), key=lambda move: move.seq)
    on_the_hour(*(move.at_us for move in moves))
    years = (to_us - from_us) / DAY / 365.25
    issued = lain = 0.0
    for move in moves:
        sign = {"issue": 1, "give_back": -1}.get(move.reason.value, 0)
        issued += sign * move.quantity * move.unit_cost * (from_us <= move.at_us < to_us)
    for part in {move.part for move in moves}:
        mine, pieces, cost, place = [move for move in moves if move.part == part], 0, 0.0, 0
        mine.sort(key=lambda move: move.at_us)
        for at in each_hour(min(from_us, mine[0].at_us), min(to_us, now_us)):
            while place < len(mine) and mine[place].at_us <= at:
                move = mine[place]
                pieces += move.quantity * (not move.to_place.startswith("@"))
                pieces -= move.quantity * (not move.from_place.startswith("@"))
                cost, place = move.unit_cost, place + 1
            lain += pieces * cost * H / (to_us - from_us) * (at >= from_us)
    return {
        "stock_turns": (issued / years, lain),
        "service_level": _served(records, from_us, to_us, now_us),
        "forecast_accuracy": _forecast(records, from_us, to_us, now_us),
    }


def _served(records: Records, from_us: int, to_us: int, now_us: int) -> tuple[float, float]:
    asked = there = 0
    with records.read() as connection:
        rows = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.seq)).all()
    for one in StockBookSql(records).reservations():
        need = one.at_us if one.needed_by_us is None else max(one.at_us, one.needed_by_us)
        if not from_us <= need < to_us or need > now_us:
            continue
        state, quantity, taken = "", 0, 0
        for row in rows:
            if not row.action.startswith("reservation ") or row.at_us > need:
                continue
            told = json.loads(row.after)
            if told["reservation"] == one.id:
                state, quantity = told.get("state", state), told.get("quantity", quantity)
                taken = told.get("taken", taken)
        if state == "released":
            quantity = taken
        asked += quantity
        there += quantity if state in ("held", "issued") else taken
    return float(there), float(asked)


def _forecast(records: Records, from_us: int, to_us: int, now_us: int) -> tuple[float, float]:
    """Summed error and summed issues."""
    error = actual = 0.0
    for kept in DemandBook(records).forecasts():
        if not from_us <= kept.from_us or not kept.to_us <= min(to_us, now_us):
            continue
        out = 0
        for move in StockBookSql(records).moves(part=kept.demand.part, limit=100_000):
            if kept.from_us <= move.at_us < kept.to_us:
                out += {"issue": 1, "give_back": -1}.get(move.reason.value, 0) * move.quantity
        error += abs(max(out, 0) - sum(n * chance for n, chance in enumerate(kept.demand.chances)))
        actual += max(out, 0)
    return error, actual


def slow_supplier_costs(records: Records, from_us: int, to_us: int) -> dict[str, float]:
    """What was received from each supplier, with the freight of each purchase order when its first goods came."""
    told: dict[str, float] = {}
    with records.read() as connection:
        rows = BuyingRows(connection)
        for order in rows.purchases():
            receipts = sorted(rows.receipts(order.id), key=lambda receipt: (receipt.at_us, receipt.id))
            money = order.freight if receipts and from_us <= receipts[0].at_us < to_us else 0.0
            for receipt in receipts:
                for line in receipt.lines if from_us <= receipt.at_us < to_us else ():
                    bought = order.line(line.line) if line.line is not None else None
                    price = bought.unit_price if bought is not None else 0.0
                    money += round((line.accepted + line.quarantined) * price, 2)
            if money:
                told[order.supplier] = told.get(order.supplier, 0.0) + money
    return told
