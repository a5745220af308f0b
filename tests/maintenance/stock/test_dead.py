"""Dead and slow stock: what lies still, who still needs it, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.dead import DeadRules, Disposal, Lying, Motion, dead_stock, judge
from forewarn.maintenance.stock.needs import Need, Source

NOW = 2_000 * US_PER_DAY
OLD = Lying("gear", 1, 900.0, 0, None, 0.0, lead_days=5.0)


def need(criticality: str, quantity: int = 1) -> Need:
    return Need("gear", Source.FAULT, "gear:wear", f"m-{criticality}", criticality, quantity)


def test_a_part_that_no_asset_needs_is_sold_and_scrapped_where_selling_brings_nothing() -> None:
    assert judge(OLD, [], NOW).disposal is Disposal.SELL
    cheap = judge(replace(OLD, price=10.0), [], NOW)
    assert (cheap.motion, cheap.disposal, cheap.keep, cheap.surplus) == (Motion.DEAD, Disposal.SCRAP, 0, 1)
    assert cheap.reason == "no issue for 2000 days, no asset in use needs it, and 10.00 is less than selling costs"


def test_a_spare_of_a_machine_that_stops_the_plant_is_insurance_however_long_it_lay() -> None:
    found = judge(OLD, [need("C"), need("A")], NOW)
    assert (found.motion, found.disposal, found.keep) == (Motion.DEAD, Disposal.INSURE, 1)
    assert "still needed by fault plan gear:wear of m-A" in found.reason


def test_what_takes_long_to_come_is_insurance_for_a_small_machine_too() -> None:
    assert judge(OLD, [need("C")], NOW).disposal is Disposal.SELL
    found = judge(replace(OLD, lead_days=90.0), [need("C")], NOW)
    assert (found.disposal, found.reason.endswith("a new one takes up to 90 days")) == (Disposal.INSURE, True)


def test_a_part_whose_card_says_insurance_stays_while_something_needs_it() -> None:
    sure = replace(OLD, is_insurance=True)
    assert judge(sure, [need("C")], NOW).disposal is Disposal.INSURE
    assert judge(sure, [], NOW).disposal is Disposal.SELL


def test_what_is_more_than_one_job_takes_is_sold_and_the_rest_stays() -> None:
    found = judge(replace(OLD, on_hand=5), [need("A", 2)], NOW)
    assert (found.disposal, found.keep, found.surplus, found.surplus_value) == (Disposal.SELL, 2, 3, 2700.0)


def test_a_part_that_lasts_for_years_at_its_pace_is_slow_and_keeps_what_those_years_take() -> None:
    slow = Lying("belt", 20, 30.0, 0, NOW - 5 * US_PER_DAY, issued_a_year=2.0, lead_days=3.0)
    found = judge(slow, [need("B")], NOW)
    assert (found.motion, found.cover_years, found.disposal, found.keep) == (Motion.SLOW, 10.0, Disposal.SELL, 6)
    assert judge(replace(slow, on_hand=6), [need("B")], NOW).motion is Motion.MOVING


def test_a_part_that_came_lately_is_neither_dead_nor_slow() -> None:
    assert judge(replace(OLD, since_us=NOW - 300 * US_PER_DAY), [], NOW).motion is Motion.MOVING


def test_pieces_whose_shelf_life_is_over_are_scrapped_also_of_a_part_that_moves() -> None:
    glue = Lying("glue", 10, 4.0, NOW - 90 * US_PER_DAY, NOW - US_PER_DAY, 40.0, 3.0, expired=4)
    [found] = dead_stock([glue], {}, NOW)
    assert (found.motion, found.disposal, found.surplus, found.keep) == (Motion.MOVING, Disposal.SCRAP, 4, 6)


def test_the_list_leaves_out_what_moves_and_what_is_gone_and_begins_with_the_most_money() -> None:
    moving = Lying("oil", 3, 9.0, 0, NOW, 30.0, 1.0)
    shelf = [OLD, replace(OLD, part="shaft", price=5_000.0), moving, replace(OLD, part="gone", on_hand=0)]
    assert [one.part for one in dead_stock(shelf, {}, NOW)] == ["shaft", "gear"]


@given(
    on_hand=st.integers(1, 50),
    expired=st.integers(0, 50),
    price=st.floats(0, 1e4),
    days=st.integers(0, 2000),
    yearly=st.floats(0, 100),
    needs=st.lists(st.builds(need, st.sampled_from(["A", "B", "C", ""]), st.integers(1, 60)), max_size=3),
)
def test_what_stays_and_what_goes_add_up_to_what_is_there(
    on_hand: int, expired: int, price: float, days: int, yearly: float, needs: list[Need]
) -> None:
    lying = Lying("x", on_hand, price, NOW - days * US_PER_DAY, None, yearly, 10.0, min(expired, on_hand))
    found = judge(lying, needs, NOW)
    assert found.keep + found.surplus == on_hand
    assert found.keep >= 0
    assert found.surplus >= 0
    assert (found.disposal in (Disposal.SELL, Disposal.SCRAP)) == (found.surplus > 0)
    if any(one.criticality == "A" for one in needs) and not lying.expired:
        assert found.keep >= min(on_hand, max(one.quantity for one in needs))


def test_rules_below_nothing_are_refused() -> None:
    with pytest.raises(Rejected, match="above 0"):
        DeadRules(still_days=0)
