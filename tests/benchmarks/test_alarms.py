"""The alarm benchmark itself: fair cases, honest counting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.alarm_machines import ORIGIN_US, PATTERNS, Case, Recording, fault_cases, healthy_cases
from benchmarks.alarm_replay import replay
from benchmarks.bench_alarms import BROKEN, settings_of, told_rate, told_share
from forewarn.core.clock import US_PER_DAY
from forewarn.simulators.demo_machines import DEMO_MACHINES
from forewarn.simulators.wear import LAWS


def test_every_mechanism_and_every_machine_in_every_pattern_takes_part() -> None:
    faults = fault_cases(300, 1)
    assert Counter(c.episode.fault.mechanism for c in faults if c.episode) == dict.fromkeys(LAWS, 30)
    healthy = healthy_cases(24, 1)
    assert {(c.spec.id, c.spec.pattern) for c in healthy} == {(s.id, p) for s in DEMO_MACHINES for p in PATTERNS}
    assert len({c.seed for c in (*faults, *healthy)}) == 324


def test_readings_do_not_depend_on_how_often_they_are_asked_for() -> None:
    (case,) = healthy_cases(1, 3, days=4.0)
    at_once, in_steps = Recording(case), Recording(case)
    for day in (1.3, 2.0, 3.9):
        in_steps.until(ORIGIN_US + round(day * US_PER_DAY))
    first, second = at_once.until(2**62), in_steps.until(2**62)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name].at, second[name].at)
        np.testing.assert_allclose(first[name].value, second[name].value, rtol=1e-5)


@pytest.mark.slow
def test_a_change_that_stays_is_one_event_and_then_the_new_normal() -> None:
    (case,) = healthy_cases(1, 3, days=26.0)

    def hot(row: dict[str, float], day: float) -> dict[str, float]:
        return row | {"temperature_de": row["temperature_de"] + (40.0 if day > 10 else 0.0)}

    found = replay(case, settings_of(1.0), hot)
    (event,) = found.false_alarms
    assert event.feature == "temperature_de"
    assert 10 < event.day < 12
    told = told_rate([found])
    assert told["rate"] == pytest.approx(1 / found.judged_years)
    assert 10 / 365 < found.judged_years < 24 / 365


@pytest.mark.slow
def test_a_seeded_fault_is_found_inside_its_interval() -> None:
    case = min(fault_cases(10, 4), key=lambda one: one.days)
    found = replay(case, settings_of(1.0))
    assert found.found_day is not None
    assert found.p_day <= found.found_day < found.f_day
    assert told_share([found])["found"] == 1


def test_broken_assumptions_begin_when_they_say() -> None:
    row = {"power": 10.0, "current": 20.0, "load": 80.0, "temperature_de": 50.0}
    assert BROKEN["unexplained_product"](row, 89.0) == row
    assert BROKEN["unexplained_product"](row, 91.0)["power"] == pytest.approx(11.0)
    assert BROKEN["drifting_sensor"](row, 100.0)["temperature_de"] == pytest.approx(51.0)
    assert "load" not in BROKEN["unmeasured_load"](row, 1.0)


def test_a_case_without_a_fault_says_its_regime() -> None:
    regimes = {case.regime for case in healthy_cases(24, 1)}
    assert {"continuous, variable speed", "two-shift, fixed speed", "continuous, belt speed"} <= regimes
    assert all(isinstance(case, Case) for case in healthy_cases(2, 1))
