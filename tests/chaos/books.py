"""Books of the records under races, kills and cut connections, on SQLite and on PostgreSQL: what their scenarios share.

Many workers do the same thing at one moment, again and again. Programs that work on the same rows are killed at random
and ask again for what they heard no answer to. A model is driven beside the book through retries, stale revisions and
connections that are cut between any two statements.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.chaos.scenario import Bench, Finding, NotRun, joined
from tests.chaos.verdict import BOOKS
from tests.maintenance.nursery import Nursery
from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.postgresql import Postgresql, program

Place = OnSqlite | OnPostgresql
Ledgers = Any
"""What the walk of a scenario hands to its judge."""


@dataclass(frozen=True)
class Lives:
    """A state machine, how often it lives, and how many steps long; `brief`: lives where there is little time."""

    machine: type[RuleBasedStateMachine]
    examples: int
    steps: int
    brief: int


@dataclass(frozen=True)
class BookTrial:
    """What is done to a book. `race(url, rounds)` is told to `judge_race`; `walk` to `judge_walk`, which says what was
    wrong and how many requests were answered."""

    name: str
    racing: str
    rounds: int
    brief_rounds: int
    race: Callable[[str, int], Any]
    judge_race: Callable[[str, int, Any], dict[str, int]]
    walk: Callable[[str, Path, Nursery, int, random.Random], Ledgers]
    judge_walk: Callable[[str, Ledgers], tuple[dict[str, int], int]]
    lives: Lives


def run_on_both(trial: BookTrial, bench: Bench) -> Finding:
    """Both databases, one after the other."""
    if program("initdb") is None:
        raise NotRun("PostgreSQL is not installed")
    return joined([part for kind in ("sqlite", "postgresql") for part in _on(kind, trial, bench)])


def _on(kind: str, trial: BookTrial, bench: Bench) -> Iterator[Finding]:
    with _place_on(kind) as place:
        yield _raced(kind, place, trial, bench)
        yield _killed(kind, place, trial, bench)
        yield _cut(kind, place, trial, bench)


def _raced(kind: str, place: Place, trial: BookTrial, bench: Bench) -> Finding:
    rounds = trial.brief_rounds if bench.brief else trial.rounds
    bench.say(f"{kind}: {trial.racing}, {rounds} times")
    url = place.new()
    wrong = trial.judge_race(url, rounds, trial.race(url, rounds))
    place.drop(url)
    return Finding(dict.fromkeys(BOOKS, 0), wrong, {f"{kind}_{trial.name}_races": rounds})


def _killed(kind: str, place: Place, trial: BookTrial, bench: Bench) -> Finding:
    bench.say(f"{kind}: programs that work on the same {trial.name}, {bench.kills} kills")
    nursery, folder = Nursery(), bench.folder / f"{trial.name}-{kind}"
    folder.mkdir()
    url = place.new()
    try:
        ledgers = trial.walk(url, folder, nursery, bench.kills, random.Random(f"{bench.seed} {kind}"))
        wrong, answered = trial.judge_walk(url, ledgers)
    finally:
        nursery.close()
        place.drop(url)
    figures = {f"{kind}_{trial.name}_kills": bench.kills, f"{kind}_{trial.name}_requests": answered}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)


def _cut(kind: str, place: Place, trial: BookTrial, bench: Bench) -> Finding:
    examples = trial.lives.brief if bench.brief else trial.lives.examples
    bench.say(f"{kind}: {examples} lives of {trial.name}, {trial.lives.steps} steps each")
    counted: Any = type("Counted", (trial.lives.machine,), {"steps": 0, "cuts": 0, "place": place})
    asked = settings(
        max_examples=examples,
        stateful_step_count=trial.lives.steps,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
    )
    broken = 0
    try:
        run_state_machine_as_test(counted, settings=asked)
    except AssertionError as error:
        bench.say(f"{kind}: {error}")
        broken = 1
    figures = {f"{kind}_{trial.name}_life_requests": counted.steps, f"{kind}_{trial.name}_life_cuts": counted.cuts}
    idle = int(not broken and not bench.brief and counted.steps < examples)
    wrong = {f"{trial.name}_life_broken": broken, f"{trial.name}_life_idle": idle}
    return Finding(dict.fromkeys(BOOKS, 0), wrong, figures)


@contextmanager
def _place_on(kind: str) -> Iterator[Place]:
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
