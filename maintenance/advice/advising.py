"""Advice: what to do about a machine, given what the models say of it. Pure: plant and settings are arguments.

A machine in confirmed alarm gets one advice, for its most probable fault; each sensor that cannot be believed
gets its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.health import AnomalyScore, Assessment, Hypothesis, RulForecast, SensorProblem, State
from forewarn.core.plant import Asset, FaultPlan, PartLine, Plant
from forewarn.core.work import Advice, Decision, Json, OrderKind
from forewarn.maintenance.advice.costs import CostInputs
from forewarn.maintenance.advice.numbers import Inputs, Numbers, numbers
from forewarn.maintenance.advice.race import Lead
from forewarn.maintenance.advice.words import decision_by_costs, reasons, remarks, title
from forewarn.maintenance.evidence import assessment_json, plain

SENSOR_PRIORITY = {"A": 2, "B": 3, "C": 4}
LOOKED_AHEAD_DAYS = 120
MOST_STOPS = 12
"""Stops of production are looked for so many days ahead, and so many of them are kept with the evidence."""

SENSOR_STEPS = (
    "Compare the sensor with a hand-held one",
    "Check cable, connector, supply and mounting",
    "Replace or calibrate the sensor; note both readings",
)


@dataclass(frozen=True, slots=True)
class AdviceSettings:
    """What the plant has not said otherwise.

    A fault without a job plan takes `repair_hours`; a part whose lead time is unknown takes `lead_p50_days` and
    `lead_p90_days`. A sensor problem younger than `sensor_patience_h` waits. When more than `doubted_share` of an
    anomaly comes from sensors that cannot be believed, the machine's advice waits; so does an alarm whose score is
    below `least_score` (0.5 = at its limit, so that 0 lets every alarm through). Waiting is weighed as looking again
    after `look_again_h`; `real_share` of the advices are taken to be right; a breakdown lasts `breakdown_factor` times
    its planned repair. `crew_p50_h` and `crew_p90_h`: hours until people can begin.
    """

    repair_hours: float = 8.0
    lead_p50_days: float = 14.0
    lead_p90_days: float = 30.0
    sensor_patience_h: float = 1.0
    doubted_share: float = 0.5
    least_score: float = 0.0
    look_again_h: float = 168.0
    real_share: float = 0.8
    breakdown_factor: float = 3.0
    crew_p50_h: float = 0.0
    crew_p90_h: float = 0.0


AS_USUAL = AdviceSettings()


def advise(assessment: Assessment, asset: Asset, plant: Plant, settings: AdviceSettings = AS_USUAL) -> list[Advice]:
    """What should be done now: at most one advice for the machine, then one for each doubtful sensor.

    ALARM opens an order for the top hypothesis, or prepares a DRAFT where waiting costs less than acting and nothing is
    urgent; ALERT gives the same advice with the decision WAIT; every other state says nothing of the machine. `at_us`
    of the assessment is "now": no date lies before it. Parts, hours and steps come
    from `asset.plan_for(fault)`.

    Example: P10 of 240 operating hours on a machine that runs 24 h a day, 8 h of repair and a part that arrives within
    7 days nine times of ten: start by day 9.67, order by day 2.67.
    """
    advices = [_of_sensor(problems, assessment, asset, settings) for problems in _by_signal(assessment).values()]
    if assessment.state in (State.ALARM, State.ALERT) and assessment.diagnosis:
        advices.insert(0, _of_machine(assessment.diagnosis[0], assessment, asset, plant, settings))
    return advices


def _of_machine(
    top: Hypothesis, assessment: Assessment, asset: Asset, plant: Plant, settings: AdviceSettings
) -> Advice:
    plan = asset.plan_for(top.fault)
    inputs = _inputs(top.fault, plan, assessment, asset, plant, settings)
    found = numbers(inputs)
    decision, why = _decision(assessment, settings)
    cheaper = decision_by_costs(found, inputs)
    if decision is Decision.OPEN and cheaper:
        decision, why = Decision.DRAFT, cheaper
    return Advice(
        asset=asset.id,
        fault=top.fault,
        failure_mode=plan.failure_mode if plan and plan.fault == top.fault else top.failure_mode,
        kind=OrderKind.CONDITION,
        decision=decision,
        reason=" ".join([why, *remarks(found, inputs, plan, plant)]),
        priority=found.priority,
        title=title(top.fault, asset),
        at_us=assessment.at_us,
        evidence={**_evidence(assessment, settings, inputs, found), "reasons": reasons(found, inputs, why)},
        parts=plan.parts if plan else (),
        repair_hours=inputs.repair_hours,
        steps=plan.steps if plan else (top.next_check,),
        rul_p10_h=found.rul_p10_h,
        rul_p50_h=found.rul_p50_h,
        rul_p90_h=found.rul_p90_h,
        order_by_us=found.order_by_us,
        start_by_us=found.start_by_us,
        win_probability=found.win_probability,
        slack_h=found.slack_h,
        fails_in_h=found.fails_in_h,
        risk_cost=found.risk_cost,
    )


def _inputs(
    fault: Fault, plan: FaultPlan | None, assessment: Assessment, asset: Asset, plant: Plant, settings: AdviceSettings
) -> Inputs:
    forecast = assessment.forecast_for(fault)
    calendar = _calendar(forecast, assessment, asset)
    hours_per_day = asset.operating_hours_per_day
    repair_hours = plan.repair_hours if plan else settings.repair_hours
    late_h = plan.repair_late_h if plan else None
    crew = plant.crew_wait_h or (settings.crew_p50_h, settings.crew_p90_h)
    return Inputs(
        at_us=assessment.at_us,
        criticality=asset.criticality,
        operating_hours_per_day=hours_per_day,
        repair_hours=repair_hours,
        levels=tuple(float(level) for level in forecast.levels) if forecast else (),
        hours=tuple(float(hours) for hours in forecast.hours) if forecast else (),
        leads=tuple(_lead(line, plant, settings) for line in plan.parts) if plan else (),
        calendar=calendar,
        repair_late_h=late_h,
        crew_p50_h=crew[0],
        crew_p90_h=crew[1],
        stops=_stops(asset, assessment.at_us, calendar, max(late_h or 0.0, repair_hours)),
        costs=_costs(plan, asset, plant, settings, repair_hours),
    )


def _stops(asset: Asset, at_us: int, calendar: tuple[float, ...], repair_h: float) -> tuple[tuple[int, int], ...]:
    """The newest pauses of planned production, up to the middle of the forecast, in which the repair has room."""
    if asset.shifts is None or not calendar:
        return ()
    days = min(int(calendar[len(calendar) // 2] // 24) + 2, LOOKED_AHEAD_DAYS)
    windows = asset.shifts.windows(at_us, days)
    pauses = [(first[1], second[0]) for first, second in itertools.pairwise([(at_us, at_us), *windows])]
    return tuple(pause for pause in pauses if pause[1] - pause[0] >= repair_h * US_PER_HOUR)[-MOST_STOPS:]


def _costs(
    plan: FaultPlan | None, asset: Asset, plant: Plant, settings: AdviceSettings, repair_hours: float
) -> CostInputs | None:
    """None where neither the machine nor the plant says what an hour of downtime costs."""
    if plant.costs is None:
        return None
    down_per_h = asset.downtime_cost_per_h
    if down_per_h is None:
        down_per_h = plant.costs.downtime_of(asset.criticality)
    if down_per_h is None:
        return None
    lines = plan.parts if plan else ()
    parts = sum(part.price * line.quantity for line in lines if (part := plant.part(line.part)))
    breakdown_h = plan.breakdown_hours if plan else None
    return CostInputs(
        plant.costs.currency,
        down_per_h,
        plant.costs.labour_per_h,
        parts,
        settings.breakdown_factor * repair_hours if breakdown_h is None else breakdown_h,
        settings.real_share,
        settings.look_again_h,
    )


def _calendar(forecast: RulForecast | None, assessment: Assessment, asset: Asset) -> tuple[float, ...]:
    """Calendar hours of each quantile through the shift plan; a machine that was measured to run for a part of the
    planned time only goes on so."""
    if forecast is None or asset.shifts is None:
        return ()
    measured = assessment.hours_per_day
    share = 1.0 if measured is None else min(max(measured * 7 / asset.shifts.hours_per_week, 0.01), 1.0)
    return tuple(float(hours) for hours in asset.shifts.calendar_hours(assessment.at_us, forecast.hours, share))


def _lead(line: PartLine, plant: Plant, settings: AdviceSettings) -> Lead:
    part = plant.part(line.part)
    if part is None:
        return Lead(line.part, settings.lead_p50_days, settings.lead_p90_days)
    if part.on_hand >= line.quantity:
        return Lead(line.part, 0.0, 0.0)
    return Lead(line.part, part.lead_p50_days, part.lead_p90_days)


def _decision(assessment: Assessment, settings: AdviceSettings) -> tuple[Decision, str]:
    if assessment.state is State.ALERT:
        return Decision.WAIT, "Above its limit, but not for long enough to be confirmed."
    doubted = _doubted_share(assessment)
    if doubted > settings.doubted_share:
        return Decision.WAIT, f"{doubted:.0%} of the anomaly comes from sensors that cannot be believed now."
    score = assessment.anomaly.score if isinstance(assessment.anomaly, AnomalyScore) else 0.0
    if score < settings.least_score:
        return (
            Decision.WAIT,
            f"Its score of {score:.2f} is below {settings.least_score:g}, from which orders are opened.",
        )
    return Decision.OPEN, "Confirmed alarm."


def _doubted_share(assessment: Assessment) -> float:
    """Share of the anomaly that rests on signals with a problem; features of a waveform are `signal:feature`."""
    if not isinstance(assessment.anomaly, AnomalyScore):
        return 0.0
    doubtful = {problem.signal for problem in assessment.sensor_problems}
    contributions = assessment.anomaly.contributions
    return sum(part.share for part in contributions if part.feature.partition(":")[0] in doubtful)


def _by_signal(assessment: Assessment) -> dict[str, list[SensorProblem]]:
    """Problems of each signal, the oldest first: one sensor is one job, however many ways it misbehaves."""
    problems: dict[str, list[SensorProblem]] = {}
    for problem in sorted(assessment.sensor_problems, key=lambda each: each.since_us):
        problems.setdefault(problem.signal, []).append(problem)
    return problems


def _of_sensor(problems: list[SensorProblem], assessment: Assessment, asset: Asset, settings: AdviceSettings) -> Advice:
    first, now_us = problems[0], assessment.at_us
    decision, why = _sensor_decision(first, assessment, settings)
    return Advice(
        asset=asset.id,
        fault=Fault(first.signal, "sensor_fault"),
        failure_mode=MECHANISMS["sensor_fault"].mode,
        kind=OrderKind.INSTRUMENT,
        decision=decision,
        reason=" ".join([why, *(problem.text for problem in problems)]).strip(),
        priority=SENSOR_PRIORITY[asset.criticality],
        title=f"Sensor {first.signal} is {first.kind.replace('_', ' ')}, {asset.name}",
        at_us=now_us,
        evidence=_evidence(assessment, settings),
        repair_hours=1.0,
        steps=SENSOR_STEPS,
    )


def _sensor_decision(problem: SensorProblem, assessment: Assessment, settings: AdviceSettings) -> tuple[Decision, str]:
    silent = sum(each.kind == "silent" for each in assessment.sensor_problems)
    if problem.kind == "silent" and assessment.state is State.OFFLINE and silent > 1:
        return Decision.WAIT, "Every sensor of the machine is silent: a gateway or a standstill, not this sensor."
    if assessment.at_us - problem.since_us < settings.sensor_patience_h * US_PER_HOUR:
        return Decision.WAIT, f"Younger than {settings.sensor_patience_h:g} h."
    return Decision.OPEN, "The sensor cannot be believed."


def _evidence(
    assessment: Assessment, settings: AdviceSettings, inputs: Inputs | None = None, found: Numbers | None = None
) -> Json:
    """Everything the decision rests on: what the models said, the settings, the inputs of the numbers, the numbers."""
    return {
        "assessment": assessment_json(assessment),
        "advice_settings": plain(settings),
        "inputs": plain(inputs),
        "numbers": plain(found),
    }
