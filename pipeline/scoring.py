"""The live road behind the store: assess what has new data, advise, and open or update work orders.

Level-triggered: one pass looks which assets have newer readings than their last assessment; a lost pass costs time,
never data. A model that fails on one asset is logged, counted and does not stop the others.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from forewarn.core.autonomy import urgency
from forewarn.core.clock import US_PER_HOUR, US_PER_S, PlantClock
from forewarn.core.health import Assessment
from forewarn.core.plant import Asset, Plant
from forewarn.core.plant_limits import Shelved
from forewarn.core.ports import OrderBook, OrderOutcome, SeriesReader
from forewarn.core.readings import Tracks
from forewarn.core.work import Advice, Json, OrderKind, Status, WorkOrder
from forewarn.maintenance.advice import advise
from forewarn.maintenance.evidence import assessment_json
from forewarn.models.assess import AssessSettings
from forewarn.models.detectors.own_past import DetectorSettings
from forewarn.models.say import NOTHING_SAID, Say
from forewarn.pipeline.derived import Row
from forewarn.pipeline.features import FeaturePoint, FeatureStage
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.labels import Lessons
from forewarn.pipeline.live import Hub
from forewarn.pipeline.running import with_hours
from forewarn.pipeline.running_stage import RunningStage
from forewarn.pipeline.scoring_class import Classes
from forewarn.pipeline.scoring_guard import Leaps
from forewarn.pipeline.scoring_workers import Ask, Failure, judges_for
from forewarn.pipeline.sensor_events import SensorEvents, SensorWatch
from forewarn.pipeline.version import Case

log = structlog.get_logger(__name__)

OFFLINE_AFTER_H = 6.0
"""Plant hours without usable data after which an asset is offline; never less than the road delay."""

REMEMBERED = 10_000
"""So many newest assessments of an asset are remembered by their time."""

AT_ONCE = 250
"""So many assets are judged before their assessments are kept: pages see the first while the last are judged."""

QUIET_S = 5.0
"""Wall seconds after which an asset without news is assessed all the same: silence is news."""

ROAD_DELAY_S = 10.0
"""Wall seconds that a reading may take from the sensor to here before silence is blamed on the sensor."""


class AssessmentBook(Protocol):
    """Where assessments are kept."""

    def save_all(self, assessments: Sequence[Json]) -> None:
        """Keep many (`maintenance.evidence.assessment_json`) in one transaction."""
        ...


class Shelves(Protocol):
    """Where people silence limits and machines for a while."""

    def standing(self, now_us: int) -> Sequence[Shelved]:
        """What is silenced at a plant time."""
        ...


class Trained(Protocol):
    """What trained models add (`pipeline.trained`): the assessment with their say, and rows for the derived store."""

    def __call__(
        self, asset: Asset, tracks: Tracks, from_us: int, assessment: Assessment
    ) -> tuple[Assessment, list[Row]]:
        """Never raises for a model that fails."""
        ...

    def say(self, case: Case) -> Say:
        """What goes into the built-in judgement. Never raises for a model that fails."""
        ...


@dataclass(slots=True)
class ScoringStats:
    """What the scorer did since it started."""

    passes: int = 0
    assessments: int = 0
    failures: int = 0
    orders_opened: int = 0
    slowest_s: float = 0.0
    last_pass_s: float = 0.0


@dataclass(slots=True)
class _Watched:
    asset: Asset
    history: AssetHistory
    dirty: bool = True
    failed: bool = False
    assessed_at_us: int = 0
    looked_wall_s: float = 0.0
    assessments: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


def road_delay_us(clock: PlantClock) -> int:
    """`ROAD_DELAY_S` in plant time."""
    return round(ROAD_DELAY_S * clock.rate * US_PER_S)


def assess_settings(clock: PlantClock, false_alarms_per_year: float | None = None) -> AssessSettings:
    """Settings of every assessment of a plant with this clock, and with a rate of false alarms for each asset (None:
    the product's).

    >>> assess_settings(PlantClock()).offline_after_h, assess_settings(PlantClock(rate=3600.0)).offline_after_h
    (6.0, 10.0)
    """
    detector = DetectorSettings()
    if false_alarms_per_year is not None:
        detector = replace(detector, false_alarms_per_year=false_alarms_per_year)
    return AssessSettings(detector, offline_after_h=max(OFFLINE_AFTER_H, road_delay_us(clock) / US_PER_HOUR))


class Scorer:
    """Watches one plant. `run_once()` is a pass; `start()` runs passes every `poll_s` in a thread."""

    def __init__(
        self,
        plant: Plant,
        reader: SeriesReader,
        derived_reader: SeriesReader,
        features: FeatureStage,
        orders: OrderBook,
        assessments: AssessmentBook,
        hub: Hub,
        clock: PlantClock,
        assess_every_s: float,
        poll_s: float = 0.25,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        sensor_events: SensorEvents | None = None,
        false_alarms_per_year: float | None = None,
        workers: int | None = 0,
        shelves: Shelves | None = None,
        trained: Trained | None = None,
        advising: Callable[[Assessment, Asset, Plant], list[Advice]] = advise,
    ) -> None:
        self._plant = self._next_plant = plant
        self._reader, self._derived_reader = reader, derived_reader
        self._features, self._orders, self._assessments, self._hub = features, orders, assessments, hub
        self._running = RunningStage(derived_reader)
        self._clock, self._wall_us = clock, wall_us
        self._assess_every_us, self._poll_s = round(assess_every_s * US_PER_S), poll_s
        self._sensors = SensorWatch(sensor_events, road_delay_us(clock))
        self._settings = assess_settings(clock, false_alarms_per_year)
        self._rate = self._settings.detector.false_alarms_per_year
        self._lessons = Lessons(orders, plant)
        self._judges, self._shelves = judges_for(len(plant.assets), workers), shelves
        self._trained, self._advise = trained, advising
        self._watched: dict[str, _Watched] = {}
        self._numbers: dict[str, int] = {}
        self._completed: dict[tuple[str, int], int] = {}
        self._sequence, self._leaps, self._classes = 0, Leaps(), Classes()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scorer", daemon=True)
        self.stats = ScoringStats()

    def start(self) -> None:
        """Run passes until `stop()`."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the pass that is running."""
        self._stopping.set()
        self._thread.join(timeout_s)
        self._judges.close()

    def use(self, plant: Plant) -> None:
        """Go on with a changed plant from the next pass on. Callable from any thread."""
        self._next_plant = plant

    def run_once(self) -> int:
        """One pass. Answers how many assets were assessed."""
        started = time.perf_counter()
        self._change_plant()
        self._notice_news()
        due = [w for w in self._watched.values() if self._is_due(w)]
        ready = self._with_features(due)
        for start in range(0, len(ready), AT_ONCE):
            self._assess(ready[start : start + AT_ONCE])
        self.stats.passes += 1
        self.stats.last_pass_s = time.perf_counter() - started
        self.stats.slowest_s = max(self.stats.slowest_s, self.stats.last_pass_s)
        return len(due)

    def assessed_times(self, asset: str) -> list[int]:
        """Plant times at which an asset was assessed in this run."""
        watched = self._watched.get(asset)
        return list(watched.assessments) if watched else []

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_once()
            except Exception as error:  # one bad pass must not end scoring; the next one starts from the stores
                self.stats.failures += 1
                log.error("scoring_pass_failed", error=str(error), kind=type(error).__name__, exc_info=True)
            self._stopping.wait(self._poll_s)

    def _change_plant(self) -> None:
        """What is known of machines that changed is read again from the stores."""
        plant = self._next_plant
        if plant is self._plant:
            return
        self._plant, self._sequence = plant, 0
        self._lessons = Lessons(self._orders, plant)
        for id, watched in list(self._watched.items()):
            if plant.asset(id) != watched.asset:
                del self._watched[id]
                self._running.forget(id)
                self._leaps.forget(id)

    def _notice_news(self) -> None:
        changed = self._reader.last_values(self._sequence)
        if not changed:
            return
        assets = {c.name.partition("/")[0] for c in changed}
        if any(c.name not in self._numbers for c in changed):
            self._numbers = dict(self._reader.names())
        for id in assets:
            watched = self._watched.get(id) or self._watch(id)
            if watched is not None:
                watched.dirty = True
                self._hub.publish("values", id)
        self._sequence = max(c.sequence for c in changed)

    def _watch(self, id: str) -> _Watched | None:
        asset = self._plant.asset(id)
        if asset is None:
            return None
        history = AssetHistory(asset, self._numbers, self._reader)
        history.load_features(self._derived_reader)
        self._features.resume(history)
        self._watched[id] = _Watched(asset, history)
        return self._watched[id]

    def _is_due(self, watched: _Watched) -> bool:
        now_us = self._clock.plant_us(self._wall_us())
        if now_us - watched.assessed_at_us < self._assess_every_us:
            return False
        quiet = time.monotonic() - watched.looked_wall_s > QUIET_S
        return quiet or (watched.dirty and not watched.failed)

    def _with_features(self, due: list[_Watched]) -> list[_Watched]:
        """Features of everybody's new waveforms, stored in one durable batch before anything rests on them.

        Answers those whose features could be computed.
        """
        points: list[tuple[_Watched, list[FeaturePoint]]] = []
        for watched in due:
            watched.dirty, watched.failed, watched.looked_wall_s = False, False, time.monotonic()
            try:
                watched.history.refresh()
                points.append((watched, self._features.new_points(watched.history, self._numbers)))
            except Exception as error:
                self._note_failure(watched, error)
        self._features.store([p for _, batch in points for p in batch])
        self._store_hours([watched for watched, _ in points])
        for watched, batch in points:
            for point in batch:
                watched.history.add_features(point.at_us, point.features)
        return [watched for watched, _ in points]

    def _store_hours(self, several: list[_Watched]) -> None:
        """Operating hours of everybody's newly settled hours, in one durable batch."""
        tracks = [(w.asset, w.history.track(w.asset.running.signal)) for w in several if w.asset.running]
        rows = [self._running.new_rows(asset, track) for asset, track in tracks]
        self._features.derived.write([row for batch in rows for row in batch])
        for (asset, track), batch in zip(tracks, rows, strict=True):
            self._running.wrote(asset, track, batch)

    def _assess(self, several: list[_Watched]) -> None:
        """Judge several assets, keep all assessments in one transaction, then advise on each."""
        shelved = self._shelves.standing(self._clock.plant_us(self._wall_us())) if self._shelves else ()
        asks = [ask for watched in several if (ask := self._ask(watched, shelved))]
        kept: list[tuple[_Watched, Assessment, Json]] = []
        for ask, answer in self._judges.answers(asks, self._settings):
            watched = self._watched[ask.asset.id]
            if isinstance(answer, Failure):
                self._note(watched, answer)
                continue
            assessment = replace(answer, hours_per_day=self._running.hours_per_day(watched.asset, ask.now_us))
            if self._trained:
                assessment, rows = self._trained(ask.asset, ask.tracks, ask.since_us or 0, assessment)
                self._features.derived.write(rows)
            kept.append((watched, assessment, assessment_json(assessment)))
        if kept:
            self._assessments.save_all([written for _, _, written in kept])
        given = [(watched, one) for watched, said, _ in kept for one in self._advices(watched, said, shelved)]
        for watched, advice in sorted(given, key=lambda pair: urgency(pair[1])):  # a budget goes to the most urgent
            self._take(watched, advice)
        for watched, assessment, _ in kept:
            if not watched.failed:
                watched.assessed_at_us = assessment.at_us
                watched.assessments.append(assessment.at_us)
                self.stats.assessments += 1
                self._hub.publish("asset", watched.asset.id)

    def _advices(self, watched: _Watched, assessment: Assessment, shelved: Sequence[Shelved]) -> list[Advice]:
        """A machine that is shelved is judged and kept, and opens no order; its sensors do. The dates of an open order
        wait until a leap of the remaining life is confirmed."""
        leaps = self._leaps.unconfirmed(assessment)
        silent = any(one.silences(assessment.asset, None, assessment.at_us) for one in shelved)
        try:
            found = self._advise(assessment, with_hours(watched.asset, assessment.hours_per_day), self._plant)
            quiet = bool(found) and (silent or (leaps and self._has_order(assessment.asset)))
            return [one for one in found if one.kind is OrderKind.INSTRUMENT or not quiet]
        except Exception as error:
            self._note_failure(watched, error)
            return []

    def _take(self, watched: _Watched, advice: Advice) -> None:
        try:
            self._report(self._orders.advise(advice))
        except Exception as error:
            self._note_failure(watched, error)

    def _has_order(self, asset: str) -> bool:
        return any(
            order.kind is not OrderKind.INSTRUMENT
            for order in self._orders.orders(open_only=True, asset=asset, evidence=False)
        )

    def _note_failure(self, watched: _Watched, error: Exception) -> None:
        self._note(watched, Failure.of(error))

    def _note(self, watched: _Watched, failure: Failure) -> None:
        """One machine's trouble is told, counted and tried again after `QUIET_S`; the others go on."""
        watched.failed = True
        self.stats.failures += 1
        told = {"trace": failure.trace} if failure.trace else {}
        log.warning("assessment_failed", asset=watched.asset.id, error=failure.text, kind=failure.kind, **told)

    def _ask(self, watched: _Watched, shelved: Sequence[Shelved]) -> Ask | None:
        """What an assessment of now rests on; None where that could not be gathered."""
        try:
            now_us = self._clock.plant_us(self._wall_us())
            watched.history.forget_old(now_us)
            problems = tuple(self._sensors.look(watched.asset, watched.history.recent, now_us))
            since_us = self._repaired_at_us(watched.asset.id)
            asset = with_hours(watched.asset, self._running.hours_per_day(watched.asset, now_us))
            mine = tuple(one for one in shelved if one.asset == asset.id)
            learned = self._lessons.lately(now_us, self._wall_us())
            tracks = watched.history.tracks
            prior = self._classes.prior(asset, tracks, since_us, now_us, self._everybody)
            growth = watched.history.growth()
            case = Case(asset, tracks, since_us or 0, now_us, frozenset(p.signal for p in problems), self._rate)
            say = self._trained.say(case) if self._trained else NOTHING_SAID
            return Ask(asset, tracks, problems, now_us, since_us, mine, prior, learned, growth, say)
        except Exception as error:
            self._note_failure(watched, error)
            return None

    def _everybody(self) -> list[tuple[Asset, Tracks]]:
        return [(watched.asset, watched.history.tracks) for watched in self._watched.values()]

    def _repaired_at_us(self, asset: str) -> int | None:
        """When the last machine order of an asset was completed: its baseline starts again there."""
        done = (Status.COMP, Status.CLOSE)
        times = [
            self._completed_at_us(order)
            for order in self._orders.orders(asset=asset, evidence=False)
            if order.kind is not OrderKind.INSTRUMENT and order.status in done
        ]
        return max(times, default=None)

    def _completed_at_us(self, order: WorkOrder) -> int:
        """Closing an order, or noting its verification, days after the work does not move the repair."""
        key = (order.id, order.revision)
        if key not in self._completed:
            rows = self._orders.history(order.id)
            times = [at for row in rows if row["action"] == Status.COMP and isinstance(at := row["at_us"], int)]
            self._completed[key] = max(times, default=order.updated_at_us)
        return self._completed[key]

    def _report(self, outcome: OrderOutcome) -> None:
        if outcome.order is None or outcome.what not in ("opened", "updated"):
            return
        if outcome.what == "opened":
            self.stats.orders_opened += 1
            log.info("order_opened", number=outcome.order.number, title=outcome.order.title)
        self._hub.publish("order", outcome.order.id)
