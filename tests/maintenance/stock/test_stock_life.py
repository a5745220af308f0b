"""The life of stock under anything that may happen: retries, stale revisions, expiry, cut connections."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.maintenance.nursery import Nursery
from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.maintenance.stock.stock_life import StockLife
from tests.maintenance.stock.stock_walking import judged_walks, walk

EXAMPLES = {OnSqlite: 8, OnPostgresql: 6}
STEPS = 30
"""A few steps; `sh run chaos --only stock` takes 2,000 on each database."""


@pytest.mark.slow
def test_the_ledger_adds_up_after_every_step(place: OnSqlite | OnPostgresql) -> None:
    class Counted(StockLife):
        steps = cuts = 0

    Counted.place = place
    examples = EXAMPLES[type(place)]
    run_state_machine_as_test(
        Counted,
        settings=settings(max_examples=examples, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )
    print(f"{Counted.steps} requests, {Counted.cuts} cut off and sent again")
    assert Counted.steps > examples  # the first lives are short ones
    assert Counted.cuts > 0


@pytest.mark.slow
def test_programs_that_are_killed_while_they_move_stock_lose_nothing_and_do_nothing_twice(
    place: OnSqlite | OnPostgresql, tmp_path: Path, nursery: Nursery
) -> None:
    url = place.new()
    ledgers = walk(url, tmp_path, nursery, kills=3, rng=random.Random(6))
    wrong, answered = judged_walks(url, ledgers)
    place.drop(url)
    assert not any(wrong.values()), wrong
    assert answered > 0
