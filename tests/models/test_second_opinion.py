"""The second opinion: quiet about healthy machines, clear about faults, silent while it knows too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.readings import Track
from forewarn.models.second_opinion import NEEDED, SecondOpinion, robust_slope, second_opinion
from tests.models.machines import ORIGIN_US, PUMP, Life, growing, pump_tracks

HOURS = 480.0
NOW_US = ORIGIN_US + round(HOURS * US_PER_HOUR)
SPALL = Life(HOURS, fault=growing({"vib:band_2000_4000": 1.0, "vib:tone_bpfo": 2.0}, 300.0, 0.005))
WINDING = Life(HOURS, fault=growing({"winding_temp": 20.0}, 300.0, 0.005))


def opinion_of(life: Life, seed: int = 0) -> SecondOpinion:
    return second_opinion(PUMP, pump_tracks(life, seed), ORIGIN_US + round(life.hours * US_PER_HOUR))


def test_of_healthy_machines_hardly_any_newest_row_lies_outside() -> None:
    found = [opinion_of(Life(HOURS), seed).isolation for seed in range(6)]
    shares = [one.share_outside for one in found if one is not None]
    expected = [one.expected_share for one in found if one is not None]
    assert len(shares) == 6
    assert np.mean(shares) <= np.mean(expected) < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_a_growing_spall_lies_outside_and_its_features_rise_for_certain(seed: int) -> None:
    told = opinion_of(SPALL, seed)
    assert told.isolation is not None
    assert told.isolation.share_outside >= 0.5
    assert [t.feature for t in told.trends[:2]] == ["vib:band_2000_4000", "vib:tone_bpfo"]
    for trend in told.trends[:2]:
        assert trend.excludes_zero
        assert trend.low_per_day < trend.slope_per_day < trend.high_per_day
        assert trend.shift > 3


def test_the_slope_of_a_heating_winding_is_told_in_its_unit_with_load_and_hall_taken_out() -> None:
    trend = opinion_of(WINDING).trends[0]
    assert (trend.feature, trend.unit) == ("winding_temp", "degC")
    assert trend.slope_per_day == pytest.approx(20.0 * 0.005 * 24, rel=0.2)  # it grew in three quarters of the time
    assert trend.days == pytest.approx(10.0, abs=0.5)


def test_a_steady_slope_lies_in_its_interval_about_as_often_as_promised() -> None:
    rng, days, inside = np.random.default_rng(3), np.linspace(0.0, 10.0, 200), 0
    for _ in range(60):
        noise = np.convolve(rng.standard_normal(204), np.ones(5) / 5, "valid")  # neighbours resemble one another
        found = robust_slope(2.0 + 0.1 * days + noise, days, np.ones((200, 1)))
        assert found is not None
        inside += abs(found[0] - 0.1) < 1.96 * found[1]
    assert inside >= 0.85 * 60


def test_an_outlier_does_not_turn_the_line() -> None:
    rng, days = np.random.default_rng(4), np.linspace(0.0, 10.0, 100)
    value = 5.0 + 0.2 * days + 0.05 * rng.standard_normal(100)
    value[-3:] += 100.0
    found = robust_slope(value, days, np.ones((100, 1)))
    assert found is not None
    assert found[0] == pytest.approx(0.2, abs=0.05)


def test_a_perfect_line_has_no_scatter_and_therefore_no_interval() -> None:
    days = np.linspace(0.0, 10.0, 50)
    assert robust_slope(3.0 + 2.0 * days, days, np.ones((50, 1))) is None


def test_the_same_tracks_give_the_same_answer() -> None:
    assert opinion_of(SPALL) == opinion_of(SPALL)


@pytest.mark.parametrize("hours", [0.1, 20.0, 200.0])
def test_with_too_few_rows_it_says_how_many_it_has_and_nothing_else(hours: float) -> None:
    told = opinion_of(Life(hours))
    assert (told.isolation, told.trends, told.needed_rows) == (None, (), NEEDED)
    assert told.rows <= hours / 2 + 1
    assert opinion_of(Life(2.0 * NEEDED + 10)).isolation is not None


def test_without_any_track_there_are_no_rows() -> None:
    assert second_opinion(PUMP, {}, NOW_US).rows == 0
    old = {"winding_temp": Track.of([1, 2], [3.0, 4.0])}
    assert second_opinion(PUMP, old, NOW_US, baseline_from_us=NOW_US - US_PER_DAY).rows == 0


def test_what_lay_before_the_repair_and_what_comes_after_now_has_no_say() -> None:
    tracks, repaired_us = pump_tracks(SPALL), ORIGIN_US + 100 * US_PER_HOUR
    cut = {name: track.between(repaired_us, NOW_US + 1) for name, track in tracks.items()}
    later = {name: replace(track, at=track.at + 0) for name, track in pump_tracks(replace(SPALL, hours=600.0)).items()}
    assert second_opinion(PUMP, tracks, NOW_US, repaired_us) == second_opinion(PUMP, cut, NOW_US)
    before = {name: track.between(0, NOW_US + 1) for name, track in later.items()}
    assert second_opinion(PUMP, later, NOW_US) == second_opinion(PUMP, before, NOW_US)


def test_a_sensor_that_is_not_believed_takes_no_part() -> None:
    told = second_opinion(PUMP, pump_tracks(WINDING), NOW_US, bad={"winding_temp"})
    assert told.isolation is not None
    assert told.isolation.share_outside <= 0.2
    assert "winding_temp" not in {t.feature for t in told.trends}


def test_a_load_that_the_baseline_never_saw_is_not_compared() -> None:
    def stepped(h: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.where(h < 400, 60.0 + 10 * np.sin(2 * np.pi * h / 24), 130.0)

    told = opinion_of(Life(HOURS, load=stepped))
    assert told.isolation is not None
    assert told.isolation.newest_from_us < ORIGIN_US + 400 * US_PER_HOUR


def test_signals_that_stand_still_give_no_line_and_no_error() -> None:
    moving = {"speed", "load", "ambient"}
    tracks = pump_tracks(Life(HOURS))
    flat = {n: t if n in moving else Track(t.at, np.full(len(t), 5.3)) for n, t in tracks.items()}
    told = second_opinion(PUMP, flat, NOW_US)
    assert told.isolation is not None
    assert (told.isolation.share_outside, told.trends) == (0.0, ())
