"""The books of orders under races, kills and cut connections, on SQLite and on PostgreSQL (`books`).

64 workers of four programs raise the same alarm at one moment: one order, and every loser is led to it. The model is
also driven through late alarms.
"""

from __future__ import annotations

from tests.chaos.books import BookTrial, Lives, run_on_both
from tests.chaos.scenario import Bench, Finding
from tests.maintenance.order_life import OrderLife
from tests.maintenance.same_alarm import judged, race
from tests.maintenance.walks import judged_walks, walk

TRIAL = BookTrial(
    name="order",
    racing="64 workers raise the same alarm",
    rounds=1_000,
    brief_rounds=3,
    race=race,
    judge_race=judged,
    walk=walk,
    judge_walk=judged_walks,
    lives=Lives(OrderLife, 100, 50, 5),
)


def run(bench: Bench) -> Finding:
    """Both databases, one after the other."""
    return run_on_both(TRIAL, bench)
