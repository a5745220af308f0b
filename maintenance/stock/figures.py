"""What the store room knows of its past, read from the ledger: issues month by month, first and last moves, values.

Reads only. Pieces that left for work less those that came back count as issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from forewarn.core.readings import Floats
from forewarn.core.stock import SIDES, MoveReason
from forewarn.maintenance.records import Records
from forewarn.maintenance.records_tables import WORK_ORDER
from forewarn.maintenance.stock.losses import Issue
from forewarn.maintenance.stock.tables import STOCK_MOVE

_MOVE = STOCK_MOVE.c
_OUT, _BACK = MoveReason.ISSUE.value, MoveReason.GIVE_BACK.value
_SIDE_IDS = [place.id for place in SIDES]


_ISSUE: list[sa.Column[Any]] = [
    _MOVE.part, _MOVE.quantity, _MOVE.unit_cost, _MOVE.reason, _MOVE.at_us, _MOVE.from_place, _MOVE.to_place,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Past:
    """First and last of a part: when pieces first came into any store, and when some were last issued (None: never)."""

    first_us: int
    last_issue_us: int | None


@dataclass(frozen=True, slots=True)
class UsedOn:
    """What an asset took of a part: pieces and money, when last, on which orders (ids)."""

    pieces: int
    value: float
    last_at_us: int
    orders: frozenset[str]


class StockFigures:
    """Reads over the moves of all parts. Every call is one consistent view."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def issued(self, parts: Sequence[str], from_us: int, to_us: int, periods: int) -> Floats:
        """float64[n, periods]: pieces of each part issued per equal period of [from_us, to_us), returns taken off in
        the period in which they came back (so a period may be below 0)."""
        row_of = {part: row for row, part in enumerate(parts)}
        table = np.zeros((len(parts), periods))
        for move in self._issues(from_us, to_us):
            row = row_of.get(move.part)
            if row is not None:
                column = min(periods - 1, (move.at_us - from_us) * periods // (to_us - from_us))
                table[row, column] += move.quantity if move.reason == _OUT else -move.quantity
        return table

    def issues(self, from_us: int, to_us: int, abc: dict[str, str] | None = None) -> list[Issue]:
        """Issues and returns of [from_us, to_us), which losses are held against, oldest first. `abc`: class by part."""
        letters = abc or {}
        found = []
        for move in self._issues(from_us, to_us):
            out = move.reason == _OUT
            value = move.quantity * move.unit_cost * (1 if out else -1)
            place = move.from_place if out else move.to_place
            found.append(Issue(move.part, place, move.at_us, value, letters.get(move.part, "C")))
        return found

    def past(self) -> dict[str, Past]:
        """Of every part that was ever moved."""
        came = sa.func.min(sa.case((_MOVE.to_place.not_in(_SIDE_IDS), _MOVE.at_us)))
        went = sa.func.max(sa.case((_MOVE.reason == _OUT, _MOVE.at_us)))
        query = sa.select(_MOVE.part, came.label("came"), went.label("went"), sa.func.min(_MOVE.at_us).label("first"))
        with self._records.read() as connection:
            rows = connection.execute(query.group_by(_MOVE.part)).all()
        return {row.part: Past(row.first if row.came is None else row.came, row.went) for row in rows}

    def came_to(self) -> dict[tuple[str, str], int]:
        """When a part first came to a place, by part and place."""
        query = sa.select(_MOVE.part, _MOVE.to_place, sa.func.min(_MOVE.at_us).label("first"))
        inside = query.where(_MOVE.to_place.not_in(_SIDE_IDS)).group_by(_MOVE.part, _MOVE.to_place)
        with self._records.read() as connection:
            return {(row.part, row.to_place): int(row.first) for row in connection.execute(inside)}

    def _issues(self, from_us: int, to_us: int) -> list[sa.Row[Any]]:
        query = sa.select(*_ISSUE).where(_MOVE.at_us >= from_us, _MOVE.at_us < to_us, _MOVE.reason.in_((_OUT, _BACK)))
        with self._records.read() as connection:
            return list(connection.execute(query.order_by(_MOVE.at_us, _MOVE.seq)).all())


def used_on(connection: sa.Connection, asset: str) -> dict[str, UsedOn]:
    """What was issued to the orders of an asset, returns taken off, by part."""
    columns: list[sa.Column[Any]] = [*_ISSUE, _MOVE.order]
    joined = STOCK_MOVE.join(WORK_ORDER, WORK_ORDER.c.id == _MOVE.order)
    mine = (WORK_ORDER.c.asset == asset) & _MOVE.reason.in_((_OUT, _BACK))
    found: dict[str, UsedOn] = {}
    for row in connection.execute(sa.select(*columns).select_from(joined).where(mine)):
        sign, was = 1 if row.reason == _OUT else -1, found.get(row.part, UsedOn(0, 0.0, 0, frozenset()))
        found[row.part] = UsedOn(
            was.pieces + sign * row.quantity,
            round(was.value + sign * row.quantity * row.unit_cost, 2),
            max(was.last_at_us, row.at_us),
            was.orders | {row.order},
        )
    return found
