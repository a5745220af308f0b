"""Tracks of one asset -> its assessment: state, score, health, diagnosis, remaining life. Pure and deterministic.

The same tracks always give the same assessment, so that a decision can be recomputed from stored series. Signals with a
sensor problem take no part at all: a bad sensor never makes a machine alarm.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.health import (
    AnomalyScore,
    Assessment,
    Contribution,
    Hypothesis,
    ModelRef,
    RulForecast,
    SensorProblem,
    State,
    WarmingUp,
)
from forewarn.core.plant import Asset
from forewarn.core.plant_limits import Shelved
from forewarn.core.readings import Track, Tracks
from forewarn.models import limits
from forewarn.models.channels import Channel, Workshop
from forewarn.models.class_prior import NO_PRIOR, ClassPrior, judge_by_class
from forewarn.models.detectors.own_past import DetectorSettings, Judged, Memory, judge_all, points_needed
from forewarn.models.detectors.plant_limits import Passed, passed_limits
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, Learned
from forewarn.models.diagnosis.ranking import NO_DIAGNOSIS, Diagnosis, diagnosed, is_tone, matching
from forewarn.models.diagnosis.signatures import SIGNATURES
from forewarn.models.life import trend as life_trend
from forewarn.models.say import NOTHING_SAID, SHARE, Say
from forewarn.models.together import Together, look_together
from forewarn.models.tracks import regime_of, usable

VERSION = "2"


@dataclass(frozen=True, slots=True)
class AssessSettings:
    """Product defaults, one set for every plant. Offline: no usable data for `offline_after_h` and `offline_points`.

    `multivariate`: all channels together may alarm as well (`models.together`), for half of the rate of false alarms;
    off, for it is slow beside the rest (docs/decisions/0009).
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    offline_after_h: float = 6.0
    offline_points: float = 12.0
    contributions: int = 5
    multivariate: bool = False
    least_forecast_probability: float = 0.2


PRODUCT_DEFAULTS = AssessSettings()

SUSPECTED = (State.ALERT, State.ALARM)
"""States in which causes are weighed and lives forecast."""

LIMIT_RATIO = {"alert": 1.0, "alarm": 3.0}
"""How far a raised limit of the plant counts, in limits."""


def assess(
    asset: Asset,
    tracks: Tracks,
    sensor_problems: Sequence[SensorProblem],
    now_us: int,
    settings: AssessSettings = PRODUCT_DEFAULTS,
    baseline_from_us: int | None = None,
    memory: Memory | None = None,
    learned: Learned = NOTHING_LEARNED,
    shelved: Sequence[Shelved] = (),
    prior: ClassPrior = NO_PRIOR,
    say: Say = NOTHING_SAID,
) -> Assessment:
    """Assess one asset at `now_us`.

    `tracks` hold scalar signals by their short name and waveform features as `signal:feature`, canonical units, good
    readings only; give the whole history since the last repair (thinned if need be): the baseline is its older half.
    Data before `baseline_from_us` and after `now_us` are ignored. `learned` is what orders closed by then have taught
    the diagnosis. `memory` makes the next assessment of the same asset quicker and changes no answer. Limits of the
    plant's engineers hold from the first reading on, but for those that are `shelved`. While no channel has a baseline
    of its own, the machine is judged by its class (`prior`), which gives an alert at most. `say`: of promoted
    versions. Never raises for lack of data: it answers `State.WARMING_UP` or `State.OFFLINE`.
    """
    seen = usable(asset, tracks, {p.signal for p in sensor_problems}, baseline_from_us or 0, now_us)
    look = look_at(asset, seen, settings, memory, prior, say)
    silenced = silenced_limits(asset, now_us, shelved)
    raised = raised_limits(asset, seen, now_us, silenced)
    state = concluded(state_of(look.scored, seen, baseline_from_us, now_us, settings), raised, look.together)
    found = diagnosed(asset, look.judged, learned, say.taught) if state in SUSPECTED else NO_DIAGNOSIS
    model = learned.signed(model_ref(settings))
    return Assessment(
        asset=asset.id,
        at_us=now_us,
        span_us=span_of(seen, now_us),
        state=state,
        health=health(look.scored) if look.scored and state in (State.NORMAL, *SUSPECTED) else None,
        anomaly=anomaly_of(asset, look, raised, settings),
        diagnosis=found.hypotheses,
        forecasts=forecasts_of(asset, found.hypotheses, look.judged, model, settings),
        sensor_problems=tuple(sensor_problems),
        model=model,
        candidates=found.candidates,
        shelved=silenced,
        versions=heard(say, found),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the channels of an asset show: all that could be judged, those of them that may alarm, and what they say
    together."""

    channels: Sequence[Channel]
    judged: Sequence[Judged]
    scored: Sequence[Judged]
    together: Together | None


def look_at(
    asset: Asset, seen: dict[str, Track], settings: AssessSettings, memory: Memory | None, prior: ClassPrior, say: Say
) -> Look:
    """Judge each channel by its own past; while none of those that may alarm has one, by the class."""
    regime = regime_of(asset, seen) if seen else None
    channels = Workshop(asset, seen, regime).channels() if regime else []
    detector = shared(settings, say)
    judged = [j for j in judge_all(channels, detector, memory) if j and sound(j)]
    together = say.together
    if regime and settings.multivariate and together is None:
        together = look_together(channels, regime, detector.false_alarms_per_year)
    scored = [j for j in judged if j.channel.scored]
    if not scored:
        scored = [j for j in judge_by_class(asset, channels, prior) if sound(j)]
        judged += scored
    return Look(channels, judged, scored, together)


@cache
def model_ref(settings: AssessSettings) -> ModelRef:
    """The digest covers every number that decides: the settings, the limits and the signatures."""
    tables = (settings, SIGNATURES, limits.SCORED_FEATURES, limits.RELATIVE, limits.ISO_20816_3, VERSION)
    return ModelRef("baseline+signatures+trend", VERSION, hashlib.sha256(repr(tables).encode()).hexdigest()[:16])


def span_of(seen: Mapping[str, Track], now_us: int) -> tuple[int, int]:
    """Half-open interval of the data used."""
    return min((int(t.at[0]) for t in seen.values()), default=now_us), now_us + 1


def heard(say: Say, found: Diagnosis) -> tuple[ModelRef, ...]:
    """Versions that had a say: a detector that could tell, a diagnosis where faults were weighed."""
    told = (say.detector, say.diagnosis if found.candidates else None)
    return tuple(ref for ref in told if ref is not None)


def shared(settings: AssessSettings, say: Say = NOTHING_SAID) -> DetectorSettings:
    """Two ways to alarm share the rate of false alarms."""
    detector, part = settings.detector, SHARE if settings.multivariate else say.detector_share
    return detector if part == 1.0 else replace(detector, false_alarms_per_year=part * detector.false_alarms_per_year)


def sound(j: Judged) -> bool:
    """Are its numbers numbers? What is not finite never reaches an assessment."""
    return math.isfinite(j.ratio) and math.isfinite(j.level) and math.isfinite(j.expected) and math.isfinite(j.bound)


def raised_limits(asset: Asset, seen: Tracks, now_us: int, silenced: Sequence[str]) -> list[Passed]:
    """Limits of the plant's engineers that are passed now and that nobody has silenced."""
    return passed_limits([limit for limit in asset.limits if limit.name not in silenced], seen, now_us)


def silenced_limits(asset: Asset, now_us: int, shelved: Sequence[Shelved]) -> tuple[str, ...]:
    """Names of the asset's limits that are shelved now, each once."""
    names = dict.fromkeys(limit.name for limit in asset.limits)
    return tuple(name for name in names if any(one.silences(asset.id, name, now_us) for one in shelved))


def anomaly_of(
    asset: Asset, look: Look, raised: Sequence[Passed], settings: AssessSettings
) -> AnomalyScore | WarmingUp:
    """A score as soon as anything is known, until then how long it takes."""
    if look.scored or raised:
        return score(look.scored, raised, asset, settings, look.together)
    return warming_up(asset, look.channels, settings)


def score(
    judged: Sequence[Judged],
    raised: Sequence[Passed],
    asset: Asset,
    settings: AssessSettings,
    together: Together | None = None,
) -> AnomalyScore:
    """0.5 where the worst channel stands at its limit, 0.75 at three times its limit; and what each contributes.

    A raised limit of the plant counts as a channel at its limit (alert) or at three times it (alarm); its contribution
    is called `signal:limit_NAME`, and its baseline is the level that was set. What all channels say together is shared
    out to those that pull.
    """
    pulled, most = dict[str, float](), 0.0
    if together is not None:
        most = together.score / (1 - together.score)
        pulled = {name: most * share for name, share in together.pulls}
    pulls = [
        (ratio, Contribution(j.channel.name, ratio, j.value, j.baseline, j.channel.unit))
        for j in judged
        for ratio in [max(j.ratio, 0.0) + pulled.get(j.channel.name, 0.0)]
    ]
    for one in raised:
        spec, ratio = asset.signal(one.bound.signal), LIMIT_RATIO[one.limit.state]
        name, unit = f"{one.bound.signal}:limit_{one.limit.name}", spec.unit if spec else ""
        pulls.append((ratio, Contribution(name, ratio, one.value, one.bound.level, unit)))
    worst = sorted((pull for pull in pulls if pull[0] > 0), key=lambda pull: -pull[0])
    levels = [LIMIT_RATIO[one.limit.state] for one in raised]
    top, total = max([most, *levels, *(j.ratio for j in judged), 0.0]), sum(ratio for ratio, _ in worst)
    shown = worst[: settings.contributions]
    parts = tuple(Contribution(p.feature, ratio / total, p.value, p.baseline, p.unit) for ratio, p in shown)
    return AnomalyScore(top / (1 + top), settings.detector.false_alarms_per_year, parts)


def warming_up(asset: Asset, channels: Sequence[Channel], settings: AssessSettings) -> WarmingUp:
    """Hours of running that the quickest channel has, and needs."""
    waits = []
    for channel in channels:
        seen_h = float(channel.at[-1] - channel.at[0]) / US_PER_HOUR
        points = points_needed(channel, settings.detector) + settings.detector.persistence
        waits.append((seen_h, max(seen_h * points / len(channel.y), seen_h)))
    if waits:
        return WarmingUp(*min(waits, key=lambda wait: wait[1] - wait[0]))
    periods_s = [spec.period_s for spec in asset.signals if spec.period_s]
    return WarmingUp(0.0, settings.detector.baseline_points * min(periods_s, default=600.0) / 3_600.0)


def state_of(
    judged: Sequence[Judged], seen: Mapping[str, Track], from_us: int | None, now_us: int, settings: AssessSettings
) -> State:
    """Offline before all else; a machine that stands still keeps the state of its last running hours."""
    newest = max((int(t.at[-1]) for t in seen.values()), default=from_us)
    silent_us = 0 if newest is None else now_us - newest
    if silent_us > settings.offline_after_h * US_PER_HOUR and silent_us > offline_after_us(seen, settings):
        return State.OFFLINE
    if not judged:
        return State.WARMING_UP
    if any(j.confirmed for j in judged):
        return State.ALARM
    return State.ALERT if max(j.ratio for j in judged) > 1 else State.NORMAL


def concluded(state: State, raised: Sequence[Passed], together: Together | None) -> State:
    """With the plant's limits, and with an alarm of all channels together where there is a baseline."""
    state = with_limits(state, raised)
    alarmed = together is not None and together.alarm
    return State.ALARM if alarmed and state in (State.NORMAL, State.ALERT) else state


def with_limits(state: State, raised: Sequence[Passed]) -> State:
    """A raised limit makes it at least an alert, or an alarm; a machine that sends nothing stays offline."""
    levels = {one.limit.state for one in raised}
    if state is State.OFFLINE or not levels:
        return state
    if "alarm" in levels:
        return State.ALARM
    return State.ALERT if state in (State.NORMAL, State.WARMING_UP) else state


def offline_after_us(seen: Mapping[str, Track], settings: AssessSettings) -> float:
    """Hours from the settings, or twelve of the usual distances between points where these are longer."""
    spacings = [float(np.median(np.diff(t.at[-200:]))) for t in seen.values() if len(t) > 1]
    return max(settings.offline_after_h * US_PER_HOUR, settings.offline_points * min(spacings, default=0.0))


def health(judged: Sequence[Judged]) -> float:
    """100 while all is within noise, 0 at the failure level of the worst channel.

    The tones count for the diagnosis and not here: they say what, not how far.
    """
    gone = (life_trend.progress(j) * min(max(j.ratio, 0.0), 1.0) for j in judged if not is_tone(j))
    return 100.0 * (1.0 - max(gone, default=0.0))


def forecasts_of(
    asset: Asset, suspected: Sequence[Hypothesis], judged: Sequence[Judged], model: ModelRef, settings: AssessSettings
) -> tuple[RulForecast, ...]:
    """One forecast per fault that is worth planning for: the first, and others that are not improbable."""
    worth = [h for i, h in enumerate(suspected) if i == 0 or h.probability >= settings.least_forecast_probability]
    return tuple(life_trend.forecast(h.fault, showing(asset, h, judged), model) for h in worth)


def showing(asset: Asset, hypothesis: Hypothesis, judged: Sequence[Judged]) -> list[Judged]:
    """Channels that speak for the hypothesis and have moved; levels before tones, which saturate."""
    component = asset.component(hypothesis.fault.component)
    if component is None:
        return []
    signature = SIGNATURES[hypothesis.fault.mechanism]
    found = {
        j.channel.name: j
        for term in signature.terms
        if term.weight > 0
        for j in matching(asset, component, term, judged)
        if j.ratio > 0.5 and j.direction == term.direction
    }
    levels = [j for j in found.values() if not is_tone(j)]
    return levels or list(found.values())
