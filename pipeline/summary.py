"""An assessment as plain JSON: what records keep, evidence freezes and the API shows. One shape, written here only."""

from __future__ import annotations

from dataclasses import asdict

from forewarn.core.faults import MECHANISMS
from forewarn.core.health import AnomalyScore, Assessment, Hypothesis, RulForecast
from forewarn.core.work import Json


def assessment_json(assessment: Assessment) -> Json:
    """All of an assessment; numbers in the units of `core.health`, times in UTC microseconds.

    Keys: asset, at_us, span_us, state, health, anomaly (null while warming up), warming_up, contributions, diagnosis,
    forecasts, sensor_problems, model.
    """
    scored = assessment.anomaly if isinstance(assessment.anomaly, AnomalyScore) else None
    return {
        "asset": assessment.asset,
        "at_us": assessment.at_us,
        "span_us": list(assessment.span_us),
        "state": str(assessment.state),
        "health": assessment.health,
        "anomaly": scored.score if scored else None,
        "false_alarm_rate_per_year": scored.false_alarm_rate_per_year if scored else None,
        "warming_up": None if scored else asdict(assessment.anomaly),
        "contributions": [asdict(c) for c in scored.contributions] if scored else [],
        "diagnosis": [_hypothesis(h) for h in assessment.diagnosis],
        "forecasts": [_forecast(f) for f in assessment.forecasts],
        "sensor_problems": [asdict(p) for p in assessment.sensor_problems],
        "model": asdict(assessment.model),
    }


def _hypothesis(hypothesis: Hypothesis) -> Json:
    return {
        "fault": str(hypothesis.fault),
        "label": fault_label(str(hypothesis.fault)),
        "failure_mode": hypothesis.failure_mode,
        "probability": hypothesis.probability,
        "evidence_for": [asdict(e) for e in hypothesis.evidence_for],
        "evidence_against": [asdict(e) for e in hypothesis.evidence_against],
        "next_check": hypothesis.next_check,
    }


def _forecast(forecast: RulForecast) -> Json:
    return {
        "fault": str(forecast.fault),
        "levels": [float(level) for level in forecast.levels],
        "hours": [float(hours) for hours in forecast.hours],
        "p10_h": forecast.quantile(0.1),
        "p50_h": forecast.quantile(0.5),
        "p90_h": forecast.quantile(0.9),
        "horizon_h": forecast.horizon_h,
        "model": asdict(forecast.model),
    }


def fault_label(fault: str) -> str:
    """Words for a person.

    >>> fault_label("de_bearing:outer_race_spall")
    'outer-race spall, de_bearing'
    """
    component, _, mechanism = fault.partition(":")
    known = MECHANISMS.get(mechanism)
    return f"{known.label if known else mechanism}, {component}"
