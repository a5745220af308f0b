"""The books of orders under races, kills and cut connections, on SQLite and on PostgreSQL.

64 workers of four programs raise the same alarm at one moment, again and again: one order, and every loser is led to
it. Programs that work on the same orders are killed at random and ask again for what they heard no answer to. A model
is driven beside the book through retries, stale revisions, late alarms and connections that are cut between any two
statements.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.scenario import Bench, Finding, NotRun, joined
from tests.chaos.verdict import BOOKS
from tests.maintenance.nursery import Nursery
from tests.maintenance.order_life import OrderLife
from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.maintenance.same_alarm import judged, race
from tests.maintenance.walks import judged_walks, walk
from tests.postgresql import Postgresql, program

ROUNDS = 1_000
EXAMPLES, STEPS = 100, 50


def run(bench: Bench) -> Finding:
    """Both databases, one after the other."""
    if program("initdb") is None:
        raise NotRun("PostgreSQL is not installed")
    return joined([part for kind in ("sqlite", "postgresql") for part in _on(kind, bench)])


def _on(kind: str, bench: Bench) -> Iterator[Finding]:
    with place_on(kind) as place:
        yield _raced(kind, place, 3 if bench.brief else ROUNDS, bench)
        yield _killed(kind, place, bench)
        yield _cut(kind, place, 5 if bench.brief else EXAMPLES, bench)


def _raced(kind: str, place: OnSqlite | OnPostgresql, rounds: int, bench: Bench) -> Finding:
    bench.say(f"{kind}: 64 workers raise the same alarm, {rounds} times")
    url = place.new()
    wrong = judged(url, rounds, race(url, rounds))
    place.drop(url)
    return Finding(dict.fromkeys(BOOKS, 0), wrong, {f"{kind}_races": rounds})


def _killed(kind: str, place: OnSqlite | OnPostgresql, bench: Bench) -> Finding:
    bench.say(f"{kind}: programs that work on the same orders, {bench.kills} kills")
    nursery, folder = Nursery(), bench.folder / kind
    folder.mkdir()
    url = place.new()
    try:
        ledgers = walk(url, folder, nursery, bench.kills, random.Random(f"{bench.seed} {kind}"))
        wrong, answered = judged_walks(url, ledgers)
    finally:
        nursery.close()
        place.drop(url)
    figures = {f"{kind}_order_kills": bench.kills, f"{kind}_order_requests": answered}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)


def _cut(kind: str, place: OnSqlite | OnPostgresql, examples: int, bench: Bench) -> Finding:
    bench.say(f"{kind}: {examples} lives of orders, {STEPS} steps each")

    class Counted(OrderLife):
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
    figures = {f"{kind}_life_requests": Counted.steps, f"{kind}_life_cuts": Counted.cuts}
    idle = int(not broken and not bench.brief and Counted.steps < examples)
    wrong = {"order_life_broken": broken, "order_life_idle": idle}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)


@contextmanager
def place_on(kind: str) -> Iterator[OnSqlite | OnPostgresql]:
    """Where databases of a kind are made; a server of its own for PostgreSQL."""
    if kind == "sqlite":
        place = OnSqlite()
        try:
            yield place
        finally:
            place.close()
        return
    server = Postgresql()
    try:
        yield OnPostgresql(server)
    finally:
        server.remove()
