"""Assessments of made-up machines: healthy ones are left alone, faults are found, named and timed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import AnomalyScore, Assessment, SensorProblem, State, WarmingUp
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Track, Tracks
from forewarn.models.assess import assess
from tests.models.machines import ORIGIN_US, PUMP, Life, growing, pump_tracks

HIGH = ("vib:band_500_2000", "vib:band_2000_4000", "vib:band_4000_8000")
OUTER = growing({"vib:tone_bpfo": 4.0, **dict.fromkeys(HIGH, 1.0)}, 300.0, 0.008)
WEAR = growing(dict.fromkeys(HIGH, 1.0), 300.0, 0.008)
IMBALANCE = growing({"vib:velocity_1x": 1.0, "vib:velocity_rms": 0.8}, 300.0, 0.006)
MISALIGNMENT = growing({"vib:velocity_2x": 1.0, "vib:velocity_rms": 0.4, "vib:velocity_1x": 0.1}, 300.0, 0.006)
LOOSENESS = growing({"vib:velocity_3x": 1.0, "vib:velocity_2x": 0.6, "vib:velocity_1x": 0.3}, 300.0, 0.006)
WINDING = growing({"winding_temp": 1.0}, 300.0, 0.12)
FILTER = growing({"filter_dp": 1.0}, 300.0, 0.00006)
CAVITATION = growing({**dict.fromkeys(HIGH, 1.0), "flow": -12.0, "pressure": -0.6}, 300.0, 0.006)
SEAL = growing({"flow": -12.0, "pressure": -0.6}, 300.0, 0.006)

FAULTS = {
    "bearing:outer_race_spall": OUTER, "bearing:bearing_wear": WEAR, "impeller:imbalance": IMBALANCE,
    "coupling:misalignment": MISALIGNMENT, "base:looseness": LOOSENESS, "winding:winding_overheating": WINDING,
    "filter:filter_clogging": FILTER, "impeller:cavitation": CAVITATION, "seal:seal_leak": SEAL,
}  # fmt: skip


def at_hour(tracks: Tracks, hour: float, asset: Asset = PUMP, problems: tuple[SensorProblem, ...] = ()) -> Assessment:
    return assess(asset, tracks, problems, int(ORIGIN_US + hour * US_PER_HOUR))


def states(tracks: Tracks, hours: Floats) -> list[State]:
    return [at_hour(tracks, float(h)).state for h in hours]


def test_before_there_is_a_baseline_the_answer_is_warming_up_and_no_number() -> None:
    found = at_hour(pump_tracks(Life(6.0)), 5.5)
    assert found.state is State.WARMING_UP
    assert isinstance(found.anomaly, WarmingUp)
    assert found.anomaly.seen_hours < found.anomaly.needed_hours
    assert (found.health, found.diagnosis, found.forecasts) == (None, (), ())


def test_a_machine_without_any_data_is_warming_up() -> None:
    assert at_hour({}, 0.0).state is State.WARMING_UP


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_machine_with_daily_swing_and_changing_load_never_alarms(seed: int) -> None:
    found = states(pump_tracks(Life(1_500.0), seed), np.arange(120.0, 1_500.0, 30.0))
    assert State.ALARM not in found
    assert found.count(State.ALERT) <= 1


@pytest.mark.parametrize("levels", [(70.0, 95.0), (90.0, 55.0)])
def test_a_step_in_load_alone_never_alarms(levels: tuple[float, float]) -> None:
    before, after = levels
    life = Life(900.0, load=lambda h: np.where(h < 450, before, after) + 3 * np.sin(h / 5))
    assert set(states(pump_tracks(life), np.arange(420.0, 900.0, 10.0))) == {State.NORMAL}


def test_a_machine_that_stands_at_night_does_not_alarm_for_it() -> None:
    life = Life(900.0, load=lambda h: np.where((h % 24) < 16, 80 + 10 * np.sin(h / 7), 0.0))
    assert State.ALARM not in states(pump_tracks(life), np.arange(200.0, 900.0, 12.0))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_growing_fault_alarms_and_is_named(fault: str) -> None:
    tracks = pump_tracks(Life(700.0, fault=FAULTS[fault]))
    assert at_hour(tracks, 298.0).state is State.NORMAL
    found = at_hour(tracks, 699.0)
    assert found.state is State.ALARM
    assert str(found.diagnosis[0].fault) == fault
    assert found.diagnosis[0].evidence_for
    assert sum(h.probability for h in found.diagnosis) <= 1.0 + 1e-9
    assert found.forecast_for(found.diagnosis[0].fault) is not None


@pytest.mark.parametrize("fault", ["bearing:outer_race_spall", "impeller:imbalance", "winding:winding_overheating"])
def test_the_first_name_does_not_flap_and_the_remaining_life_shrinks(fault: str) -> None:
    tracks = pump_tracks(Life(700.0, fault=FAULTS[fault]))
    alarms = [a for h in np.arange(320.0, 700.0, 8.0) if (a := at_hour(tracks, float(h))).state is State.ALARM]
    assert len(alarms) > 20
    assert {str(a.diagnosis[0].fault) for a in alarms} == {fault}
    medians = [a.forecasts[0].quantile(0.5) for a in alarms]
    assert np.median(medians[-5:]) < 0.6 * np.median(medians[:5])
    healths = [a.health for a in alarms if a.health is not None]
    assert healths[-1] < healths[0] - 10


def test_a_bad_sensor_never_makes_a_machine_alarm() -> None:
    tracks = pump_tracks(Life(700.0, fault=WINDING))
    assert at_hour(tracks, 690.0).state is State.ALARM
    problem = SensorProblem("winding_temp", "drifting", ORIGIN_US, "drifts")
    found = at_hour(tracks, 690.0, problems=(problem,))
    assert found.state is State.NORMAL
    assert found.sensor_problems == (problem,)
    assert isinstance(found.anomaly, AnomalyScore)
    assert "winding_temp" not in {c.feature for c in found.anomaly.contributions}


def test_a_bad_accelerometer_takes_its_features_with_it() -> None:
    tracks = pump_tracks(Life(700.0, fault=OUTER))
    assert at_hour(tracks, 690.0, problems=(SensorProblem("vib", "stuck", 0, ""),)).state is State.NORMAL


def test_silence_is_offline_and_not_normal() -> None:
    found = at_hour(pump_tracks(Life(300.0)), 330.0)
    assert (found.state, found.health) == (State.OFFLINE, None)


def test_after_a_repair_the_baseline_starts_again() -> None:
    tracks = pump_tracks(Life(1_000.0, fault=lambda n, h: 3.0 if n in HIGH else 1.0 if ":" in n else 0.0))
    shifted = {
        n: Track(t.at, np.where(t.at < ORIGIN_US + 500 * US_PER_HOUR, t.value / 3, t.value))
        for n, t in tracks.items()
        if n in HIGH
    }
    both = {**tracks, **shifted}
    now = int(ORIGIN_US + 999 * US_PER_HOUR)
    assert assess(PUMP, both, (), now).state is State.ALARM
    assert assess(PUMP, both, (), now, baseline_from_us=int(ORIGIN_US + 500 * US_PER_HOUR)).state is State.NORMAL


def test_a_fault_is_not_learnt_however_long_it_lasts() -> None:
    tracks = pump_tracks(
        Life(2_000.0, fault=lambda n, h: np.where(h > 300, 2.5, 1.0) if n in HIGH else 1.0 if ":" in n else 0.0)
    )
    assert states(tracks, np.arange(340.0, 2_000.0, 60.0)) == [State.ALARM] * 28


def test_the_same_tracks_give_the_same_assessment_and_later_data_do_not_count() -> None:
    tracks = pump_tracks(Life(700.0, fault=OUTER))
    cut = {n: t.between(0, int(ORIGIN_US + 500 * US_PER_HOUR) + 1) for n, t in tracks.items()}
    one, other = at_hour(tracks, 500.0), at_hour(cut, 500.0)
    assert one.anomaly == other.anomaly
    assert one.diagnosis == other.diagnosis
    assert [f.hours.tolist() for f in one.forecasts] == [f.hours.tolist() for f in other.forecasts]
    assert one.model == other.model


def test_only_faults_of_components_that_the_asset_has_are_named() -> None:
    bare = replace(PUMP, components=tuple(c for c in PUMP.components if c.kind != "bearing"))
    found = at_hour(pump_tracks(Life(700.0, fault=OUTER)), 690.0, bare)
    assert found.state is State.ALARM
    assert "bearing" not in {h.fault.component for h in found.diagnosis}


def test_stopping_the_clock_twice_as_long_doubles_the_trend_of_the_remaining_life() -> None:
    from forewarn.models.channels import Workshop
    from forewarn.models.detectors.own_past import DetectorSettings, judge
    from forewarn.models.life import trend as life_trend
    from forewarn.models.tracks import regime_of, usable

    def trend_hours(stretch: int) -> float:
        tracks = pump_tracks(Life(700.0, fault=OUTER))
        slow = {n: Track(t.at * stretch, t.value) for n, t in tracks.items() if n.startswith("vib:band_2000")}
        seen = usable(PUMP, slow, set(), 0, 2**62)
        (channel,) = Workshop(PUMP, seen, regime_of(PUMP, seen)).channels()
        judged = judge(channel, DetectorSettings(), 1)
        assert judged is not None
        trend = life_trend.trend_of(judged)
        assert trend is not None
        return trend.hours

    assert trend_hours(2) == pytest.approx(2 * trend_hours(1), rel=0.02)


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 400_000), min_size=0, max_size=120),
    st.floats(-1e3, 1e3),
    st.sampled_from(["vib:band_2000_4000", "flow", "speed", "winding_temp"]),
)
def test_whatever_comes_in_every_number_that_comes_out_is_finite(gaps_s: list[int], level: float, name: str) -> None:
    at = np.cumsum(np.array(gaps_s, np.int64)) * 1_000_000 + ORIGIN_US
    value = np.full(len(at), abs(level) if ":" in name else level)
    value[len(value) // 2 :] *= 3
    found = assess(PUMP, {name: Track(at, value)}, (), int(at[-1]) if len(at) else ORIGIN_US)
    if isinstance(found.anomaly, AnomalyScore):
        assert 0 <= found.anomaly.score <= 1
        assert all(math.isfinite(c.value) and math.isfinite(c.baseline) for c in found.anomaly.contributions)
    assert found.health is None or 0 <= found.health <= 100
    for forecast in found.forecasts:
        assert np.all(np.isfinite(forecast.hours))
        assert np.all(forecast.hours >= 0)
