"""The life of orders under anything that may happen: retries, stale revisions, late alarms, cut connections."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.maintenance.order_life import OrderLife
from tests.maintenance.places import OnPostgresql, OnSqlite

EXAMPLES = {OnSqlite: 35, OnPostgresql: 15}
STEPS = 40
"""2,000 steps in all; `sh run chaos --only orders` takes more."""


@pytest.mark.slow
def test_no_illegal_step_none_lost_and_none_taken_twice(place: OnSqlite | OnPostgresql) -> None:
    class Counted(OrderLife):
        steps = cuts = 0

    Counted.place = place
    examples = EXAMPLES[type(place)]

    run_state_machine_as_test(
        Counted,
        settings=settings(max_examples=examples, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )
    print(f"{Counted.steps} requests, {Counted.cuts} cut off and sent again")
    assert Counted.steps > examples * STEPS / 4
    assert Counted.cuts > examples / 4
