"""Reorder points, lots, insurance spares, proposals within a budget: by hand, and against slow searches."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.demand import CauseKind, PartDemand, Trace, Window
from forewarn.core.errors import Rejected
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.demand.reorder import (
    LEVEL_LIMITS,
    Proposal,
    Terms,
    lot,
    policy,
    proposal,
    service_level,
    within_budget,
)
from tests.maintenance.demand_caused.fleets import chances

LEAD = LeadTime(20.0, 40.0)
BEARING = Terms("6205", 20.0, "V", 100.0)


def demand_of(*told: float, days: float = 60.0) -> PartDemand:
    """A demand with these chances of 0, 1, 2 ... pieces, all of one cause."""
    shares = np.array(told)
    mean = float(shares @ np.arange(len(shares)))
    traces = (Trace(CauseKind.UNEXPLAINED, "", "rest", mean, 1 - told[0]),) if mean else ()
    return PartDemand("6205", 0, Window.of_days(days), shares, traces)


def test_the_level_is_what_a_missing_piece_costs_against_one_on_the_shelf_within_the_limits_of_its_class() -> None:
    lead = LeadTime(30.0, 30.0)
    cheap_stop = Terms("gear", 1000.0, "D", standstill_per_h=2.0, rush_days=5.0)  # missing 240, holding 32.85
    level, why = service_level(cheap_stop, lead)
    assert level == pytest.approx(240 / (240 + 1000 * 0.2 * 60 / 365.25))
    assert "a missing piece costs 240 EUR" in why
    assert service_level(replace(cheap_stop, ved="V"), lead)[0] == LEVEL_LIMITS["V"][0]
    assert service_level(replace(cheap_stop, standstill_per_h=1e6), lead)[0] == LEVEL_LIMITS["D"][1]
    assert service_level(replace(cheap_stop, standstill_per_h=None), lead)[0] == 0.9


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.sampled_from("VED"))
def test_a_dearer_standstill_never_lowers_the_level(one: float, other: float, ved: str) -> None:
    low, high = sorted((one, other))
    found = [service_level(replace(BEARING, ved=ved, standstill_per_h=cost), LEAD)[0] for cost in (low, high)]
    assert found[0] <= found[1]
    assert LEVEL_LIMITS[ved][0] <= found[0] <= LEVEL_LIMITS[ved][1]


@settings(max_examples=60)
@given(
    st.floats(0.5, 200), st.floats(1, 500), st.floats(0, 300), st.floats(0.05, 1), st.integers(1, 12), st.integers(1, 8)
)
def test_the_lot_costs_least_of_all_allowed_quantities(
    yearly: float, price: float, order_cost: float, share: float, minimum: int, multiple: int
) -> None:
    terms = Terms("6205", price, order_cost=order_cost, holding_share=share, minimum=minimum, multiple=multiple)
    found, _ = lot(terms, yearly)

    def cost(quantity: int) -> float:
        return order_cost * yearly / quantity + price * share * quantity / 2

    allowed = (n for n in range(multiple, 5000, multiple) if n >= minimum)
    best = min(cost(n) for n in allowed)
    assert found % multiple == 0
    assert found >= minimum
    assert cost(found) <= best * (1 + 1e-9)


def test_no_more_is_bought_than_is_used_before_it_is_too_old() -> None:
    grease = Terms("grease", 2.0, shelf_life_days=182.625)
    assert lot(grease, 10.0)[0] == 5  # the EOQ is 50
    assert "shelf life" in lot(grease, 10.0)[1]
    assert lot(replace(grease, minimum=8), 10.0)[0] == 8  # less is not sold


@settings(max_examples=50)
@given(chances(), st.sampled_from("VED"))
def test_the_reorder_point_is_the_least_that_suffices(
    told: np.ndarray[tuple[int], np.dtype[np.float64]], ved: str
) -> None:
    demand = demand_of(*told)
    found = policy(demand, demand, replace(BEARING, ved=ved), LEAD)
    enough = [n for n in range(len(told)) if float(told[: n + 1].sum()) >= found.level - 1e-12]
    if found.reorder_point is None or found.is_insurance:
        assert min(enough) == 0
    else:
        assert found.reorder_point == min(enough)
        assert found.order_up_to == found.reorder_point + found.lot


def test_a_spare_that_is_hardly_ever_needed_is_kept_where_its_absence_costs_more() -> None:
    year = demand_of(0.99, 0.01, days=365.25)
    dear = Terms("rotor", 10_000.0, "V", standstill_per_h=2_000.0)  # 1 % of 960,000 a year against 2,000
    kept = policy(demand_of(0.999, 0.001), year, dear, LEAD)
    assert (kept.is_insurance, kept.reorder_point, kept.order_up_to) == (True, 0, 1)
    assert any("9,600 EUR a year, one on the shelf 2,000 EUR" in reason for reason in kept.reasons)
    not_kept = policy(demand_of(0.999, 0.001), year, replace(dear, standstill_per_h=100.0), LEAD)
    assert (not_kept.reorder_point, not_kept.order_up_to) == (None, 0)
    unsaid = replace(dear, standstill_per_h=None)
    assert policy(demand_of(0.999, 0.001), year, unsaid, LEAD).is_insurance
    assert policy(demand_of(0.999, 0.001), year, replace(unsaid, ved="E"), LEAD).reorder_point is None
    assert policy(demand_of(1.0), demand_of(1.0), dear, LEAD).reorder_point is None


def test_an_order_is_proposed_at_the_reorder_point_and_fills_up_in_what_the_supplier_sells() -> None:
    demand = demand_of(0.2, 0.3, 0.5)
    terms = replace(BEARING, multiple=4)
    found = policy(demand, demand, terms, LEAD)
    assert found.reorder_point == 2
    assert proposal(found, demand, terms, 2, 1) is None
    one = proposal(found, demand, terms, 1, 1)
    assert one is not None
    assert one.quantity % 4 == 0
    assert 2 + one.quantity >= found.order_up_to
    assert one.money == one.quantity * 20.0
    promised_twice = proposal(found, demand, terms, -3, 0)
    assert promised_twice is not None
    assert promised_twice.quantity >= found.order_up_to + 3
    assert promised_twice.saves > one.saves  # more would be missing


def test_what_is_not_kept_is_never_proposed() -> None:
    nothing = demand_of(1.0)
    found = policy(nothing, nothing, BEARING, LEAD)
    assert proposal(found, nothing, BEARING, 0, 0) is None


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1000)), min_size=1, max_size=7), st.floats(0, 300))
def test_a_budget_is_kept_and_loses_less_than_its_best_piece_against_the_best_choice(
    told: list[tuple[float, float]], budget: float
) -> None:
    wanted = [Proposal(str(i), 1, money, saves, "R.") for i, (money, saves) in enumerate(told)]
    found = within_budget(wanted, budget)
    taken = [one for one in found if not one.held_back]
    assert [one.part for one in found] == [one.part for one in wanted]
    assert sum(one.money for one in taken) <= budget + 1e-9
    best = max(
        sum(one.saves for one in some)
        for size in range(len(wanted) + 1)
        for some in itertools.combinations(wanted, size)
        if sum(one.money for one in some) <= budget
    )
    dearest = max((one.saves for one in wanted if one.money <= budget), default=0.0)
    assert sum(one.saves for one in taken) >= best - dearest - 1e-6  # greedy by saving per money: off by one at most
    assert all(not one.held_back for one in within_budget(wanted, None))


@pytest.mark.parametrize(
    "wrong",
    [{"ved": "X"}, {"price": -1.0}, {"minimum": 0}, {"shelf_life_days": 0.0}, {"standstill_per_h": -1.0},
     {"review_days": -1.0}],
)  # fmt: skip
def test_terms_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="6205"):
        replace(BEARING, **wrong)  # type: ignore[arg-type] # fields of terms


def test_a_lead_time_whose_late_deliveries_come_before_half_of_all_is_refused() -> None:
    with pytest.raises(Rejected, match="nine in ten"):
        LeadTime(10.0, 5.0)
