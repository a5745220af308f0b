"""A review takes the difference of two policies apart: each step is one thing, and together they are all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.demand import LINE_STEPS, CauseKind, LineState, Window, stepped
from forewarn.core.errors import Conflict
from forewarn.core.faults import Fault
from forewarn.maintenance.demand.accuracy import accuracy, loss, score
from forewarn.maintenance.demand.caused import Causes, Threat
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.demand.plain_demand import reviewed_from, reviewed_json
from forewarn.maintenance.demand.reorder import Terms
from forewarn.maintenance.demand.review import NOT_KEPT, reviewed, standing_of
from forewarn.maintenance.demand.traces import moved, told
from forewarn.maintenance.evidence import canonical
from tests.maintenance.demand_caused.fleets import fleets
from tests.maintenance.demand_caused.test_reorder import demand_of

SPALL = Fault("de_bearing", "outer_race_spall")
TERMS, LEAD = Terms("6205", 20.0, "E", 50.0), LeadTime(20.0, 40.0)


def fleet(*probabilities: float) -> Causes:
    threats = (
        Threat(f"pump-0{n}", SPALL, p, (0.1, 0.5, 0.9), (10.0, 30.0, 60.0), 2) for n, p in enumerate(probabilities, 1)
    )
    return Causes("6205", 0, tuple(threats))


terms = st.builds(
    Terms,
    st.just("6205"),
    st.floats(1, 500),
    st.sampled_from("VED"),
    st.one_of(st.none(), st.floats(0, 500)),
    st.none(),
    st.floats(0, 200),
    st.floats(0.05, 0.5),
    st.integers(1, 5),
    st.integers(1, 3),
    st.one_of(st.none(), st.floats(30, 4000)),
    st.sampled_from([7.0, 30.0]),
)
leads = st.tuples(st.floats(1, 90), st.floats(1, 3)).map(lambda pair: LeadTime(pair[0], pair[0] * pair[1]))


@settings(max_examples=40)
@given(fleets(), terms, leads, fleets(), terms, leads)
def test_steps_make_the_whole_difference_one_after_the_other(
    old: Causes, old_terms: Terms, old_lead: LeadTime, new: Causes, new_terms: Terms, new_lead: LeadTime
) -> None:
    before = standing_of(old, old_terms, old_lead)
    line = reviewed(before, replace(new, at_us=1), new_terms, new_lead)
    numbers = [before.policy.numbers, line.after.policy.numbers]
    was, now = ((NOT_KEPT if point is None else point, up_to) for point, up_to in numbers)
    assert was[0] + sum(step.point_after - step.point_before for step in line.steps) == now[0]
    assert was[1] + sum(step.up_to_after - step.up_to_before for step in line.steps) == now[1]
    for one, other in zip(line.steps, line.steps[1:], strict=False):
        assert (one.point_after, one.up_to_after) == (other.point_before, other.up_to_before)
    assert line.is_same == (was == now)
    again = reviewed_from(reviewed_json(line))
    assert canonical(reviewed_json(again)) == canonical(reviewed_json(line))
    assert again.steps == line.steps


def test_the_step_of_the_demand_names_the_trace_that_moved_and_by_how_much() -> None:
    before = standing_of(fleet(0.2, 0.5), TERMS, LEAD)
    line = reviewed(before, fleet(0.8, 0.5), TERMS, LEAD)
    [step] = line.steps
    [trace] = step.moved
    assert (trace.kind, trace.asset, trace.cause) == (CauseKind.FAULT, "pump-01", str(SPALL))
    assert trace.after == pytest.approx(4 * trace.before)
    assert f"+{trace.by:.2f} pieces: outer-race spall, de_bearing of pump-01" in line.text
    assert line.money == (line.after.policy.order_up_to - before.policy.order_up_to) * 20.0 > 0


def test_a_longer_lead_time_is_a_step_of_its_own() -> None:
    before = standing_of(fleet(0.5, 0.5), TERMS, LEAD)
    line = reviewed(before, fleet(0.5, 0.5), TERMS, LeadTime(45.0, 90.0, 7))
    [step] = line.steps
    assert step.what == "lead time P50 / P90 20.0 / 40.0 -> 45.0 / 90.0 days, from 7 deliveries"
    assert step.point_after >= step.point_before


@pytest.mark.parametrize(
    ("changed", "name", "what"),
    [
        ({"ved": "V"}, "service level", "class E -> V"),
        ({"standstill_per_h": 90.0}, "service level", "an hour of standstill 50 -> 90 EUR"),
        ({"price": 35.0}, "price", "price 20 -> 35 EUR"),
        ({"order_cost": 900.0}, "ordering", "cost of an order 50 -> 900"),
        ({"minimum": 40}, "ordering", "least quantity 1 -> 40"),
        ({"review_days": 90.0}, "lead time", "review every 30 -> 90 days"),
    ],
)
def test_one_changed_term_is_one_step_of_its_name_and_makes_all_of_the_difference(
    changed: dict[str, object], name: str, what: str
) -> None:
    before = standing_of(fleet(0.8, 0.6, 0.5), TERMS, LEAD)
    line = reviewed(before, fleet(0.8, 0.6, 0.5), replace(TERMS, **changed), LEAD)  # type: ignore[arg-type] # of terms
    [step] = line.steps
    assert (step.name, step.what) == (name, what)
    assert step.up_to_after == line.after.policy.order_up_to
    assert step.up_to_before == before.policy.order_up_to


def test_what_did_not_change_is_kept_without_steps() -> None:
    before = standing_of(fleet(0.5), TERMS, LEAD)
    line = reviewed(before, fleet(0.5), TERMS, LEAD)
    assert line.is_same
    assert line.steps == ()
    assert "as before" in line.text


def test_a_first_policy_is_explained_by_its_reasons() -> None:
    line = reviewed(None, fleet(0.5), TERMS, LEAD)
    assert line.before is None
    assert not line.is_same
    assert "No policy so far" in line.text
    assert "Service level" in line.text


def test_a_cause_that_is_gone_asks_no_more_and_a_hair_is_not_told() -> None:
    window = Window.of_days(30)
    old, new = fleet(0.5, 0.4).over(window).traces, fleet(0.5 + 1e-5).over(window).traces
    [gone] = moved(old, new)
    assert (gone.asset, gone.after, gone.why) == ("pump-02", 0.0, "it asks no more")


def test_three_of_five_pieces_are_told_with_their_cause() -> None:
    text = told(fleet(1.0, 0.6, 0.3, 0.2).over(Window.of_days(60)))
    assert text == (
        "3.8 pieces in 60 days: 1.8 because of outer-race spall, de_bearing of pump-01, 1.1 because of outer-race"
        " spall, de_bearing of pump-02, 0.5 because of outer-race spall, de_bearing of pump-03, 0.4 of 1 others"
    )


def test_only_the_steps_of_the_table_are_allowed() -> None:
    for state in LineState:
        for to in LineState:
            if to in LINE_STEPS[state]:
                assert stepped(1, state, to) is to
            else:
                with pytest.raises(Conflict, match="line 1"):
                    stepped(1, state, to)


@given(st.integers(0, 20), st.integers(0, 20), st.floats(0.01, 0.99))
def test_the_quantile_loss_is_never_below_zero_and_zero_when_met(quantile: int, issued: int, level: float) -> None:
    assert loss(level, quantile, issued) >= 0
    assert loss(level, issued, issued) == 0


def test_bias_and_coverage_are_of_all_months_together() -> None:
    demand = demand_of(0.5, 0.3, 0.2)
    found = accuracy([score("2026-10", demand, 0.0), score("2026-11", demand, 3.0)])
    assert found.bias == pytest.approx((2 * 0.7 - 3) / 3)
    assert found.covered == {0.5: 0.5, 0.9: 0.5, 0.95: 0.5}
    assert found.losses[0.9] == pytest.approx((0.1 * 2 + 0.9 * 1) / 2)
    assert accuracy([]).bias is None
