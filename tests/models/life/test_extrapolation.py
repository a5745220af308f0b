"""Growth that goes on: where the health index will stand, and when it cannot be said."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life
from forewarn.models.life.extrapolation import NOT_BEGUN, Extrapolation
from forewarn.models.life.growth import exponential, in_proportion, power, straight
from forewarn.models.life.health_index import learn_index
from tests.models.life.fleets import worn_fleet


def grown(law: str, rows: int = 200) -> tuple[Floats, Floats]:
    """Age and an index without noise."""
    t = np.arange(1.0, rows + 1)
    return t, {"straight": 0.002 * t, "exponential": 0.05 * np.exp(0.01 * t), "power": 1e-5 * t**2}[law]


@pytest.mark.parametrize(
    ("law", "reaches_1_at"),
    [("straight", 500.0), ("exponential", np.log(20.0) / 0.01), ("power", np.sqrt(1e5))],
)
def test_each_law_finds_its_own_end(law: str, reaches_1_at: float) -> None:
    t, index = grown(law)
    recent = np.exp((t - t[-1]) / 60.0)
    left, misfit = {"straight": straight, "exponential": exponential, "power": power}[law](
        t, index, recent, np.array([1.0])
    )
    assert np.median(left) == pytest.approx(reaches_1_at - t[-1], rel=0.05)
    others = [f(t, index, recent, np.array([1.0]))[1] for f in (straight, exponential, power)]
    assert misfit == min(others)


def test_a_rise_that_has_stopped_lasts_in_proportion_to_the_way_so_far() -> None:
    t = np.arange(1.0, 101.0)
    index = np.minimum(0.01 * t, 0.5)
    left, _ = in_proportion(t, index, np.ones(100), np.array([1.0]))
    assert np.median(left) == pytest.approx(100.0)


def test_the_index_is_0_while_sound_and_1_at_the_end_and_weighs_what_moves() -> None:
    lives = worn_fleet(12, noise=0.05)
    index = learn_index(lives)
    ends = [float(index.of(life)[-3:].mean()) for life in lives]
    starts = [float(np.median(index.of(life)[: len(life.age) // 3])) for life in lives]
    assert 0.8 < np.median(ends) < 1.2
    assert abs(np.median(starts)) < 0.15
    assert index.weights[3] == 0.0, "the column that says nothing"
    assert index.signs[:3] == (1, 1, -1)


def test_the_index_of_a_moment_is_that_of_the_whole_life_so_far() -> None:
    lives = worn_fleet(6)
    index = learn_index(lives)
    whole = index.of(lives[0])
    parts = index.paths([lives[0].until(40), lives[0], lives[0].until(70)])
    np.testing.assert_allclose(parts[0], whole[:41])
    np.testing.assert_allclose(parts[2], whole[:71])
    np.testing.assert_allclose(index.of(lives[0].until(40)), whole[:41])


def test_before_damage_has_begun_it_cannot_tell_and_says_so() -> None:
    lives = worn_fleet(8)
    told = Extrapolation().learn(lives).forecast([lives[0].until(30), lives[0].until(len(lives[0].age) - 5)])
    assert told.said[0] == NOT_BEGUN
    assert np.isnan(told.left[0]).all()
    assert told.said[1] == ""


def test_forecasts_shrink_as_the_end_comes_near_and_mostly_hold_it() -> None:
    lives = worn_fleet(10, noise=0.05)
    prognosis = Extrapolation().learn(lives[:7])
    held, shrunk = [], []
    for life in lives[7:]:
        rows = [int(share * len(life.age)) for share in (0.75, 0.9, 0.96)]
        told = prognosis.forecast([life.until(row) for row in rows])
        left = life.age[-1] - life.age[rows]
        held.extend((told.left[:, 1] <= left) & (left <= told.left[:, 5]))
        shrunk.append(told.at(0.5)[2] < told.at(0.5)[0])
    assert np.mean(held) >= 6 / 9
    assert all(shrunk)


def test_columns_of_another_machine_are_refused_and_two_lives_are_too_few() -> None:
    lives = worn_fleet(4)
    other = Life("x", lives[0].age, ("a", "b", "c", "d"), lives[0].values, False)
    with pytest.raises(Rejected):
        Extrapolation().learn(lives).forecast([other])
    with pytest.raises(NotReady):
        Extrapolation().learn(lives[:2])


def test_lives_in_which_nothing_moves_teach_nothing() -> None:
    rng = np.random.default_rng(1)
    flat = [Life(f"f{i}", np.arange(1.0, 61), ("x",), 1 + 0.1 * rng.random((60, 1)), True) for i in range(5)]
    with pytest.raises(NotReady):
        Extrapolation().learn(flat)
