"""Replays a stock month by month: reorder points against the demand that came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay counted per part: pieces `asked` for, `filled` at once from stock, mean `on_hand` at month's end,
    `orders` placed."""

    asked: Floats
    filled: Floats
    on_hand: Floats
    orders: Ints

    def fill_by_parts(self) -> float:
        """Share filled, averaged over the parts that were asked for."""
        told = self.asked > 0
        return float(np.mean(self.filled[told] / self.asked[told])) if told.any() else float("nan")

    def fill_by_value(self, prices: Floats) -> float:
        """Share of the value asked for that was filled."""
        asked = float(self.asked @ prices)
        return float(self.filled @ prices) / asked if asked > 0 else float("nan")

    def stock_value(self, prices: Floats) -> float:
        """Mean value on hand."""
        return float(self.on_hand @ prices)


def replay(demand: Floats, counted: int, reorder_at: Floats, up_to: Floats, leads: Ints) -> Replayed:
    """Periodic review (s, S): `demand` float64[n, months]; only the last `counted` months count, those before warm up.

    Each month: what was ordered `leads` months ago arrives; demand is filled from the shelf and the rest waits; then,
    when shelf + ordered - waiting is at or below `reorder_at`, it is ordered up to `up_to`. Starts with a full shelf.

    >>> story = replay(np.array([[2.0, 0.0, 2.0]]), 3, np.array([1.0]), np.array([2.0]), np.array([2]))
    >>> story.filled.tolist(), story.on_hand.round(2).tolist(), story.orders.tolist()
    ([4.0], [0.0], [2])
    """
    count, months = demand.shape
    shelf, waiting = np.maximum(up_to, 0.0).astype(np.float64), np.zeros(count)
    coming = np.zeros((count, months + int(leads.max(initial=1)) + 1))
    asked, filled, on_hand, orders = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    rows = np.arange(count)
    for month in range(months):
        shelf += coming[:, month]
        late = np.minimum(shelf, waiting)
        shelf, waiting = shelf - late, waiting - late
        given = np.minimum(shelf, demand[:, month])
        shelf, waiting = shelf - given, waiting + demand[:, month] - given
        position = shelf + coming[:, month + 1 :].sum(axis=1) - waiting
        wanted = np.where((position <= reorder_at) & (up_to > position), up_to - position, 0.0)
        coming[rows, month + leads] += wanted
        if month >= months - counted:
            asked, filled, on_hand = asked + demand[:, month], filled + given, on_hand + shelf
            orders = orders + (wanted > 0)
    return Replayed(asked, filled, on_hand / counted, orders)
