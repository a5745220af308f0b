"""Limits of the plant's engineers: duration, hysteresis, any of several, shelving; what an assessment makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR, US_PER_S
from forewarn.core.health import AnomalyScore, Assessment, SensorProblem, State
from forewarn.core.plant import Asset
from forewarn.core.plant_limits import Bound, PlantLimit, Shelved
from forewarn.core.readings import Track
from forewarn.models.assess import assess
from forewarn.models.detectors.plant_limits import beyond, passed_limits
from tests.models.machines import ORIGIN_US, PUMP, Life, pump_tracks

HOT = PlantLimit("hot", "alarm", (Bound("bearing_temp", 80.0, 1, 5.0),), for_s=600.0)
DRY = PlantLimit("dry", "alert", (Bound("flow", 20.0, -1), Bound("pressure", 1.0, -1)), for_s=60.0)


def track(*values: float, every_s: int = 60) -> Track:
    return Track.of([i * every_s * US_PER_S for i in range(len(values))], list(values))


def raised(limit: PlantLimit, **tracks: Track) -> bool:
    now_us = max(int(t.at[-1]) for t in tracks.values())
    return bool(passed_limits([limit], tracks, now_us))


def test_a_limit_is_raised_when_it_was_passed_for_long_enough() -> None:
    assert not raised(HOT, bearing_temp=track(*[85.0] * 10))
    assert raised(HOT, bearing_temp=track(*[85.0] * 11))


def test_a_value_between_level_and_hysteresis_goes_on_with_what_was() -> None:
    assert raised(HOT, bearing_temp=track(*[85.0] * 5, *[77.0] * 6))
    assert not raised(HOT, bearing_temp=track(*[85.0] * 5, 74.0, *[77.0] * 6))


def test_one_of_several_bounds_is_enough_and_they_hand_over_without_a_break() -> None:
    flow = track(30.0, 10.0, 30.0, 30.0)
    pressure = track(2.0, 2.0, 0.5, 0.5)
    assert not raised(DRY, flow=flow)
    assert raised(replace(DRY, for_s=120.0), flow=flow, pressure=pressure)
    assert not raised(replace(DRY, for_s=121.0), flow=flow, pressure=pressure)


def test_silence_raises_nothing() -> None:
    early = track(85.0)
    assert passed_limits([HOT], {"bearing_temp": early}, int(early.at[-1]) + 3_600 * US_PER_S) == []


@given(st.lists(st.floats(0, 10), min_size=1, max_size=40), st.floats(2, 8), st.floats(0, 3), st.sampled_from([1, -1]))
def test_hysteresis_is_that_of_the_slow_twin(values: list[float], level: float, hysteresis: float, sign: int) -> None:
    on, expected = False, []
    for value in values:
        if sign * (value - level) > 0:
            on = True
        elif sign * (value - level) <= -hysteresis:
            on = False
        expected.append(on)
    assert beyond(Bound("x", level, sign, hysteresis), track(*values)).tolist() == expected


def judged(asset: Asset, hours: float, *shelved: Shelved, problems: tuple[SensorProblem, ...] = ()) -> Assessment:
    tracks = pump_tracks(Life(hours))
    tracks["bearing_temp"] = Track(
        tracks["bearing_temp"].at, np.where(np.arange(len(tracks["bearing_temp"])) > 6 * (hours - 3), 90.0, 40.0)
    )
    now_us = int(ORIGIN_US + (hours - 0.2) * US_PER_HOUR)
    return assess(asset, tracks, problems, now_us, shelved=shelved)


LIMITED = replace(PUMP, limits=(HOT,))


def test_a_raised_limit_alarms_from_the_first_hours_and_is_named_with_its_level() -> None:
    assert judged(PUMP, 6.0).state is State.WARMING_UP
    found = judged(LIMITED, 6.0)
    assert found.state is State.ALARM
    assert found.health is None
    assert isinstance(found.anomaly, AnomalyScore)
    (pull,) = found.anomaly.contributions
    assert (pull.feature, pull.value, pull.baseline, pull.unit) == ("bearing_temp:limit_hot", 90.0, 80.0, "degC")


def test_a_limit_that_gives_an_alert_is_no_alarm() -> None:
    assert judged(replace(PUMP, limits=(replace(HOT, state="alert"),)), 6.0).state is State.ALERT


def test_a_shelved_limit_is_silent_until_its_time_and_that_is_told() -> None:
    now_us = int(ORIGIN_US + 5.8 * US_PER_HOUR)
    silent = judged(LIMITED, 6.0, Shelved("p", "hot", now_us + 1))
    assert (silent.state, silent.shelved) == (State.WARMING_UP, ("hot",))
    assert judged(LIMITED, 6.0, Shelved("p", "hot", now_us)).state is State.ALARM
    assert judged(LIMITED, 6.0, Shelved("other", "hot", now_us + 1)).state is State.ALARM


def test_a_limit_on_a_sensor_that_is_not_believed_says_nothing() -> None:
    doubt = SensorProblem("bearing_temp", "stuck", 0, "")
    assert judged(LIMITED, 6.0, problems=(doubt,)).state is State.WARMING_UP
