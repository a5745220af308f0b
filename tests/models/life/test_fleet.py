"""A live forecast pooled with what sister machines taught."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.faults import Fault
from forewarn.core.health import ModelRef, RulForecast
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Life
from forewarn.models.life.extrapolation import Extrapolation
from forewarn.models.life.fleet import forecast_with_fleet
from forewarn.models.life.pooling import student_quantiles
from forewarn.models.life.weibull import WeibullAge
from tests.models.life.fleets import worn_fleet

FAULT, MODEL = Fault("b", "bearing_wear"), ModelRef("trend", "1", "d")


def live(hours: float, spread: float = 0.5, horizon_h: float = 8_766.0) -> RulForecast:
    told: Floats = np.minimum(student_quantiles(np.log(hours), spread, 5.0), horizon_h)
    return RulForecast(FAULT, LEVELS, told, horizon_h, MODEL)


def bare(age: float, ended: bool, name: str) -> Life:
    return Life(name, np.array([1.0, age]), (), np.zeros((2, 0)), ended)


SISTERS = [bare(400.0 + 20 * i, True, f"s{i}") for i in range(10)]


def test_sisters_that_all_ended_soon_shorten_a_long_forecast_and_more_of_them_do_so_more() -> None:
    fleet, now = WeibullAge().learn(SISTERS), bare(300.0, False, "me")
    medians = [forecast_with_fleet(live(2_000.0), fleet, now, ended).quantile(0.5) for ended in (0, 3, 10, 1_000)]
    assert medians == sorted(medians, reverse=True)
    assert medians[0] == pytest.approx(2_000.0, rel=0.05)
    assert medians[3] == pytest.approx(float(fleet.forecast([now]).at(0.5)[0]), rel=0.05)


def test_a_fleet_that_cannot_tell_leaves_the_live_forecast_as_it_is() -> None:
    lives = worn_fleet(6)
    mine = live(500.0)
    assert forecast_with_fleet(mine, Extrapolation().learn(lives), lives[0].until(20), 6) is mine


def test_the_horizon_stays_that_of_the_live_forecast() -> None:
    fleet = WeibullAge().learn([bare(50_000.0 + i, True, f"s{i}") for i in range(6)])
    told = forecast_with_fleet(live(500.0, horizon_h=1_000.0), fleet, bare(10.0, False, "me"), 50)
    assert told.hours.max() == 1_000.0
    assert told.model == MODEL
