"""How forecasts ended moves their levels: coverage is kept under drift, and whoever asks later gets the same."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.health import Assessment, ModelRef, RulForecast, State, WarmingUp
from forewarn.core.jobs import Breakdown
from forewarn.core.ports import Actor
from forewarn.core.readings import Floats
from forewarn.core.work import Json, OrderKind, Status
from forewarn.maintenance.evidence import assessment_json
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.rules import OrderSettings
from forewarn.models.life.contract import LEVELS
from forewarn.models.life.pooling import student_quantiles
from forewarn.pipeline.drift_watch import BUILT_IN
from forewarn.pipeline.known_outcomes import (
    LOOK_S,
    TRUSTED,
    KeptCoverage,
    KnownOutcomes,
    adjusted,
    final_of,
    outcomes_of,
)
from forewarn.pipeline.version import Case
from tests.pipeline.archives import SEAL, Past, day

SMITH = Actor("smith", "technician")
BUILT, LIFE = ModelRef("baseline", "2", "ab"), ModelRef("pump-life", "3", "cd")
KEY = "pump", BUILT_IN
SAYS = student_quantiles(float(np.log(200.0)), 0.4, 8.0)
"""Hours: what a model that never learns says of every life."""


def plant_with(*assets: str) -> Past:
    return Past(assets, orders=MemoryOrderBook(OrderSettings(cool_down_h=0.0)))


def known(past: Past, clock: list[float] | None = None) -> KnownOutcomes:
    """Reads the book whenever it is asked, unless a clock is given."""
    ticks = itertools.count(0.0, LOOK_S)
    return KnownOutcomes(past.orders, lambda: past.plant, (lambda: clock[0]) if clock else lambda: next(ticks))


def said_at(at: float, id: str = "p1", hours: Floats = SAYS, model: ModelRef = BUILT) -> Assessment:
    forecast = RulForecast(SEAL, LEVELS, hours, 8_766.0, model)
    return Assessment(id, day(at), (0, day(at)), State.ALARM, 50.0, WarmingUp(0, 1), (), (forecast,), (), BUILT)


def advised(past: Past, said: Assessment, at: float, done: float | None = None, finding: str | None = None) -> str:
    """A condition order with its frozen evidence; its id."""
    evidence: Json = {"assessment": assessment_json(said)}
    return past.order(said.asset, at, done, OrderKind.CONDITION, finding, evidence).id


def broke(past: Past, said: Assessment, at: float, hours: float) -> float:
    """An advice that was dismissed, a breakdown so many hours later, repaired after half a day: the day of that."""
    id = advised(past, said, at)
    past.orders.act(id, Status.CAN, SMITH, 1, day(at))
    down = at + hours / 24
    past.order(said.asset, down, down + 0.5)
    return down + 0.5


def told_with(outcomes: KnownOutcomes, past: Past, said: Assessment) -> Assessment:
    """What people see of an assessment."""
    case = Case(past.plant.assets[0], {}, 0, said.at_us)
    return KeptCoverage(outcomes).after(case, said)


def lived(seed: int, lives: int) -> Floats:
    """Hours of lives that shorten to a half and scatter more from the fortieth on."""
    rng = np.random.default_rng(seed)
    drift = np.arange(lives) >= 40
    return np.asarray(
        200.0 * np.where(drift, 0.5, 1.0) * np.exp(rng.standard_t(8.0, lives) * np.where(drift, 0.6, 0.4))
    )


def inside(told: list[Floats], left: Floats) -> float:
    """Share of lives between P10 and P90."""
    table = np.array(told)
    return float(np.mean((table[:, 1] <= left) & (left <= table[:, 5])))


def test_a_breakdown_that_was_told_on_the_order_of_the_advice_is_the_end_of_its_forecast() -> None:
    past, said = plant_with("p1"), said_at(20)
    id = advised(past, said, 20)
    assert isinstance(past.orders, MemoryOrderBook)
    told = past.orders.raise_breakdown(Breakdown("p1", "stands", day(25), day(26)), SMITH).order
    assert told is not None
    assert told.id == id
    closed = past.done(told, 30, "confirmed")
    finals = [final_of(closed, past.orders.history(id), past.plant)]
    (outcome,) = outcomes_of(finals, past.plant)
    assert (outcome.ended, outcome.left_h) == (True, 5 * 24.0)


@pytest.mark.slow
def test_drifting_lives_keep_the_coverage_with_it_and_lose_it_without() -> None:
    past, lives, at = plant_with("p1"), lived(5, 220), 1.0
    outcomes, told = known(past), []
    for hours in lives:
        seen = told_with(outcomes, past, said_at(at))
        told.append(seen.forecasts[0].hours)
        at = broke(past, seen, at, float(hours)) + 1.0
    late = slice(110, None)
    assert inside(told[:40], lives[:40]) >= 0.7
    assert 0.74 <= inside(told[late], lives[late]) <= 0.86
    assert inside([SAYS] * len(lives[late]), lives[late]) < 0.5


def test_nothing_is_moved_until_an_end_is_known() -> None:
    past = plant_with("p1")
    said = said_at(10)
    assert told_with(known(past), past, said) is said
    id = advised(past, said_at(1), 1)
    past.orders.act(id, Status.CAN, SMITH, 1, day(1))
    assert told_with(known(past), past, said) is said
    past.order("p1", 2)  # it is down, and nobody has repaired it yet
    assert told_with(known(past), past, said) is said


def test_an_end_counts_from_the_moment_when_its_order_was_closed() -> None:
    past = plant_with("p1")
    closed = broke(past, said_at(1), 1, 24.0)
    outcomes = known(past)
    assert outcomes.state(KEY, day(closed)) is TRUSTED
    after = outcomes.state(KEY, day(closed) + 1)
    assert after.seen == 1
    assert (after.scores < TRUSTED.scores).all(), "it failed before every level"
    seen = told_with(outcomes, past, said_at(9)).forecasts[0]
    assert seen.outcomes == 1
    assert (seen.hours < SAYS).all()


def test_a_repair_in_time_says_only_that_it_lasted_longer_than_the_levels_it_had_reached() -> None:
    past = plant_with("p1")
    advised(past, said_at(1), 1, done=1 + float(SAYS[2] + SAYS[3]) / 48, finding="confirmed")
    after = known(past).state(KEY, day(90))
    assert (after.scores[:3] > TRUSTED.scores[:3]).all()
    assert after.scores[3:].tolist() == TRUSTED.scores[3:].tolist()


def test_an_order_for_nothing_teaches_nothing_unless_the_machine_breaks_down_after_all() -> None:
    past = plant_with("p1", "p2")
    for id in past.assets:
        advised(past, said_at(1, id), 1, done=3, finding="not_found")
    assert known(past).state(KEY, day(90)) is TRUSTED
    past.order("p2", 11, 12)
    past.order("p1", 80, 81)  # too late to be what it had meant
    after = known(past).state(KEY, day(90))
    assert after.seen == 1
    assert after.scores[3] == pytest.approx(TRUSTED.scores[3] + after.step / 2), "240 h: above the median of 200"


def test_each_class_and_each_version_has_its_own_record() -> None:
    past = plant_with("p1")
    closed = broke(past, said_at(1, model=LIFE), 1, 24.0)
    outcomes = known(past)
    assert outcomes.state(("pump", "pump-life:3"), day(closed + 1)).seen == 1
    assert outcomes.state(("pump", "pump-life:4"), day(closed + 1)) is TRUSTED
    assert outcomes.state(("fan", "pump-life:3"), day(closed + 1)) is TRUSTED
    assert outcomes.state(KEY, day(closed + 1)) is TRUSTED


def test_hours_left_are_operating_hours() -> None:
    half = plant_with("p1")
    half.plant = replace(half.plant, assets=(replace(half.plant.assets[0], operating_hours_per_day=12.0),))
    broke(half, said_at(1), 1, 1.5 * float(SAYS[3]))  # in operating hours three quarters of the median
    assert known(half).state(KEY, day(90)).scores[3] < TRUSTED.scores[3]
    full = plant_with("p1")
    broke(full, said_at(1), 1, 1.5 * float(SAYS[3]))
    assert known(full).state(KEY, day(90)).scores[3] > TRUSTED.scores[3]


EVENTS = st.tuples(
    st.sampled_from(["p1", "p2"]), st.floats(1, 600), st.sampled_from(["broke", "confirmed", "not_found"])
)


@settings(max_examples=25, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=8), st.floats(0, 0.99))
def test_whoever_asks_later_gets_the_state_that_was_known_then(
    told: list[tuple[str, float, str]], share: float
) -> None:
    past, at, then, moment_us = plant_with("p1", "p2"), 1.0, TRUSTED, day(1)
    for number, (id, hours, what) in enumerate(told):
        if number == int(share * len(told)):
            moment_us, then = day(at), known(past).state(KEY, day(at))
        if what == "broke":
            at = broke(past, said_at(at, id), at, hours) + 1
        else:
            advised(past, said_at(at, id), at, at + hours / 24, what)
            at += hours / 24 + 1
    later = known(past)
    assert later.state(KEY, day(at)).seen <= len(told)
    again = later.state(KEY, moment_us)
    assert (again.scores.tolist(), again.seen) == (then.scores.tolist(), then.seen)


def test_the_book_is_read_again_after_a_while_and_each_final_order_once() -> None:
    past, clock = plant_with("p1"), [0.0]
    outcomes = known(past, clock)
    assert outcomes.state(KEY, day(50)) is TRUSTED
    broke(past, said_at(1), 1, 24.0)
    assert outcomes.state(KEY, day(50)) is TRUSTED
    clock[0] = LOOK_S
    assert outcomes.state(KEY, day(50)).seen == 1
    fans = replace(past.plant.assets[0], asset_class="fan")
    past.plant = replace(past.plant, assets=(fans,))
    assert outcomes.state(KEY, day(50)) is TRUSTED
    assert outcomes.state(("fan", BUILT_IN), day(50)).seen == 1


def test_a_moved_forecast_stays_below_its_horizon_and_never_falls() -> None:
    forecast = said_at(1, hours=np.array([1.0, 2, 4, 8_000, 8_766, 8_766, 8_766])).forecasts[0]
    state = TRUSTED
    for _ in range(40):
        state = state.after_told(forecast.hours, 8_765.0)
    moved = adjusted(forecast, state)
    assert moved.hours.max() <= forecast.horizon_h
    assert (np.diff(moved.hours) >= 0).all()
    assert moved.outcomes == 40
    kept = cast(Any, assessment_json(replace(said_at(1), forecasts=(moved,))))
    assert kept["forecasts"][0]["outcomes"] == 40


def test_the_share_below_each_level_follows_exactly_from_how_far_it_moved() -> None:
    rng, state, below = np.random.default_rng(0), TRUSTED, np.zeros(len(LEVELS))
    for _ in range(300):
        told = adjusted(said_at(1).forecasts[0], state).hours
        left = float(rng.gamma(1.0, 60.0))
        below += left <= told
        state = state.after_told(told, left)
    expected = LEVELS - (state.scores - TRUSTED.scores) / (state.step * 300)
    assert (below / 300).tolist() == pytest.approx(expected.tolist())
