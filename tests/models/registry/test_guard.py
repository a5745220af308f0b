"""What a model says is looked at before anybody acts on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness
from forewarn.models.life.contract import Forecasts, Life
from forewarn.models.registry.guard import Plausible, guarded_forecasts, guarded_strangeness

LEVELS = np.array([0.1, 0.5, 0.9])


def window(rows: int) -> Window:
    return Window.of(np.arange(rows), ("rms",), np.arange(rows, dtype=np.float64)[:, None])


def guarded(distance: list[float] | Floats, plausible: Plausible | None = None) -> tuple[list[float], tuple[str, ...]]:
    given_ = Strangeness(np.asarray(distance, np.float64), np.zeros((len(distance), 1)))
    said, told = guarded_strangeness(given_, window(len(distance)), plausible or Plausible())
    return said.distance.tolist(), told


def life(asset: str, rows: int) -> Life:
    return Life(asset, np.arange(1.0, rows + 1), ("rms",), np.arange(rows, dtype=np.float64)[:, None], False)


def forecasts(*rows: tuple[float, float, float], plausible: Plausible | None = None) -> Forecasts:
    lives = [life(f"p{n}", n + 2) for n in range(len(rows))]
    said = Forecasts(LEVELS, np.array(rows, np.float64), ("",) * len(rows))
    return guarded_forecasts(said, lives, plausible or Plausible())


def test_a_plausible_answer_passes_untouched() -> None:
    assert guarded([0.0, 3.5, float("nan")])[1] == ()
    good = forecasts((1.0, 2.0, 3.0), (0.0, 0.0, 5.0))
    assert good.left.tolist() == [[1, 2, 3], [0, 0, 5]]
    assert good.said == ("", "")


@pytest.mark.parametrize("wrong", [-0.001, 1e30, float("inf"), float("-inf")])
def test_an_impossible_distance_is_a_row_that_cannot_be_said_and_never_zero(wrong: float) -> None:
    distance, told = guarded([0.2, wrong])
    assert distance[0] == 0.2
    assert np.isnan(distance[1])
    assert len(told) == 1


@pytest.mark.parametrize("pulls", [[[-0.1, 0.5]], [[0.9, 0.9]], [[np.nan, 1.0]]])
def test_pulls_that_are_no_shares_take_their_row_with_them(pulls: list[list[float]]) -> None:
    two = Window.of([0], ("a", "b"), np.ones((1, 2)))
    said, told = guarded_strangeness(Strangeness(np.array([1.0]), np.array(pulls)), two)
    assert np.isnan(said.distance).all()
    assert told == ("1 of 1 rows: pulls that are no shares",)


def test_an_answer_of_another_shape_is_refused() -> None:
    for distance, pulls in ((np.zeros(2), np.zeros((3, 1))), (np.zeros(3), np.zeros((3, 2)))):
        with pytest.raises(Rejected, match="bad_answer"):
            guarded_strangeness(Strangeness(distance, pulls), window(3))


@pytest.mark.parametrize("row", [(-1, 2, 3), (3, 2, 4), (1, 2, 1e30), (1, float("nan"), 3), (float("inf"),) * 3])
def test_an_impossible_forecast_says_no_valid_prediction_and_leaves_the_others(row: tuple[float, float, float]) -> None:
    said = forecasts(row, (1, 2, 3))
    assert np.isnan(said.left[0]).all()
    assert said.said[0].startswith("no valid prediction: ")
    assert said.left[1].tolist() == [1, 2, 3]


def test_a_model_that_cannot_tell_yet_keeps_its_own_words() -> None:
    nan = float("nan")
    given_ = Forecasts(LEVELS, np.full((2, 3), nan), ("warming up", ""))
    said = guarded_forecasts(given_, [life("a", 3), life("b", 4)])
    assert said.said == ("warming up", "no valid prediction")


@pytest.mark.parametrize("levels", [[0.5, 0.1, 0.9], [0.0, 0.5, 0.9], [0.1, 0.5, 1.0], [0.1, 0.1, 0.9]])
def test_levels_that_do_not_rise_between_zero_and_one_are_refused(levels: list[float]) -> None:
    with pytest.raises(Rejected, match="bad_answer"):
        guarded_forecasts(Forecasts(np.array(levels), np.array([[1.0, 2.0, 3.0]]), ("",)), [life("a", 3)])


def test_the_same_answer_to_every_question_is_no_answer() -> None:
    flat = Plausible(flat_after=5)
    assert guarded([0.7] * 4, flat)[1] == ()
    distance, told = guarded([0.7] * 5, flat)
    assert np.isnan(distance).all()
    assert told == ("5 of 5 rows: the same distance whatever is asked",)
    assert guarded([0.7] * 4 + [0.6], flat)[1] == ()
    said = forecasts(*[(10.0, 20.0, 30.0)] * 5, plausible=flat)
    assert said.said == ("no valid prediction: the same answer whatever is asked",) * 5


def test_equal_answers_to_equal_questions_are_fine() -> None:
    same = Window.of(np.arange(5), ("rms",), np.ones((5, 1)))
    said, told = guarded_strangeness(Strangeness(np.full(5, 0.7), np.zeros((5, 1))), same, Plausible(flat_after=5))
    assert told == ()
    assert said.distance.tolist() == [0.7] * 5


def test_a_dead_band_may_rest_at_zero_where_that_is_said() -> None:
    assert guarded([0.0] * 5, Plausible(flat_after=5))[1] == ()
    assert np.isnan(guarded([0.0] * 5, Plausible(flat_after=5, may_rest_at_zero=False))[0]).all()


def test_lives_that_are_cut_at_the_ceiling_are_not_a_broken_model() -> None:
    said = forecasts(*[(8760.0, 8760.0, 8760.0)] * 5, plausible=Plausible(ceiling=8760.0, flat_after=5))
    assert said.left.tolist() == [[8760.0] * 3] * 5


@given(arrays.arrays(np.float64, (6, 3), elements=st.floats(allow_nan=True)), st.integers(0, 7))
def test_what_the_guard_lets_pass_is_always_a_forecast(left: Floats, flat_after: int) -> None:
    plausible = Plausible(ceiling=1e6, flat_after=flat_after)
    said = forecasts(*(tuple(row) for row in left), plausible=plausible)
    for row, text in zip(said.left, said.said, strict=True):
        if text:
            assert np.isnan(row).all()
        else:
            assert np.all(np.diff(row) >= 0)
            assert 0 <= row[0] <= row[-1] <= 1e6
    again = guarded_forecasts(said, [life(f"p{n}", n + 2) for n in range(6)], plausible)
    assert np.array_equal(again.left, said.left, equal_nan=True)
