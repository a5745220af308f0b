"""The set rate of false alarms: what is kept, what a short past can promise, and what breaks it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Window
from forewarn.models.detectors.calibration import (
    CAP,
    RELEASE,
    accumulated,
    calibrate,
    calibrated,
    conformal,
    correlation_rows,
    cross_fitted,
    least_p,
    log_e,
    yearly,
)
from forewarn.models.detectors.contract import Detector
from forewarn.models.detectors.table import DETECTORS
from tests.models.detectors.signals import TEN_MINUTES_US, healthy, shifted, with_values

ROWS_PER_YEAR = 52_596.0


def split(window: Window, rows: int) -> tuple[Window, Window]:
    return window.rows(slice(0, rows)), window.rows(slice(rows, None))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["principal_components", "cross_prediction", "ewma", "limits"])
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_healthy_machines_alarm_no_more_often_than_set(name: str, correlation: float) -> None:
    alarms, rows = 0, 0
    for seed in range(4):
        past, later = split(healthy(1_500 + 20_000, seed, correlation=correlation), 1_500)
        rung = calibrate(DETECTORS[name], past, 12.0, ROWS_PER_YEAR).alarm(later)
        alarms += int(np.count_nonzero(np.diff(rung.astype(int)) == 1))
        rows += len(later)
    assert alarms / (rows / ROWS_PER_YEAR) <= 12.0


@pytest.mark.parametrize("name", ["principal_components", "cross_prediction", "ewma", "kernel_regression"])
def test_a_fault_that_stays_is_found_soon_and_its_column_named(name: str) -> None:
    past, later = split(healthy(1_500 + 300, seed=8), 1_500)
    found = calibrate(DETECTORS[name], past, 1.0, ROWS_PER_YEAR)
    broken = shifted(later, 2, 6.0, 100)
    rung = found.alarm(broken)
    assert not rung[:100].any()
    assert rung[160:].all()
    assert int(found.strangeness(broken).pulls[150:].mean(axis=0).argmax()) == 2


def test_an_alarm_ends_by_itself_when_the_machine_is_as_before() -> None:
    past, later = split(healthy(1_500 + 600, seed=8), 1_500)
    values = shifted(later, 2, 6.0, 100).values
    values[200:] = later.values[200:]
    rung = calibrate(DETECTORS["cross_prediction"], past, 1.0, ROWS_PER_YEAR).alarm(with_values(later, values))
    assert rung[199]
    assert not rung[300:].any()


def test_a_rarer_alarm_needs_more_evidence() -> None:
    past, later = split(healthy(800, seed=2), 600)
    seldom, often = (calibrate(DETECTORS["ewma"], past, rate, ROWS_PER_YEAR) for rate in (0.1, 10.0))
    assert seldom.limit == pytest.approx(often.limit + math.log(100))
    assert (seldom.score(later) <= often.score(later)).all()


def test_the_score_is_a_half_at_the_limit_and_higher_in_alarm() -> None:
    past, later = split(healthy(900, seed=2), 600)
    found = calibrate(DETECTORS["cross_prediction"], past, 5.0, ROWS_PER_YEAR)
    broken = shifted(later, 1, 8.0, 100)
    score, evidence = found.score(broken), found.evidence(broken)
    assert score == pytest.approx(evidence / (evidence + found.limit))
    assert (score[evidence >= found.limit] >= 0.5).all()
    assert score.max() == pytest.approx(CAP / (1 + CAP))


def test_what_cannot_be_judged_has_no_score_and_changes_nothing() -> None:
    past, later = split(healthy(900, seed=2), 600)
    found = calibrate(DETECTORS["cross_prediction"], past, 5.0, ROWS_PER_YEAR)
    broken = shifted(later, 1, 8.0, 50)
    silent = broken.values.copy()
    silent[100:150] = np.nan
    quiet = with_values(broken, silent)
    assert np.isnan(found.p_value(quiet)[100:150]).all()
    assert np.isnan(found.score(quiet)[100:150]).all()
    assert len(set(found.evidence(quiet)[99:150].tolist())) == 1
    assert found.alarm(quiet)[99:150].all()


def test_a_short_past_says_what_it_can_promise() -> None:
    short, long = (calibrate(DETECTORS["ewma"], healthy(rows, seed=4), 0.1, ROWS_PER_YEAR) for rows in (400, 8_000))
    assert short.support.windows < long.support.windows
    assert short.support.patient_per_year > 0.1 > long.support.patient_per_year
    assert "only supports" in short.support.says(0.1)
    assert "is supported" in long.support.says(0.1)
    assert short.support.wait_rows > long.support.wait_rows


def test_an_alarm_takes_as_many_of_the_strangest_rows_as_was_said() -> None:
    found = calibrate(DETECTORS["cross_prediction"], healthy(700, seed=4), 1.0, ROWS_PER_YEAR)
    p = np.full(500, least_p(found.support.windows))
    _, rung = accumulated(p, found.support.window_rows, found.limit)
    assert int(rung.argmax()) + 1 == math.ceil(found.support.wait_rows)


def test_too_short_a_past_promises_nothing() -> None:
    with pytest.raises(NotReady, match="independent windows"):
        calibrated(DETECTORS["ewma"].learn(healthy(100, 1)), np.repeat(np.arange(5.0), 20), 1.0, ROWS_PER_YEAR)


def test_a_past_that_wanders_is_told_and_lifts_the_limit() -> None:
    calm = healthy(1_200, seed=6)
    drift = np.zeros_like(calm.values)
    drift[1_000:1_060, 2] = 160.0
    steady, wandering = (
        calibrate(DETECTORS["cross_prediction"], window, 1.0, ROWS_PER_YEAR)
        for window in (calm, with_values(calm, calm.values + drift))
    )
    assert steady.support.exchangeable
    assert not wandering.support.exchangeable
    assert wandering.limit > steady.limit
    assert "wanders" in wandering.support.says(1.0)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(Rejected, match="rate_not_positive"):
        calibrate(DETECTORS["ewma"], healthy(300, 1), 0.0)


def test_rows_a_year_come_from_the_spacing() -> None:
    assert yearly(healthy(10, 1)) == pytest.approx(365.25 * 144)
    with pytest.raises(NotReady):
        yearly(healthy(1, 1))


@pytest.mark.parametrize("detector", [DETECTORS["principal_components"], DETECTORS["isolation_forest"]], ids=str)
def test_rows_that_taught_look_less_strange_than_others(detector: Detector) -> None:
    past = healthy(400, seed=3)
    taught = detector.learn(past).strangeness(past).distance
    assert np.quantile(cross_fitted(detector, past), 0.9) > np.quantile(taught, 0.9)


def test_cross_fitting_judges_each_block_by_the_others() -> None:
    past = healthy(400, seed=3)
    detector = DETECTORS["cross_prediction"]
    rest = past.rows(np.r_[0:100, 200:400])
    expected = detector.learn(rest).strangeness(past.rows(slice(0, 200))).distance[100:]
    assert cross_fitted(detector, past)[100:200] == pytest.approx(expected)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=40), st.floats(0, 12), st.floats(1, 40))
def test_a_p_value_counts_what_was_at_least_as_strange(usual: list[float], distance: float, windows: float) -> None:
    k = windows * sum(u >= distance for u in usual) / len(usual)
    slow = min((1 + k + 0.5 * math.sqrt(k)) / (1 + windows), 1.0)
    assert conformal(np.array([distance]), np.sort(usual), windows)[0] == pytest.approx(slow, abs=1e-6)


def test_evidence_of_nothing_is_nothing_on_average() -> None:
    p = (np.arange(200_000) + 0.5) / 200_000
    assert float(np.exp(log_e(p)).mean()) <= 1.001
    assert float(np.exp(log_e(np.array([1.0])))[0]) == pytest.approx(0.5, abs=1e-2)
    assert log_e(np.array([np.nan]))[0] == 0.0


@given(st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=80), st.floats(1, 5), st.floats(0.5, 6))
def test_evidence_adds_up_as_if_the_rows_came_one_by_one(p: list[float], rows: float, limit: float) -> None:
    total, ringing, slow = 0.0, False, []
    for value in p:
        total = min(max(0.0, total + float(log_e(np.array([value]))[0]) / rows), CAP * limit)
        if ringing and total < RELEASE * limit:
            total, ringing = 0.0, False
        ringing = ringing or total >= limit
        slow.append((total, ringing))
    evidence, alarm = accumulated(np.array(p), rows, limit)
    assert evidence == pytest.approx([t for t, _ in slow])
    assert alarm.tolist() == [r for _, r in slow]


@pytest.mark.parametrize(("correlation", "rows"), [(0.0, 1.0), (0.5, 3.0), (0.9, 19.0)])
def test_rows_that_resemble_one_another_count_as_fewer(correlation: float, rows: float) -> None:
    series = healthy(20_000, seed=9, correlation=correlation).values[:, 0]
    assert correlation_rows(series) == pytest.approx(rows, rel=0.2)


def test_time_is_no_input() -> None:
    past, later = split(healthy(900, seed=2), 600)
    found = calibrate(DETECTORS["cross_prediction"], past, 5.0, ROWS_PER_YEAR)
    moved = Window(later.at + 1_000 * TEN_MINUTES_US, later.names, later.values, later.regime)
    assert np.array_equal(found.score(later), found.score(moved))
