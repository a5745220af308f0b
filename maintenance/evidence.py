"""What a judgement rests on, as plain JSON: kept on the order for years, read by people and by `forewarn explain`.

Pure. Numbers of numpy become numbers of Python; a value that is not finite becomes null, which JSON can say.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

import numpy as np

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.health import AnomalyScore, Assessment, Hypothesis, RulForecast
from forewarn.core.work import Json


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, UTF-8 as it is. Refuses NaN with ValueError.

    >>> canonical({"b": 1, "a": [0.5, None]})
    '{"a":[0.5,null],"b":1}'
    """
    return _encoded(value)


_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_ALREADY_PLAIN = frozenset((str, int, bool, type(None)))  # nine of ten values: not asked whether they are more


def plain(value: object) -> object:
    """A value as JSON knows it: dataclasses and mappings become objects, tuples and arrays become lists.

    >>> plain((np.float64(0.5), float("nan")))
    [0.5, None]
    """
    kind: type = type(value)
    if kind in _ALREADY_PLAIN:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    names = _fields(kind)
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if kind is dict or isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}  # type: ignore[attr-defined] # a mapping
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


@lru_cache(maxsize=1_000)
def _fields(kind: type) -> tuple[str, ...] | None:
    """Names of a dataclass; None of anything else."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def plain_object(value: object) -> Json:
    """`plain` of something that has fields."""
    converted = plain(value)
    if not isinstance(converted, dict):
        raise TypeError(f"{type(value).__name__} is not an object")
    return converted


def assessment_json(assessment: Assessment) -> Json:
    """All of an assessment; numbers in the units of `core.health`, times in UTC microseconds.

    Keys: asset, at_us, span_us, state, health, anomaly (null while warming up), false_alarm_rate_per_year, warming_up,
    contributions, diagnosis, forecasts (operating hours, with P10/P50/P90 beside the levels), sensor_problems, model,
    hours_per_day (measured; null: those of the plant file), candidates (every fault that was weighed, with the
    strengths of its signs: what the finished order is learnt from), shelved (limits of the plant that were silenced),
    versions (trained versions that had a say).
    """
    scored = assessment.anomaly if isinstance(assessment.anomaly, AnomalyScore) else None
    return {
        "asset": assessment.asset,
        "at_us": assessment.at_us,
        "span_us": plain(assessment.span_us),
        "state": assessment.state.value,
        "health": plain(assessment.health),
        "anomaly": plain(scored.score) if scored else None,
        "false_alarm_rate_per_year": plain(scored.false_alarm_rate_per_year) if scored else None,
        "warming_up": None if scored else plain(assessment.anomaly),
        "contributions": plain(scored.contributions) if scored else [],
        "diagnosis": [_hypothesis_json(hypothesis) for hypothesis in assessment.diagnosis],
        "forecasts": [_forecast_json(forecast) for forecast in assessment.forecasts],
        "sensor_problems": plain(assessment.sensor_problems),
        "model": plain(assessment.model),
        "hours_per_day": plain(assessment.hours_per_day),
        "candidates": [{**plain_object(c), "fault": str(c.fault)} for c in assessment.candidates],
        "shelved": plain(assessment.shelved),
        "versions": plain(assessment.versions),
    }


def fault_label(fault: Fault) -> str:
    """Words for a person.

    >>> fault_label(Fault("de_bearing", "outer_race_spall"))
    'outer-race spall, de_bearing'
    """
    known = MECHANISMS.get(fault.mechanism)
    return f"{known.label if known else fault.mechanism}, {fault.component}"


def _hypothesis_json(hypothesis: Hypothesis) -> Json:
    fault = hypothesis.fault
    return {**plain_object(hypothesis), "fault": str(fault), "label": fault_label(fault)}


def _forecast_json(forecast: RulForecast) -> Json:
    quantiles = {f"p{percent}_h": forecast.quantile(percent / 100) for percent in (10, 50, 90)}
    return {**plain_object(forecast), "fault": str(forecast.fault), **quantiles}
