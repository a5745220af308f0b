"""Which advice a judgement leads to, and in which words."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, cast

import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.health import Assessment, State
from forewarn.core.plant import Asset
from forewarn.core.work import Advice, Decision, OrderKind
from forewarn.maintenance.advice import advise
from forewarn.maintenance.advice.numbers import Inputs, numbers
from tests.maintenance.samples import (
    BEARING,
    IMBALANCE,
    NOW_US,
    SPALL,
    assessment,
    forecast,
    hours,
    plant_of,
    pump,
    stuck,
)


def only(judged: Assessment, asset: Asset | None = None) -> Advice:
    machine = asset or pump()
    [advice] = advise(judged, machine, plant_of(machine, BEARING))
    return advice


def test_an_alarm_asks_for_an_order_with_mode_parts_hours_and_steps_of_the_job_plan() -> None:
    advice = only(assessment())
    assert (advice.decision, advice.kind) == (Decision.OPEN, OrderKind.CONDITION)
    assert (advice.fault, advice.failure_mode, advice.repair_hours) == (SPALL, "VIB", 8.0)
    assert [line.part for line in advice.parts] == ["6205"]
    assert advice.steps == ("Isolate", "Replace the bearing")


def test_dates_are_p10_of_failure_less_repair_less_the_late_lead_time() -> None:
    advice = only(assessment())  # P10 240 h, repair 8 h, late delivery 7 days = 168 h
    assert advice.start_by_us == NOW_US + hours(232)
    assert advice.order_by_us == NOW_US + hours(64)
    assert (advice.rul_p10_h, advice.rul_p50_h, advice.rul_p90_h) == (240, 300, 480)


def test_operating_hours_become_calendar_time_by_the_hours_the_machine_runs_a_day() -> None:
    advice = only(assessment(), pump(hours_per_day=8.0))  # 240 operating hours = 30 days = 720 h
    assert advice.start_by_us == NOW_US + hours(712)
    assert advice.rul_p10_h == 240


def test_parts_on_hand_have_no_lead_time() -> None:
    machine = pump()
    [advice] = advise(assessment(), machine, plant_of(machine, replace(BEARING, on_hand=1)))
    assert advice.order_by_us == advice.start_by_us
    assert advice.win_probability == pytest.approx(1 - 0.1 * 8 / 240, abs=1e-3)  # only the repair has to fit


def test_a_date_that_has_passed_is_now_and_the_reason_says_by_how_much() -> None:
    late_order = only(assessment(forecasts=[forecast(100, 200, 300)]))
    assert (late_order.order_by_us, late_order.start_by_us) == (NOW_US, NOW_US + hours(92))
    assert "should have been ordered 3.2 days ago" in late_order.reason  # 92 h - 168 h
    late_start = only(assessment(forecasts=[forecast(2, 20, 30)]))
    assert (late_start.order_by_us, late_start.start_by_us) == (NOW_US, NOW_US)
    assert "should have started 6 h ago" in late_start.reason


@pytest.mark.parametrize("p10_h", [240.0, 5.0])
def test_the_title_names_fault_component_and_machine_and_no_date_that_would_go_stale(p10_h: float) -> None:
    title = only(assessment(forecasts=[forecast(p10_h, 500, 600)])).title
    assert title == "Outer-race spall, DE bearing, Feed pump 3"


def test_without_a_forecast_there_are_no_dates_and_the_reason_says_so() -> None:
    advice = only(assessment(forecasts=[]))
    assert (advice.order_by_us, advice.start_by_us, advice.win_probability) == (None, None, None)
    assert "Remaining life is not known yet" in advice.reason
    assert advice.decision is Decision.OPEN


def test_a_fault_without_a_job_plan_takes_usual_hours_and_the_next_check_as_its_step() -> None:
    advice = only(assessment(fault=IMBALANCE, forecasts=[forecast(240, 300, 480, IMBALANCE)]))
    assert (advice.repair_hours, advice.parts, advice.steps) == (8.0, (), ("Envelope at BPFO",))
    assert "no job plan" in advice.reason
    assert advice.title == "Imbalance, rotor, Feed pump 3"


def test_a_part_that_the_plant_does_not_list_takes_the_usual_lead_time_and_the_reason_says_so() -> None:
    machine = pump()
    [advice] = advise(assessment(forecasts=[forecast(1000, 1200, 1400)]), machine, plant_of(machine))
    assert advice.start_by_us is not None
    assert advice.order_by_us == advice.start_by_us - 30 * US_PER_DAY
    assert "Lead time of 6205 is unknown" in advice.reason


def test_an_alert_waits_and_says_why() -> None:
    advice = only(assessment(State.ALERT))
    assert advice.decision is Decision.WAIT
    assert "confirmed" in advice.reason


@pytest.mark.parametrize("state", [State.NORMAL, State.WARMING_UP, State.OFFLINE])
def test_a_machine_that_is_not_abnormal_gets_no_advice(state: State) -> None:
    assert advise(assessment(state), pump(), plant_of(pump())) == []


def test_a_sensor_that_cannot_be_believed_gets_its_own_order_without_remaining_life() -> None:
    advice = only(assessment(State.NORMAL, problems=[stuck()]))
    assert (advice.kind, advice.decision, advice.failure_mode) == (OrderKind.INSTRUMENT, Decision.OPEN, "AIR")
    assert str(advice.fault) == "temperature:sensor_fault"
    assert (advice.rul_p10_h, advice.start_by_us) == (None, None)
    assert advice.title == "Sensor temperature is stuck, Feed pump 3"


def test_two_problems_of_one_sensor_are_one_advice_that_tells_both() -> None:
    both = [stuck(), replace(stuck(kind="out_of_range"), text="Above 400 K.", since_us=NOW_US - hours(9))]
    advice = only(assessment(State.NORMAL, problems=both))
    assert "out of range" in advice.title
    assert "Above 400 K." in advice.reason
    assert "The same value" in advice.reason


def test_a_young_sensor_problem_waits() -> None:
    assert only(assessment(State.NORMAL, problems=[stuck(since_us=NOW_US - hours(0.5))])).decision is Decision.WAIT


def test_a_silent_machine_is_not_a_heap_of_sensor_orders() -> None:
    silent = [stuck(name, kind="silent") for name in ("temperature", "pressure")]
    judged = assessment(State.OFFLINE, problems=silent)
    assert {advice.decision for advice in advise(judged, pump(), plant_of(pump()))} == {Decision.WAIT}
    alone = assessment(State.OFFLINE, problems=silent[:1])
    assert only(alone).decision is Decision.OPEN


def test_an_anomaly_that_rests_on_a_doubtful_sensor_opens_no_machine_order() -> None:
    machine, sensor = advise(assessment(problems=[stuck("vibration")]), pump(), plant_of(pump()))
    assert (machine.decision, sensor.decision) == (Decision.WAIT, Decision.OPEN)
    assert "90% of the anomaly" in machine.reason
    machine, _ = advise(assessment(problems=[stuck("temperature")]), pump(), plant_of(pump()))
    assert machine.decision is Decision.OPEN


def test_the_evidence_is_json_and_gives_the_same_numbers_again() -> None:
    advice = only(assessment())
    kept = cast(dict[str, Any], json.loads(json.dumps(advice.evidence, allow_nan=False)))
    again = numbers(Inputs.from_json(kept["inputs"]))
    assert asdict(again) == kept["numbers"]
    assert (again.start_by_us, again.win_probability) == (advice.start_by_us, advice.win_probability)
    told = kept["assessment"]
    assert told["model"] == {"name": "signature", "version": "3", "digest": "abc123"}
    assert told["diagnosis"][0]["evidence_for"][0]["text"].startswith("The outer race tone")
    assert told["contributions"][0]["feature"] == "vibration:rms"
    assert told["forecasts"][0]["hours"] == [240, 300, 480]
    assert kept["inputs"]["leads"] == [{"part": "6205", "p50_days": 5.0, "p90_days": 7.0}]
    assert kept["advice_settings"]["sensor_patience_h"] == 1.0


def test_a_number_that_json_cannot_say_becomes_null_in_the_evidence() -> None:
    judged = replace(assessment(), health=float("nan"))
    told = cast(dict[str, Any], only(judged).evidence["assessment"])
    assert told["health"] is None
