"""What the models say of one asset at one moment (ISO 13374: state, health, prognosis). Values only, all recomputable.

Direction of every number stands beside it. "Warming up" is an answer of its own and never a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from forewarn.core.faults import Fault
from forewarn.core.readings import Floats


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model said it: name, version, and the digest of its code or training data."""

    name: str
    version: str
    digest: str


class State(StrEnum):
    """State detection of an asset."""

    WARMING_UP = "warming_up"  # not enough data for a baseline
    NORMAL = "normal"
    ALERT = "alert"  # above its limit, not yet confirmed
    ALARM = "alarm"  # confirmed: abnormal for long enough to act
    OFFLINE = "offline"  # no usable data for long enough to notice


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one feature pulls the anomaly score: share in [0, 1]; value and baseline in `unit`."""

    feature: str
    share: float
    value: float
    baseline: float
    unit: str


@dataclass(frozen=True, slots=True)
class AnomalyScore:
    """score in [0, 1], high = abnormal, 0.5 = at the limit, which is set for `false_alarm_rate_per_year` per asset."""

    score: float
    false_alarm_rate_per_year: float
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """No score yet: `seen` of `needed` hours of usable data."""

    seen_hours: float
    needed_hours: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that speaks for or against a hypothesis. `text` is a sentence for a technician."""

    feature: str
    value: float
    baseline: float
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible fault with its probability in [0, 1] given that the asset is abnormal."""

    fault: Fault
    failure_mode: str
    probability: float
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]
    next_check: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fault as the diagnosis weighed it, before it was ranked: what a finished order is learnt from later.

    `log_odds` is what physics alone said (natural logarithm, up to a constant that all candidates of one assessment
    share); `strengths` maps each sign of its signature, by its words, to [-1, 1], or to None where no signal shows it.
    """

    fault: Fault
    log_odds: float
    strengths: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class RulForecast:
    """Remaining life of an asset with one fault, as a distribution in operating hours.

    levels float64[q] strictly rising in (0, 1); hours float64[q] non-decreasing, >= 0. A quantile at `horizon_h`
    means "not before". Low P10 = little time. `outcomes`: so many known ends have
    moved its levels (0: the model as it is).
    """

    fault: Fault
    levels: Floats
    hours: Floats
    horizon_h: float
    model: ModelRef
    outcomes: int = 0

    def __post_init__(self) -> None:
        levels, hours = np.asarray(self.levels, np.float64), np.asarray(self.hours, np.float64)
        if levels.shape != hours.shape or levels.ndim != 1 or len(levels) < 2:
            raise ValueError("levels and hours are rows of equal length, at least 2")
        if not (np.all(np.diff(levels) > 0) and levels[0] > 0 and levels[-1] < 1):
            raise ValueError("levels rise strictly inside (0, 1)")
        if not (np.all(np.isfinite(hours)) and np.all(np.diff(hours) >= 0) and hours[0] >= 0):
            raise ValueError("hours are finite, at least 0, and do not fall")

    def quantile(self, level: float) -> float:
        """Hours at a level, linear between the given ones, held at the ends."""
        return float(np.interp(level, self.levels, self.hours))

    def probability_within(self, hours: float) -> float:
        """Chance that the life ends within so many operating hours (0 and 1 are never claimed)."""
        return float(np.interp(hours, self.hours, self.levels, left=self.levels[0] / 2, right=self.levels[-1]))


class DeviceStatus(StrEnum):
    """Status of a sensor (NAMUR NE 107), the gravest first."""

    FAILURE = "failure"  # its signal is not valid
    FUNCTION_CHECK = "function_check"  # not valid while somebody works on it, or until somebody has looked
    OUT_OF_SPECIFICATION = "out_of_specification"  # beyond its limits: uncertain
    MAINTENANCE_REQUIRED = "maintenance_required"  # valid, and will not stay so
    GOOD = "good"


SENSOR_STATUS: dict[str, DeviceStatus] = {
    "silent": DeviceStatus.FAILURE,
    "stuck": DeviceStatus.FAILURE,
    "unit_suspect": DeviceStatus.FUNCTION_CHECK,
    "out_of_range": DeviceStatus.OUT_OF_SPECIFICATION,
    "jumping": DeviceStatus.OUT_OF_SPECIFICATION,
    "drifting": DeviceStatus.MAINTENANCE_REQUIRED,
    "gap": DeviceStatus.MAINTENANCE_REQUIRED,
    "clock": DeviceStatus.MAINTENANCE_REQUIRED,
}
"""Kind of a sensor problem -> its status. `gap` and `clock` say something on the way of the readings and nothing
against their values: they become events, and the models go on using the signal."""


@dataclass(frozen=True, slots=True)
class SensorProblem:
    """Something is wrong with a sensor. `kind` is a key of `SENSOR_STATUS`; `since_us` when it began."""

    signal: str
    kind: str
    since_us: int
    text: str

    @property
    def status(self) -> DeviceStatus:
        """Its status by NAMUR NE 107."""
        return SENSOR_STATUS[self.kind]


def status_of(problems: Iterable[SensorProblem]) -> DeviceStatus:
    """The gravest status among the problems of one sensor; GOOD when there are none.

    >>> status_of([SensorProblem("temp", "gap", 0, ""), SensorProblem("temp", "stuck", 0, "")]).value
    'failure'
    """
    found = {problem.status for problem in problems}
    return next((status for status in DeviceStatus if status in found), DeviceStatus.GOOD)


@dataclass(frozen=True, slots=True)
class SensorEvent:
    """A problem of a sensor over time: one that lasts is one event. `until_us` is None while it is open.

    `detail` is what the watch needs to go on after a restart. `id` is 0 before it is kept.
    """

    asset: str
    signal: str
    kind: str
    status: DeviceStatus
    since_us: int
    until_us: int | None
    text: str
    detail: Mapping[str, float | str] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """One asset at one moment: everything a decision needs.

    `health` in [0, 100], 100 = as new, None while warming up or offline. `diagnosis` is ranked, most probable first,
    and empty unless state is alert or alarm. `forecasts` holds one per fault worth planning for. `span_us` is the
    data it was computed from, half-open. `hours_per_day` are the operating hours per day that were measured by then,
    None where they are not known and those of the plant file count. `candidates` are all faults that were weighed for
    the diagnosis, also those too improbable to be listed. `shelved` are the plant's limits that were silenced then.
    `versions` are the trained versions that had a say beside `model`.
    """

    asset: str
    at_us: int
    span_us: tuple[int, int]
    state: State
    health: float | None
    anomaly: AnomalyScore | WarmingUp
    diagnosis: tuple[Hypothesis, ...]
    forecasts: tuple[RulForecast, ...]
    sensor_problems: tuple[SensorProblem, ...]
    model: ModelRef
    hours_per_day: float | None = None
    candidates: tuple[Candidate, ...] = ()
    shelved: tuple[str, ...] = ()
    versions: tuple[ModelRef, ...] = ()

    def forecast_for(self, fault: Fault) -> RulForecast | None:
        """The forecast of this fault, or None."""
        return next((f for f in self.forecasts if f.fault == fault), None)
