"""Quotes side by side: what is bought, what being late costs, and what a record does to a promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.quotes import PriceBreak, Quote
from forewarn.maintenance.advice.costs import CostInputs
from forewarn.maintenance.advice.numbers import Inputs
from forewarn.maintenance.advice.race import Lead
from forewarn.maintenance.buying.compare import Past, compared, to_buy
from forewarn.maintenance.buying.late import PerDay, Raced, arrival_hours, win_probability
from forewarn.maintenance.buying.learned import LeadTime, lead_time, refused_share
from tests.maintenance.samples import NOW_US

QUOTE = Quote("r", "acme", "6205", (PriceBreak(1, 30.0),), NOW_US, 5.0, 9.0)
COSTS = CostInputs("EUR", 500.0, 50.0, 30.0, 20.0, 0.8, 24.0)
RACE = Inputs(NOW_US, "A", 24.0, 8.0, (0.1, 0.5, 0.9), (120.0, 240.0, 480.0), (Lead("6205", 5.0, 9.0),), costs=COSTS)


def test_the_cheap_slow_supplier_loses_when_each_late_day_costs_more_than_it_saves() -> None:
    slow = replace(QUOTE, supplier="slow", prices=(PriceBreak(1, 20.0),), lead_p50_days=20.0, lead_p90_days=30.0)
    fast = replace(QUOTE, supplier="fast")
    calm = compared([slow, fast], 4, 10.0, [PerDay(10.0, 0.0)], {}, NOW_US)
    pressed = compared([slow, fast], 4, 10.0, [PerDay(10.0, 50.0)], {}, NOW_US)
    assert [one.quote.supplier for one in calm] == ["slow", "fast"]
    assert [one.quote.supplier for one in pressed] == ["fast", "slow"]
    assert pressed[1].late_share is not None
    assert pressed[1].late_share > 0.95
    assert "Against fast" not in pressed[1].why
    assert "against fast: -40.00 for the pieces" in pressed[1].why
    assert f"{pressed[0].expected:,.2f} EUR expected = 4 x 30.00 EUR" in pressed[0].why


def test_a_record_of_late_deliveries_turns_the_ranking() -> None:
    two = [replace(QUOTE, supplier=name) for name in ("acme", "best")]
    late = [PerDay(8.0, 20.0)]
    past = {"acme": Past(ratios=(2.5,) * 8, deliveries=8), "best": Past(ratios=(1.0,) * 8, deliveries=8)}
    assert compared(two, 1, 8.0, late, {}, NOW_US)[0].quote.supplier == "acme"  # nothing known: by name
    ranked = compared(two, 1, 8.0, late, past, NOW_US)
    assert ranked[0].quote.supplier == "best"
    assert ranked[1].lead.p50_days > 9.0
    assert "by 8 deliveries expect" in ranked[1].why


def test_refused_pieces_in_the_past_cost_a_second_wait() -> None:
    late = [PerDay(5.0, 20.0)]
    clean, bad = (
        compared([QUOTE], 1, 5.0, late, {"acme": Past(refused=refused, deliveries=20)}, NOW_US)[0]
        for refused in (0, 10)
    )
    assert bad.refused > clean.refused
    assert bad.late_cost > clean.late_cost


def test_what_has_run_out_is_shown_last_and_says_so() -> None:
    old = replace(QUOTE, supplier="old", prices=(PriceBreak(1, 1.0),), valid_until_us=NOW_US - 1)
    ranked = compared([old, QUOTE], 4, None, [], {}, NOW_US)
    assert [one.quote.supplier for one in ranked] == ["acme", "old"]
    assert not ranked[1].valid
    assert "ask again" in ranked[1].why


def test_an_order_with_a_forecast_pays_by_its_race() -> None:
    raced = Raced(RACE, "6205", NOW_US)
    costs = [raced.expected(np.full(400, days)) for days in (0.0, 5.0, 10.0, 20.0)]
    assert costs[0] == 0.0
    assert costs == sorted(costs)
    assert costs[3] > 5_000.0
    chances = [win_probability(RACE, {"6205": np.full(400, days * 24.0)}, NOW_US) for days in (0.0, 5.0, 10.0, 20.0)]
    assert chances == sorted(chances, reverse=True)


def test_a_machine_that_still_runs_has_its_past_behind_it() -> None:
    later_us = NOW_US + 5 * US_PER_DAY
    sure = {"6205": np.full(400, 48.0)}
    assert win_probability(RACE, sure, later_us) == pytest.approx(
        win_probability(replace(RACE, hours=(120.0, 240.0, 480.0)), sure, later_us)
    )
    assert 0.0 < win_probability(RACE, sure, later_us) < win_probability(RACE, sure, NOW_US)


@given(
    st.lists(st.tuples(st.integers(2, 60), st.floats(0.5, 100.0)), max_size=4, unique_by=lambda one: one[0]),
    st.integers(1, 50),
    st.integers(1, 50),
    st.integers(1, 12),
)
def test_no_other_quantity_costs_less_than_what_is_bought(
    breaks: list[tuple[int, float]], wanted: int, least: int, pack: int
) -> None:
    prices = tuple(PriceBreak(*one) for one in [(1, 50.0), *sorted(breaks)])
    quote = replace(QUOTE, prices=prices, min_quantity=least, pack=pack)
    found = to_buy(quote, wanted)
    every = [count for count in range(max(wanted, least), 120) if count % pack == 0]  # slow and obvious
    assert found in every
    assert found * quote.unit_price(found) == min(count * quote.unit_price(count) for count in every)


@given(st.lists(st.floats(0.2, 5.0), max_size=30), st.floats(1.0, 40.0), st.floats(1.0, 4.0))
def test_a_learned_lead_time_lies_between_promise_and_record(ratios: list[float], p50: float, spread: float) -> None:
    found = lead_time(p50, p50 * spread, ratios)
    logs = [float(np.log(one)) for one in ratios]
    mean = sum(logs) / len(logs) if logs else 0.0
    low, high = sorted((p50, p50 * float(np.exp(mean))))
    assert low * 0.999 <= found.p50_days <= high * 1.001
    assert found.p90_days >= found.p50_days * 0.999
    if not ratios:
        assert (found.p50_days, found.p90_days) == pytest.approx((p50, p50 * spread))


def test_many_deliveries_teach_the_truth_that_made_them() -> None:
    rng = np.random.default_rng(7)
    ratios = list(np.exp(rng.normal(np.log(1.8), 0.3, 400)))
    found = lead_time(10.0, 12.0, ratios)
    assert found.p50_days == pytest.approx(18.0, rel=0.05)
    assert found.p90_days == pytest.approx(18.0 * np.exp(1.2816 * 0.3), rel=0.07)


def test_what_is_still_missing_counts_once_it_is_late() -> None:
    assert lead_time(5.0, 9.0, [1.0] * 5, [0.2]) == lead_time(5.0, 9.0, [1.0] * 5)
    assert lead_time(5.0, 9.0, [1.0] * 5, [6.0]).p50_days > lead_time(5.0, 9.0, [1.0] * 5).p50_days


def test_a_delivery_that_has_not_come_is_not_in_the_past() -> None:
    waited = arrival_hours(LeadTime(5.0, 9.0), 6.0)
    assert float(waited.min()) > 0.0
    assert float(np.median(waited + 144.0)) > float(np.median(arrival_hours(LeadTime(5.0, 9.0), 0.0)))


def test_the_chance_of_refused_pieces_goes_from_a_guess_to_the_record() -> None:
    assert refused_share(0, 0) == 0.05
    assert refused_share(0, 100) < 0.01
    assert refused_share(50, 100) == pytest.approx(0.459, abs=0.001)
