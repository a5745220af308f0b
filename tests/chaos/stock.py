"""The store room under races, kills and cut connections, on SQLite and on PostgreSQL (`books`).

Fifty technicians of two programs take the last ten pieces at one moment: exactly ten have one. The model is also driven
through expiry; after every step the ledger is summed up.
"""

from __future__ import annotations

from tests.chaos.books import BookTrial, Lives, run_on_both
from tests.chaos.scenario import Bench, Finding
from tests.maintenance.stock.last_pieces import judged, race
from tests.maintenance.stock.stock_life import StockLife
from tests.maintenance.stock.stock_walking import judged_walks, walk

TRIAL = BookTrial(
    name="stock",
    racing="50 technicians take the last 10 pieces",
    rounds=30,
    brief_rounds=2,
    race=race,
    judge_race=judged,
    walk=walk,
    judge_walk=judged_walks,
    lives=Lives(StockLife, 80, 40, 3),  # more than 2,000 requests on each database
)


def run(bench: Bench) -> Finding:
    """Both databases, one after the other."""
    return run_on_both(TRIAL, bench)
