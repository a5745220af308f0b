"""A remaining life that leaps waits for a second word."""

from __future__ import annotations

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.health import AnomalyScore, Assessment, ModelRef, RulForecast, State
from forewarn.pipeline.scoring_guard import Leaps

MODEL = ModelRef("m", "1", "d")
SPALL, LEAK = Fault("bearing", "outer_race_spall"), Fault("seal", "seal_leak")


def said(hour: float, median_h: float, fault: Fault = SPALL, asset: str = "p") -> Assessment:
    forecast = RulForecast(fault, np.array([0.1, 0.5, 0.9]), median_h * np.array([0.5, 1.0, 2.0]), 9_000.0, MODEL)
    score = AnomalyScore(0.8, 1.0, ())
    return Assessment(asset, round(hour * US_PER_HOUR), (0, 1), State.ALARM, 50.0, score, (), (forecast,), (), MODEL)


def test_a_life_that_shrinks_with_the_clock_is_believed() -> None:
    leaps = Leaps()
    assert [leaps.unconfirmed(said(hour, 200.0 - hour)) for hour in range(0, 190, 10)] == [False] * 19


def test_a_leap_is_believed_when_a_second_assessment_says_the_same() -> None:
    leaps = Leaps()
    assert [leaps.unconfirmed(said(h, m)) for h, m in ((0, 300), (1, 60), (2, 62), (3, 58))] == [
        False,
        True,
        False,
        False,
    ]


def test_a_single_leap_leaves_no_trace() -> None:
    leaps = Leaps()
    assert [leaps.unconfirmed(said(h, m)) for h, m in ((0, 300), (1, 60), (2, 295), (3, 60))] == [
        False, True, False, True,
    ]  # fmt: skip


def test_another_fault_another_machine_and_a_new_start_are_not_compared() -> None:
    leaps = Leaps()
    assert not leaps.unconfirmed(said(0, 300))
    assert not leaps.unconfirmed(said(1, 20, fault=LEAK))
    assert not leaps.unconfirmed(said(1, 20, asset="q"))
    leaps.forget("p")
    assert not leaps.unconfirmed(said(2, 20))
