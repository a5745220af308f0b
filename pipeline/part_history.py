"""What the ledger says of the past use of parts: issues that nothing explains, by month, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.readings import Floats
from forewarn.core.stock import MoveReason, StockMove
from forewarn.core.work import OrderKind
from forewarn.maintenance.demand import remainder
from forewarn.maintenance.demand.caused import DAYS_PER_MONTH, Rest

KNOTS = (1, 2, 3, 6, 12)
"""Numbers of months over which the rest is forecast; other windows lie between them."""

EXPLAINED = (OrderKind.CONDITION, OrderKind.PREVENTIVE, OrderKind.INSPECTION)
"""Kinds of orders whose parts the forecast of failures and the plans account for."""

UNEXPLAINED = "unexplained"


def issued_to(move: StockMove) -> float:
    """Pieces that a move hands out: below 0 for what comes back, 0 for other moves."""
    return {MoveReason.ISSUE: 1.0, MoveReason.GIVE_BACK: -1.0}.get(move.reason, 0.0) * move.quantity


def explained_by(moved: Sequence[StockMove], kinds: Callable[[Sequence[str]], Mapping[str, OrderKind]]) -> set[str]:
    """Ids of orders whose parts a forecast or a plan accounts for."""
    ids = sorted({move.order for move in moved if move.order is not None})
    return {id for id, kind in kinds(ids).items() if kind in EXPLAINED}


def histories(moved: Sequence[StockMove], explained: set[str], now_us: int, months: int) -> dict[str, Floats]:
    """By part float64[months]: pieces issued without an explanation in each month before now, oldest first; NaN before
    the part's first move. Months of 30.44 days, counted back from now. A part without a move has no history."""
    month_us = DAYS_PER_MONTH * US_PER_DAY
    found: dict[str, Floats] = {}
    first: dict[str, int] = {}
    for move in moved:
        place = months - 1 - int(max(now_us - 1 - move.at_us, 0) // month_us)
        if not 0 <= place < months:
            continue
        row = found.setdefault(move.part, np.zeros(months))
        first[move.part] = min(first.get(move.part, place), place)
        if move.order not in explained:
            row[place] += issued_to(move)
    for part, row in found.items():
        row[: first[part]] = np.nan
    return found


def rests(
    records: Mapping[str, Floats], classes: Mapping[str, str], facts: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, Rest]:
    """What is used without a known reason over the next months, by part; parts of a class lend to one another. `facts`:
    price and days of delivery (0: not known), which tell a bolt from a gearbox where their records cannot."""
    if not records:
        return {}
    parts = sorted(records)
    table = np.stack([records[part] for part in parts])
    labels = [classes.get(part, "") or UNEXPLAINED for part in parts]
    told = np.array([(facts or {}).get(part, (0.0, 0.0)) for part in parts], np.float64)
    beside = np.where(told > 0, told, np.nan)
    ahead = [remainder(table, lead=months, classes=labels, facts=beside) for months in KNOTS]
    return {
        part: Rest(KNOTS, tuple(_whole(demands[i].pmf()) for demands in ahead), labels[i])
        for i, part in enumerate(parts)
    }


def _whole(chances: Floats) -> Floats:
    """Chances that sum to exactly 1 within rounding."""
    return np.asarray(chances / chances.sum(), np.float64)
