"""Demand by causes: traces add up, a chance moves its own pieces only, and the convolution is that of a slow oracle."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.demand import CauseKind, PartDemand, Trace, Window
from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.readings import Floats
from forewarn.maintenance.demand.caused import DAYS_PER_MONTH, Asked, Causes, Occasion, Rest, Threat
from tests.maintenance.demand_caused.fleets import fleets, windows

SPALL = Fault("de_bearing", "outer_race_spall")
INNER = Fault("de_bearing", "inner_race_spall")


@settings(max_examples=50)
@given(fleets(), windows())
def test_traces_add_up_to_the_mean_and_quantiles_never_fall(causes: Causes, window: Window) -> None:
    demand = causes.over(window)
    assert sum(trace.pieces for trace in demand.traces) == pytest.approx(demand.mean, abs=1e-9)
    assert demand.chances.sum() == pytest.approx(1.0, abs=1e-9)
    found = [demand.quantile(level) for level in (0.05, 0.5, 0.8, 0.9, 0.95, 0.99)]
    assert found == sorted(found)
    assert all(
        demand.at_most(q) >= level - 1e-9 for q, level in zip(found[1:], (0.5, 0.8, 0.9, 0.95, 0.99), strict=True)
    )


@settings(max_examples=60)
@given(fleets(), windows(), st.data())
def test_raising_one_assets_failure_probability_raises_exactly_the_pieces_traced_to_it(
    causes: Causes, window: Window, data: st.DataObject
) -> None:
    asset = data.draw(st.sampled_from(sorted({threat.asset for threat in causes.threats})))
    factor = data.draw(st.floats(1.0, 2.0))
    raised = tuple(
        replace(t, probability=min(t.probability * factor, 1.0)) if t.asset == asset else t for t in causes.threats
    )
    before, after = causes.over(window), replace(causes, threats=raised).over(window)
    old, new = ({t.key: t.pieces for t in demand.traces} for demand in (before, after))
    for key in {**old, **new}:
        is_its_own = key[:2] == (CauseKind.FAULT.value, asset)
        if is_its_own:
            assert new.get(key, 0.0) >= old.get(key, 0.0)
        else:
            assert new.get(key) == old.get(key)  # to the last bit
    moved = sum(new.get(k, 0.0) - old.get(k, 0.0) for k in {**old, **new} if k[:2] == (CauseKind.FAULT.value, asset))
    assert after.mean - before.mean == pytest.approx(moved, abs=1e-9)
    assert sum(new.values()) == pytest.approx(after.mean, abs=1e-9)
    longest = max(len(before.chances), len(after.chances))
    assert all(after.at_most(n) <= before.at_most(n) + 1e-9 for n in range(longest))  # more is asked for, never less


@settings(max_examples=50)
@given(fleets(), windows())
def test_a_cause_that_is_taken_away_takes_its_pieces_and_nobody_elses(causes: Causes, window: Window) -> None:
    whole = {t.key: t.pieces for t in causes.over(window).traces}
    without = {t.key: t.pieces for t in replace(causes, rest=None, occasions=()).over(window).traces}
    kinds = (CauseKind.PLAN.value, CauseKind.UNEXPLAINED.value)
    assert without == {key: pieces for key, pieces in whole.items() if key[0] not in kinds}


def outcomes_at(causes: Causes, days: float) -> dict[int, float]:
    """Every combination of what may happen within so many days, one after the other."""
    at = np.array([days])
    choices: list[list[tuple[int, float]]] = []
    for asset in sorted({t.asset for t in causes.threats}):
        mine = [t for t in causes.threats if t.asset == asset]
        told = [(t.quantity, float(t.within(at)[0])) for t in mine]
        if sum(t.probability for t in mine) <= 1 + 1e-12:
            choices.append([*told, (0, 1 - sum(p for _, p in told))])
        else:
            choices += [[(quantity, p), (0, 1 - p)] for quantity, p in told]
    choices += [
        [(o.quantity, 1.0 if days >= o.from_days else 0.0), (0, float(days < o.from_days))] for o in causes.asked
    ]
    for slot in causes.occasions:
        p = float(slot.within(at)[0])
        choices.append([(slot.quantity, p), (0, 1 - p)])
    if causes.rest is not None:
        choices.append(list(enumerate(causes.rest.over(days).tolist())))
    found: dict[int, float] = {}
    for several in product(*choices):
        pieces = sum(quantity for quantity, _ in several)
        found[pieces] = found.get(pieces, 0.0) + float(np.prod([p for _, p in several]))
    return found


@settings(max_examples=25)
@given(fleets(), windows())
def test_chances_are_those_of_going_through_every_combination(causes: Causes, window: Window) -> None:
    few = Window(window.days[:: max(len(window.days) // 2, 1)])
    slow: dict[int, float] = {}
    for days in few.days:
        for pieces, chance in outcomes_at(causes, float(days)).items():
            slow[pieces] = slow.get(pieces, 0.0) + chance / len(few.days)
    demand = causes.over(few)
    assert {n: p for n, p in enumerate(demand.chances) if p > 1e-12} == pytest.approx(
        {n: p for n, p in slow.items() if p > 1e-12}, abs=1e-9
    )


def drawn(causes: Causes, window: Window, rng: np.random.Generator, times: int) -> Floats:
    """Pieces of so many made-up futures: a length of the window, then each cause by itself."""
    lengths = rng.choice(window.days, times)
    total = np.zeros(times)
    for threat in causes.threats:
        total += threat.quantity * (rng.random(times) < threat.within(lengths))
    for slot in causes.occasions:
        asked_at = rng.uniform(slot.early_days, slot.late_days, times)
        total += slot.quantity * ((asked_at <= lengths) & (rng.random(times) < slot.kept))
    return total


@pytest.mark.slow
def test_chances_are_those_of_many_drawn_futures() -> None:
    causes = Causes(
        "6205",
        0,
        tuple(
            Threat(f"p{n}", SPALL, 0.3 + n / 10, (0.1, 0.5, 0.9), (5.0 * n, 20.0, 60.0), 1 + n % 2) for n in range(4)
        ),
        (),
        tuple(Occasion("lube", f"p{n}", 1, 10.0 * n, 15.0 * n + 5, 0.9) for n in range(4)),
    )
    window = Window(np.linspace(5.0, 60.0, 20))
    demand, times = causes.over(window), 200_000
    seen = drawn(causes, window, np.random.default_rng(5), times)
    shares = np.bincount(seen.astype(int), minlength=len(demand.chances)) / times
    apart = np.sqrt(demand.chances * (1 - demand.chances) / times)
    assert np.all(np.abs(shares - demand.chances) <= 5 * apart + 1e-6)
    assert seen.mean() == pytest.approx(demand.mean, abs=5 * seen.std() / np.sqrt(times))


def test_two_possible_faults_of_one_machine_ask_for_one_bearing_and_not_for_two() -> None:
    both = (
        Threat("p1", SPALL, 0.6, (0.5,), (0.0,), 1, 0, 1.0),
        Threat("p1", INNER, 0.4, (0.5,), (0.0,), 1, 0, 1.0),
    )
    demand = Causes("6205", 0, both).over(Window.of_days(30))
    assert demand.chances.tolist() == [0.5, 0.5]
    assert [(t.cause, t.pieces) for t in demand.traces] == [(str(SPALL), 0.3), (str(INNER), 0.2)]


def test_pieces_that_are_held_for_an_order_are_not_asked_for_again() -> None:
    whole = Threat("p1", SPALL, 1.0, (0.5,), (10.0,), 2)
    half = replace(whole, quantity=1, held=1)
    assert Causes("6205", 0, (half,)).over(Window.of_days(20)).mean == 0.5
    assert Causes("6205", 0, (replace(whole, quantity=0, held=2),)).over(Window.of_days(20)).traces == ()
    assert half.why(0).endswith("1 piece held for its order already")


def test_a_life_beyond_the_horizon_of_its_forecast_asks_for_nothing_more() -> None:
    told = Threat("p1", SPALL, 1.0, (0.1, 0.5), (10.0, 30.0), 1)
    assert told.within(np.array([30.0, 3000.0])).tolist() == [0.5, 0.5]
    assert replace(told, levels=(), days=()).within(np.array([30.0])).tolist() == [0.0]


def test_an_older_forecast_has_used_up_a_part_of_its_life() -> None:
    fresh = Threat("p1", SPALL, 1.0, (0.5,), (20.0,), 1)
    aged = Threat("p1", SPALL, 1.0, (0.5,), (10.0,), 1, 0, age_days=10.0)
    assert aged.within(np.array([5.0])).tolist() == fresh.within(np.array([15.0])).tolist()


def test_the_rest_between_two_months_is_one_or_the_other_and_beyond_the_last_both() -> None:
    rest = Rest((1, 2), (np.array([0.5, 0.5]), np.array([0.2, 0.3, 0.5])))
    assert rest.over(0.0).tolist() == [1.0]
    assert rest.over(1.5 * DAYS_PER_MONTH) == pytest.approx([0.35, 0.4, 0.25])
    assert rest.over(3 * DAYS_PER_MONTH) == pytest.approx(np.convolve([0.2, 0.3, 0.5], [0.5, 0.5]))


def test_a_slot_of_hardly_any_length_has_one_time() -> None:
    slot = Occasion("lube", "p1", 1, 5.0, 5.0 + 1e-15, 0.9)
    assert slot.within(np.array([0.0, 4.9, 5.0, 400.0])).tolist() == [0.0, 0.0, 0.9, 0.9]
    hair = Occasion("lube", "p1", 1, 0.0, 5e-324, 0.9)
    assert hair.within(np.array([0.0, 1.0])).tolist() == [0.9, 0.9]


def test_an_order_asks_for_sure_from_its_date_on() -> None:
    order = Asked("WO-7", "p1", CauseKind.ORDER, "WO-7", 2, from_days=20.0)
    causes = Causes("6205", 0, (), (order,))
    assert causes.over(Window.of_days(19)).mean == 0.0
    assert causes.over(Window.of_days(20)).chances.tolist() == [0.0, 0.0, 1.0]


def test_a_demand_whose_traces_do_not_add_up_is_refused() -> None:
    trace = Trace(CauseKind.FAULT, "p1", str(SPALL), 0.4, 0.4)
    with pytest.raises(ValueError, match="add up"):
        PartDemand("6205", 0, Window.of_days(1), np.array([0.5, 0.5]), (trace,))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Threat("p1", SPALL, 1.2, (), (), 1),
        lambda: Threat("p1", SPALL, 0.2, (0.1,), (), 1),
        lambda: Occasion("lube", "p1", 1, 5.0, 4.0),
        lambda: Rest((2, 1), (np.ones(1), np.ones(1))),
        lambda: Window(np.array([3.0, 1.0])),
        lambda: Causes("6205", 0).over(Window.of_days(1)).quantile(1.0),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(Rejected):
        wrong()  # type: ignore[operator] # a function without arguments
