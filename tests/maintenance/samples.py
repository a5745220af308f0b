"""One pump with a bearing, its parts and its troubles: values that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import Fault
from forewarn.core.health import (
    AnomalyScore,
    Assessment,
    Contribution,
    Evidence,
    Hypothesis,
    ModelRef,
    RulForecast,
    SensorProblem,
    State,
)
from forewarn.core.plant import Asset, Component, FaultPlan, Part, PartLine, Plant
from forewarn.core.ports import Actor
from forewarn.core.work import Advice, Decision, Json, OrderKind

NOW_US = 1_800_000_000_000_000
ANN = Actor("ann", "planner")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MODEL = ModelRef("signature", "3", "abc123")
SPALL = Fault("de_bearing", "outer_race_spall")
IMBALANCE = Fault("rotor", "imbalance")
SENSOR = Fault("temperature", "sensor_fault")
CODES: Json = {
    "failure_mode_found": "VIB",
    "failure_mechanism": "2.6",
    "failure_cause": "3.4",
    "detection_method": "6",
    "activity": "1",
}
"""What a repair is completed with."""
BEARING = Part("6205", "Bearing 6205", lead_p50_days=5.0, lead_p90_days=7.0)


def hours(count: float) -> int:
    """So many hours in microseconds."""
    return round(count * US_PER_HOUR)


def pump(criticality: str = "A", hours_per_day: float = 24.0) -> Asset:
    plan = FaultPlan(SPALL, "VIB", (PartLine("6205"),), repair_hours=8.0, steps=("Isolate", "Replace the bearing"))
    return Asset(
        id="pump-03",
        name="Feed pump 3",
        asset_class="pump",
        site="north",
        area="boilers",
        criticality=criticality,
        operating_hours_per_day=hours_per_day,
        components=(Component("de_bearing", "bearing", "DE bearing"), Component("rotor", "rotor")),
        faults=(plan,),
    )


def plant_of(asset: Asset, *parts: Part) -> Plant:
    return Plant("works", (), (asset,), parts)


def forecast(p10_h: float, p50_h: float, p90_h: float, fault: Fault = SPALL) -> RulForecast:
    return RulForecast(fault, np.array([0.1, 0.5, 0.9]), np.array([p10_h, p50_h, p90_h]), 5_000.0, MODEL)


def stuck(signal: str = "temperature", since_us: int = NOW_US - hours(5), kind: str = "stuck") -> SensorProblem:
    return SensorProblem(signal, kind, since_us, "The same value for 5 h.")


def assessment(
    state: State = State.ALARM,
    forecasts: Sequence[RulForecast] | None = None,
    problems: Sequence[SensorProblem] = (),
    fault: Fault = SPALL,
) -> Assessment:
    seen = Evidence("vibration:bpfo", 4.0, 0.5, "m/s^2", "The outer race tone is 8 times its baseline.")
    abnormal = state in (State.ALARM, State.ALERT)
    contributions = (
        Contribution("vibration:rms", 0.9, 7.1, 1.8, "m/s^2"),
        Contribution("temperature", 0.1, 61, 55, "K"),
    )
    return Assessment(
        asset="pump-03",
        at_us=NOW_US,
        span_us=(NOW_US - hours(240), NOW_US),
        state=state,
        health=40.0,
        anomaly=AnomalyScore(0.93, 0.5, contributions),
        diagnosis=(Hypothesis(fault, "VIB", 0.8, (seen,), (), "Envelope at BPFO"),) if abnormal else (),
        forecasts=tuple([forecast(240, 300, 480)] if forecasts is None else forecasts),
        sensor_problems=tuple(problems),
        model=MODEL,
    )


def advice(
    fault: Fault = SPALL,
    *,
    asset: str = "pump-03",
    at_h: float = 0.0,
    start_in_h: float | None = 200.0,
    priority: int = 3,
    decision: Decision = Decision.OPEN,
    parts: tuple[PartLine, ...] = (PartLine("6205"),),
    evidence: Json | None = None,
    title: str = "Plan replacement",
) -> Advice:
    """Advice `at_h` hours after `NOW_US`; parts take 20 h."""
    kind = OrderKind.INSTRUMENT if fault.mechanism == "sensor_fault" else OrderKind.CONDITION
    at_us = NOW_US + hours(at_h)
    return Advice(
        asset=asset,
        fault=fault,
        failure_mode="VIB",
        kind=kind,
        decision=decision,
        reason="Confirmed alarm.",
        priority=priority,
        title=title,
        at_us=at_us,
        evidence={"at_h": at_h} if evidence is None else evidence,
        parts=parts,
        repair_hours=8.0,
        steps=("Isolate",),
        rul_p10_h=None if start_in_h is None else start_in_h + 8,
        rul_p50_h=None if start_in_h is None else start_in_h + 90,
        rul_p90_h=None if start_in_h is None else start_in_h + 300,
        order_by_us=None if start_in_h is None else at_us + hours(max(start_in_h - 20, 0)),
        start_by_us=None if start_in_h is None else at_us + hours(start_in_h),
        win_probability=None if start_in_h is None else 0.9,
    )
