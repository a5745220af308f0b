"""Lives that looked like this one, and those that have not ended."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life
from forewarn.models.life.similarity import ALONE, Similarity, product_limit
from tests.models.life.fleets import worn_fleet


def kaplan_meier_by_hand(left: Floats, weight: Floats, died: Floats) -> dict[float, float]:
    """Probability of an end at each time, from the definition: those at risk, those who end."""
    chance, survived = {}, 1.0
    for time in sorted(set(left[died].tolist())):
        at_risk = weight[left >= time].sum()
        ending = weight[(left == time) & died].sum()
        chance[time] = survived * ending / at_risk
        survived *= 1 - ending / at_risk
    return chance


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 5), st.booleans()), min_size=1, max_size=12))
def test_the_product_limit_is_that_of_the_definition(rows: list[tuple[int, int, bool]]) -> None:
    left, weight = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], float)
    died = np.array([r[2] for r in rows])
    ends, chance = product_limit(left, weight, died)
    by_hand = kaplan_meier_by_hand(left, weight, died)
    for time, expected in by_hand.items():
        np.testing.assert_allclose(chance[ends == time].sum(), expected, atol=1e-9)
    np.testing.assert_allclose(chance.sum(), 1.0)


def paced(pace: float, rows: int, ended: bool = True, asset: str = "") -> Life:
    """Wear that grows at a pace; failure at 1."""
    age = np.arange(1.0, rows + 1)
    rng = np.random.default_rng(int(pace * 1e6) + rows)
    wear = np.clip(pace * (age - 30), 0, None) + 0.02 * rng.normal(size=rows)
    return Life(asset or f"{pace}-{rows}", age, ("wear",), wear[:, None], ended)


FAST = [paced(0.02, 80 + i) for i in range(3)]
SLOW = [paced(0.005, 230 + i) for i in range(3)]


def test_a_fast_one_is_told_the_life_of_fast_ones_and_a_slow_one_that_of_slow_ones() -> None:
    prognosis = Similarity(reach=2.0).learn(FAST + SLOW)
    fast, slow = paced(0.02, 81).until(60), paced(0.005, 231).until(130)
    told = prognosis.forecast([fast, slow]).at(0.5)
    assert 10 < told[0] < 40
    assert 60 < told[1] < 150


def test_lives_that_go_on_make_the_forecast_longer_than_without_them_and_than_as_ends() -> None:
    running = [paced(0.005, 200 + i, ended=False) for i in range(4)]
    asked = [paced(0.005, 231).until(130)]
    without = Similarity().learn(FAST + SLOW).forecast(asked).at(0.5)[0]
    with_them = Similarity().learn(FAST + SLOW + running).forecast(asked).at(0.5)[0]
    taken = [Life(x.asset, x.age, x.names, x.values, True) for x in running]
    as_ends = Similarity().learn(FAST + SLOW + taken).forecast(asked).at(0.5)[0]
    assert with_them > as_ends
    assert with_them >= without - 1.0


def test_who_is_older_than_all_others_is_told_that_nobody_knows() -> None:
    old = paced(0.0005, 900).until(898)
    told = Similarity().learn(FAST + SLOW).forecast([old])
    assert told.said == (ALONE,)
    assert np.isnan(told.left).all()


def test_a_long_life_has_no_more_votes_than_a_short_one() -> None:
    asked = [FAST[0].until(60)]
    dense = [Life(x.asset, x.age, x.names, x.values, True) for x in worn_fleet(0)] + FAST + SLOW
    one = Similarity(places=30).learn(dense).forecast(asked).at(0.5)[0]
    other = Similarity(places=120).learn(dense).forecast(asked).at(0.5)[0]
    assert abs(np.log(one / other)) < 0.2
