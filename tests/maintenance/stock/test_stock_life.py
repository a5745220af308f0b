"""The life of stock under anything that may happen: retries, stale revisions, expiry, cut connections."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.maintenance.places import OnPostgresql, OnSqlite
from tests.maintenance.stock.stock_life import StockLife

EXAMPLES = {OnSqlite: 4, OnPostgresql: 2}
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
    assert Counted.steps > examples * STEPS / 4
    assert Counted.cuts > 0
