"""Verify finished repairs by the signals: the use case beside scoring (`docs/explanation/verification.md`).

A completed order is looked at once in a while until its signals have run for long enough at comparable load and speed.
Passed: it may be closed, and its label says so. Failed: a linked follow-up order opens, with the comparison as its
evidence. A person may pass, fail or waive by hand at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import structlog

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict
from forewarn.core.health import SensorProblem
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import OrderOutcome, SeriesReader
from forewarn.core.readings import NOT_SCORED, Quality, Readings, Track, Tracks
from forewarn.core.work import Advice, Cause, Decision, Json, OrderKind, Verification, WorkOrder
from forewarn.maintenance.advice import advise
from forewarn.maintenance.evidence import assessment_json, plain_object
from forewarn.maintenance.orders.verification_book import Worked
from forewarn.models.assess import AssessSettings, assess
from forewarn.models.verification import Comparison, Times, VerifySettings, compare
from forewarn.pipeline.labels import assessment_of

log = structlog.get_logger(__name__)

LONGEST_PAST_US = 120 * US_PER_DAY
SENSOR_MECHANISM = "sensor_fault"
NOT_VERIFIED = (OrderKind.INSPECTION,)
"""Kinds whose effect no signal can show: they change nothing in the machine."""


class Waiting(Protocol):
    """Completed orders, and where their results go (`maintenance.orders.verification_book`)."""

    def waiting(self) -> Sequence[tuple[str, int]]:
        """(id, revision) of every completed order whose verification is pending."""
        ...

    def worked(self, order_id: str) -> Worked | None:
        """When an order was worked on."""
        ...

    def conclude(self, order_id: str, revision: int, result: Verification, comparison: Json, at_us: int) -> WorkOrder:
        """Write the result with what was compared. Raises Conflict when the order was changed since that revision."""
        ...


class Orders(Protocol):
    """The part of the order book that is needed (`maintenance.orders.worked`)."""

    def order(self, order_id: str) -> WorkOrder | None:
        """One order by id or number."""
        ...

    def follow_up(self, advice: Advice) -> OrderOutcome:
        """Open what a failed verification asks for."""
        ...


class PastAssessments(Protocol):
    """What the models said of an asset."""

    def history(self, asset: str, since_us: int, limit: int) -> Sequence[Json]:
        """Assessments of one asset, oldest first, thinned to a limit; the newest one is always among them."""
        ...


@dataclass(slots=True)
class VerifierStats:
    """What the verifier did since it started."""

    looks: int = 0
    passed: int = 0
    failed: int = 0
    failures: int = 0


class Verifier:
    """Looks at completed orders of one plant. `run_once` is a pass; one thread runs passes, any may ask `look`."""

    def __init__(
        self,
        plant: Callable[[], Plant],
        raw: SeriesReader,
        derived: SeriesReader,
        orders: Orders,
        waiting: Waiting,
        assessments: PastAssessments,
        settings: VerifySettings,
        assess_settings: AssessSettings,
        look_every_us: int = US_PER_HOUR,
        told: Callable[[str, str], None] = lambda kind, id: None,
    ) -> None:
        self._plant, self._raw, self._derived = plant, raw, derived
        self._orders, self._waiting, self._assessments = orders, waiting, assessments
        self._settings, self._assess_settings = settings, assess_settings
        self._every_us, self._told = look_every_us, told
        self._next_us: dict[tuple[str, int], int] = {}
        self.stats = VerifierStats()

    def run_once(self, now_us: int) -> int:
        """Look at every order whose time has come; answers how many were concluded. An order that cannot be looked at
        is told in the log and stays pending; the others go on."""
        waiting, concluded = self._waiting.waiting(), 0
        self._next_us = {key: self._next_us[key] for key in waiting if key in self._next_us}
        for key in waiting:
            if now_us < self._next_us.get(key, 0):
                continue
            self._next_us[key] = now_us + self._every_us
            try:
                concluded += self._conclude(key[0], now_us)
            except Conflict:
                continue  # somebody decided while it was compared: what they said stands
            except Exception as error:
                self.stats.failures += 1
                log.warning("verification_failed", order=key[0], error=str(error), exc_info=True)
        return concluded

    def look(self, order: WorkOrder, now_us: int) -> Comparison:
        """The comparison of an order as of now; pending with the reason while it cannot be told."""
        self.stats.looks += 1
        asset, worked = self._plant().asset(order.asset), self._waiting.worked(order.id)
        if asset is None:
            return self._pending(f"{order.asset} is not in the plant file any more: a person has to judge")
        if worked is None:
            return self._pending("the work is not completed yet")
        if order.kind in NOT_VERIFIED:
            return self._pending("an inspection changes nothing that signals could show: a person has to judge")
        problems = self._problems(order.asset)
        if order.kind is OrderKind.INSTRUMENT:
            return self._sensor(asset, order, worked, problems, now_us)
        times = _times(order, worked, now_us)
        tracks = tracks_of(asset, self._raw, self._derived, times.healthy_from_us, now_us)
        doubted = {problem.signal for problem in problems}
        before = _health(order)
        return compare(asset, tracks, doubted, times, carried_by(order), before, self._settings)

    def _conclude(self, order_id: str, now_us: int) -> int:
        order = self._orders.order(order_id)
        found = self.look(order, now_us) if order else None
        if order is None or found is None or found.result is Verification.PENDING:
            return 0
        told = comparison_json(found)
        order = self._waiting.conclude(order.id, order.revision, found.result, told, now_us)
        if found.result is Verification.PASSED:
            self.stats.passed += 1
        else:
            self.stats.failed += 1
            self._follow_up(order, found, told, now_us)
        self._told("order", order.id)
        self._told("asset", order.asset)
        log.info("order_verified", number=order.number, result=found.result.value, reason=found.reason)
        return 1

    def _follow_up(self, order: WorkOrder, found: Comparison, told: Json, now_us: int) -> None:
        """The linked order that a failed verification opens, and what the machine says beside it."""
        asset = self._plant().asset(order.asset)
        for advice in self._advices(asset, order, found, now_us) if asset else ():
            evidence = {**advice.evidence, "verification": {**told, "order": order.number}}
            outcome = self._orders.follow_up(replace(advice, evidence=evidence))
            if outcome.order is not None:
                self._told("order", outcome.order.id)

    def _advices(self, asset: Asset, order: WorkOrder, found: Comparison, now_us: int) -> list[Advice]:
        """Advice on the fault of the order that was to be mended, then on what the models see besides: judged from the
        healthy past on, as if there had been no repair."""
        from_us = found.times.healthy_from_us if found.times else now_us - LONGEST_PAST_US
        tracks = tracks_of(asset, self._raw, self._derived, from_us, now_us)
        assessed = assess(asset, tracks, self._problems(asset.id), now_us, self._assess_settings, from_us)
        machine = [a for a in advise(assessed, asset, self._plant()) if a.kind is OrderKind.CONDITION]
        besides = [a for a in machine if a.decision is Decision.OPEN]
        if not order.causes:
            return besides
        cause = order.causes[0]
        same = next((a for a in machine if a.fault == cause.fault), None)
        again = same or _again(order, cause, {"assessment": assessment_json(assessed)}, now_us)
        reason = f"The repair of {order.number} did not help: {found.reason}."
        priority = min(order.priority, again.priority)
        mine = replace(again, kind=_kind(order), decision=Decision.OPEN, reason=reason, priority=priority)
        return [mine, *(a for a in besides if a.fault != cause.fault)]

    def _sensor(
        self, asset: Asset, order: WorkOrder, worked: Worked, problems: Sequence[SensorProblem], now_us: int
    ) -> Comparison:
        """An instrument order: its sensor sends again, and nothing is held against it."""
        signal = order.causes[0].fault.component if order.causes else ""
        number = self._raw.names().get(f"{asset.id}/{signal}")
        at = self._good_times(asset, signal, number, worked.ended_us, now_us)
        seen_h = float(at[-1] - at[0]) / US_PER_HOUR if len(at) > 1 else 0.0
        needed_h = self._settings.hours
        problem = next((one for one in problems if one.signal == signal), None)
        waited_h = (now_us - worked.ended_us) / US_PER_HOUR
        if problem is not None and waited_h >= needed_h:
            return Comparison(Verification.FAILED, f"{signal} still has a problem: {problem.text}", seen_h, needed_h)
        if problem is not None:
            return Comparison(Verification.PENDING, f"{signal} has a problem: {problem.text}", seen_h, needed_h)
        if seen_h < needed_h:
            told = f"warming up: {signal} has been good for {seen_h:.0f} of {needed_h:g} h"
            return Comparison(Verification.PENDING, told, seen_h, needed_h)
        return Comparison(Verification.PASSED, f"{signal} has been good for {seen_h:.0f} h", seen_h, needed_h)

    def _good_times(self, asset: Asset, signal: str, number: int | None, from_us: int, to_us: int) -> Any:
        spec = asset.signal(signal)
        if number is None or spec is None:
            return np.empty(0, np.int64)
        if spec.kind == "waveform":
            return np.array([wave.at for wave in self._raw.waveforms(number, from_us, to_us + 1) if not wave.quality])
        readings = self._raw.read(number, from_us, to_us + 1)
        return readings.at[(readings.quality & int(NOT_SCORED)) == 0]

    def _problems(self, asset: str) -> tuple[SensorProblem, ...]:
        """Sensor problems as of the newest assessment."""
        newest = self._assessments.history(asset, 0, 1)[-1:]
        return tuple(SensorProblem(**told) for known in newest for told in cast(Any, known).get("sensor_problems", ()))

    def _pending(self, reason: str) -> Comparison:
        return Comparison(Verification.PENDING, reason, 0.0, self._settings.hours)


def carried_by(order: WorkOrder) -> frozenset[str]:
    """Names of the channels that the evidence of an order rested on: what pulled the score, and what spoke for the
    fault. Empty for an order without an assessment in its evidence."""
    found: set[str] = set()
    for cause in order.causes:
        said = assessment_of(cause.evidence)
        found |= {str(part["feature"]) for part in said.get("contributions", ())}
        mine = (h for h in said.get("diagnosis", ()) if h["fault"] == str(cause.fault))
        found |= {str(sign["feature"]) for h in mine for sign in h["evidence_for"]}
    return frozenset(found)


def comparison_json(found: Comparison) -> Json:
    """A comparison as it is stored with its order: numbers in the units beside them, times in UTC microseconds."""
    told = plain_object(found)
    signals = [
        {**row, "abnormal": one.abnormal}
        for row, one in zip(cast(list[Json], told["signals"]), found.signals, strict=True)
    ]
    return {**told, "signals": signals}


def tracks_of(asset: Asset, raw: SeriesReader, derived: SeriesReader, from_us: int, to_us: int) -> Tracks:
    """Tracks of an asset in [from, to], good readings only; what was told later counts where live readings follow."""
    tracks: dict[str, Track] = {}
    numbers, prefix = raw.names(), f"{asset.id}/"
    for spec in asset.signals:
        if spec.kind == "scalar" and spec.name in numbers:
            readings = raw.read(numbers[spec.name], from_us, to_us + 1)
            tracks[spec.signal] = _live(readings.take((readings.quality & int(NOT_SCORED)) == 0))
    for name, number in derived.names().items():
        short = name.removeprefix(prefix)
        if name.startswith(prefix) and ":" in short[1:]:
            readings = derived.read(number, from_us, to_us + 1)
            tracks[short] = Track(readings.at, readings.value)
    return {name: track for name, track in tracks.items() if len(track)}


def _live(readings: Readings) -> Track:
    live = np.flatnonzero((readings.quality & int(Quality.HISTORICAL)) == 0)
    kept = readings.take(slice(0, int(live[-1]) + 1 if len(live) else 0))
    return Track(kept.at, kept.value)


def _times(order: WorkOrder, worked: Worked, now_us: int) -> Times:
    """The healthy past of a follow-up is that of the order before it: in between the machine was not healthy."""
    healthy_us, advised_us = [], [order.created_at_us]
    for cause in order.causes:
        compared = cast(Any, cause.evidence.get("verification") or {}).get("times")
        said = assessment_of(cause.evidence)
        if compared:
            healthy_us.append(int(compared["healthy_from_us"]))
            advised_us.append(int(compared["advised_us"]))
        elif said:
            healthy_us.append(int(said["span_us"][0]))
    advised = min(advised_us)
    healthy = max(min(healthy_us, default=0), advised - LONGEST_PAST_US)
    return Times(healthy, advised, worked.began_us, worked.ended_us, now_us)


def _health(order: WorkOrder) -> float | None:
    """Health when the order was opened, as its evidence says."""
    said = (assessment_of(cause.evidence).get("health") for cause in order.causes)
    return next((float(value) for value in said if value is not None), None)


def _again(order: WorkOrder, cause: Cause, evidence: Json, now_us: int) -> Advice:
    """The advice of the order once more, without dates: nobody has forecast anything anew."""
    return Advice(
        asset=order.asset,
        fault=cause.fault,
        failure_mode=cause.failure_mode,
        kind=_kind(order),
        decision=Decision.OPEN,
        reason="",
        priority=order.priority,
        title=order.title,
        at_us=now_us,
        evidence=evidence,
        parts=order.parts,
        repair_hours=order.repair_hours,
        steps=order.steps,
    )


def _kind(order: WorkOrder) -> OrderKind:
    """A follow-up of a repair rests on signals, whatever opened the first one."""
    return OrderKind.INSTRUMENT if order.kind is OrderKind.INSTRUMENT else OrderKind.CONDITION
