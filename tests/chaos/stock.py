"""The store room under races, kills and cut connections, on SQLite and on PostgreSQL.

Fifty technicians of two programs take the last ten pieces at one moment, again and again: exactly ten have one.
Programs that move the same stock are killed at random and ask again for what they heard no answer to. A model is driven
beside the book through retries, stale revisions, expiry, and connections that are cut between any two statements; after
every step the ledger is summed up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.orders import place_on
from tests.chaos.scenario import Bench, Finding, NotRun, joined
from tests.chaos.verdict import BOOKS
from tests.maintenance.nursery import Nursery
from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.maintenance.stock.last_pieces import judged, race
from tests.maintenance.stock.stock_life import StockLife
from tests.maintenance.stock.stock_walking import judged_walks, walk
from tests.postgresql import program

ROUNDS = 30
EXAMPLES, STEPS = 50, 40
"""2,000 steps on each database."""


def run(bench: Bench) -> Finding:
    """Both databases, one after the other."""
    if program("initdb") is None:
        raise NotRun("PostgreSQL is not installed")
    return joined([part for kind in ("sqlite", "postgresql") for part in _on(kind, bench)])


def _on(kind: str, bench: Bench) -> Iterator[Finding]:
    with place_on(kind) as place:
        yield _raced(kind, place, 2 if bench.brief else ROUNDS, bench)
        yield _killed(kind, place, bench)
        yield _cut(kind, place, 3 if bench.brief else EXAMPLES, bench)


def _raced(kind: str, place: OnSqlite | OnPostgresql, rounds: int, bench: Bench) -> Finding:
    bench.say(f"{kind}: 50 technicians take the last 10 pieces, {rounds} times")
    url = place.new()
    wrong = judged(url, rounds, race(url, rounds))
    place.drop(url)
    return Finding(dict.fromkeys(BOOKS, 0), wrong, {f"{kind}_last_pieces": rounds})


def _killed(kind: str, place: OnSqlite | OnPostgresql, bench: Bench) -> Finding:
    bench.say(f"{kind}: programs that move the same stock, {bench.kills} kills")
    nursery, folder = Nursery(), bench.folder / f"stock-{kind}"
    folder.mkdir()
    url = place.new()
    try:
        ledgers = walk(url, folder, nursery, bench.kills, random.Random(f"{bench.seed} {kind}"))
        wrong, answered = judged_walks(url, ledgers)
    finally:
        nursery.close()
        place.drop(url)
    figures = {f"{kind}_stock_kills": bench.kills, f"{kind}_stock_requests": answered}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)


def _cut(kind: str, place: OnSqlite | OnPostgresql, examples: int, bench: Bench) -> Finding:
    bench.say(f"{kind}: {examples} lives of stock, {STEPS} steps each")

    class Counted(StockLife):
        steps = cuts = 0

    Counted.place = place
    asked = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
    )
    broken = 0
    try:
        run_state_machine_as_test(Counted, settings=asked)
    except AssertionError as error:
        bench.say(f"{kind}: {error}")
        broken = 1
    figures = {f"{kind}_stock_life_requests": Counted.steps, f"{kind}_stock_life_cuts": Counted.cuts}
    idle = int(not broken and not bench.brief and Counted.steps < examples)
    wrong = {"stock_life_broken": broken, "stock_life_idle": idle}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)
