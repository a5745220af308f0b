"""Models are judged on machines that did not teach them, all by the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from forewarn.core.errors import NotReady
from forewarn.models.detectors.table import DETECTORS
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.training.detector_marks import (
    detector_cross_validated,
    detector_marks,
    detector_metrics,
    learn_detector,
    stacked,
)
from forewarn.models.training.life_marks import ask, cross_validated, folds_of, life_metrics, questions
from forewarn.models.training.sets import TrainingSet
from forewarn.pipeline.training_set import SetRequest, training_set
from tests.pipeline.archives import day, fleet


@pytest.fixture(scope="module")
def worn() -> TrainingSet:
    return training_set(fleet(4).archive, SetRequest("pump", day(90)))


@dataclass(frozen=True)
class Mean:
    """Says for everybody what was left on average at this age, give or take; remembers who taught it."""

    name: str = "mean"

    def learn(self, lives: Sequence[Life], seed: int = 0) -> Said:
        ends = [float(life.age[-1]) for life in lives if life.ended]
        if len(ends) < 2:
            raise NotReady("needs two ends")
        return Said(float(np.mean(ends)), frozenset(life.asset for life in lives))


@dataclass(frozen=True)
class Said:
    mean: float
    teachers: frozenset[str]

    def forecast(self, lives: Sequence[Life]) -> Forecasts:
        assert not self.teachers & {life.asset for life in lives}, "a machine was asked that had taught"
        assert not any(life.ended for life in lives), "the end was told with the question"
        left = [np.maximum(self.mean - life.age[-1], 1.0) * np.linspace(0.7, 1.3, len(LEVELS)) for life in lives]
        return Forecasts(LEVELS, np.array(left), ("",) * len(lives))


def test_no_machine_is_asked_that_has_taught_and_no_end_is_told(worn: TrainingSet) -> None:
    marks = cross_validated(Mean(), worn)
    assert set(marks.assets) == {"p1", "p2", "p3", "p4"}


def test_questions_are_asked_of_ended_lives_only_and_never_at_the_end(worn: TrainingSet) -> None:
    asked = questions(worn.lives)
    assert asked
    assert all(dated.life.ended and row < len(dated.life.age) - 1 for dated, row in asked)
    assert all(dated.life.remaining[row] > 0 for dated, row in asked)


def test_the_loss_is_twice_the_mean_pinball_loss(worn: TrainingSet) -> None:
    marks = cross_validated(Mean(), worn)
    slow = []
    for left, said in zip(marks.left, marks.said, strict=True):
        total = 0.0
        for level, quantile in zip(LEVELS, said, strict=True):
            total += level * (left - quantile) if left >= quantile else (1 - level) * (quantile - left)
        slow.append(2 * total / len(LEVELS))
    assert marks.loss == pytest.approx(np.array(slow))


def test_figures_count_what_was_answered(worn: TrainingSet) -> None:
    marks = cross_validated(Mean(), worn)
    told = life_metrics(marks)
    inside = (marks.left >= marks.quantile(0.1)) & (marks.left <= marks.quantile(0.9))
    assert told["coverage_80"] == pytest.approx(inside.mean())
    assert told["answered"] == 1.0
    assert told["questions"] == len(marks.left)


def test_where_nobody_can_learn_it_is_said_why(worn: TrainingSet) -> None:
    with pytest.raises(NotReady, match="needs two ends"):
        cross_validated(Mean(), worn.of_assets(["p1", "p2"]))


def test_every_machine_is_held_out_once() -> None:
    folds = folds_of([f"p{i}" for i in range(13)], seed=3)
    assert sorted(asset for fold in folds for asset in fold) == sorted(f"p{i}" for i in range(13))
    with pytest.raises(NotReady):
        folds_of(["p1"], seed=0)


def test_a_wrong_answer_costs_more_than_a_right_one(worn: TrainingSet) -> None:
    asked = questions(worn.lives)[:5]
    right = [dated.life.remaining[row] for dated, row in asked]

    @dataclass(frozen=True)
    class Fixed:
        left: tuple[float, ...]

        def forecast(self, lives: Sequence[Life]) -> Forecasts:
            return Forecasts(LEVELS, np.repeat(np.array(self.left)[:, None], len(LEVELS), 1), ("",) * len(lives))

    exact, off = ask(Fixed(tuple(right)), asked), ask(Fixed(tuple(r + 50 for r in right)), asked)
    assert exact.loss == pytest.approx(np.zeros(5))
    assert (off.loss > 20).all()


def test_a_detector_of_a_class_announces_the_breakdowns_of_machines_it_has_not_seen(worn: TrainingSet) -> None:
    marks = detector_cross_validated(DETECTORS["principal_components"], worn, 1.0)
    told = detector_metrics(marks)
    assert (told["ends"], told["found"]) == (4, 4)
    assert told["false_alarms"] == 0
    assert 3 < told["lead_days"] < 12


def test_an_alarm_long_before_the_end_is_a_false_one(worn: TrainingSet) -> None:
    learnt = learn_detector(DETECTORS["principal_components"], worn, 1.0)
    dated = worn.lives[0]
    strange = dated.life.values.copy()
    strange[3:15] += 60.0
    moved = [
        type(dated)(
            type(dated.life)(dated.life.asset, dated.life.age, dated.life.names, strange, True),
            dated.at_us,
            dated.known_us,
        )
    ]
    (mark,) = detector_marks(learnt, TrainingSet(tuple(moved), worn.schema, worn.as_of_us))
    assert mark.false_alarms == 1


def test_a_class_of_one_machine_is_no_class(worn: TrainingSet) -> None:
    with pytest.raises(NotReady, match="two machines"):
        learn_detector(DETECTORS["principal_components"], worn.of_assets(["p1"]), 1.0)


def test_windows_behind_one_another_keep_the_hour_of_the_week(worn: TrainingSet) -> None:
    windows = [worn.window(dated) for dated in worn.lives]
    whole = stacked(windows)
    week = 7 * 86_400_000_000
    assert (np.diff(whole.at) > 0).all()
    assert (whole.at % week).tolist() == [t % week for window in windows for t in window.at.tolist()]
