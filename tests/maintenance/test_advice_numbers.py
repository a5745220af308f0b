"""The arithmetic of an advice: by hand where it can be done by hand, by law everywhere else."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.maintenance.advice.numbers import Inputs, numbers, win_probability
from forewarn.maintenance.advice.race import Lead, lead_hours

LEVELS = (0.1, 0.5, 0.9)
spans = st.floats(0.0, 10_000.0)


@st.composite
def inputs(draw: st.DrawFn) -> Inputs:
    p50_days = draw(st.floats(0.0, 60.0))
    lead = Lead("part", p50_days, p50_days * draw(st.floats(1.0, 4.0)))
    return Inputs(
        at_us=draw(st.integers(0, 2**52)),
        criticality=draw(st.sampled_from("ABC")),
        operating_hours_per_day=draw(st.floats(1.0, 24.0)),
        repair_hours=draw(st.floats(0.0, 200.0)),
        levels=LEVELS,
        hours=tuple(sorted(draw(st.tuples(spans, spans, spans)))),
        leads=(lead,),
    )


def shorter(case: Inputs, factor: float) -> Inputs:
    """The same case with less life left at every level."""
    return Inputs.from_json({**fields(case), "hours": [hours * factor for hours in case.hours]})


def fields(case: Inputs) -> dict[str, object]:
    return asdict(case)


def test_lead_times_go_through_p50_and_p90() -> None:
    drawn = lead_hours(Lead("part", 5.0, 12.0))
    assert np.quantile(drawn, 0.5) == pytest.approx(5.0 * 24, rel=0.01)
    assert np.quantile(drawn, 0.9) == pytest.approx(12.0 * 24, rel=0.02)


@pytest.mark.parametrize(
    ("p50_days", "p90_days", "repair_h", "hand"),
    [
        # Life: straight lines through 0 h, 100 h (10 %), 300 h (50 %), 500 h (90 %).
        (0.0, 0.0, 100.0, 0.90),  # no delivery: life above 100 h
        (0.0, 0.0, 200.0, 0.70),  # half way between 10 % and 50 %
        (5.0, 5.0, 80.0, 0.70),  # always 120 h, and 80 h of repair
        (0.0, 0.0, 50.0, 0.95),  # half way to the cautious foot at 0 h
        (0.0, 0.0, 600.0, 0.0),  # longer than every quantile: not claimed
    ],
)
def test_the_chance_to_be_in_time_agrees_with_paper_and_pencil(
    p50_days: float, p90_days: float, repair_h: float, hand: float
) -> None:
    case = Inputs(0, "B", 24.0, repair_h, LEVELS, (100.0, 300.0, 500.0), (Lead("part", p50_days, p90_days),))
    assert win_probability(case) == pytest.approx(hand, abs=1e-3)


def test_the_chance_to_be_in_time_agrees_with_drawing_lots() -> None:
    case = Inputs(0, "B", 12.0, 8.0, LEVELS, (100.0, 200.0, 500.0), (Lead("a", 2.0, 3.0), Lead("slow", 10.0, 25.0)))
    rng = np.random.default_rng(7)
    sigma = np.log(2.5) / 1.2815515655446004
    needs_h = 240 * np.exp(sigma * rng.standard_normal(400_000)) + 8
    lives_h = np.interp(rng.random(400_000), (0, *LEVELS), (0, 200, 400, 1000))
    assert win_probability(case) == pytest.approx(float((lives_h > needs_h).mean()), abs=0.003)


@given(inputs(), st.floats(0.0, 1.0))
def test_less_life_never_gives_later_dates_a_lower_urgency_or_a_better_chance(case: Inputs, factor: float) -> None:
    now, worse = numbers(case), numbers(shorter(case, factor))
    assert worse.start_by_us is not None
    assert worse.order_by_us is not None
    assert now.start_by_us is not None
    assert now.order_by_us is not None
    assert worse.start_by_us <= now.start_by_us
    assert worse.order_by_us <= now.order_by_us
    assert worse.priority <= now.priority
    assert (worse.win_probability or 0) <= (now.win_probability or 0)


@given(inputs())
def test_no_date_lies_in_the_past_and_parts_come_before_work(case: Inputs) -> None:
    found = numbers(case)
    assert found.start_by_us is not None
    assert found.order_by_us is not None
    assert case.at_us <= found.order_by_us <= found.start_by_us


@given(inputs(), st.booleans())
def test_a_more_critical_machine_never_comes_later(case: Inputs, known: bool) -> None:
    kept = fields(case) if known else {**fields(case), "hours": (), "levels": ()}
    a, b, c = (numbers(Inputs.from_json({**kept, "criticality": each})).priority for each in "ABC")
    assert 1 <= a <= b <= c <= 5


def test_the_slowest_part_decides() -> None:
    fast, slow = Lead("fast", 1.0, 2.0), Lead("slow", 5.0, 20.0)
    case = Inputs(0, "A", 24.0, 0.0, LEVELS, (600.0, 700.0, 800.0), (slow, fast))
    assert numbers(case).order_by_us == (600 - 20 * 24) * 3_600_000_000
