"""What every model of remaining life promises, asked of every line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from forewarn.core.errors import NotReady, Rejected
from forewarn.models.life.boosted import Boosted
from forewarn.models.life.contract import LEVELS, Forecasts, Life, LifeModel, Prognosis
from forewarn.models.life.table import LIFE_MODELS
from tests.models.life.fleets import cut_fleet, worn_fleet

LEARN_FOR_SECONDS = ("boosted", "combination")
pytestmark = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LEARN_FOR_SECONDS else ()) for n in LIFE_MODELS]
)
ROWS = 60.0  # short lives, to be quick


def model_of(name: str) -> LifeModel:
    """The line of the table; boosted forecasts with two folds instead of five, which is enough for promises."""
    model = LIFE_MODELS[name]
    return replace(model, folds=2) if isinstance(model, Boosted) else model


@cache
def learnt(name: str, unit: float = 1.0, seed: int = 7) -> Prognosis:
    return model_of(name).learn(worn_fleet(16, seed=1, usual=ROWS, unit=unit, censored=3), seed)


def asked(unit: float = 1.0) -> list[Life]:
    return cut_fleet(worn_fleet(8, seed=2, usual=ROWS, unit=unit))[0]


def same(one: Forecasts, other: Forecasts, factor: float = 1.0) -> bool:
    return one.said == other.said and np.allclose(one.left * factor, other.left, rtol=1e-3, atol=1e-6, equal_nan=True)


def test_every_forecast_is_a_distribution_in_the_order_of_its_levels(name: str) -> None:
    told = learnt(name).forecast(asked())
    assert told.left.shape == (8, len(LEVELS))
    assert told.levels.tolist() == LEVELS.tolist()
    said = told.left[[not reason for reason in told.said]]
    assert len(said) >= 6
    assert np.all(np.isfinite(said))
    assert np.all(said >= 0)
    assert np.all(np.diff(said, axis=1) >= 0)
    assert np.all(said[:, -1] > said[:, 0]), "a forecast without any doubt is none"


def test_where_nothing_is_said_a_reason_is(name: str) -> None:
    told = learnt(name).forecast([asked()[0].until(0), *asked()])
    for row, reason in zip(told.left, told.said, strict=True):
        assert np.isnan(row).all() == bool(reason)
        assert np.isfinite(row).all() == (not reason)


def test_nothing_is_asked_and_nothing_is_told(name: str) -> None:
    told = learnt(name).forecast([])
    assert told.left.shape == (0, len(LEVELS))
    assert told.said == ()


def test_a_life_is_told_the_same_alone_and_in_company_and_whatever_comes_later(name: str) -> None:
    lives = asked()
    together = learnt(name).forecast(lives)
    for place in (0, 3):
        later = Life("later", np.array([1.0, 2.0]), lives[0].names, np.full((2, 4), 1e6), False)
        alone = learnt(name).forecast([lives[place], later])
        assert np.allclose(alone.left[0], together.left[place], equal_nan=True)
        changed = Life(
            lives[place].asset,
            np.append(lives[place].age, lives[place].age[-1] + 1),
            lives[place].names,
            np.vstack([lives[place].values, np.full((1, 4), 1e6)]),
            False,
        )
        cut = learnt(name).forecast([changed.until(len(changed.age) - 2)])
        assert np.allclose(cut.left[0], together.left[place], equal_nan=True)


def test_the_same_seed_gives_the_same_answer(name: str) -> None:
    again = model_of(name).learn(worn_fleet(16, seed=1, usual=ROWS, censored=3), 7)
    assert same(again.forecast(asked()), learnt(name).forecast(asked()))


def test_ages_in_another_unit_give_the_answer_in_that_unit(name: str) -> None:
    assert same(learnt(name).forecast(asked()), learnt(name, unit=24.0).forecast(asked(unit=24.0)), factor=24.0)


def test_a_life_that_still_runs_is_not_read_as_a_failure(name: str) -> None:
    lives = worn_fleet(24, seed=4, usual=ROWS, censored=12)
    as_failures = [Life(life.asset, life.age, life.names, life.values, True) for life in lives]
    middle = [model_of(name).learn(each, 1).forecast(asked()).at(0.5) for each in (lives, as_failures)]
    told = ~np.isnan(middle[0] + middle[1])
    assert np.count_nonzero(told) >= 4
    assert np.mean(middle[0][told]) > np.mean(middle[1][told])


def test_a_column_that_knows_the_answer_is_refused(name: str) -> None:
    def with_countdown(lives: Sequence[Life]) -> list[Life]:
        return [
            Life(
                life.asset, life.age, (*life.names, "x"), np.column_stack([life.values, life.age[-1] - life.age]), True
            )
            for life in lives
        ]

    with pytest.raises(Rejected) as refused:
        model_of(name).learn(with_countdown(worn_fleet(12, seed=1, usual=ROWS)))
    assert refused.value.reason == "knows-the-answer"


def test_too_few_ends_are_said_to_be_too_few(name: str) -> None:
    lives = worn_fleet(12, seed=1, usual=ROWS)
    running = [Life(life.asset, life.age, life.names, life.values, False) for life in lives]
    for ends in (0, 1):
        with pytest.raises(NotReady):
            model_of(name).learn([*lives[:ends], *running[ends:]])


def test_gaps_in_the_readings_are_borne(name: str) -> None:
    def torn(lives: Sequence[Life], seed: int) -> list[Life]:
        rng = np.random.default_rng(seed)
        return [
            Life(
                life.asset,
                life.age,
                life.names,
                np.where(rng.random(life.values.shape) < 0.1, np.nan, life.values),
                life.ended,
            )
            for life in lives
        ]

    prognosis = model_of(name).learn(torn(worn_fleet(16, seed=1, usual=ROWS), 1), 7)
    told = prognosis.forecast(torn(asked(), 2))
    assert sum(not reason for reason in told.said) >= 6
